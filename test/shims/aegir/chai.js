// The assertions that @libp2p/interface-compliance-tests/transport takes from aegir/chai, and no others.
import assert from 'node:assert/strict'

class Expectation {
  #value
  #isNegated

  constructor(value, isNegated = false) {
    this.#value = value
    this.#isNegated = isNegated
    for (const word of ['to', 'be', 'have', 'that', 'is', 'with']) {
      Object.defineProperty(this, word, { get: () => this })
    }
  }

  get not() {
    return new Expectation(this.#value, !this.#isNegated)
  }

  get eventually() {
    const value = this.#value
    return {
      be: {
        rejected: () => {
          const error = Promise.resolve(value).then(
            () => assert.fail('it was not rejected'),
            (reason) => reason,
          )
          return {
            with: { property: async (name, wanted) => assert.equal((await error)[name], wanted) },
          }
        },
      },
    }
  }

  equal(wanted) {
    this.#check(Object.is(this.#value, wanted), `equal ${wanted}`)
  }

  equalBytes(wanted) {
    this.#check(Buffer.compare(Buffer.from(this.#value), Buffer.from(wanted)) === 0, 'have the same bytes')
  }

  lengthOf(wanted) {
    this.#check(this.#value.length === wanted, `have length ${wanted}, not ${this.#value.length}`)
  }

  empty() {
    this.#check(this.#value.length === 0, 'be empty')
  }

  a(type) {
    this.#check(typeof this.#value === type, `be a ${type}`)
  }

  include(part) {
    this.#check(this.#value.includes(part), `include ${part}`)
  }

  property(name, ...wanted) {
    const found = this.#value?.[name]
    this.#check(wanted.length === 0 ? found !== undefined : Object.is(found, wanted[0]), `have ${name} ${wanted}`)
    return new Expectation(found)
  }

  #check(holds, what) {
    assert.equal(holds, !this.#isNegated, `expected ${this.#value} ${this.#isNegated ? 'not ' : ''}to ${what}`)
  }
}

export function expect(value) {
  return new Expectation(value)
}

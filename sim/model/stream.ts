import type { Draws } from '../churn/draws.ts'

const GOLDEN = 0x9e3779b9
const TWO_32 = 4_294_967_296

/** A well-mixed 32-bit hash of two integers (the finaliser of MurmurHash3): what is drawn once for a pair and never kept. */
export function mix(one: number, other: number): number {
  let hash = Math.imul(one ^ 0x85ebca6b, 0xcc9e2d51) ^ Math.imul(other + GOLDEN, 0x1b873593)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** 32-bit hash of a text (FNV-1a, mixed). */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return mix(hash, text.length)
}

/**
 * A stream of uniform draws: sfc32 (Chris Doty-Humphrey, PractRand), forked by label and index without keeping the parent,
 * so that a million nodes may each have one.
 */
export class Stream implements Draws {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, label: string, index = 0) {
    const high = Math.floor(seed / TWO_32)
    this.#a = mix(seed >>> 0, hashText(label))
    this.#b = mix(index, high)
    this.#c = mix(this.#a, this.#b)
    for (let round = 0; round < 12; round++) {
      this.bits()
    }
  }

  /** 32 random bits. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }

  /** In [0, 1), of 53 bits. */
  next(): number {
    return ((this.bits() >>> 5) * 67_108_864 + (this.bits() >>> 6)) / 9_007_199_254_740_992
  }

  /** An integer in [0, bound); bound at most 2^32, the bias below 2^-32 x bound. */
  uniform(bound: number): number {
    return Math.floor((this.bits() / TWO_32) * bound)
  }
}

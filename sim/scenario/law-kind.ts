import type { Kind } from './kind.ts'
import { needed } from './kind.ts'
import { LATENCY_PRESETS } from './latency-presets.ts'
import { nearest } from './nearest.ts'
import { number, quantity, word } from './scalar-kinds.ts'
import type { Law } from './scenario.ts'
import { either, mapped, section, tagged } from './section-kinds.ts'
import { DURATION } from './units.ts'

const ANY_DURATION = quantity(DURATION, { from: '0 ms', to: '400 d' })
const POSITIVE_DURATION = quantity(DURATION, { from: '1 ms', to: '400 d' })

/** Below 0.2 a Weibull law is all dust and eternity. */
const WEIBULL_SHAPE = number(0.2, 10, false)

/** A Pareto law with a shape of 1 or less has no mean, so no steady state to start in. */
const PARETO_SHAPE = number(1.05, 20, false)

function name<const Name extends Law['law']>(law: Name): { readonly law: ReturnType<typeof needed<Name>> } {
  return { law: needed(word([law], 'law'), `The ${law} law.`) }
}

const LAWS: Readonly<Record<Law['law'], Kind<Law>>> = {
  constant: mapped(
    section<{ law: 'constant'; value: number }>({
      ...name('constant'),
      value: needed(ANY_DURATION, 'Always this long.'),
    }),
    ({ value }) => ({ law: 'constant', ms: value }),
  ),
  exponential: mapped(
    section<{ law: 'exponential'; mean: number }>({
      ...name('exponential'),
      mean: needed(POSITIVE_DURATION, 'Its mean.'),
    }),
    ({ mean }) => ({ law: 'exponential', meanMs: mean }),
  ),
  weibull: mapped(
    section<{ law: 'weibull'; shape: number; scale: number }>({
      ...name('weibull'),
      shape: needed(WEIBULL_SHAPE, 'Below 1: who has been there long stays long.'),
      scale: needed(POSITIVE_DURATION, '63 % are shorter.'),
    }),
    ({ shape, scale }) => ({ law: 'weibull', shape, scaleMs: scale }),
  ),
  lognormal: mapped(
    section<{ law: 'lognormal'; median: number; sigma: number }>({
      ...name('lognormal'),
      median: needed(POSITIVE_DURATION, 'Half are shorter.'),
      sigma: needed(number(0, 5, false), 'Standard deviation of the logarithm.'),
    }),
    ({ median, sigma }) => ({ law: 'lognormal', medianMs: median, sigma }),
  ),
  pareto: mapped(
    section<{ law: 'pareto'; shape: number; minimum: number }>({
      ...name('pareto'),
      shape: needed(PARETO_SHAPE, 'The tail falls with this power.'),
      minimum: needed(POSITIVE_DURATION, 'None is shorter.'),
    }),
    ({ shape, minimum }) => ({ law: 'pareto', shape, minimumMs: minimum }),
  ),
}

const CONSTANT: Kind<Law> = mapped(ANY_DURATION, (ms) => ({ law: 'constant', ms }))

/** A law of durations: a section with the key `law`, or a bare duration for one that is always the same. */
export const LAW: Kind<Law> = either([{ when: (place) => place.isSection, kind: tagged('law', 'law', LAWS) }], CONSTANT)

/** A law of one-way delays: the name of a preset, or a law. */
export const LATENCY: Kind<Law> = either(
  [
    {
      when: (place) => typeof place.scalar === 'string' && /^[a-z]/i.test(place.scalar),
      kind: {
        schema: { enum: Object.keys(LATENCY_PRESETS) },
        read: (place) => {
          const presetName = String(place.scalar)
          const known = Object.keys(LATENCY_PRESETS)
          const found = known.includes(presetName) ? LATENCY_PRESETS[presetName] : undefined
          return found?.law ?? place.fail(`${place.written} is no known latency preset${nearest(presetName, known)}`)
        },
      },
    },
  ],
  LAW,
)

import type { Kind } from './kind.ts'
import { nearest } from './nearest.ts'
import { parseQuantity } from './parse-quantity.ts'
import type { Place } from './place.ts'
import { word } from './scalar-kinds.ts'
import { type Assertion, METRIC_NAMES, type MetricName } from './scenario.ts'
import { BANDWIDTH, DURATION, type Quantity, SHARE } from './units.ts'

const SHAPE = /^([a-z0-9_-]{1,40}) (<=|>=|=) (\S.{0,39})$/i
const PLAIN_NUMBER = /^(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,9})?$/

/** The name of a metric. */
export const METRIC: Kind<MetricName> = word(METRIC_NAMES, 'metric')

/** The unit in which a metric must be written; undefined: a plain number. */
function unitOf(metric: MetricName): Quantity | undefined {
  if (metric.endsWith('_ms')) {
    return DURATION
  }
  if (metric.endsWith('_share')) {
    return SHARE
  }
  return metric === 'bytes_per_node_per_s' ? BANDWIDTH : undefined
}

/** A value of a metric with the unit that the metric has. */
export function metricValue(written: string, metric: MetricName, place: Place): number {
  const unit = unitOf(metric)
  if (unit === undefined) {
    return PLAIN_NUMBER.test(written) ? Number(written) : place.fail(`${metric} is a plain number, not '${written}'`)
  }
  const value = parseQuantity(written, unit)
  if (typeof value !== 'number') {
    return place.fail(`'${written}': ${value.wrong}`)
  }
  return value < 0 ? place.fail(`'${written}' is negative`) : value
}

/** `delivered_share >= 99 %` */
export const ASSERTION: Kind<Assertion> = {
  schema: { type: 'string', pattern: `^(?:${METRIC_NAMES.join('|')}) (?:<=|>=|=) [0-9]\\S*(?: \\S+)?$` },
  read: (place) => {
    const text = String(place.scalar ?? '')
    const [, name = '', relation = '', written = ''] = SHAPE.exec(text) ?? []
    if (name === '') {
      return place.fail(
        `${place.written} is no assertion: write a metric, <=, >= or =, and a value: delivered_share >= 99 %`,
      )
    }
    const metric = METRIC_NAMES.find((known) => known === name)
    if (metric === undefined) {
      return place.fail(`'${name}' is no known metric${nearest(name, METRIC_NAMES)}`)
    }
    return { metric, relation: relation as Assertion['relation'], value: metricValue(written, metric, place), text }
  },
}

import type { JsonSchema } from './kind.ts'
import { SCENARIO_FILE } from './scenario-kind.ts'

/**
 * What editors check a scenario file against, from the same definition that reads it. What they cannot know is told when the
 * file is read: ranges of numbers with a unit, names of classes, sums, sizes.
 */
export function scenarioJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://kabber.invalid/scenario.schema.json',
    title: 'A scenario of kabber sim',
    ...SCENARIO_FILE.schema,
  }
}

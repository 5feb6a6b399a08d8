import type { Command } from 'commander'
import { type Setting, settingsOf } from '../../cli/config/settings.ts'
import { Output } from '../../cli/output.ts'
import { createProgram } from '../../cli/program.ts'

/** Where the schema that editors use is published. */
export const CONFIG_SCHEMA_FILE: string = new URL('../../cli/config/config.schema.json', import.meta.url).pathname

/** The program, whose commands are not run. */
export function programOf(): Command {
  return createProgram(new Output(false), () => {})
}

/** The JSON Schema of a configuration file, from the options of the commands that take one. */
export function configJsonSchema(): object {
  const program = programOf()
  const commands = ['start', 'relay'].map((name) => program.commands.find((command) => command.name() === name))
  const settings = commands.flatMap((command) => (command === undefined ? [] : settingsOf(command)))
  const all = new Map([...settings, ...settingsOf(program)].map((setting) => [setting.key, setting]))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://kabber.invalid/config.schema.json',
    title: 'Settings of kabber start and kabber relay',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries([...all.values()].map((setting) => [setting.key, schemaOf(setting)])),
  }
}

function schemaOf({ kind, choices, canBeOff, about }: Setting): object {
  const text = { type: 'string', minLength: 1 }
  if (kind === 'switch') {
    return { description: `false: ${about}`, type: 'boolean' }
  }
  if (choices !== undefined) {
    return { description: about, enum: choices }
  }
  const one = kind === 'list' ? [text, { type: 'array', items: text }] : [text, { type: 'number' }]
  return { description: about, anyOf: canBeOff ? [...one, { const: false }] : one }
}

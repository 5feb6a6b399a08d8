import type { Command, Option } from 'commander'
import { collect } from '../option-parsers.ts'

/** Names of variables that are not `KABBER_` and the key: the level had this name before there was a format. */
const OTHER_NAMES: Readonly<Record<string, string>> = { log: 'KABBER_LOG_FORMAT', 'log-level': 'KABBER_LOG' }

/** Options that are no settings: what is asked once, or where the file is. */
const NO_SETTINGS: ReadonlySet<string> = new Set(['config', 'json', 'version', 'help'])

/** What may be said on the command line, in the environment and in a configuration file, under one name. */
export interface Setting {
  /** The option without its dashes: the key in a file. */
  readonly key: string
  /** The variable of the environment. */
  readonly variable: string
  /** `list`: one text or several; `text`: one text or number; `switch`: true or false. */
  readonly kind: 'list' | 'text' | 'switch'
  /** `false` turns it off. */
  readonly canBeOff: boolean
  /** The only texts there are; undefined: any. */
  readonly choices: readonly string[] | undefined
  readonly about: string
  /** The name under which commander keeps it. */
  readonly attribute: string
  /** Reads its text. */
  readonly parse: (text: string) => unknown
}

/** The settings of a command: its options, `--x` and `--no-x` being one. */
export function settingsOf(command: Command): readonly Setting[] {
  const options = command.options.filter((option) => !NO_SETTINGS.has(keyOf(option)))
  const keys = [...new Set(options.map(keyOf))]
  return keys.map((key) =>
    toSetting(
      key,
      options.filter((option) => keyOf(option) === key),
    ),
  )
}

function toSetting(key: string, options: readonly Option[]): Setting {
  const valued = options.find((option) => option.required || option.optional)
  const [first] = options
  const { parseArg } = valued ?? {}
  return {
    key,
    variable: OTHER_NAMES[key] ?? `KABBER_${key.replaceAll('-', '_').toUpperCase()}`,
    kind: valued === undefined ? 'switch' : parseArg === collect ? 'list' : 'text',
    canBeOff: options.some((option) => option.negate),
    choices: valued?.argChoices,
    about: (valued ?? first)?.description ?? '',
    attribute: first?.attributeName() ?? key,
    parse: (text) => (parseArg === undefined ? text : parseArg(text, undefined)),
  }
}

function keyOf(option: Option): string {
  return option.name().replace(/^no-/, '')
}

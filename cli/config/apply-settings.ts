import type { Command } from 'commander'
import { badInput } from '../cli-error.ts'
import { type ConfigEntry, type ConfigScalar, readConfigFile } from './config-file.ts'
import { misspeltVariables } from './misspelt-variables.ts'
import { nearestKey } from './nearest-key.ts'
import { SETTING_CHECKS } from './setting-checks.ts'
import { type Setting, settingsOf } from './settings.ts'

/** What may be said, by whom. */
interface Known {
  readonly own: readonly Setting[]
  /** Settings of other commands: one file may serve several, but a command says what it does not have. */
  readonly others: readonly Setting[]
  /** The doctor reads the files of all. */
  readonly passesOver: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Gives a command what its configuration file and the environment say where the command line says nothing: options go
 * before the environment, that before the file, that before the defaults. Gives remarks on variables that seem misspelt.
 *
 * @throws CliError with one line that names the file, its line and the key, or the variable
 */
export function applySettings(
  command: Command,
  program: Command,
  environment: Environment = process.env,
): readonly string[] {
  const owned = [command, program].flatMap((owner) => settingsOf(owner).map((setting) => ({ setting, owner })))
  const others = program.commands.filter((one) => one !== command && takesSettings(one)).flatMap(settingsOf)
  const known = { own: owned.map(({ setting }) => setting), others, passesOver: command.name() === 'doctor' }
  const path = command.opts<{ config?: string }>().config ?? given(environment.KABBER_CONFIG)
  const entries = path === undefined ? [] : readConfigFile(path)
  const inFile = new Map(entries.map((entry) => [entry.key, entry]))
  for (const entry of entries) {
    checkKey(entry, known, command.name())
  }
  for (const { setting, owner } of owned) {
    const source = owner.getOptionValueSource(setting.attribute)
    const entry = inFile.get(setting.key)
    const fromFile = entry && readValue(setting, entry.value, `${entry.place}: ${setting.key}`)
    const text = given(environment[setting.variable])
    const fromEnvironment =
      text === undefined ? undefined : readValue(setting, unquoted(setting, text), setting.variable)
    const value = fromEnvironment ?? fromFile
    if (value !== undefined && (source === undefined || source === 'default')) {
      owner.setOptionValueWithSource(setting.attribute, value.value, fromEnvironment === undefined ? 'config' : 'env')
    }
  }
  const variables = [...known.own, ...others].map(({ variable }) => variable)
  return misspeltVariables(Object.keys(environment), new Set([...variables, 'KABBER_CONFIG']))
}

function takesSettings(command: Command): boolean {
  return command.options.some(({ long }) => long === '--config')
}

/** An empty variable is none: what a compose file gives for one that is not set. */
function given(text: string | undefined): string | undefined {
  return text?.trim() === '' ? undefined : text
}

function checkKey({ key, place }: ConfigEntry, { own, others, passesOver }: Known, name: string): void {
  const known = own.map((setting) => setting.key)
  if (known.includes(key)) {
    return
  }
  if (others.some((setting) => setting.key === key)) {
    if (passesOver) {
      return
    }
    throw badInput(`${place}: '${key}' is no setting of 'kabber ${name}', only of other commands`)
  }
  throw badInput(`${place}: unknown key '${key}'${nearestKey(key, known)}`)
}

/** In the environment everything is text. */
function unquoted(setting: Setting, text: string): ConfigScalar {
  const isTruth = text === 'true' || text === 'false'
  return isTruth && (setting.kind === 'switch' || setting.canBeOff) ? text === 'true' : text
}

/** The value as commander would have made it of the command line. */
function readValue(setting: Setting, value: ConfigEntry['value'], where: string): { readonly value: unknown } {
  if (setting.kind === 'switch') {
    if (typeof value !== 'boolean') {
      throw badInput(`${where} is true or false`)
    }
    return { value }
  }
  if (value === false && setting.canBeOff) {
    return { value: false }
  }
  const texts = (Array.isArray(value) ? value : [value]).filter(
    (one) => typeof one === 'string' || typeof one === 'number',
  )
  if (texts.length !== (Array.isArray(value) ? value.length : 1) || (Array.isArray(value) && setting.kind !== 'list')) {
    throw badInput(`${where} ${setting.kind === 'list' ? 'is a text or a list of texts' : 'is one text or number'}`)
  }
  return { value: readText(setting, texts.map(String).join(' '), where) }
}

function readText(setting: Setting, text: string, where: string): unknown {
  try {
    const parsed = setting.parse(text)
    SETTING_CHECKS[setting.key]?.(parsed)
    return parsed
  } catch (error) {
    throw badInput(`${where}: ${(error as Error).message}`)
  }
}

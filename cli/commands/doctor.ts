import type { CommandContext } from '../context.ts'
import { diagnose } from '../doctor/diagnose.ts'
import type { Finding } from '../doctor/finding.ts'
import { observe } from '../doctor/observe.ts'
import { REACHED_WORDS, reachedBy } from '../doctor/reach-findings.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { findHome } from '../find-home.ts'
import { type GivenNetworkOptions, readNetworkOptions } from '../node/network-options.ts'

/** `kabber doctor`: whether others can reach this node, how, why not, and what to do. Exit code 1 if something is wrong. */
export async function doctor(
  context: CommandContext,
  _args: readonly string[],
  options: GivenNetworkOptions,
): Promise<void> {
  const { listen, bootstrap } = readNetworkOptions(options)
  const observations = await observe(findHome(context), {
    listen,
    bootstrap: options.bootstrap === undefined ? undefined : bootstrap,
  })
  const [reached, findings] = [reachedBy(observations), diagnose(observations)]
  const words = observations.node === 'not-running' ? `If it ran: ${REACHED_WORDS[reached]}` : REACHED_WORDS[reached]
  context.output.result(
    { reachable: reached, text: words, findings, observations },
    [words, ...findings.map(describe)].join('\n\n'),
  )
  context.exitWith(findings.some(({ severity }) => severity === 'error') ? EXIT_CODES.failed : EXIT_CODES.ok)
}

function describe({ id, severity, text, advice }: Finding): string {
  return `${severity === 'info' ? '' : `${severity}: `}${id}\n  ${text}\n  ${advice}`
}

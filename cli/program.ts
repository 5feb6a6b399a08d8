import { Command, Option } from 'commander'
import type { Action, Runner } from './context.ts'
import { parseDuration } from './duration.ts'
import type { ExitCode } from './exit-codes.ts'
import { addOperatingCommands } from './operating-commands.ts'
import { asArgument, collect, parseCount } from './option-parsers.ts'
import type { Output } from './output.ts'
import { programVersion } from './version.ts'

const ADDRESS_HELP = 'contact URI, address (00…@id.internal) or name of a contact'

const EPILOGUE = `
ADDRESS is a ${ADDRESS_HELP}.
Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 no running node, 4 timed out. More: docs/cli.md
`

/** The command line of `kabber`: every command with its arguments and options, nothing else. */
export function createProgram(output: Output, exitWith: (code: ExitCode) => void): Command {
  const program = new Command('kabber')
    .description('Chat over XMPP without a server: your own node, found through a DHT.')
    .version(programVersion(), '--version')
    .option('--home <dir>', 'folder with keys and messages (default: $KABBER_HOME, else the XDG data folder)')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', EPILOGUE)
    .exitOverride()
    .configureOutput({ outputError: () => {}, writeErr: (text) => output.json || output.note(text.trimEnd()) })
    .showSuggestionAfterError(true)

  /** Hands commander's arguments and options to a command that is loaded now. */
  const run =
    (load: () => Promise<Action>) =>
    async (...given: unknown[]): Promise<void> => {
      // Commander ends the list with the options and the command.
      const command = given.at(-1) as Command
      if (command.options.some((option) => option.long === '--config')) {
        const { applySettings } = await import('./config/apply-settings.ts')
        await tellRemarks(applySettings(command, program), output, command.opts<{ log?: 'text' | 'json' }>().log)
      }
      const options = command.opts()
      const { home } = program.opts<{ home?: string }>()
      const args = given.slice(0, -2).filter((value) => typeof value === 'string')
      const action = await load()
      await action({ output, home, exitWith }, args, options as never)
    }

  addOperatingCommands(program, run)
  addNodeCommands(program, run)
  addClientCommands(program, run)
  addContactCommands(program, run)
  addMessageCommands(program, run)
  program
    .command('sim')
    .description('simulate a network of nodes: kabber sim --help')
    .argument('[args...]', 'what to simulate')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: readonly string[]) => {
      const { sim } = await import('./commands/sim.ts')
      await sim({ output, home: undefined, exitWith }, args)
    })
  return program
}

/** As log lines where logs are JSON. */
async function tellRemarks(
  remarks: readonly string[],
  output: Output,
  logFormat: 'text' | 'json' = 'text',
): Promise<void> {
  if (remarks.length > 0) {
    const { logNote } = await import('./node/log-note.ts')
    for (const remark of remarks) {
      logNote(output, { log: { logFormat } })(remark)
    }
  }
}

function addNodeCommands(program: Command, run: Runner): void {
  program
    .command('init')
    .description('make a home: keys, address and recovery phrase')
    .option('--name <nick>', 'nickname that others see')
    .option('--recover', 'restore an account from its recovery phrase (asked for, or read from stdin)')
    .action(run(async () => (await import('./commands/init.ts')).init))
  program
    .command('status')
    .description('how the running node is doing')
    .action(run(async () => (await import('./commands/status.ts')).status))
  program
    .command('whoami')
    .description('your address, contact URI and its QR code, to hand to others')
    .action(run(async () => (await import('./commands/whoami.ts')).whoami))
  program
    .command('demo')
    .description('a network on this machine in which Alice and Bob talk, also while one of them is away')
    .option('--stay', 'keep it running and say how to join in')
    .action(run(async () => (await import('./commands/demo.ts')).demo))
  program
    .command('demo-network', { hidden: true })
    .option('--nodes <n>', 'how many', asArgument(parseCount), 5)
    .option('--bootstrap <multiaddr>', 'node to join the network through; repeatable', collect)
    .action(run(async () => (await import('./commands/demo-network.ts')).demoNetwork))
}

function addClientCommands(program: Command, run: Runner): void {
  const client = program.command('client').description('the XMPP apps that may log in to your node')
  client
    .command('add')
    .description('a password for an app, and how the app finds your node')
    .argument('<name>', 'what you call the app, such as phone')
    .action(run(async () => (await import('./commands/client.ts')).clientAdd))
  client
    .command('list')
    .description('the apps that may log in')
    .action(run(async () => (await import('./commands/client.ts')).clientList))
  client
    .command('revoke')
    .description('log an app out for good')
    .argument('<name>', 'what you call the app')
    .action(run(async () => (await import('./commands/client.ts')).clientRevoke))
  program
    .command('web')
    .description('a link that opens the web chat in a browser, once')
    .option('--open', 'open it')
    .action(run(async () => (await import('./commands/web.ts')).web))
}

function addContactCommands(program: Command, run: Runner): void {
  const contact = program.command('contact').description('the people you talk to')
  contact
    .command('add')
    .description('add somebody and ask to see when they are there')
    .argument('<address>', 'their contact URI or address')
    .option('--name <name>', 'what you call them')
    .action(run(async () => (await import('./commands/contact.ts')).contactAdd))
  contact
    .command('list')
    .description('your contacts and the requests that wait for you')
    .action(run(async () => (await import('./commands/contact.ts')).contactList))
  contact
    .command('accept')
    .description('let somebody who asked see when you are there, and ask them in turn')
    .argument('<address>', ADDRESS_HELP)
    .action(run(async () => (await import('./commands/contact.ts')).contactAccept))
  contact
    .command('remove')
    .description('remove a contact; neither sees the other any more')
    .argument('<address>', ADDRESS_HELP)
    .action(run(async () => (await import('./commands/contact.ts')).contactRemove))
}

function addMessageCommands(program: Command, run: Runner): void {
  program
    .command('send')
    .description('send a message; done when it is on disk here')
    .argument('<address>', ADDRESS_HELP)
    .argument('<text>', "the message; '-' reads it from stdin; put -- before one that begins with a dash")
    .addOption(
      new Option('--wait <state>', 'wait until others keep it for them, or their node has it').choices([
        'stored',
        'delivered',
      ]),
    )
    .option('--timeout <duration>', 'how long to wait, such as 500ms, 30s or 2m', asArgument(parseDuration), 30_000)
    .action(run(async () => (await import('./commands/send.ts')).send))
  program
    .command('history')
    .description('the conversation so far, oldest first')
    .argument('<address>', ADDRESS_HELP)
    .option('--limit <n>', 'only the newest n messages', asArgument(parseCount))
    .action(run(async () => (await import('./commands/history.ts')).history))
  program
    .command('chat')
    .description('a conversation in the terminal, or over pipes: each line is a message')
    .argument('<address>', ADDRESS_HELP)
    .action(run(async () => (await import('./commands/chat.ts')).chat))
}

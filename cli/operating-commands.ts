import { type Command, Option } from 'commander'
import { parseByteSize } from './byte-size.ts'
import type { Runner } from './context.ts'
import { asArgument, collect, parseCount } from './option-parsers.ts'

/** The commands that run a node and look after it: `start`, `relay` and `doctor`. */
export function addOperatingCommands(program: Command, run: Runner): void {
  addStart(program, run)
  addRelay(program, run)
  networkOptions(program.command('doctor'))
    .description('whether others can reach you, how, why not, and what to do')
    .action(run(async () => (await import('./commands/doctor.ts')).doctor))
}

function addStart(program: Command, run: Runner): void {
  const start = networkOptions(program.command('start'))
    .description('run the node in the foreground until Ctrl-C')
    .option('--no-mdns', 'do not look for nodes on the local network')
    .option(
      '--storage <size>',
      'disk given to letters for others, such as 2GiB; 0: none (default: 512MiB)',
      asArgument(parseByteSize),
    )
    .option('--xmpp <host:port>', 'where XMPP clients connect (default: 127.0.0.1:5222)')
    .option('--xmpps <host:port>', 'the same with TLS from the first byte (default: 127.0.0.1:5223)')
    .option('--web <host:port>', 'web chat and WebSocket (default: 127.0.0.1:5280)')
    .option('--no-xmpp', 'no XMPP clients over TCP')
    .option('--no-web', 'no web chat, WebSocket and files')
    .option('--cert <file>', 'certificate for clients, PEM with its chain (default: self-signed, of the home)')
    .option('--key <file>', 'its private key, PEM')
    .option('--accounts <file>', 'for tests: several accounts on this node; a name and a password a line')
    .option('--metrics <host:port>', 'serve /metrics and /healthz there (default: nowhere)')
  loggingOptions(start).action(run(async () => (await import('./commands/start.ts')).start))
}

function addRelay(program: Command, run: Runner): void {
  const relay = networkOptions(program.command('relay'))
    .description('run a node for others on a machine with a public address: no account, no chat')
    .option(
      '--storage <size>',
      'disk given to letters for others, such as 20GiB; 0: none (default: 512MiB)',
      asArgument(parseByteSize),
    )
    .option('--reservations <n>', 'nodes behind NATs that it relays for at most', asArgument(parseCount), 512)
    .option('--metrics <host:port>', 'serve /metrics and /healthz there (default: 127.0.0.1:9600)')
    .option('--no-metrics', 'serve them nowhere')
  loggingOptions(relay).action(run(async () => (await import('./commands/relay.ts')).relay))
}

function networkOptions(command: Command): Command {
  return command
    .option('--config <file>', 'settings in YAML, named as the options; these go before it')
    .option('--listen <multiaddr>', 'address to listen on, such as /ip4/0.0.0.0/tcp/4001; repeatable', collect)
    .option(
      '--announce <multiaddr>',
      'public address that leads here, such as /ip4/192.0.2.7/tcp/4001; repeatable',
      collect,
    )
    .option('--bootstrap <multiaddr>', 'node to join the network through, with /p2p/…; repeatable', collect)
}

function loggingOptions(command: Command): Command {
  return command
    .addOption(new Option('--log <format>', 'log lines as text or JSON (default: text)').choices(['text', 'json']))
    .addOption(
      new Option('--log-level <level>', 'log from this level on (default: warn)').choices([
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
}

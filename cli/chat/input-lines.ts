import { createInterface, type Interface } from 'node:readline'
import { badInput } from '../cli-error.ts'
import { LineSplitter, LineTooLongError } from '../line-splitter.ts'
import { MAX_TEXT_BYTES } from '../message-text.ts'

/** Where the lines of a conversation come from, and how to print without tearing the line being typed. */
export interface InputLines {
  /** The lines, until end of file. A line that is no text or too long ends them with a `CliError`. */
  readonly lines: AsyncIterable<string>
  /** A person is typing: what they type is on the screen already. */
  readonly interactive: boolean
  /** Prints through `print`, with the prompt put back behind it. */
  around(print: () => void): void
  close(): void
}

/** Lines from a terminal, with a prompt, or from a pipe. */
export function openInputLines(): InputLines {
  return process.stdin.isTTY && process.stdout.isTTY ? terminalLines() : pipedLines()
}

function terminalLines(): InputLines {
  const terminal: Interface = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' })
  terminal.prompt()
  return {
    lines: promptAfterEach(terminal),
    interactive: true,
    around: (print) => {
      process.stdout.write('\r\u001b[K')
      print()
      terminal.prompt(true)
    },
    close: () => terminal.close(),
  }
}

async function* promptAfterEach(terminal: Interface): AsyncGenerator<string, void, undefined> {
  for await (const line of terminal) {
    yield line
    terminal.prompt()
  }
}

function pipedLines(): InputLines {
  return {
    lines: splitStdin(),
    interactive: false,
    around: (print) => print(),
    close: () => process.stdin.destroy(),
  }
}

async function* splitStdin(): AsyncGenerator<string, void, undefined> {
  const splitter = new LineSplitter(MAX_TEXT_BYTES)
  try {
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
      for (const line of splitter.push(chunk)) {
        yield line.replace(/\r$/, '')
      }
    }
    const rest = splitter.end()
    if (rest !== undefined) {
      yield rest
    }
  } catch (error) {
    throw error instanceof LineTooLongError || error instanceof TypeError
      ? badInput(error instanceof LineTooLongError ? error.message : 'what is on stdin is not UTF-8')
      : error
  }
}

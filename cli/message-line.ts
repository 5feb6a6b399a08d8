import type { MessageView } from './client/messages.ts'
import { manyLines, oneLine } from './terminal-text.ts'

/** What continues a message of several lines. */
const CONTINUATION = '        '

/** Marks of one's own messages; a received one needs none. */
const MARKS: Readonly<Record<MessageView['state'], string>> = {
  queued: ' …',
  stored: ' ▪',
  delivered: ' ✓',
  failed: ' ✗ not delivered',
  received: '',
}

/** A message for a person: time, who, text, and for one's own whether it arrived. */
export function messageLine(message: MessageView, peerName: string | undefined): string {
  const who = message.direction === 'out' ? 'me' : speaker(peerName, message.from)
  return `${localTime(message.stamp)} <${who}> ${manyLines(message.body, CONTINUATION)}${MARKS[message.state]}`
}

/** How a contact is called: by name, else by the beginning of the address. */
export function speaker(name: string | undefined, address: string): string {
  return name === undefined ? `${address.slice(0, 10)}…` : oneLine(name)
}

/** `2026-11-22 16:20`, in the time zone of the reader. */
function localTime(stamp: string): string {
  const date = new Date(stamp)
  const pad = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}`
}

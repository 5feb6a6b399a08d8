import { formatByteSize } from '../byte-size.ts'
import type { Finding } from './finding.ts'
import type { Observations } from './observations.ts'

/** With less than this a node cannot work, bytes: a few messages and the database's own journal. */
const NEEDED_BYTES = 16_777_216

/** With less than this it will be full soon, bytes. */
const SCARCE_BYTES = 134_217_728

/** What the machine itself has to say: home, disk, ports, and whether the node runs. */
export function machineFindings(seen: Observations): readonly Finding[] {
  return [...homeFindings(seen.home), ...storeFindings(seen.home), ...portFindings(seen), ...nodeFindings(seen)]
}

function homeFindings({ path, state, freeBytes }: Observations['home']): readonly Finding[] {
  if (state === 'no-folder') {
    return [
      {
        id: 'home-read-only',
        severity: 'error',
        text: `The home ${path} is no folder: a part of its path is a file.`,
        advice: 'Choose another folder with --home.',
      },
    ]
  }
  if (state === 'read-only' || state === 'unwritable') {
    const why = state === 'read-only' ? 'its file system is read-only' : 'this user may not'
    return [
      {
        id: 'home-read-only',
        severity: 'error',
        text: `Nothing can be written in the home ${path}: ${why}. A node can take no message there.`,
        advice: `Mount it for writing, or make the folder belong to the user of the node: chown -R USER ${path}`,
      },
    ]
  }
  const left = freeBytes === undefined ? '' : ` (${formatByteSize(freeBytes)} left)`
  if (state === 'full' || (freeBytes !== undefined && state !== 'missing' && freeBytes < NEEDED_BYTES)) {
    return [
      {
        id: 'disk-full',
        severity: 'error',
        text: `The disk of the home ${path} is full${left}. Messages can neither be taken nor sent.`,
        advice: 'Free some space there, or give less to others with a smaller --storage.',
      },
    ]
  }
  return freeBytes !== undefined && freeBytes < SCARCE_BYTES
    ? [
        {
          id: 'disk-full',
          severity: 'warning',
          text: `The disk of the home ${path} is nearly full${left}.`,
          advice: 'Free some space there, or give less to others with a smaller --storage.',
        },
      ]
    : []
}

function storeFindings({ path, isDamaged }: Observations['home']): readonly Finding[] {
  if (!isDamaged) {
    return []
  }
  return [
    {
      id: 'store-damaged',
      severity: 'error',
      text: `The store kabber.sqlite in the home ${path} is damaged, or is not one of this program; no node starts there.`,
      advice: 'Move it and kabber.sqlite-wal aside together, and put both from a backup in their place.',
    },
  ]
}

function portFindings({ takenPorts }: Observations): readonly Finding[] {
  return takenPorts.map(({ address, isAsked }) => ({
    id: 'port-in-use',
    severity: isAsked ? 'error' : 'warning',
    text: isAsked
      ? `Another program listens on ${address}: the node cannot start there.`
      : `Another program listens on ${address}, the usual port of this home; the node takes any other, which routers and contacts do not know.`,
    advice: 'End that program (ss -ltnp shows it), or choose another port with --listen.',
  }))
}

function nodeFindings({ node, home, isRelay }: Observations): readonly Finding[] {
  if (node === 'running') {
    return []
  }
  if (node === 'no-answer') {
    return [
      {
        id: 'not-running',
        severity: 'error',
        text: `A node runs in ${home.path}, but it does not answer.`,
        advice: 'Look at its log; restart it.',
      },
    ]
  }
  const make = home.isUsed || isRelay ? '' : `kabber --home ${home.path} init, then: `
  return [
    {
      id: 'not-running',
      severity: 'warning',
      text: 'No node runs in this home now, so nobody reaches it; what follows was tried out with a node of the moment.',
      advice: `Start it: ${make}kabber --home ${home.path} ${isRelay ? 'relay' : 'start'}`,
    },
  ]
}

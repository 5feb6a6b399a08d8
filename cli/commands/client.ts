import type { ClientApp, PasswordBook } from '../client-apps/client-app.ts'
import { clientInstructions } from '../client-apps/client-instructions.ts'
import { openPasswordBook } from '../client-apps/password-book.ts'
import type { CommandContext } from '../context.ts'
import { findHome, type Home } from '../find-home.ts'
import { readEndpoints } from '../node/endpoints-file.ts'
import { certificatePath, homeCertificate } from '../node/home-certificate.ts'
import { oneLine } from '../terminal-text.ts'

/** `kabber client add NAME` */
export async function clientAdd(context: CommandContext, [name = '']: readonly string[]): Promise<void> {
  await withBook(context, async (book, home) => {
    const password = await book.add(name)
    const { certificate, ...endpoints } = readEndpoints(home)
    const { path, fingerprint } = certificate ?? { path: certificatePath(home), ...(await homeCertificate(home)) }
    const access = {
      name,
      jid: book.address,
      ...(book.alias === undefined ? {} : { alias: book.alias }),
      password,
      ...endpoints,
      fingerprint,
      uri: `xmpp:${book.address}?login;password=${encodeURIComponent(password)}`,
    }
    context.output.result(access, clientInstructions(access, path))
  })
}

/** `kabber client list` */
export async function clientList(context: CommandContext): Promise<void> {
  await withBook(context, async (book) => {
    const apps = await book.list()
    for (const app of apps) {
      context.output.result(appView(app), describe(app))
    }
    if (apps.length === 0) {
      context.output.text('No clients yet. Add one with: kabber client add NAME')
    }
  })
}

/** `kabber client revoke NAME` */
export async function clientRevoke(context: CommandContext, [name = '']: readonly string[]): Promise<void> {
  await withBook(context, async (book) => {
    await book.revoke(name)
    context.output.result({ name }, `Revoked: ${oneLine(name)} is logged out and cannot log in again.`)
  })
}

async function withBook(
  context: CommandContext,
  task: (book: PasswordBook, home: Home) => Promise<void>,
): Promise<void> {
  const home = findHome(context)
  const book = await openPasswordBook(home)
  try {
    await task(book, home)
  } finally {
    await book.close()
  }
}

function appView({ name, createdMs, usedMs, expiresMs }: ClientApp): object {
  return {
    name,
    created: stamp(createdMs),
    ...(usedMs === undefined ? {} : { used: stamp(usedMs) }),
    ...(expiresMs === undefined ? {} : { expires: stamp(expiresMs) }),
  }
}

function describe({ name, createdMs, usedMs, expiresMs }: ClientApp): string {
  const used = usedMs === undefined ? 'never used' : `last login ${day(usedMs)}`
  const expires = expiresMs === undefined ? '' : `, until ${day(expiresMs)}`
  return `${oneLine(name)}  added ${day(createdMs)}, ${used}${expires}`
}

function stamp(wallMs: number): string {
  return new Date(wallMs).toISOString()
}

function day(wallMs: number): string {
  return stamp(wallMs).slice(0, 10)
}

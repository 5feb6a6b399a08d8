import { webLink } from '../client/web-link.ts'
import { withNode } from '../client/with-node.ts'
import type { CommandContext } from '../context.ts'
import { openInBrowser } from '../open-in-browser.ts'

/** `kabber web [--open]` */
export async function web(
  context: CommandContext,
  _args: readonly string[],
  options: { open?: boolean },
): Promise<void> {
  await withNode(context, async (client) => {
    const { url, expiresMs } = await webLink(client)
    context.output.result({ url, expires: new Date(expiresMs).toISOString() }, url)
    context.output.json || context.output.note('Good for one browser, within 5 minutes.')
    if (options.open === true && !(await openInBrowser(url))) {
      context.output.note('kabber: no browser could be started; open the link yourself')
    }
  })
}

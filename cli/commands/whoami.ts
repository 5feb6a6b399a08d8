import { whoAmI } from '../client/node-status.ts'
import { withNode } from '../client/with-node.ts'
import type { CommandContext } from '../context.ts'
import { qrCode } from '../qr-code.ts'

/** `kabber whoami` */
export async function whoami(context: CommandContext): Promise<void> {
  await withNode(context, async (client) => {
    const { address, uri, peerId } = await whoAmI(client)
    context.output.result({ address, uri, peerId }, `address      ${address}\ncontact URI  ${uri}\n\n${qrCode(uri)}`)
  })
}

import { whoAmI } from '../client/node-status.ts'
import { withNode } from '../client/with-node.ts'
import type { CommandContext } from '../context.ts'
import { qrCode } from '../qr-code.ts'

/** `kabber whoami` */
export async function whoami(context: CommandContext): Promise<void> {
  await withNode(context, async (client) => {
    const self = await whoAmI(client)
    const text = `address      ${self.address}\ncontact URI  ${self.uri}\n\n${qrCode(self.uri)}`
    context.output.result(self, text)
  })
}

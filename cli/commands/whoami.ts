import type { CommandContext } from '../context.ts'
import { withNode } from '../control/with-node.ts'
import { qrCode } from '../qr-code.ts'

/** `kabber whoami` */
export async function whoami(context: CommandContext): Promise<void> {
  await withNode(context, async (client) => {
    const self = await client.request<{ address: string; uri: string; peerId: string }>('whoami')
    const text = `address      ${self.address}\ncontact URI  ${self.uri}\n\n${qrCode(self.uri)}`
    context.output.result({ address: self.address, uri: self.uri, peerId: self.peerId }, text)
  })
}

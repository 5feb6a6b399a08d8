// A libp2p node that speaks none of Kabber's protocols, as one of another version would be. Argument: the address to listen
// on; prints its own address with the PeerId. Ends when it is killed.
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const [listen = ''] = process.argv.slice(2)
const node = await createLibp2p({
  addresses: { listen: [listen] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: { identify: identify() },
})
console.log(`${listen}/p2p/${node.peerId}`)

// What a web page does with strophe.js; the driver (strophe.ts) calls the functions of `client`.
const { Strophe, $iq, $msg, $pres } = globalThis

const lines = []
const live = []
const here = new Set()
let archived = []
let connection
let lastId = 0

const ask = (iq) =>
  new Promise((resolve, reject) =>
    connection.sendIQ(iq, resolve, (error) => reject(new Error(`iq error ${error?.outerHTML ?? 'timeout'}`))),
  )

const textMessage = (to, body) => {
  lastId += 1
  return $msg({ to, type: 'chat', id: `m${lastId}` })
    .c('body')
    .t(body)
    .up()
}

const takeMessage = (message) => {
  const [body] = message.getElementsByTagName('body')
  if (body !== undefined) {
    const kept = message.getElementsByTagName('result').length > 0 ? archived : live
    kept.push(body.textContent)
  }
  return true
}

const takePresence = (presence) => {
  if (!presence.hasAttribute('type')) {
    here.add(presence.getAttribute('from').split('/')[0])
  }
  return true
}

const connect = (jid, password) =>
  new Promise((resolve, reject) => {
    connection.connect(`${jid}/strophe`, password, (status) => {
      if (status === Strophe.Status.CONNECTED) {
        resolve()
      } else if (status === Strophe.Status.AUTHFAIL || status === Strophe.Status.CONNFAIL) {
        reject(new Error(`status ${status}`))
      }
    })
  })

globalThis.client = {
  async start({ url, jid, password, peerJid }) {
    connection = new Strophe.Connection(url)
    connection.rawInput = (xml) => lines.push(`IN  ${xml}`)
    connection.rawOutput = (xml) => lines.push(`OUT ${xml}`)
    await connect(jid, password)
    connection.addHandler(takeMessage, null, 'message')
    connection.addHandler(takePresence, null, 'presence')
    await ask($iq({ type: 'get' }).c('query', { xmlns: 'jabber:iq:roster' }))
    await ask($iq({ type: 'set' }).c('enable', { xmlns: 'urn:xmpp:carbons:2' }))
    connection.send($pres())
    archived = []
    const query = $iq({ type: 'set' }).c('query', { xmlns: 'urn:xmpp:mam:2' })
    const form = query.c('x', { xmlns: 'jabber:x:data', type: 'submit' })
    form.c('field', { var: 'FORM_TYPE', type: 'hidden' }).c('value').t('urn:xmpp:mam:2').up().up()
    form.c('field', { var: 'with' }).c('value').t(peerJid)
    await ask(form)
  },
  async stop() {
    const gone = new Promise((resolve) => {
      connection.connect_callback = (status) => status === Strophe.Status.DISCONNECTED && resolve()
    })
    connection.disconnect('over')
    await gone
  },
  send: (to, body) => connection.send(textMessage(to, body)),
  count(body) {
    const shown = live.filter((text) => text === body).length
    return shown > 0 ? shown : archived.filter((text) => text === body).length
  },
  async addContact(jid) {
    await ask($iq({ type: 'set' }).c('query', { xmlns: 'jabber:iq:roster' }).c('item', { jid }))
    connection.send($pres({ to: jid, type: 'subscribe' }))
  },
  approve: (jid) => connection.send($pres({ to: jid, type: 'subscribed' })),
  seesOnline: (jid) => here.has(jid),
  correct(to, body) {
    const id = `m${lastId}`
    connection.send(textMessage(to, body).c('replace', { xmlns: 'urn:xmpp:message-correct:0', id }))
  },
  lines: () => lines.join('\n'),
}

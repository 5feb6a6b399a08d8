// The web chat: hands in the one-time token of the link for a password, and starts Converse.js with it.

const STORED_LOGIN = 'kabber-login'

const UNUSED_PLUGINS = [
  // Nodes encrypt between each other; OMEMO in the browser would need libomemo, which is GPL-3.0 and not part of Kabber.
  ...['converse-omemo', 'converse-omemo-views'],
  // There are no rooms here (others need the plugin that knows them), no accounts to register; connections are WebSockets.
  ...['converse-muc-views', 'converse-roomslist', 'converse-bookmark-views'],
  ...['converse-register', 'converse-bosh'],
]

/** The token of a link `…/#token=…`, taken out of the address bar and the history before anything else happens. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token !== null) {
    history.replaceState(null, '', location.pathname)
  }
  return token
}

/** @returns {Promise<{jid: string, password: string, websocketUrl: string}>} */
async function logIn(token) {
  const response = await fetch('login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  const answer = await response.json()
  if (!response.ok) {
    throw new Error(answer.error)
  }
  // A resource for as long as the tab is open: after a reload Converse.js resumes the session of before, and it must
  // go on under the same name.
  return { ...answer, jid: `${answer.jid}/web-${crypto.getRandomValues(new Uint32Array(1))[0]}` }
}

/** Of this tab, so that a reload finds it and closing the tab forgets it. */
function storedLogin() {
  const stored = sessionStorage.getItem(STORED_LOGIN)
  return stored === null ? undefined : JSON.parse(stored)
}

function showDoor(reason) {
  document.getElementById('reason').textContent = reason
  document.getElementById('door').hidden = false
}

async function startChat({ jid, password, websocketUrl }) {
  // What Converse.js shows below its login form: pictures from its makers' server.
  customElements.define('converse-footer', class extends HTMLElement {})
  const { default: converse } = await import('./converse/converse.min.js')
  const forget = () => sessionStorage.removeItem(STORED_LOGIN)
  converse.plugins.add('kabber', {
    initialize() {
      this._converse.api.listen.on('logout', forget)
    },
  })
  await converse.initialize({
    whitelisted_plugins: ['kabber'],
    blacklisted_plugins: UNUSED_PLUGINS,
    jid,
    password,
    auto_login: true,
    authentication: 'login',
    websocket_url: websocketUrl,
    discover_connection_methods: false,
    view_mode: 'fullscreen',
    assets_path: '/converse',
    notification_icon: '/converse/images/logo/conversejs-filled.svg',
    i18n: 'en',
    // Nothing is asked of anybody but the node.
    autocomplete_providers_url: '',
    xmpp_providers_url: '',
    muc_search_service: '',
    fetch_url_headers: false,
    embed_3rd_party_media_players: false,
    render_media: [location.hostname],
    // The archive of the node has every message; the browser keeps a copy until logout.
    message_archiving: 'always',
    clear_cache_on_logout: true,
    allow_url_history_change: false,
    show_client_info: false,
    show_self_in_roster: false,
    allow_registration: false,
    play_sounds: false,
  })
}

async function main() {
  const token = takeToken()
  try {
    if (token !== null) {
      sessionStorage.setItem(STORED_LOGIN, JSON.stringify(await logIn(token)))
    }
  } catch (error) {
    showDoor(`The link could not be used: ${error.message}.`)
    return
  }
  const login = storedLogin()
  if (login === undefined) {
    showDoor('This page is the door of a node.')
  } else {
    await startChat(login)
  }
}

await main()

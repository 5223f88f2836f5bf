// Calls operations, keeps the session, and logs in again when it has ended.
//
// What differs between a mini program and a browser comes in as `platform`:
// miniprogram.js and browser.js bring one each.

import { OPERATIONS } from './operations.js'

/** A request is repeated with a new session this long before the old one ends. */
const MARGIN = 60_000

/** States of an order that may still be paid. */
const OPEN = ['created', 'unpaid', 'unknown']

/** The server asks WeChat Pay at most every three seconds. */
const ASKED_EVERY = 2_000

/** How often the server is asked when the client says that the user paid. */
const TIMES_AFTER_OK = 8

/** Retry-After is waited for this long, in seconds; beyond that the user decides. */
const PATIENCE = 5

/** Said before anything was done: the same call does no harm. 429 says it as well. */
const NOTHING_DONE = ['credential-unavailable', 'in-progress']

/** What the user did in the cashier, by the client's message: a hint, and no proof. */
export const outcome = (message) => (/:ok/.test(message) ? 'ok' : /cancel/.test(message) ? 'cancel' : 'fail')

/** Why an operation failed: the problem document as an error. */
export class Problem extends Error {
  constructor(document, cause) {
    super(document.detail ?? document.title ?? `HTTP ${document.status}`)
    this.name = 'Problem'
    this.type = document.type ?? 'unknown'
    this.title = document.title
    this.status = document.status
    this.detail = document.detail
    this.field = document.field
    this.errcode = document.errcode
    this.code = document.code
    this.rid = document.rid
    this.retryAfter = document.retry_after
    this.requestId = document.request_id
    this.cause = cause
  }
}

/** No answer came: whether the call was carried out, nobody knows. */
export const lost = (error) => new Problem({ type: 'network', status: 0, title: 'No answer', detail: error.message }, error)

/**
 * Makes a call, and makes it once more after Retry-After if that is soon and a second call does no
 * harm: because it only reads, or because nothing was done.
 */
export async function patiently(reads, work) {
  try {
    return await work()
  } catch (error) {
    const soon = error instanceof Problem && error.retryAfter <= PATIENCE
    if (!soon || !(reads || error.status === 429 || NOTHING_DONE.includes(error.type))) throw error
    await pause(error.retryAfter * 1000)
    return work()
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * A client for one deployment.
 *
 * `base` is the domain in front of the functions, or `urls` the JSON of the stack's output `Urls`.
 * `appid` names the app where the deployment has several of a kind.
 */
export function create({ base, urls, appid }, platform) {
  if (!base && !urls) throw new TypeError('connect needs `base` (one domain) or `urls` (the output Urls of the stack)')
  const map = typeof urls === 'string' ? JSON.parse(urls) : urls
  const key = `wechat-backend.session.${appid ?? 'default'}`
  let session = platform.load(key)
  /** The login under way, which whoever needs a session meanwhile waits for. */
  let entering

  const address = (id) => {
    const own = map?.[id]
    if (own) return own
    if (!base) throw new TypeError(`${id} has no URL: it is not in \`urls\``)
    return `${base.replace(/\/$/, '')}/${id.split('.').join('/')}`
  }

  const known = (id) => {
    const known = OPERATIONS[id]
    if (!known) throw new TypeError(`${id} is no operation that a front end can call`)
    return { method: known[0], access: known[1] }
  }

  const withApp = (input) => (appid && input.appid === undefined ? { ...input, appid } : input)

  /** Sends one request; answers JSON or bytes, and throws a Problem. */
  const send = async (id, input, token) => {
    const { method } = known(id)
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    const search = method === 'GET' ? query(withApp(input)) : ''
    const url = address(id) + (search && `?${search}`)
    if (method !== 'GET') headers['content-type'] = 'application/json'
    return settle(await platform.request({ url, method, headers, body: method === 'GET' ? undefined : JSON.stringify(withApp(input)) }))
  }

  const settle = ({ status, type, retryAfter, bytes, text }) => {
    const isJson = type.includes('json')
    if (status >= 200 && status < 300) return isJson ? whole(text()) : bytes()
    const document = isJson ? parse(text()) : {}
    // A gateway or CDN has no problem document, but may have the header.
    throw new Problem({ status, title: `HTTP ${status}`, retry_after: Number(retryAfter) || undefined, ...document })
  }

  const ask = (id, input, token) => patiently(known(id).method === 'GET', () => send(id, input, token))

  /** Keeps the session that a login operation answers with. */
  const keep = (answer) => {
    if (!answer.session_token) return answer
    session = { token: answer.session_token, ends: Date.now() + (answer.expires_in ?? answer.expires ?? 0) * 1000 }
    platform.save(key, session)
    return answer
  }

  /** Logs in with a code, whatever it came from: `signIn('oauth.getToken', { code })`. */
  const signIn = async (id, input) => keep(await ask(id, input))

  /** Logs in the way of the platform; simultaneous calls share one login. */
  const login = () => {
    const left = () => (entering = undefined)
    if (!entering) {
      entering = platform.enter(signIn)
      entering.then(left, left)
    }
    return entering
  }

  const logout = () => {
    session = undefined
    platform.save(key, undefined)
  }

  const token = async () => {
    if (entering || !session || session.ends - Date.now() < MARGIN) await login()
    return session?.token
  }

  /** Runs `work` with a session, and once more with a new one if it is refused. */
  const withSession = async (id, work) => {
    if (known(id).access === 'Public') return work(undefined)
    const used = await token()
    try {
      return await work(used)
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error
      // Another call may have met the same refusal and renewed the session already.
      if (!session || session.token === used) {
        session = undefined
        await login()
      }
      return work(session?.token)
    }
  }

  const call = (id, input = {}) => withSession(id, async (token) => keep(await ask(id, input, token)))

  /** Asks the server what became of an order, until it is not open or `times` are over. */
  const settled = async (out_trade_no, times = Infinity) => {
    for (let time = 1; ; time += 1) {
      const order = await call('pay.getOrder', { out_trade_no })
      if (!OPEN.includes(order.state) || time >= times) return order
      await pause(ASKED_EVERY)
    }
  }

  return {
    call,

    settled,

    /** Orders and opens the cashier; only the server says whether the user paid. */
    pay: async (input) => {
      const order = await call('pay.createOrder', input)
      const client = order.payment && (await platform.pay(order.payment))
      if (!client) return order
      return { ...(await settled(order.out_trade_no, client === 'ok' ? TIMES_AFTER_OK : 1)), client }
    },

    /** Sends a file: a path in a mini program, a Blob in a browser. */
    upload: (id, file, input = {}) =>
      withSession(id, async (token) => {
        const headers = token ? { authorization: `Bearer ${token}` } : {}
        return patiently(false, async () => settle(await platform.upload({ url: address(id), headers, file, fields: withApp(input) })))
      }),

    /** The address of a file for `<image src>`; the session travels in it, so do not share it. */
    src: async (id, input = {}) => {
      const { access } = known(id)
      const session_token = access === 'Public' ? undefined : await token()
      return `${address(id)}?${query({ ...withApp(input), session_token })}`
    },

    login,
    signIn,
    logout,

    /** Whether there is a session that has not ended. */
    get loggedIn() {
      return Boolean(session && session.ends > Date.now())
    },
  }
}

/** A problem document, or nothing of use. */
const parse = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** An answer that is cut off is no answer. */
const whole = (text) => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw lost(error)
  }
}

const query = (input) =>
  Object.entries(input)
    .map(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one]))
    .reduce((all, pairs) => all.concat(pairs), [])
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')

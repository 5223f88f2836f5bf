// The browser half of jssdk.config. See README.md beside this file.

// The address this page was loaded from. pushState does not change it, and iOS checks it.
const LANDING = performance.getEntriesByType?.('navigation')[0]?.name ?? location.href

const HOSTS = ['https://res.wx.qq.com', 'https://res2.wx.qq.com']

// Retry-After is waited for this long, in seconds.
const PATIENCE = 5

// What the client says, what it means, and what to do.
const REFUSALS = [
  [
    'invalid signature',
    'invalid-signature',
    'WeChat does not accept the signature of this page. Give jssdk.diagnose what error.diagnosis holds; it names the mistake.',
  ],
  [
    'invalid url domain',
    'invalid-url-domain',
    "WeChat does not know this page's host: bind it as a JS interface safe domain of the account. Ports other than 80 and 443 never work.",
  ],
  ['offline verifying', 'not-ready', 'The call came before wx.config succeeded, or its name is not in jsApiList.'],
  ['permission denied', 'permission-denied', 'The account has no right to this interface, or its name is not in jsApiList.'],
  ['function not exist', 'function-not-exist', 'This version of WeChat does not know the interface; the user has to update WeChat.'],
]

// What tells the page of an event, now or later: to call it is to subscribe.
const EVENTS = new Set([
  'onMenuShareTimeline',
  'onMenuShareAppMessage',
  'onMenuShareQQ',
  'onMenuShareWeibo',
  'onMenuShareQZone',
  'onVoiceRecordEnd',
  'onVoicePlayEnd',
  'onSearchBeacons',
])

// The items of the menu; those of the first list cannot be hidden.
const BASE_ITEMS = ['exposeArticle', 'setFont', 'dayMode', 'nightMode', 'refresh', 'profile', 'addContact']
const OTHER_ITEMS = [
  'share:appMessage',
  'share:timeline',
  'share:qq',
  'share:weiboApp',
  'favorite',
  'share:facebook',
  'share:QZone',
  'editTag',
  'delete',
  'copyUrl',
  'originPage',
  'readMode',
  'openWithQQBrowser',
  'openWithSafari',
  'share:email',
  'share:brand',
]

export class JssdkError extends Error {
  constructor(reason, message, details = {}) {
    super(message)
    this.name = 'JssdkError'
    this.reason = reason
    Object.assign(this, details)
  }
}

export function createJssdk(options = {}) {
  const {
    endpoint = '',
    jsApiList = [],
    openTagList = [],
    appid,
    session,
    debug = false,
    watch = true,
    onConfigured,
    timeout = 10_000,
    landingUrl = LANDING,
    address = (href) => href,
    fetch = (...request) => window.fetch(...request),
  } = options
  const agent = navigator.userAgent.toLowerCase()
  const isIos = /iphone|ipad|ipod/.test(agent)
  // The page that is configured, or on its way to be.
  let current = null

  const withoutFragment = (href) => address(href).split('#')[0]
  const landing = () => withoutFragment(landingUrl)
  const here = () => withoutFragment(location.href)
  const url = () => (isIos ? landing() : here())

  function jweixin() {
    const wx = options.wx ?? window.wx ?? window.jWeixin
    if (!wx?.config) {
      throw new JssdkError('jweixin-missing', 'jweixin is not loaded: put its script before this module, or call loadJweixin().')
    }
    return wx
  }

  async function ask(operation, method, input, again = true) {
    const base = typeof endpoint === 'function' ? endpoint(operation) : `${endpoint}/${operation.replace('.', '/')}`
    const request = { method, headers: { accept: 'application/json' }, cache: 'no-store' }
    let target = base
    if (method === 'GET') {
      const pairs = Object.entries(input).flatMap(([name, value]) => [value].flat().map((one) => `${name}=${encodeURIComponent(one)}`))
      target += `?${pairs.join('&')}`
    } else {
      request.headers['content-type'] = 'application/json'
      request.body = JSON.stringify(input)
      const token = typeof session === 'function' ? await session() : session
      if (token) request.headers.authorization = `Bearer ${token}`
    }
    let response
    let body
    try {
      response = await fetch(target, request)
      body = await response.json()
    } catch (error) {
      throw new JssdkError('network', `${operation} cannot be reached: ${error.message}`)
    }
    if (!response.ok) {
      // All of them only sign, so that a second call does no harm.
      if (again && body.retry_after <= PATIENCE) {
        await new Promise((resolve) => setTimeout(resolve, body.retry_after * 1000))
        return ask(operation, method, input, false)
      }
      throw new JssdkError(body.type ?? 'failed', body.detail ?? `${operation} failed.`, { problem: body })
    }
    return body
  }

  function sign(page) {
    const input = { url: page }
    if (jsApiList.length) input.jsApiList = jsApiList.join(',')
    if (openTagList.length) input.openTagList = openTagList.join(',')
    if (appid) input.appid = appid
    return ask('jssdk.config', 'GET', input)
  }

  function configure() {
    const attempt = { page: url() }
    current = attempt
    attempt.outcome = run(attempt)
    return attempt.outcome
  }

  async function run(attempt) {
    try {
      const done = await establish(attempt)
      if (!isOver(attempt)) return done
    } catch (error) {
      if (!isOver(attempt)) {
        // The next ready() tries anew.
        current = null
        throw error
      }
    }
    return current.outcome
  }

  /** Whether the route changed again meanwhile, so that only the newer attempt counts. */
  const isOver = (attempt) => current !== null && current !== attempt

  async function establish(attempt) {
    const { page } = attempt
    const wx = jweixin()
    const bridge = await clientBridge()
    let refused = await verify(wx, bridge, page, attempt)
    if (!refused) return { url: page, appId: parameters.appId, attempts: 1 }
    if (refused.reason !== 'invalid-signature') throw refused
    // Once more: with the address the other kind of client would check, or just a new signature.
    const other = page === here() ? landing() : here()
    refused = await verify(wx, bridge, other, attempt)
    if (refused) throw refused
    return { url: other, appId: parameters.appId, attempts: 2 }
  }

  // What wx.config was given last; the client repeats it with every call.
  let parameters = {}

  /** Has a page signed and verified; resolves with the refusal, if there is one. */
  async function verify(wx, bridge, page, attempt) {
    const signed = await sign(page)
    if (isOver(attempt)) return null
    signed.warnings?.forEach((warning) => console.warn(`jssdk.config: ${warning.detail}`))
    parameters = {
      debug,
      // chooseInvoice is only reached through wx.invoke, which wants this.
      beta: jsApiList.includes('chooseInvoice'),
      appId: signed.appId,
      timestamp: signed.timestamp,
      nonceStr: signed.nonceStr,
      signature: signed.signature,
      // jweixin writes into these.
      jsApiList: [...(signed.jsApiList ?? jsApiList)],
      openTagList: [...openTagList],
    }
    const errMsg = await said(wx, bridge, parameters)
    if (errMsg === 'config:ok') return null
    return refusal(errMsg, page, {
      diagnosis: {
        url: address(location.href),
        nonceStr: signed.nonceStr,
        timestamp: signed.timestamp,
        signature: signed.signature,
        errMsg,
        userAgent: navigator.userAgent,
        landingUrl: landing(),
      },
    })
  }

  /** What the client says to wx.config. */
  function said(wx, bridge, config) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new JssdkError('timeout', 'WeChat did not answer wx.config in time.', { url: url() })), timeout)
      const settle = (errMsg) => {
        clearTimeout(timer)
        resolve(errMsg)
      }
      // Without this, jweixin takes a first failure for final.
      wx.error((answer) => settle(answer.errMsg))
      // wx.ready is told once in a page's life, however often it is configured. So we listen in on
      // the one call wx.config makes.
      const { invoke } = bridge
      let listening = true
      try {
        bridge.invoke = function (name, given, callback) {
          if (name !== 'preVerifyJSAPI') return invoke.call(bridge, name, given, callback)
          return invoke.call(bridge, name, given, (answer) => {
            callback(answer)
            settle(answer.errMsg)
          })
        }
      } catch {
        listening = false
      }
      try {
        wx.config(config)
      } finally {
        if (listening) bridge.invoke = invoke
      }
      if (!listening) wx.ready(() => settle('config:ok'))
    })
  }

  /** The client's own object, which it may bring later than the page. */
  function clientBridge() {
    if (window.WeixinJSBridge) return window.WeixinJSBridge
    if (!agent.includes('micromessenger')) {
      throw new JssdkError('not-in-wechat', 'This page is not open in WeChat.')
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new JssdkError('bridge-missing', "WeChat's client did not introduce itself to the page.")),
        timeout,
      )
      document.addEventListener(
        'WeixinJSBridgeReady',
        () => {
          clearTimeout(timer)
          resolve(window.WeixinJSBridge)
        },
        { once: true },
      )
    })
  }

  function refusal(errMsg = '', page = url(), details = {}) {
    const text = errMsg.toLowerCase().replaceAll('_', ' ')
    const [api] = text.split(':')
    if (text.endsWith(':cancel')) {
      return new JssdkError('canceled', 'The user canceled.', { errMsg, url: page })
    }
    const known = REFUSALS.find(([words]) => text.includes(words))
    const [, reason, advice] =
      known ?? (api === 'config' ? [, 'config-incomplete', 'wx.config did not get all it needs.'] : [, 'failed', 'WeChat refused.'])
    const message = `${advice} (${errMsg || 'no answer'}; signed: ${page})`
    return new JssdkError(reason, message, { errMsg, url: page, ...details })
  }

  function ready() {
    return current && current.page === url() ? current.outcome : configure()
  }

  async function call(api, given = {}) {
    if (api === 'hideMenuItems' || api === 'showMenuItems') checkMenu(api, given.menuList)
    const { url: page } = await ready()
    const wx = jweixin()
    return new Promise((resolve, reject) => {
      const refuse = (answer) => reject(refusal(answer?.errMsg, page))
      if (!wx[api]) return refuse({ errMsg: `${api}:function not exist` })
      if (EVENTS.has(api)) {
        wx[api](given)
        return resolve()
      }
      // The caller's own callbacks come first; what they throw does not keep the promise open.
      const both = (name, settle) => (answer) => {
        try {
          given[name]?.(answer)
        } finally {
          settle(answer)
        }
      }
      wx[api]({
        ...given,
        success: both('success', resolve),
        fail: both('fail', refuse),
        cancel: both('cancel', refuse),
      })
    })
  }

  /** WeChat passes over an item that it does not know or does not hide, and says nothing. */
  function checkMenu(api, menuList = []) {
    for (const item of menuList) {
      const name = String(item).replace(/^menuItem:/, '')
      const fixed = api === 'hideMenuItems' && BASE_ITEMS.includes(name)
      const known = String(item) !== name && (BASE_ITEMS.includes(name) || OTHER_ITEMS.includes(name))
      if (fixed) throw new JssdkError('menu-item', `WeChat never hides ${item}.`)
      if (!known) throw new JssdkError('menu-item', `WeChat has no menu item ${item}.`)
    }
  }

  async function addCard(cards) {
    const cardList = await Promise.all([cards].flat().map((card) => ask('jssdk.cardExt', 'POST', withAppid(card))))
    return (await call('addCard', { cardList })).cardList
  }

  async function chooseCard(filter = {}) {
    const signed = await ask('jssdk.chooseCard', 'POST', withAppid(filter))
    return parse((await call('chooseCard', signed)).cardList)
  }

  async function chooseInvoice() {
    const { appId, ...signed } = await ask('jssdk.chooseInvoice', 'POST', withAppid({}))
    const { url: page } = await ready()
    return new Promise((resolve, reject) => {
      jweixin().invoke('chooseInvoice', signed, (answer) => {
        const errMsg = answer.errMsg ?? answer.err_msg ?? ''
        if (!/:ok$/.test(errMsg)) return reject(refusal(errMsg, page))
        resolve(parse(answer.choose_invoice_info))
      })
    })
  }

  const withAppid = (input) => (appid ? { ...input, appid } : input)

  // The route: a new address needs a new signature, and open tags need one for every route.
  let seen = here()
  function routeChanged() {
    if (here() === seen) return
    seen = here()
    if (!current || (current.page === url() && !openTagList.length)) return
    const outcome = configure()
    const attempt = current
    const report = (end) => {
      if (isOver(attempt)) return
      if (onConfigured) onConfigured(end)
      else if (end instanceof Error) console.error(end)
    }
    outcome.then(report, report)
  }
  if (watch) watchRoutes(routeChanged)

  return {
    ready,
    configure,
    call,
    addCard,
    chooseCard,
    chooseInvoice,
    url,
    stop: () => watchers.delete(routeChanged),
  }
}

// Who wants to know about routes. history is wrapped once for all of them.
const watchers = new Set()
let watching = false

function watchRoutes(watcher) {
  watchers.add(watcher)
  if (watching) return
  watching = true
  const tell = () => watchers.forEach((one) => one())
  for (const method of ['pushState', 'replaceState']) {
    const change = history[method]
    history[method] = function (...state) {
      const outcome = change.apply(this, state)
      tell()
      return outcome
    }
  }
  addEventListener('popstate', tell)
}

const parse = (list) => (typeof list === 'string' ? JSON.parse(list) : (list ?? []))

export async function loadJweixin() {
  for (const host of HOSTS) {
    const script = document.createElement('script')
    script.src = `${host}/open/js/jweixin-1.6.0.js`
    const loaded = await new Promise((resolve) => {
      script.onload = () => resolve(true)
      script.onerror = () => resolve(false)
      document.head.append(script)
    })
    if (loaded && window.wx) return window.wx
  }
  throw new JssdkError('jweixin-missing', "jweixin cannot be loaded from WeChat's hosts.")
}

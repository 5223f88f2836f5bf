// For browsers and whatever else has fetch: pages in WeChat, websites, admin tools.

import { create, lost, outcome, Problem } from './client.js'

export { Problem }

/**
 * A client for one deployment: `connect({ base })` or `connect({ urls })`.
 *
 * A page logs in with the code of its address: `signIn('oauth.getToken', { code })`.
 * `login`, if given, is what to do when a session is needed and there is none; it gets `signIn`
 * and may go to `oauth.authorizeUrl` instead of returning.
 */
export function connect(options) {
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
  const storage = options.storage ?? globalThis.sessionStorage
  return create(options, {
    load: (key) => {
      const kept = storage?.getItem(key)
      return kept ? JSON.parse(kept) : undefined
    },
    save: (key, session) => (session ? storage?.setItem(key, JSON.stringify(session)) : storage?.removeItem(key)),

    enter: async (signIn) => {
      if (!options.login)
        throw new Problem({
          type: 'unauthenticated',
          status: 401,
          title: 'A valid session is needed',
          detail: "Log in first: signIn('oauth.getToken', { code }).",
        })
      return options.login(signIn)
    },

    request: ({ url, method, headers, body }) => opened(fetch(url, { method, headers, body })),

    // With the JS-SDK if the page has configured it, else by the bridge of WeChat's browser.
    pay: (payment) =>
      payment.paySign &&
      new Promise((resolve) => {
        const { wx, WeixinJSBridge } = { ...globalThis, ...options }
        const done = ({ errMsg, err_msg }) => resolve(outcome(errMsg ?? err_msg))
        if (wx?.chooseWXPay) return wx.chooseWXPay({ ...payment, complete: done })
        const { appId, timeStamp, nonceStr, package: prepaid, signType, paySign } = payment
        const open = (bridge) =>
          bridge.invoke('getBrandWCPayRequest', { appId, timeStamp, nonceStr, package: prepaid, signType, paySign }, done)
        if (WeixinJSBridge) return open(WeixinJSBridge)
        document.addEventListener('WeixinJSBridgeReady', () => open(globalThis.WeixinJSBridge), { once: true })
      }),

    upload: async ({ url, headers, file, fields }) => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      form.append('media', file, 'media')
      return opened(fetch(url, { method: 'POST', headers, body: form }))
    },
  })
}

/** The link of an H5 payment that returns to this page of the configured domain. */
export const h5Link = ({ h5_url }, page) => `${h5_url}&redirect_url=${encodeURIComponent(page)}`

const opened = async (fetched) => {
  try {
    const response = await fetched
    const content = await response.arrayBuffer()
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      retryAfter: response.headers.get('retry-after'),
      bytes: () => content,
      text: () => new TextDecoder().decode(content),
    }
  } catch (error) {
    throw lost(error)
  }
}

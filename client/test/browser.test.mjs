import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'

import { connect, h5Link, Problem } from '../browser.js'
import { start } from './bundle.mjs'

let bundle
before(async () => (bundle = await start()))
after(() => bundle.stop())

/** What a browser has as sessionStorage. */
function storage() {
  const kept = new Map()
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, String(value)),
    removeItem: (key) => kept.delete(key),
  }
}

test('a public operation needs no session', async () => {
  const backend = connect({ base: `${bundle.url}/`, storage: storage() })
  const { appId } = await backend.call('jssdk.config', { url: 'https://h5.example.com/' })
  assert.equal(appId, 'wx2222222222222222')
})

test('a session comes from a code, and stays for the next page', async () => {
  const kept = storage()
  const code = await bundle.code({ user: 'carol' })

  const { openid } = await connect({ base: bundle.url, storage: kept }).signIn('auth.code2Session', { js_code: code })
  const next = connect({ base: bundle.url, storage: kept })

  assert.match(openid, /^o/)
  assert.deepEqual(await next.call('auth.checkSession'), { valid: true })
})

test('without a session it says what to do, or does what it was told', async () => {
  const backend = connect({ base: bundle.url, storage: storage() })
  await assert.rejects(backend.call('auth.checkSession'), (error) => error instanceof Problem && error.status === 401)

  let asked = 0
  const login = async (signIn) => {
    asked += 1
    return signIn('auth.code2Session', { js_code: await bundle.code({ user: 'dave' }) })
  }
  const willing = connect({ base: bundle.url, storage: storage(), login })
  await Promise.all([willing.call('auth.checkSession'), willing.call('auth.checkSession')])
  assert.equal(asked, 1)
})

test('a code is returned to be drawn, a link to be opened', async () => {
  await bundle.sell({ product: 'tea', description: '龙井茶', amount: 100 })
  const login = async (signIn) => signIn('auth.code2Session', { js_code: await bundle.code({ user: 'faye' }) })
  const backend = connect({ base: bundle.url, storage: storage(), login })
  const { payment } = await backend.pay({ product: 'tea', channel: 'native' })
  assert.match(payment.code_url, /^weixin:\/\//)
  const h5 = await backend.pay({ product: 'tea', channel: 'h5', client_ip: '203.0.113.7' })
  const { h5: vector } = JSON.parse(await readFile(new URL('../../tests/vectors/pay/client.json', import.meta.url)))
  assert.match(h5Link(h5.payment, 'https://h5.example.com/'), /&redirect_url=https%3A%2F%2Fh5\.example\.com%2F$/)
  assert.equal(h5Link(vector, 'https://shop.example.cn/paid?order=1'), vector.with_redirect)
})

test('a page pays by the bridge, or by the JS-SDK where it has it', async () => {
  const login = async (signIn) => signIn('auth.code2Session', { js_code: await bundle.code({ user: 'gail' }) })
  const cashier = async (given) => (await bundle.cashier({ appid: 'wx1111111111111111', user: 'gail', given })).outcome
  const WeixinJSBridge = {
    invoke: async (api, given, done) => done({ err_msg: `get_brand_wcpay_request:${await cashier(given)}` }),
  }
  const wx = { chooseWXPay: async ({ complete, ...given }) => complete({ errMsg: `chooseWXPay:${await cashier(given)}` }) }
  for (const way of [{ WeixinJSBridge }, { wx }]) {
    const backend = connect({ base: bundle.url, storage: storage(), login, ...way })
    const { client, state } = await backend.pay({ product: 'tea' })
    assert.deepEqual([client, state], ['ok', 'paid'])
  }
})

test('no answer, or half of one, is a problem', async () => {
  const network = (error) => error instanceof Problem && error.type === 'network' && error.cause instanceof Error
  const nowhere = connect({ base: 'http://127.0.0.1:1', storage: storage() })
  await assert.rejects(nowhere.call('jssdk.config', { url: 'x' }), network)
  const half = async () => new Response(new ReadableStream({ pull: (stream) => stream.error(new Error('cut off')) }))
  const backend = connect({ base: bundle.url, storage: storage(), fetch: half })
  await assert.rejects(backend.call('jssdk.config', { url: 'x' }), network)
})

test('Retry-After is waited for', async () => {
  const document = { type: 'credential-unavailable', status: 503, title: 'The credential is not available', retry_after: 1 }
  const busy = () =>
    new Response(JSON.stringify(document), { status: 503, headers: { 'content-type': 'application/problem+json', 'retry-after': '1' } })
  const answers = [busy()]
  const asked = async (...request) => answers.shift() ?? fetch(...request)
  const login = async (signIn) => signIn('auth.code2Session', { js_code: await bundle.code({ user: 'hank' }) })
  const backend = connect({ base: bundle.url, storage: storage(), login, fetch: asked })
  // The login waits, and the call after it.
  assert.deepEqual(await backend.call('auth.checkSession'), { valid: true })
  answers.push(busy(), busy())
  await assert.rejects(backend.call('auth.checkSession'), { status: 503 })
})

test('an app of several is named in every call', async () => {
  const backend = connect({ base: bundle.url, appid: 'wx1111111111111111', storage: storage() })
  await assert.rejects(
    backend.call('jssdk.config', { url: 'https://h5.example.com/' }),
    (error) => error.type === 'unknown-app' && error.field === 'appid',
  )
})

test('a page of the official account logs in with its code', async () => {
  const backend = connect({ base: bundle.url, storage: storage() })
  const code = await bundle.code({ appid: 'wx2222222222222222', user: 'erin' })
  const { openId } = await backend.signIn('oauth.getToken', { code })
  assert.match(openId, /^o/)
  assert.equal(backend.loggedIn, true)
})

import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { connect, Problem } from '../miniprogram.js'
import { standIn, start } from './bundle.mjs'

let bundle
before(async () => (bundle = await start()))
after(() => bundle.stop())

const client = (wx, options = {}) => connect({ base: bundle.url, wx, ...options })

test('a call logs in by itself, and the next one uses the same session', async () => {
  const wx = standIn(bundle)
  const backend = client(wx)

  assert.equal(backend.loggedIn, false)
  assert.deepEqual(await backend.call('auth.checkSession'), { valid: true })
  assert.deepEqual(await backend.call('auth.checkSession'), { valid: true })

  assert.deepEqual(wx.counts, { login: 1, request: 3 })
  assert.equal(backend.loggedIn, true)
})

test('pay orders, opens the cashier, and believes the server only', async () => {
  await bundle.sell({ product: 'tea', description: '龙井茶', amount: 100 })
  const backend = client(standIn(bundle))

  const paid = await backend.pay({ product: 'tea' })
  assert.deepEqual([paid.client, paid.state, paid.amount], ['ok', 'paid', 100])

  await bundle.cashier({ does: 'cancels' })
  const cancelled = await backend.pay({ product: 'tea' })
  assert.deepEqual([cancelled.client, cancelled.state], ['cancel', 'unpaid'])
  await bundle.cashier({ does: 'pays' })

  const lying = standIn(bundle)
  lying.requestPayment = ({ complete }) => complete({ errMsg: 'requestPayment:ok' })
  const lied = await client(lying).pay({ product: 'tea' })
  assert.deepEqual([lied.client, lied.state], ['ok', 'unpaid'])
  await bundle.cashier({ out_trade_no: lied.out_trade_no })
  assert.equal((await backend.settled(lied.out_trade_no)).state, 'paid')
})

test('a session outlives the page, and ends with logout', async () => {
  const wx = standIn(bundle)
  const { openid } = await client(wx).login()
  assert.match(openid, /^o/)

  const later = client(wx)
  await later.call('auth.checkSession')
  assert.equal(wx.counts.login, 1)

  later.logout()
  assert.equal(wx.storage.size, 0)
  await later.call('auth.checkSession')
  assert.equal(wx.counts.login, 2)
})

test('ten calls at once share one login', async () => {
  const wx = standIn(bundle)
  const backend = client(wx)

  await Promise.all(Array.from({ length: 10 }, () => backend.call('auth.checkSession')))

  assert.deepEqual(wx.counts, { login: 1, request: 11 })
})

test('calls that meet an ended session share one renewal, and are repeated once', async () => {
  const wx = standIn(bundle, { user: 'bob' })
  const backend = client(wx)
  await backend.call('auth.checkSession')

  await bundle.advance(7300)
  const answers = await Promise.all(Array.from({ length: 5 }, () => backend.call('auth.checkSession')))

  assert.ok(answers.every(({ valid }) => valid))
  assert.equal(wx.counts.login, 2)
})

test('a session that is refused again is not renewed again', async () => {
  const wx = standIn(bundle, { meddle: (options) => ({ ...options, header: { ...options.header, authorization: 'Bearer forged' } }) })
  const backend = client(wx)

  await assert.rejects(
    backend.call('auth.checkSession'),
    (error) => error instanceof Problem && error.status === 401 && error.type === 'unauthenticated',
  )

  assert.equal(wx.counts.login, 2)
})

test('a session about to end is renewed before it is used', async () => {
  const wx = standIn(bundle)
  await client(wx).login()
  const [[key, session]] = wx.storage
  wx.storage.set(key, { ...session, ends: Date.now() + 30_000 })

  await client(wx).call('auth.checkSession')

  assert.deepEqual(wx.counts, { login: 2, request: 3 })
})

test('a problem is an error that names the input', async () => {
  const backend = client(standIn(bundle))

  await assert.rejects(backend.call('jssdk.config', { url: 'https://elsewhere.example.org/' }), (error) => {
    assert.deepEqual([error.name, error.type, error.status, error.field], ['Problem', 'forbidden', 403, 'url'])
    assert.match(error.message, /JSSDK_ALLOWED_HOSTS/)
    assert.match(error.requestId, /^[0-9a-f-]{36}$/)
    return true
  })
})

test('a query carries what a page may hold', async () => {
  const backend = client(standIn(bundle))
  const { signature } = await backend.call('jssdk.config', { url: 'https://h5.example.com/a?b=1+2&c=%E4%B8%AD#d' })
  assert.match(signature, /^[0-9a-f]{40}$/)
})

test('function URLs are used as the stack lists them', async () => {
  const urls = { 'auth.code2Session': `${bundle.url}/auth/code2Session`, 'auth.checkSession': `${bundle.url}/auth/checkSession` }
  for (const given of [urls, JSON.stringify(urls)]) {
    const backend = connect({ urls: given, wx: standIn(bundle) })
    assert.deepEqual(await backend.call('auth.checkSession'), { valid: true })
    await assert.rejects(backend.call('jssdk.config', { url: 'x' }), /jssdk.config has no URL/)
  }
})

test('a mistake in the program is told at once', async () => {
  assert.throws(() => connect({ wx: {} }), /base/)
  const backend = client(standIn(bundle))
  await assert.rejects(backend.call('auth.getAccessToken'), /no operation that a front end can call/)
})

test('an image comes as bytes, and as an address', async () => {
  const backend = client(standIn(bundle))

  const image = await backend.call('wxacode.getUnlimited', { scene: 'id=1' })
  const fetched = await fetch(await backend.src('wxacode.getUnlimited', { scene: 'id=1' }))

  assert.ok(image instanceof ArrayBuffer && image.byteLength > 100)
  assert.match(fetched.headers.get('content-type'), /^image\//)
})

test('an upload is a form with the session, and text keeps its characters', async () => {
  const seen = []
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString('latin1') })
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ detail: '中文 😀 é' }))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const elsewhere = `http://127.0.0.1:${server.address().port}`
  const urls = { 'auth.code2Session': `${bundle.url}/auth/code2Session`, 'auth.checkSession': elsewhere, 'jssdk.config': elsewhere }
  const backend = connect({ urls, wx: standIn(bundle) })
  const picture = new URL('bundle.mjs', import.meta.url).pathname

  const answer = await backend.upload('auth.checkSession', picture, { appid: 'wx1111111111111111' })
  const text = await backend.call('jssdk.config', { url: 'x' })
  server.close()

  assert.equal(answer.detail, '中文 😀 é')
  assert.equal(text.detail, '中文 😀 é')
  assert.match(seen[0].headers['content-type'], /^multipart\/form-data; boundary=/)
  assert.match(seen[0].headers.authorization, /^Bearer eyJ/)
  assert.match(seen[0].body, /name="media"; filename=/)
  assert.match(seen[0].body, /name="appid"\r\n\r\nwx1111111111111111/)
})

/** A file that a user chose. */
async function picture() {
  const path = join(await mkdtemp(join(tmpdir(), 'client-')), 'picture.png')
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
  await writeFile(path, Buffer.from(png, 'base64'))
  return path
}

test('an image is checked by its path', async () => {
  const answer = await client(standIn(bundle)).upload('security.imgSecCheck', await picture())
  assert.equal(answer.suggest, 'pass')
})

test('no answer is a problem, whatever the client says', async () => {
  const network = (error) => error instanceof Problem && error.type === 'network' && error.status === 0
  const nowhere = connect({ base: 'http://127.0.0.1:1', wx: standIn(bundle) })
  await assert.rejects(nowhere.call('jssdk.config', { url: 'x' }), (error) => network(error) && /request:fail/.test(error.message))
  await assert.rejects(nowhere.call('auth.checkSession'), network)

  const wx = standIn(bundle)
  const backend = client(wx)
  await backend.login()
  wx.uploadFile = ({ fail }) => fail({ errMsg: 'uploadFile:fail timeout', errno: 5 })
  await assert.rejects(backend.upload('security.imgSecCheck', 'x.png'), (error) => network(error) && error.cause.errno === 5)
  wx.login = ({ fail }) => fail({ errMsg: 'login:fail' })
  backend.logout()
  await assert.rejects(backend.call('auth.checkSession'), network)
})

test('an answer that is cut off is no answer', async () => {
  const wx = standIn(bundle)
  wx.request = ({ success }) =>
    success({ statusCode: 200, header: { 'Content-Type': 'application/json' }, data: new TextEncoder().encode('{"appId":').buffer })
  await assert.rejects(client(wx).call('jssdk.config', { url: 'x' }), { name: 'Problem', type: 'network' })
})

const CODE = '/wxa/getwxacodeunlimit'
const SEND = '/cgi-bin/message/subscribe/send'
const refusal = (code) => ({ errcode: { code, errmsg: 'as told' } })

test('a limit that ends soon is waited for, once', async () => {
  const backend = client(standIn(bundle))
  await backend.login()
  const draw = () => backend.call('wxacode.getUnlimited', { scene: 'id=1' })
  const before = await bundle.calls(CODE)
  const began = performance.now()

  // WeChat's limit of a second; the server answers 429 with Retry-After: 1.
  await bundle.fault(CODE, refusal(44990))
  assert.ok((await draw()).byteLength > 100)

  assert.ok(performance.now() - began >= 999)
  assert.equal((await bundle.calls(CODE)) - before, 2)

  await bundle.fault(CODE, refusal(44990))
  await bundle.fault(CODE, refusal(44990))
  await assert.rejects(draw(), { status: 429, retryAfter: 1 })
  assert.equal((await bundle.calls(CODE)) - before, 4)
})

test('an upload waits as well', async () => {
  const backend = client(standIn(bundle))
  await backend.login()
  const before = await bundle.calls('/wxa/img_sec_check')
  await bundle.fault('/wxa/img_sec_check', refusal(44990))
  assert.equal((await backend.upload('security.imgSecCheck', await picture())).suggest, 'pass')
  assert.equal((await bundle.calls('/wxa/img_sec_check')) - before, 2)
})

test('a limit that does not end soon is for the user to wait for', async () => {
  const backend = client(standIn(bundle))
  await backend.login()
  const before = await bundle.calls(CODE)
  await bundle.fault(CODE, refusal(45009))
  await assert.rejects(backend.call('wxacode.getUnlimited', { scene: 'id=1' }), (error) => error.status === 429 && error.retryAfter > 5)
  assert.equal((await bundle.calls(CODE)) - before, 1)
})

test('what may have been done is not done again', async () => {
  const backend = client(standIn(bundle))
  await backend.login()
  const before = await bundle.calls(SEND)
  await bundle.fault(SEND, refusal(-1))
  const message = { template_id: 'demo-long-term-subscription-of-orders-00001', data: { thing6: { value: '茶' } } }
  await assert.rejects(backend.call('subscribeMessage.send', message), { status: 503, type: 'wechat-busy', retryAfter: 2 })
  assert.equal((await bundle.calls(SEND)) - before, 1)
})

test('a gateway has no problem document, but a header', async () => {
  const wx = standIn(bundle)
  const answers = [{ statusCode: 503, header: { 'Retry-After': '1', 'Content-Type': 'text/html' }, data: new ArrayBuffer(0) }]
  const { request } = wx
  wx.request = (options) => (answers.length ? options.success(answers.shift()) : request(options))
  // It only reads, so it is asked again.
  const { signature } = await client(wx).call('jssdk.config', { url: 'https://h5.example.com/' })
  assert.match(signature, /^[0-9a-f]{40}$/)
})

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'

import { connect, Problem } from '../miniprogram.js'
import { OPERATIONS } from '../operations.js'
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

  await assert.rejects(backend.call('auth.checkSession'), (error) => error instanceof Problem && error.status === 401 && error.type === 'unauthenticated')

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

test('an image comes as bytes, and as an address', { skip: !OPERATIONS['wxacode.getUnlimited'] && 'no such operation yet' }, async () => {
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

test('an image is checked by its path', { skip: !OPERATIONS['security.imgSecCheck'] && 'no such operation yet' }, async () => {
  const { writeFile } = await import('node:fs/promises')
  const picture = `${process.env.TMPDIR ?? '/tmp'}/client-${process.pid}.png`
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
  await writeFile(picture, Buffer.from(png, 'base64'))

  const answer = await client(standIn(bundle)).upload('security.imgSecCheck', picture)

  assert.equal(answer.suggest, 'pass')
})

test('no answer is an error, not a silence', async () => {
  const backend = connect({ base: 'http://127.0.0.1:1', wx: standIn(bundle) })
  await assert.rejects(backend.call('jssdk.config', { url: 'x' }), /request:fail/)
})

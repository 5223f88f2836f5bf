// The demo page and client/h5 in a real browser, through the real jweixin.
//
//   STACK=http://127.0.0.1:9000 CHROMIUM=/usr/bin/chromium node --test jssdk.mjs
//
// The stack must have been started with --jweixin node_modules/weixin-js-sdk.

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { chromium } from 'playwright-core'

const STACK = process.env.STACK ?? 'http://127.0.0.1:9000'
const PORT = Number(new URL(STACK).port)
const WECHAT = process.env.WECHAT ?? `http://127.0.0.1:${PORT + 1}`
const SCREENSHOTS = new URL('screenshots/', import.meta.url).pathname
const OFFICIAL = 'wx2222222222222222'
const HOME = 'http://h5.example.com/demo/jssdk'
const AGENTS = {
  ios: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI Language/zh_CN',
  android:
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 XWEB/1260117 MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 NetType/WIFI',
}

let browser
let profile
const open = new Set()

/** A WeChat client; pages of *.example.* on port 80 are the stack's. */
async function client(kind, prepare = async () => {}) {
  const context = await browser.newContext({
    userAgent: AGENTS[kind],
    viewport: { width: 420, height: 900 },
  })
  context.setDefaultTimeout(15_000)
  open.add(context)
  const page = await context.newPage()
  page.problems = []
  page.on('pageerror', (error) => page.problems.push(error.message))
  await prepare(page)
  return page
}

/** Opens a page and waits for WeChat's verdict. */
async function visit(page, url = HOME) {
  await page.goto(url)
  return verdict(page)
}

async function verdict(page) {
  await page.waitForSelector('#status:not([data-state=working])')
  return page.textContent('#status')
}

const line = (page, id) => page.waitForSelector(`#log li:has-text("${id}:")`).then((item) => item.textContent())

/** Presses a button and returns what the page says about it. */
async function press(page, id) {
  await page.click(`#${id}`)
  return line(page, id)
}

/** What jssdk.diagnose found, as the page shows it. */
const causes = (page) => page.waitForSelector('#causes li').then(() => page.textContent('#causes'))

/** What the stack answers; node does not know where h5.example.com is. */
const answer = async (route) => {
  const url = route
    .request()
    .url()
    .replace(/^http:\/\/h5\.example\.com/, STACK)
  return (await route.fetch({ url })).json()
}

const result = (text) => JSON.parse(text.slice(text.indexOf(' ') + 1))
const screenshot = (page, name) => page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })

async function simulator(method, path, body) {
  const response = await fetch(`${WECHAT}/_simulator${path}`, { method, body: body && JSON.stringify(body) })
  assert.equal(response.status, 200)
  return response.json()
}

async function invoke(name, input) {
  const url = `${STACK}/2015-03-31/functions/${name}/invocations`
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(input) })
  assert.equal(response.headers.get('x-amz-function-error'), null)
  return response.json()
}

before(async () => {
  await mkdir(SCREENSHOTS, { recursive: true })
  profile = await mkdtemp(join(tmpdir(), 'jssdk-'))
  const hosts = ['h5.example.com', 'h5.example.org'].map((host) => `MAP ${host}:80 127.0.0.1:${PORT}`)
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disk-cache-dir=${profile}`,
      `--host-resolver-rules=${hosts.join(',')}`,
    ],
  })
})

afterEach(async () => {
  for (const context of open) await context.close()
  open.clear()
})

after(async () => {
  await browser?.close()
  await rm(profile, { recursive: true, force: true })
})

for (const kind of ['ios', 'android']) {
  test(`a plain page is accepted on ${kind}`, async () => {
    const page = await client(kind)
    assert.equal(await visit(page), 'config:ok')
    assert.equal(await page.textContent('#signed'), HOME)
    assert.equal(await page.textContent('#attempts'), '1')
    assert.equal(await page.isVisible('#missing'), false)
    await screenshot(page, `plain-${kind}`)
    assert.deepEqual(page.problems, [])
  })

  test(`query, Chinese and a fragment do not matter on ${kind}`, async () => {
    const page = await client(kind)
    const address = `${HOME}/商品/鞋?名=红 色&a=1%2B1&b=x+y&from=singlemessage&isappinstalled=0#/购物车?x=1`
    assert.equal(await visit(page, address), 'config:ok')
    const shown = await page.evaluate(() => location.href)
    assert.equal(await page.textContent('#signed'), shown.split('#')[0])
    assert.match(shown, /%E5%95%86.*%E5%90%8D=.*#/)
    await screenshot(page, `chinese-${kind}`)
  })

  test(`a new route is accepted and usable on ${kind}`, async () => {
    const page = await client(kind)
    assert.equal(await visit(page, `${HOME}?shop=1#top`), 'config:ok')
    await page.click('#route')
    await page.click('#route')
    const shown = (await page.evaluate(() => location.href)).split('#')[0]
    assert.match(shown, /\/demo\/jssdk\/%E8%AE%A2%E5%8D%95\/2\?shop=1$/)
    // iOS checks the address the page was loaded from, Android the one of the route.
    const expected = kind === 'ios' ? `${HOME}?shop=1` : shown
    await page.waitForFunction((url) => document.querySelector('#signed').textContent === url, expected)
    assert.equal(await verdict(page), 'config:ok')
    // The client checks the signature again with every call.
    const added = result(await press(page, 'add-card'))
    assert.equal(added[0].isSuccess, true)
    await page.goBack()
    await page.waitForTimeout(100)
    assert.equal(
      await page.evaluate(() => window.jssdk.ready().then((done) => done.url)),
      kind === 'ios' ? expected : expected.replace('/2?', '/1?'),
    )
    // However fast it goes, the last route counts.
    await page.evaluate(() => {
      for (let i = 0; i < 5; i += 1) document.querySelector('#route').click()
    })
    const last = (await page.evaluate(() => location.href)).split('#')[0]
    const done = await page.evaluate(() => window.jssdk.ready())
    assert.deepEqual(done, { url: kind === 'ios' ? expected : last, appId: OFFICIAL, attempts: 1 })
    assert.equal(result(await press(page, 'choose-card')).length, 1)
    assert.equal(await page.locator('#log li[data-state=error]').count(), 0)
    await screenshot(page, `route-${kind}`)
    assert.deepEqual(page.problems, [])
  })
}

test('cards, invoices and images go all the way', async () => {
  const page = await client('ios')
  assert.equal(await visit(page), 'config:ok')

  const [added] = result(await press(page, 'add-card'))
  assert.deepEqual([added.cardId, added.isSuccess], ['pjZ8Yt1XGILfi-FUsewpnnolGgZk', true])
  const [chosen] = result(await press(page, 'choose-card'))
  assert.deepEqual(await invoke('card-decryptcode', { encrypt_code: chosen.encrypt_code }), { code: '751234212312' })
  const [invoice] = result(await press(page, 'choose-invoice'))
  const { card_id, encrypt_code } = invoice
  const read = await invoke('invoice-getinvoiceinfo', { card_id, encrypt_code })
  assert.equal(read.user_info.fee, 1100)
  const image = result(await press(page, 'upload'))
  assert.equal(image.type, 'image/jpeg')
  await page.waitForFunction(() => document.querySelector('#fetched').naturalWidth === 80)
  await screenshot(page, 'cards')
  assert.deepEqual(page.problems, [])
})

test('wx.chooseWXPay opens the cashier, and the server says what came of it', async () => {
  const page = await client('android')
  assert.equal(await visit(page), 'config:ok')
  assert.deepEqual(result(await press(page, 'pay')), { errMsg: 'chooseWXPay:ok', state: 'paid' })
  await screenshot(page, 'paid')

  await simulator('POST', '/pay/cashier', { does: 'cancels' })
  const cautious = await client('ios')
  await visit(cautious)
  const left = result(await press(cautious, 'pay'))
  assert.deepEqual(left, { errMsg: 'chooseWXPay:cancel', state: 'unpaid' })
  await simulator('POST', '/pay/cashier', { does: 'pays' })
})

test('a card is only for its receiver', async () => {
  const page = await client('android')
  // The backend's session is Alice's, the client is Bob's.
  await page.route('**/demo/bridge', (route) =>
    route.continue({
      postData: JSON.stringify({ ...route.request().postDataJSON(), user: 'bob' }),
    }),
  )
  assert.equal(await visit(page), 'config:ok')
  assert.match(await press(page, 'add-card'), /add-card:failed .*not the receiver/)
})

test('what was not listed is denied, in words', async () => {
  const page = await client('android')
  assert.equal(await visit(page), 'config:ok')
  assert.match(await press(page, 'forbidden'), /permission-denied .*not in jsApiList/)
})

test('a wrong card signature is an empty list', async () => {
  const page = await client('android')
  await page.route('**/jssdk/chooseCard', async (route) => {
    const signed = await answer(route)
    await route.fulfill({ json: { ...signed, cardSign: signed.cardSign.replace(/^./, 'x') } })
  })
  assert.equal(await visit(page), 'config:ok')
  assert.deepEqual(result(await press(page, 'choose-card')), [])
})

test('an invalid signature is tried once more, and only once', async () => {
  const page = await client('android')
  let asked = 0
  let spoiled = 1
  await page.route('**/jssdk/config?*', async (route) => {
    asked += 1
    const signed = await answer(route)
    if (asked <= spoiled) signed.signature = '0'.repeat(40)
    await route.fulfill({ json: signed })
  })
  assert.equal(await visit(page), 'config:ok')
  assert.deepEqual([asked, await page.textContent('#attempts')], [2, '2'])

  spoiled = Infinity
  asked = 0
  assert.equal(await visit(page), 'config:invalid signature')
  assert.equal(asked, 2)
  assert.match(await causes(page), /^unexplained \(2, likely\)/)
  await screenshot(page, 'invalid-signature')
  // The button asks anew, and finds that it works again.
  spoiled = 0
  await page.click('#configure')
  await page.waitForSelector('#status[data-state=ok]')
  assert.equal(await page.isVisible('#failed'), false)
})

test('a slow answer for a former route does not undo the present one', async () => {
  const page = await client('android')
  assert.equal(await visit(page), 'config:ok')
  let release
  const late = new Promise((resolve) => {
    release = resolve
  })
  await page.route('**/jssdk/config?*%2F1&*', async (route) => {
    await late
    await route.continue()
  })
  await page.click('#route')
  await page.click('#route')
  const present = await page.evaluate(() => location.href.split('#')[0])
  await page.waitForFunction((url) => document.querySelector('#signed').textContent === url, present)
  const former = page.waitForResponse('**/jssdk/config?*%2F1&*')
  release()
  await former
  // Whatever the former answer sets off is over before these come back.
  assert.equal(result(await press(page, 'choose-card')).length, 1)
  assert.equal(result(await press(page, 'add-card')).length, 1)
  assert.deepEqual([await page.textContent('#signed'), await page.textContent('#attempts')], [present, '1'])
  assert.equal(await page.locator('#log li[data-state=error]').count(), 0)
})

test('the diagnosis finds what a static page signs', async () => {
  const page = await client('ios')
  await page.route('**/jssdk/config?*', (route) => {
    const url = encodeURIComponent(HOME)
    return route.continue({
      url: route
        .request()
        .url()
        .replace(/url=[^&]*/, `url=${url}`),
    })
  })
  const address = `${HOME}?from=timeline&isappinstalled=0`
  assert.equal(await visit(page, address), 'config:invalid signature')
  assert.match(await causes(page), /^share-parameters-missing \(2, certain\)/)
  await screenshot(page, 'diagnosis')
})

test('a host we do not sign for is explained', async () => {
  const page = await client('android')
  const elsewhere = HOME.replace('.com', '.org')
  // The local server answers to its own names only, so another one stands before it.
  await page.route(`${new URL(elsewhere).origin}/**`, async (route) => {
    const url = new URL(route.request().url())
    const { origin, ...headers } = route.request().headers()
    const response = await route.fetch({ url: STACK + url.pathname + url.search, headers })
    await route.fulfill({ response })
  })
  assert.equal(await visit(page, elsewhere), 'forbidden')
  assert.match(await page.textContent('#message'), /JSSDK_ALLOWED_HOSTS/)
  await screenshot(page, 'wrong-host')
})

test('a host that is not bound is explained', async () => {
  await simulator('POST', '/domains', { appid: OFFICIAL, domains: ['example.net'] })
  try {
    const page = await client('ios')
    assert.equal(await visit(page), 'config:invalid url domain')
    assert.match(await page.textContent('#message'), /bind it as a JS interface safe domain/)
    await screenshot(page, 'unbound-domain')
  } finally {
    await simulator('POST', '/domains', { appid: OFFICIAL, domains: ['example.com'] })
  }
})

test('without jweixin the page says so loudly', async () => {
  const page = await client('android')
  await page.route('**/demo/jweixin.js', (route) => route.fulfill({ status: 404 }))
  assert.equal(await visit(page), 'jweixin is missing')
  assert.equal(await page.isVisible('#missing'), true)
  await screenshot(page, 'jweixin-missing')
})

test("a person's own browser shows the demo as well", async () => {
  const context = await browser.newContext({ viewport: { width: 900, height: 900 } })
  open.add(context)
  const page = await context.newPage()
  assert.equal(await visit(page, `${STACK}/demo/jssdk?client=ios`), 'config:ok')
  assert.equal(await page.textContent('#pretended'), `${HOME}?client=ios`)
  assert.equal(result(await press(page, 'choose-card')).length, 1)
  await screenshot(page, 'desktop')
})

test('outside WeChat the module says so', async () => {
  const page = await client('android')
  await page.route('**/demo/bridge.js', (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: `window.module = { exports: {} };
      Object.defineProperty(navigator, "userAgent", { value: "Mozilla/5.0 Chrome/126" });
      window.demo = { address: (href) => href, client: "none" };`,
    }),
  )
  assert.equal(await visit(page), 'not-in-wechat')
})

test('the script is jweixin as npm has it, and nothing was reported to WeChat', async () => {
  const page = await client('android')
  const reached = []
  const refused = []
  page.on('response', (response) => reached.push(new URL(response.url()).host))
  page.on('requestfailed', (request) => refused.push(request.failure().errorText))
  await visit(page)
  await page.waitForTimeout(300)
  const served = await (await fetch(`${STACK}/demo/jweixin.js`)).text()
  const path = new URL('node_modules/weixin-js-sdk/index.js', import.meta.url)
  assert.equal(served, await readFile(path, 'utf8'))
  assert.equal(await page.evaluate(() => typeof window.wx.onMenuShareTimeline), 'function')
  assert.deepEqual([...new Set(reached)], ['h5.example.com'])
  // By the page's own policy, and not for want of a network.
  assert.deepEqual([...new Set(refused)], ['csp'])
})

test('all these pages needed one ticket of each type', async () => {
  const calls = await simulator('GET', '/journal?path=/cgi-bin/ticket/getticket')
  assert.equal(calls.length, 2)
})

// The last one: it moves WeChat's clock.
test('a stale ticket is an invalid signature, in words', async () => {
  await simulator('POST', '/clock', { advance_s: 7300 })
  const page = await client('android')
  assert.equal(await visit(page), 'config:invalid signature')
  assert.match(await page.textContent('#message'), /does not accept the signature.*jssdk\.diagnose/)
  assert.match(await causes(page), /^signature-correct .*WeChat replaced the ticket early/)
  await screenshot(page, 'stale-ticket')
})

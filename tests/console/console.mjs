// Drives the console in Chromium, as a newcomer would. Run by .ci/console, which starts a bundle.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { close, complaints, json, open, shots, step, url } from './browser.mjs'

const version = async (appid, kind) => (await json('/console/credentials')).find((one) => one.appid === appid && one.kind === kind).version
const document = await json('/openapi.json')
const operations = Object.values(document.paths)
  .flatMap((item) => Object.values(item))
  .filter(({ operationId }) => operationId)
const ids = operations.map(({ operationId }) => operationId)

try {
  step('every operation of the document is listed, once')
  const page = await open()
  const listed = await page
    .locator('.sidebar .groups a')
    .evaluateAll((links) => links.map((link) => decodeURIComponent(link.hash.replace('#/operations/', ''))))
  assert.deepEqual([...listed].sort(), ids.filter((id) => !(id.endsWith('.get') && ids.includes(id.slice(0, -4)))).sort())

  step('a demo user logs in with one click')
  await page.click('.steps button.login')
  await page.waitForSelector('#session summary:has-text("alice")')
  await page.waitForSelector('.steps li.done:first-child')

  step('the session token is copied')
  await page.click('#session summary')
  await page.click('#session .sessions button:has-text("Copy the session token")')
  await page.waitForSelector('#session .sessions button:has-text("Copied")')
  const [[, alice]] = await page.evaluate(() => JSON.parse(localStorage.getItem('sessions')))
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), alice.token)
  await page.click('#session summary')

  step("a code of WeChat's, a path and Chinese words find operations")
  const find = async (words) => {
    await page.fill('#find', words)
    return page.locator('.sidebar .groups a').evaluateAll((links) => links.map((link) => link.hash.replace('#/operations/', '')))
  }
  await page.focus('#find')
  await page.evaluate(async () => (await import('/console/surface.js')).inventory())
  const limited = await find('45009')
  const listing = operations
    .filter((one) => one['x-refusals']?.some(({ errcode }) => errcode === 45009))
    .map(({ operationId }) => operationId)
  assert.ok(listing.length > 0)
  assert.deepEqual(limited.sort(), listing.filter((id) => listed.includes(id)).sort())
  assert.match(await page.textContent('.sidebar .meaning'), /limit/)
  assert.match(await page.textContent('.sidebar .meaning.everywhere'), /quota-exceeded/)
  assert.ok((await find('/wxa/msg_sec_check')).includes('security.msgSecCheck'))
  assert.ok((await find('小程序码')).includes('wxacode.getUnlimited'))
  await page.fill('#find', '')

  step('a link to what is not there says so, and names what comes near')
  await page.goto(`${url}/#/operations/wxacode.getNothing`)
  await page.waitForSelector('#lost h1:has-text("wxacode.getNothing")')
  assert.ok(await page.locator('#lost a[href="#/operations/wxacode.get"]').count())
  await page.goto(`${url}/#/nowhere/%`)
  await page.waitForSelector('#lost')

  step('an operation is found by the keyboard alone, run, and answered')
  const image = ids.includes('wxacode.getUnlimited')
  const operation = image ? 'wxacode.getUnlimited' : 'jssdk.config'
  await page.keyboard.press('/')
  await page.keyboard.type(operation)
  await page.keyboard.press('Enter')
  await page.waitForSelector(`h1:has-text("${operation}")`)
  await page.focus('form .field :is(input, textarea)')
  await page.keyboard.press('Control+Enter')
  await page.waitForSelector('.status b.good')
  if (image) {
    const picture = page.locator('.answer img')
    await picture.waitFor()
    // A color may be typed as it is.
    await page.click('form details.more summary')
    await page.fill('#input-line_color', '#ff8000')
    assert.match(await page.textContent('.snippet pre'), /line_color: '#ff8000'/)
    await page.fill('#input-line_color', '')
    assert.equal(await picture.evaluate((img) => img.decode().then(() => img.naturalWidth)), 430, 'the code is shown as an image')
  }
  for (const tab of ['client', 'wx.request', 'fetch', 'curl', 'aws lambda invoke', 'boto3', 'AWS SDK (Node)']) {
    await page.click(`[role=tab]:has-text("${tab}")`)
    assert.ok((await page.textContent('.snippet pre')).length > 40, tab)
  }

  step('runs are kept over a reload, without secrets, and run again')
  await page.reload()
  await page.click(`.history li button:has-text("${operation}") >> nth=0`)
  await page.waitForSelector('.history li')
  assert.equal(await page.locator('.history li').count(), 1)

  step('who edits JSON goes on editing JSON')
  await page.click('#as-json')
  await page.fill('#raw', '{"url":"https://example.com/raw"}')
  await page.goto(`${url}/#/operations/jssdk.config`)
  await page.waitForSelector('h1:has-text("jssdk.config")')
  await page.reload()
  await page.waitForSelector('#raw')
  await page.click('#as-json')
  await page.waitForSelector('#input-url')

  step('a problem names the input at fault and what to do')
  await page.goto(`${url}/#/operations/jssdk.config`)
  await page.waitForSelector('h1:has-text("jssdk.config")')
  await page.fill('#input-url', 'https://elsewhere.example.org/')
  await page.click('#run')
  await page.waitForSelector('.problem')
  assert.match(await page.textContent('.problem'), /forbidden.*JSSDK_ALLOWED_HOSTS/s)
  assert.equal(await page.locator('.field.at-fault').getAttribute('data-field'), 'url')
  await page.screenshot({ path: join(shots, 'problem-1280-light.png'), fullPage: true })

  step('an operation for services runs through the Invoke API')
  await page.goto(`${url}/#/operations/auth.getAccessToken`)
  await page.waitForSelector('h1:has-text("auth.getAccessToken")')
  await page.click('#run')
  await page.waitForSelector('.answer .key:has-text("access_token")')
  assert.deepEqual(await page.locator('[role=tab]').allTextContents(), ['aws lambda invoke', 'boto3', 'AWS SDK (Node)'])
  const wrong = await page.locator('.problems code').allTextContents()
  assert.ok(wrong.includes('credential-unavailable') && !wrong.includes('unsupported-media-type'), wrong.join())
  const given = await page.textContent('.answer pre')
  const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]))
  assert.ok(!kept.includes(JSON.parse(given).access_token), 'no token is kept')
  await page.click('.history button:has-text("Clear")')
  assert.equal(await page.locator('.history').count(), 0)

  step('a token is invalidated, an operation recovers, the board and the journal tell')
  const mini = 'wx1111111111111111'
  const before = await version(mini, 'access_token')
  await page.goto(`${url}/#/credentials`)
  const row = page.locator(`[data-credential="${mini} access_token"]`)
  await row.waitFor()
  const values = await page.evaluate(() => fetch('/console/credentials').then((response) => response.text()))
  const token = await (await fetch(`${url}/2015-03-31/functions/auth-getaccesstoken/invocations`, { method: 'POST', body: '{}' })).json()
  assert.ok(!values.includes(token.access_token), 'the board shows no value')
  await fetch(`${url}/console/wechat/journal`, { method: 'DELETE' })
  await row.locator('button.invalidate').click()
  await page.waitForSelector('.note:has-text("Voided")')
  await page.goto(`${url}/#/operations/auth.checkSession`)
  await page.waitForSelector('h1:has-text("auth.checkSession")')
  await page.click('#run')
  await page.waitForSelector('.status b.good')
  await page.goto(`${url}/#/credentials`)
  await page.waitForSelector(`[data-credential="${mini} access_token"] .version:has-text("version ${before + 1}")`)
  await page.waitForSelector(`[data-credential="${mini} access_token"] .pill.good`)
  await page.goto(`${url}/#/wechat`)
  await page.fill('#journal-filter', 'token')
  await page.waitForSelector('.journal .call[data-path="/cgi-bin/stable_token"]')
  const fetches = (await json('/console/wechat/journal?path=/cgi-bin/')).filter(({ path, appid }) => /token$/.test(path) && appid === mini)
  assert.equal(fetches.length, 1, 'one fetch')
  assert.equal(await page.locator(`.journal .call[data-path="/cgi-bin/stable_token"]:has-text("${mini}")`).count(), 1)
  await page.click('.journal .call summary')
  await page.waitForSelector('.journal .both')
  assert.ok(!(await page.textContent('.journal')).includes(`secret-of-${mini}`), 'the app secret is not shown')

  step('trouble is made and ended, and the clock moved')
  await page.fill('.grid input[name=path]', '/wxa/checksession')
  await page.fill('.grid input[name=times]', '1')
  await page.click('.grid button.primary')
  await page.waitForSelector('.faults li:has-text("45009")')
  await page.fill('#journal-filter', '')
  await page.screenshot({ path: join(shots, 'wechat-1280-light.png') })
  await page.click('.faults button')
  await page.waitForSelector('.faults li:has-text("No trouble")')
  const clock = (await json('/console/state')).now_ms
  await page.click('button:has-text("+5 min")')
  await page.waitForFunction(
    (then) =>
      fetch('/console/state')
        .then((r) => r.json())
        .then(({ now_ms }) => now_ms - then >= 300_000),
    clock,
  )

  step('a user writes, the event is on the bus, and is redelivered with the same id')
  await page.goto(`${url}/#/events`)
  await page.fill('#as-user input[name=content]', 'Where is my parcel?')
  await page.click('#as-user button')
  await page.waitForSelector('.pill.good:has-text("taken")')
  await page.waitForSelector('.event[data-type="message.text"]')
  await page.fill('#event-filter', 'parcel')
  await page.click('.event summary')
  await page.click('.redeliver')
  await page.waitForFunction(() => globalThis.document.querySelectorAll('.event').length === 2)
  const written = (await json('/console/events')).filter(({ event }) => JSON.stringify(event).includes('parcel'))
  assert.equal(new Set(written.map(({ event }) => event.detail.id)).size, 1)
  for (const [mode, format] of [
    ['plain', 'xml'],
    ['compatible', 'json'],
    ['safe', 'xml'],
  ]) {
    await page.selectOption('#any-sample select[name=mode]', mode)
    await page.selectOption('#any-sample select[name=format]', format)
    const last = (await json('/console/wechat/push')).at(-1).id
    await page.click('#any-sample button')
    await page.waitForSelector(`#any-sample p:has-text("${last + 1}") .pill:not(.warn)`)
    // The app is configured as safe: what is not encrypted as well is refused.
    assert.equal(await page.textContent('#any-sample .pill'), mode === 'plain' ? 'given up' : 'taken', mode)
  }

  step('the path of api.call is completed, and says whether it is enabled')
  await page.goto(`${url}/#/operations/api.call`)
  await page.waitForSelector('.field[data-field=path] .pill.good')
  await page.fill('#input-path', '/cgi-bin/menu/create')
  await page.waitForSelector('.field[data-field=path] .pill.warn')
  assert.match(await page.textContent('.field[data-field=path] .about[role=status]'), /area menu.*API_CALL_ALLOW/)
  assert.ok((await page.locator('#surface option').count()) > 1000)

  step('the board says what is left of a quota')
  await page.goto(`${url}/#/credentials`)
  await page.click('.quota button')
  await page.waitForSelector('.quota b')

  step('a product is bought, paid, told and refunded, and the orders show it')
  await page.goto(`${url}/#/shop`)
  await page.click('button[data-product=box]')
  await page.click('.order button.pays')
  await page.waitForSelector('.told .pill[data-state=paid]')
  await page.screenshot({ path: join(shots, 'shop-1280-light.png'), fullPage: true })
  await page.click('.order button.refund')
  await page.waitForSelector('.told .pill[data-state=processing]')
  await page.selectOption('#channel', 'native')
  await page.click('button[data-product=sticker]')
  const drawn = page.locator('.order img.code')
  await drawn.waitFor()
  assert.match(await drawn.getAttribute('alt'), /^weixin:/)
  await page.screenshot({ path: join(shots, 'shop-code-1280-light.png'), fullPage: true })
  await page.click('.order button.pays_twice')
  await page.waitForSelector('.told .pill[data-state=paid]')
  await page.goto(`${url}/#/orders`)
  await page.waitForSelector('.orders details.box')
  assert.equal(await page.locator('.orders details.box').count(), 2)
  await page.click('.orders details.box >> nth=1 >> summary')
  await page.waitForSelector('.orders details[open] [data-event="pay.paid"]')
  await page.click('button.primary:has-text("Reconcile now")')
  await page.waitForSelector('.note:has-text("Looked at")')
  await page.screenshot({ path: join(shots, 'orders-1280-light.png'), fullPage: true })
  assert.ok(!(await page.textContent('.orders')).includes('oalice'), 'nobody is named')

  step('every form runs as it is')
  // Without the drafts of the steps before.
  await page.reload()
  await page.waitForSelector('main h1')
  await page.evaluate(async () => {
    const { logIn, loginApps } = await import('/console/backend.js')
    for (const app of loginApps()) await logIn(app)
  })
  // The one that logs the user out comes last.
  const runnable = [...listed].sort((one, other) => Number(one === 'auth.logout') - Number(other === 'auth.logout'))
  for (const id of runnable) {
    const { raw, gifted } = await page.evaluate(async (name) => {
      const [{ bundle }, { gift }] = await Promise.all([import('/console/backend.js'), import('/console/phone.js')])
      const found = bundle.groups.flatMap(({ operations }) => operations).find((one) => one.id === name)
      return { raw: found.raw, gifted: Boolean(gift(found)) }
    }, id)
    if (raw) continue
    await page.goto(`${url}/#/operations/${id}`)
    await page.waitForSelector(`article${gifted ? '[data-complete]' : ''} h1:text-is("${id}")`)
    const below = await page.locator('#run').evaluate((button) => button.getBoundingClientRect().bottom - innerHeight)
    assert.ok(below <= 0, `${id}: the run button is ${below} px out of sight`)
    await page.click('#run')
    await page.waitForSelector('.status b')
    assert.match(await page.textContent('.status b'), /^[23]\d\d$/, `${id}: ${await page.textContent('.answer')}`)
  }
  step('the page speaks Chinese')
  await page.selectOption('header .tools > select', 'zh-CN')
  await page.waitForSelector('nav a:has-text("接口")')
  const untranslated = await page.evaluate(async () => {
    const { say, tell, choose } = await import('/console/words.js')
    const { bundle } = await import('/console/backend.js')
    choose('zh-CN')
    const operations = bundle.groups.flatMap(({ operations }) => operations)
    const lacking = (things, name) =>
      things.filter((thing) => thing[name] && tell(thing, name) === thing[name]).map((thing) => `${thing.id ?? thing.name}: ${thing[name]}`)
    const described = [
      ...lacking(bundle.groups, 'description'),
      ...lacking(operations, 'summary'),
      ...lacking(operations, 'description'),
      ...lacking(
        operations.flatMap(({ fields }) => fields),
        'description',
      ),
      ...lacking(
        operations.flatMap(({ problems }) => problems),
        'title',
      ),
      ...lacking(
        operations.flatMap(({ refusals }) => refusals),
        'detail',
      ),
    ]
    const demo = new DOMParser().parseFromString(await (await fetch('/demo/jssdk')).text(), 'text/html')
    const labels = [...demo.querySelectorAll('[data-say]')].map(({ textContent }) => textContent)
    const texts = await Promise.all(
      ['app', 'operations', 'credentials', 'events', 'orders', 'phone', 'shop', 'surface', 'wechat'].map((name) =>
        fetch(`/console/${name}.js`).then((response) => response.text()),
      ),
    )
    const phrases = texts.join('\n').matchAll(/say\('((?:[^'\\]|\\.)+)'/g)
    // Chinese has punctuation of its own, as wide as its characters.
    const narrow = (text) => /[\u4e00-\u9fff}][,;:!?]|[,;:!?][\u4e00-\u9fff{]/.test(text)
    return [...new Set([...[...phrases].map(([, phrase]) => phrase), ...labels])]
      .filter((phrase) => say(phrase) === phrase || narrow(say(phrase)))
      .concat(described)
  })
  assert.deepEqual(untranslated, [], 'phrases without Chinese')
  await page.goto(`${url}/#/operations/jssdk.config`)
  await page.waitForSelector('h1:has-text("jssdk.config")')
  await page.fill('#input-url', 'https://elsewhere.example.org/')
  await page.click('#run')
  await page.waitForSelector('.problem:has-text("此处不为该域名的页面签名")')
  await page.close()

  step('a page from elsewhere may neither read nor move anything')
  for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    assert.equal((await fetch(`${url}/console/credentials`, { headers })).status, 403)
    assert.equal((await fetch(`${url}/console/clock`, { method: 'POST', headers, body: '{"advance_s":1}' })).status, 403)
    assert.equal(
      (await fetch(`${url}/2015-03-31/functions/auth-getaccesstoken/invocations`, { method: 'POST', headers, body: '{}' })).status,
      403,
    )
  }

  assert.deepEqual(complaints, [], 'the browser complained')
} finally {
  await close()
}

// Looks at every view of the console, in both languages, both schemes, on a desk and on a phone: a
// picture of each for people, nothing wider than the window, and nothing that axe finds wanting.
//
// It takes four of the eight ways, so that every two choices meet; with TOUR=all it takes all. With
// names of views as arguments it looks at those alone. CONSOLE_URL is a bundle, SCREENSHOTS a
// directory, MODULES where .ci/console has installed its modules.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { close, complaints, json, module, open, shots, step, url } from './browser.mjs'

const axe = await readFile(module.resolve('axe-core/axe.min.js'), 'utf8')

/** By name: where a view is, and what is done before it is looked at. */
const VIEWS = {
  welcome: ['/'],
  menu: [
    '/',
    async (page, { width }) => {
      await page.click('#session summary')
      const { left, right } = await page.locator('#session .panel').evaluate((panel) => panel.getBoundingClientRect())
      assert.ok(left >= 0 && right <= width, `the menu is cut off at ${width} px`)
    },
  ],
  search: [
    '/',
    async (page) => {
      await page.keyboard.press('/')
      await page.fill('#find', '45009')
      await page.waitForSelector('.sidebar .meaning')
    },
  ],
  operation: [
    '/#/operations/wxacode.getUnlimited',
    async (page, { width, height }) => {
      await page.click('#run')
      await page.waitForSelector('.answer img')
      const { top } = await page.locator('#answer').evaluate((heading) => heading.getBoundingClientRect())
      assert.ok(top >= 0 && top < height / 2, `the answer is ${top} px down at ${width} px`)
    },
  ],
  problem: [
    '/#/operations/security.imgSecCheck',
    async (page) => {
      await page.fill('#input-base64', 'bm8gcGljdHVyZQ==')
      await page.click('#run')
      await page.waitForSelector('.problem')
    },
  ],
  service: ['/#/operations/auth.getTicket', (page) => page.waitForSelector('.problems li')],
  credentials: ['/#/credentials', (page) => page.waitForSelector('.credential')],
  events: ['/#/events', (page) => page.waitForSelector('.event')],
  wechat: [
    '/#/wechat',
    async (page) => {
      await page.click('.journal .call summary')
      await page.waitForSelector('.both')
    },
  ],
  shop: ['/#/shop', (page) => page.waitForSelector('button[data-product]')],
  orders: [
    '/#/orders',
    async (page) => {
      await page.click('.orders details.box summary')
      await page.waitForSelector('.orders details[open] dl')
    },
  ],
  demo: ['/demo/jssdk', (page) => page.waitForSelector('#status:not([data-state=working])')],
}
const LANGUAGES = ['en', 'zh-CN']
const SIZES = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
]
const SCHEMES = ['light', 'dark']

/** A user who is logged in, wrote a message and bought something, so that every view shows something. */
async function prepare() {
  const page = await open()
  await page.evaluate(async () => {
    const { bundle, logIn, loginApps, post } = await import('/console/backend.js')
    for (const app of loginApps()) await logIn(app)
    const { appid } = bundle.state.apps.find(({ kind }) => kind === 'mini_program')
    await post('/console/wechat/people', { appid, user: 'alice', act: 'write', content: '你好' })
    sessionStorage.clear()
  })
  await page.goto(`${url}/#/shop`)
  await page.click('button[data-product]')
  await page.click('.order button.pays')
  await page.waitForSelector('.told .pill[data-state=paid]')
  await page.close()
  while ((await json('/console/events')).length === 0) await new Promise((resolve) => setTimeout(resolve, 100))
}

async function look(name, language, size, colorScheme) {
  const [path, act] = VIEWS[name]
  const place = `${name} ${language} ${size.width} ${colorScheme}`
  const page = await open(path, { ...size, colorScheme, language })
  await act?.(page, size)
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(overflow <= 0, `${place} is ${overflow} px too wide`)
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  await page.screenshot({ path: join(shots, `${name}-${language}-${size.width}-${colorScheme}.png`) })
  await page.close()
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, any }) => `${place}: ${id}: ${help}: ${target.join(' ')} ${any[0]?.message ?? ''}`),
  )
}

try {
  step('every view, in both languages and schemes, wide and narrow')
  await prepare()
  const wanting = []
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(VIEWS)
  for (const name of names) {
    for (const [first, language] of LANGUAGES.entries()) {
      const ways = SIZES.flatMap((size, second) =>
        SCHEMES.filter((_, third) => process.env.TOUR === 'all' || (first + second + third) % 2 === 0).map((scheme) =>
          look(name, language, size, scheme),
        ),
      )
      wanting.push(...(await Promise.all(ways)).flat())
    }
  }
  assert.deepEqual(wanting, [], 'axe finds this wanting')
  assert.deepEqual(complaints, [], 'the browser complained')
} finally {
  await close()
}

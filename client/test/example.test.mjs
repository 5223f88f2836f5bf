// The mini program of examples/miniprogram: its pages rendered and tapped, against a running bundle.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, afterEach, before, test } from 'node:test'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { JSDOM } from 'jsdom'

import { standIn, start } from './bundle.mjs'
import { scratch } from './scratch.mjs'

const EXAMPLE = fileURLToPath(new URL('../examples/miniprogram', import.meta.url))
const require = createRequire(import.meta.url)

let bundle
let project
let simulate
before(async () => {
  ;[bundle, project] = await Promise.all([start(), scratch(EXAMPLE)])
  await bundle.sell({ product: 'tea', description: '龙井茶 50g', amount: 8800 })
  const config = join(project.directory, 'config.js')
  const text = await readFile(config, 'utf8')
  await writeFile(config, text.replace('http://127.0.0.1:9000', bundle.url).replace('http://127.0.0.1:9001/_simulator', bundle.controls))

  const { window } = new JSDOM('<body></body>')
  Object.assign(globalThis, { window, document: window.document, Event: window.Event, CustomEvent: window.CustomEvent })
  // What the developer tools have, where the app is a guest without codes of its own.
  globalThis.wx = {
    ...standIn(bundle),
    login: ({ success }) => success({ code: 'the code is a mock one' }),
    requestPayment: ({ complete }) => complete({ errMsg: 'requestPayment:fail no permission' }),
    requestSubscribeMessage: () => Promise.reject({ errMsg: 'requestSubscribeMessage:fail no permission' }),
    arrayBufferToBase64: (bytes) => Buffer.from(bytes).toString('base64'),
  }
  simulate = require('miniprogram-simulate')
  globalThis.App = (app) => (globalThis.getApp = () => app)
  // A page is a component whose functions are its methods.
  globalThis.Page = ({ data, ...methods }) => Component({ data, methods })
  require(join(project.directory, 'app.js'))
})
after(() => Promise.all([bundle.stop(), project.remove()]))

let shown
afterEach(() => shown?.detach())

/** Opens a page, as the user sees it. */
function open(name) {
  shown = simulate.render(simulate.load(join(project.directory, 'pages', name, name), { rootPath: project.directory }))
  const body = document.createElement('div')
  document.body.append(body)
  shown.attach(body)
  return {
    text: () => body.textContent.replace(/\s+/g, ' ').trim(),
    find: (selector) => shown.querySelector(selector),
    image: () => shown.data.image,
    /** Does something to an element, and waits until the page has done its part. */
    async act(selector, event = 'tap', detail = {}) {
      const element = shown.querySelector(selector)
      assert.ok(element, `${name} has no ${selector}`)
      // j-component passes events on in its own time; the page is busy from then on.
      const settled = new Promise((resolve) => {
        const { instance } = shown
        const { setData } = instance
        instance.setData = function (data) {
          setData.call(instance, data)
          if (data.busy === false || data.scene !== undefined) {
            instance.setData = setData
            resolve()
          }
        }
      })
      element.dispatchEvent(event, { detail })
      await settled
    },
  }
}

test('every page of app.json is there', async () => {
  const { pages } = JSON.parse(await readFile(join(EXAMPLE, 'app.json'), 'utf8'))
  for (const page of pages) assert.ok(open(page.split('/')[1]).text().length > 10, page)
})

test('log in', async () => {
  const page = open('index')
  await page.act('.login')
  assert.match(page.text(), /已登录，openid 为 \S{28}/)
})

test('the phone number, with consent and without', async () => {
  const page = open('phone')
  await page.act('.phone', 'getphonenumber', { errMsg: 'getPhoneNumber:fail no permission' })
  assert.match(page.text(), /1\d{10}/)
})

test('a mini-program code of what is typed', async () => {
  const page = open('code')
  await page.act('.field', 'input', { value: 'id=42' })
  await page.act('.draw')
  const image = Buffer.from(page.image().replace(/^.*,/, ''), 'base64')
  assert.match(image.toString('latin1', 0, 8), /PNG|\xff\xd8/)
  assert.ok(page.find('.code'))

  await page.act('.field', 'input', { value: '中文' })
  await page.act('.draw')
  assert.match(page.text(), /参数无效/)
})

test('subscribe, and be told', async () => {
  const page = open('subscribe')
  await page.act('.subscribe')
  assert.match(page.text(), /已发送一条发货通知/)
})

test('buy, or do not', async () => {
  const page = open('buy')
  await page.act('.buy')
  assert.match(page.text(), /已支付：¥88\.00/)
  await bundle.cashier({ does: 'cancels' })
  await page.act('.buy')
  assert.match(page.text(), /未支付：¥88\.00/)
})

test('a picture is checked before it is shown to others', async () => {
  const picture = join(project.directory, 'picture.png')
  await writeFile(picture, Buffer.from(PIXEL, 'base64'))
  wx.chooseMedia = async () => ({ tempFiles: [{ tempFilePath: picture }] })
  const page = open('picture')
  await page.act('.choose')
  assert.match(page.text(), /可以发布/)

  wx.chooseMedia = () => Promise.reject({ errMsg: 'chooseMedia:fail cancel' })
  await page.act('.choose')
  assert.match(page.text(), /chooseMedia:fail cancel/)
})

test('a network that fails is told in words', async () => {
  const { request } = wx
  wx.request = ({ fail }) => fail({ errMsg: 'request:fail' })
  const page = open('buy')
  await page.act('.buy')
  wx.request = request
  assert.match(page.text(), /网络不通，请稍后再试/)
})

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

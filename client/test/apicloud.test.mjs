// The shim for APICloud's modules, with the calls of their documents, against a running bundle.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { createContext, runInContext } from 'node:vm'

import { start } from './bundle.mjs'

const APPID = 'wx3333333333333333'
const shim = await readFile(new URL('../apicloud/wechat.js', import.meta.url), 'utf8')

let bundle
before(async () => (bundle = await start()))
after(() => bundle.stop())

/** An app: `api` as APICloud has it, native modules that write down their calls, and the shim. */
function app({ base = bundle.url, modules = ['wx', 'wxPlus'], meddle = (options) => options } = {}) {
  const calls = []
  const requests = []
  const record = (method) => (params, callback) => {
    calls.push([method, params])
    const told = typeof params === 'function' ? params : callback
    told?.({ status: true, native: method })
  }
  const methods = [
    'isInstalled',
    'auth',
    'getToken',
    'getUserInfo',
    'refreshToken',
    'shareText',
    'shareProgram',
    'launchMiniProgram',
    'openCustomerService',
    'subscribeMsg',
    'shareMutableImg',
  ]
  const native = Object.fromEntries(methods.map((method) => [method, record(method)]))
  const api = {
    require: (name) => (modules.includes(name) ? native : name === 'db' ? { db: true } : undefined),
    // Its errors have the answer's text in `body`.
    ajax: async (given, callback) => {
      const { url, method, headers, data } = meddle(given)
      requests.push(given)
      try {
        const response = await fetch(url, { method: method.toUpperCase(), headers, body: data?.body })
        const body = await response.text()
        if (response.ok) callback(JSON.parse(body))
        else callback(undefined, { statusCode: response.status, code: 0, msg: '', body })
      } catch (error) {
        callback(undefined, { statusCode: 0, code: 0, msg: error.message })
      }
    },
  }
  const context = createContext({ api, setTimeout })
  runInContext(shim, context)
  context.installWechat(base, APPID)
  /** Calls a method of a module; answers `[ret, err]`. */
  const call = (name, method, params) =>
    new Promise((resolve) => {
      const callback = (...given) => resolve(JSON.parse(JSON.stringify(given)))
      const module = api.require(name)
      if (params === undefined) module[method](callback)
      else module[method](params, callback)
    })
  return { api, call, calls, requests }
}

const code = (user = 'alice') => bundle.code({ appid: APPID, user, scope: 'snsapi_userinfo' })

for (const module of ['wx', 'wxPlus']) {
  test(`${module}: a login, the profile, and a renewal`, async () => {
    const { call, calls, requests } = app()
    const [token] = await call(module, 'getToken', { apiKey: '', apiSecret: 'a354f72aa1b4c2b8eaad137ac81434cd', code: await code() })
    assert.equal(token.status, true)
    assert.ok(token.expires > 7100 && token.expires <= 7200)
    assert.match(token.accessToken, /^eyJ/)
    assert.doesNotMatch(JSON.stringify(requests), /a354f72a/, 'the secret stays on the phone')

    const { accessToken, openId, dynamicToken } = token
    const [user] = await call(module, 'getUserInfo', { accessToken, openId })
    assert.deepEqual([user.status, user.openid], [true, openId])
    assert.ok(user.nickname)

    const [renewed] = await call(module, 'refreshToken', { apiKey: '', dynamicToken })
    assert.deepEqual([renewed.status, renewed.openId], [true, openId])
    const [again] = await call(module, 'getUserInfo', { accessToken: renewed.accessToken, openId })
    assert.equal(again.status, true)
    assert.deepEqual(calls, [], 'nothing of it is the phone’s')
  })

  test(`${module}: failures have the numbers of the module`, async () => {
    const { call } = app()
    const number = async (method, params) => {
      const [ret, err] = await call(module, method, params)
      assert.equal(ret.status, false)
      assert.ok(err.msg)
      return err.code
    }
    assert.equal(await number('getToken', { apiKey: '', apiSecret: '', code: '12346857684' }), 3)
    assert.equal(await number('getToken', { apiKey: 'wx9999999999999999', apiSecret: '', code: '1' }), 1)
    assert.equal(await number('refreshToken', { apiKey: '', dynamicToken: '' }), 2)
    assert.equal(await number('refreshToken', { apiKey: '', dynamicToken: 'a'.repeat(43) }), 3)
    assert.equal(await number('getUserInfo', { accessToken: '', openId: '' }), 4)
    assert.equal(await number('getUserInfo', { accessToken: 'a.b.c', openId: '' }), 5)

    const [{ accessToken }] = await call(module, 'getToken', { code: await code() })
    const [{ openId }] = await call(module, 'getToken', { code: await code('bob') })
    assert.equal(await number('getUserInfo', { accessToken, openId }), 2)
  })
}

test('an expired session has its number, and is renewed', async () => {
  const { call } = app()
  const [{ accessToken, openId, dynamicToken }] = await call('wxPlus', 'getToken', { code: await code('carol') })
  await bundle.advance(7201)
  const [, err] = await call('wxPlus', 'getUserInfo', { accessToken, openId })
  assert.equal(err.code, 1)
  const [renewed] = await call('wxPlus', 'refreshToken', { apiKey: '', dynamicToken })
  const [user] = await call('wxPlus', 'getUserInfo', { accessToken: renewed.accessToken, openId })
  assert.equal(user.openid, openId)
})

test('a network that does not answer has its numbers', async () => {
  const { call } = app({ base: 'http://127.0.0.1:1' })
  for (const [method, expected] of [
    ['getToken', 4],
    ['refreshToken', 4],
    ['getUserInfo', 6],
  ]) {
    const [ret, err] = await call('wxPlus', method, { code: '1' })
    assert.deepEqual([ret.status, err.code], [false, expected])
  }
})

test('what is shared is checked by the server, then done by the phone', async () => {
  const { call, calls, requests } = app()
  const text = { apiKey: '', scene: 'timeline', text: '我分享的文本' }
  // Nobody is logged in: the phone alone.
  assert.equal((await call('wxPlus', 'shareText', text))[0].native, 'shareText')
  assert.equal(requests.length, 0)
  await call('wxPlus', 'getToken', { code: await code() })

  await call('wxPlus', 'shareText', text)
  assert.deepEqual(JSON.parse(JSON.stringify(calls.at(-1))), ['shareText', { ...text, apiKey: APPID }])
  const program = {
    apiKey: '',
    scene: 'session',
    title: '测试标题',
    description: '分享内容的描述',
    thumb: 'widget://a.jpg',
    webpageUrl: 'http://apicloud.com',
    userName: '',
    path: '',
  }
  const [ret, err] = await call('wxPlus', 'shareProgram', program)
  assert.deepEqual([ret.status, err.code, calls.length], [false, -1, 2])
  await call('wxPlus', 'launchMiniProgram', { apiKey: '', miniProgramType: 'test', userName: 'gh_d43f693ca31f', path: '' })
  assert.equal(calls.at(-1)[1].apiKey, APPID)
  const [, refused] = await call('wxPlus', 'openCustomerService', { corpId: 2, url: ' ' })
  assert.equal(refused.code, -1)
  await call('wxPlus', 'subscribeMsg', { apiKey: '', scene: 2, templateId: '测试标题', reserved: '分享内容的描述' })
  assert.deepEqual([calls.at(-1)[0], calls.at(-1)[1].templateId], ['subscribeMsg', '测试标题'])
})

test('what is the phone’s goes to the phone, and other modules are left alone', async () => {
  const { api, call, calls } = app()
  assert.equal((await call('wxPlus', 'isInstalled'))[0].native, 'isInstalled')
  assert.equal((await call('wx', 'auth', { apiKey: '' }))[0].native, 'auth')
  const images = { description: 'weixin share image test description', imgs: ['widget://res/1.png'] }
  api.require('wxPlus').shareMutableImg(images)
  assert.deepEqual(
    calls.map(([method]) => method),
    ['isInstalled', 'auth', 'shareMutableImg'],
  )
  assert.deepEqual(api.require('db'), { db: true })
})

test('where the native module is missing, the server half works and the rest says so', async () => {
  const [, older] = await app().call('wxPlus', 'startWeiXinCard')
  assert.match(older.msg, /wxPlus has no startWeiXinCard/)

  const { call, api } = app({ modules: [] })
  assert.equal((await call('wxPlus', 'getToken', { code: await code('dave') }))[0].status, true)
  for (const [method, params] of [
    ['isInstalled'],
    ['auth', { apiKey: '' }],
    ['startWeiXinCard'],
    ['shareText', { scene: 'session', text: 'a' }],
  ]) {
    const [ret, err] = await call('wxPlus', method, params)
    assert.deepEqual([ret.status, err.code], [false, -1], method)
    assert.match(err.msg, new RegExp(`wxPlus has no ${method}.*原生模块`))
  }
  api.require('wxPlus').shareMutableImg({ imgs: [] })
})

test('a server that is soon ready is asked once more', async () => {
  let asked = 0
  const document = { type: 'in-progress', status: 503, detail: 'The same code is being exchanged.', retry_after: 1 }
  const { api, call } = app()
  const { ajax } = api
  api.ajax = (given, callback) => {
    asked += 1
    if (asked === 1) return callback(undefined, { statusCode: 503, body: JSON.stringify(document) })
    return ajax(given, callback)
  }
  assert.equal((await call('wxPlus', 'getToken', { code: await code('erin') }))[0].status, true)
  assert.equal(asked, 2)
})

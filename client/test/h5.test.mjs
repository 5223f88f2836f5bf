// The browser half of the JS-SDK, with a stand-in for WeChat's client.

import assert from 'node:assert/strict'
import { test } from 'node:test'

const answers = {}
const given = {}
const page = 'https://h5.example.com/shop'
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
define('location', { href: page })
define('navigator', { userAgent: 'Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.49' })
define('history', { pushState() {}, replaceState() {} })
define('addEventListener', () => {})
define('document', { addEventListener() {} })
const bridge = { invoke: (_name, _given, callback) => callback({ errMsg: 'config:ok' }) }
const wx = new Proxy(
  {
    config: () => bridge.invoke('preVerifyJSAPI', {}, () => {}),
    error: () => {},
    ready: () => {},
  },
  {
    get: (own, api) =>
      own[api] ??
      (api in answers
        ? (parameters) => {
            given[api] = parameters
            answers[api]?.(parameters)
          }
        : undefined),
  },
)
define('window', { WeixinJSBridge: bridge, wx })

const { createJssdk, JssdkError } = await import('../h5/jssdk.js')

const signed = { appId: 'wx2222222222222222', timestamp: 1, nonceStr: 'n', signature: 's' }
const jssdk = createJssdk({ fetch: async () => ({ ok: true, json: async () => signed }) })

test('the caller is told by promise and by callbacks of its own', async () => {
  const heard = []
  const own =
    (name) =>
    ({ errMsg }) =>
      heard.push(`${name} ${errMsg}`)
  answers.scanQRCode = ({ success, complete }) => {
    success({ errMsg: 'scanQRCode:ok', resultStr: '42' })
    complete({ errMsg: 'scanQRCode:ok' })
  }
  const parameters = { needResult: 0, scanType: ['qrCode', 'barCode'], success: own('success'), complete: own('complete') }

  const { resultStr } = await jssdk.call('scanQRCode', parameters)

  assert.equal(resultStr, '42')
  assert.deepEqual(heard, ['success scanQRCode:ok', 'complete scanQRCode:ok'])
  assert.deepEqual(given.scanQRCode.scanType, ['qrCode', 'barCode'])
  answers.scanQRCode = ({ cancel }) => cancel({ errMsg: 'scanQRCode:cancel' })
  await assert.rejects(jssdk.call('scanQRCode', { cancel: own('cancel') }), (error) => error.reason === 'canceled')
  assert.equal(heard.at(-1), 'cancel scanQRCode:cancel')
})

test('a callback that throws leaves the promise settled', async () => {
  answers.getNetworkType = ({ success }) => {
    assert.throws(() => success({ errMsg: 'getNetworkType:ok', networkType: 'wifi' }), /mine/)
  }
  const thrown = () => {
    throw new Error('mine')
  }
  assert.equal((await jssdk.call('getNetworkType', { success: thrown })).networkType, 'wifi')
})

test('an event is subscribed to, and tells every time', async () => {
  for (const api of [
    'onVoiceRecordEnd',
    'onVoicePlayEnd',
    'onSearchBeacons',
    'onMenuShareTimeline',
    'onMenuShareAppMessage',
    'onMenuShareQQ',
    'onMenuShareWeibo',
    'onMenuShareQZone',
  ]) {
    answers[api] = null
    const heard = []
    const tell = (answer) => heard.push(answer.localId)
    assert.equal(await jssdk.call(api, { title: '', success: tell, complete: tell }), undefined)
    given[api].success({ errMsg: `${api}:ok`, localId: '1' })
    given[api].complete({ errMsg: `${api}:ok`, localId: '2' })
    assert.deepEqual(heard, ['1', '2'], api)
  }
})

test('the items of the menu are checked before WeChat passes over them', async () => {
  answers.hideMenuItems = answers.showMenuItems = ({ success }) => success({ errMsg: 'ok' })
  const items = ['menuItem:share:QZone', 'menuItem:openWithSafari', 'menuItem:share:brand']
  await jssdk.call('hideMenuItems', { menuList: items })
  await jssdk.call('hideMenuItems', { menuList: [] })
  await jssdk.call('showMenuItems', { menuList: ['menuItem:addContact'] })
  for (const menuList of [['menuItem:addContact'], ['menuItem:share:wechat'], ['share:qq']]) {
    await assert.rejects(jssdk.call('hideMenuItems', { menuList }), (error) => error instanceof JssdkError && error.reason === 'menu-item')
  }
})

test('the examples of the document that take no answer are passed on as they are', async () => {
  for (const [api, parameters] of Object.entries({
    updateAppMessageShareData: { title: '', desc: '', link: '', imgUrl: '' },
    updateTimelineShareData: { title: '', link: '', imgUrl: '' },
    chooseImage: { count: 1, sizeType: ['original', 'compressed'], sourceType: ['album', 'camera'] },
    previewImage: { current: '', urls: [] },
    uploadImage: { localId: '', isShowProgressTips: 1 },
    downloadImage: { serverId: '', isShowProgressTips: 1 },
    getLocalImgData: { localId: '', compressionRatio: 0.3 },
    startRecord: {},
    stopRecord: {},
    playVoice: { localId: '' },
    pauseVoice: { localId: '' },
    stopVoice: { localId: '' },
    uploadVoice: { localId: '', isShowProgressTips: 1 },
    downloadVoice: { serverId: '', isShowProgressTips: 1 },
    translateVoice: { localId: '', isShowProgressTips: 1 },
    openLocation: { latitude: 0, longitude: 0, name: '', address: '', scale: 1, infoUrl: '' },
    getLocation: { type: 'wgs84' },
    startSearchBeacons: { ticket: '' },
    stopSearchBeacons: {},
    closeWindow: {},
    hideAllNonBaseMenuItem: {},
    showAllNonBaseMenuItem: {},
    openCard: { cardList: [{ cardId: '', code: '' }] },
    openAddress: {},
    checkJsApi: { jsApiList: ['chooseImage'] },
  })) {
    answers[api] = ({ success }) => success({ errMsg: `${api}:ok` })
    assert.equal((await jssdk.call(api, parameters)).errMsg, `${api}:ok`)
    const { success, fail, cancel, ...passed } = given[api]
    assert.deepEqual(passed, parameters)
    assert.ok(success && fail && cancel)
  }
})

test('a server that is soon ready is asked once more, and no oftener', async () => {
  const busy = { ok: false, json: async () => ({ type: 'credential-unavailable', detail: 'Being renewed.', retry_after: 1 }) }
  const answers = [busy]
  const patient = createJssdk({ watch: false, fetch: async () => answers.shift() ?? { ok: true, json: async () => signed } })
  assert.equal((await patient.ready()).appId, signed.appId)

  answers.push(busy, busy)
  await assert.rejects(patient.configure(), { reason: 'credential-unavailable' })
  answers.push({ ok: false, json: async () => ({ type: 'quota-exceeded', detail: 'Tomorrow.', retry_after: 3600 }) })
  await assert.rejects(patient.configure(), { reason: 'quota-exceeded' })
})

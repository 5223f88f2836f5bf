// What only a phone, or somebody who used one, can give an operation: codes, encrypted data, ids.

import { appFor, bundle, loginApps, mintCode, post, sessionFor } from './backend.js'

const wechat = (control, input) => post(`/console/wechat/${control}`, input)

async function invoke(name, input) {
  const answer = await post(`/2015-03-31/functions/${name}/invocations`, input)
  if (answer.errorMessage) throw new Error(JSON.parse(answer.errorMessage).detail)
  return answer
}

/** An operation over HTTP as the person who is logged in; the answer, also where it is a problem. */
async function call(path, input, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  return (await fetch(path, { method: 'POST', headers, body: JSON.stringify(input) })).json()
}

/** So many digits by chance. */
const drawn = (count) => Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => byte % 10).join('')

const transaction = () => `42${drawn(26)}`

/** Somebody paid an order, which is to be shipped. */
async function paid({ appid, user }) {
  const transaction_id = transaction()
  await wechat('orders', { appid, user, transaction_id })
  return transaction_id
}

const shipping = async (who, example) => {
  const transaction_id = await paid(who)
  const { openid } = await wechat('codes', { appid: who.appid, user: who.user })
  return { ...example, order_key: { ...example.order_key, transaction_id }, payer: { openid } }
}

/** A product of the example, in the catalogue. */
const product = () => {
  const { example } = bundle.groups.flatMap(({ operations }) => operations).find(({ id }) => id === 'pay.putProduct')
  return invoke('pay-putproduct', example)
}

/** The number of an order that the user made. */
async function ordered({ session, appid, user }) {
  const { product: name } = await product()
  const { openid } = await wechat('codes', { appid, user })
  const { out_trade_no } = session
    ? await call('/pay/createOrder', { product: name }, session.token)
    : await invoke('pay-createorder', { product: name, appid, openid })
  return out_trade_no
}

/** The number of an order that the user paid, once the server knows. */
async function settled(who) {
  const out_trade_no = await ordered(who)
  await wechat('pay/cashier', { out_trade_no })
  const { openid } = await wechat('codes', { appid: who.appid, user: who.user })
  for (let time = 0; time < 10; time += 1) {
    const { state } = await invoke('pay-getorder', { out_trade_no, appid: who.appid, openid })
    if (state === 'paid') break
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return out_trade_no
}

const refunded = async (who) => {
  const out_trade_no = await settled(who)
  const out_refund_no = `R-${out_trade_no}`
  await invoke('pay-refund', { out_trade_no, out_refund_no, amount: 999 })
  return { out_refund_no }
}

/** A day in China whose bill is made at any hour of today, and somebody paid then. */
async function billed(who) {
  const out_trade_no = await settled(who)
  await wechat('pay/backdate', { out_trade_no, days: 2 })
  const { now_ms } = await (await fetch('/console/state')).json()
  return { date: new Date(now_ms + (8 - 48) * 3_600_000).toISOString().slice(0, 10) }
}

/** By operation: the field with the button, its label, and how all that is needed is had. */
const GIFTS = {
  'auth.code2Session': ['js_code', 'Get a login code', async ({ appid, user }) => ({ js_code: (await mintCode(appid, user)).code })],
  'oauth.getToken': ['code', 'Get a login code', async ({ appid, user }) => ({ code: (await mintCode(appid, user)).code })],
  'oauth.refreshToken': [
    'dynamicToken',
    'Log in anew',
    async ({ appid, user }) => {
      const { code } = await mintCode(appid, user)
      return { dynamicToken: (await call('/oauth/getToken', { code, appid })).dynamicToken }
    },
  ],
  'phonenumber.getPhoneNumber': ['code', 'Get a phone-number code', ({ appid, user }) => wechat('phone_codes', { appid, user })],
  'decrypt.getPhoneNumber': ['encryptedData', 'Get encrypted data', ({ appid, user }) => wechat('encrypted_data', { appid, user })],
  'decrypt.getUserData': ['encryptedData', 'Get encrypted data', ({ appid, user }) => wechat('encrypted_data', { appid, user })],
  'decrypt.getPayload': ['data', 'Get encrypted data', ({ appid, user }) => wechat('encrypted_payloads', { appid, user })],
  'livebroadcast.getReplay': [
    'room_id',
    'Open a live room',
    async ({ appid }) => ({ room_id: (await wechat('rooms', { appid })).room_ids[0] }),
  ],
  'security.getMediaCheck': [
    'trace_id',
    'Have a picture checked',
    async ({ session }) => {
      const { trace_id } = await call(
        '/security/mediaCheckAsync',
        { media_url: 'https://example.com/picture.jpg', media_type: 2, scene: 1 },
        session?.token,
      )
      return { trace_id }
    },
  ],
  'customerServiceMessage.send': [
    'touser',
    'Let the user write',
    async ({ appid, user }) => ({ touser: (await wechat('people', { appid, user, act: 'write', content: '你好' })).openid }),
  ],
  'customerServiceMessage.setTyping': [
    'touser',
    'Let the user write',
    async ({ appid, user }) => ({ touser: (await wechat('people', { appid, user, act: 'write', content: '你好' })).openid }),
  ],
  'openapi.getRidInfo': [
    'rid',
    'Make a call that fails',
    async () => ({ rid: (await call('/auth/code2Session', { js_code: `wrong${drawn(20)}` })).rid }),
  ],
  'pay.createOrder': ['product', 'Put it into the catalogue', async () => ({ product: (await product()).product })],
  'pay.getOrder': ['out_trade_no', 'Let the user order', async (who) => ({ out_trade_no: await ordered(who) })],
  'pay.closeOrder': ['out_trade_no', 'Let the user order', async (who) => ({ out_trade_no: await ordered(who) })],
  'pay.refund': [
    'out_trade_no',
    'Let the user pay',
    async (who) => settled(who).then((out_trade_no) => ({ out_trade_no, out_refund_no: `R-${out_trade_no}` })),
  ],
  'pay.getRefund': ['out_refund_no', 'Refund a paid order', refunded],
  'pay.downloadBill': ['date', 'Let somebody have paid two days ago', billed],
  'orderShipping.getOrder': ['transaction_id', 'Let the user pay', async (who) => ({ transaction_id: await paid(who) })],
  'orderShipping.uploadShippingInfo': ['order_key', 'Let the user pay', shipping],
  'orderShipping.notifyConfirmReceive': [
    'transaction_id',
    'Ship a paid order',
    async (who) => {
      const example = bundle.groups
        .flatMap(({ operations }) => operations)
        .find(({ id }) => id === 'orderShipping.uploadShippingInfo').example
      const shipped = await shipping(who, example)
      await invoke('ordershipping-uploadshippinginfo', shipped)
      const { now_ms } = (await (await fetch('/console/state')).json()).wechat
      return { transaction_id: shipped.order_key.transaction_id, received_time: Math.floor(now_ms / 1000) }
    },
  ],
}

/** What a phone gives an operation: `{ field, label, get }`; nothing at the real WeChat. */
export function gift(operation) {
  if (!bundle.state.wechat.simulated || !GIFTS[operation.id]) return undefined
  const [field, label, give] = GIFTS[operation.id]
  const get = () => {
    const session = sessionFor(operation)
    const appid = session?.appid ?? (appFor(operation, loginApps()) ?? appFor(operation)).appid
    return give({ appid, user: session?.user ?? 'alice', session }, operation.example)
  }
  return { field, label, get }
}

// Compiled, never run: what the types allow, and what they must not.

import { connect, Problem } from 'wechat-backend-client'
import { connect as connectPage } from 'wechat-backend-client/browser'
import { createJssdk } from 'wechat-backend-client/h5'
import { qrImage } from 'wechat-backend-client/qr'
import { connect as connectService, type Operations } from 'wechat-backend-client/service'

export async function allowed() {
  const backend = connect({ base: 'https://api.example.com' })
  const { openid }: { openid: string } = await backend.login()
  const { valid }: { valid: boolean } = await backend.call('auth.checkSession')
  const { signature } = await backend.call('jssdk.config', { url: 'https://example.com' })
  const page = connectPage({ urls: '{}' })
  await page.signIn('auth.code2Session', { js_code: openid })
  const jssdk = createJssdk({ jsApiList: ['scanQRCode', 'requestMerchantTransfer'] })
  const { resultStr }: { resultStr: string } = await jssdk.call('scanQRCode', {
    needResult: 1,
    success: (answer) => answer.resultStr.length,
  })
  await jssdk.call('onVoicePlayEnd', { success: ({ localId }) => localId.length })
  await jssdk.call('hideMenuItems', { menuList: ['menuItem:share:qq'] })
  await jssdk.call('closeWindow')
  const order = await backend.pay({ product: 'tea' })
  const { state }: { state: string } = await page.settled(order.out_trade_no)
  const image: string = qrImage('weixin://')
  const wechat = connectService({ stack: 'wechat' })
  const { access_token }: { access_token: string } = await wechat.call('auth.getAccessToken')
  const code: ArrayBuffer = await wechat.call('wxacode.getUnlimited', { scene: 'id=1', openid })
  const bill: ArrayBuffer = await wechat.call('pay.downloadBill', { date: '2026-11-25', type: 'trade' })
  const picture: ArrayBuffer | Operations['media.get']['output'] = await backend.call('media.get', { media_id: 'm' })
  return [state, valid, signature, resultStr, image, access_token, code, bill, picture, new Problem({}).retryAfter]
}

export async function refused() {
  // @ts-expect-error neither base nor urls
  const backend = connect({})
  // @ts-expect-error an input is missing
  await backend.call('jssdk.config')
  // @ts-expect-error an input of the wrong type
  await backend.call('jssdk.config', { url: 1 })
  // @ts-expect-error no such operation for a front end
  await backend.call('auth.getAccessToken')
  const wechat = connectService()
  // @ts-expect-error a service's input of the wrong type
  await wechat.call('pay.refund', { out_trade_no: 1 })
  // @ts-expect-error nobody acts for a user where there is no user
  await wechat.call('jssdk.config', { url: 'x', openid: 'o' })
  // @ts-expect-error a front end acts for its own user
  await backend.call('auth.checkSession', { openid: 'o' })
  const page = createJssdk()
  // @ts-expect-error a parameter of the wrong type
  await page.call('scanQRCode', { needResult: 'yes' })
  // @ts-expect-error parameters are missing
  await page.call('previewImage')
  // @ts-expect-error an item that cannot be hidden
  await page.call('hideMenuItems', { menuList: ['menuItem:addContact'] })
  // @ts-expect-error a result that the interface does not have
  const { localIds } = await page.call('scanQRCode')
  return localIds
}

// Compiled, never run: what the types allow, and what they must not.

import { connect, Problem } from '../miniprogram.js'
import { connect as connectPage } from '../browser.js'
import { createJssdk } from '../h5/jssdk.js'

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
  return [state, valid, signature, resultStr, new Problem().retryAfter]
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

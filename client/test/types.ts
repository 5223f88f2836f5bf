// Compiled, never run: what the types allow, and what they must not.

import { connect, Problem } from '../miniprogram.js'
import { connect as connectPage } from '../browser.js'

export async function allowed() {
  const backend = connect({ base: 'https://api.example.com' })
  const { openid }: { openid: string } = await backend.login()
  const { valid }: { valid: boolean } = await backend.call('auth.checkSession')
  const { signature } = await backend.call('jssdk.config', { url: 'https://example.com' })
  const page = connectPage({ urls: '{}' })
  await page.signIn('auth.code2Session', { js_code: openid })
  const order = await backend.pay({ product: 'tea' })
  const { state }: { state: string } = await page.settled(order.out_trade_no)
  return [state, valid, signature, new Problem().retryAfter]
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
}

// A shop: what a mini program or page shows its user, with the simulated cashier beside it.

import { qrImage } from '/client/qr.js'
import { bundle, explain, post, sessions } from './backend.js'
import { fill, h, json } from './elements.js'
import { say } from './words.js'

const PRODUCTS = [
  { product: 'tea', description: '龙井茶 50g', amount: 8_800 },
  { product: 'box', description: '季度蔬菜箱', amount: 4_999 },
  { product: 'sticker', description: '贴纸', amount: 1 },
]

const CHANNELS = [
  ['mini_program', 'mini program or page'],
  ['native', 'QR code'],
  ['h5', 'link in a browser'],
  ['app', 'app SDK'],
]

const ACTS = [
  ['pays', 'pays'],
  ['cancels', 'cancels'],
  ['fails', 'has too little money'],
  ['pays_twice', 'pays twice'],
]

export const yuan = (fen) => `¥${(fen / 100).toFixed(2)}`

export const invoke = async (name, input) => {
  const response = await fetch(`/2015-03-31/functions/${name}/invocations`, { method: 'POST', body: JSON.stringify(input) })
  const answer = await response.json()
  if (response.headers.has('x-amz-function-error')) throw new Error(JSON.parse(answer.errorMessage).detail)
  return answer
}

export const pill = (state) =>
  h(
    'span',
    {
      className: `pill ${['paid', 'success'].includes(state) ? 'good' : ['unknown', 'abnormal'].includes(state) ? 'bad' : ''}`,
      'data-state': state,
    },
    say(state ?? 'unknown'),
  )

export function show(main) {
  const note = h('p', { className: 'note', role: 'status' })
  const order = h('div', { className: 'order' })
  const channel = h(
    'select',
    { id: 'channel' },
    CHANNELS.map(([value, label]) => h('option', { value }, say(label))),
  )
  const act = async (work) => {
    try {
      fill(note)
      await work()
    } catch (error) {
      fill(note, h('span', { className: 'error' }, explain(error)))
    }
  }
  const buy = (product) =>
    act(async () => {
      await invoke('pay-putproduct', product)
      const made = await asUser('/pay/createOrder', {
        product: product.product,
        channel: channel.value,
        client_ip: channel.value === 'h5' ? '203.0.113.7' : undefined,
      })
      bought(order, made, act)
    })
  fill(
    main,
    h(
      'div',
      { className: 'wide' },
      h('h1', {}, say('Shop demo')),
      h('p', { className: 'lead' }, say('A user orders a product, pays in the simulated cashier, and the server tells what became of it.')),
      h('label', { for: 'channel' }, say('How the user pays'), ' ', channel),
      h(
        'div',
        { className: 'columns products' },
        PRODUCTS.map((product) =>
          h(
            'section',
            { className: 'box' },
            h('h2', { lang: 'zh-CN' }, product.description),
            h('p', { className: 'time' }, yuan(product.amount)),
            h('button', { type: 'button', className: 'primary', 'data-product': product.product, onclick: () => buy(product) }, say('Buy')),
          ),
        ),
      ),
      note,
      order,
    ),
  )
  return undefined
}

/** The account whose user shops. */
const account = () => bundle.state.apps.find(({ appid }) => sessions.get(appid)?.ends > Date.now())

async function asUser(path, input) {
  const shopper = account()
  if (!shopper) throw new Error(say('Log a demo user in first.'))
  const { token } = sessions.get(shopper.appid)
  const response = await fetch(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(input),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.detail)
  return answer
}

/** An order, the cashier, and what the server says. */
function bought(place, { out_trade_no, payment, state }, act) {
  const told = h('div', { className: 'told' }, pill(state))
  const heard = h('p', { className: 'quiet', role: 'status' })
  const ask = async () => {
    const order = await asUser('/pay/getOrder', { out_trade_no })
    fill(
      told,
      pill(order.state),
      ' ',
      yuan(order.payer_total ?? order.amount),
      order.transaction_id && [' ', h('code', {}, order.transaction_id)],
      order.refunds.map((refund) => h('p', {}, say('Refund of {amount}', { amount: yuan(refund.amount) }), ' ', pill(refund.state))),
    )
    return order
  }
  const button = (label, work, className) => h('button', { type: 'button', className, onclick: () => act(work) }, say(label))
  const cashier = async (does) => {
    await post('/console/wechat/pay/cashier', { does })
    const { appid } = account()
    let outcome = 'ok'
    if (payment.paySign)
      ({ outcome } = await post('/console/wechat/pay/cashier', { appid, user: sessions.get(appid).user, given: payment }))
    // Who scans a code or opens a link leaves nothing behind when they do not pay.
    else if (does.startsWith('pays')) {
      if (does === 'pays_twice') await post('/console/wechat/pay/faults', { fault: 'two_attempts_both_paid', times: 1 })
      await post('/console/wechat/pay/cashier', { out_trade_no })
    } else outcome = does
    fill(heard, say('The client says: {outcome}', { outcome }))
    for (let time = 0; time < 5 && !['paid', 'refunded'].includes((await ask()).state) && outcome === 'ok'; time += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }
  fill(
    place,
    h(
      'section',
      { className: 'box' },
      h('h2', {}, say('Order {number}', { number: out_trade_no })),
      told,
      payment?.code_url && h('img', { className: 'code', alt: payment.code_url, src: qrImage(payment.code_url), width: 180, height: 180 }),
      payment?.h5_url && h('p', {}, h('code', {}, payment.h5_url)),
      h('h3', {}, say('The cashier')),
      h(
        'div',
        { className: 'actions', role: 'group', 'aria-label': say('The user …') },
        ACTS.map(([does, label]) => button(label, () => cashier(does), does)),
      ),
      heard,
      h(
        'div',
        { className: 'actions' },
        button('Ask the server', ask, 'ask'),
        button(
          'Refund',
          async () => {
            await invoke('pay-refund', { out_trade_no })
            await ask()
          },
          'refund',
        ),
        button(
          'Close the order',
          async () => {
            await asUser('/pay/closeOrder', { out_trade_no })
            await ask()
          },
          'close',
        ),
      ),
      payment && h('details', {}, h('summary', {}, say('What the client is given')), json(payment)),
    ),
  )
}

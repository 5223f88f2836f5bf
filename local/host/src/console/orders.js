// The orders: state, history, notifications, and what the bus was told.

import { bundle, explain, get, post } from './backend.js'
import { fill, h, json } from './elements.js'
import { invoke, pill, yuan } from './shop.js'
import { current, say } from './words.js'

export function show(main) {
  const { url, simulated } = bundle.state.wechat
  if (!simulated) {
    fill(
      main,
      h(
        'div',
        { className: 'wide' },
        h('h1', {}, say('Orders')),
        h('p', {}, say('There is no simulated WeChat here: this bundle talks to {url}.', { url })),
      ),
    )
    return undefined
  }
  const note = h('p', { className: 'note', role: 'status' })
  const list = h('div', { className: 'orders' })
  const update = async () => {
    if (document.hidden) return
    const { orders } = await get('/console/orders').catch(() => ({ orders: [] }))
    const shown = JSON.stringify([orders, current()])
    // What is open stays open while nothing changes.
    if (list.dataset.shown === shown) return
    const open = new Set([...list.querySelectorAll('details[open]')].map(({ dataset }) => dataset.order))
    list.dataset.shown = shown
    fill(
      list,
      orders.map((order) => row(order, open.has(order.out_trade_no), act)),
      orders.length === 0 && h('p', { className: 'quiet' }, say('No orders yet. Buy something in the shop.')),
    )
  }
  const act = async (work) => {
    try {
      fill(note, (await work()) ?? '')
    } catch (error) {
      fill(note, h('span', { className: 'error' }, explain(error)))
    }
    await update()
  }
  const reconcile = async () => {
    const { due, failed } = await invoke('reconcile-payments', {})
    return say('Looked at {due}, failed {failed}.', { due, failed })
  }
  const hold = (held) => () => post('/console/wechat/pay/notifications', { hold: held }).then(() => '')
  const button = (label, work, className) => h('button', { type: 'button', className, onclick: () => act(work) }, say(label))
  fill(
    main,
    h(
      'div',
      { className: 'wide' },
      h('h1', {}, say('Orders')),
      h('p', { className: 'lead' }, say('Every order, with its history, its notifications and what was told on the bus.')),
      h(
        'div',
        { className: 'actions' },
        button('Reconcile now', reconcile, 'primary'),
        button('Hold notifications back', hold(true)),
        button('Let notifications go', hold(false)),
      ),
      note,
      list,
    ),
  )
  update()
  const timer = setInterval(update, 1000)
  return () => clearInterval(timer)
}

const time = (seconds) =>
  new Intl.DateTimeFormat(current(), { dateStyle: 'short', timeStyle: 'medium', timeZone: 'Asia/Shanghai' }).format(seconds * 1000)

function row(order, open, act) {
  const { out_trade_no, state, amount, at_wechat_pay, created_at, asked_at, paid, refunds, notifications, events } = order
  const fact = (name, ...value) => [h('dt', {}, say(name)), h('dd', {}, ...value)]
  return h(
    'details',
    { className: 'box', open, 'data-order': out_trade_no },
    h('summary', {}, pill(state), ' ', amount !== undefined && yuan(amount), ' ', h('code', {}, out_trade_no)),
    h(
      'dl',
      {},
      fact('At WeChat Pay', h('code', {}, at_wechat_pay)),
      created_at && fact('Made', time(created_at)),
      asked_at && fact('Last asked', time(asked_at)),
      paid && fact('paid', time(paid.at), ' ', yuan(paid.payer_total), ' ', h('code', {}, paid.transaction_id)),
      refunds.map((refund) => fact('Refund', h('code', {}, refund.out_refund_no), ' ', yuan(refund.amount), ' ', pill(refund.state))),
      fact(
        'Notifications',
        notifications.map(({ event_type, attempts }) =>
          h('p', {}, h('code', {}, event_type), ' ', attempts.length ? attempts.join(', ') : say('held or never sent')),
        ),
        notifications.length > 0 &&
          h(
            'button',
            { type: 'button', onclick: () => act(() => post('/console/wechat/pay/notifications', { again: out_trade_no }).then(() => '')) },
            say('Notify again'),
          ),
      ),
      fact(
        'Events',
        events.map((event) =>
          h('details', { 'data-event': event['detail-type'] }, h('summary', {}, h('code', {}, event['detail-type'])), json(event.detail)),
        ),
      ),
    ),
  )
}

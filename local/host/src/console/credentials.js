// The board: every credential of every app, without its value.

import { explain, get, post } from './backend.js'
import { fill, h } from './elements.js'
import { say, span } from './words.js'

export function show(main) {
  const board = h('div', { className: 'board' })
  const note = h('p', { className: 'note', role: 'status' })
  fill(
    main,
    h(
      'div',
      { className: 'wide' },
      h('h1', {}, say('Credentials')),
      h('p', { className: 'lead' }, say('One function alone fetches these; the others read them from the table. No value is shown here.')),
      note,
      board,
    ),
  )
  const update = async () => {
    if (document.hidden) return
    try {
      draw(board, await get('/console/credentials'), act)
    } catch (error) {
      fill(board, h('p', { className: 'error', role: 'alert' }, explain(error)))
    }
  }
  const act = async (work) => {
    try {
      fill(note, (await work()) ?? '')
    } catch (error) {
      fill(note, h('span', { className: 'error' }, explain(error)))
    }
    await update()
  }
  update()
  const timer = setInterval(update, 1000)
  return () => clearInterval(timer)
}

/** Rows are kept between updates, so that a button under the finger does not go away. */
const rows = new Map()

function draw(board, credentials, act) {
  if (credentials.length === 0) return fill(board, h('p', {}, say('No app here has credentials.')))
  const layout = credentials.map(({ appid, kind }) => `${appid} ${kind}`).join()
  if (board.dataset.layout !== layout) {
    board.dataset.layout = layout
    rows.clear()
    const apps = [...new Set(credentials.map(({ appid }) => appid))]
    fill(
      board,
      apps.map((appid) => {
        const own = credentials.filter((one) => one.appid === appid)
        return h(
          'section',
          {},
          h('h2', {}, say(own[0].account.replace('_', ' ')), ' ', h('code', {}, appid)),
          h(
            'div',
            { className: 'kinds' },
            own.map((credential) => {
              const row = makeRow(credential, act)
              rows.set(`${appid} ${credential.kind}`, row)
              return row.element
            }),
          ),
          ['mini_program', 'official_account'].includes(own[0].account) && quota(appid),
        )
      }),
    )
  }
  for (const credential of credentials) rows.get(`${credential.appid} ${credential.kind}`).update(credential)
  return board
}

/** What WeChat says is left of a path's calls today. */
function quota(appid) {
  const path = h('input', {
    name: 'cgi_path',
    value: '/cgi-bin/message/subscribe/send',
    'aria-label': say('Path of an interface'),
    autocomplete: 'off',
    spellcheck: 'false',
  })
  const answer = h('p', { className: 'quiet facts', role: 'status' })
  const submit = async (event) => {
    event.preventDefault()
    try {
      const invocation = '/2015-03-31/functions/openapi-getapiquota/invocations'
      const { quota: today, errorMessage } = await post(invocation, { appid, cgi_path: path.value.trim() })
      if (errorMessage) throw new Error(JSON.parse(errorMessage).detail)
      const fact = (label, count) => h('span', {}, say(label), ' ', h('b', {}, count.toLocaleString()))
      fill(answer, fact('left today', today.remain), ' · ', fact('used today', today.used), ' · ', fact('limit a day', today.daily_limit))
    } catch (error) {
      fill(answer, h('span', { className: 'error' }, explain(error)))
    }
  }
  return h(
    'form',
    { className: 'quota', onsubmit: submit },
    h('h3', {}, say('Quota')),
    h('div', { className: 'row' }, path, h('button', {}, say('Show the quota'))),
    answer,
  )
}

function condition({ credential, failure, refused, leased }) {
  if (refused) return ['bad', 'refused']
  if (failure) return [credential?.seconds_left ? 'warn' : 'bad', 'failing']
  if (!credential) return ['bad', 'missing']
  if (credential.seconds_left === 0) return ['bad', 'expired']
  if (leased) return ['warn', 'refreshing']
  return credential.refresh_in === 0 ? ['warn', 'due soon'] : ['good', 'fresh']
}

function makeRow({ appid, kind, can_invalidate: canInvalidate }, act) {
  const pill = h('span', {})
  const bar = h('meter', { min: '0', 'aria-label': kind })
  const facts = h('p', { className: 'quiet facts' })
  const trouble = h('div')
  const refresh = (demand) => async () => {
    const path = '/2015-03-31/functions/refresh-credentials/invocations'
    const { credentials, errorMessage } = await post(path, { appid, kind, refresh: demand })
    if (errorMessage) return JSON.parse(errorMessage).detail
    const [{ state, message }] = credentials
    return `${appid} ${kind}: ${message ?? state}`
  }
  const invalidate = async () => {
    await post('/console/wechat/tokens/invalidate', { appid })
    return say('Voided at WeChat. Run an operation that uses it, and watch the version.')
  }
  const button = (label, hint, work, name) =>
    h('button', { type: 'button', className: name, title: say(hint), onclick: () => act(work) }, say(label))
  const element = h(
    'div',
    { className: 'credential', 'data-credential': `${appid} ${kind}` },
    h('div', { className: 'head' }, h('h3', {}, h('code', {}, kind)), pill),
    bar,
    facts,
    trouble,
    h(
      'div',
      { className: 'actions' },
      button('Refresh now', 'Asks WeChat now; it may well return the same value.', refresh('now'), 'refresh'),
      button('Force a new one', 'Asks WeChat for another value, within its limits (20 a day, 30 s apart).', refresh('force'), 'force'),
      canInvalidate &&
        button(
          'Invalidate now',
          'Voids the token at the simulated WeChat. The next operation that uses it recovers by itself.',
          invalidate,
          'invalidate danger',
        ),
    ),
  )
  const update = (row) => {
    const { credential, version, failure, forced_today: forced, refused } = row
    const [level, word] = condition(row)
    pill.className = `pill ${level}`
    fill(pill, say(word))
    bar.max = credential?.life ?? 7200
    bar.value = credential?.seconds_left ?? 0
    bar.low = bar.max / 12
    const parts = [
      credential && h('span', {}, say('age {time}', { time: span(credential.age) })),
      h('span', { className: 'version' }, say('version {version}', { version })),
      credential &&
        h(
          'span',
          {},
          credential.refresh_in > 0 ? say('next refresh in {time}', { time: span(credential.refresh_in) }) : say('refresh is due'),
        ),
      forced > 0 && h('span', {}, say('{count} forced today', { count: forced })),
    ].filter(Boolean)
    fill(facts, h('b', {}, say('{time} left', { time: span(credential?.seconds_left ?? 0) })), parts)
    fill(
      trouble,
      refused && h('div', { className: 'callout' }, say('WeChat refused version {version}; a new one is on its way.', { version })),
      failure &&
        h(
          'div',
          { className: 'problem' },
          h('p', {}, h('b', {}, say('Last error')), ' ', failure.errcode !== null && h('code', {}, String(failure.errcode))),
          h('p', {}, failure.message),
          h(
            'p',
            { className: 'quiet' },
            failure.count > 0 && `${say('Failed attempts: {count}.', { count: failure.count })} `,
            say('Next attempt in {time}.', { time: span(failure.retry_in) }),
          ),
        ),
    )
  }
  return { element, update }
}

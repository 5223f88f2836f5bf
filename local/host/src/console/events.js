// What arrived on the event bus, and doing as the user what WeChat tells the app of.

import { bundle, explain, get, post } from './backend.js'
import { fill, h, json } from './elements.js'
import { say } from './words.js'

/** How many events are shown; the bus keeps more. */
const SHOWN = 300

export function show(main) {
  const arrived = events()
  const person = bundle.state.wechat.simulated && acting()
  fill(
    main,
    h(
      'div',
      { className: 'wide' },
      h('h1', {}, say('Events')),
      h('p', { className: 'lead' }, say('What WeChat pushed, verified and published: your rules on EventBridge get the same.')),
      person && h('div', { className: 'columns' }, person.elements),
      arrived.element,
    ),
  )
  const update = () => {
    if (!document.hidden) Promise.allSettled([arrived.update(), person?.update()])
  }
  update()
  const timer = setInterval(update, 1000)
  return () => clearInterval(timer)
}

// As the user -------------------------------------------------------------------------------

const BOTH = ['mini_program', 'official_account']

/** What a user does: its name at the simulator, its label, its fields, and the kinds of app. */
const ACTS = [
  ['write', 'Write a message', { content: '你好' }, BOTH],
  ['send_image', 'Send a picture', { media_id: 'demo-image' }, BOTH],
  ['enter', 'Open customer service', { session_from: '' }, ['mini_program']],
  ['follow', 'Follow', { scene: '' }, ['official_account']],
  ['unfollow', 'Unfollow', {}, ['official_account']],
  ['scan', 'Scan a code', { scene: 'shop-7' }, ['official_account']],
  ['tap', 'Tap the menu', { key: 'orders' }, ['official_account']],
  ['consent', 'Agree to a subscription', { template_id: '' }, BOTH],
  ['revoke', 'Withdraw the authorization', {}, BOTH],
]

function acting() {
  const outcome = h('div', { role: 'status' })
  let shown
  const follow = async (work) => {
    try {
      shown = (await work()).push
      if (shown === null) return fill(outcome, h('p', { className: 'quiet' }, say('Done. This app has no push URL, so nobody was told.')))
      await update()
    } catch (error) {
      fill(outcome, h('p', { className: 'error', role: 'alert' }, explain(error)))
    }
    return undefined
  }
  const update = async () => {
    if (typeof shown !== 'number') return
    const [push] = await get(`/console/wechat/push?since=${shown - 1}`)
    if (push) fill(outcome, delivery(push))
    if (push?.ended) shown = undefined
  }
  const apps = bundle.state.apps.filter(({ kind }) => BOTH.includes(kind))
  return { elements: [person(apps, follow), sample(apps, follow, outcome)], update }
}

const labelled = (label, control, className) => h('label', { className }, say(label), control)
const line = (name, value = '') => h('input', { name, value, autocomplete: 'off', spellcheck: 'false' })
const choice = (name, options) =>
  h(
    'select',
    { name },
    options.map(([value, label]) => h('option', { value }, label)),
  )
const appChoice = (apps) =>
  choice(
    'appid',
    apps.map(({ appid, kind }) => [appid, `${appid} · ${say(kind.replace('_', ' '))}`]),
  )

function person(apps, follow) {
  const app = appChoice(apps)
  const user = line('user', 'alice')
  const act = h('select', { name: 'act' })
  const fields = h('div', { className: 'contents' })
  const possible = () => ACTS.filter(([, , , kinds]) => kinds.includes(apps.find(({ appid }) => appid === app.value)?.kind))
  const chosen = () => ACTS.find(([name]) => name === act.value)
  const drawFields = () =>
    fill(
      fields,
      Object.entries(chosen()?.[2] ?? {}).map(([name, value]) =>
        h('label', { className: 'whole' }, h('code', {}, name), line(name, value)),
      ),
    )
  const drawActs = () => {
    fill(
      act,
      possible().map(([name, label]) => h('option', { value: name }, say(label))),
    )
    drawFields()
  }
  app.addEventListener('change', drawActs)
  act.addEventListener('change', drawFields)
  drawActs()
  const submit = (event) => {
    event.preventDefault()
    const own = [...fields.querySelectorAll('input')].filter(({ value }) => value !== '').map(({ name, value }) => [name, value])
    follow(() =>
      post('/console/wechat/people', { appid: app.value, user: user.value || 'alice', act: act.value, ...Object.fromEntries(own) }),
    )
  }
  return h(
    'section',
    { className: 'box', id: 'as-user' },
    h('h2', {}, say('As the user')),
    h(
      'form',
      { className: 'grid', onsubmit: submit },
      labelled('App', app, 'whole'),
      labelled('User', user),
      labelled('What they do', act),
      fields,
      h('div', { className: 'actions' }, h('button', { className: 'primary' }, say('Do it'))),
    ),
  )
}

function sample(apps, follow, outcome) {
  const app = appChoice(apps)
  const name = h('select', { name: 'sample' })
  const mode = choice('mode', [
    ['', say('as configured')],
    ['plain', say('plain')],
    ['compatible', say('compatible')],
    ['safe', say('safe')],
  ])
  const format = choice('format', [
    ['', say('as configured')],
    ['json', 'JSON'],
    ['xml', 'XML'],
  ])
  get('/console/wechat/push/samples').then(
    (samples) => {
      const names = [...new Set(samples.map((one) => one.name))]
      fill(
        name,
        names.map((value) => h('option', { value }, value)),
      )
    },
    (error) => fill(outcome, explain(error)),
  )
  const submit = (event) => {
    event.preventDefault()
    const push = { appid: app.value, sample: name.value }
    if (mode.value) push.mode = mode.value
    if (format.value) push.format = format.value
    follow(() => post('/console/wechat/push', push))
  }
  return h(
    'section',
    { className: 'box', id: 'any-sample' },
    h('h2', {}, say('Any message or event')),
    h(
      'form',
      { className: 'grid', onsubmit: submit },
      labelled('App', app, 'whole'),
      labelled('Sample', name, 'whole'),
      labelled('Mode', mode),
      labelled('Format', format),
      h('div', { className: 'actions' }, h('button', { className: 'primary' }, say('Push it'))),
    ),
    outcome,
  )
}

/** What came of a push: each attempt, and what the server answered. */
function delivery({ id, attempts, taken, ended }) {
  const state = taken ? ['good', 'taken'] : ended ? ['bad', 'given up'] : ['warn', 'on its way']
  return [
    h('p', {}, h('b', {}, say('Push {id}', { id })), ' ', h('span', { className: `pill ${state[0]}` }, say(state[1]))),
    h(
      'ol',
      { className: 'attempts' },
      attempts.map(({ status, answer }) => h('li', {}, h('code', {}, String(status ?? say('no answer'))), ' ', answer)),
    ),
  ]
}

// The bus -----------------------------------------------------------------------------------

function events() {
  const rows = []
  let seen = 0
  let paused = false
  const filter = h('input', {
    type: 'search',
    id: 'event-filter',
    'aria-label': say('Filter'),
    placeholder: say('type, app or content'),
    autocomplete: 'off',
  })
  const count = h('span', { className: 'quiet', role: 'status' })
  const list = h('div', { className: 'journal' })
  const draw = () => {
    const wanted = filter.value.trim().toLowerCase()
    const found = rows.filter(({ text }) => text.includes(wanted)).reverse()
    fill(count, say('{count} events', { count: found.length }))
    fill(
      list,
      found.slice(0, SHOWN).map(({ element }) => element),
      found.length === 0 && h('p', { className: 'quiet' }, say('Nothing yet. Write a message as the user.')),
    )
  }
  const update = async () => {
    if (paused) return
    const news = await get(`/console/events?since=${seen}`)
    for (const { sequence, event } of news) {
      rows.push({ text: JSON.stringify(event).toLowerCase(), element: entry(sequence, event) })
      seen = sequence
    }
    if (news.length || !list.children.length) draw()
  }
  filter.addEventListener('input', draw)
  const pause = h('button', { type: 'button' }, say('Pause'))
  pause.addEventListener('click', () => {
    paused = !paused
    fill(pause, say(paused ? 'Resume' : 'Pause'))
  })
  const element = h(
    'section',
    { id: 'bus' },
    h('h2', {}, say('On the bus'), ' ', count),
    h('div', { className: 'toolbar' }, filter, pause),
    list,
  )
  return { element, update }
}

function entry(sequence, event) {
  const { detail } = event
  const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Asia/Shanghai' }).format(detail.created_at * 1000)
  const element = h(
    'details',
    { className: 'call event', 'data-type': event['detail-type'], 'data-sequence': String(sequence) },
    h(
      'summary',
      {},
      h('span', { className: 'at' }, time),
      h('code', { className: 'what' }, event['detail-type']),
      h('span', { className: 'quiet app' }, detail.appid ?? ''),
    ),
  )
  // Bodies are drawn when somebody looks.
  element.addEventListener('toggle', () => element.open && element.children.length === 1 && element.append(whole(event)))
  return element
}

function whole(event) {
  const note = h('span', { className: 'quiet', role: 'status' })
  const act = async (work, done) => {
    try {
      await work()
      fill(note, say(done))
    } catch (error) {
      fill(note, h('span', { className: 'error' }, explain(error)))
    }
  }
  const copy = () => act(() => navigator.clipboard.writeText(JSON.stringify(event, null, 2)), 'Copied')
  const redeliver = () =>
    act(async () => {
      const { errorMessage } = await post('/2015-03-31/functions/events-redeliver/invocations', { ids: [event.detail.id] })
      if (errorMessage) throw new Error(JSON.parse(errorMessage).detail)
    }, 'Published once more, with the same id.')
  return h(
    'div',
    { className: 'whole' },
    json(event),
    h(
      'div',
      { className: 'actions' },
      h('button', { type: 'button', onclick: copy }, say('Copy')),
      h('button', { type: 'button', className: 'redeliver', onclick: redeliver }, say('Redeliver')),
      note,
    ),
  )
}

// The simulated WeChat: its clock, trouble on request, and every call it got.

import { bundle, explain, get, load, post, remove } from './backend.js'
import { body, fill, h, inline, json } from './elements.js'
import { current, say, span } from './words.js'

const EFFECTS = [
  ['errcode', 'refuses with an errcode'],
  ['status', 'answers with an HTTP status'],
  ['delay', 'waits'],
  ['drop_before', 'closes the connection before acting'],
  ['drop_after', 'closes the connection after acting'],
  ['garbage', 'answers garbage'],
  ['truncated', 'stops in the middle of the answer'],
]

export function show(main) {
  const { url, simulated } = bundle.state.wechat
  if (!simulated) {
    fill(
      main,
      h(
        'div',
        { className: 'wide' },
        h('h1', {}, say('Simulated WeChat')),
        h('p', {}, say('There is no simulated WeChat here: this bundle talks to {url}.', { url })),
      ),
    )
    return undefined
  }
  const time = clock()
  const trouble = faults()
  const calls = journal()
  fill(
    main,
    h(
      'div',
      { className: 'wide' },
      h('h1', {}, say('Simulated WeChat'), ' ', h('code', { className: 'quiet' }, url)),
      h('div', { className: 'columns' }, time.element, trouble.element),
      calls.element,
      controls(),
    ),
  )
  const update = () => {
    if (!document.hidden) Promise.allSettled([time.update(), trouble.update(), calls.update()])
  }
  update()
  const timer = setInterval(update, 1000)
  return () => clearInterval(timer)
}

// Clock -------------------------------------------------------------------------------------

function clock() {
  const shown = h('p', { className: 'time' })
  const ahead = h('p', { className: 'quiet' })
  const wrong = h('p', { className: 'error', role: 'alert' })
  const alone = h('input', { type: 'checkbox', id: 'wechat-alone' })
  const update = async () => {
    const { now_ms: ours, wechat } = await get('/console/state')
    const format = new Intl.DateTimeFormat(current(), { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'Asia/Shanghai' })
    fill(shown, format.format(wechat.now_ms), h('span', { className: 'quiet' }, ' UTC+8'))
    const lead = Math.round((wechat.now_ms - ours) / 1000)
    fill(ahead, lead > 0 && say('WeChat is {time} ahead of us.', { time: span(lead) }))
  }
  const step = (label, seconds) => {
    const click = async () => {
      try {
        await post(alone.checked ? '/console/wechat/clock' : '/console/clock', { advance_s: seconds })
        // The schedule ticks in real time; whoever moves the clock does not want to wait for it.
        if (!alone.checked) await post('/2015-03-31/functions/refresh-credentials/invocations', {})
        fill(wrong)
        await update()
      } catch (error) {
        fill(wrong, explain(error))
      }
    }
    return h('button', { type: 'button', onclick: click }, say(label))
  }
  const element = h(
    'section',
    { className: 'box' },
    h('h2', {}, say('Clock')),
    shown,
    ahead,
    h(
      'div',
      { className: 'actions', role: 'group', 'aria-label': say('Move the time forward') },
      step('+5 min', 300),
      step('+1 h', 3600),
      step('+2 h', 7200),
      step('+1 day', 86_400),
    ),
    h('label', { for: 'wechat-alone' }, alone, ' ', say('of WeChat alone')),
    wrong,
  )
  return { element, update }
}

// Trouble -----------------------------------------------------------------------------------

function faults() {
  const labelled = (label, control, className) => h('label', { className }, say(label), control)
  const path = h('input', { name: 'path', placeholder: '/cgi-bin/', list: 'paths', autocomplete: 'off', spellcheck: 'false' })
  const paths = h('datalist', { id: 'paths' })
  const app = h(
    'select',
    { name: 'appid' },
    h('option', { value: '' }, say('every app')),
    bundle.state.apps.map(({ appid }) => h('option', { value: appid }, appid)),
  )
  const effect = h(
    'select',
    { name: 'effect' },
    EFFECTS.map(([value, label]) => h('option', { value }, say(label))),
  )
  const code = h('input', { name: 'code', value: '45009', inputmode: 'numeric' })
  const status = h('input', { name: 'status', value: '502', inputmode: 'numeric' })
  const ms = h('input', { name: 'ms', value: '3000', inputmode: 'numeric' })
  const times = h('input', { name: 'times', inputmode: 'numeric', placeholder: say('until cleared') })
  const after = h('input', { name: 'after', value: '0', inputmode: 'numeric' })
  const details = { errcode: labelled('errcode', code), status: labelled('Status', status), delay: labelled('Milliseconds', ms) }
  const detail = h('div', { className: 'contents' })
  const choose = () => fill(detail, details[effect.value])
  effect.addEventListener('change', choose)
  choose()

  const wrong = h('p', { className: 'error', role: 'alert' })
  const list = h('ul', { className: 'faults' })
  const update = async () => {
    const standing = await get('/console/wechat/faults')
    const shown = JSON.stringify([standing, current()])
    if (list.dataset.shown === shown) return
    list.dataset.shown = shown
    fill(
      list,
      standing.map((fault) =>
        h(
          'li',
          {},
          h('code', {}, fault.path ?? say('every path')),
          ' ',
          fault.appid && [h('code', {}, fault.appid), ' '],
          describe(fault.effect),
          ' ',
          h('span', { className: 'quiet' }, say('met {met} calls', { met: fault.times ? `${fault.met}/${fault.times}` : fault.met })),
          ' ',
          h('button', { type: 'button', onclick: () => act(() => remove(`/console/wechat/faults?id=${fault.id}`)) }, say('End')),
        ),
      ),
      standing.length === 0 && h('li', { className: 'quiet' }, say('No trouble just now.')),
    )
  }
  const act = async (work) => {
    try {
      await work()
      fill(wrong)
    } catch (error) {
      fill(wrong, explain(error))
    }
    await update()
  }
  const submit = (event) => {
    event.preventDefault()
    const effects = {
      errcode: { errcode: { code: Number(code.value), errmsg: 'made by the console' } },
      status: { status: { status: Number(status.value), body: '' } },
      delay: { delay: { ms: Number(ms.value) } },
    }
    const fault = { effect: effects[effect.value] ?? effect.value, after: Number(after.value) || 0 }
    if (path.value) fault.path = path.value
    if (app.value) fault.appid = app.value
    if (times.value) fault.times = Number(times.value)
    act(() => post('/console/wechat/faults', fault))
  }
  const suggest = async () => {
    const calls = await get('/console/wechat/journal').catch(() => [])
    fill(
      paths,
      [...new Set(calls.map((call) => call.path))].sort().map((value) => h('option', { value })),
    )
  }
  path.addEventListener('focus', suggest)

  const element = h(
    'section',
    { className: 'box' },
    h('h2', {}, say('Trouble')),
    h(
      'form',
      { className: 'grid', onsubmit: submit },
      labelled('Path begins with', path),
      paths,
      labelled('App', app),
      labelled('Effect', effect, 'whole'),
      detail,
      labelled('Times', times),
      labelled('After so many calls', after),
      h(
        'div',
        { className: 'actions' },
        h('button', { className: 'primary' }, say('Make trouble')),
        h('button', { type: 'button', onclick: () => act(() => remove('/console/wechat/faults')) }, say('End all trouble')),
      ),
    ),
    wrong,
    list,
  )
  return { element, update }
}

function describe(effect) {
  const [name, detail] = typeof effect === 'string' ? [effect] : Object.entries(effect)[0]
  const label = say(EFFECTS.find(([value]) => value === name)?.[1] ?? name)
  return detail ? `${label}: ${detail.code ?? detail.status ?? `${detail.ms} ms`}` : label
}

// Journal -----------------------------------------------------------------------------------

/** How many calls are shown; the simulator keeps more. */
const SHOWN = 300

function journal() {
  const calls = new Map()
  let seen = 0
  let paused = false
  const filter = h('input', {
    type: 'search',
    id: 'journal-filter',
    'aria-label': say('Filter'),
    placeholder: say('path, app or body'),
    autocomplete: 'off',
  })
  const refusals = h('input', { type: 'checkbox', id: 'refusals' })
  const count = h('span', { className: 'quiet', role: 'status' })
  const list = h('div', { className: 'journal' })
  const wrong = h('p', { className: 'error', role: 'alert' })

  const wanted = (call) => {
    const failed = call.status === null || call.status >= 400 || Boolean(call.errcode)
    if (refusals.checked && !failed) return false
    const text = `${call.method} ${call.path} ${call.appid ?? ''} ${call.query} ${call.body} ${call.errcode ?? ''}`
    return text.toLowerCase().includes(filter.value.trim().toLowerCase())
  }
  const draw = () => {
    const found = [...calls.values()].filter(({ call }) => wanted(call)).reverse()
    fill(count, say('{count} calls', { count: found.length }))
    fill(
      list,
      found.slice(0, SHOWN).map(({ element }) => element),
      found.length === 0 && h('p', { className: 'quiet' }, say('No calls yet. Run an operation.')),
    )
  }
  const update = async () => {
    if (paused) return
    const news = await get(`/console/wechat/journal?since=${seen}`)
    if (news.length === 0) {
      if (calls.size === 0) draw()
      return
    }
    for (const call of news) {
      const known = calls.get(call.sequence)
      if (known && JSON.stringify(known.call) === JSON.stringify(call)) continue
      calls.set(call.sequence, { call, element: entry(call) })
    }
    // A call without an answer is asked for again; one that never gets any, not for ever.
    const open = news.find((call) => call.status === null && news.at(-1).sequence - call.sequence < 20)
    const last = news.at(-1).sequence
    const next = open ? open.sequence - 1 : last
    const changed = next !== seen || news.some((call) => call.status !== null)
    seen = next
    if (changed) draw()
  }
  filter.addEventListener('input', draw)
  refusals.addEventListener('change', draw)
  const pause = h('button', { type: 'button' }, say('Pause'))
  pause.addEventListener('click', () => {
    paused = !paused
    fill(pause, say(paused ? 'Resume' : 'Pause'))
  })
  const clear = async () => {
    try {
      await remove('/console/wechat/journal')
      calls.clear()
      draw()
      fill(wrong)
    } catch (error) {
      fill(wrong, explain(error))
    }
  }
  const element = h(
    'section',
    {},
    h('h2', {}, say('Calls to WeChat'), ' ', count),
    h(
      'div',
      { className: 'toolbar' },
      filter,
      h('label', { for: 'refusals' }, refusals, ' ', say('refusals only')),
      pause,
      h('button', { type: 'button', onclick: clear }, say('Clear')),
    ),
    wrong,
    list,
  )
  return { element, update }
}

/** One call: a line, and when opened the request and the answer side by side. */
export function entry(call) {
  const bad = call.status === null || call.status >= 400 || Boolean(call.errcode)
  const verdict = call.status === null ? say('no answer') : call.errcode ? String(call.errcode) : String(call.status)
  const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Asia/Shanghai' }).format(call.at_ms)
  const element = h(
    'details',
    { className: 'call', 'data-path': call.path, 'data-sequence': String(call.sequence) },
    h(
      'summary',
      {},
      h('span', { className: 'at' }, time),
      h('b', {}, call.method),
      h('code', { className: 'what' }, call.path),
      h('span', { className: 'quiet app' }, call.appid ?? ''),
      h('span', { className: bad ? 'verdict bad' : 'verdict good' }, verdict),
      h('span', { className: 'quiet took' }, `${call.took_ms} ms`),
    ),
  )
  // Bodies are drawn when somebody looks; there may be thousands.
  element.addEventListener('toggle', () => element.open && element.children.length === 1 && element.append(both(call)), { once: false })
  return element
}

function both(call) {
  const pairs = [...new URLSearchParams(call.query)]
  const hidden = (name, value) => (/secret/.test(name) ? say('[hidden]') : value)
  return h(
    'div',
    { className: 'both' },
    h(
      'div',
      {},
      h('h3', {}, say('Request')),
      pairs.length > 0 &&
        h(
          'dl',
          { className: 'headers' },
          pairs.map(([name, value]) => [h('dt', {}, name), h('dd', {}, hidden(name, value))]),
        ),
      call.body ? body(masked(call.body)) : pairs.length === 0 && h('p', { className: 'quiet' }, say('no body')),
    ),
    h('div', {}, h('h3', {}, say('Answer')), call.status === null ? h('p', { className: 'quiet' }, say('no answer')) : body(call.answer)),
  )
}

/** App secrets may be real ones, from a file; they are nobody's business on a screen. */
const masked = (text) => text.replace(/("secret"\s*:\s*)"[^"]*"/g, (_, name) => `${name}"${say('[hidden]')}"`)

// The rest ----------------------------------------------------------------------------------

/** Whatever else the simulator can do, as it says itself. */
function controls() {
  const list = h('div')
  const element = h('details', { className: 'more box' }, h('summary', {}, say('All controls')), list)
  element.addEventListener('toggle', async () => {
    if (!element.open || list.children.length) return
    const guide = await get('/console/wechat')
    fill(list, guide.map(control))
  })
  return element
}

function control({ call, help }) {
  const [method, path] = call.split(' ')
  const place = path.replace('/_simulator', '/console/wechat')
  const input = h('input', {
    'aria-label': say('Body'),
    placeholder: method === 'POST' ? '{}' : '?',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  const answer = h('div')
  const submit = async (event) => {
    event.preventDefault()
    try {
      const search = method === 'POST' ? '' : input.value
      const options = { method, body: method === 'POST' ? input.value || '{}' : undefined }
      const response = await fetch(place + search, options)
      fill(answer, json(await response.json()))
      await load()
    } catch (error) {
      fill(answer, h('p', { className: 'error' }, explain(error)))
    }
  }
  return h(
    'form',
    { className: 'control', onsubmit: submit },
    h('p', {}, h('code', {}, call), ' ', inline(help)),
    h('div', { className: 'row' }, input, h('button', {}, say('Send'))),
    answer,
  )
}

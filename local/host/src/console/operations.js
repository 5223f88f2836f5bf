// The operations: a list, and for each a form, its answer, and the call to copy.

import { appFor, bundle, changes, explain, logIn, loginApps, run, sessionFor } from './backend.js'
import { body, copyButton, fill, h, inline, json, prose } from './elements.js'
import { forget, history, remember } from './history.js'
import { gift } from './phone.js'
import { chineseTitles, read, refusals as refusalsOf, show as text } from './schema.js'
import { snippets } from './snippets.js'
import { inventory, paths } from './surface.js'
import { entry } from './wechat.js'
import { current, say, span, tell } from './words.js'

const MEANING = {
  Public: 'Anyone may call it.',
  User: 'Needs a session, or a service that names the openid.',
  Service: 'For IAM principals: there is no public URL.',
}

/** Inputs typed so far, by operation: going to another page and back loses nothing. */
const drafts = new Map()

/** Whether inputs are edited as JSON: who prefers that prefers it everywhere. */
let raw = localStorage.getItem('raw') === 'true'

/** How far down the list of operations is, from one page to the next. */
let scrolled = 0

export function show(main, id) {
  const groups = bundle.groups
  const all = groups.flatMap(({ operations }) => operations)
  const chosen = all.find((operation) => operation.id === id)
  const content = h('div', { className: 'content', tabindex: '-1' })
  const list = sidebar(groups, chosen)
  fill(main, h('div', { className: 'split' }, list, content))
  list.scrollTop = scrolled
  list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  list.addEventListener('scroll', () => (scrolled = list.scrollTop))
  if (chosen) return page(content, chosen)
  return id ? lost(content, all, id) : welcome(content, all)
}

/** Nothing has this name: what comes near it. */
function lost(content, all, id) {
  const parts = id.toLowerCase().split('.')
  const near = all.filter((operation) => parts.some((part) => part.length > 2 && operation.id.toLowerCase().includes(part)))
  fill(
    content,
    h(
      'div',
      { className: 'welcome', id: 'lost' },
      h('h1', {}, say('There is no operation {id}.', { id })),
      near.length > 0 && [
        h('p', { className: 'lead' }, say('These come near:')),
        h(
          'ul',
          { className: 'near' },
          near.map((operation) =>
            h(
              'li',
              {},
              h('a', { href: `#/operations/${operation.id}` }, operation.id),
              ' ',
              h('span', { className: 'quiet' }, tell(operation, 'summary')),
            ),
          ),
        ),
      ],
      h('p', {}, h('a', { href: '#/' }, say('All operations'))),
    ),
  )
  return undefined
}

function sidebar(groups, chosen) {
  const list = h('div', { className: 'groups' })
  const search = h('input', {
    type: 'search',
    id: 'find',
    'aria-label': say('Find an operation'),
    placeholder: `${say('Find an operation')}  /`,
    autocomplete: 'off',
  })
  const draw = () => {
    const wanted = search.value.trim().toLowerCase()
    const meaning = meaningOf(wanted)
    const matches = (operation) => searched(operation).toLowerCase().includes(wanted) || meaning(operation)
    const everywhere = refusalsOf(bundle.document).find(({ errcode }) => String(errcode) === wanted)
    const found = groups
      .map((group) => ({ ...group, operations: group.operations.filter(matches) }))
      .filter(({ operations }) => operations.length)
    fill(
      list,
      found.map(({ operations, ...group }) => [
        h('h2', { title: tell(group, 'description') }, group.name),
        h(
          'ul',
          {},
          operations.map((operation) =>
            h(
              'li',
              {},
              h(
                'a',
                {
                  href: `#/operations/${operation.id}`,
                  'aria-current': operation === chosen ? 'page' : undefined,
                  title: tell(operation, 'summary'),
                },
                h('span', {}, operation.id.slice(operation.namespace.length + 1)),
                badge(operation.access),
              ),
              meaning(operation) && h('p', { className: 'meaning' }, tell(meaning(operation), 'detail')),
            ),
          ),
        ),
      ]),
      everywhere &&
        h(
          'p',
          { className: 'meaning everywhere' },
          h('b', {}, say(found.length ? 'Elsewhere' : 'Everywhere')),
          ' ',
          h('code', {}, everywhere.type),
          ' ',
          tell(everywhere, 'detail'),
        ),
      found.length === 0 && !everywhere && h('p', { className: 'quiet' }, say('Nothing matches.')),
    )
  }
  search.addEventListener('input', draw)
  search.addEventListener('focus', () => learnPaths().then(draw), { once: true })
  search.addEventListener('keydown', ({ key }) => {
    if (key !== 'Enter') return
    // What is named so comes before what mentions it.
    const links = [...list.querySelectorAll('a')]
    const wanted = search.value.trim().toLowerCase()
    const link = links.find(({ hash }) => hash.toLowerCase().includes(wanted)) ?? links[0]
    link?.click()
  })
  draw()
  // On a phone the list folds away once something is chosen.
  const wide = matchMedia('(min-width: 50rem)').matches
  return h(
    'div',
    { className: 'sidebar', role: 'navigation', 'aria-label': say('Operations') },
    h('details', { className: 'list', open: wide }, h('summary', {}, chosen ? chosen.id : say('Operations')), search, list),
  )
}

/** The paths of WeChat's that an operation calls, by its id. */
const wechatPaths = new Map()

async function learnPaths() {
  if (wechatPaths.size > 0) return
  for (const { path, operation } of await inventory()) {
    if (operation) wechatPaths.set(operation, `${wechatPaths.get(operation) ?? ''} ${path}`)
  }
}

/** What an operation is found by: both languages, and WeChat's names. */
const searched = ({ id, summary, description, zh }) =>
  [id, summary, description, zh.summary, zh.description, wechatPaths.get(id)].filter(Boolean).join(' ')

/** For a code of WeChat's: what it means at an operation that lists it. */
function meaningOf(wanted) {
  if (!/^-?\d{2,}$/.test(wanted)) return () => undefined
  return ({ refusals }) => refusals.find(({ errcode }) => String(errcode) === wanted)
}

const badge = (access) => h('span', { className: `badge ${access.toLowerCase()}`, title: say(MEANING[access]) }, say(access))

function welcome(content, all) {
  const first = all.find(({ id }) => id === 'wxacode.getUnlimited') ?? all.find(({ id }) => id === 'jssdk.config')
  const simulated = bundle.state.wechat.simulated
  const step = (title, text, link, action, done) =>
    h(
      'li',
      { className: done ? 'done' : undefined },
      h('h2', {}, link ? h('a', { href: link }, title) : title, done && h('span', { className: 'quiet' }, ` · ${say('done')}`)),
      h('p', {}, inline(text)),
      action,
    )
  const has = (test) => history().some(test)
  const draw = () =>
    fill(
      content,
      h(
        'div',
        { className: 'welcome' },
        h('h1', {}, say('The WeChat backend')),
        h(
          'p',
          { className: 'lead' },
          say('Choose an operation, fill in the form, run it against this machine, and copy the call into your project.'),
        ),
        h(
          'ol',
          { className: 'steps' },
          simulated &&
            step(
              say('Log a demo user in'),
              `${say('Its session comes from a login code the simulated WeChat hands out.')} ${say('The session is kept in this browser and sent by itself.')}`,
              undefined,
              loginButton(appFor({ accounts: ['mini_program', 'official_account', 'mobile_app'] }, loginApps())),
              Boolean(sessionFor({ accounts: bundle.state.apps.map(({ kind }) => kind) })),
            ),
          first &&
            step(
              say('Try {operation}', { operation: first.id }),
              tell(first, 'summary'),
              `#/operations/${first.id}`,
              undefined,
              has(({ id, status }) => id === first.id && status < 300),
            ),
          step(say('See the credentials'), say('Tokens and tickets: how old, how long still, what went wrong.'), '#/credentials'),
          simulated &&
            step(say('Watch the calls to WeChat'), say('Every request and answer, as it happens; and make it fail.'), '#/wechat'),
        ),
        past(draw),
        h(
          'div',
          { className: 'cards' },
          bundle.groups.map(({ operations, ...group }) =>
            h(
              'section',
              {},
              h('h2', {}, group.name),
              h('p', { className: 'quiet' }, inline(tell(group, 'description'))),
              h(
                'ul',
                {},
                operations.map((operation) =>
                  h(
                    'li',
                    {},
                    h(
                      'a',
                      { href: `#/operations/${operation.id}`, title: tell(operation, 'summary') },
                      operation.id.slice(operation.namespace.length + 1),
                    ),
                  ),
                ),
              ),
            ),
          ),
        ),
        h(
          'p',
          { className: 'quiet' },
          say('Everything here also comes from {link}.', { link: '' }).replace(/[.。]$/, ''),
          ' ',
          h('a', { href: '/openapi.json' }, '/openapi.json'),
        ),
      ),
    )
  draw()
  changes.addEventListener('sessions', draw)
  return () => changes.removeEventListener('sessions', draw)
}

/** What was run before, to run it again; nothing as long as that is nothing. */
function past(changed) {
  if (history().length === 0) return undefined
  const again = ({ id, input, service }) => {
    drafts.set(id, { input: { ...input }, service })
    if (location.hash === `#/operations/${id}`) dispatchEvent(new HashChangeEvent('hashchange'))
    else location.hash = `#/operations/${id}`
  }
  const time = new Intl.DateTimeFormat(current(), { timeStyle: 'medium' })
  const entry = (run) =>
    h(
      'li',
      {},
      h('button', { type: 'button', className: 'link', onclick: () => again(run) }, run.id),
      ' ',
      h('b', { className: run.type ? 'bad' : 'good' }, String(run.status)),
      h('span', { className: 'quiet' }, ` ${run.type ?? ''} · ${run.took} ms · ${time.format(run.at)}`),
    )
  const clear = () => {
    forget()
    changed()
  }
  return h(
    'section',
    { className: 'history' },
    h('div', { className: 'head' }, h('h2', {}, say('History')), h('button', { type: 'button', onclick: clear }, say('Clear'))),
    h('ul', {}, history().map(entry)),
  )
}

/** Logs alice in to an app; shows trouble beside itself. */
function loginButton(app, label = say('Log in as demo user')) {
  if (!app) return undefined
  const trouble = h('span', { className: 'error', role: 'alert' })
  const click = () =>
    logIn(app).then(
      () => fill(trouble),
      (error) => fill(trouble, explain(error)),
    )
  return h('p', {}, h('button', { type: 'button', className: 'primary login', onclick: click }, label), ' ', trouble)
}

// One operation -----------------------------------------------------------------------------

function page(content, operation) {
  const draft = drafts.get(operation.id) ?? { input: { ...operation.example }, service: operation.access === 'Service' }
  drafts.set(operation.id, draft)
  const answer = h(
    'div',
    { className: 'answer', 'aria-live': 'polite' },
    h('p', { className: 'quiet' }, say('Run the operation to see its answer.')),
  )
  const code = h('div')
  const runs = h('div')
  const showRuns = () => fill(runs, past(showRuns))
  const need = h('div')
  const form = h('form', { novalidate: true })
  const heading = h('h2', { id: 'answer' }, say('Answer'))
  const go = h('button', { className: 'primary', id: 'run', title: 'Ctrl+Enter' }, say('Run'))

  const updateCode = () => {
    const openid = sessionFor(operation)?.openid
    fill(code, tabs(snippets({ operation, input: sent(operation, draft), base: location.origin, openid })))
  }
  const updateNeed = () => {
    const missing = operation.access === 'User' && !draft.service && !sessionFor(operation)
    fill(
      need,
      missing &&
        h('div', { className: 'callout' }, h('p', {}, say('This operation needs a session.')), loginButton(appFor(operation, loginApps()))),
    )
    updateCode()
  }
  const submit = async (event) => {
    event.preventDefault()
    if (form.querySelector('.field.wrong')) return
    go.disabled = true
    fill(go, say('Running …'))
    for (const field of form.querySelectorAll('.field.at-fault')) field.classList.remove('at-fault')
    try {
      const input = withOpenid(operation, draft)
      const result = await run(operation, input, draft.service)
      fill(answer, report(operation, result, form))
      remember(operation, draft, input, result)
      showRuns()
    } catch (error) {
      fill(answer, h('p', { className: 'error', role: 'alert' }, explain(error)))
    }
    go.disabled = false
    fill(go, say('Run'))
    // Whoever pressed the button at the end of a long form sees what came of it.
    const { top } = heading.getBoundingClientRect()
    heading.scrollIntoView({ block: top > innerHeight / 2 ? 'start' : 'nearest' })
  }
  form.addEventListener('submit', submit)
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
  })
  const drawForm = () =>
    fill(
      form,
      inputs(operation, draft, updateCode, drawForm),
      operation.access === 'User' && caller(draft, updateNeed),
      need,
      h('div', { className: 'actions' }, go, example(operation, draft, drawForm, updateCode), toggle(drawForm)),
    )

  const article = h(
    'article',
    {},
    h(
      'p',
      { className: 'path' },
      operation.path ? [h('b', {}, operation.methods.join(' ')), ' ', operation.path] : h('span', {}, operation.function),
    ),
    h('h1', {}, operation.id),
    h(
      'p',
      { className: 'facts' },
      badge(operation.access),
      ' ',
      say(MEANING[operation.access]),
      ' ',
      operation.accounts.length > 0 &&
        h('span', { className: 'quiet' }, `· ${operation.accounts.map((kind) => say(kind.replace('_', ' '))).join(` ${say('or')} `)}`),
    ),
    h('div', { className: 'description' }, prose(tell(operation, 'description'))),
    h(
      'div',
      { className: 'columns' },
      operation.raw
        ? h(
            'section',
            {},
            h(
              'p',
              {},
              say('WeChat calls this one. Do as the user what WeChat tells of:'),
              ' ',
              h('a', { href: operation.namespace === 'pay' ? '#/shop' : '#/events' }, say('try it')),
            ),
          )
        : [
            h('section', {}, h('h2', {}, say('Input')), form),
            h('section', {}, heading, answer, h('h2', {}, say('In your project')), code, runs),
          ],
    ),
    reference(operation),
  )
  fill(content, article)
  drawForm()
  updateNeed()
  showRuns()
  // What the example cannot hold is had at once, so that the form runs as it is.
  const complete = async () => {
    updateNeed()
    const given = gift(operation)
    if (!given || (operation.access === 'User' && !sessionFor(operation))) return
    await accept(draft, given).then(drawForm, () => {})
    updateCode()
    article.dataset.complete = ''
  }
  complete()
  changes.addEventListener('sessions', complete)
  return () => changes.removeEventListener('sessions', complete)
}

/** Puts what a phone gives into the form. */
async function accept(draft, given) {
  const values = await given.get()
  draft.input = { ...draft.input, ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) }
}

/** What goes out: the input without what is left empty. */
const sent = (operation, { input }) => Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))

/** A service acts for somebody; here that is whoever is logged in. */
function withOpenid(operation, draft) {
  const input = sent(operation, draft)
  const openid = operation.access === 'User' && draft.service ? sessionFor(operation)?.openid : undefined
  return openid && !input.openid ? { ...input, openid } : input
}

function inputs(operation, draft, changed, redraw) {
  if (raw) {
    const area = h('textarea', { id: 'raw', rows: 12, spellcheck: 'false', 'aria-label': 'JSON' })
    area.value = JSON.stringify(sent(operation, draft), null, 2)
    const wrong = h('p', { className: 'error', role: 'alert' })
    const field = h('div', { className: 'field' }, area, wrong)
    area.addEventListener('input', () => {
      try {
        draft.input = JSON.parse(area.value || '{}')
        field.classList.remove('wrong')
        fill(wrong)
        changed()
      } catch {
        field.classList.add('wrong')
        fill(wrong, say('This is not JSON.'))
      }
    })
    return field
  }
  const common = ({ name }) => name === 'appid' || name === 'openid'
  const own = operation.fields.filter((field) => !common(field))
  const rest = operation.fields.filter(common)
  const draw = (field) => control(operation, draft, field, changed, redraw)
  const isUsual = ({ name, required }) => required || name in operation.example || draft.input[name] !== undefined
  const [usual, further] = [own.filter(isUsual), own.filter((field) => !isUsual(field))]
  return [
    own.length ? usual.map(draw) : h('p', { className: 'quiet' }, say('It takes no input.')),
    further.length > 0 && h('details', { className: 'more' }, h('summary', {}, say('Further inputs')), further.map(draw)),
    rest.length > 0 &&
      h(
        'details',
        { className: 'more', open: rest.some(({ name }) => draft.input[name] !== undefined) },
        h('summary', {}, say('App and caller')),
        rest.map(draw),
      ),
  ]
}

/** A rule of a field in the reader's language. */
function rule(limit) {
  const [, count, unit] = limit.match(/^([≤≥ \d–]+) (characters|items)$/) ?? []
  if (unit) return unit === 'items' ? say('{count} items', { count }) : say('{count} characters', { count })
  return limit.replace(/^default /, `${say('default')} `)
}

function control(operation, draft, field, changed, redraw) {
  const id = `input-${field.name}`
  const value = text(field, draft.input[field.name])
  const about = { id, name: field.name, 'aria-describedby': `${id}-about`, 'aria-required': String(field.required) }
  let input
  const completed = operation.id === 'api.call' && field.name === 'path'
  const choices = completed ? undefined : field.kind === 'boolean' ? [{ value: true }, { value: false }] : field.choices
  if (choices) {
    const options = choices.map((choice) =>
      h('option', { value: String(choice.value), title: tell(choice, 'meaning') }, String(choice.value)),
    )
    if (!field.required) options.unshift(h('option', { value: '' }, say('(not sent)')))
    input = h('select', about, options)
  } else if (field.name === 'appid') {
    const apps = bundle.state.apps.filter(({ kind }) => operation.accounts.includes(kind))
    input = h(
      'select',
      about,
      h('option', { value: '' }, say('(not sent)')),
      apps.map(({ appid }) => h('option', { value: appid }, appid)),
    )
  } else if (field.kind === 'json' || field.long) {
    input = h('textarea', {
      ...about,
      rows: field.kind === 'json' ? Math.min(12, Math.max(2, value.split('\n').length)) : 2,
      spellcheck: 'false',
    })
  } else {
    input = h('input', { ...about, autocomplete: 'off', spellcheck: 'false', inputmode: field.kind === 'string' ? undefined : 'decimal' })
  }
  input.value = value
  if (field.fallback !== undefined && 'placeholder' in input) input.placeholder = JSON.stringify(field.fallback)

  const wrong = h('span', { className: 'error', role: 'alert' })
  const box = h(
    'div',
    { className: 'field', 'data-field': field.name },
    h(
      'label',
      { for: id },
      h('code', {}, field.name),
      h('span', { className: 'rules' }, [say(field.required ? 'required' : 'optional'), ...field.limits.map(rule)].join(' · ')),
    ),
    h(
      'div',
      { id: `${id}-about`, className: 'about' },
      prose(tell(field, 'description')),
      field.choices?.some(({ meaning }) => meaning) &&
        h(
          'ul',
          {},
          field.choices.map((choice) => h('li', {}, h('code', {}, String(choice.value)), ' ', inline(tell(choice, 'meaning')))),
        ),
    ),
    h('div', { className: 'row' }, input, helper(operation, draft, field, input, redraw)),
    completed && paths(input),
    wrong,
  )
  input.addEventListener('input', () => {
    try {
      draft.input[field.name] = read(field, input.value)
      box.classList.remove('wrong')
      fill(wrong)
      changed()
    } catch {
      box.classList.add('wrong')
      fill(wrong, say('This is not JSON.'))
    }
  })
  return box
}

/** A button beside inputs nobody can type: a login code, a file. */
function helper(operation, draft, field, input, redraw) {
  const set = (value) => {
    input.value = value
    input.dispatchEvent(new Event('input'))
  }
  const given = gift(operation)
  if (given?.field === field.name) {
    const trouble = h('span', { className: 'error', role: 'alert' })
    const take = () => accept(draft, given).then(redraw, (error) => fill(trouble, explain(error)))
    return [h('button', { type: 'button', className: 'mint', onclick: take }, say(given.label)), trouble]
  }
  if (field.base64) {
    const file = h('input', { type: 'file', hidden: true })
    file.addEventListener('change', () => {
      const reader = new FileReader()
      reader.onload = () => set(reader.result.slice(reader.result.indexOf(',') + 1))
      if (file.files[0]) reader.readAsDataURL(file.files[0])
    })
    return [file, h('button', { type: 'button', onclick: () => file.click() }, say('Choose a file'))]
  }
  return undefined
}

function caller(draft, changed) {
  const choice = (service, label) => {
    const input = h('input', { type: 'radio', name: 'caller', checked: draft.service === service })
    input.addEventListener('change', () => {
      draft.service = service
      changed()
    })
    return h('label', {}, input, ' ', say(label))
  }
  return h(
    'fieldset',
    { className: 'caller' },
    h('legend', {}, say('Call')),
    choice(false, 'over HTTP'),
    choice(true, 'as a service (IAM)'),
  )
}

function example(operation, draft, drawForm, changed) {
  if (Object.keys(operation.example).length === 0) return undefined
  const click = () => {
    draft.input = { ...operation.example }
    drawForm()
    changed()
  }
  return h('button', { type: 'button', onclick: click }, say('Fill in the example'))
}

function toggle(drawForm) {
  const click = () => {
    raw = !raw
    localStorage.setItem('raw', raw)
    drawForm()
  }
  return h('button', { type: 'button', id: 'as-json', onclick: click }, say(raw ? 'Edit as form' : 'Edit as JSON'))
}

// The answer --------------------------------------------------------------------------------

function report(operation, result, form) {
  const { status, took, problem, headers, blob, calls } = result
  return [
    h('p', { className: 'status' }, h('b', { className: problem ? 'bad' : 'good' }, String(status)), ` · ${took} ms`),
    problem ? explainProblem(operation, problem, form) : undefined,
    blob ? file(blob) : problem ? h('details', {}, h('summary', {}, 'JSON'), json(problem)) : body(result.text ?? ''),
    h(
      'details',
      {},
      h('summary', {}, say('Headers')),
      h(
        'dl',
        { className: 'headers' },
        headers.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
      ),
    ),
    calls &&
      h(
        'details',
        { className: 'calls', open: calls.length > 0 },
        h('summary', {}, `${say('What WeChat was asked')} (${calls.length})`),
        calls.length ? calls.map((call) => entry(call)) : h('p', { className: 'quiet' }, say('WeChat was not called.')),
      ),
  ]
}

function file(blob) {
  const source = URL.createObjectURL(blob)
  const name = `${blob.type || 'application/octet-stream'} · ${blob.size.toLocaleString()} B`
  if (blob.type.startsWith('image/')) {
    return h('figure', {}, h('img', { src: source, alt: say('A file') }), h('figcaption', { className: 'quiet' }, name))
  }
  return h('p', {}, h('a', { href: source, download: '' }, name))
}

function explainProblem(operation, problem, form) {
  const { type, title, detail, field, errcode, rid, retry_after: wait, request_id: id } = problem
  const row = (name, ...value) => [h('dt', {}, say(name)), h('dd', {}, value)]
  const box = field && form.querySelector(`[data-field="${CSS.escape(field.split(/[.[]/)[0])}"]`)
  box?.classList.add('at-fault')
  const input = box?.querySelector('input, select, textarea')
  // An invocation has no language; what a code of WeChat's means is in the document.
  const known = [...operation.refusals, ...refusalsOf(bundle.document)].find((row) => row.detail === detail)
  return h(
    'div',
    { className: 'problem', role: 'alert' },
    h('p', {}, h('b', {}, tell({ title, zh: { title: chineseTitles(bundle.document)[type] } }, 'title')), ' ', h('code', {}, type)),
    h(
      'dl',
      {},
      row('What to do', inline(known ? tell(known, 'detail') : detail)),
      field &&
        row(
          'The input at fault',
          input ? h('button', { type: 'button', className: 'link', onclick: () => input.focus() }, field) : h('code', {}, field),
        ),
      errcode !== undefined && row('WeChat said', h('code', {}, String(errcode)), rid && [' · rid ', h('code', {}, rid)]),
      id && row('Request id', h('code', {}, id)),
    ),
    wait && h('p', {}, say('Try again in {time}', { time: span(wait) })),
    (type === 'unauthenticated' || type === 'stale-session-key') && loginButton(appFor(operation, loginApps()), say('Log in again')),
  )
}

function tabs(list) {
  const preferred = sessionStorage.getItem('snippet')
  const panel = h('div', { role: 'tabpanel', className: 'snippet' })
  const buttons = list.map((snippet) => h('button', { type: 'button', role: 'tab', onclick: () => pick(snippet) }, snippet.name))
  const pick = (snippet) => {
    sessionStorage.setItem('snippet', snippet.name)
    list.forEach((one, index) => {
      buttons[index].setAttribute('aria-selected', String(one === snippet))
      buttons[index].tabIndex = one === snippet ? 0 : -1
    })
    fill(
      panel,
      copyButton(() => snippet.text, say('Copy'), 'copy'),
      h('pre', { tabindex: '0' }, h('code', {}, snippet.text)),
    )
  }
  const bar = h('div', { role: 'tablist', className: 'tabs' }, buttons)
  bar.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
    if (!step) return
    const next = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length
    buttons[next].focus()
    pick(list[next])
  })
  pick(list.find(({ name }) => name === preferred) ?? list[0])
  return [bar, panel]
}

function reference({ answer, problems, refusals }) {
  return h(
    'div',
    { className: 'columns reference' },
    h(
      'section',
      {},
      h('h2', {}, say('What it answers')),
      answer.fields.length
        ? h(
            'dl',
            { className: 'fields' },
            answer.fields.map(({ name, limits, required, ...field }) => [
              h(
                'dt',
                {},
                h('code', {}, name),
                h('span', { className: 'rules' }, [...limits.map(rule), !required && say('optional')].filter(Boolean).join(' · ')),
              ),
              h('dd', {}, prose(tell(field, 'description'))),
            ]),
          )
        : h(
            'p',
            {},
            say('A file'),
            ' ',
            answer.types.map((type) => h('code', {}, type)),
          ),
    ),
    problems.length > 0 &&
      h(
        'section',
        {},
        h('h2', {}, say('What can go wrong')),
        h(
          'ul',
          { className: 'problems' },
          problems.map((problem) =>
            h(
              'li',
              {},
              h('b', {}, String(problem.status)),
              ' ',
              h('code', {}, problem.type),
              ' ',
              h('span', { className: 'quiet' }, tell(problem, 'title')),
            ),
          ),
        ),
        refusals.length > 0 && [
          h('h3', {}, say('Codes of WeChat')),
          h(
            'ul',
            { className: 'problems' },
            refusals.map((row) =>
              h(
                'li',
                {},
                h('b', {}, String(row.errcode)),
                ' ',
                h('code', {}, row.type),
                ' ',
                h('span', { className: 'quiet' }, inline(tell(row, 'detail'))),
              ),
            ),
          ),
        ],
      ),
  )
}

addEventListener('keydown', (event) => {
  const typing = event.target.closest?.('input, textarea, select')
  if (event.key === '/' && !typing) {
    const find = document.getElementById('find')
    if (find) {
      event.preventDefault()
      find.closest('details').open = true
      find.focus()
    }
  }
})

// The frame: header, language, sessions, and which page is shown.

import { bundle, changes, explain, load, logIn, loginApps, logOut, sessions } from './backend.js'
import * as credentials from './credentials.js'
import { copyButton, fill, h, prose } from './elements.js'
import * as events from './events.js'
import * as operations from './operations.js'
import * as orders from './orders.js'
import { catalogue } from './schema.js'
import * as shop from './shop.js'
import * as wechat from './wechat.js'
import { choose, current, say, span } from './words.js'

const PAGES = { operations, credentials, events, orders, shop, wechat }
let leave

function header(page) {
  const link = (name, text) => h('a', { href: `#/${name}`, 'aria-current': page === name ? 'page' : undefined }, say(text))
  const language = h(
    'select',
    { 'aria-label': say('Language'), onchange: ({ target }) => (choose(target.value), draw()) },
    h('option', { value: 'en' }, 'English'),
    h('option', { value: 'zh-CN' }, '简体中文'),
  )
  language.value = current()
  return h(
    'header',
    {},
    h('a', { className: 'brand', href: '#/', 'aria-label': say('The WeChat backend') }, mark(), h('span', {}, say('The WeChat backend'))),
    h(
      'nav',
      { 'aria-label': say('The WeChat backend') },
      link('operations', 'Operations'),
      link('credentials', 'Credentials'),
      link('events', 'Events'),
      link('orders', 'Orders'),
      link('wechat', 'Simulated WeChat'),
      bundle.state.wechat.simulated && link('shop', 'Shop demo'),
      h('a', { href: '/demo/jssdk' }, say('JS-SDK demo')),
    ),
    h('div', { className: 'tools' }, bundle.state.wechat.simulated && sessionMenu(), language),
  )
}

function mark() {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 32 32')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', 'M7 10l4 12 5-10 5 10 4-12')
  svg.append(path)
  return svg
}

function sessionMenu() {
  const apps = loginApps()
  const app = h(
    'select',
    { id: 'login-app' },
    apps.map(({ appid, kind }) => h('option', { value: appid }, `${appid} · ${say(kind.replace('_', ' '))}`)),
  )
  const user = h('input', { id: 'login-user', value: 'alice', autocomplete: 'off', spellcheck: 'false' })
  const trouble = h('p', { className: 'error', role: 'alert' })
  const submit = async (event) => {
    event.preventDefault()
    try {
      await logIn(
        apps.find(({ appid }) => appid === app.value),
        user.value || 'alice',
      )
    } catch (error) {
      fill(trouble, explain(error))
    }
  }
  const summary = h('summary', {})
  const list = h('ul', { className: 'sessions' })
  const update = () => {
    const now = [...sessions.values()].filter(({ ends }) => ends > Date.now())
    fill(
      summary,
      h('span', { className: now.length ? 'dot on' : 'dot' }),
      now.length ? say('Logged in as {user}', { user: [...new Set(now.map(({ user }) => user))].join(', ') }) : say('Not logged in'),
    )
    fill(
      list,
      now.map(({ appid, user, openid, ends }) =>
        h(
          'li',
          {},
          h('div', {}, h('b', {}, user), ' · ', h('code', {}, appid), h('br'), h('code', { className: 'quiet' }, openid)),
          h('div', { className: 'quiet' }, say('ends in {time}', { time: span((ends - Date.now()) / 1000) })),
          h(
            'div',
            { className: 'actions' },
            copyButton(() => sessions.get(appid).token, say('Copy the session token')),
            h('button', { type: 'button', onclick: () => logOut(appid) }, say('Log out')),
          ),
        ),
      ),
    )
  }
  update()
  changes.addEventListener('sessions', update)
  const menu = h(
    'details',
    { className: 'menu', id: 'session' },
    summary,
    h(
      'div',
      { className: 'panel' },
      list,
      h(
        'form',
        { onsubmit: submit },
        h('label', { for: 'login-app' }, say('App'), app),
        h('label', { for: 'login-user' }, say('User'), user),
        h('p', { className: 'quiet' }, say('Any name is a user; the same name is the same person.')),
        trouble,
        h('button', { className: 'primary' }, say('Log in as demo user')),
      ),
    ),
  )
  menu.addEventListener('keydown', ({ key }) => key === 'Escape' && ((menu.open = false), summary.focus()))
  return menu
}

function draw() {
  leave?.()
  const [page = 'operations', ...rest] = location.hash.replace(/^#\/?/, '').split('/')
  const known = Object.hasOwn(PAGES, page)
  const name = known ? page : 'operations'
  const id = (known ? rest : [page, ...rest]).join('/')
  const main = h('main', { id: 'main', tabindex: '-1' })
  document.documentElement.lang = current()
  document.title = [id, say('The WeChat backend')].filter(Boolean).join(' · ')
  const skip = h(
    'a',
    { className: 'skip', href: '#main', onclick: (event) => (event.preventDefault(), focusContent()) },
    say('Skip to content'),
  )
  fill(document.body, skip, header(name), main)
  leave = PAGES[name].show(main, decoded(id))
}

/** What a link says, also where its escapes are broken. */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Past the header and the list of operations. */
function focusContent() {
  const content = document.querySelector('main .content') ?? document.querySelector('main')
  content.focus({ preventScroll: true })
}

// A menu closes when something else is chosen.
document.addEventListener('click', ({ target }) => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(target)) menu.open = false
  }
})

try {
  await load()
  bundle.groups = catalogue(bundle.document)
  addEventListener('hashchange', () => {
    draw()
    scrollTo(0, 0)
    focusContent()
  })
  draw()
} catch (error) {
  fill(document.body, h('main', { id: 'main' }, h('h1', {}, say('The WeChat backend')), prose(explain(error))))
}

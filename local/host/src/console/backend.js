// The bundle this page comes from: its document, its state, the sessions of this tab, and calls.

import { query } from './schema.js'
import { current, say } from './words.js'

const loginOf = (kind) =>
  kind === 'mini_program' ? { id: 'auth.code2Session', input: 'js_code' } : { id: 'oauth.getToken', input: 'code' }

export const bundle = { document: undefined, state: undefined }

export async function load() {
  const [document, state] = await Promise.all([get('/openapi.json'), get('/console/state')])
  Object.assign(bundle, { document, state })
  // Another run has another signing key and forgets its users.
  if (localStorage.getItem('run') !== state.run) {
    localStorage.setItem('run', state.run)
    sessions.clear()
    keep()
  }
}

export async function get(path) {
  return read(await fetch(path))
}

export async function post(path, input) {
  return read(await fetch(path, { method: 'POST', body: JSON.stringify(input) }))
}

export async function remove(path) {
  return read(await fetch(path, { method: 'DELETE' }))
}

async function read(response) {
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error ?? answer.detail ?? response.statusText)
  return answer
}

// Sessions ----------------------------------------------------------------------------------

/** The sessions of this browser, by app: `{ appid, user, openid, token, ends }`. */
export const sessions = new Map(JSON.parse(localStorage.getItem('sessions') ?? '[]'))
export const changes = new EventTarget()

function keep() {
  localStorage.setItem('sessions', JSON.stringify([...sessions]))
  changes.dispatchEvent(new Event('sessions'))
}

/** The apps a demo user can log in to here: those whose login operation is in the document. */
export function loginApps() {
  if (!bundle.state.wechat.simulated) return []
  const known = new Set(Object.values(bundle.document.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId)))
  return bundle.state.apps.filter(({ kind }) => known.has(loginOf(kind).id))
}

/** The app an operation is for by default: the first of the kinds it takes, in its order. */
export function appFor({ accounts }, apps = bundle.state.apps) {
  for (const kind of accounts) {
    const app = apps.find((one) => one.kind === kind)
    if (app) return app
  }
  return undefined
}

/** The session to call an operation with. */
export function sessionFor({ accounts }) {
  const fits = ({ appid }) => accounts.includes(bundle.state.apps.find((app) => app.appid === appid)?.kind)
  return [...sessions.values()].find((session) => fits(session) && session.ends > Date.now())
}

export const mintCode = (appid, user) => post('/console/wechat/codes', { appid, user })

export async function logIn(app, user = 'alice') {
  const { code, openid } = await mintCode(app.appid, user)
  const { id, input } = loginOf(app.kind)
  const answer = await post(`/${id.replaceAll('.', '/')}`, { [input]: code, appid: app.appid })
  const life = answer.expires_in ?? answer.expires ?? 7200
  sessions.set(app.appid, { appid: app.appid, user, openid, token: answer.session_token, ends: Date.now() + life * 1000 })
  keep()
}

export function logOut(appid) {
  sessions.delete(appid)
  keep()
}

// Calls -------------------------------------------------------------------------------------

/**
 * Runs an operation, over HTTP or as a service, and tells all about the answer:
 * `{ status, took, headers, problem?, json?, text?, blob?, calls }`.
 */
export async function run(operation, input, asService) {
  const before = await lastCall()
  const started = performance.now()
  const answer = asService ? await invoke(operation, input) : await request(operation, input)
  answer.took = Math.round(performance.now() - started)
  answer.calls = before === undefined ? undefined : await get(`/console/wechat/journal?since=${before}`)
  return answer
}

async function lastCall() {
  if (!bundle.state.wechat.simulated) return undefined
  const calls = await get('/console/wechat/journal')
  return calls.at(-1)?.sequence ?? 0
}

async function request(operation, input) {
  const { method, path, access } = operation
  const headers = { 'accept-language': current() }
  const session = access === 'User' && sessionFor(operation)
  if (session) headers.authorization = `Bearer ${session.token}`
  const search = method === 'GET' ? query(input) : ''
  let body
  if (method !== 'GET') {
    headers['content-type'] = 'application/json'
    body = JSON.stringify(input)
  }
  return open(await fetch(search ? `${path}?${search}` : path, { method, headers, body }))
}

async function open(response) {
  const type = response.headers.get('content-type') ?? ''
  const answer = { status: response.status, headers: [...response.headers] }
  if (type.includes('json')) {
    answer.text = await response.text()
    const json = JSON.parse(answer.text)
    answer[response.ok ? 'json' : 'problem'] = json
  } else if (type.startsWith('text/')) answer.text = await response.text()
  else answer.blob = await response.blob()
  return answer
}

async function invoke(operation, input) {
  const path = `/2015-03-31/functions/${operation.function}/invocations`
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(input) })
  const answer = await open(response)
  if (response.headers.has('x-amz-function-error')) {
    answer.problem = JSON.parse(answer.json.errorMessage)
    answer.status = answer.problem.status
    answer.text = answer.json.errorMessage
    delete answer.json
  } else if (answer.json?.isBase64Encoded) {
    const bytes = Uint8Array.from(atob(answer.json.body), (letter) => letter.charCodeAt(0))
    answer.blob = new Blob([bytes], { type: answer.json.headers['content-type'] })
    delete answer.json
  }
  return answer
}

/** An error of this page's own, in words. */
export const explain = (error) => (error instanceof TypeError ? say('No answer: is the bundle still running?') : error.message)

// The snippets of the console do what they show: they are run against the bundle. By .ci/console.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

import { catalogue, limits, query, read, show } from '../../local/host/src/console/schema.js'
import { snippets } from '../../local/host/src/console/snippets.js'

const { CONSOLE_URL: base, PYTHON: python, AWS: aws, MODULES } = process.env
const document = await (await fetch(`${base}/openapi.json`)).json()
const operations = catalogue(document).flatMap(({ operations }) => operations)
const post = async (path, input) =>
  (await fetch(base + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) })).json()
const { code } = await post('/console/wechat/codes', { user: 'snippets' })
const { session_token: token, openid } = await post('/auth/code2Session', { js_code: code })

const named = (id, name, input) => {
  const operation = operations.find((one) => one.id === id)
  const found = snippets({ operation, input: input ?? operation.example, base, openid }).find((one) => one.name === name)
  return found?.text
}
// Node's pipes are sockets, which /dev/stdout cannot open; a shell's are not.
const shell = (text) =>
  execFileSync('bash', ['-o', 'pipefail', '-c', `{ ${text}\n} | cat`], {
    encoding: 'utf8',
    env: { ...process.env, SESSION_TOKEN: token, PATH: `${aws}:${process.env.PATH}` },
  })
const script = (text) => new Function('fetch', 'wx', 'session_token', `return (async () => { ${text}\nreturn answer })()`)

test('curl calls', () => {
  assert.match(JSON.parse(shell(named('jssdk.config', 'curl'))).signature, /^[0-9a-f]{40}$/)
  assert.deepEqual(JSON.parse(shell(named('auth.checkSession', 'curl'))), { valid: true })
})

test('curl calls survive quotes and Unicode', () => {
  const answer = JSON.parse(shell(named('auth.code2Session', 'curl', { js_code: 'it\'s 中文 "$HOME" \\ `id`' })))
  assert.equal(answer.type, 'invalid-input')
})

test('fetch calls', async () => {
  const answer = await script(named('auth.checkSession', 'fetch'))(fetch, undefined, token)
  assert.deepEqual(answer, { valid: true })
  const signed = await script(named('jssdk.config', 'fetch'))(fetch)
  assert.match(signed.signature, /^[0-9a-f]{40}$/)
})

test('wx.request calls', () => {
  const seen = []
  const wx = { request: (options) => seen.push(options), login: ({ success }) => success({ code: 'fresh' }) }
  new Function('wx', 'session_token', named('auth.checkSession', 'wx.request'))(wx, token)
  new Function('wx', 'session_token', named('auth.code2Session', 'wx.request'))(wx, token)
  assert.equal(seen[0].header.authorization, `Bearer ${token}`)
  assert.deepEqual([seen[1].method, seen[1].data], ['POST', { js_code: 'fresh' }])
})

test('aws lambda invoke calls', () => {
  const answer = shell(named('auth.getAccessToken', 'aws lambda invoke'))
  assert.match(answer, /"access_token":\s?"\d+_/)
  assert.match(shell(named('auth.checkSession', 'aws lambda invoke')), /"valid":\s?true/)
})

test('boto3 calls', () => {
  const answer = execFileSync(python, ['-c', named('auth.getAccessToken', 'boto3')], { encoding: 'utf8' })
  assert.match(answer, /'access_token': '\d+_/)
  assert.throws(
    () => execFileSync(python, ['-c', named('auth.getTicket', 'boto3', { type: 'nothing' })], { stdio: 'pipe' }),
    /RuntimeError/,
  )
})

test('the AWS SDK for Node calls', () => {
  const run = (text) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8', cwd: MODULES, stdio: 'pipe' })
  assert.match(run(named('auth.getAccessToken', 'AWS SDK (Node)')), /access_token: '\d+_/)
  assert.match(run(named('api.call', 'AWS SDK (Node)')), /ip_list/)
  assert.throws(() => run(named('auth.getTicket', 'AWS SDK (Node)', { type: 'nothing' })), /Error/)
})

test('every operation has its snippets, and services have no URL', () => {
  for (const operation of operations) {
    const names = snippets({ operation, input: operation.example, base, openid }).map(({ name }) => name)
    assert.equal(names.length, operation.access === 'Service' ? 3 : 7, operation.id)
  }
})

test('limits are told in words', () => {
  assert.deepEqual(limits({ type: 'string', minLength: 1, maxLength: 128 }), ['string', '1–128 characters'])
  assert.deepEqual(limits({ type: 'integer', format: 'uint32', minimum: 0, default: 430 }), ['integer', 'default 430'])
  assert.deepEqual(limits({ type: ['string', 'null'], pattern: '^a$' }, ['string']), ['string', '^a$'])
})

test('what is typed becomes JSON', () => {
  const field = (kind, rest) => ({ kind, required: false, ...rest })
  assert.equal(read(field('string'), ''), undefined)
  assert.equal(read(field('string', { required: true }), ''), '')
  assert.equal(read(field('integer'), '12'), 12)
  assert.equal(read(field('integer'), 'twelve'), 'twelve')
  assert.equal(read(field('boolean'), 'false'), false)
  assert.equal(read(field('choice', { choices: [{ value: 2 }] }), '2'), 2)
  assert.deepEqual(read(field('json'), '{"a":[1]}'), { a: [1] })
  assert.throws(() => read(field('json'), '{'))
  assert.throws(() => read(field('json'), '#ff8000'))
  const color = field('json', { plain: true })
  assert.equal(read(color, '#ff8000'), '#ff8000')
  assert.equal(read(color, '"#ff8000"'), '#ff8000')
  assert.deepEqual(read(color, '{"r":1,"g":2,"b":3}'), { r: 1, g: 2, b: 3 })
  assert.throws(() => read(color, '{"r":1'))
  assert.equal(show(color, '#ff8000'), '#ff8000')
  assert.equal(query({ a: ['1', '2'], b: '中 +' }), 'a=1&a=2&b=%E4%B8%AD%20%2B')
})

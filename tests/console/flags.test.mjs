// What the command line answers to mistakes. Run by .ci/console, which builds the bundle.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../target/debug/local', import.meta.url))
const run = (...flags) => spawnSync(program, flags, { encoding: 'utf8', timeout: 10_000 })

test('--help says what to do first, and what the exit status means', () => {
  const { status, stdout } = run('--help')
  assert.equal(status, 0)
  assert.match(stdout, /First steps:\n +cargo run .*http:\/\/127\.0\.0\.1:9000/)
  assert.match(stdout, /Exit status: 0 .*, 1 .*, 2 /)
})

test('a bad flag is answered with the right one', () => {
  for (const [flags, answer] of [
    [['--listn', '127.0.0.1:8080'], /'--listen'/],
    [['--listen', '8080'], /such as 127\.0\.0\.1:8080\n/],
    [['--listen', 'localhost:8080'], /such as 127\.0\.0\.1:8080\n/],
    [['--listen', 'here'], /such as 127\.0\.0\.1:9000\n/],
    [['--dynamodb', 'localhost'], /such as http:\/\/127\.0\.0\.1:8000\n/],
  ]) {
    const { status, stderr } = run(...flags)
    assert.equal(status, 2, stderr)
    assert.match(stderr, answer)
  }
})

test('what cannot start says why', () => {
  const taken = new URL(process.env.CONSOLE_URL).host
  // Another bundle may be running at the usual address.
  const free = ['--listen', '127.0.0.1:0']
  for (const [flags, answer] of [
    [['--listen', taken], /in use.*--listen/],
    [[...free, '--apps', 'nowhere.json'], /nowhere\.json: No such file/],
    [[...free, '--wechat-api', 'ftp://example.com'], /not https/],
  ]) {
    const { status, stderr } = run(...flags)
    assert.equal(status, 1, stderr)
    assert.match(stderr, answer)
  }
})

// Back ends: functions of a running bundle, by the AWS SDK.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { start } from './bundle.mjs'

// The SDK reads them when it makes a client.
Object.assign(process.env, { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' })

const { connect, Problem } = await import('../service.js')
const { LambdaClient } = await import('@aws-sdk/client-lambda')

let bundle
before(async () => {
  bundle = await start()
  process.env.AWS_ENDPOINT_URL_LAMBDA = bundle.url
})
after(() => bundle.stop())

/** A user who has logged in. */
const user = async () => {
  const response = await fetch(`${bundle.url}/auth/code2Session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ js_code: await bundle.code({ user: 'alice' }) }),
  })
  return response.json()
}

/** A Lambda that answers what it is told, and remembers what it was asked. */
const lambda = (...answers) => {
  const asked = []
  return {
    asked,
    send: async ({ input }) => {
      asked.push(input)
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return { Payload: Buffer.from(JSON.stringify(answer.payload)), FunctionError: answer.error }
    },
  }
}

test('an operation of services is called by its id', async () => {
  const { access_token } = await connect().call('auth.getAccessToken')
  assert.match(access_token, /^\d+_/)
})

test('a service acts for the user it names', async () => {
  const { openid } = await user()
  assert.deepEqual(await connect().call('auth.checkSession', { openid }), { valid: true })
})

test('a file comes as its bytes, base64 or text', async () => {
  const { openid } = await user()
  const image = await connect().call('wxacode.getUnlimited', { scene: 'id=1', openid })
  assert.ok(image instanceof ArrayBuffer && image.byteLength > 100)

  const file = { statusCode: 200, headers: {}, isBase64Encoded: false, body: '时间,金额' }
  const bill = await connect({ lambda: lambda({ payload: file }) }).call('pay.downloadBill', { date: '2026-11-25', type: 'trade' })
  assert.equal(new TextDecoder().decode(bill), '时间,金额')
})

test('the answer of a path that is called as it is stays as it is', async () => {
  const { status, answer } = await connect().call('api.call', { path: '/cgi-bin/get_api_domain_ip' })
  assert.equal(status, 'ok')
  assert.ok(answer.ip_list)

  const voice = { status: 'ok', isBase64Encoded: true, body: 'AAEC', content_type: 'audio/amr' }
  const wechat = connect({ lambda: lambda({ payload: voice }) })
  assert.deepEqual(await wechat.call('api.call', { path: '/cgi-bin/media/get' }), voice)
})

test('a failure is a problem', async () => {
  await assert.rejects(connect().call('auth.getTicket', { type: 'nothing' }), (error) => {
    assert.ok(error instanceof Problem)
    assert.deepEqual([error.type, error.status, error.field], ['invalid-input', 400, 'type'])
    return true
  })
})

test('the stack and the app are named in every invocation', async () => {
  const client = lambda({ payload: {} }, { payload: {} })
  const wechat = connect({ stack: 'wechat', appid: 'wx1111111111111111', lambda: client })
  await wechat.call('subscribeMessage.send', { template_id: 't', data: {} })
  await wechat.call('auth.getAccessToken', { appid: 'wx2222222222222222' })
  assert.deepEqual(client.asked, [
    { FunctionName: 'wechat-subscribemessage-send', Payload: '{"template_id":"t","data":{},"appid":"wx1111111111111111"}' },
    { FunctionName: 'wechat-auth-getaccesstoken', Payload: '{"appid":"wx2222222222222222"}' },
  ])
})

test('a function that ends without an answer is a problem of no kind', async () => {
  const client = lambda({ error: 'Unhandled', payload: { errorMessage: 'Task timed out after 10.00 seconds' } })
  await assert.rejects(connect({ lambda: client }).call('auth.getAccessToken'), (error) => {
    return error instanceof Problem && error.type === 'unknown' && /timed out/.test(error.message)
  })
})

test('a network that does not answer is a problem, and the call is not made twice', async () => {
  const wechat = connect({ lambda: new LambdaClient({ endpoint: 'http://127.0.0.1:1', maxAttempts: 1 }) })
  await assert.rejects(wechat.call('auth.getAccessToken'), (error) => {
    return error instanceof Problem && error.type === 'network' && error.cause.code === 'ECONNREFUSED'
  })

  const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
  const client = lambda(reset)
  await assert.rejects(connect({ lambda: client }).call('pay.refund', { out_trade_no: 'a' }), { type: 'network' })
  assert.equal(client.asked.length, 1)
})

test('what AWS refuses is thrown as the SDK has it', async () => {
  await assert.rejects(connect({ stack: 'elsewhere' }).call('auth.getAccessToken'), { name: 'ResourceNotFoundException' })
})

test('a busy Lambda is asked once more after its time', async () => {
  const busy = Object.assign(new Error('Rate Exceeded.'), { name: 'TooManyRequestsException', retryAfterSeconds: '1' })
  const client = lambda(busy, { payload: { valid: true } })
  assert.deepEqual(await connect({ lambda: client }).call('auth.checkSession', { openid: 'o' }), { valid: true })

  const worse = lambda(busy, busy)
  await assert.rejects(connect({ lambda: worse }).call('auth.checkSession', { openid: 'o' }), { type: 'quota-exceeded', status: 429 })
  assert.equal(worse.asked.length, 2)
})

// For back ends on AWS: invokes the functions of a stack, by IAM and without a URL.

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'

import { lost, patiently, Problem } from './client.js'

export { Problem }

/**
 * The functions of one stack: `connect({ stack: 'wechat' })`.
 *
 * Without `stack` they have no prefix, as on one machine. `appid` names the app where the deployment
 * has several of a kind. `lambda` is a client of your own; let it try once only.
 */
export function connect({ stack, appid, lambda } = {}) {
  // By itself the SDK would repeat an invocation that may have been carried out.
  const client = lambda ?? new LambdaClient({ maxAttempts: 1 })

  const invoke = async (id, input) => {
    const name = id.replaceAll('.', '-').toLowerCase()
    const FunctionName = stack ? `${stack}-${name}` : name
    const answer = await send(client, new InvokeCommand({ FunctionName, Payload: JSON.stringify(input) }))
    const text = Buffer.from(answer.Payload).toString()
    if (answer.FunctionError) throw failure(text)
    const result = JSON.parse(text)
    return isFile(result) ? bytes(result) : result
  }

  return {
    /** Calls an operation; JSON comes as an object, a file as an ArrayBuffer. */
    call: (id, input = {}) => {
      const given = appid && input.appid === undefined ? { ...input, appid } : input
      return patiently(false, () => invoke(id, given))
    },
  }
}

/** What AWS itself refuses, such as a missing right, is thrown as the SDK has it. */
async function send(client, command) {
  try {
    return await client.send(command)
  } catch (error) {
    if (error.name === 'TooManyRequestsException') throw throttled(error)
    throw typeof error.code === 'string' || error.name === 'TimeoutError' ? lost(error) : error
  }
}

const throttled = (error) =>
  new Problem(
    {
      type: 'quota-exceeded',
      status: 429,
      title: 'Lambda is busy',
      detail: error.message,
      retry_after: Number(error.retryAfterSeconds) || 1,
    },
    error,
  )

/** A function that ends without an answer, such as by a timeout, has a message that is no problem. */
const failure = (text) => {
  const { errorMessage } = JSON.parse(text)
  try {
    return new Problem(JSON.parse(errorMessage))
  } catch {
    return new Problem({ status: 0, title: 'The function failed', detail: errorMessage })
  }
}

const isFile = (result) => result?.isBase64Encoded !== undefined && result.statusCode !== undefined

const bytes = ({ body, isBase64Encoded }) => new Uint8Array(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')).buffer

// The same call in the languages people paste it into.

import { query } from './schema.js'

/** `{ name, language, text }` for each way to make a call that fits the operation. */
export function snippets({ operation, input, base, openid }) {
  const direct = [aws, boto3, node].map((write) => write(operation, serviceInput(operation, input, openid), base))
  if (operation.access === 'Service') return direct
  return [miniprogram, wxRequest, fetchCall, curl].map((write) => write(operation, input, base)).concat(direct)
}

function serviceInput(operation, input, openid) {
  return operation.access === 'User' && !input.openid ? { ...input, openid: openid ?? '<openid>' } : input
}

const isFile = ({ answer }) => !answer.types.includes('application/json')
const url = ({ path, method }, input, base) => {
  const search = method === 'GET' ? query(input) : ''
  return base + path + (search && `?${search}`)
}
/** A JavaScript literal: keys without quotes where they need none. */
function literal(value, indent = '') {
  const text = JSON.stringify(value, null, 2) ?? 'undefined'
  return text
    .replace(/^(\s*)"([A-Za-z_$][\w$]*)":/gm, '$1$2:')
    .replace(/"((?:[^"\\]|\\.)*)"/g, (whole, inner) => (inner.includes("'") || inner.includes('\\') ? whole : `'${inner}'`))
    .replaceAll('\n', `\n${indent}`)
}

function miniprogram(operation, input) {
  const { js_code: code, ...rest } = input
  const argument = Object.keys(rest).length ? `, ${literal(rest)}` : ''
  const call =
    code === undefined
      ? `const answer = await backend.call('${operation.id}'${Object.keys(input).length ? `, ${literal(input)}` : ''})`
      : `const { openid } = await backend.login()  // wx.login and ${operation.id}${argument}; later calls log in by themselves`
  const text = `import { connect } from './client/miniprogram.js'

const backend = connect({ base: 'https://your.domain' })

${call}`
  return { name: 'client', language: 'js', text }
}

function wxRequest(operation, input, base) {
  const { method, access } = operation
  const lines = [`  url: '${url(operation, input, base)}',`]
  if (method !== 'GET') lines.push(`  method: '${method}',`)
  if (access === 'User') lines.push('  header: { authorization: `Bearer ${session_token}` },')
  if (method !== 'GET') lines.push(`  data: ${literal(input, '  ')},`)
  if (isFile(operation)) lines.push("  responseType: 'arraybuffer',")
  lines.push(
    '  success({ statusCode, data }) {',
    isFile(operation)
      ? "    if (statusCode === 200) this.setData({ src: 'data:image/jpeg;base64,' + wx.arrayBufferToBase64(data) })"
      : '    if (statusCode === 200) console.log(data)',
    '    else console.error(data.type, data.detail)',
    '  },',
  )
  const request = `wx.request({\n${lines.join('\n')}\n})`
  if (!('js_code' in input)) return { name: 'wx.request', language: 'js', text: request }
  const inner = request.replace(/js_code: (['"]).*\1/, 'js_code: code').replaceAll('\n', '\n    ')
  return { name: 'wx.request', language: 'js', text: `wx.login({\n  success({ code }) {\n    ${inner}\n  },\n})` }
}

function fetchCall(operation, input, base) {
  const { method, access } = operation
  const headers = []
  if (method !== 'GET') headers.push("'content-type': 'application/json'")
  if (access === 'User') headers.push('authorization: `Bearer ${session_token}`')
  const options = []
  if (method !== 'GET') options.push(`  method: '${method}',`)
  if (headers.length) options.push(`  headers: { ${headers.join(', ')} },`)
  if (method !== 'GET') options.push(`  body: JSON.stringify(${literal(input, '  ')}),`)
  const second = options.length ? `, {\n${options.join('\n')}\n}` : ''
  const text = `const response = await fetch('${url(operation, input, base)}'${second})
const answer = await response.${isFile(operation) ? 'blob' : 'json'}()`
  return { name: 'fetch', language: 'js', text }
}

/** A word for a POSIX shell. */
const word = (text) => `'${text.replaceAll("'", `'\\''`)}'`

function curl(operation, input, base) {
  const lines = [`curl ${word(url(operation, input, base))}`]
  if (operation.access === 'User') lines.push('  -H "authorization: Bearer $SESSION_TOKEN"')
  if (operation.method !== 'GET') lines.push("  -H 'content-type: application/json'", `  -d ${word(JSON.stringify(input))}`)
  if (isFile(operation)) lines.push(`  -o ${operation.function}.jpg`)
  return { name: 'curl', language: 'shell', text: lines.join(' \\\n') }
}

function aws(operation, input, base) {
  // fileb:// is the one way both versions of the AWS CLI take JSON as it stands.
  const text = `# On AWS leave out the line with --endpoint-url; the function's name is an output of the stack.
printf '%s' ${word(JSON.stringify(input))} | aws lambda invoke \\
  --endpoint-url ${base} --no-sign-request --region local \\
  --function-name ${operation.function} --payload fileb:///dev/stdin /dev/stdout`
  return { name: 'aws lambda invoke', language: 'shell', text }
}

function boto3(operation, input, base) {
  const text = `import json, boto3

# On AWS: boto3.client("lambda"); the function's name is an output of the stack.
client = boto3.client(
    "lambda", endpoint_url="${base}", region_name="local",
    aws_access_key_id="local", aws_secret_access_key="local",
)
answer = client.invoke(
    FunctionName="${operation.function}",
    Payload=json.dumps(${python(input)}),
)
result = json.load(answer["Payload"])
if "FunctionError" in answer:
    raise RuntimeError(json.loads(result["errorMessage"])["detail"])
print(result)`
  return { name: 'boto3', language: 'python', text }
}

function node(operation, input, base) {
  const text = `import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'

// On AWS: new LambdaClient(); the function's name is an output of the stack.
const client = new LambdaClient({
  endpoint: '${base}', region: 'local',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
})
const { FunctionError, Payload } = await client.send(new InvokeCommand({
  FunctionName: '${operation.function}',
  Payload: JSON.stringify(${literal(input, '  ')}),
}))
const answer = JSON.parse(Payload.transformToString())
if (FunctionError) throw new Error(JSON.parse(answer.errorMessage).detail)
console.log(answer)`
  return { name: 'AWS SDK (Node)', language: 'javascript', text }
}

function python(value) {
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${python(item)}`)
      .join(', ')}}`
  return JSON.stringify(value)
}

// Reading the OpenAPI document: operations, the fields of their inputs, and their limits.

/** Every operation of a document, by namespace, in the document's order. */
export function catalogue(document) {
  const groups = document.tags.map((tag) => ({ ...tag, zh: { description: tag['x-zh'] }, operations: [] }))
  for (const [path, item] of Object.entries(document.paths)) {
    const methods = Object.keys(item).filter((name) => ['get', 'post'].includes(name))
    // An operation that answers both is shown once; POST carries the whole input.
    const method = methods.includes('post') ? 'post' : methods[0]
    const operation = describe(document, path, method, item[method])
    operation.methods = methods.map((name) => name.toUpperCase())
    groups.find((group) => group.name === operation.namespace)?.operations.push(operation)
  }
  for (const { operations } of groups) operations.sort(byAccess)
  return groups.filter((group) => group.operations.length > 0)
}

/** What front ends call comes first. */
const byAccess = (a, b) => ORDER.indexOf(a.access) - ORDER.indexOf(b.access) || a.id.localeCompare(b.id)
const ORDER = ['Public', 'User', 'Service']

function describe(document, path, method, source) {
  const contents = source.requestBody?.content ?? {}
  const body = contents['application/json']
  const parameters = source.parameters ?? []
  const schema = body
    ? resolve(document, body.schema)
    : {
        properties: Object.fromEntries(
          parameters.map(({ name, schema, description, 'x-zh': zh }) => [name, { ...schema, description, 'x-zh': zh }]),
        ),
        required: parameters.filter(({ required }) => required).map(({ name }) => name),
      }
  const example = body
    ? (body.example ?? {})
    : Object.fromEntries(parameters.filter(({ example }) => example !== undefined).map(({ name, example }) => [name, example]))
  const required = schema.required ?? []
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => field(document, name, property, required.includes(name)))
  fields.sort((a, b) => Number(b.required) - Number(a.required))
  return {
    id: source.operationId.replace(/\.get$/, (end) => (method === 'get' && Object.keys(document.paths[path]).includes('post') ? '' : end)),
    path: source['x-access'] === 'Service' ? undefined : path,
    method: method.toUpperCase(),
    namespace: source.tags[0],
    summary: source.summary,
    description: source.description,
    zh: { summary: source['x-zh-summary'], description: source['x-zh'] },
    access: source['x-access'],
    accounts: source['x-accounts'] ?? [],
    function: source['x-function'],
    /** Only WeChat calls it. */
    raw: source['x-raw'] === true,
    fields,
    example,
    uploads: Object.keys(contents).filter((type) => type !== 'application/json'),
    answer: answer(document, source.responses['200']),
    problems: problems(document, source.responses),
    refusals: refusals(source),
  }
}

/** Follows a reference. */
export function resolve(document, schema) {
  let found = schema
  while (found?.$ref) {
    const { $ref, ...rest } = found
    const target = $ref
      .slice(2)
      .split('/')
      .reduce((value, name) => value?.[name.replaceAll('~1', '/')], document)
    // Whoever says something of a type says it instead of the type.
    const own = rest.description === undefined ? {} : { 'x-zh': undefined }
    found = { ...target, ...own, ...rest }
  }
  return found ?? {}
}

/** One input: what kind of control it needs, and its rules in words. */
function field(document, name, property, required) {
  let schema = resolve(document, property)
  const alternatives = (schema.anyOf ?? []).map((one) => resolve(document, one)).filter((one) => one.type !== 'null')
  if (alternatives.length === 1) {
    const { description, 'x-zh': zh } = schema.description === undefined ? alternatives[0] : schema
    schema = { ...alternatives[0], description, 'x-zh': zh, default: schema.default }
  }
  // A color is a text or an object.
  const plain = (schema.anyOf ?? []).some((one) => resolve(document, one).type === 'string')
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null')
  const choices = schema.enum?.filter((value) => value !== null) ?? schema.oneOf?.map(({ const: value }) => value)
  let kind = 'json'
  if (choices?.every((value) => value !== undefined)) kind = 'choice'
  else if (types.length === 1 && types[0] !== 'object' && types[0] !== 'array') kind = types[0]
  return {
    name,
    kind,
    required,
    description: schema.description,
    zh: { description: schema['x-zh'] },
    choices:
      kind === 'choice'
        ? choices.map((value) =>
            choice(
              value,
              schema.oneOf?.find((one) => one.const === value),
            ),
          )
        : undefined,
    long: kind === 'string' && !(schema.maxLength <= 256),
    plain: kind === 'json' && plain,
    base64: schema.contentEncoding === 'base64' || name === 'base64',
    fallback: schema.default ?? undefined,
    limits: limits(schema, types),
  }
}

/** A value to choose, and what it means. */
const choice = (value, schema) => ({ value, meaning: schema?.description, zh: { meaning: schema?.['x-zh'] } })

/** The rules of a schema in words. */
export function limits(schema, types = [schema.type ?? []].flat()) {
  const rules = []
  const range = (low, high, unit) => {
    if (low !== undefined && high !== undefined) rules.push(low === high ? `${low}${unit}` : `${low}–${high}${unit}`)
    else if (high !== undefined) rules.push(`≤ ${high}${unit}`)
    else if (low !== undefined && low !== 0) rules.push(`≥ ${low}${unit}`)
  }
  if (types.length > 0) rules.push(types.join(' | '))
  range(schema.minLength, schema.maxLength, ' characters')
  range(schema.minimum, schema.maximum, '')
  range(schema.minItems, schema.maxItems, ' items')
  if (schema.pattern) rules.push(schema.pattern)
  if (schema.format && !/^u?int|double|float/.test(schema.format)) rules.push(schema.format)
  if (schema.default !== undefined && schema.default !== null) rules.push(`default ${JSON.stringify(schema.default)}`)
  return rules
}

/** What an operation answers: the fields of its JSON, or that it is a file. */
function answer(document, response) {
  const content = response?.content ?? {}
  const json = content['application/json']
  if (!json) return { types: Object.keys(content), fields: [] }
  let schema = resolve(document, json.schema)
  if (schema.anyOf) schema = resolve(document, schema.anyOf[0])
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const own = field(document, name, property, (schema.required ?? []).includes(name))
    return { name, description: own.description, zh: own.zh, limits: own.limits.slice(0, 1), required: own.required }
  })
  return { types: Object.keys(content), fields }
}

/** The title of each problem in Chinese, by its type. */
export const chineseTitles = (document) => document.components.schemas.Problem.properties.type['x-zh-enum'] ?? {}

/** What codes of WeChat's mean at an operation, or, of the document's components, everywhere. */
export const refusals = (source) =>
  ((source.components ?? source)['x-refusals'] ?? []).map(({ 'x-zh': zh, ...row }) => ({ ...row, zh: { detail: zh } }))

/** The problems of an operation: `{ status, type, title }`. */
function problems(document, responses) {
  const failures = (responses['200']?.content?.['application/json']?.schema?.anyOf ?? []).flatMap(({ allOf }) => allOf ?? [])
  const types = failures.flatMap(({ properties }) => properties?.errorType?.enum ?? [])
  // What is invoked tells its problems inside the answer.
  if (types.length) return types.map((type) => told(document).get(type)).filter(Boolean)
  return Object.entries(responses)
    .filter(([status]) => status !== '200')
    .flatMap(([status, response]) => lines(document, status, resolve(document, response)))
}

/** Every problem that a response of the document tells of, by its type. */
const told = (document) =>
  new Map(
    Object.entries(document.components.responses)
      .flatMap(([name, response]) => lines(document, name.split('.')[0], response))
      .map((problem) => [problem.type, problem]),
  )

const lines = (document, status, { description = '' }) =>
  description
    .split('\n\n')
    .map((line) => line.match(/^`([a-z-]+)`: (.*)\.$/))
    .filter(Boolean)
    .map(([, type, title]) => ({ status: Number(status), type, title, zh: { title: chineseTitles(document)[type] } }))

/** What a control holds, as JSON has it; `undefined` is not sent. Throws on what cannot be read. */
export function read({ kind, required, choices, plain }, text) {
  if (text === '' && (kind !== 'string' || !required)) return undefined
  switch (kind) {
    case 'integer':
    case 'number':
      return Number.isNaN(Number(text)) ? text : Number(text)
    case 'boolean':
      return text === 'true'
    case 'choice':
      return choices.find(({ value }) => String(value) === text)?.value
    case 'string':
      return text
    default:
      return plain && !/^\s*[{["]/.test(text) ? text : JSON.parse(text)
  }
}

/** What a control shows for a value. */
export const show = ({ kind, plain }, value) =>
  value === undefined ? '' : kind === 'json' && !(plain && typeof value === 'string') ? JSON.stringify(value, null, 2) : String(value)

/** A query string; arrays repeat their name. */
export function query(input) {
  const pairs = Object.entries(input).flatMap(([name, value]) => [value].flat().map((one) => [name, one]))
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
}

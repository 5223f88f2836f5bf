// What was run in this tab, newest first: kept over a reload, without answers and without secrets.

const LIMIT = 30
const SECRET = /(key|token|secret|code)$/i

let runs = JSON.parse(sessionStorage.getItem('runs') ?? '[]')

/** The runs so far: `{ id, at, status, took, type?, input, service }`. */
export const history = () => runs

export function remember({ id }, { service }, input, { status, took, problem }) {
  const harmless = Object.fromEntries(Object.entries(input).filter(([name]) => !SECRET.test(name)))
  // A picture is not worth its room.
  const small = JSON.stringify(harmless).length < 4096 ? harmless : {}
  keep([{ id, at: Date.now(), status, took, type: problem?.type, input: small, service }, ...runs].slice(0, LIMIT))
}

export const forget = () => keep([])

function keep(next) {
  runs = next
  sessionStorage.setItem('runs', JSON.stringify(runs))
}

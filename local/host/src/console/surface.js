// WeChat's whole API, as the path of `api.call` is completed from it.

import { get } from './backend.js'
import { fill, h } from './elements.js'
import { say } from './words.js'

let rows

/** The inventory, asked for once. */
export const inventory = () => (rows ??= get('/console/surface'))

/** Suggestions for an input, and what is known of the path in it. */
export function paths(input) {
  const list = h('datalist', { id: 'surface' })
  const about = h('div', { className: 'about', role: 'status' })
  input.setAttribute('list', 'surface')
  const update = async () => {
    const all = await inventory()
    if (!list.children.length) {
      // Those that may be called come first.
      const sorted = [...all].sort((one, other) => other.enabled - one.enabled)
      fill(
        list,
        [...new Set(sorted.map(({ path }) => path))].map((value) => h('option', { value })),
      )
    }
    fill(about, all.filter(({ path }) => path === input.value.trim()).map(facts))
  }
  input.addEventListener('focus', update)
  input.addEventListener('input', update)
  update()
  return [list, about]
}

function facts({ path, method, area, query, fields: [sent, answered], policy, enabled, operation }) {
  const word = enabled ? ['good', 'enabled'] : ['warn', 'not enabled']
  return h(
    'p',
    {},
    h('b', {}, method),
    ' ',
    h('span', { className: `pill ${word[0]}` }, say(word[1])),
    ` ${say('area {area}', { area })} · ${say('{sent} fields in, {answered} out', { sent, answered })} · ${say('policy {policy}', { policy })}`,
    query.length > 0 && [' · ', say('query'), ' ', h('code', {}, query.join(', '))],
    operation && [' · ', say('Use'), ' ', h('a', { href: `#/operations/${operation}` }, operation)],
    !enabled && policy !== 'never' && !operation && [' · ', say('Add to API_CALL_ALLOW:'), ' ', h('code', {}, path)],
  )
}

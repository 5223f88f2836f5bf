// Making elements. Text is always text: nothing here reads HTML.

import { say } from './words.js'

/** An element with properties (`on…` listens, `data`/`aria-` and the rest are attributes) and children. */
export function h(name, properties, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
    else if (key in element && typeof value !== 'string' && key !== 'list') element[key] = value
    else element.setAttribute(key === 'className' ? 'class' : key, value === true ? '' : value)
  }
  element.append(...flat(children))
  return element
}

/** Replaces the children, and only if that changes anything a person would see. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children))
  return element
}

const flat = (children) => children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false)

/** Paragraphs and `code`, the little Markdown that descriptions use. */
export function prose(text) {
  return (text ?? '')
    .split('\n\n')
    .filter(Boolean)
    .map((paragraph) => h('p', {}, inline(paragraph)))
}

export function inline(text) {
  return (text ?? '').split('`').map((part, index) => (index % 2 ? h('code', {}, part) : part))
}

/** A button that copies a text, which is asked for when it is pressed. */
export function copyButton(text, label, className) {
  const copy = h('button', { type: 'button', className }, label)
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text())
    fill(copy, say('Copied'))
  })
  return copy
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** JSON with its parts told apart by colour. */
export function json(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  const code = h('code')
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    code.append(text.slice(end, match.index))
    const [whole, string, colon, word] = match
    if (string && colon) code.append(h('span', { className: 'key' }, string), colon)
    else code.append(h('span', { className: string ? 'string' : word ? 'word' : 'number' }, whole))
    end = match.index + whole.length
  }
  code.append(text.slice(end))
  return h('pre', { tabindex: '0' }, code)
}

/** Pretty-printed if it is JSON, as it stands if not. */
export function body(text) {
  try {
    return json(JSON.parse(text))
  } catch {
    return h('pre', { tabindex: '0' }, h('code', {}, text))
  }
}

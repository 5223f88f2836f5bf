// A bundle of a test file's own, and a stand-in for `wx` that talks to it.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BINARY = process.env.BUNDLE ?? fileURLToPath(new URL('../../target/debug/local', import.meta.url))

/** Starts a bundle on free ports: `{ url, wechat, advance, stop }`. */
export async function start() {
  const process = spawn(BINARY, ['--listen', '127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const found = {}
  const said = []
  for await (const line of createInterface({ input: process.stderr })) {
    said.push(line)
    const [, name, url] = line.match(/^\s*(operations|WeChat)\s+(http:\S+)/) ?? []
    if (name) found[name] = url
    if (found.operations && found.WeChat) break
  }
  if (!found.WeChat) throw new Error(`the bundle does not start: ${said.join('\n')}`)
  process.stderr.resume()
  const url = found.operations
  const ask = async (address, input, method = 'POST') => {
    const response = await fetch(address, { method, body: input && JSON.stringify(input) })
    if (!response.ok) throw new Error(`${address}: ${await response.text()}`)
    return response.json()
  }
  const post = (path, input) => ask(url + path, input)
  return {
    url,
    /** Where the simulated WeChat is told what to do. */
    controls: `${found.WeChat}/_simulator`,
    /** Makes trouble at WeChat, once. */
    fault: (path, effect) => ask(`${found.WeChat}/_simulator/faults`, { path, times: 1, effect }),
    /** How often a path of WeChat's was called. */
    calls: async (path) => (await ask(`${found.WeChat}/_simulator/journal?path=${path}`, undefined, 'GET')).length,
    /** A login code, as `wx.login` or an OAuth redirect brings one. */
    code: async (input) => (await post('/console/wechat/codes', input)).code,
    /** Puts a product into the catalogue, as a back end does. */
    sell: (product) => post('/2015-03-31/functions/pay-putproduct/invocations', product),
    /** Tells the simulated cashier something. */
    cashier: (input) => post('/console/wechat/pay/cashier', input),
    /** Moves the time of everything but the client. */
    advance: (seconds) => post('/console/clock', { advance_s: seconds }),
    stop: () => new Promise((resolve) => process.once('exit', resolve) && process.kill('SIGINT')),
  }
}

/** What a mini program has as `wx`, with a count of the calls and a way to meddle with requests. */
export function standIn(bundle, { user = 'alice', meddle = (options) => options } = {}) {
  const storage = new Map()
  const counts = { login: 0, request: 0 }
  const answered = (promise, { success, fail }) => promise.then(success, (error) => fail({ errMsg: `request:fail ${error.message}` }))
  return {
    storage,
    counts,
    getStorageSync: (key) => storage.get(key) ?? '',
    setStorageSync: (key, value) => storage.set(key, structuredClone(value)),
    removeStorageSync: (key) => storage.delete(key),
    login(options) {
      counts.login += 1
      answered(
        bundle.code({ user }).then((code) => ({ code, errMsg: 'login:ok' })),
        options,
      )
    },
    request(options) {
      counts.request += 1
      const { url, method, header, data, responseType, dataType = 'json' } = meddle(options)
      const work = async () => {
        const body = typeof data === 'object' ? JSON.stringify(data) : data
        const response = await fetch(url, { method, headers: { 'accept-language': 'zh-CN', ...header }, body })
        const content = await response.arrayBuffer()
        const text = () => new TextDecoder().decode(content)
        return {
          statusCode: response.status,
          // WeChat's clients spell headers as the server did, or with capitals.
          header: Object.fromEntries(
            [...response.headers].map(([name, value]) => [name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()), value]),
          ),
          data: responseType === 'arraybuffer' ? content : dataType === 'json' ? JSON.parse(text()) : text(),
        }
      }
      answered(work(), options)
    },
    requestPayment({ complete, ...given }) {
      const opened = bundle.cashier({ appid: 'wx1111111111111111', user, given })
      opened.then(({ outcome }) => complete({ errMsg: `requestPayment:${outcome}` }))
    },
    uploadFile(options) {
      const { url, filePath, name, header, formData } = options
      const work = async () => {
        const { readFile } = await import('node:fs/promises')
        const form = new FormData()
        for (const [key, value] of Object.entries(formData ?? {})) form.append(key, value)
        form.append(name, new Blob([await readFile(filePath)], { type: 'image/png' }), 'tmp.png')
        const response = await fetch(url, { method: 'POST', headers: header, body: form })
        return { statusCode: response.status, data: await response.text() }
      }
      answered(work(), options)
    },
  }
}

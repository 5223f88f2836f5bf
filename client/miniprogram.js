// For mini programs: requests by wx.request, logins by wx.login.

import { create, lost, outcome, Problem } from './client.js'

export { Problem }

/** A client for one deployment: `connect({ base })` or `connect({ urls })`. */
export function connect(options) {
  const api = options.wx ?? wx
  return create(options, {
    load: (key) => api.getStorageSync(key) || undefined,
    save: (key, session) => (session ? api.setStorageSync(key, session) : api.removeStorageSync(key)),

    enter: async (signIn) => {
      const { code } = await promised(api.login, {})
      return signIn('auth.code2Session', { js_code: code })
    },

    request: async ({ url, method, headers, body }) => {
      // As bytes, because an answer may be an image, and an error is JSON all the same.
      const answer = await promised(api.request, {
        url,
        method,
        header: headers,
        data: body,
        responseType: 'arraybuffer',
        dataType: 'other',
      })
      return {
        status: answer.statusCode,
        type: header(answer.header, 'content-type'),
        retryAfter: header(answer.header, 'retry-after'),
        bytes: () => answer.data,
        text: () => (typeof answer.data === 'string' ? answer.data : utf8(new Uint8Array(answer.data))),
      }
    },

    // Never rejects: a user who cancels is no error.
    pay: (payment) =>
      payment.paySign && new Promise((resolve) => api.requestPayment({ ...payment, complete: ({ errMsg }) => resolve(outcome(errMsg)) })),

    upload: async ({ url, headers, file, fields }) => {
      const answer = await promised(api.uploadFile, { url, filePath: file, name: 'media', header: headers, formData: fields })
      const retryAfter = header(answer.header, 'retry-after')
      return { status: answer.statusCode, type: 'application/json', retryAfter, bytes: () => answer.data, text: () => answer.data }
    },
  })
}

const promised = (call, options) =>
  new Promise((resolve, reject) => {
    const fail = ({ errMsg, errno }) => reject(lost(Object.assign(new Error(errMsg ?? 'wx failed'), { errno })))
    call({ ...options, success: resolve, fail })
  })

const header = (headers, name) => {
  const found = Object.keys(headers ?? {}).find((key) => key.toLowerCase() === name)
  return found ? String(headers[found]) : ''
}

/** Mini programs have no TextDecoder. */
function utf8(bytes) {
  let text = ''
  for (let index = 0; index < bytes.length;) {
    const byte = bytes[index]
    const extra = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    let point = extra === 0 ? byte : byte & (0x3f >> extra)
    for (let step = 1; step <= extra; step += 1) point = (point << 6) | (bytes[index + step] & 0x3f)
    text += String.fromCodePoint(point)
    index += extra + 1
  }
  return text
}

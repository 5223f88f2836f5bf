import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import { qr, qrImage } from '../qr.js'

const CODE_URL = 'weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00'

test('a code_url is the QR code that another encoder makes of it', () => {
  const rows = qr(CODE_URL)
  assert.equal(rows.length, 33)
  const text = rows.map((row) => row.map(Number).join('')).join('\n')
  // Python's qrcode 8: version 4, correction M, mask 0.
  assert.equal(createHash('sha256').update(text).digest('hex'), '48a4f262410714cce8b102a2fb8c09209cefb0360ebdb79f5d8073ab77d24610')
})

test('every length up to the limit has a size, and what is longer is refused', () => {
  for (let length = 1; length <= 106; length += 1) assert.equal((qr('x'.repeat(length)).length - 17) % 4, 0)
  assert.throws(() => qr('x'.repeat(107)), RangeError)
  assert.match(qrImage(CODE_URL), /^data:image\/svg/)
})

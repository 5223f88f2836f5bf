// A QR code of a payment's `code_url`: bytes, error correction M, versions 1 to 6.

/** Version by version: check words of a block, blocks, data words of a block. */
const VERSIONS = [
  [10, 1, 16],
  [16, 1, 28],
  [26, 1, 44],
  [18, 2, 32],
  [24, 2, 43],
  [16, 4, 27],
]

/** The rows of the code, each a list of booleans: true is dark. Draw four light modules around it. */
export function qr(text) {
  const bytes = [...unescape(encodeURIComponent(text))].map((letter) => letter.charCodeAt(0))
  // Four bits of mode, eight of length.
  const version = 1 + VERSIONS.findIndex(([, blocks, words]) => bytes.length + 2 <= blocks * words)
  if (version === 0) throw new RangeError('A QR code of this kind holds 106 bytes.')
  return place(version, words(bytes, VERSIONS[version - 1]))
}

/** The QR code as an SVG image, for `<img src>` or `<image src>`. */
export function qrImage(text) {
  const rows = qr(text)
  const size = rows.length + 8
  const dark = rows.map((row, y) => row.map((is, x) => (is ? `M${x + 4} ${y + 4}h1v1h-1z` : '')).join('')).join('')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${dark}"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

/** Data and check words, interleaved. */
function words(bytes, [checks, blocks, length]) {
  const bits = [[4, 4], [bytes.length, 8], ...bytes.map((byte) => [byte, 8]), [0, 4]]
  const text = bits.map(([value, width]) => value.toString(2).padStart(width, '0')).join('')
  const data = (text.match(/.{8}/g) ?? []).map((octet) => parseInt(octet, 2))
  for (let pad = 0xec; data.length < blocks * length; pad ^= 0xec ^ 0x11) data.push(pad)
  const parts = Array.from({ length: blocks }, (_, block) => data.slice(block * length, (block + 1) * length))
  const ends = parts.map((part) => remainder(part, checks))
  const woven = (lists, count) => [].concat(...Array.from({ length: count }, (_, at) => lists.map((list) => list[at])))
  return [...woven(parts, length), ...woven(ends, checks)]
}

function times(a, b) {
  let product = 0
  for (let bit = 7; bit >= 0; bit -= 1) product = (product << 1) ^ (product >> 7 ? 0x11d : 0) ^ ((b >> bit) & 1 ? a : 0)
  return product & 0xff
}

/** Reed-Solomon check words. */
function remainder(data, count) {
  let generator = [1]
  for (let step = 0, root = 1; step < count; step += 1, root = times(root, 2)) {
    const shifted = [...generator, 0]
    generator = shifted.map((factor, at) => factor ^ (at ? times(generator[at - 1], root) : 0))
  }
  const rest = Array(count).fill(0)
  for (const byte of data) {
    const factor = byte ^ rest.shift()
    rest.push(0)
    generator.slice(1).forEach((term, at) => (rest[at] ^= times(term, factor)))
  }
  return rest
}

function place(version, words) {
  const size = 17 + 4 * version
  const rows = Array.from({ length: size }, () => Array(size).fill(undefined))
  const set = (x, y, dark) => x >= 0 && y >= 0 && x < size && y < size && (rows[y][x] = Boolean(dark))
  for (const [left, top] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ]) {
    for (let y = -4; y <= 4; y += 1) {
      for (let x = -4; x <= 4; x += 1) {
        const ring = Math.max(Math.abs(x), Math.abs(y))
        set(left + x, top + y, ring !== 2 && ring !== 4)
      }
    }
  }
  const align = version > 1 ? size - 7 : 0
  for (let y = -2; align && y <= 2; y += 1) {
    for (let x = -2; x <= 2; x += 1) set(align + x, align + y, Math.max(Math.abs(x), Math.abs(y)) !== 1)
  }
  for (let at = 8; at < size - 8; at += 1) {
    set(at, 6, at % 2 === 0)
    set(6, at, at % 2 === 0)
  }
  // Correction M and mask 0, with the check bits of the standard.
  const format = 0b101010000010010
  for (let bit = 0; bit < 15; bit += 1) {
    const dark = (format >> bit) & 1
    set(8, bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit, dark)
    set(bit < 8 ? size - 1 - bit : bit < 9 ? 7 : 14 - bit, 8, dark)
  }
  set(8, size - 8, true)
  let bit = 0
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right -= 1
    const up = ((right + 1) & 2) === 0
    for (let step = 0; step < size; step += 1) {
      const y = up ? size - 1 - step : step
      for (const x of [right, right - 1]) {
        if (rows[y][x] !== undefined) continue
        const dark = ((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1
        rows[y][x] = Boolean(dark ^ ((x + y) % 2 === 0))
        bit += 1
      }
    }
  }
  return rows
}

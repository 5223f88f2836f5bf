/** The rows of the QR code of a payment's `code_url`, each a list of booleans: true is dark. */
export function qr(text: string): boolean[][]
/** The same as an SVG image, for `<img src>` or `<image src>`. */
export function qrImage(text: string): string

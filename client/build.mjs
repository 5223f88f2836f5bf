// Builds what mini programs use: CommonJS in ES5 with its types, which the developer tools copy as
// it is ("构建 npm").

import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { transform } from '@swc/core'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/** What can be required, and where it comes from. */
const ENTRIES = { index: 'miniprogram', qr: 'qr' }
const TYPES = ['client', 'types']

await rm(here('miniprogram_dist'), { recursive: true, force: true })
await mkdir(here('miniprogram_dist'))
for (const [name, source] of Object.entries(ENTRIES)) {
  const bundled = await build({ entryPoints: [here(`${source}.js`)], bundle: true, format: 'cjs', target: 'es2022', write: false })
  // esbuild does not write ES5; swc does, with all that async functions need in the file.
  const { code } = await transform(bundled.outputFiles[0].text, {
    isModule: false,
    jsc: { target: 'es5', parser: { syntax: 'ecmascript' } },
  })
  await writeFile(here(`miniprogram_dist/${name}.js`), code)
  await copyFile(here(`${source}.d.ts`), here(`miniprogram_dist/${name}.d.ts`))
}
for (const name of TYPES) await copyFile(here(`${name}.d.ts`), here(`miniprogram_dist/${name}.d.ts`))
await copyFile(here('../LICENSE'), here('LICENSE'))
await writeFile(here('miniprogram_dist/package.json'), '{ "type": "commonjs" }\n')

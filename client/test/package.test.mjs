// The package as users get it: its files, and a project of each kind that uses it.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createContext, runInContext } from 'node:vm'

import { parse } from 'acorn'

import { standIn, start } from './bundle.mjs'
import { scratch } from './scratch.mjs'

let bundle
let project
before(async () => ([bundle, project] = await Promise.all([start(), scratch()])))
after(() => Promise.all([bundle.stop(), project.remove()]))

test('the tarball holds what is used, and nothing else', () => {
  assert.deepEqual(project.files.sort(), [
    'LICENSE',
    'README.md',
    'apicloud/wechat.js',
    'browser.d.ts',
    'browser.js',
    'client.d.ts',
    'client.js',
    'h5/README.md',
    'h5/jssdk.d.ts',
    'h5/jssdk.js',
    'miniprogram_dist/client.d.ts',
    'miniprogram_dist/index.d.ts',
    'miniprogram_dist/index.js',
    'miniprogram_dist/package.json',
    'miniprogram_dist/qr.d.ts',
    'miniprogram_dist/qr.js',
    'miniprogram_dist/types.d.ts',
    'operations.js',
    'package.json',
    'qr.d.ts',
    'qr.js',
    'service.d.ts',
    'service.js',
    'types.d.ts',
  ])
})

/** What came to JavaScript after 2017, and so is missing in old clients. */
const MODERN = `
  delete Array.prototype.flat; delete Array.prototype.flatMap; delete Array.prototype.at
  delete Array.prototype.findLast; delete Object.fromEntries; delete Object.hasOwn
  delete Promise.prototype.finally; delete Promise.allSettled; delete Promise.any
  delete String.prototype.replaceAll; delete String.prototype.matchAll; delete String.prototype.at
  delete String.prototype.trimStart; delete Symbol.asyncIterator; delete globalThis.globalThis
`

test('a mini program requires ES5 that runs in an old client', async () => {
  const { target, scripts } = await project.buildNpm()
  assert.deepEqual(scripts.sort(), ['index.js', 'qr.js'])
  const client = createContext({ wx: standIn(bundle), setTimeout })
  runInContext(MODERN, client)
  const required = {}
  for (const name of scripts) {
    const text = await readFile(join(target, name), 'utf8')
    parse(text, { ecmaVersion: 5 })
    const module = { exports: {} }
    runInContext(`(function (module, exports, require) { ${text}\n})`, client)(module, module.exports)
    required[name] = module.exports
  }

  const { connect, Problem } = required['index.js']
  const backend = connect({ base: bundle.url })
  const { valid } = await backend.call('auth.checkSession')
  const image = await backend.call('wxacode.getUnlimited', { scene: 'id=1' })

  assert.equal(valid, true)
  assert.ok(image.byteLength > 100)
  await assert.rejects(backend.call('jssdk.config', { url: 'https://elsewhere.example.org/' }), (error) => {
    assert.ok(error instanceof Problem)
    return error.type === 'forbidden' && error.field === 'url'
  })
  assert.match(required['qr.js'].qrImage('weixin://wxpay/bizpayurl?pr=abc'), /^data:image\/svg/)
})

test('a page imports modules, bundled or as they are', async () => {
  await project.write(
    'page.mjs',
    `import { connect, Problem } from 'wechat-backend-client/browser'
     import { qrImage } from 'wechat-backend-client/qr'
     const backend = connect({ base: '${bundle.url}', storage: null })
     const { appId } = await backend.call('jssdk.config', { url: 'https://h5.example.com/' })
     const { type } = await backend.call('auth.checkSession').catch((error) => error instanceof Problem && error)
     console.log(appId, type, qrImage('weixin://').slice(0, 14))`,
  )
  const said = 'wx2222222222222222 unauthenticated data:image/svg\n'
  assert.equal(project.run('node', 'page.mjs'), said)
  const bundled = ['--bundle', '--format=esm', '--platform=browser', '--target=es2022', '--log-level=error']
  project.run(project.tool('esbuild'), 'page.mjs', ...bundled, '--outfile=bundled.mjs')
  assert.equal(project.run('node', 'bundled.mjs'), said)

  await project.write('shop.mjs', `import { createJssdk } from 'wechat-backend-client/h5'\nexport const jssdk = createJssdk()`)
  assert.match(project.run(project.tool('esbuild'), 'shop.mjs', ...bundled), /preVerifyJSAPI/)
})

test('an APICloud app takes the shim by its path', async () => {
  await project.write('where.mjs', `console.log(import.meta.resolve('wechat-backend-client/apicloud/wechat.js'))`)
  const path = new URL(project.run('node', 'where.mjs').trim()).pathname
  parse(await readFile(path, 'utf8'), { ecmaVersion: 5 })
})

test('a back end imports its entry beside the AWS SDK', async () => {
  await project.link('@aws-sdk')
  await project.write(
    'service.mjs',
    `import { connect } from 'wechat-backend-client/service'
     const wechat = connect()
     console.log((await wechat.call('auth.getAccessToken')).access_token)`,
  )
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_LAMBDA: bundle.url,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  })
  assert.match(project.run('node', 'service.mjs'), /^\d+_/)
})

test('TypeScript knows every entry, in modules and in CommonJS', async () => {
  const types = await readFile(new URL('types.ts', import.meta.url), 'utf8')
  await project.link('@aws-sdk').catch((error) => assert.equal(error.code, 'EEXIST'))
  await project.write('types.mts', types)
  await project.write('types.cts', types)
  for (const given of [
    ['--module', 'nodenext', 'types.mts', 'types.cts'],
    ['--module', 'esnext', '--moduleResolution', 'bundler', 'types.mts'],
  ]) {
    project.run(project.tool('tsc'), '--noEmit', '--strict', '--skipLibCheck', '--lib', 'es2022,dom', ...given)
  }
})

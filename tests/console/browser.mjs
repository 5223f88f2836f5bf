// A Chromium for the scripts that drive the console. CONSOLE_URL is the bundle, MODULES where
// playwright-core is installed, SCREENSHOTS a directory for pictures.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const { CONSOLE_URL: url, SCREENSHOTS: shots, MODULES: modules } = process.env
export const module = createRequire(join(modules, 'here.js'))
const { chromium } = module('playwright-core')
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const profile = await mkdtemp(join(tmpdir(), 'console-'))
await mkdir(shots, { recursive: true })
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  args: FLAGS,
  locale: 'en-US',
  permissions: ['clipboard-read', 'clipboard-write'],
})

/** What the browser complained about. */
export const complaints = []

export const step = (what) => console.log(`  ${what}`)
export const json = async (path) => (await fetch(url + path)).json()

/** A page of the bundle; whatever the browser says of it becomes a complaint. */
export async function open(path = '/', { width = 1280, height = 900, colorScheme = 'light', language = undefined } = {}) {
  const page = await browser.newPage()
  page.on('pageerror', (error) => complaints.push(`${error}`))
  page.on('console', (message) => {
    // A refusal that is shown on purpose is also an error line of the browser's.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) complaints.push(`asks elsewhere: ${request.url()}`)
  })
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme })
  if (language) await page.addInitScript((chosen) => localStorage.setItem('language', chosen), language)
  await page.goto(url + path)
  await page.waitForSelector('h1')
  return page
}

export async function close() {
  await browser.close()
  await rm(profile, { recursive: true, force: true })
}

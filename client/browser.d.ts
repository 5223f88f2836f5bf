import type { Client, Options } from './client.js'

export * from './client.js'

/** The link of an H5 payment that returns to this page. */
export function h5Link(payment: { h5_url: string }, page: string): string

/** A client for one deployment: `connect({ base })` or `connect({ urls })`. */
export function connect(
  options: Options & {
    /** What to do when a session is needed and there is none. */
    login?: (signIn: Client<Blob>['signIn']) => Promise<unknown>
    fetch?: typeof globalThis.fetch
    storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
    /** jweixin, if it is not global: `wx.config` with `chooseWXPay` comes first. */
    wx?: object
  },
): Client<Blob>

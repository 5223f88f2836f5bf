import type { Client, Options } from './client.js'

export * from './client.js'

/** A client for one deployment: `connect({ base })` or `connect({ urls })`. */
export function connect(
  options: Options & {
    /** What to do when a session is needed and there is none. */
    login?: (signIn: Client<Blob>['signIn']) => Promise<unknown>
    fetch?: typeof globalThis.fetch
    storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
  },
): Client<Blob>

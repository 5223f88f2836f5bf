import type { Client, Operations, Options } from './client.js'

export * from './client.js'

/** A client for one deployment: `connect({ base })` or `connect({ urls })`. */
export function connect(options: Options & { wx?: object }): Client<string, Operations['auth.code2Session']['output']>

import type { LambdaClient } from '@aws-sdk/client-lambda'

import type { Arguments } from './client.js'
import type { Operations, ServiceOperations } from './types.js'

export * from './types.js'
export { Problem } from './client.js'

export type Options = {
  /** The stack's name; on one machine leave it out. */
  stack?: string
  /** The app, where the deployment has several of a kind. */
  appid?: string
  /** A client of your own, instead of one by the environment; let it try once only. */
  lambda?: LambdaClient
}

type All = Operations & ServiceOperations
type Id = keyof All
/** A service names the user it acts for. */
type Input<K extends Id> = All[K]['input'] & (All[K]['access'] extends 'User' ? { openid?: string } : {})

export interface Service {
  /** Calls an operation: JSON comes as an object, a file as an ArrayBuffer. */
  call<K extends Id>(id: K, ...input: Arguments<Input<K>>): Promise<All[K]['output']>
}

/** The functions of one stack: `connect({ stack: 'wechat' })`. */
export function connect(options?: Options): Service

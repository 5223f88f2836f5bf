import type { Operations } from './types.js'

export * from './types.js'

/** Where the functions are: one domain, or the JSON of the stack's output `Urls`. */
export type Where = { base: string; urls?: Record<string, string> | string } | { base?: string; urls: Record<string, string> | string }

export type Options = Where & {
  /** The app, where the deployment has several of a kind. */
  appid?: string
}

/** Why an operation failed: the problem document as an error. */
export class Problem extends Error {
  constructor(document: object, cause?: unknown)
  /** What a program compares; stable. `network`: no answer came, and the call may have been made. */
  type: string
  title?: string
  /** 0 where no answer came. */
  status: number
  /** What to do next. */
  detail?: string
  /** The input at fault. */
  field?: string
  /** WeChat's code, where WeChat spoke. */
  errcode?: number
  /** The native module's number, at the operations that replace one of its interfaces. */
  code?: number
  /** WeChat's request id, for its support. */
  rid?: string
  /** Seconds to wait. */
  retryAfter?: number
  /** For the log. */
  requestId?: string
  /** What the network or the client said, for `network`. */
  cause?: unknown
}

type Id = keyof Operations
type Input<K extends Id> = Operations[K]['input']
/** An input without required members may be left out. */
export type Arguments<Input> = {} extends Input ? [input?: Input] : [input: Input]

export interface Client<File, Login = unknown> {
  /** Calls an operation: JSON comes as an object, a file as an ArrayBuffer. */
  call<K extends Id>(id: K, ...input: Arguments<Input<K>>): Promise<Operations[K]['output']>
  /**
   * Orders and opens the cashier, then asks the server: only that says whether the user paid.
   * Where no client opens a cashier, the order comes back with its `payment`: hand it to the app
   * SDK, open its `h5_url`, or draw its `code_url` as a QR code, then wait for `settled`.
   */
  pay(
    order: Input<'pay.createOrder'>,
  ): Promise<Operations['pay.createOrder']['output'] | (Operations['pay.getOrder']['output'] & { client: 'ok' | 'cancel' | 'fail' })>
  /** Asks what became of an order until it is paid or closed, or so many times. */
  settled(out_trade_no: string, times?: number): Promise<Operations['pay.getOrder']['output']>
  /** Sends a file: a path in a mini program, a Blob in a browser. */
  upload<K extends Id>(id: K, file: File, input?: Partial<Input<K>>): Promise<Operations[K]['output']>
  /** The address of a file for `<image src>`; the session travels in it, so do not share it. */
  src<K extends Id>(id: K, ...input: Arguments<Input<K>>): Promise<string>
  /** Logs in the way of the platform; simultaneous calls share one login. */
  login(): Promise<Login>
  /** Logs in with a code: `signIn('oauth.getToken', { code })`. */
  signIn<K extends Id>(id: K, input: Input<K>): Promise<Operations[K]['output']>
  logout(): void
  readonly loggedIn: boolean
}

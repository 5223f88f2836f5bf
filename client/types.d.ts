// Written from the OpenAPI document by UPDATE=1 cargo test -p tests --test it client.

export interface Operations {
  /** Tells whether the stored session key is still the user's current one. */
  'auth.checkSession': {
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string
    }
    output: Checked
  }
  /** Logs a mini-program user in with the code of `wx.login`. */
  'auth.code2Session': {
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string
      /** The code of `wx.login`: good for five minutes and one login. */
      js_code: string
    }
    output: LoggedIn
  }
  /** Signs a page for `wx.config`. */
  'jssdk.config': {
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string
      /** The page's address, of a host in `JSSDK_ALLOWED_HOSTS`. */
      url: string
    }
    output: Signed
  }
}

/** The state of a session key. */
export type Checked = {
  /** Whether data the client encrypts now can be decrypted here. */
  valid: boolean
}

/** A user who is logged in. */
export type LoggedIn = {
  /** Seconds until the session ends; then call `wx.login` again. */
  expires_in: number
  /** The user, as this app knows them. */
  openid: string
  /** Send it as `Authorization: Bearer <session_token>`. */
  session_token: string
  /** The user across the apps of one owner; only if the app is bound to an Open Platform account. */
  unionid?: string | null
}

/** The parameters of `wx.config`. */
export type Signed = {
  /** The account. */
  appId: string
  /** Of this signature only. */
  nonceStr: string
  /** SHA-1 in lower-case hex. */
  signature: string
  /** Seconds since 1970. */
  timestamp: number
}

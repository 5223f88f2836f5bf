// Written from the OpenAPI document by `cargo run --bin generate`.

export interface Operations {
  /** Checks the parameters of the module's `launchMiniProgram`, which opens a mini program. */
  'app.launchMiniProgram': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Which version opens. By default the released one; the module's own default is `test`, which users cannot open. */
      miniProgramType?: MiniProgramType
      /** The page, with its query; by default the home page. */
      path?: string | null
      /** The mini program's original id. */
      userName: string
    }
    output: AppLaunchMiniProgramAnswer
  }
  /** Checks the parameters of the module's `openCustomerService`, which opens a chat. */
  'app.openCustomerService': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The company's id at WeCom, as `ww0123456789abcdef`. */
      corpId: string
      /** The link of the customer service account, unchanged: `https://work.weixin.qq.com/kfid/kfc…` or `https://work.weixin.qq.com/kf/kfc…`. */
      url: string
    }
    output: AppOpenCustomerServiceAnswer
  }
  /** Checks what an app shares, and returns the method and parameters for the native module. */
  'app.share': {
    access: 'User'
    input: {
      appid?: string
      kind: "text"
      /** Where to. */
      scene?: AppShareInputScene
      /** The text. */
      text: string
    } | {
      appid?: string
      /** The picture: an address or a path of the phone. */
      contentUrl: string
      kind: "image"
      /** Where to. */
      scene?: AppShareInputScene
      /** The thumbnail; it is scaled down to 32 KB. */
      thumb?: string | null
    } | {
      appid?: string
      /** The address of the music's page. */
      contentUrl: string
      /** The description; cut after 1024 bytes. */
      description?: string | null
      kind: "music"
      /** The address of the sound itself. */
      musicDataUrl?: string | null
      /** Where to. */
      scene?: AppShareInputScene
      /** The thumbnail; it is scaled down to 32 KB. */
      thumb?: string | null
      /** The title. */
      title?: string | null
    } | {
      appid?: string
      /** The address of the video or the page. */
      contentUrl: string
      /** The description; cut after 1024 bytes. */
      description?: string | null
      kind: "video"
      /** Where to. */
      scene?: AppShareInputScene
      /** The thumbnail; it is scaled down to 32 KB. */
      thumb?: string | null
      /** The title. */
      title?: string | null
    } | {
      appid?: string
      /** The address of the video or the page. */
      contentUrl: string
      /** The description; cut after 1024 bytes. */
      description?: string | null
      kind: "webpage"
      /** Where to. */
      scene?: AppShareInputScene
      /** The thumbnail; it is scaled down to 32 KB. */
      thumb?: string | null
      /** The title. */
      title?: string | null
    } | {
      appid?: string
      /** The description; cut after 1024 bytes. */
      description?: string | null
      /** The large picture, which iOS shows; it is scaled down to 128 KB. */
      hdImageData?: string | null
      kind: "program"
      /** Which version opens; by default the released one. */
      miniProgramType?: MiniProgramType
      /** The page, with its query; by default the home page. */
      path?: string | null
      /** Where to; WeChat shares mini programs to chats only. */
      scene?: AppShareInputProgramScene
      /** The thumbnail; it is scaled down to 32 KB. */
      thumb?: string | null
      /** The title. */
      title?: string | null
      /** The mini program's original id. */
      userName: string
      /** The address of a page for clients that cannot open mini programs. */
      webpageUrl: string
      /** Whether the share carries a shareTicket. */
      withShareTicket?: boolean | null
    } | {
      /** The album. */
      albumName?: string | null
      appid?: string
      /** The description; cut after 1024 bytes. */
      description?: string | null
      /** The duration in milliseconds. */
      duration: number
      /** The release date in seconds since 1970. */
      issueDate?: number | null
      kind: "musicVideo"
      /** WeChat returns it when the user returns to the app. */
      messageExt?: string | null
      /** The address of the sound itself. */
      musicDataUrl: string
      /** The genre. */
      musicGenre?: string | null
      /** The address of the music's page. */
      musicUrl: string
      /** Where to. */
      scene?: AppShareInputMusicVideoScene
      /** The singer. */
      singerName: string
      /** The lyrics as LRC. */
      songLyric?: string | null
      /** The thumbnail; it is scaled down to 32 KB. */
      thumbData?: string | null
      /** The title. */
      title: string
    } | {
      appid?: string
      /** 0, or the code of a failure: then there is no content. */
      errCode?: number | null
      /** The reason of a failure. */
      errStr?: string | null
      kind: "message"
      /** The content otherwise. */
      message?: AppShareInputMessage | null
      /** The content if it is a text. */
      text?: string | null
      /** The `type` of the request. */
      type?: number | null
    }
    output: AppShareAnswer
  }
  /** Returns where a user confirms one message: a page of an official account, or the parameters of the module's `subscribeMsg` in an app. */
  'app.subscribeMsg': {
    access: 'Public'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string
      /** For a page: where the user returns to, an address of the account's business domain. Without it the call is for an app. */
      redirect_url?: string
      /** WeChat returns it unchanged. By default it is random. For a page at most 128 letters and digits. */
      reserved?: string
      /** What the message is about: a number of your choice. */
      scene: number
      /** The template for one-time subscriptions, from WeChat's console. */
      templateId: string
    }
    output: AppSubscribeMsgAnswer
  }
  /** Tells whether the stored session key is still the user's current one. */
  'auth.checkSession': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
    }
    output: AuthCheckSessionAnswer
  }
  /** Logs a mini-program user in with the code of `wx.login`. */
  'auth.code2Session': {
    access: 'Public'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** For a service that decrypts by itself: adds `session_key` to the answer. */
      expose_session_key?: boolean
      /** The code of `wx.login`. It expires after five minutes and can be used for one login. */
      js_code: string
    }
    output: AuthCode2SessionAnswer & {
      /** One line for each input that was accepted and has no effect. */
      warnings?: string[]
    }
  }
  /** Logs the user out: the login can no longer be renewed, and its session gets no keys and orders nothing. */
  'auth.logout': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Log out on every device, and erase what is stored about the user at this app: session keys, OAuth tokens and the unionid. */
      erase?: boolean
      /** Log out on every device, not only on this one. A service always does. */
      everywhere?: boolean
    }
    output: AuthLogoutAnswer
  }
  /** Decrypts what the mini program encrypted with the key of `wx.getUserCryptoManager`. */
  'decrypt.getPayload': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** What was encrypted, in base64. */
      data: string
      /** The signature of all of it, in hex. */
      hmac?: string | null
      /** The `iv` it was encrypted with: 16 bytes in base64. */
      iv: string
      /** When it was sent, as the signature has it. */
      timestamp?: string | null
      /** `version` of the key. */
      version: number
    }
    output: DecryptGetPayloadAnswer
  }
  /** Decrypts the phone number that an older client library returned encrypted. */
  'decrypt.getPhoneNumber': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** `event.detail.encryptedData`, in base64. */
      encryptedData: string
      /** `event.detail.iv`: 16 bytes in base64. */
      iv: string
      /** Refuse data older than this, in seconds. */
      max_age_s?: number | null
      /** For services that store session keys themselves: the key to decrypt with. */
      sessionKey?: string | null
    }
    output: PhoneNumber
  }
  /** Decrypts what WeChat returns to the client encrypted: user info, steps, a group's id. */
  'decrypt.getUserData': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** `encryptedData` of the client's answer, in base64. */
      encryptedData: string
      /** `iv` of the client's answer: 16 bytes in base64. */
      iv: string
      /** `rawData` of the client's answer, byte for byte; checked against `signature`. */
      rawData?: string | null
      /** For services that store session keys themselves: the key to decrypt with. */
      sessionKey?: string | null
      /** `signature` of the client's answer: SHA-1 in hex. */
      signature?: string | null
    }
    output: DecryptGetUserDataAnswer
  }
  /** Signs a card for `wx.addCard`. */
  'jssdk.cardExt': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The amount of a red packet, in fen; only for cards that are red packets. */
      balance?: number | null
      /** Restricts the card to this user; required for cards created with `bind_openid`. By default true if the call names an `openid`. */
      bind_openid?: boolean | null
      /** The card. */
      card_id: string
      /** The card's code; only for cards with custom codes. */
      code?: string | null
      /** When the term of a card with a fixed term begins, in seconds since 1970; not signed. */
      fixed_begintimestamp?: number | null
      /** The channel the card is collected through, for statistics; not signed. */
      outer_str?: string | null
    }
    output: JssdkCardExtAnswer
  }
  /** Signs `wx.chooseCard`, which lets users choose among their cards. */
  'jssdk.chooseCard': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Only this card. */
      cardId?: string | null
      /** Only cards of this type, for example GROUPON. */
      cardType?: string | null
      /** Only cards for this shop. */
      shopId?: string | null
    }
    output: JssdkChooseCardAnswer
  }
  /** Signs `wx.invoke('chooseInvoice', …)`, which lets users choose among their invoices. */
  'jssdk.chooseInvoice': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
    }
    output: JssdkChooseInvoiceAnswer
  }
  /** Signs a page for `wx.config`. */
  'jssdk.config': {
    access: 'Public'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string
      /** Adds the signed text and the changes made before it was signed. `wx.config` then shows every answer, as its own `debug` does. */
      debug?: boolean
      /** The interfaces the page will call; returned, with a warning of unknown ones. In a query as `a,b` or repeated. */
      jsApiList?: string[]
      /** The open tags the page will show; returned, with a warning of unknown ones. In a query as `a,b` or repeated. */
      openTagList?: string[]
      /** The page's address. Its host must be in `JSSDK_ALLOWED_HOSTS` or below a host there, its port 80 or 443, or listed there with the host. */
      url: string
    }
    output: JssdkConfigAnswer
  }
  /** Lists the live rooms, the latest first. */
  'livebroadcast.getLiveInfo': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Which page, from 1. */
      pageIndex?: number | null
      /** Rooms on a page; by default 100. */
      pageSize?: number | null
    }
    output: LivebroadcastGetLiveInfoAnswer
  }
  /** Lists the recordings of a live room; they appear about ten minutes after its end. */
  'livebroadcast.getReplay': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Which page, from 1. */
      pageIndex?: number | null
      /** Recordings on a page; by default 100. */
      pageSize?: number | null
      /** The `roomid` of `livebroadcast.getLiveInfo`. */
      room_id: number
    }
    output: LivebroadcastGetReplayAnswer
  }
  /** Fetches what was uploaded to WeChat within the last three days: an image, a voice or a video. */
  'media.get': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string
      /** For a voice from `wx.uploadVoice`, the better recording: 16 kHz speex instead of 8 kHz amr. */
      hd_voice?: boolean
      /** The `serverId` of `wx.uploadImage` or `wx.uploadVoice`, or the `media_id` of a message. */
      media_id: string
      /** The session, where no `Authorization` header can be sent, as in `<image src>`. */
      session_token?: string
    }
    output: MediaGetAnswer | ArrayBuffer
  }
  /** Makes the address that begins a login: a page in WeChat, a QR code on a website, or the parameters of a native app's `auth`. */
  'oauth.authorizeUrl': {
    access: 'Public'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string
      /** In WeChat: ask for consent even if the user gave it before. */
      forcePopup?: boolean
      /** In WeChat: open the page as a snapshot until the visitor chooses the full service. */
      forceSnapShot?: boolean
      /** The kind of login; by default that of the app. */
      kind?: OauthAuthorizeUrlInputKind | null
      /** On a website: the language of the QR page. */
      lang?: OauthAuthorizeUrlInputLanguage | null
      /** The page to which WeChat sends the user back, with `code` and `state`. Its domain must be set in the WeChat console. Not for a native app. */
      redirect_uri?: string
      /** What to ask for. Required in WeChat: `snsapi_base` (silent, the openid only) or `snsapi_userinfo` (a consent page; profile and unionid). On a website it is `snsapi_login`, in a native app `snsapi_userinfo`. */
      scope?: OauthAuthorizeUrlInputScope | null
      /** A state of your own, passed through unchanged, instead of a generated one. Store it and compare it yourself. At most 128 letters and digits; for a native app any text. */
      state?: string
    }
    output: OauthAuthorizeUrlAnswer
  }
  /** Tells whether WeChat accepts the user's access token as it is. */
  'oauth.checkToken': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
    }
    output: OauthCheckTokenAnswer
  }
  /** Logs a user in with the code of an OAuth page, a website's QR code or a native app's `auth`. */
  'oauth.getToken': {
    access: 'Public'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The code. It can be used for one login, and expires after five minutes (ten from a website or an app). */
      code: string
      /** The state that came with the code, if `oauth.authorizeUrl` made it. */
      state?: string | null
      /** The verifier of `oauth.authorizeUrl`, as this browser stored it. */
      verifier?: string | null
    }
    output: OauthGetTokenAnswer & {
      /** One line for each input that was accepted and has no effect. */
      warnings?: string[]
    }
  }
  /** Reads the profile of a user who consented to show it. */
  'oauth.getUserInfo': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The language of place names. */
      lang?: OauthGetUserInfoInputLanguage
    }
    output: OauthGetUserInfoAnswer & {
      /** One line for each input that was accepted and has no effect. */
      warnings?: string[]
    }
  }
  /** Renews a login with its `dynamicToken`: a new session, and WeChat's tokens refreshed. */
  'oauth.refreshToken': {
    access: 'Public'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The `dynamicToken` of the last `oauth.getToken` or `oauth.refreshToken`. */
      dynamicToken: string
    }
    output: OauthRefreshTokenAnswer
  }
  /** Closes an order that is not paid, so that it can no longer be paid. */
  'pay.closeOrder': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The order's number. */
      out_trade_no: string
    }
    output: PayCloseOrderAnswer
  }
  /** Makes an order and returns what the client pays with. */
  'pay.createOrder': {
    access: 'User'
    input: {
      /** Fen, where there is no product. For services. */
      amount?: number | null
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Comes back with the payment. For services. */
      attach?: string | null
      /** How the user pays; by default as the kind of app has it. */
      channel?: PayCreateOrderInputChannel | null
      /** The address of the payer's device; H5 needs it. */
      client_ip?: string | null
      /** What the user sees on the bill, where there is no product. For services. */
      description?: string | null
      /** WeChat Pay's `detail`: goods, for coupons. For services. */
      detail?: unknown
      /** WeChat Pay's `goods_tag`. For services. */
      goods_tag?: string | null
      /** A service's own number of the order. The same number again is the same order. */
      out_trade_no?: string | null
      /** What is ordered; see `pay.putProduct`. */
      product?: string | null
      /** Keeps the money for profit sharing. For services. */
      profit_sharing?: boolean
      /** How many of it; 1 by default. */
      quantity?: number | null
      /** When the order can no longer be paid, in RFC 3339: a minute to two hours from now, half an hour by default. For services. */
      time_expire?: string | null
    }
    output: PayCreateOrderAnswer
  }
  /** Tells what became of an order. */
  'pay.getOrder': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The order's number. A user sees their own orders only. */
      out_trade_no: string
    }
    output: PayGetOrderAnswer
  }
  /** Exchanges the code of a `getPhoneNumber` button for the user's phone number. */
  'phonenumber.getPhoneNumber': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** `event.detail.code` of `<button open-type="getPhoneNumber">`. */
      code: string
    }
    output: PhoneNumber
  }
  /** Tells what a check of a picture or recording found. */
  'security.getMediaCheck': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** As `security.mediaCheckAsync` returned it. */
      trace_id: string
    }
    output: SecurityGetMediaCheckAnswer
  }
  /** Checks an image for content that must not be published. */
  'security.imgSecCheck': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The image in base64, with or without `data:image/…;base64,` before it. */
      base64: string
    }
    output: SecurityImgSecCheckAnswer & {
      /** One line for each input that was accepted and has no effect. */
      warnings?: string[]
    }
  }
  /** Has a picture or recording checked for content that must not be published. */
  'security.mediaCheckAsync': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** 1 a recording, 2 a picture. */
      media_type: number
      /** Where WeChat downloads it, without a login. */
      media_url: string
      /** Where it would appear: 1 profile, 2 comment, 3 forum, 4 social log. */
      scene: number
    }
    output: SecurityMediaCheckAsyncAnswer
  }
  /** Checks a text for content that must not be published. */
  'security.msgSecCheck': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The text: at most 2500 characters; 500 KB for a service that names no `openid`. */
      content: string
      /** The user's nickname. */
      nickname?: string | null
      /** Where it would appear: 1 profile, 2 comment (default), 3 forum, 4 social log. */
      scene?: number | null
      /** The user's motto; for scene 1 only. */
      signature?: string | null
      /** The title above it. */
      title?: string | null
      /** WeChat's name of the version that judges for a user; it is used anyway. */
      version?: number | null
    }
    output: SecurityMsgSecCheckAnswer & {
      /** One line for each input that was accepted and has no effect. */
      warnings?: string[]
    }
  }
  /** Makes a `#小程序://` link that opens the mini program from a chat it is pasted into. */
  'shortlink.generate': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The opposite of `is_permanent`, as for the other links. */
      is_expire?: boolean | null
      /** Permanent instead of 30 days. */
      is_permanent?: boolean | null
      /** The same as for the other links, instead of `page_url`; its `path` is needed. */
      jump_wxa?: JumpWxa | null
      /** What the chat shows; beyond 20 characters WeChat cuts it. */
      page_title?: string | null
      /** A page of the released version with its query. */
      page_url?: string | null
    }
    output: ShortlinkGenerateAnswer
  }
  /** Serves the files that tie a domain to an app: universal links, app links, and the proofs that WeChat's console requires. */
  'site.wellKnown': {
    access: 'Public'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string
      /** The file's name; at the file's own place it is in the path. */
      file: string
    }
    output: Record<string, unknown> | ArrayBuffer
  }
  /** Sends a message that the user has subscribed to with `wx.requestSubscribeMessage`. */
  'subscribeMessage.send': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The template's values: `{"thing1":{"value":"…"}}`, each within its key's rule. */
      data: MessageData
      /** The language of the message's frame; by default `zh_CN`. */
      lang?: SubscribeMessageSendInputLang | null
      /** The version the message opens; by default `formal`, the released one. */
      miniprogram_state?: SubscribeMessageSendInputMiniprogramState | null
      /** The page the message opens, with its query; without it the message opens none. */
      page?: string | null
      /** The template's id, from the WeChat console. */
      template_id: string
      /** The receiver's openid; by default the caller's own. */
      touser?: string | null
    }
    output: SubscribeMessageSendAnswer
  }
  /** Makes an `https://` link that opens the mini program from messages, mails and pages. */
  'urllink.generate': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The page of cloud hosting that the link opens outside of WeChat. */
      cloud_base?: UrllinkGenerateInputCloudBase | null
      /** The version that opens outside of WeChat; by default the released one. */
      env_version?: EnvVersion | null
      /** Days the link works. */
      expire_interval?: number | null
      /** When the link expires, seconds since 1970; a value below 1,000,000,000 is seconds from now. 60 seconds to 30 days from now. */
      expire_time?: number | null
      /** 0: expires at `expire_time`; 1: after `expire_interval`. By default the one that is sent counts. */
      expire_type?: number | null
      /** Deprecated. `false` used to request a permanent link; it now yields one valid for 30 days. */
      is_expire?: boolean | null
      /** The page to open; by default the first one. */
      jump_wxa?: JumpWxa | null
      /** `path`, `query` and `env_version` may stand here as well, as WeChat has them. */
      path?: string | null
      /** At most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`. */
      query?: string | null
    }
    output: UrllinkGenerateAnswer
  }
  /** Makes a `weixin://` link that opens the mini program from a browser or another app. */
  'urlscheme.generate': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Days the link works. */
      expire_interval?: number | null
      /** When the link expires, seconds since 1970; a value below 1,000,000,000 is seconds from now. 60 seconds to 30 days from now. */
      expire_time?: number | null
      /** 0: expires at `expire_time`; 1: after `expire_interval`. By default the one that is sent counts. */
      expire_type?: number | null
      /** Deprecated. `false` used to request a permanent link; it now yields one valid for 30 days. */
      is_expire?: boolean | null
      /** The page to open; by default the first one. */
      jump_wxa?: JumpWxa | null
    }
    output: UrlschemeGenerateAnswer & {
      /** One line for each input that was accepted and has no effect. */
      warnings?: string[]
    }
  }
  /** Draws a square QR code for a path with its query. */
  'wxacode.createQRCode': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The page with its query; a space counts as the `+` that a query made it of. */
      path: string
      /** Width in px; by default 430. */
      width?: number | null
    }
    output: ArrayBuffer
  }
  /** Draws a mini-program code for a path with its query. */
  'wxacode.get': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Let WeChat choose the color of the lines. */
      auto_color?: boolean | null
      /** The version that opens; by default the released one. */
      env_version?: EnvVersion | null
      /** A transparent background; the image is then a PNG. */
      is_hyaline?: boolean | null
      /** The color of the lines, unless `auto_color`: `{"r":0,"g":0,"b":0}` or `"#000000"`. */
      line_color?: LineColor | null
      /** The page with its query; a space counts as the `+` that a query made it of. */
      path: string
      /** Width in px; by default 430. */
      width?: number | null
    }
    output: ArrayBuffer
  }
  /** Draws a mini-program code; their number is unlimited, 5,000 a minute. */
  'wxacode.getUnlimited': {
    access: 'User'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Let WeChat choose the color of the lines. */
      auto_color?: boolean | null
      /** Whether the page must be in the released version; by default it must. */
      check_path?: boolean | null
      /** The version that opens; by default the released one. */
      env_version?: EnvVersion | null
      /** A transparent background; the image is then a PNG. */
      is_hyaline?: boolean | null
      /** The color of the lines, unless `auto_color`: `{"r":0,"g":0,"b":0}` or `"#000000"`. */
      line_color?: LineColor | null
      /** The page, without leading `/` and without query; by default the first page. */
      page?: string | null
      /** What the page gets: 1 to 32 of letters, digits and `!#$&'()*+,/:;=?@-._~`. */
      scene: string
      /** Width in px; by default 430. */
      width?: number | null
    }
    output: ArrayBuffer
  }
}

export interface ServiceOperations {
  /** Calls any enabled path of WeChat's API with the account's access token. */
  'api.call': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The JSON body as WeChat wants it, at most 256 KB; numbers keep all of their digits. */
      body?: Record<string, unknown> | null
      /** A file, for paths that take one. */
      file?: ApiCallInputFile | null
      /** `false`: never sent twice, even if the path only reads. */
      idempotent?: boolean | null
      /** `GET` or `POST`; needed only where a path has both. */
      method?: ApiCallInputHttpMethod | null
      /** The path as WeChat's documentation has it, byte for byte, without host and query. */
      path: string
      /** Names of the path's query, and texts, numbers or booleans; the token is added. */
      query?: Record<string, unknown> | null
    }
    output: ApiCallAnswer
  }
  /** Hands the current access token to a back end that calls WeChat itself. */
  'auth.getAccessToken': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** `false` reads past the copy that this function keeps for up to four minutes; also as a text. */
      cache?: boolean
    }
    output: AuthGetAccessTokenAnswer & {
      /** One line for each input that was accepted and has no effect. */
      warnings?: string[]
    }
  }
  /** Hands a current ticket to a back end that signs pages or cards itself. */
  'auth.getTicket': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** `false` reads past the copy that this function keeps for up to four minutes; asked again within seconds, it does so by itself. */
      cache?: boolean | null
      /** Which ticket: `jsapi` signs JS-SDK pages, `wx_card` cards and invoices. */
      type: AuthGetTicketInputTicketType
    }
    output: AuthGetTicketAnswer
  }
  /** Decrypts a card's code from `wx.chooseCard` or from one of WeChat's redirects. */
  'card.decryptCode': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The encrypted code. */
      encrypt_code: string
    }
    output: CardDecryptCodeAnswer
  }
  /** Answers a user who wrote to the account. */
  'customerServiceMessage.send': {
    access: 'Service'
    input: {
      /** Marks it as written by an AI. */
      aimsgcontext?: CustomerServiceMessageSendInputAiContext | null
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The sub-merchant it is sent for. */
      businessid?: string | null
      /** Sends it in the name of this agent. */
      customservice?: CustomerServiceMessageSendInputAgent | null
      /** An image. */
      image?: CustomerServiceMessageSendInputMedia | null
      /** A card that links to a page; from mini programs only. */
      link?: CustomerServiceMessageSendInputLink | null
      /** A card that opens a mini program. */
      miniprogrampage?: CustomerServiceMessageSendInputMiniProgramPage | null
      /** Articles by their media_id; from official accounts only. */
      mpnews?: CustomerServiceMessageSendInputMedia | null
      /** A published article; from official accounts only. */
      mpnewsarticle?: CustomerServiceMessageSendInputArticle | null
      /** A question with answers to tap; from official accounts only. */
      msgmenu?: CustomerServiceMessageSendInputMenu | null
      /** Which object is sent. */
      msgtype: CustomerServiceMessageSendInputMsgType
      /** Music; from official accounts only. */
      music?: CustomerServiceMessageSendInputMusic | null
      /** A card that links to a page; from official accounts only. */
      news?: CustomerServiceMessageSendInputNews | null
      /** A text; `<a href>` links to pages, with `data-miniprogram-appid` and `data-miniprogram-path` to a mini program. */
      text?: CustomerServiceMessageSendInputPlainText | null
      /** The user, as the message from them names it. */
      touser: string
      /** A video; from official accounts only. */
      video?: CustomerServiceMessageSendInputVideo | null
      /** A voice; from official accounts only. */
      voice?: CustomerServiceMessageSendInputMedia | null
      /** A card for the wallet; from official accounts only. */
      wxcard?: CustomerServiceMessageSendInputCard | null
    }
    output: CustomerServiceMessageSendAnswer
  }
  /** Shows the user that an answer is being typed, for up to 15 seconds. */
  'customerServiceMessage.setTyping': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The sub-merchant it is shown for. */
      businessid?: string | null
      /** Show it, or no longer. */
      command: CustomerServiceMessageSetTypingInputCommand
      /** The user. */
      touser: string
    }
    output: CustomerServiceMessageSetTypingAnswer
  }
  /** Uploads a file to send in a message of customer service; WeChat keeps it for three days. */
  'customerServiceMessage.uploadTempMedia': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The file: PNG, JPEG or GIF of at most 10 MB; AMR or MP3 of at most 2 MB; MP4 of at most 10 MB; for `thumb` JPEG of at most 64 KB. Lambda takes 4.4 MB at once. */
      media: string
      /** What it is; by default what its bytes show. */
      type?: CustomerServiceMessageUploadTempMediaInputKind | null
    }
    output: CustomerServiceMessageUploadTempMediaAnswer
  }
  /** Publishes events once more that are still in the table: those of the last seven days. */
  'events.redeliver': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** These events. Either this or `since`. */
      ids?: string[] | null
      /** All events since this time, seconds since 1970. */
      since?: number | null
    }
    output: EventsRedeliverAnswer
  }
  /** Sends a template message to a follower of the official account. */
  'h5.templateMessage.send': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** An id of your own: within ten minutes WeChat sends one message per receiver and id. */
      client_msg_id?: string | null
      /** The template's values: `{"thing1":{"value":"…"}}`, each within its key's rule. */
      data: MessageData
      /** The mini program the message opens. */
      miniprogram?: Miniprogram | null
      /** The template's id, from the WeChat console. */
      template_id: string
      /** The receiver's openid at the official account. */
      touser: string
      /** The page the message opens; `miniprogram` takes precedence. */
      url?: string | null
    }
    output: H5TemplateMessageSendAnswer
  }
  /** Gets the keys that a user's mini program encrypts with (`wx.getUserCryptoManager`). */
  'internet.getUserEncryptKey': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The user. */
      openid: string
    }
    output: InternetGetUserEncryptKeyAnswer
  }
  /** Reads several invoices that the user chose. */
  'invoice.getInvoiceBatch': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The invoices. WeChat has a lower limit, which it does not publish. */
      item_list: InvoiceGetInvoiceBatchInputInvoiceKey[]
    }
    output: InvoiceGetInvoiceBatchAnswer
  }
  /** Reads an invoice that the user chose. */
  'invoice.getInvoiceInfo': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The card of the invoice, as `chooseInvoice` returned it. */
      card_id: string
      /** The invoice's encrypted code, as `chooseInvoice` returned it. */
      encrypt_code: string
    }
    output: Invoice
  }
  /** Locks an invoice, frees it, or closes it after reimbursement. */
  'invoice.updateInvoiceStatus': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The card of the invoice. */
      card_id: string
      /** The invoice's encrypted code. */
      encrypt_code: string
      /** The new status. */
      reimburse_status: ReimburseStatus
    }
    output: InvoiceUpdateInvoiceStatusAnswer
  }
  /** Explains why a page's `wx.config`, or a call of `wx`, fails. */
  'jssdk.diagnose': {
    access: 'Service'
    input: {
      /** An element of the `cardList` that was passed to `wx.addCard`. */
      addCard?: JssdkDiagnoseInputAddedCard | null
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** What was passed to `wx.chooseCard`. */
      chooseCard?: JssdkDiagnoseInputChosenCard | null
      /** The message of `wx.error` or of the call's `fail`, for example `config:invalid signature`. */
      errMsg?: string | null
      /** The address the page was first loaded from, if its route has changed since. */
      landingUrl?: string | null
      /** As passed to `wx.config`. */
      nonceStr?: string | null
      /** As passed to `wx.config`. */
      signature?: string | null
      /** As passed to `wx.config`, a number or a text. */
      timestamp?: number | null
      /** `location.href` of the failing page, as it was when `wx.config` was called. */
      url: string
      /** `navigator.userAgent` of the failing page. */
      userAgent?: string | null
    }
    output: JssdkDiagnoseAnswer
  }
  /** Sets the counters of all quotas of an account to zero. */
  'openapi.clearQuota': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
    }
    output: OpenapiClearQuotaAnswer
  }
  /** Shows how often a path may be called today, and how often it was. */
  'openapi.getApiQuota': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The path, with a slash, without host and query. */
      cgi_path: string
    }
    output: OpenapiGetApiQuotaAnswer
  }
  /** Shows what a request to WeChat was and what it answered, for seven days; secrets are struck out. */
  'openapi.getRidInfo': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** WeChat's id of the request. */
      rid: string
    }
    output: OpenapiGetRidInfoAnswer
  }
  /** Shows an order: whether it is shipped, how, and what became of it. */
  'orderShipping.getOrder': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The merchant, with `merchant_trade_no`. */
      merchant_id?: string | null
      /** The merchant's number. */
      merchant_trade_no?: string | null
      /** The sub-merchant, where there is one. */
      sub_merchant_id?: string | null
      /** WeChat Pay's number. */
      transaction_id?: string | null
    }
    output: OrderShippingGetOrderAnswer
  }
  /** Lists orders, by the time of payment, their state or the user. */
  'orderShipping.getOrderList': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** `last_index` of the page before; none for the first. */
      last_index?: string | null
      /** Who paid. */
      openid?: string | null
      /** 1 to ship, 2 shipped, 3 received, 4 done, 5 refunded, 6 to be settled. */
      order_state?: number | null
      /** Orders on a page; by default 100. */
      page_size?: number | null
      /** When they were paid. */
      pay_time_range?: OrderShippingGetOrderListInputRange | null
    }
    output: OrderShippingGetOrderListAnswer
  }
  /** Tells whether the mini program must report its shipments. */
  'orderShipping.isTradeManaged': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
    }
    output: OrderShippingIsTradeManagedAnswer
  }
  /** Reminds a user to confirm that an express order arrived. */
  'orderShipping.notifyConfirmReceive': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The merchant, with `merchant_trade_no`. */
      merchant_id?: string | null
      /** The merchant's number. */
      merchant_trade_no?: string | null
      /** When it was delivered, seconds since 1970. */
      received_time: number
      /** The sub-merchant, where there is one. */
      sub_merchant_id?: string | null
      /** WeChat Pay's number. */
      transaction_id?: string | null
    }
    output: OrderShippingNotifyConfirmReceiveAnswer
  }
  /** Tells WeChat that an order is shipped; the user is told as well. */
  'orderShipping.uploadShippingInfo': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** 1 all at once, 2 in parts (express only). */
      delivery_mode: number
      /** In parts: whether this is all of it, and the user is told. */
      is_all_delivered?: boolean | null
      /** 1 express, 2 within the city, 3 virtual, 4 picked up by the user. */
      logistics_type: number
      /** Which order. */
      order_key: OrderShippingUploadShippingInfoInputOrderKey
      /** Who paid. */
      payer: OrderShippingUploadShippingInfoInputPayer
      /** The parcels; one if `delivery_mode` is 1. */
      shipping_list: OrderShippingUploadShippingInfoInputParcel[]
      /** When this was reported, in RFC 3339 with a zone; of two reports the later one counts. */
      upload_time: string
    }
    output: OrderShippingUploadShippingInfoAnswer
  }
  /** Downloads a day's bill as WeChat Pay made it: CSV in UTF-8, its digest verified. */
  'pay.downloadBill': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The day in China, such as `2026-11-03`. */
      date: string
      /** Which bill. */
      type: PayDownloadBillInputBillType
    }
    output: ArrayBuffer
  }
  /** Tells what became of a refund; WeChat Pay is asked while it is under way. */
  'pay.getRefund': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The refund's number. */
      out_refund_no: string
      /** The order's number, to be sure. */
      out_trade_no?: string | null
    }
    output: PayGetRefundAnswer
  }
  /** Adds a product to the catalogue, or changes it. */
  'pay.putProduct': {
    access: 'Service'
    input: {
      /** The price of one, in fen. */
      amount: number
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Comes back with the payment. */
      attach?: string | null
      /** Whether it can no longer be ordered. */
      closed?: boolean
      /** What the user sees on the bill. */
      description: string
      /** The product's id. */
      product: string
    }
    output: PayPutProductAnswer
  }
  /** Refunds an order, in whole or in part. */
  'pay.refund': {
    access: 'Service'
    input: {
      /** Fen; by default what is left. */
      amount?: number | null
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The refund's own number; send one, so that the call can be repeated. */
      out_refund_no?: string | null
      /** The order's number. */
      out_trade_no: string
      /** What the user is told. */
      reason?: string | null
    }
    output: PayRefundAnswer
  }
  /** Makes a code that tells the account who came by it; for a time, or for good (100,000 in all). */
  'qrcode.create': {
    access: 'Service'
    input: {
      /** What it stands for. */
      action_info: QrcodeCreateInputInfo
      /** What kind of code. */
      action_name: QrcodeCreateInputKind
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** How long it lives, of a code that ends; by default 60. */
      expire_seconds?: number | null
    }
    output: QrcodeCreateAnswer
  }
  /** Asks how risky a user is who was in the mini program within two hours. */
  'riskControl.getUserRiskRank': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** Where the user's request comes from. */
      client_ip: string
      /** The user's address of mail. */
      email_address?: string | null
      /** What else is known. */
      extended_info?: string | null
      /** Whether this is a trial, which WeChat does not count. */
      is_test?: boolean | null
      /** The user's phone number. */
      mobile_no?: string | null
      /** The user. */
      openid: string
      /** 0 signing up, 1 marketing, 2 publishing. */
      scene: number
    }
    output: RiskControlGetUserRiskRankAnswer
  }
  /** Adds a template of the public library to the account. */
  'subscribeMessage.addTemplate': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The keywords' numbers, of `getPubTemplateKeyWordsById`, in the order they are to have. */
      kidList: number[]
      /** What the messages are for. */
      sceneDesc: string
      /** The title's number, of `getPubTemplateTitleList`. */
      tid: SubscribeMessageAddTemplateInputTid
    }
    output: SubscribeMessageAddTemplateAnswer
  }
  /** Deletes a template of the account: its messages can no longer be sent. */
  'subscribeMessage.deleteTemplate': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The template's id. */
      priTmplId: string
    }
    output: SubscribeMessageDeleteTemplateAnswer
  }
  /** Lists the account's categories, which decide which templates it may add. */
  'subscribeMessage.getCategory': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
    }
    output: SubscribeMessageGetCategoryAnswer
  }
  /** Lists the keywords of a title, of which a template has 2 to 5. */
  'subscribeMessage.getPubTemplateKeyWordsById': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The title's number, of `getPubTemplateTitleList`. */
      tid: SubscribeMessageGetPubTemplateKeyWordsByIdInputTid
    }
    output: SubscribeMessageGetPubTemplateKeyWordsByIdAnswer
  }
  /** Lists the titles of the public library that categories may use. */
  'subscribeMessage.getPubTemplateTitleList': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The categories' numbers, with commas: `2,616`. */
      ids: string
      /** Titles on a page. */
      limit: number
      /** The first title, from 0. */
      start: number
    }
    output: SubscribeMessageGetPubTemplateTitleListAnswer
  }
  /** Lists the account's own templates. */
  'subscribeMessage.getTemplateList': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
    }
    output: SubscribeMessageGetTemplateListAnswer
  }
  /** Sends the one message that a user confirmed on the page or in the app of `app.subscribeMsg`. */
  'templateMessage.subscribe': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The message. */
      data: TemplateMessageSubscribeInputData
      /** Opens instead of `url`; must be bound to the account. */
      miniprogram?: TemplateMessageSubscribeInputMiniProgram | null
      /** The scene of the confirmation, 0 to 10000; a text of digits will do. */
      scene: number
      /** The account's template for one-time subscriptions. */
      template_id: string
      /** The title. */
      title: string
      /** The openid that came with the confirmation. */
      touser: string
      /** Opens when the message is touched. */
      url?: string | null
    }
    output: TemplateMessageSubscribeAnswer
  }
  /** Sends a template message of the official account to a user of the mini program. */
  'uniformMessage.send': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The template's values: `{"keyword1":{"value":"…"}}`, each within its key's rule. */
      data: MessageData
      /** The mini program the message opens. */
      miniprogram?: Miniprogram | null
      /** The official account's template, from the WeChat console. */
      template_id: string
      /** The receiver's openid, at a mini program or at the official account. */
      touser: string
      /** The page the message opens; `miniprogram` takes precedence. */
      url?: string | null
    }
    output: UniformMessageSendAnswer
  }
  /** Tells whether a user follows the official account, since when, and by which way. */
  'user.getInfo': {
    access: 'Service'
    input: {
      /** The app; by default the session's, else the first configured one of the kind this operation needs. */
      appid?: string | null
      /** The language of names; by default `zh_CN`. */
      lang?: UserGetInfoInputLang | null
      /** The user, as the official account knows them. */
      openid: string
    }
    output: UserGetInfoAnswer
  }
}

/** WeChat's answer. */
export type ApiCallAnswer = {
  /** What WeChat answered. */
  answer: unknown
  /** It went well. */
  status: ApiCallAnswerStatus
} | {
  /** The file in base64. */
  body: string
  /** Its media type. */
  content_type: string
  /** Always true: `body` is base64. */
  isBase64Encoded: boolean
  /** It went well. */
  status: ApiCallAnswerStatus
}

/** How a call went; refusals are problems. */
export type ApiCallAnswerStatus = "ok"

/** A file that a caller sends along. */
export type ApiCallInputFile = {
  /** The content in base64, at most 10 MB before it. */
  base64: string
  /** Further parts of the form. */
  fields?: Record<string, string>
  /** Its name; what is not plain ASCII becomes `_`. */
  name?: string | null
  /** Its media type; by default what its first bytes say. */
  type?: string | null
}

/** An HTTP method. */
export type ApiCallInputHttpMethod = "GET" | "POST"

/** A call to make. */
export type AppLaunchMiniProgramAnswer = {
  /** The module's method. */
  method: string
  /** Its parameters. */
  params: AppLaunchMiniProgramAnswerParams
}

/** The parameters of `launchMiniProgram`. */
export type AppLaunchMiniProgramAnswerParams = {
  apiKey: string
  miniProgramType: MiniProgramType
  path?: string | null
  userName: string
}

/** A call to make. */
export type AppOpenCustomerServiceAnswer = {
  /** The module's method. */
  method: string
  /** Its parameters. */
  params: AppOpenCustomerServiceAnswerParams
}

/** The parameters of `openCustomerService`. */
export type AppOpenCustomerServiceAnswerParams = {
  corpId: string
  url: string
}

/** A call to make. */
export type AppShareAnswer = {
  /** The large picture to write to the phone before the call. */
  hdImageData?: AppShareAnswerPicture | null
  /** The module's method. */
  method: string
  /** Its parameters. */
  params: AppShareAnswerTextShare | AppShareAnswerImageShare | AppShareAnswerMusicShare | AppShareAnswerLinkShare | AppShareAnswerProgramShare | AppShareAnswerMusicVideoShare | AppShareAnswerMessageShare
  /** The thumbnail to write to the phone before the call. */
  thumb?: AppShareAnswerPicture | null
  /** What may differ from what the app expects. */
  warnings: string[]
}

/** A picture. */
export type AppShareAnswerImageShare = {
  /** The app's id. */
  apiKey: string | null
  /** The picture: an address or a path of the phone. */
  contentUrl: string
  /** Where to. */
  scene: AppShareAnswerScene
  /** The thumbnail; it is scaled down to 32 KB. */
  thumb?: string | null
}

/** A video or a page on the web. */
export type AppShareAnswerLinkShare = {
  /** The app's id. */
  apiKey: string | null
  /** The address of the video or the page. */
  contentUrl: string
  /** The description; cut after 1024 bytes. */
  description?: string | null
  /** Where to. */
  scene: AppShareAnswerScene
  /** The thumbnail; it is scaled down to 32 KB. */
  thumb?: string | null
  /** The title. */
  title?: string | null
}

/** What a message is about. */
export type AppShareAnswerMedia = {
  /** Type 4: the large picture; it is scaled down to 128 KB. */
  hdImageData?: string | null
  /** Type 0: the picture, an address or a path of the phone. */
  imageUrl?: string | null
  /** Type 4: which version opens. */
  miniProgramType?: MiniProgramType | null
  /** Type 1: the address of the sound itself. */
  musicDataUrl?: string | null
  /** Type 1: the address of the music's page. */
  musicUrl?: string | null
  /** Type 4: the page, with its query. */
  path?: string | null
  /** 0 for a picture, 1 for music, 2 for a video, 3 for a page, 4 for a mini program. */
  type: number
  /** Type 4: the mini program's original id. */
  userName?: string | null
  /** Type 2: the address of the video. */
  videoUrl?: string | null
  /** Type 3: the address of the page. Type 4: at most 1024 bytes, the address of a page for clients that cannot open mini programs. */
  webpageUrl?: string | null
  /** Type 4: whether the share carries a shareTicket. */
  withShareTicket?: boolean | null
}

/** Content for WeChat. */
export type AppShareAnswerMessage = {
  /** The description; cut after 1024 bytes. */
  description?: string | null
  /** What the message is about. */
  media?: AppShareAnswerMedia | null
  /** A tag for statistics. */
  mediaTagName?: string | null
  /** An action for the app. */
  messageAction?: string | null
  /** WeChat returns it to the app. */
  messageExt?: string | null
  /** The thumbnail; it is scaled down to 32 KB. */
  thumb?: string | null
  /** The title. */
  title?: string | null
}

/** An answer to WeChat's request for content. */
export type AppShareAnswerMessageShare = {
  /** 0, or the code of a failure: then there is no content. */
  errCode?: number | null
  /** The reason of a failure. */
  errStr?: string | null
  /** The content otherwise. */
  message?: AppShareAnswerMessage | null
  /** The content if it is a text. */
  text?: string | null
  /** The `type` of the request. */
  type?: number | null
}

/** Music on the web. */
export type AppShareAnswerMusicShare = {
  /** The app's id. */
  apiKey: string | null
  /** The address of the music's page. */
  contentUrl: string
  /** The description; cut after 1024 bytes. */
  description?: string | null
  /** The address of the sound itself. */
  musicDataUrl?: string | null
  /** Where to. */
  scene: AppShareAnswerScene
  /** The thumbnail; it is scaled down to 32 KB. */
  thumb?: string | null
  /** The title. */
  title?: string | null
}

/** Where music that plays in WeChat is shared to. */
export type AppShareAnswerMusicVideoScene = "session" | "timeline"

/** Music that plays in WeChat. */
export type AppShareAnswerMusicVideoShare = {
  /** The album. */
  albumName?: string | null
  /** The description; cut after 1024 bytes. */
  description?: string | null
  /** The duration in milliseconds. */
  duration: number
  /** The release date in seconds since 1970. */
  issueDate?: number | null
  /** WeChat returns it when the user returns to the app. */
  messageExt?: string | null
  /** The address of the sound itself. */
  musicDataUrl: string
  /** The genre. */
  musicGenre?: string | null
  /** The address of the music's page. */
  musicUrl: string
  /** Where to. */
  scene: AppShareAnswerMusicVideoScene
  /** The singer. */
  singerName: string
  /** The lyrics as LRC. */
  songLyric?: string | null
  /** The thumbnail; it is scaled down to 32 KB. */
  thumbData?: string | null
  /** The title. */
  title: string
}

/** A picture that is small enough. */
export type AppShareAnswerPicture = {
  /** The file. */
  base64: string
  /** The file's length. */
  bytes: number
  /** Pixels. */
  height: number
  /** The file that `params` names; write the bytes there. The module needs the extension. */
  path: string
  /** The media type. */
  type: string
  /** Pixels. */
  width: number
}

/** Where a mini program is shared to. */
export type AppShareAnswerProgramScene = "session"

/** A page of a mini program. */
export type AppShareAnswerProgramShare = {
  /** The app's id. */
  apiKey: string | null
  /** The description; cut after 1024 bytes. */
  description?: string | null
  /** The large picture, which iOS shows; it is scaled down to 128 KB. */
  hdImageData?: string | null
  /** Which version opens; by default the released one. */
  miniProgramType: MiniProgramType
  /** The page, with its query; by default the home page. */
  path?: string | null
  /** Where to; WeChat shares mini programs to chats only. */
  scene: AppShareAnswerProgramScene
  /** The thumbnail; it is scaled down to 32 KB. */
  thumb?: string | null
  /** The title. */
  title?: string | null
  /** The mini program's original id. */
  userName: string
  /** The address of a page for clients that cannot open mini programs. */
  webpageUrl: string
  /** Whether the share carries a shareTicket. */
  withShareTicket?: boolean | null
}

/** Where something is shared to. */
export type AppShareAnswerScene = "session" | "timeline" | "favorite"

/** A text. */
export type AppShareAnswerTextShare = {
  /** The app's id. */
  apiKey: string | null
  /** Where to. */
  scene: AppShareAnswerScene
  /** The text. */
  text: string
}

/** What a message is about. */
export type AppShareInputMedia = {
  /** Type 4: the large picture; it is scaled down to 128 KB. */
  hdImageData?: string | null
  /** Type 0: the picture, an address or a path of the phone. */
  imageUrl?: string | null
  /** Type 4: which version opens. */
  miniProgramType?: MiniProgramType | null
  /** Type 1: the address of the sound itself. */
  musicDataUrl?: string | null
  /** Type 1: the address of the music's page. */
  musicUrl?: string | null
  /** Type 4: the page, with its query. */
  path?: string | null
  /** 0 for a picture, 1 for music, 2 for a video, 3 for a page, 4 for a mini program. */
  type: number
  /** Type 4: the mini program's original id. */
  userName?: string | null
  /** Type 2: the address of the video. */
  videoUrl?: string | null
  /** Type 3: the address of the page. Type 4: at most 1024 bytes, the address of a page for clients that cannot open mini programs. */
  webpageUrl?: string | null
  /** Type 4: whether the share carries a shareTicket. */
  withShareTicket?: boolean | null
}

/** Content for WeChat. */
export type AppShareInputMessage = {
  /** The description; cut after 1024 bytes. */
  description?: string | null
  /** What the message is about. */
  media?: AppShareInputMedia | null
  /** A tag for statistics. */
  mediaTagName?: string | null
  /** An action for the app. */
  messageAction?: string | null
  /** WeChat returns it to the app. */
  messageExt?: string | null
  /** The thumbnail; it is scaled down to 32 KB. */
  thumb?: string | null
  /** The title. */
  title?: string | null
}

/** Where music that plays in WeChat is shared to. */
export type AppShareInputMusicVideoScene = "session" | "timeline"

/** Where a mini program is shared to. */
export type AppShareInputProgramScene = "session"

/** Where something is shared to. */
export type AppShareInputScene = "session" | "timeline" | "favorite"

/** Where a user confirms. */
export type AppSubscribeMsgAnswer = {
  /** The module's method, for an app. */
  method?: string | null
  /** The parameters. */
  params: AppSubscribeMsgAnswerParams
  /** The page to open in WeChat, for an official account. */
  url?: string | null
}

/** The parameters of `subscribeMsg`. */
export type AppSubscribeMsgAnswerParams = {
  apiKey: string
  reserved: string
  scene: number
  templateId: string
}

/** The state of a session key. */
export type AuthCheckSessionAnswer = {
  /** Whether data that the client encrypts now can be decrypted here. */
  valid: boolean
}

/** A user who is logged in. */
export type AuthCode2SessionAnswer = {
  /** Seconds until the session expires; then call `wx.login` again. */
  expires_in: number
  /** The user's id in this app. */
  openid: string
  /** The key to the user's encrypted data; only for a service that asks for it. */
  session_key?: string | null
  /** Send it as `Authorization: Bearer <session_token>`. */
  session_token: string
  /** The user's id across the apps of one owner; only if the app is bound to an Open Platform account. */
  unionid?: string | null
}

/** An access token. */
export type AuthGetAccessTokenAnswer = {
  /** The token. */
  access_token: string
  /** Seconds until it expires. */
  expires_in: number
  /** Grows by one with every new token. */
  version: number
}

/** A ticket. */
export type AuthGetTicketAnswer = {
  /** Seconds until it expires. */
  expires_in: number
  /** The ticket. */
  ticket: string
  /** Grows by one with every new ticket. */
  version: number
}

/** WeChat's names of the tickets. */
export type AuthGetTicketInputTicketType = "jsapi" | "wx_card"

/** The user is logged out. */
export type AuthLogoutAnswer = Record<string, unknown>

/** A card's code. */
export type CardDecryptCodeAnswer = {
  /** The code for `wx.openCard` and for checkouts. */
  code: string
}

/** 0 to 255, as a number or, as WeChat's own samples have it, as a text. */
export type ColorChannel = number | string

/** A message that WeChat took. */
export type CustomerServiceMessageSendAnswer = {
  /** Always true; WeChat does not give these messages an id. */
  sent: boolean
}

export type CustomerServiceMessageSendInputAgent = {
  kf_account: string
}

export type CustomerServiceMessageSendInputAiContext = {
  is_ai_msg: number
}

export type CustomerServiceMessageSendInputArticle = {
  article_id: string
}

export type CustomerServiceMessageSendInputCard = {
  card_id: string
}

export type CustomerServiceMessageSendInputLink = {
  description: string
  thumb_url: string
  title: string
  url: string
}

export type CustomerServiceMessageSendInputMedia = {
  /** From `customerServiceMessage.uploadTempMedia`, or of permanent material. */
  media_id: string
}

export type CustomerServiceMessageSendInputMenu = {
  head_content?: string | null
  list: CustomerServiceMessageSendInputMenuEntry[]
  tail_content?: string | null
}

export type CustomerServiceMessageSendInputMenuEntry = {
  content: string
  /** Comes back as `bizmsgmenuid` of the user's message. */
  id: string
}

export type CustomerServiceMessageSendInputMiniProgramPage = {
  /** Which mini program; an official account must name it. */
  appid?: string | null
  pagepath: string
  /** The picture on the card, 520 × 416. */
  thumb_media_id: string
  title: string
}

/** What can be sent. */
export type CustomerServiceMessageSendInputMsgType = "text" | "image" | "voice" | "video" | "music" | "news" | "mpnews" | "mpnewsarticle" | "msgmenu" | "wxcard" | "link" | "miniprogrampage"

export type CustomerServiceMessageSendInputMusic = {
  description?: string | null
  /** Played where there is Wi-Fi. */
  hqmusicurl?: string | null
  musicurl: string
  thumb_media_id: string
  title?: string | null
}

export type CustomerServiceMessageSendInputNews = {
  /** Exactly one. */
  articles: CustomerServiceMessageSendInputNewsArticle[]
}

export type CustomerServiceMessageSendInputNewsArticle = {
  description: string
  picurl?: string | null
  title: string
  url: string
}

export type CustomerServiceMessageSendInputPlainText = {
  content: string
}

export type CustomerServiceMessageSendInputVideo = {
  description?: string | null
  media_id: string
  thumb_media_id: string
  title?: string | null
}

/** WeChat's consent. */
export type CustomerServiceMessageSetTypingAnswer = {
  /** Always true. */
  done: boolean
}

/** What to show. */
export type CustomerServiceMessageSetTypingInputCommand = "Typing" | "CancelTyping"

/** A file at WeChat. */
export type CustomerServiceMessageUploadTempMediaAnswer = {
  /** Seconds since 1970. */
  created_at: number
  /** For three days. */
  media_id: string
  /** What it is. */
  type: CustomerServiceMessageUploadTempMediaAnswerKind
}

/** Kinds of files. */
export type CustomerServiceMessageUploadTempMediaAnswerKind = "image" | "voice" | "video" | "thumb"

/** Kinds of files. */
export type CustomerServiceMessageUploadTempMediaInputKind = "image" | "voice" | "video" | "thumb"

/** What was encrypted. */
export type DecryptGetPayloadAnswer = {
  /** The text. */
  data: string
}

/** Decrypted data. */
export type DecryptGetUserDataAnswer = {
  /** As WeChat made it, with `watermark.appid` (checked) and `watermark.timestamp`. */
  data: Record<string, unknown>
}

/** Which version of the mini program opens. */
export type EnvVersion = "release" | "trial" | "develop"

/** What was published once more. */
export type EventsRedeliverAnswer = {
  /** How many events. */
  delivered: number
  /** The ids that are not in the table. */
  unknown: string[]
}

/** A message on its way. */
export type H5TemplateMessageSendAnswer = {
  /** WeChat's id of the message, of up to 19 digits, where it tells one. */
  msgid?: string | null
  /** Whether WeChat took it. */
  sent: boolean
}

/** A user's keys, the latest first; WeChat tells the last three. */
export type InternetGetUserEncryptKeyAnswer = {
  /** The keys. */
  key_info_list: InternetGetUserEncryptKeyAnswerUserKey[]
}

/** A key that a user's mini program gets from `wx.getUserCryptoManager`. */
export type InternetGetUserEncryptKeyAnswerUserKey = {
  /** When it was made, seconds since 1970. */
  create_time: number
  /** The AES key, 16 bytes in base64. */
  encrypt_key: string
  /** How long it can still be asked for, in seconds. */
  expire_in: number
  /** Where the cipher starts, 16 bytes in base64. */
  iv: string
  /** Which key it is. */
  version: number
}

/** An invoice. */
export type Invoice = {
  /** Seconds since 1970. */
  begin_time?: number | null
  /** The card of the invoice. */
  card_id?: string | null
  /** What it is for. */
  detail?: string | null
  /** Seconds since 1970. */
  end_time?: number | null
  /** The user it belongs to, as this account knows them. */
  openid?: string | null
  /** The issuer. */
  payee?: string | null
  /** The kind of invoice. */
  type?: string | null
  /** The content of the invoice. */
  user_info: InvoiceContent
}

/** The content of an invoice; amounts are in fen. */
export type InvoiceContent = {
  /** Empty for a fully digital invoice. */
  billing_code?: string | null
  /** 20 digits for a fully digital invoice. */
  billing_no?: string | null
  /** Seconds since 1970. */
  billing_time?: number | null
  buyer_address_and_phone?: string | null
  buyer_bank_account?: string | null
  buyer_number?: string | null
  cashier?: string | null
  /** Empty for a fully digital invoice. */
  check_code?: string | null
  /** The total. */
  fee?: number | null
  /** The total without tax. */
  fee_without_tax?: number | null
  /** Its lines. */
  info?: InvoiceLine[]
  maker?: string | null
  order_id?: string | null
  /** The address of the document. */
  pdf_url?: string | null
  /** How far it is reimbursed: the states of `ReimburseStatus`, `INVOICE_REIMBURSE_CANCEL` for an invoice that its issuer canceled, and whatever WeChat adds. */
  reimburse_status?: string | null
  remarks?: string | null
  seller_address_and_phone?: string | null
  seller_bank_account?: string | null
  seller_number?: string | null
  /** The tax. */
  tax?: number | null
  /** The recipient. */
  title?: string | null
  /** The address of the list of trips. */
  trip_pdf_url?: string | null
}

/** Several invoices. */
export type InvoiceGetInvoiceBatchAnswer = {
  /** In the order of the request. */
  item_list: Invoice[]
}

/** An invoice as `chooseInvoice` returns it. */
export type InvoiceGetInvoiceBatchInputInvoiceKey = {
  /** The card of the invoice. */
  card_id: string
  /** The invoice's encrypted code. */
  encrypt_code: string
}

/** A line of an invoice. */
export type InvoiceLine = {
  name?: string | null
  /** The quantity. */
  num?: number | null
  /** In fen. */
  price?: number | null
  unit?: string | null
}

/** The result. */
export type InvoiceUpdateInvoiceStatusAnswer = {
  /** The invoice's status now. */
  reimburse_status: ReimburseStatus
}

/** An element of `wx.addCard`'s `cardList`. */
export type JssdkCardExtAnswer = {
  /** JSON as a text, as `wx.addCard` expects it. */
  cardExt: string
  /** The card. */
  cardId: string
}

/** The parameters of `wx.chooseCard`. */
export type JssdkChooseCardAnswer = {
  /** As requested, or empty. */
  cardId: string
  /** SHA-1 in lower-case hex. */
  cardSign: string
  /** As requested, or empty. */
  cardType: string
  /** A random text, new for every signature. */
  nonceStr: string
  /** As requested, or empty. */
  shopId: string
  /** `SHA1`. */
  signType: string
  /** Seconds since 1970, as a text. */
  timestamp: string
}

/** The parameters of `chooseInvoice`. */
export type JssdkChooseInvoiceAnswer = {
  /** The account. */
  appId: string
  /** SHA-1 in lower-case hex. */
  cardSign: string
  /** A random text, new for every signature. */
  nonceStr: string
  /** `SHA1`. */
  signType: string
  /** Seconds since 1970, as a text. */
  timestamp: string
}

/** The parameters of `wx.config`. */
export type JssdkConfigAnswer = {
  /** The account. */
  appId: string
  /** Only if requested. */
  debug?: JssdkConfigAnswerSignedText | null
  /** As requested; never empty beside open tags, because WeChat requires a name there. */
  jsApiList?: string[]
  /** A random text, new for every signature. */
  nonceStr: string
  /** As requested. */
  openTagList?: string[]
  /** SHA-1 in lower-case hex. */
  signature: string
  /** Seconds since 1970. */
  timestamp: number
  /** What looks wrong with the address or the names; they were signed unchanged. */
  warnings?: PageFinding[]
}

/** The signed text. */
export type JssdkConfigAnswerSignedText = {
  /** The changes made to the address that was sent. */
  normalized: string[]
  /** The signed text, with `***` for the ticket. */
  signed: string
  /** Seconds until the ticket expires. */
  ticket_expires_in: number
  /** Grows by one with every new ticket. */
  ticket_version: number
  /** The address in the signature: compare it with `location.href.split('#')[0]`. */
  url: string
}

/** The causes found. */
export type JssdkDiagnoseAnswer = {
  /** Whether the signatures of the cards are right; absent without cards. */
  card_valid?: boolean | null
  /** The causes, proven ones first. */
  causes: PageFinding[]
  /** The text that should have been signed, with `***` for the ticket. */
  expected?: string | null
  /** The ticket in force; absent if there is none. */
  ticket?: JssdkDiagnoseAnswerTicketState | null
  /** Whether the signature is right for the address and the ticket in force; absent without a signature. */
  valid?: boolean | null
}

/** The ticket in force. */
export type JssdkDiagnoseAnswerTicketState = {
  /** Seconds until it expires. */
  expires_in: number
  /** Seconds since 1970. */
  issued_at: number
  /** Grows by one with every new ticket. */
  version: number
}

/** An element of the `cardList` that the page passed to `wx.addCard`. */
export type JssdkDiagnoseInputAddedCard = {
  /** As passed. */
  cardExt: unknown
  /** As passed. */
  cardId: string
}

/** What the page passed to `wx.chooseCard`. */
export type JssdkDiagnoseInputChosenCard = {
  /** As passed. */
  cardId?: string | null
  /** As passed. */
  cardSign: string
  /** As passed. */
  cardType?: string | null
  /** As passed. */
  nonceStr: string
  /** As passed. */
  shopId?: string | null
  /** As passed. */
  signType?: string | null
  /** As passed, a text or a number. */
  timestamp: string
}

/** The page a link opens. */
export type JumpWxa = {
  /** The version that opens outside of WeChat; by default the released one. */
  env_version?: EnvVersion | null
  /** A page of the released version, without query; by default the first one. */
  path?: string | null
  /** At most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`; encode anything else. */
  query?: string | null
}

/** The color of the lines. */
export type LineColor = string | {
  b: ColorChannel
  g: ColorChannel
  r: ColorChannel
}

/** A page of rooms. */
export type LivebroadcastGetLiveInfoAnswer = {
  /** The rooms of this page; empty beyond the last. */
  room_info: LivebroadcastGetLiveInfoAnswerRoom[]
  /** The number of all rooms; 0 on an empty page, where WeChat does not give it. */
  total: number
}

/** A live room. Further fields of WeChat's are passed on as they are. */
export type LivebroadcastGetLiveInfoAnswerRoom = {
  /** The anchor's nickname. */
  anchor_name: string
  /** The picture behind the room. */
  cover_img: string
  /** When it ends, in seconds since 1970. */
  end_time: number
  /** The goods on sale; prices are in fen. */
  goods: (Record<string, unknown>)[]
  /** 101 live, 102 not started, 103 ended, 104 banned, 105 paused, 106 in error, 107 expired. */
  live_status: number
  /** Its name. */
  name: string
  /** Its id. */
  roomid: number
  /** The picture on the card when the room is shared. */
  share_img: string
  /** When it begins, in seconds since 1970. */
  start_time: number
}

/** A page of recordings. */
export type LivebroadcastGetReplayAnswer = {
  /** The recordings of this page; empty if there are none (yet). */
  live_replay: LivebroadcastGetReplayAnswerReplay[]
  /** The number of all recordings; 0 on an empty page, where WeChat does not give it. */
  total: number
}

/** A recording. */
export type LivebroadcastGetReplayAnswerReplay = {
  /** When it was made, as WeChat writes it: `2022-12-30T02:51:32Z`. */
  create_time: string
  /** When it expires. */
  expire_time: string
  /** The address to play it from. */
  media_url: string
}

/** A video. */
export type MediaGetAnswer = {
  /** The video's address; fetch it soon. */
  video_url: string
}

/** The values by key: `{"thing1":{"value":"…"}}`. */
export type MessageData = Record<string, MessageEntry>

/** One value. */
export type MessageEntry = {
  /** Deprecated. WeChat has shown one color since 2023, so it is not sent. */
  color?: string | null
  /** A text; a number is sent as its digits. */
  value: string
}

/** Which version of a mini program opens, by the module's names. */
export type MiniProgramType = "release" | "test" | "preview"

/** The mini program a message opens. */
export type Miniprogram = {
  /** A mini program that is bound to the official account; empty for none. */
  appid?: string | null
  /** A page of the released version, with its query; by default the first one. */
  pagepath?: string | null
}

/** How a login begins. */
export type OauthAuthorizeUrlAnswer = {
  /** For a native app: pass these to the module's `auth`. */
  params?: OauthAuthorizeUrlAnswerParams | null
  /** The state in the address; WeChat returns it with the code. */
  state: string
  /** For a browser: open this address. */
  url?: string | null
  /** Store it, and send it to `oauth.getToken` with `code` and `state`. Absent with a state of your own. */
  verifier?: string | null
}

/** The parameters of the module's `auth`. */
export type OauthAuthorizeUrlAnswerParams = {
  apiKey: string
  scope: OauthAuthorizeUrlAnswerScope
  state: string
}

export type OauthAuthorizeUrlAnswerScope = "snsapi_base" | "snsapi_userinfo" | "snsapi_login"

export type OauthAuthorizeUrlInputKind = "official_account" | "website" | "mobile_app"

export type OauthAuthorizeUrlInputLanguage = "cn" | "en"

export type OauthAuthorizeUrlInputScope = "snsapi_base" | "snsapi_userinfo" | "snsapi_login"

/** The state of an access token. */
export type OauthCheckTokenAnswer = {
  /** Whether WeChat accepts it for this user. */
  valid: boolean
}

/** A user who is logged in. */
export type OauthGetTokenAnswer = {
  /** WeChat's access token; with `EXPOSE_SNS_TOKENS` only. */
  accessToken?: string | null
  /** Renews the session for thirty days: send it to `oauth.refreshToken`, once. Store it like a password. With `EXPOSE_SNS_TOKENS` it is WeChat's refresh token. Absent for a snapshot. */
  dynamicToken?: string | null
  /** Seconds until the session and WeChat's access token expire. */
  expires: number
  /** The user's id in this app. */
  openId: string
  /** What the user consented to: `snsapi_base`, `snsapi_userinfo`, `snsapi_login`. */
  scope?: string | null
  /** Send it as `Authorization: Bearer <session_token>`. */
  session_token: string
  /** Whether the page is open as a snapshot, whose user may not be a real one: show nothing personal, store nothing, and offer the full service. Operations refuse the session. */
  snapshot?: boolean
  /** Always true; for code that was written for the native module. */
  status: boolean
  /** The user's id across the apps of one owner; only if the app is bound to an Open Platform account and the scope is not `snsapi_base`. */
  unionid?: string | null
}

/** A user's profile. */
export type OauthGetUserInfoAnswer = {
  /** The city; always empty since 2021. */
  city: string
  /** The country; always empty since 2021. */
  country: string
  /** The picture's address, empty without a picture. Its last part is the size: 46, 64, 96, 132, or 0 for 640×640. */
  headimgurl: string
  /** The nickname. */
  nickname: string
  /** The user's id in this app. */
  openid: string
  /** Privileges of the user, for example `chinaunicom`. */
  privilege: string[]
  /** The province; always empty since 2021. */
  province: string
  /** 1 male, 2 female, 0 unknown; always 0 since 2021. */
  sex: number
  /** Always true; for code that was written for the native module. */
  status: boolean
  /** The user's id across the apps of one owner. */
  unionid?: string | null
}

export type OauthGetUserInfoInputLanguage = "zh_CN" | "zh_TW" | "en"

/** A renewed login. */
export type OauthRefreshTokenAnswer = {
  /** WeChat's access token; with `EXPOSE_SNS_TOKENS` only. */
  accessToken?: string | null
  /** What renews the login next. With `EXPOSE_SNS_TOKENS` it is WeChat's refresh token. */
  dynamicToken: string
  /** Seconds until the session and WeChat's access token expire. */
  expires: number
  /** The user's id in this app. */
  openId: string
  /** What the user consented to. */
  scope?: string
  /** The new session; operations that hand out keys refuse the one before. */
  session_token: string
  /** Always true; for code that was written for the native module. */
  status: boolean
}

/** Nothing: the counters are zero. */
export type OpenapiClearQuotaAnswer = Record<string, unknown>

/** A path's quota. */
export type OpenapiGetApiQuotaAnswer = {
  /** The same for third-party platforms. */
  component_rate_limit?: OpenapiGetApiQuotaAnswerRate | null
  /** Of this day in China. */
  quota: OpenapiGetApiQuotaAnswerDaily
  /** Of a shorter time, where there is such a limit. */
  rate_limit?: OpenapiGetApiQuotaAnswerRate | null
}

/** The quota of a day. */
export type OpenapiGetApiQuotaAnswerDaily = {
  /** Calls a day. */
  daily_limit: number
  /** Calls that are left. */
  remain: number
  /** Calls so far. */
  used: number
}

/** A limit within seconds. */
export type OpenapiGetApiQuotaAnswerRate = {
  /** Calls. */
  call_count: number
  /** Within so many seconds. */
  refresh_second: number
}

/** A request. */
export type OpenapiGetRidInfoAnswer = {
  /** The request. */
  request: OpenapiGetRidInfoAnswerRequest
}

/** A request, without its secrets. */
export type OpenapiGetRidInfoAnswerRequest = {
  /** Who asked. */
  client_ip: string
  /** How long it took. */
  cost_in_ms: number
  /** When it came, seconds since 1970. */
  invoke_time: number
  /** Its body. */
  request_body: string
  /** Its query. */
  request_url: string
  /** The answer. */
  response_body: string
}

/** An order. */
export type OrderShippingGetOrderAnswer = {
  /** The order. */
  order: OrderShippingGetOrderAnswerOrder
}

/** An order that was paid. */
export type OrderShippingGetOrderAnswerOrder = {
  /** What it is for; WeChat cuts it after 120 characters. */
  description: string
  /** Whether the user complains. */
  in_complaint: boolean
  /** The merchant. */
  merchant_id: string
  /** The merchant's number. */
  merchant_trade_no: string
  /** Who paid. */
  openid: string
  /** 1 to ship, 2 shipped, 3 received, 4 done, 5 refunded, 6 to be settled. */
  order_state: number
  /** In fen. */
  paid_amount: number
  /** When it was paid, seconds since 1970. */
  pay_time: number
  /** How it was shipped. */
  shipping: OrderShippingGetOrderAnswerShipping
  /** WeChat Pay's number. */
  transaction_id: string
}

/** How an order was shipped. */
export type OrderShippingGetOrderAnswerShipping = {
  /** 1 all at once, 2 in parts. */
  delivery_mode: number
  /** Whether all is sent. */
  finish_shipping: boolean
  /** How often that was reported. */
  finish_shipping_count: number
  /** 1 express, 2 within the city, 3 virtual, 4 picked up. */
  logistics_type: number
  /** The parcels. */
  shipping_list: (Record<string, unknown>)[]
}

/** A page of orders. */
export type OrderShippingGetOrderListAnswer = {
  /** Whether there are more. */
  has_more: boolean
  /** Where the next page begins. */
  last_index: string
  /** The orders. */
  order_list: OrderShippingGetOrderListAnswerOrder[]
}

/** An order that was paid. */
export type OrderShippingGetOrderListAnswerOrder = {
  /** What it is for; WeChat cuts it after 120 characters. */
  description: string
  /** Whether the user complains. */
  in_complaint: boolean
  /** The merchant. */
  merchant_id: string
  /** The merchant's number. */
  merchant_trade_no: string
  /** Who paid. */
  openid: string
  /** 1 to ship, 2 shipped, 3 received, 4 done, 5 refunded, 6 to be settled. */
  order_state: number
  /** In fen. */
  paid_amount: number
  /** When it was paid, seconds since 1970. */
  pay_time: number
  /** How it was shipped. */
  shipping: OrderShippingGetOrderListAnswerShipping
  /** WeChat Pay's number. */
  transaction_id: string
}

/** How an order was shipped. */
export type OrderShippingGetOrderListAnswerShipping = {
  /** 1 all at once, 2 in parts. */
  delivery_mode: number
  /** Whether all is sent. */
  finish_shipping: boolean
  /** How often that was reported. */
  finish_shipping_count: number
  /** 1 express, 2 within the city, 3 virtual, 4 picked up. */
  logistics_type: number
  /** The parcels. */
  shipping_list: (Record<string, unknown>)[]
}

/** A span of time, seconds since 1970. */
export type OrderShippingGetOrderListInputRange = {
  /** From. */
  begin_time?: number | null
  /** Until. */
  end_time?: number | null
}

/** Whether shipments must be reported. */
export type OrderShippingIsTradeManagedAnswer = {
  /** Whether WeChat manages the mini program's trade. */
  is_trade_managed: boolean
}

/** Nothing: WeChat has taken it. */
export type OrderShippingNotifyConfirmReceiveAnswer = Record<string, unknown>

/** Nothing: WeChat has taken it. */
export type OrderShippingUploadShippingInfoAnswer = Record<string, unknown>

/** An order: by the merchant's number (1), or by WeChat Pay's (2). */
export type OrderShippingUploadShippingInfoInputOrderKey = {
  /** The merchant. */
  mchid?: string | null
  /** 1: `mchid` and `out_trade_no`. 2: `transaction_id`. */
  order_number_type: number
  /** The merchant's number. */
  out_trade_no?: string | null
  /** WeChat Pay's number. */
  transaction_id?: string | null
}

/** A parcel. */
export type OrderShippingUploadShippingInfoInputParcel = {
  /** A phone number; needed by 顺丰 (SF). */
  contact?: OrderShippingUploadShippingInfoInputParcelContact | null
  /** Who carries it; express only. */
  express_company?: string | null
  /** What is in it. */
  item_desc: string
  /** Its number; express only. */
  tracking_no?: string | null
}

/** A phone number, masked, with the last four digits clear. */
export type OrderShippingUploadShippingInfoInputParcelContact = {
  /** Of whoever sends it. */
  consignor_contact?: string | null
  /** Of whoever gets it. */
  receiver_contact?: string | null
}

/** Who paid. */
export type OrderShippingUploadShippingInfoInputPayer = {
  /** At the mini program. */
  openid: string
}

/** Why it fails. */
export type PageCause = "domain-not-bound" | "port-not-allowed" | "host-not-allowed" | "signature-form" | "signature-correct" | "fragment-signed" | "query-cut" | "share-parameters-missing" | "html-escaped" | "decoded" | "encoded-twice" | "plus-space" | "scheme-differs" | "letters-differ" | "slash-differs" | "port-signed" | "parameter-names" | "parameter-order" | "escaped-values" | "milliseconds" | "other-account" | "card-ticket" | "stale-ticket" | "unexplained" | "not-ready" | "permission-denied" | "client-too-old" | "unknown-name" | "not-verified" | "share-right" | "ticket-quota" | "one-image-at-a-time" | "local-preview" | "redirect-signed" | "config-incomplete" | "media-download" | "voice-noise" | "subdomain-bound" | "share-image" | "old-client" | "payment-signature" | "route-changed" | "push-state-unknown" | "upload-in-callback" | "test-account-not-followed" | "coordinates" | "profile-menu-item" | "registration-delay" | "card-signature-correct" | "page-ticket" | "card-values-unsorted" | "card-value-missing" | "card-value-extra" | "card-ext-not-text" | "card-timestamp" | "card-sign-type" | "card-filter" | "card-unexplained"

/** A cause and its cure. */
export type PageFinding = {
  /** The stable name for programs. */
  cause: PageCause
  /** Whether it was proven, for example by computing the same signature; otherwise it is only likely. */
  certain: boolean
  /** What to do. */
  detail: string
  /** The number in appendix 5 of WeChat's JS-SDK document; absent for cards. */
  item?: number | null
}

/** An order after it was to be closed. */
export type PayCloseOrderAnswer = {
  /** `closed`, or `paid` if the user was faster. */
  state: PayCloseOrderAnswerOrderState
}

/** What became of an order. */
export type PayCloseOrderAnswerOrderState = "created" | "unpaid" | "paid" | "closed" | "refunded" | "unknown"

/** An order that waits for the user. */
export type PayCreateOrderAnswer = {
  /** Seconds since 1970. */
  expires_at: number
  /** The order's number. */
  out_trade_no: string
  /** What the client pays with; absent once the order is paid. */
  payment?: PayCreateOrderAnswerPayment | null
  /** What became of it so far. */
  state: PayCreateOrderAnswerOrderState
}

/** What the app SDK's `PayReq` takes. */
export type PayCreateOrderAnswerAppPayment = {
  /** The mobile app. */
  appid: string
  /** A nonce. */
  noncestr: string
  /** Always `Sign=WXPay`. */
  package: string
  /** The merchant's number. */
  partnerid: string
  /** The prepay id, without a prefix. */
  prepayid: string
  /** The merchant's signature. */
  sign: string
  /** When it was signed. */
  timestamp: string
}

/** What became of an order. */
export type PayCreateOrderAnswerOrderState = "created" | "unpaid" | "paid" | "closed" | "refunded" | "unknown"

/** What `wx.requestPayment` and `wx.chooseWXPay` take, unchanged. */
export type PayCreateOrderAnswerPagePayment = {
  /** The app that pays; WeixinJSBridge asks for it. */
  appId: string
  /** A nonce. */
  nonceStr: string
  /** `prepay_id=…`. */
  package: string
  /** The merchant's signature. */
  paySign: string
  /** Always `RSA`. */
  signType: string
  /** When it was signed, as mini programs and WeixinJSBridge spell it. */
  timeStamp: string
  /** The same, as `wx.chooseWXPay` spells it. */
  timestamp: string
}

/** What the client pays with, by channel. */
export type PayCreateOrderAnswerPayment = PayCreateOrderAnswerPagePayment | PayCreateOrderAnswerAppPayment | {
  /** Add `&redirect_url=` to return to a page. */
  h5_url: string
} | {
  /** Not to be opened from an album. */
  code_url: string
}

/** How a user pays. */
export type PayCreateOrderInputChannel = "mini_program" | "jsapi" | "app" | "h5" | "native"

/** Which bill. */
export type PayDownloadBillInputBillType = "trade" | "fund_flow"

/** An order as its owner may see it. */
export type PayGetOrderAnswer = {
  /** Fen. */
  amount: number
  /** The order's number. */
  out_trade_no: string
  /** Seconds since 1970. */
  paid_at?: number | null
  /** What the user really paid, without coupons, in fen. */
  payer_total?: number | null
  /** Its refunds, the oldest first. */
  refunds: PayGetOrderAnswerRefundView[]
  /** What became of it. */
  state: PayGetOrderAnswerOrderState
  /** WeChat Pay's number of the payment. */
  transaction_id?: string | null
}

/** What became of an order. */
export type PayGetOrderAnswerOrderState = "created" | "unpaid" | "paid" | "closed" | "refunded" | "unknown"

/** What became of a refund. */
export type PayGetOrderAnswerRefundState = "processing" | "success" | "abnormal" | "closed" | "unknown"

/** A refund. */
export type PayGetOrderAnswerRefundView = {
  /** Fen. */
  amount: number
  /** The refund's number. */
  out_refund_no: string
  /** What became of it. */
  state: PayGetOrderAnswerRefundState
}

/** A refund. */
export type PayGetRefundAnswer = {
  /** Fen. */
  amount: number
  /** The refund's number. */
  out_refund_no: string
  /** What became of it. */
  state: PayGetRefundAnswerRefundState
}

/** What became of a refund. */
export type PayGetRefundAnswerRefundState = "processing" | "success" | "abnormal" | "closed" | "unknown"

/** A product as it is kept. */
export type PayPutProductAnswer = {
  /** The price of one, in fen. */
  amount: number
  /** Comes back with the payment. */
  attach?: string | null
  /** Whether it can no longer be ordered. */
  closed: boolean
  /** What the user sees on the bill. */
  description: string
  /** The product's id. */
  product: string
}

/** A refund. */
export type PayRefundAnswer = {
  /** Fen. */
  amount: number
  /** The refund's number. */
  out_refund_no: string
  /** What became of it. */
  state: PayRefundAnswerRefundState
}

/** What became of a refund. */
export type PayRefundAnswerRefundState = "processing" | "success" | "abnormal" | "closed" | "unknown"

/** A phone number that WeChat has verified. */
export type PhoneNumber = {
  /** The country code, `86` for China. */
  countryCode: string
  /** The number; a foreign one with its country code. */
  phoneNumber: string
  /** The number without country code. */
  purePhoneNumber: string
  /** When and for which app WeChat said so, where it does. */
  watermark?: Watermark | null
}

/** A code. */
export type QrcodeCreateAnswer = {
  /** How long it lives, in seconds; absent if it is permanent. */
  expire_seconds?: number | null
  /** WeChat's picture of it. */
  picture: string
  /** WeChat's name for it. */
  ticket: string
  /** What the code says: draw it yourself. */
  url: string
}

/** What a code stands for. */
export type QrcodeCreateInputInfo = {
  /** The number or the text. */
  scene: QrcodeCreateInputScene
}

/** Kinds of codes: with a number or a text, for a time or for good. */
export type QrcodeCreateInputKind = "QR_SCENE" | "QR_STR_SCENE" | "QR_LIMIT_SCENE" | "QR_LIMIT_STR_SCENE"

/** A number or a text. */
export type QrcodeCreateInputScene = {
  /** The number; of a permanent code at most 100,000. */
  scene_id?: number | null
  /** The text. */
  scene_str?: string | null
}

/** How far an invoice is reimbursed. */
export type ReimburseStatus = "INVOICE_REIMBURSE_INIT" | "INVOICE_REIMBURSE_LOCK" | "INVOICE_REIMBURSE_CLOSURE"

/** How risky the user is. */
export type RiskControlGetUserRiskRankAnswer = {
  /** 0 to 4, the riskiest. */
  risk_rank: number
  /** WeChat's id of the question; the name is WeChat's. */
  unoin_id?: string | null
}

/** A check. */
export type SecurityGetMediaCheckAnswer = {
  /** What each of WeChat's strategies found; one counts if its `errcode` is 0. */
  detail?: unknown[] | null
  /** Why: 100 normal, 20001 politics, 20002 porn, 20006 crime, 21000 other. */
  label?: number | null
  /** Whether WeChat has answered. */
  status: SecurityGetMediaCheckAnswerStatus
  /** What to do; absent while it is pending. */
  suggest?: SecurityGetMediaCheckAnswerVerdict | null
}

/** Whether WeChat has answered. */
export type SecurityGetMediaCheckAnswerStatus = "pending" | "done"

/** What to do with it. */
export type SecurityGetMediaCheckAnswerVerdict = "pass" | "review" | "risky" | "unknown"

/** WeChat's verdict. */
export type SecurityImgSecCheckAnswer = {
  /** What to do. */
  suggest: SecurityImgSecCheckAnswerSuggest
}

/** What to do with the image. */
export type SecurityImgSecCheckAnswerSuggest = "pass" | "risky"

/** A check that has begun. */
export type SecurityMediaCheckAsyncAnswer = {
  /** WeChat's id of the check, for `security.getMediaCheck`. */
  trace_id: string
}

/** WeChat's verdict. */
export type SecurityMsgSecCheckAnswer = {
  /** What each of WeChat's strategies found; one counts if its `errcode` is 0. */
  detail: SecurityMsgSecCheckAnswerFinding[]
  /** Why: 100 normal, 10001 ads, 20001 politics, 20002 porn, 20003 abuse, 20006 crime, 20008 fraud, 20012 vulgar, 20013 copyright, 21000 other; absent where WeChat does not say. */
  label?: number | null
  /** What to do. */
  suggest: SecurityMsgSecCheckAnswerSuggest
  /** WeChat's id of the check. */
  trace_id?: string | null
}

/** What one strategy found; any of it may be absent. */
export type SecurityMsgSecCheckAnswerFinding = {
  /** 0 if the strategy worked; absent where WeChat does not say. */
  errcode?: number | null
  /** The keyword it met. */
  keyword?: string | null
  label?: number | null
  level?: number | null
  /** How sure it is, 0 to 100. */
  prob?: number | null
  /** `content_model`, `keyword` … */
  strategy?: string | null
  suggest?: SecurityMsgSecCheckAnswerSuggest | null
}

/** What to do with the content. */
export type SecurityMsgSecCheckAnswerSuggest = "pass" | "review" | "risky"

/** A link. */
export type ShortlinkGenerateAnswer = {
  /** When it expires, seconds since 1970; absent if it is permanent. */
  expire_time?: number | null
  /** `#小程序://…` */
  link: string
}

/** A new template. */
export type SubscribeMessageAddTemplateAnswer = {
  /** What messages name as `template_id`. */
  priTmplId: string
}

/** The number of a title, which WeChat gives as a number and takes as a text. */
export type SubscribeMessageAddTemplateInputTid = number | string

/** Nothing: the template is deleted. */
export type SubscribeMessageDeleteTemplateAnswer = Record<string, unknown>

/** Categories. */
export type SubscribeMessageGetCategoryAnswer = {
  /** The categories. */
  data: SubscribeMessageGetCategoryAnswerCategory[]
}

/** A category. */
export type SubscribeMessageGetCategoryAnswerCategory = {
  /** Its number, for `getPubTemplateTitleList`. */
  id: number
  /** Its name. */
  name: string
}

/** Keywords. */
export type SubscribeMessageGetPubTemplateKeyWordsByIdAnswer = {
  /** How many there are. */
  count: number
  /** The keywords. */
  data: SubscribeMessageGetPubTemplateKeyWordsByIdAnswerKeyword[]
}

/** A keyword of a title. */
export type SubscribeMessageGetPubTemplateKeyWordsByIdAnswerKeyword = {
  /** An example. */
  example: string
  /** Its number, for `addTemplate`. */
  kid: number
  /** Its label. */
  name: string
  /** What its values must be; with the number, the key: `thing1`. */
  rule: string
}

/** The number of a title, which WeChat gives as a number and takes as a text. */
export type SubscribeMessageGetPubTemplateKeyWordsByIdInputTid = number | string

/** A page of titles. */
export type SubscribeMessageGetPubTemplateTitleListAnswer = {
  /** How many there are. */
  count: number
  /** The titles. */
  data: SubscribeMessageGetPubTemplateTitleListAnswerTitle[]
}

/** A title of the library. */
export type SubscribeMessageGetPubTemplateTitleListAnswerTitle = {
  /** Its category. */
  categoryId: string
  /** Its number. */
  tid: number
  /** The title. */
  title: string
  /** 2 for one message per consent, 3 for a long-term subscription. */
  type: number
}

/** Templates. */
export type SubscribeMessageGetTemplateListAnswer = {
  /** The templates. */
  data: SubscribeMessageGetTemplateListAnswerTemplate[]
}

/** The values that a key may hold. */
export type SubscribeMessageGetTemplateListAnswerChoice = {
  /** The values. */
  enumValueList: string[]
  /** The key. */
  keywordCode: string
}

/** A template of the account. */
export type SubscribeMessageGetTemplateListAnswerTemplate = {
  /** Its lines, as `label:{{thing1.DATA}}`. */
  content: string
  /** The same with examples. */
  example: string
  /** What keys of a fixed choice may hold. */
  keywordEnumValueList?: SubscribeMessageGetTemplateListAnswerChoice[]
  /** What messages name as `template_id`. */
  priTmplId: string
  /** Its title. */
  title: string
  /** 2 for one message per consent, 3 for a long-term subscription. */
  type: number
}

/** A message on its way. */
export type SubscribeMessageSendAnswer = {
  /** WeChat's id of the message, where it tells one. */
  msgid?: string | null
  /** Whether WeChat took it. */
  sent: boolean
}

/** Languages, as WeChat names them. */
export type SubscribeMessageSendInputLang = "zh_CN" | "en_US" | "zh_HK" | "zh_TW"

/** Versions, as this interface names them. */
export type SubscribeMessageSendInputMiniprogramState = "developer" | "trial" | "formal"

/** The message went out. */
export type TemplateMessageSubscribeAnswer = {
  /** Always true. */
  sent: boolean
}

/** A text and its color. */
export type TemplateMessageSubscribeInputContent = {
  /** For example `#FF0000`. */
  color?: string | null
  /** The text. */
  value: string
}

/** The parts of the message; there is one. */
export type TemplateMessageSubscribeInputData = {
  /** The text. */
  content: TemplateMessageSubscribeInputContent
}

/** A page of a mini program. */
export type TemplateMessageSubscribeInputMiniProgram = {
  /** The mini program. */
  appid: string
  /** The page, with its query. */
  pagepath: string
}

/** A message on its way. */
export type UniformMessageSendAnswer = {
  /** WeChat's id of the message, of up to 19 digits, where it tells one. */
  msgid?: string | null
  /** Whether WeChat took it. */
  sent: boolean
  /** How the receiver was found. */
  via: UniformMessageSendAnswerVia
}

/** How a receiver was found. */
export type UniformMessageSendAnswerVia = "openid" | "unionid"

/** A link. */
export type UrllinkGenerateAnswer = {
  /** When it expires, seconds since 1970. */
  expire_time: number
  /** `https://wxaurl.cn/…` */
  url_link: string
}

/** A page of a site on WeChat's cloud hosting. */
export type UrllinkGenerateInputCloudBase = {
  /** The site's own domain. */
  domain?: string | null
  /** The environment. */
  env: string
  /** The page; by default the site's first one. */
  path?: string | null
  /** What the page gets: at most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`. */
  query?: string | null
  /** The account the environment belongs to; by default the mini program itself. */
  resource_appid?: string | null
}

/** A link. */
export type UrlschemeGenerateAnswer = {
  /** When it expires, seconds since 1970. */
  expire_time: number
  /** `weixin://dl/business/?t=…` */
  openlink: string
}

/** A follower; of others WeChat tells the first three members only. */
export type UserGetInfoAnswer = {
  /** The group, of old. */
  groupid?: number | null
  /** The language of the user's WeChat. */
  language?: string | null
  /** The user. */
  openid: string
  /** The number of the code that brought them. */
  qr_scene?: number | null
  /** The text of the code that brought them. */
  qr_scene_str?: string | null
  /** The account's note. */
  remark?: string | null
  /** 1 for a follower, 0 for others. */
  subscribe: number
  /** By which way: `ADD_SCENE_QR_CODE` and others. */
  subscribe_scene?: string | null
  /** Since when, seconds since 1970. */
  subscribe_time?: number | null
  /** The tags. */
  tagid_list?: number[] | null
  /** The same person across the accounts of one Open Platform account. */
  unionid?: string | null
}

/** Languages, as WeChat names them. */
export type UserGetInfoInputLang = "zh_CN" | "zh_TW" | "en"

/** When and for which app WeChat made the data. */
export type Watermark = {
  /** The app. */
  appid: string
  /** Seconds since 1970. */
  timestamp: number
}

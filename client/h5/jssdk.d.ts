/** Names `wx.config` takes in `jsApiList`. */
export type JsApi =
  | 'updateAppMessageShareData'
  | 'updateTimelineShareData'
  | 'onMenuShareTimeline'
  | 'onMenuShareAppMessage'
  | 'onMenuShareQQ'
  | 'onMenuShareWeibo'
  | 'onMenuShareQZone'
  | 'startRecord'
  | 'stopRecord'
  | 'onVoiceRecordEnd'
  | 'playVoice'
  | 'pauseVoice'
  | 'stopVoice'
  | 'onVoicePlayEnd'
  | 'uploadVoice'
  | 'downloadVoice'
  | 'chooseImage'
  | 'previewImage'
  | 'uploadImage'
  | 'downloadImage'
  | 'translateVoice'
  | 'getNetworkType'
  | 'openLocation'
  | 'getLocation'
  | 'hideOptionMenu'
  | 'showOptionMenu'
  | 'hideMenuItems'
  | 'showMenuItems'
  | 'hideAllNonBaseMenuItem'
  | 'showAllNonBaseMenuItem'
  | 'closeWindow'
  | 'scanQRCode'
  | 'addCard'
  | 'chooseCard'
  | 'openCard'
  | 'checkJsApi'
  | 'getLocalImgData'
  | 'chooseWXPay'
  | 'openAddress'
  | 'startSearchBeacons'
  | 'stopSearchBeacons'
  | 'onSearchBeacons'
  | 'openProductSpecificView'
  | 'chooseInvoice'

/** Open tags of `openTagList`. */
export type OpenTag = 'wx-open-launch-app' | 'wx-open-launch-weapp' | 'wx-open-subscribe' | 'wx-open-audio'

export interface Options {
  /** Where the backend is: the address before `/jssdk/config`, or a function of the operation. */
  endpoint?: string | ((operation: Operation) => string)
  /** What the page will call; a name that is not listed here is signed too. */
  jsApiList?: (JsApi | (string & {}))[]
  /** The open tags the page will show. */
  openTagList?: OpenTag[]
  /** The account, if the backend serves several. */
  appid?: string
  /** The session token of the user; needed for cards and invoices. */
  session?: string | (() => string | null | undefined | Promise<string | null | undefined>)
  /** `wx.config`'s own debug mode: the client shows every answer. */
  debug?: boolean
  /** Configure again when the route changes; true unless said otherwise. */
  watch?: boolean
  /** Told when a configuration after a route change ends. */
  onConfigured?: (outcome: Configured | JssdkError) => void
  /** Milliseconds to wait for the client; 10 s unless said otherwise. */
  timeout?: number
  /** The address the page was first loaded from, if the browser does not tell it rightly. */
  landingUrl?: string
  /** Changes an address before it is signed, for a page that is not shown at its own address. */
  address?: (href: string) => string
  /** jweixin, if it is not `window.wx`. */
  wx?: object
  /** Instead of the browser's. */
  fetch?: typeof fetch
}

export type Operation = 'jssdk.config' | 'jssdk.cardExt' | 'jssdk.chooseCard' | 'jssdk.chooseInvoice'

/** A page that WeChat accepted. */
export interface Configured {
  /** The address that was signed. */
  url: string
  appId: string
  /** 2 if WeChat refused the first signature. */
  attempts: 1 | 2
}

export interface CardToAdd {
  card_id: string
  code?: string
  /** Lets nobody else collect the card. */
  bind_openid?: boolean
  fixed_begintimestamp?: number
  outer_str?: string
  balance?: number
}

export interface AddedCard {
  cardId: string
  cardExt: string
  /** Encrypted; `card.decryptCode` decrypts it. */
  code: string
  isSuccess: boolean
}

export interface CardFilter {
  shopId?: string
  cardType?: string
  cardId?: string
}

export interface ChosenCard {
  card_id: string
  /** `card.decryptCode` decrypts it. */
  encrypt_code: string
}

export interface ChosenInvoice {
  card_id: string
  encrypt_code: string
  app_id: string
}

/** The items of the menu that cannot be hidden. */
export type BaseMenuItem = `menuItem:${'exposeArticle' | 'setFont' | 'dayMode' | 'nightMode' | 'refresh' | 'profile' | 'addContact'}`

/** The items of the menu that spread the page or protect it. */
export type OtherMenuItem = `menuItem:${
  | 'share:appMessage'
  | 'share:timeline'
  | 'share:qq'
  | 'share:weiboApp'
  | 'favorite'
  | 'share:facebook'
  | 'share:QZone'
  | 'editTag'
  | 'delete'
  | 'copyUrl'
  | 'originPage'
  | 'readMode'
  | 'openWithQQBrowser'
  | 'openWithSafari'
  | 'share:email'
  | 'share:brand'}`

/** Every item of the menu. */
export type MenuItem = BaseMenuItem | OtherMenuItem

/** What every answer of the client has. */
export interface Said {
  /** `<api>:ok` */
  errMsg: string
}

/** What every interface takes beside its own parameters. */
export interface Callbacks<T = Said> {
  success?(answer: T): void
  fail?(answer: Said): void
  complete?(answer: Said): void
  cancel?(answer: Said): void
  /** A button of the menu was touched; what it shares can no longer be changed. */
  trigger?(answer: Said): void
}

/** The same of an event, which tells what happened in `complete` too. */
export interface EventCallbacks<T> extends Omit<Callbacks<T>, 'complete'> {
  complete?(answer: T): void
}

interface Shared {
  title?: string
  link?: string
  imgUrl?: string
}
interface LocalId {
  localId: string
}
interface WithProgress {
  isShowProgressTips?: 0 | 1
}
interface MenuShare extends Shared {
  desc?: string
  type?: '' | 'music' | 'video' | 'link'
  dataUrl?: string
}

/** Parameters and results by interface. */
export interface Apis {
  updateAppMessageShareData: [Shared & { desc?: string }, Said]
  updateTimelineShareData: [Shared, Said]
  startRecord: [{}, Said]
  stopRecord: [{}, LocalId]
  playVoice: [LocalId, Said]
  pauseVoice: [LocalId, Said]
  stopVoice: [LocalId, Said]
  uploadVoice: [LocalId & WithProgress, { serverId: string }]
  downloadVoice: [{ serverId: string } & WithProgress, LocalId]
  translateVoice: [LocalId & WithProgress, { translateResult: string }]
  chooseImage: [{ count?: number; sizeType?: ('original' | 'compressed')[]; sourceType?: ('album' | 'camera')[] }, { localIds: string[] }]
  previewImage: [{ current?: string; urls: string[] }, Said]
  uploadImage: [LocalId & WithProgress, { serverId: string }]
  downloadImage: [{ serverId: string } & WithProgress, LocalId]
  getLocalImgData: [LocalId & { compressionRatio?: number }, { localData: string }]
  getNetworkType: [{}, { networkType: string }]
  openLocation: [{ latitude: number; longitude: number; name?: string; address?: string; scale?: number; infoUrl?: string }, Said]
  getLocation: [{ type?: 'wgs84' | 'gcj02' }, { latitude: number; longitude: number; speed: number; accuracy: number }]
  startSearchBeacons: [{ ticket?: string }, Said]
  stopSearchBeacons: [{}, Said]
  hideOptionMenu: [{}, Said]
  showOptionMenu: [{}, Said]
  hideMenuItems: [{ menuList: OtherMenuItem[] }, Said]
  showMenuItems: [{ menuList: MenuItem[] }, Said]
  hideAllNonBaseMenuItem: [{}, Said]
  showAllNonBaseMenuItem: [{}, Said]
  closeWindow: [{}, Said]
  scanQRCode: [{ needResult?: 0 | 1; scanType?: ('qrCode' | 'barCode')[] }, { resultStr: string }]
  openCard: [{ cardList: { cardId: string; code: string }[] }, Said]
  openAddress: [
    {},
    {
      userName: string
      postalCode: string
      provinceName: string
      cityName: string
      countryName: string
      detailInfo: string
      nationalCode: string
      telNumber: string
    },
  ]
  checkJsApi: [{ jsApiList: JsApi[] }, { checkResult: Partial<Record<JsApi, boolean>> }]
}

/** Events: `call` subscribes, and the callbacks are called whenever one occurs. */
export interface Events {
  onMenuShareTimeline: [Shared, Said]
  onMenuShareAppMessage: [MenuShare, Said]
  onMenuShareQQ: [Shared & { desc?: string }, Said]
  onMenuShareWeibo: [Shared & { desc?: string }, Said]
  onMenuShareQZone: [Shared & { desc?: string }, Said]
  onVoiceRecordEnd: [{}, LocalId]
  onVoicePlayEnd: [{}, LocalId]
  onSearchBeacons: [{}, { beacons?: unknown[] }]
}

/** Interfaces whose parameters are not typed here. */
type Untyped = Exclude<JsApi, keyof Apis | keyof Events>

export interface Jssdk {
  /** Configures the page, once per address; later calls wait for the same outcome. */
  ready(): Promise<Configured>
  /** Configures the page anew. */
  configure(): Promise<Configured>
  /** Subscribes to an event once the page is configured. */
  call<A extends keyof Events>(api: A, parameters: Events[A][0] & EventCallbacks<Events[A][1]>): Promise<void>
  /** Calls `wx[api]` once the page is configured; the callbacks are called as well. */
  call<A extends keyof Apis>(
    api: A,
    ...parameters: {} extends Apis[A][0] ? [(Apis[A][0] & Callbacks<Apis[A][1]>)?] : [Apis[A][0] & Callbacks<Apis[A][1]>]
  ): Promise<Apis[A][1] & Said>
  /** The same for an interface whose parameters are not typed here. */
  call<T = Record<string, unknown>>(api: Untyped, parameters?: object): Promise<T>
  /** Lets the user collect cards. */
  addCard(cards: CardToAdd | CardToAdd[]): Promise<AddedCard[]>
  /** Lets the user choose among their cards; empty if none fits. */
  chooseCard(filter?: CardFilter): Promise<ChosenCard[]>
  /** Lets the user choose among their invoices. */
  chooseInvoice(): Promise<ChosenInvoice[]>
  /** The address that would be signed now. */
  url(): string
  /** Stops watching the route. */
  stop(): void
}

/** Why it failed: `message` for a person, `reason` for a program. */
export class JssdkError extends Error {
  readonly name: 'JssdkError'
  /** See README.md. */
  readonly reason: string
  /** What the client said, if it spoke. */
  readonly errMsg?: string
  /** The address that was signed. */
  readonly url?: string
  /** The input for `jssdk.diagnose`, if WeChat refused the page. */
  readonly diagnosis?: Record<string, unknown>
  /** The backend's problem document, if it refused. */
  readonly problem?: Record<string, unknown>
}

export function createJssdk(options?: Options): Jssdk

/** Loads jweixin from WeChat's host, or from its other one. */
export function loadJweixin(): Promise<object>

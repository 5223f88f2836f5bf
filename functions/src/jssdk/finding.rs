//! Why a page's `wx.config` or a call of `wx` fails: the causes of the document's appendix 5, and
//! those its "invalid signature" stands for.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

/// A cause and its cure.
///
/// 一个原因及其解决办法。
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PageFinding", extend("x-shared" = true))]
pub struct Finding {
    /// The stable name for programs.
    ///
    /// 供程序判断的稳定名称。
    pub cause: Cause,
    /// The number in appendix 5 of WeChat's JS-SDK document; absent for cards.
    ///
    /// 微信 JS-SDK 文档附录 5 中的编号；卡券问题无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u8>,
    /// Whether it was proven, for example by computing the same signature; otherwise it is only
    /// likely.
    ///
    /// 是否已证实，例如算出了相同的签名；否则只是可能。
    pub certain: bool,
    /// What to do.
    ///
    /// 处理建议。
    pub detail: Cow<'static, str>,
}

macro_rules! causes {
    ($($(#[doc = $doc:literal])+ $cause:ident $item:literal $detail:literal,)+) => {
        /// Why it fails.
        ///
        /// 失败原因。
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        #[schemars(rename = "PageCause", extend("x-shared" = true))]
        pub enum Cause { $($(#[doc = $doc])+ $cause,)+ }

        impl Cause {
            /// All of them.
            #[cfg(test)]
            const ALL: &[Cause] = &[$(Cause::$cause,)+];

            const fn about(self) -> (u8, &'static str) {
                match self { $(Cause::$cause => ($item, $detail),)+ }
            }
        }
    };
}

causes! {
    /// The host is not bound to the account.
    ///
    /// 域名未绑定到该账号（JS 接口安全域名）。
    DomainNotBound 1 "Bind the page's host as a JS interface safe domain of this account, in WeChat's console: host only, ICP-registered, no IP address, and this appid.",
    /// The page is not on port 80 or 443, or its address has no host.
    ///
    /// 页面不在 80 或 443 端口，或地址中没有域名。
    PortNotAllowed 1 "WeChat accepts pages only on port 80 (http) and 443 (https): serve the page there.",
    /// This deployment does not sign pages of this host.
    ///
    /// 本部署不为该域名的页面签名。
    HostNotAllowed 1 "jssdk.config does not sign pages of this host: add it to JSSDK_ALLOWED_HOSTS.",
    /// The signature does not have the right form.
    ///
    /// 签名的格式不正确。
    SignatureForm 2 "The signature is not 40 lower-case hex digits of SHA-1: pass the signature of jssdk.config on unchanged.",
    /// The signature is right for this address and the ticket in force.
    ///
    /// 对此地址和当前 ticket 而言，签名正确。
    SignatureCorrect 2 "The signature fits this address and the ticket in force. If WeChat still refuses, its client checks another address than this one, the appId given to wx.config is another, or WeChat replaced the ticket early: invoke refresh-credentials.",
    /// The fragment was signed.
    ///
    /// 把 `#` 后的部分也签进去了。
    FragmentSigned 2 "The part after # was signed: sign location.href.split('#')[0].",
    /// A part of the query is missing.
    ///
    /// 缺少一部分查询参数。
    QueryCut 2 "A part of the query was not signed: send encodeURIComponent(location.href); without it, everything after the first & is lost.",
    /// The parameters that WeChat appends are missing.
    ///
    /// 缺少微信追加的分享参数。
    ShareParametersMissing 2 "from and isappinstalled, which WeChat appends when a page is shared, were not signed: sign location.href at run time, not a fixed address.",
    /// The address is HTML-escaped.
    ///
    /// 地址经过了 HTML 转义。
    HtmlEscaped 2 "The address has &amp; instead of &: it was taken from HTML; use location.href.",
    /// Escapes are missing.
    ///
    /// 地址被解码过，缺少转义。
    Decoded 2 "The address was decoded before it was signed, or sent without encodeURIComponent: sign the escapes of location.href unchanged.",
    /// The address was encoded once too often.
    ///
    /// 地址多编码了一次。
    EncodedTwice 2 "The address was encoded once too often: encodeURIComponent(location.href), once, and no more.",
    /// A plus became a space, or the other way around.
    ///
    /// 加号变成了空格，或相反。
    PlusSpace 2 "A + became a space or the other way around: decode the address with decodeURIComponent's rules, not with a form's.",
    /// http and https were mixed up.
    ///
    /// http 与 https 混淆。
    SchemeDiffers 2 "http and https were mixed up, often behind a proxy: sign location.href, not what the server saw.",
    /// The host or the case of letters differs.
    ///
    /// 域名或字母大小写不一致。
    LettersDiffer 2 "The address was put into lower case: sign it unchanged.",
    /// The slash at the end differs.
    ///
    /// 末尾的斜杠不一致。
    SlashDiffers 2 "A slash after the host or at the end was added or lost; a browser shows https://host as https://host/.",
    /// A default port was signed.
    ///
    /// 把默认端口也签进去了。
    PortSigned 2 "The default port was signed, or left out though the page shows it: sign location.href.",
    /// The names in the signed text are not all lower-case.
    ///
    /// 被签名文本中的参数名未全部小写。
    ParameterNames 2 "In the signed text the names are all lower-case: jsapi_ticket, noncestr, timestamp, url; only wx.config spells nonceStr.",
    /// The parameters are in another order.
    ///
    /// 参数顺序不对。
    ParameterOrder 2 "The signed text has jsapi_ticket, noncestr, timestamp, url in this order.",
    /// The values were escaped.
    ///
    /// 参数值经过了转义。
    EscapedValues 2 "The address was escaped inside the signed text: its values are not escaped.",
    /// The timestamp is in milliseconds.
    ///
    /// 时间戳用了毫秒。
    Milliseconds 2 "The timestamp is in milliseconds: it is in seconds, and the same in the signature and in wx.config.",
    /// The ticket of another account.
    ///
    /// 用了其他账号的 ticket。
    OtherAccount 2 "It was signed with another account's ticket: appId in wx.config and the ticket must be of the same account.",
    /// The ticket for cards.
    ///
    /// 用了卡券的 ticket。
    CardTicket 2 "It was signed with the wx_card ticket: pages are signed with the jsapi ticket.",
    /// The ticket was replaced since.
    ///
    /// ticket 此后已更换。
    StaleTicket 2 "It was signed before the ticket in force was fetched: sign again; do not keep signatures, and fetch tickets nowhere else.",
    /// Nothing that was tried gives this signature.
    ///
    /// 所有尝试都得不出该签名。
    Unexplained 2 "None of the usual mistakes gives this signature: compare debug of jssdk.config with location.href, and nonceStr and timestamp in wx.config with those signed.",
    /// The call came before `wx.ready`, or its name is not in `jsApiList`.
    ///
    /// 在 `wx.ready` 之前调用，或接口名不在 `jsApiList` 中。
    NotReady 3 "wx.config did not succeed yet, or the interface is not in its jsApiList: call it in wx.ready, and list it.",
    /// The account may not call it, or its name is not in `jsApiList`.
    ///
    /// 账号无权调用该接口，或接口名不在 `jsApiList` 中。
    PermissionDenied 4 "The account has no right to this interface (share and cards need a certified account), or it is not in jsApiList.",
    /// The client does not know it.
    ///
    /// 客户端版本过低，不支持该接口。
    ClientTooOld 5 "This version of WeChat does not know the interface: ask wx.checkJsApi, and let the user update.",
    /// WeChat's documents do not list the name.
    ///
    /// 微信文档中没有该接口名。
    UnknownName 5 "WeChat's documents do not list this name; it was signed as it is.",
    /// Clients before 6.0.2 accept every signature.
    ///
    /// 6.0.2 之前的客户端接受任何签名。
    NotVerified 6 "WeChat before 6.0.2 accepts every signature: what works there may still be signed wrongly.",
    /// Sharing does not work.
    ///
    /// 无法分享。
    ShareRight 7 "Sharing needs a certified account and a link on a JS interface safe domain; set it in wx.ready.",
    /// The quota for tickets is used up.
    ///
    /// ticket 的获取额度已用完。
    TicketQuota 8 "The ticket is missing: its quota is used up if something else fetches tickets too. See the refresher's report and alarm.",
    /// One image at a time.
    ///
    /// 一次只能处理一张图片。
    OneImageAtATime 9 "Images are uploaded one by one: begin the next in success of the one before.",
    /// No preview of local images is needed.
    ///
    /// 无需预览本地图片。
    LocalPreview 10 "chooseImage previews by itself; previewImage takes http addresses.",
    /// The address before the redirect was signed.
    ///
    /// 签名用的是重定向之前的地址。
    RedirectSigned 11 "The address before a login's redirect was signed, without code and state: sign the address in force when wx.config is called.",
    /// `wx.config` lacks parameters.
    ///
    /// 传给 `wx.config` 的参数不全。
    ConfigIncomplete 12 "wx.config lacks parameters: appId, timestamp, nonceStr, signature and jsApiList, as jssdk.config answers them.",
    /// How to get what was uploaded.
    ///
    /// 如何获取已上传的文件。
    MediaDownload 13 "What the page uploaded is fetched with media.get, by its serverId, within three days.",
    /// Noise in voices.
    ///
    /// 语音有杂音。
    VoiceNoise 14 "Old clients recorded with noise, which WeChat has fixed; media.get with hd_voice gives the better recording.",
    /// Sub-domains are bound with their parent.
    ///
    /// 绑定父域名后，子域名也可使用。
    SubdomainBound 15 "A bound domain includes its sub-domains: if another of them works, this one is spelled differently.",
    /// Images from elsewhere are not shown in shares.
    ///
    /// 分享中不显示站外图片。
    ShareImage 16 "WeChat 6.1 on iOS shows no shared images from other hosts; 6.2 fixed it.",
    /// Old clients are handled by the SDK.
    ///
    /// 旧版客户端由 SDK 自行兼容。
    OldClient 17 "The SDK is compatible with old clients by itself; interfaces of 6.0.2 need 6.0.2: ask wx.checkJsApi.",
    /// Payments have a signature of their own.
    ///
    /// 支付有专门的签名。
    PaymentSignature 18 "Payments have a signature of their own, paySign, by WeChat Pay's rules; and load jweixin from WeChat's host.",
    /// The page changed its route and the client checks another address.
    ///
    /// 页面切换了路由，客户端校验的是另一个地址。
    RouteChanged 19 "The route changed since: on iOS sign the address the page was first loaded from, on Android and desktop the current one. client/h5 does it.",
    /// Old Android clients do not know `pushState`.
    ///
    /// 旧版 Android 客户端不支持 `pushState`。
    PushStateUnknown 19 "WeChat before 6.2 on Android does not support pushState: use the # router there, or reload the page.",
    /// Old Android clients drop `uploadImage` in `chooseImage`'s callback.
    ///
    /// 旧版 Android 客户端会忽略 `chooseImage` 回调中的 `uploadImage`。
    UploadInCallback 20 "WeChat before 6.2 on Android drops uploadImage inside chooseImage's success: call it after setTimeout(…, 100).",
    /// The user does not follow the test account.
    ///
    /// 用户未关注测试号。
    TestAccountNotFollowed 21 "With a test account only its followers can use the page: follow it first.",
    /// Two kinds of coordinates.
    ///
    /// 坐标系有两种，需要区分。
    Coordinates 22 "getLocation gives GPS coordinates (wgs84) and openLocation wants gcj02: call getLocation with type gcj02.",
    /// A menu item that depends on the source.
    ///
    /// 该菜单项是否出现取决于页面来源。
    ProfileMenuItem 23 "menuItem:addContact is only shown for links that an official account spread.",
    /// The registration is not known to WeChat yet.
    ///
    /// 配置在微信尚未生效。
    RegistrationDelay 24 "A host whose ICP registration is new can be bound a day later.",
    /// The card's signature is right.
    ///
    /// 卡券签名正确。
    CardSignatureCorrect 0 "The card's signature fits the ticket in force.",
    /// The card was signed with the ticket for pages.
    ///
    /// 卡券签名误用了网页的 jsapi_ticket。
    PageTicket 0 "The card was signed with the jsapi ticket: cards are signed with the wx_card ticket.",
    /// The values of a card's signature are not sorted.
    ///
    /// 卡券签名的各个值未排序。
    CardValuesUnsorted 0 "The values were signed as they are listed: sort them by their bytes, the ticket among them, and join them without names and separators.",
    /// A value that was passed is not part of a card's signature.
    ///
    /// 已传入的某个值没有参与卡券签名。
    CardValueMissing 0 "A value was passed that is not in the signature: sign every value of ticket, appid, location_id (shopId), timestamp, nonce_str, card_id and card_type to choose, or of ticket, timestamp, card_id, code, openid, nonce_str and balance to add.",
    /// A value is part of a card's signature that WeChat does not sign.
    ///
    /// 卡券签名包含了微信不参与签名的值。
    CardValueExtra 0 "A value was signed that WeChat does not sign: signType, outer_str, fixed_begintimestamp, and the appid where a card is added.",
    /// `cardExt` is not a text of JSON.
    ///
    /// 参数 `cardExt` 不是 JSON 文本。
    CardExtNotText 0 "cardExt must be an object of JSON as a text: pass JSON.stringify(…), as jssdk.cardExt answers it.",
    /// The timestamp of a card is not usable.
    ///
    /// 卡券的时间戳不可用。
    CardTimestamp 0 "The timestamp of the card is not the seconds since 1970 of a moment ago: sign each card anew, when it is chosen or added.",
    /// Another algorithm than SHA1.
    ///
    /// 使用了 SHA1 以外的算法。
    CardSignType 0 "signType must be SHA1.",
    /// The filters leave no card.
    ///
    /// 按筛选条件没有可选的卡券。
    CardFilter 0 "If the list is empty although the signature is right, the user has no card that passes the filters: shopId, cardType and cardId narrow the list.",
    /// Nothing that was tried gives the card's signature.
    ///
    /// 所有尝试都得不出该卡券签名。
    CardUnexplained 0 "None of the usual mistakes gives the card's signature: pass the answer of jssdk.cardExt or jssdk.chooseCard on unchanged.",
}

impl Cause {
    /// This cause is certain.
    pub(super) const fn proven(self) -> Finding {
        self.finding(true)
    }

    /// This cause is likely.
    pub(super) const fn suspected(self) -> Finding {
        self.finding(false)
    }

    /// The same in other words.
    pub(super) fn suspected_of(self, detail: String) -> Finding {
        Finding { detail: Cow::Owned(detail), ..self.suspected() }
    }

    const fn finding(self, certain: bool) -> Finding {
        let (number, detail) = self.about();
        let item = if number == 0 { None } else { Some(number) };
        Finding { cause: self, item, certain, detail: Cow::Borrowed(detail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_of_appendix_5_has_its_cause_in_its_order() {
        let items = Cause::ALL.iter().map(|cause| cause.about().0);
        let mut items: Vec<u8> = items.filter(|item| *item > 0).collect();
        assert!(items.is_sorted());
        items.dedup();
        assert_eq!(items, (1..=24).collect::<Vec<_>>());
    }
}

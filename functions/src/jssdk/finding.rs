//! Why a page's `wx.config` or a call of `wx` fails: the causes of the document's appendix 5, and
//! those its "invalid signature" stands for.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

/// A cause and its cure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PageFinding", extend("x-shared" = true))]
pub struct Finding {
    /// The stable name for programs.
    pub cause: Cause,
    /// The number in appendix 5 of WeChat's JS-SDK document; absent for cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u8>,
    /// Whether it was proven, for example by computing the same signature; otherwise it is only
    /// likely.
    pub certain: bool,
    /// What to do.
    pub detail: Cow<'static, str>,
}

macro_rules! causes {
    ($($(#[doc = $doc:literal])+ $cause:ident $item:literal $detail:literal,)+) => {
        /// Why it fails.
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
    DomainNotBound 1 "Bind the page's host as a JS interface safe domain of this account, in WeChat's console: host only, ICP-registered, no IP address, and this appid.",
    /// The page is not on port 80 or 443, or its address has no host.
    PortNotAllowed 1 "WeChat accepts pages only on port 80 (http) and 443 (https): serve the page there.",
    /// This deployment does not sign pages of this host.
    HostNotAllowed 1 "jssdk.config does not sign pages of this host: add it to JSSDK_ALLOWED_HOSTS.",
    /// The signature does not have the right form.
    SignatureForm 2 "The signature is not 40 lower-case hex digits of SHA-1: pass the signature of jssdk.config on unchanged.",
    /// The signature is right for this address and the ticket in force.
    SignatureCorrect 2 "The signature fits this address and the ticket in force. If WeChat still refuses, its client checks another address than this one, the appId given to wx.config is another, or WeChat replaced the ticket early: invoke refresh-credentials.",
    /// The fragment was signed.
    FragmentSigned 2 "The part after # was signed: sign location.href.split('#')[0].",
    /// A part of the query is missing.
    QueryCut 2 "A part of the query was not signed: send encodeURIComponent(location.href); without it, everything after the first & is lost.",
    /// The parameters that WeChat appends are missing.
    ShareParametersMissing 2 "from and isappinstalled, which WeChat appends when a page is shared, were not signed: sign location.href at run time, not a fixed address.",
    /// The address is HTML-escaped.
    HtmlEscaped 2 "The address has &amp; instead of &: it was taken from HTML; use location.href.",
    /// Escapes are missing.
    Decoded 2 "The address was decoded before it was signed, or sent without encodeURIComponent: sign the escapes of location.href unchanged.",
    /// The address was encoded once too often.
    EncodedTwice 2 "The address was encoded once too often: encodeURIComponent(location.href), once, and no more.",
    /// A plus became a space, or the other way around.
    PlusSpace 2 "A + became a space or the other way around: decode the address with decodeURIComponent's rules, not with a form's.",
    /// http and https were mixed up.
    SchemeDiffers 2 "http and https were mixed up, often behind a proxy: sign location.href, not what the server saw.",
    /// The host or the case of letters differs.
    LettersDiffer 2 "The address was put into lower case: sign it unchanged.",
    /// The slash at the end differs.
    SlashDiffers 2 "A slash after the host or at the end was added or lost; a browser shows https://host as https://host/.",
    /// A default port was signed.
    PortSigned 2 "The default port was signed, or left out though the page shows it: sign location.href.",
    /// The names in the signed text are not all lower-case.
    ParameterNames 2 "In the signed text the names are all lower-case: jsapi_ticket, noncestr, timestamp, url; only wx.config spells nonceStr.",
    /// The parameters are in another order.
    ParameterOrder 2 "The signed text has jsapi_ticket, noncestr, timestamp, url in this order.",
    /// The values were escaped.
    EscapedValues 2 "The address was escaped inside the signed text: its values are not escaped.",
    /// The timestamp is in milliseconds.
    Milliseconds 2 "The timestamp is in milliseconds: it is in seconds, and the same in the signature and in wx.config.",
    /// The ticket of another account.
    OtherAccount 2 "It was signed with another account's ticket: appId in wx.config and the ticket must be of the same account.",
    /// The ticket for cards.
    CardTicket 2 "It was signed with the wx_card ticket: pages are signed with the jsapi ticket.",
    /// The ticket was replaced since.
    StaleTicket 2 "It was signed before the ticket in force was fetched: sign again; do not keep signatures, and fetch tickets nowhere else.",
    /// Nothing that was tried gives this signature.
    Unexplained 2 "None of the usual mistakes gives this signature: compare debug of jssdk.config with location.href, and nonceStr and timestamp in wx.config with those signed.",
    /// The call came before `wx.ready`, or its name is not in `jsApiList`.
    NotReady 3 "wx.config did not succeed yet, or the interface is not in its jsApiList: call it in wx.ready, and list it.",
    /// The account may not call it, or its name is not in `jsApiList`.
    PermissionDenied 4 "The account has no right to this interface (share and cards need a certified account), or it is not in jsApiList.",
    /// The client does not know it.
    ClientTooOld 5 "This version of WeChat does not know the interface: ask wx.checkJsApi, and let the user update.",
    /// WeChat's documents do not list the name.
    UnknownName 5 "WeChat's documents do not list this name; it was signed as it is.",
    /// Clients before 6.0.2 accept every signature.
    NotVerified 6 "WeChat before 6.0.2 accepts every signature: what works there may still be signed wrongly.",
    /// Sharing does not work.
    ShareRight 7 "Sharing needs a certified account and a link on a JS interface safe domain; set it in wx.ready.",
    /// The quota for tickets is used up.
    TicketQuota 8 "The ticket is missing: its quota is used up if something else fetches tickets too. See the refresher's report and alarm.",
    /// One image at a time.
    OneImageAtATime 9 "Images are uploaded one by one: begin the next in success of the one before.",
    /// No preview of local images is needed.
    LocalPreview 10 "chooseImage previews by itself; previewImage takes http addresses.",
    /// The address before the redirect was signed.
    RedirectSigned 11 "The address before a login's redirect was signed, without code and state: sign the address in force when wx.config is called.",
    /// `wx.config` lacks parameters.
    ConfigIncomplete 12 "wx.config lacks parameters: appId, timestamp, nonceStr, signature and jsApiList, as jssdk.config answers them.",
    /// How to get what was uploaded.
    MediaDownload 13 "What the page uploaded is fetched with media.get, by its serverId, within three days.",
    /// Noise in voices.
    VoiceNoise 14 "Old clients recorded with noise, which WeChat has fixed; media.get with hd_voice gives the better recording.",
    /// Sub-domains are bound with their parent.
    SubdomainBound 15 "A bound domain includes its sub-domains: if another of them works, this one is spelled differently.",
    /// Images from elsewhere are not shown in shares.
    ShareImage 16 "WeChat 6.1 on iOS shows no shared images from other hosts; 6.2 fixed it.",
    /// Old clients are handled by the SDK.
    OldClient 17 "The SDK is compatible with old clients by itself; interfaces of 6.0.2 need 6.0.2: ask wx.checkJsApi.",
    /// Payments have a signature of their own.
    PaymentSignature 18 "Payments have a signature of their own, paySign, by WeChat Pay's rules; and load jweixin from WeChat's host.",
    /// The page changed its route and the client checks another address.
    RouteChanged 19 "The route changed since: on iOS sign the address the page was first loaded from, on Android and desktop the current one. client/h5 does it.",
    /// Old Android clients do not know `pushState`.
    PushStateUnknown 19 "WeChat before 6.2 on Android does not support pushState: use the # router there, or reload the page.",
    /// Old Android clients drop `uploadImage` in `chooseImage`'s callback.
    UploadInCallback 20 "WeChat before 6.2 on Android drops uploadImage inside chooseImage's success: call it after setTimeout(…, 100).",
    /// The user does not follow the test account.
    TestAccountNotFollowed 21 "With a test account only its followers can use the page: follow it first.",
    /// Two kinds of coordinates.
    Coordinates 22 "getLocation gives GPS coordinates (wgs84) and openLocation wants gcj02: call getLocation with type gcj02.",
    /// A menu item that depends on the source.
    ProfileMenuItem 23 "menuItem:addContact is only shown for links that an official account spread.",
    /// The registration is not known to WeChat yet.
    RegistrationDelay 24 "A host whose ICP registration is new can be bound a day later.",
    /// The card's signature is right.
    CardSignatureCorrect 0 "The card's signature fits the ticket in force.",
    /// The card was signed with the ticket for pages.
    PageTicket 0 "The card was signed with the jsapi ticket: cards are signed with the wx_card ticket.",
    /// The values of a card's signature are not sorted.
    CardValuesUnsorted 0 "The values were signed as they are listed: sort them by their bytes, the ticket among them, and join them without names and separators.",
    /// A value that was passed is not part of a card's signature.
    CardValueMissing 0 "A value was passed that is not in the signature: sign every value of ticket, appid, location_id (shopId), timestamp, nonce_str, card_id and card_type to choose, or of ticket, timestamp, card_id, code, openid, nonce_str and balance to add.",
    /// A value is part of a card's signature that WeChat does not sign.
    CardValueExtra 0 "A value was signed that WeChat does not sign: signType, outer_str, fixed_begintimestamp, and the appid where a card is added.",
    /// `cardExt` is not a text of JSON.
    CardExtNotText 0 "cardExt must be an object of JSON as a text: pass JSON.stringify(…), as jssdk.cardExt answers it.",
    /// The timestamp of a card is not usable.
    CardTimestamp 0 "The timestamp of the card is not the seconds since 1970 of a moment ago: sign each card anew, when it is chosen or added.",
    /// Another algorithm than SHA1.
    CardSignType 0 "signType must be SHA1.",
    /// The filters leave no card.
    CardFilter 0 "If the list is empty although the signature is right, the user has no card that passes the filters: shopId, cardType and cardId narrow the list.",
    /// Nothing that was tried gives the card's signature.
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

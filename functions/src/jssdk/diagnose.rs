//! `jssdk.diagnose`
//!
//! WeChat: none; the tickets the refresher fetched are tried on the signature.

mod card;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared::{
    Access, AccountKind, Caller, CredentialKind, Operation, Result, Uses,
    capability::{JsapiTicket, ReadCredential, Reads, Settings, WxCardTicket},
    credentials::Credential,
    crypto::sha1_hex,
    percent,
    spelling::maybe_text_or_number,
    text,
    value::{Chars, Text, unless_empty},
};

use self::card::{AddedCard, ChosenCard};
use super::{
    Cause, Finding, JssdkHosts, MASK,
    page::{PageAddress, host},
    page_text,
};

text! {
    /// A nonce or a signature as the page has it, right or wrong.
    Parameter: 0..=128, Chars::BYTES;
    /// Seconds or milliseconds, right or wrong.
    Timestamp: 0..=32, Chars::BYTES;
    /// An error message of `wx`.
    Message: 0..=512, Chars::BYTES;
    /// A browser's user agent.
    UserAgent: 0..=1024, Chars::BYTES;
}

/// Explains why a page's `wx.config`, or a call of `wx`, fails.
///
/// Send the address of the failing page and the parameters it passed to `wx.config`. The usual
/// mistakes are tried on them, and the one that gives this signature is named. For cards, whose
/// list stays empty without an error, send what was passed to `wx.chooseCard` or `wx.addCard` too.
///
/// 诊断网页的 `wx.config` 或 `wx` 接口调用为何失败。
///
/// 请传入出错页面的地址，以及它传给 `wx.config` 的参数。系统会逐一尝试常见错误，找出能得到该签名的
/// 那一个。卡券列表为空却不报错时，请一并传入传给 `wx.chooseCard` 或 `wx.addCard` 的参数。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diagnose {
    /// `location.href` of the failing page, as it was when `wx.config` was called.
    ///
    /// 出错页面调用 `wx.config` 时的 `location.href`。
    url: Text<PageAddress>,
    /// As passed to `wx.config`.
    ///
    /// 与传给 `wx.config` 的相同。
    #[serde(default, rename = "nonceStr")]
    nonce_str: Option<Text<Parameter>>,
    /// As passed to `wx.config`, a number or a text.
    ///
    /// 与传给 `wx.config` 的相同，数字或文本均可。
    #[serde(default, deserialize_with = "timestamp")]
    #[schemars(with = "Option<u64>")]
    timestamp: Option<Text<Timestamp>>,
    /// As passed to `wx.config`.
    ///
    /// 与传给 `wx.config` 的相同。
    #[serde(default)]
    signature: Option<Text<Parameter>>,
    /// The message of `wx.error` or of the call's `fail`, for example
    /// `config:invalid signature`.
    ///
    /// `wx.error` 或接口 `fail` 回调中的错误信息，例如 `config:invalid signature`。
    #[serde(default, rename = "errMsg")]
    err_msg: Option<Text<Message>>,
    /// `navigator.userAgent` of the failing page.
    ///
    /// 出错页面的 `navigator.userAgent`。
    #[serde(default, rename = "userAgent")]
    user_agent: Option<Text<UserAgent>>,
    /// The address the page was first loaded from, if its route has changed since.
    ///
    /// 页面最初加载时的地址；若此后路由有变化则填写。
    #[serde(default, rename = "landingUrl", deserialize_with = "unless_empty")]
    #[schemars(extend("minLength" = 0))]
    landing_url: Option<Text<PageAddress>>,
    /// What was passed to `wx.chooseCard`.
    ///
    /// 传给 `wx.chooseCard` 的参数。
    #[serde(default, rename = "chooseCard")]
    choose_card: Option<ChosenCard>,
    /// An element of the `cardList` that was passed to `wx.addCard`.
    ///
    /// 传给 `wx.addCard` 的 `cardList` 中的一项。
    #[serde(default, rename = "addCard")]
    add_card: Option<AddedCard>,
}

/// The causes found.
///
/// 找到的原因。
#[derive(Serialize, JsonSchema)]
pub struct Diagnosis {
    /// Whether the signature is right for the address and the ticket in force; absent without a
    /// signature.
    ///
    /// 对此地址和当前 ticket 而言，签名是否正确；未传签名时无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
    /// Whether the signatures of the cards are right; absent without cards.
    ///
    /// 卡券签名是否正确；未传卡券时无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    card_valid: Option<bool>,
    /// The causes, proven ones first.
    ///
    /// 原因列表，已证实的在前。
    causes: Vec<Finding>,
    /// The text that should have been signed, with `***` for the ticket.
    ///
    /// 应当签名的文本，其中 ticket 以 `***` 代替。
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// The ticket in force; absent if there is none.
    ///
    /// 当前 ticket 的信息；没有则无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<TicketState>,
}

/// The ticket in force.
///
/// 当前的 ticket。
#[derive(Serialize, JsonSchema)]
pub(super) struct TicketState {
    /// Grows by one with every new ticket.
    ///
    /// 版本号，每换一个新 ticket 加一。
    version: u64,
    /// Seconds since 1970.
    ///
    /// Unix 时间戳（秒）。
    issued_at: u64,
    /// Seconds until it expires.
    ///
    /// 距过期的秒数。
    expires_in: u64,
}

fn timestamp<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Text<Timestamp>>, D::Error> {
    let timestamp = maybe_text_or_number(input)?;
    timestamp.map(Text::new).transpose().map_err(D::Error::custom)
}

impl Operation for Diagnose {
    const ID: &'static str = "jssdk.diagnose";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] =
        &["https://developers.weixin.qq.com/doc/service/guide/h5/jssdk.html"];
    const EXAMPLE: &'static str = r#"{"url":"https://h5.example.com/shop?id=1#/cart","nonceStr":"Wm3WZYTPz0wzccnW","timestamp":1414587457,"signature":"0f9de62fce790f9a083d5c99e95740ceb90c27ed","errMsg":"config:invalid signature"}"#;
    type Uses = (Reads<JsapiTicket>, Reads<WxCardTicket>, Settings<JssdkHosts>);
    type Output = Diagnosis;

    async fn run(
        self,
        (jsapi, wx_card, hosts): Uses<'_, Self>,
        caller: &Caller,
    ) -> Result<Diagnosis> {
        let tickets = Tickets::read(jsapi, wx_card, caller).await?;
        Ok(self.diagnose(&tickets, hosts, caller.appid(), caller.now()))
    }
}

/// The tickets that may have signed the page.
struct Tickets {
    own: Option<Credential>,
    /// The tickets that must not sign it, and why.
    wrong: Vec<(Cause, Credential)>,
}

impl Tickets {
    /// Reads the tickets in the table; unlike an operation that signs, it does not ask for missing
    /// ones.
    async fn read(
        jsapi: ReadCredential<'_>,
        wx_card: ReadCredential<'_>,
        caller: &Caller,
    ) -> Result<Tickets> {
        let mut tickets = Tickets { own: None, wrong: Vec::new() };
        for account in caller.accounts() {
            for (kind, read) in
                [(CredentialKind::JsapiTicket, jsapi), (CredentialKind::WxCardTicket, wx_card)]
            {
                if !account.kind.credentials().contains(&kind) {
                    continue;
                }
                let Some(credential) = read.stored(&account.appid).await? else { continue };
                match (account.appid == caller.appid(), kind) {
                    (true, CredentialKind::JsapiTicket) => tickets.own = Some(credential),
                    (true, _) => tickets.wrong.push((Cause::CardTicket, credential)),
                    (false, _) => tickets.wrong.push((Cause::OtherAccount, credential)),
                }
            }
        }
        Ok(tickets)
    }
}

impl Diagnose {
    fn diagnose(&self, tickets: &Tickets, hosts: &JssdkHosts, appid: &str, now: u64) -> Diagnosis {
        let mut causes = Causes::default();
        let page = without_fragment(&self.url);
        match host(page) {
            Err(_) => causes.add(Cause::PortNotAllowed.proven()),
            Ok(host) if hosts.cover(&host) => {}
            Ok(host) if host.port.is_some() => causes.add(Cause::PortNotAllowed.proven()),
            Ok(_) => causes.add(Cause::HostNotAllowed.proven()),
        }
        let mut valid = None;
        let mut expected = None;
        match (&self.nonce_str, &self.timestamp, &self.signature) {
            (Some(nonce_str), Some(timestamp), Some(signature)) => {
                expected = Some(page_text(MASK, nonce_str, timestamp, page));
                let found = self.explain(tickets, nonce_str, timestamp, signature);
                valid = Some(found.iter().any(|f| f.cause == Cause::SignatureCorrect));
                found.into_iter().for_each(|finding| causes.add(finding));
            }
            (None, None, None) => {}
            _ => causes.add(Cause::ConfigIncomplete.proven()),
        }
        if tickets.own.is_none() {
            causes.add(Cause::TicketQuota.proven());
        }
        let chosen = self.choose_card.iter().map(|card| card.explain(tickets, appid, now));
        let added = self.add_card.iter().map(|card| card.explain(tickets, appid, now));
        let mut card_valid = None;
        for (valid, found) in chosen.chain(added) {
            card_valid = Some(card_valid.unwrap_or(true) && valid);
            found.into_iter().for_each(|finding| causes.add(finding));
        }
        self.read_message(&mut causes);
        self.read_user_agent(&mut causes, valid);
        causes.0.sort_by_key(|finding| !finding.certain);
        let ticket = tickets.own.as_ref().map(|ticket| TicketState {
            version: ticket.version,
            issued_at: ticket.issued_at,
            expires_in: ticket.ticket_seconds_left(now),
        });
        Diagnosis { valid, card_valid, causes: causes.0, expected, ticket }
    }

    /// Which mistakes give this signature.
    fn explain(
        &self,
        tickets: &Tickets,
        nonce_str: &str,
        timestamp: &str,
        signature: &str,
    ) -> Vec<Finding> {
        let form = signature.len() == 40
            && signature.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let signature = signature.trim().to_ascii_lowercase();
        let attempt = Attempt { nonce_str, timestamp, signature: &signature };
        let addresses = self.addresses();
        let own = tickets.own.iter().map(|ticket| (None, ticket));
        let wrong = tickets.wrong.iter().map(|(cause, ticket)| (Some(*cause), ticket));
        let mut found = None;
        'search: for (whose, ticket) in own.chain(wrong) {
            for (mistakes, url) in &addresses {
                if let Some(text) = attempt.fits(ticket.value.expose(), url) {
                    let causes = mistakes.iter().copied().chain(text).chain(whose);
                    found = Some(causes.map(Cause::proven).collect::<Vec<_>>());
                    break 'search;
                }
            }
        }
        let mut findings = match found {
            Some(mistakes) if mistakes.is_empty() => vec![Cause::SignatureCorrect.proven()],
            Some(mistakes) => mistakes,
            None => {
                let signed_at = timestamp.get(..10).and_then(|digits| digits.parse::<u64>().ok());
                let before =
                    |ticket: &Credential| signed_at.is_some_and(|at| at < ticket.issued_at);
                match &tickets.own {
                    Some(ticket) if before(ticket) => vec![Cause::StaleTicket.suspected()],
                    _ => vec![Cause::Unexplained.suspected()],
                }
            }
        };
        if !form {
            findings.insert(0, Cause::SignatureForm.proven());
        }
        findings
    }

    /// The addresses that may have been signed, the right one first, then those of one mistake,
    /// then those of two.
    fn addresses(&self) -> Vec<(Vec<Cause>, String)> {
        let page = without_fragment(&self.url);
        let mut single: Vec<(Vec<Cause>, String)> = Vec::new();
        if page.len() < self.url.len() {
            single.push((vec![Cause::FragmentSigned], self.url.as_str().to_owned()));
        }
        if let Some(landing) = &self.landing_url {
            single.push((vec![Cause::RouteChanged], without_fragment(landing).to_owned()));
        }
        single.extend(variants(page).into_iter().map(|(cause, url)| (vec![cause], url)));
        let mut double = Vec::new();
        for (mistakes, url) in &single {
            for (cause, url) in variants(url) {
                if !mistakes.contains(&cause) {
                    double.push((mistakes.iter().copied().chain([cause]).collect(), url));
                }
            }
        }
        let right = (Vec::new(), page.to_owned());
        [right].into_iter().chain(single).chain(double).collect()
    }

    /// What the client's own message means.
    fn read_message(&self, causes: &mut Causes) {
        let Some(message) = &self.err_msg else { return };
        let message = message.to_ascii_lowercase().replace('_', " ");
        let (api, said) = message.split_once(':').unwrap_or(("", &message));
        let has = |words: &str| said.contains(words);
        let known: &[Cause] = if has("invalid url domain") {
            &[Cause::DomainNotBound, Cause::RegistrationDelay, Cause::SubdomainBound]
        } else if has("offline verifying") {
            &[Cause::NotReady]
        } else if has("permission denied") || has("access denied") || has("no permission") {
            &[Cause::PermissionDenied]
        } else if has("function not exist") || has("not support") {
            &[Cause::ClientTooOld, Cause::OldClient]
        } else if has("requestsubscribe") || api.contains("requestsubscribe") {
            &[Cause::TestAccountNotFollowed]
        } else if has("js secure domain") {
            &[Cause::ShareRight, Cause::DomainNotBound]
        } else if api == "config" && has("fail") {
            &[Cause::ConfigIncomplete]
        } else {
            match api {
                "updateappmessagesharedata" | "updatetimelinesharedata" => {
                    &[Cause::ShareRight, Cause::ShareImage]
                }
                api if api.starts_with("onmenushare") => &[Cause::ShareRight, Cause::ShareImage],
                "uploadimage" => {
                    &[Cause::OneImageAtATime, Cause::UploadInCallback, Cause::MediaDownload]
                }
                "downloadimage" => &[Cause::MediaDownload],
                "previewimage" | "chooseimage" => &[Cause::LocalPreview],
                "uploadvoice" | "downloadvoice" => &[Cause::MediaDownload, Cause::VoiceNoise],
                "choosewxpay" | "getbrandwcpayrequest" => &[Cause::PaymentSignature],
                "getlocation" | "openlocation" => &[Cause::Coordinates],
                "showmenuitems" | "hidemenuitems" => &[Cause::ProfileMenuItem],
                _ => &[],
            }
        };
        known.iter().for_each(|cause| causes.add(cause.suspected()));
    }

    /// What is known of the client.
    fn read_user_agent(&self, causes: &mut Causes, valid: Option<bool>) {
        let Some(agent) = &self.user_agent else { return };
        let agent = agent.to_ascii_lowercase();
        let Some(version) = wechat_version(&agent) else { return };
        let android = agent.contains("android");
        if version < (6, 0, 2) {
            causes.add(Cause::NotVerified.proven());
        }
        if android && version < (6, 2, 0) {
            causes.add(Cause::PushStateUnknown.suspected());
        }
        let refused =
            self.err_msg.as_deref().is_some_and(|said| said.contains("invalid signature"));
        if valid == Some(true) && refused && version >= (6, 0, 2) {
            // The signature fits the address in the input; the client must have checked another.
            causes.add(Cause::RouteChanged.suspected());
        }
    }
}

/// Findings without repetition.
#[derive(Default)]
struct Causes(Vec<Finding>);

impl Causes {
    fn add(&mut self, finding: Finding) {
        if !self.0.iter().any(|known| known.cause == finding.cause) {
            self.0.push(finding);
        }
    }
}

/// What the page gave to `wx.config`.
struct Attempt<'a> {
    nonce_str: &'a str,
    timestamp: &'a str,
    signature: &'a str,
}

impl Attempt<'_> {
    /// Which mistake in the text itself gives the signature with this ticket and address, if any
    /// does; no mistake is `Some(None)`.
    fn fits(&self, ticket: &str, url: &str) -> Option<Option<Cause>> {
        let Attempt { nonce_str: nonce, timestamp: time, signature } = *self;
        let is = |text: String| sha1_hex(text) == signature;
        let text = |time: &str, url: &str| page_text(ticket, nonce, time, url);
        if is(text(time, url)) {
            return Some(None);
        }
        let names = [
            ("jsapi_ticket", "nonceStr", "timestamp"),
            ("jsapi_ticket", "noncestr", "timeStamp"),
            ("jsapi_ticket", "nonceStr", "timeStamp"),
            ("ticket", "noncestr", "timestamp"),
        ];
        if names
            .iter()
            .any(|(t, n, s)| is(format!("{t}={ticket}&{n}={nonce}&{s}={time}&url={url}")))
        {
            return Some(Some(Cause::ParameterNames));
        }
        let orders = [
            format!("noncestr={nonce}&jsapi_ticket={ticket}&timestamp={time}&url={url}"),
            format!("jsapi_ticket={ticket}&timestamp={time}&noncestr={nonce}&url={url}"),
            format!("noncestr={nonce}&timestamp={time}&url={url}&jsapi_ticket={ticket}"),
        ];
        if orders.into_iter().any(is) {
            return Some(Some(Cause::ParameterOrder));
        }
        if is(text(time, &percent::encode(url))) {
            return Some(Some(Cause::EscapedValues));
        }
        let seconds = time.get(..10).filter(|_| time.len() == 13);
        if seconds.is_some_and(|seconds| is(text(seconds, url)))
            || is(text(&format!("{time}000"), url))
        {
            return Some(Some(Cause::Milliseconds));
        }
        None
    }
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

/// How many places of a query are tried as the one where it was cut.
const CUTS: usize = 16;

/// The addresses one mistake makes of an address.
fn variants(url: &str) -> Vec<(Cause, String)> {
    let mut variants: Vec<(Cause, String)> = Vec::new();
    let mut add = |cause, other: String| {
        if other != url && variants.iter().all(|(_, known)| *known != other) {
            variants.push((cause, other));
        }
    };
    let without = |names: &[&str]| without_parameters(url, names);
    add(Cause::ShareParametersMissing, without(&["from", "isappinstalled"]));
    add(Cause::RedirectSigned, without(&["code", "state"]));
    add(Cause::QueryCut, url.split('?').next().unwrap_or_default().to_owned());
    for (at, _) in url.match_indices('&').take(CUTS) {
        add(Cause::QueryCut, url[..at].to_owned());
    }
    add(Cause::HtmlEscaped, url.replace("&amp;", "&").replace('&', "&amp;"));
    add(Cause::HtmlEscaped, url.replace("&amp;", "&"));
    add(Cause::Decoded, percent::decode(url));
    add(Cause::EncodedTwice, url.replace('%', "%25"));
    add(Cause::PlusSpace, url.replace('+', " "));
    add(Cause::PlusSpace, url.replace('+', "%20"));
    add(Cause::PlusSpace, url.replace("%20", "+"));
    if let Some((scheme, rest)) = url.split_once("://") {
        let other = if scheme.eq_ignore_ascii_case("https") { "http" } else { "https" };
        add(Cause::SchemeDiffers, format!("{other}://{rest}"));
        let (before_query, query) = match rest.split_once('?') {
            Some((before, query)) => (before, format!("?{query}")),
            None => (rest, String::new()),
        };
        let trimmed = before_query.strip_suffix('/').unwrap_or(before_query);
        add(Cause::SlashDiffers, format!("{scheme}://{trimmed}{query}"));
        add(Cause::SlashDiffers, format!("{scheme}://{trimmed}/{query}"));
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let host = authority.split(':').next().unwrap_or_default();
        let port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
        add(Cause::PortSigned, format!("{scheme}://{host}{path}"));
        add(Cause::PortSigned, format!("{scheme}://{host}:{port}{path}"));
    }
    add(Cause::LettersDiffer, url.to_ascii_lowercase());
    variants
}

fn without_parameters(url: &str, names: &[&str]) -> String {
    let Some((page, query)) = url.split_once('?') else { return url.to_owned() };
    let is_named = |pair: &&str| !names.contains(&pair.split('=').next().unwrap_or_default());
    let kept: Vec<&str> = query.split('&').filter(is_named).collect();
    if kept.is_empty() { page.to_owned() } else { format!("{page}?{}", kept.join("&")) }
}

/// `micromessenger/8.0.49` in a lower-case user agent.
fn wechat_version(agent: &str) -> Option<(u32, u32, u32)> {
    let (_, version) = agent.split_once("micromessenger/")?;
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let mut numbers = version[..end].split('.').map(|number| number.parse().unwrap_or(0));
    Some((numbers.next()?, numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::{Secret, settings::Setting, value::Rule};

    use super::*;

    fn hosts() -> JssdkHosts {
        JssdkHosts::parse(Some("example.com")).unwrap()
    }

    fn text<R: Rule>(text: impl Into<String>) -> Text<R> {
        Text::new(text).unwrap()
    }

    const PAGE: &str = "https://h5.example.com/a%20b/?x=%E4%B8%AD&y=1&code=c&state=s&from=timeline&isappinstalled=0";

    fn credential(value: &str, issued_at: u64) -> Credential {
        let expires_at = issued_at + 7200;
        Credential { value: Secret::new(value), version: 3, issued_at, expires_at }
    }

    fn tickets() -> Tickets {
        Tickets {
            own: Some(credential("own", 1_000_000_000)),
            wrong: vec![
                (Cause::CardTicket, credential("card", 1_000_000_000)),
                (Cause::OtherAccount, credential("other", 1_000_000_000)),
            ],
        }
    }

    fn diagnose_at(url: &str, timestamp: &str, signed: &str) -> Diagnosis {
        let failing = Diagnose {
            url: text(url),
            nonce_str: Some(text("nonce")),
            timestamp: Some(text(timestamp)),
            signature: Some(text(sha1_hex(signed))),
            err_msg: None,
            user_agent: None,
            landing_url: Some(text("https://h5.example.com/landing?y=2#top")),
            choose_card: None,
            add_card: None,
        };
        failing.diagnose(&tickets(), &hosts(), "wx01", 1_000_000_100)
    }

    fn causes(diagnosis: &Diagnosis) -> Vec<Cause> {
        diagnosis.causes.iter().map(|finding| finding.cause).collect()
    }

    /// The causes found if this address was signed instead.
    fn signed(url: &str) -> Vec<Cause> {
        let text = page_text("own", "nonce", "1000000050", url);
        let diagnosis = diagnose_at(&format!("{PAGE}#/cart"), "1000000050", &text);
        assert!(diagnosis.causes.iter().all(|finding| finding.certain));
        causes(&diagnosis)
    }

    #[test]
    fn a_right_signature_is_told() {
        let text = page_text("own", "nonce", "1000000050", PAGE);
        let diagnosis = diagnose_at(&format!("{PAGE}#/cart"), "1000000050", &text);
        assert_eq!(
            (diagnosis.valid, causes(&diagnosis)),
            (Some(true), vec![Cause::SignatureCorrect])
        );
        assert!(!serde_json::to_string(&diagnosis).unwrap().contains("own"), "the ticket");
    }

    #[test]
    fn the_mistake_in_the_address_is_found() {
        for (url, cause) in [
            (format!("{PAGE}#/cart"), Cause::FragmentSigned),
            ("https://h5.example.com/landing?y=2".to_owned(), Cause::RouteChanged),
            (PAGE.replace("&from=timeline&isappinstalled=0", ""), Cause::ShareParametersMissing),
            (PAGE.replace("&code=c&state=s", ""), Cause::RedirectSigned),
            ("https://h5.example.com/a%20b/".to_owned(), Cause::QueryCut),
            ("https://h5.example.com/a%20b/?x=%E4%B8%AD".to_owned(), Cause::QueryCut),
            (PAGE.replace('&', "&amp;"), Cause::HtmlEscaped),
            (percent::decode(PAGE), Cause::Decoded),
            (PAGE.replace('%', "%25"), Cause::EncodedTwice),
            (PAGE.replace("%20", "+"), Cause::PlusSpace),
            (PAGE.replace("https", "http"), Cause::SchemeDiffers),
            (PAGE.replace("b/?", "b?"), Cause::SlashDiffers),
            (PAGE.replace(".com/", ".com:443/"), Cause::PortSigned),
            (PAGE.to_ascii_lowercase(), Cause::LettersDiffer),
        ] {
            assert_eq!(signed(&url), [cause], "{url}");
        }
    }

    #[test]
    fn two_mistakes_at_once_are_found() {
        let url = PAGE.replace("https", "http").replace('&', "&amp;");
        assert_eq!(signed(&url), [Cause::HtmlEscaped, Cause::SchemeDiffers]);
    }

    #[test]
    fn the_mistake_in_the_text_is_found() {
        let found = |timestamp: &str, text: &str| causes(&diagnose_at(PAGE, timestamp, text));
        let time = "1000000050";
        let text = format!("jsapi_ticket=own&nonceStr=nonce&timestamp={time}&url={PAGE}");
        assert_eq!(found(time, &text), [Cause::ParameterNames]);
        let text = format!("noncestr=nonce&jsapi_ticket=own&timestamp={time}&url={PAGE}");
        assert_eq!(found(time, &text), [Cause::ParameterOrder]);
        assert_eq!(
            found(time, &page_text("own", "nonce", time, &percent::encode(PAGE))),
            [Cause::EscapedValues]
        );
        assert_eq!(
            found("1000000050123", &page_text("own", "nonce", time, PAGE)),
            [Cause::Milliseconds]
        );
        assert_eq!(found(time, &page_text("card", "nonce", time, PAGE)), [Cause::CardTicket]);
        assert_eq!(found(time, &page_text("other", "nonce", time, PAGE)), [Cause::OtherAccount]);
        assert_eq!(
            found("999999999", &page_text("gone", "nonce", "999999999", PAGE)),
            [Cause::Unexplained]
        );
        assert_eq!(
            found("0999999999", &page_text("gone", "nonce", "0999999999", PAGE)),
            [Cause::StaleTicket]
        );
    }

    #[test]
    fn the_form_of_the_signature_is_judged() {
        let signed = page_text("own", "nonce", "1000000050", PAGE);
        let mut failing = Diagnose {
            url: text(PAGE),
            nonce_str: Some(text("nonce")),
            timestamp: Some(text("1000000050")),
            signature: Some(text(sha1_hex(signed).to_ascii_uppercase())),
            err_msg: None,
            user_agent: None,
            landing_url: None,
            choose_card: None,
            add_card: None,
        };
        let allowed = hosts();
        let diagnosis = failing.diagnose(&tickets(), &allowed, "wx01", 0);
        assert_eq!(causes(&diagnosis), [Cause::SignatureForm, Cause::SignatureCorrect]);
        failing.nonce_str = None;
        assert_eq!(
            causes(&failing.diagnose(&tickets(), &allowed, "wx01", 0)),
            [Cause::ConfigIncomplete]
        );
    }

    #[test]
    fn the_clients_words_and_version_are_read() {
        let find = |url: &str, said: &str, agent: &str| {
            let failing = Diagnose {
                url: text(url),
                nonce_str: None,
                timestamp: None,
                signature: None,
                err_msg: Some(text(said)),
                user_agent: Some(text(agent)),
                landing_url: None,
                choose_card: None,
                add_card: None,
            };
            failing.diagnose(&tickets(), &hosts(), "wx01", 0).causes[0].clone()
        };
        for (said, item) in [
            ("config:invalid url domain", 1),
            ("scanQRCode:the permission value is offline verifying", 3),
            ("addCard:permission denied", 4),
            ("chooseCard:function_not_exist", 5),
            ("updateAppMessageShareData:fail", 7),
            ("uploadImage:fail", 9),
            ("previewImage:fail", 10),
            ("config:fail", 12),
            ("downloadImage:fail", 13),
            ("chooseWXPay:fail", 18),
            ("requestsubscribe:fail", 21),
            ("openLocation:fail", 22),
            ("showMenuItems:fail", 23),
        ] {
            assert_eq!(find("https://example.com/", said, "").item, Some(item), "{said}");
        }
        let old = "Mozilla/5.0 (Linux; Android 4.4) MicroMessenger/6.0.1.61_r";
        assert_eq!(find("https://example.com/", "", old).item, Some(6));
        let android = old.replace("6.0.1", "6.1.0");
        assert_eq!(find("https://example.com/", "", &android).cause, Cause::PushStateUnknown);
        assert_eq!(find("https://example.com:8080/", "", "").cause, Cause::PortNotAllowed);
        assert_eq!(find("https://example.org/", "", "").cause, Cause::HostNotAllowed);
    }

    #[test]
    fn a_right_signature_that_is_refused_points_at_the_route() {
        let failing = Diagnose {
            url: text(PAGE),
            nonce_str: Some(text("nonce")),
            timestamp: Some(text("1000000050")),
            signature: Some(text(sha1_hex(page_text("own", "nonce", "1000000050", PAGE)))),
            err_msg: Some(text("config:invalid signature")),
            user_agent: Some(text("Mozilla/5.0 (iPhone) MicroMessenger/8.0.49")),
            landing_url: None,
            choose_card: None,
            add_card: None,
        };
        let diagnosis = failing.diagnose(&tickets(), &hosts(), "wx01", 0);
        assert_eq!(causes(&diagnosis), [Cause::SignatureCorrect, Cause::RouteChanged]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(
            url in "\\PC{1,60}", said in "(?s).{0,30}", agent in "(?s).{0,30}", time in "(?s).{0,8}",
        ) {
            let failing = Diagnose {
                url: text(&url),
                nonce_str: Some(text(&said)),
                timestamp: Some(text(time)),
                signature: Some(text(&said)),
                err_msg: Some(text(said)),
                user_agent: Some(text(format!("MicroMessenger/{agent}"))),
                landing_url: Some(text(url)),
                choose_card: None,
                add_card: None,
            };
            failing.diagnose(&tickets(), &JssdkHosts::default(), "wx01", 0);
        }
    }
}

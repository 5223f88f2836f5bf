//! `GET /jssdk/config?url=…`
//!
//! WeChat: none; the page is signed with the jsapi ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Http, Operation, Problem, Result, Uses,
    capability::{JsapiTicket, Reads, Settings},
    crypto::{nonce, sha1_hex},
    value::Text,
};

use super::{
    Finding, JssdkHosts, MASK,
    interfaces::{Apis, Names, OpenTags},
    page::{Page, PageAddress},
    page_text,
};

/// Signs a page for `wx.config`.
///
/// Send `encodeURIComponent(location.href)` of the page that calls `wx.config`, at the time it
/// calls it. What follows `#` is dropped; the rest is signed unchanged, escapes and order
/// included. Pass the answer to `wx.config` unchanged.
///
/// Pages on the static hosting of WeChat's cloud development need no signature: there `wx.config`
/// takes the appid of a mini program whose owner is verified and not a person, and any values for
/// timestamp, nonceStr and signature.
///
/// 为网页生成 `wx.config` 的签名。
///
/// 请在调用 `wx.config` 时，传入该页面的 `encodeURIComponent(location.href)`。`#` 及其后的部分会去
/// 掉，其余原样签名，转义与顺序均不变。将应答原样传给 `wx.config`。
///
/// 微信云开发静态网站托管上的页面无需签名：其 `wx.config` 填非个人主体且已认证的小程序的 appid 即
/// 可，timestamp、nonceStr、signature 可填任意值。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The page's address. Its host must be in `JSSDK_ALLOWED_HOSTS` or below a host there, its
    /// port 80 or 443, or listed there with the host.
    ///
    /// 网页地址。其域名须在 `JSSDK_ALLOWED_HOSTS` 中，或为其中某域名的子域名；端口须为 80 或 443，
    /// 或在其中随域名列出。
    url: Text<PageAddress>,
    /// The interfaces the page will call; returned, with a warning of unknown ones. In a query as `a,b` or repeated.
    ///
    /// 页面要调用的 JS 接口；原样返回，遇到未知接口会给出警告。作为查询参数时写作 `a,b` 或重复传
    /// 入。
    #[serde(default, rename = "jsApiList")]
    js_api_list: Names<Apis>,
    /// The open tags the page will show; returned, with a warning of unknown ones. In a query as `a,b` or repeated.
    ///
    /// 页面要使用的开放标签；原样返回，遇到未知标签会给出警告。作为查询参数时写作 `a,b` 或重复传
    /// 入。
    #[serde(default, rename = "openTagList")]
    open_tag_list: Names<OpenTags>,
    /// Adds the signed text and the changes made before it was signed. `wx.config` then shows
    /// every answer, as its own `debug` does.
    ///
    /// 附带被签名的文本，以及签名前所做的改动。此时 `wx.config` 会弹出每个接口的返回值，与其自身的
    /// `debug` 一致。
    #[serde(default)]
    debug: bool,
}

/// The parameters of `wx.config`.
///
/// 传给 `wx.config` 的参数。
#[derive(Serialize, JsonSchema)]
pub struct Signed {
    /// The account.
    ///
    /// 账号的 appid。
    #[serde(rename = "appId")]
    app_id: String,
    /// Seconds since 1970.
    ///
    /// Unix 时间戳（秒）。
    timestamp: u64,
    /// A random text, new for every signature.
    ///
    /// 随机字符串，每次签名都不同。
    #[serde(rename = "nonceStr")]
    nonce_str: String,
    /// SHA-1 in lower-case hex.
    ///
    /// 签名：SHA-1，小写十六进制。
    signature: String,
    /// As requested; never empty beside open tags, because WeChat requires a name there.
    ///
    /// 与请求一致；使用开放标签时不为空，因为微信要求至少一个接口名。
    #[serde(rename = "jsApiList", skip_serializing_if = "Vec::is_empty")]
    js_api_list: Vec<String>,
    /// As requested.
    ///
    /// 与请求一致。
    #[serde(rename = "openTagList", skip_serializing_if = "Vec::is_empty")]
    open_tag_list: Vec<String>,
    /// What looks wrong with the address or the names; they were signed unchanged.
    ///
    /// 地址或名称中的可疑之处；签名时未作改动。
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Finding>,
    /// Only if requested.
    ///
    /// 仅在请求时返回。
    #[serde(skip_serializing_if = "Option::is_none")]
    debug: Option<SignedText>,
}

/// The signed text.
///
/// 被签名的文本。
#[derive(Serialize, JsonSchema)]
pub(super) struct SignedText {
    /// The address in the signature: compare it with `location.href.split('#')[0]`.
    ///
    /// 签名所用的地址：请与 `location.href.split('#')[0]` 比对。
    url: String,
    /// The signed text, with `***` for the ticket.
    ///
    /// 被签名的文本，其中 ticket 以 `***` 代替。
    signed: String,
    /// The changes made to the address that was sent.
    ///
    /// 对传入地址所做的改动。
    normalized: Vec<String>,
    /// Grows by one with every new ticket.
    ///
    /// 版本号，每换一个新 ticket 加一。
    ticket_version: u64,
    /// Seconds until the ticket expires.
    ///
    /// 距 ticket 过期的秒数。
    ticket_expires_in: u64,
}

impl Operation for Config {
    const ID: &'static str = "jssdk.config";
    const HTTP: Http = Http::GET;
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/guide/h5/jssdk.html",
        "https://developers.weixin.qq.com/doc/service/guide/h5/opentag.html",
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::Forbidden];
    const EXAMPLE: &'static str =
        r#"{"url":"https://h5.example.com/shop?id=1#/cart","jsApiList":["scanQRCode"]}"#;
    type Uses = (Reads<JsapiTicket>, Settings<JssdkHosts>);
    type Output = Signed;

    async fn run(self, (ticket, hosts): Uses<'_, Self>, caller: &Caller) -> Result<Signed> {
        let mut page = Page::read(self.url)?;
        page.check_host(hosts)?;
        page.warnings.extend(self.js_api_list.warnings());
        page.warnings.extend(self.open_tag_list.warnings());
        let mut js_api_list = self.js_api_list.into_vec();
        let open_tag_list = self.open_tag_list.into_vec();
        if js_api_list.is_empty() && !open_tag_list.is_empty() {
            js_api_list.push("checkJsApi".to_owned());
        }
        let ticket = ticket.get().await?;
        let (timestamp, nonce_str) = (caller.now(), nonce());
        let text = |ticket: &str| page_text(ticket, &nonce_str, &timestamp.to_string(), &page.url);
        let signature = sha1_hex(text(ticket.value.expose()));
        let debug = self.debug.then(|| SignedText {
            url: page.url.clone(),
            signed: text(MASK),
            normalized: page.normalized,
            ticket_version: ticket.version,
            ticket_expires_in: ticket.ticket_seconds_left(timestamp),
        });
        Ok(Signed {
            app_id: caller.appid().to_owned(),
            timestamp,
            nonce_str,
            signature,
            js_api_list,
            open_tag_list,
            warnings: page.warnings,
            debug,
        })
    }
}

//! `GET /jssdk/config?url=…`
//!
//! WeChat: none; the page is signed with the jsapi ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Method, Operation, Result, Touch,
    credentials::{CredentialKey, CredentialKind},
    crypto::{nonce, sha1_hex},
};

use super::{
    Finding, MASK,
    interfaces::{check_apis, check_open_tags, names},
    page::Page,
    page_text,
};

/// Signs a page for `wx.config`.
///
/// Send `encodeURIComponent(location.href)` of the page that calls `wx.config`, at the time it
/// calls it. What follows `#` is dropped; the rest is signed exactly as it stands, escapes and
/// order included. The answer can be given to `wx.config` as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The page's address, of a host in `JSSDK_ALLOWED_HOSTS` or below one, on port 80 or 443.
    #[schemars(length(min = 1, max = 2048))]
    url: String,
    /// The interfaces the page will call; checked and handed back. In a query as `a,b` or
    /// repeated.
    #[serde(default, rename = "jsApiList", deserialize_with = "names")]
    js_api_list: Vec<String>,
    /// The open tags the page will show; checked and handed back. In a query as `a,b` or
    /// repeated.
    #[serde(default, rename = "openTagList", deserialize_with = "names")]
    open_tag_list: Vec<String>,
    /// Adds what was signed and what was changed before; `wx.config` then shows every answer, as
    /// its own `debug` does.
    #[serde(default)]
    debug: bool,
}

/// The parameters of `wx.config`.
#[derive(Serialize, JsonSchema)]
pub struct Signed {
    /// The account.
    #[serde(rename = "appId")]
    app_id: String,
    /// Seconds since 1970.
    timestamp: u64,
    /// Of this signature only.
    #[serde(rename = "nonceStr")]
    nonce_str: String,
    /// SHA-1 in lower-case hex.
    signature: String,
    /// As asked for; never empty beside open tags, because WeChat wants a name there.
    #[serde(rename = "jsApiList", skip_serializing_if = "Vec::is_empty")]
    js_api_list: Vec<String>,
    /// As asked for.
    #[serde(rename = "openTagList", skip_serializing_if = "Vec::is_empty")]
    open_tag_list: Vec<String>,
    /// What looks wrong with the address; it was signed as it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Finding>,
    /// Only if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    debug: Option<SignedText>,
}

/// What was signed.
#[derive(Serialize, JsonSchema)]
pub(super) struct SignedText {
    /// The address in the signature: compare it with `location.href.split('#')[0]`.
    url: String,
    /// The signed text, with `***` for the ticket.
    signed: String,
    /// What was changed of the address that was sent.
    normalized: Vec<String>,
    /// Grows by one with every new ticket.
    ticket_version: u64,
    /// Seconds the ticket still lives.
    ticket_expires_in: u64,
}

impl Operation for Config {
    const ID: &'static str = "jssdk.config";
    const METHOD: Method = Method::Get;
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[Touch::Credential(CredentialKind::JsapiTicket)];
    const EXAMPLE: &'static str =
        r#"{"url":"https://h5.example.com/shop?id=1#/cart","jsApiList":["scanQRCode"]}"#;
    type Output = Signed;

    async fn run(self, app: &App, caller: &Caller) -> Result<Signed> {
        let Config { url, mut js_api_list, open_tag_list, debug } = self;
        let page = Page::read(&url)?;
        page.check_host(&app.config.jssdk_allowed_hosts)?;
        check_apis(&js_api_list)?;
        check_open_tags(&open_tag_list)?;
        if js_api_list.is_empty() && !open_tag_list.is_empty() {
            js_api_list.push("checkJsApi".to_owned());
        }
        let key = CredentialKey::new(caller.appid(), CredentialKind::JsapiTicket);
        let ticket = app.credentials.get(&key).await?;
        let (timestamp, nonce_str) = (app.clock.now(), nonce());
        let text = |ticket: &str| page_text(ticket, &nonce_str, &timestamp.to_string(), &page.url);
        let signature = sha1_hex(text(ticket.value.expose()));
        let debug = debug.then(|| SignedText {
            url: page.url.clone(),
            signed: text(MASK),
            normalized: page.normalized,
            ticket_version: ticket.version,
            ticket_expires_in: ticket.seconds_left(timestamp),
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

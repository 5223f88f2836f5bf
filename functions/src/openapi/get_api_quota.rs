//! `POST /openapi/getApiQuota`
//!
//! WeChat: `POST /cgi-bin/openapi/quota/get`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    text,
    value::{Chars, Text},
};

text! {
    /// A path of WeChat's API.
    CgiPath: 2..=128, Chars::VISIBLE, "Send a path such as `/cgi-bin/message/custom/send`.",
        check |text: &str| {
            let plain = text.starts_with('/') && !text.contains(['?', '#']);
            if plain { Ok(()) } else { Err("Send the path without host and query.") }
        };
}

/// Shows how often a path may be called today, and how often it was.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetApiQuota {
    /// The path, with a slash, without host and query.
    cgi_path: Text<CgiPath>,
}

/// A path's quota.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Quota {
    /// Of this day in China.
    quota: Daily,
    /// Of a shorter time, where there is such a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limit: Option<Rate>,
    /// The same for third-party platforms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    component_rate_limit: Option<Rate>,
}

/// The quota of a day.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Daily {
    /// Calls a day.
    daily_limit: u64,
    /// Calls so far.
    used: u64,
    /// Calls that are left.
    remain: u64,
}

/// A limit within seconds.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Rate {
    /// Calls.
    call_count: u64,
    /// Within so many seconds.
    refresh_second: u64,
}

impl Operation for GetApiQuota {
    const ID: &'static str = "openapi.getApiQuota";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_getapiquota.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(76_003, Problem::InvalidInput, "WeChat does not know this path.").field("cgi_path"),
        Refusal::new(76_021, Problem::InvalidInput, "WeChat does not know this path.").field("cgi_path"),
        Refusal::new(76_022, Problem::InvalidInput, "Accounts of this kind do not have this path.").field("cgi_path"),
    ];
    const EXAMPLE: &'static str = r#"{"cgi_path":"/cgi-bin/message/custom/send"}"#;
    type Uses = Wechat;
    type Output = Quota;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Quota> {
        let call = wechat.post("/cgi-bin/openapi/quota/get", &self);
        call.refusals(Self::REFUSALS).json().await
    }
}

//! `POST /openapi/getRidInfo`
//!
//! WeChat: `POST /cgi-bin/openapi/rid/get`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    text,
    value::{Chars, Text},
};

use crate::api::withheld::{struck, struck_query};

text! {
    /// WeChat's id of a request.
    Rid: 26..=26, Chars::ID, "Send the `rid` of a problem, or of the log.";
}

/// Shows what a request to WeChat was and what it answered, for seven days; secrets are struck out.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRidInfo {
    /// WeChat's id of the request.
    rid: Text<Rid>,
}

/// A request.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Info {
    /// The request.
    request: Request,
}

/// A request, without its secrets.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Request {
    /// When it came, seconds since 1970.
    invoke_time: u64,
    /// How long it took.
    cost_in_ms: u64,
    /// Its query.
    request_url: String,
    /// Its body.
    request_body: String,
    /// The answer.
    response_body: String,
    /// Who asked.
    client_ip: String,
}

impl Operation for GetRidInfo {
    const ID: &'static str = "openapi.getRidInfo";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_getridinfo.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(76_001, Problem::NotFound, "WeChat does not know this rid.").field("rid"),
        Refusal::new(76_002, Problem::InvalidInput, "This is not a rid.").field("rid"),
        Refusal::new(76_003, Problem::NotFound, "The rid belongs to another account.").field("rid"),
        Refusal::new(76_004, Problem::NotFound, "The rid is older than seven days.").field("rid"),
    ];
    const EXAMPLE: &'static str = r#"{"rid":"61725984-6126f6f9-040f19c4"}"#;
    type Uses = Wechat;
    type Output = Info;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Info> {
        let call = wechat.post("/cgi-bin/openapi/rid/get", &self).refusals(Self::REFUSALS);
        let Info { request } = call.json().await?;
        Ok(Info {
            request: Request {
                request_url: struck_query(&request.request_url),
                request_body: struck(&request.request_body),
                response_body: struck(&request.response_body),
                ..request
            },
        })
    }
}

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

use super::request::Info;

text! {
    /// WeChat's id of a request.
    Rid: 26..=26, Chars::ID,
        ["Send the `rid` of a problem, or of the log.", "请发送错误或日志中的 `rid`。"];
}

/// Shows what a request to WeChat was and what it answered, for seven days; secrets are struck out.
///
/// 按 rid 查询七天内的一次微信请求及其应答；敏感信息已隐去。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRidInfo {
    /// WeChat's id of the request.
    ///
    /// 微信的请求标识 rid。
    rid: Text<Rid>,
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
        Refusal::new(76_001, Problem::NotFound, ["WeChat does not know this rid.", "微信查不到该 rid。"]).field("rid"),
        Refusal::new(76_002, Problem::InvalidInput, ["This is not a rid.", "不是有效的 rid。"]).field("rid"),
        Refusal::new(76_003, Problem::NotFound, ["The rid belongs to another account.", "该 rid 属于其他账号。"]).field("rid"),
        Refusal::new(76_004, Problem::NotFound, ["The rid is older than seven days.", "该 rid 已超过七天。"]).field("rid"),
    ];
    const EXAMPLE: &'static str = r#"{"rid":"61725984-6126f6f9-040f19c4"}"#;
    type Uses = Wechat;
    type Output = Info;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Info> {
        let call = wechat.post("/cgi-bin/openapi/rid/get", &self).refusals(Self::REFUSALS);
        Ok(call.json::<Info>().await?.struck())
    }
}

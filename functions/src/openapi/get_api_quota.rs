//! `POST /openapi/getApiQuota`
//!
//! WeChat: `POST /cgi-bin/openapi/quota/get`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses, capability::Wechat,
    quota_left, value::Text,
};

use super::quota::{CgiPath, Quota};

/// Shows how often a path may be called today, and how often it was.
///
/// 查询某个接口今日的调用额度与已用次数。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetApiQuota {
    /// The path, with a slash, without host and query.
    ///
    /// 接口路径，以斜杠开头，不含域名与查询参数。
    cgi_path: Text<CgiPath>,
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
        Refusal::new(76_003, Problem::InvalidInput, ["WeChat does not know this path.", "微信查不到该路径。"]).field("cgi_path"),
        Refusal::new(76_021, Problem::InvalidInput, ["WeChat does not know this path.", "微信查不到该路径。"]).field("cgi_path"),
        Refusal::new(76_022, Problem::InvalidInput, ["Accounts of this kind do not have this path.", "此类账号没有该路径。"]).field("cgi_path"),
    ];
    const EXAMPLE: &'static str = r#"{"cgi_path":"/cgi-bin/message/custom/send"}"#;
    type Uses = Wechat;
    type Output = Quota;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Quota> {
        let call = wechat.post("/cgi-bin/openapi/quota/get", &self);
        let quota: Quota = call.refusals(Self::REFUSALS).json().await?;
        quota_left(&self.cgi_path, quota.quota.remain);
        Ok(quota)
    }
}

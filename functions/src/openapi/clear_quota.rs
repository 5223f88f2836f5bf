//! `POST /openapi/clearQuota`
//!
//! WeChat: `POST /cgi-bin/clear_quota`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses, capability::Wechat,
};

/// Sets the counters of all quotas of an account to zero. WeChat allows ten a month in all.
///
/// 将账号所有接口的调用次数清零。微信每月共允许十次。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearQuota {}

/// Nothing: the counters are zero.
///
/// 无内容：调用次数已清零。
#[derive(Serialize, JsonSchema)]
pub struct Cleared {}

impl Operation for ClearQuota {
    const ID: &'static str = "openapi.clearQuota";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/api_clearquota.html",
    ];
    const REFUSALS: &'static [Refusal] = &[Refusal::new(
        48_006,
        Problem::QuotaExceeded,
        ["The ten resets of this month are used up.", "本月的十次重置已用完。"],
    )];
    const EXAMPLE: &'static str = "{}";
    type Uses = Wechat;
    type Output = Cleared;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Cleared> {
        let request = json!({ "appid": caller.appid() });
        let call = wechat.post("/cgi-bin/clear_quota", &request).once();
        call.refusals(Self::REFUSALS).done().await.map(|()| Cleared {})
    }
}

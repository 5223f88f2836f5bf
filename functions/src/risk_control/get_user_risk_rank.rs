//! `POST /riskControl/getUserRiskRank`
//!
//! WeChat: `POST /wxa/getuserriskrank`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::rank::{self, Question, Rank, Request};

/// Asks how risky a user is who was in the mini program within two hours.
///
/// 查询两小时内访问过小程序的用户的风险等级。
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct GetUserRiskRank(Question);

impl Operation for GetUserRiskRank {
    const ID: &'static str = "riskControl.getUserRiskRank";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/safety-control-capability/api_getuserriskrank.html",
    ];
    const REFUSALS: &'static [Refusal] = rank::REFUSALS;
    const EXAMPLE: &'static str =
        r#"{"openid":"ocd3MONZJTd0lUm5MA6tWHmkE2GX","scene":0,"client_ip":"203.0.113.7"}"#;
    type Uses = Wechat;
    type Output = Rank;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Rank> {
        let request = Request { appid: caller.appid(), question: &self.0 };
        wechat.post("/wxa/getuserriskrank", &request).refusals(Self::REFUSALS).json().await
    }
}

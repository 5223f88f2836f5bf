//! `POST /riskControl/getUserRiskRank`
//!
//! WeChat: `POST /wxa/getuserriskrank`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses,
    capability::Wechat,
    value::{Int, Openid, Text},
};

use super::rank::{self, ClientIp, Email, Extended, MobileNo, Rank, Request};

/// Asks how risky a user is who was in the mini program within two hours.
///
/// 查询两小时内访问过小程序的用户的风险等级。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUserRiskRank {
    /// The user.
    ///
    /// 用户的 openid。
    openid: Text<Openid>,
    /// 0 signing up, 1 marketing, 2 publishing.
    ///
    /// 场景值：0 注册，1 营销，2 发布内容。
    scene: Int<0, 2>,
    /// Where the user's request comes from.
    ///
    /// 用户请求的来源 IP。
    client_ip: Text<ClientIp>,
    /// The user's phone number.
    ///
    /// 用户的手机号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mobile_no: Option<Text<MobileNo>>,
    /// The user's address of mail.
    ///
    /// 用户的邮箱地址。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email_address: Option<Text<Email>>,
    /// What else is known.
    ///
    /// 其他已知信息。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extended_info: Option<Text<Extended>>,
    /// Whether this is a trial, which WeChat does not count.
    ///
    /// 是否为测试调用；微信不计入测试调用。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_test: Option<bool>,
}

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
        let request = Request { appid: caller.appid(), user: &self };
        wechat.post("/wxa/getuserriskrank", &request).refusals(Self::REFUSALS).json().await
    }
}

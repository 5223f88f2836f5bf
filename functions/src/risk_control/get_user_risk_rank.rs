//! `POST /riskControl/getUserRiskRank`
//!
//! WeChat: `POST /wxa/getuserriskrank`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    spelling::maybe_text_or_number,
    text,
    value::{Chars, Int, Openid, Text},
};

text! {
    /// An address of the internet.
    ClientIp: 2..=45, Chars::VISIBLE, check |text: &str| {
        let address = text.parse::<std::net::IpAddr>();
        address.map(drop).map_err(|_| "Must be an IPv4 or IPv6 address.")
    };
    /// A phone number.
    MobileNo: 1..=32, Chars::VISIBLE;
    /// An address of mail.
    Email: 1..=254, Chars::VISIBLE;
    /// What else is known.
    Extended: 1..=1024, Chars::ANY;
}

/// Asks how risky a user is who was in the mini program within two hours.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUserRiskRank {
    /// The user.
    openid: Text<Openid>,
    /// 0 signing up, 1 marketing, 2 publishing.
    scene: Int<0, 2>,
    /// Where the user's request comes from.
    client_ip: Text<ClientIp>,
    /// The user's phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mobile_no: Option<Text<MobileNo>>,
    /// The user's address of mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email_address: Option<Text<Email>>,
    /// What else is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extended_info: Option<Text<Extended>>,
    /// Whether this is a trial, which WeChat does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_test: Option<bool>,
}

#[derive(Serialize)]
struct Request<'a> {
    appid: &'a str,
    #[serde(flatten)]
    user: &'a GetUserRiskRank,
}

/// How risky the user is.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Rank {
    /// 0 to 4, the riskiest.
    risk_rank: u8,
    /// WeChat's id of the question; the name is WeChat's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "maybe_text_or_number")]
    unoin_id: Option<String>,
}

impl Operation for GetUserRiskRank {
    const ID: &'static str = "riskControl.getUserRiskRank";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/safety-control-capability/api_getuserriskrank.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40_003, Problem::InvalidInput, "WeChat does not know this openid for this app.").field("openid"),
        Refusal::new(40_129, Problem::InvalidInput, "WeChat does not accept one of the arguments."),
        Refusal::new(43_104, Problem::AccountNotPermitted, "Enable this interface in the WeChat console."),
        Refusal::new(61_010, Problem::ReceiverState, "The user was not in the mini program within two hours.").field("openid"),
        Refusal::new(61_080, Problem::AccountNotPermitted, "Enable this interface in the WeChat console."),
        Refusal::new(61_081, Problem::InvalidInput, "WeChat does not accept one of the arguments."),
        Refusal::new(9_410_009, Problem::QuotaExceeded, "The trial's calls are used up."),
    ];
    const EXAMPLE: &'static str =
        r#"{"openid":"oqK9p5YIkqPcxRrCcG6EcyTWv4KE","scene":0,"client_ip":"203.0.113.7"}"#;
    type Uses = Wechat;
    type Output = Rank;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Rank> {
        let request = Request { appid: caller.appid(), user: &self };
        wechat.post("/wxa/getuserriskrank", &request).refusals(Self::REFUSALS).json().await
    }
}

//! What is asked of a user's risk, and what WeChat answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Problem, Refusal,
    spelling::maybe_text_or_number,
    text,
    value::{Chars, Int, Openid, Text},
};

text! {
    /// An address of the internet.
    ClientIp: 2..=45, Chars::VISIBLE, check |text: &str| {
        let address = text.parse::<std::net::IpAddr>();
        address.map(drop).map_err(|_|
            ["Must be an IPv4 or IPv6 address.", "须为 IPv4 或 IPv6 地址。"])
    };
    /// A phone number.
    MobileNo: 1..=32, Chars::VISIBLE;
    /// An address of mail.
    Email: 1..=254, Chars::VISIBLE;
    /// What else is known.
    Extended: 1..=1024, Chars::ANY;
}

/// WeChat: [errors](https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/safety-control-capability/api_getuserriskrank.html).
#[rustfmt::skip]
pub(super) const REFUSALS: &[Refusal] = &[
    Refusal::new(40_003, Problem::InvalidInput, ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"]).field("openid"),
    Refusal::new(40_129, Problem::InvalidInput, ["WeChat does not accept one of the arguments.", "微信不接受其中一个参数。"]),
    Refusal::new(43_104, Problem::AccountNotPermitted, ["Enable this interface in the WeChat console.", "请在微信公众平台开通该接口。"]),
    Refusal::new(61_010, Problem::ReceiverState, ["The user was not in the mini program within two hours.", "用户两小时内未访问小程序。"]).field("openid"),
    Refusal::new(61_080, Problem::AccountNotPermitted, ["Enable this interface in the WeChat console.", "请在微信公众平台开通该接口。"]),
    Refusal::new(61_081, Problem::InvalidInput, ["WeChat does not accept one of the arguments.", "微信不接受其中一个参数。"]),
    Refusal::new(9_410_009, Problem::QuotaExceeded, ["The trial's calls are used up.", "试用调用次数已用完。"]),
];

/// A question about a user.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct Question {
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

/// A question, as WeChat takes it.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    /// The app.
    pub(super) appid: &'a str,
    /// The question.
    #[serde(flatten)]
    pub(super) question: &'a Question,
}

/// How risky the user is.
///
/// 用户的风险等级。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Rank {
    /// 0 to 4, the riskiest.
    ///
    /// 0 到 4，数字越大风险越高。
    risk_rank: u8,
    /// WeChat's id of the question; the name is WeChat's.
    ///
    /// 微信的查询 id；字段名即微信所用的写法。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "maybe_text_or_number")]
    unoin_id: Option<String>,
}

//! `POST /user/getInfo`
//!
//! WeChat: `GET /cgi-bin/user/info`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    value::{Openid, Text},
};

use super::follower::{Follower, Lang};

/// Tells whether a user follows the official account, since when, and by which way.
///
/// 查询用户是否关注公众号、何时关注、从何种渠道关注。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInfo {
    /// The user, as the official account knows them.
    ///
    /// 用户在公众号下的 openid。
    openid: Text<Openid>,
    /// The language of names; by default `zh_CN`.
    ///
    /// 返回地名等所用的语言；默认 `zh_CN`。
    #[serde(default)]
    lang: Option<Lang>,
}

impl Operation for GetInfo {
    const ID: &'static str = "user.getInfo";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] =
        &["https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_userinfo.html"];
    const REFUSALS: &'static [Refusal] = &[Refusal::new(
        40_003,
        Problem::InvalidInput,
        ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"],
    )
    .field("openid")];
    const EXAMPLE: &'static str = r#"{"openid":"o0UR_VTzLG2StUT4GdEC-e_YbMj4","lang":"zh_CN"}"#;
    type Uses = Wechat;
    type Output = Follower;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Follower> {
        let call = wechat.get("/cgi-bin/user/info").query("openid", self.openid.as_str());
        call.query("lang", self.lang.unwrap_or(Lang::ZhCn).as_str())
            .refusals(Self::REFUSALS)
            .json()
            .await
    }
}

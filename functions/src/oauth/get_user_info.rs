//! `POST /oauth/getUserInfo`
//!
//! WeChat: `GET /sns/userinfo`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Operation, Problem, Proof, Refusal, Result, Uses,
    capability::{SnsCalls, SnsTokens},
    table::SnsRecord,
    wechat::is_stale_token,
};

use super::{refresh, tokens};

/// Reads the profile of a user who consented to show it.
///
/// An expired access token is refreshed on the way, once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUserInfo {
    /// The language of place names.
    #[serde(default)]
    lang: Language,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum Language {
    /// Simplified Chinese.
    #[default]
    #[serde(rename = "zh_CN")]
    SimplifiedChinese,
    /// Traditional Chinese.
    #[serde(rename = "zh_TW")]
    TraditionalChinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// A user's profile.
#[derive(Serialize, JsonSchema)]
pub struct UserInfo {
    /// Always true; for code that was written for the native module.
    status: bool,
    #[serde(flatten)]
    profile: Profile,
}

/// What WeChat answers.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Profile {
    /// The user's id in this app.
    openid: String,
    /// The nickname.
    #[serde(default)]
    nickname: String,
    /// 1 male, 2 female, 0 unknown; always 0 since 2021.
    #[serde(default)]
    sex: u8,
    /// The picture's address, empty without a picture. Its last part is the size: 46, 64, 96, 132,
    /// or 0 for 640×640.
    #[serde(default)]
    headimgurl: String,
    /// Privileges of the user, for example `chinaunicom`.
    #[serde(default)]
    privilege: Vec<String>,
    /// The user's id across the apps of one owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
}

impl Operation for GetUserInfo {
    const ID: &'static str = "oauth.getUserInfo";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsuserinfo.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/web.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/app.md",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const CODES: &'static [(Case, i64)] = &[
        (Case::Errcode(42001), 1),
        (Case::Session(Proof::Expired), 1),
        (Case::Problem(Problem::Forbidden), 2),
        (Case::Field("openid"), 3),
        (Case::Errcode(40003), 2),
        (Case::Session(Proof::Missing), 4),
        (Case::Problem(Problem::Unauthenticated), 5),
        (Case::Problem(Problem::WechatUnreachable), 6),
        (Case::Problem(Problem::WechatBusy), 6),
        (Case::Problem(Problem::InProgress), 6),
    ];
    const EXAMPLE: &'static str = r#"{"lang":"zh_CN"}"#;
    type Uses = SnsTokens;
    type Output = UserInfo;

    async fn run(self, sns: Uses<'_, Self>, caller: &Caller) -> Result<UserInfo> {
        let mut record = tokens(sns).await?;
        let expired = record.tokens.expires_at <= caller.now();
        if expired {
            record = refresh(sns, caller, &record).await?;
        }
        match self.ask(sns, caller, &record).await {
            Err(error) if error.wechat_errcode().is_some_and(is_stale_token) && !expired => {
                record = refresh(sns, caller, &record).await?;
                self.ask(sns, caller, &record).await
            }
            outcome => outcome,
        }
    }
}

impl GetUserInfo {
    async fn ask(
        &self,
        sns: SnsCalls<'_>,
        caller: &Caller,
        record: &SnsRecord,
    ) -> Result<UserInfo> {
        let lang = match self.lang {
            Language::SimplifiedChinese => "zh_CN",
            Language::TraditionalChinese => "zh_TW",
            Language::English => "en",
        };
        let call = sns
            .get("/sns/userinfo")
            .query("access_token", record.tokens.access_token.expose())
            .query("openid", caller.openid()?)
            .query("lang", lang)
            .refusals(Self::REFUSALS);
        Ok(UserInfo { status: true, profile: call.json().await? })
    }
}

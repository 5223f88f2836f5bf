//! `POST /oauth/getUserInfo`
//!
//! WeChat: `GET /sns/userinfo`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Case, Operation, Problem, Result, Touch,
    table::SnsRecord,
    wechat::{Call, is_stale_token},
};

use super::{VERDICTS, refresh, tokens};

/// Reads the profile of a user who consented to show it.
///
/// An access token that is over is refreshed on the way, once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUserInfo {
    /// The language of the places' names.
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
    /// Always true; for code that was written against the native module.
    status: bool,
    #[serde(flatten)]
    profile: Profile,
}

/// What WeChat answers.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Profile {
    /// The user, as this app knows them.
    openid: String,
    /// The nickname.
    #[serde(default)]
    nickname: String,
    /// 1 male, 2 female, 0 unknown; WeChat has said 0 of everybody since 2021.
    #[serde(default)]
    sex: u8,
    /// The picture's address; its last part is the size (0, 46, 64, 96, 132; 0 is 640×640).
    /// Empty without a picture.
    #[serde(default)]
    headimgurl: String,
    /// Privileges of the user, for example `chinaunicom`.
    #[serde(default)]
    privilege: Vec<String>,
    /// The user across the apps of one owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
}

impl Operation for GetUserInfo {
    const ID: &'static str = "oauth.getUserInfo";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[Touch::SnsTokens];
    const CODES: &'static [(Case, i64)] = &[
        (Case::Errcode(42001), 1),
        (Case::Errcode(40003), 2),
        (Case::Problem(Problem::Forbidden), 2),
        (Case::Field("openid"), 3),
        (Case::Problem(Problem::Unauthenticated), 5),
        (Case::Problem(Problem::WechatUnreachable), 6),
        (Case::Problem(Problem::WechatBusy), 6),
        (Case::Problem(Problem::InProgress), 6),
    ];
    const EXAMPLE: &'static str = r#"{"lang":"zh_CN"}"#;
    type Output = UserInfo;

    async fn run(self, app: &App, caller: &Caller) -> Result<UserInfo> {
        let mut record = tokens(app, caller).await?;
        let over = record.tokens.expires_at <= app.clock.now();
        if over {
            record = refresh(app, caller, &record).await?;
        }
        let outcome = self.ask(app, caller, &record).await;
        let stale = |code: Option<i64>| code.is_some_and(is_stale_token);
        match outcome {
            Err(error) if stale(error.wechat_errcode()) && !over => {
                record = refresh(app, caller, &record).await?;
                self.ask(app, caller, &record).await
            }
            outcome => outcome,
        }
    }
}

impl GetUserInfo {
    async fn ask(&self, app: &App, caller: &Caller, record: &SnsRecord) -> Result<UserInfo> {
        let lang = match self.lang {
            Language::SimplifiedChinese => "zh_CN",
            Language::TraditionalChinese => "zh_TW",
            Language::English => "en",
        };
        let call = Call::get("/sns/userinfo")
            .query("access_token", record.tokens.access_token.expose())
            .query("openid", caller.openid()?)
            .query("lang", lang)
            .verdicts(VERDICTS);
        let profile = app.wechat.call(&call).await?.json()?;
        Ok(UserInfo { status: true, profile })
    }
}

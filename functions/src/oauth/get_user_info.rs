//! `POST /oauth/getUserInfo`
//!
//! WeChat: `GET /sns/userinfo`

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Operation, Problem, Proof, Refusal, Result, Uses,
    capability::{SnsTokens, SnsUser},
    spelling::{lenient, lenient_list, lenient_number, lenient_text},
    table::SnsRecord,
    wechat::is_stale_token,
};

use super::{note_refusal, refresh, tokens};

/// Reads the profile of a user who consented to show it.
///
/// An expired access token is refreshed on the way, once.
///
/// 获取已授权用户的个人资料。
///
/// 过期的 access_token 会在途中自动刷新一次。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUserInfo {
    /// The language of place names.
    ///
    /// 返回地名所用的语言。
    #[serde(default)]
    lang: Language,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum Language {
    /// Simplified Chinese.
    ///
    /// 简体中文。
    #[default]
    #[serde(rename = "zh_CN")]
    SimplifiedChinese,
    /// Traditional Chinese.
    ///
    /// 繁体中文。
    #[serde(rename = "zh_TW")]
    TraditionalChinese,
    /// English.
    ///
    /// 英文。
    #[serde(rename = "en")]
    English,
}

/// A user's profile.
///
/// 用户的个人资料。
#[derive(Serialize, JsonSchema)]
pub struct UserInfo {
    /// Always true; for code that was written for the native module.
    ///
    /// 恒为 true；供为原生模块编写的代码使用。
    status: bool,
    #[serde(flatten)]
    profile: Profile,
}

/// What WeChat answers.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Profile {
    /// The user's id in this app.
    ///
    /// 用户在此应用下的 openid。
    openid: String,
    /// The nickname.
    ///
    /// 昵称。
    #[serde(default, deserialize_with = "lenient")]
    nickname: String,
    /// 1 male, 2 female, 0 unknown; always 0 since 2021.
    ///
    /// 性别：1 男，2 女，0 未知；2021 年起恒为 0。
    #[serde(default, deserialize_with = "sex")]
    sex: u8,
    /// The province; always empty since 2021.
    ///
    /// 省份；2021 年起恒为空。
    #[serde(default, deserialize_with = "lenient")]
    province: String,
    /// The city; always empty since 2021.
    ///
    /// 城市；2021 年起恒为空。
    #[serde(default, deserialize_with = "lenient")]
    city: String,
    /// The country; always empty since 2021.
    ///
    /// 国家；2021 年起恒为空。
    #[serde(default, deserialize_with = "lenient")]
    country: String,
    /// The picture's address, empty without a picture. Its last part is the size: 46, 64, 96, 132,
    /// or 0 for 640×640.
    ///
    /// 头像地址，没有头像时为空。末尾的数字为尺寸：46、64、96、132，或 0 表示 640×640。
    #[serde(default, deserialize_with = "lenient")]
    headimgurl: String,
    /// Privileges of the user, for example `chinaunicom`.
    ///
    /// 用户特权信息，例如 `chinaunicom`。
    #[serde(default, deserialize_with = "lenient_list")]
    privilege: Vec<String>,
    /// The user's id across the apps of one owner.
    ///
    /// 用户在同一主体各应用间的唯一标识。
    #[serde(default, deserialize_with = "unionid", skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
}

/// A number, or a text as some answers have it.
fn sex<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let number = lenient_number(from)?;
    Ok(number.and_then(|number| number.try_into().ok()).unwrap_or_default())
}

/// An empty one would join strangers.
fn unionid<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(lenient_text(from)?.filter(|unionid| !unionid.is_empty()))
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
        let user = sns.caller()?;
        let mut record = tokens(user).await?;
        let expired = record.tokens.expires_at <= caller.now();
        if expired {
            record = refresh(user, &record).await?;
        }
        match self.ask(user, &record).await {
            Err(error) if error.wechat_errcode().is_some_and(is_stale_token) && !expired => {
                record = refresh(user, &record).await?;
                let outcome = self.ask(user, &record).await;
                note_refusal(user, &record, outcome).await
            }
            outcome => note_refusal(user, &record, outcome).await,
        }
    }
}

impl GetUserInfo {
    async fn ask(&self, user: SnsUser<'_>, record: &SnsRecord) -> Result<UserInfo> {
        let lang = match self.lang {
            Language::SimplifiedChinese => "zh_CN",
            Language::TraditionalChinese => "zh_TW",
            Language::English => "en",
        };
        let call = user
            .get("/sns/userinfo")
            .query("access_token", record.tokens.access_token.expose())
            .query("openid", user.openid())
            .query("lang", lang)
            .refusals(Self::REFUSALS);
        Ok(UserInfo { status: true, profile: call.json().await? })
    }
}

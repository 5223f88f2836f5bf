//! `POST /user/getInfo`
//!
//! WeChat: `GET /cgi-bin/user/info`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    value::{Openid, Text},
};

/// Tells whether a user follows the official account, since when, and by which way.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInfo {
    /// The user, as the official account knows them.
    openid: Text<Openid>,
    /// The language of names; by default `zh_CN`.
    #[serde(default)]
    lang: Option<Lang>,
}

/// Languages, as WeChat names them.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
enum Lang {
    #[serde(rename = "zh_CN")]
    ZhCn,
    #[serde(rename = "zh_TW")]
    ZhTw,
    #[serde(rename = "en")]
    En,
}

/// A follower; of others WeChat tells the first three members only.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Follower {
    /// 1 for a follower, 0 for others.
    subscribe: u8,
    /// The user.
    openid: String,
    /// The same person across the accounts of one Open Platform account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
    /// The language of the user's WeChat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Since when, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscribe_time: Option<u64>,
    /// The account's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    /// The group, of old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groupid: Option<u64>,
    /// The tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tagid_list: Option<Vec<u64>>,
    /// By which way: `ADD_SCENE_QR_CODE` and others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscribe_scene: Option<String>,
    /// The number of the code that brought them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qr_scene: Option<u64>,
    /// The text of the code that brought them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qr_scene_str: Option<String>,
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
        "WeChat does not know this openid for this app.",
    )
    .field("openid")];
    const EXAMPLE: &'static str = r#"{"openid":"o0UR_VTzLG2StUT4GdEC-e_YbMj4","lang":"zh_CN"}"#;
    type Uses = Wechat;
    type Output = Follower;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Follower> {
        let lang = match self.lang {
            None | Some(Lang::ZhCn) => "zh_CN",
            Some(Lang::ZhTw) => "zh_TW",
            Some(Lang::En) => "en",
        };
        let call = wechat.get("/cgi-bin/user/info").query("openid", self.openid.as_str());
        call.query("lang", lang).refusals(Self::REFUSALS).json().await
    }
}

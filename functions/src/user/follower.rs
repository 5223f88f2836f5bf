//! A follower, as WeChat shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Languages, as WeChat names them.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
pub(super) enum Lang {
    #[serde(rename = "zh_CN")]
    ZhCn,
    #[serde(rename = "zh_TW")]
    ZhTw,
    #[serde(rename = "en")]
    En,
}

impl Lang {
    /// As WeChat spells it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Lang::ZhCn => "zh_CN",
            Lang::ZhTw => "zh_TW",
            Lang::En => "en",
        }
    }
}

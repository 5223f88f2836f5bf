//! A follower, as WeChat shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A follower; of others WeChat tells the first three members only.
///
/// 关注者；若未关注，微信只提供前三个字段。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Follower {
    /// 1 for a follower, 0 for others.
    ///
    /// 1 已关注，0 未关注。
    subscribe: u8,
    /// The user.
    ///
    /// 用户的 openid。
    openid: String,
    /// The same person across the accounts of one Open Platform account.
    ///
    /// 同一微信开放平台账号下的用户唯一标识。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
    /// The language of the user's WeChat.
    ///
    /// 用户微信的语言。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Since when, seconds since 1970.
    ///
    /// 关注时间，Unix 时间戳（秒）。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscribe_time: Option<u64>,
    /// The account's note.
    ///
    /// 账号对用户的备注。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    /// The group, of old.
    ///
    /// 旧版的分组 id。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groupid: Option<u64>,
    /// The tags.
    ///
    /// 用户的标签 id 列表。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tagid_list: Option<Vec<u64>>,
    /// By which way: `ADD_SCENE_QR_CODE` and others.
    ///
    /// 关注渠道：`ADD_SCENE_QR_CODE` 等。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscribe_scene: Option<String>,
    /// The number of the code that brought them.
    ///
    /// 扫码关注时，二维码的数字场景值。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qr_scene: Option<u64>,
    /// The text of the code that brought them.
    ///
    /// 扫码关注时，二维码的文本场景值。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qr_scene_str: Option<String>,
}

/// Languages, as WeChat names them.
///
/// 语言，采用微信的写法。
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

//! `POST /livebroadcast/getReplay`
//!
//! WeChat: `POST /wxa/business/getliveinfo` with `"action":"get_replay"`

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses,
    capability::Wechat,
    spelling::{lenient_list, lenient_text},
    value::Int,
};

use super::{Page, PageIndex, PageSize, Recent, ask, whole};

/// Lists the recordings of a live room; they appear about ten minutes after its end.
///
/// 查询直播间的回放；直播结束约十分钟后生成。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetReplay {
    /// The `roomid` of `livebroadcast.getLiveInfo`.
    ///
    /// 直播间 id，即 `livebroadcast.getLiveInfo` 的 `roomid`。
    room_id: Int<1, { i64::MAX }>,
    /// Which page, from 1.
    ///
    /// 第几页，从 1 开始。
    #[serde(default, rename = "pageIndex")]
    page_index: Option<PageIndex>,
    /// Recordings on a page; by default 100.
    ///
    /// 每页回放数；默认 100。
    #[serde(default, rename = "pageSize")]
    page_size: Option<PageSize>,
}

/// A page of recordings.
///
/// 一页回放。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Replays {
    /// The number of all recordings; 0 on an empty page, where WeChat does not give it.
    ///
    /// 回放总数；空页时为 0，因为微信不提供。
    #[serde(default, deserialize_with = "whole")]
    total: u64,
    /// The recordings of this page; empty if there are none (yet).
    ///
    /// 本页的回放；没有或尚未生成时为空。
    #[serde(default, deserialize_with = "lenient_list")]
    live_replay: Vec<Replay>,
}

/// A recording.
///
/// 一段回放。
#[derive(Deserialize, Serialize, JsonSchema)]
struct Replay {
    /// The address to play it from.
    ///
    /// 播放地址。
    media_url: String,
    /// When it was made, as WeChat writes it: `2022-12-30T02:51:32Z`.
    ///
    /// 创建时间，采用微信的写法：`2022-12-30T02:51:32Z`。
    #[serde(default, deserialize_with = "time")]
    create_time: String,
    /// When it expires.
    ///
    /// 过期时间。
    #[serde(default, deserialize_with = "time")]
    expire_time: String,
}

/// A time as WeChat writes it, empty where it does not.
fn time<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(lenient_text(from)?.unwrap_or_default())
}

#[derive(Serialize)]
struct Request {
    action: &'static str,
    room_id: i64,
    #[serde(flatten)]
    page: Page,
}

impl Operation for GetReplay {
    const ID: &'static str = "livebroadcast.getReplay";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = super::DOCS;
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"room_id":3}"#;
    type Uses = (Wechat, Recent);
    type Output = Replays;

    async fn run(self, (wechat, recent): Uses<'_, Self>, caller: &Caller) -> Result<Replays> {
        let page = Page::new(self.page_index, self.page_size);
        let request = Request { action: "get_replay", room_id: self.room_id.get(), page };
        ask(wechat, &recent, caller, &request).await?.json()
    }
}

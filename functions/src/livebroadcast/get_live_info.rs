//! `POST /livebroadcast/getLiveInfo`
//!
//! WeChat: `POST /wxa/business/getliveinfo`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat,
    spelling::lenient_list,
};

use super::{Page, PageIndex, PageSize, Recent, Room, ask, whole};

/// Lists the live rooms, the latest first. The list is at most ten seconds old.
///
/// 查询直播间列表，最新的在前。列表最多滞后十秒。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetLiveInfo {
    /// Which page, from 1.
    ///
    /// 第几页，从 1 开始。
    #[serde(default, rename = "pageIndex")]
    page_index: Option<PageIndex>,
    /// Rooms on a page; by default 100.
    ///
    /// 每页直播间数；默认 100。
    #[serde(default, rename = "pageSize")]
    page_size: Option<PageSize>,
}

/// A page of rooms.
///
/// 一页直播间。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Rooms {
    /// The number of all rooms; 0 on an empty page, where WeChat does not give it.
    ///
    /// 直播间总数；空页时为 0，因为微信不提供。
    #[serde(default, deserialize_with = "whole")]
    total: u64,
    /// The rooms of this page; empty beyond the last.
    ///
    /// 本页的直播间；超出最后一页时为空。
    #[serde(default, deserialize_with = "lenient_list")]
    room_info: Vec<Room>,
}

impl Operation for GetLiveInfo {
    const ID: &'static str = "livebroadcast.getLiveInfo";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = super::DOCS;
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"pageIndex":1,"pageSize":100}"#;
    type Uses = (Wechat, Recent);
    type Output = Rooms;

    async fn run(self, (wechat, recent): Uses<'_, Self>, caller: &Caller) -> Result<Rooms> {
        let page = Page::new(self.page_index, self.page_size);
        let mut rooms: Rooms = ask(wechat, &recent, caller, &page).await?.json()?;
        if !caller.is_service() {
            rooms.room_info = rooms.room_info.into_iter().map(Room::without_people).collect();
        }
        Ok(rooms)
    }
}

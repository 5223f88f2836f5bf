//! `POST /livebroadcast/getLiveInfo`
//!
//! WeChat: `POST /wxa/business/getliveinfo`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Operation, Result, Touch};

use super::{Page, Room, ask};

/// Lists the live rooms, the latest first. Ten seconds old at most.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetLiveInfo {
    /// Which page, from 1.
    #[serde(default, rename = "pageIndex")]
    #[schemars(range(min = 1, max = 100_000))]
    page_index: Option<u64>,
    /// Rooms on a page; by default 100.
    #[serde(default, rename = "pageSize")]
    #[schemars(range(min = 1, max = 100))]
    page_size: Option<u64>,
}

/// A page of rooms.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Rooms {
    /// All rooms there are; 0 on an empty page, because WeChat does not say.
    #[serde(default)]
    total: u64,
    /// The rooms of this page; empty beyond the last.
    #[serde(default)]
    room_info: Vec<Room>,
}

impl Operation for GetLiveInfo {
    const ID: &'static str = "livebroadcast.getLiveInfo";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"pageIndex":1,"pageSize":100}"#;
    type Output = Rooms;

    async fn run(self, app: &App, caller: &Caller) -> Result<Rooms> {
        let page = Page::read(self.page_index, self.page_size)?;
        let mut rooms: Rooms = ask(app, caller, &page).await?.json()?;
        if !caller.is_service() {
            rooms.room_info = rooms.room_info.into_iter().map(Room::without_people).collect();
        }
        Ok(rooms)
    }
}

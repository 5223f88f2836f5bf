//! `POST /livebroadcast/getReplay`
//!
//! WeChat: `POST /wxa/business/getliveinfo` with `"action":"get_replay"`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Error, Operation, Result, Touch};

use super::{Page, ask};
use crate::spelling::text_or_number;

/// Lists the recordings of a live room; they appear about ten minutes after its end.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetReplay {
    /// The room.
    #[schemars(range(min = 1))]
    room_id: u64,
    /// Which page, from 1.
    #[serde(default, rename = "pageIndex")]
    #[schemars(range(min = 1, max = 100_000))]
    page_index: Option<u64>,
    /// Recordings on a page; by default 100.
    #[serde(default, rename = "pageSize")]
    #[schemars(range(min = 1, max = 100))]
    page_size: Option<u64>,
}

/// A page of recordings.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Replays {
    /// All recordings there are; 0 on an empty page, because WeChat does not say.
    #[serde(default)]
    total: u64,
    /// The recordings of this page; empty where there are none (yet).
    #[serde(default)]
    live_replay: Vec<Replay>,
}

/// A recording.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Replay {
    /// Where it can be played.
    media_url: String,
    /// When it was made, as WeChat writes it: `2022-12-30T02:51:32Z`.
    #[serde(default, deserialize_with = "text_or_number")]
    create_time: String,
    /// When it goes.
    #[serde(default, deserialize_with = "text_or_number")]
    expire_time: String,
}

#[derive(Serialize)]
struct Request {
    action: &'static str,
    room_id: u64,
    #[serde(flatten)]
    page: Page,
}

impl Operation for GetReplay {
    const ID: &'static str = "livebroadcast.getReplay";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"room_id":3}"#;
    type Output = Replays;

    async fn run(self, app: &App, caller: &Caller) -> Result<Replays> {
        if self.room_id == 0 {
            return Err(Error::invalid("room_id", "The roomid of livebroadcast.getLiveInfo."));
        }
        let page = Page::read(self.page_index, self.page_size)?;
        let request = Request { action: "get_replay", room_id: self.room_id, page };
        let answer =
            ask(app, caller, &request).await.map_err(|error| match error.wechat_errcode() {
                Some(300_022 | 300_023) => error.field("room_id"),
                _ => error,
            })?;
        answer.json()
    }
}

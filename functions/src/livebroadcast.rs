//! Live rooms of the mini program.

mod get_live_info;
mod get_replay;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::{
    App, Caller, Error, Problem, Result,
    wechat::{Answer, Call, Verdict},
};

pub use get_live_info::GetLiveInfo;
pub use get_replay::GetReplay;

/// How long an answer is good enough, in seconds: all who look at a page within them share one of
/// the account's 100,000 calls a day.
const CACHE_LIFE: u64 = 10;

/// No more than a page's worth of pages: beyond them there are no rooms.
const LAST_PAGE: u64 = 100_000;

/// What WeChat answers where there is nothing: no room at all, or none on this page.
const EMPTY: [i64; 2] = [1, 9_410_000];

const VERDICTS: &[Verdict] = &[
    (200_002, Problem::InvalidInput, "WeChat does not accept one of the arguments."),
    (300_022, Problem::NotFound, "There is no such room."),
    (300_023, Problem::NotFound, "The room is in no state that has this."),
    (9_410_001, Problem::WechatBusy, "WeChat could not fetch the rooms; try again shortly."),
    (9_410_002, Problem::WechatBusy, "WeChat could not fetch the goods; try again shortly."),
    (9_410_003, Problem::WechatBusy, "WeChat could not fetch the replay; try again shortly."),
];

/// A page of a list, as WeChat wants it said.
#[derive(Serialize)]
struct Page {
    start: u64,
    limit: u64,
}

impl Page {
    /// Reads a page counted from 1.
    fn read(index: Option<u64>, size: Option<u64>) -> Result<Page> {
        let (index, size) = (index.unwrap_or(1), size.unwrap_or(100));
        if !(1..=LAST_PAGE).contains(&index) {
            return Err(Error::invalid("pageIndex", "Pages are counted from 1 to 100000."));
        }
        if !(1..=100).contains(&size) {
            return Err(Error::invalid("pageSize", "A page has 1 to 100 entries."));
        }
        Ok(Page { start: (index - 1) * size, limit: size })
    }
}

/// Asks WeChat, or remembers what it said a moment ago.
async fn ask(app: &App, caller: &Caller, request: &impl Serialize) -> Result<Answer> {
    let call = Call::post("/wxa/business/getliveinfo", request)?.verdicts(VERDICTS);
    let key = serde_json::to_string(&(caller.appid(), request)).map_err(Error::internal)?;
    let fetch = async {
        match app.call(caller.appid(), call).await {
            Ok(answer) => Ok(answer.body),
            Err(error) if error.wechat_errcode().is_some_and(|code| EMPTY.contains(&code)) => {
                Ok(b"{}"[..].into())
            }
            Err(error) => Err(error),
        }
    };
    let body = app.cache.get(key, CACHE_LIFE, fetch).await?;
    Ok(Answer { body, content_type: None, content_disposition: None })
}

/// A live room. Further fields of WeChat's are passed on as they are.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Room {
    /// Its id.
    roomid: u64,
    /// Its name.
    #[serde(default)]
    name: String,
    /// 101 live, 102 not started, 103 ended, 104 banned, 105 paused, 106 in error, 107 expired.
    #[serde(default)]
    live_status: u32,
    /// When it begins, seconds since 1970.
    #[serde(default)]
    start_time: u64,
    /// When it ends, seconds since 1970.
    #[serde(default)]
    end_time: u64,
    /// The anchor's nickname.
    #[serde(default)]
    anchor_name: String,
    /// The picture behind the room.
    #[serde(default)]
    cover_img: String,
    /// The picture on the card when it is shared.
    #[serde(default)]
    share_img: String,
    /// What is on sale; prices are in fen.
    #[serde(default)]
    goods: Vec<Map<String, Value>>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Room {
    /// Drops who the people behind the room are; that is nobody's business but the account's.
    fn without_people(mut self) -> Room {
        for name in ["creater_openid", "anchor_wechat"] {
            self.more.remove(name);
        }
        self
    }
}

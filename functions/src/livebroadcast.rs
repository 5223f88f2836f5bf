//! Live rooms of the mini program.
//!
//! 小程序的直播间。

mod cache;
mod get_live_info;
mod get_replay;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use shared::{
    App, Caller, Capability, Error, Problem, Refusal, Result,
    capability::{Facts, WechatCalls},
    spelling::{lenient, lenient_list, lenient_number},
    value::Int,
    wechat::Answer,
};

pub use get_live_info::GetLiveInfo;
pub use get_replay::GetReplay;

use self::cache::Cache;

/// WeChat's page of both lists.
const DOCS: &[&str] = &[
    "https://developers.weixin.qq.com/miniprogram/dev/server/API/livebroadcast/studio-management/api_getliveinfo.html",
];

/// The codes WeChat answers with where there is nothing: no room at all, or none on this page.
///
/// WeChat's page lists neither; both are answers of the real service.
const EMPTY: [i64; 2] = [1, 9_410_000];

#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::new(200_002, Problem::InvalidInput, ["WeChat does not accept one of the arguments.", "微信不接受其中一个参数。"]),
    Refusal::new(300_022, Problem::NotFound, ["The room does not exist.", "直播间不存在。"]).field("room_id"),
    Refusal::new(300_023, Problem::NotFound, ["The room's state does not have this.", "直播间的状态下没有此内容。"]).field("room_id"),
    Refusal::new(9_410_001, Problem::WechatBusy, ["WeChat could not fetch the rooms; try again shortly.", "微信未能获取直播间列表，请稍后重试。"]),
    Refusal::new(9_410_002, Problem::WechatBusy, ["WeChat could not fetch the goods; try again shortly.", "微信未能获取商品，请稍后重试。"]),
    Refusal::new(9_410_003, Problem::WechatBusy, ["WeChat could not fetch the replay; try again shortly.", "微信未能获取回放，请稍后重试。"]),
];

/// WeChat's recent answers, which this environment keeps for a few seconds.
pub struct Recent;

impl Capability for Recent {
    type Handle<'a> = Arc<Cache>;

    /// Memory needs no policy and has no failures.
    fn describe(_into: &mut Vec<Facts>) {}

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> Arc<Cache> {
        app.state()
    }
}

/// A page of a list, counted from 1; there are no rooms beyond the last.
type PageIndex = Int<1, 100_000>;

/// The entries on a page; WeChat's own limit.
type PageSize = Int<1, 100>;

/// A page of a list, in WeChat's terms.
#[derive(Serialize)]
struct Page {
    start: i64,
    limit: i64,
}

impl Page {
    /// The page with this index and size; by default the first 100 entries.
    fn new(index: Option<PageIndex>, size: Option<PageSize>) -> Page {
        let (index, limit) = (index.map_or(1, Int::get), size.map_or(100, Int::get));
        Page { start: (index - 1) * limit, limit }
    }
}

/// Asks WeChat, unless it answered the same a moment ago.
async fn ask(
    wechat: WechatCalls<'_>,
    recent: &Cache,
    caller: &Caller,
    request: &impl Serialize,
) -> Result<Answer> {
    let key = serde_json::to_string(&(caller.appid(), request)).map_err(Error::internal)?;
    let call = wechat.post("/wxa/business/getliveinfo", request).refusals(REFUSALS);
    let fetch = async {
        match call.send().await {
            Err(error) if error.wechat_errcode().is_some_and(|code| EMPTY.contains(&code)) => {
                Ok(Answer { body: b"{}"[..].into(), ..Answer::default() })
            }
            outcome => outcome,
        }
    };
    recent.get(key, || caller.now(), fetch).await
}

/// A live room. Further fields of WeChat's are passed on as they are.
///
/// 一个直播间。微信的其他字段原样返回。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Room {
    /// Its id.
    ///
    /// 直播间 id。
    roomid: u64,
    /// Its name.
    ///
    /// 名称。
    #[serde(default, deserialize_with = "lenient")]
    name: String,
    /// 101 live, 102 not started, 103 ended, 104 banned, 105 paused, 106 in error, 107 expired.
    ///
    /// 直播状态：101 直播中，102 未开始，103 已结束，104 禁播，105 暂停，106 异常，107 已过期。
    #[serde(default, deserialize_with = "whole")]
    live_status: u32,
    /// When it begins, in seconds since 1970.
    ///
    /// 开始时间，Unix 时间戳（秒）。
    #[serde(default, deserialize_with = "whole")]
    start_time: u64,
    /// When it ends, in seconds since 1970.
    ///
    /// 结束时间，Unix 时间戳（秒）。
    #[serde(default, deserialize_with = "whole")]
    end_time: u64,
    /// The anchor's nickname.
    ///
    /// 主播昵称。
    #[serde(default, deserialize_with = "lenient")]
    anchor_name: String,
    /// The picture behind the room.
    ///
    /// 直播间背景图。
    #[serde(default, deserialize_with = "lenient")]
    cover_img: String,
    /// The picture on the card when the room is shared.
    ///
    /// 直播间的分享卡片图。
    #[serde(default, deserialize_with = "lenient")]
    share_img: String,
    /// The goods on sale; prices are in fen.
    ///
    /// 在售商品；价格单位为分。
    #[serde(default, deserialize_with = "lenient_list")]
    goods: Vec<Map<String, Value>>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// A whole number, 0 for anything else.
fn whole<'de, D: Deserializer<'de>, T: TryFrom<i64> + Default>(from: D) -> Result<T, D::Error> {
    let number = lenient_number(from)?;
    Ok(number.and_then(|number| number.try_into().ok()).unwrap_or_default())
}

impl Room {
    /// Drops the ids of the people behind the room, which only the account itself may see.
    fn without_people(mut self) -> Room {
        for name in ["creater_openid", "anchor_wechat"] {
            self.more.remove(name);
        }
        self
    }
}

//! Live rooms and their recordings: `wxa/business/getliveinfo`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Reply, Route, refuse};
use super::{AccountKind, Simulator};

const HOUR_S: u64 = 3_600;

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    vec![Route::post("/wxa/business/getliveinfo", getliveinfo).only(MINI).daily(100_000)]
}

/// Rooms by appid, the first one opened first.
#[derive(Default, Serialize, Deserialize)]
struct Live(HashMap<String, Vec<Room>>);

#[derive(Clone, Serialize, Deserialize)]
struct Room {
    name: String,
    start_time: u64,
}

impl Simulator {
    /// Opens live rooms with these names, each later than the one before; returns the first id.
    pub fn open_rooms(&self, appid: &str, names: &[&str]) -> u64 {
        let now = self.clock().now();
        self.kept(|Live(live): &mut Live| {
            let rooms = live.entry(appid.to_owned()).or_default();
            let first = rooms.len() as u64 + 1;
            for name in names {
                let start_time = now + HOUR_S * rooms.len() as u64;
                rooms.push(Room { name: (*name).to_owned(), start_time });
            }
            first
        })
    }
}

/// The rooms of the demo: one that is live, one that is announced.
const DEMO: &[&str] = &["新品首发", "周末茶会"];

impl Simulator {
    /// Opens the live rooms of the demo at the first mini program.
    pub fn furnish(&self) {
        let accounts = self.accounts();
        let mini = accounts.iter().find(|account| account.kind == AccountKind::MiniProgram);
        if let Some(account) = mini {
            self.open_rooms(&account.appid, DEMO);
        }
    }
}

#[derive(Deserialize)]
struct Request {
    start: u64,
    limit: u64,
    action: Option<String>,
    room_id: Option<u64>,
}

/// `POST /wxa/business/getliveinfo`: rooms, or with an action the recordings of one.
fn getliveinfo(call: &Call) -> Answer {
    let account = call.account()?;
    let Request { start, limit, action, room_id } = call.json()?;
    if limit == 0 || limit > 100 {
        return Err(refuse(200_002, "invalid args"));
    }
    let rooms = call
        .simulator
        .kept(|Live(live): &mut Live| live.get(&account.appid).cloned().unwrap_or_default());
    match action.as_deref() {
        None => list(call, &rooms, start, limit),
        Some("get_replay") => {
            let room = room_id.and_then(|id| rooms.get(usize::try_from(id).ok()?.checked_sub(1)?));
            let room = room.ok_or(refuse(300_022, "room not exist"))?;
            replay(call, room, start)
        }
        Some(_) => Err(refuse(200_002, "invalid args")),
    }
}

fn list(call: &Call, rooms: &[Room], start: u64, limit: u64) -> Answer {
    let now = call.now_ms() / 1_000;
    let shown: Vec<Value> = rooms
        .iter()
        .enumerate()
        .rev()
        .skip(usize::try_from(start).unwrap_or(usize::MAX))
        .take(limit as usize)
        .map(|(index, room)| describe(index, room, now))
        .collect();
    if shown.is_empty() {
        return Ok(empty(call));
    }
    Ok(Reply::ok(json!({ "total": rooms.len(), "room_info": shown, "live_replay": [] })))
}

fn describe(index: usize, room: &Room, now: u64) -> Value {
    let live_status = match now {
        _ if now < room.start_time => 102,
        _ if now < room.start_time + HOUR_S => 101,
        _ => 103,
    };
    json!({
        "name": room.name, "roomid": index + 1, "live_status": live_status,
        "start_time": room.start_time, "end_time": room.start_time + HOUR_S,
        "cover_img": "http://mmbiz.qpic.cn/cover", "share_img": "http://mmbiz.qpic.cn/share",
        "anchor_name": "主播", "anchor_wechat": "anchor-wechat-id",
        "creater_openid": "o-creater", "live_type": 1, "close_like": 0, "close_goods": 0,
        "close_comment": 0, "close_kf": 1, "close_replay": 0, "is_feeds_public": 1,
        "goods": [{
            "goods_id": 9, "name": "茶杯", "cover_img": "http://mmbiz.qpic.cn/cup",
            "url": "pages/order/order?id=9", "price": 1_000, "price2": 2_000, "price_type": 2,
            "third_party_appid": "",
        }],
    })
}

/// The recording appears ten minutes after the end.
fn replay(call: &Call, room: &Room, start: u64) -> Answer {
    let made = room.start_time + HOUR_S + 600;
    if call.now_ms() / 1_000 < made || start > 0 {
        return Ok(empty(call));
    }
    let replay = json!({
        "media_url": "http://1.vod2.myqcloud.com/replay.m3u8",
        "create_time": "2022-12-30T02:51:32Z", "expire_time": "2032-12-30T02:51:32Z",
    });
    Ok(Reply::ok(json!({ "total": 1, "room_info": [], "live_replay": [replay] })))
}

/// WeChat calls an empty list an error, and sends it all the same.
fn empty(call: &Call) -> Reply {
    let errmsg = format!("empty room list rid: {}", call.simulator.rid());
    let body = json!({
        "errcode": 9_410_000, "errmsg": errmsg, "room_info": [], "live_replay": [],
    });
    Reply { errcode: Some(9_410_000), ..Reply::json(&body) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, errcode, simulator};

    impl Simulator {
        fn live(&self, body: &Value) -> Value {
            let uri = format!("/wxa/business/getliveinfo?access_token={}", self.token(MINI));
            self.post(&uri, &body.to_string())
        }
    }

    #[test]
    fn rooms_are_listed_the_latest_first() {
        let (clock, simulator) = simulator();
        let page = |start: u64| json!({ "start": start, "limit": 2 });

        assert_eq!(errcode(&simulator.live(&page(0))), 9_410_000);
        simulator.open_rooms(MINI, &["a", "b", "c"]);
        let first = simulator.live(&page(0));
        let names: Vec<_> =
            first["room_info"].as_array().unwrap().iter().map(|room| &room["name"]).collect();
        assert_eq!(first["total"], 3);
        assert_eq!(names, ["c", "b"]);
        assert_eq!(simulator.live(&page(2))["room_info"][0]["live_status"], 101);
        clock.advance_ms(3_600_000);
        assert_eq!(simulator.live(&page(2))["room_info"][0]["live_status"], 103);
        assert_eq!(errcode(&simulator.live(&page(3))), 9_410_000);
        assert_eq!(errcode(&simulator.live(&json!({ "start": "0", "limit": 2 }))), 47001);
        assert_eq!(errcode(&simulator.live(&json!({ "start": 0 }))), 47001);
        assert_eq!(errcode(&simulator.live(&json!({ "start": 0, "limit": 101 }))), 200_002);
    }

    #[test]
    fn a_recording_appears_after_the_end() {
        let (clock, simulator) = simulator();
        let room_id = simulator.open_rooms(MINI, &["a"]);
        let ask = |room_id: u64| {
            let action = "get_replay";
            let page = json!({ "start": 0, "limit": 1, "action": action, "room_id": room_id });
            simulator.live(&page)
        };

        assert_eq!(errcode(&ask(room_id)), 9_410_000);
        assert_eq!((errcode(&ask(0)), errcode(&ask(2))), (300_022, 300_022));
        clock.advance_ms(4_200_000);
        assert_eq!(ask(room_id)["live_replay"].as_array().unwrap().len(), 1);
    }
}

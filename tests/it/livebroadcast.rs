//! Live rooms and their recordings.

use serde_json::{Value, json};
use simulator::{Effect, Fault};

use crate::{Bundle, MINI, NOON};

const PATH: &str = "/livebroadcast/getLiveInfo";
const REPLAY: &str = "/livebroadcast/getReplay";
const UPSTREAM: &str = "/wxa/business/getliveinfo";

#[tokio::test]
async fn rooms_come_in_pages_from_one() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().open_rooms(MINI, &["新品首发 😀", "b", "c"]);
    bundle.wechat().clear_journal();

    let page = json!({ "pageIndex": 2, "pageSize": 2 });
    let answer = bundle.post_as(Some(&session), PATH, page).await;

    let rooms = answer.json();
    assert_eq!((answer.status, &rooms["total"]), (200, &json!(3)), "{rooms}");
    let room = &rooms["room_info"][0];
    assert_eq!((&room["name"], &room["live_status"]), (&json!("新品首发 😀"), &json!(101)));
    assert_eq!((&room["start_time"], &room["close_kf"]), (&json!(NOON), &json!(1)));
    assert_eq!(room["goods"][0]["price2"], 2_000);
    // Who is behind the room is not for users.
    assert_eq!((room.get("creater_openid"), room.get("anchor_wechat")), (None, None));
    bundle.only_call("POST", UPSTREAM, &json!({ "start": 2, "limit": 2 }));
    let all = bundle.invoke("livebroadcast-getliveinfo", json!({})).await.unwrap();
    assert_eq!(all["room_info"][0]["creater_openid"], "o-creater");
    let body: Value = serde_json::from_str(&bundle.wechat().journal()[1].body).unwrap();
    assert_eq!(body, json!({ "start": 0, "limit": 100 }));
}

#[tokio::test]
async fn nothing_is_an_empty_page() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let empty = json!({ "total": 0, "room_info": [] });
    let answer = bundle.post_as(Some(&session), PATH, json!({})).await;
    assert_eq!((answer.status, answer.json()), (200, empty.clone()));
    bundle.wechat().open_rooms(MINI, &["a"]);
    let answer = bundle.post_as(Some(&session), PATH, json!({ "pageIndex": 2 })).await;
    assert_eq!((answer.status, answer.json()), (200, empty.clone()));
    let none = Effect::Errcode { code: 1, errmsg: "no room".to_owned() };
    bundle.wechat().fault(Fault::on(UPSTREAM, none));
    let answer = bundle.post_as(Some(&session), PATH, json!({ "pageIndex": 3 })).await;
    assert_eq!((answer.status, answer.json()), (200, empty));
}

#[tokio::test]
async fn a_crowd_costs_one_call_in_ten_seconds() {
    let bundle = Bundle::start().await;
    let (alice, bob) = (bundle.session("alice").await, bundle.session("bob").await);
    bundle.wechat().open_rooms(MINI, &["a"]);
    bundle.wechat().fault(Fault::on(UPSTREAM, Effect::Delay { ms: 100 }));
    let ask = |session| bundle.post_as(Some(session), PATH, json!({}));

    let (a, b, c) = tokio::join!(ask(&alice), ask(&bob), ask(&alice));
    assert_eq!([a.status, b.status, c.status], [200; 3]);
    assert_eq!((a.json(), bundle.calls(UPSTREAM)), (b.json(), 1));
    bundle.wechat().open_rooms(MINI, &["b"]);
    bundle.advance(9);
    assert_eq!(ask(&alice).await.json()["total"], 1);
    bundle.advance(1);
    assert_eq!(ask(&alice).await.json()["total"], 2);
    assert_eq!(bundle.calls(UPSTREAM), 2);
}

#[tokio::test]
async fn recordings_of_a_room() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let room_id = bundle.wechat().open_rooms(MINI, &["a"]);
    bundle.wechat().clear_journal();
    let ask = |room_id: u64| bundle.post_as(Some(&session), REPLAY, json!({ "room_id": room_id }));

    let empty = json!({ "total": 0, "live_replay": [] });
    assert_eq!(ask(room_id).await.json(), empty);
    let sent = json!({ "action": "get_replay", "room_id": room_id, "start": 0, "limit": 100 });
    bundle.only_call("POST", UPSTREAM, &sent);
    bundle.advance(4_200);
    let replays = ask(room_id).await.json();
    assert_eq!(replays["live_replay"][0]["create_time"], "2022-12-30T02:51:32Z");
    let problem = ask(99).await.problem(404, "not-found");
    assert_eq!((&problem["errcode"], &problem["field"]), (&json!(300_022), &json!("room_id")));
}

#[tokio::test]
async fn bad_input_reaches_nobody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (path, input, field) in [
        (PATH, json!({ "pageIndex": 0 }), "pageIndex"),
        (PATH, json!({ "pageIndex": 100_001 }), "pageIndex"),
        (PATH, json!({ "pageIndex": "1" }), "pageIndex"),
        (PATH, json!({ "pageSize": 0 }), "pageSize"),
        (PATH, json!({ "pageSize": 101 }), "pageSize"),
        (PATH, json!({ "start": 0 }), "start"),
        (REPLAY, json!({}), "room_id"),
        (REPLAY, json!({ "room_id": 0 }), "room_id"),
        (REPLAY, json!({ "room_id": 1, "pageSize": 101 }), "pageSize"),
    ] {
        let answer = bundle.post_as(Some(&session), path, input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field);
    }
    bundle.post(PATH, json!({})).await.problem(401, "unauthenticated");
    assert_eq!(bundle.calls(UPSTREAM), 0);
    let edge = json!({ "pageIndex": 100_000, "pageSize": 100 });
    assert_eq!(bundle.post_as(Some(&session), PATH, edge).await.status, 200);
}

#[tokio::test]
async fn refusals_are_documented_problems() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let common = [
        (-1, 503, "wechat-busy", None),
        (41001, 500, "internal", None),
        (47001, 500, "internal", None),
        (48001, 403, "account-not-permitted", None),
        (200_002, 400, "invalid-input", None),
        (9_410_001, 503, "wechat-busy", None),
        (9_410_002, 503, "wechat-busy", None),
        (9_410_003, 503, "wechat-busy", None),
        (45009, 429, "quota-exceeded", None),
    ];
    let rooms = async || bundle.post_as(Some(&session), PATH, json!({})).await;
    bundle.refusals(UPSTREAM, rooms, &common).await;
    let replay = async || bundle.post_as(Some(&session), REPLAY, json!({ "room_id": 1 })).await;
    let unknown = [
        (300_022, 404, "not-found", Some("room_id")),
        (300_023, 404, "not-found", Some("room_id")),
    ];
    bundle.refusals(UPSTREAM, replay, &unknown).await;
    bundle.refusals(UPSTREAM, replay, &common).await;
}

//! Those who follow an official account, and the codes that bring them: `user/info`,
//! `qrcode/create`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::is_openid_of;
use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{AccountKind, User, base64url};

/// Permanent codes that an account may have.
const PERMANENT: u32 = 100_000;

/// The longest life of a code that ends.
const LONGEST_S: u64 = 2_592_000;

pub(super) fn routes() -> Vec<Route> {
    const OFFICIAL: &[AccountKind] = &[AccountKind::OfficialAccount];
    vec![
        Route::post("/cgi-bin/qrcode/create", qrcode_create).only(OFFICIAL).daily(100_000),
        Route::get("/cgi-bin/user/info", user_info).only(OFFICIAL).daily(500_000),
    ]
}

/// `GET /cgi-bin/user/info`
fn user_info(call: &Call) -> Answer {
    let account = call.account()?;
    let openid = call.query("openid").unwrap_or_default();
    if !is_openid_of(&account.appid, openid) {
        return Err(refuse(40003, "invalid openid"));
    }
    let lang = call.query("lang").unwrap_or("zh_CN");
    if !["zh_CN", "zh_TW", "en"].contains(&lang) {
        return Err(refuse(40035, "invalid lang"));
    }
    let user = ["alice", "bob", "carol"].map(User::new);
    let user = user.into_iter().find(|user| user.openid(&account.appid) == openid);
    let unionid = user.filter(|_| account.open_platform).map(|user| user.unionid());
    let mut info = json!({ "subscribe": 0, "openid": openid });
    if let Some(unionid) = unionid {
        info["unionid"] = unionid.into();
    }
    if !account.followers.contains(openid) {
        return Ok(Reply::json(&info));
    }
    let followed = json!({
        "subscribe": 1, "language": lang, "nickname": "", "sex": 0, "city": "", "province": "",
        "country": "", "headimgurl": "", "subscribe_time": 1_434_093_047, "remark": "",
        "groupid": 0, "tagid_list": [], "subscribe_scene": "ADD_SCENE_QR_CODE",
        "qr_scene": 0, "qr_scene_str": "",
    });
    if let (Value::Object(info), Value::Object(followed)) = (&mut info, followed) {
        info.extend(followed);
    }
    Ok(Reply::json(&info))
}

/// Permanent codes, by appid.
#[derive(Default, Serialize, Deserialize)]
struct Made(BTreeMap<String, u32>);

#[derive(Deserialize)]
struct Create {
    expire_seconds: Option<u64>,
    action_name: String,
    action_info: Info,
}

#[derive(Deserialize)]
struct Info {
    scene: Scene,
}

#[derive(Deserialize)]
struct Scene {
    scene_id: Option<u64>,
    scene_str: Option<String>,
}

/// `POST /cgi-bin/qrcode/create`
fn qrcode_create(call: &Call) -> Answer {
    let account = call.account()?;
    let Create { expire_seconds, action_name, action_info: Info { scene } } = call.json()?;
    let permanent = action_name.starts_with("QR_LIMIT_");
    let largest = if permanent { 100_000 } else { u64::from(u32::MAX) };
    let good = match action_name.as_str() {
        "QR_SCENE" | "QR_LIMIT_SCENE" => {
            scene.scene_id.is_some_and(|id| (1..=largest).contains(&id))
        }
        "QR_STR_SCENE" | "QR_LIMIT_STR_SCENE" => {
            scene.scene_str.as_ref().is_some_and(|text| (1..=64).contains(&text.chars().count()))
        }
        _ => false,
    };
    if !good {
        return Err(refuse(40053, "invalid action info"));
    }
    let drawn = call.simulator.random::<36>();
    let ticket = format!("gQ{}==", base64url(drawn));
    let mut answer = json!({
        "ticket": ticket,
        "url": format!("http://weixin.qq.com/q/{}", base64url(call.simulator.random::<15>())),
    });
    if permanent {
        count(call, &account.appid)?;
    } else {
        answer["expire_seconds"] = expire_seconds.unwrap_or(60).min(LONGEST_S).into();
    }
    Ok(Reply::json(&answer))
}

fn count(call: &Call, appid: &str) -> Result<(), Refusal> {
    call.simulator.kept(|Made(made): &mut Made| {
        let made = made.entry(appid.to_owned()).or_default();
        if *made >= PERMANENT {
            return Err(refuse(45029, "qrcode count out of limit"));
        }
        *made += 1;
        Ok(())
    })
}

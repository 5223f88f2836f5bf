//! One-time subscription: the page a user confirms on, and the one message that may follow.

use std::collections::{HashMap, hash_map::Entry};

use model::crypto::sha256;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{AccountKind, Simulator, User, base64url, kept};

/// The scene alice has confirmed at every app before anything happens, for a first try.
const CONFIRMED_SCENE: &str = "1000";

pub(super) fn routes() -> Vec<Route> {
    const KINDS: &[AccountKind] = &[AccountKind::OfficialAccount, AccountKind::MobileApp];
    vec![
        // On another host at WeChat, for the user's browser.
        Route::get("/mp/subscribemsg", confirm),
        Route::post("/cgi-bin/message/template/subscribe", subscribe).daily(100_000).only(KINDS),
    ]
}

impl Simulator {
    /// The template an app has for one-time subscriptions.
    pub fn one_time_template(&self, appid: &str) -> String {
        template(appid)
    }

    /// Confirms one message of a scene for a user, on the page or in the app. Alice has confirmed
    /// scene 1000 from the start.
    pub fn confirm_once(&self, appid: &str, user: &User, scene: u16) {
        self.grant(appid, &user.openid(appid), &scene.to_string());
    }

    fn grant(&self, appid: &str, openid: &str, scene: &str) {
        let key = [appid, openid, scene].map(str::to_owned);
        self.kept(|grants: &mut Grants| grants.0.insert(key, true));
    }
}

fn template(appid: &str) -> String {
    base64url(sha256(format!("one-time template of {appid}")))
}

/// By appid, openid and scene, whether a message is still due. Confirming twice gives one.
#[derive(Default, Serialize, Deserialize)]
struct Grants(#[serde(with = "kept::pairs")] HashMap<[String; 3], bool>);

impl Grants {
    fn spend(&mut self, appid: &str, openid: &str, scene: &str) -> Result<(), Refusal> {
        let due = match self.0.entry([appid, openid, scene].map(str::to_owned)) {
            Entry::Occupied(grant) => grant.into_mut(),
            Entry::Vacant(none) => {
                let alice = User::new("alice").openid(appid);
                none.insert(scene == CONFIRMED_SCENE && openid == alice)
            }
        };
        if std::mem::take(due) {
            Ok(())
        } else {
            Err(refuse(43101, "user refuse to accept the msg"))
        }
    }
}

#[derive(Deserialize)]
struct Message {
    touser: Option<String>,
    template_id: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    miniprogram: Option<MiniProgram>,
    scene: String,
    title: String,
    data: Value,
}

#[derive(Deserialize)]
struct MiniProgram {
    appid: String,
    pagepath: String,
}

/// `POST /cgi-bin/message/template/subscribe`
fn subscribe(call: &Call) -> Answer {
    let account = call.account()?;
    let message: Message = call.json()?;
    let openid = message.touser.unwrap_or_default();
    let ours = &User::new("anybody").openid(&account.appid)[..6];
    if openid.len() != 28 || !openid.starts_with(ours) {
        return Err(refuse(40003, "invalid openid"));
    }
    if message.template_id.as_deref() != Some(&template(&account.appid)) {
        return Err(refuse(40037, "invalid template_id"));
    }
    if message.title.chars().count() > 15 {
        return Err(refuse(45003, "title size out of limit"));
    }
    let Some(content) = message.data["content"]["value"].as_str() else {
        return Err(refuse(47001, "data format error"));
    };
    if content.chars().count() > 200 {
        return Err(refuse(45002, "content size out of limit"));
    }
    if message.url.is_some_and(|url| !url.starts_with("http")) {
        return Err(refuse(45051, "illegal link"));
    }
    if let Some(MiniProgram { appid, pagepath }) = &message.miniprogram {
        let app = call.simulator.account(appid);
        if app.is_none_or(|app| app.kind != AccountKind::MiniProgram) {
            return Err(refuse(40166, "invalid weapp appid"));
        }
        if pagepath.is_empty() {
            return Err(refuse(40165, "invalid weapp pagepath"));
        }
    }
    call.simulator.kept(|grants: &mut Grants| {
        grants.spend(&account.appid, &openid, &message.scene)?;
        Ok(Reply::ok(json!({})))
    })
}

/// `GET /mp/subscribemsg`: alice confirms at once.
fn confirm(call: &Call) -> Answer {
    let text = |name: &str| call.query(name).unwrap_or_default();
    let (appid, template_id, back) = (text("appid"), text("template_id"), text("redirect_url"));
    let (scene, reserved) = (text("scene"), text("reserved"));
    let known = call.simulator.account(appid);
    let plain = reserved.len() <= 128 && reserved.bytes().all(|b| b.is_ascii_alphanumeric());
    let right = text("action") == "get_confirm"
        && known.is_some_and(|account| account.kind == AccountKind::OfficialAccount)
        && template_id == template(appid)
        && scene.parse::<u32>().is_ok_and(|scene| scene <= 10_000)
        && back.starts_with("http")
        && plain;
    if !right {
        return Ok(Reply::raw(200, "text/html; charset=utf-8", "<html>参数错误</html>"));
    }
    let openid = User::new("alice").openid(appid);
    call.simulator.grant(appid, &openid, scene);
    let joint = if back.contains('?') { '&' } else { '?' };
    let location = format!(
        "{back}{joint}openid={openid}&template_id={template_id}&action=confirm&scene={scene}\
         &reserved={reserved}"
    );
    Ok(Reply::raw(302, "text/html", "").with_header("location", location))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, errcode, simulator};

    impl Simulator {
        fn send_once(&self, appid: &str, change: impl FnOnce(&mut Value)) -> i64 {
            let mut message = json!({
                "touser": User::new("bob").openid(appid), "template_id": template(appid),
                "scene": "7", "title": "标题", "data": { "content": { "value": "🌸" } },
            });
            change(&mut message);
            let uri =
                format!("/cgi-bin/message/template/subscribe?access_token={}", self.token(appid));
            errcode(&self.post(&uri, &message.to_string()))
        }
    }

    #[test]
    fn one_confirmation_is_one_message() {
        let (_, simulator) = simulator();
        let bob = User::new("bob").openid(OFFICIAL);

        assert_eq!(simulator.send_once(OFFICIAL, |_| {}), 43101);
        simulator.grant(OFFICIAL, &bob, "7");
        simulator.grant(OFFICIAL, &bob, "7");
        assert_eq!(simulator.send_once(OFFICIAL, |message| message["scene"] = "8".into()), 43101);
        assert_eq!([(); 2].map(|()| simulator.send_once(OFFICIAL, |_| {})), [0, 43101]);
        let alice = |message: &mut Value| {
            message["touser"] = User::new("alice").openid(OFFICIAL).into();
            message["scene"] = CONFIRMED_SCENE.into();
        };
        assert_eq!([(); 2].map(|()| simulator.send_once(OFFICIAL, alice)), [0, 43101]);
    }

    #[test]
    fn what_is_wrong_is_named_before_anything_is_spent() {
        let (_, simulator) = simulator();
        simulator.grant(OFFICIAL, &User::new("bob").openid(OFFICIAL), "7");
        let code = |name: &str, value: Value| {
            simulator.send_once(OFFICIAL, |message| message[name] = value)
        };

        assert_eq!(code("touser", "o".into()), 40003);
        assert_eq!(code("touser", User::new("bob").openid(MINI).into()), 40003);
        assert_eq!(code("template_id", "x".into()), 40037);
        assert_eq!(code("scene", 7.into()), 47001);
        assert_eq!(code("title", "字".repeat(16).into()), 45003);
        assert_eq!(code("data", json!({ "content": "text" })), 47001);
        assert_eq!(code("data", json!({ "content": { "value": "字".repeat(201) } })), 45002);
        assert_eq!(code("url", "weixin://".into()), 45051);
        assert_eq!(code("miniprogram", json!({ "appid": OFFICIAL, "pagepath": "a" })), 40166);
        assert_eq!(code("miniprogram", json!({ "appid": MINI, "pagepath": "" })), 40165);
        assert_eq!(simulator.send_once(MINI, |_| {}), 48001);
        assert_eq!(simulator.send_once(OFFICIAL, |_| {}), 0);
    }

    #[tokio::test]
    async fn the_page_sends_alice_back_with_her_confirmation() {
        let (_, simulator) = simulator();
        let template = template(OFFICIAL);
        let uri = format!(
            "/mp/subscribemsg?action=get_confirm&appid={OFFICIAL}&scene=3&template_id={template}\
             &redirect_url=https%3A%2F%2Fh5.example.com%2F&reserved=abc"
        );

        let reply = simulator.send("GET", &uri, "").await.unwrap();

        let alice = User::new("alice").openid(OFFICIAL);
        assert_eq!(
            reply.headers[0].1,
            format!(
                "https://h5.example.com/?openid={alice}&template_id={template}&action=confirm\
                 &scene=3&reserved=abc"
            )
        );
        let code = simulator.send_once(OFFICIAL, |message| {
            message["touser"] = alice.into();
            message["scene"] = "3".into();
        });
        assert_eq!(code, 0);
        let odd = simulator.send("GET", &uri.replace("reserved=abc", "reserved=a-c"), "").await;
        assert_eq!(odd.unwrap().status, 200);
    }
}

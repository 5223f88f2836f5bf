//! Content checks: `wxa/msg_sec_check`, both versions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::account::is_openid_of;
use super::call::{Answer, Call, Reply, Route, refuse};
use super::{Account, AccountKind, login};

const VISIT_MS: u64 = 2 * 3_600_000;

/// WeChat's own texts to test the checks with.
const RISKY: &str = "特3456书yuuo莞6543李zxcz蒜7782法fgnv级";
const DOUBTFUL: &str = "完2347全dfji试3726测asad感3847知qwez到";

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    let check = Route::post("/wxa/msg_sec_check", msg_sec_check);
    vec![check.only(MINI).daily(2_000_000).per_minute(4_000)]
}

#[derive(Deserialize)]
struct Text {
    content: Option<String>,
    version: Option<u8>,
    scene: Option<i64>,
    openid: Option<String>,
    title: Option<String>,
    nickname: Option<String>,
    signature: Option<String>,
}

/// `POST /wxa/msg_sec_check`: risk is a verdict in version 2, and was an error in version 1.
fn msg_sec_check(call: &Call) -> Answer {
    let account = call.account()?;
    let text: Text = call.json()?;
    let content = text.content.clone().unwrap_or_default();
    if content.is_empty() {
        return Err(refuse(44002, "empty content"));
    }
    match text.version {
        None | Some(1) if content.len() > 500 * 1024 => {
            Err(refuse(45002, "content size out of limit"))
        }
        None | Some(1) if content.contains(RISKY) => Err(refuse(87014, "risky content")),
        None | Some(1) => Ok(Reply::ok(json!({}))),
        Some(2) => second_version(call, &account, &text, &content),
        Some(_) => Err(refuse(40097, "invalid args")),
    }
}

fn second_version(call: &Call, account: &Account, text: &Text, content: &str) -> Answer {
    if !matches!(text.scene, Some(1..=4)) {
        return Err(refuse(40129, "invalid scene"));
    }
    let openid = text.openid.as_deref().unwrap_or_default();
    if openid.is_empty() {
        return Err(refuse(40003, "invalid openid"));
    }
    if !is_openid_of(&account.appid, openid) {
        return Err(refuse(43104, "The openid does not match the appid"));
    }
    let visited_at = login::visited_at(call.simulator, &account.appid, openid);
    if visited_at.is_none_or(|at| at + VISIT_MS < call.now_ms()) {
        return Err(refuse(61010, "code is expired"));
    }
    if content.chars().count() > 2_500 {
        return Err(refuse(45002, "content size out of limit"));
    }
    let all =
        [Some(content), text.title.as_deref(), text.nickname.as_deref(), text.signature.as_deref()];
    let has = |sample: &str| all.iter().flatten().any(|part| part.contains(sample));
    let (suggest, label) = match () {
        () if has(RISKY) => ("risky", 20_001),
        () if has(DOUBTFUL) => ("review", 21_000),
        () => ("pass", 100),
    };
    let model = json!({
        "strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90,
    });
    let keyword: Value = json!({ "strategy": "keyword", "errcode": 0 });
    Ok(Reply::ok(json!({
        "result": { "suggest": suggest, "label": label }, "detail": [model, keyword],
        "trace_id": call.simulator.rid(),
    })))
}

#[cfg(test)]
mod tests {
    use super::super::bench::{MINI, OFFICIAL, SECRET, errcode, simulator};
    use super::super::{Simulator, User};
    use super::*;

    impl Simulator {
        fn check_text(&self, body: &Value) -> Value {
            let uri = format!("/wxa/msg_sec_check?access_token={}", self.token(MINI));
            self.post(&uri, &body.to_string())
        }

        fn visit(&self, user: &User) {
            let grant = "grant_type=authorization_code";
            let code = self.mint_code(MINI, user);
            let query = format!("{grant}&appid={MINI}&secret={SECRET}&js_code={code}");
            self.get(&format!("/sns/jscode2session?{query}"));
        }
    }

    #[test]
    fn the_second_version_judges_visitors() {
        let (clock, simulator) = simulator();
        let (alice, bob) = (User::new("alice"), User::new("bob"));
        simulator.visit(&alice);
        let body = |name: &str, value: Value| {
            let mut body = json!({
                "content": "hello", "version": 2, "scene": 2, "openid": alice.openid(MINI),
            });
            body[name] = value;
            simulator.check_text(&body)
        };

        assert_eq!(body("title", json!("x"))["result"], json!({ "suggest": "pass", "label": 100 }));
        assert_eq!(body("content", json!(RISKY))["result"]["suggest"], "risky");
        assert_eq!(body("nickname", json!(DOUBTFUL))["result"]["suggest"], "review");
        assert_eq!(errcode(&body("scene", json!(5))), 40129);
        assert_eq!(errcode(&body("scene", json!("2"))), 47001);
        assert_eq!(errcode(&body("openid", json!(""))), 40003);
        assert_eq!(errcode(&body("openid", json!(alice.openid(OFFICIAL)))), 43104);
        assert_eq!(errcode(&body("openid", json!(bob.openid(MINI)))), 61010);
        assert_eq!(errcode(&body("content", json!("中".repeat(2_500)))), 0);
        assert_eq!(errcode(&body("content", json!("中".repeat(2_501)))), 45002);
        assert_eq!(errcode(&body("content", json!(""))), 44002);
        clock.advance_ms(7_200_001);
        assert_eq!(errcode(&body("title", json!("x"))), 61010);
    }

    #[test]
    fn the_first_version_still_answers() {
        let (_, simulator) = simulator();

        assert_eq!(errcode(&simulator.check_text(&json!({ "content": "hello" }))), 0);
        assert_eq!(errcode(&simulator.check_text(&json!({ "content": RISKY }))), 87014);
    }
}

//! Phone numbers for the codes of buttons: `wxa/business/getuserphonenumber`.

use std::collections::HashMap;

use model::crypto::hex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Answer, Call, Reply, Route, refuse};
use super::{AccountKind, Simulator, User};

const CODE_LIFE_MS: u64 = 300_000;

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    vec![Route::post("/wxa/business/getuserphonenumber", getuserphonenumber).only(MINI)]
}

impl Simulator {
    /// The code of a `getPhoneNumber` button that a user tapped: good for five minutes, once, and
    /// for this app.
    pub fn mint_phone_code(&self, appid: &str, user: &User) -> String {
        let value = hex(&self.random::<32>());
        let expires_at = self.clock().now_ms() + CODE_LIFE_MS;
        let code = Code { appid: appid.to_owned(), user: user.clone(), expires_at };
        self.kept(|codes: &mut Codes| codes.0.insert(value.clone(), code));
        value
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Codes(HashMap<String, Code>);

#[derive(Serialize, Deserialize)]
struct Code {
    appid: String,
    user: User,
    expires_at: u64,
}

#[derive(Deserialize)]
struct Request {
    code: Option<String>,
    openid: Option<String>,
}

/// `POST /wxa/business/getuserphonenumber`: a code is gone once it gave the number.
fn getuserphonenumber(call: &Call) -> Answer {
    let account = call.account()?;
    let Request { code, openid } = call.json()?;
    let now = call.now_ms();
    let invalid = || refuse(40029, "invalid code");
    let user = call.simulator.kept(|codes: &mut Codes| {
        let value = code.as_deref().unwrap_or_default();
        let code = codes.0.get(value).filter(|code| now < code.expires_at).ok_or_else(invalid)?;
        if code.appid != account.appid {
            return Err(refuse(40013, "invalid appid"));
        }
        if openid.is_some_and(|openid| openid != code.user.openid(&account.appid)) {
            return Err(refuse(40003, "invalid openid"));
        }
        codes.0.remove(value).map(|code| code.user).ok_or_else(invalid)
    })?;
    let number = user.phone_number();
    // The documents show a number for the country code; what WeChat sends is a text.
    let watermark = json!({ "timestamp": call.now_ms() / 1_000, "appid": account.appid });
    Ok(Reply::ok(json!({ "phone_info": {
        "phoneNumber": number, "purePhoneNumber": number, "countryCode": "86",
        "watermark": watermark,
    } })))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::fixture::{MINI, OFFICIAL, SECOND_MINI, errcode, simulator};

    impl Simulator {
        fn phone(&self, appid: &str, body: &Value) -> Value {
            let token = self.token(appid);
            let uri = format!("/wxa/business/getuserphonenumber?access_token={token}");
            self.post(&uri, &body.to_string())
        }
    }

    #[test]
    fn a_code_gives_the_number_once() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice");
        let code = simulator.mint_phone_code(MINI, &alice);

        let answer = simulator.phone(MINI, &json!({ "code": code }));

        let info = &answer["phone_info"];
        assert_eq!(info["phoneNumber"], alice.phone_number());
        assert_eq!(info["countryCode"], "86");
        assert_eq!(info["watermark"], json!({ "appid": MINI, "timestamp": clock.now() }));
        assert_eq!(errcode(&simulator.phone(MINI, &json!({ "code": code }))), 40029);
    }

    #[test]
    fn a_code_is_bound_to_app_person_and_time() {
        let (clock, simulator) = simulator();
        let (alice, bob) = (User::new("alice"), User::new("bob").openid(MINI));
        let code = simulator.mint_phone_code(MINI, &alice);
        let ask = |appid, body: Value| errcode(&simulator.phone(appid, &body));

        assert_eq!(ask(SECOND_MINI, json!({ "code": code })), 40013);
        assert_eq!(ask(MINI, json!({ "code": code, "openid": bob })), 40003);
        assert_eq!(ask(MINI, json!({})), 40029);
        assert_eq!(ask(MINI, json!({ "code": 1 })), 47001);
        assert_eq!(ask(OFFICIAL, json!({ "code": code })), 48001);
        clock.advance_ms(299_999);
        assert_eq!(ask(MINI, json!({ "code": code, "openid": alice.openid(MINI) })), 0);
        let late = simulator.mint_phone_code(MINI, &alice);
        clock.advance_ms(300_000);
        assert_eq!(ask(MINI, json!({ "code": late })), 40029);
    }
}

//! Data that the client got encrypted.

use serde_json::{Value, json};
use simulator::{Sealed, User};

use crate::{Bundle, MINI, NOON, OFFICIAL, agreement};

const PHONE: &str = "/decrypt/getPhoneNumber";
const DATA: &str = "/decrypt/getUserData";

impl Bundle {
    /// What Alice's client gets encrypted.
    fn sealed(&self, data: &Value) -> Value {
        input(&self.wechat().seal(MINI, &User::new("alice"), data).unwrap())
    }

    /// Alice logs in elsewhere too: another session key.
    async fn new_session_key(&self) {
        self.log_in("alice").await;
    }
}

fn input(sealed: &Sealed) -> Value {
    json!({ "encryptedData": sealed.encrypted_data, "iv": sealed.iv })
}

fn phone() -> Value {
    json!({ "phoneNumber": "+85291234567", "purePhoneNumber": "91234567", "countryCode": "852" })
}

#[tokio::test]
async fn a_phone_number_is_decrypted_with_the_session_key_on_the_server() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();

    let answer = bundle.post_as(Some(&session), PHONE, bundle.sealed(&phone())).await;

    let mut expected = phone();
    expected["watermark"] = json!({ "appid": MINI, "timestamp": NOON });
    assert_eq!((answer.status, answer.json()), (200, expected));
    assert_eq!(bundle.wechat().journal().len(), 0, "WeChat need not be asked");
    assert!(!bundle.log().contains("91234567"));
}

#[tokio::test]
async fn user_data_keeps_its_unicode_and_its_signature_is_checked() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let raw = r#"{"nickName":"𠮷野家 👩‍👧 O'Brien","gender":0}"#;
    let data: Value = serde_json::from_str(raw).unwrap();
    let key = bundle.wechat().session_key(MINI, &User::new("alice")).unwrap();
    let mut input = bundle.sealed(&data);
    input["rawData"] = raw.into();
    input["signature"] = shared::crypto::sha1_hex(format!("{raw}{key}")).into();

    let answer = bundle.post_as(Some(&session), DATA, input.clone()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["data"]["nickName"], data["nickName"]);
    input["rawData"] = raw.replace("Brien", "Brian").into();
    bundle.post_as(Some(&session), DATA, input.clone()).await.problem(422, "undecryptable");
    input.as_object_mut().unwrap().remove("rawData");
    let problem = bundle.post_as(Some(&session), DATA, input).await.problem(400, "invalid-input");
    assert_eq!(problem["field"], "rawData");
}

#[tokio::test]
async fn the_key_of_the_login_before_works_for_five_minutes() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let input = bundle.sealed(&phone());
    bundle.new_session_key().await;
    let ask = || bundle.post_as(Some(&session), PHONE, input.clone());

    bundle.advance(299);
    assert_eq!(ask().await.status, 200);
    bundle.advance(1);
    let problem = ask().await.problem(409, "stale-session-key");
    assert!(problem["detail"].as_str().unwrap().contains("wx.login"), "{problem}");
}

#[tokio::test]
async fn old_data_is_refused_where_the_caller_asks_for_it() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let mut input = bundle.sealed(&phone());
    let ask = |input: &Value| bundle.post_as(Some(&session), PHONE, input.clone());
    bundle.advance(60);

    assert_eq!(ask(&input).await.status, 200);
    input["max_age_s"] = 60.into();
    assert_eq!(ask(&input).await.status, 200);
    bundle.advance(1);
    ask(&input).await.problem(422, "undecryptable");
}

#[tokio::test]
async fn data_of_another_app_or_kind_is_refused_with_one_message() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let key = bundle.wechat().session_key(MINI, &User::new("alice")).unwrap();
    let other_kind = bundle.sealed(&json!({ "openGId": "tGDGS46zr9vvPvDqGkYNxPPC2aZg0" }));
    let ask = |input: Value| bundle.post_as(Some(&session), PHONE, input);

    let kind = ask(other_kind).await.problem(422, "undecryptable");
    let foreign = ask(input(&bundle.wechat().seal_with(&key, OFFICIAL, &phone()))).await;
    let foreign = foreign.problem(422, "undecryptable");

    assert_eq!(kind["detail"], foreign["detail"]);
}

#[tokio::test]
async fn malformed_and_forbidden_input_is_named() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let good = bundle.sealed(&phone());
    let with = |name: &str, value: Value| {
        let mut input = good.clone();
        input[name] = value;
        input
    };
    for path in [PHONE, DATA] {
        for (input, status, slug, field) in [
            (json!({}), 400, "invalid-input", "encryptedData"),
            (with("encryptedData", json!("AAAA")), 400, "invalid-input", "encryptedData"),
            (with("iv", json!("AAAA")), 400, "invalid-input", "iv"),
            (with("iv", json!(1)), 400, "invalid-input", "iv"),
            (with("session_key", json!("x")), 400, "invalid-input", "session_key"),
            (with("sessionKey", json!("x")), 403, "forbidden", "sessionKey"),
            (with("openid", json!("o-bob")), 403, "forbidden", "openid"),
        ] {
            let answer = bundle.post_as(Some(&session), path, input).await;
            assert_eq!(answer.problem(status, slug)["field"], field, "{path}");
        }
        bundle.post(path, good.clone()).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_service_brings_the_key_or_names_the_user() {
    let bundle = Bundle::start().await;
    bundle.session("alice").await;
    let mut input = bundle.sealed(&phone());
    let key = bundle.wechat().session_key(MINI, &User::new("alice")).unwrap();

    input["sessionKey"] = key.into();
    let answer = bundle.invoke("decrypt-getphonenumber", input.clone()).await.unwrap();
    assert_eq!(answer["purePhoneNumber"], "91234567");
    input["sessionKey"] = "tiihtNczf5v6AKRyjwEUhQ==".into();
    let problem = bundle.invoke("decrypt-getuserdata", input.clone()).await.unwrap_err();
    assert_eq!(problem["type"], "stale-session-key");
    input["sessionKey"] = "short".into();
    let problem = bundle.invoke("decrypt-getuserdata", input.clone()).await.unwrap_err();
    assert_eq!(problem["field"], "sessionKey");

    input.as_object_mut().unwrap().remove("sessionKey");
    let problem = bundle.invoke("decrypt-getphonenumber", input.clone()).await.unwrap_err();
    assert_eq!(problem["field"], "openid");
    input["openid"] = User::new("alice").openid(MINI).into();
    let answer = bundle.invoke("decrypt-getphonenumber", input.clone()).await.unwrap();
    assert_eq!(answer["purePhoneNumber"], "91234567");
    input["openid"] = User::new("nobody").openid(MINI).into();
    let problem = bundle.invoke("decrypt-getphonenumber", input).await.unwrap_err();
    assert_eq!(problem["type"], "stale-session-key");
}

#[tokio::test]
async fn the_sample_events_decrypt() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for name in ["decrypt-getphonenumber", "decrypt-getuserdata"] {
        let event = agreement::fill_in(&bundle, name, &session);
        let answer = bundle.invoke(name, event).await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
    }
}

//! Keys that a mini program and its server share, and what is encrypted with them.

use serde_json::json;
use shared::crypto::hmac_sha256_hex;
use simulator::User;

use crate::{Bundle, MINI};

#[tokio::test]
async fn a_service_gets_the_keys_of_a_user_who_has_logged_in() {
    let bundle = Bundle::start().await;
    let (alice, bob) = (User::new("alice"), User::new("bob"));
    bundle.session("alice").await;
    let ask = |user: &User| {
        bundle.invoke("internet-getuserencryptkey", json!({ "openid": user.openid(MINI) }))
    };

    let keys = ask(&alice).await.unwrap();

    let latest = bundle.wechat().user_key(MINI, &alice);
    assert_eq!(keys["key_info_list"][0]["encrypt_key"], latest.encrypt_key);
    assert_eq!(keys["key_info_list"][0]["version"], latest.version);
    assert_eq!(ask(&bob).await.unwrap_err()["type"], "stale-session-key");
    let session = bundle.session("alice").await;
    let as_user = json!({ "openid": alice.openid(MINI) });
    let answer = bundle.post_as(Some(&session), "/internet/getUserEncryptKey", as_user).await;
    answer.problem(403, "forbidden");
}

#[tokio::test]
async fn a_payload_is_decrypted_and_its_key_is_asked_for_once() {
    let bundle = Bundle::start().await;
    let (session, alice) = (bundle.session("alice").await, User::new("alice"));
    let key = bundle.wechat().user_key(MINI, &alice);
    let data = key.seal(r#"{"a":"中"}"#);
    let open = async |input| bundle.post_as(Some(&session), "/decrypt/getPayload", input).await;
    let input = json!({ "version": key.version, "iv": key.iv, "data": data });

    for _ in 0..2 {
        let answer = open(input.clone()).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "data": r#"{"a":"中"}"# })));
    }
    assert_eq!(bundle.calls("/wxa/business/getuserencryptkey"), 1);

    let text = format!("{}&{}&{data}&1795147200", key.version, key.iv);
    let mut signed = input.clone();
    signed["timestamp"] = "1795147200".into();
    signed["hmac"] = hmac_sha256_hex(key.encrypt_key.as_bytes(), text.as_bytes()).into();
    assert_eq!(open(signed.clone()).await.status, 200);
    signed["timestamp"] = "1795147201".into();
    open(signed).await.problem(422, "undecryptable");

    let mut altered = input.clone();
    altered["data"] = bundle.wechat().user_key(MINI, &User::new("bob")).seal("x").into();
    open(altered).await.problem(422, "undecryptable");
    let mut unknown = input.clone();
    unknown["version"] = 99.into();
    open(unknown).await.problem(422, "undecryptable");
    let mut odd = input;
    odd["iv"] = "x".into();
    assert_eq!(open(odd).await.problem(400, "invalid-input")["field"], "iv");
}

//! Cards of the user's wallet.

use serde_json::json;
use simulator::{CardState, Effect, Fault};

use crate::{Bundle, MINI, OFFICIAL};

const PATH: &str = "/card/code/decrypt";

#[tokio::test]
async fn a_code_is_decrypted_however_it_came() {
    let bundle = Bundle::start().await;
    let encrypt_code = bundle.wechat().issue_card(OFFICIAL, "751234212312");

    for sent in [
        encrypt_code.clone(),
        encrypt_code.replace('+', " "),
        encrypt_code.replace('+', "%2B").replace('/', "%2F"),
    ] {
        bundle.wechat().clear_journal();
        let answer = bundle.invoke("card-decryptcode", json!({ "encrypt_code": sent })).await;
        assert_eq!(answer.unwrap(), json!({ "code": "751234212312" }));
        let call = &bundle.wechat().journal()[0];
        let token = bundle.wechat().access_token(OFFICIAL).unwrap();
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", PATH));
        assert_eq!(call.query, format!("access_token={token}"));
        let body = serde_json::to_string(&json!({ "encrypt_code": encrypt_code })).unwrap();
        assert_eq!(call.body, body);
    }
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let bundle = Bundle::start().await;
    let gone = bundle.wechat().issue_card(OFFICIAL, "1");
    bundle.wechat().change_card(&gone, CardState::Gone);
    let foreign = bundle.wechat().issue_card(MINI, "2");
    for (encrypt_code, slug, errcode, field) in [
        ("!", "invalid-input", None, json!("encrypt_code")),
        ("", "invalid-input", None, json!("encrypt_code")),
        ("AA-A", "invalid-input", Some(40075), json!("encrypt_code")),
        ("AAAA", "invalid-input", Some(40133), json!("encrypt_code")),
        (&"AAAA".repeat(16), "invalid-input", Some(40056), json!("encrypt_code")),
        (&foreign, "invalid-input", Some(40116), json!("encrypt_code")),
        (&gone, "wrong-state", Some(40127), json!(null)),
    ] {
        bundle.wechat().clear_journal();
        let input = json!({ "encrypt_code": encrypt_code });
        let problem = bundle.invoke("card-decryptcode", input).await.unwrap_err();
        assert_eq!((&problem["type"], &problem["field"]), (&json!(slug), &field), "{encrypt_code}");
        assert_eq!(problem.get("errcode"), errcode.map(|code| json!(code)).as_ref());
        assert_eq!(bundle.calls(PATH), usize::from(errcode.is_some()));
    }
    let long = json!({ "encrypt_code": "A".repeat(1025) });
    assert_eq!(bundle.invoke("card-decryptcode", long).await.unwrap_err()["field"], "encrypt_code");
}

#[tokio::test]
async fn trouble_is_a_clean_problem() {
    let bundle = Bundle::start().await;
    let errcode = |code| Effect::Errcode { code, errmsg: "trouble".to_owned() };
    let status = |body: &str| Effect::Status { status: 200, body: body.to_owned() };
    for (effect, slug) in [
        (errcode(48001), "account-not-permitted"),
        (errcode(-1), "wechat-busy"),
        (Effect::DropAfter, "wechat-unreachable"),
        (Effect::Garbage, "wechat-unreachable"),
        // WeChat is known to return codes nobody can read.
        (status("{\"errcode\":0,\"code\":\"\u{fffd}\u{1}7\"}"), "wechat-unreachable"),
        (status("{\"errcode\":0,\"code\":\"\"}"), "wechat-unreachable"),
        (errcode(45009), "quota-exceeded"),
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().fault(Fault::on(PATH, effect));
        let input = json!({ "encrypt_code": "AAAA" });
        assert_eq!(bundle.invoke("card-decryptcode", input).await.unwrap_err()["type"], slug);
    }
}

#[tokio::test]
async fn only_services_decrypt() {
    let bundle = Bundle::start().await;
    let input = json!({ "encrypt_code": "AAAA" });
    bundle.post("/card/decryptCode", input.clone()).await.problem(401, "unauthenticated");
    let session = bundle.session("alice").await;
    bundle.post_as(Some(&session), "/card/decryptCode", input).await.problem(403, "forbidden");
    assert_eq!(bundle.calls(PATH), 0);
}

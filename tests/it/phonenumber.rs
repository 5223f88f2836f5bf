//! Phone numbers for the codes of buttons.

use serde_json::json;
use simulator::{Effect, Fault, User};

use crate::{Bundle, MINI, MOBILE, NOON};

const PATH: &str = "/phonenumber/getPhoneNumber";
const UPSTREAM: &str = "/wxa/business/getuserphonenumber";

#[tokio::test]
async fn a_code_gives_the_phone_number() {
    let bundle = Bundle::start().await;
    let (session, alice) = (bundle.session("alice").await, User::new("alice"));
    let code = bundle.wechat().mint_phone_code(MINI, &alice);
    bundle.wechat().clear_journal();

    let answer = bundle.post_as(Some(&session), PATH, json!({ "code": code })).await;

    let number = alice.phone_number();
    let expected = json!({
        "phoneNumber": number, "purePhoneNumber": number, "countryCode": "86",
        "watermark": { "appid": MINI, "timestamp": NOON },
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
    bundle.only_call("POST", UPSTREAM, &json!({ "code": code, "openid": alice.openid(MINI) }));
    assert!(!bundle.log().contains(&number));
}

#[tokio::test]
async fn a_service_need_not_name_the_user() {
    let bundle = Bundle::start().await;
    let code = bundle.wechat().mint_phone_code(MINI, &User::new("alice"));
    bundle.wechat().clear_journal();

    let answer = bundle.invoke("phonenumber-getphonenumber", json!({ "code": code })).await;

    assert_eq!(answer.unwrap()["countryCode"], "86");
    bundle.only_call("POST", UPSTREAM, &json!({ "code": code }));
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_user() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let ask = |code: &str| bundle.post_as(Some(&session), PATH, json!({ "code": code }));
    let code = bundle.wechat().mint_phone_code(MINI, &User::new("alice"));
    let bobs = bundle.wechat().mint_phone_code(MINI, &User::new("bob"));

    assert_eq!(ask(&code).await.status, 200);
    assert_eq!(ask(&code).await.problem(400, "invalid-code")["errcode"], 40029);
    assert_eq!(ask(&bobs).await.problem(400, "invalid-input")["errcode"], 40003);
}

#[tokio::test]
async fn refusals_are_documented_problems_and_nothing_is_sent_twice() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle
        .refusals(
            UPSTREAM,
            async || bundle.post_as(Some(&session), PATH, json!({ "code": "c" })).await,
            &[
                (-1, 503, "wechat-busy", None),
                (40013, 400, "invalid-code", None),
                (40029, 400, "invalid-code", None),
                (45011, 429, "quota-exceeded", None),
                (48001, 403, "account-not-permitted", None),
            ],
        )
        .await;
    let busy = Effect::Errcode { code: -1, errmsg: "system error".to_owned() };
    for (effect, status, slug) in
        [(Effect::DropAfter, 502, "wechat-unreachable"), (busy, 503, "wechat-busy")]
    {
        bundle.wechat().clear_faults();
        bundle.wechat().clear_journal();
        bundle.wechat().fault(Fault::on(UPSTREAM, effect));
        let answer = bundle.post_as(Some(&session), PATH, json!({ "code": "c" })).await;
        answer.problem(status, slug);
        assert_eq!(bundle.calls(UPSTREAM), 1);
    }
}

#[tokio::test]
async fn bad_input_reaches_nobody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (input, field) in [
        (json!({}), "code"),
        (json!({ "code": "" }), "code"),
        (json!({ "code": "a b" }), "code"),
        (json!({ "code": "x".repeat(257) }), "code"),
        (json!({ "code": "x", "iv": "y" }), "iv"),
    ] {
        let answer = bundle.post_as(Some(&session), PATH, input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field);
    }
    bundle.post(PATH, json!({ "code": "x" })).await.problem(401, "unauthenticated");
    let other = json!({ "code": "x", "appid": MOBILE });
    let problem = bundle.invoke("phonenumber-getphonenumber", other).await.unwrap_err();
    assert_eq!(problem["type"], "unknown-app");
    assert_eq!(bundle.calls(UPSTREAM), 0);
}

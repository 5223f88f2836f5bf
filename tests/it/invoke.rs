//! The Lambda Invoke API and the HTTP adapter, as any client sees them.

use http::Request;
use serde_json::json;

use crate::{Bundle, MINI};

#[tokio::test]
async fn the_invoke_api_answers_as_lambda_does() {
    let bundle = Bundle::start().await;
    let at = |name: &str| format!("{}/2015-03-31/functions/{name}/invocations", bundle.stack.url);
    let post = |name: &str| Request::post(at(name));

    let answer = bundle.send(post("auth-getaccesstoken").body("{}".into()).unwrap()).await;
    assert_eq!((answer.status, answer.header("x-amz-executed-version")), (200, "$LATEST"));
    assert_eq!(answer.header("x-amz-function-error"), "");

    let qualified = "arn:aws:lambda:local:000000000000:function:auth-getaccesstoken:$LATEST";
    let answer = bundle.send(post(qualified).body("null".into()).unwrap()).await;
    assert!(answer.json()["access_token"].is_string());

    let dry = post("auth-getaccesstoken").header("x-amz-invocation-type", "DryRun");
    assert_eq!(bundle.send(dry.body("{}".into()).unwrap()).await.status, 204);
    let event = post("refresh-credentials").header("x-amz-invocation-type", "Event");
    assert_eq!(bundle.send(event.body("{}".into()).unwrap()).await.status, 202);

    let unknown = bundle.send(post("auth-nothing").body("{}".into()).unwrap()).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.header("x-amzn-errortype"), "ResourceNotFoundException");
    let broken = bundle.send(post("auth-getaccesstoken").body("{".into()).unwrap()).await;
    assert_eq!(broken.status, 400);

    let failed = bundle.invoke("auth-getaccesstoken", json!({ "appid": "wx9" })).await.unwrap_err();
    assert_eq!((&failed["type"], &failed["field"]), (&json!("unknown-app"), &json!("appid")));
    let failed = bundle.invoke("auth-getaccesstoken", json!([1])).await.unwrap_err();
    assert_eq!(failed["type"], "malformed-body");
}

#[tokio::test]
async fn a_direct_invocation_is_a_service_and_an_http_event_is_not() {
    let bundle = Bundle::start().await;
    let event = |authorizer| {
        json!({
            "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {},
            "requestContext": {
                "domainName": "abc.lambda-url.ap-east-1.on.aws",
                "http": { "method": "POST" }, "authorizer": authorizer,
            },
            "body": json!({ "requestContext": { "authorizer": { "iam": {} } } }).to_string(),
            "isBase64Encoded": false,
        })
    };
    // What an HTTP caller writes into the body does not make it a service.
    let answer = bundle.invoke("auth-getaccesstoken", event(json!(null))).await.unwrap();
    assert_eq!(answer["statusCode"], 401);
    // A request that AWS has authenticated is one.
    let mut signed =
        event(json!({ "iam": { "userArn": "arn:aws:iam::000000000000:role/back-end" } }));
    signed["body"] = json!({ "appid": MINI }).to_string().into();
    let answer = bundle.invoke("auth-getaccesstoken", signed).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

#[tokio::test]
async fn http_that_cannot_be_served_is_explained() {
    let bundle = Bundle::start().await;
    let url = |path: &str| format!("{}{path}", bundle.stack.url);

    let answer = bundle.get("/auth/code2Session").await;
    answer.problem(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), "POST");
    let answer = bundle.post("/jssdk/config", json!({})).await;
    answer.problem(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), "GET");

    let send = async |content_type: &str, body: &str| {
        let request = Request::post(url("/auth/code2Session")).header("content-type", content_type);
        bundle.send(request.body(body.to_owned()).unwrap()).await
    };
    send("application/x-www-form-urlencoded", "js_code=a")
        .await
        .problem(415, "unsupported-media-type");
    send("application/json", "js_code=a").await.problem(400, "malformed-body");
    send("application/json", "[]").await.problem(400, "malformed-body");
    let missing = send("application/json", "").await.problem(400, "invalid-input");
    assert_eq!(missing["field"], "js_code");
    let large = format!("{{\"js_code\":\"{}\"}}", "x".repeat(70_000));
    send("application/json", &large).await.problem(413, "body-too-large");

    assert_eq!(bundle.get("/nothing").await.status, 404);
    assert_eq!(bundle.calls("/sns/jscode2session"), 0);
}

#[tokio::test]
async fn a_callers_own_request_id_is_logged_if_it_is_harmless() {
    let bundle = Bundle::start().await;
    for id in ["order-17.a_b", "bad id\"}"] {
        let request = Request::get(format!("{}/jssdk/config", bundle.stack.url));
        bundle.send(request.header("x-request-id", id).body(String::new()).unwrap()).await;
    }
    assert!(bundle.log().contains("\"correlation_id\":\"order-17.a_b\""));
    assert!(!bundle.log().contains("bad id"));
}

#[tokio::test]
async fn pages_may_call_from_anywhere_on_one_machine() {
    let bundle = Bundle::start().await;
    let preflight = Request::options(format!("{}/auth/code2Session", bundle.stack.url))
        .header("origin", "http://localhost:5173");
    let answer = bundle.send(preflight.body(String::new()).unwrap()).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
}

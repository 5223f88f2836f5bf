//! The files that tie a domain to an app.

use http::Request;
use serde_json::{Value, json};

use crate::Bundle;

#[tokio::test]
async fn the_files_are_at_their_places_and_at_the_operations() {
    let bundle = Bundle::start().await;
    for (paths, content_type, part) in [
        (
            &[
                "/site/wellKnown?file=apple-app-site-association",
                "/.well-known/apple-app-site-association",
                "/apple-app-site-association",
                "/.well-known/apple-app-site-association?file=assetlinks.json",
            ][..],
            "application/json",
            r#""appIDs":["ABCDE12345.com.example.app"]"#,
        ),
        (
            &["/site/wellKnown?file=assetlinks.json", "/.well-known/assetlinks.json"],
            "application/json",
            r#""namespace":"android_app""#,
        ),
        (
            &[
                "/site/wellKnown?file=MP_verify_AbCdEfGh12345678.txt",
                "/MP_verify_AbCdEfGh12345678.txt",
            ],
            "text/plain; charset=utf-8",
            "AbCdEfGh12345678",
        ),
    ] {
        for path in paths {
            let answer = bundle.get(path).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, content_type),
                "{path}"
            );
            assert_eq!(answer.header("location"), "");
            let text = String::from_utf8(answer.bytes).unwrap();
            assert!(text.contains(part), "{path}: {text}");
        }
    }
    let proof = bundle.get("/MP_verify_AbCdEfGh12345678.txt").await;
    assert_eq!(proof.bytes, b"AbCdEfGh12345678");
    let association = bundle.get("/.well-known/apple-app-site-association").await.json();
    let detail = &association["applinks"]["details"][0];
    assert_eq!(detail["appID"], "ABCDE12345.com.example.app");
    assert_eq!(
        (&detail["paths"], &detail["components"]),
        (&json!(["/app/*"]), &json!([{ "/": "/app/*" }]))
    );
    assert_eq!(
        bundle
            .wechat()
            .journal()
            .iter()
            .filter(|call| !call.path.contains("token") && !call.path.contains("ticket"))
            .count(),
        0
    );
}

#[tokio::test]
async fn what_is_not_configured_is_not_there() {
    let bundle = Bundle::with(|options| options.site_files = "{}".to_owned()).await;
    for path in [
        "/.well-known/apple-app-site-association",
        "/.well-known/assetlinks.json",
        "/MP_verify_AbCdEfGh12345678.txt",
        "/site/wellKnown?file=..%2F..%2Fetc%2Fpasswd",
    ] {
        bundle.get(path).await.problem(404, "not-found");
    }
    let answer = bundle.get("/site/wellKnown").await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "file");
    assert_eq!(bundle.get("/.well-known/other").await.status, 404);
    let post = Request::post(format!("{}/robots.txt", bundle.stack.url)).body(String::new());
    let answer = bundle.send(post.unwrap()).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET"));
}

#[tokio::test]
async fn a_function_url_answers_any_path() {
    let bundle = Bundle::start().await;
    let event = json!({
        "version": "2.0", "rawPath": "/.well-known/assetlinks.json", "rawQueryString": "",
        "headers": {}, "requestContext": { "domainName": "x.lambda-url.ap-east-1.on.aws",
            "http": { "method": "GET", "path": "/.well-known/assetlinks.json" } },
        "isBase64Encoded": false,
    });
    let answer = bundle.invoke("site-wellknown", event).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&json!(200), &json!(true)));
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert_ne!(answer["body"], Value::Null);
}

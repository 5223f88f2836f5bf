//! The account's quotas, and what became of a call.

use serde_json::json;

use crate::{Bundle, MINI};

#[tokio::test]
async fn a_quota_is_shown_and_cleared_ten_times_a_month() {
    let bundle = Bundle::start().await;
    let path = json!({ "cgi_path": "/cgi-bin/stable_token" });

    let quota = bundle.invoke("openapi-getapiquota", path).await.unwrap();
    assert_eq!(quota["quota"]["used"], 1);
    let lines = bundle.log();
    let line = lines.lines().find(|line| line.contains("QuotaLeft")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["QuotaLeft"], quota["quota"]["remain"]);
    assert_eq!(line["path"], "/cgi-bin/stable_token");
    let dimensions = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(*dimensions, json!([["service", "path"]]));
    let unknown = json!({ "cgi_path": "/cgi-bin/nothing" });
    let unknown = bundle.invoke("openapi-getapiquota", unknown).await.unwrap_err();
    assert_eq!((&unknown["field"], &unknown["errcode"]), (&json!("cgi_path"), &json!(76_021)));
    let odd = json!({ "cgi_path": "https://api.weixin.qq.com/x" });
    assert_eq!(bundle.invoke("openapi-getapiquota", odd).await.unwrap_err()["field"], "cgi_path");

    for _ in 0..10 {
        assert_eq!(bundle.invoke("openapi-clearquota", json!({})).await.unwrap(), json!({}));
    }
    let refused = bundle.invoke("openapi-clearquota", json!({ "appid": MINI })).await.unwrap_err();
    assert_eq!((&refused["type"], &refused["errcode"]), (&json!("quota-exceeded"), &json!(48_006)));
}

#[tokio::test]
async fn a_request_is_shown_by_its_rid_without_its_secrets() {
    let bundle = Bundle::start().await;
    let unknown = json!({ "cgi_path": "/cgi-bin/nothing" });
    let refused = bundle.invoke("openapi-getapiquota", unknown).await.unwrap_err();
    let rid = refused["rid"].as_str().unwrap();

    let info = bundle.invoke("openapi-getridinfo", json!({ "rid": rid })).await.unwrap();

    let token = bundle.wechat().access_token(MINI).unwrap();
    assert!(!info.to_string().contains(&token), "{info}");
    assert_eq!(info["request"]["request_url"], "access_token=…");
    assert_eq!(info["request"]["request_body"], r#"{"cgi_path":"/cgi-bin/nothing"}"#);
    let gone = json!({ "rid": "61725984-6126f6f9-040f19c4" });
    assert_eq!(bundle.invoke("openapi-getridinfo", gone).await.unwrap_err()["type"], "not-found");
    let odd = bundle.invoke("openapi-getridinfo", json!({ "rid": "x" })).await.unwrap_err();
    assert_eq!(odd["field"], "rid");
}

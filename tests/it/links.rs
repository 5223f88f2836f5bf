//! Links from outside into the mini program: `urlscheme`, `urllink`, `shortlink`.

use serde_json::{Value, json};

use crate::{Bundle, MINI, NOON};

const SCHEME: (&str, &str) = ("/urlscheme/generate", "/wxa/generatescheme");
const LINK: (&str, &str) = ("/urllink/generate", "/wxa/generate_urllink");
const SHORT: (&str, &str) = ("/shortlink/generate", "/wxa/genwxashortlink");
const LONGEST: u64 = 30 * 86_400;

#[tokio::test]
async fn a_scheme_as_the_seed_asks_for_it() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();
    let page = json!({ "path": "pages/index/index", "query": "name=%E4%B8%AD&id=1" });
    let input = json!({ "jump_wxa": page, "is_expire": true, "expire_time": 3600 * 24 * 30 });

    let answer = bundle.post_as(Some(&session), SCHEME.0, input).await;

    let ends_at = NOON + LONGEST - 5;
    let link = answer.json();
    assert_eq!((answer.status, &link["expire_time"]), (200, &json!(ends_at)), "{link}");
    assert!(link["openlink"].as_str().unwrap().starts_with("weixin://dl/business/?t="));
    assert_eq!(link.as_object().unwrap().len(), 2);
    let sent = json!({ "jump_wxa": page, "expire_type": 0, "expire_time": ends_at });
    bundle.only_call("POST", SCHEME.1, &sent);
}

#[tokio::test]
async fn links_for_ever_last_thirty_days_today() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (path, upstream) in [SCHEME, LINK] {
        for input in [json!({}), json!({ "is_expire": false })] {
            bundle.wechat().clear_journal();
            let answer = bundle.post_as(Some(&session), path, input).await;
            assert_eq!(answer.json()["expire_time"], NOON + LONGEST, "{answer:?}");
            bundle.only_call("POST", upstream, &json!({ "expire_type": 1, "expire_interval": 30 }));
        }
    }
}

#[tokio::test]
async fn a_url_link_takes_the_page_either_way() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let page = json!({ "path": "/pages/order/order", "query": "a=1", "env_version": "trial" });
    let mut flat = page.clone();
    flat["expire_interval"] = 1.into();
    let mut sent = flat.clone();
    sent["expire_type"] = 1.into();
    for input in [flat.clone(), json!({ "jump_wxa": page, "expire_interval": 1 })] {
        bundle.wechat().clear_journal();
        let answer = bundle.post_as(Some(&session), LINK.0, input).await;
        let link = answer.json();
        assert_eq!((answer.status, &link["expire_time"]), (200, &json!(NOON + 86_400)), "{link}");
        assert!(link["url_link"].as_str().unwrap().starts_with("https://wxaurl.cn/"));
        bundle.only_call("POST", LINK.1, &sent);
    }
    flat["jump_wxa"] = page;
    let answer = bundle.post_as(Some(&session), LINK.0, flat).await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "jump_wxa");
}

#[tokio::test]
async fn a_short_link_ends_or_does_not() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let page = "pages/index/index?名=😀";
    for (input, sent, ends) in [
        (
            json!({ "page_url": page, "page_title": "今日特价 😀" }),
            json!({ "page_url": page, "page_title": "今日特价 😀", "is_permanent": false }),
            json!(NOON + LONGEST),
        ),
        (
            json!({ "page_url": page, "is_permanent": true }),
            json!({ "page_url": page, "is_permanent": true }),
            Value::Null,
        ),
        (
            json!({ "jump_wxa": { "path": "pages/index/index", "query": "a=1" }, "is_expire": false }),
            json!({ "page_url": "pages/index/index?a=1", "is_permanent": true }),
            Value::Null,
        ),
    ] {
        bundle.wechat().clear_journal();
        let answer = bundle.post_as(Some(&session), SHORT.0, input).await;
        let link = answer.json();
        assert_eq!((answer.status, &link["expire_time"]), (200, &ends), "{link}");
        assert!(link["link"].as_str().unwrap().starts_with("#小程序://"));
        bundle.only_call("POST", SHORT.1, &sent);
    }
}

#[tokio::test]
async fn bad_input_reaches_nobody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();
    let ask = async |path: &str, input: Value, field: &str| {
        let answer = bundle.post_as(Some(&session), path, input.clone()).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field, "{path} {input}");
    };
    for (path, _) in [SCHEME, LINK] {
        for (input, field) in [
            (json!({ "jump_wxa": { "path": "a?b=1" } }), "jump_wxa.path"),
            (json!({ "jump_wxa": { "path": "p".repeat(1025) } }), "jump_wxa.path"),
            (json!({ "jump_wxa": { "query": "a=中" } }), "jump_wxa.query"),
            (json!({ "jump_wxa": { "query": "q".repeat(1025) } }), "jump_wxa.query"),
            (json!({ "jump_wxa": { "env_version": "beta" } }), "jump_wxa.env_version"),
            (json!({ "jump_wxa": { "page": "a" } }), "jump_wxa.page"),
            (json!({ "is_expire": true }), "expire_time"),
            (json!({ "is_expire": "true" }), "is_expire"),
            (json!({ "expire_time": 59 }), "expire_time"),
            (json!({ "expire_time": LONGEST + 1 }), "expire_time"),
            (json!({ "expire_time": NOON + 59 }), "expire_time"),
            (json!({ "expire_time": NOON + LONGEST + 1 }), "expire_time"),
            (json!({ "expire_time": -1 }), "expire_time"),
            (json!({ "expire_interval": 0 }), "expire_interval"),
            (json!({ "expire_interval": 31 }), "expire_interval"),
            (json!({ "expire_type": 2 }), "expire_type"),
        ] {
            ask(path, input, field).await;
        }
    }
    for (input, field) in [
        (json!({}), "page_url"),
        (json!({ "page_url": "" }), "page_url"),
        (json!({ "page_url": "p".repeat(1025) }), "page_url"),
        (json!({ "page_url": "a", "jump_wxa": {} }), "page_url"),
        (json!({ "page_url": "a", "page_title": "中".repeat(129) }), "page_title"),
        (json!({ "page_url": "a", "is_permanent": true, "is_expire": true }), "is_expire"),
        (json!({ "jump_wxa": {} }), "jump_wxa.path"),
        (json!({ "jump_wxa": { "path": "a", "env_version": "trial" } }), "jump_wxa.env_version"),
    ] {
        ask(SHORT.0, input, field).await;
    }
    assert_eq!(bundle.wechat().journal().len(), 0);
}

#[tokio::test]
async fn the_edges_are_accepted() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (path, _) in [SCHEME, LINK] {
        for input in [
            json!({ "jump_wxa": { "query": "%".repeat(1024) } }),
            json!({ "expire_time": 60 }),
            json!({ "expire_time": NOON + 60 }),
            json!({ "expire_time": NOON + LONGEST }),
            json!({ "expire_interval": 1 }),
            json!({ "expire_interval": 30 }),
        ] {
            let answer = bundle.post_as(Some(&session), path, input).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn refusals_are_documented_problems() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (path, upstream) in [SCHEME, LINK] {
        let ask = async || bundle.post_as(Some(&session), path, json!({ "jump_wxa": {} })).await;
        bundle
            .refusals(
                upstream,
                ask,
                &[
                    (-1, 503, "wechat-busy", None),
                    (40002, 403, "account-not-permitted", None),
                    (40013, 403, "account-not-permitted", None),
                    (40165, 400, "invalid-input", Some("jump_wxa.path")),
                    (40212, 400, "invalid-input", Some("jump_wxa.query")),
                    (44990, 429, "quota-exceeded", None),
                    (44993, 429, "quota-exceeded", None),
                    (85079, 403, "account-not-permitted", None),
                    (85088, 403, "account-not-permitted", None),
                    (85401, 400, "invalid-input", Some("expire_time")),
                    (85402, 400, "invalid-input", Some("jump_wxa.env_version")),
                    (85406, 429, "quota-exceeded", None),
                    (85407, 403, "account-not-permitted", None),
                    (85408, 403, "account-not-permitted", None),
                ],
            )
            .await;
    }
    let ask = async || bundle.post_as(Some(&session), SHORT.0, json!({ "page_url": "a" })).await;
    bundle
        .refusals(
            SHORT.1,
            ask,
            &[
                (40066, 400, "invalid-input", Some("page_url")),
                (40225, 400, "invalid-input", Some("page_title")),
                (43104, 403, "account-not-permitted", None),
                (85400, 403, "account-not-permitted", Some("is_permanent")),
                (45009, 429, "quota-exceeded", None),
            ],
        )
        .await;
    bundle.wechat().change_account(MINI, |account| account.released = false);
    let answer = bundle.post_as(Some(&session), SCHEME.0, json!({})).await;
    assert_eq!(answer.problem(403, "account-not-permitted")["errcode"], 85079);
}

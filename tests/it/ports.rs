//! One machine's ports and files: whom they answer, and what they take from the environment.

use std::collections::HashMap;

use http::Request;
use local::{Options, Stack, Variables};
use serde_json::{Value, json};
use shared::Clock;

use crate::{Answer, Bundle, MINI, NOON};

impl Bundle {
    async fn from(&self, url: &str, headers: &[(&str, &str)]) -> Answer {
        let (method, url) = url.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body("{}".to_owned()).unwrap()).await
    }
}

#[tokio::test]
async fn no_port_answers_a_page_from_elsewhere() {
    let bundle = Bundle::start().await;
    let Stack { url, wechat_url, dynamodb_url, .. } = &bundle.stack;
    let signed = (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=person/20261120/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    );
    let foreign = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("host", "evil.example:9000"),
        ("host", "127.0.0.1.nip.io"),
    ];
    for request in [
        format!("POST {url}/auth/code2Session"),
        format!("OPTIONS {url}/auth/code2Session"),
        format!("GET {url}/jssdk/config?url=https%3A%2F%2Fexample.com%2F"),
        format!("GET {url}/openapi.json"),
        format!("GET {url}/demo/session"),
        format!("POST {url}/2015-03-31/functions/auth-getaccesstoken/invocations"),
        format!("GET {url}/2015-03-31/functions"),
        format!(
            "POST {url}/2021-11-15/functions/auth-getaccesstoken/response-streaming-invocations"
        ),
        format!("GET {url}/console/credentials"),
        format!("POST {url}/console/clock"),
        format!("GET {wechat_url}/_simulator/journal"),
        format!("POST {wechat_url}/_simulator/clock"),
        format!("GET {wechat_url}/cgi-bin/token"),
        format!("POST {dynamodb_url}/"),
        format!("OPTIONS {dynamodb_url}/"),
        format!("GET {dynamodb_url}/"),
    ] {
        for header in foreign {
            let answer = bundle.from(&request, &[header, signed]).await;
            assert_eq!(answer.status, 403, "{request} {header:?}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{request} {header:?}");
            assert!(answer.json().is_object(), "{request} {header:?}");
        }
    }
    assert_eq!(bundle.wechat().clock().now(), NOON);
    bundle
        .from(&format!("POST {url}/auth/code2Session"), &[("origin", "https://evil.example")])
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn the_table_opens_itself_to_no_page_at_all() {
    let bundle = Bundle::start().await;
    let own = bundle.stack.dynamodb_url.clone();
    let answer = bundle.from(&format!("GET {own}/"), &[("origin", &own)]).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
    // Behind the policies, no page knows where the engine is.
    if cfg!(target_os = "linux") {
        assert!(!bundle.stack.engine_url.contains("//127.0.0.1:"), "{}", bundle.stack.engine_url);
    }
}

#[tokio::test]
async fn the_teams_own_pages_call_operations_and_nothing_else() {
    let bundle = Bundle::start().await;
    let url = bundle.stack.url.clone();
    // Of JSSDK_ALLOWED_HOSTS.
    for headers in [
        &[("origin", "https://h5.example.com")][..],
        &[("host", "h5.example.com"), ("origin", "http://h5.example.com")],
        &[("origin", "http://localhost:5173")],
    ] {
        let answer = bundle.from(&format!("OPTIONS {url}/auth/code2Session"), headers).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
        let invoke = format!("POST {url}/2015-03-31/functions/auth-getaccesstoken/invocations");
        assert_eq!(bundle.from(&invoke, headers).await.status, 403, "{headers:?}");
        let clock = format!("POST {url}/console/clock");
        assert_eq!(bundle.from(&clock, headers).await.status, 403, "{headers:?}");
    }
}

async fn start(change: impl FnOnce(&mut Options)) -> Result<Stack, String> {
    let mut options = Options {
        clock: Clock::frozen(NOON),
        log: shared::Log::to(|_| {}),
        schedule: false,
        ..Options::default()
    };
    change(&mut options);
    Stack::start(options).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn other_machines_reach_it_only_if_that_was_asked_for() {
    let anywhere = "0.0.0.0:0".parse().unwrap();
    let line = start(|options| options.listen = anywhere).await.err().unwrap();
    assert!(line.contains("--expose") && !line.contains('\n'), "{line}");
    let stack = start(|options| (options.listen, options.expose) = (anywhere, true)).await.unwrap();
    assert!(stack.exposed && stack.dynamodb_url.starts_with("http://127.0.0.1:"));
}

fn variables(pairs: &[(&str, &str)]) -> Variables {
    let pairs: HashMap<&str, &str> = pairs.iter().copied().collect();
    Variables::from_lookup(|name| pairs.get(name).map(|value| (*value).to_owned()))
}

#[tokio::test]
async fn settings_of_the_environment_are_honored() {
    let given = variables(&[
        ("JSSDK_ALLOWED_HOSTS", "team.example"),
        ("EXPOSE_SNS_TOKENS", "true"),
        ("SITE_FILES", r#"{"texts":{"hello.txt":"hello"}}"#),
        ("TOKEN_MODE", "legacy"),
        ("TABLE_NAME", "another"),
        ("SESSION_SIGNING_KEY_SSM", "/another/session-key"),
        ("SESSION_PUBLIC_KEYS", "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("AWS_REGION", "ap-east-1"),
        // Known to the shell of many, and of no use to the embedded table.
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("HOME", "/home/someone"),
    ]);
    let bundle = Bundle::with(|options| options.variables = given).await;

    let signed = bundle.get("/jssdk/config?url=https%3A%2F%2Fteam.example%2F").await;
    assert_eq!(signed.status, 200, "{}", signed.json());
    let refused = bundle.get("/jssdk/config?url=https%3A%2F%2Fexample.com%2F").await;
    assert_eq!(refused.status, 403);
    assert_eq!(bundle.get("/hello.txt").await.bytes, b"hello");
    assert_eq!((bundle.calls("/cgi-bin/token"), bundle.calls("/cgi-bin/stable_token")), (3, 0));
    assert_eq!(bundle.stack.table.name(), "another");
    bundle.log_in("alice").await;
    let environment: HashMap<_, _> = bundle.stack.environment().iter().cloned().collect();
    assert_eq!(environment["EXPOSE_SNS_TOKENS"], "true");
    assert_eq!(environment["SESSION_SIGNING_KEY_SSM"], "/another/session-key");
    assert!(
        environment["SESSION_PUBLIC_KEYS"]
            .ends_with(",old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    );
    assert_eq!(
        (&*environment["AWS_REGION"], &*environment["AWS_ACCESS_KEY_ID"]),
        ("ap-east-1", "local")
    );
    assert!(!environment.contains_key("HOME"));
    let functions = bundle.get("/2015-03-31/functions/auth-gettoken").await.json();
    assert!(functions["Message"].as_str().unwrap().contains(":ap-east-1:"), "{functions}");
}

#[tokio::test]
async fn another_wechat_and_another_table_may_come_from_the_environment() {
    let upstream = Bundle::start().await;
    let (wechat, table) = (&upstream.stack.wechat_url, &upstream.stack.dynamodb_url);
    let given = variables(&[
        ("WECHAT_API_BASE", &format!("{wechat},https://api2.weixin.qq.com")),
        ("AWS_ENDPOINT_URL_DYNAMODB", table),
    ]);

    let stack = start(|options| options.variables = given.clone()).await.unwrap();
    assert_eq!((&stack.wechat_url, &stack.dynamodb_url), (wechat, table));
    assert!(stack.wechat.is_none());

    // A flag is nearer.
    let flagged = start(|options| {
        options.wechat_api = Some("http://127.0.0.1:1".to_owned());
        options.variables = given;
    });
    assert_eq!(flagged.await.unwrap().wechat_url, "http://127.0.0.1:1");
    let bad = variables(&[("TOKEN_MODE", "fresh")]);
    let line = start(|options| options.variables = bad).await.err().unwrap();
    assert!(line.starts_with("TOKEN_MODE"), "{line}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let directory = std::env::temp_dir().join(format!("wechat-{}", shared::crypto::nonce()));
    // As an earlier version left them when it was killed.
    let earlier = directory.with_extension("earlier");
    let killed = Bundle::with(|options| options.data_dir = Some(earlier.clone())).await;
    killed.log_in("alice").await;
    fs::create_dir(&directory).unwrap();
    for file in fs::read_dir(&earlier).unwrap() {
        let file = file.unwrap();
        // Its bytes without its mode.
        fs::write(directory.join(file.file_name()), fs::read(file.path()).unwrap()).unwrap();
    }
    drop(killed);
    let bundle = Bundle::with(|options| options.data_dir = Some(directory.clone())).await;
    bundle.log_in("alice").await;

    let mut files: Vec<(String, u32)> = fs::read_dir(&directory)
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            (file.file_name().into_string().unwrap(), mode)
        })
        .collect();
    files.sort();
    assert!(files.len() >= 2, "{files:?}");
    for (name, mode) in &files {
        assert_eq!(*mode, 0o600, "{name}");
    }
    drop(bundle);
    // The engine may hold its files a moment longer.
    for _ in 0..50 {
        let gone = [&directory, &earlier]
            .map(|directory| fs::remove_dir_all(directory).is_ok() || !directory.exists());
        if gone == [true; 2] {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_demo_has_live_rooms_and_a_control_opens_one() {
    let bundle = Bundle::with(|options| options.furnished = true).await;
    let session = bundle.session("alice").await;
    let rooms = async || {
        let answer = bundle.post_as(Some(&session), "/livebroadcast/getLiveInfo", json!({})).await;
        let rooms = answer.json()["room_info"].as_array().unwrap().len();
        bundle.advance(60);
        rooms
    };
    assert_eq!(rooms().await, 2);
    let control = format!("POST {}/_simulator/rooms", bundle.stack.wechat_url);
    let opened: Value = bundle.from(&control, &[]).await.json();
    assert_eq!(opened, json!({ "appid": MINI, "room_ids": [3] }));
    assert_eq!(rooms().await, 3);
}

#[tokio::test]
async fn the_example_of_every_file_of_a_site_is_there() {
    let bundle = Bundle::start().await;
    let document = bundle.get("/openapi.json").await.json();
    let operation = &document["paths"]["/site/wellKnown"]["get"];
    assert_eq!(operation["operationId"], "site.wellKnown");
    let event: Value =
        serde_json::from_str(include_str!("../../events/site-wellknown.json")).unwrap();
    let answer = bundle.invoke("site-wellknown", event.clone()).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
    assert_eq!(bundle.get(event["rawPath"].as_str().unwrap()).await.status, 200);
}

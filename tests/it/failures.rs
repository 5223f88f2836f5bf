//! Upstream, table and settings in trouble.

use std::time::Duration;

use local::{Options, Stack, Variables};
use serde_json::json;
use shared::Clock;
use simulator::{Effect, Fault};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    Bundle, MINI, NOON, OFFICIAL,
    table_trouble::{Trouble, Troubled},
};

#[tokio::test]
async fn wechat_in_trouble_is_a_clean_problem() {
    let bundle = Bundle::start().await;
    let token = bundle.session("alice").await;
    let path = "/wxa/checksession";
    let errcode = |code| Effect::Errcode { code, errmsg: "trouble".to_owned() };
    for (effect, status, slug, calls) in [
        (Effect::DropBefore, 502, "wechat-unreachable", 1),
        (Effect::Status { status: 500, body: "oops".to_owned() }, 502, "wechat-unreachable", 1),
        (Effect::Garbage, 502, "wechat-unreachable", 1),
        (Effect::Truncated, 502, "wechat-unreachable", 1),
        // Busy is asked again, twice.
        (errcode(-1), 503, "wechat-busy", 3),
        (errcode(45011), 429, "quota-exceeded", 1),
        (errcode(48001), 403, "account-not-permitted", 1),
        (errcode(99_999), 502, "wechat-refused", 1),
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().clear_journal();
        bundle.wechat().fault(Fault::on(path, effect.clone()));
        let answer = bundle.post_as(Some(&token), "/auth/checkSession", json!({})).await;
        let problem = answer.problem(status, slug);
        assert!(!problem.to_string().contains("oops"), "{problem}");
        assert_eq!(bundle.calls(path), calls, "{effect:?}");
    }
}

#[tokio::test]
async fn a_busy_wechat_that_recovers_is_not_noticed() {
    let bundle = Bundle::start().await;
    let token = bundle.session("alice").await;
    let busy = Effect::Errcode { code: -1, errmsg: "system error".to_owned() };
    bundle.wechat().fault(Fault::on("/wxa/checksession", busy).times(2));
    let answer = bundle.post_as(Some(&token), "/auth/checkSession", json!({})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "valid": true })));
}

#[tokio::test]
async fn a_token_that_wechat_forgot_is_renewed_within_the_request() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.post_as(Some(&session), "/auth/checkSession", json!({})).await;
    bundle.wechat().clear_journal();
    bundle.wechat().invalidate_token(MINI);

    let answer = bundle.post_as(Some(&session), "/auth/checkSession", json!({})).await;

    assert_eq!((answer.status, answer.json()), (200, json!({ "valid": true })));
    assert_eq!(bundle.calls("/wxa/checksession"), 2);
    assert_eq!(bundle.calls("/cgi-bin/stable_token"), 1);
    let item = bundle.item(&format!("credential#{MINI}#access_token")).await;
    assert_eq!(item["version"], 2);
    assert_eq!(bundle.item(&format!("signal#{MINI}#access_token")).await["version"], 1);
}

#[tokio::test]
async fn an_operation_whose_token_is_always_refused_asks_twice_at_most() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let refused = Effect::Errcode { code: 40001, errmsg: "invalid credential".to_owned() };
    bundle.wechat().fault(Fault::on("/wxa/checksession", refused));

    for _ in 0..2 {
        bundle.wechat().clear_journal();
        let answer = bundle.post_as(Some(&session), "/auth/checkSession", json!({})).await;
        answer.problem(503, "credential-unavailable");
        assert!(bundle.calls("/wxa/checksession") <= 2);
        assert!(bundle.calls("/cgi-bin/stable_token") <= 2);
    }
}

/// A DynamoDB that answers every call with a failure of its own.
async fn failing_table() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}"#;
    let answer = format!(
        "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/x-amz-json-1.0\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            // The requests are small and come in one piece.
            let read = connection.read(&mut [0; 16 << 10]).await;
            if read.is_ok_and(|length| length > 0) {
                let _ = connection.write_all(answer.as_bytes()).await;
            }
        }
    });
    url
}

#[tokio::test]
async fn without_a_table_nothing_is_spent() {
    let url = failing_table().await;
    let bundle = Bundle::with(|options| {
        // One account: every read is tried three times.
        options.accounts.truncate(1);
        options.dynamodb = Some(url);
    })
    .await;
    let trouble = bundle.stack.report["credentials"][0]["state"].clone();
    assert_eq!(trouble, "failed");

    let code = bundle.code("alice");
    let answer = bundle.post("/auth/code2Session", json!({ "js_code": code })).await;

    answer.problem(503, "table-unavailable");
    assert_eq!(bundle.calls("/sns/jscode2session"), 0, "the code was spent");
    assert_eq!(bundle.token_calls(), 0, "a credential was fetched that cannot be kept");
}

#[tokio::test]
async fn credentials_are_renewed_before_they_end_and_by_nobody_else() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();
    for minute in 0..120 {
        bundle.advance(60);
        bundle.stack.refresh(&json!({})).await;
        let item = bundle.item(&format!("credential#{MINI}#access_token")).await;
        let left = item["expires_at"].as_u64().unwrap() - (NOON + 60 * (minute + 1));
        assert!(left > 240, "{left} s left after {minute} minutes");
    }
    // Every 115 minutes: once in two hours, for three apps.
    assert_eq!(bundle.calls("/cgi-bin/stable_token"), 3);
}

#[tokio::test]
async fn the_refresher_says_how_to_mend_what_is_wrong() {
    let bundle = Bundle::start().await;
    bundle.wechat().change_account(MINI, |account| {
        account.ip_allow_list = Some(vec!["203.0.113.7".to_owned()]);
    });
    bundle.advance(7000);

    let report = bundle.stack.refresh(&json!({ "appid": MINI })).await;

    let entry = &report["credentials"][0];
    assert_eq!((&entry["state"], &entry["errcode"]), (&json!("failed"), &json!(40164)), "{entry}");
    assert!(entry["message"].as_str().unwrap().contains("127.0.0.1"), "{entry}");
    assert_eq!((&entry["version"], &entry["seconds_left"]), (&json!(1), &json!(200)));
    // The live token is still handed out.
    let token = bundle.invoke("auth-getaccesstoken", json!({})).await.unwrap();
    assert_eq!(token["expires_in"], 200);
    // It backs off, unless somebody asks.
    let report = bundle.stack.refresh(&json!({ "appid": MINI })).await;
    assert_eq!(report["credentials"][0]["state"], "backing_off");
    bundle.wechat().change_account(MINI, |account| account.ip_allow_list = None);
    let report = bundle.stack.refresh(&json!({ "appid": MINI, "refresh": "now" })).await;
    assert_eq!(report["credentials"][0]["state"], "renewed");
}

#[tokio::test]
async fn what_keeps_a_stack_from_starting_is_one_clear_line() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let start = |change: fn(&mut Options)| async move {
        let mut options =
            Options { clock: Clock::frozen(NOON), schedule: false, ..Options::default() };
        change(&mut options);
        Stack::start(options).await.err().map(|error| error.to_string())
    };

    let busy = Stack::start(Options { listen: address, ..Options::default() }).await;
    let line = busy.err().unwrap().to_string();
    assert!(line.contains(&address.to_string()) && line.contains("--listen"), "{line}");
    let line = start(|o| o.jweixin = Some("/nowhere".into())).await.unwrap();
    assert!(line.contains("/nowhere") && line.contains("npm install"), "{line}");
    let line = start(|o| o.data_dir = Some("/proc/nothing".into())).await.unwrap();
    assert!(line.contains("/proc/nothing") && !line.contains('\n'), "{line}");
}

#[tokio::test]
async fn a_data_directory_keeps_sessions_and_the_simulated_wechat_across_restarts() {
    let directory = std::env::temp_dir().join(format!("wechat-{}", shared::crypto::nonce()));
    let with_directory = |options: &mut Options| options.data_dir = Some(directory.clone());
    let bundle = Bundle::with(with_directory).await;
    let token = bundle.session("alice").await;
    let code = bundle.code("bob");
    bundle.advance(60);
    bundle.wechat().clock().advance(Duration::from_secs(5));
    let now = bundle.wechat().clock().now();
    drop(bundle);

    let bundle = Bundle::with(with_directory).await;
    assert_eq!(bundle.wechat().clock().now(), now);
    assert_eq!(bundle.stack.clock.now(), now - 5);
    // The table's token is one that WeChat knows, and so are Alice and Bob's code.
    assert_eq!(bundle.token_calls(), 0, "{}", bundle.stack.report);
    let answer = bundle.post_as(Some(&token), "/auth/checkSession", json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let answer = bundle.post("/auth/code2Session", json!({ "js_code": code })).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    drop(bundle);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(directory.join("simulator.json")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
    // The engine may hold its files a moment longer.
    for _ in 0..50 {
        if std::fs::remove_dir_all(&directory).is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn another_dynamodb_that_is_dead_or_empty_is_named_at_once() {
    let start = async |url: &str, table: &str| {
        let variables = |name: &str| (name == "TABLE_NAME").then(|| table.to_owned());
        let options = Options {
            clock: Clock::frozen(NOON),
            schedule: false,
            dynamodb: Some(url.to_owned()),
            variables: Variables::from_lookup(variables),
            ..Options::default()
        };
        Stack::start(options).await.err().map(|error| error.to_string())
    };
    let bundle = Bundle::start().await;
    let url = &bundle.stack.engine_url;

    assert_eq!(start(url, "wechat").await, None);
    let line = start(url, "nothing").await.unwrap();
    assert!(line.contains("no table nothing") && line.contains("create-table"), "{line}");
    assert!(line.contains(url.as_str()) && line.contains(r#""AttributeName":"pk""#), "{line}");
    let line = start("http://127.0.0.1:1", "wechat").await.unwrap();
    assert!(line.contains("http://127.0.0.1:1 does not answer"), "{line}");
}

#[tokio::test]
async fn a_login_survives_every_trouble_of_the_write_after_the_exchange() {
    for (trouble, times) in [
        (Trouble::Refuse("TransactionCanceledException"), 3),
        (Trouble::Refuse("ThrottlingException"), 4),
        (Trouble::Refuse("InternalServerError"), 4),
        (Trouble::LoseAnswer, 4),
    ] {
        let troubled = Troubled::start().await;
        let bundle = &troubled.bundle;
        troubled.meet("TransactWriteItems", "session#", trouble, times);
        let input = json!({ "js_code": bundle.code("alice") });

        let answer = bundle.post("/auth/code2Session", input.clone()).await;

        assert_eq!(answer.status, 200, "{answer:?}");
        let again = bundle.post("/auth/code2Session", input).await;
        assert_eq!(again.json(), answer.json());
        assert_eq!(bundle.calls("/sns/jscode2session"), 1);
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_stored_asks_for_a_new_code() {
    let troubled = Troubled::start().await;
    let bundle = &troubled.bundle;
    troubled.meet("TransactWriteItems", "", Trouble::Refuse("TransactionCanceledException"), 1000);
    let input = json!({ "js_code": bundle.code("alice") });

    let problem = bundle.post("/auth/code2Session", input).await.problem(400, "code-used");

    assert!(problem["detail"].as_str().unwrap().contains("get a new code"), "{problem}");
    assert!(problem.get("retry_after").is_none(), "{problem}");
}

#[tokio::test]
async fn a_claim_or_lease_whose_answer_is_lost_is_recognized() {
    let troubled = Troubled::start().await;
    let bundle = &troubled.bundle;
    troubled.meet("PutItem", "claim_owner", Trouble::LoseAnswer, 2);
    let login = bundle.oauth_login(OFFICIAL, "alice").await;
    assert!(troubled.is_over());

    troubled.meet("UpdateItem", "sns_lease_owner = :owner, ", Trouble::LoseAnswer, 2);
    let answer = bundle.renew(&login).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(troubled.is_over());
}

#[tokio::test]
async fn a_claim_that_failed_does_not_lock_the_next_attempt_out() {
    let troubled = Troubled::start().await;
    let bundle = &troubled.bundle;
    troubled.meet("PutItem", "claim_owner", Trouble::LoseAnswer, 3);
    let input = json!({ "js_code": bundle.code("alice") });

    let first = bundle.post("/auth/code2Session", input.clone()).await;
    let second = bundle.post("/auth/code2Session", input).await;

    first.problem(503, "table-unavailable");
    assert_eq!(second.status, 200, "{second:?}");
}

#[tokio::test]
async fn a_renewal_whose_answer_from_the_table_is_lost_is_not_taken_for_a_theft() {
    for (call, about) in [("PutItem", "session#"), ("UpdateItem", "sns_refreshed_at = :now")] {
        let troubled = Troubled::start().await;
        let bundle = &troubled.bundle;
        let login = bundle.oauth_login(OFFICIAL, "alice").await;
        troubled.meet(call, about, Trouble::LoseAnswer, if call == "PutItem" { 3 } else { 2 });

        let renewed = bundle.renew(&login).await;

        assert!(troubled.is_over(), "{call}");
        assert_eq!(renewed.status, 200, "{renewed:?}");
        assert_eq!(bundle.renew(&renewed.json()).await.status, 200);
    }
}

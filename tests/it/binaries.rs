//! The real Lambda binaries, as processes under a Runtime API.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use flate2::{Compression, write::ZlibEncoder};
use functions::OPERATIONS;
use http::HeaderMap;
use local::runtime_api::{Answer, Environment};
use serde_json::{Value, json};
use shared::{crypto::sha1_hex, logical_id};

use crate::{
    Bundle, MINI, OFFICIAL,
    agreement::{assert_documented, fill_in, functions, prepare, root, session_for},
};

/// Builds binaries and returns where they are; `BINARIES_DIR` names a `sam build` to use instead.
pub(crate) fn build(names: &[&str]) -> impl Fn(&str) -> PathBuf + use<> {
    let built = std::env::var_os("BINARIES_DIR").map(PathBuf::from);
    let target = std::env::current_exe().unwrap();
    let target = target.ancestors().nth(3).unwrap().to_owned();
    let lambdas = target.join("lambdas");
    if built.is_none() {
        // With the features of the whole workspace and of its tests, as `cargo test` has just
        // compiled everything: only the library is put together.
        let mut library = cargo(&root(), &target);
        run(library.args(["--workspace", "--lib", "--test", "it"]));
        let mut binaries = cargo(&root().join("functions/lambdas"), &lambdas);
        binaries.env("ENTRIES_LIBRARY", target.join("debug/libentries.a"));
        run(binaries.args(names.iter().flat_map(|name| ["--bin", *name])));
    }
    move |name| match &built {
        Some(directory) => directory.join(logical_id(name)).join("bootstrap"),
        None => lambdas.join("debug").join(name),
    }
}

fn cargo(directory: &Path, target: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells a test, a build script would take for a change.
    let told = |name: &str| name.starts_with("CARGO_") && name != "CARGO_HOME";
    std::env::vars().filter(|(name, _)| told(name)).for_each(|(name, _)| {
        cargo.env_remove(name);
    });
    cargo.current_dir(directory).args(["build", "--quiet", "--target-dir"]).arg(target);
    cargo
}

fn run(cargo: &mut Command) {
    assert!(cargo.status().unwrap().success(), "{cargo:?} failed");
}

/// Starts a function, whose binary may be called `bootstrap`, under its own name.
async fn start(name: &str, binary: &Path, variables: &[(String, String)]) -> Environment {
    let mut variables = variables.to_vec();
    variables.push(("AWS_LAMBDA_FUNCTION_NAME".to_owned(), name.to_owned()));
    // Its role, on one machine.
    variables.push(("AWS_ACCESS_KEY_ID".to_owned(), name.to_owned()));
    Environment::start(binary, &variables).await.unwrap()
}

fn json(answer: &Answer) -> Value {
    match answer {
        Answer::Response(bytes) => serde_json::from_slice(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binaries_answer_their_events_under_the_runtime_api() {
    let path =
        build(&["auth-code2session", "jssdk-config", "refresh-credentials", "auth-getaccesstoken"]);
    // Real processes have the real time, so everything else must too.
    let bundle = Bundle::with(|options| options.clock = shared::Clock::system()).await;
    let variables = bundle.stack.environment().to_vec();
    let start = async |name: &str| start(name, &path(name), &variables).await;

    let mut login = start("auth-code2session").await;
    let event = fill_in(&bundle, "auth-code2session", "");
    let answer = json(&login.invoke(event.to_string()).await);
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let openid = body["openid"].as_str().unwrap();
    let item = bundle.item(&format!("session#{MINI}#{openid}")).await;
    assert!(item["session_key"].is_string(), "{item}");
    // A session signed by the process opens what the in-process host closes.
    let token = body["session_token"].as_str();
    let checked = bundle.post_as(token, "/auth/checkSession", json!({})).await;
    assert_eq!(checked.json(), json!({ "valid": true }));
    // The same environment serves the next request, and again the first answer.
    let again = json(&login.invoke(event.to_string()).await);
    assert_eq!(again["body"].as_str().map(|body| body.contains(token.unwrap())), Some(true));
    assert_eq!(bundle.calls("/sns/jscode2session"), 1);

    let mut config = start("jssdk-config").await;
    let event = fill_in(&bundle, "jssdk-config", "");
    let answer = json(&config.invoke(event.to_string()).await);
    let signed: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let ticket = bundle.wechat().ticket(OFFICIAL, "jsapi").unwrap();
    let (nonce, timestamp) = (signed["nonceStr"].as_str().unwrap(), &signed["timestamp"]);
    let string1 = format!(
        "jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url=https://h5.example.com/shop?id=1"
    );
    assert_eq!(signed["signature"], sha1_hex(string1));

    // The ticket was read before the first event, once, and the first request tells it.
    let log = config.stop().await.unwrap();
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!((&line["cold_start"], &line["table_reads"]), (&json!(true), &json!(1)), "{line}");

    bundle.wechat().invalidate_token(MINI);
    let mut refresher = start("refresh-credentials").await;
    let input = json!({ "appid": MINI, "refresh": "now" });
    let report = json(&refresher.invoke(input.to_string()).await);
    assert_eq!(report["credentials"][0]["state"], "renewed", "{report}");
    let item = bundle.item(&format!("credential#{MINI}#access_token")).await;
    assert_eq!(item["version"], 2);

    let mut token = start("auth-getaccesstoken").await;
    let answer = json(&token.invoke("{}").await);
    assert_eq!(answer["access_token"], bundle.wechat().access_token(MINI).unwrap());
    // A direct invocation that fails is a function error with the problem as its message.
    let Answer::Error(error) = token.invoke(r#"{"appid":"wx9"}"#).await else { panic!() };
    let error: Value = serde_json::from_slice(&error).unwrap();
    assert_eq!(error["errorType"], "unknown-app");
    let problem: Value = serde_json::from_str(error["errorMessage"].as_str().unwrap()).unwrap();
    assert_eq!(problem["field"], "appid");

    // A line is written after its answer, but before Lambda may freeze the environment.
    let log = login.stop().await.unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{log}");
    let line = &lines[0];
    assert_eq!(line["operation"], "auth.code2Session");
    assert_eq!(line["xray_trace_id"], "Root=1-00000000-000000000000000000000000");
    assert_eq!(line["function_name"], "auth-code2session");
    assert_eq!(line["cold_start"], true);
    assert!(!log.contains(openid) && !log.contains("session_token"), "{log}");
}

/// What WeChat allows once, or once in a while: a second call is refused.
const ONCE: [&str; 5] = [
    "customerservicemessage-settyping",
    "ordershipping-notifyconfirmreceive",
    "subscribemessage-addtemplate",
    "subscribemessage-deletetemplate",
    "templatemessage-subscribe",
];

/// Each in an environment of its own: its sample event cold, and another one warm. Both are
/// answered as the document says, and neither fails, unless WeChat refuses it.
///
/// Prints how long they took, by what the cold call asked others for.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs BINARIES_DIR; .ci/sam-build runs it"]
async fn every_built_function_answers_its_event() {
    let path = build(&[]);
    let allowed = "/cgi-bin/get_api_domain_ip".to_owned();
    let bundle = Bundle::with(|options| {
        options.clock = shared::Clock::system();
        options.api_call_allow = allowed;
    })
    .await;
    let variables = bundle.stack.environment().to_vec();
    prepare(&bundle).await;
    let mut took: BTreeMap<&str, [Vec<Duration>; 2]> = BTreeMap::new();
    let mut largest = (0, String::new());
    for name in functions() {
        let binary = path(&name);
        let mut function = start(&name, &binary, &variables).await;
        let mut calls = [Duration::ZERO; 2];
        let spends_its_session = name.starts_with("auth-") || name.starts_with("oauth-");
        let mut session = None;
        for (is_warm, call) in [false, true].into_iter().zip(&mut calls) {
            // One for both calls where that will do: WeChat lets a user log in 100 times a minute.
            if session.is_none() || spends_its_session {
                session = session_for(&bundle, &name).await;
            }
            let session = session.as_deref().unwrap_or_default();
            let event = now(&bundle, &name, fill_in(&bundle, &name, session)).to_string();
            let started = Instant::now();
            let answer = function.invoke(event).await;
            *call = started.elapsed();
            match &answer {
                Answer::Error(error) if is_warm && ONCE.contains(&name.as_str()) => {
                    let error = String::from_utf8_lossy(error);
                    assert!(error.contains("errcode"), "{name}: {error}");
                }
                answer => assert_answered(&name, answer),
            }
        }
        let log = function.stop().await.unwrap();
        let entry = took.entry(class(&log)).or_default();
        entry.iter_mut().zip(calls).for_each(|(all, call)| all.push(call));
        let mut zip = ZlibEncoder::new(Vec::new(), Compression::best());
        zip.write_all(&std::fs::read(&binary).unwrap()).unwrap();
        largest = largest.max((zip.finish().unwrap().len(), name));
    }
    for (class, calls) in took {
        let count = calls[0].len();
        let [cold, warm] = calls.map(|mut calls| {
            calls.sort();
            calls[calls.len() / 2]
        });
        println!("{count:3} functions that ask {class}: cold {cold:.1?}, warm {warm:.1?} (median)");
    }
    println!("largest zip: {}, {:.2} MB", largest.1, largest.0 as f64 / 1e6);
}

/// The event at the real time: samples are of the time that the tests of one process have.
fn now(bundle: &Bundle, name: &str, mut event: Value) -> Value {
    match name {
        "ordershipping-notifyconfirmreceive" => {
            event["received_time"] = bundle.stack.clock.now().into();
        }
        "push-receive" => {
            let message = json!({ "MsgId": bundle.stack.clock.now_ms(), "Content": "hello" });
            let request = bundle.wechat().push_request(MINI, message).unwrap();
            event["rawQueryString"] = request.uri().query().unwrap().into();
            event["requestContext"]["http"]["method"] = "POST".into();
            event["headers"]["content-type"] = "application/json".into();
            event["body"] = request.body().as_str().into();
        }
        _ => {}
    }
    event
}

/// Asserts that an answer is no failure, and what the document has for the operation.
fn assert_answered(name: &str, answer: &Answer) {
    let (head, bytes) = match answer {
        Answer::Response(bytes) => (json(answer), bytes.to_vec()),
        Answer::Streamed { prelude, body } => {
            (serde_json::from_slice(prelude).unwrap(), body.to_vec())
        }
        other => panic!("{name}: {other:?}"),
    };
    let status = head.get("statusCode").and_then(Value::as_u64).unwrap_or(200);
    assert!(status < 400, "{name}: {head}");
    let Some(endpoint) = OPERATIONS.iter().find(|endpoint| endpoint.binary() == name) else {
        return;
    };
    let bytes = head["body"].as_str().map_or(bytes, |body| body.as_bytes().to_vec());
    let status = status.try_into().unwrap();
    let documented = crate::Answer { status, headers: HeaderMap::new(), bytes };
    for method in endpoint.handler.http.method.names() {
        assert_documented(method, &endpoint.path(), &documented);
    }
}

/// What a function's first line says that it asked others for.
fn class(log: &str) -> &'static str {
    let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.find(|line| line["cold_start"] == true).unwrap_or_default();
    let asked = |name: &str| line[name].as_u64().is_some_and(|count| count > 0);
    match (asked("table_reads") || asked("table_writes"), asked("upstream_calls")) {
        (false, false) => "nobody",
        (true, false) => "the table",
        (false, true) => "WeChat",
        (true, true) => "the table and WeChat",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_setting_ends_the_function_with_its_name() {
    let path = build(&["jssdk-config"]);
    let variables = [("AWS_REGION".to_owned(), "ap-east-1".to_owned())];
    let name = "jssdk-config";
    let mut function = start(name, &path(name), &variables).await;
    let Answer::Exited(complaint) = function.invoke("{}").await else { panic!("it started") };
    for name in ["TABLE_NAME is not set", "WECHAT_APPS is not set"] {
        assert!(complaint.contains(name), "{complaint}");
    }
}

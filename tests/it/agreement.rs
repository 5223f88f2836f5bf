//! The registry and what must agree with it: names, inputs, sample events, documented answers.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::LazyLock};

use describe::openapi;
use functions::{JOBS, OPERATIONS, REGISTRY, pay::apiv3::china_date};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use shared::{Access, AccountKind};
use simulator::{Act, ONE_TIME_TEMPLATE, PaidOrder, User};

use crate::{Answer, Bundle, MINI, MOBILE, OFFICIAL, WEBSITE};

pub(crate) fn root() -> PathBuf {
    PathBuf::from(describe::ROOT)
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document(&REGISTRY));

/// Asserts that the document has what a test was answered; [`Bundle::send`] asks this every time.
#[track_caller]
pub(crate) fn assert_documented(method: &str, path: &str, answer: &Answer) {
    let operation = &DOCUMENT["paths"][path][method.to_ascii_lowercase()];
    if operation.is_null() {
        return;
    }
    let (id, status) = (&operation["operationId"], answer.status.to_string());
    let response = match &operation["responses"][&status]["$ref"] {
        Value::String(target) => &DOCUMENT["components"]["responses"][&target[23..]],
        _ => &operation["responses"][&status],
    };
    let advice = "name it in the operation's REFUSALS or PROBLEMS, or in a capability";
    assert!(!response.is_null(), "{id} answered {status}, which its document lacks: {advice}");
    if !answer.header("x-amz-function-error").is_empty() {
        let any = &response["content"]["application/json"]["schema"]["anyOf"];
        let problems = &any[1]["allOf"][1]["properties"]["errorType"]["enum"];
        let slug = &answer.json()["errorType"];
        assert!(
            problems.as_array().is_some_and(|known| known.contains(slug)),
            "{id} ended with {slug}, which its document lacks: {advice}"
        );
    }
    let problems = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]
        ["type"]["enum"];
    if let Some(problems) = problems.as_array() {
        let slug = &answer.json()["type"];
        assert!(
            problems.contains(slug),
            "{id} answered {slug}, which its document lacks: {advice}"
        );
    }
}

fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every function: the operations' binaries and the jobs.
pub(crate) fn functions() -> BTreeSet<String> {
    let operations = OPERATIONS.iter().map(|endpoint| endpoint.binary());
    operations.chain(JOBS.iter().map(|job| job.name.to_owned())).collect()
}

#[test]
fn names_are_unique_and_derived() {
    let ids: BTreeSet<_> = OPERATIONS.iter().map(|endpoint| endpoint.id()).collect();
    assert_eq!(ids.len(), OPERATIONS.len(), "two operations share an id");
    assert_eq!(functions().len(), OPERATIONS.len() + JOBS.len(), "two functions share a name");
    for endpoint in OPERATIONS {
        let id = endpoint.id();
        assert!(
            id.contains('.') && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'),
            "{id} is not <namespace>.<operation>"
        );
        let file = source(id);
        let first = read(&file);
        assert!(first.starts_with("//! `"), "{file} does not begin with its method and path");
    }
}

/// Operations that pass a call on to WeChat and do little else, by the beginnings of their ids.
const PASSED_ON: [&str; 8] = [
    "decrypt.getPayload",
    "internet.",
    "openapi.",
    "orderShipping.",
    "qrcode.",
    "riskControl.",
    "subscribeMessage.",
    "user.",
];

#[test]
fn an_operation_that_passes_a_call_on_fits_on_a_page() {
    for beginning in PASSED_ON {
        let ids = OPERATIONS.iter().map(|endpoint| endpoint.id());
        let ids = ids.filter(|id| id.starts_with(beginning) && *id != "subscribeMessage.send");
        let files: Vec<String> = ids.map(source).collect();
        assert!(!files.is_empty(), "there is no {beginning}");
        for file in files {
            let lines = read(&file).lines().count();
            assert!(
                lines <= 60,
                "{file} has {lines} lines, more than 60: declare what is asked or answered in a \
                 file beside it, as order_shipping/list.rs does"
            );
        }
    }
}

/// The file of an operation.
fn source(id: &str) -> String {
    format!("functions/src/{}.rs", snake_case(id).replace('.', "/"))
}

/// `wxacode.createQRCode` as `wxacode.create_qr_code`.
fn snake_case(id: &str) -> String {
    let letters: Vec<char> = id.chars().collect();
    let mut name = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| letters[index]);
        let after = letters.get(index + 1);
        let begins = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            || (before.is_some_and(|c| c.is_ascii_uppercase())
                && after.is_some_and(char::is_ascii_lowercase));
        if letter.is_ascii_uppercase() && begins {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn every_input_is_documented_and_closed() {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    for endpoint in OPERATIONS {
        let id = endpoint.id();
        let input = endpoint.describe(&mut settings.clone().into_generator()).input.to_value();
        assert!(input["description"].is_string(), "{id} needs a doc comment");
        assert_eq!(input["additionalProperties"], false, "{id} needs deny_unknown_fields");
        for (name, schema) in input["properties"].as_object().into_iter().flatten() {
            assert!(schema["description"].is_string(), "{id}: `{name}` needs a doc comment");
        }
        let example: Value = serde_json::from_str(endpoint.example).unwrap();
        for name in input["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            assert!(example.get(name).is_some(), "{id}: EXAMPLE lacks `{name}`");
        }
    }
}

#[tokio::test]
async fn every_sample_event_is_answered() {
    let allowed = "/cgi-bin/get_api_domain_ip".to_owned();
    let bundle = Bundle::with(|options| options.api_call_allow = allowed).await;
    prepare(&bundle).await;
    for name in functions() {
        let session = session_for(&bundle, &name).await.unwrap_or_default();
        let event = fill_in(&bundle, &name, &session);
        let answer = bundle.invoke(&name, event).await;
        let answer = answer.unwrap_or_else(|problem| panic!("events/{name}.json: {problem}"));
        let status = answer.get("statusCode").and_then(Value::as_u64).unwrap_or(200);
        assert!(status < 400, "events/{name}.json: {answer}");
    }
}

/// What proves the caller to the function: a session of an app that it works for, or what renews
/// one.
pub(crate) async fn session_for(bundle: &Bundle, name: &str) -> Option<String> {
    if name == "oauth-refreshtoken" {
        let login = bundle.oauth_login(OFFICIAL, "alice").await;
        return login["dynamicToken"].as_str().map(str::to_owned);
    }
    let accounts = OPERATIONS.iter().find(|endpoint| endpoint.binary() == name)?.accounts;
    Some(match accounts.first()? {
        AccountKind::MiniProgram => bundle.session("alice").await,
        AccountKind::OfficialAccount => bundle.oauth_session(OFFICIAL, "alice").await,
        AccountKind::MobileApp => bundle.oauth_session(MOBILE, "alice").await,
        AccountKind::Website => bundle.oauth_session(WEBSITE, "alice").await,
    })
}

/// What the sample events find at WeChat.
pub(crate) async fn prepare(bundle: &Bundle) {
    let alice = User::new("alice");
    bundle.wechat().act(MINI, &alice, Act::Write { content: "hello".to_owned() }).unwrap();
    let (trace_id, openid) = ("60ae120f-371d5872-7941a05b", alice.openid(MINI));
    bundle.stack.table.start_media_check(trace_id, MINI, &openid, super::NOON).await.unwrap();
    bundle.wechat().open_rooms(MINI, &["a", "b", "c"]);
    bundle.wechat().subscribe(MINI, &User::new("alice"), ONE_TIME_TEMPLATE, 1);
    for transaction_id in ["4200000000000000001", "4200000000000000002"] {
        let order = PaidOrder {
            transaction_id: transaction_id.to_owned(),
            mchid: "1900000001".to_owned(),
            out_trade_no: String::new(),
            description: "tea".to_owned(),
            paid_amount: 1,
        };
        bundle.wechat().pay_order(MINI, &User::new("alice"), order);
    }
    bundle.wechat().ship_order(MINI, "4200000000000000002", "SF1234567890123");
    sell(bundle).await;
    // WeChat remembers what it refused, by the id in its answer.
    let unknown = json!({ "rid": "61725984-6126f6f9-040f19c4" });
    bundle.invoke("openapi-getridinfo", unknown).await.unwrap_err();
}

/// What the samples of payments are about: a product, and an order that is paid and refunded.
async fn sell(bundle: &Bundle) {
    let product = json!({ "product": "box-a", "description": "季度蔬菜箱 A", "amount": 4999 });
    bundle.invoke("pay-putproduct", product).await.unwrap();
    let number = "BOX20261104A0000001";
    let order = json!({
        "openid": User::new("alice").openid(MINI), "product": "box-a", "out_trade_no": number,
    });
    bundle.invoke("pay-createorder", order).await.unwrap();
    let pay = bundle.wechat().pay();
    pay.pay_order(number).unwrap();
    pay.deliver_due().await;
    assert!(pay.backdate(number, billed(bundle)));
    let refund = "R-BOX20261104A0000001-1";
    let refund = json!({ "out_trade_no": number, "out_refund_no": refund, "amount": 999 });
    bundle.invoke("pay-refund", refund).await.unwrap();
}

/// A sample event for a stack: with a session, and with values that are good only once or for one
/// session in the place of the example's.
pub(crate) fn fill_in(bundle: &Bundle, name: &str, session: &str) -> Value {
    let mut event = read(&format!("events/{name}.json")).replace("{{session}}", session);
    let renewal = (name == "oauth-refreshtoken").then(|| ("dynamicToken", session.to_owned()));
    for (field, fresh) in fresh(bundle, name).into_iter().chain(renewal) {
        let endpoint = OPERATIONS.iter().find(|endpoint| endpoint.binary() == name).unwrap();
        let example: Value = serde_json::from_str(endpoint.example).unwrap();
        event = event.replace(example[field].as_str().unwrap(), &fresh);
    }
    assert!(!event.contains("{{"), "events/{name}.json has a placeholder that nothing fills in");
    let event = serde_json::from_str(&event);
    let mut event: Value = event.unwrap_or_else(|error| panic!("events/{name}.json: {error}"));
    if name == "pay-notify" {
        // It is signed, and good for five minutes.
        let (echo, body) = bundle.wechat().pay().echo("http://127.0.0.1/pay/notify").into_parts();
        for (name, value) in &echo.headers {
            event["headers"][name.as_str()] = value.to_str().unwrap().into();
        }
        event["body"] = String::from_utf8_lossy(&body).into();
    }
    event
}

/// Codes and encrypted data from WeChat, by the input they are for.
fn fresh(bundle: &Bundle, name: &str) -> Vec<(&'static str, String)> {
    let (wechat, alice) = (bundle.wechat(), User::new("alice"));
    match name {
        "auth-code2session" => vec![("js_code", bundle.code("bob"))],
        "oauth-gettoken" => vec![("code", bundle.oauth_code(OFFICIAL, "bob"))],
        "phonenumber-getphonenumber" => vec![("code", wechat.mint_phone_code(MINI, &alice))],
        "decrypt-getphonenumber" | "decrypt-getuserdata" => {
            let data = json!({
                "phoneNumber": "+85291234567", "purePhoneNumber": "91234567", "countryCode": "852",
            });
            let sealed = wechat.seal(MINI, &alice, &data).unwrap();
            vec![("encryptedData", sealed.encrypted_data), ("iv", sealed.iv)]
        }
        "decrypt-getpayload" => {
            let key = wechat.user_key(MINI, &alice);
            vec![("iv", key.iv.clone()), ("data", key.seal("{}"))]
        }
        "openapi-getridinfo" => {
            let log = bundle.log();
            let rid = log.rsplit_once("\"rid\":\"").and_then(|(_, rest)| rest.split_once('"'));
            rid.map(|(rid, _)| ("rid", rid.to_owned())).into_iter().collect()
        }
        "pay-downloadbill" => vec![("date", china_date(billed(bundle)))],
        "customerservicemessage-send" | "customerservicemessage-settyping" => {
            vec![("touser", alice.openid(MINI))]
        }
        _ => Vec::new(),
    }
}

/// Of a day whose bill is there: that of yesterday is made at ten in China.
fn billed(bundle: &Bundle) -> u64 {
    bundle.stack.clock.now() - 2 * 86_400
}

#[tokio::test]
async fn closed_operations_stay_closed_without_a_session() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();
    for endpoint in OPERATIONS {
        let example: Value = serde_json::from_str(endpoint.example).unwrap();
        if endpoint.handler.access == Access::Public {
            continue;
        }
        for method in endpoint.handler.http.method.names() {
            let answer = match *method {
                "get" => bundle.get(&endpoint.path()).await,
                _ => bundle.post(&endpoint.path(), example.clone()).await,
            };
            answer.problem(401, "unauthenticated");
            let forged = Some("eyJhbGciOiJub25lIn0.e30.");
            if *method == "post" {
                let answer = bundle.post_as(forged, &endpoint.path(), example.clone()).await;
                answer.problem(401, "unauthenticated");
            }
        }
    }
    assert_eq!(bundle.wechat().journal().len(), 0, "WeChat was called without a session");
}

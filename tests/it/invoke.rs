//! The Lambda Invoke API and the HTTP adapter, as any client sees them.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::Request;
use serde_json::{Value, json};

use crate::{Answer, Bundle, MINI, agreement};

const API: &str = "/2015-03-31/functions";

/// The messages of an event stream: event type, content type, payload.
fn messages(mut stream: &[u8]) -> Vec<(String, String, Vec<u8>)> {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap()) as usize;
    let mut messages = Vec::new();
    while !stream.is_empty() {
        let (total, headers) = (number(&stream[..4]), number(&stream[4..8]));
        let (message, rest) = stream.split_at(total);
        stream = rest;
        assert_eq!(number(&message[8..12]), crc32(&message[..8]) as usize);
        assert_eq!(number(&message[total - 4..]), crc32(&message[..total - 4]) as usize);
        let mut fields = Vec::new();
        let mut left = &message[12..12 + headers];
        while !left.is_empty() {
            let (name, after) = left[1..].split_at(left[0].into());
            assert_eq!(after[0], 7, "a string");
            let length = usize::from(u16::from_be_bytes([after[1], after[2]]));
            let (value, after) = after[3..].split_at(length);
            fields.push((String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
            left = after;
        }
        let field = |wanted: &str| {
            let found = fields.iter().find(|(name, _)| name == wanted);
            found.unwrap_or_else(|| panic!("no {wanted}")).1.to_string()
        };
        assert_eq!(field(":message-type"), "event");
        let payload = message[12 + headers..total - 4].to_vec();
        messages.push((field(":event-type"), field(":content-type"), payload));
    }
    messages
}

/// CRC-32 as zip has it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

impl Answer {
    /// Asserts an error as Lambda words it; returns its message.
    #[track_caller]
    fn refusal(&self, status: u16, error_type: &str) -> String {
        let body = String::from_utf8_lossy(&self.bytes).into_owned();
        assert_eq!((self.status, self.header("x-amzn-errortype")), (status, error_type), "{body}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("x-amzn-requestid").len(), 36, "{body}");
        let body = self.json();
        assert_eq!(body["Type"], "User");
        body["Message"].as_str().or_else(|| body["message"].as_str()).unwrap().to_owned()
    }
}

#[tokio::test]
async fn awss_tools_list_every_function_page_by_page() {
    let bundle = Bundle::start().await;
    let mut names = BTreeSet::new();
    let mut marker = String::new();
    // Both spellings of the path are in use.
    for slash in ["/", "", "/"] {
        let page = bundle.get(&format!("{API}{slash}?MaxItems=30&Marker={marker}")).await;
        assert_eq!((page.status, page.header("x-amzn-requestid").len()), (200, 36));
        let page = page.json();
        let functions = page["Functions"].as_array().unwrap();
        assert!(functions.len() <= 30);
        for function in functions {
            let name = function["FunctionName"].as_str().unwrap();
            let arn = format!("arn:aws:lambda:local:000000000000:function:{name}");
            assert_eq!(function["FunctionArn"], arn);
            assert_eq!(function["Version"], "$LATEST");
            names.insert(name.to_owned());
        }
        match page["NextMarker"].as_str() {
            Some(next) => marker = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, agreement::functions());
    for query in ["MaxItems=0", "MaxItems=many", "Marker=nowhere"] {
        let answer = bundle.get(&format!("{API}?{query}")).await;
        answer.refusal(400, "InvalidParameterValueException");
    }
}

#[tokio::test]
async fn awss_tools_look_a_function_up() {
    let bundle = Bundle::start().await;
    let found = bundle.get(&format!("{API}/auth-getaccesstoken")).await.json();
    let configuration = &found["Configuration"];
    assert_eq!(configuration["FunctionName"], "auth-getaccesstoken");
    assert_eq!((&configuration["State"], &found["Code"]), (&json!("Active"), &json!({})));
    let arn = "arn:aws:lambda:local:000000000000:function:auth-getaccesstoken";
    let alone = bundle.get(&format!("{API}/{arn}/configuration")).await.json();
    assert_eq!(&alone, configuration);
    let unknown = bundle.get(&format!("{API}/auth-nothing")).await;
    let message = unknown.refusal(404, "ResourceNotFoundException");
    assert!(message.ends_with(":function:auth-nothing"), "{message}");
}

#[tokio::test]
async fn what_is_not_offered_is_refused_in_awss_shape() {
    let bundle = Bundle::start().await;
    for (method, path) in [
        ("POST", "/2015-03-31/functions"),
        ("DELETE", "/2015-03-31/functions/auth-getaccesstoken"),
        ("GET", "/2015-03-31/functions/auth-getaccesstoken/policy"),
        ("GET", "/2015-03-31/event-source-mappings/"),
        ("POST", "/2014-11-13/functions/auth-getaccesstoken/invoke-async/"),
        ("GET", "/2016-08-19/account-settings/"),
        ("GET", "/2017-03-31/tags/arn:aws:lambda:local:000000000000:function:x"),
        ("GET", "/2021-10-31/functions/auth-getaccesstoken/url"),
    ] {
        let url = format!("{}{path}", bundle.stack.url);
        let request = Request::builder().method(method).uri(url).body(String::new()).unwrap();
        let message = bundle.send(request).await.refusal(404, "UnknownOperationException");
        assert!(message.starts_with(&format!("{method} {path} is not offered")), "{message}");
    }
    let invoked = bundle.get("/2015-03-31/functions/auth-getaccesstoken/invocations").await;
    assert_eq!(invoked.header("allow"), "POST");
    let message = invoked.refusal(405, "UnknownOperationException");
    assert_eq!(message, "Use POST, not GET.");
}

#[tokio::test]
async fn a_stream_carries_the_answer_and_how_it_ended() {
    let bundle = Bundle::start().await;
    let stream = async |name: &str, payload: &str| {
        let path = format!("/2021-11-15/functions/{name}/response-streaming-invocations");
        let request = Request::post(format!("{}{path}", bundle.stack.url));
        let request = request.header("x-amz-log-type", "Tail");
        bundle.send(request.body(payload.to_owned()).unwrap()).await
    };

    let answer = stream("auth-getaccesstoken", "{}").await;
    assert_eq!(answer.header("content-type"), "application/vnd.amazon.eventstream");
    assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
    let [chunk, end] = &messages(&answer.bytes)[..] else { panic!("{answer:?}") };
    assert_eq!((&*chunk.0, &*chunk.1), ("PayloadChunk", "application/octet-stream"));
    let output: Value = serde_json::from_slice(&chunk.2).unwrap();
    assert!(output["access_token"].is_string());
    assert_eq!((&*end.0, &*end.1), ("InvokeComplete", "application/json"));
    let end: Value = serde_json::from_slice(&end.2).unwrap();
    assert_eq!(end.get("ErrorCode"), None);
    assert!(end["LogResult"].is_string());

    let failed = stream("auth-getaccesstoken", r#"{"appid":"wx9"}"#).await;
    let [end] = &messages(&failed.bytes)[..] else { panic!("{failed:?}") };
    let end: Value = serde_json::from_slice(&end.2).unwrap();
    assert_eq!(end["ErrorCode"], "Unhandled");
    assert!(end["ErrorDetails"].as_str().unwrap().contains("unknown-app"), "{end}");

    stream("auth-nothing", "{}").await.refusal(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn the_end_of_the_log_comes_with_the_answer_and_has_its_request_id() {
    let bundle = Bundle::start().await;
    let url = format!("{}{API}/auth-getaccesstoken/invocations", bundle.stack.url);
    let quiet = bundle.send(Request::post(&url).body("{}".into()).unwrap()).await;
    assert_eq!(quiet.header("x-amz-log-result"), "");
    let loud = Request::post(&url).header("x-amz-log-type", "Tail");

    let answer = bundle.send(loud.body(r#"{"appid":"wx9"}"#.into()).unwrap()).await;

    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    let id = answer.header("x-amzn-requestid");
    let problem: Value =
        serde_json::from_str(answer.json()["errorMessage"].as_str().unwrap()).unwrap();
    assert_eq!(problem["request_id"], id);
    let log = BASE64_STANDARD.decode(answer.header("x-amz-log-result")).unwrap();
    let log = String::from_utf8(log).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], format!("START RequestId: {id} Version: $LATEST"));
    let line: Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!((&line["function_request_id"], &line["status"]), (&json!(id), &json!(400)));
    assert!(lines.last().unwrap().starts_with(&format!("REPORT RequestId: {id}\tDuration: ")));
}

#[tokio::test]
async fn a_shard_of_the_stream_has_a_name_that_awss_tools_send() {
    let bundle = Bundle::start().await;
    let ask = async |call: &str, input: Value| {
        let credential = "Credential=person/20261120/local/dynamodb/aws4_request";
        let authorization =
            format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host;x-amz-date, Signature=0");
        let request = Request::post(&bundle.stack.dynamodb_url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20261120T040000Z")
            .header("authorization", authorization)
            .header("x-amz-target", format!("DynamoDBStreams_20120810.{call}"));
        let answer = bundle.send(request.body(input.to_string()).unwrap()).await;
        assert_eq!(answer.status, 200, "{call}: {}", answer.json());
        answer.json()
    };

    let streams = ask("ListStreams", json!({})).await;
    let stream = &streams["Streams"][0]["StreamArn"];
    let description = ask("DescribeStream", json!({ "StreamArn": stream })).await;
    let shard = &description["StreamDescription"]["Shards"][0]["ShardId"];
    // 28 to 65 characters, says the API.
    assert_eq!(shard.as_str().unwrap().len(), 28, "{description}");
    let iterator = ask(
        "GetShardIterator",
        json!({ "StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" }),
    )
    .await;
    let records = ask("GetRecords", json!({ "ShardIterator": iterator["ShardIterator"] })).await;
    assert!(!records["Records"].as_array().unwrap().is_empty(), "the credentials were written");
}

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
    unknown.refusal(404, "ResourceNotFoundException");
    let broken = bundle.send(post("auth-getaccesstoken").body("{".into()).unwrap()).await;
    broken.refusal(400, "InvalidRequestContentException");
    let odd = post("auth-getaccesstoken").header("x-amz-invocation-type", "Later");
    let odd = bundle.send(odd.body("{}".into()).unwrap()).await;
    odd.refusal(400, "InvalidParameterValueException");
    let large = format!("\"{}\"", "x".repeat(6 << 20));
    let large = bundle.send(post("auth-getaccesstoken").body(large).unwrap()).await;
    large.refusal(413, "RequestTooLargeException");

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
async fn what_keeps_a_function_warm_and_the_consoles_test_event_are_answered() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();
    for ping in [
        json!({ "key1": "value1", "key2": "value2", "key3": "value3" }),
        json!({ "source": "serverless-plugin-warmup" }),
        json!({ "warmer": true, "concurrency": 3 }),
        json!({
            "version": "0", "id": "cdc73f9d", "detail-type": "Scheduled Event",
            "source": "aws.events", "region": "us-east-1", "resources": [], "detail": {},
        }),
    ] {
        for function in ["auth-code2session", "media-get", "subscribemessage-send"] {
            let answer = bundle.invoke(function, ping.clone()).await;
            assert_eq!(answer, Ok(json!({ "warm": true })), "{function} {ping}");
        }
    }
    assert!(bundle.wechat().journal().is_empty());
    // An input is never taken for one.
    for input in [json!({ "key1": "value2" }), json!({ "warmer": false }), json!({ "source": 1 })] {
        let problem = bundle.invoke("auth-code2session", input).await.unwrap_err();
        assert_eq!(problem["type"], "invalid-input");
    }
}

#[tokio::test]
async fn a_problem_is_in_the_language_of_the_request() {
    let bundle = Bundle::start().await;
    let url = format!("{}/auth/code2Session", bundle.stack.url);
    let chinese = ["zh-CN", "参数无效", "缺少字段 `js_code`。"];
    let english = ["en", "An input is not valid", "Missing field `js_code`."];
    for (languages, [language, title, detail]) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", chinese),
        ("ZH", chinese),
        ("en;q=0.8,zh;q=0.9", chinese),
        ("en-US,zh;q=0.9", english),
        ("微", english),
    ] {
        let request = Request::post(&url).header("content-type", "application/json");
        let request = request.header("accept-language", languages).body("{}".to_owned()).unwrap();
        let answer = bundle.send(request).await;
        let problem = answer.problem(400, "invalid-input");
        assert_eq!(problem["title"], title, "{languages}");
        assert_eq!(problem["detail"], detail, "{languages}");
        assert_eq!(answer.header("content-language"), language);
        assert_eq!(answer.header("vary"), "accept-language");
    }
    // A direct invocation has no header, and no language.
    let problem = bundle.invoke("auth-code2session", json!({})).await.unwrap_err();
    assert_eq!(problem["title"], "An input is not valid");
    // What nothing answers speaks both languages too.
    let request = Request::get(format!("{}/nothing", bundle.stack.url));
    let request = request.header("accept-language", "zh-CN").body(String::new()).unwrap();
    let problem = bundle.send(request).await.problem(404, "not-found");
    assert_eq!(problem["detail"], "此处没有内容；可用的接口见 /openapi.json。");
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

    // What browsers send without a preflight.
    let input = json!({ "js_code": bundle.code("alice") }).to_string();
    assert_eq!(send("text/plain;charset=UTF-8", &input).await.status, 200);
    assert_eq!(bundle.calls("/sns/jscode2session"), 1);

    let nothing = bundle.get("/nothing").await;
    nothing.problem(404, "not-found");
    assert_eq!(nothing.json()["request_id"].as_str().unwrap().len(), 36);
    assert_eq!(nothing.header("access-control-allow-origin"), "*");
    // More than Lambda itself takes.
    let huge = send("application/json", &"x".repeat((6 << 20) + 1)).await;
    huge.problem(413, "body-too-large");
    assert_eq!(huge.json()["request_id"].as_str().unwrap().len(), 36);
    assert_eq!(huge.header("access-control-allow-origin"), "*");
    assert_eq!(bundle.calls("/sns/jscode2session"), 1);
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
async fn pages_may_call_from_any_port_of_this_machine() {
    let bundle = Bundle::start().await;
    let preflight = Request::options(format!("{}/auth/code2Session", bundle.stack.url))
        .header("origin", "http://localhost:5173");
    let answer = bundle.send(preflight.body(String::new()).unwrap()).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
}

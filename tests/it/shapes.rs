//! The two shapes of an invocation: whatever an HTTP caller sends, it is never taken for a
//! service, and whatever a service sends, never for HTTP.

use proptest::{collection, prelude::*};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::{
    Access, AccountKind, App, Caller, Clock, Handler, Http, Log, Operation, Result, Uses,
    config::Config,
    invoke::{Invocation, Outcome, invoke},
    transport::Transport,
};
use tokio::runtime::Runtime;

/// Answers every service, and nobody else.
#[derive(Deserialize, JsonSchema)]
struct Closed {}

#[derive(Serialize, JsonSchema)]
struct Opened {}

impl Operation for Closed {
    const ID: &'static str = "test.closed";
    const HTTP: Http = Http::GET_OR_POST;
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = "{}";
    type Uses = ();
    type Output = Opened;

    async fn run(self, (): Uses<'_, Self>, _: &Caller) -> Result<Opened> {
        Ok(Opened {})
    }
}

struct Function {
    app: App,
    runtime: Runtime,
}

impl Function {
    fn new(edge_only: &str) -> Function {
        let config = Config::read(
            |name| {
                let value = match name {
                    "TABLE_NAME" => "wechat",
                    "WECHAT_APPS" => {
                        r#"[{"appid":"wx01","kind":"mini_program","secret":{"ssm":"/wx01"}}]"#
                    }
                    "EDGE_ONLY" => edge_only,
                    "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "none",
                    _ => return None,
                };
                Some(value.to_owned())
            },
            &[],
        );
        let app = App::new(
            config.unwrap(),
            Transport::new(None).unwrap(),
            Clock::frozen(crate::NOON),
            Log::to(|_| {}),
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Function { app, runtime }
    }

    fn invoke(&self, event: &str) -> Outcome {
        let invocation = Invocation {
            request_id: "1".to_owned(),
            cold_start: false,
            deadline: None,
            xray_trace_id: None,
        };
        let handler = Handler::of::<Closed>();
        self.runtime.block_on(invoke(&handler, &self.app, event.as_bytes(), &invocation))
    }

    /// The status an HTTP event is answered with; `None` if it was not taken for one.
    fn status(&self, event: &str) -> Option<u16> {
        match self.invoke(event) {
            Outcome::Http(response) => Some(response.status_code),
            _ => None,
        }
    }
}

/// Names that mean something in one shape or the other, and any other text.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "requestContext",
        "http",
        "method",
        "authorizer",
        "iam",
        "headers",
        "body",
        "version",
        "rawQueryString",
        "isBase64Encoded",
        "domainName",
        "appid",
        "openid",
    ];
    prop_oneof![proptest::sample::select(known.to_vec()).prop_map(str::to_owned), "\\PC{0,8}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(vec!["GET", "POST", "wx01"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            any_object(inner).prop_map(Value::Object),
        ]
    })
}

fn any_object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    collection::vec((name(), value), 0..6).prop_map(|members| members.into_iter().collect())
}

/// What a caller can put into a body: among others, events that would be a service's.
fn body() -> impl Strategy<Value = String> {
    let signed = json!({ "requestContext": { "http": { "method": "POST" }, "authorizer": { "iam": {} } }, "body": "{}" });
    prop_oneof![
        any::<String>(),
        any_json().prop_map(|json| json.to_string()),
        Just("{}".to_owned()),
        Just(signed.to_string()),
    ]
}

prop_compose! {
    /// A request as a function URL or an HTTP API hands it over.
    fn request()(
        body in body(),
        is_base64 in any::<bool>(),
        method in "GET|POST|PUT|HEAD|[A-Z]{1,9}",
        query in "\\PC{0,30}",
        headers in collection::hash_map(
            prop_oneof![
                proptest::sample::select(vec!["authorization", "content-type", "host", "x-request-id"])
                    .prop_map(str::to_owned),
                "[a-z-]{1,12}",
            ],
            any::<String>(),
            0..5,
        ),
        domain in "[a-z0-9]{1,20}\\.(lambda-url\\.ap-east-1\\.on\\.aws|example\\.cn)",
    ) -> Value {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": query,
            "headers": headers, "body": body, "isBase64Encoded": is_base64,
            "requestContext": { "domainName": domain, "http": { "method": method, "path": "/" } },
        })
    }
}

#[test]
fn what_an_http_caller_sends_is_never_a_services() {
    let function = Function::new("false");
    proptest!(|(request in request())| {
        let status = function.status(&request.to_string());
        prop_assert!(status.is_some_and(|status| (400..500).contains(&status)), "{status:?}");
    });
}

#[test]
fn an_http_event_that_cannot_be_read_is_refused_and_no_services() {
    let function = Function::new("false");
    let parts = [
        "/headers",
        "/body",
        "/isBase64Encoded",
        "/rawQueryString",
        "/requestContext/http",
        "/requestContext/http/method",
        "/requestContext/domainName",
        "/requestContext",
    ];
    proptest!(|(request in request(), part in proptest::sample::select(parts.to_vec()), wrong in any_json())| {
        // That AWS says it is a service's is what makes it one.
        prop_assume!(!wrong.to_string().contains("iam"));
        let mut request = request;
        *request.pointer_mut(part).unwrap() = wrong;
        let status = function.status(&request.to_string());
        prop_assert!(status.is_some_and(|status| (400..500).contains(&status)), "{status:?}");
    });
    // Half of a surrogate pair is JSON, but no text.
    let event = r#"{"body":"\ud800","requestContext":{"http":{"method":"POST"}}}"#;
    assert_eq!(function.status(event), Some(400));
    let twice = r#"{"requestContext":{"http":{"method":"POST"}},"requestContext":{}}"#;
    assert_eq!(function.status(twice), Some(400));
}

#[test]
fn what_a_service_sends_is_never_http() {
    let function = Function::new("true");
    proptest!(|(input in any_json())| {
        prop_assume!(input.get("requestContext").is_none());
        prop_assert_eq!(function.status(&input.to_string()), None);
    });
    assert!(matches!(function.invoke("{}"), Outcome::Output(_)));
}

#[test]
fn edge_only_refuses_function_urls_and_nothing_else() {
    let (open, edge_only) = (Function::new("false"), Function::new("true"));
    proptest!(|(mut request in request(), signed in any::<bool>())| {
        if signed {
            request["requestContext"]["authorizer"] = json!({ "iam": { "userId": "back-end" } });
        }
        let direct = request["requestContext"]["domainName"].as_str().unwrap().ends_with(".on.aws");
        let request = request.to_string();
        let expected = if direct { Some(403) } else { open.status(&request) };
        prop_assert_eq!(edge_only.status(&request), expected);
    });
}

#[test]
fn an_event_of_another_shape_is_named_as_that() {
    let function = Function::new("false");
    let detail = |event: Value| match function.invoke(&event.to_string()) {
        Outcome::Http(response) => (response.status_code, response.body),
        other => panic!("{other:?}"),
    };
    let first = json!({
        "version": "1.0", "httpMethod": "POST", "multiValueHeaders": {}, "body": "{}",
        "requestContext": { "httpMethod": "POST", "identity": {} },
    });
    let balancer = json!({
        "httpMethod": "POST", "requestContext": { "elb": {} }, "headers": {}, "body": "",
    });
    // As another service of AWS has it.
    let other = json!({ "requestContext": { "routeKey": "$connect" }, "body": "{}" });
    for (event, name) in [
        (first, "payload format 1.0"),
        (balancer, "a load balancer's"),
        (other, "not a payload of version 2.0"),
    ] {
        let (status, body) = detail(event);
        assert_eq!(status, 400);
        assert!(body.contains("payload format 2.0"), "{body}");
        assert!(body.contains(name), "{body}");
    }
}

#[test]
fn nulls_of_an_event_are_absent() {
    let function = Function::new("false");
    let event = json!({
        "version": "2.0", "rawPath": null, "rawQueryString": null, "headers": null, "body": null,
        "isBase64Encoded": null,
        "requestContext": {
            "domainName": null, "authorizer": { "iam": { "userId": "back-end" } },
            "http": { "method": "POST", "sourceIp": null },
        },
    });
    assert_eq!(function.status(&event.to_string()), Some(200));
}

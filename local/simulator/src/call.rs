//! What an area of the simulator is written with: routes, the call to answer, and replies.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use http::{
    Method, Request, Response,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use hyper::body::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{Account, AccountKind, Simulator, surface};

/// What a route does with a call.
pub(super) type Answer = Result<Reply, Refusal>;

/// One interface of WeChat.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) path: &'static str,
    /// Calls per app and China day, unless the account says otherwise.
    pub(super) daily: u32,
    /// Calls per app and minute.
    pub(super) per_minute: Option<u32>,
    /// The kinds of apps that are granted it; none named means all of them.
    pub(super) kinds: &'static [AccountKind],
    /// `None`: the handler looks at it.
    method: Option<Method>,
    handler: fn(&Call) -> Answer,
}

impl Route {
    /// An interface that wants GET.
    pub(super) fn get(path: &'static str, handler: fn(&Call) -> Answer) -> Route {
        Route::new(Some(Method::GET), path, handler)
    }

    /// An interface that wants POST.
    pub(super) fn post(path: &'static str, handler: fn(&Call) -> Answer) -> Route {
        Route::new(Some(Method::POST), path, handler)
    }

    /// Interfaces of one path that want different methods.
    pub(super) fn any(path: &'static str, handler: fn(&Call) -> Answer) -> Route {
        Route::new(None, path, handler)
    }

    pub(super) fn daily(self, calls: u32) -> Route {
        Route { daily: calls, ..self }
    }

    pub(super) fn per_minute(self, calls: u32) -> Route {
        Route { per_minute: Some(calls), ..self }
    }

    /// Grants the interface to these kinds of apps alone.
    pub(super) fn only(self, kinds: &'static [AccountKind]) -> Route {
        Route { kinds, ..self }
    }

    pub(super) fn granted_to(&self, kind: AccountKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    fn new(method: Option<Method>, path: &'static str, handler: fn(&Call) -> Answer) -> Route {
        Route { path, daily: 50_000_000, per_minute: None, kinds: &[], method, handler }
    }
}

/// One request to WeChat, read to its end.
pub(super) struct Call<'a> {
    pub(super) simulator: &'a Simulator,
    pub(super) request: &'a Request<Bytes>,
    /// Who calls.
    pub(super) caller: IpAddr,
    query: Vec<(String, String)>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        simulator: &'a Simulator,
        request: &'a Request<Bytes>,
        caller: IpAddr,
    ) -> Call<'a> {
        let caller = caller.to_canonical();
        Call { simulator, request, caller, query: parse_query(request) }
    }

    pub(super) fn path(&self) -> &'a str {
        self.request.uri().path()
    }

    /// A parameter of the query. WeChat takes an empty one for a missing one.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let (_, value) = self.query.iter().find(|(key, _)| key == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Milliseconds since 1970 by WeChat's clock.
    pub(super) fn now_ms(&self) -> u64 {
        self.simulator.clock().now_ms()
    }

    /// The app that shows its secret. Does not count the call.
    pub(super) fn account_by_secret(
        &self,
        appid: &str,
        secret: &str,
    ) -> Result<Arc<Account>, Refusal> {
        let account = self.app(appid)?;
        if account.secret != secret {
            return Err(refuse(40125, "invalid appsecret"));
        }
        if account.secret_frozen {
            return Err(refuse(40243, "AppSecret has been frozen"));
        }
        Ok(account)
    }

    /// A parameter of the query that must be there.
    pub(super) fn required(
        &self,
        name: &str,
        code: i64,
        message: &'static str,
    ) -> Result<&str, Refusal> {
        self.query(name).ok_or(refuse(code, message))
    }

    /// The body as a JSON object of exactly these types: WeChat takes no `"true"` for `true`.
    /// Make a field optional whose absence has a code of its own.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body = self.request.body();
        if body.is_empty() {
            return Err(refuse(44002, "empty post data"));
        }
        // By way of a map, because serde would fill a struct from an array as well.
        serde_json::from_slice::<Map<String, Value>>(body)
            .and_then(|object| T::deserialize(Value::Object(object)))
            .map_err(|error| refuse(47001, format!("data format error hint: [{error}]")))
    }

    /// The route that answers.
    pub(super) fn route(&self) -> &'a Route {
        self.simulator.route(self.path()).expect("a handler runs for its route only")
    }

    /// Answers as WeChat would, were nothing in the way.
    pub(super) fn perform(&self) -> Reply {
        let (method, headers) = (self.request.method(), self.request.headers());
        if method == Method::POST && !headers.contains_key(CONTENT_LENGTH) {
            return Reply::length_required();
        }
        let answer = match self.simulator.route(self.path()) {
            None => Err(refuse(40066, "invalid url")),
            Some(Route { method: Some(Method::GET), .. }) if method != Method::GET => {
                Err(refuse(43001, "require GET method"))
            }
            Some(Route { method: Some(Method::POST), .. }) if method != Method::POST => {
                Err(refuse(43002, "require POST method"))
            }
            Some(route) => surface::scripted(self).unwrap_or_else(|| (route.handler)(self)),
        };
        answer.unwrap_or_else(|refusal| self.refusal(refusal))
    }

    /// Words a refusal the way this path does: `sns` puts a comma before the rid.
    pub(super) fn refusal(&self, Refusal { code, message }: Refusal) -> Reply {
        let comma = if self.path().starts_with("/sns/") { "," } else { "" };
        let errmsg = format!("{message}{comma} rid: {}", self.simulator.rid());
        Reply { errcode: Some(code), ..Reply::json(&json!({ "errcode": code, "errmsg": errmsg })) }
    }

    pub(super) fn app(&self, appid: &str) -> Result<Arc<Account>, Refusal> {
        self.simulator.account(appid).ok_or(refuse(40013, "invalid appid"))
    }
}

/// What WeChat answers with.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// `None`: JSON, labelled the way the path does.
    pub(super) content_type: Option<String>,
    /// Further headers.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    /// The verdict the body holds, for the journal.
    pub(super) errcode: Option<i64>,
    /// The connection breaks in the middle of the body.
    pub(super) truncated: bool,
}

impl Reply {
    /// JSON as it is, without an errcode: what token and `sns` interfaces answer.
    pub(super) fn json(value: &impl Serialize) -> Reply {
        Reply {
            status: 200,
            content_type: None,
            headers: Vec::new(),
            body: serde_json::to_vec(value).expect("a reply has string keys").into(),
            errcode: None,
            truncated: false,
        }
    }

    /// A JSON object with `"errcode":0,"errmsg":"ok"` added: what the other interfaces answer.
    pub(super) fn ok(mut value: Value) -> Reply {
        value["errcode"] = 0.into();
        value["errmsg"] = "ok".into();
        Reply { errcode: Some(0), ..Reply::json(&value) }
    }

    /// An image, a voice, a file.
    pub(super) fn binary(content_type: &str, body: impl Into<Bytes>) -> Reply {
        Reply::raw(200, content_type, body)
    }

    /// Any status and any bytes.
    pub(super) fn raw(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
        let content_type = Some(content_type.to_owned());
        Reply { status, content_type, body: body.into(), ..Reply::json(&()) }
    }

    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Reply {
        self.headers.push((name, value));
        self
    }

    /// The response of this reply, whole.
    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::builder().status(self.status);
        if let Some(content_type) = self.content_type {
            response = response.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response
            .body(self.body)
            .expect("areas write valid headers, and a fault's status was checked")
    }

    /// WeChat's front end wants to know how long a body is before it reads it.
    fn length_required() -> Reply {
        let page = "<html>\r\n<head><title>412 Precondition Failed</title></head>\r\n<body>\r\n\
                    <center><h1>412 Precondition Failed</h1></center>\r\n</body>\r\n</html>\r\n";
        Reply::raw(412, "text/html", page)
    }
}

/// A code other than 0, and the text before the rid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) message: Cow<'static, str>,
}

/// WeChat's answer to whatever it does not like.
pub(super) fn refuse(code: i64, message: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal { code, message: message.into() }
}

/// The query as pairs; never fails, as WeChat does not either.
pub(super) fn parse_query(request: &Request<Bytes>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, SECRET, errcode, simulator};

    #[test]
    fn the_wrong_method_is_refused() {
        let (_, simulator) = simulator();

        let post = simulator.post("/cgi-bin/token", "");
        let get = simulator.get("/cgi-bin/stable_token");

        assert_eq!((errcode(&post), errcode(&get)), (43001, 43002));
    }

    #[test]
    fn an_unknown_path_is_an_invalid_url() {
        assert_eq!(errcode(&simulator().1.get("/cgi-bin/tokens")), 40066);
    }

    #[test]
    fn a_post_must_tell_its_length() {
        let (_, simulator) = simulator();
        let request = Request::post("/cgi-bin/stable_token").body(Bytes::from("{}")).unwrap();

        let reply = Call::new(&simulator, &request, [127, 0, 0, 1].into()).perform();

        assert_eq!((reply.status, reply.errcode), (412, None));
        assert!(reply.body.starts_with(b"<html>"));
    }

    #[test]
    fn a_body_must_be_a_json_object_of_the_right_types() {
        let (_, simulator) = simulator();
        let code = |body: &str| errcode(&simulator.post("/cgi-bin/stable_token", body));

        assert_eq!(code(""), 44002);
        for body in ["appid=wx1", "[]", "[\"client_credential\"]", "\"x\"", "{\"appid\":1}"] {
            assert_eq!(code(body), 47001, "{body}");
        }
        let quoted = json!({
            "grant_type": "client_credential", "appid": MINI, "secret": SECRET,
            "force_refresh": "true",
        });
        assert_eq!(code(&quoted.to_string()), 47001);
    }

    #[test]
    fn errmsg_ends_with_a_rid_that_tells_the_time() {
        let (clock, simulator) = simulator();
        let time = format!("{:08x}-", clock.now());

        let cgi = simulator.get("/cgi-bin/token");
        let sns = simulator.get("/sns/jscode2session");

        let cgi = cgi["errmsg"].as_str().unwrap().strip_prefix("appid missing rid: ").unwrap();
        let sns = sns["errmsg"].as_str().unwrap().strip_prefix("appid missing, rid: ").unwrap();
        for rid in [cgi, sns] {
            assert!(rid.starts_with(&time) && rid.len() == 26, "{rid}");
        }
    }

    #[test]
    fn binary_replies_keep_their_bytes_and_type() {
        let reply = Reply::binary("image/jpeg", &b"\xff\xd8"[..]);

        assert_eq!(reply.content_type.as_deref(), Some("image/jpeg"));
        assert_eq!((reply.status, &reply.body[..]), (200, &b"\xff\xd8"[..]));
    }
}

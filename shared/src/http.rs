//! HTTP events: payload format 2.0 of Function URLs and HTTP APIs.

use std::{borrow::Cow, collections::HashMap, fmt};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use crate::{
    Access, App, Body, Error, File, Handler, Language, Method, Problem, Result,
    caller::Principal,
    input::{Input, RawRequest},
    message,
    piece::Piece,
    reply::Text,
};

/// A request as Lambda hands it over, most of it as it stands in the event.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpEvent<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    raw_path: Piece<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    raw_query_string: Piece<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    headers: Headers<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    body: Piece<'a>,
    #[serde(default, deserialize_with = "or_default")]
    is_base64_encoded: bool,
    #[serde(borrow)]
    request_context: RequestContext<'a>,
    /// What an event of another shape looks like, for a request that cannot be served.
    #[serde(skip)]
    unknown: Option<[&'static str; 2]>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    #[serde(borrow)]
    http: Http<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    domain_name: Piece<'a>,
    #[serde(default)]
    authorizer: Option<Authorizer>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    #[serde(borrow)]
    method: Piece<'a>,
    #[serde(borrow, default)]
    source_ip: Option<Piece<'a>>,
}

#[derive(Default)]
struct Headers<'a>(Vec<(Piece<'a>, Piece<'a>)>);

impl<'de> Deserialize<'de> for Headers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Headers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(24);
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Headers(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// Null is absent.
fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

#[derive(Deserialize)]
struct Authorizer {
    #[serde(default)]
    iam: Option<IgnoredAny>,
}

fn as_object<S: Serializer>(
    headers: &[(&'static str, Cow<'static, str>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
}

/// A response as Lambda takes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpResponse {
    /// The status.
    pub status_code: u16,
    /// Header names in lower case, and their values.
    #[serde(serialize_with = "as_object")]
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// Text, or base64.
    pub body: String,
    /// Whether the body is base64.
    pub is_base64_encoded: bool,
}

impl<'a> HttpEvent<'a> {
    /// The request in an event, `None` for a direct invocation.
    ///
    /// Only the service writes `requestContext`: what an HTTP caller sends is a text inside the
    /// event, so it cannot look like a direct invocation, nor the other way around.
    pub(crate) fn read(event: &'a [u8]) -> Option<HttpEvent<'a>> {
        // Its texts are known to be UTF-8, all at once.
        let event = str::from_utf8(event).ok()?;
        serde_json::from_str(event).ok().or_else(|| {
            let members: HashMap<String, IgnoredAny> = serde_json::from_str(event).ok()?;
            // Unreadable, but not a service's.
            members.contains_key("requestContext").then(|| {
                let shape = match () {
                    () if members.contains_key("multiValueHeaders")
                        || members.contains_key("httpMethod") =>
                    {
                        [
                            "payload format 1.0 of API Gateway, or a load balancer's",
                            "API Gateway 的 1.0 版载荷格式，或负载均衡器的格式",
                        ]
                    }
                    () => ["not a payload of version 2.0", "不是 2.0 版载荷格式"],
                };
                HttpEvent { unknown: Some(shape), ..HttpEvent::default() }
            })
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| &**value)
    }

    /// Where the request comes from; the service says it, not the client.
    pub(crate) fn address(&self) -> Option<&str> {
        self.request_context.http.source_ip.as_deref()
    }

    /// The language of its problems.
    fn language(&self) -> Language {
        self.header("accept-language").map(Language::preferred).unwrap_or_default()
    }

    /// The caller's own id for this request, if it is harmless in a log.
    pub(crate) fn correlation_id(&self) -> Option<&str> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        self.header("x-request-id")
            .filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(plain))
    }

    /// Whether it came by a Function URL: an HTTP API cannot pass a streamed answer on.
    pub(crate) fn by_function_url(&self) -> bool {
        // The service sets the domain name, so a client cannot choose it.
        self.request_context.domain_name.ends_with(".on.aws")
    }

    /// Authenticates the caller, then reads the input.
    pub(crate) async fn open(&self, handler: &Handler, app: &App) -> Result<(Principal, Input)> {
        if app.config.edge_only && self.by_function_url() {
            return Err(Error::new(
                Problem::Forbidden,
                [
                    "This deployment is reached through its own domain, not through this URL.",
                    "请通过本部署自己的域名访问，而不是此 URL。",
                ],
            ));
        }
        if let Some([shape, shape_zh]) = self.unknown {
            let detail = message!(
                "The event is {shape}; send payload format 2.0, as Function URLs and HTTP APIs do.",
                "事件格式不对（{shape_zh}），请使用函数 URL 和 HTTP API 的 2.0 版载荷格式。"
            );
            return Err(Error::new(Problem::MalformedBody, detail));
        }
        let method = &*self.request_context.http.method;
        let gets = match (method, handler.http.method) {
            ("GET" | "HEAD", Method::Get | Method::GetOrPost) => true,
            ("POST", Method::Post | Method::GetOrPost) => false,
            _ => {
                let allow = handler.http.method.allow();
                return Err(Error::new(
                    Problem::MethodNotAllowed,
                    [
                        format!("Use {}.", allow.replace(", ", " or ")),
                        format!("请使用 {}。", allow.replace(", ", " 或 ")),
                    ],
                ));
            }
        };
        let mut query = match gets && !handler.http.raw {
            true => Input::query(&self.raw_query_string)?,
            false => Input::default(),
        };
        let principal = self.principal(handler, app, gets, &mut query)?;
        let input = match gets {
            _ if handler.http.raw => self.raw(handler.http.body_limit)?,
            true => {
                if handler.http.serves(&self.raw_path) {
                    query.set("file", &self.raw_path);
                }
                query
            }
            false => self.body_input(handler).await?,
        };
        Ok((principal, input))
    }

    fn principal(
        &self,
        handler: &Handler,
        app: &App,
        gets: bool,
        query: &mut Input,
    ) -> Result<Principal> {
        let iam = self.request_context.authorizer.as_ref().is_some_and(|auth| auth.iam.is_some());
        if iam {
            return Ok(Principal::Service);
        }
        let bearer = self.header("authorization").and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        // `<image src>` cannot send a header.
        let in_query = match handler.access {
            Access::User if gets => query.take("session_token")?,
            _ => None,
        };
        handler.rules.authenticate(app, bearer.or(in_query).as_deref())
    }

    async fn body_input(&self, handler: &Handler) -> Result<Input> {
        let content_type = self.header("content-type").unwrap_or("application/json");
        let limit = handler.http.body_limit;
        if let Some(upload) = handler.upload.filter(|upload| upload.takes(content_type)) {
            let query = Input::query(&self.raw_query_string)?;
            return upload.read(content_type, query, self.body(limit)?.into_owned().into()).await;
        }
        check_content_type(content_type)?;
        handler.json(&self.body(limit)?)
    }

    /// The request as it came.
    fn raw(&self, limit: usize) -> Result<Input> {
        let headers = self
            .headers
            .0
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()));
        Ok(Input::raw(RawRequest {
            method: self.request_context.http.method.to_string(),
            path: self.raw_path.to_string(),
            query: self.raw_query_string.to_string(),
            headers: headers.collect(),
            body: self.body(limit)?.into_owned().into(),
        }))
    }

    /// The body's bytes; the limit is checked before base64 is decoded.
    fn body(&self, limit: usize) -> Result<Cow<'_, [u8]>> {
        let body = &*self.body;
        let too_large = || {
            let detail =
                message!("The body must be at most {limit} bytes.", "正文最多 {limit} 字节。");
            Error::new(Problem::BodyTooLarge, detail)
        };
        if !self.is_base64_encoded {
            let fits = body.len() <= limit;
            return if fits { Ok(body.as_bytes().into()) } else { Err(too_large()) };
        }
        if body.len() / 4 * 3 > limit + 3 {
            return Err(too_large());
        }
        let bytes = BASE64_STANDARD.decode(body).map_err(|_| {
            Error::new(Problem::MalformedBody, ["The body is not base64.", "正文不是 base64。"])
        })?;
        if bytes.len() <= limit { Ok(bytes.into()) } else { Err(too_large()) }
    }
}

/// Whether a body of this type is JSON.
fn check_content_type(content_type: &str) -> Result<()> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    // Browsers send text/plain without a preflight; the body is JSON all the same.
    let json = essence.eq_ignore_ascii_case("application/json")
        || essence.eq_ignore_ascii_case("text/plain");
    if json {
        return Ok(());
    }
    Err(Error::new(
        Problem::UnsupportedMediaType,
        [
            "Send JSON with `Content-Type: application/json`.",
            "请发送 JSON，并带上 `Content-Type: application/json`。",
        ],
    ))
}

impl HttpResponse {
    /// The response to a request that went well.
    pub(crate) fn success(body: Body, request_id: &str) -> HttpResponse {
        match body {
            Body::Json(json) => HttpResponse::new(200, "application/json".into(), json, request_id),
            Body::Text(Text { status, content_type, text }) => {
                HttpResponse::new(status, content_type.into(), text, request_id)
            }
            Body::File(file) => {
                let mut response = HttpResponse::head(&file, request_id);
                response.body = BASE64_STANDARD.encode(&file.bytes);
                response.is_base64_encoded = true;
                response
            }
        }
    }

    /// The same, its body apart and as plain bytes.
    pub(crate) fn streamed(body: Body, request_id: &str) -> (HttpResponse, Bytes) {
        match body {
            Body::Json(_) | Body::Text(_) => HttpResponse::success(body, request_id).split(),
            Body::File(file) => (HttpResponse::head(&file, request_id), file.bytes),
        }
    }

    /// A response whose body is text, and that body.
    pub(crate) fn split(mut self) -> (HttpResponse, Bytes) {
        let body = std::mem::take(&mut self.body).into();
        (self, body)
    }

    /// A file's response without the file.
    fn head(file: &File, request_id: &str) -> HttpResponse {
        let mut response =
            HttpResponse::new(200, file.content_type.clone().into(), String::new(), request_id);
        if let Some(name) = &file.name {
            let name: String = name
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
                .collect();
            response
                .headers
                .push(("content-disposition", format!("inline; filename=\"{name}\"").into()));
        }
        if let Some(num_used) = file.num_used {
            response.headers.push(("num-used", num_used.to_string().into()));
        }
        response
    }

    /// The response to a request that failed, in the language of the request.
    pub(crate) fn problem(
        error: &Error,
        request: &HttpEvent<'_>,
        handler: &Handler,
        request_id: &str,
    ) -> HttpResponse {
        let language = request.language();
        let document = error.document_in(language, request_id);
        let document = serde_json::Value::Object(document).to_string();
        let status = error.problem().status();
        let content_type = "application/problem+json".into();
        let mut response = HttpResponse::new(status, content_type, document, request_id);
        response.headers.push(("content-language", language.tag().into()));
        response.headers.push(("vary", "accept-language".into()));
        if let Some(seconds) = error.retry_after_seconds() {
            response.headers.push(("retry-after", seconds.to_string().into()));
        }
        match error.problem() {
            Problem::MethodNotAllowed => {
                response.headers.push(("allow", handler.http.method.allow().into()));
            }
            Problem::Unauthenticated => {
                response.headers.push(("www-authenticate", "Bearer".into()));
            }
            _ => {}
        }
        response
    }

    fn new(
        status: u16,
        content_type: Cow<'static, str>,
        body: String,
        request_id: &str,
    ) -> HttpResponse {
        let headers = vec![
            ("content-type", content_type),
            ("cache-control", "no-store".into()),
            ("x-content-type-options", "nosniff".into()),
            ("x-request-id", request_id.to_owned().into()),
        ];
        HttpResponse { status_code: status, headers, body, is_base64_encoded: false }
    }
}

//! A call to APIv3: what is checked in which order, and how it is answered.
//!
//! WeChat: [the authentication of requests][doc], [error codes][codes]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4012365336
//! [codes]: https://pay.weixin.qq.com/doc/v3/merchant/4012068828

use http::{HeaderMap, Method, Request, header};
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::{
    Pay, PayFault, State, bills,
    fields::{self, Complaint, Field},
    keys::SigningKey,
    orders, refunds,
};
use crate::{Dropped, Reply, call::parse_query};

/// An answer: a status and JSON, or nothing, or a file.
pub(super) enum Answer {
    /// 200 with JSON.
    Json(Value),
    /// 204.
    Nothing,
    /// 200 with a file, which is not signed.
    File(Vec<u8>),
}

/// WeChat Pay's no.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    detail: Option<Value>,
}

/// A no.
pub(super) fn refuse(status: u16, code: &'static str, message: &str) -> Refusal {
    Refusal { status, code, message: message.to_owned(), detail: None }
}

impl From<Complaint> for Refusal {
    fn from(Complaint { field, value, issue }: Complaint) -> Refusal {
        let detail = json!({ "field": field, "value": value, "issue": issue, "location": "body" });
        Refusal { detail: Some(detail), ..refuse(400, "PARAM_ERROR", "参数错误") }
    }
}

/// What an interface is given: who calls, what the path names, the query and the body.
pub(super) struct Call<'a> {
    pub(super) mchid: &'a str,
    /// The variable parts of the path, decoded.
    pub(super) names: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Map<String, Value>,
    pub(super) now: u64,
}

impl Call<'_> {
    /// A parameter of the query that must be there.
    pub(super) fn query(&self, name: &str) -> Result<&str, Refusal> {
        self.optional(name).ok_or_else(|| {
            let detail = json!({ "field": name, "issue": "missing", "location": "query" });
            Refusal { detail: Some(detail), ..refuse(400, "PARAM_ERROR", "参数错误") }
        })
    }

    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        let (_, value) = self.query.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// A text of the body that was checked to be one, or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

type Handler = fn(&mut State, &Call) -> Result<Answer, Refusal>;

/// An interface: its method, its path with `*` for what varies, and the fields of its body.
struct Interface {
    method: Method,
    path: &'static str,
    fields: &'static [Field],
    run: Handler,
}

const INTERFACES: &[Interface] = &[
    post("/v3/pay/transactions/jsapi", fields::JSAPI, |s, c| orders::prepay(s, c, "JSAPI")),
    post("/v3/pay/transactions/app", fields::ANYBODY, |s, c| orders::prepay(s, c, "APP")),
    post("/v3/pay/transactions/h5", fields::H5, |s, c| orders::prepay(s, c, "MWEB")),
    post("/v3/pay/transactions/native", fields::ANYBODY, |s, c| orders::prepay(s, c, "NATIVE")),
    get("/v3/pay/transactions/id/*", orders::by_transaction),
    get("/v3/pay/transactions/out-trade-no/*", orders::by_number),
    post("/v3/pay/transactions/out-trade-no/*/close", fields::CLOSE, orders::close),
    post(REFUNDS, fields::REFUND, refunds::refund),
    get("/v3/refund/domestic/refunds/*", refunds::query),
    get(CERTIFICATES, |_, _| Ok(Answer::Nothing)),
    get("/v3/bill/tradebill", bills::trade),
    get("/v3/bill/fundflowbill", bills::fund_flow),
    get("/v3/billdownload/file", bills::download),
];

const CERTIFICATES: &str = "/v3/certificates";
const REFUNDS: &str = "/v3/refund/domestic/refunds";

const fn get(path: &'static str, run: Handler) -> Interface {
    Interface { method: Method::GET, path, fields: &[], run }
}

const fn post(path: &'static str, fields: &'static [Field], run: Handler) -> Interface {
    Interface { method: Method::POST, path, fields, run }
}

/// Answers, with whatever trouble there is.
pub(super) fn answer(pay: &Pay, request: &Request<Bytes>) -> Result<Reply, Dropped> {
    let (method, path) = (request.method(), request.uri().path());
    let form = INTERFACES.iter().map(|i| i.path).find(|form| names(form, path).is_some());
    let call = format!("{method} {}", form.unwrap_or("unknown"));
    *pay.state().calls.entry(call).or_default() += 1;
    let met = |fault| pay.state().faults.meet(fault);
    if met(PayFault::ApiDownApi2Up) {
        return Err(Dropped);
    }
    if met(PayFault::Html502) {
        return Ok(Reply::raw(502, "text/html", "<html><h1>502 Bad Gateway</h1></html>"));
    }
    if met(PayFault::SysErrorNotDone) {
        return Ok(error(pay, request, refuse(500, "SYSTEM_ERROR", "系统错误")));
    }
    let is_refund = method == Method::POST && path == REFUNDS;
    let outcome = perform(pay, request);
    if is_refund && outcome.is_ok() && met(PayFault::RateLimitAccepted) {
        return Ok(error(pay, request, refuse(429, "FREQUENCY_LIMITED", "频率超限")));
    }
    if outcome.is_ok() && met(PayFault::SysErrorDone) {
        return Ok(error(pay, request, refuse(500, "SYSTEM_ERROR", "系统错误")));
    }
    if outcome.is_ok() && met(PayFault::LostResponse) {
        return Err(Dropped);
    }
    Ok(match outcome {
        Err(Failed::NoSuchPath) => Reply::raw(404, "application/json", ""),
        Err(Failed::WrongMethod) => Reply::raw(405, "application/json", ""),
        Err(Failed::Refused(refusal)) => error(pay, request, refusal),
        Ok(Answer::File(bytes)) => Reply::raw(200, "text/plain", bytes),
        Ok(Answer::Nothing) => signed(pay, request, 204, Vec::new()),
        Ok(Answer::Json(value)) => signed(pay, request, 200, value.to_string().into_bytes()),
    })
}

/// Why there is no answer.
enum Failed {
    NoSuchPath,
    WrongMethod,
    Refused(Refusal),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Failed {
        Failed::Refused(refusal)
    }
}

/// Checks in WeChat Pay's order, then acts.
fn perform(pay: &Pay, request: &Request<Bytes>) -> Result<Answer, Failed> {
    let path = request.uri().path();
    let here: Vec<(&Interface, Vec<String>)> = INTERFACES
        .iter()
        .filter_map(|interface| Some((interface, names(interface.path, path)?)))
        .collect();
    if here.is_empty() {
        return Err(Failed::NoSuchPath);
    }
    let (interface, names) = here
        .into_iter()
        .find(|(interface, _)| interface.method == request.method())
        .ok_or(Failed::WrongMethod)?;
    let headers = request.headers();
    check_front(path, headers)?;
    let now = pay.now();
    let mchid = authenticate(&mut pay.state(), request, now)?;
    let body = read_body(request, interface.fields)?;
    if body.get("mchid").is_some_and(|named| named != mchid.as_str()) {
        return Err(refuse(400, "PARAM_ERROR", "商户号与签名信息不一致").into());
    }
    if path == CERTIFICATES {
        return Ok(certificates(pay, &mchid)?);
    }
    let query = parse_query(request);
    let call = Call { mchid: &mchid, names, query, body, now };
    if path.starts_with("/v3/pay/transactions/") && request.method() == Method::GET {
        let named = call.query("mchid")?;
        if named != mchid {
            return Err(refuse(400, "PARAM_ERROR", "商户号与签名信息不一致").into());
        }
    }
    Ok((interface.run)(&mut pay.state(), &call)?)
}

/// The variable parts of a path that has this form.
fn names(form: &str, path: &str) -> Option<Vec<String>> {
    let (mut form, mut path) = (form.split('/'), path.split('/'));
    let mut names = Vec::new();
    loop {
        match (form.next(), path.next()) {
            (None, None) => return Some(names),
            (Some("*"), Some(name)) if !name.is_empty() => {
                names.push(percent_decode_str(name).decode_utf8().ok()?.into_owned());
            }
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => return None,
        }
    }
}

/// What the front end wants before it looks at who calls.
fn check_front(path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let is_pay = path.starts_with("/v3/pay/");
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_pay && (text(header::ACCEPT).is_empty() || text(header::USER_AGENT).is_empty()) {
        return Err(refuse(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent"));
    }
    let language = text(header::ACCEPT_LANGUAGE);
    if !language.is_empty() && !["en", "zh-CN", "zh-HK", "zh-TW"].contains(&language) {
        return Err(refuse(406, "PARAM_ERROR", "Accept-Language不支持"));
    }
    Ok(())
}

/// Who calls, if the signature proves it.
fn authenticate(state: &mut State, request: &Request<Bytes>, now: u64) -> Result<String, Refusal> {
    let deny = |message| refuse(401, "SIGN_ERROR", message);
    let value = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let Some(value) = value else {
        return Err(deny(if request.uri().path().starts_with("/v3/pay/") {
            "签名信息错误，验签失败"
        } else {
            "Http头Authorization值格式错误"
        }));
    };
    let (scheme, rest) =
        value.split_once(' ').ok_or_else(|| deny("Http头Authorization值格式错误"))?;
    if scheme != "WECHATPAY2-SHA256-RSA2048" {
        return Err(deny("HTTP头Authorization认证类型不正确"));
    }
    let pairs: Option<Vec<(&str, &str)>> = rest
        .split(',')
        .map(|pair| {
            let (name, quoted) = pair.split_once('=')?;
            Some((name, quoted.strip_prefix('"')?.strip_suffix('"')?))
        })
        .collect();
    let pairs = pairs.filter(|pairs| pairs.len() == 5);
    let pairs = pairs.ok_or_else(|| deny("Http头Authorization值格式错误"))?;
    let part = |wanted: &str| {
        let found = pairs.iter().find(|(name, value)| *name == wanted && !value.is_empty());
        found.map(|(_, v)| *v).ok_or_else(|| deny("Http头Authorization值格式错误"))
    };
    let (mchid, nonce, timestamp) = (part("mchid")?, part("nonce_str")?, part("timestamp")?);
    let (serial, signature) = (part("serial_no")?, part("signature")?);
    let alphanumeric = nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if nonce.len() > 32 || !alphanumeric {
        return Err(deny("Http头Authorization值格式错误"));
    }
    let at: u64 = timestamp.parse().map_err(|_| deny("Http头Authorization值格式错误"))?;
    if at.abs_diff(state.faults.skewed(now)) > 300 {
        return Err(deny("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"));
    }
    let merchant = state.merchant(mchid).filter(|merchant| merchant.serial_no == serial);
    let merchant = merchant.ok_or_else(|| deny("商户证书序列号有误"))?;
    let url = request.uri().path_and_query().map_or("/", |url| url.as_str());
    let head = format!("{}\n{url}\n{timestamp}\n{nonce}\n", request.method());
    let message = [head.as_bytes(), request.body(), b"\n"].concat();
    if !merchant.key.verifies(&message, signature) {
        return Err(deny("签名错误"));
    }
    Ok(mchid.to_owned())
}

/// The body as an object with exactly these fields.
fn read_body(request: &Request<Bytes>, fields: &[Field]) -> Result<Map<String, Value>, Refusal> {
    if request.method() == Method::GET {
        return Ok(Map::new());
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let message = "Http头Content-Type必须为application/json";
        return Err(refuse(400, "INVALID_REQUEST", message));
    }
    let text = str::from_utf8(request.body());
    let text = text.map_err(|_| refuse(400, "INVALID_REQUEST", "请求体不是UTF-8"))?;
    if text.chars().any(|letter| letter.len_utf8() > 3) {
        return Err(refuse(400, "INVALID_REQUEST", "请求体含有4字节字符"));
    }
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| refuse(400, "PARAM_ERROR", "JSON格式错误"))?;
    fields::check(&object, fields)?;
    Ok(object)
}

/// The certificates, encrypted one by one.
fn certificates(pay: &Pay, mchid: &str) -> Result<Answer, Refusal> {
    let mut state = pay.state();
    if state.faults.meet(PayFault::NoPlatformCert) {
        let message = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥";
        return Err(refuse(404, "RESOURCE_NOT_EXISTS", message));
    }
    let apiv3_key = state.merchant(mchid).map(|m| m.apiv3_key.clone()).unwrap_or_default();
    let mut listed = |key: &SigningKey, from: &str, until: &str| {
        let nonce = format!("{:012}", state.next_id());
        let sealed = super::keys::seal(&apiv3_key, &nonce, "certificate", key.pem.as_bytes());
        json!({
            "serial_no": key.serial, "effective_time": from, "expire_time": until,
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce,
                "associated_data": "certificate", "ciphertext": sealed,
            },
        })
    };
    let old = listed(&pay.0.old, "2021-01-01T08:00:00+08:00", "2031-01-01T08:00:00+08:00");
    let new = listed(&pay.0.new, "2026-01-01T08:00:00+08:00", "2036-01-01T08:00:00+08:00");
    Ok(Answer::Json(json!({ "data": [old, new] })))
}

/// An error: as a rule not signed.
fn error(pay: &Pay, request: &Request<Bytes>, refusal: Refusal) -> Reply {
    let Refusal { status, code, message, detail } = refusal;
    let mut state = pay.state();
    if state.faults.meet(PayFault::ErrorWithoutBody) {
        return Reply::raw(status, "application/json", "");
    }
    let code = if state.faults.meet(PayFault::OldCodeSpelling) {
        code.replace('_', "")
    } else {
        code.to_owned()
    };
    let signs = state.signed_errors;
    drop(state);
    let mut body = json!({ "code": code, "message": message });
    if let Some(detail) = detail {
        body["detail"] = detail;
    }
    let body = body.to_string().into_bytes();
    // What fails before the signature is checked is never signed.
    if signs && status != 401 {
        signed(pay, request, status, body)
    } else {
        Reply::raw(status, "application/json; charset=utf-8", body)
    }
}

/// An answer signed with the key the caller names, else with the certificate.
fn signed(pay: &Pay, request: &Request<Bytes>, status: u16, body: Vec<u8>) -> Reply {
    let named = request.headers().get("wechatpay-serial").and_then(|v| v.to_str().ok());
    let mut state = pay.state();
    // A merchant without certificates has a public key only.
    let has_none = state.faults.stands(PayFault::NoPlatformCert);
    let locked =
        request.uri().path() == CERTIFICATES && state.faults.stands(PayFault::RotationSelflock);
    let key = match named {
        Some(name) if name == pay.0.public_key.serial && !locked => &pay.0.public_key,
        Some(name) if name == pay.0.new.serial => &pay.0.new,
        _ if has_none => &pay.0.public_key,
        _ => pay.certificate(&mut state.faults),
    };
    let probe = state.faults.meet(PayFault::SigntestResponse);
    let at = state.faults.skewed(pay.now());
    let nonce = format!("{:032x}", state.next_id());
    drop(state);
    let mut reply = Reply::raw(status, "application/json; charset=utf-8", body);
    reply.headers = signature_headers(key, at, &nonce, &reply.body, probe);
    reply.with_header("Request-ID", format!("{nonce}-0"))
}

/// The headers that prove a message, or probe whether anybody checks.
pub(super) fn signature_headers(
    key: &SigningKey,
    at: u64,
    nonce: &str,
    body: &[u8],
    probe: bool,
) -> Vec<(&'static str, String)> {
    let mut signature = key.sign(&at.to_string(), nonce, body);
    if probe {
        signature = format!("WECHATPAY/SIGNTEST/{}", &signature[19..]);
    }
    vec![
        ("Wechatpay-Timestamp", at.to_string()),
        ("Wechatpay-Nonce", nonce.to_owned()),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Serial", key.serial.clone()),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
    ]
}

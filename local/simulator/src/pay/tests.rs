//! WeChat Pay as a merchant meets it.

use http::{Method, header};
use http_body_util::BodyExt;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;

const APPID: &str = "wx1111111111111111";
const NOTIFY_URL: &str = "https://pay.example.cn/pay/notify";
/// 2026-11-04 08:00 in China.
const START: u64 = 1_793_750_400;

macro_rules! vectors {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/vectors/pay/", $name))
    };
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A merchant that calls.
struct Shop {
    clock: Clock,
    pay: Pay,
    key: SigningKey,
}

fn shop() -> Shop {
    let clock = Clock::frozen(START);
    let pay = Pay::new(clock.clone(), &[APPID]);
    Shop { clock, pay, key: SigningKey::new(MERCHANT_SERIAL, "", MERCHANT_KEY) }
}

/// An answer: status, code or empty, and the whole JSON.
type Told = (u16, String, Value);

fn told(reply: Reply) -> Told {
    let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    (reply.status, json["code"].as_str().unwrap_or_default().to_owned(), json)
}

impl Shop {
    fn request(&self, method: &str, path: &str, body: &str) -> Request<Bytes> {
        self.request_at(method, path, body, self.clock.now())
    }

    fn request_at(&self, method: &str, path: &str, body: &str, at: u64) -> Request<Bytes> {
        let nonce = "0123456789abcdef0123456789ABCDEF";
        let message = format!("{method}\n{path}\n{at}\n{nonce}\n{body}\n");
        let signature = self.key.sign_message(message.as_bytes());
        let authorization = format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{DEMO_MCHID}",nonce_str="{nonce}",signature="{signature}",timestamp="{at}",serial_no="{MERCHANT_SERIAL}""#
        );
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "shop")
            .header(header::CONTENT_TYPE, "application/json")
            .header("wechatpay-serial", PUBLIC_KEY_ID)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap()
    }

    fn send(&self, request: &Request<Bytes>) -> Told {
        told(self.pay.answer(request).unwrap())
    }

    fn get(&self, path: &str) -> Told {
        self.send(&self.request("GET", path, ""))
    }

    fn post(&self, path: &str, body: &Value) -> Told {
        self.send(&self.request("POST", path, &body.to_string()))
    }

    fn order(&self, out_trade_no: &str) -> Told {
        self.post("/v3/pay/transactions/jsapi", &order(out_trade_no))
    }

    fn prepay_id(&self, out_trade_no: &str) -> String {
        let (status, _, answer) = self.order(out_trade_no);
        assert_eq!(status, 200, "{answer}");
        answer["prepay_id"].as_str().unwrap().to_owned()
    }

    fn paid(&self, out_trade_no: &str) -> Paid {
        let prepay_id = self.prepay_id(out_trade_no);
        self.pay.pay(&prepay_id, None, 0).unwrap()
    }

    fn state(&self, out_trade_no: &str) -> String {
        let path = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={DEMO_MCHID}");
        self.get(&path).2["trade_state"].as_str().unwrap_or_default().to_owned()
    }

    fn close(&self, out_trade_no: &str) -> Told {
        let path = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}/close");
        self.post(&path, &json!({ "mchid": DEMO_MCHID }))
    }

    fn refund(&self, out_refund_no: &str, out_trade_no: &str, amount: i64) -> Told {
        self.post(
            "/v3/refund/domestic/refunds",
            &json!({
                "out_trade_no": out_trade_no, "out_refund_no": out_refund_no,
                "notify_url": NOTIFY_URL,
                "amount": { "refund": amount, "total": 4999, "currency": "CNY" },
            }),
        )
    }
}

fn order(out_trade_no: &str) -> Value {
    json!({
        "appid": APPID, "mchid": DEMO_MCHID, "description": "季度蔬菜箱 A",
        "out_trade_no": out_trade_no, "notify_url": NOTIFY_URL, "attach": "k1",
        "amount": { "total": 4999, "currency": "CNY" }, "payer": { "openid": "oAlice" },
    })
}

#[test]
fn the_vectors_requests_pass_and_their_negatives_fail_as_they_say() {
    let config = read(vectors!("config.json"));
    let text = |name: &str| config[name].as_str().unwrap();
    let merchant = PayMerchant::new(
        text("mchid"),
        text("merchant_cert_serial"),
        vectors!("keys/merchant.pkcs8.pem"),
        text("apiv3_key"),
        &[text("appid"), text("appid_mobile_app")],
    )
    .unwrap();
    let key = SigningKey::new("", "", vectors!("keys/merchant.pkcs8.pem"));
    let vectors = read(vectors!("requests.json"));
    let send = |method: &str, url: &str, body: &str, authorization: &str, now: u64| {
        let pay = Pay::new(Clock::frozen(now), &[]);
        pay.add_merchant(merchant.clone());
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "test")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        told(pay.answer(&request).unwrap())
    };
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        let part = |name: &str| case[name].as_str().unwrap();
        let Some(authorization) = case["authorization"].as_str() else { continue };
        let (status, code, answer) =
            send(part("method"), part("url"), part("body"), authorization, START);
        assert_ne!((status, code.as_str()), (401, "SIGN_ERROR"), "{}: {answer}", case["id"]);
        if part("url").ends_with("/jsapi") || part("url").ends_with("/h5") {
            assert_eq!(status, 200, "{}: {answer}", case["id"]);
        }
    }
    let right = &cases[0];
    let part = |name: &str| right[name].as_str().unwrap();
    for case in vectors["simulator_negative"].as_array().unwrap() {
        let mut body = case["sent_body"].as_str().unwrap_or(part("body")).to_owned();
        let signature = match case["signature"].as_str() {
            Some(signature) => signature.to_owned(),
            None => {
                if case["sent_body"].is_null() {
                    body = body.replace(text("mchid"), "1999000002");
                }
                let head = format!("POST\n{}\n{START}\n{}\n", part("url"), part("nonce_str"));
                key.sign_message(format!("{head}{body}\n").as_bytes())
            }
        };
        let authorization = format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{}",nonce_str="{}",signature="{signature}",timestamp="{START}",serial_no="{}""#,
            text("mchid"),
            part("nonce_str"),
            text("merchant_cert_serial"),
        );
        let now = case["server_now"].as_u64().unwrap_or(START);
        let (status, code, answer) = send("POST", part("url"), &body, &authorization, now);
        let expected = (&case["expect"][0], &case["expect"][1]);
        assert_eq!((&json!(status), &json!(code)), expected, "{}: {answer}", case["id"]);
    }
}

#[test]
fn it_checks_in_wechat_pay_s_order() {
    let shop = shop();
    let with = |change: fn(&mut Request<Bytes>)| {
        let mut request =
            shop.request("POST", "/v3/refund/domestic/refunds", &json!({ "x": 1 }).to_string());
        change(&mut request);
        let (status, code, _) = shop.send(&request);
        (status, code)
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    fn drop_agent(request: &mut Request<Bytes>) {
        request.headers_mut().remove(header::USER_AGENT);
    }
    fn drop_authorization(request: &mut Request<Bytes>) {
        request.headers_mut().remove(header::AUTHORIZATION);
    }
    // Each request has every later fault as well.
    assert_eq!(with(|r| *r.uri_mut() = "/v3/nowhere".parse().unwrap()), is(404, ""));
    assert_eq!(with(|_| ()), is(400, "PARAM_ERROR"));
    assert_eq!(with(|r| *r.method_mut() = Method::PUT), is(405, ""));
    assert_eq!(
        with(|r| {
            drop_agent(r);
            drop_authorization(r);
        }),
        is(400, "INVALID_REQUEST")
    );
    assert_eq!(
        with(|r| {
            r.headers_mut().insert(header::ACCEPT_LANGUAGE, "*".parse().unwrap());
            drop_authorization(r);
        }),
        is(406, "PARAM_ERROR")
    );
    assert_eq!(with(drop_authorization), is(401, "SIGN_ERROR"));
    assert_eq!(with(|r| *r.body_mut() = Bytes::from("{}")), is(401, "SIGN_ERROR"));
    assert_eq!(
        with(|r| {
            r.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        }),
        is(400, "INVALID_REQUEST")
    );
    let path = "/v3/pay/transactions/jsapi";
    for (at, status) in
        [(START - 301, 401), (START - 300, 400), (START + 300, 400), (START + 301, 401)]
    {
        assert_eq!(shop.send(&shop.request_at("POST", path, "{}", at)).0, status, "{at}");
    }
}

#[test]
fn a_field_that_breaks_a_rule_is_named() {
    let shop = shop();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut order = order("BOX0001");
        change(&mut order);
        let (status, code, answer) = shop.post("/v3/pay/transactions/jsapi", &order);
        assert_eq!((status, code.as_str()), (400, "PARAM_ERROR"), "{order}: {answer}");
        answer["detail"]["field"].as_str().unwrap_or_default().to_owned()
    };
    for total in [json!(0), json!(-1), json!(1.5), json!("1"), json!(1e30), Value::Null] {
        assert_eq!(refused(&|order| order["amount"]["total"] = total.clone()), "/amount/total");
    }
    assert_eq!(refused(&|order| order["amount"]["currency"] = json!("USD")), "/amount/currency");
    assert_eq!(refused(&|order| order["extra"] = json!(1)), "/extra");
    assert_eq!(refused(&|order| order["attach"] = Value::Null), "/attach");
    assert_eq!(refused(&|order| order["attach"] = json!("x".repeat(129))), "/attach");
    assert_eq!(refused(&|order| order["description"] = json!("")), "/description");
    assert_eq!(refused(&|order| order["out_trade_no"] = json!("short")), "/out_trade_no");
    assert_eq!(refused(&|order| order["out_trade_no"] = json!("BOX 0001")), "/out_trade_no");
    let with_query = json!("https://pay.example.cn/n?a=1");
    assert_eq!(refused(&|order| order["notify_url"] = with_query.clone()), "/notify_url");
    assert_eq!(refused(&|order| order["payer"] = json!({})), "/payer/openid");
    assert_eq!(refused(&|order| order["time_expire"] = json!("tomorrow")), "/time_expire");
    assert_eq!(refused(&|order| order["mchid"] = json!("1900000002")), "");
    let mut emoji = order("BOX0001");
    emoji["description"] = json!("🥕");
    assert_eq!(shop.post("/v3/pay/transactions/jsapi", &emoji).1, "INVALID_REQUEST");
    let mut app = order("BOX0001");
    assert_eq!(shop.post("/v3/pay/transactions/app", &app).2["detail"]["field"], "/payer");
    app["appid"] = json!("wx0000000000000000");
    assert_eq!(shop.post("/v3/pay/transactions/jsapi", &app).1, "APPID_MCHID_NOT_MATCH");
}

#[test]
fn answers_are_signed_with_the_key_that_is_asked_for() {
    let shop = shop();
    let mut request =
        shop.request("POST", "/v3/pay/transactions/jsapi", &order("BOX0001").to_string());
    let serial = |request: &Request<Bytes>| {
        let reply = shop.pay.answer(request).unwrap();
        let header = |wanted: &str| {
            let (_, value) = reply.headers.iter().find(|(name, _)| *name == wanted).unwrap();
            value.clone()
        };
        let key = [&shop.pay.0.public_key, &shop.pay.0.old]
            .into_iter()
            .find(|key| key.serial == header("Wechatpay-Serial"))
            .unwrap();
        let (at, nonce) = (header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));
        assert_eq!(header("Wechatpay-Signature"), key.sign(&at, &nonce, &reply.body));
        key.serial.clone()
    };
    assert_eq!(serial(&request), PUBLIC_KEY_ID);
    request.headers_mut().remove("wechatpay-serial");
    assert_eq!(serial(&request), OLD_SERIAL);
    // An error is not signed, unless that is wished.
    let missing = shop.request("GET", "/v3/refund/domestic/refunds/R1", "");
    assert!(shop.pay.answer(&missing).unwrap().headers.is_empty());
    shop.pay.sign_errors(true);
    assert!(!shop.pay.answer(&missing).unwrap().headers.is_empty());
}

#[test]
fn a_rotation_and_a_merchant_without_certificates_are_signed_accordingly() {
    let shop = shop();
    let serial = |path: &str, names_key: bool| {
        let mut request = shop.request("GET", path, "");
        if !names_key {
            request.headers_mut().remove("wechatpay-serial");
        }
        let reply = shop.pay.answer(&request).unwrap();
        let found = reply.headers.iter().find(|(name, _)| *name == "Wechatpay-Serial");
        found.map(|(_, serial)| serial.clone())
    };
    shop.order("BOX0001");
    let order = format!("/v3/pay/transactions/out-trade-no/BOX0001?mchid={DEMO_MCHID}");
    for (fault, unnamed, certificates) in [
        (None, OLD_SERIAL, Some(PUBLIC_KEY_ID)),
        (Some(PayFault::RotationSelflock), NEW_SERIAL, Some(NEW_SERIAL)),
        (Some(PayFault::NoPlatformCert), PUBLIC_KEY_ID, None),
    ] {
        shop.pay.clear_faults();
        fault.into_iter().for_each(|fault| shop.pay.fault(fault, None));
        assert_eq!(serial(&order, true).as_deref(), Some(PUBLIC_KEY_ID), "{fault:?}");
        assert_eq!(serial(&order, false).as_deref(), Some(unnamed), "{fault:?}");
        assert_eq!(serial("/v3/certificates", true).as_deref(), certificates, "{fault:?}");
    }
}

#[test]
fn a_fault_ends_with_its_times_and_is_counted() {
    let shop = shop();
    shop.pay.fault(PayFault::ClockSkew(400), Some(2));
    shop.pay.fault(PayFault::LostResponse, Some(0));
    let faults = |what: &str| shop.pay.overview()[what].clone();
    let skewed = |times: u32| json!([{ "fault": { "clock_skew": 400 }, "times": times }]);
    assert_eq!((faults("faults"), faults("met")), (skewed(2), json!([])));
    assert_eq!(shop.order("BOX0001").0, 401);
    assert_eq!((faults("faults"), faults("met")), (skewed(1), skewed(1)));
    assert_eq!(shop.order("BOX0001").0, 401);
    assert_eq!(shop.order("BOX0001").0, 200);
    assert_eq!((faults("faults"), faults("met")), (json!([]), skewed(2)));
    assert_eq!(shop.pay.met(PayFault::ClockSkew(400)), 2);
    assert_eq!(shop.pay.met(PayFault::LostResponse), 0);
}

#[test]
fn merchants_and_codes_do_not_mix() {
    let shop = shop();
    // A code is replaced by every repeat, and the old one opens nothing.
    let native = |number: &str| {
        let mut order = order(number);
        order.as_object_mut().unwrap().remove("payer");
        assert_eq!(shop.post("/v3/pay/transactions/native", &order).0, 200);
        let overview = shop.pay.overview();
        overview["orders"][0]["prepay_id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (native("BOX0001"), native("BOX0001"));
    assert_ne!(first, second);
    assert_eq!(shop.pay.pay(&first, None, 0), Err("订单不存在".to_owned()));
    let paid = shop.pay.pay(&second, None, 0).unwrap();
    // The same numbers at another merchant are another order's and another refund's.
    let other =
        PayMerchant::new("1900000002", MERCHANT_SERIAL, MERCHANT_KEY, DEMO_API_V3_KEY, &[APPID]);
    shop.pay.add_merchant(other.unwrap());
    assert_eq!(shop.refund("R1", "BOX0001", 4999).0, 200);
    let call = |method: &str, path: &str, body: &str| {
        let mut request = shop.request(method, path, body);
        let signed = request.headers()[header::AUTHORIZATION].to_str().unwrap();
        let theirs = signed.replace(DEMO_MCHID, "1900000002").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, theirs);
        shop.send(&request)
    };
    let path = "/v3/pay/transactions/out-trade-no/BOX0001?mchid=1900000002";
    assert_eq!(call("GET", path, "").1, "ORDER_NOT_EXIST");
    let path = format!("/v3/pay/transactions/id/{}?mchid=1900000002", paid.transaction_id);
    assert_eq!(call("GET", &path, "").1, "ORDER_NOT_EXIST");
    assert_eq!(call("GET", "/v3/refund/domestic/refunds/R1", "").1, "RESOURCE_NOT_EXISTS");
    let mut theirs = order("BOX0001");
    theirs["mchid"] = json!("1900000002");
    assert_eq!(call("POST", "/v3/pay/transactions/jsapi", &theirs.to_string()).0, 200);
    assert_eq!(
        call("GET", "/v3/pay/transactions/out-trade-no/BOX0001?mchid=1900000002", "").0,
        200
    );
}

#[test]
fn an_order_lives_from_the_first_call_to_the_refund() {
    let shop = shop();
    let first = shop.prepay_id("BOX0001");
    assert_eq!(shop.prepay_id("BOX0001"), first);
    let mut other = order("BOX0001");
    other["amount"]["total"] = json!(1);
    assert_eq!(shop.post("/v3/pay/transactions/jsapi", &other).1, "OUT_TRADE_NO_USED");
    assert_eq!(shop.state("BOX0001"), "NOTPAY");
    shop.clock.advance(std::time::Duration::from_secs(2 * 3600));
    assert!(shop.pay.pay(&first, None, 0).is_err(), "a prepay_id is good for two hours");
    let second = shop.prepay_id("BOX0001");
    assert_ne!(second, first);
    assert!(shop.pay.pay(&second, Some("oBob"), 0).is_err(), "another user's order");
    let paid = shop.pay.pay(&second, Some("oAlice"), 500).unwrap();
    assert!(shop.pay.pay(&second, None, 0).is_err(), "nobody pays twice");
    let path = format!("/v3/pay/transactions/id/{}?mchid={DEMO_MCHID}", paid.transaction_id);
    let answer = shop.get(&path).2;
    assert_eq!(answer["amount"]["total"], 4999);
    assert_eq!(answer["amount"]["payer_total"], 4499);
    assert_eq!((&answer["attach"], &answer["trade_state"]), (&json!("k1"), &json!("SUCCESS")));
    assert_eq!(shop.order("BOX0001").1, "ORDER_PAID");
    assert_eq!(shop.close("BOX0001").1, "ORDER_PAID");

    assert_eq!(shop.refund("R1", "BOX0001", 5000).1, "INVALID_REQUEST");
    assert_eq!(shop.refund("R1", "BOX0001", 4000).2["status"], "PROCESSING");
    assert_eq!(shop.refund("R1", "BOX0001", 4000).0, 200, "the same refund again");
    assert_eq!(shop.refund("R1", "BOX0001", 1).1, "INVALID_REQUEST");
    assert_eq!(shop.refund("R2", "BOX0001", 1).1, "FREQUENCY_LIMITED");
    shop.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(shop.refund("R2", "BOX0001", 1000).1, "INVALID_REQUEST", "only 999 are left");
    assert_eq!(shop.get("/v3/refund/domestic/refunds/R1").2["status"], "SUCCESS");
    assert_eq!((shop.state("BOX0001").as_str(), shop.pay.balance()), ("REFUND", 999));
}

#[test]
fn a_closed_order_stays_closed_and_an_old_one_closes_by_itself() {
    let shop = shop();
    let prepay_id = shop.prepay_id("BOX0001");
    assert_eq!(shop.close("BOX0001").0, 204);
    assert_eq!(shop.close("BOX0001").0, 204, "closing is re-entrant");
    assert!(shop.pay.pay(&prepay_id, None, 0).is_err());
    assert_eq!(shop.order("BOX0001").1, "ORDER_CLOSED");
    assert_eq!(shop.close("BOX0009").1, "ORDER_NOT_EXIST");
    shop.order("BOX0002");
    shop.clock.advance(std::time::Duration::from_secs(7 * 86_400));
    assert_eq!(shop.state("BOX0002"), "CLOSED");
}

#[test]
fn a_client_is_let_to_the_cashier_with_a_true_signature_only() {
    let shop = shop();
    let prepay_id = shop.prepay_id("BOX0001");
    let package = format!("prepay_id={prepay_id}");
    let sign =
        |package: &str| shop.key.sign_message(format!("{APPID}\n1\nn\n{package}\n").as_bytes());
    let given = json!({
        "timestamp": "1", "nonceStr": "n", "package": package, "signType": "RSA",
        "paySign": sign(&package),
    });
    assert_eq!(shop.pay.open_cashier(APPID, &given), Ok(prepay_id.clone()));
    assert!(shop.pay.open_cashier("wx2222222222222222", &given).is_err());
    for (name, value) in
        [("paySign", sign(&prepay_id)), ("signType", "MD5".to_owned()), ("package", prepay_id)]
    {
        let mut wrong = given.clone();
        wrong[name] = json!(value);
        assert!(shop.pay.open_cashier(APPID, &wrong).is_err(), "{name}");
    }
}

#[test]
fn a_bill_lists_yesterday_and_its_digest_fits() {
    let shop = shop();
    shop.paid("BOX0001");
    let path = "/v3/bill/tradebill?bill_date=2026-11-04&bill_type=ALL";
    assert_eq!(shop.get(path).1, "PARAM_ERROR", "today has no bill yet");
    shop.clock.advance(std::time::Duration::from_secs(24 * 3600));
    assert_eq!(shop.get(path).1, "STATEMENT_CREATING");
    shop.clock.advance(std::time::Duration::from_secs(2 * 3600));
    let answer = shop.get(path).2;
    let url = answer["download_url"].as_str().unwrap();
    let url = url.strip_prefix("https://api.mch.weixin.qq.com").unwrap();
    let reply = shop.pay.answer(&shop.request("GET", url, "")).unwrap();
    assert!(reply.headers.is_empty(), "a file is not signed");
    assert_eq!(model::crypto::sha1_hex(&reply.body), answer["hash_value"].as_str().unwrap());
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 4, "{text}");
    assert_eq!(rows[0].split(',').count(), rows[1].split(',').count());
    assert!(rows[1].contains("`BOX0001") && rows[1].contains("`49.99"), "{text}");
    let empty = "/v3/bill/tradebill?bill_date=2026-11-03";
    assert_eq!(shop.get(empty).1, "NO_STATEMENT_EXIST");
    assert_eq!(shop.get("/v3/bill/fundflowbill?bill_date=2026-11-04").0, 200);
    shop.clock.advance(std::time::Duration::from_secs(300));
    assert_eq!(shop.get(url).1, "INVALID_REQUEST", "a link is good for five minutes");
}

/// A merchant's door that answers with these statuses in turn, then 204, and keeps what came.
async fn door(statuses: Vec<u16>) -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/pay/notify", listener.local_addr().unwrap());
    let came = Arc::new(Mutex::new(Vec::new()));
    let (kept, statuses) = (Arc::clone(&came), Arc::new(Mutex::new(statuses)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (kept, statuses) = (Arc::clone(&kept), Arc::clone(&statuses));
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let (kept, statuses) = (Arc::clone(&kept), Arc::clone(&statuses));
                async move {
                    let serial = request.headers()["wechatpay-serial"].to_str().unwrap().to_owned();
                    let signature =
                        request.headers()["wechatpay-signature"].to_str().unwrap().to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let mut value: Value = serde_json::from_slice(&body).unwrap();
                    value["serial"] = json!(serial);
                    value["probe"] = json!(signature.starts_with("WECHATPAY/SIGNTEST/"));
                    lock(&kept).push(value);
                    let mut statuses = lock(&statuses);
                    let status = if statuses.is_empty() { 204 } else { statuses.remove(0) };
                    http::Response::builder()
                        .status(status)
                        .body(http_body_util::Empty::<Bytes>::new())
                }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        }
    });
    (url, came)
}

async fn pays_with(fault: Option<PayFault>, statuses: Vec<u16>) -> (Shop, Arc<Mutex<Vec<Value>>>) {
    let shop = shop();
    let (url, came) = door(statuses).await;
    let mut order = order("BOX0001");
    order["notify_url"] = json!(url);
    let answer = shop.post("/v3/pay/transactions/jsapi", &order).2;
    if let Some(fault) = fault {
        shop.pay.fault(fault, Some(1));
    }
    shop.pay.pay(answer["prepay_id"].as_str().unwrap(), None, 0).unwrap();
    (shop, came)
}

#[tokio::test]
async fn a_notification_is_repeated_by_the_table_until_it_is_taken() {
    let (shop, came) = pays_with(None, vec![401, 500, 500]).await;
    for (after, sent) in [(0, 1), (14, 1), (1, 2), (15, 3), (29, 3), (1, 4), (86_400, 4)] {
        shop.clock.advance(std::time::Duration::from_secs(after));
        shop.pay.deliver_due().await;
        assert_eq!(lock(&came).len(), sent, "{after} s later");
    }
    let came = lock(&came);
    assert!(came.iter().all(|one| one["id"] == came[0]["id"] && one["serial"] == PUBLIC_KEY_ID));
    assert_eq!(came[0]["event_type"], "TRANSACTION.SUCCESS");
}

#[tokio::test]
async fn a_notification_that_nobody_takes_ends_after_sixteen_attempts_in_a_day() {
    let (shop, came) = pays_with(None, vec![500; 100]).await;
    for _ in 0..(24 * 60 + 10) * 4 {
        shop.pay.deliver_due().await;
        shop.clock.advance(std::time::Duration::from_secs(15));
    }
    assert_eq!(lock(&came).len(), 16);
}

#[tokio::test]
async fn faults_of_notifications_are_what_they_say() {
    for (fault, after, sent) in [
        (PayFault::NotifyNever, 100_000, 0),
        (PayFault::NotifyLate, 25 * 3600 - 1, 0),
        (PayFault::NotifyLate, 25 * 3600, 1),
        (PayFault::NotifyTwice, 0, 2),
        (PayFault::NotifyNewId, 0, 2),
        (PayFault::SigntestNotify, 0, 1),
    ] {
        let (shop, came) = pays_with(Some(fault), vec![]).await;
        shop.clock.advance(std::time::Duration::from_secs(after));
        while shop.pay.deliver_due().await > 0 {}
        let came = lock(&came);
        assert_eq!(came.len(), sent, "{fault:?}");
        match fault {
            PayFault::NotifyTwice => assert_eq!(came[0]["id"], came[1]["id"]),
            PayFault::NotifyNewId => assert_ne!(came[0]["id"], came[1]["id"]),
            PayFault::SigntestNotify => assert_eq!(came[0]["probe"], true),
            _ => {}
        }
    }
    let (shop, came) = pays_with(Some(PayFault::SigntestNotify), vec![401]).await;
    shop.pay.deliver_due().await;
    shop.clock.advance(std::time::Duration::from_secs(15));
    shop.pay.deliver_due().await;
    let probes: Vec<Value> = lock(&came).iter().map(|one| one["probe"].clone()).collect();
    assert_eq!(probes, [json!(true), json!(false)]);
    let (_, came) = {
        let (shop, came) = pays_with(Some(PayFault::SerialSwitch(0)), vec![]).await;
        shop.pay.deliver_due().await;
        (shop, came)
    };
    assert_eq!(lock(&came)[0]["serial"], OLD_SERIAL);
}

#[test]
fn faults_of_answers_are_what_they_say() {
    let shop = shop();
    let once = |fault| shop.pay.fault(fault, Some(1));
    let request = |number: &str| {
        shop.request("POST", "/v3/pay/transactions/jsapi", &order(number).to_string())
    };

    once(PayFault::LostResponse);
    assert!(shop.pay.answer(&request("LOST0001")).is_err());
    assert_eq!(shop.state("LOST0001"), "NOTPAY", "it was done all the same");
    once(PayFault::SysErrorDone);
    assert_eq!(shop.order("DONE0001").0, 500);
    assert_eq!(shop.state("DONE0001"), "NOTPAY");
    once(PayFault::SysErrorNotDone);
    assert_eq!(shop.order("UNDONE01").0, 500);
    assert_eq!(shop.state("UNDONE01"), "");
    once(PayFault::ApiDownApi2Up);
    assert!(shop.pay.answer(&request("DOWN0001")).is_err());
    once(PayFault::Html502);
    assert_eq!(shop.order("HTML0001").0, 502);
    once(PayFault::SigntestResponse);
    let reply = shop.pay.answer(&request("SIGN0001")).unwrap();
    assert!(reply.headers[2].1.starts_with("WECHATPAY/SIGNTEST/"));
    once(PayFault::NotifyBeforePrepayAnswer);
    assert_eq!(shop.order("EARLY001").0, 200);
    assert_eq!(shop.state("EARLY001"), "SUCCESS");
    shop.order("RACE0001");
    once(PayFault::PayDuringClose);
    assert_eq!(shop.close("RACE0001").1, "ORDER_PAID");
    once(PayFault::OldCodeSpelling);
    assert_eq!(shop.close("RACE0001").1, "ORDERPAID");
    once(PayFault::ErrorWithoutBody);
    assert_eq!(shop.close("RACE0001"), (400, String::new(), Value::Null));
    once(PayFault::NoPlatformCert);
    assert_eq!(shop.get("/v3/certificates").1, "RESOURCE_NOT_EXISTS");
    assert_eq!(shop.get("/v3/certificates").2["data"].as_array().unwrap().len(), 2);
    once(PayFault::TwoAttemptsBothPaid);
    shop.paid("TWICE001");
    assert_eq!(shop.pay.balance(), 4 * 4999);
    once(PayFault::NotEnough);
    assert_eq!(shop.refund("R1", "TWICE001", 1).1, "NOT_ENOUGH");
    once(PayFault::RateLimitAccepted);
    assert_eq!(shop.refund("R1", "TWICE001", 1).0, 429);
    assert_eq!(shop.get("/v3/refund/domestic/refunds/R1").2["status"], "PROCESSING");
    once(PayFault::RefundAbnormal);
    shop.refund("R2", "RACE0001", 1);
    once(PayFault::RefundClosedAfter7d);
    shop.refund("R3", "EARLY001", 1);
    shop.clock.advance(std::time::Duration::from_secs(7 * 86_400));
    assert_eq!(shop.get("/v3/refund/domestic/refunds/R2").2["status"], "ABNORMAL");
    assert_eq!(shop.get("/v3/refund/domestic/refunds/R3").2["status"], "CLOSED");
    shop.pay.fault(PayFault::ClockSkew(400), None);
    assert_eq!(shop.order("SKEW0001").0, 401);
    shop.pay.clear_faults();
    assert_eq!(shop.order("SKEW0001").0, 200);
    for fault in [PayFault::BillMissingRow, PayFault::BillExtraRow, PayFault::BillAmountDiff] {
        once(fault);
        assert_eq!(shop.get("/v3/bill/tradebill?bill_date=2026-11-04").0, 200, "{fault:?}");
    }
    once(PayFault::BillCreating);
    assert_eq!(shop.get("/v3/bill/tradebill?bill_date=2026-11-04").1, "STATEMENT_CREATING");
}

#[test]
fn a_user_pays_cancels_fails_or_pays_twice() {
    for (does, outcome, money) in [
        (Does::Pays, "ok", 4999),
        (Does::Cancels, "cancel", 0),
        (Does::Fails, "fail 银行卡余额不足", 0),
        (Does::PaysTwice, "ok", 2 * 4999),
    ] {
        let shop = shop();
        let package = format!("prepay_id={}", shop.prepay_id("BOX0001"));
        let signed = shop.key.sign_message(format!("{APPID}\n1\nn\n{package}\n").as_bytes());
        let given = json!({
            "timeStamp": "1", "nonceStr": "n", "package": package, "signType": "RSA",
            "paySign": signed,
        });
        shop.pay.users_do(does);
        assert_eq!(shop.pay.client_pays(APPID, "oAlice", &given), outcome);
        assert_eq!(shop.pay.balance(), money, "{does:?}");
        assert_ne!(shop.pay.client_pays(APPID, "oBob", &given), "ok", "another user's order");
    }
}

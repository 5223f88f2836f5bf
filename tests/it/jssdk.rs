//! Signatures for JS-SDK pages, cards and invoices.

use serde_json::{Value, json};
use shared::{crypto::sha1_hex, percent::encode};
use simulator::User;

use crate::{Answer, Bundle, MINI, NOON, OFFICIAL};

const CARD: &str = "pjZ8Yt1XGILfi-FUsewpnnolGgZk";

impl Bundle {
    async fn config(&self, url: &str, more: &str) -> Answer {
        self.get(&format!("/jssdk/config?url={}{more}", encode(url))).await
    }

    fn page_signature(&self, signed: &Value, url: &str) -> String {
        let ticket = self.wechat().ticket(OFFICIAL, "jsapi").unwrap();
        let (nonce, timestamp) = (signed["nonceStr"].as_str().unwrap(), &signed["timestamp"]);
        let ticket = format!("jsapi_ticket={ticket}&noncestr={nonce}");
        sha1_hex(format!("{ticket}&timestamp={timestamp}&url={url}"))
    }

    /// The signature of a card or invoice with the live ticket, computed the slow way.
    fn card_signature(&self, values: &[&str]) -> String {
        let ticket = self.wechat().ticket(OFFICIAL, "wx_card").unwrap();
        let mut values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        values.push(ticket.as_bytes());
        values.retain(|value| !value.is_empty());
        values.sort();
        sha1_hex(values.concat())
    }

    fn reader(&self) -> String {
        self.stack.session(OFFICIAL, &User::new("alice").openid(OFFICIAL))
    }
}

#[tokio::test]
async fn a_page_is_signed_without_its_fragment() {
    let bundle = Bundle::start().await;
    let page = "https://h5.example.com/a%20b?x=%E4%B8%AD&from=singlemessage";

    let answer = bundle.config(&format!("{page}#/cart?y=1"), "").await;

    let signed = answer.json();
    assert_eq!((answer.status, &signed["appId"]), (200, &json!(OFFICIAL)), "{signed}");
    assert_eq!(signed["timestamp"], NOON);
    assert_eq!(signed["signature"], bundle.page_signature(&signed, page));
    assert_eq!(signed.as_object().unwrap().len(), 4, "{signed}");
    let again = bundle.config(page, "").await.json();
    assert_ne!(again["nonceStr"], signed["nonceStr"]);
}

#[tokio::test]
async fn an_address_that_was_not_encoded_is_explained() {
    let bundle = Bundle::start().await;
    let answer = bundle.get("/jssdk/config?url=https://example.com/a?x=1&y=2").await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "y");
}

#[tokio::test]
async fn strangers_pages_are_not_signed() {
    let bundle = Bundle::start().await;
    let answer = bundle.config("https://example.com.evil.cn/", "").await;
    assert_eq!(answer.problem(403, "forbidden")["field"], "url");
    let answer = bundle.config("https://h5.example.com:9000/", "").await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "url");
    let answer = bundle.config(&format!("https://example.com/{}", "a".repeat(2029)), "").await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "url");
    let answer = bundle.config(&format!("https://example.com/{}", "a".repeat(2028)), "").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn what_the_page_wants_to_call_is_handed_back_and_unknown_names_are_warned_of() {
    let bundle = Bundle::start().await;
    let page = "https://example.com/";

    let both = "&jsApiList=scanQRCode,%20addCard&jsApiList=chooseCard";
    let signed = bundle.config(page, both).await.json();
    assert_eq!(signed["jsApiList"], json!(["scanQRCode", "addCard", "chooseCard"]));

    // WeChat wants at least one name beside open tags.
    let signed = bundle.config(page, "&openTagList=wx-open-launch-weapp").await.json();
    assert_eq!(signed["openTagList"], json!(["wx-open-launch-weapp"]));
    assert_eq!(signed["jsApiList"], json!(["checkJsApi"]));

    // WeChat has more names than it lists: they are signed, and warned of.
    let names = "&jsApiList=scanQrCode,requestMerchantTransfer&openTagList=wx-open";
    let signed = bundle.config(page, names).await.json();
    assert_eq!(signed["signature"], bundle.page_signature(&signed, page));
    assert_eq!(signed["jsApiList"], json!(["scanQrCode", "requestMerchantTransfer"]));
    assert_eq!(signed["openTagList"], json!(["wx-open"]));
    let warnings = signed["warnings"].as_array().unwrap();
    assert!(warnings.iter().all(|warning| warning["cause"] == "unknown-name"), "{signed}");
    for (warning, name) in
        warnings.iter().zip(["spells it scanQRCode", "requestMerchantTransfer", "wx-open"])
    {
        assert!(warning["detail"].as_str().unwrap().contains(name), "{warning}");
    }
    assert_eq!(warnings.len(), 3);

    // A back end sends a list as a list.
    let input = json!({ "url": page, "jsApiList": ["scanQRCode", "addCard,openCard"] });
    let signed = bundle.invoke("jssdk-config", input).await.unwrap();
    assert_eq!(signed["jsApiList"], json!(["scanQRCode", "addCard", "openCard"]));
}

#[tokio::test]
async fn debug_tells_what_was_signed_but_never_the_ticket() {
    let bundle = Bundle::start().await;
    let page = "https://example.com/?a=1&amp;b=中";

    // Encoded twice, and with a fragment.
    let signed = bundle.config(&encode(&format!("{page}#top")), "&debug=true").await.json();

    assert_eq!(signed["signature"], bundle.page_signature(&signed, page));
    let debug = &signed["debug"];
    let nonce = signed["nonceStr"].as_str().unwrap();
    let text = format!("jsapi_ticket=***&noncestr={nonce}&timestamp={NOON}&url={page}");
    assert_eq!((&debug["signed"], &debug["url"]), (&json!(text), &json!(page)));
    assert_eq!(debug["normalized"].as_array().unwrap().len(), 2, "{debug}");
    let item = bundle.item(&format!("credential#{OFFICIAL}#jsapi_ticket")).await;
    assert_eq!(debug["ticket_version"], item["version"]);
    assert_eq!(debug["ticket_expires_in"], 7200);
    let causes: Vec<_> =
        signed["warnings"].as_array().unwrap().iter().map(|w| &w["cause"]).collect();
    assert_eq!(causes, ["html-escaped", "decoded"]);
    let ticket = bundle.wechat().ticket(OFFICIAL, "jsapi").unwrap();
    assert!(!signed.to_string().contains(&ticket));
    assert!(!bundle.log().contains(&ticket));
}

#[tokio::test]
async fn one_ticket_serves_any_number_of_pages_until_it_is_due() {
    let bundle = Bundle::start().await;
    assert_eq!(bundle.calls("/cgi-bin/ticket/getticket"), 2, "one of each type, at the start");

    for page in 0..110 {
        let url = format!("https://h5.example.com/?page={page}");
        assert_eq!(bundle.config(&url, "").await.status, 200);
        bundle.advance(60);
        bundle.stack.refresh(&json!({})).await;
    }
    assert_eq!(bundle.calls("/cgi-bin/ticket/getticket"), 2);

    // Ten minutes before its end, the ticket is due; WeChat gives the same one until it is over.
    bundle.advance(60);
    bundle.stack.refresh(&json!({})).await;
    assert_eq!(bundle.calls("/cgi-bin/ticket/getticket"), 4);
    let page = "https://h5.example.com/";
    let signed = bundle.config(page, "").await.json();
    assert_eq!(signed["signature"], bundle.page_signature(&signed, page));
}

#[tokio::test]
async fn a_failing_page_is_diagnosed() {
    let bundle = Bundle::start().await;
    let page = "https://h5.example.com/shop?id=1&from=timeline&isappinstalled=0";
    let signed = bundle.config("https://h5.example.com/shop?id=1", "").await.json();
    let failing = json!({
        "url": format!("{page}#/cart"), "nonceStr": signed["nonceStr"],
        "timestamp": signed["timestamp"], "signature": signed["signature"],
        "errMsg": "config:invalid signature",
        "userAgent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.49",
    });

    let found = bundle.invoke("jssdk-diagnose", failing.clone()).await.unwrap();

    assert_eq!(found["valid"], false);
    let cause = &found["causes"][0];
    let expected = (json!("share-parameters-missing"), json!(2), json!(true));
    assert_eq!(
        (&cause["cause"], &cause["item"], &cause["certain"]),
        (&expected.0, &expected.1, &expected.2)
    );
    assert!(found["expected"].as_str().unwrap().ends_with(&format!("&url={page}")), "{found}");
    assert_eq!(found["ticket"]["issued_at"], NOON);
    for kind in ["jsapi", "wx_card"] {
        assert!(!found.to_string().contains(&bundle.wechat().ticket(OFFICIAL, kind).unwrap()));
    }

    // A page signed by another ticket, at a host that is not ours, with a timestamp as text.
    let mut failing = failing;
    failing["url"] = json!("https://h5.example.org/");
    failing["timestamp"] = json!((NOON - 1).to_string());
    let found = bundle.invoke("jssdk-diagnose", failing.clone()).await.unwrap();
    let causes: Vec<_> = found["causes"].as_array().unwrap().iter().map(|c| &c["cause"]).collect();
    assert_eq!(causes, ["host-not-allowed", "stale-ticket"]);

    failing["userAgent"] = json!("x".repeat(1025));
    let problem = bundle.invoke("jssdk-diagnose", failing).await.unwrap_err();
    assert_eq!(
        (&problem["type"], &problem["field"]),
        (&json!("invalid-input"), &json!("userAgent"))
    );
    let session = bundle.reader();
    let answer = bundle.post_as(Some(&session), "/jssdk/diagnose", json!({ "url": page })).await;
    answer.problem(403, "forbidden");
}

#[tokio::test]
async fn a_card_is_signed_for_its_receiver() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice").openid(OFFICIAL);
    let session = bundle.reader();

    let answer =
        bundle.post_as(Some(&session), "/jssdk/cardExt", json!({ "card_id": CARD })).await.json();
    assert_eq!(answer["cardId"], CARD);
    let said: Value = serde_json::from_str(answer["cardExt"].as_str().unwrap()).unwrap();
    let nonce = said["nonce_str"].as_str().unwrap();
    assert_eq!((&said["timestamp"], nonce.len()), (&json!(NOON.to_string()), 32));
    let signature = bundle.card_signature(&[CARD, &NOON.to_string(), nonce]);
    assert_eq!(said["signature"], signature);
    assert_eq!(said.as_object().unwrap().len(), 3, "{said}");

    let input = json!({ "card_id": CARD, "bind_openid": true, "code": "c-1", "balance": 100 });
    let answer = bundle.post_as(Some(&session), "/jssdk/cardExt", input).await.json();
    let said: Value = serde_json::from_str(answer["cardExt"].as_str().unwrap()).unwrap();
    let nonce = said["nonce_str"].as_str().unwrap();
    let signature = bundle.card_signature(&[CARD, &NOON.to_string(), nonce, &alice, "c-1", "100"]);
    assert_eq!((&said["openid"], &said["signature"]), (&json!(alice), &json!(signature)));

    // A service names the receiver.
    let input = json!({ "card_id": CARD, "openid": alice, "outer_str": "海报😀" });
    let answer = bundle.invoke("jssdk-cardext", input).await.unwrap();
    let said: Value = serde_json::from_str(answer["cardExt"].as_str().unwrap()).unwrap();
    assert_eq!((&said["openid"], &said["outer_str"]), (&json!(alice), &json!("海报😀")));
}

#[tokio::test]
async fn card_fields_have_wechats_limits() {
    let bundle = Bundle::start().await;
    let session = bundle.reader();
    let session = Some(session.as_str());
    let cases = [
        ("/jssdk/cardExt", "card_id", 32),
        ("/jssdk/cardExt", "code", 20),
        ("/jssdk/cardExt", "outer_str", 128),
        ("/jssdk/chooseCard", "shopId", 24),
        ("/jssdk/chooseCard", "cardType", 24),
        ("/jssdk/chooseCard", "cardId", 32),
    ];
    for (path, field, limit) in cases {
        let input = |length: usize| {
            let mut input = json!({});
            if path == "/jssdk/cardExt" {
                input["card_id"] = CARD.into();
            }
            input[field] = "x".repeat(length).into();
            input
        };
        assert_eq!(bundle.post_as(session, path, input(limit)).await.status, 200, "{field}");
        let answer = bundle.post_as(session, path, input(limit + 1)).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field);
    }
    for (input, field) in [(json!({}), "card_id"), (json!({ "card_id": CARD, "cart": 1 }), "cart")]
    {
        let answer = bundle.post_as(session, "/jssdk/cardExt", input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field);
    }
}

#[tokio::test]
async fn cards_and_invoices_are_chosen_with_a_signature_of_their_own() {
    let bundle = Bundle::start().await;
    let session = bundle.reader();
    let now = NOON.to_string();

    let input = json!({ "shopId": "1234", "cardType": "GROUPON", "cardId": CARD });
    let choice = bundle.post_as(Some(&session), "/jssdk/chooseCard", input).await.json();
    let nonce = choice["nonceStr"].as_str().unwrap();
    let sign = bundle.card_signature(&[OFFICIAL, "1234", "GROUPON", CARD, &now, nonce]);
    assert_eq!(
        choice,
        json!({
            "shopId": "1234", "cardType": "GROUPON", "cardId": CARD, "timestamp": now,
            "nonceStr": nonce, "signType": "SHA1", "cardSign": sign,
        })
    );

    let choice = bundle.post_as(Some(&session), "/jssdk/chooseCard", json!({})).await.json();
    let nonce = choice["nonceStr"].as_str().unwrap();
    assert_eq!(choice["cardSign"], bundle.card_signature(&[OFFICIAL, &now, nonce]));

    let choice = bundle.post_as(Some(&session), "/jssdk/chooseInvoice", json!({})).await.json();
    let nonce = choice["nonceStr"].as_str().unwrap();
    let sign = bundle.card_signature(&[OFFICIAL, &now, nonce, "INVOICE"]);
    assert_eq!(
        choice,
        json!({
            "appId": OFFICIAL, "timestamp": now, "nonceStr": nonce, "signType": "SHA1",
            "cardSign": sign,
        })
    );
}

#[tokio::test]
async fn cards_are_signed_for_readers_of_the_account_alone() {
    let bundle = Bundle::start().await;
    let of_mini_program = bundle.session("alice").await;
    for path in ["/jssdk/cardExt", "/jssdk/chooseCard", "/jssdk/chooseInvoice"] {
        let input = json!({ "card_id": CARD });
        bundle.post(path, input.clone()).await.problem(401, "unauthenticated");
        let answer = bundle.post_as(Some(&of_mini_program), path, input.clone()).await;
        answer.problem(401, "unauthenticated");
        let session = bundle.reader();
        let other = json!({ "card_id": CARD, "openid": "oSomebodyElse" });
        let answer = bundle.post_as(Some(&session), path, other).await;
        assert_eq!(answer.problem(403, "forbidden")["field"], "openid");
        let other = json!({ "card_id": CARD, "appid": MINI });
        let answer = bundle.post_as(Some(&session), path, other).await;
        assert_eq!(answer.problem(403, "forbidden")["field"], "appid");
    }
    assert_eq!(bundle.calls("/cgi-bin/ticket/getticket"), 2, "only the refresher fetches tickets");
}

#[tokio::test]
async fn an_account_without_cards_is_told_so_and_pages_are_signed_all_the_same() {
    let bundle = Bundle::start().await;
    bundle.wechat().change_account(OFFICIAL, |account| account.cards = false);
    bundle.advance(7300);
    bundle.stack.refresh(&json!({})).await;

    let answer = bundle.post_as(Some(&bundle.reader()), "/jssdk/chooseInvoice", json!({})).await;
    answer.problem(503, "credential-unavailable");
    assert_eq!(bundle.config("https://example.com/", "").await.status, 200);
}

#[tokio::test]
async fn the_demo_page_is_served_and_says_when_jweixin_is_missing() {
    let script = std::env::temp_dir().join(format!("jweixin-{}.js", shared::crypto::nonce()));
    std::fs::write(&script, "// jweixin").unwrap();
    let bundle = Bundle::with(|options| options.jweixin = Some(script.clone())).await;
    for (path, content_type) in [
        ("/demo/jssdk", "text/html; charset=utf-8"),
        ("/demo/jssdk/%E8%AE%A2%E5%8D%95/1?x=1", "text/html; charset=utf-8"),
        ("/demo/jssdk.js", "text/javascript; charset=utf-8"),
        ("/demo/jweixin.js", "text/javascript; charset=utf-8"),
        ("/client/h5/jssdk.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = bundle.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{path}");
    }
    let page = bundle.get("/demo/jssdk").await;
    assert!(page.header("content-security-policy").starts_with("default-src 'self'"));
    assert_eq!(bundle.get("/demo/jweixin.js").await.bytes, b"// jweixin");
    std::fs::remove_file(&script).unwrap();
    assert_eq!(bundle.get("/demo/jweixin.js").await.status, 404);

    // The demo's user is logged in at the account whose page it is.
    let session = bundle.get("/demo/session").await.json();
    let token = session["session_token"].as_str().unwrap();
    let answer = bundle.post_as(Some(token), "/jssdk/chooseInvoice", json!({})).await;
    assert_eq!((answer.status, &answer.json()["appId"]), (200, &json!(OFFICIAL)));
}

//! What the WeChat client asks WeChat when a page uses the JS-SDK: whether `wx.config` may
//! succeed, and whether cards and invoices are signed.
//!
//! The other half of the client, which a page talks to, is `demo/bridge.js`.

use std::collections::HashSet;

use http::Uri;
use model::crypto::sha1_hex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Account, Simulator, User, cards, invoices, media};

/// What the client says: who asks, from where, and what the page gave to jweixin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// `preVerifyJSAPI`, `batchAddCard` …
    api: String,
    /// The address the client holds the page for.
    url: String,
    /// Who uses the client.
    #[serde(default = "alice")]
    user: String,
    /// As jweixin hands them to the client.
    #[serde(default)]
    params: Params,
}

fn alice() -> String {
    "alice".into()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Params {
    #[serde(rename = "verifyAppId")]
    app_id: String,
    #[serde(rename = "verifyTimestamp")]
    timestamp: String,
    #[serde(rename = "verifyNonceStr")]
    nonce_str: String,
    #[serde(rename = "verifySignature")]
    signature: String,
    card_list: Vec<CardOfList>,
    /// Of `chooseCard`.
    location_id: String,
    card_id: String,
    card_type: String,
    time_stamp: String,
    card_sign: String,
    sign_type: String,
    #[serde(rename = "nonce_str")]
    card_nonce_str: String,
    /// Of `chooseInvoice`, which `wx.invoke` hands over as the page wrote it.
    #[serde(rename = "timestamp")]
    invoice_timestamp: String,
    #[serde(rename = "nonceStr")]
    invoice_nonce_str: String,
    #[serde(rename = "cardSign")]
    invoice_card_sign: String,
    /// Of `chooseWXPay`; its nonce is `nonceStr` as well.
    #[serde(rename = "timeStamp")]
    pay_time_stamp: String,
    package: String,
    #[serde(rename = "signType")]
    pay_sign_type: String,
    #[serde(rename = "paySign")]
    pay_sign: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CardOfList {
    card_id: String,
    /// To be added.
    card_ext: String,
    /// To be shown.
    code: String,
}

/// What a cardExt may say.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Extension {
    code: String,
    openid: String,
    timestamp: String,
    nonce_str: String,
    balance: String,
    signature: String,
}

/// Nonces of cards already collected: they are good for one collection.
#[derive(Default)]
struct Collected(HashSet<String>);

impl Simulator {
    /// Answers what a WeChat client asks for a page, as `POST /_simulator/bridge` does.
    ///
    /// # Errors
    /// The question is not one a client asks.
    pub fn ask_as_client(&self, question: Value) -> Result<Value, String> {
        let question = serde_json::from_value(question).map_err(|error| error.to_string())?;
        Ok(answer(self, &question))
    }
}

/// Answers as WeChat answers its client: an `err_msg`, and what belongs to it.
pub(super) fn answer(simulator: &Simulator, request: &Request) -> Value {
    let Request { api, url, user, params } = request;
    let said = |text: &str| json!({ "err_msg": format!("{api}:{text}") });
    let Some(account) = simulator.account(&params.app_id) else {
        return said("fail_invalid appid");
    };
    if !is_bound(&account, url) {
        return said("fail_invalid url domain");
    }
    // Every call repeats what wx.config was given.
    if !is_signed(simulator, params, url) {
        return said("fail_invalid signature");
    }
    let user = User::new(user);
    match api.as_str() {
        "preVerifyJSAPI" => said("ok"),
        "batchAddCard" | "chooseCard" | "batchViewCard" if !account.cards => {
            said("permission_denied")
        }
        "batchAddCard" => add_cards(simulator, &account, &user, params),
        "chooseCard" => json!({
            "err_msg": "choose_card:ok",
            "choose_card_info": choose_card(simulator, &account, params).to_string(),
        }),
        "batchViewCard" => {
            let is_shown = |card: &CardOfList| simulator.is_card_code(&account.appid, &card.code);
            said(if params.card_list.iter().all(is_shown) { "ok" } else { "fail_invalid code" })
        }
        "chooseInvoice" => choose_invoice(simulator, &account, params),
        // The name `wx.chooseWXPay` has between jweixin and the client.
        "getBrandWCPayRequest" => {
            let outcome = choose_wx_pay(simulator, &account, &user, params);
            json!({ "err_msg": format!("get_brand_wcpay_request:{outcome}") })
        }
        "uploadImage" => {
            let image = media::known("demo-image").expect("it is always there");
            let server_id = simulator.upload(&account.appid, image);
            json!({ "err_msg": "uploadImage:ok", "serverId": server_id })
        }
        _ => said("function_not_exist"),
    }
}

/// What `wx.chooseWXPay` comes to: the cashier opens for a true signature, and the user does what
/// the simulator was told the user would.
fn choose_wx_pay(simulator: &Simulator, account: &Account, user: &User, params: &Params) -> String {
    let given = json!({
        "timeStamp": params.pay_time_stamp, "nonceStr": params.invoice_nonce_str,
        "package": params.package, "signType": params.pay_sign_type, "paySign": params.pay_sign,
    });
    simulator.pay().client_pays(&account.appid, &user.openid(&account.appid), &given)
}

/// Whether the page is at a bound domain or below one, and on a port of the web.
fn is_bound(account: &Account, url: &str) -> bool {
    let Ok(uri) = url.split('#').next().unwrap_or_default().parse::<Uri>() else { return false };
    let port = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    let host = uri.host().unwrap_or_default();
    uri.port_u16().is_none_or(|given| given == port)
        && account.js_domains.iter().any(|domain| {
            host == domain || host.strip_suffix(domain).is_some_and(|sub| sub.ends_with('.'))
        })
}

fn is_signed(simulator: &Simulator, params: &Params, url: &str) -> bool {
    let Some(ticket) = simulator.ticket(&params.app_id, "jsapi") else { return false };
    let page = url.split('#').next().unwrap_or_default();
    let Params { nonce_str, timestamp, .. } = params;
    let text =
        format!("jsapi_ticket={ticket}&noncestr={nonce_str}&timestamp={timestamp}&url={page}");
    sha1_hex(text) == params.signature
}

/// The values in order, and nothing between them.
fn sign(values: &[&str]) -> String {
    let mut values = values.to_vec();
    values.sort_unstable();
    sha1_hex(values.concat())
}

fn add_cards(simulator: &Simulator, account: &Account, user: &User, params: &Params) -> Value {
    let Some(ticket) = simulator.ticket(&account.appid, "wx_card") else {
        return json!({ "err_msg": "batchAddCard:fail_invalid signature" });
    };
    let mut added = Vec::new();
    for card in &params.card_list {
        let Ok(extension) = serde_json::from_str::<Extension>(&card.card_ext) else {
            return json!({ "err_msg": "batchAddCard:fail_invalid cardExt" });
        };
        let Extension { code, openid, timestamp, nonce_str, balance, signature } = &extension;
        let signed =
            [&ticket, timestamp, &card.card_id, code, openid, nonce_str, balance].map(|v| &**v);
        let is_right = !timestamp.is_empty()
            && !nonce_str.is_empty()
            && nonce_str.len() <= 32
            && sign(&signed) == *signature;
        if !is_right {
            return json!({ "err_msg": "batchAddCard:fail_invalid signature" });
        }
        if !openid.is_empty() && *openid != user.openid(&account.appid) {
            return json!({ "err_msg": "batchAddCard:fail_not the receiver" });
        }
        let once = format!("{timestamp} {nonce_str}");
        if !simulator.state(|collected: &mut Collected| collected.0.insert(once)) {
            return json!({ "err_msg": "batchAddCard:fail_nonce used before" });
        }
        let code = if code.is_empty() { "198374613512" } else { code.as_str() };
        added.push(json!({
            "card_id": card.card_id, "card_ext": card.card_ext, "is_succ": true,
            "code": simulator.issue_card(&account.appid, code),
        }));
    }
    json!({ "err_msg": "batchAddCard:ok", "card_list": Value::from(added).to_string() })
}

/// A wrong signature gives an empty list, and no error.
fn choose_card(simulator: &Simulator, account: &Account, params: &Params) -> Value {
    let Some(ticket) = simulator.ticket(&account.appid, "wx_card") else {
        return json!([]);
    };
    let Params { location_id, time_stamp, card_nonce_str, card_id, card_type, .. } = params;
    let values =
        [&ticket, &account.appid, location_id, time_stamp, card_nonce_str, card_id, card_type];
    let is_right = params.sign_type == "SHA1"
        && sign(&values.map(|value| value.as_str())) == params.card_sign
        && [cards::CARD_ID, ""].contains(&card_id.as_str());
    if !is_right {
        return json!([]);
    }
    let encrypt_code = simulator.issue_card(&account.appid, "751234212312");
    json!([{ "card_id": cards::CARD_ID, "encrypt_code": encrypt_code }])
}

fn choose_invoice(simulator: &Simulator, account: &Account, params: &Params) -> Value {
    let ticket = simulator.ticket(&account.appid, "wx_card").unwrap_or_default();
    let Params { invoice_timestamp, invoice_nonce_str, .. } = params;
    let values = [&ticket, &account.appid, invoice_timestamp, invoice_nonce_str, "INVOICE"];
    if ticket.is_empty() || sign(&values) != params.invoice_card_sign {
        return json!({ "err_msg": "chooseInvoice:fail" });
    }
    let chosen = json!([{
        "card_id": invoices::CARD_ID, "encrypt_code": invoices::ENCRYPT_CODE,
        "app_id": account.appid,
    }]);
    json!({ "err_msg": "chooseInvoice:ok", "choose_invoice_info": chosen.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{OFFICIAL, simulator};

    const PAGE: &str = "http://h5.example.com/shop?x=%E4%B8%AD";

    impl Simulator {
        fn fetch_ticket(&self, kind: &str) -> String {
            let token = self.token(OFFICIAL);
            self.get(&format!("/cgi-bin/ticket/getticket?access_token={token}&type={kind}"));
            self.ticket(OFFICIAL, kind).unwrap()
        }

        fn ask_for(&self, api: &str, url: &str, mut params: Value) -> Value {
            let ticket = self.fetch_ticket("jsapi");
            let text = format!("jsapi_ticket={ticket}&noncestr=n&timestamp=1&url={PAGE}");
            params["verifyAppId"] = OFFICIAL.into();
            params["verifyTimestamp"] = "1".into();
            params["verifyNonceStr"] = "n".into();
            params["verifySignature"] = sha1_hex(text).into();
            let request = json!({ "api": api, "url": url, "params": params });
            answer(self, &serde_json::from_value(request).unwrap())
        }

        fn verify(&self, url: &str) -> Value {
            self.ask_for("preVerifyJSAPI", url, json!({}))["err_msg"].clone()
        }
    }

    #[test]
    fn a_page_is_verified_by_its_address_without_the_fragment() {
        let (clock, simulator) = simulator();

        assert_eq!(simulator.verify(PAGE), "preVerifyJSAPI:ok");
        assert_eq!(simulator.verify(&format!("{PAGE}#/cart")), "preVerifyJSAPI:ok");
        let other = simulator.verify("http://h5.example.com/shop");
        assert_eq!(other, "preVerifyJSAPI:fail_invalid signature");
        for url in ["http://example.org/", "http://h5.example.com:8080/", "http://badexample.com/"]
        {
            assert_eq!(simulator.verify(url), "preVerifyJSAPI:fail_invalid url domain", "{url}");
        }
        clock.advance_ms(7_200_000);
        let request = json!({ "api": "preVerifyJSAPI", "url": PAGE, "params": {
            "verifyAppId": OFFICIAL, "verifyTimestamp": "1", "verifyNonceStr": "n",
        } });
        let stale = answer(&simulator, &serde_json::from_value(request).unwrap());
        assert_eq!(stale["err_msg"], "preVerifyJSAPI:fail_invalid signature");
    }

    #[test]
    fn a_card_is_collected_once_by_its_receiver() {
        let (_, simulator) = simulator();
        let ticket = simulator.fetch_ticket("wx_card");
        let add = |openid: &str, nonce: &str| {
            let signature = sign(&[&ticket, "5", cards::CARD_ID, openid, nonce]);
            let extension = json!({
                "openid": openid, "timestamp": "5", "nonce_str": nonce, "signature": signature,
            });
            let card = json!({ "card_id": cards::CARD_ID, "card_ext": extension.to_string() });
            simulator.ask_for("batchAddCard", PAGE, json!({ "card_list": [card] }))
        };
        let alice = User::new("alice").openid(OFFICIAL);

        let added = add(&alice, "a");
        assert_eq!(added["err_msg"], "batchAddCard:ok");
        let list: Value = serde_json::from_str(added["card_list"].as_str().unwrap()).unwrap();
        assert_eq!(list[0]["is_succ"], true);
        assert_eq!(add(&alice, "a")["err_msg"], "batchAddCard:fail_nonce used before");
        assert_eq!(add("oSomebody", "b")["err_msg"], "batchAddCard:fail_not the receiver");
        simulator.change_account(OFFICIAL, |account| account.cards = false);
        assert_eq!(add("", "c")["err_msg"], "batchAddCard:permission_denied");
    }

    #[test]
    fn a_wrong_card_signature_is_an_empty_list() {
        let (_, simulator) = simulator();
        let ticket = simulator.fetch_ticket("wx_card");
        let choose = |card_sign: &str| {
            let params = json!({
                "card_type": "GROUPON", "time_stamp": "5", "nonce_str": "n", "sign_type": "SHA1",
                "card_sign": card_sign,
            });
            simulator.ask_for("chooseCard", PAGE, params)
        };

        let right = sign(&[&ticket, OFFICIAL, "5", "n", "GROUPON"]);
        assert!(choose(&right)["choose_card_info"].as_str().unwrap().contains(cards::CARD_ID));
        assert_eq!(choose("wrong")["choose_card_info"], "[]");
    }

    #[test]
    fn a_card_is_shown_by_its_decrypted_code() {
        let (_, simulator) = simulator();
        let encrypt_code = simulator.issue_card(OFFICIAL, "1234");
        let show = |code: &str| {
            let params = json!({ "card_list": [{ "card_id": cards::CARD_ID, "code": code }] });
            simulator.ask_for("batchViewCard", PAGE, params)["err_msg"].clone()
        };

        assert_eq!(show("1234"), "batchViewCard:ok");
        assert_eq!(show(&encrypt_code), "batchViewCard:fail_invalid code");
    }

    #[test]
    fn invoices_are_chosen_with_their_own_signature() {
        let (_, simulator) = simulator();
        let ticket = simulator.fetch_ticket("wx_card");
        let choose = |card_sign: &str| {
            let params = json!({ "timestamp": "5", "nonceStr": "n", "cardSign": card_sign });
            simulator.ask_for("chooseInvoice", PAGE, params)["err_msg"].clone()
        };

        assert_eq!(choose(&sign(&[&ticket, OFFICIAL, "5", "n", "INVOICE"])), "chooseInvoice:ok");
        assert_eq!(choose(&sign(&[&ticket, OFFICIAL, "5", "n"])), "chooseInvoice:fail");
    }
}

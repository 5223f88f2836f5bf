//! WeChat's instructions for the JS-SDK: what a page needs of the server for its examples.
//!
//! The calls of `wx` itself are tested in `client/test/h5.test.mjs`.

use serde_json::{Value, json};
use shared::crypto::sha1_hex;
use simulator::User;

use crate::{Bundle, NOON, OFFICIAL};

const APIS: &str = "updateAppMessageShareData,updateTimelineShareData,onMenuShareTimeline,\
    onMenuShareAppMessage,onMenuShareQQ,onMenuShareWeibo,onMenuShareQZone,startRecord,stopRecord,\
    onVoiceRecordEnd,playVoice,pauseVoice,stopVoice,onVoicePlayEnd,uploadVoice,downloadVoice,\
    chooseImage,previewImage,uploadImage,downloadImage,translateVoice,getNetworkType,openLocation,\
    getLocation,hideOptionMenu,showOptionMenu,hideMenuItems,showMenuItems,hideAllNonBaseMenuItem,\
    showAllNonBaseMenuItem,closeWindow,scanQRCode,addCard,chooseCard,openCard";

/// The user of a page of the official account.
fn reader(bundle: &Bundle) -> String {
    bundle.stack.session(OFFICIAL, &User::new("alice").openid(OFFICIAL))
}

#[tokio::test]
async fn config() {
    let bundle = Bundle::start().await;
    let page = "https%3A%2F%2Fexample.com%3Fparams%3Dvalue";
    let answer =
        bundle.get(&format!("/jssdk/config?url={page}&jsApiList={APIS}&debug=true")).await.json();
    assert_eq!(answer["appId"], OFFICIAL);
    assert_eq!(answer["jsApiList"].as_array().unwrap().len(), 35);
    let ticket = bundle.wechat().ticket(OFFICIAL, "jsapi").unwrap();
    let nonce = answer["nonceStr"].as_str().unwrap();
    let text = format!(
        "jsapi_ticket={ticket}&noncestr={nonce}&timestamp={}&url=https://example.com?params=value",
        answer["timestamp"]
    );
    assert_eq!(answer["signature"], sha1_hex(text));
    // A page names its account as `wx.config` does.
    let named = bundle.get(&format!("/jssdk/config?url={page}&appId={OFFICIAL}")).await.json();
    assert_eq!(named["appId"], OFFICIAL);
}

#[tokio::test]
async fn tickets() {
    let bundle = Bundle::start().await;
    for kind in ["wx_card", "jsapi"] {
        let answer = bundle.invoke("auth-getticket", json!({ "type": kind })).await.unwrap();
        assert_eq!(answer["ticket"], bundle.wechat().ticket(OFFICIAL, kind).unwrap());
    }
}

#[tokio::test]
async fn choose_card() {
    let bundle = Bundle::start().await;
    let input = json!({ "shopId": "", "cardType": "", "cardId": "" });
    let choice = bundle.post_as(Some(&reader(&bundle)), "/jssdk/chooseCard", input).await.json();
    for name in ["shopId", "cardType", "cardId"] {
        assert_eq!(choice[name], "");
    }
    assert_eq!(choice["signType"], "SHA1");
    let input = json!({
        "shopId": "1234", "cardType": "GROUPON", "cardId": "p1Pj9jr90_SQRaVqYI239Ka1erk",
    });
    let choice = bundle.post_as(Some(&reader(&bundle)), "/jssdk/chooseCard", input).await.json();
    assert_eq!(choice["cardId"], "p1Pj9jr90_SQRaVqYI239Ka1erk");
}

#[tokio::test]
async fn add_card() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice").openid(OFFICIAL);
    let input = json!({
        "card_id": "pjZ8Yt1XGILfi-FUsewpnnolGgZk", "code": "1434008071", "openid": alice,
        "fixed_begintimestamp": 1_404_896_000, "outer_str": "12b",
    });
    let card = bundle.post_as(Some(&reader(&bundle)), "/jssdk/cardExt", input).await.json();
    let said: Value = serde_json::from_str(card["cardExt"].as_str().unwrap()).unwrap();
    assert_eq!((&said["openid"], &said["code"]), (&json!(alice), &json!("1434008071")));
    assert_eq!(said["timestamp"], NOON.to_string());
    let ticket = bundle.wechat().ticket(OFFICIAL, "wx_card").unwrap();
    let mut values = [
        ticket.as_str(),
        said["timestamp"].as_str().unwrap(),
        "pjZ8Yt1XGILfi-FUsewpnnolGgZk",
        "1434008071",
        &alice,
        said["nonce_str"].as_str().unwrap(),
    ];
    values.sort_unstable();
    assert_eq!(said["signature"], sha1_hex(values.concat()));
}

#[tokio::test]
async fn an_empty_list_of_cards_is_explained() {
    let bundle = Bundle::start().await;
    let input = json!({ "cardType": "GROUPON" });
    let choice = bundle.post_as(Some(&reader(&bundle)), "/jssdk/chooseCard", input).await.json();
    let explain = async |choice: &Value| {
        let input = json!({ "url": "https://h5.example.com/", "chooseCard": choice });
        bundle.invoke("jssdk-diagnose", input).await.unwrap()
    };
    let names = |found: &Value| -> Vec<String> {
        let causes = found["causes"].as_array().unwrap().iter();
        causes.map(|cause| cause["cause"].as_str().unwrap().to_owned()).collect()
    };
    let found = explain(&choice).await;
    assert_eq!(found["card_valid"], true, "{found}");
    assert_eq!(names(&found), ["card-signature-correct", "card-filter"]);
    // A filter that was added after the signature was made, and a list that is too old.
    let mut wrong = choice;
    wrong["shopId"] = "1234".into();
    bundle.advance(3 * 3600);
    bundle.stack.refresh(&json!({})).await;
    let found = explain(&wrong).await;
    assert_eq!((&found["card_valid"], found.get("valid")), (&json!(false), None));
    assert!(names(&found).contains(&"card-timestamp".to_owned()), "{found}");
    let ticket = bundle.wechat().ticket(OFFICIAL, "wx_card").unwrap();
    assert!(!found.to_string().contains(&ticket));
}

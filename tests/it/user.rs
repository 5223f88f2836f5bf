//! Those who follow the official account.

use serde_json::json;
use simulator::User;

use crate::{Bundle, OFFICIAL};

#[tokio::test]
async fn a_follower_is_told_from_others() {
    let bundle = Bundle::start().await;
    let ask = async |openid: &str| {
        bundle.invoke("user-getinfo", json!({ "openid": openid, "lang": "en" })).await
    };

    let alice = ask(&User::new("alice").openid(OFFICIAL)).await.unwrap();
    assert_eq!((&alice["subscribe"], &alice["language"]), (&json!(1), &json!("en")));
    assert_eq!(alice["unionid"], User::new("alice").unionid());
    let carol = ask(&User::new("carol").openid(OFFICIAL)).await.unwrap();
    assert_eq!((&carol["subscribe"], carol.get("subscribe_time")), (&json!(0), None));
    let unknown = ask("o-nobody").await.unwrap_err();
    assert_eq!((&unknown["field"], &unknown["errcode"]), (&json!("openid"), &json!(40_003)));
}

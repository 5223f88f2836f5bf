//! How risky a user is.

use serde_json::json;
use simulator::User;

use crate::{Bundle, MINI};

#[tokio::test]
async fn a_user_who_was_here_has_a_rank() {
    let bundle = Bundle::start().await;
    let openid = User::new("alice").openid(MINI);
    let input = json!({ "openid": openid, "scene": 0, "client_ip": "203.0.113.7" });
    let ask = async |input| bundle.invoke("riskcontrol-getuserriskrank", input).await;

    let away = ask(input.clone()).await.unwrap_err();
    assert_eq!((&away["type"], &away["errcode"]), (&json!("receiver-state"), &json!(61_010)));
    bundle.session("alice").await;
    let rank = ask(input.clone()).await.unwrap();
    assert_eq!(rank["risk_rank"], 0);
    assert!(rank["unoin_id"].as_str().unwrap().len() == 19, "a number no double holds: {rank}");

    for (field, value) in
        [("scene", json!(3)), ("client_ip", json!("somewhere")), ("openid", json!(""))]
    {
        let mut odd = input.clone();
        odd[field] = value;
        assert_eq!(ask(odd).await.unwrap_err()["field"], field);
    }
}

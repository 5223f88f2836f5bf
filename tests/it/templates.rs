//! The administration of subscribed messages' templates.

use serde_json::json;
use simulator::User;

use crate::{Bundle, MINI};

#[tokio::test]
async fn a_template_is_found_added_sent_and_deleted() {
    let bundle = Bundle::start().await;
    let ask = |name: &'static str, input| bundle.invoke(name, input);

    let categories = ask("subscribemessage-getcategory", json!({})).await.unwrap();
    assert_eq!(categories["data"][0]["id"], 307);
    let titles = json!({ "ids": "307,616", "start": 0, "limit": 30 });
    let titles = ask("subscribemessage-getpubtemplatetitlelist", titles).await.unwrap();
    assert_eq!((&titles["count"], &titles["data"][1]["tid"]), (&json!(3), &json!(401)));
    assert_eq!(titles["data"][1]["categoryId"], "307");
    let words = ask("subscribemessage-getpubtemplatekeywordsbyid", json!({ "tid": 401 })).await;
    assert_eq!(words.unwrap()["data"][2]["rule"], "thing");

    let add = json!({ "tid": "401", "kidList": [1, 3], "sceneDesc": "订单 & 发货" });
    let added = ask("subscribemessage-addtemplate", add.clone()).await.unwrap();
    let id = added["priTmplId"].as_str().unwrap();
    let twice = ask("subscribemessage-addtemplate", add).await.unwrap_err();
    assert_eq!((&twice["type"], &twice["errcode"]), (&json!("wrong-state"), &json!(200_022)));
    let mine = ask("subscribemessage-gettemplatelist", json!({})).await.unwrap();
    let mine = mine["data"].as_array().unwrap();
    let shown = mine.iter().find(|template| template["priTmplId"] == id).unwrap();
    assert_eq!(shown["content"], "快递公司:{{name1.DATA}}\n备注:{{thing3.DATA}}\n");

    bundle.wechat().subscribe(MINI, &User::new("alice"), id, 2);
    let message = json!({
        "touser": User::new("alice").openid(MINI), "template_id": id,
        "data": { "name1": { "value": "中通快递" }, "thing3": { "value": "请注意查收" } },
    });
    assert_eq!(ask("subscribemessage-send", message.clone()).await.unwrap()["sent"], true);
    let delete = json!({ "priTmplId": id });
    assert_eq!(ask("subscribemessage-deletetemplate", delete).await.unwrap(), json!({}));
    assert_eq!(ask("subscribemessage-send", message).await.unwrap_err()["errcode"], 40_037);
}

#[tokio::test]
async fn bad_input_is_named() {
    let bundle = Bundle::start().await;
    for (name, input, field) in [
        ("addtemplate", json!({ "tid": "x", "kidList": [1, 2], "sceneDesc": "a" }), "tid"),
        (
            "addtemplate",
            json!({ "tid": "401", "kidList": [1, 2, 3, 4, 5, 6], "sceneDesc": "a" }),
            "kidList",
        ),
        ("addtemplate", json!({ "tid": "401", "kidList": [1, 9], "sceneDesc": "a" }), "kidList"),
        (
            "addtemplate",
            json!({ "tid": "401", "kidList": [1, 2], "sceneDesc": "长".repeat(16) }),
            "sceneDesc",
        ),
        ("addtemplate", json!({ "tid": "7", "kidList": [1, 2], "sceneDesc": "a" }), "tid"),
        ("getpubtemplatetitlelist", json!({ "ids": "307", "start": 0, "limit": 31 }), "limit"),
        ("getpubtemplatetitlelist", json!({ "ids": "", "start": 0, "limit": 30 }), "ids"),
        ("deletetemplate", json!({}), "priTmplId"),
    ] {
        let function = format!("subscribemessage-{name}");
        let refused = bundle.invoke(&function, input.clone()).await.unwrap_err();
        assert_eq!(
            (&refused["type"], &refused["field"]),
            (&json!("invalid-input"), &json!(field)),
            "{input}"
        );
    }
}

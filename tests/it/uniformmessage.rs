//! Messages of the official account to users of the mini program.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use simulator::{HISTORY_TEMPLATE, User};

use crate::{Bundle, MINI, OFFICIAL};

const FUNCTION: &str = "uniformmessage-send";
const UPSTREAM: &str = "/cgi-bin/message/template/send";

impl Bundle {
    /// What a login of this person at the official account leaves behind.
    async fn logged_in_at_official(&self, user: &User) {
        let table = &self.stack.table;
        table
            .client()
            .update_item()
            .table_name(table.name())
            .key("pk", AttributeValue::S(format!("unionid#{}", user.unionid())))
            .update_expression("SET #appid = :openid")
            .expression_attribute_names("#appid", OFFICIAL)
            .expression_attribute_values(":openid", AttributeValue::S(user.openid(OFFICIAL)))
            .send()
            .await
            .unwrap();
    }
}

fn to(touser: &str) -> Value {
    json!({
        "touser": touser, "template_id": HISTORY_TEMPLATE,
        "miniprogram": { "appid": MINI, "pagepath": "pages/order/order?id=aaa" },
        "data": { "first": { "value": "您购买的订单😀" }, "keyword3": { "value": "顺丰快递" } },
    })
}

#[tokio::test]
async fn an_openid_of_the_mini_program_is_translated() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");
    bundle.log_in("alice").await;
    bundle.logged_in_at_official(&alice).await;
    bundle.wechat().clear_journal();

    let answer = bundle.invoke(FUNCTION, to(&alice.openid(MINI))).await;

    let sent = json!({ "sent": true, "msgid": "4674045479742390277", "via": "unionid" });
    assert_eq!(answer, Ok(sent));
    bundle.only_call("POST", UPSTREAM, &to(&alice.openid(OFFICIAL)));
}

#[tokio::test]
async fn an_openid_of_the_official_account_is_used_as_it_is() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice").openid(OFFICIAL);
    bundle.wechat().clear_journal();

    let answer = bundle.invoke(FUNCTION, to(&alice)).await.unwrap();

    assert_eq!((&answer["sent"], &answer["via"]), (&json!(true), &json!("openid")));
    bundle.only_call("POST", UPSTREAM, &to(&alice));
}

#[tokio::test]
async fn somebody_unknown_is_a_problem_that_says_so() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");
    // Known at the mini program alone: WeChat is not even asked.
    bundle.log_in("alice").await;
    let half = bundle.invoke(FUNCTION, to(&alice.openid(MINI))).await.unwrap_err();
    assert_eq!(bundle.calls(UPSTREAM), 0);
    // Known nowhere.
    let nobody = bundle.invoke(FUNCTION, to(&User::new("bob").openid(MINI))).await.unwrap_err();
    assert_eq!(bundle.calls(UPSTREAM), 1);
    for problem in [&half, &nobody] {
        assert_eq!(
            (&problem["type"], &problem["field"]),
            (&json!("receiver-state"), &json!("touser"))
        );
        assert!(problem["detail"].as_str().unwrap().contains("log in"), "{problem}");
    }
    assert_eq!(nobody["errcode"], 40003);
    // Known, but no follower.
    let carol = User::new("carol");
    bundle.log_in("carol").await;
    bundle.logged_in_at_official(&carol).await;
    let problem = bundle.invoke(FUNCTION, to(&carol.openid(MINI))).await.unwrap_err();
    assert_eq!((&problem["type"], &problem["errcode"]), (&json!("receiver-state"), &json!(43004)));
}

#[tokio::test]
async fn openids_that_the_operator_imported_are_translated() {
    let bundle = Bundle::start().await;
    let (mini, official) = ("oImportedAtTheMiniProgram000", User::new("alice").openid(OFFICIAL));
    // The commands of docs/deployment.md, for both of the person's apps.
    let table = &bundle.stack.table;
    for (appid, openid) in [(MINI, mini), (OFFICIAL, official.as_str())] {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = table.client().update_item().table_name(table.name());
        let update = update
            .key("pk", text("unionid#uImported"))
            .update_expression("SET #app = :openid")
            .expression_attribute_names("#app", appid)
            .expression_attribute_values(":openid", text(openid));
        update.send().await.unwrap();
        let put = table.client().put_item().table_name(table.name());
        let put = put
            .item("pk", text(&format!("unionid#{appid}#{openid}")))
            .item("unionid", text("uImported"));
        put.send().await.unwrap();
    }
    bundle.wechat().clear_journal();

    let answer = bundle.invoke(FUNCTION, to(mini)).await.unwrap();

    assert_eq!(answer["via"], "unionid");
    bundle.only_call("POST", UPSTREAM, &to(&official));
}

#[tokio::test]
async fn an_app_outside_the_open_platform_has_no_map() {
    let bundle = Bundle::start().await;
    bundle.wechat().change_account(MINI, |account| account.open_platform = false);
    let alice = User::new("alice");
    bundle.log_in("alice").await;
    bundle.logged_in_at_official(&alice).await;
    let problem = bundle.invoke(FUNCTION, to(&alice.openid(MINI))).await.unwrap_err();
    assert_eq!(problem["type"], "receiver-state");
}

#[tokio::test]
async fn bad_input_and_users_reach_nobody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let answer = bundle.post_as(Some(&session), "/uniformMessage/send", to("o")).await;
    answer.problem(403, "forbidden");
    let with = |name: &str, value: Value| {
        let mut input = to("o");
        input[name] = value;
        input
    };
    for (input, field) in [
        (with("touser", json!("")), "touser"),
        (with("template_id", json!("")), "template_id"),
        (with("url", json!("baidu")), "url"),
        (with("miniprogram", json!({ "appid": "1" })), "miniprogram.appid"),
        (with("data", json!({})), "data"),
        (with("client_msg_id", json!("x")), "client_msg_id"),
    ] {
        let problem = bundle.invoke(FUNCTION, input).await.unwrap_err();
        assert_eq!((&problem["type"], &problem["field"]), (&json!("invalid-input"), &json!(field)));
    }
    let mini = bundle.invoke(FUNCTION, with("appid", json!(MINI))).await.unwrap_err();
    assert_eq!(mini["type"], "unknown-app");
    assert_eq!(bundle.calls(UPSTREAM), 0);
    assert_eq!(bundle.calls("/cgi-bin/message/wxopen/template/uniform_send"), 0);
}

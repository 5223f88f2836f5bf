//! `POST /subscribeMessage/send`
//!
//! WeChat: `POST /cgi-bin/message/subscribe/send`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Error, FromText, Identity, Operation, Problem, Refusal,
    Result, Uses,
    capability::Wechat,
    spelling::lenient_text,
    value::{Openid, TemplateId, Text, unless_empty},
};

use crate::{message::Data, page::PageWithQuery};

/// Sends a message that the user has subscribed to with `wx.requestSubscribeMessage`.
///
/// One consent allows one message. On `receiver-state` (43101) ask the user again. A user can
/// only send to themselves; a service names anybody.
///
/// 发送用户已通过 `wx.requestSubscribeMessage` 订阅的消息。
///
/// 一次授权可发一条消息。遇到 `receiver-state`（43101）时请再次征求用户同意。用户只能发给自己；服务
/// 端可指定任何用户。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The receiver's openid; by default the caller's own.
    ///
    /// 接收者的 openid；默认为调用者本人。
    #[serde(default)]
    touser: Option<Text<Openid>>,
    /// The template's id, from the WeChat console.
    ///
    /// 模板 id，可在微信公众平台查看。
    template_id: Text<TemplateId>,
    /// The page the message opens, with its query; without it the message opens none.
    ///
    /// 点击消息后打开的页面路径，可带参数；不填则不跳转。
    #[serde(default, deserialize_with = "unless_empty")]
    #[schemars(extend("minLength" = 0))]
    page: Option<Text<PageWithQuery>>,
    /// The template's values: `{"thing1":{"value":"…"}}`, each within its key's rule.
    ///
    /// 模板内容：`{"thing1":{"value":"…"}}`，各值须符合其字段的规则。
    data: Data,
    /// The version the message opens; by default `formal`, the released one.
    ///
    /// 点击消息后打开的版本；默认 `formal`，即正式版。
    #[serde(default)]
    miniprogram_state: Option<MiniprogramState>,
    /// The language of the message's frame; by default `zh_CN`.
    ///
    /// 消息界面所用的语言；默认 `zh_CN`。
    #[serde(default)]
    lang: Option<Lang>,
}

/// Versions, as this interface names them.
///
/// 小程序版本，采用此接口的写法。
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum MiniprogramState {
    Developer,
    Trial,
    Formal,
}

/// Languages, as WeChat names them.
///
/// 语言，采用微信的写法。
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
enum Lang {
    #[serde(rename = "zh_CN")]
    ZhCn,
    #[serde(rename = "en_US")]
    EnUs,
    #[serde(rename = "zh_HK")]
    ZhHk,
    #[serde(rename = "zh_TW")]
    ZhTw,
}

/// A message on its way.
///
/// 已发出的消息。
#[derive(Serialize, JsonSchema)]
pub struct Sent {
    /// Whether WeChat took it.
    ///
    /// 微信是否已接收。
    sent: bool,
    /// WeChat's id of the message, where it tells one.
    ///
    /// 微信的消息 id；微信提供时才有。
    #[serde(skip_serializing_if = "Option::is_none")]
    msgid: Option<String>,
}

#[derive(Serialize)]
struct Request<'a> {
    touser: &'a str,
    template_id: &'a Text<TemplateId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a Text<PageWithQuery>>,
    data: &'a Data,
    #[serde(skip_serializing_if = "Option::is_none")]
    miniprogram_state: Option<MiniprogramState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<Lang>,
}

#[derive(Deserialize)]
struct Upstream {
    #[serde(default, deserialize_with = "lenient_text")]
    msgid: Option<String>,
}

impl Operation for SendMessage {
    const ID: &'static str = "subscribeMessage.send";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40003, Problem::InvalidInput, ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"]).field("touser").foreseen(),
        Refusal::new(40037, Problem::InvalidInput, ["WeChat does not know this template_id for this app.", "该应用下没有此 template_id。"]).field("template_id").foreseen(),
        Refusal::new(41030, Problem::InvalidInput, ["The released version has no such page.", "已发布的版本没有该页面。"]).field("page").foreseen(),
        Refusal::new(43101, Problem::ReceiverState, ["The receiver has not subscribed, or used the subscription up.", "接收者未订阅，或订阅次数已用完。"]),
        Refusal::new(43107, Problem::AccountNotPermitted, ["WeChat banned the account from sending messages.", "微信已禁止该账号发送消息。"]),
        Refusal::new(47003, Problem::InvalidInput, ["The value of this template key breaks the key's rule.", "该模板字段的值不符合其规则。"]).field("data").text(FromText::Argument).foreseen(),
        Refusal::new(45168, Problem::InvalidInput, ["A value holds a word that WeChat does not allow.", "某个值含有微信不允许的词语。"]).field("data"),
    ];
    const CODES: &'static [(Case, i64)] = &[
        (Case::Errcode(40003), 40003),
        (Case::Errcode(40037), 40037),
        (Case::Errcode(41030), 41030),
        (Case::Errcode(43101), 43101),
        (Case::Errcode(47003), 47003),
    ];
    const EXAMPLE: &'static str = r#"{"template_id":"demo-long-term-subscription-of-orders-00001","page":"pages/index/index?id=42","data":{"character_string1":{"value":"202103040830158485629163994677"},"name2":{"value":"中通快递"},"character_string3":{"value":"ZT2015215125352511"},"thing6":{"value":"雪花秀滋盈生人生焕颜精华露"},"thing8":{"value":"杭州市西湖区"}}}"#;
    type Uses = Wechat;
    type Output = Sent;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Sent> {
        self.data.check()?;
        let request = Request {
            touser: receiver(caller, self.touser.as_deref())?,
            template_id: &self.template_id,
            page: self.page.as_ref(),
            data: &self.data,
            miniprogram_state: self.miniprogram_state,
            lang: self.lang,
        };
        let call = wechat.post("/cgi-bin/message/subscribe/send", &request).once();
        let answer = call.refusals(Self::REFUSALS).send().await?.proven()?;
        Ok(Sent { sent: true, msgid: answer.json::<Upstream>()?.msgid })
    }
}

/// Users send to themselves; services to the receiver they name.
fn receiver<'a>(caller: &'a Caller, touser: Option<&'a str>) -> Result<&'a str> {
    match (&caller.identity, touser) {
        (Identity::User(session), Some(touser)) if touser != session.openid => Err(Error::new(
            Problem::Forbidden,
            [
                "A user may only send to themselves; leave `touser` out.",
                "用户只能发给自己，请勿发送 `touser`。",
            ],
        )
        .field("touser")),
        (Identity::Service { openid: Some(openid) }, Some(touser)) if touser != openid => {
            Err(Error::invalid(
                "touser",
                ["Contradicts openid; leave one of them out.", "与 openid 矛盾，请去掉其中一个。"],
            ))
        }
        (Identity::Service { .. }, Some(touser)) => Ok(touser),
        (Identity::Service { openid: None }, None) => Err(Error::invalid(
            "touser",
            ["Name the receiver's openid.", "请指定接收者的 openid。"],
        )),
        _ => caller.openid(),
    }
}

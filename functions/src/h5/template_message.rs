//! Template messages to followers of the official account.
//!
//! 发给公众号关注者的模板消息。

mod send;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Case, FromText, Problem, Refusal, Result, Wait,
    capability::WechatCalls,
    spelling::lenient_text,
    text,
    value::{Address, AppId, Chars, Openid, TemplateId, Text, unless_empty},
};

pub use send::SendMessage;

use crate::{message::Data, page::PageWithQuery};

text! {
    /// The sender's own id of a message.
    pub(crate) ClientMsgId: 1..=64, Chars::VISIBLE;
}

/// The page a message opens.
pub(crate) type Link = Address<2048>;

/// The mini program a message opens.
///
/// 点击消息后打开的小程序。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-shared" = true))]
pub struct Miniprogram {
    /// A mini program that is bound to the official account; empty for none.
    ///
    /// 与公众号关联的小程序 appid；留空则不跳转。
    #[serde(deserialize_with = "unless_empty")]
    appid: Option<Text<AppId>>,
    /// A page of the released version, with its query; by default the first one.
    ///
    /// 正式版的页面路径，可带参数；默认为首页。
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 0))]
    pagepath: Option<Text<PageWithQuery>>,
}

impl Miniprogram {
    /// Whether one is named: code of the years leaves an empty form of it in place.
    pub(crate) fn is_named(&self) -> bool {
        self.appid.is_some()
    }
}

/// A message before it has a receiver.
#[derive(Serialize)]
pub(crate) struct Message<'a> {
    pub(crate) template_id: &'a Text<TemplateId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<&'a Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) miniprogram: Option<&'a Miniprogram>,
    pub(crate) data: &'a Data,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_msg_id: Option<&'a Text<ClientMsgId>>,
}

#[derive(Serialize)]
struct Request<'a> {
    touser: &'a Text<Openid>,
    #[serde(flatten)]
    message: &'a Message<'a>,
}

#[derive(Deserialize)]
struct Upstream {
    #[serde(default, deserialize_with = "lenient_text")]
    msgid: Option<String>,
}

/// WeChat's page about template messages.
pub(crate) const DOCS: &[&str] = &[
    "https://developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage.html",
];

const RETIRED: [&str; 2] =
    ["WeChat has retired this interface for the account.", "微信已对该账号下线此接口。"];
const BANNED: [&str; 2] = [
    "WeChat banned the template or the account from sending messages.",
    "微信已封禁该模板，或禁止该账号发送消息。",
];

#[rustfmt::skip]
pub(crate) const REFUSALS: &[Refusal] = &[
    Refusal::new(40003, Problem::InvalidInput, ["This openid does not follow the official account.", "该 openid 未关注公众号。"]).field("touser").foreseen(),
    Refusal::new(40013, Problem::InvalidInput, ["The mini program is not bound to the official account.", "小程序未与公众号关联。"]).field("miniprogram.appid"),
    Refusal::new(40036, Problem::InvalidInput, ["WeChat does not accept the length of the template_id.", "微信不接受该长度的 template_id。"]).field("template_id"),
    Refusal::new(40037, Problem::InvalidInput, ["WeChat does not know this template_id for this app.", "该应用下没有此 template_id。"]).field("template_id").foreseen(),
    Refusal::new(40165, Problem::InvalidInput, ["The released mini program has no such page.", "已发布的小程序没有该页面。"]).field("miniprogram.pagepath"),
    Refusal::new(40166, Problem::InvalidInput, ["WeChat does not know this mini program.", "微信查不到该小程序。"]).field("miniprogram.appid"),
    Refusal::new(43004, Problem::ReceiverState, ["The receiver does not follow the account.", "接收者未关注该账号。"]),
    Refusal::new(43106, Problem::AccountNotPermitted, BANNED),
    Refusal::new(43107, Problem::AccountNotPermitted, BANNED),
    Refusal::new(43117, Problem::QuotaExceeded, ["WeChat takes no further message of this kind just now; wait for Retry-After.", "微信暂不接受更多此类消息，请在 Retry-After 之后重试。"]).wait(Wait::Seconds(300)),
    Refusal::new(47003, Problem::InvalidInput, ["The value of this template key breaks the key's rule.", "该模板字段的值不符合其规则。"]).field("data").text(FromText::Argument).foreseen(),
    Refusal::new(45014, Problem::InvalidInput, ["The message is too large.", "消息过大。"]).field("data"),
    Refusal::new(45051, Problem::InvalidInput, ["WeChat does not allow a link of the message.", "消息中含有微信不允许的链接。"]).field("url"),
    Refusal::new(45067, Problem::InvalidInput, ["A message with this client_msg_id was sent within ten minutes, or the id is not accepted.", "十分钟内已发送过相同 client_msg_id 的消息，或该 id 不被接受。"]).field("client_msg_id"),
    Refusal::new(45103, Problem::AccountNotPermitted, RETIRED),
    Refusal::new(45109, Problem::AccountNotPermitted, RETIRED),
];

/// The numbers that this module's callers compare: WeChat's.
pub(crate) const CODES: &[(Case, i64)] = &[
    (Case::Errcode(40003), 40003),
    (Case::Errcode(40013), 40013),
    (Case::Errcode(40037), 40037),
    (Case::Errcode(45009), 45009),
    (Case::Errcode(47003), 47003),
];

impl Message<'_> {
    /// Sends the message and returns WeChat's id of it, where WeChat tells one.
    pub(crate) async fn send(
        &self,
        wechat: WechatCalls<'_>,
        touser: &Text<Openid>,
    ) -> Result<Option<String>> {
        let request = Request { touser, message: self };
        let call = wechat.post("/cgi-bin/message/template/send", &request).once();
        let answer = call.refusals(REFUSALS).send().await?.proven()?;
        Ok(answer.json::<Upstream>()?.msgid)
    }
}

/// An empty address means that there is none.
pub(crate) fn link<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Link>, D::Error> {
    let text = Option::<String>::deserialize(from)?.filter(|text| !text.is_empty());
    text.map(Link::new).transpose().map_err(serde::de::Error::custom)
}

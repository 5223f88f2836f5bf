//! `h5.templateMessage.send`
//!
//! WeChat: `POST /cgi-bin/message/template/send`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Operation, Refusal, Result, Uses,
    capability::Wechat,
    value::{Openid, TemplateId, Text},
};

use super::{CODES, ClientMsgId, DOCS, Link, Message, Miniprogram, REFUSALS, link};
use crate::message::Data;

/// Sends a template message to a follower of the official account.
///
/// 向公众号的关注者发送模板消息。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The receiver's openid at the official account.
    ///
    /// 接收者在公众号下的 openid。
    touser: Text<Openid>,
    /// The template's id, from the WeChat console.
    ///
    /// 模板 id，可在微信公众平台查看。
    template_id: Text<TemplateId>,
    /// The page the message opens; `miniprogram` takes precedence.
    ///
    /// 点击消息后打开的网页；同时设置时 `miniprogram` 优先。
    #[serde(default, deserialize_with = "link")]
    url: Option<Link>,
    /// The mini program the message opens.
    ///
    /// 点击消息后打开的小程序。
    #[serde(default)]
    miniprogram: Option<Miniprogram>,
    /// The template's values: `{"thing1":{"value":"…"}}`, each within its key's rule.
    ///
    /// 模板内容：`{"thing1":{"value":"…"}}`，各值须符合其字段的规则。
    data: Data,
    /// An id of your own: within ten minutes WeChat sends one message per receiver and id.
    ///
    /// 自定义的防重 id：同一接收者、同一 id，微信十分钟内只发送一条。
    #[serde(default)]
    client_msg_id: Option<Text<ClientMsgId>>,
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
    /// WeChat's id of the message, of up to 19 digits, where it tells one.
    ///
    /// 微信的消息 id，最长 19 位数字；微信提供时才有。
    #[serde(skip_serializing_if = "Option::is_none")]
    msgid: Option<String>,
}

impl Operation for SendMessage {
    const ID: &'static str = "h5.templateMessage.send";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = DOCS;
    const REFUSALS: &'static [Refusal] = REFUSALS;
    const CODES: &'static [(Case, i64)] = CODES;
    const EXAMPLE: &'static str = r##"{"touser":"o0UR_VTzLG2StUT4GdEC-e_YbMj4","template_id":"demo-template-message-about-an-order-000001","url":"https://h5.example.com/order?id=42","data":{"first":{"value":"您购买的订单已经发货啦,正快马加鞭向您飞奔而去。","color":"#173177"},"keyword1":{"value":"D201803111235825"},"remark":{"value":"欢迎再次购买!"}}}"##;
    type Uses = Wechat;
    type Output = Sent;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Sent> {
        self.data.check()?;
        let message = Message {
            template_id: &self.template_id,
            url: self.url.as_ref(),
            miniprogram: self.miniprogram.as_ref().filter(|app| app.is_named()),
            data: &self.data,
            client_msg_id: self.client_msg_id.as_ref(),
        };
        Ok(Sent { sent: true, msgid: message.send(wechat, &self.touser).await? })
    }
}

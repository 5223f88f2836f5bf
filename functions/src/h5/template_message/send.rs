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
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The receiver's openid at the official account.
    touser: Text<Openid>,
    /// The template's id, from the WeChat console.
    template_id: Text<TemplateId>,
    /// The page the message opens; `miniprogram` takes precedence.
    #[serde(default, deserialize_with = "link")]
    url: Option<Link>,
    /// The mini program the message opens.
    #[serde(default)]
    miniprogram: Option<Miniprogram>,
    /// The template's values: `{"thing1":{"value":"…"}}`, each within its key's rule.
    data: Data,
    /// An id of your own: within ten minutes WeChat sends one message per receiver and id.
    #[serde(default)]
    client_msg_id: Option<Text<ClientMsgId>>,
}

/// A message on its way.
#[derive(Serialize, JsonSchema)]
pub struct Sent {
    /// Whether WeChat took it.
    sent: bool,
    /// WeChat's id of the message, of up to 19 digits, where it tells one.
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

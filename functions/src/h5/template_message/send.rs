//! `h5.templateMessage.send`
//!
//! WeChat: `POST /cgi-bin/message/template/send`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Operation, Result, Touch};

use super::{Message, Miniprogram};
use crate::message::{Data, check_touser};

/// Sends a template message to a follower of the official account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The receiver's openid at the official account.
    #[schemars(length(min = 1, max = 64))]
    touser: String,
    /// The template's id, from the WeChat console.
    #[schemars(length(min = 1, max = 128))]
    template_id: String,
    /// The page the message opens; `miniprogram` wins over it.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    url: Option<String>,
    /// The mini program the message opens.
    #[serde(default)]
    miniprogram: Option<Miniprogram>,
    /// The template's values: `{"thing1":{"value":"…"}}`, each within its key's rule.
    data: Data,
    /// An id of your own: within ten minutes WeChat sends one message per receiver and id.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    client_msg_id: Option<String>,
}

/// A message on its way.
#[derive(Serialize, JsonSchema)]
pub struct Sent {
    /// WeChat's id of the message, of up to 19 digits.
    msgid: String,
}

impl Operation for Send {
    const ID: &'static str = "h5.templateMessage.send";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r##"{"touser":"o0UR_VTzLG2StUT4GdEC-e_YbMj4","template_id":"demo-template-message-about-an-order-000001","url":"https://h5.example.com/order?id=42","data":{"first":{"value":"您购买的订单已经发货啦,正快马加鞭向您飞奔而去。","color":"#173177"},"keyword1":{"value":"D201803111235825"},"remark":{"value":"欢迎再次购买!"}}}"##;
    type Output = Sent;

    async fn run(self, app: &App, caller: &Caller) -> Result<Sent> {
        check_touser(&self.touser)?;
        let message = Message {
            template_id: &self.template_id,
            url: self.url.as_deref().filter(|url| !url.is_empty()),
            miniprogram: self.miniprogram.as_ref(),
            data: &self.data,
            client_msg_id: self.client_msg_id.as_deref(),
        };
        message.check()?;
        Ok(Sent { msgid: message.send(app, caller.appid(), &self.touser).await? })
    }
}

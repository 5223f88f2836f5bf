//! `uniformMessage.send`
//!
//! WeChat: `POST /cgi-bin/message/template/send`, since the interface of old,
//! `POST /cgi-bin/message/wxopen/template/uniform_send`, answers 45109 to everybody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Error, Operation, Problem, Result, Touch};

use crate::{
    h5::template_message::{Message, Miniprogram},
    message::{Data, check_touser},
};

/// Sends a template message of the official account to a user of the mini program.
///
/// The user must follow the official account. An openid of the mini program is translated by
/// the unionid: both accounts must be bound to one Open Platform account, and the user must have
/// logged in at both through this bundle.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The receiver's openid, at a mini program or at the official account.
    #[schemars(length(min = 1, max = 64))]
    touser: String,
    /// The official account's template, from the WeChat console.
    #[schemars(length(min = 1, max = 128))]
    template_id: String,
    /// The page the message opens; `miniprogram` wins over it.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    url: Option<String>,
    /// The mini program the message opens.
    #[serde(default)]
    miniprogram: Option<Miniprogram>,
    /// The template's values: `{"keyword1":{"value":"…"}}`, each within its key's rule.
    data: Data,
}

/// A message on its way.
#[derive(Serialize, JsonSchema)]
pub struct Sent {
    /// Whether WeChat took it.
    sent: bool,
    /// WeChat's id of the message, of up to 19 digits.
    msgid: String,
    /// How the receiver was found.
    via: Via,
}

/// How a receiver was found.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Via {
    /// `touser` was an openid of the official account.
    Openid,
    /// `touser` was an openid of a mini program.
    Unionid,
}

impl Operation for Send {
    const ID: &'static str = "uniformMessage.send";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat, Touch::Unionid];
    const EXAMPLE: &'static str = r#"{"touser":"o0UR_VTzLG2StUT4GdEC-e_YbMj4","template_id":"demo-template-message-about-an-order-000001","miniprogram":{"appid":"wx1111111111111111","pagepath":"pages/order/order?id=42"},"data":{"first":{"value":"您购买的订单已经发货啦"},"keyword1":{"value":"D201803111235825"},"remark":{"value":"欢迎再次购买！"}}}"#;
    type Output = Sent;

    async fn run(self, app: &App, caller: &Caller) -> Result<Sent> {
        check_touser(&self.touser)?;
        let message = Message {
            template_id: &self.template_id,
            url: self.url.as_deref().filter(|url| !url.is_empty()),
            miniprogram: self.miniprogram.as_ref(),
            data: &self.data,
            client_msg_id: None,
        };
        message.check()?;
        let (touser, via) = match translated(app, caller.appid(), &self.touser).await? {
            Some(openid) => (openid, Via::Unionid),
            None => (self.touser, Via::Openid),
        };
        let msgid = match message.send(app, caller.appid(), &touser).await {
            Err(error) if error.wechat_errcode() == Some(40003) && matches!(via, Via::Openid) => {
                return Err(nobody().errcode(40003, error.wechat_rid().map(str::to_owned)));
            }
            outcome => outcome?,
        };
        Ok(Sent { sent: true, msgid, via })
    }
}

/// The openid at the official account of somebody who has logged in at another app of ours.
async fn translated(app: &App, official: &str, openid: &str) -> Result<Option<String>> {
    for account in app.config.accounts.iter().filter(|account| account.appid != official) {
        if let Some(unionid) = app.table.unionid(&account.appid, openid).await? {
            return app.table.openid(&unionid, official).await?.map(Some).ok_or_else(nobody);
        }
    }
    Ok(None)
}

fn nobody() -> Error {
    Error::new(
        Problem::ReceiverState,
        "No openid of this user at the official account is known: bind both accounts to one Open \
         Platform account, and let the user log in at both through this bundle.",
    )
    .field("touser")
}

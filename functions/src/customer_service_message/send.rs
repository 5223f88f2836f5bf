//! `POST /customerServiceMessage/send`
//!
//! WeChat: `POST /cgi-bin/message/custom/send`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses, capability::Wechat,
};

use super::{RECEIVER, message::Message};

/// Answers a user who wrote to the account.
///
/// A message of the user allows five answers within 48 hours; entering customer service, following,
/// scanning a code or tapping the menu allows two or three within a minute. On `receiver-state` wait
/// for the user's next message. Send exactly the object that `msgtype` names. Never sent twice.
///
/// 回复给账号发过消息的用户（客服消息）。
///
/// 用户每发一条消息，48 小时内可回复五条；进入客服会话、关注、扫码或点击菜单后，一分钟内可发两到三
/// 条。遇到 `receiver-state` 时，请等用户下次发消息。只传 `msgtype` 指定的那个对象。绝不重复发送。
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SendMessage(Message);

/// A message that WeChat took.
///
/// 微信已接收的消息。
#[derive(Serialize, JsonSchema)]
pub struct Sent {
    /// Always true; WeChat does not give these messages an id.
    ///
    /// 恒为 true；微信不为此类消息提供 id。
    sent: bool,
}

impl Operation for SendMessage {
    const ID: &'static str = "customerServiceMessage.send";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_sendcustommessage.html",
        "https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        RECEIVER[0], RECEIVER[1], RECEIVER[2],
        Refusal::new(40003, Problem::InvalidInput, ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"]).field("touser"),
        Refusal::new(40007, Problem::InvalidInput, ["WeChat does not know this media_id: it is another account's, or older than 3 days.", "微信查不到该 media_id：它属于其他账号，或已超过 3 天。"]).field("media_id"),
        Refusal::new(45002, Problem::InvalidInput, ["The text is too long.", "文本过长。"]).field("text.content"),
        Refusal::new(45008, Problem::InvalidInput, ["Exactly one article can be sent.", "只能发送一条图文。"]).field("news.articles"),
        Refusal::new(45162, Problem::InvalidInput, ["WeChat does not send this type for this account.", "微信不为该账号发送此类型的消息。"]).field("msgtype"),
        Refusal::new(48002, Problem::ReceiverState, ["The user does not take messages of this account.", "用户拒收该账号的消息。"]),
        Refusal::new(70000, Problem::ReceiverState, ["The user is a minor and does not get this.", "用户是未成年人，无法接收。"]),
    ];
    const EXAMPLE: &'static str = r#"{"touser":"oUser-of-the-example-000000001","msgtype":"text","text":{"content":"Your parcel is on its way."}}"#;
    type Uses = Wechat;
    type Output = Sent;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Sent> {
        self.0.check(caller.account.kind)?;
        let call = wechat.post("/cgi-bin/message/custom/send", &self.0).once();
        call.refusals(Self::REFUSALS).done().await?;
        Ok(Sent { sent: true })
    }
}

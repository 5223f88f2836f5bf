//! `uniformMessage.send`
//!
//! WeChat: `POST /cgi-bin/message/template/send`, because the retired interface,
//! `POST /cgi-bin/message/wxopen/template/uniform_send`, answers 45109 to every call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Error, Operation, Problem, Refusal, Result, Uses,
    capability::{ReadUnionids, Unionids, Wechat},
    value::{Openid, TemplateId, Text},
};

use crate::{
    h5::template_message::{self, Link, Message, Miniprogram, link},
    message::Data,
};

/// Sends a template message of the official account to a user of the mini program.
///
/// The user must follow the official account. An openid of the mini program is translated by
/// the unionid: both accounts must be bound to one Open Platform account, and the user must have
/// logged in at both through this bundle, or the operator imported both openids
/// (docs/deployment.md).
///
/// 向小程序用户发送公众号模板消息（统一服务消息）。
///
/// 用户须已关注公众号。小程序的 openid 通过 unionid 转换：两个账号须绑定同一微信开放平台账号，且用
/// 户在两处都经由本服务登录过，或由运维导入过两边的 openid（docs/deployment.md）。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The receiver's openid, at a mini program or at the official account.
    ///
    /// 接收者的 openid，小程序或公众号的均可。
    touser: Text<Openid>,
    /// The official account's template, from the WeChat console.
    ///
    /// 公众号的模板 id，可在微信公众平台查看。
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
    /// The template's values: `{"keyword1":{"value":"…"}}`, each within its key's rule.
    ///
    /// 模板内容：`{"keyword1":{"value":"…"}}`，各值须符合其字段的规则。
    data: Data,
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
    /// How the receiver was found.
    ///
    /// 找到接收者的方式。
    via: Via,
}

/// How a receiver was found.
///
/// 找到接收者的方式。
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Via {
    /// `touser` was an openid of the official account.
    ///
    /// 传入的 `touser` 是公众号的 openid。
    Openid,
    /// `touser` was an openid of a mini program.
    ///
    /// 传入的 `touser` 是小程序的 openid。
    Unionid,
}

impl Operation for SendMessage {
    const ID: &'static str = "uniformMessage.send";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = template_message::DOCS;
    const REFUSALS: &'static [Refusal] = template_message::REFUSALS;
    const CODES: &'static [(Case, i64)] = template_message::CODES;
    const EXAMPLE: &'static str = r#"{"touser":"o0UR_VTzLG2StUT4GdEC-e_YbMj4","template_id":"demo-template-message-about-an-order-000001","miniprogram":{"appid":"wx1111111111111111","pagepath":"pages/order/order?id=42"},"data":{"first":{"value":"您购买的订单已经发货啦"},"keyword1":{"value":"D201803111235825"},"remark":{"value":"欢迎再次购买！"}}}"#;
    type Uses = (Wechat, Unionids);
    type Output = Sent;

    async fn run(self, (wechat, people): Uses<'_, Self>, caller: &Caller) -> Result<Sent> {
        self.data.check()?;
        let message = Message {
            template_id: &self.template_id,
            url: self.url.as_ref(),
            miniprogram: self.miniprogram.as_ref().filter(|app| app.is_named()),
            data: &self.data,
            client_msg_id: None,
        };
        let (touser, via) = match translated(people, caller, &self.touser).await? {
            Some(openid) => (openid, Via::Unionid),
            None => (self.touser, Via::Openid),
        };
        let msgid = match message.send(wechat, &touser).await {
            Err(error) if error.wechat_errcode() == Some(40003) && matches!(via, Via::Openid) => {
                return Err(unknown().errcode(40003, error.wechat_rid().map(str::to_owned)));
            }
            outcome => outcome?,
        };
        Ok(Sent { sent: true, msgid, via })
    }
}

/// The openid at the official account of a user who has logged in at another app of ours.
async fn translated(
    people: ReadUnionids<'_>,
    caller: &Caller,
    openid: &str,
) -> Result<Option<Text<Openid>>> {
    let official = caller.appid();
    for account in caller.accounts().iter().filter(|account| account.appid != official) {
        if let Some(unionid) = people.unionid(&account.appid, openid).await? {
            let openid = people.openid(&unionid, official).await?.ok_or_else(unknown)?;
            return Text::new(openid)
                .map(Some)
                .map_err(|fault| Error::internal(fault.detail.to_string()));
        }
    }
    Ok(None)
}

fn unknown() -> Error {
    Error::new(
        Problem::ReceiverState,
        [
            "No openid of this user at the official account is known: bind both accounts to one \
             Open Platform account, and let the user log in at both through this bundle, or import \
             both openids.",
            "不知道该用户在公众号的 openid：请将两个账号绑定到同一开放平台账号，\
             并让用户通过本服务在两处登录，或导入两个 openid。",
        ],
    )
    .field("touser")
}

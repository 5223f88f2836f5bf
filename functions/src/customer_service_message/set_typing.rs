//! `POST /customerServiceMessage/setTyping`
//!
//! WeChat: `POST /cgi-bin/message/custom/typing` for official accounts, `POST
//! /cgi-bin/message/custom/business/typing` for mini programs

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    value::{Openid, Text},
};

use super::{RECEIVER, message::OwnId};

/// Shows the user that an answer is being typed, for up to 15 seconds.
///
/// Works within 30 seconds of the last message, either way.
///
/// 向用户显示“对方正在输入”，最长 15 秒。
///
/// 双方最近一条消息后的 30 秒内有效。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTyping {
    /// The user.
    ///
    /// 用户的 openid。
    touser: Text<Openid>,
    /// Show it, or no longer.
    ///
    /// 显示或取消输入状态。
    command: Command,
    /// The sub-merchant it is shown for.
    ///
    /// 以哪个子商户的名义显示。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    businessid: Option<Text<OwnId>>,
}

/// What to show.
///
/// 要显示的状态。
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
enum Command {
    /// The hint.
    ///
    /// 显示“对方正在输入”。
    Typing,
    /// No hint.
    ///
    /// 取消显示。
    CancelTyping,
}

/// WeChat's consent.
///
/// 微信的确认。
#[derive(Serialize, JsonSchema)]
pub struct Shown {
    /// Always true.
    ///
    /// 恒为 true。
    done: bool,
}

impl Operation for SetTyping {
    const ID: &'static str = "customerServiceMessage.setTyping";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_typing.html",
        "https://developers.weixin.qq.com/doc/service/api/customer/message/api_typing.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        RECEIVER[0], RECEIVER[1], RECEIVER[2],
        Refusal::new(40003, Problem::InvalidInput, ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"]).field("touser"),
        Refusal::new(40200, Problem::AccountNotPermitted, ["WeChat does not show this for an account of this type.", "微信不为此类账号显示该状态。"]),
        Refusal::new(45080, Problem::ReceiverState, ["There was no message in the last 30 seconds. Try again after the next one.", "最近 30 秒内没有消息。请在收到下一条消息后重试。"]),
        Refusal::new(45081, Problem::ReceiverState, ["The hint shows already. Try again when it has ended, after 15 seconds.", "输入状态已在显示。请在其结束（15 秒）后重试。"]),
    ];
    const EXAMPLE: &'static str =
        r#"{"touser":"oUser-of-the-example-000000001","command":"Typing"}"#;
    type Uses = Wechat;
    type Output = Shown;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Shown> {
        let path = match caller.account.kind {
            AccountKind::OfficialAccount => "/cgi-bin/message/custom/typing",
            _ => "/cgi-bin/message/custom/business/typing",
        };
        wechat.post(path, &self).once().refusals(Self::REFUSALS).done().await?;
        Ok(Shown { done: true })
    }
}

//! What the administration of templates has in common.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    AccountKind, Problem, Refusal, text,
    value::{Chars, Text},
};

/// Mini programs, and official accounts that are verified.
pub(super) const ACCOUNTS: &[AccountKind] =
    &[AccountKind::MiniProgram, AccountKind::OfficialAccount];

text! {
    /// The number of a title in the public library, as digits.
    pub(super) TitleDigits: 1..=16, Chars::DIGITS,
        ["Send `tid` of getPubTemplateTitleList.", "请发送 getPubTemplateTitleList 返回的 `tid`。"];
    /// Numbers of categories, with commas.
    pub(super) CategoryIds: 1..=256, Chars::VISIBLE,
        [
            "Send ids of getCategory, with commas between them.",
            "请发送 getCategory 返回的 id，用逗号分隔。",
        ];
    /// What messages of a template are for.
    pub(super) Scene: 1..=15, Chars::PRINTABLE;
}

/// The number of a title, which WeChat gives as a number and takes as a text.
///
/// 模板标题 id；微信以数字返回，却要求以文本传入。
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Tid {
    /// As WeChat gives it.
    ///
    /// 与微信返回的一致（数字）。
    Number(u64),
    /// As WeChat takes it.
    ///
    /// 与微信要求的一致（文本）。
    Text(Text<TitleDigits>),
}

impl std::fmt::Display for Tid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tid::Number(number) => number.fmt(f),
            Tid::Text(text) => f.write_str(text),
        }
    }
}

const SYSTEM: [&str; 2] = ["WeChat is busy; try again shortly.", "微信繁忙，请稍后重试。"];
const ARGUMENTS: [&str; 2] =
    ["WeChat does not accept one of the arguments.", "微信不接受其中一个参数。"];

/// WeChat: [errors](https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_addwxanewtemplate.html).
#[rustfmt::skip]
pub(super) const REFUSALS: &[Refusal] = &[
    Refusal::new(20_001, Problem::WechatBusy, SYSTEM),
    Refusal::new(20_002, Problem::InvalidInput, ARGUMENTS),
    Refusal::new(200_001, Problem::WechatBusy, SYSTEM),
    Refusal::new(200_002, Problem::InvalidInput, ARGUMENTS),
    Refusal::new(200_011, Problem::AccountNotPermitted, ["WeChat banned the account from templates.", "微信已禁止该账号使用模板。"]),
    Refusal::new(200_012, Problem::QuotaExceeded, ["The account has as many templates as it may have; delete one.", "账号的模板数量已达上限，请先删除一个。"]),
    Refusal::new(200_013, Problem::AccountNotPermitted, ["WeChat banned this template.", "微信已封禁该模板。"]),
    Refusal::new(200_014, Problem::InvalidInput, ["The library has no title of this number.", "模板库中没有该编号的标题。"]).field("tid"),
    Refusal::new(200_016, Problem::InvalidInput, ARGUMENTS).field("start"),
    Refusal::new(200_017, Problem::InvalidInput, ARGUMENTS).field("limit"),
    Refusal::new(200_018, Problem::InvalidInput, ARGUMENTS).field("ids"),
    Refusal::new(200_019, Problem::InvalidInput, ["These are not categories of the account.", "这些不是该账号的类目。"]).field("ids"),
    Refusal::new(200_020, Problem::InvalidInput, ["These are not 2 to 5 keywords of the title.", "须为该模板标题的 2 到 5 个关键词。"]).field("kidList"),
    Refusal::new(200_021, Problem::InvalidInput, ARGUMENTS).field("sceneDesc"),
    Refusal::new(200_022, Problem::WrongState, ["The account has this template already.", "账号已有该模板。"]),
    Refusal::new(200_100, Problem::AccountNotPermitted, ["Accounts of this kind have no such templates.", "此类账号没有此类模板。"]),
];

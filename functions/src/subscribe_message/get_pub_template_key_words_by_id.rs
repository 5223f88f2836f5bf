//! `POST /subscribeMessage/getPubTemplateKeyWordsById`
//!
//! WeChat: `GET /wxaapi/newtmpl/getpubtemplatekeywords`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::templates::{self, Tid};

/// Lists the keywords of a title, of which a template has 2 to 5.
///
/// 查询模板标题下的关键词，一个模板可选 2 到 5 个。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPubTemplateKeyWordsById {
    /// The title's number, of `getPubTemplateTitleList`.
    ///
    /// 模板标题 id，来自 `getPubTemplateTitleList`。
    tid: Tid,
}

/// Keywords.
///
/// 关键词。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Keywords {
    /// How many there are.
    ///
    /// 总数。
    #[serde(default)]
    count: u64,
    /// The keywords.
    ///
    /// 关键词列表。
    #[serde(default)]
    data: Vec<Keyword>,
}

/// A keyword of a title.
///
/// 模板标题下的一个关键词。
#[derive(Deserialize, Serialize, JsonSchema)]
struct Keyword {
    /// Its number, for `addTemplate`.
    ///
    /// 关键词 id，用于 `addTemplate`。
    kid: u64,
    /// Its label.
    ///
    /// 关键词的显示名称。
    name: String,
    /// An example.
    ///
    /// 示例值。
    #[serde(default)]
    example: String,
    /// What its values must be; with the number, the key: `thing1`.
    ///
    /// 参数类型；与 id 合起来即为字段名，如 `thing1`。
    rule: String,
}

impl Operation for GetPubTemplateKeyWordsById {
    const ID: &'static str = "subscribeMessage.getPubTemplateKeyWordsById";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = templates::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getpubnewtemplatekeywords.html",
    ];
    const REFUSALS: &'static [Refusal] = templates::REFUSALS;
    const EXAMPLE: &'static str = r#"{"tid":"401"}"#;
    type Uses = Wechat;
    type Output = Keywords;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Keywords> {
        let call = wechat.get("/wxaapi/newtmpl/getpubtemplatekeywords");
        call.query("tid", self.tid.to_string()).refusals(Self::REFUSALS).json().await
    }
}

//! `POST /subscribeMessage/getPubTemplateKeyWordsById`
//!
//! WeChat: `GET /wxaapi/newtmpl/getpubtemplatekeywords`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::{library::Keywords, templates};

/// Lists the keywords of a title, of which a template has 2 to 5.
///
/// 查询模板标题下的关键词，一个模板可选 2 到 5 个。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPubTemplateKeyWordsById {
    /// The title's number, of `getPubTemplateTitleList`.
    ///
    /// 模板标题 id，来自 `getPubTemplateTitleList`。
    tid: templates::Tid,
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

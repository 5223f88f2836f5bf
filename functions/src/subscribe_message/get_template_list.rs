//! `POST /subscribeMessage/getTemplateList`
//!
//! WeChat: `GET /wxaapi/newtmpl/gettemplate`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

/// Lists the account's own templates.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTemplateList {}

/// Templates.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Templates {
    /// The templates.
    #[serde(default)]
    data: Vec<Template>,
}

/// A template of the account.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Template {
    /// What messages name as `template_id`.
    pri_tmpl_id: String,
    /// Its title.
    title: String,
    /// Its lines, as `label:{{thing1.DATA}}`.
    content: String,
    /// The same with examples.
    #[serde(default)]
    example: String,
    /// 2 for one message per consent, 3 for a long-term subscription.
    r#type: u8,
    /// What keys of a fixed choice may hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keyword_enum_value_list: Vec<Choice>,
}

/// The values that a key may hold.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Choice {
    /// The key.
    keyword_code: String,
    /// The values.
    enum_value_list: Vec<String>,
}

impl Operation for GetTemplateList {
    const ID: &'static str = "subscribeMessage.getTemplateList";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::templates::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getwxapubnewtemplate.html",
    ];
    const REFUSALS: &'static [Refusal] = super::templates::REFUSALS;
    const EXAMPLE: &'static str = "{}";
    type Uses = Wechat;
    type Output = Templates;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Templates> {
        wechat.get("/wxaapi/newtmpl/gettemplate").refusals(Self::REFUSALS).json().await
    }
}

//! `POST /subscribeMessage/deleteTemplate`
//!
//! WeChat: `POST /wxaapi/newtmpl/deltemplate`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses,
    capability::Wechat,
    value::{TemplateId, Text},
};

use super::templates;

/// Deletes a template of the account: its messages can no longer be sent.
///
/// 删除账号下的一个模板，此后不能再用它发消息。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteTemplate {
    /// The template's id.
    ///
    /// 模板 id。
    pri_tmpl_id: Text<TemplateId>,
}

/// Nothing: the template is deleted.
///
/// 无内容：模板已删除。
#[derive(Serialize, JsonSchema)]
pub struct Deleted {}

impl Operation for DeleteTemplate {
    const ID: &'static str = "subscribeMessage.deleteTemplate";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = templates::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_delwxanewtemplate.html",
    ];
    const REFUSALS: &'static [Refusal] = templates::REFUSALS;
    const EXAMPLE: &'static str = r#"{"priTmplId":"demo-one-time-subscription-of-an-order-0001"}"#;
    type Uses = Wechat;
    type Output = Deleted;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Deleted> {
        let call = wechat.post("/wxaapi/newtmpl/deltemplate", &self).once();
        call.refusals(Self::REFUSALS).done().await.map(|()| Deleted {})
    }
}

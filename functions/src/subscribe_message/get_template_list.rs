//! `POST /subscribeMessage/getTemplateList`
//!
//! WeChat: `GET /wxaapi/newtmpl/gettemplate`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::{library::Templates, templates};

/// Lists the account's own templates.
///
/// 查询账号下已有的模板。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTemplateList {}

impl Operation for GetTemplateList {
    const ID: &'static str = "subscribeMessage.getTemplateList";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = templates::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getwxapubnewtemplate.html",
    ];
    const REFUSALS: &'static [Refusal] = templates::REFUSALS;
    const EXAMPLE: &'static str = "{}";
    type Uses = Wechat;
    type Output = Templates;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Templates> {
        wechat.get("/wxaapi/newtmpl/gettemplate").refusals(Self::REFUSALS).json().await
    }
}

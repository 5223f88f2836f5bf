//! `POST /subscribeMessage/getCategory`
//!
//! WeChat: `GET /wxaapi/newtmpl/getcategory`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::templates;

/// Lists the account's categories, which decide which templates it may add.
///
/// 查询账号的类目，类目决定可选用哪些模板。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetCategory {}

/// Categories.
///
/// 类目。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Categories {
    /// The categories.
    ///
    /// 类目列表。
    #[serde(default)]
    data: Vec<Category>,
}

/// A category.
///
/// 一个类目。
#[derive(Deserialize, Serialize, JsonSchema)]
struct Category {
    /// Its number, for `getPubTemplateTitleList`.
    ///
    /// 类目 id，用于 `getPubTemplateTitleList`。
    id: u64,
    /// Its name.
    ///
    /// 名称。
    name: String,
}

impl Operation for GetCategory {
    const ID: &'static str = "subscribeMessage.getCategory";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = templates::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getcategory.html",
    ];
    const REFUSALS: &'static [Refusal] = templates::REFUSALS;
    const EXAMPLE: &'static str = "{}";
    type Uses = Wechat;
    type Output = Categories;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Categories> {
        wechat.get("/wxaapi/newtmpl/getcategory").refusals(Self::REFUSALS).json().await
    }
}

//! `POST /subscribeMessage/getPubTemplateTitleList`
//!
//! WeChat: `GET /wxaapi/newtmpl/getpubtemplatetitles`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses,
    capability::Wechat,
    value::{Int, Text},
};

use super::{
    library::Titles,
    templates::{self, CategoryIds},
};

/// Lists the titles of the public library that categories may use.
///
/// 查询所属类目可用的公共模板标题。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPubTemplateTitleList {
    /// The categories' numbers, with commas: `2,616`.
    ///
    /// 类目 id，以逗号分隔：`2,616`。
    ids: Text<CategoryIds>,
    /// The first title, from 0.
    ///
    /// 从第几个标题开始，从 0 计起。
    start: Int<0, 1_000_000>,
    /// Titles on a page.
    ///
    /// 每页标题数。
    limit: Int<1, 30>,
}

impl Operation for GetPubTemplateTitleList {
    const ID: &'static str = "subscribeMessage.getPubTemplateTitleList";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = templates::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getpubnewtemplatetitles.html",
    ];
    const REFUSALS: &'static [Refusal] = templates::REFUSALS;
    const EXAMPLE: &'static str = r#"{"ids":"307,616","start":0,"limit":30}"#;
    type Uses = Wechat;
    type Output = Titles;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Titles> {
        let call = wechat.get("/wxaapi/newtmpl/getpubtemplatetitles").query("ids", &*self.ids);
        let call = call.query("start", self.start.get().to_string());
        let call = call.query("limit", self.limit.get().to_string());
        call.refusals(Self::REFUSALS).json().await
    }
}

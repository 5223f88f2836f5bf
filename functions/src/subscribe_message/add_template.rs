//! `POST /subscribeMessage/addTemplate`
//!
//! WeChat: `POST /wxaapi/newtmpl/addtemplate`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses,
    capability::Wechat,
    percent,
    value::{List, Text},
};

use super::{library::Added, templates};

/// Adds a template of the public library to the account.
///
/// 从公共模板库选用一个模板到账号下。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddTemplate {
    /// The title's number, of `getPubTemplateTitleList`.
    ///
    /// 模板标题 id，来自 `getPubTemplateTitleList`。
    tid: templates::Tid,
    /// The keywords' numbers, of `getPubTemplateKeyWordsById`, in the order they are to have.
    ///
    /// 关键词 id 列表，来自 `getPubTemplateKeyWordsById`，按显示顺序排列。
    #[serde(rename = "kidList")]
    kid_list: List<u64, 0, 5>,
    /// What the messages are for.
    ///
    /// 服务场景描述。
    #[serde(rename = "sceneDesc")]
    scene_desc: Text<templates::Scene>,
}

impl Operation for AddTemplate {
    const ID: &'static str = "subscribeMessage.addTemplate";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = templates::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_addwxanewtemplate.html",
    ];
    const REFUSALS: &'static [Refusal] = templates::REFUSALS;
    const EXAMPLE: &'static str = r#"{"tid":"401","kidList":[1,2],"sceneDesc":"订单发货"}"#;
    type Uses = Wechat;
    type Output = Added;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Added> {
        // WeChat has answered 200014 to JSON: it sees no `tid` there.
        let mut form = format!("tid={}", self.tid);
        form.extend(self.kid_list.iter().map(|kid| format!("&kidList={kid}")));
        form.push_str(&format!("&sceneDesc={}", percent::encode(&self.scene_desc)));
        let call = wechat.post("/wxaapi/newtmpl/addtemplate", &()).once();
        let call = call.bytes("application/x-www-form-urlencoded", form.into());
        call.refusals(Self::REFUSALS).json().await
    }
}

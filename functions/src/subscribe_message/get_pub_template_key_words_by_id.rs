//! `POST /subscribeMessage/getPubTemplateKeyWordsById`
//!
//! WeChat: `GET /wxaapi/newtmpl/getpubtemplatekeywords`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::templates::{self, Tid};

/// Lists the keywords of a title, of which a template has 2 to 5.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPubTemplateKeyWordsById {
    /// The title's number, of `getPubTemplateTitleList`.
    tid: Tid,
}

/// Keywords.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Keywords {
    /// How many there are.
    #[serde(default)]
    count: u64,
    /// The keywords.
    #[serde(default)]
    data: Vec<Keyword>,
}

/// A keyword of a title.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Keyword {
    /// Its number, for `addTemplate`.
    kid: u64,
    /// Its label.
    name: String,
    /// An example.
    #[serde(default)]
    example: String,
    /// What its values must be; with the number, the key: `thing1`.
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

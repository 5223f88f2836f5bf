//! `POST /app/launchMiniProgram`
//!
//! WeChat: none; the app makes the call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Operation, Result, Uses,
    value::{Text, unless_empty},
};

use super::{CODES, MiniProgramType, PagePath, UserName};

/// Checks the parameters of the module's `launchMiniProgram`, which opens a mini program.
///
/// The app and the mini program must belong to one Open Platform account, or be linked there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchMiniProgram {
    /// Which version opens. By default the released one; the module's own default is `test`,
    /// which users cannot open.
    #[serde(default, rename = "miniProgramType")]
    mini_program_type: MiniProgramType,
    /// The mini program's original id.
    #[serde(rename = "userName")]
    user_name: Text<UserName>,
    /// The page, with its query; by default the home page.
    #[serde(default, deserialize_with = "unless_empty")]
    #[schemars(extend("minLength" = 0))]
    path: Option<Text<PagePath>>,
}

/// A call to make.
#[derive(Serialize, JsonSchema)]
pub struct Launch {
    /// The module's method.
    method: &'static str,
    /// Its parameters.
    params: Params,
}

/// The parameters of `launchMiniProgram`.
#[derive(Serialize, JsonSchema)]
struct Params {
    #[serde(rename = "apiKey")]
    api_key: String,
    #[serde(rename = "miniProgramType")]
    mini_program_type: MiniProgramType,
    #[serde(rename = "userName")]
    user_name: Text<UserName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Text<PagePath>>,
}

impl Operation for LaunchMiniProgram {
    const ID: &'static str = "app.launchMiniProgram";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/oplatform/Mobile_App/Launching_a_Mini_Program/Launching_a_Mini_Program.html",
    ];
    const CODES: &'static [(Case, i64)] = CODES;
    const EXAMPLE: &'static str = r#"{"userName":"gh_d43f693ca31f","path":"pages/home?from=app"}"#;
    type Uses = ();
    type Output = Launch;

    async fn run(self, (): Uses<'_, Self>, caller: &Caller) -> Result<Launch> {
        Ok(Launch {
            method: "launchMiniProgram",
            params: Params {
                api_key: caller.appid().to_owned(),
                mini_program_type: self.mini_program_type,
                user_name: self.user_name,
                path: self.path,
            },
        })
    }
}

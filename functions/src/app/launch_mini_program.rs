//! `POST /app/launchMiniProgram`
//!
//! WeChat: none; the app makes the call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Operation, Result, Touch};

use super::{MiniProgramType, check_api_key, check_path, check_user_name};

/// Checks what opens a mini program from an app, for the module's `launchMiniProgram`.
///
/// The app and the mini program must belong to one Open Platform account, or be linked there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchMiniProgram {
    /// The app's id; may be left out.
    #[serde(rename = "apiKey")]
    api_key: Option<String>,
    /// Which version opens. By default the released one; the module's own default is `test`,
    /// which users cannot open.
    #[serde(default, rename = "miniProgramType")]
    mini_program_type: MiniProgramType,
    /// The mini program's original id.
    #[serde(rename = "userName")]
    #[schemars(length(min = 4, max = 63), regex(pattern = "^gh_"))]
    user_name: String,
    /// The page, with its query; by default the home page.
    #[schemars(length(max = 1024))]
    path: Option<String>,
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
    user_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl Operation for LaunchMiniProgram {
    const ID: &'static str = "app.launchMiniProgram";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[];
    const EXAMPLE: &'static str = r#"{"userName":"gh_d43f693ca31f","path":"pages/home?from=app"}"#;
    type Output = Launch;

    async fn run(self, _app: &App, caller: &Caller) -> Result<Launch> {
        check_user_name("userName", &self.user_name)?;
        let path = self.path.filter(|path| !path.is_empty());
        if let Some(path) = &path {
            check_path("path", path)?;
        }
        Ok(Launch {
            method: "launchMiniProgram",
            params: Params {
                api_key: check_api_key(self.api_key.as_deref(), caller)?,
                mini_program_type: self.mini_program_type,
                user_name: self.user_name,
                path,
            },
        })
    }
}

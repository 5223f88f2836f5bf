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
///
/// 校验原生模块 `launchMiniProgram`（打开小程序）的参数。
///
/// App 与小程序须属于同一微信开放平台账号，或已在其中关联。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchMiniProgram {
    /// Which version opens. By default the released one; the module's own default is `test`,
    /// which users cannot open.
    ///
    /// 打开哪个版本。默认正式版；模块自身的默认值为 `test`，普通用户无法打开。
    #[serde(default, rename = "miniProgramType")]
    mini_program_type: MiniProgramType,
    /// The mini program's original id.
    ///
    /// 小程序的原始 ID。
    #[serde(rename = "userName")]
    user_name: Text<UserName>,
    /// The page, with its query; by default the home page.
    ///
    /// 页面路径，可带参数；默认为首页。
    #[serde(default, deserialize_with = "unless_empty")]
    #[schemars(extend("minLength" = 0))]
    path: Option<Text<PagePath>>,
}

/// A call to make.
///
/// 要执行的调用。
#[derive(Serialize, JsonSchema)]
pub struct Launch {
    /// The module's method.
    ///
    /// 原生模块的方法。
    method: &'static str,
    /// Its parameters.
    ///
    /// 方法的参数。
    params: Params,
}

/// The parameters of `launchMiniProgram`.
///
/// 模块方法 `launchMiniProgram` 的参数。
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

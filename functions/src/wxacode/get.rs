//! `POST /wxacode/get`, `GET /wxacode/get?path=…`
//!
//! WeChat: `POST /wxa/getwxacode`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Error, File, Method, Operation, Result, Touch};

use super::{LineColor, check_width, draw};
use crate::page::EnvVersion;

/// Draws a mini-program code for a path with its query.
///
/// An account gets 100,000 of these and of `wxacode.createQRCode` together, ever: prefer
/// `wxacode.getUnlimited`.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The page with its query: 1 to 1024 characters.
    #[schemars(length(min = 1, max = 1024))]
    path: String,
    /// The version that opens; by default the released one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    env_version: Option<EnvVersion>,
    /// Width in px; by default 430.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 280, max = 1280))]
    width: Option<u32>,
    /// Let WeChat choose the color of the lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auto_color: Option<bool>,
    /// The color of the lines, unless `auto_color`: `{"r":0,"g":0,"b":0}` or `"#000000"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line_color: Option<LineColor>,
    /// A transparent background; the image is then a PNG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_hyaline: Option<bool>,
}

impl Operation for Get {
    const ID: &'static str = "wxacode.get";
    const METHOD: Method = Method::GetOrPost;
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"path":"pages/index/index?id=42"}"#;
    type Output = File;

    async fn run(self, app: &App, caller: &Caller) -> Result<File> {
        if !(1..=1024).contains(&self.path.chars().count()) {
            return Err(Error::invalid("path", "A path has 1 to 1024 characters."));
        }
        check_width(self.width)?;
        draw(app, caller, "/wxa/getwxacode", &self).await
    }
}

//! `POST /wxacode/getUnlimited`, `GET /wxacode/getUnlimited?scene=…`
//!
//! WeChat: `POST /wxa/getwxacodeunlimit`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Error, File, Method, Operation, Result, Touch};

use super::{LineColor, check_width, draw};
use crate::page::{EnvVersion, check_path, check_visible};

/// Draws a mini-program code; there may be any number of them, 5000 a minute.
///
/// The page gets the scene URL-encoded: `decodeURIComponent(options.scene)`.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUnlimited {
    /// What the page gets: 1 to 32 of letters, digits and `!#$&'()*+,/:;=?@-._~`.
    #[schemars(length(min = 1, max = 32))]
    scene: String,
    /// The page, without leading `/` and without query; by default the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    page: Option<String>,
    /// Whether the page must be in the released version; by default it must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check_path: Option<bool>,
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

impl Operation for GetUnlimited {
    const ID: &'static str = "wxacode.getUnlimited";
    const METHOD: Method = Method::GetOrPost;
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"scene":"id=42","page":"pages/index/index"}"#;
    type Output = File;

    async fn run(self, app: &App, caller: &Caller) -> Result<File> {
        if self.scene.is_empty() {
            return Err(Error::invalid("scene", "A scene has 1 to 32 characters."));
        }
        check_visible("scene", &self.scene, 32, "")?;
        if let Some(page) = &self.page {
            if page.starts_with('/') || page.is_empty() {
                let detail = "Name the page without leading `/`, or leave it out for the first.";
                return Err(Error::invalid("page", detail));
            }
            check_path("page", page, 1024)?;
        }
        check_width(self.width)?;
        draw(app, caller, "/wxa/getwxacodeunlimit", &self).await
    }
}

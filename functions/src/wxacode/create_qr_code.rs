//! `POST /wxacode/createQRCode`, `GET /wxacode/createQRCode?path=…`
//!
//! WeChat: `POST /cgi-bin/wxaapp/createwxaqrcode`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Error, File, Method, Operation, Result, Touch};

use super::{check_width, draw};

/// Draws a square QR code for a path with its query.
///
/// An account gets 100,000 of these and of `wxacode.get` together, ever: prefer
/// `wxacode.getUnlimited`.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateQrCode {
    /// The page with its query: 1 to 128 bytes.
    #[schemars(length(min = 1, max = 128))]
    path: String,
    /// Width in px; by default 430.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 280, max = 1280))]
    width: Option<u32>,
}

impl Operation for CreateQrCode {
    const ID: &'static str = "wxacode.createQRCode";
    const METHOD: Method = Method::GetOrPost;
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"path":"pages/index/index?id=42","width":430}"#;
    type Output = File;

    async fn run(self, app: &App, caller: &Caller) -> Result<File> {
        if !(1..=128).contains(&self.path.len()) {
            return Err(Error::invalid(
                "path",
                "A path has 1 to 128 bytes; a Chinese character is 3.",
            ));
        }
        check_width(self.width)?;
        draw(app, caller, "/cgi-bin/wxaapp/createwxaqrcode", &self).await
    }
}

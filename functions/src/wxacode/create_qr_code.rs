//! `POST /wxacode/createQRCode`, `GET /wxacode/createQRCode?path=…`
//!
//! WeChat: `POST /cgi-bin/wxaapp/createwxaqrcode`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Budget, Caller, File, Http, Operation, Refusal, Result, Uses,
    capability::Wechat,
    text,
    value::{Chars, Text},
};

use super::{Width, draw, with_plus};

text! {
    /// A page with its query, as short as this code allows.
    Path: 1..=128, Chars::ANY;
}

/// Draws a square QR code for a path with its query.
///
/// An account gets 100,000 of these and of `wxacode.get` together, ever: prefer
/// `wxacode.getUnlimited`.
///
/// 生成方形小程序二维码，路径可带参数。
///
/// 与 `wxacode.get` 合计，每个账号总共 10 万个：请优先使用 `wxacode.getUnlimited`。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateQrCode {
    /// The page with its query; a space counts as the `+` that a query made it of.
    ///
    /// 页面路径，可带参数；空格按查询字符串中的 `+` 处理。
    #[serde(deserialize_with = "with_plus")]
    path: Text<Path>,
    /// Width in px; by default 430.
    ///
    /// 宽度，单位 px；默认 430。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<Width>,
}

impl Operation for CreateQrCode {
    const ID: &'static str = "wxacode.createQRCode";
    const HTTP: Http = Http::GET_OR_POST;
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/qr-code/api_createqrcode.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const BUDGET: Budget = Budget::LIFELONG;
    const EXAMPLE: &'static str = r#"{"path":"pages/index/index?id=42","width":430}"#;
    type Uses = Wechat;
    type Output = File;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<File> {
        draw(wechat.post("/cgi-bin/wxaapp/createwxaqrcode", &self)).await
    }
}

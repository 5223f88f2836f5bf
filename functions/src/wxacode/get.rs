//! `POST /wxacode/get`, `GET /wxacode/get?path=…`
//!
//! WeChat: `POST /wxa/getwxacode`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Budget, Caller, File, Http, Operation, Refusal, Result, Uses,
    capability::Wechat, value::Text,
};

use super::{LineColor, Width, draw, with_plus};
use crate::page::{EnvVersion, PageWithQuery};

/// Draws a mini-program code for a path with its query.
///
/// An account gets 100,000 of these and of `wxacode.createQRCode` together, ever: prefer
/// `wxacode.getUnlimited`.
///
/// 生成小程序码，路径可带参数。
///
/// 与 `wxacode.createQRCode` 合计，每个账号总共 10 万个：请优先使用 `wxacode.getUnlimited`。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The page with its query; a space counts as the `+` that a query made it of.
    ///
    /// 页面路径，可带参数；空格按查询字符串中的 `+` 处理。
    #[serde(deserialize_with = "with_plus")]
    path: Text<PageWithQuery>,
    /// The version that opens; by default the released one.
    ///
    /// 打开的版本；默认正式版。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    env_version: Option<EnvVersion>,
    /// Width in px; by default 430.
    ///
    /// 宽度，单位 px；默认 430。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<Width>,
    /// Let WeChat choose the color of the lines.
    ///
    /// 由微信自动配置线条颜色。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auto_color: Option<bool>,
    /// The color of the lines, unless `auto_color`: `{"r":0,"g":0,"b":0}` or `"#000000"`.
    ///
    /// 线条颜色，`auto_color` 未开启时有效：`{"r":0,"g":0,"b":0}` 或 `"#000000"`。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line_color: Option<LineColor>,
    /// A transparent background; the image is then a PNG.
    ///
    /// 是否使用透明底色；此时图片为 PNG。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_hyaline: Option<bool>,
}

impl Operation for Get {
    const ID: &'static str = "wxacode.get";
    const HTTP: Http = Http::GET_OR_POST;
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/qr-code/api_getqrcode.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const BUDGET: Budget = Budget::LIFELONG;
    const EXAMPLE: &'static str = r#"{"path":"pages/index/index?id=42"}"#;
    type Uses = Wechat;
    type Output = File;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<File> {
        draw(wechat.post("/wxa/getwxacode", &self)).await
    }
}

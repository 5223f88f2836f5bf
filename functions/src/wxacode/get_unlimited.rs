//! `POST /wxacode/getUnlimited`, `GET /wxacode/getUnlimited?scene=…`
//!
//! WeChat: `POST /wxa/getwxacodeunlimit`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, File, Http, Operation, Refusal, Result, Uses,
    capability::Wechat,
    text,
    value::{Chars, Text, unless_empty},
};

use super::{LineColor, Width, draw};
use crate::page::{EnvVersion, PagePath, Scene};

text! {
    /// A page without leading slash.
    Page: 1..=1024, Chars::ANY, check |page: &str| {
        if page.starts_with('/') {
            return Err([
                "Name the page without leading `/`, or leave it out for the first page.",
                "页面路径不要以 `/` 开头；留空则为首页。",
            ]);
        }
        <PagePath as shared::value::Rule>::check(page)
    };
}

/// Draws a mini-program code; their number is unlimited, 5,000 a minute.
///
/// The page gets the scene URL-encoded: `decodeURIComponent(options.scene)`.
///
/// 生成不限数量的小程序码，每分钟最多 5000 次。
///
/// 页面收到的 scene 经过 URL 编码，请用 `decodeURIComponent(options.scene)` 读取。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUnlimited {
    /// What the page gets: 1 to 32 of letters, digits and `!#$&'()*+,/:;=?@-._~`.
    ///
    /// 场景值，页面可读取：1 到 32 个字符，限字母、数字和 `!#$&'()*+,/:;=?@-._~`。
    scene: Text<Scene>,
    /// The page, without leading `/` and without query; by default the first page.
    ///
    /// 页面路径，开头不加 `/`，不带参数；默认为首页。
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 0))]
    page: Option<Text<Page>>,
    /// Whether the page must be in the released version; by default it must.
    ///
    /// 是否检查页面存在于正式版；默认检查。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check_path: Option<bool>,
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

impl Operation for GetUnlimited {
    const ID: &'static str = "wxacode.getUnlimited";
    const HTTP: Http = Http::GET_OR_POST;
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/qr-code/api_getunlimitedqrcode.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"scene":"id=42","page":"pages/index/index"}"#;
    type Uses = Wechat;
    type Output = File;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<File> {
        draw(wechat.post("/wxa/getwxacodeunlimit", &self)).await
    }
}

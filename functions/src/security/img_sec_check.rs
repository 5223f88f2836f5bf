//! `POST /security/imgSecCheck`
//!
//! WeChat: `POST /wxa/img_sec_check`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, FileInput, Http, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
};

use super::{RISKY, picture::fit};

/// Checks an image for content that must not be published.
///
/// Send it with `wx.uploadFile` as the part `media`, as the body itself, or as base64. PNG, JPEG
/// or GIF; beyond 750 × 1334 px or 1 MB it is scaled down before WeChat sees it, and of a GIF
/// beyond that only the first frame is checked.
///
/// 检测图片是否含有违规内容。
///
/// 可用 `wx.uploadFile` 作为 `media` 部分上传、直接作为请求正文，或以 base64 传入。支持
/// PNG、JPEG、GIF；超过 750 × 1334 像素或 1 MB 的图片会先压缩再交给微信，超限的 GIF 只检测第一帧。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImgSecCheck {
    /// The image in base64, with or without `data:image/…;base64,` before it.
    ///
    /// 图片的 base64，可带也可不带 `data:image/…;base64,` 前缀。
    base64: FileInput,
}

/// WeChat's verdict.
///
/// 微信的检测结论。
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// What to do.
    ///
    /// 处理建议。
    suggest: Suggest,
}

/// What to do with the image.
///
/// 对图片的处理建议。
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Suggest {
    /// Publish it.
    ///
    /// 可以发布。
    Pass,
    /// Do not publish it.
    ///
    /// 不可发布。
    Risky,
}

impl Operation for ImgSecCheck {
    const ID: &'static str = "security.imgSecCheck";
    const HTTP: Http = Http { body_limit: 6 << 20, upload: Some("base64"), ..Http::POST };
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/imgSecCheck.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40006, Problem::InvalidInput, ["WeChat does not accept the size of the image.", "微信不接受该图片大小。"]).field("base64"),
        Refusal::new(41005, Problem::InvalidInput, ["WeChat found no image.", "微信未收到图片。"]).field("base64"),
        Refusal::new(87015, Problem::WechatBusy, ["WeChat did not finish the check in time; try again shortly.", "微信未能及时完成检测，请稍后重试。"]),
    ];
    const EXAMPLE: &'static str = r#"{"base64":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="}"#;
    type Uses = Wechat;
    type Output = Checked;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Checked> {
        // Scaling keeps this environment busy for a moment; it has no other request meanwhile.
        let picture = fit(self.base64.into_bytes()).map_err(|error| error.field("base64"))?;
        let (name, kind) = (picture.file_name, picture.content_type);
        let call = wechat.upload("/wxa/img_sec_check", name, kind, &picture.bytes);
        let call = call.within(Duration::from_secs(20)).refusals(Self::REFUSALS);
        let suggest = match call.done().await {
            Ok(()) => Suggest::Pass,
            Err(error) if error.wechat_errcode() == Some(RISKY) => Suggest::Risky,
            Err(error) => return Err(error),
        };
        Ok(Checked { suggest })
    }
}

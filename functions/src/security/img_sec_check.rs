//! `POST /security/imgSecCheck`
//!
//! WeChat: `POST /wxa/img_sec_check`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Problem, Result, Touch,
    wechat::{Call, Verdict},
};

use super::{RISKY, Suggest, picture::fit};
use crate::spelling::base64;

/// Checks an image for content that must not be published.
///
/// Send it with `wx.uploadFile` as the part `media`, as the body itself, or as base64. PNG, JPEG
/// or GIF; beyond 750 × 1334 px or 1 MB it is scaled down before WeChat sees it, and of a GIF
/// beyond that only the first frame is looked at.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImgSecCheck {
    /// The image in base64, with or without `data:image/…;base64,` before it.
    #[schemars(length(min = 1))]
    base64: String,
}

/// WeChat's verdict.
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// What to do: `pass` or `risky`.
    suggest: Suggest,
}

const VERDICTS: &[Verdict] = &[
    (40006, Problem::InvalidInput, "WeChat does not accept the size of the image."),
    (41005, Problem::InvalidInput, "WeChat found no image."),
    (87015, Problem::WechatBusy, "WeChat did not finish the check in time; try again shortly."),
];

impl Operation for ImgSecCheck {
    const ID: &'static str = "security.imgSecCheck";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const BODY_LIMIT: usize = 6 << 20;
    const UPLOAD: Option<&'static str> = Some("base64");
    const EXAMPLE: &'static str = r#"{"base64":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="}"#;
    type Output = Checked;

    async fn run(self, app: &App, caller: &Caller) -> Result<Checked> {
        let at_fault = |error: Error| error.field("base64");
        // Scaling keeps this environment busy for a moment; it has no other request meanwhile.
        let picture = fit(read(self.base64)?).map_err(at_fault)?;
        let call = Call::upload(
            "/wxa/img_sec_check",
            picture.file_name,
            picture.content_type,
            &picture.bytes,
        );
        let call = call.within(Duration::from_secs(20)).verdicts(VERDICTS);
        let suggest = match app.call(caller.appid(), call).await {
            Ok(_) => Suggest::Pass,
            Err(error) => match error.wechat_errcode() {
                Some(RISKY) => Suggest::Risky,
                Some(40006 | 41005) => return Err(at_fault(error)),
                _ => return Err(error),
            },
        };
        Ok(Checked { suggest })
    }
}

fn read(text: String) -> Result<Vec<u8>> {
    let data = match text.split_once(";base64,") {
        Some((prefix, data)) if prefix.starts_with("data:") => data,
        _ => &text,
    };
    base64(data, |bytes| !bytes.is_empty()).ok_or_else(|| {
        let detail = "Send an image: as the part `media` of a form, as the body, or as base64.";
        Error::invalid("base64", detail)
    })
}

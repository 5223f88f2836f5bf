//! `POST /urlscheme/generate`
//!
//! WeChat: `POST /wxa/generatescheme`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use crate::jump::{self, Days, ExpireType, Expiry, JumpWxa, Wish};

/// Makes a `weixin://` link that opens the mini program from a browser or another app.
///
/// Every link expires after 30 days at the latest; WeChat no longer makes permanent ones. The
/// answer tells when this one expires.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// The page to open; by default the first one.
    #[serde(default)]
    jump_wxa: Option<JumpWxa>,
    /// Deprecated. `false` used to request a permanent link; it now yields one valid for 30 days.
    #[serde(default)]
    is_expire: Option<bool>,
    /// 0: expires at `expire_time`; 1: after `expire_interval`. By default the one that is sent
    /// counts.
    #[serde(default)]
    expire_type: Option<ExpireType>,
    /// When the link expires, seconds since 1970; a value below 1,000,000,000 is seconds from now.
    /// 60 seconds to 30 days from now.
    #[serde(default)]
    expire_time: Option<u64>,
    /// Days the link works.
    #[serde(default)]
    expire_interval: Option<Days>,
}

/// A link.
#[derive(Serialize, JsonSchema)]
pub struct Link {
    /// `weixin://dl/business/?t=…`
    openlink: String,
    /// When it expires, seconds since 1970.
    expire_time: u64,
}

#[derive(Serialize)]
struct Request<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    jump_wxa: Option<&'a JumpWxa>,
    #[serde(flatten)]
    expiry: &'a Expiry,
}

#[derive(Deserialize)]
struct Upstream {
    openlink: String,
}

impl Operation for Generate {
    const ID: &'static str = "urlscheme.generate";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-scheme/api_generatescheme.html",
    ];
    const REFUSALS: &'static [Refusal] = jump::REFUSALS;
    const EXAMPLE: &'static str = r#"{"jump_wxa":{"path":"pages/index/index","query":"id=42"},"is_expire":true,"expire_time":2592000}"#;
    type Uses = Wechat;
    type Output = Link;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Link> {
        let Generate { jump_wxa, is_expire, expire_type, expire_time, expire_interval } = self;
        let expiry =
            Wish { is_expire, expire_type, expire_time, expire_interval }.grant(caller.now())?;
        let request = Request { jump_wxa: jump_wxa.as_ref(), expiry: &expiry };
        let call = wechat.post("/wxa/generatescheme", &request).refusals(Self::REFUSALS);
        let Upstream { openlink } = call.json().await?;
        Ok(Link { openlink, expire_time: expiry.ends_at })
    }
}

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
///
/// 生成 `weixin://` 链接（URL Scheme），从浏览器或其他 App 打开小程序。
///
/// 链接最长 30 天后失效；微信已不再提供永久链接。应答会给出失效时间。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// The page to open; by default the first one.
    ///
    /// 要打开的页面；默认为首页。
    #[serde(default)]
    jump_wxa: Option<JumpWxa>,
    /// Deprecated. `false` used to request a permanent link; it now yields one valid for 30 days.
    ///
    /// 已弃用。过去 `false` 表示永久链接；现在生成的链接有效期为 30 天。
    #[serde(default)]
    is_expire: Option<bool>,
    /// 0: expires at `expire_time`; 1: after `expire_interval`. By default the one that is sent
    /// counts.
    ///
    /// 0：到 `expire_time` 失效；1：经过 `expire_interval` 后失效。默认以已传的那一个为准。
    #[serde(default)]
    expire_type: Option<ExpireType>,
    /// When the link expires, seconds since 1970; a value below 1,000,000,000 is seconds from now.
    /// 60 seconds to 30 days from now.
    ///
    /// 链接的失效时间，Unix 时间戳（秒）；小于 1000000000 的值视为距现在的秒数。须在 60 秒后至 30
    /// 天内。
    #[serde(default)]
    expire_time: Option<u64>,
    /// Days the link works.
    ///
    /// 链接的有效天数。
    #[serde(default)]
    expire_interval: Option<Days>,
}

/// A link.
///
/// 链接。
#[derive(Serialize, JsonSchema)]
pub struct Link {
    /// `weixin://dl/business/?t=…`
    ///
    /// URL Scheme，形如 `weixin://dl/business/?t=…`。
    openlink: String,
    /// When it expires, seconds since 1970.
    ///
    /// 失效时间，Unix 时间戳（秒）。
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

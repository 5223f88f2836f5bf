//! `POST /urllink/generate`
//!
//! WeChat: `POST /wxa/generate_urllink`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Refusal, Result, Uses,
    capability::Wechat,
    text,
    value::{AppId, Chars, Text, unless_empty},
};

use crate::{
    jump::{self, Days, ExpireType, Expiry, JumpWxa, Wish},
    page::{EnvVersion, PagePath, PageQuery},
};

/// Makes an `https://` link that opens the mini program from messages, mails and pages.
///
/// Every link expires after 30 days at the latest; WeChat no longer makes permanent ones. The
/// answer tells when this one expires.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// The page to open; by default the first one.
    #[serde(default)]
    jump_wxa: Option<JumpWxa>,
    /// `path`, `query` and `env_version` may stand here as well, as WeChat has them.
    #[serde(default)]
    path: Option<Text<PagePath>>,
    /// At most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`.
    #[serde(default)]
    query: Option<Text<PageQuery>>,
    /// The version that opens outside of WeChat; by default the released one.
    #[serde(default)]
    env_version: Option<EnvVersion>,
    /// The page of cloud hosting that the link opens outside of WeChat.
    #[serde(default)]
    cloud_base: Option<CloudBase>,
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

text! {
    /// An environment of cloud development, a domain or a path.
    Name: 1..=256, Chars::VISIBLE;
}

/// A page of a site on WeChat's cloud hosting.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CloudBase {
    /// The environment.
    env: Text<Name>,
    /// The site's own domain.
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    domain: Option<Text<Name>>,
    /// The page; by default the site's first one.
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    path: Option<Text<Name>>,
    /// What the page gets: at most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<Text<PageQuery>>,
    /// The account the environment belongs to; by default the mini program itself.
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    resource_appid: Option<Text<AppId>>,
}

/// A link.
#[derive(Serialize, JsonSchema)]
pub struct Link {
    /// `https://wxaurl.cn/…`
    url_link: String,
    /// When it expires, seconds since 1970.
    expire_time: u64,
}

#[derive(Serialize)]
struct Request<'a> {
    #[serde(flatten)]
    page: &'a JumpWxa,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_base: Option<&'a CloudBase>,
    #[serde(flatten)]
    expiry: &'a Expiry,
}

#[derive(Deserialize)]
struct Upstream {
    url_link: String,
}

impl Operation for Generate {
    const ID: &'static str = "urllink.generate";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_generateurllink.html",
    ];
    const REFUSALS: &'static [Refusal] = jump::REFUSALS;
    const EXAMPLE: &'static str =
        r#"{"jump_wxa":{"path":"pages/index/index","query":"id=42"},"expire_interval":7}"#;
    type Uses = Wechat;
    type Output = Link;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Link> {
        let Generate { is_expire, expire_type, expire_time, expire_interval, .. } = self;
        let flat = JumpWxa { path: self.path, query: self.query, env_version: self.env_version };
        let is_flat = flat.path.is_some() || flat.query.is_some() || flat.env_version.is_some();
        let (page, prefix) = match self.jump_wxa {
            Some(_) if is_flat => {
                let detail = "Send the page either in jump_wxa or in path, query and env_version.";
                return Err(Error::invalid("jump_wxa", detail));
            }
            Some(page) => (page, ""),
            None => (flat, "jump_wxa."),
        };
        let expiry =
            Wish { is_expire, expire_type, expire_time, expire_interval }.grant(caller.now())?;
        let cloud_base = self.cloud_base.as_ref();
        let request = Request { page: &page, cloud_base, expiry: &expiry };
        let call = wechat.post("/wxa/generate_urllink", &request).refusals(Self::REFUSALS);
        let answer = call.json::<Upstream>().await.map_err(|error| error.field_without(prefix))?;
        Ok(Link { url_link: answer.url_link, expire_time: expiry.ends_at })
    }
}

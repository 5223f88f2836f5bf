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
///
/// 生成 `https://` 链接（URL Link），从短信、邮件或网页打开小程序。
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
    /// `path`, `query` and `env_version` may stand here as well, as WeChat has them.
    ///
    /// 也可在此直接填写 `path`、`query` 和 `env_version`，与微信的写法一致。
    #[serde(default)]
    path: Option<Text<PagePath>>,
    /// At most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`.
    ///
    /// 页面参数，最多 1024 个字符，限字母、数字和 `!#$&'()*+,/:;=?@-._~%`。
    #[serde(default)]
    query: Option<Text<PageQuery>>,
    /// The version that opens outside of WeChat; by default the released one.
    ///
    /// 在微信外打开的版本；默认正式版。
    #[serde(default)]
    env_version: Option<EnvVersion>,
    /// The page of cloud hosting that the link opens outside of WeChat.
    ///
    /// 链接在微信外打开的云开发静态网站页面。
    #[serde(default)]
    cloud_base: Option<CloudBase>,
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

text! {
    /// An environment of cloud development, a domain or a path.
    Name: 1..=256, Chars::VISIBLE;
}

/// A page of a site on WeChat's cloud hosting.
///
/// 云开发静态网站的页面。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CloudBase {
    /// The environment.
    ///
    /// 云开发环境。
    env: Text<Name>,
    /// The site's own domain.
    ///
    /// 静态网站的自定义域名。
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    domain: Option<Text<Name>>,
    /// The page; by default the site's first one.
    ///
    /// 页面路径；默认为网站首页。
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    path: Option<Text<Name>>,
    /// What the page gets: at most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`.
    ///
    /// 页面参数，最多 1024 个字符，限字母、数字和 `!#$&'()*+,/:;=?@-._~%`。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<Text<PageQuery>>,
    /// The account the environment belongs to; by default the mini program itself.
    ///
    /// 云开发环境所属的账号；默认为小程序自身。
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    resource_appid: Option<Text<AppId>>,
}

/// A link.
///
/// 链接。
#[derive(Serialize, JsonSchema)]
pub struct Link {
    /// `https://wxaurl.cn/…`
    ///
    /// URL Link，形如 `https://wxaurl.cn/…`。
    url_link: String,
    /// When it expires, seconds since 1970.
    ///
    /// 失效时间，Unix 时间戳（秒）。
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
                let detail = [
                    "Send the page either in jump_wxa or in path, query and env_version.",
                    "页面请放在 jump_wxa，或放在 path、query 与 env_version 中。",
                ];
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

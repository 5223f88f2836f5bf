//! `POST /urllink/generate`
//!
//! WeChat: `POST /wxa/generate_urllink`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Error, Operation, Result, Touch, wechat::Call};

use crate::{
    jump::{Expiry, JumpWxa, VERDICTS, Wish, at_fault},
    page::EnvVersion,
};

/// Makes an `https://` link that opens the mini program from messages, mails and pages.
///
/// WeChat ends every link after 30 days at the latest; links for ever are no longer made. The
/// answer tells when this one ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// The page to open; by default the first one.
    #[serde(default)]
    jump_wxa: Option<JumpWxa>,
    /// `path`, `query` and `env_version` may stand here as well, as WeChat has them.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    path: Option<String>,
    /// At most 1024 of letters, digits and `!#$&'()*+,/:;=?@-._~%`.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    query: Option<String>,
    /// The version that opens outside of WeChat; by default the released one.
    #[serde(default)]
    env_version: Option<EnvVersion>,
    /// Of old: `false` asked for a link for ever, and now gives one for 30 days.
    #[serde(default)]
    is_expire: Option<bool>,
    /// 0: ends at `expire_time`; 1: ends after `expire_interval`. By default what is sent counts.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    expire_type: Option<u8>,
    /// When the link ends, seconds since 1970; a value below 1,000,000,000 is seconds from now.
    /// 60 seconds to 30 days from now.
    #[serde(default)]
    expire_time: Option<u64>,
    /// Days the link works.
    #[serde(default)]
    #[schemars(range(min = 1, max = 30))]
    expire_interval: Option<u64>,
}

/// A link.
#[derive(Serialize, JsonSchema)]
pub struct Link {
    /// `https://wxaurl.cn/…`
    url_link: String,
    /// When it ends, seconds since 1970.
    expire_time: u64,
}

#[derive(Serialize)]
struct Request<'a> {
    #[serde(flatten)]
    page: &'a JumpWxa,
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
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str =
        r#"{"jump_wxa":{"path":"pages/index/index","query":"id=42"},"expire_interval":7}"#;
    type Output = Link;

    async fn run(self, app: &App, caller: &Caller) -> Result<Link> {
        let Generate { is_expire, expire_type, expire_time, expire_interval, .. } = self;
        let flat = JumpWxa { path: self.path, query: self.query, env_version: self.env_version };
        let is_flat = flat.path.is_some() || flat.query.is_some() || flat.env_version.is_some();
        let (page, prefix) = match self.jump_wxa {
            Some(_) if is_flat => {
                let detail = "Send the page either in jump_wxa or in path, query and env_version.";
                return Err(Error::invalid("jump_wxa", detail));
            }
            Some(page) => (page, "jump_wxa."),
            None => (flat, ""),
        };
        page.check(prefix)?;
        let wish = Wish { is_expire, expire_type, expire_time, expire_interval };
        let expiry = wish.grant(app.clock.now())?;
        let request = Request { page: &page, expiry: &expiry };
        let call = Call::post("/wxa/generate_urllink", &request)?.verdicts(VERDICTS);
        let answer = app.call(caller.appid(), call).await;
        let answer = answer.map_err(|error| at_fault(error, prefix))?;
        Ok(Link { url_link: answer.json::<Upstream>()?.url_link, expire_time: expiry.ends_at })
    }
}

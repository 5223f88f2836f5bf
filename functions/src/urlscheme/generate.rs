//! `POST /urlscheme/generate`
//!
//! WeChat: `POST /wxa/generatescheme`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Operation, Result, Touch, wechat::Call};

use crate::jump::{Expiry, JumpWxa, VERDICTS, Wish, at_fault};

/// Makes a `weixin://` link that opens the mini program from a browser or another app.
///
/// WeChat ends every link after 30 days at the latest; links for ever are no longer made. The
/// answer tells when this one ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// The page to open; by default the first one.
    #[serde(default)]
    jump_wxa: Option<JumpWxa>,
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
    /// `weixin://dl/business/?t=…`
    openlink: String,
    /// When it ends, seconds since 1970.
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
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"jump_wxa":{"path":"pages/index/index","query":"id=42"},"is_expire":true,"expire_time":2592000}"#;
    type Output = Link;

    async fn run(self, app: &App, caller: &Caller) -> Result<Link> {
        let Generate { jump_wxa, is_expire, expire_type, expire_time, expire_interval } = self;
        if let Some(page) = &jump_wxa {
            page.check("jump_wxa.")?;
        }
        let wish = Wish { is_expire, expire_type, expire_time, expire_interval };
        let expiry = wish.grant(app.clock.now())?;
        let request = Request { jump_wxa: jump_wxa.as_ref(), expiry: &expiry };
        let call = Call::post("/wxa/generatescheme", &request)?.verdicts(VERDICTS);
        let answer = app.call(caller.appid(), call).await;
        let answer = answer.map_err(|error| at_fault(error, "jump_wxa."))?;
        Ok(Link { openlink: answer.json::<Upstream>()?.openlink, expire_time: expiry.ends_at })
    }
}

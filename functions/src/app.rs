//! What a native app shows and sends through WeChat: the server half of the modules `wxPlus` and
//! `wx`.
//!
//! An operation here checks a call before the phone makes it, and returns the method and the
//! parameters to hand to the module. These interfaces have no server half; use instead:
//!
//! | interface | use |
//! |---|---|
//! | `isInstalled` | the module: only the phone knows which apps it has |
//! | `auth` | the module, with the parameters of `oauth.authorizeUrl`; then `oauth.getToken` |
//! | `shareMutableImg` | the module: it hands local files to the phone's own share sheet |
//! | `addJumpFromWxListener` | the module: it listens on the phone (iOS) |
//! | `sendShowMessageResp` | the module: it tells WeChat on the phone that a message was shown |
//! | `sendGetMessageResp` | the module, with the parameters of `app.share`, kind `message` |
//! | `startWeiXinCard` | the module; its result goes to `invoice.getInvoiceInfo` |

mod launch_mini_program;
mod open_customer_service;
mod share;
mod subscribe_msg;
mod thumbnail;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{AccountKind, Caller, Error, Result};

pub use launch_mini_program::LaunchMiniProgram;
pub use open_customer_service::OpenCustomerService;
pub use share::Share;
pub use subscribe_msg::SubscribeMsg;

/// The accounts these calls are made for.
const ACCOUNTS: &[AccountKind] = &[AccountKind::MobileApp];

/// Which version of a mini program opens, in the module's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-shared" = true))]
enum MiniProgramType {
    /// The released one.
    #[default]
    Release,
    /// The one in development.
    Test,
    /// The one on trial.
    Preview,
}

/// `apiKey` is the app's id, which the session knows already.
fn check_api_key(api_key: Option<&str>, caller: &Caller) -> Result<String> {
    let appid = caller.appid();
    match api_key {
        None | Some("") => Ok(appid.to_owned()),
        Some(key) if key == appid => Ok(appid.to_owned()),
        Some(_) => Err(Error::invalid("apiKey", "This is another app's id; leave it out.")),
    }
}

/// The original id of a mini program.
fn check_user_name(field: &str, user_name: &str) -> Result<()> {
    let id = user_name.strip_prefix("gh_").unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=60).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(());
    }
    let detail = "Send the mini program's original id, which begins with gh_; it is not the appid.";
    Err(Error::invalid(field, detail))
}

/// A page of a mini program.
fn check_path(field: &str, path: &str) -> Result<()> {
    if path.len() > 1024 || path.contains("://") || path.chars().any(char::is_control) {
        let detail = "A page has at most 1024 bytes and may carry a query, as pages/a?b=1.";
        return Err(Error::invalid(field, detail));
    }
    Ok(())
}

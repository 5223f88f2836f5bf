//! What a native app shows and sends through WeChat: the server part of the modules `wxPlus` and
//! `wx`.
//!
//! 原生 App 通过微信展示与发送的内容：`wxPlus` 与 `wx` 模块的服务端部分。
//!
//! An operation here checks a call before the phone makes it, and returns the method and the
//! parameters for the module. These interfaces have no server part; use instead:
//!
//! | interface | use |
//! |---|---|
//! | `isInstalled` | the module: only the phone knows which apps are installed |
//! | `auth` | the module, with the parameters of `oauth.authorizeUrl`; then `oauth.getToken` |
//! | `shareMutableImg` | the module: it passes local files to the phone's own share sheet |
//! | `addJumpFromWxListener` | the module: it listens on the phone (iOS) |
//! | `sendShowMessageResp` | the module: it confirms on the phone that a message was shown |
//! | `sendGetMessageResp` | the module, with the parameters of `app.share`, kind `message` |
//! | `startWeiXinCard` | the module; pass its result to `invoice.getInvoiceInfo` |

mod launch_mini_program;
mod open_customer_service;
mod share;
mod subscribe_msg;
mod thumbnail;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{AccountKind, Case, text, value::Chars};

pub use launch_mini_program::LaunchMiniProgram;
pub use open_customer_service::OpenCustomerService;
pub use share::Share;
pub use subscribe_msg::SubscribeMsg;

/// The accounts these calls are made for.
const ACCOUNTS: &[AccountKind] = &[AccountKind::MobileApp];

/// Which version of a mini program opens, by the module's names.
///
/// 打开小程序的哪个版本，采用模块的命名。
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-shared" = true))]
enum MiniProgramType {
    /// The released one.
    ///
    /// 正式版。
    #[default]
    Release,
    /// The one in development.
    ///
    /// 开发版。
    Test,
    /// The one on trial.
    ///
    /// 体验版。
    Preview,
}

/// The modules' numbers of failures that the phone does not cause: 1 is a wrong `apiKey`.
const CODES: &[(Case, i64)] = &[(Case::Field("appid"), 1), (Case::Field("apiKey"), 1)];

text! {
    /// The original id of a mini program.
    UserName: 4..=63, Chars::ID,
        [
            "Send the mini program's original id, which begins with gh_; it is not the appid.",
            "请发送以 gh_ 开头的小程序原始 ID，而不是 appid。",
        ],
        check |text: &str| {
            if text.starts_with("gh_") {
                Ok(())
            } else {
                Err([
                    "The mini program's original id begins with gh_; it is not the appid.",
                    "小程序原始 ID 以 gh_ 开头，不是 appid。",
                ])
            }
        };
    /// A page of a mini program, with its query.
    PagePath: 1..=1024, Chars::PRINTABLE_BYTES,
        ["Send a page and its query, as pages/a?b=1.", "请发送页面路径及参数，如 pages/a?b=1。"],
        check |text: &str| {
            if text.contains("://") {
                Err([
                    "Send a page of the mini program, as pages/a?b=1; it is not an address.",
                    "请发送小程序页面，如 pages/a?b=1，而不是网址。",
                ])
            } else {
                Ok(())
            }
        };
}

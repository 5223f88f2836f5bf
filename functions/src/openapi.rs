//! The account's quotas at WeChat, and what became of a call.
//!
//! 账号在微信的调用额度，以及一次调用的详情。

mod clear_quota;
mod get_api_quota;
mod get_rid_info;
mod quota;
mod request;

use shared::AccountKind;

pub use clear_quota::ClearQuota;
pub use get_api_quota::GetApiQuota;
pub use get_rid_info::GetRidInfo;

/// The kinds of account that have an access token.
const ACCOUNTS: &[AccountKind] = &[AccountKind::MiniProgram, AccountKind::OfficialAccount];

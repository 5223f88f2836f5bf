//! Codes that bring followers to an official account.
//!
//! 为公众号带来关注者的二维码。

mod code;
mod create;
mod scene;

pub use create::Create;
use shared::{Problem, Refusal};

#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::new(40_053, Problem::InvalidInput, ["WeChat does not accept the scene.", "微信不接受该 scene。"]).field("action_info"),
    Refusal::new(45_029, Problem::QuotaExceeded, ["The account's permanent codes are used up.", "该账号的永久二维码已用完。"]),
];

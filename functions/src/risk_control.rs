//! What WeChat thinks of a user.
//!
//! 微信对用户的风险判定。

mod get_user_risk_rank;
mod rank;

pub use get_user_risk_rank::GetUserRiskRank;

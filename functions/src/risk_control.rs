//! What WeChat thinks of a user.

mod get_user_risk_rank;
mod rank;

pub use get_user_risk_rank::GetUserRiskRank;

//! Logging in, and the credentials for a back end that calls WeChat itself.
//!
//! 登录，以及供自行调用微信的后端使用的凭证。

mod check_session;
mod code2_session;
mod get_access_token;
mod get_ticket;
mod logout;

pub use check_session::CheckSession;
pub use code2_session::Code2Session;
pub use get_access_token::GetAccessToken;
pub use get_ticket::GetTicket;
pub use logout::Logout;

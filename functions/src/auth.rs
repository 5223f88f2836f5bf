//! Logging in, and the credentials for a back end that calls WeChat itself.

mod checksession;
mod code2session;
mod getaccesstoken;
mod getticket;

pub use checksession::CheckSession;
pub use code2session::Code2Session;
pub use getaccesstoken::GetAccessToken;
pub use getticket::GetTicket;

//! The operations, one file each, grouped by their namespaces, and the scheduled job.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod app;
pub mod auth;
pub mod jssdk;
pub mod oauth;
pub mod refresh_credentials;
pub mod site;
pub mod templatemessage;

use shared::Endpoint;

/// Every operation. What is not listed here does not exist: the local host, the OpenAPI document
/// and the agreement tests all read this table.
pub const OPERATIONS: &[Endpoint] = &[
    Endpoint::of::<auth::Code2Session>(),
    Endpoint::of::<auth::CheckSession>(),
    Endpoint::of::<auth::GetAccessToken>(),
    Endpoint::of::<auth::GetTicket>(),
    Endpoint::of::<jssdk::Config>(),
    Endpoint::of::<oauth::AuthorizeUrl>(),
    Endpoint::of::<oauth::GetToken>(),
    Endpoint::of::<oauth::RefreshToken>(),
    Endpoint::of::<oauth::GetUserInfo>(),
    Endpoint::of::<oauth::CheckToken>(),
    Endpoint::of::<app::Share>(),
    Endpoint::of::<app::LaunchMiniProgram>(),
    Endpoint::of::<app::OpenCustomerService>(),
    Endpoint::of::<app::SubscribeMsg>(),
    Endpoint::of::<templatemessage::Subscribe>(),
    Endpoint::of::<site::WellKnown>(),
];

/// The functions that are no operations: a schedule or a stream runs them.
pub const JOBS: &[&str] = &[refresh_credentials::NAME];

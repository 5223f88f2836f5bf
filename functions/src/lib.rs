//! The operations, one file each, grouped by their namespaces, and the scheduled job.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod app;
pub mod auth;
pub mod card;
pub mod decrypt;
pub mod h5;
pub mod invoice;
pub mod jssdk;
mod jump;
pub mod livebroadcast;
pub mod media;
mod message;
pub mod oauth;
mod page;
pub mod phonenumber;
pub mod refresh_credentials;
pub mod security;
pub mod shortlink;
pub mod site;
pub mod subscribe_message;
pub mod template_message;
pub mod uniform_message;
pub mod urllink;
pub mod urlscheme;
pub mod wxacode;

use shared::{
    Endpoint, JobEndpoint,
    registry::{Entry, JobEntry, Namespace, Registry, count, flatten},
    settings::SettingFacts,
};

/// Lists the operations of each namespace: `auth::{Code2Session, CheckSession}`.
macro_rules! operations {
    ($($root:ident $(:: $module:ident)* :: { $($operation:ident),+ $(,)? })+) => {
        /// Everything there is. What is not listed here does not exist: the local host and all
        /// generated files read this table.
        pub const REGISTRY: Registry = Registry {
            namespaces: &[$(Namespace {
                source: include_str!(concat!(stringify!($root) $(, "/", stringify!($module))*, ".rs")),
                entries: operations!(@entries ($root $(:: $module)*) $($operation)+),
            }),+],
            jobs: JOB_ENTRIES,
        };
    };
    (@entries $module:tt $($operation:ident)+) => {
        &[$(operations!(@entry $module $operation)),+]
    };
    (@entry ($($module:ident)::+) $operation:ident) => {
        Entry {
            path: concat!($(stringify!($module), "::",)+ stringify!($operation)),
            endpoint: Endpoint::of::<$($module::)+$operation>(),
        }
    };
}

operations! {
    auth::{Code2Session, CheckSession, GetAccessToken, GetTicket}
    decrypt::{GetPhoneNumber, GetUserData}
    phonenumber::{GetPhoneNumber}
    wxacode::{GetUnlimited, Get, CreateQrCode}
    urlscheme::{Generate}
    urllink::{Generate}
    shortlink::{Generate}
    security::{MsgSecCheck, ImgSecCheck}
    subscribe_message::{SendMessage}
    uniform_message::{SendMessage}
    h5::template_message::{SendMessage}
    livebroadcast::{GetLiveInfo, GetReplay}
    jssdk::{Config, Diagnose, CardExt, ChooseCard, ChooseInvoice}
    card::{DecryptCode}
    media::{Get}
    invoice::{GetInvoiceInfo, GetInvoiceBatch, UpdateInvoiceStatus}
    oauth::{AuthorizeUrl, GetToken, RefreshToken, GetUserInfo, CheckToken}
    app::{Share, LaunchMiniProgram, OpenCustomerService, SubscribeMsg}
    template_message::{Subscribe}
    site::{WellKnown}
}

/// Every operation, in the registry's order.
pub const OPERATIONS: &[Endpoint] = &flatten::<{ count(REGISTRY.namespaces) }>(REGISTRY.namespaces);

/// Lists the jobs.
macro_rules! jobs {
    ($($job:ty),+ $(,)?) => {
        const JOB_ENTRIES: &[JobEntry] =
            &[$(JobEntry { path: stringify!($job), endpoint: JobEndpoint::of::<$job>() }),+];

        /// The functions that are not operations: a schedule or a stream runs them.
        pub const JOBS: &[JobEndpoint] = &[$(JobEndpoint::of::<$job>()),+];
    };
}

jobs!(refresh_credentials::RefreshCredentials);

/// Every setting that only some functions read, each once.
pub fn settings() -> Vec<SettingFacts> {
    let operations = OPERATIONS.iter().flat_map(Endpoint::capabilities);
    let jobs = JOBS.iter().flat_map(JobEndpoint::capabilities);
    let mut settings: Vec<SettingFacts> =
        operations.chain(jobs).flat_map(|facts| facts.settings).collect();
    settings.sort_by_key(|setting| setting.name);
    settings.dedup_by_key(|setting| setting.name);
    settings
}

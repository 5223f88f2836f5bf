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
mod spelling;
pub mod subscribe_message;
pub mod template_message;
pub mod uniform_message;
pub mod urllink;
pub mod urlscheme;
pub mod wxacode;

use shared::{
    Endpoint,
    registry::{Entry, Job, Namespace, Registry, count, flatten},
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
            jobs: JOBS,
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
    subscribe_message::{Send}
    uniform_message::{Send}
    h5::template_message::{Send}
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

/// The functions that are not operations: a schedule or a stream runs them.
pub const JOBS: &[Job] = &[Job {
    name: refresh_credentials::NAME,
    path: "refresh_credentials",
    event: refresh_credentials::EXAMPLE,
}];

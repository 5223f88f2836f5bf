//! The operations, one file each, grouped by their namespaces, and the scheduled job.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod api;
pub mod app;
pub mod auth;
pub mod card;
pub mod customer_service_message;
pub mod decrypt;
pub mod deliver_events;
pub mod events;
pub mod h5;
pub mod internet;
pub mod invoice;
pub mod jssdk;
mod jump;
pub mod livebroadcast;
pub mod media;
mod message;
pub mod oauth;
pub mod openapi;
pub mod order_shipping;
mod page;
pub mod pay;
pub mod phonenumber;
mod picture;
pub mod push;
pub mod qrcode;
pub mod reconcile_payments;
pub mod refresh_credentials;
pub mod risk_control;
pub mod security;
pub mod shortlink;
pub mod site;
pub mod subscribe_message;
pub mod template_message;
pub mod uniform_message;
pub mod urllink;
pub mod urlscheme;
pub mod user;
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
    auth::{Code2Session, CheckSession, Logout, GetAccessToken, GetTicket}
    decrypt::{GetPhoneNumber, GetUserData, GetPayload}
    phonenumber::{GetPhoneNumber}
    wxacode::{GetUnlimited, Get, CreateQrCode}
    urlscheme::{Generate}
    urllink::{Generate}
    shortlink::{Generate}
    security::{MsgSecCheck, ImgSecCheck, MediaCheckAsync, GetMediaCheck}
    subscribe_message::{
        SendMessage, AddTemplate, DeleteTemplate, GetCategory, GetPubTemplateKeyWordsById,
        GetPubTemplateTitleList, GetTemplateList,
    }
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
    order_shipping::{
        GetOrder, GetOrderList, IsTradeManaged, NotifyConfirmReceive, UploadShippingInfo,
    }
    openapi::{ClearQuota, GetApiQuota, GetRidInfo}
    internet::{GetUserEncryptKey}
    risk_control::{GetUserRiskRank}
    qrcode::{Create}
    user::{GetInfo}
    api::{CallApi}
    site::{WellKnown}
    push::{Receive}
    events::{Redeliver}
    customer_service_message::{SendMessage, UploadTempMedia, SetTyping}
    pay::{
        PutProduct, CreateOrder, GetOrder, CloseOrder, Notify, Refund, GetRefund, DownloadBill,
    }
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

jobs!(
    refresh_credentials::RefreshCredentials,
    deliver_events::DeliverEvents,
    reconcile_payments::ReconcilePayments,
);

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

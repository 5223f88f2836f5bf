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
pub mod pay;
pub mod phonenumber;
pub mod reconcile_payments;
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

use shared::{Endpoint, JobEndpoint, settings::SettingFacts};

/// Every operation. What is not listed here does not exist: the local host, the OpenAPI document
/// and the agreement tests all read this table.
pub const OPERATIONS: &[Endpoint] = &[
    Endpoint::of::<auth::Code2Session>(),
    Endpoint::of::<auth::CheckSession>(),
    Endpoint::of::<auth::GetAccessToken>(),
    Endpoint::of::<auth::GetTicket>(),
    Endpoint::of::<decrypt::GetPhoneNumber>(),
    Endpoint::of::<decrypt::GetUserData>(),
    Endpoint::of::<phonenumber::GetPhoneNumber>(),
    Endpoint::of::<wxacode::GetUnlimited>(),
    Endpoint::of::<wxacode::Get>(),
    Endpoint::of::<wxacode::CreateQrCode>(),
    Endpoint::of::<urlscheme::Generate>(),
    Endpoint::of::<urllink::Generate>(),
    Endpoint::of::<shortlink::Generate>(),
    Endpoint::of::<security::MsgSecCheck>(),
    Endpoint::of::<security::ImgSecCheck>(),
    Endpoint::of::<subscribe_message::SendMessage>(),
    Endpoint::of::<uniform_message::SendMessage>(),
    Endpoint::of::<h5::template_message::SendMessage>(),
    Endpoint::of::<livebroadcast::GetLiveInfo>(),
    Endpoint::of::<livebroadcast::GetReplay>(),
    Endpoint::of::<jssdk::Config>(),
    Endpoint::of::<jssdk::Diagnose>(),
    Endpoint::of::<jssdk::CardExt>(),
    Endpoint::of::<jssdk::ChooseCard>(),
    Endpoint::of::<jssdk::ChooseInvoice>(),
    Endpoint::of::<card::DecryptCode>(),
    Endpoint::of::<media::Get>(),
    Endpoint::of::<invoice::GetInvoiceInfo>(),
    Endpoint::of::<invoice::GetInvoiceBatch>(),
    Endpoint::of::<invoice::UpdateInvoiceStatus>(),
    Endpoint::of::<oauth::AuthorizeUrl>(),
    Endpoint::of::<oauth::GetToken>(),
    Endpoint::of::<oauth::RefreshToken>(),
    Endpoint::of::<oauth::GetUserInfo>(),
    Endpoint::of::<oauth::CheckToken>(),
    Endpoint::of::<app::Share>(),
    Endpoint::of::<app::LaunchMiniProgram>(),
    Endpoint::of::<app::OpenCustomerService>(),
    Endpoint::of::<app::SubscribeMsg>(),
    Endpoint::of::<pay::PutProduct>(),
    Endpoint::of::<pay::CreateOrder>(),
    Endpoint::of::<pay::GetOrder>(),
    Endpoint::of::<pay::CloseOrder>(),
    Endpoint::of::<pay::Notify>(),
    Endpoint::of::<pay::Refund>(),
    Endpoint::of::<pay::GetRefund>(),
    Endpoint::of::<pay::DownloadBill>(),
    Endpoint::of::<template_message::Subscribe>(),
    Endpoint::of::<site::WellKnown>(),
];

/// The functions that are not operations: a schedule or a stream runs them.
pub const JOBS: &[JobEndpoint] = &[
    JobEndpoint::of::<refresh_credentials::RefreshCredentials>(),
    JobEndpoint::of::<reconcile_payments::ReconcilePayments>(),
];

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

//! What the operations of this namespace may use: orders, merchants' keys, the catalogue.

use shared::{
    App, Caller, Capability, Clock, Error, Log, Problem, Result,
    capability::{Early, Facts},
    grant::{Action, Grant, SecretName},
    settings::SettingFacts,
    table::Table,
    transport::Transport,
};

use super::{
    apiv3::{Api, Merchant, china_date},
    bill::BillReport,
    certificates,
    payments::{Looked, Payments},
    setting::{MerchantSetting, NotifyUrl, PayHosts, WechatPay},
};

/// Orders and refunds, with the merchants' keys.
pub struct Orders;

/// The products a user may order, and what they cost.
pub struct Catalogue;

/// The same, to be changed.
pub struct EditCatalogue;

/// Opens the cash desk: reads the keys.
#[derive(Clone, Copy)]
pub struct PayCalls<'a>(&'a App);

/// Everything a payment needs, keys included.
pub(super) struct Desk {
    table: Table,
    api: Api<Transport>,
    merchants: Vec<Merchant>,
    notify_url: String,
    clock: Clock,
}

impl Desk {
    pub(super) fn payments(&self) -> Payments<'_, Table, Transport> {
        Payments {
            ledger: &self.table,
            api: &self.api,
            merchants: &self.merchants,
            notify_url: &self.notify_url,
            clock: &self.clock,
        }
    }

    pub(super) fn merchants(&self) -> &[Merchant] {
        &self.merchants
    }
}

/// What one run of the job did.
#[derive(Debug, Default)]
pub struct Reconciled {
    /// What was due.
    pub looked: Looked,
    /// Days until the last key that verifies expires, where it is a certificate.
    pub days_left: Option<u64>,
    /// Merchants whose certificates were fetched.
    pub certificates: usize,
    /// Bills that were compared.
    pub bills: Vec<BillReport>,
    /// What went wrong with certificates and bills.
    pub problems: Vec<Problem>,
}

impl<'a> PayCalls<'a> {
    /// Whether there is any merchant.
    pub fn is_configured(&self) -> bool {
        !self.setting().is_empty()
    }

    /// Settles at most so many orders and refunds, and does what is to be done once a day.
    ///
    /// # Errors
    /// The table cannot be reached, or the merchants are not configured as they must be.
    pub async fn reconcile(&self, batch: usize) -> Result<Reconciled> {
        /// Bills are there at half past ten in China.
        const BILLS_AT: u64 = 10 * 3600 + 1_800;
        const DAY: u64 = 86_400;
        let desk = self.desk().await?;
        let payments = desk.payments();
        let looked = payments.reconcile(batch).await?;
        let mut done = Reconciled { looked, ..Reconciled::default() };
        match self.fetch_certificates(&desk).await {
            Ok(fetched) => done.certificates = fetched,
            Err(error) => done.problems.push(error.problem()),
        }
        let now = self.0.clock.now();
        let expires = desk.merchants.iter().filter_map(|m| m.verify.last_certificate_expires_at());
        done.days_left = expires.min().map(|at| at.saturating_sub(now) / DAY);
        let begins = shared::china::next_midnight(now) - DAY;
        if now < begins + BILLS_AT {
            return Ok(done);
        }
        let yesterday = china_date(begins - 1);
        for merchant in desk.merchants() {
            match payments.compare_bill(merchant, &yesterday).await {
                Ok(report) => done.bills.extend(report),
                Err(error) => done.problems.push(error.problem()),
            }
        }
        Ok(done)
    }

    /// Reads the keys before a request needs them, and says at once which of them cannot be used.
    async fn check_keys(self) {
        if self.is_configured()
            && let Err(error) = self.desk().await
        {
            let (problem, cause) = (error.problem().slug(), error.cause());
            tracing::error!(target: Log::TARGET, problem, cause, "no payments");
        }
    }

    fn setting(&self) -> &'a [MerchantSetting] {
        &self.0.setting::<WechatPay>().0
    }

    /// The number of the merchant an app is bound to.
    ///
    /// # Errors
    /// None of `WECHAT_PAY` names the app.
    pub(super) fn mchid(&self, appid: &str) -> Result<&'a str> {
        let bound = |merchant: &&MerchantSetting| merchant.apps.iter().any(|app| app == appid);
        let merchant = self.setting().iter().find(bound).ok_or_else(|| {
            let detail = [
                "No merchant is configured for this app; see WECHAT_PAY.",
                "该应用未配置商户，见 WECHAT_PAY。",
            ];
            Error::new(Problem::UnknownApp, detail).field("appid")
        })?;
        Ok(&merchant.mchid)
    }

    /// Reads the keys, and the certificates where there are any.
    ///
    /// # Errors
    /// A setting is missing, or a key cannot be read or used.
    pub(super) async fn desk(&self) -> Result<Desk> {
        let misconfigured = |why: String| {
            let detail = [
                "WeChat Pay is not configured as it must be; the log says how.",
                "微信支付配置有误，详情见日志。",
            ];
            Error::new(Problem::Misconfigured, detail).because(why)
        };
        let notify_url = self.0.setting::<NotifyUrl>().0.clone();
        let notify_url =
            notify_url.ok_or_else(|| misconfigured("PAY_NOTIFY_URL is not set".to_owned()))?;
        let mut merchants = Vec::new();
        for setting in self.setting() {
            let mut keys = Vec::new();
            for source in setting.sources() {
                keys.push(self.0.secrets.resolve(source).await?);
            }
            let mut merchant =
                setting.build(&keys).map_err(|why| misconfigured(format!("WECHAT_PAY {why}")))?;
            if setting.certificates {
                certificates::add_to(&mut merchant, &self.0.table).await?;
            }
            merchants.push(merchant);
        }
        let hosts = self.0.setting::<PayHosts>().0.clone();
        Ok(Desk {
            table: self.0.table.clone(),
            api: Api::new(self.0.transport().clone(), hosts, self.0.clock.clone()),
            merchants,
            notify_url,
            clock: self.0.clock.clone(),
        })
    }

    /// Fetches the platform certificates of every merchant that has some, where it is time; returns
    /// how many merchants' were fetched.
    ///
    /// # Errors
    /// WeChat Pay or the table cannot be reached.
    pub(super) async fn fetch_certificates(&self, desk: &Desk) -> Result<usize> {
        let now = self.0.clock.now();
        let mut fetched = 0;
        for (setting, merchant) in self.setting().iter().zip(&desk.merchants) {
            if setting.certificates {
                let is_new = certificates::fetch(merchant, &desk.api, &desk.table, now).await?;
                fetched += usize::from(is_new);
            }
        }
        Ok(fetched)
    }
}

impl Capability for Orders {
    type Handle<'a> = PayCalls<'a>;

    fn describe(into: &mut Vec<Facts>) {
        let all =
            |prefix: &str| [Grant::item(Action::Get, prefix), Grant::item(Action::Put, prefix)];
        let documents =
            ["order#*", "refund#*", "transaction#*", "notification#*", "certificates#*", "bill#*"];
        let mut grants: Vec<Grant> = documents.into_iter().flat_map(all).collect();
        grants.extend([
            Grant::item(Action::Put, "event#*"),
            Grant::item(Action::Query, "pay"),
            Grant::item(Action::Query, "paid#*"),
            Grant::Secret(SecretName::Merchant),
        ]);
        into.push(Facts {
            grants,
            problems: &[
                Problem::TableUnavailable,
                Problem::InProgress,
                Problem::Misconfigured,
                Problem::AccountNotPermitted,
                Problem::WechatRefused,
                Problem::WechatUnreachable,
                Problem::WechatBusy,
            ],
            settings: vec![
                SettingFacts::of::<WechatPay>(),
                SettingFacts::of::<PayHosts>(),
                SettingFacts::of::<NotifyUrl>(),
            ],
            ..Facts::new("Orders")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
        early.secrets.push(|app, _account| Box::pin(PayCalls(app).check_keys()));
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> PayCalls<'a> {
        PayCalls(app)
    }
}

impl Capability for Catalogue {
    type Handle<'a> = &'a Table;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![Grant::item(Action::Get, "product#*")],
            problems: &[Problem::TableUnavailable],
            ..Facts::new("Catalogue")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> &'a Table {
        &app.table
    }
}

impl Capability for EditCatalogue {
    type Handle<'a> = &'a Table;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![
                Grant::item(Action::Get, "product#*"),
                Grant::item(Action::Put, "product#*"),
            ],
            problems: &[Problem::TableUnavailable, Problem::InProgress],
            ..Facts::new("EditCatalogue")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> &'a Table {
        &app.table
    }
}

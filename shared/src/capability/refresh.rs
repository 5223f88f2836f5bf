//! Writing credentials: the refresher's, and no other function's.

use model::{Account, Clock};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    config::TokenMode,
    grant::{Action, Grant, SecretName},
    secrets::Secrets,
    table::Table,
    wechat::Wechat,
};

/// The only writer of credentials, with every app's secret.
pub struct RefreshCredentials;

/// What the refresher works with.
#[derive(Clone, Copy)]
pub struct Refreshing<'a> {
    /// Where credentials are kept.
    pub store: &'a Table,
    /// WeChat, without an access token.
    pub wechat: &'a Wechat,
    /// The app secrets.
    pub secrets: &'a Secrets,
    /// Every account of this deployment.
    pub accounts: &'a [Account],
    /// How access tokens are fetched.
    pub mode: TokenMode,
    /// The time.
    pub clock: &'a Clock,
}

impl Capability for RefreshCredentials {
    type Handle<'a> = Refreshing<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![
                Grant::item(Action::Get, "credential#*"),
                Grant::item(Action::Update, "credential#*"),
                Grant::item(Action::Get, "signal#*"),
                Grant::Secret(SecretName::App),
            ],
            ..Facts::new("RefreshCredentials")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> Refreshing<'a> {
        Refreshing {
            store: &app.table,
            wechat: &app.wechat,
            secrets: &app.secrets,
            accounts: &app.config.accounts,
            mode: app.config.token_mode,
            clock: &app.clock,
        }
    }
}

//! Reading one kind of credential: an access token or a ticket.

use std::marker::PhantomData;

use model::{CredentialKey, CredentialKind, Problem, Result};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    credentials::Credentials,
    grant::{Action, Grant},
    table::Table,
};

/// A kind of credential as a type.
pub trait Kind: Send + Sync + 'static {
    /// The kind.
    const KIND: CredentialKind;
    /// The capability's name.
    const NAME: &'static str;
}

/// The key to WeChat's API.
pub enum AccessToken {}

impl Kind for AccessToken {
    const KIND: CredentialKind = CredentialKind::AccessToken;
    const NAME: &'static str = "AccessToken";
}

/// Signs JS-SDK pages.
pub enum JsapiTicket {}

impl Kind for JsapiTicket {
    const KIND: CredentialKind = CredentialKind::JsapiTicket;
    const NAME: &'static str = "JsapiTicket";
}

/// Signs cards and invoices.
pub enum WxCardTicket {}

impl Kind for WxCardTicket {
    const KIND: CredentialKind = CredentialKind::WxCardTicket;
    const NAME: &'static str = "WxCardTicket";
}

/// Reads a credential of the account, and signals that it is missing or refused.
pub struct Reads<K>(PhantomData<K>);

/// Hands out one kind of credential of one account.
#[derive(Clone, Copy)]
pub struct ReadCredential<'a> {
    credentials: &'a Credentials<Table>,
    appid: &'a str,
    kind: CredentialKind,
}

impl ReadCredential<'_> {
    /// A credential that is valid as far as this environment knows.
    ///
    /// # Errors
    /// [`Problem::CredentialUnavailable`] with `Retry-After`, or [`Problem::TableUnavailable`].
    pub async fn get(&self) -> Result<model::Credential> {
        self.credentials.get(&CredentialKey::new(self.appid, self.kind)).await
    }

    /// The same for a caller who uses it elsewhere: asked again within seconds, or with `read`,
    /// the copy of this environment is read past.
    ///
    /// # Errors
    /// As [`ReadCredential::get`].
    pub async fn hand_out(&self, read: bool) -> Result<model::Credential> {
        self.credentials.hand_out(&CredentialKey::new(self.appid, self.kind), read).await
    }

    /// The credential in the table for an account of this deployment, expired or not; a missing
    /// one is not asked for.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn stored(&self, appid: &str) -> Result<Option<model::Credential>> {
        self.credentials.stored(&CredentialKey::new(appid, self.kind)).await
    }
}

impl<K: Kind> Capability for Reads<K> {
    type Handle<'a> = ReadCredential<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: grants(K::KIND),
            problems: &[Problem::CredentialUnavailable, Problem::TableUnavailable],
            ..Facts::new(K::NAME)
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
        early.credential = early.credential.or(Some(K::KIND));
    }

    fn of<'a>(app: &'a App, caller: &'a Caller) -> ReadCredential<'a> {
        ReadCredential { credentials: &app.credentials, appid: caller.appid(), kind: K::KIND }
    }
}

/// Reading a kind of credential, and signalling that it is missing or refused.
pub(super) fn grants(kind: CredentialKind) -> Vec<Grant> {
    vec![
        Grant::item(Action::Get, format!("credential#*#{kind}")),
        Grant::item(Action::Put, format!("signal#*#{kind}")),
    ]
}

//! Accounts at WeChat.

use serde::{Deserialize, Serialize};

use crate::{CredentialKey, CredentialKind, SecretSource};

/// An account at WeChat.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The app id, `wx` and 16 hex digits.
    pub appid: String,
    /// What it is; decides which operations it can serve.
    pub kind: AccountKind,
    /// Where its secret is; resolved only by what needs it.
    pub secret: SecretSource,
}

impl Account {
    /// Which of the table's credentials is this account's of a kind.
    pub fn credential(&self, kind: CredentialKind) -> CredentialKey {
        CredentialKey::new(&self.appid, kind)
    }
}

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A mini program.
    MiniProgram,
    /// A service or subscription account.
    OfficialAccount,
    /// A native app of the Open Platform.
    MobileApp,
    /// A website of the Open Platform.
    Website,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: &[AccountKind] = &[
        AccountKind::MiniProgram,
        AccountKind::OfficialAccount,
        AccountKind::MobileApp,
        AccountKind::Website,
    ];

    /// The spelling in `WECHAT_APPS`.
    pub const fn as_str(self) -> &'static str {
        match self {
            AccountKind::MiniProgram => "mini_program",
            AccountKind::OfficialAccount => "official_account",
            AccountKind::MobileApp => "mobile_app",
            AccountKind::Website => "website",
        }
    }

    /// The credentials WeChat gives an account of this kind.
    pub const fn credentials(self) -> &'static [CredentialKind] {
        match self {
            AccountKind::MiniProgram => &[CredentialKind::AccessToken],
            AccountKind::MobileApp => &[CredentialKind::AccessToken, CredentialKind::WxCardTicket],
            AccountKind::OfficialAccount => CredentialKind::ALL,
            AccountKind::Website => &[],
        }
    }

    /// Whether a credential is fetched only once a call has asked for it: few accounts of this
    /// kind have the right to it, and the others would fail every minute.
    pub const fn is_on_demand(self, kind: CredentialKind) -> bool {
        matches!((self, kind), (AccountKind::MobileApp, CredentialKind::WxCardTicket))
    }
}

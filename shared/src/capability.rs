//! What an operation may use beyond its input, each as a type.
//!
//! A capability tells in one place what it may do (its IAM grants), what is begun before the first
//! request, what can go wrong, which settings it reads, and what it offers. An operation names
//! its capabilities in [`crate::Operation::Uses`], is handed exactly their handles, and gets
//! exactly their policies.

mod credential;
mod current_login;
mod erasure;
mod event_bus;
mod login;
mod logins;
mod outbox;
mod push_keys;
mod refresh;
mod session_keys;
mod setting;
mod sign_sessions;
mod sns;
mod unionids;
mod web;
mod wechat;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Account, CredentialKind, Problem};

pub use credential::{AccessToken, JsapiTicket, Kind, ReadCredential, Reads, WxCardTicket};
pub use current_login::{CheckLogin, CurrentLogin};
pub use erasure::{Erasing, Erasure};
pub use event_bus::{
    BYTES as BUS_BYTES, BusCalls, BusEntry, ENTRIES as BUS_ENTRIES, EventBus, EventBusName,
};
pub use login::{CodeExchange, LogIn, LoggedIn, LoginCalls};
pub use logins::{LoginStates, Logins, Proven, Renewed};
pub use outbox::{
    MediaCheckCalls, Outbox, OutboxCalls, ReadMediaChecks, Redelivery, RedeliveryCalls,
    StartMediaChecks,
};
pub use push_keys::{PushKeys, ReadPushKeys};
pub use refresh::{RefreshCredentials, Refreshing};
pub use session_keys::{ReadSessionKeys, SessionKeys};
pub use setting::{Setting, Settings};
pub use sign_sessions::{SignSessions, Signer};
pub use sns::{SnsCalls, SnsTokens, SnsUser};
pub use unionids::{ReadUnionids, Unionids};
pub use web::PublicWeb;
pub use wechat::{Wechat, WechatCall, WechatCalls};

use crate::{App, Caller, grant::Grant, settings::SettingFacts};

/// Something outside an operation that it uses. A tuple is all of its parts, `()` nothing.
pub trait Capability: 'static {
    /// What the operation works with.
    type Handle<'a>: Send;

    /// Adds what documents, policies and templates must know.
    fn describe(into: &mut Vec<Facts>);

    /// Adds what the first request will wait for.
    fn prepare(early: &mut Early) {
        let _ = early;
    }

    /// The handle for one request.
    fn of<'a>(app: &'a App, caller: &'a Caller) -> Self::Handle<'a>;
}

/// What there is to know of a capability.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its name in the template: the managed policy is `Uses<name>`.
    pub name: &'static str,
    /// What it may do with table and secrets.
    pub grants: Vec<Grant>,
    /// What can go wrong because of it.
    pub problems: &'static [Problem],
    /// The settings it reads.
    pub settings: Vec<SettingFacts>,
}

impl Facts {
    /// A capability without grants, problems and settings.
    pub const fn new(name: &'static str) -> Facts {
        Facts { name, grants: Vec::new(), problems: &[], settings: Vec::new() }
    }
}

/// What is begun before the first request.
#[derive(Default)]
pub struct Early {
    /// Connect to the table.
    pub table: bool,
    /// Read this credential of the default account.
    pub credential: Option<CredentialKind>,
    /// Connect to WeChat.
    pub wechat: bool,
    /// Read these secrets. A pointer, so that other functions do not carry the client of SSM.
    pub secrets: Vec<ReadSecret>,
}

/// Reads a secret before a request needs it, for the default account.
pub type ReadSecret = for<'a> fn(&'a App, Option<&'a Account>) -> BoxFuture<'a, ()>;

impl Capability for () {
    type Handle<'a> = ();

    fn describe(_into: &mut Vec<Facts>) {}

    fn of<'a>(_app: &'a App, _caller: &'a Caller) {}
}

macro_rules! all_of {
    ($($name:ident)+) => {
        impl<$($name: Capability),+> Capability for ($($name,)+) {
            type Handle<'a> = ($($name::Handle<'a>,)+);

            fn describe(into: &mut Vec<Facts>) {
                $($name::describe(into);)+
            }

            fn prepare(early: &mut Early) {
                $($name::prepare(early);)+
            }

            fn of<'a>(app: &'a App, caller: &'a Caller) -> Self::Handle<'a> {
                ($($name::of(app, caller),)+)
            }
        }
    };
}

all_of! { A B }
all_of! { A B C }
all_of! { A B C D }

impl App {
    /// Begins, in the background, what the first request will wait for: connections, the
    /// credential of the default account, and secrets.
    ///
    /// Nothing depends on it: what fails here, the request that needs it does again.
    pub(crate) fn prepare(self: &Arc<App>, early: Early, account: Option<&Account>) {
        if early.table {
            let key = early.credential.zip(account);
            self.prepare_table(key.map(|(kind, account)| account.credential(kind)));
        }
        if early.wechat {
            self.prepare_wechat();
        }
        for read in early.secrets {
            let (app, account) = (Arc::clone(self), account.cloned());
            tokio::spawn(async move { read(&app, account.as_ref()).await });
        }
    }
}

//! The tokens and keys that messages from WeChat are signed and encrypted with.

use model::{Account, Error, Problem, PushMode, Result, Secret};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller, Log,
    grant::{Grant, SecretName},
};

/// Reading the push keys of every account that has some.
pub struct PushKeys;

/// Reads push keys.
#[derive(Clone, Copy)]
pub struct ReadPushKeys<'a>(&'a App);

impl<'a> ReadPushKeys<'a> {
    /// The accounts that receive messages, with the mode each is configured for.
    pub fn receivers(&self) -> impl Iterator<Item = (&'a Account, PushMode)> + use<'a> {
        let accounts = self.0.config.accounts.iter();
        accounts.filter_map(|account| Some((account, account.push.as_ref()?.mode)))
    }

    /// The text of an account's push keys.
    ///
    /// # Errors
    /// [`Problem::CredentialUnavailable`]: WeChat then sends the message again.
    pub async fn read(&self, account: &Account) -> Result<Secret> {
        let unavailable = || {
            Error::new(
                Problem::CredentialUnavailable,
                ["The push keys are not available just now.", "消息推送密钥暂不可用。"],
            )
        };
        let push = account.push.as_ref().ok_or_else(unavailable)?;
        self.0.secrets.resolve(&push.keys).await.map_err(|error| {
            unavailable().because(error.cause().unwrap_or_else(|| error.to_string()))
        })
    }

    /// The time, seconds since 1970.
    pub fn now(&self) -> u64 {
        self.0.clock.now()
    }
}

impl Capability for PushKeys {
    type Handle<'a> = ReadPushKeys<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![Grant::Secret(SecretName::PushKeys)],
            problems: &[Problem::CredentialUnavailable],
            ..Facts::new("PushKeys")
        });
    }

    fn prepare(early: &mut Early) {
        early.secrets.push(|app, _account| {
            Box::pin(async move {
                let keys = ReadPushKeys(app);
                for (account, mode) in keys.receivers() {
                    if mode == PushMode::Plain {
                        warn_of_plain_mode(&account.appid);
                    }
                    // What fails here, the request that needs it does again.
                    drop(keys.read(account).await);
                }
            })
        });
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> ReadPushKeys<'a> {
        ReadPushKeys(app)
    }
}

/// Says that messages to an account can be forged by whoever sees one of its URLs.
fn warn_of_plain_mode(appid: &str) {
    tracing::warn!(
        target: Log::TARGET,
        appid,
        "push in plain mode: the signature does not cover the message, so anyone who sees one URL \
         can forge messages for ten minutes; switch to safe mode"
    );
}

//! Signing sessions.

use model::{Error, Problem, Result};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    grant::{Grant, SecretName},
    session::SigningKey,
};

/// The key that signs sessions, and no app secret.
pub struct SignSessions;

/// Reads the signing key.
#[derive(Clone, Copy)]
pub struct Signer<'a>(&'a App);

impl Signer<'_> {
    /// The key.
    ///
    /// # Errors
    /// [`Problem::Misconfigured`] if this function has none.
    pub async fn key(&self) -> Result<SigningKey> {
        signing_key(self.0).await
    }
}

/// The key that signs sessions.
pub(super) async fn signing_key(app: &App) -> Result<SigningKey> {
    let source = app.config.session_signing_key.as_ref().ok_or_else(|| {
        let detail = [
            "This function signs sessions and needs SESSION_SIGNING_KEY_SSM.",
            "该函数签发会话，需要配置 SESSION_SIGNING_KEY_SSM。",
        ];
        Error::new(Problem::Misconfigured, detail)
    })?;
    SigningKey::parse(&app.secrets.resolve(source).await?)
}

impl Capability for SignSessions {
    type Handle<'a> = Signer<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![Grant::Secret(SecretName::SigningKey)],
            problems: &[Problem::Misconfigured],
            ..Facts::new("SignSessions")
        });
    }

    fn prepare(early: &mut Early) {
        early.secrets.push(|app, _account| Box::pin(async move { drop(signing_key(app).await) }));
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> Signer<'a> {
        Signer(app)
    }
}

//! Renewing and ending the logins of a user.

use std::time::Duration;

use model::{
    Error, Problem, Result,
    crypto::{equal_in_constant_time, jitter, nonce, sha256_hex},
};
use tokio::time::{Instant, sleep};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    grant::{Action, Grant},
    session::{RefreshCredential, SESSION_LIFE, Session, SigningKey},
    table::{LoginState, Sessions},
};

/// Trouble of the table is waited for this long: a renewal whose outcome is unknown could make the
/// client's next one look like a stolen credential's.
const PATIENCE: Duration = Duration::from_secs(6);

/// The logins of any user of the account.
pub struct Logins;

/// Renews and ends logins.
#[derive(Clone, Copy)]
pub struct LoginStates<'a> {
    app: &'a App,
}

/// A login whose credential was the current one when it was presented.
pub struct Proven {
    appid: String,
    openid: String,
    /// The login's id.
    login: String,
    /// SHA-256 of the credential.
    refresh: String,
}

/// A renewed login.
pub struct Renewed {
    /// The session from now on.
    pub session: Session,
    /// What renews it next.
    pub credential: RefreshCredential,
}

fn ended() -> Error {
    Error::new(
        Problem::Unauthenticated,
        ["The login has ended; let the user log in again.", "登录已结束，请让用户重新登录。"],
    )
}

impl LoginStates<'_> {
    /// The login that a credential of ours renews.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`] if the credential is not one of ours, the login has ended, or
    /// the credential was used before, which ends the login;
    /// [`Problem::TableUnavailable`].
    pub async fn prove(
        &self,
        credential: &RefreshCredential,
        sealed: &str,
        key: &SigningKey,
    ) -> Result<Proven> {
        let RefreshCredential { appid, openid, login: id, .. } = credential;
        let refresh = sha256_hex(sealed);
        let sessions = self.read(appid, openid).await?;
        let Some(login) = sessions.logins.iter().find(|login| login.id == *id) else {
            return Err(ended());
        };
        if login.refresh.as_ref() == Some(&refresh) {
            return Ok(Proven {
                appid: appid.clone(),
                openid: openid.clone(),
                login: id.clone(),
                refresh,
            });
        }
        if !equal_in_constant_time(key.seal(credential).as_bytes(), sealed.as_bytes()) {
            return Err(Error::new(
                Problem::Unauthenticated,
                [
                    "This dynamicToken is not one of ours; let the user log in again.",
                    "该 dynamicToken 不是由本服务签发的，请让用户重新登录。",
                ],
            ));
        }
        // Two clients have the login's credentials, and one of them has stolen them.
        self.change(appid, openid, |sessions| sessions.logins.retain(|login| login.id != *id))
            .await?;
        Err(Error::new(
            Problem::Unauthenticated,
            [
                "This dynamicToken was used before, so the login has been ended; let the user log in \
                 again.",
                "该 dynamicToken 已被使用过，登录已因此结束，请让用户重新登录。",
            ],
        ))
    }

    /// The login that was made with a refresh token of WeChat's, once WeChat has said whose it is.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`] if the login has ended; [`Problem::TableUnavailable`].
    pub async fn of_wechats(&self, appid: &str, openid: &str, token: &str) -> Result<Proven> {
        let refresh = sha256_hex(token);
        let sessions = self.read(appid, openid).await?;
        let login = sessions.logins.iter().find(|login| login.refresh.as_ref() == Some(&refresh));
        let login = login.ok_or_else(ended)?.id.clone();
        Ok(Proven { appid: appid.to_owned(), openid: openid.to_owned(), login, refresh })
    }

    /// Renews a login: a new session, and a new credential in the place of the one presented.
    ///
    /// Of simultaneous renewals with one credential one is made, and the others get what it gave.
    /// `next` makes the text of the next credential.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`] if the login has ended meanwhile;
    /// [`Problem::TableUnavailable`].
    pub async fn renew(
        &self,
        proven: &Proven,
        next: impl Fn(&RefreshCredential) -> String,
    ) -> Result<Renewed> {
        let Proven { appid, openid, login: id, refresh } = proven;
        let sid = nonce();
        let credential = |sid: &str| RefreshCredential {
            appid: appid.clone(),
            openid: openid.clone(),
            login: id.clone(),
            sid: sid.to_owned(),
        };
        let now = self.app.clock.now();
        let sessions = self
            .change(appid, openid, |sessions| {
                let login = sessions.logins.iter_mut().find(|login| login.id == *id);
                let Some(login) = login.filter(|login| {
                    // Otherwise this request, or a simultaneous one, has made the renewal.
                    login.refresh.as_ref() == Some(refresh) && login.sid != sid
                }) else {
                    return;
                };
                login.sid.clone_from(&sid);
                login.issued_at = now;
                login.expires_at = now.saturating_add(SESSION_LIFE).min(login.ends_at());
                login.refresh = Some(sha256_hex(next(&credential(&sid))));
            })
            .await?;
        let login: &LoginState =
            sessions.logins.iter().find(|login| login.id == *id).ok_or_else(ended)?;
        let session =
            Session::new(appid, openid, sessions.unionid.clone(), &login.sid, login.issued_at);
        Ok(Renewed { session: session.until(login.ends_at()), credential: credential(&login.sid) })
    }

    /// Ends the login that a session belongs to, or every login of the user.
    ///
    /// With the last login, the keys to the user's data go; `true` if so.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn end(&self, appid: &str, openid: &str, sid: Option<&str>) -> Result<bool> {
        let is_ended = |login: &LoginState| sid.is_none_or(|sid| login.sid == sid);
        let sessions = self
            .change(appid, openid, |sessions| sessions.logins.retain(|login| !is_ended(login)))
            .await?;
        Ok(sessions.logins.is_empty())
    }

    async fn read(&self, appid: &str, openid: &str) -> Result<Sessions> {
        self.app.table.sessions(appid, openid, self.app.clock.now()).await
    }

    /// Changes what is stored, again and again until no other request comes between, and returns
    /// what is stored then.
    async fn change(
        &self,
        appid: &str,
        openid: &str,
        change: impl Fn(&mut Sessions),
    ) -> Result<Sessions> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let error = match self.try_change(appid, openid, &change).await {
                Ok(Some(sessions)) => return Ok(sessions),
                Ok(None) => Error::new(
                    Problem::InProgress,
                    [
                        "Another request is changing the same login; try again after Retry-After.",
                        "另一请求正在变更同一登录，请在 Retry-After 之后重试。",
                    ],
                ),
                Err(error) => error,
            };
            if started.elapsed() + pause > PATIENCE {
                return Err(error);
            }
            sleep(pause + Duration::from_millis(jitter(20))).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn try_change(
        &self,
        appid: &str,
        openid: &str,
        change: &impl Fn(&mut Sessions),
    ) -> Result<Option<Sessions>> {
        let mut sessions = self.read(appid, openid).await?;
        let before = sessions.logins.clone();
        change(&mut sessions);
        if sessions.logins == before && !before.is_empty() {
            return Ok(Some(sessions));
        }
        let written = self.app.table.write_sessions(appid, openid, &sessions).await?;
        Ok(written.then_some(sessions))
    }
}

impl Capability for Logins {
    type Handle<'a> = LoginStates<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![
                Grant::item(Action::Delete, "session#*"),
                Grant::item(Action::Get, "session#*"),
                Grant::item(Action::Put, "session#*"),
            ],
            problems: &[Problem::TableUnavailable, Problem::InProgress],
            ..Facts::new("Logins")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> LoginStates<'a> {
        LoginStates { app }
    }
}

//! Logging in with a single-use code: what every kind of login has in common.
//!
//! A code is good for one exchange at WeChat, and clients send it twice: after a lost answer,
//! after a reload, because a browser fetches a callback twice. So the first request claims it in
//! the table and the others get what the first one got.

use futures_util::{future::try_join, join};
use model::{Account, AccountKind, Error, Problem, Result, Secret, crypto::sha256_hex};

use super::{Capability, Early, Facts, sign_sessions::signing_key};
use crate::{
    App, Caller,
    grant::{Action, Grant, SecretName},
    session::{RefreshCredential, Session, SigningKey},
    table::{Claim, Exchange, Kept, Login},
    wechat::{Answer, Call},
};

/// Logging users of the account in, with its secret and the key that signs sessions.
pub struct LogIn;

/// Logs users in.
#[derive(Clone, Copy)]
pub struct LoginCalls<'a> {
    app: &'a App,
    caller: &'a Caller,
}

impl LoginCalls<'_> {
    /// Logs a user in: exchanges the code once, keeps what it gave, and signs a session.
    ///
    /// # Errors
    /// What WeChat says of the code; table, signing key or secret out of reach, and then the code
    /// is not spent; [`Problem::CodeUsed`] if it is spent and the login is lost.
    pub async fn exchange(&self, code: &str, how: &dyn CodeExchange) -> Result<LoggedIn> {
        log_in(self.app, &self.caller.account, code, how).await
    }
}

impl Capability for LogIn {
    type Handle<'a> = LoginCalls<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![
                Grant::item(Action::Delete, "code#*"),
                Grant::item(Action::Get, "code#*"),
                Grant::item(Action::Put, "code#*"),
                Grant::item(Action::Get, "session#*"),
                Grant::item(Action::Put, "session#*"),
                Grant::item(Action::Update, "sns#*"),
                Grant::item(Action::Update, "unionid#*"),
                Grant::Secret(SecretName::App),
                Grant::Secret(SecretName::SigningKey),
            ],
            problems: &[
                Problem::InvalidCode,
                Problem::CodeUsed,
                Problem::LoginBlocked,
                Problem::InProgress,
                Problem::AccountNotPermitted,
                Problem::QuotaExceeded,
                Problem::Misconfigured,
                Problem::TableUnavailable,
                Problem::WechatRefused,
                Problem::WechatUnreachable,
                Problem::WechatBusy,
            ],
            ..Facts::new("LogIn")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
        early.wechat = true;
        early.secrets.push(|app, _account| Box::pin(async move { drop(signing_key(app).await) }));
        early.secrets.push(|app, account| {
            Box::pin(async move {
                if let Some(account) = account {
                    drop(app.secrets.resolve(&account.secret).await);
                }
            })
        });
    }

    fn of<'a>(app: &'a App, caller: &'a Caller) -> LoginCalls<'a> {
        LoginCalls { app, caller }
    }
}

/// A user who is logged in.
pub struct LoggedIn {
    /// What the code gave.
    pub exchange: Exchange,
    /// What the session says.
    pub session: Session,
    /// The session, signed.
    pub session_token: String,
    /// What renews the session, if it can be renewed.
    pub refresh_token: Option<String>,
}

/// How one kind of login exchanges its code.
pub trait CodeExchange: Sync {
    /// The call that spends the code, with the account's secret.
    fn call(&self, account: &Account, secret: &Secret) -> Call;

    /// Reads WeChat's answer at `now`.
    ///
    /// # Errors
    /// It is not what the endpoint promises.
    fn read(&self, answer: &Answer, now: u64) -> Result<(Exchange, Kept)>;

    /// SHA-256 of the secret that only the client that began this login has, if it uses one: the
    /// code is then answered again only to a request with the same secret.
    fn proof(&self) -> Option<String> {
        None
    }

    /// The credential that renews the login, in the place of one of ours.
    fn refresh_token(&self, kept: &Kept) -> Option<Secret> {
        let _ = kept;
        None
    }
}

async fn log_in(
    app: &App,
    account: &Account,
    code: &str,
    how: &dyn CodeExchange,
) -> Result<LoggedIn> {
    // Everything that can fail by itself does so before the code is spent.
    let (keys, claim) = join!(
        try_join(signing_key(app), app.secrets.resolve(&account.secret)),
        app.table.claim_code(&account.appid, code, how.proof(), app.clock.now()),
    );
    let (signing_key, exchange) = match (keys, claim?) {
        (Ok((signing_key, _)), Err(exchange)) => (signing_key, exchange),
        (Ok((signing_key, secret)), Ok(claim)) => {
            match spend(app, account, &secret, &signing_key, &claim, how).await {
                Ok(exchange) => (signing_key, exchange),
                Err(error) => return Err(give_back(app, &claim, error).await),
            }
        }
        (Err(error), Ok(claim)) => return Err(give_back(app, &claim, error).await),
        (Err(error), Err(_)) => return Err(error),
    };
    Ok(signed(account, exchange, &signing_key))
}

fn signed(account: &Account, exchange: Exchange, signing_key: &SigningKey) -> LoggedIn {
    let Exchange { openid, unionid, snapshot, sid, issued_at, .. } = &exchange;
    let mut session = Session::new(&account.appid, openid, unionid.clone(), sid, *issued_at);
    session.snapshot = *snapshot;
    LoggedIn {
        session_token: signing_key.sign(&session),
        session,
        refresh_token: renewable(account, &exchange, signing_key),
        exchange,
    }
}

/// What renews a login by OAuth. A mini program logs in again instead, unseen by the user.
fn renewable(account: &Account, exchange: &Exchange, key: &SigningKey) -> Option<String> {
    if account.kind == AccountKind::MiniProgram || exchange.snapshot {
        return None;
    }
    Some(key.seal(&RefreshCredential {
        appid: account.appid.clone(),
        openid: exchange.openid.clone(),
        login: exchange.sid.clone(),
        sid: exchange.sid.clone(),
    }))
}

async fn give_back(app: &App, claim: &Claim, error: Error) -> Error {
    let refused = matches!(error.problem(), Problem::InvalidCode | Problem::CodeUsed);
    // If this fails too, the claim ends by itself.
    let _ = match error.wechat_errcode().filter(|_| refused) {
        Some(errcode) => app.table.refuse_code(claim, errcode, app.clock.now()).await,
        None => app.table.release_code(claim).await,
    };
    error
}

/// A failure after which the code cannot be sent again.
fn spent(detail: [&'static str; 2], cause: Error) -> Error {
    let cause = cause.cause().unwrap_or_else(|| cause.to_string());
    Error::new(Problem::CodeUsed, detail).because(cause)
}

async fn spend(
    app: &App,
    account: &Account,
    secret: &Secret,
    signing_key: &SigningKey,
    claim: &Claim,
    how: &dyn CodeExchange,
) -> Result<Exchange> {
    let answer = match how.call(account, secret).once().via(&app.wechat).send().await {
        // A rotated secret: WeChat refused before it looked at the code.
        Err(error)
            if error.wechat_errcode() == Some(40125)
                && app.secrets.forget(&account.secret).await =>
        {
            let secret = app.secrets.resolve(&account.secret).await?;
            how.call(account, &secret).once().via(&app.wechat).send().await
        }
        answer => answer,
    };
    let lost = |error: Error| {
        spent(
            [
                "WeChat may have taken the code, but its answer is lost; get a new code.",
                "微信可能已接受 code，但应答丢失，请重新获取 code。",
            ],
            error,
        )
    };
    let answer = answer.map_err(|error| match error.is_unanswered() {
        true => lost(error),
        false => error,
    })?;
    let now = app.clock.now();
    let (exchange, kept) = how.read(&answer, now).map_err(lost)?;
    let refresh = how
        .refresh_token(&kept)
        .map(|token| token.expose().to_owned())
        .or_else(|| renewable(account, &exchange, signing_key))
        .map(sha256_hex);
    let login = Login { appid: &account.appid, exchange: &exchange, kept: &kept, refresh };
    app.table.log_in(&login, claim, now).await.map_err(|error| {
        spent(
            [
                "The code is spent, but the login could not be stored; get a new code.",
                "code 已使用，但登录未能保存，请重新获取 code。",
            ],
            error,
        )
    })?;
    Ok(exchange)
}

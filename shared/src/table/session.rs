//! `session#<appid>#<openid>`: the keys to a user's encrypted data, and who is logged in.
//!
//! The item is read and written whole, and a write is made only over the version that was read:
//! a login, a renewal and a logout that meet decide in turn.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::transact_write_items::{TransactWriteItems, TransactWriteItemsInput},
    types::{Put, TransactWriteItem},
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::{
    Claim, Exchange, Item, PARTITION_KEY, SnsTokens, TTL, Table, number, read_number, read_secret,
    read_text, text, unavailable,
};
use crate::{Result, Secret, credentials::Consistency, crypto::jitter, trace};

/// A login is forgotten after this time, in seconds: 30 days, the life of OAuth's refresh tokens.
pub const LOGIN_LIFE: u64 = 30 * 86_400;

/// The previous session key still decrypts what was encrypted just before a login, in seconds.
const PREVIOUS_LIFE: u64 = 300;

/// The logins kept of one user; the least recently used are dropped, so that the item stays small.
const LOGIN_LIMIT: usize = 32;

/// A login's write is repeated for this long: the code is spent, so giving up loses the login.
const PATIENCE: Duration = Duration::from_secs(6);

/// What a login gave.
#[derive(Debug)]
pub struct Login<'a> {
    /// The app.
    pub appid: &'a str,
    /// Who logged in, and the session that was made.
    pub exchange: &'a Exchange,
    /// What is kept for the user.
    pub kept: &'a Kept,
    /// SHA-256 of the credential that renews the session, if it can be renewed.
    pub refresh: Option<String>,
}

/// WeChat's secrets about a user, which stay on the server.
#[derive(Debug)]
pub enum Kept {
    /// The key to the user's encrypted data, from a mini program's login.
    SessionKey(Secret),
    /// The tokens of an OAuth login.
    Sns(SnsTokens),
    /// Nothing: a snapshot page's visitor may carry the openid of a real user, whose secrets
    /// must not be replaced.
    Nothing,
}

/// The keys that decrypt a user's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKeys {
    /// Of the last login.
    pub current: Secret,
    /// Of the login before, for five minutes after the last one.
    pub previous: Option<Secret>,
}

/// One login of a user: on one device, until it ends there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginState {
    /// The id of its first session.
    pub id: String,
    /// The id of its current session.
    pub sid: String,
    /// When it began, seconds since 1970.
    pub began_at: u64,
    /// When its current session was issued, seconds since 1970.
    pub issued_at: u64,
    /// When its current session expires, seconds since 1970.
    pub expires_at: u64,
    /// SHA-256 of the credential that renews it, if it can be renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<String>,
}

impl LoginState {
    /// When the login ends however often it is renewed, seconds since 1970.
    pub fn ends_at(&self) -> u64 {
        self.began_at.saturating_add(LOGIN_LIFE)
    }

    /// Whether it can still be used at `now`, by its session or by a renewal.
    fn lives(&self, now: u64) -> bool {
        now < self.expires_at || (self.refresh.is_some() && now < self.ends_at())
    }
}

/// The keys and the logins of one user.
#[derive(Clone, Default)]
pub struct Sessions {
    keys: Option<SessionKeys>,
    previous_until: u64,
    /// The user across the apps of one owner.
    pub unionid: Option<String>,
    /// Who is logged in.
    pub logins: Vec<LoginState>,
    ends_at: u64,
    /// Grows by one with every write; 0 if there is no item.
    version: u64,
}

impl Sessions {
    fn read(item: &Item, now: u64) -> Sessions {
        let version = read_number(item, "version").unwrap_or_default();
        let ends_at = read_number(item, TTL).unwrap_or_default();
        // DynamoDB removes expired items within days, not at once.
        if ends_at < now {
            return Sessions { version, ..Sessions::default() };
        }
        let previous_until = read_number(item, "previous_session_key_until").unwrap_or_default();
        let keys = read_secret(item, "session_key").map(|current| SessionKeys {
            current,
            previous: read_secret(item, "previous_session_key").filter(|_| now < previous_until),
        });
        let logins = read_text(item, "logins").unwrap_or_default();
        let mut logins: Vec<LoginState> = serde_json::from_str(&logins).unwrap_or_default();
        logins.retain(|login| login.lives(now));
        let unionid = read_text(item, "unionid");
        Sessions { keys, previous_until, unionid, logins, ends_at, version }
    }

    /// The keys; `None` if the user never logged in by a mini program, or too long ago.
    pub fn keys(&self) -> Option<&SessionKeys> {
        self.keys.as_ref()
    }

    /// Whether a session is its login's current one.
    pub fn is_current(&self, sid: &str) -> bool {
        self.logins.iter().any(|login| login.sid == sid)
    }

    fn log_in(&mut self, login: &Login<'_>, now: u64) {
        let Exchange { sid, issued_at, expires_at, unionid, .. } = login.exchange;
        if let Kept::SessionKey(key) = login.kept {
            let previous = match self.keys.take() {
                Some(keys) if keys.current != *key => {
                    self.previous_until = now + PREVIOUS_LIFE;
                    Some(keys.current)
                }
                keys => keys.and_then(|keys| keys.previous),
            };
            self.keys = Some(SessionKeys { current: key.clone(), previous });
        }
        if unionid.is_some() {
            self.unionid.clone_from(unionid);
        }
        self.ends_at = now + LOGIN_LIFE;
        self.logins.push(LoginState {
            id: sid.clone(),
            sid: sid.clone(),
            began_at: *issued_at,
            issued_at: *issued_at,
            expires_at: *expires_at,
            refresh: login.refresh.clone(),
        });
        if self.logins.len() > LOGIN_LIMIT {
            self.logins.sort_by_key(|login| login.issued_at);
            self.logins.drain(..self.logins.len() - LOGIN_LIMIT);
        }
    }

    /// The attributes of the item, one version on.
    fn attributes(&self) -> Item {
        let logins = serde_json::to_string(&self.logins).expect("texts and numbers serialize");
        let mut item = Item::from([
            ("logins".to_owned(), text(logins)),
            ("version".to_owned(), number(self.version + 1)),
            (TTL.to_owned(), number(self.ends_at)),
        ]);
        if let Some(keys) = &self.keys {
            item.insert("session_key".to_owned(), text(keys.current.expose()));
            if let Some(previous) = &keys.previous {
                item.insert("previous_session_key".to_owned(), text(previous.expose()));
                let until = number(self.previous_until);
                item.insert("previous_session_key_until".to_owned(), until);
            }
        }
        if let Some(unionid) = &self.unionid {
            item.insert("unionid".to_owned(), text(unionid));
        }
        item
    }

    /// What holds as long as nothing else has written the item since it was read.
    fn unchanged(&self) -> &'static str {
        match self.version {
            0 => "attribute_not_exists(version)",
            _ => "version = :version",
        }
    }
}

impl Table {
    /// Writes all that a login leaves behind, or nothing: the login and its secrets, the outcome
    /// of the code, and whose openid it is.
    ///
    /// Trouble that may pass is waited for, because the code is spent.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn log_in(&self, login: &Login<'_>, claim: &Claim, now: u64) -> Result<()> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let error = match self.try_log_in(login, claim, now).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if started.elapsed() + pause > PATIENCE {
                return Err(error);
            }
            sleep(pause + Duration::from_millis(jitter(50))).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn try_log_in(&self, login: &Login<'_>, claim: &Claim, now: u64) -> Result<()> {
        let exchange = login.exchange;
        let mut writes = vec![self.remember_exchange(claim, exchange, now)];
        if !matches!(login.kept, Kept::Nothing) {
            let mut sessions = self.sessions(login.appid, &exchange.openid, now).await?;
            if sessions.is_current(&exchange.sid) {
                // An attempt whose answer was lost has written everything.
                return Ok(());
            }
            sessions.log_in(login, now);
            writes.push(self.put_sessions(login.appid, &exchange.openid, &sessions));
        }
        if let Kept::Sns(tokens) = login.kept {
            writes.push(self.replace_sns(login.appid, &exchange.openid, tokens, now));
        }
        if let Some(unionid) = exchange.unionid.as_ref().filter(|_| !exchange.snapshot) {
            writes.extend(self.remember_unionid(unionid, login.appid, &exchange.openid, now));
        }
        writes.iter().for_each(|_| trace::table_write());
        let write = TransactWriteItemsInput::builder().set_transact_items(Some(writes));
        self.call::<TransactWriteItems>(write.build()).await.map(drop).map_err(unavailable)
    }

    fn put_sessions(&self, appid: &str, openid: &str, sessions: &Sessions) -> TransactWriteItem {
        let mut put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(sessions.attributes()))
            .item(PARTITION_KEY, text(session_pk(appid, openid)))
            .condition_expression(sessions.unchanged());
        if sessions.version > 0 {
            put = put.expression_attribute_values(":version", number(sessions.version));
        }
        let put = put.build().expect("table and item are set");
        TransactWriteItem::builder().put(put).build()
    }

    /// The keys and the logins of a user; none of either if the user never logged in.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn sessions(&self, appid: &str, openid: &str, now: u64) -> Result<Sessions> {
        let item = self.get(session_pk(appid, openid), Consistency::Strong).await?;
        Ok(item.map_or_else(Sessions::default, |item| Sessions::read(&item, now)))
    }

    /// Writes what [`Table::sessions`] read and the caller changed; `false` if another request
    /// wrote meanwhile, or an earlier attempt of this one did.
    ///
    /// Without logins nothing is left of the user.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn write_sessions(
        &self,
        appid: &str,
        openid: &str,
        sessions: &Sessions,
    ) -> Result<bool> {
        let pk = session_pk(appid, openid);
        if sessions.logins.is_empty() {
            let delete = self.delete(pk).only_if(sessions.unchanged());
            return match sessions.version {
                0 => delete.apply().await,
                version => delete.value(":version", number(version)).apply().await,
            };
        }
        let mut put = self.put(pk).only_if(sessions.unchanged());
        for (name, value) in sessions.attributes() {
            put = put.item(&name, value);
        }
        match sessions.version {
            0 => put.apply().await,
            version => put.value(":version", number(version)).apply().await,
        }
    }

    /// Removes a user's keys and logins.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn erase_sessions(&self, appid: &str, openid: &str) -> Result<()> {
        self.delete(session_pk(appid, openid)).apply().await.map(drop)
    }
}

fn session_pk(appid: &str, openid: &str) -> String {
    format!("session#{appid}#{openid}")
}

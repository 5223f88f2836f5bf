//! `session#<appid>#<openid>`: what a login leaves behind.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::{
    Claim, Exchange, PARTITION_KEY, SnsTokens, TTL, Table, number, read_number, read_secret, text,
    unavailable,
};
use crate::{Result, Secret, credentials::Consistency, trace};

/// What a login left is forgotten after this time, in seconds: 30 days, the life of OAuth's
/// refresh tokens.
pub(super) const SESSION_LIFE: u64 = 30 * 86_400;

/// The previous session key still decrypts what was encrypted just before a login, in seconds.
const PREVIOUS_LIFE: u64 = 300;

/// What a login gave.
#[derive(Debug)]
pub struct Login<'a> {
    /// The app.
    pub appid: &'a str,
    /// Who logged in, and the session that was made.
    pub exchange: &'a Exchange,
    /// What is kept for the user.
    pub kept: &'a Kept,
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

impl Table {
    /// Writes all that a login leaves behind, or nothing: the session key, the outcome of the
    /// code, and whose openid it is.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn log_in(&self, login: &Login<'_>, claim: &Claim, now: u64) -> Result<()> {
        let exchange = login.exchange;
        let session = Update::builder()
            .table_name(&self.name)
            .key(PARTITION_KEY, text(session_pk(login.appid, &exchange.openid)))
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":ttl", number(now + SESSION_LIFE));
        let session = match login.kept {
            Kept::SessionKey(key) => Some(
                session
                    .update_expression(
                        "SET previous_session_key = if_not_exists(session_key, :key), \
                         session_key = :key, session_key_at = :now, #ttl = :ttl",
                    )
                    .expression_attribute_values(":key", text(key.expose()))
                    .expression_attribute_values(":now", number(now)),
            ),
            Kept::Sns(tokens) => Some(tokens.replace(session)),
            Kept::Nothing => None,
        };
        let mut writes = vec![self.remember_exchange(claim, exchange, now)];
        if let Some(session) = session {
            let session = session.build().expect("table, key and expression are set");
            writes.push(TransactWriteItem::builder().update(session).build());
        }
        if let Some(unionid) = exchange.unionid.as_ref().filter(|_| !exchange.snapshot) {
            writes.extend(self.remember_unionid(unionid, login.appid, &exchange.openid));
        }
        writes.iter().for_each(|_| trace::table_write());
        self.client()
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// The keys of a user's session; `None` if the user never logged in, or too long ago.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn session_keys(
        &self,
        appid: &str,
        openid: &str,
        now: u64,
    ) -> Result<Option<SessionKeys>> {
        let item = self.get(session_pk(appid, openid), Consistency::Strong).await?;
        Ok(item.and_then(|item| {
            // DynamoDB removes expired items within days, not at once.
            if read_number::<u64>(&item, TTL)? < now {
                return None;
            }
            let current = read_secret(&item, "session_key")?;
            let at: u64 = read_number(&item, "session_key_at")?;
            let previous = read_secret(&item, "previous_session_key")
                .filter(|previous| *previous != current && now < at + PREVIOUS_LIFE);
            Some(SessionKeys { current, previous })
        }))
    }
}

pub(super) fn session_pk(appid: &str, openid: &str) -> String {
    format!("session#{appid}#{openid}")
}

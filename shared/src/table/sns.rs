//! `sns#<appid>#<openid>`: a user's OAuth tokens, written by a login, refreshed by one at a time.
//!
//! Not in the session's item, so that what decrypts a user's data cannot read them.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::{
    Item, PARTITION_KEY, TTL, Table, number, read_number, read_secret, read_text,
    session::LOGIN_LIFE, text,
};
use crate::{Result, Secret, credentials::Consistency};

/// A refresh that takes longer than this is given up, in seconds; a call to WeChat takes five.
const LEASE_LIFE: u64 = 10;

/// What WeChat gives for a user's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnsTokens {
    /// Reads the user's profile; lives two hours.
    pub access_token: Secret,
    /// Gets the next access token; lives thirty days and is not prolonged.
    pub refresh_token: Secret,
    /// What the user consented to, comma-separated.
    pub scope: String,
    /// When the access token ends, seconds since 1970.
    pub expires_at: u64,
}

/// The tokens as the table has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnsRecord {
    /// The tokens in force.
    pub tokens: SnsTokens,
    /// Grows by one with every login and every refresh.
    pub version: u64,
    /// When they were last refreshed; never since the login, if absent.
    pub refreshed_at: Option<u64>,
}

impl Table {
    /// The write that puts tokens in the place of any before, even if those are being refreshed,
    /// for a transaction with a login.
    pub(super) fn replace_sns(
        &self,
        appid: &str,
        openid: &str,
        tokens: &SnsTokens,
        now: u64,
    ) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&self.name)
            .key(PARTITION_KEY, text(sns_pk(appid, openid)))
            .update_expression(
                "SET sns_access_token = :access, sns_refresh_token = :refresh, \
                 sns_scope = :scope, sns_expires_at = :expires, \
                 sns_version = if_not_exists(sns_version, :zero) + :one, #ttl = :ttl \
                 REMOVE sns_refreshed_at, sns_lease_owner, sns_lease_until",
            )
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":access", text(tokens.access_token.expose()))
            .expression_attribute_values(":refresh", text(tokens.refresh_token.expose()))
            .expression_attribute_values(":scope", text(&tokens.scope))
            .expression_attribute_values(":expires", number(tokens.expires_at))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":ttl", number(now + LOGIN_LIFE))
            .build()
            .expect("table, key and expression are set");
        TransactWriteItem::builder().update(update).build()
    }

    /// A user's OAuth tokens; `None` if the user never consented, or thirty days ago.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn sns(&self, appid: &str, openid: &str, now: u64) -> Result<Option<SnsRecord>> {
        let item = self.get(sns_pk(appid, openid), Consistency::Strong).await?;
        Ok(item.and_then(|item| read(&item, now)))
    }

    /// Takes the right to refresh this version; `false` if another has it, or did it.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn lease_sns(
        &self,
        appid: &str,
        openid: &str,
        version: u64,
        owner: &str,
        now: u64,
    ) -> Result<bool> {
        // The SDK repeats a call whose answer was lost, and then meets its own lease.
        self.update(sns_pk(appid, openid))
            .change("SET sns_lease_owner = :owner, sns_lease_until = :until")
            .only_if(
                "sns_version = :version AND (attribute_not_exists(sns_lease_until) \
                 OR sns_lease_until < :now OR sns_lease_owner = :owner)",
            )
            .value(":owner", text(owner))
            .value(":until", number(now + LEASE_LIFE))
            .value(":version", number(version))
            .value(":now", number(now))
            .apply()
            .await
    }

    /// Writes refreshed tokens and ends the lease; `false` if lease or version moved on: an
    /// earlier attempt of this request wrote them, or newer ones are there.
    ///
    /// The item's end stays where the login put it, because the refresh token's does.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn refresh_sns(
        &self,
        appid: &str,
        openid: &str,
        version: u64,
        owner: &str,
        tokens: &SnsTokens,
        now: u64,
    ) -> Result<bool> {
        self.update(sns_pk(appid, openid))
            .change(
                "SET sns_access_token = :access, sns_refresh_token = :refresh, \
                 sns_scope = :scope, sns_expires_at = :expires, \
                 sns_version = :next, sns_refreshed_at = :now \
                 REMOVE sns_lease_owner, sns_lease_until",
            )
            .only_if("sns_version = :version AND sns_lease_owner = :owner")
            .value(":access", text(tokens.access_token.expose()))
            .value(":refresh", text(tokens.refresh_token.expose()))
            .value(":scope", text(&tokens.scope))
            .value(":expires", number(tokens.expires_at))
            .value(":version", number(version))
            .value(":next", number(version + 1))
            .value(":now", number(now))
            .value(":owner", text(owner))
            .apply()
            .await
    }

    /// Writes the tokens that WeChat gave for a refresh token, unless others have replaced it.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn adopt_sns(
        &self,
        appid: &str,
        openid: &str,
        refresh_token: &str,
        tokens: &SnsTokens,
        now: u64,
    ) -> Result<()> {
        self.update(sns_pk(appid, openid))
            .change(
                "SET sns_access_token = :access, sns_refresh_token = :refresh, \
                 sns_scope = :scope, sns_expires_at = :expires, \
                 sns_version = sns_version + :one, sns_refreshed_at = :now \
                 REMOVE sns_lease_owner, sns_lease_until",
            )
            .only_if("sns_refresh_token = :sent")
            .value(":access", text(tokens.access_token.expose()))
            .value(":refresh", text(tokens.refresh_token.expose()))
            .value(":scope", text(&tokens.scope))
            .value(":expires", number(tokens.expires_at))
            .value(":one", number(1))
            .value(":now", number(now))
            .value(":sent", text(refresh_token))
            .apply()
            .await
            .map(drop)
    }

    /// Notes that WeChat refused these tokens: the next renewal asks WeChat, however recently the
    /// last one did.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn distrust_sns(&self, appid: &str, openid: &str, version: u64) -> Result<()> {
        self.update(sns_pk(appid, openid))
            .change("REMOVE sns_refreshed_at")
            .only_if("sns_version = :version")
            .value(":version", number(version))
            .apply()
            .await
            .map(drop)
    }

    /// Removes a user's tokens.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn erase_sns(&self, appid: &str, openid: &str) -> Result<()> {
        self.delete(sns_pk(appid, openid)).apply().await.map(drop)
    }

    /// Gives the lease of a refresh back that WeChat refused.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`]; the lease then ends by itself after ten seconds.
    pub async fn release_sns(&self, appid: &str, openid: &str, owner: &str) -> Result<()> {
        self.update(sns_pk(appid, openid))
            .change("REMOVE sns_lease_owner, sns_lease_until")
            .only_if("sns_lease_owner = :owner")
            .value(":owner", text(owner))
            .apply()
            .await
            .map(drop)
    }
}

fn sns_pk(appid: &str, openid: &str) -> String {
    format!("sns#{appid}#{openid}")
}

fn read(item: &Item, now: u64) -> Option<SnsRecord> {
    // DynamoDB removes expired items within days, not at once.
    if read_number::<u64>(item, TTL)? < now {
        return None;
    }
    Some(SnsRecord {
        tokens: SnsTokens {
            access_token: read_secret(item, "sns_access_token")?,
            refresh_token: read_secret(item, "sns_refresh_token")?,
            scope: read_text(item, "sns_scope")?,
            expires_at: read_number(item, "sns_expires_at")?,
        },
        version: read_number(item, "sns_version")?,
        refreshed_at: read_number(item, "sns_refreshed_at"),
    })
}

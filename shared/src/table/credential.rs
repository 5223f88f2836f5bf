//! `credential#<appid>#<kind>` and `signal#<appid>#<kind>`.

use super::{Item, TTL, Table, number, read_number, read_secret, read_text, text, write::Update};
use crate::{
    Result,
    credentials::{
        Consistency, Credential, CredentialKey, CredentialKind, Forced, Lease, Record,
        RefreshFailure, Signal, Store,
    },
};

/// A signal is of no use after this time, in seconds.
const SIGNAL_LIFE: u64 = 3600;

fn credential_pk(key: &CredentialKey) -> String {
    format!("credential#{}#{}", key.appid, key.kind)
}

/// One item per kind: in one item for all, two kinds in trouble would take turns to replace each
/// other's signal, and every request of either would make a record.
fn signal_pk(appid: &str, kind: CredentialKind) -> String {
    format!("signal#{appid}#{kind}")
}

fn read_record(item: &Item) -> Record {
    let credential = || {
        Some(Credential {
            value: read_secret(item, "value")?,
            version: read_number(item, "version")?,
            issued_at: read_number(item, "issued_at")?,
            expires_at: read_number(item, "expires_at")?,
        })
    };
    let lease = || {
        Some(Lease {
            owner: read_text(item, "lease_owner")?,
            until: read_number(item, "lease_until")?,
        })
    };
    let failure = || {
        Some(RefreshFailure {
            at: read_number(item, "failed_at")?,
            count: read_number(item, "failed_count")?,
            retry_at: read_number(item, "retry_at")?,
            errcode: read_number(item, "last_errcode"),
            message: read_text(item, "last_error")?,
        })
    };
    Record {
        credential: credential(),
        lease: lease(),
        forced: Forced {
            at: read_number(item, "forced_at").unwrap_or_default(),
            count: read_number(item, "forced_count").unwrap_or_default(),
        },
        failure: failure(),
    }
}

impl Store for Table {
    async fn read(&self, key: &CredentialKey, consistency: Consistency) -> Result<Option<Record>> {
        Ok(self.get(credential_pk(key), consistency).await?.as_ref().map(read_record))
    }

    async fn lease(
        &self,
        key: &CredentialKey,
        lease: &Lease,
        version: u64,
        now: u64,
    ) -> Result<Option<Record>> {
        // The SDK repeats a call whose answer was lost, and then meets its own lease.
        let free =
            "(attribute_not_exists(lease_until) OR lease_until < :now OR lease_owner = :owner)";
        let update = self
            .update(credential_pk(key))
            .change("SET lease_owner = :owner, lease_until = :until")
            .value(":owner", text(&lease.owner))
            .value(":until", number(lease.until))
            .value(":now", number(now));
        let update = of_version(update, free, version);
        Ok(update.apply_and_read().await?.as_ref().map(read_record))
    }

    async fn remember_forced(
        &self,
        key: &CredentialKey,
        owner: &str,
        forced: Forced,
    ) -> Result<bool> {
        self.update(credential_pk(key))
            .change("SET forced_at = :at, forced_count = :count")
            .only_if("lease_owner = :owner")
            .value(":owner", text(owner))
            .value(":at", number(forced.at))
            .value(":count", number(forced.count))
            .apply()
            .await
    }

    async fn publish(
        &self,
        key: &CredentialKey,
        owner: &str,
        version: u64,
        credential: &Credential,
    ) -> Result<bool> {
        let update = self
            .update(credential_pk(key))
            .change(
                "SET #value = :value, version = :new, issued_at = :issued_at, expires_at = :expires_at \
                 REMOVE lease_owner, lease_until, failed_at, failed_count, retry_at, last_errcode, last_error",
            )
            .name("#value", "value")
            .value(":value", text(credential.value.expose()))
            .value(":new", number(credential.version))
            .value(":issued_at", number(credential.issued_at))
            .value(":expires_at", number(credential.expires_at))
            .value(":owner", text(owner));
        of_version(update, "lease_owner = :owner", version).apply().await
    }

    async fn fail(&self, key: &CredentialKey, owner: &str, failure: &RefreshFailure) -> Result<()> {
        let mut set = "SET failed_at = :at, failed_count = :count, retry_at = :retry_at, last_error = :message".to_owned();
        let mut remove = "REMOVE lease_owner, lease_until".to_owned();
        let mut update = self
            .update(credential_pk(key))
            .only_if("lease_owner = :owner")
            .value(":owner", text(owner))
            .value(":at", number(failure.at))
            .value(":count", number(failure.count))
            .value(":retry_at", number(failure.retry_at))
            .value(":message", text(&failure.message));
        match failure.errcode {
            Some(errcode) => {
                set.push_str(", last_errcode = :errcode");
                update = update.value(":errcode", number(errcode));
            }
            None => remove.push_str(", last_errcode"),
        }
        update.change(format!("{set} {remove}")).apply().await.map(drop)
    }

    async fn raise(&self, appid: &str, signal: &Signal, now: u64) -> Result<bool> {
        // An expired signal may be left over from a table whose versions started again.
        self.put(signal_pk(appid, signal.kind))
            .item("kind", text(signal.kind.as_str()))
            .item("version", number(signal.version))
            .item("reason", text(&signal.reason))
            .item("at", number(now))
            .item(TTL, number(now + SIGNAL_LIFE))
            .only_if("attribute_not_exists(pk) OR version < :version OR #ttl < :now")
            .name("#ttl", TTL)
            .value(":version", number(signal.version))
            .value(":now", number(now))
            .apply()
            .await
    }

    async fn signal(&self, key: &CredentialKey) -> Result<Option<Signal>> {
        let item = self.get(signal_pk(&key.appid, key.kind), Consistency::Strong).await?;
        Ok(item.and_then(|item| {
            Some(Signal {
                kind: key.kind,
                version: read_number(&item, "version")?,
                reason: read_text(&item, "reason")?,
            })
        }))
    }
}

/// The change, only where `condition` holds and the version is this one; 0 for none yet.
fn of_version<'a>(update: Update<'a>, condition: &str, version: u64) -> Update<'a> {
    match version {
        0 => update.only_if(format!("{condition} AND attribute_not_exists(version)")),
        version => update
            .only_if(format!("{condition} AND version = :version"))
            .value(":version", number(version)),
    }
}

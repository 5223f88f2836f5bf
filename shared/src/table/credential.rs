//! `credential#<appid>#<kind>` and `signal#<appid>#<kind>`.

use aws_sdk_dynamodb::types::ReturnValue;

use super::{
    Item, PARTITION_KEY, TTL, Table, is_condition_failure, number, read_number, read_secret,
    read_text, text, unavailable,
};
use crate::{
    Result,
    credentials::{
        Consistency, Credential, CredentialKey, CredentialKind, Forced, Lease, Record,
        RefreshFailure, Signal, Store,
    },
    trace,
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
        trace::table_read();
        let output = self
            .client()
            .get_item()
            .table_name(&self.name)
            .key(PARTITION_KEY, text(credential_pk(key)))
            .consistent_read(consistency == Consistency::Strong)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(output.item.as_ref().map(read_record))
    }

    async fn lease(
        &self,
        key: &CredentialKey,
        lease: &Lease,
        version: u64,
        now: u64,
    ) -> Result<Option<Record>> {
        trace::table_write();
        let mut update = self
            .client()
            .update_item()
            .table_name(&self.name)
            .key(PARTITION_KEY, text(credential_pk(key)))
            .update_expression("SET lease_owner = :owner, lease_until = :until")
            .expression_attribute_values(":owner", text(&lease.owner))
            .expression_attribute_values(":until", number(lease.until))
            .expression_attribute_values(":now", number(now))
            .return_values(ReturnValue::AllNew);
        // The SDK repeats a call whose answer was lost, and then meets its own lease.
        let free =
            "(attribute_not_exists(lease_until) OR lease_until < :now OR lease_owner = :owner)";
        update = if version == 0 {
            update.condition_expression(format!("{free} AND attribute_not_exists(version)"))
        } else {
            update
                .condition_expression(format!("{free} AND version = :version"))
                .expression_attribute_values(":version", number(version))
        };
        match update.send().await {
            Ok(output) => Ok(output.attributes.as_ref().map(read_record)),
            Err(error) if is_condition_failure(&error) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn remember_forced(
        &self,
        key: &CredentialKey,
        owner: &str,
        forced: Forced,
    ) -> Result<bool> {
        trace::table_write();
        let outcome = self
            .client()
            .update_item()
            .table_name(&self.name)
            .key(PARTITION_KEY, text(credential_pk(key)))
            .update_expression("SET forced_at = :at, forced_count = :count")
            .condition_expression("lease_owner = :owner")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":at", number(forced.at))
            .expression_attribute_values(":count", number(forced.count))
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failure(&error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn publish(
        &self,
        key: &CredentialKey,
        owner: &str,
        version: u64,
        credential: &Credential,
    ) -> Result<bool> {
        trace::table_write();
        let mut update = self
            .client()
            .update_item()
            .table_name(&self.name)
            .key(PARTITION_KEY, text(credential_pk(key)))
            .update_expression(
                "SET #value = :value, version = :new, issued_at = :issued_at, expires_at = :expires_at \
                 REMOVE lease_owner, lease_until, failed_at, failed_count, retry_at, last_errcode, last_error",
            )
            .expression_attribute_names("#value", "value")
            .expression_attribute_values(":value", text(credential.value.expose()))
            .expression_attribute_values(":new", number(credential.version))
            .expression_attribute_values(":issued_at", number(credential.issued_at))
            .expression_attribute_values(":expires_at", number(credential.expires_at))
            .expression_attribute_values(":owner", text(owner));
        update = if version == 0 {
            update.condition_expression("lease_owner = :owner AND attribute_not_exists(version)")
        } else {
            update
                .condition_expression("lease_owner = :owner AND version = :version")
                .expression_attribute_values(":version", number(version))
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failure(&error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn fail(&self, key: &CredentialKey, owner: &str, failure: &RefreshFailure) -> Result<()> {
        trace::table_write();
        let mut set = "SET failed_at = :at, failed_count = :count, retry_at = :retry_at, last_error = :message".to_owned();
        let mut remove = "REMOVE lease_owner, lease_until".to_owned();
        let mut update = self
            .client()
            .update_item()
            .table_name(&self.name)
            .key(PARTITION_KEY, text(credential_pk(key)))
            .condition_expression("lease_owner = :owner")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":at", number(failure.at))
            .expression_attribute_values(":count", number(failure.count))
            .expression_attribute_values(":retry_at", number(failure.retry_at))
            .expression_attribute_values(":message", text(&failure.message));
        match failure.errcode {
            Some(errcode) => {
                set.push_str(", last_errcode = :errcode");
                update = update.expression_attribute_values(":errcode", number(errcode));
            }
            None => remove.push_str(", last_errcode"),
        }
        match update.update_expression(format!("{set} {remove}")).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn raise(&self, appid: &str, signal: &Signal, now: u64) -> Result<bool> {
        trace::table_write();
        // An expired signal may be left over from a table whose versions started anew.
        let outcome = self
            .client()
            .put_item()
            .table_name(&self.name)
            .item(PARTITION_KEY, text(signal_pk(appid, signal.kind)))
            .item("kind", text(signal.kind.as_str()))
            .item("version", number(signal.version))
            .item("reason", text(&signal.reason))
            .item("at", number(now))
            .item(TTL, number(now + SIGNAL_LIFE))
            .condition_expression("attribute_not_exists(pk) OR version < :version OR #ttl < :now")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":version", number(signal.version))
            .expression_attribute_values(":now", number(now))
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failure(&error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn signal(&self, key: &CredentialKey) -> Result<Option<Signal>> {
        trace::table_read();
        let output = self
            .client()
            .get_item()
            .table_name(&self.name)
            .key(PARTITION_KEY, text(signal_pk(&key.appid, key.kind)))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(output.item.and_then(|item| {
            Some(Signal {
                kind: key.kind,
                version: read_number(&item, "version")?,
                reason: read_text(&item, "reason")?,
            })
        }))
    }
}

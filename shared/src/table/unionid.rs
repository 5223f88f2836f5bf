//! `unionid#…`: which openids of our apps are one person's.
//!
//! `unionid#<unionid>` has the person's openid at each app, `unionid#<appid>#<openid>` the way
//! back. Both have one prefix and no secret, so that a policy can allow them and no session.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::{Item, PARTITION_KEY, TTL, Table, number, read_number, read_text, text};
use crate::{Result, credentials::Consistency};

/// Whose openid it is is forgotten so long after the last login, in seconds: a year.
const MEMORY: u64 = 365 * 86_400;

impl Table {
    /// The writes that record whose openid it is, for a transaction with a login.
    pub(super) fn remember_unionid(
        &self,
        unionid: &str,
        appid: &str,
        openid: &str,
        now: u64,
    ) -> [TransactWriteItem; 2] {
        let set = |pk: String, name: &str, value: &str| {
            let update = Update::builder()
                .table_name(&self.name)
                .key(PARTITION_KEY, text(pk))
                .update_expression("SET #name = :value, #ttl = :ttl")
                .expression_attribute_names("#name", name)
                .expression_attribute_names("#ttl", TTL)
                .expression_attribute_values(":ttl", number(now + MEMORY))
                .expression_attribute_values(":value", text(value))
                .build()
                .expect("table, key and expression are set");
            TransactWriteItem::builder().update(update).build()
        };
        [set(person_pk(unionid), appid, openid), set(user_pk(appid, openid), "unionid", unionid)]
    }

    /// A user's unionid; `None` if the user never logged in at this app, or the app tells no
    /// unionids.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn unionid(&self, appid: &str, openid: &str) -> Result<Option<String>> {
        self.read_unionid(user_pk(appid, openid), "unionid").await
    }

    /// A person's openid at another app; `None` if the person has not logged in there.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn openid(&self, unionid: &str, appid: &str) -> Result<Option<String>> {
        self.read_unionid(person_pk(unionid), appid).await
    }

    async fn read_unionid(&self, pk: String, name: &str) -> Result<Option<String>> {
        let item = self.get(pk, Consistency::Eventual).await?;
        Ok(item.and_then(|item| read_text(&item, name)))
    }

    /// Forgets whose openid it is.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn erase_unionid(&self, appid: &str, openid: &str) -> Result<()> {
        let user = self.get(user_pk(appid, openid), Consistency::Strong).await?;
        let Some(unionid) = user.and_then(|user| read_text(&user, "unionid")) else {
            return Ok(());
        };
        let pk = person_pk(&unionid);
        let person = self.get(pk.clone(), Consistency::Strong).await?.unwrap_or_default();
        if read_text(&person, appid).as_deref() == Some(openid) {
            let update = self.update(pk.clone());
            update
                .change("REMOVE #app")
                .only_if("#app = :openid")
                .name("#app", appid)
                .value(":openid", text(openid))
                .apply()
                .await?;
            if is_alone(&person, appid) {
                // A login at another app may have come between; its time is then another.
                self.delete(pk)
                    .only_if("attribute_not_exists(#app) AND #ttl = :ttl")
                    .name("#app", appid)
                    .name("#ttl", TTL)
                    .value(":ttl", number(read_number::<u64>(&person, TTL).unwrap_or_default()))
                    .apply()
                    .await?;
            }
        }
        // Last, so that an attempt that failed half way can be repeated.
        self.delete(user_pk(appid, openid)).apply().await.map(drop)
    }
}

/// Whether a person is known at this app only.
fn is_alone(person: &Item, appid: &str) -> bool {
    person.keys().all(|name| [PARTITION_KEY, TTL, appid].contains(&name.as_str()))
}

fn user_pk(appid: &str, openid: &str) -> String {
    format!("unionid#{appid}#{openid}")
}

fn person_pk(unionid: &str) -> String {
    format!("unionid#{unionid}")
}

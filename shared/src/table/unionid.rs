//! `unionid#…`: which openids of our apps are one person's.
//!
//! `unionid#<unionid>` has the person's openid at each app, `unionid#<appid>#<openid>` the way
//! back. Both have one prefix and no secret, so that a policy can allow them and no session.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::{PARTITION_KEY, Table, read_text, text};
use crate::{Result, credentials::Consistency};

impl Table {
    /// The writes that record whose openid it is, for a transaction with a login.
    pub(super) fn remember_unionid(
        &self,
        unionid: &str,
        appid: &str,
        openid: &str,
    ) -> [TransactWriteItem; 2] {
        let set = |pk: String, name: &str, value: &str| {
            let update = Update::builder()
                .table_name(&self.name)
                .key(PARTITION_KEY, text(pk))
                .update_expression("SET #name = :value")
                .expression_attribute_names("#name", name)
                .expression_attribute_values(":value", text(value))
                .build()
                .expect("table, key and expression are set");
            TransactWriteItem::builder().update(update).build()
        };
        [
            set(person_pk(unionid), appid, openid),
            set(format!("unionid#{appid}#{openid}"), "unionid", unionid),
        ]
    }

    /// The unionid of somebody who has logged in at this app; `None` if nobody of this openid
    /// has, or the app tells no unionids.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn unionid(&self, appid: &str, openid: &str) -> Result<Option<String>> {
        self.read_unionid(format!("unionid#{appid}#{openid}"), "unionid").await
    }

    /// A person's openid at another app; `None` if they have not logged in there.
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
}

fn person_pk(unionid: &str) -> String {
    format!("unionid#{unionid}")
}

//! Writes of one item: each counts itself, and a condition that fails is an answer, not trouble.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::{DeleteItem, builders::DeleteItemInputBuilder},
        put_item::{PutItem, builders::PutItemInputBuilder},
        update_item::{UpdateItem, builders::UpdateItemInputBuilder},
    },
    types::{AttributeValue, ReturnValue},
};

use super::{Item, Table, is_condition_failure, unavailable};
use crate::{Result, trace};

/// Whether a write was made, or its condition failed.
fn outcome<T, E, R>(outcome: Result<T, SdkError<E, R>>) -> Result<Option<T>>
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    match outcome {
        Ok(output) => Ok(Some(output)),
        Err(error) if is_condition_failure(&error) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

macro_rules! conditional {
    ($($type:ident $operation:ty, $builder:ty, $about:literal;)*) => {$(
        #[doc = $about]
        pub(crate) struct $type<'a>(pub(super) &'a Table, pub(super) $builder);

        impl $type<'_> {
            /// Only where this holds.
            pub(crate) fn only_if(self, condition: impl Into<String>) -> Self {
                Self(self.0, self.1.condition_expression(condition))
            }

            /// What a `#name` of an expression stands for, where DynamoDB reserves the word.
            pub(crate) fn name(self, name: &str, attribute: &str) -> Self {
                Self(self.0, self.1.expression_attribute_names(name, attribute))
            }

            /// What a `:name` of an expression stands for.
            pub(crate) fn value(self, name: &str, value: AttributeValue) -> Self {
                Self(self.0, self.1.expression_attribute_values(name, value))
            }

            /// Writes; `false` if the condition does not hold.
            pub(crate) async fn apply(self) -> Result<bool> {
                trace::table_write();
                Ok(outcome(self.0.call::<$operation>(self.1.build()).await)?.is_some())
            }
        }
    )*};
}

conditional! {
    Update UpdateItem, UpdateItemInputBuilder, "A change of one item.";
    Put PutItem, PutItemInputBuilder, "One item, written whole.";
    Delete DeleteItem, DeleteItemInputBuilder, "The removal of one item.";
}

impl Update<'_> {
    /// What changes: `SET … REMOVE …`.
    pub(crate) fn change(self, expression: impl Into<String>) -> Self {
        Self(self.0, self.1.update_expression(expression))
    }

    /// Writes and returns the whole new item; `None` if the condition does not hold.
    pub(crate) async fn apply_and_read(self) -> Result<Option<Item>> {
        trace::table_write();
        let write = self.1.return_values(ReturnValue::AllNew).build();
        let written = outcome(self.0.call::<UpdateItem>(write).await)?;
        Ok(written.map(|output| output.attributes.unwrap_or_default()))
    }
}

impl Put<'_> {
    /// An attribute.
    pub(crate) fn item(self, name: &str, value: AttributeValue) -> Self {
        Self(self.0, self.1.item(name, value))
    }
}

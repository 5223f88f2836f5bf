//! Writes of one item: each counts itself, and a condition that fails is an answer, not trouble.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::builders::DeleteItemFluentBuilder, put_item::builders::PutItemFluentBuilder,
        update_item::builders::UpdateItemFluentBuilder,
    },
    types::{AttributeValue, ReturnValue},
};

use super::{Item, is_condition_failure, unavailable};
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
    ($($type:ident $builder:ty, $about:literal;)*) => {$(
        #[doc = $about]
        pub(crate) struct $type(pub(super) $builder);

        impl $type {
            /// Only where this holds.
            pub(crate) fn only_if(self, condition: impl Into<String>) -> $type {
                $type(self.0.condition_expression(condition))
            }

            /// What a `#name` of an expression stands for, where DynamoDB reserves the word.
            pub(crate) fn name(self, name: &str, attribute: &str) -> $type {
                $type(self.0.expression_attribute_names(name, attribute))
            }

            /// What a `:name` of an expression stands for.
            pub(crate) fn value(self, name: &str, value: AttributeValue) -> $type {
                $type(self.0.expression_attribute_values(name, value))
            }

            /// Writes; `false` if the condition does not hold.
            pub(crate) async fn apply(self) -> Result<bool> {
                trace::table_write();
                Ok(outcome(Box::pin(self.0.send()).await)?.is_some())
            }
        }
    )*};
}

conditional! {
    Update UpdateItemFluentBuilder, "A change of one item.";
    Put PutItemFluentBuilder, "One item, written whole.";
    Delete DeleteItemFluentBuilder, "The removal of one item.";
}

impl Update {
    /// What changes: `SET … REMOVE …`.
    pub(crate) fn change(self, expression: impl Into<String>) -> Update {
        Update(self.0.update_expression(expression))
    }

    /// Writes and returns the whole new item; `None` if the condition does not hold.
    pub(crate) async fn apply_and_read(self) -> Result<Option<Item>> {
        trace::table_write();
        let write = self.0.return_values(ReturnValue::AllNew);
        let written = outcome(Box::pin(write.send()).await)?;
        Ok(written.map(|output| output.attributes.unwrap_or_default()))
    }
}

impl Put {
    /// An attribute.
    pub(crate) fn item(self, name: &str, value: AttributeValue) -> Put {
        Put(self.0.item(name, value))
    }
}

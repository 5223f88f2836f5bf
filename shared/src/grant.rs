//! What a function may do with table and secrets: follows from its operation's capabilities.
//!
//! The template's IAM policies are derived from it, and the bundle on one machine refuses
//! whatever they would refuse.

use std::collections::BTreeSet;

use crate::capability::Facts;

/// One thing a function may do; everything else it may not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// A call of DynamoDB on the items whose partition key matches; `*` is any text.
    Item(Action, String),
    /// Reading a secret.
    Secret(SecretName),
    /// Publishing on the event bus.
    PutEvents,
}

/// A call of DynamoDB for one item.
///
/// A transaction needs the permissions of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `DeleteItem`.
    Delete,
    /// `GetItem`.
    Get,
    /// `PutItem`.
    Put,
    /// `Query` of the index `due`, whose partition key is meant.
    Query,
    /// `UpdateItem`.
    Update,
}

impl Action {
    /// The name in policies, after `dynamodb:`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Delete => "DeleteItem",
            Action::Get => "GetItem",
            Action::Put => "PutItem",
            Action::Query => "Query",
            Action::Update => "UpdateItem",
        }
    }
}

/// A kind of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretName {
    /// The secret of every app.
    App,
    /// The keys of every merchant of WeChat Pay's.
    Merchant,
    /// The push keys of every app.
    PushKeys,
    /// The key that signs sessions.
    SigningKey,
}

impl SecretName {
    /// The parameter's name below the prefix of the deployment; `*` is any text.
    pub const fn pattern(self) -> &'static str {
        match self {
            // App ids begin so.
            SecretName::App => "wx*",
            SecretName::Merchant => "pay-*",
            SecretName::PushKeys => "push-*",
            SecretName::SigningKey => "session-key",
        }
    }
}

impl Grant {
    /// A call of DynamoDB on the items whose partition key matches.
    pub fn item(action: Action, key: impl Into<String>) -> Grant {
        Grant::Item(action, key.into())
    }
}

/// All that some capabilities may do, sorted.
pub fn of(capabilities: &[Facts]) -> Vec<Grant> {
    let grants: BTreeSet<Grant> =
        capabilities.iter().flat_map(|facts| facts.grants.iter().cloned()).collect();
    grants.into_iter().collect()
}

/// Whether a text matches a pattern in which `*` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    let starts = (0..=rest.len()).filter(|at| rest.is_char_boundary(*at));
    starts.into_iter().any(|at| matches(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text) in [
            ("a", "a"),
            ("*", ""),
            ("credential#*#access_token", "credential#wx01#access_token"),
            ("session#*", "session#wx01#oAlice"),
            ("a*b*c", "a-b-b-c"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "b"),
            ("a*", "ba"),
            ("credential#*#access_token", "credential#wx01#jsapi_ticket"),
            ("session#*", "code#session#"),
            ("a*b", "a-c"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn grants_are_told_once_and_sorted() {
        let facts = Facts {
            grants: vec![Grant::item(Action::Put, "b"), Grant::item(Action::Get, "a")],
            ..Facts::new("Some")
        };
        let expected = [Grant::item(Action::Get, "a"), Grant::item(Action::Put, "b")];
        assert_eq!(of(&[facts.clone(), facts]), expected);
    }
}

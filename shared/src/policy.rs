//! What a function may do with table and secrets: follows from what its operation touches.
//!
//! The template's IAM policies are derived from it, and the bundle on one machine refuses
//! whatever they would refuse.

use crate::{Touch, credentials::CredentialKind};

/// One thing a function may do; everything else it may not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// A call of DynamoDB on the items whose partition key matches; `*` is any text.
    Item(Action, String),
    /// Reading a secret.
    Secret(SecretName),
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
            Action::Update => "UpdateItem",
        }
    }
}

/// A kind of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretName {
    /// The secret of every app.
    App,
    /// The key that signs sessions.
    SigningKey,
}

impl SecretName {
    /// The parameter's name below the prefix of the deployment; `*` is any text.
    pub const fn pattern(self) -> &'static str {
        match self {
            // App ids begin so.
            SecretName::App => "wx*",
            SecretName::SigningKey => "session-key",
        }
    }
}

/// What an operation may do that touches these things.
pub fn grants(touches: &[Touch]) -> Vec<Grant> {
    sorted(touches.iter().flat_map(|touch| granted_by(*touch)))
}

/// What the refresher may do, the only writer of credentials.
pub fn refresher() -> Vec<Grant> {
    sorted([
        item(Action::Get, "credential#*"),
        item(Action::Update, "credential#*"),
        item(Action::Get, "signal#*"),
        Grant::Secret(SecretName::App),
    ])
}

fn granted_by(touch: Touch) -> Vec<Grant> {
    match touch {
        Touch::Wechat => granted_by(Touch::Credential(CredentialKind::AccessToken)),
        Touch::Credential(kind) => vec![
            item(Action::Get, format!("credential#*#{kind}")),
            item(Action::Put, format!("signal#*#{kind}")),
        ],
        Touch::LogIn => vec![
            item(Action::Delete, "code#*"),
            item(Action::Get, "code#*"),
            item(Action::Put, "code#*"),
            item(Action::Update, "session#*"),
            item(Action::Update, "unionid#*"),
            Grant::Secret(SecretName::App),
            Grant::Secret(SecretName::SigningKey),
        ],
        Touch::Session => vec![item(Action::Get, "session#*")],
        Touch::SnsTokens => {
            vec![item(Action::Get, "session#*"), item(Action::Update, "session#*")]
        }
        Touch::SignSession => vec![Grant::Secret(SecretName::SigningKey)],
        Touch::Unionid => vec![item(Action::Get, "unionid#*")],
    }
}

fn item(action: Action, key: impl Into<String>) -> Grant {
    Grant::Item(action, key.into())
}

fn sorted(grants: impl IntoIterator<Item = Grant>) -> Vec<Grant> {
    let mut grants: Vec<Grant> = grants.into_iter().collect();
    grants.sort();
    grants.dedup();
    grants
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
    fn only_the_refresher_may_write_credentials_and_only_log_ins_read_secrets() {
        let all = [Touch::Wechat, Touch::Credential(CredentialKind::JsapiTicket), Touch::Session];
        for grant in grants(&all) {
            match grant {
                Grant::Secret(secret) => panic!("{secret:?}"),
                Grant::Item(action, key) if key.starts_with("credential#") => {
                    assert_eq!(action, Action::Get);
                }
                Grant::Item(..) => {}
            }
        }
        assert!(grants(&[Touch::LogIn]).contains(&Grant::Secret(SecretName::SigningKey)));
        assert!(!refresher().contains(&Grant::Secret(SecretName::SigningKey)));
    }
}

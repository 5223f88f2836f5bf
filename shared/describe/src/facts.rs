//! What an operation says of itself, as the other files ask for it.

use shared::{
    Access, Endpoint,
    capability::Facts,
    grant::{Grant, SecretName},
};

/// An operation that takes more than this needs the memory: images are large once unpacked.
const LARGE_BODY: usize = 1 << 20;

/// Whether an operation has a URL.
pub fn is_public(endpoint: &Endpoint) -> bool {
    match endpoint.handler.access {
        Access::Public | Access::User => true,
        Access::Service => false,
    }
}

/// Whether it needs more memory than others.
pub(crate) fn is_large(endpoint: &Endpoint) -> bool {
    endpoint.handler.http.body_limit > LARGE_BODY
}

/// A class of public functions whose concurrency is reserved apart from the others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Logs users in.
    Login,
    /// Takes money, or hears of it.
    Payment,
    /// Takes WeChat's messages and events.
    Push,
    /// Anything else that front ends call.
    Other,
}

impl Class {
    /// The class of an operation.
    pub fn of(endpoint: &Endpoint) -> Class {
        match endpoint.id().split('.').next() {
            _ if endpoint.capabilities().iter().any(signs_sessions) => Class::Login,
            Some("pay") => Class::Payment,
            Some("push") => Class::Push,
            _ => Class::Other,
        }
    }

    /// The word that condition and parameter of the template have before `Reservation` and
    /// `Concurrency`; the others have none of their own.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Class::Login => Some("Login"),
            Class::Payment => Some("Payment"),
            Class::Push => Some("Push"),
            Class::Other => None,
        }
    }
}

/// What needs permissions, of what a function uses; each once.
pub fn with_permissions(capabilities: Vec<Facts>) -> Vec<Facts> {
    let mut facts = capabilities;
    facts.retain(|capability| !capability.grants.is_empty());
    facts.sort_by_key(|capability| capability.name);
    facts.dedup_by_key(|capability| capability.name);
    facts
}

/// The managed policy of a capability in the template.
pub fn policy(capability: &Facts) -> String {
    format!("Uses{}", capability.name)
}

/// Whether a capability reads or writes the table.
pub fn uses_table(capability: &Facts) -> bool {
    capability.grants.iter().any(|grant| matches!(grant, Grant::Item(..)))
}

/// Whether a capability reads the key that signs sessions.
pub(crate) fn signs_sessions(capability: &Facts) -> bool {
    capability.grants.contains(&Grant::Secret(SecretName::SigningKey))
}

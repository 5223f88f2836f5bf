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

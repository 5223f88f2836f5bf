//! What an operation says of itself, as the other files ask for it.

use shared::{
    Access, Endpoint, Problem, Touch,
    credentials::CredentialKind,
    policy::{self, Grant, SecretName},
    registry::Job,
};

/// An operation that takes more than this works on images, which are large once unpacked.
const LARGE_BODY: usize = 1 << 20;

/// Whether an operation has a URL.
pub fn is_public(endpoint: &Endpoint) -> bool {
    match endpoint.handler.access {
        Access::Public | Access::User => true,
        Access::Service => false,
    }
}

/// WeChat's pages on what an operation calls or replaces, the most important one first.
pub(crate) fn docs(_endpoint: &Endpoint) -> &'static [&'static str] {
    &[]
}

/// Something a function uses, and what it may therefore do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capability {
    /// Its name.
    pub name: &'static str,
    /// What a role with it may do.
    pub grants: Vec<Grant>,
}

impl Capability {
    /// The managed policy in the template.
    pub fn policy(&self) -> String {
        format!("Uses{}", self.name)
    }
}

/// What an operation uses that needs permissions.
pub fn capabilities(endpoint: &Endpoint) -> Vec<Capability> {
    let of = |touch: &Touch| Capability { name: name(*touch), grants: policy::grants(&[*touch]) };
    endpoint.touches.iter().map(of).collect()
}

/// What a job uses that needs permissions.
pub fn capabilities_of_job(_job: &Job) -> Vec<Capability> {
    vec![Capability { name: "RefreshCredentials", grants: policy::refresher() }]
}

fn name(touch: Touch) -> &'static str {
    match touch {
        Touch::Wechat => "Wechat",
        Touch::Credential(CredentialKind::AccessToken) => "AccessToken",
        Touch::Credential(CredentialKind::JsapiTicket) => "JsapiTicket",
        Touch::Credential(CredentialKind::WxCardTicket) => "WxCardTicket",
        Touch::LogIn => "LogIn",
        Touch::Session => "ReadSessionKeys",
        Touch::SnsTokens => "SnsTokens",
        Touch::SignSession => "SignSessions",
        Touch::Unionid => "ReadUnionids",
    }
}

/// Whether its role reads the key that signs sessions.
pub(crate) fn signs_sessions(endpoint: &Endpoint) -> bool {
    let signing_key = Grant::Secret(SecretName::SigningKey);
    capabilities(endpoint).iter().any(|capability| capability.grants.contains(&signing_key))
}

/// Whether it needs more memory than others.
pub(crate) fn is_large(endpoint: &Endpoint) -> bool {
    endpoint.handler.body_limit > LARGE_BODY
}

/// Whether its answers may be streamed.
pub(crate) fn is_streamed(endpoint: &Endpoint) -> bool {
    endpoint.handler.streamed
}

/// Whether it takes a file.
pub(crate) fn takes_file(endpoint: &Endpoint) -> bool {
    endpoint.handler.upload.is_some()
}

/// Further paths it answers.
pub(crate) fn files(endpoint: &Endpoint) -> &'static [&'static str] {
    endpoint.handler.files
}

/// What can go wrong over HTTP, in the order of [`Problem::ALL`].
///
/// Derived from what the operation is and touches, so it names all that can happen and for some
/// operations a little more.
pub(crate) fn problems(endpoint: &Endpoint, method: &str, answers_file: bool) -> Vec<Problem> {
    let touches = |wanted: fn(&Touch) -> bool| endpoint.touches.iter().any(wanted);
    let logs_in = touches(|touch| matches!(touch, Touch::LogIn));
    let keys = touches(|touch| matches!(touch, Touch::Session));
    let credential = touches(|touch| touch.credential().is_some());
    let calls_wechat = touches(|touch| touch.calls_wechat());
    let can_happen = |problem: &Problem| match problem {
        Problem::InvalidInput
        | Problem::MalformedBody
        | Problem::UnknownApp
        | Problem::Forbidden
        | Problem::MethodNotAllowed
        | Problem::Internal
        | Problem::Misconfigured => true,
        Problem::Unauthenticated => endpoint.handler.access == Access::User || calls_wechat,
        Problem::BodyTooLarge => method == "post" || answers_file,
        Problem::UnsupportedMediaType => method == "post",
        Problem::LoginBlocked | Problem::InProgress => logs_in,
        Problem::StaleSessionKey => keys || calls_wechat,
        Problem::Undecryptable => keys,
        Problem::NotFound => calls_wechat || !files(endpoint).is_empty(),
        Problem::TableUnavailable => !endpoint.touches.is_empty(),
        Problem::CredentialUnavailable => credential,
        // All that WeChat may say of an input, a receiver, an account, or of itself.
        _ => calls_wechat,
    };
    Problem::ALL.iter().copied().filter(can_happen).collect()
}

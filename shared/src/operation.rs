//! What an operation is: a type that is its own input, and a few constants about it.

use std::future::Future;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{AccountKind, App, Caller, Error, Problem, Reply, Result, credentials::CredentialKind};

/// One operation of the bundle.
///
/// The implementing struct is the operation's input: its doc comment becomes the description,
/// its fields the parameters, both in the OpenAPI document.
/// Binary, template block, sample event and local route follow from [`Operation::ID`] and are
/// checked against it by tests.
///
/// `appid` is an input of every operation, and `openid` of every [`Access::User`] one; both
/// arrive resolved in the [`Caller`] and are no fields of the struct.
pub trait Operation: DeserializeOwned + JsonSchema + Send + 'static {
    /// `<namespace>.<operation>`, as in the contract. Path, binary, file and logical id follow.
    const ID: &'static str;

    /// Which HTTP methods it answers.
    const METHOD: Method = Method::Post;

    /// Who may call it.
    const ACCESS: Access;

    /// The kinds of account it works for, the preferred one first.
    const ACCOUNTS: &'static [AccountKind];

    /// What it touches beyond its input; its IAM policy is exactly this.
    const TOUCHES: &'static [Touch];

    /// The numbers an older interface had for its failures, for clients that switch over.
    ///
    /// The first case that fits decides; where there are codes and none fits, it is -1.
    const CODES: &'static [(Case, i64)] = &[];

    /// Further paths it answers on a domain of its own: files whose place others prescribe.
    ///
    /// A `*` stands for anything within one segment. The path arrives as the input `file`.
    const FILES: &'static [&'static str] = &[];

    /// The largest body it takes, in bytes after base64.
    const BODY_LIMIT: usize = 64 << 10;

    /// Whether the answer may be larger than the 6 MB Lambda buffers: it is then streamed to
    /// whoever comes by the Function URL, which needs `InvokeMode: RESPONSE_STREAM`.
    const STREAMED: bool = false;

    /// The one field that takes a file: in JSON it is base64; the part `media` of a form, or a
    /// body that is an image, become it as well.
    const UPLOAD: Option<&'static str> = None;

    /// A valid input in JSON; shown in the documents and replayed by the tests.
    const EXAMPLE: &'static str;

    /// What it answers.
    type Output: Reply;

    /// Does it.
    fn run(self, app: &App, caller: &Caller) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// Which HTTP methods an operation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`, the input in the query.
    Get,
    /// `POST`, the input in a JSON body.
    Post,
    /// Either; `GET` makes the operation usable as an image's address.
    GetOrPost,
}

impl Method {
    /// The value of `Allow`.
    pub const fn allow(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::GetOrPost => "GET, POST",
        }
    }

    /// The methods, in lower case, as OpenAPI spells them.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Method::Get => &["get"],
            Method::Post => &["post"],
            Method::GetOrPost => &["get", "post"],
        }
    }
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone; has a public URL.
    Public,
    /// A user with a session, or a service naming the user's `openid`; has a public URL.
    User,
    /// IAM principals only; has no URL.
    Service,
}

impl Access {
    /// The spelling in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Access::Public => "Public",
            Access::User => "User",
            Access::Service => "Service",
        }
    }
}

/// A failure that has a number in an older interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// WeChat refused with this code.
    Errcode(i64),
    /// This input is at fault.
    Field(&'static str),
    /// A failure of this kind.
    Problem(Problem),
}

impl Case {
    /// Whether a failure is this one.
    pub(crate) fn fits(self, error: &Error) -> bool {
        match self {
            Case::Errcode(code) => error.wechat_errcode() == Some(code),
            Case::Field(name) => error.field_name() == Some(name),
            Case::Problem(problem) => error.problem() == problem,
        }
    }
}

/// Something outside an operation that it reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Calls WeChat with the account's access token, which it reads as [`Touch::Credential`] does.
    Wechat,
    /// Reads a credential, and may signal that it is missing or refused.
    Credential(CredentialKind),
    /// Writes session, code and unionid items, with the app secret and the signing key.
    LogIn,
    /// Reads a session's keys.
    Session,
    /// Reads a session's OAuth tokens, and writes them when they are refreshed.
    SnsTokens,
    /// Signs sessions: reads the signing key, and no app secret.
    SignSession,
    /// Reads which openids are one person's.
    Unionid,
}

impl Touch {
    /// The credential it reads.
    pub const fn credential(self) -> Option<CredentialKind> {
        match self {
            Touch::Wechat => Some(CredentialKind::AccessToken),
            Touch::Credential(kind) => Some(kind),
            Touch::LogIn
            | Touch::Session
            | Touch::SnsTokens
            | Touch::SignSession
            | Touch::Unionid => None,
        }
    }

    /// Whether it reads or writes the table.
    pub const fn uses_table(self) -> bool {
        !matches!(self, Touch::SignSession)
    }

    /// Whether it reads the signing key.
    pub const fn signs_sessions(self) -> bool {
        matches!(self, Touch::LogIn | Touch::SignSession)
    }

    /// Whether it calls WeChat.
    pub const fn calls_wechat(self) -> bool {
        matches!(self, Touch::Wechat | Touch::LogIn | Touch::SnsTokens)
    }
}

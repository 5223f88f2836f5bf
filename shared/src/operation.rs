//! What an operation is: a type that is its own input, and a few constants about it.

use std::future::Future;

use model::{AccountKind, Error, Problem, Proof, Refusal, Result};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Budget, Caller, Capability, Input, Reply};

/// What an operation is handed: the handle of each capability it names.
pub type Uses<'a, O> = <<O as Operation>::Uses as Capability>::Handle<'a>;

/// One operation of the bundle.
///
/// The implementing struct is the operation's input: its doc comment becomes the description,
/// its fields the parameters, both in the OpenAPI document. Its fields are values that check
/// themselves ([`model::value`]), so that [`Operation::run`] meets valid ones only.
///
/// Binary, template block, sample event and local route follow from [`Operation::ID`] and are
/// generated.
///
/// `appid` is an input of every operation, and `openid` of every [`Access::User`] one; both
/// arrive resolved in the [`Caller`] and are not fields of the struct.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use shared::{
///     Access, AccountKind, Caller, Operation, Result, Uses, capability::Wechat, text,
///     value::{Chars, Text},
/// };
///
/// text! {
///     /// A word.
///     pub Word: 1..=32, Chars::PRINTABLE;
/// }
///
/// /// Counts the letters of a word.
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// pub struct CountLetters {
///     /// The word.
///     word: Text<Word>,
/// }
///
/// /// A count.
/// #[derive(Serialize, JsonSchema)]
/// pub struct Letters {
///     /// How many.
///     count: usize,
/// }
///
/// impl Operation for CountLetters {
///     const ID: &'static str = "words.countLetters";
///     const ACCESS: Access = Access::Public;
///     const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
///     const DOCS: &'static [&'static str] = &[];
///     const EXAMPLE: &'static str = r#"{"word":"hello"}"#;
///     type Uses = ();
///     type Output = Letters;
///
///     async fn run(self, (): Uses<'_, Self>, _caller: &Caller) -> Result<Letters> {
///         Ok(Letters { count: self.word.chars().count() })
///     }
/// }
/// ```
pub trait Operation: DeserializeOwned + JsonSchema + Send + 'static {
    /// `<namespace>.<operation>`, as in the contract. Path, binary, file and logical id follow.
    const ID: &'static str;

    /// How it is reached over HTTP.
    const HTTP: Http = Http::POST;

    /// Who may call it.
    const ACCESS: Access;

    /// The kinds of account it works for, the preferred one first.
    const ACCOUNTS: &'static [AccountKind];

    /// WeChat's pages that it follows, the most important one first; none if WeChat has none.
    const DOCS: &'static [&'static str];

    /// What WeChat's codes mean here, before what they usually mean; a call takes them by
    /// `.refusals(Self::REFUSALS)`, and the document lists them.
    const REFUSALS: &'static [Refusal] = &[];

    /// What can go wrong beside what access, capabilities and refusals tell.
    const PROBLEMS: &'static [Problem] = &[];

    /// How often it may be called.
    const BUDGET: Budget = Budget::USUAL;

    /// The numbers an older interface had for its failures, for clients that switch over.
    ///
    /// The first case that fits decides; where there are codes and none fits, it is -1.
    const CODES: &'static [(Case, i64)] = &[];

    /// A valid input in JSON; shown in the documents and replayed by the tests.
    const EXAMPLE: &'static str;

    /// What it may use beyond its input; its IAM policy is exactly this.
    type Uses: Capability;

    /// What it answers.
    type Output: Reply;

    /// Gives the input its type. Only an operation whose input is more than one struct, or an HTTP
    /// request as it came, reads it by itself.
    ///
    /// # Errors
    /// [`Problem::InvalidInput`], naming the field at fault.
    fn read(input: Input) -> Result<Self> {
        input.read()
    }

    /// Runs the operation.
    fn run(
        self,
        uses: Uses<'_, Self>,
        caller: &Caller,
    ) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// How an operation is reached over HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Http {
    /// The methods it answers.
    pub method: Method,
    /// The largest body it takes, in bytes after base64.
    pub body_limit: usize,
    /// The one field that takes a file: in JSON it is base64; the part `media` of a form, or a
    /// body that is an image, become it as well.
    pub upload: Option<&'static str>,
    /// Whether the answer may be larger than the 6 MB Lambda buffers: it is then streamed by the
    /// Function URL, which needs `InvokeMode: RESPONSE_STREAM`.
    pub streamed: bool,
    /// Whether the operation reads the request by itself, byte for byte.
    pub raw: bool,
    /// Whether the operation reads the text of its JSON by itself: numbers keep all digits.
    pub text: bool,
    /// Further paths it answers on a domain of its own: files whose place others prescribe.
    ///
    /// A `*` stands for anything within one segment. The path arrives as the input `file`.
    pub files: &'static [&'static str],
}

impl Http {
    /// `POST` with JSON of at most 64 KB.
    pub const POST: Http = Http {
        method: Method::Post,
        body_limit: 64 << 10,
        upload: None,
        streamed: false,
        raw: false,
        text: false,
        files: &[],
    };
    /// `GET`, the input in the query.
    pub const GET: Http = Http { method: Method::Get, ..Http::POST };
    /// Either.
    pub const GET_OR_POST: Http = Http { method: Method::GetOrPost, ..Http::POST };
    /// `GET` or `POST`, read by the operation itself, at most 256 KB.
    pub const RAW: Http = Http { body_limit: 256 << 10, raw: true, ..Http::GET_OR_POST };

    /// Whether a path is one of [`Http::files`].
    pub fn serves(&self, path: &str) -> bool {
        self.files.iter().any(|pattern| match pattern.split_once('*') {
            None => path == *pattern,
            Some((before, after)) => path
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|within| !within.is_empty() && !within.contains('/')),
        })
    }
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
    /// The session is missing or expired.
    Session(Proof),
}

impl Case {
    /// Whether a failure is this one.
    pub(crate) fn fits(self, error: &Error) -> bool {
        match self {
            Case::Errcode(code) => error.wechat_errcode() == Some(code),
            Case::Field(name) => error.field_name() == Some(name),
            Case::Problem(problem) => error.problem() == problem,
            Case::Session(proof) => error.session_proof() == Some(proof),
        }
    }
}

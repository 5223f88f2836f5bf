//! What an answer of WeChat Pay's proves.
//!
//! WeChat: [status and error codes][doc]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4012068828

use http::StatusCode;
use serde::Deserialize;

use super::Unverified;

/// Why a call has no result; the three kinds ask for three different things.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nothing reached WeChat Pay: the call may simply be made again.
    #[error("WeChat Pay cannot be reached")]
    NotSent(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// WeChat Pay refused: nothing was done.
    #[error("WeChat Pay refused: {0}")]
    Refused(Refusal),
    /// It may have been done: ask, or repeat with the same number and the same content.
    #[error("the outcome is unknown: {0}")]
    Unknown(#[source] Uncertainty),
}

impl Failure {
    /// The refusal, if that is what it is.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Failure::Refused(refusal) => Some(refusal),
            Failure::NotSent(_) | Failure::Unknown(_) => None,
        }
    }
}

/// WeChat Pay's no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// WeChat Pay's code without underscores, because pages spell the same code both ways.
    pub code: String,
    /// The input at fault, as a JSON pointer such as `/amount/total`.
    pub field: Option<String>,
}

impl Refusal {
    /// Whether this is the code, however it is spelled.
    pub fn is(&self, code: &str) -> bool {
        self.code == without_underscores(code)
    }
}

/// Why it is not known what became of a call.
#[derive(Debug, thiserror::Error)]
pub enum Uncertainty {
    /// The connection broke or no answer came in time.
    #[error("no answer")]
    NoAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer cannot be verified, so it proves nothing.
    #[error("the answer cannot be verified: {0}")]
    Unverified(Unverified),
    /// WeChat Pay accepted the call and has not finished it.
    #[error("accepted, and not finished")]
    Accepted,
    /// WeChat Pay is busy; a refund may have been accepted all the same.
    #[error("too many calls")]
    Busy,
    /// WeChat Pay, or something on the way, answered with this status and no verdict.
    #[error("status {0}")]
    Status(u16),
    /// The answer is verified and not what it must be.
    #[error("the answer is not what it must be")]
    Nonsense,
}

/// Judges an answer by its status, before its content: an error may come unsigned.
///
/// `verify` is asked for a success only.
pub(super) fn judge(
    status: StatusCode,
    body: &[u8],
    verify: impl FnOnce() -> Result<(), Unverified>,
) -> Result<(), Failure> {
    let unknown = |why| Err(Failure::Unknown(why));
    if status.is_success() {
        return match verify() {
            Err(why) => unknown(Uncertainty::Unverified(why)),
            Ok(()) if status == StatusCode::OK || status == StatusCode::NO_CONTENT => Ok(()),
            Ok(()) => unknown(Uncertainty::Accepted),
        };
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return unknown(Uncertainty::Busy);
    }
    let verdict = serde_json::from_slice::<Verdict>(body).ok();
    match verdict.filter(|_| status.is_client_error()) {
        Some(Verdict { code, detail }) => Err(Failure::Refused(Refusal {
            status: status.as_u16(),
            code: without_underscores(&code),
            field: detail.and_then(|detail| detail.field),
        })),
        None => unknown(Uncertainty::Status(status.as_u16())),
    }
}

#[derive(Deserialize)]
struct Verdict {
    code: String,
    #[serde(default)]
    detail: Option<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    field: Option<String>,
}

fn without_underscores(code: &str) -> String {
    code.chars().filter(|&letter| letter != '_').map(|letter| letter.to_ascii_uppercase()).collect()
}

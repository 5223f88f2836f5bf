//! The one error, and its face to the caller: RFC 9457 `application/problem+json`.

use std::fmt;

use serde_json::{Map, Value};

use crate::{Language, Message};

/// What every fallible function of this project returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed: what the caller is told, and what only the log sees.
///
/// `Display` is for the caller and says what to do next, in English.
/// The source is for the log; it never reaches an answer.
/// Neither holds a secret, a token, a session key or personal data.
pub struct Error(Box<Inner>);

struct Inner {
    problem: Problem,
    detail: Message,
    field: Option<String>,
    errcode: Option<i64>,
    rid: Option<String>,
    code: Option<i64>,
    proof: Option<Proof>,
    retry_after: Option<u64>,
    unanswered: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What is wrong with a session, for older interfaces that told it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// There is none.
    Missing,
    /// It has expired.
    Expired,
}

/// What the caller is told of a bug.
pub const BROKEN: [&str; 2] = [
    "Something broke on our side; the log has the request id.",
    "服务端出错，可用请求 ID 在日志中查询。",
];

/// The kinds of failure a caller can tell apart; closed and stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// An input breaks a rule; `field` names it.
    InvalidInput,
    /// The body is not what its content type says.
    MalformedBody,
    /// The `appid` is not configured here, or cannot serve this operation.
    UnknownApp,
    /// WeChat does not know the single-use code, or it is older than its life.
    InvalidCode,
    /// The single-use code was already exchanged, longer than five minutes ago or elsewhere.
    CodeUsed,
    /// The session is missing, expired, forged or of another app.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// WeChat refuses this user's login because of risk.
    LoginBlocked,
    /// The account lacks the capability at WeChat.
    AccountNotPermitted,
    /// No such operation or thing.
    NotFound,
    /// The operation answers another HTTP method; see `Allow`.
    MethodNotAllowed,
    /// The stored session key is not the one the data was encrypted with.
    StaleSessionKey,
    /// The receiver's state forbids it (not subscribed, not following …).
    ReceiverState,
    /// The state of the card, invoice or other thing forbids it.
    WrongState,
    /// The body is larger than the operation takes, or the answer than Lambda hands over.
    BodyTooLarge,
    /// The content type is not one the operation takes.
    UnsupportedMediaType,
    /// The data cannot be decrypted or was not made for this app.
    Undecryptable,
    /// A limit, of WeChat's or of this deployment's, is reached; `Retry-After` says until when.
    QuotaExceeded,
    /// A bug on our side.
    Internal,
    /// Secret, IP allow-list or another setting of this deployment is wrong.
    Misconfigured,
    /// WeChat answered with a refusal that is nobody's input.
    WechatRefused,
    /// WeChat cannot be reached or answers nonsense.
    WechatUnreachable,
    /// WeChat is busy.
    WechatBusy,
    /// The token or ticket is not available just now.
    CredentialUnavailable,
    /// The table cannot be reached.
    TableUnavailable,
    /// The same request is still being worked on.
    InProgress,
    /// The request took longer than it may.
    OutOfTime,
}

impl Problem {
    /// All of them, in the order of their status.
    pub const ALL: &[Problem] = &[
        Problem::InvalidInput,
        Problem::MalformedBody,
        Problem::UnknownApp,
        Problem::InvalidCode,
        Problem::CodeUsed,
        Problem::Unauthenticated,
        Problem::Forbidden,
        Problem::LoginBlocked,
        Problem::AccountNotPermitted,
        Problem::NotFound,
        Problem::MethodNotAllowed,
        Problem::StaleSessionKey,
        Problem::ReceiverState,
        Problem::WrongState,
        Problem::BodyTooLarge,
        Problem::UnsupportedMediaType,
        Problem::Undecryptable,
        Problem::QuotaExceeded,
        Problem::Internal,
        Problem::Misconfigured,
        Problem::WechatRefused,
        Problem::WechatUnreachable,
        Problem::WechatBusy,
        Problem::CredentialUnavailable,
        Problem::TableUnavailable,
        Problem::InProgress,
        Problem::OutOfTime,
    ];

    /// The problem's `type`, its status, and its title in English and in Chinese.
    const fn face(self) -> (&'static str, u16, [&'static str; 2]) {
        match self {
            Problem::InvalidInput => ("invalid-input", 400, ["An input is not valid", "参数无效"]),
            Problem::MalformedBody => {
                ("malformed-body", 400, ["The body cannot be read", "无法读取请求正文"])
            }
            Problem::UnknownApp => {
                ("unknown-app", 400, ["The app cannot be used here", "此处不能使用该应用"])
            }
            Problem::InvalidCode => ("invalid-code", 400, ["The code is not valid", "code 无效"]),
            Problem::CodeUsed => ("code-used", 400, ["The code was used before", "code 已被使用"]),
            Problem::Unauthenticated => {
                ("unauthenticated", 401, ["A valid session is needed", "需要有效的会话"])
            }
            Problem::Forbidden => ("forbidden", 403, ["Forbidden", "无权操作"]),
            Problem::LoginBlocked => {
                ("login-blocked", 403, ["WeChat refuses this login", "微信拒绝此次登录"])
            }
            Problem::AccountNotPermitted => (
                "account-not-permitted",
                403,
                ["The account lacks this capability", "账号没有此能力"],
            ),
            Problem::NotFound => ("not-found", 404, ["Not found", "未找到"]),
            Problem::MethodNotAllowed => {
                ("method-not-allowed", 405, ["Wrong HTTP method", "HTTP 方法错误"])
            }
            Problem::StaleSessionKey => ("stale-session-key", 409, ["Log in again", "请重新登录"]),
            Problem::ReceiverState => {
                ("receiver-state", 409, ["The receiver cannot get this", "接收者无法收到"])
            }
            Problem::WrongState => {
                ("wrong-state", 409, ["Its state does not allow this", "当前状态不允许此操作"])
            }
            Problem::BodyTooLarge => {
                ("body-too-large", 413, ["The body is too large", "请求正文过大"])
            }
            Problem::UnsupportedMediaType => {
                ("unsupported-media-type", 415, ["Wrong content type", "内容类型错误"])
            }
            Problem::Undecryptable => {
                ("undecryptable", 422, ["The data cannot be decrypted", "数据无法解密"])
            }
            Problem::QuotaExceeded => ("quota-exceeded", 429, ["A limit is reached", "已达到限额"]),
            Problem::Internal => ("internal", 500, ["Internal error", "内部错误"]),
            Problem::Misconfigured => {
                ("misconfigured", 500, ["The deployment is misconfigured", "部署配置有误"])
            }
            Problem::WechatRefused => ("wechat-refused", 502, ["WeChat refused", "微信拒绝了请求"]),
            Problem::WechatUnreachable => {
                ("wechat-unreachable", 502, ["WeChat cannot be reached", "无法连接微信"])
            }
            Problem::WechatBusy => ("wechat-busy", 503, ["WeChat is busy", "微信繁忙"]),
            Problem::CredentialUnavailable => {
                ("credential-unavailable", 503, ["The credential is not available", "凭证暂不可用"])
            }
            Problem::TableUnavailable => {
                ("table-unavailable", 503, ["The table is not available", "数据表暂不可用"])
            }
            Problem::InProgress => ("in-progress", 503, ["Still being worked on", "仍在处理中"]),
            Problem::OutOfTime => ("out-of-time", 503, ["Out of time", "处理超时"]),
        }
    }

    /// The stable name a program compares; the `type` of the problem document.
    pub const fn slug(self) -> &'static str {
        self.face().0
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.face().1
    }

    /// A title for people.
    pub const fn title(self, language: Language) -> &'static str {
        language.of(self.face().2)
    }

    /// What `Retry-After` says when nobody knows better, in seconds.
    const fn default_retry_after(self) -> Option<u64> {
        match self.status() {
            429 => Some(60),
            503 => Some(2),
            502 => Some(1),
            _ => None,
        }
    }
}

impl Error {
    /// A failure of the given kind; `detail` tells the caller what to do next.
    pub fn new(problem: Problem, detail: impl Into<Message>) -> Error {
        Error(Box::new(Inner {
            problem,
            detail: detail.into(),
            field: None,
            errcode: None,
            rid: None,
            code: None,
            proof: None,
            retry_after: problem.default_retry_after(),
            unanswered: false,
            source: None,
        }))
    }

    /// One input is at fault; `detail` says which rule it breaks.
    pub fn invalid(field: impl Into<String>, detail: impl Into<Message>) -> Error {
        Error::new(Problem::InvalidInput, detail).field(field)
    }

    /// A bug on our side; the caller is only told that it is.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::new(Problem::Internal, BROKEN).because(source)
    }

    /// Names the input at fault.
    pub fn field(mut self, field: impl Into<String>) -> Error {
        self.0.field = Some(field.into());
        self
    }

    /// The same with this prefix taken off the field, for an input that stands elsewhere.
    pub fn field_without(mut self, prefix: &str) -> Error {
        if let Some(rest) = self.0.field.as_deref().and_then(|field| field.strip_prefix(prefix)) {
            self.0.field = Some(rest.to_owned());
        }
        self
    }

    /// Adds what WeChat said.
    pub fn errcode(mut self, errcode: i64, rid: Option<String>) -> Error {
        self.0.errcode = Some(errcode);
        self.0.rid = rid;
        self
    }

    /// Adds the number an older interface had for this failure.
    pub fn code(mut self, code: i64) -> Error {
        self.0.code = Some(code);
        self
    }

    /// Says what is wrong with the session.
    pub fn proof(mut self, proof: Proof) -> Error {
        self.0.proof = Some(proof);
        self
    }

    /// Says when trying again makes sense, in seconds.
    pub fn retry_after(mut self, seconds: u64) -> Error {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    /// Says that WeChat may have acted on the request, though its answer is lost.
    pub fn unanswered(mut self) -> Error {
        self.0.unanswered = true;
        self
    }

    /// Adds the cause, for the log only.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        self.0.source = Some(source.into());
        self
    }

    /// The kind of failure.
    pub fn problem(&self) -> Problem {
        self.0.problem
    }

    /// Whether WeChat may have acted on the request, though its answer is lost.
    pub fn is_unanswered(&self) -> bool {
        self.0.unanswered
    }

    /// What the caller is told, in English.
    pub fn detail(&self) -> &str {
        self.0.detail.text(Language::English)
    }

    /// The input at fault, if it is one.
    pub fn field_name(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// WeChat's code, where WeChat spoke.
    pub fn wechat_errcode(&self) -> Option<i64> {
        self.0.errcode
    }

    /// WeChat's request id, where WeChat gave one.
    pub fn wechat_rid(&self) -> Option<&str> {
        self.0.rid.as_deref()
    }

    /// What is wrong with the session, where that is what is wrong.
    pub fn session_proof(&self) -> Option<Proof> {
        self.0.proof
    }

    /// Seconds after which trying again makes sense.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// The chain of causes in one line, for the log.
    pub fn cause(&self) -> Option<String> {
        let mut next: Option<&(dyn std::error::Error + 'static)> =
            self.0.source.as_deref().map(|source| source as _);
        let mut chain = Vec::new();
        while let Some(cause) = next {
            chain.push(cause.to_string());
            next = cause.source();
        }
        (!chain.is_empty()).then(|| chain.join(": "))
    }

    /// The problem document of RFC 9457 in English.
    pub fn document(&self, request_id: &str) -> Map<String, Value> {
        self.document_in(Language::English, request_id)
    }

    /// The same in a language.
    pub fn document_in(&self, language: Language, request_id: &str) -> Map<String, Value> {
        let inner = &*self.0;
        let mut document = Map::new();
        document.insert("type".into(), inner.problem.slug().into());
        document.insert("title".into(), inner.problem.title(language).into());
        document.insert("status".into(), inner.problem.status().into());
        document.insert("detail".into(), inner.detail.text(language).into());
        if let Some(field) = &inner.field {
            document.insert("field".into(), field.clone().into());
        }
        if let Some(errcode) = inner.errcode {
            document.insert("errcode".into(), errcode.into());
        }
        if let Some(rid) = &inner.rid {
            document.insert("rid".into(), rid.clone().into());
        }
        if let Some(code) = inner.code {
            document.insert("code".into(), code.into());
        }
        if let Some(seconds) = inner.retry_after {
            document.insert("retry_after".into(), seconds.into());
        }
        document.insert("request_id".into(), request_id.into());
        document
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("problem", &self.0.problem)
            .field("detail", &self.detail())
            .field("field", &self.0.field)
            .field("errcode", &self.0.errcode)
            .field("cause", &self.cause())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique_and_every_problem_is_listed_once() {
        let mut slugs: Vec<_> = Problem::ALL.iter().map(|problem| problem.slug()).collect();
        slugs.sort_unstable();
        let all = slugs.len();
        slugs.dedup();
        assert_eq!(slugs.len(), all);
        assert!(Problem::ALL.is_sorted_by_key(|problem| problem.status()));
        assert!(Problem::ALL.is_sorted(), "ALL follows the order of the enum");
        assert_eq!(Problem::ALL.len(), Problem::OutOfTime as usize + 1, "a problem is missing");
    }

    #[test]
    fn quota_and_trouble_always_say_when_to_come_back() {
        for problem in Problem::ALL {
            let error = Error::new(*problem, ["", ""]);
            assert_eq!(
                error.retry_after_seconds().is_some(),
                matches!(problem.status(), 429 | 502 | 503),
                "{problem:?}"
            );
        }
    }
}

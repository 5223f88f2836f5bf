//! Whether a request comes from WeChat, and what it says.
//!
//! One refusal for all that is forged, stale or unreadable: which check failed is for the log.
//! Signatures come before any decoding and decryption, and nothing of the request decides how it
//! is checked: the mode is the configured one.

use shared::{PushMode, percent::decode};

use super::{
    crypto::{Keys, Stamp},
    message::Message,
};

/// The largest body. Real ones have a few kilobytes.
pub(super) const BODY_LIMIT: usize = 256 << 10;

/// How far `timestamp` may be from now, in seconds. WeChat repeats a push within 15 seconds.
const WINDOW: u64 = 600;

/// The longest `echostr`.
const ECHO_LENGTH: usize = 512;

/// A request, as it came.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    /// In upper case.
    pub method: &'a str,
    /// Percent-encoded.
    pub path: &'a str,
    /// What follows the question mark, percent-encoded.
    pub raw_query: &'a str,
    /// Decoded from base64, if the event held it so.
    pub body: &'a [u8],
}

/// An account that receives messages.
pub(super) struct Receiver<'a> {
    /// Its app id.
    pub appid: &'a str,
    /// The configured mode.
    pub mode: PushMode,
    /// Its tokens and keys.
    pub keys: &'a Keys,
}

/// What a genuine request says.
#[derive(Debug, PartialEq)]
pub(super) enum Verified {
    /// WeChat checks the URL and wants this text back, nothing else.
    Echo(String),
    /// A message or event.
    Message {
        /// The app it was sent to.
        appid: String,
        /// What was sent.
        message: Message,
    },
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Neither GET nor POST.
    Method,
    /// A body over the limit.
    TooLarge,
    /// Anything else; the reason is for the log alone.
    Forged(&'static str),
}

/// A request that may be genuine: what can be said of it without a key.
pub(super) struct Candidate<'a> {
    request: Request<'a>,
    query: Vec<(String, String)>,
    appid: Option<String>,
}

impl<'a> Candidate<'a> {
    /// Checks the form of a request and how old it is.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(super) fn read(request: Request<'a>, now: u64) -> Result<Candidate<'a>, Refusal> {
        if !matches!(request.method, "GET" | "POST") {
            return Err(Refusal::Method);
        }
        if request.body.len() > BODY_LIMIT {
            return Err(Refusal::TooLarge);
        }
        let query = read_query(request.raw_query).ok_or(Refusal::Forged("query"))?;
        let mut candidate = Candidate { request, query, appid: None };
        let timestamp = candidate.get("timestamp").filter(|text| is_decimal(text));
        let timestamp: u64 =
            timestamp.and_then(|text| text.parse().ok()).ok_or(Refusal::Forged("timestamp"))?;
        if timestamp.abs_diff(now) > WINDOW {
            return Err(Refusal::Forged("stale"));
        }
        if candidate.get("nonce").is_none() {
            return Err(Refusal::Forged("nonce"));
        }
        if candidate.get("signature").or_else(|| candidate.get("msg_signature")).is_none() {
            return Err(Refusal::Forged("signature"));
        }
        candidate.appid = candidate.find_appid();
        Ok(candidate)
    }

    /// The app the URL names: the segment after `/push/receive/`, else `appid` of the query.
    pub(super) fn appid(&self) -> Option<&str> {
        self.appid.as_deref()
    }

    fn find_appid(&self) -> Option<String> {
        let (_, segment) = self.request.path.split_once("/push/receive/").unwrap_or_default();
        let segment = segment.trim_end_matches('/');
        let named = if segment.is_empty() { self.get("appid") } else { Some(segment) };
        named.map(str::to_owned)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn stamp(&self) -> Stamp<'_> {
        let part = |name| self.get(name).unwrap_or_default();
        Stamp { timestamp: part("timestamp"), nonce: part("nonce") }
    }

    /// Checks the signature with the keys of each receiver and reads what was signed.
    ///
    /// # Errors
    /// [`Refusal::Forged`] if it is not genuine for any receiver.
    pub(super) fn verify(&self, receivers: &[Receiver<'_>]) -> Result<Verified, Refusal> {
        let content = Content::of(self)?;
        let mut refusal = Refusal::Forged("no such app");
        for receiver in receivers {
            if self.appid().is_some_and(|named| named != receiver.appid) {
                continue;
            }
            match content.verify(self.stamp(), receiver) {
                Ok(verified) => return Ok(verified),
                Err(reason) => refusal = Refusal::Forged(reason),
            }
        }
        Err(refusal)
    }
}

/// What a request holds, before its signature is checked.
enum Content<'a> {
    /// WeChat checks the URL of an account, in any mode.
    Echo { echostr: &'a str, signature: &'a str },
    /// The same from the relatives of WeChat that encrypt it.
    SealedEcho { echostr: &'a str, msg_signature: &'a str },
    /// A message that only the holder of a key could write.
    Sealed { encrypt: String, msg_signature: &'a str },
    /// A message in the clear.
    Plain { text: &'a str, signature: &'a str },
}

impl<'a> Content<'a> {
    fn of(candidate: &'a Candidate<'_>) -> Result<Content<'a>, Refusal> {
        let get = |name| candidate.get(name);
        if candidate.request.method == "GET" {
            let echostr = get("echostr").ok_or(Refusal::Forged("echostr"))?;
            if echostr.len() > ECHO_LENGTH {
                return Err(Refusal::Forged("echostr"));
            }
            return match (get("signature"), get("msg_signature")) {
                (Some(signature), _) => Ok(Content::Echo { echostr, signature }),
                (None, Some(msg_signature)) => Ok(Content::SealedEcho { echostr, msg_signature }),
                (None, None) => Err(Refusal::Forged("signature")),
            };
        }
        let unreadable = Refusal::Forged("body");
        let text = std::str::from_utf8(candidate.request.body).map_err(|_| unreadable)?;
        let outer = Message::read(text).ok_or(unreadable)?;
        let encrypt = outer.encrypt().ok_or(unreadable)?;
        match (encrypt, get("encrypt_type"), get("msg_signature"), get("signature")) {
            (Some(encrypt), _, Some(msg_signature), _) => {
                Ok(Content::Sealed { encrypt: encrypt.to_owned(), msg_signature })
            }
            (Some(_), ..) => Err(Refusal::Forged("no msg_signature")),
            (None, Some("aes"), ..) => Err(Refusal::Forged("no Encrypt")),
            (None, _, _, Some(signature)) => Ok(Content::Plain { text, signature }),
            (None, ..) => Err(Refusal::Forged("signature")),
        }
    }

    fn verify(&self, stamp: Stamp<'_>, receiver: &Receiver<'_>) -> Result<Verified, &'static str> {
        let Receiver { appid, mode, keys } = *receiver;
        let message = |text: &str| {
            let message = Message::read(text).ok_or("message")?;
            Ok(Verified::Message { appid: appid.to_owned(), message })
        };
        match self {
            Content::Echo { echostr, signature } => {
                let signed = keys.signed(stamp, signature);
                signed.then(|| Verified::Echo((*echostr).to_owned())).ok_or("signature")
            }
            Content::SealedEcho { echostr, msg_signature } => {
                if !keys.sealed(stamp, echostr, msg_signature) {
                    return Err("msg_signature");
                }
                keys.open(echostr, appid).map(Verified::Echo).ok_or("decryption")
            }
            Content::Sealed { encrypt, msg_signature } => {
                if !keys.sealed(stamp, encrypt, msg_signature) {
                    return Err("msg_signature");
                }
                message(&keys.open(encrypt, appid).ok_or("decryption")?)
            }
            Content::Plain { .. } if mode != PushMode::Plain => Err("mode"),
            Content::Plain { text, signature } => {
                if !keys.signed(stamp, signature) {
                    return Err("signature");
                }
                message(text)
            }
        }
    }
}

/// The pairs of a query, a `+` left as it is; `None` if a name occurs twice, because what one
/// reader checks another might not use.
fn read_query(raw: &str) -> Option<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        if pairs.len() == PARAMETERS || pairs.iter().any(|(known, _)| *known == name) {
            return None;
        }
        pairs.push((name, value));
    }
    Some(pairs)
}

/// More parameters than WeChat and a console's URL have together.
const PARAMETERS: usize = 32;

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

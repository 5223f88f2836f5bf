//! Session tokens: JWTs signed with Ed25519, verified without a secret.
//!
//! The algorithm is fixed: it is never read from a token.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::{Error, Problem, Proof, Result, Secret, config::PublicKey, crypto::sha256};

/// How long a session lives, in seconds: 2 hours. Afterwards `wx.login` makes a new one.
pub const SESSION_LIFE: u64 = 7200;

/// Clocks of the signing and the verifying function may differ by this much, in seconds.
const LEEWAY: u64 = 5;

const ISSUER: &str = "wechat";

/// Longer than any token this project makes.
const TOKEN_LIMIT: usize = 2048;

/// Who is calling.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    iss: String,
    /// The app the session belongs to.
    #[serde(rename = "aud")]
    pub appid: String,
    /// The user, as this app knows them.
    #[serde(rename = "sub")]
    pub openid: String,
    /// The user across the apps of one owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<String>,
    /// Of the visitor of a snapshot page: the ids may be made up, and operations refuse it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub snapshot: bool,
    /// The session's id.
    pub sid: String,
    /// Seconds since 1970.
    pub iat: u64,
    /// Seconds since 1970.
    pub exp: u64,
}

impl Session {
    /// A session that begins at `now`.
    pub fn new(
        appid: impl Into<String>,
        openid: impl Into<String>,
        unionid: Option<String>,
        sid: impl Into<String>,
        now: u64,
    ) -> Session {
        Session {
            iss: ISSUER.to_owned(),
            appid: appid.into(),
            openid: openid.into(),
            unionid,
            snapshot: false,
            sid: sid.into(),
            iat: now,
            exp: now + SESSION_LIFE,
        }
    }

    /// This session, but not beyond `end`.
    pub fn until(self, end: u64) -> Session {
        Session { exp: self.exp.min(end), ..self }
    }
}

impl fmt::Debug for Session {
    /// Without the user's ids, which are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("appid", &self.appid)
            .field("exp", &self.exp)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

/// Signs sessions; only the login operations have one.
pub struct SigningKey {
    kid: String,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// Reads `kid:seed`, the seed being 32 bytes in base64url.
    ///
    /// # Errors
    /// [`Problem::Misconfigured`] if it is anything else.
    pub fn parse(text: &Secret) -> Result<SigningKey> {
        let misconfigured = || {
            Error::new(
                Problem::Misconfigured,
                [
                    "The session signing key is not kid:seed with 32 bytes of base64url.",
                    "会话签名密钥须为 kid:seed 格式，seed 为 32 字节的 base64url。",
                ],
            )
        };
        let (kid, seed) = text.expose().trim().split_once(':').ok_or_else(misconfigured)?;
        let seed = BASE64_URL_SAFE_NO_PAD.decode(seed).map_err(|_| misconfigured())?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| misconfigured())?;
        Ok(SigningKey { kid: kid.to_owned(), pair })
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> PublicKey {
        let bytes = self.pair.public_key().as_ref().try_into().expect("Ed25519 keys are 32 bytes");
        PublicKey { kid: self.kid.clone(), bytes }
    }

    /// The session as a token; the same session gives the same token.
    pub fn sign(&self, session: &Session) -> String {
        let encode = |value: Vec<u8>| BASE64_URL_SAFE_NO_PAD.encode(value);
        let header = Header { alg: "EdDSA", kid: &self.kid, typ: "JWT" };
        let mut token = encode(serde_json::to_vec(&header).expect("a header serializes"));
        token.push('.');
        token.push_str(&encode(serde_json::to_vec(session).expect("a session serializes")));
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        token.push_str(&encode(signature.as_ref().to_vec()));
        token
    }
}

/// What renews a login: whose it is, and which session it renews.
///
/// A client gets it as a text with a proof at the end, which the table has as a hash only.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshCredential {
    /// The app.
    pub appid: String,
    /// The user.
    pub openid: String,
    /// The login's id.
    pub login: String,
    /// The session it renews.
    pub sid: String,
}

impl RefreshCredential {
    /// Reads what [`SigningKey::seal`] made; `None` if it is anything else. It proves nothing yet.
    pub fn read(text: &str) -> Option<RefreshCredential> {
        let mut parts = text.split('.').map(str::to_owned);
        let credential = RefreshCredential {
            appid: parts.next()?,
            openid: parts.next()?,
            login: parts.next()?,
            sid: parts.next()?,
        };
        let _proof = parts.next()?;
        parts.next().is_none().then_some(credential)
    }
}

impl SigningKey {
    /// The credential as a text; the same credential gives the same text, so that an answer can be
    /// given again although only a hash of it is stored.
    pub fn seal(&self, credential: &RefreshCredential) -> String {
        let RefreshCredential { appid, openid, login, sid } = credential;
        let claims = format!("{appid}.{openid}.{login}.{sid}");
        // No token is signed with a space in it, so no signature serves as the other's.
        let signature = self.pair.sign(format!("refresh {claims}").as_bytes());
        format!("{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode(sha256(signature.as_ref())))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Verifies session tokens.
///
/// A page calls again and again with one token, and its signature costs more than all else a warm
/// function does: tokens that were verified a moment ago are recognized.
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<PublicKey>,
    /// SHA-256 of a token, and its session; the newest last.
    verified: Mutex<VecDeque<([u8; 32], Session)>>,
}

/// How many tokens are recognized.
const RECOGNIZED: usize = 64;

impl Verifier {
    /// A verifier of tokens signed with one of these keys.
    pub fn new(keys: &[PublicKey]) -> Verifier {
        Verifier { keys: keys.to_vec(), verified: Mutex::default() }
    }

    /// Verifies a token at `now` and returns its session.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`], saying whether to log in again.
    pub fn verify(&self, token: &str, now: u64) -> Result<Session> {
        let session = self.authentic(token).ok_or_else(|| {
            Error::new(
                Problem::Unauthenticated,
                [
                    "The session token is not one of ours; log in again and send `Authorization: Bearer <session_token>`.",
                    "会话 token 不是由本服务签发的，请重新登录并发送 `Authorization: Bearer <session_token>`。",
                ],
            )
        })?;
        if session.exp <= now {
            let detail = ["The session has expired; log in again.", "会话已过期，请重新登录。"];
            return Err(Error::new(Problem::Unauthenticated, detail).proof(Proof::Expired));
        }
        if session.iat > now + LEEWAY {
            return Err(Error::new(
                Problem::Unauthenticated,
                ["The session begins in the future.", "会话的生效时间在未来。"],
            ));
        }
        Ok(session)
    }

    fn authentic(&self, token: &str) -> Option<Session> {
        if token.len() > TOKEN_LIMIT {
            return None;
        }
        let digest = sha256(token);
        let verified = || self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        let recognized = verified().iter().find(|(of, _)| *of == digest).map(|(_, is)| is.clone());
        if recognized.is_some() {
            return recognized;
        }
        let session = authentic(token, &self.keys)?;
        let mut verified = verified();
        if verified.len() == RECOGNIZED {
            verified.pop_front();
        }
        verified.push_back((digest, session.clone()));
        Some(session)
    }
}

fn authentic(token: &str, keys: &[PublicKey]) -> Option<Session> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    let header = decode(header)?;
    let header: Header<'_> = serde_json::from_slice(&header).ok()?;
    if header.alg != "EdDSA" {
        return None;
    }
    let key = keys.iter().find(|key| key.kid == header.kid)?;
    UnparsedPublicKey::new(&ED25519, &key.bytes)
        .verify(signed.as_bytes(), &decode(signature)?)
        .ok()?;
    let session: Session = serde_json::from_slice(&decode(claims)?).ok()?;
    (session.iss == ISSUER).then_some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str, seed: u8) -> SigningKey {
        let seed = BASE64_URL_SAFE_NO_PAD.encode([seed; 32]);
        SigningKey::parse(&Secret::new(format!("{kid}:{seed}"))).unwrap()
    }

    fn session() -> Session {
        Session::new("wx01", "oAlice", Some("uAlice".into()), "s1", 1_000)
    }

    fn refused(token: &str, verifier: &Verifier, now: u64) -> bool {
        verifier.verify(token, now).is_err_and(|e| e.problem() == Problem::Unauthenticated)
    }

    #[test]
    fn a_signed_session_comes_back_until_it_ends() {
        let key = key("k1", 7);
        let token = key.sign(&session());
        let verifier = Verifier::new(&[key.public_key()]);
        assert_eq!(verifier.verify(&token, 1_000).unwrap(), session());
        assert_eq!(verifier.verify(&token, 1_000 + SESSION_LIFE - 1).unwrap(), session());
        assert!(refused(&token, &verifier, 1_000 + SESSION_LIFE));
        assert!(refused(&token, &verifier, 994));
    }

    #[test]
    fn tokens_are_told_apart_however_many_there_are() {
        let key = key("k1", 7);
        let verifier = Verifier::new(&[key.public_key()]);
        let sessions: Vec<_> = (0..3 * RECOGNIZED)
            .map(|index| Session::new("wx01", format!("o{index}"), None, "s1", 1_000))
            .collect();
        for _ in 0..2 {
            for session in &sessions {
                for _ in 0..2 {
                    assert_eq!(verifier.verify(&key.sign(session), 1_000).unwrap(), *session);
                }
            }
        }
        assert_eq!(verifier.verified.lock().unwrap().len(), RECOGNIZED);
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let key = key("k1", 7);
        let token = key.sign(&session());
        let verifier = Verifier::new(&[key.public_key()]);
        verifier.verify(&token, 1_000).unwrap();
        for index in 0..token.len() {
            for bit in 0..8 {
                let mut bytes = token.clone().into_bytes();
                bytes[index] ^= 1 << bit;
                let Ok(flipped) = String::from_utf8(bytes) else { continue };
                assert!(refused(&flipped, &verifier, 1_000), "bit {bit} of byte {index}");
            }
        }
    }

    #[test]
    fn two_keys_verify_during_a_rotation_and_one_afterwards() {
        let (old, new) = (key("k1", 7), key("k2", 8));
        let both = Verifier::new(&[new.public_key(), old.public_key()]);
        for key in [&old, &new] {
            assert!(both.verify(&key.sign(&session()), 1_000).is_ok());
        }
        assert!(refused(&old.sign(&session()), &Verifier::new(&[new.public_key()]), 1_000));
        // The right kid over the wrong key.
        assert!(refused(&key("k2", 9).sign(&session()), &both, 1_000));
    }

    #[test]
    fn the_token_does_not_choose_the_algorithm() {
        let key = key("k1", 7);
        let public_key = key.public_key();
        let verifier = Verifier::new(std::slice::from_ref(&public_key));
        let token = key.sign(&session());
        let claims = token.split('.').nth(1).unwrap();
        for header in [
            r#"{"alg":"none","kid":"k1","typ":"JWT"}"#,
            r#"{"alg":"HS256","kid":"k1","typ":"JWT"}"#,
        ] {
            let header = BASE64_URL_SAFE_NO_PAD.encode(header);
            let signed = format!("{header}.{claims}");
            let hmac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public_key.bytes);
            let tag = ring::hmac::sign(&hmac, signed.as_bytes());
            let forged = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
            assert!(refused(&forged, &verifier, 1_000));
            assert!(refused(&format!("{signed}."), &verifier, 1_000));
            assert!(refused(&signed, &verifier, 1_000));
        }
    }

    #[test]
    fn a_refresh_credential_is_read_back_and_is_not_a_session() {
        let key = key("k1", 7);
        let text = |value: &str| value.to_owned();
        let credential = RefreshCredential {
            appid: text("wx01"),
            openid: text("o-Alice_1"),
            login: text("l1"),
            sid: text("s1"),
        };
        let sealed = key.seal(&credential);
        assert!(RefreshCredential::read(&sealed) == Some(credential.clone()));
        assert_eq!(sealed, key.seal(&credential));
        assert_ne!(sealed, key.seal(&RefreshCredential { sid: text("s2"), ..credential }));
        assert!(refused(&sealed, &Verifier::new(&[key.public_key()]), 1_000));
        for other in ["", "a.b.c.d", "a.b.c.d.e.f", "87_wechats-own"] {
            assert!(RefreshCredential::read(other).is_none(), "{other}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let verifier = Verifier::new(&[key("k1", 7).public_key()]);
        for token in ["", ".", "..", "...", "a.b.c", "é.é.é", &"x".repeat(10_000)] {
            assert!(refused(token, &verifier, 1_000), "{token}");
        }
    }
}

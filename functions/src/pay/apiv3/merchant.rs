//! One merchant's keys, and what is signed with them.
//!
//! WeChat: [how a request is signed][doc]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4012365336

use std::fmt;

use super::{ApiV3Key, PrivateKey, Sealed, Undecryptable, VerifyingKeys};

/// A direct merchant of WeChat Pay's (直连商户).
#[derive(Clone)]
pub struct Merchant {
    /// The merchant's number (商户号).
    pub mchid: String,
    /// The serial of the merchant's own certificate; goes into `Authorization` only.
    pub serial_no: String,
    /// Signs requests, and what the client hands to WeChat.
    pub private_key: PrivateKey,
    /// Opens notifications and certificates; the newest first.
    pub apiv3_keys: Vec<ApiV3Key>,
    /// WeChat Pay's keys.
    pub verify: VerifyingKeys,
    /// Which key WeChat Pay is to sign its answers with.
    pub send_serial: Option<String>,
}

/// When something is signed, and the nonce in it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Seconds since 1970.
    pub at: u64,
    /// 1 to 32 letters and digits.
    pub nonce: String,
}

impl Signed {
    /// At this time, with a fresh nonce.
    pub fn at(now: u64) -> Signed {
        Signed { at: now, nonce: shared::crypto::nonce() }
    }
}

impl Merchant {
    /// The header `Authorization` of a request.
    ///
    /// `path` is what is sent on the wire: with the query, percent-encoded, without a host.
    /// Every attempt needs its own [`Signed`].
    pub fn authorization(&self, method: &str, path: &str, body: &[u8], signed: &Signed) -> String {
        let Signed { at, nonce } = signed;
        let head = format!("{method}\n{path}\n{at}\n{nonce}\n");
        let signature = self.private_key.sign(&[head.as_bytes(), body, b"\n"].concat());
        let Merchant { mchid, serial_no, .. } = self;
        format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",timestamp="{at}",serial_no="{serial_no}""#
        )
    }

    /// Opens what WeChat Pay encrypted for this merchant, with whichever APIv3 key fits: a key
    /// changed at WeChat Pay is in effect at once, while notifications are on their way.
    ///
    /// # Errors
    /// None fits, or the data was altered.
    pub fn open(&self, sealed: &Sealed) -> Result<Vec<u8>, Undecryptable> {
        self.apiv3_keys.iter().find_map(|key| key.open(sealed).ok()).ok_or(Undecryptable)
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant").field("mchid", &self.mchid).finish_non_exhaustive()
    }
}

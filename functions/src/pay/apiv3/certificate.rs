//! Platform certificates: the older of the two kinds of keys, downloaded and rotated.
//!
//! WeChat: [`GET /v3/certificates`][doc]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4012551764

use serde::Deserialize;

use super::{
    Api, Carrier, Failure, Merchant, Request, Sealed, Uncertainty, Unverified, VerifyingKey,
    VerifyingKeys,
};

/// A certificate of WeChat Pay's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformCertificate {
    /// Names it in `Wechatpay-Serial`.
    pub serial: String,
    /// The certificate.
    pub pem: String,
    /// What verifies.
    pub key: VerifyingKey,
}

/// All certificates WeChat Pay has for the merchant, old and new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates(pub Vec<PlatformCertificate>);

#[derive(Deserialize)]
struct List {
    data: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    serial_no: String,
    encrypt_certificate: Sealed,
}

impl Certificates {
    /// Fetches them. A merchant in public key mode has none, which is not an error.
    ///
    /// # Errors
    /// [`Failure`] says why there are none.
    pub async fn fetch(
        api: &Api<impl Carrier>,
        merchant: &Merchant,
        now: u64,
    ) -> Result<Certificates, Failure> {
        let request = Request::get("/v3/certificates?algorithm_type=RSA");
        let answer = match api.ask(merchant, &request).await {
            Err(Failure::Refused(refusal)) if refusal.is("RESOURCE_NOT_EXISTS") => {
                return Ok(Certificates::default());
            }
            answer => answer?,
        };
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        Certificates::read(merchant, header, answer.body(), now)
            .map_err(|why| Failure::Unknown(Uncertainty::Unverified(why)))
    }

    /// Reads and verifies an answer.
    ///
    /// At a rotation the answer may already be signed with the new certificate, which is only
    /// inside it. What the APIv3 key opened is authentic, so a certificate from inside may verify.
    ///
    /// # Errors
    /// Neither a known certificate nor one from inside verifies, or nothing can be opened.
    pub fn read<'a>(
        merchant: &Merchant,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &[u8],
        now: u64,
    ) -> Result<Certificates, Unverified> {
        let certificates = opened(merchant, body);
        match merchant.verify.verify(&header, body, now) {
            Err(Unverified::UnknownKey) => {
                let mut inside = VerifyingKeys::default();
                for PlatformCertificate { serial, key, .. } in certificates.iter().flatten() {
                    inside.insert(serial, key.clone());
                }
                inside.verify(&header, body, now)?;
            }
            verdict => verdict?,
        }
        certificates.map(Certificates).ok_or(Unverified::Forged)
    }
}

/// All certificates in the body, if every one can be opened and read.
fn opened(merchant: &Merchant, body: &[u8]) -> Option<Vec<PlatformCertificate>> {
    let list: List = serde_json::from_slice(body).ok()?;
    let open = |Listed { serial_no, encrypt_certificate }| {
        let pem = String::from_utf8(merchant.open(&encrypt_certificate).ok()?).ok()?;
        let key = VerifyingKey::certificate(&pem, &serial_no).ok()?;
        Some(PlatformCertificate { serial: serial_no, pem, key })
    };
    list.data.into_iter().map(open).collect()
}

//! What WeChat Pay posts to the notification URL.
//!
//! WeChat: [payment][payment], [refund][refund]
//!
//! [payment]: https://pay.weixin.qq.com/doc/v3/merchant/4012791861
//! [refund]: https://pay.weixin.qq.com/doc/v3/merchant/4013070388

use serde::Deserialize;

use super::{Merchant, Sealed, Undecryptable, Unverified};

/// A notification that is verified and opened.
pub struct Notification {
    /// The same when it is sent again.
    pub id: String,
    /// `TRANSACTION.SUCCESS`, `REFUND.SUCCESS` …
    pub event_type: String,
    /// What is inside: `transaction`, `refund` …
    pub original_type: String,
    /// The content: JSON, personal data included.
    pub content: Vec<u8>,
}

/// Why a notification has no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It proves nothing, and is refused with 401.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// It is WeChat Pay's and not JSON of the documented form.
    #[error("the notification is not in the form of APIv3")]
    Malformed,
    /// It is WeChat Pay's and was encrypted with another APIv3 key.
    #[error(transparent)]
    Undecryptable(#[from] Undecryptable),
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    resource: Sealed,
}

impl Notification {
    /// Verifies a notification by its raw body, then opens it.
    ///
    /// # Errors
    /// Says how far it got: nothing may be stored of one that is not verified.
    pub fn open<'a>(
        merchant: &Merchant,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &[u8],
        now: u64,
    ) -> Result<Notification, Unopened> {
        merchant.verify.verify(header, body, now)?;
        let envelope: Envelope = serde_json::from_slice(body).map_err(|_| Unopened::Malformed)?;
        let Envelope { id, event_type, resource } = envelope;
        let content = merchant.open(&resource)?;
        Ok(Notification { id, event_type, original_type: resource.original_type, content })
    }
}

//! WeChat Pay APIv3 for a direct merchant: what is signed, verified and opened.
//!
//! [`Merchant`] holds one merchant's keys and does everything with them that needs no network.
//! [`Api`] sends requests and returns what they prove: [`Failure`] has three kinds because a caller
//! must do three different things. Nothing here knows an order.
//!
//! WeChat: [the rules of APIv3][doc]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4012081606

mod answer;
mod api;
mod certificate;
mod client;
mod key;
mod merchant;
mod notification;
mod seal;
mod time;
mod verify;

#[cfg(test)]
mod tests;

pub use answer::{Failure, Refusal, Uncertainty};
pub use api::{Api, Carrier, Request};
pub use certificate::{Certificates, PlatformCertificate};
pub use client::{AppPayment, PagePayment};
pub use key::{BadKey, PrivateKey, VerifyingKey};
pub use merchant::{Merchant, Signed};
pub use notification::{Notification, Unopened};
pub use seal::{ApiV3Key, Sealed, Undecryptable};
pub use time::{china_date, china_time, parse_time};
pub use verify::{Unverified, VerifyingKeys};

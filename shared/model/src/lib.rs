//! What every part of the bundle knows: the functions, the simulator and the host.
//!
//! Nothing here does I/O or knows AWS. [`Error`] is how anything fails, [`Message`] is what a
//! caller reads of it, [`Account`] and [`Credential`] are what WeChat gives, [`Secret`] hides what
//! must not be shown, [`Clock`] tells the time.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod account;
pub mod china;
mod clock;
pub mod credential;
pub mod crypto;
mod error;
mod message;
pub mod percent;
mod refusal;
mod secret;
pub mod spelling;
pub mod surface;
pub mod value;

pub use account::{Account, AccountKind, PushMode, PushSettings};
pub use clock::Clock;
pub use credential::{Credential, CredentialKey, CredentialKind};
pub use error::{BROKEN, Error, Problem, Proof, Result};
pub use message::{Language, Message};
pub use refusal::{FromText, Refusal, Wait};
pub use secret::{Secret, SecretSource};

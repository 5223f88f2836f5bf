//! Cards of the user's wallet.

mod decrypt_code;

pub use decrypt_code::DecryptCode;

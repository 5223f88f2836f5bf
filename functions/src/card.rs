//! Cards of the user's wallet.

mod decryptcode;

pub use decryptcode::DecryptCode;

//! Cards of the user's wallet.
//!
//! 用户卡包中的卡券。

mod decrypt_code;

pub use decrypt_code::DecryptCode;

//! The official account.

pub mod templatemessage;

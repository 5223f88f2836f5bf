//! Codes that bring followers to an official account.

mod create;

pub use create::Create;

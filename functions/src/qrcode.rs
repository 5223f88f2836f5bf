//! Codes that bring followers to an official account.

mod code;
mod create;
mod scene;

pub use create::Create;

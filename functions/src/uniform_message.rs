//! Messages of the official account to users of the mini program.

mod send;

pub use send::SendMessage;

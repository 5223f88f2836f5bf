//! Messages that a user has asked for in the mini program.

mod send;

pub use send::SendMessage;

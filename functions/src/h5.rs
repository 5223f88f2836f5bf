//! The official account.

pub mod template_message;

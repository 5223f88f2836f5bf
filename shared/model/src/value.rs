//! Values that check themselves: a limit is told once, in a type.
//!
//! A value deserializes only if it keeps its rule, documents the rule in its schema, and says in
//! one sentence what is wrong otherwise. An operation's input is made of them, so its code meets
//! valid values only.

mod address;
mod fault;
mod id;
mod int;
mod list;
mod text;

pub use address::Address;
pub use fault::Fault;
pub use id::{AppId, MediaId, Openid, TemplateId};
pub use int::Int;
pub use list::List;
pub use text::{Chars, Rule, Text, Unit, unless_empty};

//! The documents that callers come from: every example call in them, with its own parameters.
//!
//! A placeholder of a document (`''`, `"订阅模板ID"`) is sent as it stands first, and then with a
//! value in its place.

mod js_sdk;
mod vk_openapi;
mod wx;
mod wx_plus;

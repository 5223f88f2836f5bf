//! Everything two operations need.
//!
//! Start at [`Operation`]: what an operation is. [`lambda`] runs one as a function;
//! [`Handler`] and [`Endpoint`] are its erased forms. An operation gets the [`App`]:
//! [`credentials`] hands it a valid token, [`wechat`] calls WeChat, [`table`] keeps what must be
//! kept. Every failure is an [`Error`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod app;
mod cache;
mod caller;
mod clock;
pub mod config;
pub mod credentials;
pub mod crypto;
mod endpoint;
mod error;
pub mod fetch;
mod http;
mod input;
pub mod lambda;
mod log;
pub mod login;
pub mod openapi;
mod operation;
pub mod policy;
mod reply;
pub mod secrets;
pub mod session;
pub mod site;
pub mod table;
pub mod trace;
pub mod transport;
mod upload;
pub mod weburl;
pub mod wechat;

pub use app::App;
pub use cache::Cache;
pub use caller::{Caller, Identity};
pub use clock::Clock;
pub use endpoint::{Description, Endpoint, Handler, logical_id};
pub use error::{Error, Problem, Result};
pub use http::HttpResponse;
pub use log::Log;
pub use operation::{Access, Case, Method, Operation, Touch};
pub use reply::{Body, File, Reply};
pub use upload::Upload;

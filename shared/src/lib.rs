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
pub mod config;
pub mod credentials;
mod endpoint;
pub mod fetch;
mod http;
mod input;
pub mod lambda;
mod log;
pub mod login;
mod operation;
pub mod policy;
pub mod registry;
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
pub use endpoint::{Description, Endpoint, Handler, logical_id};
pub use http::HttpResponse;
pub use log::Log;
pub use model::{
    Account, AccountKind, Clock, Error, Problem, Result, Secret, SecretSource, china, crypto,
};
pub use operation::{Access, Case, Method, Operation, Touch};
pub use reply::{Body, File, Reply};
pub use upload::Upload;

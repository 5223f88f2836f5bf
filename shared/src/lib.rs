//! Everything two operations need.
//!
//! Start at [`Operation`]: what an operation is. [`lambda`] runs one as a function, and
//! [`invoke`] answers one event;
//! [`Handler`] and [`Endpoint`] are its erased forms. What it may use beyond its input are
//! [`capability`] types. Every failure is an [`Error`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod app;
mod aws_json;
pub mod budget;
mod caller;
pub mod capability;
pub mod config;
pub mod credentials;
mod deadline;
mod endpoint;
pub mod fetch;
pub mod grant;
mod http;
mod input;
pub mod invoke;
mod job;
pub mod lambda;
mod log;
mod operation;
mod piece;
pub mod registry;
mod reply;
pub mod secrets;
pub mod session;
pub mod settings;
mod state;
pub mod table;
pub mod tolerated;
pub mod trace;
pub mod transport;
mod upload;
pub mod wechat;

pub use app::App;
pub use budget::Budget;
pub use caller::{Caller, Identity};
pub use capability::Capability;
pub use config::Config;
pub use endpoint::{Description, Endpoint, Handler, logical_id};
pub use http::HttpResponse;
pub use input::{Input, RawRequest};
pub use job::{Job, JobEndpoint};
pub use log::{Log, quota_left};
pub use model::{
    Account, AccountKind, BROKEN, Clock, CredentialKind, Error, FromText, Language, Message,
    Problem, Proof, PushMode, PushSettings, Refusal, Result, Secret, SecretSource, Wait, china,
    crypto, message, percent, spelling, text, value,
};
pub use operation::{Access, Case, Http, Method, Operation, Uses};
pub use reply::{Body, File, NoContent, Reply, Text};
pub use upload::{FileInput, Upload};

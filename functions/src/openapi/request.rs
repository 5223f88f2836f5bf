//! A request as WeChat remembers it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::withheld::{struck, struck_query};

/// A request.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Info {
    /// The request.
    request: Request,
}

/// A request, without its secrets.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Request {
    /// When it came, seconds since 1970.
    invoke_time: u64,
    /// How long it took.
    cost_in_ms: u64,
    /// Its query.
    request_url: String,
    /// Its body.
    request_body: String,
    /// The answer.
    response_body: String,
    /// Who asked.
    client_ip: String,
}

impl Info {
    /// The same without its secrets.
    pub(super) fn struck(self) -> Info {
        let request = Request {
            request_url: struck_query(&self.request.request_url),
            request_body: struck(&self.request.request_body),
            response_body: struck(&self.request.response_body),
            ..self.request
        };
        Info { request }
    }
}

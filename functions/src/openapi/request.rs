//! A request as WeChat remembers it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::withheld::{struck, struck_query};

/// A request.
///
/// 一次请求。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Info {
    /// The request.
    ///
    /// 请求详情。
    request: Request,
}

/// A request, without its secrets.
///
/// 请求详情，敏感信息已隐去。
#[derive(Deserialize, Serialize, JsonSchema)]
struct Request {
    /// When it came, seconds since 1970.
    ///
    /// 请求时间，Unix 时间戳（秒）。
    invoke_time: u64,
    /// How long it took.
    ///
    /// 请求耗时。
    cost_in_ms: u64,
    /// Its query.
    ///
    /// 查询参数。
    request_url: String,
    /// Its body.
    ///
    /// 请求正文。
    request_body: String,
    /// The answer.
    ///
    /// 应答内容。
    response_body: String,
    /// Who asked.
    ///
    /// 发起请求的 IP。
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

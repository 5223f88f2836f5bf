//! A path, and how often it may be called.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{text, value::Chars};

text! {
    /// A path of WeChat's API.
    pub(super) CgiPath: 2..=128, Chars::VISIBLE,
        [
            "Send a path such as `/cgi-bin/message/custom/send`.",
            "请发送 `/cgi-bin/message/custom/send` 这样的路径。",
        ],
        check |text: &str| {
            let plain = text.starts_with('/') && !text.contains(['?', '#']);
            if plain { Ok(()) } else { Err([
                "Send the path without host and query.",
                "请发送路径，不含域名和查询参数。",
            ]) }
        };
}

/// A path's quota.
///
/// 接口的调用额度。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Quota {
    /// Of this day in China.
    ///
    /// 当天（北京时间）的额度。
    pub(super) quota: Daily,
    /// Of a shorter time, where there is such a limit.
    ///
    /// 更短时间内的频率限制，如有则返回。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limit: Option<Rate>,
    /// The same for third-party platforms.
    ///
    /// 第三方平台的额度。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    component_rate_limit: Option<Rate>,
}

/// The quota of a day.
///
/// 一天的额度。
#[derive(Deserialize, Serialize, JsonSchema)]
pub(super) struct Daily {
    /// Calls a day.
    ///
    /// 每日可调用次数。
    daily_limit: u64,
    /// Calls so far.
    ///
    /// 已用次数。
    used: u64,
    /// Calls that are left.
    ///
    /// 剩余次数。
    pub(super) remain: u64,
}

/// A limit within seconds.
///
/// 数秒内的频率限制。
#[derive(Deserialize, Serialize, JsonSchema)]
struct Rate {
    /// Calls.
    ///
    /// 调用次数。
    call_count: u64,
    /// Within so many seconds.
    ///
    /// 时间窗口，单位为秒。
    refresh_second: u64,
}

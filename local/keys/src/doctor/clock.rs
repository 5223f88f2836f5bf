//! This machine's clock, beside AWS's.

use std::time::Duration;

use aws_sdk_cloudwatch::primitives::{DateTime, DateTimeFormat};
use bytes::Bytes;
use http::Request;
use shared::Clock;

use super::{
    aws::Aws,
    finding::{Findings, said},
};

/// AWS refuses requests that are 300 s off, and this much is no delay of the network.
const TOLERANCE_S: u64 = 30;

pub(super) async fn check(aws: &Aws, findings: &mut Findings) {
    let clock = said("The clock", "时钟");
    // Nothing is asked for: any answer has the time.
    let Ok(request) = Request::get(aws.cloudformation_url()).body(Bytes::new()) else {
        return findings.unchecked(&clock, "AWS_ENDPOINT_URL is no URL");
    };
    let answer = aws.transport().send(request, Duration::from_secs(10), 1 << 20).await;
    let theirs = match &answer {
        Ok(answer) => answer.headers().get("date").and_then(|date| date.to_str().ok()),
        Err(failure) => return findings.unchecked(&clock, &failure.to_string()),
    };
    let Some(theirs) = theirs.and_then(seconds) else {
        return findings.unchecked(&clock, "the answer has no date");
    };
    let ours = Clock::system().now();
    let off = ours.abs_diff(theirs);
    if off > TOLERANCE_S {
        let (en, zh) = if ours < theirs { ("slow", "慢") } else { ("fast", "快") };
        findings.add(
            "clock-wrong",
            said(
                format!("This machine's clock is {off} s {en}."),
                format!("本机时钟{zh}了 {off} 秒。"),
            ),
            said(
                "Let it follow a time server; AWS and WeChat refuse what is signed minutes too early or too late.",
                "请与时间服务器同步；签名时间相差数分钟时，AWS 和微信会拒绝请求。",
            ),
        );
    }
}

/// Seconds since 1970 of a date as HTTP has it.
fn seconds(date: &str) -> Option<u64> {
    DateTime::from_str(date, DateTimeFormat::HttpDate).ok()?.secs().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_read() {
        assert_eq!(seconds("Fri, 20 Nov 2026 12:00:00 GMT"), Some(1_795_176_000));
        assert_eq!(seconds("noon"), None);
    }
}

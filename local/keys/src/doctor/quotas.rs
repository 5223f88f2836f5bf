//! What is left of the day's calls at WeChat.

use std::collections::BTreeSet;

use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use shared::{AccountKind, Config, config::TokenMode};

use super::{
    deployment::{Deployment, why},
    finding::{Findings, said},
};

/// A tenth of a day's calls is little.
const FEW: u64 = 10;

/// WeChat's codes for a quota that is used up.
const USED_UP: [i64; 2] = [45009, 45011];

/// WeChat's code for a path that it does not count.
const NOT_COUNTED: i64 = 76021;

/// Asks WeChat by the stack's own function, for the apps that have a token.
pub(super) async fn check(
    deployment: &Deployment<'_>,
    config: &Config,
    troubled: &BTreeSet<String>,
    findings: &mut Findings,
) {
    let function = format!("{}-openapi-getapiquota", deployment.name);
    let client = deployment.aws.lambda();
    for account in config.accounts.iter().filter(|account| !troubled.contains(&account.appid)) {
        for path in paths(account.kind, config.token_mode) {
            let appid = &account.appid;
            let input = json!({ "appid": appid, "cgi_path": path }).to_string();
            let invoked = client.invoke().function_name(&function).payload(Blob::new(input));
            let answer: Value = match invoked.send().await {
                Ok(answer) => {
                    let payload = answer.payload().map(Blob::as_ref).unwrap_or_default();
                    serde_json::from_slice(payload).unwrap_or_default()
                }
                Err(error) => {
                    return findings.unchecked(&said("Quotas", "调用额度"), &why(error));
                }
            };
            match Left::read(&answer) {
                Ok(Some(left)) => left.report(appid, path, findings),
                Ok(None) => {}
                Err(why) => {
                    let what = format!("{appid} {path}");
                    findings.unchecked(&said(what.as_str(), what.as_str()), &why);
                }
            }
        }
    }
}

/// The calls a product lives on; WeChat knows each of them for an account of the kind.
fn paths(kind: AccountKind, mode: TokenMode) -> Vec<&'static str> {
    let token = match mode {
        TokenMode::Stable => "/cgi-bin/stable_token",
        TokenMode::Legacy => "/cgi-bin/token",
    };
    match kind {
        AccountKind::MiniProgram => {
            vec![token, "/cgi-bin/message/subscribe/send", "/wxa/msg_sec_check"]
        }
        AccountKind::OfficialAccount => {
            vec![token, "/cgi-bin/message/template/send", "/cgi-bin/message/custom/send"]
        }
        AccountKind::MobileApp | AccountKind::Website => Vec::new(),
    }
}

/// What is left of a path.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Calls(u64, u64),
    Nothing(i64),
}

impl Left {
    /// Reads the answer of `openapi.getApiQuota`; `None` if WeChat does not count the path.
    ///
    /// # Errors
    /// Why it does not say what is left.
    fn read(answer: &Value) -> Result<Option<Left>, String> {
        if let Some(message) = answer["errorMessage"].as_str() {
            let problem: Value = serde_json::from_str(message).unwrap_or_default();
            return match problem["errcode"].as_i64() {
                Some(NOT_COUNTED) => Ok(None),
                Some(errcode) if USED_UP.contains(&errcode) => Ok(Some(Left::Nothing(errcode))),
                _ => Err(problem["detail"].as_str().unwrap_or(message).to_owned()),
            };
        }
        let quota = &answer["quota"];
        match (quota["remain"].as_u64(), quota["daily_limit"].as_u64()) {
            (Some(left), Some(limit)) => Ok(Some(Left::Calls(left, limit))),
            _ => Err("the answer has no quota".to_owned()),
        }
    }

    fn report(&self, appid: &str, path: &str, findings: &mut Findings) {
        let (left_en, left_zh) = match self {
            Left::Calls(left, limit) if left * FEW >= *limit => return,
            Left::Calls(left, limit) => (
                format!("{left} of {limit} calls are left today."),
                format!("今日剩余 {left} 次，共 {limit} 次。"),
            ),
            Left::Nothing(errcode) => (
                format!("the quota is used up ({errcode})."),
                format!("调用额度已用完（{errcode}）。"),
            ),
        };
        findings.add(
            "quota-low",
            said(format!("{appid} {path}: {left_en}"), format!("{appid} {path}：{left_zh}")),
            said(
                "BUDGETS limits what one user may spend; openapi.clearQuota clears it ten times a month.",
                "BUDGETS 可限制每个用户的调用次数；openapi.clearQuota 每月可清零十次。",
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_function_is_read_and_a_path_without_a_quota_is_none() {
        let quota = json!({ "quota": { "daily_limit": 1000, "used": 990, "remain": 10 } });
        assert_eq!(Left::read(&quota), Ok(Some(Left::Calls(10, 1000))));
        let failed = |errcode| json!({ "errorMessage": json!({ "errcode": errcode }).to_string() });
        assert_eq!(Left::read(&failed(45009)), Ok(Some(Left::Nothing(45009))));
        assert_eq!(Left::read(&failed(76021)), Ok(None));
    }

    #[test]
    fn an_answer_that_does_not_say_what_is_left_is_not_passed_over() {
        let problem = json!({ "errcode": 48001, "detail": "The account lacks it." }).to_string();
        for (answer, why) in [
            (json!({ "errorMessage": problem }), "The account lacks it."),
            (json!({ "errorMessage": "Task timed out" }), "Task timed out"),
            (Value::Null, "the answer has no quota"),
        ] {
            assert_eq!(Left::read(&answer), Err(why.to_owned()));
        }
    }
}

//! `POST /security/getMediaCheck`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    Access, AccountKind, Caller, Error, Operation, Problem, Result, Uses,
    capability::ReadMediaChecks,
    table::MediaCheck,
    text,
    value::{Chars, Text},
};

/// WeChat answers within 30 minutes; after this time, in seconds, it will not.
const PATIENCE: u64 = 35 * 60;

text! {
    /// WeChat's id of a check.
    pub(super) TraceId: 1..=128, Chars::ID,
        [
            "Send the trace_id of security.mediaCheckAsync unchanged.",
            "请原样发送 security.mediaCheckAsync 返回的 trace_id。",
        ];
}

/// Tells what a check of a picture or recording found. A user sees their own checks only.
///
/// Publish on `pass` only.
///
/// 查询图片或音频的内容安全检测结果。用户只能查询自己的检测。
///
/// 仅在结果为 `pass` 时发布。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMediaCheck {
    /// As `security.mediaCheckAsync` returned it.
    ///
    /// `security.mediaCheckAsync` 返回的检测 id。
    trace_id: Text<TraceId>,
}

/// A check.
///
/// 一次检测。
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Checked {
    /// Whether WeChat has answered.
    ///
    /// 微信是否已给出结果。
    status: Status,
    /// What to do; absent while it is pending.
    ///
    /// 处理建议；等待结果期间无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    suggest: Option<Verdict>,
    /// Why: 100 normal, 20001 politics, 20002 porn, 20006 crime, 21000 other.
    ///
    /// 命中的标签：100 正常，20001 时政，20002 色情，20006 违法犯罪，21000 其他。
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<u32>,
    /// What each of WeChat's strategies found; one counts if its `errcode` is 0.
    ///
    /// 微信各检测策略的结果；`errcode` 为 0 的才有效。
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Vec<Value>>,
}

/// Whether WeChat has answered.
///
/// 微信是否已给出结果。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// Not yet.
    ///
    /// 尚未。
    Pending,
    /// It has, or will not.
    ///
    /// 已有结果，或不会再有。
    Done,
}

/// What to do with it.
///
/// 处理建议。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Publish it.
    ///
    /// 可以发布。
    Pass,
    /// Have it reviewed by a person.
    ///
    /// 需人工审核。
    Review,
    /// Do not publish it.
    ///
    /// 不可发布。
    Risky,
    /// The check failed: WeChat could not download it, or did not answer.
    ///
    /// 检测失败：微信无法下载文件，或没有应答。
    Unknown,
}

impl Operation for GetMediaCheck {
    const ID: &'static str = "security.getMediaCheck";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_mediacheckasync.html",
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::NotFound];
    const EXAMPLE: &'static str = r#"{"trace_id":"60ae120f-371d5872-7941a05b"}"#;
    type Uses = ReadMediaChecks;
    type Output = Checked;

    async fn run(self, checks: Uses<'_, Self>, caller: &Caller) -> Result<Checked> {
        let check = checks.find(&self.trace_id).await?.ok_or_else(|| {
            let detail = [
                "There is no check with this trace_id, or it is another user's.",
                "没有该 trace_id 的检测，或它属于其他用户。",
            ];
            Error::new(Problem::NotFound, detail).field("trace_id")
        })?;
        Ok(Checked::of(&check, caller.now()))
    }
}

impl Checked {
    fn of(check: &MediaCheck, now: u64) -> Checked {
        let unknown = Checked {
            status: Status::Done,
            suggest: Some(Verdict::Unknown),
            label: None,
            detail: None,
        };
        let Some(event) = &check.event else {
            let late = check.started_at.is_none_or(|at| at + PATIENCE <= now);
            let pending = Checked { status: Status::Pending, suggest: None, ..unknown };
            return if late {
                Checked { status: Status::Done, suggest: Some(Verdict::Unknown), ..pending }
            } else {
                pending
            };
        };
        let data = &event["data"];
        let findings = data["detail"].as_array().cloned().unwrap_or_default();
        let counts = findings.iter().any(|finding| number(&finding["errcode"]) == Some(0));
        let failed = number(&data["errcode"]).is_some_and(|errcode| errcode != 0);
        let suggest = match data["result"]["suggest"].as_str() {
            _ if failed || !counts => Verdict::Unknown,
            Some("pass") => Verdict::Pass,
            Some("review") => Verdict::Review,
            Some("risky") => Verdict::Risky,
            _ => Verdict::Unknown,
        };
        let label = number(&data["result"]["label"]).and_then(|label| u32::try_from(label).ok());
        let label = label.filter(|_| suggest != Verdict::Unknown);
        Checked { suggest: Some(suggest), label, detail: Some(findings), ..unknown }
    }
}

/// WeChat writes labels and codes as numbers or as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(data: Value) -> (Option<Verdict>, Option<u32>) {
        let event = Some(json!({ "data": data }));
        let check = MediaCheck { event, started_at: Some(0), ..MediaCheck::default() };
        let checked = Checked::of(&check, 1);
        assert_eq!(checked.status, Status::Done);
        (checked.suggest, checked.label)
    }

    #[test]
    fn only_a_proven_pass_is_one() {
        let found = |suggest: &str| json!([{ "errcode": 0, "suggest": suggest }]);
        let result = |suggest: &str| json!({ "suggest": suggest, "label": "100" });
        let data = json!({ "result": result("pass"), "detail": found("pass") });
        assert_eq!(checked(data.clone()), (Some(Verdict::Pass), Some(100)));
        for (name, value) in [
            ("errcode", json!(-1008)),
            ("errcode", json!("-1008")),
            ("detail", json!([])),
            ("detail", json!([{ "errcode": -1 }])),
            ("result", json!({})),
            ("result", json!({ "suggest": "perhaps" })),
        ] {
            let mut data = data.clone();
            data[name] = value;
            assert_eq!(checked(data.clone()).0, Some(Verdict::Unknown), "{data}");
        }
        let risky = json!({ "errcode": 0, "result": result("risky"), "detail": found("risky") });
        assert_eq!(checked(risky).0, Some(Verdict::Risky));
        // What the first version of the check answers.
        assert_eq!(checked(json!({ "isrisky": 0, "detail": [] })).0, Some(Verdict::Unknown));
    }

    #[test]
    fn a_check_without_answer_is_pending_and_then_unknown() {
        let check = MediaCheck { started_at: Some(100), ..MediaCheck::default() };
        let pending = Checked::of(&check, 100 + PATIENCE - 1);
        assert_eq!((pending.status, pending.suggest), (Status::Pending, None));
        let late = Checked::of(&check, 100 + PATIENCE);
        assert_eq!((late.status, late.suggest), (Status::Done, Some(Verdict::Unknown)));
    }
}

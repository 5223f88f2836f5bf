//! What an operation answers, and what can go wrong.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::{Endpoint, Language, Problem, Refusal};

use super::chinese;
use crate::facts::is_public;

/// The `responses` of an operation; the problems of a status that several have go into `common`.
pub(super) fn of(
    endpoint: &Endpoint,
    method: &str,
    content: Value,
    common: &mut Map<String, Value>,
) -> Value {
    if !is_public(endpoint) {
        return invocation(endpoint, content);
    }
    let headers = json!({ "X-Request-Id": reference("headers/RequestId") });
    let mut responses = Map::new();
    let mut done = json!({ "description": "Done.\n\n成功。", "headers": headers });
    if !content.is_null() {
        done["content"] = content;
    }
    responses.insert(endpoint.status.to_string(), done);
    let mut by_status: BTreeMap<u16, Vec<Problem>> = BTreeMap::new();
    for problem in endpoint.problems(Some(method)) {
        by_status.entry(problem.status()).or_default().push(problem);
    }
    for (status, problems) in by_status {
        let slugs: Vec<&str> = problems.iter().map(|problem| problem.slug()).collect();
        let name = format!("{status}.{}", slugs.join("."));
        responses.insert(status.to_string(), reference(&format!("responses/{name}")));
        common.entry(name).or_insert_with(|| response(status, &problems, &slugs));
    }
    responses.into()
}

/// The answers of Lambda's Invoke API.
fn invocation(endpoint: &Endpoint, content: Value) -> Value {
    // Lambda answers JSON: a file is in it, as base64 or as text.
    let file = || {
        json!({ "type": "object", "properties": {
            "body": { "type": "string" },
            "headers": { "type": "object" },
            "isBase64Encoded": { "type": "boolean" },
        } })
    };
    let answer = content.get("application/json").map(|answer| answer["schema"].clone());
    let slugs: Vec<_> = endpoint.problems(None).iter().map(|problem| problem.slug()).collect();
    let failed = json!({ "allOf": [
        reference("schemas/FunctionError"),
        { "properties": { "errorType": { "enum": slugs } } },
    ] });
    let any = [answer.unwrap_or_else(file), failed];
    let content = json!({ "application/json": { "schema": { "anyOf": any } } });
    let refused = json!({
        "description": "Lambda refused the invocation.\n\nLambda 拒绝了此次调用。",
        "content": { "application/json": { "schema": { "type": "object" } } },
    });
    json!({
        "200": {
            "description": "Done; or, with `X-Amz-Function-Error`, a problem.\n\n成功；若带有 `X-Amz-Function-Error`，则为错误。",
            "headers": { "X-Amz-Function-Error": reference("headers/FunctionErrorHeader") },
            "content": content,
        },
        "202": { "description": "`Event`: the invocation is queued; its result is not returned.\n\n`Event`：调用已入队，不返回结果。" },
        "204": { "description": "`DryRun`: the invocation is allowed.\n\n`DryRun`：允许调用。" },
        "400": refused,
        "403": refused,
        "404": refused,
        "413": refused,
    })
}

fn response(status: u16, problems: &[Problem], slugs: &[&str]) -> Value {
    let in_english =
        |problem: &Problem| format!("`{}`: {}.", problem.slug(), problem.title(Language::English));
    let in_chinese =
        |problem: &Problem| format!("`{}`：{}。", problem.slug(), problem.title(Language::Chinese));
    let titles: Vec<String> =
        problems.iter().map(in_english).chain(problems.iter().map(in_chinese)).collect();
    let mut headers = json!({
        "Content-Language": reference("headers/ContentLanguage"),
        "X-Request-Id": reference("headers/RequestId"),
    });
    if matches!(status, 429 | 503) {
        headers["Retry-After"] = reference("headers/RetryAfter");
    }
    if status == 405 {
        headers["Allow"] = reference("headers/Allow");
    }
    let schema = json!({ "allOf": [
        reference("schemas/Problem"),
        { "properties": { "type": { "enum": slugs }, "status": { "const": status } } },
    ] });
    json!({
        "description": titles.join("\n\n"),
        "headers": headers,
        "content": { "application/problem+json": { "schema": schema } },
    })
}

/// What codes of WeChat's mean, row by row.
pub(super) fn refusals(rows: &[Refusal]) -> Value {
    let row = |row: &Refusal| {
        let [english, chinese] = row.detail;
        let mut told = json!({
            "errcode": row.errcode,
            "type": row.problem.slug(),
            "detail": english,
            chinese::TEXT: chinese,
        });
        if let Some(field) = row.field {
            told["field"] = field.into();
        }
        told
    };
    rows.iter().map(row).collect()
}

fn reference(component: &str) -> Value {
    json!({ "$ref": format!("#/components/{component}") })
}

//! What `api.call` answers: WeChat's JSON as it came, or a file.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use model::surface::{self, Row};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use shared::{Error, Problem, Result};

use super::{allow::Allow, withheld::withheld};

/// WeChat's answer.
///
/// 微信的应答。
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// JSON, as WeChat sent it: numbers keep all of their digits.
    ///
    /// 微信返回的 JSON 原文：数字保留所有位数。
    Json {
        /// It went well.
        ///
        /// 成功。
        status: Status,
        /// What WeChat answered.
        ///
        /// 微信的应答内容。
        #[schemars(with = "Value")]
        answer: Box<RawValue>,
    },
    /// A file.
    ///
    /// 文件。
    #[serde(rename_all = "camelCase")]
    File {
        /// It went well.
        ///
        /// 成功。
        status: Status,
        /// Always true: `body` is base64.
        ///
        /// 恒为 true：`body` 是 base64。
        is_base64_encoded: bool,
        /// The file in base64.
        ///
        /// 文件的 base64。
        body: String,
        /// Its media type.
        ///
        /// 媒体类型。
        #[serde(rename = "content_type")]
        content_type: String,
    },
}

/// How a call went; refusals are problems.
///
/// 调用结果；微信拒绝时以错误返回。
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It went well.
    ///
    /// 成功。
    Ok,
}

/// Reads an answer that WeChat gave for a row, unless it holds a secret.
///
/// # Errors
/// The answer holds a secret, or is not what the row promises.
pub(super) fn read(
    row: &Row,
    allow: &Allow,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Answer> {
    let Some(text) = json(body) else {
        return match row.answer {
            surface::Answer::Bytes => Ok(Answer::File {
                status: Status::Ok,
                is_base64_encoded: true,
                body: BASE64_STANDARD.encode(body),
                content_type: content_type.unwrap_or("application/octet-stream").to_owned(),
            }),
            surface::Answer::Json => Err(nonsense()),
        };
    };
    match withheld(text.get(), row, |name| allow.lets_out(row, name)) {
        Some(false) => Ok(Answer::Json { status: Status::Ok, answer: text }),
        Some(true) => Err(Error::new(
            Problem::Forbidden,
            [
                "WeChat's answer holds a secret and is withheld. The call was made.",
                "微信的应答含有密钥，不予返回；调用已执行。",
            ],
        )
        .field("path")),
        None => Err(nonsense()),
    }
}

/// The body as JSON, if it is an object or a list.
///
/// WeChat has sent broken UTF-8 and raw control characters inside strings; both are replaced.
fn json(body: &[u8]) -> Option<Box<RawValue>> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let text = text.replace(|c: char| c < ' ', " ");
    RawValue::from_string(text).ok()
}

fn nonsense() -> Error {
    Error::new(
        Problem::WechatUnreachable,
        ["WeChat returned an unexpected response; try again.", "微信返回了意外的应答，请重试。"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::surface::rows;

    fn read(path: &str, body: &[u8]) -> Result<String> {
        let answer = super::read(&rows(path)[0], &Allow::default(), Some("image/jpeg"), body)?;
        Ok(serde_json::to_string(&answer).unwrap())
    }

    #[test]
    fn json_leaves_as_it_came() {
        let body = r#"{"errcode":0,"id":9007199254740993123456789,"f":1.10,"t":"中"}"#;
        assert_eq!(
            read("/cgi-bin/menu/get", body.as_bytes()).unwrap(),
            format!(r#"{{"status":"ok","answer":{body}}}"#)
        );
    }

    #[test]
    fn a_file_leaves_as_base64_with_its_type() {
        assert_eq!(
            read("/wxa/get_qrcode", b"\xff\xd8\xff\xe0").unwrap(),
            r#"{"status":"ok","isBase64Encoded":true,"body":"/9j/4A==","content_type":"image/jpeg"}"#
        );
        let error = read("/cgi-bin/menu/get", b"\xff\xd8\xff\xe0").unwrap_err();
        assert_eq!(error.problem(), Problem::WechatUnreachable);
    }

    #[test]
    fn an_answer_with_a_secret_is_withheld_whole_and_not_quoted() {
        for body in [
            &br#"{"a":[{"session_key":"hush"}]}"#[..],
            b"\xef\xbb\xbf {\"access\\u005ftoken\":\"hush\"}",
            b"{\"a\":\"\x01\",\"secret\":\"hush\"}",
            b"{\"a\":\"\xff\",\"secret\":\"hush\"}",
        ] {
            for path in ["/cgi-bin/menu/get", "/wxa/get_qrcode"] {
                let error = read(path, body).unwrap_err();
                assert_eq!(error.problem(), Problem::Forbidden);
                assert!(!format!("{error} {error:?}").contains("hush"));
            }
        }
    }
}

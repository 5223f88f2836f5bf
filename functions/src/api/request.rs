//! What `api.call` sends: checked against the row, and nothing of it in the path.

use std::{borrow::Cow, fmt};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use model::surface::{self, Method, Row, is_credential};
use schemars::JsonSchema;
use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use shared::{
    Error, Message, Result,
    capability::{WechatCall, WechatCalls},
    crypto::{hex, random_bytes},
    message,
};

/// The largest JSON body, in bytes.
const BODY_LIMIT: usize = 256 << 10;

/// The largest file, in bytes.
const FILE_LIMIT: usize = 10 << 20;

/// The longest value in a query, in bytes.
const VALUE_LIMIT: usize = 2048;

/// A request for a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Names of the row, and values.
    pub query: Vec<(&'static str, String)>,
    /// What follows.
    pub body: Body,
}

/// The body of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// None.
    None,
    /// A JSON document.
    Json(String),
    /// A form with a file.
    Form(Form),
    /// A file: its type and its content.
    Bytes(String, Vec<u8>),
}

/// A form with a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// The name of the part that is the file.
    pub part: &'static str,
    /// The file's name: plain ASCII.
    pub name: String,
    /// The file's media type.
    pub content_type: String,
    /// The file.
    pub content: Vec<u8>,
    /// The other parts.
    pub fields: Vec<(String, String)>,
}

impl Request {
    /// The call, ready to be sent.
    pub(super) fn call<'a>(&self, wechat: WechatCalls<'a>, row: &Row) -> WechatCall<'a> {
        let mut call = match row.method {
            Method::Get => wechat.get(row.path),
            Method::Post => wechat.post(row.path, &()),
        };
        for (name, value) in &self.query {
            call = call.query(*name, value);
        }
        match &self.body {
            Body::None => call,
            Body::Json(text) => call.bytes("application/json", text.clone().into()),
            Body::Bytes(content_type, content) => {
                call.bytes(content_type.clone(), content.clone().into())
            }
            Body::Form(form) => {
                let boundary = hex(&random_bytes::<16>());
                let content_type = format!("multipart/form-data; boundary={boundary}");
                call.bytes(content_type, form.encode(&boundary).into())
            }
        }
    }

    /// Whether a file goes along.
    pub(super) fn is_upload(&self) -> bool {
        matches!(self.body, Body::Form(_) | Body::Bytes(..))
    }
}

impl Form {
    /// The parts between their boundaries. A random boundary is in none of them.
    fn encode(&self, boundary: &str) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.content.len() + 1024);
        for (name, value) in &self.fields {
            let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
            body.extend_from_slice(format!("{head}\r\n\r\n{value}\r\n").as_bytes());
        }
        let Form { part, name, content_type, .. } = self;
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&self.content);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        body
    }
}

/// A file that a caller sends along.
///
/// 随请求上传的文件。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The content in base64, at most 10 MB before it.
    ///
    /// 文件内容的 base64，编码前最大 10 MB。
    base64: String,
    /// Its media type; by default what its first bytes say.
    ///
    /// 媒体类型；默认按文件开头的字节判断。
    #[serde(default)]
    r#type: Option<String>,
    /// Its name; what is not plain ASCII becomes `_`.
    ///
    /// 文件名；非 ASCII 字符会替换为 `_`。
    #[serde(default)]
    name: Option<String>,
    /// Further parts of the form.
    ///
    /// 表单的其他部分。
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    fields: Pairs,
}

/// What a caller sends along.
#[derive(Default)]
pub(super) struct Parts<'a> {
    /// The query: an object of texts, numbers and booleans.
    pub query: Option<&'a RawValue>,
    /// The JSON body.
    pub body: Option<&'a RawValue>,
    /// The file.
    pub file: Option<File>,
}

/// Checks what a caller sends along against a row.
///
/// # Errors
/// Names the input at fault.
pub(super) fn build(row: &Row, parts: Parts) -> Result<Request> {
    let query = parts.query.map(|query| read_query(row, query)).transpose()?.unwrap_or_default();
    let body = match (row.body, parts.body, parts.file) {
        (_, Some(_), Some(_)) => {
            return Err(Error::invalid(
                "file",
                ["Send a body or a file, not both.", "body 与 file 只能发送其一。"],
            ));
        }
        (surface::Body::Query, None, None) => match row.method {
            Method::Get => Body::None,
            // WeChat answers 411 or 412 where a POST has no length.
            Method::Post => Body::Json("{}".to_owned()),
        },
        (surface::Body::JsonEmpty, None, None) => Body::Json("{}".to_owned()),
        (surface::Body::Json | surface::Body::RawJson, None, None) => {
            return Err(Error::invalid(
                "body",
                ["This path takes a JSON body.", "该路径需要 JSON 正文。"],
            ));
        }
        (
            surface::Body::Json | surface::Body::JsonEmpty | surface::Body::MultipartOrJson,
            Some(body),
            None,
        ) => Body::Json(read_body(body, false)?),
        (surface::Body::RawJson, Some(body), None) => Body::Json(read_body(body, true)?),
        (surface::Body::MultipartOrQuery, None, None)
            if query.iter().any(|(name, _)| *name == "img_url") =>
        {
            Body::Json("{}".to_owned())
        }
        (
            surface::Body::Multipart
            | surface::Body::MultipartOrQuery
            | surface::Body::MultipartOrJson,
            None,
            Some(file),
        ) => Body::Form(file.form(row)?),
        (surface::Body::Bytes, None, Some(file)) => file.bytes()?,
        (surface::Body::MultipartOrQuery, _, None) => {
            return Err(Error::invalid(
                "file",
                [
                    "Send a file, or `img_url` in the query.",
                    "请发送文件，或在 query 中发送 `img_url`。",
                ],
            ));
        }
        (surface::Body::MultipartOrJson, ..) => {
            return Err(Error::invalid(
                "file",
                ["Send a file or a JSON body.", "请发送文件或 JSON 正文。"],
            ));
        }
        (surface::Body::Multipart | surface::Body::Bytes, _, None) => {
            return Err(Error::invalid("file", ["This path takes a file.", "该路径需要文件。"]));
        }
        (_, Some(_), None) => {
            return Err(Error::invalid("body", ["This path takes no body.", "该路径不接受正文。"]));
        }
        (_, None, Some(_)) => {
            return Err(Error::invalid("file", ["This path takes no file.", "该路径不接受文件。"]));
        }
    };
    Ok(Request { query, body })
}

fn read_query(row: &Row, query: &RawValue) -> Result<Vec<(&'static str, String)>> {
    let pairs: Pairs = serde_json::from_str(query.get()).map_err(|_| {
        Error::invalid(
            "query",
            [
                "The query must be an object of texts, numbers and booleans.",
                "query 须为对象，其值为文本、数字或布尔值。",
            ],
        )
    })?;
    let mut checked: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in pairs.0 {
        let Some(known) = row.query_names().find(|known| *known == name) else {
            return Err(Error::invalid("query", unknown_name(row, &name)));
        };
        if checked.iter().any(|(earlier, _)| *earlier == known) {
            return Err(Error::invalid(
                "query",
                message!("`{known}` must be there once.", "`{known}` 只能出现一次。"),
            ));
        }
        if value.len() > VALUE_LIMIT {
            return Err(Error::invalid(
                format!("query.{known}"),
                message!(
                    "`{known}` must be at most {VALUE_LIMIT} bytes.",
                    "`{known}` 最多 {VALUE_LIMIT} 字节。"
                ),
            ));
        }
        checked.push((known, value));
    }
    Ok(checked)
}

fn unknown_name(row: &Row, name: &str) -> Message {
    if is_credential(name) {
        return [
            "The query must not hold a credential; the token is added here.",
            "query 不得包含凭证，token 由本服务添加。",
        ]
        .into();
    }
    match row.query {
        "" => ["This path takes no query.", "该路径不接受查询参数。"].into(),
        names => message!(
            "The query of this path may hold {}.",
            "该路径的查询参数可以是 {}。",
            names.replace(',', ", ")
        ),
    }
}

/// The body as it came, but that characters beyond ASCII stand for themselves: WeChat shows
/// `\u4e2d` as it is written in menus and messages.
fn read_body(body: &RawValue, any: bool) -> Result<String> {
    let text = body.get();
    if text.len() > BODY_LIMIT {
        return Err(Error::invalid(
            "body",
            message!(
                "The body must be at most {BODY_LIMIT} bytes.",
                "正文最多 {BODY_LIMIT} 字节。"
            ),
        ));
    }
    if text.starts_with('{') {
        let names: Names = serde_json::from_str(text).map_err(|_| {
            Error::invalid("body", ["The body must be a JSON object.", "正文须为 JSON 对象。"])
        })?;
        if names.0.iter().any(|name| is_credential(name)) {
            return Err(Error::invalid(
                "body",
                ["The body must not hold a credential.", "正文不得包含凭证。"],
            ));
        }
    } else if !any {
        return Err(Error::invalid(
            "body",
            ["The body must be a JSON object.", "正文须为 JSON 对象。"],
        ));
    }
    Ok(unescape(text))
}

/// Replaces `\uXXXX` beyond ASCII in the texts of a JSON document.
fn unescape(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let (character, length) = escaped(escape);
        match character {
            Some(character) => text.push(character),
            None => text.push_str(&escape[..length]),
        }
        rest = &escape[length..];
    }
    text.push_str(rest);
    text
}

/// The character that an escape at the beginning stands for, if it need not be escaped, and the
/// escape's length.
fn escaped(escape: &str) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let digits = escape.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(0) else {
        // `\\` and its like: what follows the backslash belongs to it.
        return (None, escape.chars().take(2).map(char::len_utf8).sum());
    };
    match (char::from_u32(first.into()), unit(6)) {
        (Some(character), _) if character >= '\u{80}' => (Some(character), 6),
        (None, Some(second)) => {
            let pair = char::decode_utf16([first, second]).next().and_then(Result::ok);
            if pair.is_some() { (pair, 12) } else { (None, 6) }
        }
        _ => (None, 6),
    }
}

impl File {
    fn form(self, row: &Row) -> Result<Form> {
        let content = self.content()?;
        let content_type = self.content_type(&content)?;
        for (name, _) in &self.fields.0 {
            let plain = (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !plain || is_credential(name) {
                return Err(Error::invalid(
                    "file.fields",
                    [
                        "A name must be letters, digits and `_`.",
                        "名称只能由字母、数字和 `_` 组成。",
                    ],
                ));
            }
        }
        if self.fields.0.iter().map(|(_, value)| value.len()).sum::<usize>() > BODY_LIMIT {
            return Err(Error::invalid(
                "file.fields",
                message!(
                    "The fields must be at most {BODY_LIMIT} bytes.",
                    "各字段合计最多 {BODY_LIMIT} 字节。"
                ),
            ));
        }
        let name = self.name.as_deref().map(ascii).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| format!("file.{}", ending(&content_type)));
        Ok(Form { part: part(row.path), name, content_type, content, fields: self.fields.0 })
    }

    fn bytes(self) -> Result<Body> {
        let content = self.content()?;
        Ok(Body::Bytes(self.content_type(&content)?, content))
    }

    fn content(&self) -> Result<Vec<u8>> {
        // Measured before it is decoded.
        if self.base64.len() / 4 * 3 > FILE_LIMIT + 3 {
            return Err(too_large());
        }
        let content = BASE64_STANDARD.decode(&self.base64).map_err(|_| {
            Error::invalid(
                "file.base64",
                ["This is not base64 with padding.", "不是带填充的 base64。"],
            )
        })?;
        match content.len() {
            0 => Err(Error::invalid("file.base64", ["The file is empty.", "文件为空。"])),
            size if size > FILE_LIMIT => Err(too_large()),
            _ => Ok(content),
        }
    }

    fn content_type(&self, content: &[u8]) -> Result<String> {
        let Some(declared) = &self.r#type else { return Ok(sniff(content).to_owned()) };
        let token = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
        };
        let plain = declared.len() <= 127
            && declared
                .split_once('/')
                .is_some_and(|(kind, subtype)| token(kind) && token(subtype));
        if plain {
            Ok(declared.clone())
        } else {
            Err(Error::invalid(
                "file.type",
                [
                    "This is not a media type such as `image/png`.",
                    "不是 `image/png` 这样的媒体类型。",
                ],
            ))
        }
    }
}

fn too_large() -> Error {
    Error::invalid(
        "file.base64",
        message!("The file must be at most {FILE_LIMIT} bytes.", "文件最多 {FILE_LIMIT} 字节。"),
    )
}

/// A file's name without anything that a header would need quoted: WeChat refuses other names.
fn ascii(name: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c,
        '.' | '-' => c,
        _ => '_',
    };
    name.chars().take(100).map(plain).collect()
}

/// The type of an image, by its first bytes.
fn sniff(content: &[u8]) -> &'static str {
    match content {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// The ending that WeChat wants a name to have.
fn ending(content_type: &str) -> &str {
    match content_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "application/pdf" => "pdf",
        "audio/mpeg" => "mp3",
        "audio/amr" => "amr",
        "video/mp4" => "mp4",
        _ => "bin",
    }
}

/// The name of the part that is the file.
fn part(path: &str) -> &'static str {
    let known = PARTS.iter().find(|(prefix, _)| path.starts_with(prefix));
    known.map_or("media", |(_, part)| part)
}

const PARTS: &[(&str, &str)] = &[
    ("/card/invoice/platform/setpdf", "pdf"),
    ("/channels/ec/commkf/cosupload", "file"),
    ("/channels/ec/open/upload", "file"),
    ("/cv/", "img"),
    ("/wxa/imagesearch", "img"),
    ("/wxa/sec/vod/singlefileupload", "media_data"),
    ("/wxa/sec/vod/uploadpart", "data"),
];

/// Names and values of an object of texts, numbers and booleans, all as texts.
///
/// Numbers keep their digits, and names that are there twice stay twice.
#[derive(Debug, Default)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object of texts, numbers and booleans")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs, A::Error> {
                use serde::de::Error as _;
                let mut pairs = Vec::new();
                while let Some((name, value)) = members.next_entry::<String, Box<RawValue>>()? {
                    let value = match value.get().as_bytes() {
                        [b'"', ..] => {
                            serde_json::from_str(value.get()).map_err(A::Error::custom)?
                        }
                        [b'{' | b'[' | b'n', ..] => {
                            return Err(A::Error::custom("a value is not text, number or boolean"));
                        }
                        _ => value.get().to_owned(),
                    };
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// The names of an object's members.
struct Names<'a>(Vec<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Names<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names<'de>, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Names<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Names<'de>, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = members.next_entry()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use model::surface::{ROWS, rows};

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn with_query(path: &str, query: &str) -> Result<Request> {
        build(&rows(path)[0], Parts { query: Some(&raw(query)), ..Parts::default() })
    }

    fn with_body(path: &str, body: &str) -> Result<Request> {
        build(&rows(path)[0], Parts { body: Some(&raw(body)), ..Parts::default() })
    }

    fn with_file(path: &str, file: &str) -> Result<Request> {
        let file = serde_json::from_str(file).unwrap();
        build(&rows(path)[0], Parts { file: Some(file), ..Parts::default() })
    }

    #[test]
    fn a_query_holds_the_names_of_the_row_once_each() {
        let request =
            with_query("/cgi-bin/user/info", r#"{"openid":"o中","lang":"zh_CN"}"#).unwrap();
        assert_eq!(request.query, [("openid", "o中".to_owned()), ("lang", "zh_CN".to_owned())]);
        assert_eq!(request.body, Body::None);
        let numbers = r#"{"kf_openid":9007199254740993123}"#;
        assert_eq!(
            with_query("/customservice/kfaccount/del", numbers).unwrap().query[0].1,
            "9007199254740993123"
        );
        for query in [
            r#"{"openid":"a","openid":"b"}"#,
            r#"{"OPENID":"a"}"#,
            r#"{"openid":["a"]}"#,
            r#"{"openid":{"a":"b"}}"#,
            r#"{"openid":null}"#,
            r#"{"other":"a"}"#,
            r#"{"openid&access_token":"a"}"#,
            r#"["openid"]"#,
            r#""openid=a""#,
        ] {
            let error = with_query("/cgi-bin/user/info", query).unwrap_err();
            assert_eq!(error.field_name(), Some("query"), "{query}");
        }
    }

    #[test]
    fn no_credential_is_taken_from_a_caller() {
        for name in [
            "access_token",
            "appsecret",
            "authorizer_access_token",
            "cloudbase_access_token",
            "component_access_token",
            "refresh_token",
            "secret",
            "Access_Token",
            "ACCESS_TOKEN",
            "access\\u005ftoken",
        ] {
            let member = format!(r#"{{"{name}":"x"}}"#);
            let error = with_query("/cgi-bin/user/info", &member).unwrap_err();
            assert!(error.detail().contains("credential"), "{name}: {}", error.detail());
            let error = with_body("/cgi-bin/menu/create", &member).unwrap_err();
            assert!(error.detail().contains("credential"), "{name}: {}", error.detail());
            assert!(
                with_file(
                    "/cgi-bin/media/upload",
                    &format!(r#"{{"base64":"AAAA","fields":{member}}}"#)
                )
                .is_err()
            );
        }
        // Inside, it is WeChat's business: a menu may hold anything.
        assert!(with_body("/cgi-bin/menu/create", r#"{"button":[{"secret":"x"}]}"#).is_ok());
    }

    #[test]
    fn a_body_goes_out_as_it_came_with_numbers_untouched() {
        let body = r#"{"id": 9007199254740993123456789, "f":1.10, "e":1E400, "t":"a\"\\u4e2d\n"}"#;
        assert_eq!(
            with_body("/cgi-bin/menu/create", body).unwrap().body,
            Body::Json(body.to_owned())
        );
        for (body, sent) in [
            (r#"{"t":"\u4e2d\u6587"}"#, r#"{"t":"中文"}"#),
            (r#"{"t":"\ud83d\ude00\u0041\u000a"}"#, "{\"t\":\"😀\\u0041\\u000a\"}"),
            (r#"{"t":"\ud83d"}"#, r#"{"t":"\ud83d"}"#),
            (r#"{"t":"\\\u4e2d\\u4e2d"}"#, r#"{"t":"\\中\\u4e2d"}"#),
        ] {
            assert_eq!(unescape(body), sent);
        }
        for body in ["[]", "1", "\"{}\"", "null"] {
            assert!(with_body("/cgi-bin/menu/create", body).is_err(), "{body}");
        }
        assert!(with_body("/cgi-bin/user/info", "{}").is_err());
        let large = format!(r#"{{"a":"{}"}}"#, "a".repeat(BODY_LIMIT));
        assert_eq!(
            with_body("/cgi-bin/menu/create", &large).unwrap_err().field_name(),
            Some("body")
        );
    }

    #[test]
    fn a_file_becomes_a_part_with_a_plain_name() {
        let file =
            r#"{"base64":"/9j/4A==","name":"a\"\r\nX: 图.jpg","fields":{"description":"{}"}}"#;
        let Body::Form(form) = with_file("/cgi-bin/material/add_material", file).unwrap().body
        else {
            panic!("not a form")
        };
        assert_eq!((form.part, form.name.as_str()), ("media", "a___X___.jpg"));
        assert_eq!(form.content_type, "image/jpeg");
        assert_eq!(form.fields, [("description".to_owned(), "{}".to_owned())]);
        let Body::Form(form) =
            with_file("/cv/ocr/idcard", r#"{"base64":"/9j/4A=="}"#).unwrap().body
        else {
            panic!("not a form")
        };
        assert_eq!((form.part, form.name.as_str()), ("img", "file.jpg"));
        for file in [
            r#"{"base64":"not base64"}"#,
            r#"{"base64":""}"#,
            r#"{"base64":"AAAA","type":"image/png\r\nX: y"}"#,
            r#"{"base64":"AAAA","type":"png"}"#,
            r#"{"base64":"AAAA","fields":{"a\"; filename=\"b":"c"}}"#,
        ] {
            assert!(with_file("/cgi-bin/media/upload", file).is_err(), "{file}");
        }
        assert!(with_file("/cgi-bin/menu/create", r#"{"base64":"AAAA"}"#).is_err());
    }

    #[test]
    fn every_row_can_be_called_with_its_kind_of_body_and_no_other() {
        let file = || serde_json::from_str::<File>(r#"{"base64":"/9j/4A=="}"#).unwrap();
        let (object, image) = (raw("{}"), raw(r#"{"img_url":"https://x"}"#));
        for row in ROWS {
            use surface::Body::*;
            let image = (row.body == MultipartOrQuery).then_some(&*image);
            let takes = |body: Option<&RawValue>, file, query| {
                build(row, Parts { query, body, file }).is_ok()
            };
            let nothing = matches!(row.body, JsonEmpty | Query | MultipartOrQuery);
            let json = matches!(row.body, Json | JsonEmpty | RawJson | MultipartOrJson);
            let upload = matches!(row.body, Multipart | MultipartOrQuery | MultipartOrJson | Bytes);
            assert_eq!(takes(None, None, image), nothing, "{}", row.path);
            assert_eq!(takes(Some(&object), None, None), json, "{}", row.path);
            assert_eq!(takes(None, Some(file()), None), upload, "{}", row.path);
            assert!(!takes(Some(&object), Some(file()), None), "{}", row.path);
        }
    }

    proptest! {
        #[test]
        fn unescaping_changes_how_a_document_is_written_and_not_what_it_says(
            text in any::<String>(),
            more in prop::collection::vec(any::<u16>(), 0..6),
        ) {
            let escapes: String = more.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let plain = serde_json::to_string(&text).unwrap();
            let json = format!(r#"[{plain},"{escapes}"]"#);
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            prop_assert_eq!(read(&unescape(&json)), read(&json));
        }
    }
}

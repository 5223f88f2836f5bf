//! Files in requests: forms as `wx.uploadFile` sends them, and bodies that are the file.

use std::{borrow::Cow, convert::Infallible, fmt, ops::Deref};

use bytes::Bytes;
use futures_util::{future::BoxFuture, stream};
use model::{spelling::base64, value::Fault};
use multer::{Multipart, parse_boundary};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Visitor},
};

use crate::{Error, Problem, Result, input::Input};

/// The part of a form that is the file.
pub(crate) const PART: &str = "media";

/// A file in an input: bytes where a form or a body brings it, base64 where JSON does, with or
/// without `data:…;base64,` before it.
#[derive(Clone)]
pub struct FileInput(Bytes);

impl FileInput {
    /// The file, owned.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Deref for FileInput {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for FileInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileInput({} bytes)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for FileInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FileInput, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = FileInput;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file: as the part `media` of a form, as the body, or as base64")
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<FileInput, E> {
                if bytes.is_empty() {
                    return Err(E::custom(Fault::new(["The file is empty.", "文件为空。"])));
                }
                Ok(FileInput(bytes.into()))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<FileInput, E> {
                let data = match text.split_once(";base64,") {
                    Some((prefix, data)) if prefix.starts_with("data:") => data,
                    _ => text,
                };
                let bytes = base64(data, |bytes| !bytes.is_empty());
                bytes.map(|bytes| FileInput(bytes.into())).ok_or_else(|| {
                    E::custom(Fault::new([
                        "Must be a file: as the part `media` of a form, as the body, or as base64.",
                        "须为文件：作为表单的 `media` 部分、作为正文，或以 base64 发送。",
                    ]))
                })
            }
        }

        deserializer.deserialize_any(Either).map_err(D::Error::custom)
    }
}

impl JsonSchema for FileInput {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FileInput".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64", "minLength": 1 })
    }
}

/// How an operation takes a file.
#[derive(Clone, Copy)]
pub struct Upload {
    /// The input the file becomes.
    pub field: &'static str,
    /// A pointer, so that only operations that take files carry a reader of forms.
    form: for<'a> fn(&'static str, &'a str, Bytes) -> BoxFuture<'a, Result<Input>>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("field", &self.field).finish_non_exhaustive()
    }
}

impl Upload {
    /// Takes a file as this field.
    pub const fn into(field: &'static str) -> Upload {
        Upload {
            field,
            form: |field, content_type, body| Box::pin(form(field, content_type, body)),
        }
    }

    /// Whether a body of this type is a file, or has one in it.
    pub(crate) fn takes(self, content_type: &str) -> bool {
        let essence = essence(content_type);
        essence == "multipart/form-data"
            || essence == "application/octet-stream"
            || ["image/", "audio/", "video/"].iter().any(|kind| essence.starts_with(kind))
    }

    /// Reads the file and what came with it: the other parts of the form, or the query.
    pub(crate) async fn read(
        self,
        content_type: &str,
        mut query: Input,
        body: Bytes,
    ) -> Result<Input> {
        if essence(content_type) == "multipart/form-data" {
            return (self.form)(self.field, content_type, body).await;
        }
        query.attach(self.field, body);
        Ok(query)
    }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn form(field: &'static str, content_type: &str, body: Bytes) -> Result<Input> {
    let malformed = |error: multer::Error| {
        Error::new(
            Problem::MalformedBody,
            ["The body is not a multipart form.", "正文不是 multipart 表单。"],
        )
        .because(error)
    };
    let boundary = parse_boundary(content_type).map_err(malformed)?;
    let body = stream::iter([Ok::<_, Infallible>(body)]);
    let mut form = Multipart::new(body, boundary);
    let mut input = Input::default();
    let mut file = None;
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() && name != PART {
            let detail = [
                "Name the part of the form that is the file `media`.",
                "请将表单中的文件部分命名为 `media`。",
            ];
            return Err(Error::invalid(PART, detail));
        }
        let content = part.bytes().await.map_err(malformed)?;
        if name == PART {
            if file.replace(content).is_some() {
                return Err(Error::invalid(
                    PART,
                    ["Send one file at a time.", "一次只能发送一个文件。"],
                ));
            }
        } else {
            let content = String::from_utf8(content.into()).map_err(|_| {
                Error::invalid(name.clone(), ["Must be UTF-8 text.", "须为 UTF-8 文本。"])
            })?;
            input.push(&name, content);
        }
    }
    let missing = || {
        Error::invalid(
            PART,
            [
                "The form has no file: name its part `media`.",
                "表单中没有文件：请将其命名为 `media`。",
            ],
        )
    };
    input.attach(field, file.ok_or_else(missing)?);
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        appid: String,
        base64: FileInput,
    }

    fn read(content_type: &str, body: &[u8]) -> Result<(String, Vec<u8>)> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let upload = Upload::into("base64");
        assert!(upload.takes(content_type));
        let body = Bytes::copy_from_slice(body);
        let input = runtime.block_on(upload.read(
            content_type,
            Input::query("appid=wx1").unwrap(),
            body,
        ))?;
        let Sample { appid, base64 } = input.read()?;
        Ok((appid, base64.to_vec()))
    }

    #[test]
    fn a_form_is_its_parts_and_the_file() {
        let form = "--x\r\nContent-Disposition: form-data; name=\"appid\"\r\n\r\nwx2\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"media\"; filename=\"猫.png\"\r\n\
                    Content-Type: image/png\r\n\r\n\u{1}\r\n--y\r\n--x--\r\n";
        let read = read("Multipart/Form-Data; boundary=\"x\"", form.as_bytes()).unwrap();
        assert_eq!(read, ("wx2".to_owned(), b"\x01\r\n--y".to_vec()));
    }

    #[test]
    fn a_body_that_is_the_file_has_its_other_inputs_in_the_query() {
        for content_type in ["image/png", "Image/JPEG", "application/octet-stream; x=y"] {
            let bytes = b"\x89PNG\xff";
            assert_eq!(read(content_type, bytes).unwrap(), ("wx1".to_owned(), bytes.to_vec()));
        }
    }

    #[test]
    fn json_brings_the_file_as_base64() {
        for text in ["AQI=", "data:image/png;base64,AQI="] {
            let body = format!(r#"{{"appid":"wx1","base64":"{text}"}}"#);
            let Sample { base64, .. } = Input::json(body.as_bytes()).unwrap().read().unwrap();
            assert_eq!(&*base64, [1, 2]);
        }
        let broken = Input::json(br#"{"appid":"wx1","base64":"?"}"#).unwrap().read::<Sample>();
        assert_eq!(broken.unwrap_err().field_name(), Some("base64"));
    }

    #[test]
    fn other_bodies_are_not_files() {
        let upload = Upload::into("base64");
        assert!(!upload.takes("application/json") && !upload.takes("text/plain"));
    }

    #[test]
    fn forms_that_make_no_sense_are_explained() {
        let media = "--x\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\na\r\n";
        let other = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na\r\n";
        for (content_type, form, problem) in [
            ("multipart/form-data", "", Problem::MalformedBody),
            ("multipart/form-data; boundary=x", "", Problem::MalformedBody),
            ("multipart/form-data; boundary=x", "a=b", Problem::MalformedBody),
            ("multipart/form-data; boundary=x", media, Problem::MalformedBody),
            ("multipart/form-data; boundary=x", &format!("{other}--x--"), Problem::InvalidInput),
            (
                "multipart/form-data; boundary=x",
                &format!("{media}{media}--x--"),
                Problem::InvalidInput,
            ),
        ] {
            let error = read(content_type, form.as_bytes()).unwrap_err();
            assert_eq!(error.problem(), problem, "{form}");
        }
    }
}

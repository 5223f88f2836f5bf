//! Files in requests: forms as `wx.uploadFile` sends them, and bodies that are the file.

use std::{convert::Infallible, pin::Pin};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use bytes::Bytes;
use futures_util::stream;
use multer::{Multipart, parse_boundary};

use crate::{Error, Problem, Result, input::Input};

/// The part of a form that is the file.
pub(crate) const PART: &str = "media";

type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<(String, String)>>> + Send + 'a>>;

/// How an operation takes a file.
#[derive(Clone, Copy)]
pub struct Upload {
    /// The input the file becomes, as base64.
    pub field: &'static str,
    /// A pointer, so that only operations that take files carry a reader of forms.
    form: for<'a> fn(&'static str, &'a str, Vec<u8>) -> Reading<'a>,
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
            || essence.starts_with("image/")
    }

    /// Reads the file and what came with it: the other parts of the form, or the query.
    pub(crate) async fn read(
        self,
        content_type: &str,
        query: Input,
        body: Vec<u8>,
    ) -> Result<Input> {
        if essence(content_type) == "multipart/form-data" {
            return (self.form)(self.field, content_type, body).await.map(Input::Query);
        }
        let Input::Query(mut pairs) = query else { return Err(Error::internal("not a query")) };
        pairs.push((self.field.to_owned(), text(&body)));
        Ok(Input::Query(pairs))
    }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Base64 of the alphabet that a form need not escape.
fn text(file: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(file)
}

async fn form(
    field: &'static str,
    content_type: &str,
    body: Vec<u8>,
) -> Result<Vec<(String, String)>> {
    let malformed = |error: multer::Error| {
        Error::new(Problem::MalformedBody, "The body is no multipart form.").because(error)
    };
    let boundary = parse_boundary(content_type).map_err(malformed)?;
    let body = stream::iter([Ok::<_, Infallible>(Bytes::from(body))]);
    let mut form = Multipart::new(body, boundary);
    let mut pairs = Vec::new();
    let mut file = None;
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() && name != PART {
            return Err(Error::invalid(
                PART,
                "Name the part of the form that is the file `media`.",
            ));
        }
        let content = part.bytes().await.map_err(malformed)?;
        if name == PART {
            if file.replace(text(&content)).is_some() {
                return Err(Error::invalid(PART, "Send one file at a time."));
            }
        } else {
            let content = String::from_utf8(content.into())
                .map_err(|_| Error::invalid(name.clone(), "It is no UTF-8 text."))?;
            pairs.push((name, content));
        }
    }
    let file =
        file.ok_or_else(|| Error::invalid(PART, "The form has no file: name its part `media`."))?;
    pairs.push((field.to_owned(), file));
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &str) -> Result<Vec<(String, String)>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let upload = Upload::into("base64");
        assert!(upload.takes(content_type));
        let query = Input::query("appid=wx1").unwrap();
        let body = body.as_bytes().to_vec();
        match runtime.block_on(upload.read(content_type, query, body))? {
            Input::Query(pairs) => Ok(pairs),
            Input::Json(_) => panic!("forms have no types"),
        }
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_form_is_its_parts_and_the_file() {
        let form = "--x\r\nContent-Disposition: form-data; name=\"appid\"\r\n\r\nwx2\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"media\"; filename=\"猫.png\"\r\n\
                    Content-Type: image/png\r\n\r\n\u{1}\r\n--y\r\n--x--\r\n";
        let pairs = read("Multipart/Form-Data; boundary=\"x\"", form).unwrap();
        assert_eq!(pairs, [pair("appid", "wx2"), pair("base64", &text(b"\x01\r\n--y"))]);
    }

    #[test]
    fn a_body_is_the_file_and_the_query_what_comes_with_it() {
        for content_type in ["image/png", "IMAGE/JPEG; q=1", "application/octet-stream"] {
            let pairs = read(content_type, "\u{1}").unwrap();
            assert_eq!(pairs, [pair("appid", "wx1"), pair("base64", &text(b"\x01"))]);
        }
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
            let error = read(content_type, form).unwrap_err();
            assert_eq!(error.problem(), problem, "{form}");
        }
    }
}

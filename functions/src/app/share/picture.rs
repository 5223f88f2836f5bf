//! Pictures of a share: where they come from, and how they become files for the module.

use std::borrow::Cow;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use shared::{Error, Result, crypto::sha256_hex, fetch::Web, spelling, value::Fault};

use crate::app::thumbnail::{Thumbnail, shrink};

/// The largest file that is fetched to be scaled down, in bytes.
const FETCH_LIMIT: usize = 10 << 20;

/// Bytes and pixels a side that a picture may have.
#[derive(Clone, Copy)]
pub(super) struct Size {
    bytes: usize,
    side: u32,
}

/// A thumbnail: 32 KB is safe in every version of WeChat.
pub(super) const THUMB: Size = Size { bytes: 32 << 10, side: 240 };

/// The large picture of a mini program: 128 KB.
pub(super) const HD: Size = Size { bytes: 128 << 10, side: 800 };

/// A picture as the app sends it.
pub(super) enum Source {
    /// A file of the phone, which only the app can read.
    Phone(String),
    /// An address.
    Web(String),
    /// The file itself.
    File(Vec<u8>),
}

/// A picture that is small enough.
///
/// 已压缩到限制以内的图片。
#[derive(Serialize, JsonSchema)]
pub(super) struct Picture {
    /// The file that `params` names; write the bytes there. The module needs the extension.
    ///
    /// 由 `params` 指定的文件；请将字节写入其中。模块需要文件扩展名。
    path: String,
    /// The media type.
    ///
    /// 媒体类型。
    r#type: &'static str,
    /// The file.
    ///
    /// 文件内容。
    base64: String,
    /// The file's length.
    ///
    /// 文件大小，单位为字节。
    bytes: usize,
    /// Pixels.
    ///
    /// 单位为像素。
    width: u32,
    /// Pixels.
    ///
    /// 单位为像素。
    height: u32,
}

/// Whether a path is a file of the phone.
pub(super) fn is_local(path: &str) -> bool {
    path.starts_with("fs://") || path.starts_with("widget://")
}

impl Source {
    fn read(text: String) -> Result<Source, Fault> {
        if is_local(&text) {
            let name = text.rsplit('/').next().unwrap_or_default();
            if !name.contains('.') {
                let detail = [
                    "The module needs the file's extension, as widget://res/thumb.jpg.",
                    "模块需要文件的扩展名，如 widget://res/thumb.jpg。",
                ];
                return Err(Fault::new(detail));
            }
            return Ok(Source::Phone(text));
        }
        if text.contains("://") {
            return Ok(Source::Web(text));
        }
        let data = match text.strip_prefix("data:") {
            Some(uri) => match uri.split_once(',') {
                Some((kind, data)) if kind.ends_with(";base64") => data,
                _ => {
                    return Err(Fault::new([
                        "A data URI must be in base64.",
                        "data URI 须为 base64 编码。",
                    ]));
                }
            },
            None => &text,
        };
        spelling::base64(data, |bytes| !bytes.is_empty()).map(Source::File).ok_or_else(|| {
            Fault::new(
                [
                    "Send base64, a data URI, an https address, or a path of the phone (fs://, widget://).",
                    "请发送 base64、data URI、https 地址，或手机上的路径（fs://、widget://）。",
                ],
            )
        })
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Source, D::Error> {
        Source::read(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Source::Phone(text) | Source::Web(text) => serializer.serialize_str(text),
            Source::File(bytes) => serializer.serialize_str(&BASE64_STANDARD.encode(bytes)),
        }
    }
}

impl JsonSchema for Source {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

/// Makes the picture of a field small enough, and puts its path into the field.
pub(super) async fn fill(
    web: &Web,
    field: &'static str,
    source: &mut Source,
    size: Size,
    warnings: &mut Vec<String>,
) -> Result<Option<Picture>> {
    let file = match source {
        Source::Phone(_) => {
            let limit = size.bytes >> 10;
            warnings.push(format!(
                "{field}: a file of the phone is not checked; it must be at most {limit} KB."
            ));
            return Ok(None);
        }
        Source::Web(url) => web.get(field, url, FETCH_LIMIT).await?,
        Source::File(bytes) => std::mem::take(bytes).into(),
    };
    let shrinking =
        tokio::task::spawn_blocking(move || shrink(field, &file, size.bytes, size.side));
    let Thumbnail { bytes, width, height, from } = shrinking.await.map_err(Error::internal)??;
    if (width, height) != from {
        let (wide, high) = from;
        warnings.push(format!("{field}: scaled down from {wide}×{high} to {width}×{height}."));
    }
    let path = format!("fs://share/{}.jpg", &sha256_hex(&bytes)[..16]);
    *source = Source::Phone(path.clone());
    Ok(Some(Picture {
        path,
        r#type: "image/jpeg",
        base64: BASE64_STANDARD.encode(&bytes),
        bytes: bytes.len(),
        width,
        height,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_file_of_the_phone_an_address_or_base64() {
        for text in ["aGk=", "aGk", "data:image/png;base64,aGk=", "data:;base64,aGk=", "aG\r\nk="] {
            let read = Source::read(text.to_owned());
            assert!(matches!(read, Ok(Source::File(bytes)) if bytes == b"hi"), "{text}");
        }
        assert!(matches!(Source::read("fs://a.png".to_owned()), Ok(Source::Phone(_))));
        assert!(matches!(Source::read("https://a.b/c".to_owned()), Ok(Source::Web(_))));
        for text in
            ["", "data:image/png,hi", "data:image/png;base64", "图片", "/tmp/a.jpg!", "fs://a"]
        {
            assert!(Source::read(text.to_owned()).is_err(), "{text}");
        }
    }
}

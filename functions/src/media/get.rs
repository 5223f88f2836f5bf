//! `GET /media/get?media_id=…`
//!
//! WeChat: `GET /cgi-bin/media/get`, and with `hd_voice` `GET /cgi-bin/media/get/jssdk`

use std::time::Duration;

use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    Access, AccountKind, Body, Caller, Error, File, Http, Operation, Problem, Refusal, Reply,
    Result, Uses, capability::Wechat, value::MediaId, value::Text, wechat::Answer,
};

/// Ten megabytes take a while from the other side of the world.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Fetches what was uploaded to WeChat within the last three days: an image, a voice or a video.
///
/// The answer is the file itself, with its type and name, up to 10 MB by the function's own URL;
/// for a video it is JSON with its address. A direct invocation gets
/// `{"statusCode":200,"headers":…,"body":…,"isBase64Encoded":true}`. Lambda cannot return a file
/// over 4.4 MB that way: the answer is then a problem, and a service fetches the file by the URL.
///
/// 下载最近三天内上传到微信的图片、语音或视频。
///
/// 应答即文件本身，附类型与文件名，经函数自身的 URL 最大 10 MB；视频则返回含其地址的 JSON。直接调用
/// 函数时返回 `{"statusCode":200,"headers":…,"body":…,"isBase64Encoded":true}`。Lambda 以此方式无法
/// 返回超过 4.4 MB 的文件：此时应答为错误，请改由 URL 下载。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The `serverId` of `wx.uploadImage` or `wx.uploadVoice`, or the `media_id` of a message.
    ///
    /// `wx.uploadImage` 或 `wx.uploadVoice` 返回的 `serverId`，或消息中的 `media_id`。
    media_id: Text<MediaId>,
    /// For a voice from `wx.uploadVoice`, the better recording: 16 kHz speex instead of 8 kHz amr.
    ///
    /// 对 `wx.uploadVoice` 上传的语音，获取更清晰的录音：16 kHz speex，而非 8 kHz amr。
    #[serde(default)]
    hd_voice: bool,
}

/// What was uploaded.
pub enum Media {
    /// An image or a voice.
    File(File),
    /// A video.
    Video(Video),
}

/// A video.
///
/// 视频。
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Video {
    /// The video's address; fetch it soon.
    ///
    /// 视频的下载地址；请尽快下载。
    video_url: String,
}

impl Reply for Media {
    fn into_body(self) -> Result<Body> {
        match self {
            Media::File(file) => file.into_body(),
            Media::Video(video) => video.into_body(),
        }
    }

    fn content(generator: &mut SchemaGenerator) -> Value {
        let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
        let mut content = Video::content(generator);
        for media_type in ["image/*", "audio/*", "video/*"] {
            content[media_type] = bytes.clone();
        }
        content
    }
}

impl Operation for Get {
    const ID: &'static str = "media.get";
    const HTTP: Http = Http { streamed: true, ..Http::GET };
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::OfficialAccount, AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/material/temporary/api_getmedia.html",
        "https://developers.weixin.qq.com/doc/service/api/material/temporary/api_gethdvoice.html",
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_getmedia.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40007, Problem::NotFound, ["WeChat has no file with this media_id for this account: it is older than three days, or another account's.", "该账号下没有此 media_id 的文件：它已超过三天，或属于其他账号。"]).field("media_id"),
        Refusal::new(46001, Problem::NotFound, ["WeChat has no file with this media_id.", "微信没有此 media_id 的文件。"]).field("media_id"),
        Refusal::new(41006, Problem::InvalidInput, ["The media_id is missing.", "缺少 media_id。"]).field("media_id"),
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::BodyTooLarge];
    const EXAMPLE: &'static str = r#"{"media_id":"demo-image"}"#;
    type Uses = Wechat;
    type Output = Media;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Media> {
        let Get { media_id, hd_voice } = self;
        let path = if hd_voice { "/cgi-bin/media/get/jssdk" } else { "/cgi-bin/media/get" };
        let call = wechat.get(path).query("media_id", media_id.as_str());
        let answer = call.within(TIMEOUT).binary().refusals(Self::REFUSALS).send().await?;
        if let Some(video) = video(&answer) {
            return Ok(Media::Video(video));
        }
        let Some((content_type, extension)) = kind(&answer, hd_voice) else {
            return Err(Error::new(
                Problem::WechatUnreachable,
                [
                    "WeChat returned something that is not an image, voice or video; try again.",
                    "微信返回的不是图片、语音或视频，请重试。",
                ],
            ));
        };
        let name = Some(format!("{}.{extension}", media_id.as_str()));
        let content_type = content_type.to_owned();
        Ok(Media::File(File { content_type, name, num_used: None, bytes: answer.body }))
    }
}

fn video(answer: &Answer) -> Option<Video> {
    if answer.is_json() { answer.json().ok() } else { None }
}

/// Type and extension, by the bytes; speex, which they do not show, by the header.
fn kind(answer: &Answer, hd_voice: bool) -> Option<(&'static str, &'static str)> {
    let bytes = &answer.body[..];
    let kind = match bytes {
        [0xff, 0xd8, 0xff, ..] => ("image/jpeg", "jpg"),
        [0x89, b'P', b'N', b'G', ..] => ("image/png", "png"),
        [b'G', b'I', b'F', b'8', ..] => ("image/gif", "gif"),
        [b'B', b'M', ..] => ("image/bmp", "bmp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ("image/webp", "webp"),
        [b'#', b'!', b'A', b'M', b'R', ..] => ("audio/amr", "amr"),
        [b'O', b'g', b'g', b'S', ..] => ("audio/ogg", "ogg"),
        [b'I', b'D', b'3', ..] | [0xff, 0xf2 | 0xf3 | 0xfa | 0xfb, ..] => ("audio/mpeg", "mp3"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => ("video/mp4", "mp4"),
        [] => return None,
        _ => {
            let declared = answer.content_type.as_deref().unwrap_or_default();
            let is = |prefix: &str| {
                declared.get(..prefix.len()).is_some_and(|d| d.eq_ignore_ascii_case(prefix))
            };
            return (hd_voice && is("voice/speex") || is("audio/speex"))
                .then_some(("audio/speex", "speex"));
        }
    };
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(bytes: &'static [u8], content_type: &str, hd_voice: bool) -> Option<&'static str> {
        let answer = Answer {
            body: bytes.into(),
            content_type: Some(content_type.to_owned()),
            ..Answer::default()
        };
        kind(&answer, hd_voice).map(|(_, extension)| extension)
    }

    #[test]
    fn the_bytes_decide_the_type_and_not_the_header() {
        for (bytes, extension) in [
            (&b"\xff\xd8\xff\xe0\0\0"[..], "jpg"),
            (b"\x89PNG\r\n\x1a\n", "png"),
            (b"GIF89a", "gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
            (b"#!AMR\n\x3c", "amr"),
            (b"\xff\xfb\x90", "mp3"),
            (b"\0\0\0\x18ftypmp42", "mp4"),
        ] {
            assert_eq!(kind_of(bytes, "text/plain", false), Some(extension));
        }
    }

    #[test]
    fn the_header_decides_for_speex_only() {
        assert_eq!(kind_of(b"\x36\x9d\x1b", "voice/speex", true), Some("speex"));
        assert_eq!(kind_of(b"\x36\x9d\x1b", "text/html", true), None);
        assert_eq!(kind_of(b"<script>", "image/jpeg", false), None);
        assert_eq!(kind_of(b"", "voice/speex", true), None);
    }
}

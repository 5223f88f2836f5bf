//! `POST /customerServiceMessage/uploadTempMedia`
//!
//! WeChat: `POST /cgi-bin/media/upload`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, FileInput, Http, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat, message,
};

const TIMEOUT: Duration = Duration::from_secs(20);

const KB: usize = 1 << 10;

/// Uploads a file to send in a message of customer service; WeChat keeps it for three days.
///
/// Send it as the part `media` of a form, as the body itself, or as base64.
///
/// 上传客服消息用的临时素材；微信保存三天。
///
/// 可作为表单的 `media` 部分、直接作为请求正文，或以 base64 传入。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadTempMedia {
    /// The file: PNG, JPEG or GIF of at most 10 MB; AMR or MP3 of at most 2 MB; MP4 of at most
    /// 10 MB; for `thumb` JPEG of at most 64 KB. Lambda takes 4.4 MB at once.
    ///
    /// 文件：PNG、JPEG、GIF 最大 10 MB；AMR、MP3 最大 2 MB；MP4 最大 10 MB；`thumb` 为最大 64 KB 的
    /// JPEG。Lambda 单次最多接收 4.4 MB。
    media: FileInput,
    /// What it is; by default what its bytes show.
    ///
    /// 素材类型；默认按文件内容判断。
    #[serde(default, rename = "type")]
    kind: Option<Kind>,
}

/// Kinds of files.
///
/// 素材类型。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Image,
    Voice,
    Video,
    Thumb,
}

/// A file at WeChat.
///
/// 已上传到微信的文件。
#[derive(Serialize, JsonSchema)]
pub struct Uploaded {
    /// What it is.
    ///
    /// 类型。
    #[serde(rename = "type")]
    kind: Kind,
    /// For three days.
    ///
    /// 有效期三天。
    media_id: String,
    /// Seconds since 1970.
    ///
    /// Unix 时间戳（秒）。
    created_at: u64,
}

#[derive(Deserialize)]
struct Upstream {
    #[serde(alias = "thumb_media_id")]
    media_id: String,
    created_at: u64,
}

/// What a file's bytes show.
struct Format {
    kind: Kind,
    name: &'static str,
    content_type: &'static str,
}

impl Operation for UploadTempMedia {
    const ID: &'static str = "customerServiceMessage.uploadTempMedia";
    const HTTP: Http = Http { body_limit: 6 << 20, upload: Some("media"), ..Http::POST };
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_uploadtempmedia.html",
        "https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40004, Problem::InvalidInput, ["WeChat does not accept the type of the file.", "微信不接受该文件类型。"]).field("type"),
        Refusal::new(40005, Problem::InvalidInput, ["WeChat does not accept the format of the file.", "微信不接受该文件格式。"]).field("media"),
        Refusal::new(40006, Problem::InvalidInput, ["WeChat does not accept the size of the file.", "微信不接受该文件大小。"]).field("media"),
        Refusal::new(40009, Problem::InvalidInput, ["WeChat does not accept the size of the image.", "微信不接受该图片大小。"]).field("media"),
        Refusal::new(40010, Problem::InvalidInput, ["WeChat does not accept the size of the voice.", "微信不接受该语音大小。"]).field("media"),
        Refusal::new(40011, Problem::InvalidInput, ["WeChat does not accept the size of the video.", "微信不接受该视频大小。"]).field("media"),
        Refusal::new(40012, Problem::InvalidInput, ["WeChat does not accept the size of the thumbnail.", "微信不接受该缩略图大小。"]).field("media"),
        Refusal::new(41005, Problem::InvalidInput, ["WeChat found no file.", "微信未收到文件。"]).field("media"),
        Refusal::new(44001, Problem::InvalidInput, ["The file is empty.", "文件为空。"]).field("media"),
        Refusal::new(45001, Problem::InvalidInput, ["The file is too large.", "文件过大。"]).field("media"),
        Refusal::new(45007, Problem::InvalidInput, ["The voice must be at most 60 seconds.", "语音最长 60 秒。"]).field("media"),
    ];
    const EXAMPLE: &'static str = r#"{"media":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="}"#;
    type Uses = Wechat;
    type Output = Uploaded;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Uploaded> {
        let Format { kind, name, content_type } = format(&self.media).ok_or_else(|| {
            Error::invalid(
                "media",
                [
                    "Must be PNG, JPEG, GIF, AMR, MP3 or MP4.",
                    "须为 PNG、JPEG、GIF、AMR、MP3 或 MP4。",
                ],
            )
            .errcode(40005, None)
        })?;
        let kind = match self.kind {
            None => kind,
            Some(asked) if asked == kind => kind,
            Some(Kind::Thumb) if content_type == "image/jpeg" => Kind::Thumb,
            Some(_) => {
                return Err(Error::invalid(
                    "type",
                    ["Must be what the file is.", "须与文件实际类型一致。"],
                )
                .errcode(40004, None));
            }
        };
        let (type_name, limit, code) = match kind {
            Kind::Image => ("image", 10 * KB * KB, 40009),
            Kind::Voice => ("voice", 2 * KB * KB, 40010),
            Kind::Video => ("video", 10 * KB * KB, 40011),
            Kind::Thumb => ("thumb", 64 * KB, 40012),
        };
        if self.media.len() > limit {
            let detail = message!(
                "Must be at most {limit} bytes as {type_name}.",
                "作为 {type_name} 最多 {limit} 字节。"
            );
            return Err(Error::invalid("media", detail).errcode(code, None));
        }
        let call = wechat.upload("/cgi-bin/media/upload", name, content_type, &self.media);
        let call = call.query("type", type_name).within(TIMEOUT).refusals(Self::REFUSALS);
        let Upstream { media_id, created_at } = call.json().await?;
        Ok(Uploaded { kind, media_id, created_at })
    }
}

fn format(bytes: &[u8]) -> Option<Format> {
    let (kind, name, content_type) = match bytes {
        [0xff, 0xd8, 0xff, ..] => (Kind::Image, "media.jpg", "image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => (Kind::Image, "media.png", "image/png"),
        [b'G', b'I', b'F', b'8', ..] => (Kind::Image, "media.gif", "image/gif"),
        [b'#', b'!', b'A', b'M', b'R', ..] => (Kind::Voice, "media.amr", "audio/amr"),
        [b'I', b'D', b'3', ..] | [0xff, 0xe0..=0xff, ..] => {
            (Kind::Voice, "media.mp3", "audio/mpeg")
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => (Kind::Video, "media.mp4", "video/mp4"),
        _ => return None,
    };
    Some(Format { kind, name, content_type })
}

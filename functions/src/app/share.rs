//! `POST /app/share`
//!
//! WeChat: none; the app makes the call.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Result, Touch, crypto::sha256_hex, weburl,
};

use super::{
    MiniProgramType, check_api_key, check_path, check_user_name,
    thumbnail::{Thumbnail, shrink},
};

/// The largest file that is made into a thumbnail.
const PICTURE_LIMIT: usize = 10 << 20;

/// The description every version of WeChat takes, in bytes.
const DESCRIPTION_LIMIT: usize = 1024;

/// Checks what an app shares, and returns the method and parameters for the native module.
///
/// The fields are the module's. Pictures may also come as base64, as a data URI, or as an https
/// address; they are made small enough and returned to be written to the file that `params`
/// names. A path of the phone (`fs://`, `widget://`) is passed through.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Share {
    /// What is shared; decides the method.
    #[serde(skip_serializing)]
    kind: Kind,
    /// The app's id; may be left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    /// Where to. By default `timeline`, and `session` for a mini program, which knows no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    scene: Option<Scene>,
    /// Kinds text and message: the text, of less than 10 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10239))]
    text: Option<String>,
    /// The title, of at most 512 bytes; a Chinese character has three.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    title: Option<String>,
    /// The description; what is more than 1024 bytes is cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The thumbnail; becomes at most 32 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<String>,
    /// Kind image: the picture, an address or a path of the phone. Kinds music, video and
    /// webpage: the page's or file's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10240))]
    content_url: Option<String>,
    /// Kinds music and musicVideo: the address of the sound itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10240))]
    music_data_url: Option<String>,
    /// Kind program: a page for clients that cannot open mini programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    webpage_url: Option<String>,
    /// Kind program: the mini program's original id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    user_name: Option<String>,
    /// Kind program: the page, with its query; by default the home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    path: Option<String>,
    /// Kind program: the large picture iOS shows; becomes at most 128 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    hd_image_data: Option<String>,
    /// Kind program: whether the share carries a shareTicket.
    #[serde(skip_serializing_if = "Option::is_none")]
    with_share_ticket: Option<bool>,
    /// Kind program: which version opens; by default the released one.
    #[serde(skip_serializing_if = "Option::is_none")]
    mini_program_type: Option<MiniProgramType>,
    /// Kind musicVideo: the music's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10240))]
    music_url: Option<String>,
    /// Kind musicVideo: the singer, of at most 1 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    singer_name: Option<String>,
    /// Kind musicVideo: how long it plays, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    duration: Option<u32>,
    /// Kind musicVideo: the lyrics as LRC, of at most 32 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32768))]
    song_lyric: Option<String>,
    /// Kind musicVideo: the album, of at most 1 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    album_name: Option<String>,
    /// Kind musicVideo: the genre, of at most 1 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    music_genre: Option<String>,
    /// Kind musicVideo: when it came out, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    issue_date: Option<u64>,
    /// Kind musicVideo: comes back when the user returns to the app; at most 2048 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    message_ext: Option<String>,
    /// Kind musicVideo: the thumbnail; becomes at most 32 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb_data: Option<String>,
    /// Kind message: the `type` of the request that is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<i64>,
    /// Kind message: 0, or why there is no content.
    #[serde(skip_serializing_if = "Option::is_none")]
    err_code: Option<i64>,
    /// Kind message: why there is no content, of at most 1 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    err_str: Option<String>,
    /// Kind message: the content, unless it is `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

/// What is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Kind {
    /// A text.
    Text,
    /// A picture.
    Image,
    /// Music on the web.
    Music,
    /// A video on the web.
    Video,
    /// A page.
    Webpage,
    /// A page of a mini program.
    Program,
    /// Music that plays in WeChat.
    MusicVideo,
    /// An answer to WeChat's request for content (iOS).
    Message,
}

/// Where something is shared to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Scene {
    /// A chat.
    Session,
    /// The moments.
    Timeline,
    /// The favourites.
    Favorite,
}

/// Content for WeChat.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Message {
    /// The title, of at most 512 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    title: Option<String>,
    /// The description; what is more than 1024 bytes is cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The thumbnail; becomes at most 32 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<String>,
    /// At most 64 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    media_tag_name: Option<String>,
    /// At most 2048 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    message_ext: Option<String>,
    /// At most 2048 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    message_action: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Media>,
}

/// What a message is about.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Media {
    /// 0 a picture, 1 music, 2 a video, 3 a page, 4 a mini program.
    #[schemars(range(min = 0, max = 4))]
    r#type: u8,
    /// Type 0: the picture's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10240))]
    image_url: Option<String>,
    /// Type 1: the music's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10240))]
    music_url: Option<String>,
    /// Type 1: the address of the sound itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10240))]
    music_data_url: Option<String>,
    /// Type 2: the video's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10240))]
    video_url: Option<String>,
    /// Type 3: the page. Type 4: a page for clients that cannot open mini programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10240))]
    webpage_url: Option<String>,
    /// Type 4: the mini program's original id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    user_name: Option<String>,
    /// Type 4: the page, with its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    path: Option<String>,
    /// Type 4: the large picture; becomes at most 128 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    hd_image_data: Option<String>,
    /// Type 4: whether the share carries a shareTicket.
    #[serde(skip_serializing_if = "Option::is_none")]
    with_share_ticket: Option<bool>,
    /// Type 4: which version opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    mini_program_type: Option<MiniProgramType>,
}

/// A call to make.
#[derive(Serialize, JsonSchema)]
pub struct Call {
    /// The module's method.
    method: &'static str,
    /// Its parameters.
    params: Share,
    /// The thumbnail to write to the phone before the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<Picture>,
    /// The large picture to write to the phone before the call.
    #[serde(rename = "hdImageData", skip_serializing_if = "Option::is_none")]
    hd_image_data: Option<Picture>,
    /// What will not be as one might expect.
    warnings: Vec<String>,
}

/// A picture that is small enough.
#[derive(Serialize, JsonSchema)]
struct Picture {
    /// The file `params` names; write the bytes there. The module needs the extension.
    path: String,
    /// The media type.
    r#type: &'static str,
    /// The file.
    base64: String,
    /// The file's length.
    bytes: usize,
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
}

impl Operation for Share {
    const ID: &'static str = "app.share";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[];
    /// Lambda takes no more; base64 leaves room for pictures of 4.4 MB.
    const BODY_LIMIT: usize = 6 << 20;
    const EXAMPLE: &'static str = r#"{"kind":"webpage","scene":"session","title":"春季新品","description":"今天上架","contentUrl":"https://h5.example.com/spring?from=app","thumb":"widget://res/thumb.jpg"}"#;
    type Output = Call;

    async fn run(mut self, app: &App, caller: &Caller) -> Result<Call> {
        let kind = self.kind;
        let mut warnings = Vec::new();
        self.api_key = match kind {
            // The module's method takes none.
            Kind::MusicVideo | Kind::Message => {
                check_api_key(self.api_key.take().as_deref(), caller)?;
                None
            }
            _ => Some(check_api_key(self.api_key.as_deref(), caller)?),
        };
        self.check_fields()?;
        self.check_limits()?;
        self.choose_scene()?;
        self.check_content()?;
        self.clip(&mut warnings);
        self.warn(&mut warnings);
        // Everything else is checked before a picture is fetched.
        let thumb = match self.thumb_slot() {
            Some((field, slot)) => fill(app, field, slot, THUMB, &mut warnings).await?,
            None => None,
        };
        let hd_image_data = match self.hd_slot() {
            Some((field, slot)) => fill(app, field, slot, HD, &mut warnings).await?,
            None => None,
        };
        Ok(Call { method: kind.method(), params: self, thumb, hd_image_data, warnings })
    }
}

impl Kind {
    fn method(self) -> &'static str {
        match self {
            Kind::Text => "shareText",
            Kind::Image => "shareImage",
            Kind::Music => "shareMusic",
            Kind::Video => "shareVideo",
            Kind::Webpage => "shareWebpage",
            Kind::Program => "shareProgram",
            Kind::MusicVideo => "shareMusicVideo",
            Kind::Message => "sendGetMessageResp",
        }
    }

    /// The fields its method takes, those first that it cannot do without, and how many these are.
    fn fields(self) -> (&'static [&'static str], usize) {
        match self {
            Kind::Text => (&["text", "apiKey", "scene"], 1),
            Kind::Image => (&["contentUrl", "apiKey", "scene", "thumb"], 1),
            Kind::Music => (
                &["contentUrl", "apiKey", "scene", "title", "description", "thumb", "musicDataUrl"],
                1,
            ),
            Kind::Video | Kind::Webpage => {
                (&["contentUrl", "apiKey", "scene", "title", "description", "thumb"], 1)
            }
            Kind::Program => (
                &[
                    "webpageUrl",
                    "userName",
                    "apiKey",
                    "scene",
                    "title",
                    "description",
                    "thumb",
                    "path",
                    "hdImageData",
                    "withShareTicket",
                    "miniProgramType",
                ],
                2,
            ),
            Kind::MusicVideo => (
                &[
                    "title",
                    "musicUrl",
                    "musicDataUrl",
                    "singerName",
                    "duration",
                    "apiKey",
                    "scene",
                    "songLyric",
                    "albumName",
                    "musicGenre",
                    "issueDate",
                    "description",
                    "messageExt",
                    "thumbData",
                ],
                5,
            ),
            Kind::Message => (&["type", "errCode", "errStr", "text", "message"], 0),
        }
    }
}

impl Share {
    /// Every field belongs to the kind, and those it needs are there.
    fn check_fields(&self) -> Result<()> {
        let given: Map<String, Value> = match serde_json::to_value(self) {
            Ok(Value::Object(given)) => given,
            Ok(_) => return Err(Error::internal("an input is an object")),
            Err(error) => return Err(Error::internal(error)),
        };
        let (fields, needed) = self.kind.fields();
        let method = self.kind.method();
        if let Some(name) = given.keys().find(|name| !fields.contains(&name.as_str())) {
            return Err(Error::invalid(name, format!("{method} has no `{name}`.")));
        }
        let empty = |name: &&&str| match given.get(**name) {
            None => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        };
        match fields[..needed].iter().find(empty) {
            Some(name) => Err(Error::invalid(*name, format!("{method} needs `{name}`."))),
            None => Ok(()),
        }
    }

    /// WeChat's own limits: bytes on iOS, and Android's count is never larger.
    fn check_limits(&self) -> Result<()> {
        let nothing = (None, None, None, None);
        let (title, tag, ext, action) = self.message.as_ref().map_or(nothing, |message| {
            (
                message.title.as_deref(),
                message.media_tag_name.as_deref(),
                message.message_ext.as_deref(),
                message.message_action.as_deref(),
            )
        });
        for (field, text, limit) in [
            ("text", self.text.as_deref(), 10_239),
            ("title", self.title.as_deref(), 512),
            ("singerName", self.singer_name.as_deref(), 1024),
            ("songLyric", self.song_lyric.as_deref(), 32 << 10),
            ("albumName", self.album_name.as_deref(), 1024),
            ("musicGenre", self.music_genre.as_deref(), 1024),
            ("messageExt", self.message_ext.as_deref(), 2048),
            ("errStr", self.err_str.as_deref(), 1024),
            ("message.title", title, 512),
            ("message.mediaTagName", tag, 64),
            ("message.messageExt", ext, 2048),
            ("message.messageAction", action, 2048),
        ] {
            if let Some(text) = text
                && text.len() > limit
            {
                let detail = format!("At most {limit} bytes; this has {}.", text.len());
                return Err(Error::invalid(field, detail));
            }
        }
        if self.duration == Some(0) {
            return Err(Error::invalid("duration", "Music plays for at least a millisecond."));
        }
        Ok(())
    }

    fn choose_scene(&mut self) -> Result<()> {
        let (allowed, usual): (&[Scene], _) = match self.kind {
            Kind::Message => return Ok(()),
            Kind::Program => (&[Scene::Session], Scene::Session),
            Kind::MusicVideo => (&[Scene::Session, Scene::Timeline], Scene::Timeline),
            _ => (&[Scene::Session, Scene::Timeline, Scene::Favorite], Scene::Timeline),
        };
        let scene = *self.scene.get_or_insert(usual);
        if allowed.contains(&scene) {
            return Ok(());
        }
        Err(Error::invalid("scene", "WeChat shares this kind to fewer scenes; leave `scene` out."))
    }

    /// Addresses, ids and what belongs together.
    fn check_content(&mut self) -> Result<()> {
        const URL_LIMIT: usize = 10 << 10;
        let url = |field: &str, url: &Option<String>, limit| match url {
            Some(url) => weburl::check(field, url, limit),
            None => Ok(()),
        };
        match (self.kind, &self.content_url) {
            (Kind::Image, Some(path)) if is_local(path) => {
                if path.len() > URL_LIMIT {
                    return Err(Error::invalid("contentUrl", "At most 10240 bytes."));
                }
            }
            (_, content_url) => url("contentUrl", content_url, URL_LIMIT)?,
        }
        url("musicDataUrl", &self.music_data_url, URL_LIMIT)?;
        url("musicUrl", &self.music_url, URL_LIMIT)?;
        url("webpageUrl", &self.webpage_url, 1024)?;
        if self.kind == Kind::Program {
            check_user_name("userName", self.user_name.as_deref().unwrap_or_default())?;
            check_path("path", self.path.as_deref().unwrap_or_default())?;
            self.mini_program_type.get_or_insert_default();
        }
        if self.kind == Kind::Message {
            let failed = self.err_code.is_some_and(|code| code != 0);
            if self.text.is_none() && self.message.is_none() && !failed {
                return Err(Error::invalid("message", "Answer with `text` or `message`."));
            }
        }
        let Some(media) = self.message.as_ref().and_then(|message| message.media.as_ref()) else {
            return Ok(());
        };
        let (name, needed) = match media.r#type {
            0 => ("message.media.imageUrl", &media.image_url),
            1 => ("message.media.musicUrl", &media.music_url),
            2 => ("message.media.videoUrl", &media.video_url),
            3 | 4 => ("message.media.webpageUrl", &media.webpage_url),
            _ => return Err(Error::invalid("message.media.type", "A type is 0, 1, 2, 3 or 4.")),
        };
        let limit = if media.r#type == 4 { 1024 } else { URL_LIMIT };
        match needed {
            Some(path) if media.r#type == 0 && is_local(path) && path.len() <= limit => {}
            Some(address) => weburl::check(name, address, limit)?,
            None => return Err(Error::invalid(name, "This type needs it.")),
        }
        url("message.media.musicDataUrl", &media.music_data_url, URL_LIMIT)?;
        if media.r#type == 4 {
            let user_name = media.user_name.as_deref().unwrap_or_default();
            check_user_name("message.media.userName", user_name)?;
            check_path("message.media.path", media.path.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }

    /// Cuts descriptions at what every version of WeChat takes.
    fn clip(&mut self, warnings: &mut Vec<String>) {
        let inner = self.message.as_mut().and_then(|message| message.description.as_mut());
        for description in [self.description.as_mut(), inner].into_iter().flatten() {
            let before = description.len();
            description.truncate(clipped(description, DESCRIPTION_LIMIT));
            if description.len() < before {
                warnings.push(format!(
                    "description: cut from {before} to {} bytes, WeChat takes 1024.",
                    description.len()
                ));
            }
        }
    }

    fn warn(&self, warnings: &mut Vec<String>) {
        let mut warn = |text: &str| warnings.push(text.to_owned());
        if self.scene == Some(Scene::Timeline) && self.description.is_some() {
            warn("description: the timeline shows the title only.");
        }
        match self.kind {
            Kind::Music => {
                warn("WeChat must have granted the app the right to share music from this domain.")
            }
            Kind::MusicVideo => warn(
                "WeChat must have granted the app the rights to share music and music videos from this domain.",
            ),
            Kind::Program => {
                if self.thumb.is_none() {
                    warn("thumb: Android shares no mini program without one.");
                }
                match self.hd_image_data {
                    Some(_) => warn("hdImageData: only iOS shows it, Android shows thumb."),
                    None => warn("hdImageData: without it iOS shows thumb, enlarged."),
                }
                if self.mini_program_type.is_some_and(|kind| kind != MiniProgramType::Release) {
                    warn(
                        "miniProgramType: only members of the mini program can open this version.",
                    );
                }
            }
            Kind::Image => {
                if self.thumb.is_some() && self.content_url.as_deref().is_some_and(is_local) {
                    warn("thumb: ignored, because contentUrl is a file of the phone.");
                }
            }
            Kind::Message => warn("The module answers WeChat's requests on iOS only."),
            Kind::Text | Kind::Video | Kind::Webpage => {}
        }
    }

    fn thumb_slot(&mut self) -> Option<(&'static str, &mut String)> {
        if let Some(thumb) = &mut self.thumb {
            return Some(("thumb", thumb));
        }
        if let Some(thumb) = &mut self.thumb_data {
            return Some(("thumbData", thumb));
        }
        Some(("message.thumb", self.message.as_mut()?.thumb.as_mut()?))
    }

    fn hd_slot(&mut self) -> Option<(&'static str, &mut String)> {
        if let Some(picture) = &mut self.hd_image_data {
            return Some(("hdImageData", picture));
        }
        let media = self.message.as_mut()?.media.as_mut()?;
        Some(("message.media.hdImageData", media.hd_image_data.as_mut()?))
    }
}

/// Bytes and pixels a picture may have.
#[derive(Clone, Copy)]
struct Size {
    bytes: usize,
    side: u32,
}

const THUMB: Size = Size { bytes: 32 << 10, side: 240 };
const HD: Size = Size { bytes: 128 << 10, side: 800 };

/// Makes the picture of a field small enough, and puts its path into the field.
async fn fill(
    app: &App,
    field: &'static str,
    slot: &mut String,
    size: Size,
    warnings: &mut Vec<String>,
) -> Result<Option<Picture>> {
    if is_local(slot) {
        let name = slot.rsplit('/').next().unwrap_or_default();
        if !name.contains('.') {
            let detail = "The module needs the file's extension, as widget://res/thumb.jpg.";
            return Err(Error::invalid(field, detail));
        }
        let limit = size.bytes >> 10;
        warnings
            .push(format!("{field}: a file of the phone is not checked; it may have {limit} KB."));
        return Ok(None);
    }
    let file = if slot.contains("://") {
        app.web.get(field, slot, PICTURE_LIMIT).await?
    } else {
        decode(field, slot)?.into()
    };
    let shrinking =
        tokio::task::spawn_blocking(move || shrink(field, &file, size.bytes, size.side));
    let Thumbnail { bytes, width, height, from } = shrinking.await.map_err(Error::internal)??;
    if (width, height) != from {
        let (wide, high) = from;
        warnings.push(format!("{field}: made smaller, from {wide}×{high} to {width}×{height}."));
    }
    *slot = format!("fs://share/{}.jpg", &sha256_hex(&bytes)[..16]);
    Ok(Some(Picture {
        path: slot.clone(),
        r#type: "image/jpeg",
        base64: BASE64_STANDARD.encode(&bytes),
        bytes: bytes.len(),
        width,
        height,
    }))
}

/// A data URI, or base64 alone.
fn decode(field: &str, text: &str) -> Result<Vec<u8>> {
    let base64 = match text.strip_prefix("data:") {
        Some(uri) => match uri.split_once(',') {
            Some((kind, data)) if kind.ends_with(";base64") => data,
            _ => return Err(Error::invalid(field, "A data URI must be in base64.")),
        },
        None => text,
    };
    let plain: Vec<u8> = base64.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(plain).map_err(|_| {
        let detail = "Send base64, a data URI, an https address, or a path of the phone \
                      (fs://, widget://).";
        Error::invalid(field, detail)
    })
}

/// A file of the phone, which only the app can read.
fn is_local(path: &str) -> bool {
    path.starts_with("fs://") || path.starts_with("widget://")
}

/// The longest prefix of at most `limit` bytes that ends between characters.
fn clipped(text: &str, limit: usize) -> usize {
    if text.len() <= limit { text.len() } else { text.floor_char_boundary(limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_no_sooner_than_needed() {
        for unit in ["a", "é", "字", "🌸", "a字", "🌸é"] {
            let text = unit.repeat(600);
            for limit in [0, 1, 2, 3, 4, 5, 1023, 1024, 1025, text.len(), text.len() + 1] {
                let length = clipped(&text, limit);
                assert!(text.is_char_boundary(length) && length <= limit);
                assert!(length == text.len() || limit - length < 4, "{unit} {limit}");
            }
        }
    }

    #[test]
    fn pictures_come_in_base64_with_and_without_a_head() {
        for text in ["aGk=", "data:image/png;base64,aGk=", "data:;base64,aGk=", "aG\r\nk="] {
            assert_eq!(decode("thumb", text).unwrap(), b"hi", "{text}");
        }
        for text in ["aGk", "data:image/png,hi", "data:image/png;base64", "图片", "/tmp/a.jpg!"] {
            assert!(decode("thumb", text).is_err(), "{text}");
        }
    }
}

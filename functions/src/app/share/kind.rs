//! What can be shared: a struct per kind, whose fields are those of the module's method.
//!
//! WeChat's SDK counts bytes on iOS, and Android's count is never larger.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, json};
use shared::{
    Error, Input, Result, text,
    value::{Address, Chars, Int, Text, unless_empty},
};

use super::picture::{Source, is_local};
use crate::app::{MiniProgramType, PagePath, UserName};

/// The address of a page, a picture or a sound.
type Url = Address<10_240>;

/// The address of a page for clients that cannot open mini programs.
type ShortUrl = Address<1024>;

text! {
    /// A shared text.
    Words: 1..=10_239, Chars::BYTES,
        ["A Chinese character has three.", "一个汉字占三个字节。"], check filled;
    /// A title.
    Title: 0..=512, Chars::BYTES, ["A Chinese character has three.", "一个汉字占三个字节。"];
    /// The title of music that plays in WeChat.
    SongTitle: 1..=512, Chars::BYTES,
        ["A Chinese character has three.", "一个汉字占三个字节。"], check filled;
    /// The singer.
    Singer: 1..=1024, Chars::BYTES,
        ["A Chinese character has three.", "一个汉字占三个字节。"], check filled;
    /// An album, a genre, or the reason of a failure.
    Label: 0..=1024, Chars::BYTES, ["A Chinese character has three.", "一个汉字占三个字节。"];
    /// Lyrics as LRC.
    Lyrics: 0..=32_768, Chars::BYTES, ["A Chinese character has three.", "一个汉字占三个字节。"];
    /// A value that WeChat returns to the app.
    Extension: 0..=2048, Chars::BYTES;
    /// A tag for statistics.
    Tag: 0..=64, Chars::BYTES;
    /// A picture: an address or a file of the phone.
    PictureUrl: 1..=10_240, Chars::BYTES, check |text: &str| {
        if is_local(text) || Url::new(text).is_ok() {
            Ok(())
        } else {
            Err([
                "Send the address of a picture, or a path of the phone (fs://, widget://).",
                "请发送图片地址，或手机上的路径（fs://、widget://）。",
            ])
        }
    };
}

fn filled(text: &str) -> Result<(), [&'static str; 2]> {
    if text.trim().is_empty() { Err(["Must not be blank.", "不能为空白。"]) } else { Ok(()) }
}

macro_rules! kinds {
    ($($(#[doc = $about:literal])+ $kind:ident($fields:ty) = $name:literal, $method:literal;)+) => {
        /// What is shared.
        #[derive(Deserialize)]
        #[serde(tag = "kind")]
        pub(super) enum Kind {
            $($(#[doc = $about])+ #[serde(rename = $name)] $kind($fields),)+
        }

        impl Kind {
            /// The values of `kind`.
            pub(super) const NAMES: &[&str] = &[$($name),+];

            /// Reads the fields of the kind with this name.
            pub(super) fn read(name: &str, input: Input) -> Option<Result<Kind>> {
                match name {
                    $($name => Some(input.read().map(Kind::$kind)),)+
                    _ => None,
                }
            }

            /// The module's method.
            pub(super) fn method(&self) -> &'static str {
                match self { $(Kind::$kind(_) => $method,)+ }
            }

            /// The schema of the module's parameters.
            pub(super) fn params(generator: &mut SchemaGenerator) -> Schema {
                json_schema!({ "anyOf": [$(generator.subschema_for::<$fields>()),+] })
            }
        }

        impl Serialize for Kind {
            /// The module's parameters.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Kind::$kind(fields) => fields.serialize(serializer),)+ }
            }
        }

        impl JsonSchema for Kind {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                "Kind".into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                input([$(
                    ($name, concat!($($about, "\n"),+), <$fields>::json_schema(generator)),
                )+])
            }
        }
    };
}

kinds! {
    /// A text.
    ///
    /// 文本。
    Text(TextShare) = "text", "shareText";
    /// A picture.
    ///
    /// 图片。
    Image(ImageShare) = "image", "shareImage";
    /// Music on the web.
    ///
    /// 音乐链接。
    Music(MusicShare) = "music", "shareMusic";
    /// A video on the web.
    ///
    /// 视频链接。
    Video(LinkShare) = "video", "shareVideo";
    /// A page.
    ///
    /// 网页。
    Webpage(LinkShare) = "webpage", "shareWebpage";
    /// A page of a mini program.
    ///
    /// 小程序页面。
    Program(ProgramShare) = "program", "shareProgram";
    /// Music that plays in WeChat.
    ///
    /// 音乐视频，可在微信内播放。
    MusicVideo(MusicVideoShare) = "musicVideo", "shareMusicVideo";
    /// An answer to WeChat's request for content (iOS).
    ///
    /// 应答微信的内容请求（iOS）。
    Message(MessageShare) = "message", "sendGetMessageResp";
}

/// The schema of the input: every field of every kind, and one closed schema per kind.
fn input<const N: usize>(kinds: [(&str, &str, Schema); N]) -> Schema {
    let mut fields = Map::new();
    let mut variants = Vec::new();
    let mut names = Vec::new();
    for (name, about, schema) in kinds {
        let about = about.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        let about = about.trim();
        let mut variant = schema.to_value();
        variant["description"] = about.into();
        if let Some(properties) = variant["properties"].as_object_mut() {
            for (field, schema) in properties.iter() {
                fields.entry(field).or_insert_with(|| schema.clone());
            }
            properties.insert("kind".to_owned(), json!({ "const": name }));
            // The inputs of every operation for users.
            for common in ["appid", "openid"] {
                properties.insert(common.to_owned(), json!({ "type": "string" }));
            }
            for other_name in ["appId", "apiKey"] {
                properties.insert(other_name.to_owned(), json!({ "deprecated": true }));
            }
        }
        let needed = variant["required"].as_array().cloned().unwrap_or_default();
        variant["required"] = [json!("kind")].into_iter().chain(needed).collect();
        variants.push(variant);
        names.push(json!({ "const": name, "description": about }));
    }
    let about = "What is shared; decides the method.\n\n分享的内容类型，决定所用的方法。";
    let kind = json!({ "description": about, "oneOf": names });
    fields.insert("kind".to_owned(), kind);
    json_schema!({
        "type": "object", "properties": fields, "required": ["kind"],
        "additionalProperties": false, "oneOf": variants,
    })
}

const MUSIC_RIGHT: &str = "WeChat must have granted the app the right to share music from this domain: \
    write to weixin-open@qq.com, with the subject 帐号XXX关于音乐类 appmsg 的分享功能申请, and name \
    the app's appid and the domain of the music's pages. The account must be verified.";

const MUSIC_VIDEO_RIGHT: &str = "Music that plays in WeChat needs a second right, for the same appid and domain: \
    write to hansenxu@tencent.com, with the subject 帐号XXX关于音乐视频类 appmsg 的分享功能申请, \
    once the right to share music is granted.";

/// Where something is shared to.
///
/// 分享的目标。
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Scene {
    /// A chat.
    ///
    /// 聊天会话。
    Session,
    /// The moments.
    ///
    /// 朋友圈。
    #[default]
    Timeline,
    /// The favorites.
    ///
    /// 收藏。
    Favorite,
}

/// Where a mini program is shared to.
///
/// 小程序的分享目标。
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ProgramScene {
    /// A chat.
    ///
    /// 聊天会话。
    #[default]
    Session,
}

/// Where music that plays in WeChat is shared to.
///
/// 音乐视频的分享目标。
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum MusicVideoScene {
    /// A chat.
    ///
    /// 聊天会话。
    Session,
    /// The moments.
    ///
    /// 朋友圈。
    #[default]
    Timeline,
}

/// A text.
///
/// 文本。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TextShare {
    /// The app's id.
    ///
    /// 应用的 appid。
    #[serde(skip_deserializing)]
    api_key: Option<String>,
    /// Where to.
    ///
    /// 分享到哪里。
    #[serde(default)]
    scene: Scene,
    /// The text.
    ///
    /// 文本内容。
    text: Text<Words>,
}

/// A picture.
///
/// 图片。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ImageShare {
    /// The app's id.
    ///
    /// 应用的 appid。
    #[serde(skip_deserializing)]
    api_key: Option<String>,
    /// Where to.
    ///
    /// 分享到哪里。
    #[serde(default)]
    scene: Scene,
    /// The picture: an address or a path of the phone.
    ///
    /// 图片：网址或手机上的路径。
    content_url: Text<PictureUrl>,
    /// The thumbnail; it is scaled down to 32 KB.
    ///
    /// 缩略图；会压缩到 32 KB 以内。
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<Source>,
}

/// Music on the web.
///
/// 音乐链接。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MusicShare {
    /// The app's id.
    ///
    /// 应用的 appid。
    #[serde(skip_deserializing)]
    api_key: Option<String>,
    /// Where to.
    ///
    /// 分享到哪里。
    #[serde(default)]
    scene: Scene,
    /// The title.
    ///
    /// 标题。
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Text<Title>>,
    /// The description; cut after 1024 bytes.
    ///
    /// 描述；超过 1024 字节的部分会截去。
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The thumbnail; it is scaled down to 32 KB.
    ///
    /// 缩略图；会压缩到 32 KB 以内。
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<Source>,
    /// The address of the music's page.
    ///
    /// 音乐页面的网址。
    content_url: Url,
    /// The address of the sound itself.
    ///
    /// 音频数据的网址。
    #[serde(skip_serializing_if = "Option::is_none")]
    music_data_url: Option<Url>,
}

/// A video or a page on the web.
///
/// 视频或网页链接。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct LinkShare {
    /// The app's id.
    ///
    /// 应用的 appid。
    #[serde(skip_deserializing)]
    api_key: Option<String>,
    /// Where to.
    ///
    /// 分享到哪里。
    #[serde(default)]
    scene: Scene,
    /// The title.
    ///
    /// 标题。
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Text<Title>>,
    /// The description; cut after 1024 bytes.
    ///
    /// 描述；超过 1024 字节的部分会截去。
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The thumbnail; it is scaled down to 32 KB.
    ///
    /// 缩略图；会压缩到 32 KB 以内。
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<Source>,
    /// The address of the video or the page.
    ///
    /// 视频或网页的网址。
    content_url: Url,
}

/// A page of a mini program.
///
/// 小程序页面。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ProgramShare {
    /// The app's id.
    ///
    /// 应用的 appid。
    #[serde(skip_deserializing)]
    api_key: Option<String>,
    /// Where to; WeChat shares mini programs to chats only.
    ///
    /// 分享到哪里；微信只支持把小程序分享到聊天会话。
    #[serde(default)]
    scene: ProgramScene,
    /// The title.
    ///
    /// 标题。
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Text<Title>>,
    /// The description; cut after 1024 bytes.
    ///
    /// 描述；超过 1024 字节的部分会截去。
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The thumbnail; it is scaled down to 32 KB.
    ///
    /// 缩略图；会压缩到 32 KB 以内。
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<Source>,
    /// The address of a page for clients that cannot open mini programs.
    ///
    /// 供无法打开小程序的客户端使用的网页地址。
    webpage_url: ShortUrl,
    /// The mini program's original id.
    ///
    /// 小程序的原始 ID。
    user_name: Text<UserName>,
    /// The page, with its query; by default the home page.
    ///
    /// 页面路径，可带参数；默认为首页。
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 0))]
    path: Option<Text<PagePath>>,
    /// The large picture, which iOS shows; it is scaled down to 128 KB.
    ///
    /// 高清大图，在 iOS 上显示；会压缩到 128 KB 以内。
    #[serde(skip_serializing_if = "Option::is_none")]
    hd_image_data: Option<Source>,
    /// Whether the share carries a shareTicket.
    ///
    /// 分享是否带 shareTicket。
    #[serde(skip_serializing_if = "Option::is_none")]
    with_share_ticket: Option<bool>,
    /// Which version opens; by default the released one.
    ///
    /// 打开哪个版本；默认正式版。
    #[serde(default)]
    mini_program_type: MiniProgramType,
}

/// Music that plays in WeChat.
///
/// 音乐视频，可在微信内播放。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MusicVideoShare {
    /// Where to.
    ///
    /// 分享到哪里。
    #[serde(default)]
    scene: MusicVideoScene,
    /// The title.
    ///
    /// 标题。
    title: Text<SongTitle>,
    /// The description; cut after 1024 bytes.
    ///
    /// 描述；超过 1024 字节的部分会截去。
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The thumbnail; it is scaled down to 32 KB.
    ///
    /// 缩略图；会压缩到 32 KB 以内。
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb_data: Option<Source>,
    /// The address of the music's page.
    ///
    /// 音乐页面的网址。
    music_url: Url,
    /// The address of the sound itself.
    ///
    /// 音频数据的网址。
    music_data_url: Url,
    /// The singer.
    ///
    /// 歌手。
    singer_name: Text<Singer>,
    /// The duration in milliseconds.
    ///
    /// 时长，单位为毫秒。
    duration: Int<1, 4_294_967_295>,
    /// The lyrics as LRC.
    ///
    /// LRC 格式的歌词。
    #[serde(skip_serializing_if = "Option::is_none")]
    song_lyric: Option<Text<Lyrics>>,
    /// The album.
    ///
    /// 专辑名称。
    #[serde(skip_serializing_if = "Option::is_none")]
    album_name: Option<Text<Label>>,
    /// The genre.
    ///
    /// 音乐流派。
    #[serde(skip_serializing_if = "Option::is_none")]
    music_genre: Option<Text<Label>>,
    /// The release date in seconds since 1970.
    ///
    /// 发行日期，Unix 时间戳（秒）。
    #[serde(skip_serializing_if = "Option::is_none")]
    issue_date: Option<u64>,
    /// WeChat returns it when the user returns to the app.
    ///
    /// 用户返回 App 时由微信原样带回。
    #[serde(skip_serializing_if = "Option::is_none")]
    message_ext: Option<Text<Extension>>,
}

/// An answer to WeChat's request for content.
///
/// 对微信内容请求的应答。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MessageShare {
    /// The `type` of the request.
    ///
    /// 内容请求的 `type`。
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<i64>,
    /// 0, or the code of a failure: then there is no content.
    ///
    /// 0 表示成功；否则为错误码，且不含内容。
    #[serde(skip_serializing_if = "Option::is_none")]
    err_code: Option<i64>,
    /// The reason of a failure.
    ///
    /// 失败原因。
    #[serde(skip_serializing_if = "Option::is_none")]
    err_str: Option<Text<Label>>,
    /// The content if it is a text.
    ///
    /// 文本内容。
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 0))]
    text: Option<Text<Words>>,
    /// The content otherwise.
    ///
    /// 非文本时的内容。
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

/// Content for WeChat.
///
/// 提供给微信的内容。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Message {
    /// The title.
    ///
    /// 标题。
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Text<Title>>,
    /// The description; cut after 1024 bytes.
    ///
    /// 描述；超过 1024 字节的部分会截去。
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The thumbnail; it is scaled down to 32 KB.
    ///
    /// 缩略图；会压缩到 32 KB 以内。
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<Source>,
    /// A tag for statistics.
    ///
    /// 用于统计的标签。
    #[serde(skip_serializing_if = "Option::is_none")]
    media_tag_name: Option<Text<Tag>>,
    /// WeChat returns it to the app.
    ///
    /// 由微信原样带回给 App。
    #[serde(skip_serializing_if = "Option::is_none")]
    message_ext: Option<Text<Extension>>,
    /// An action for the app.
    ///
    /// 传给 App 的动作。
    #[serde(skip_serializing_if = "Option::is_none")]
    message_action: Option<Text<Extension>>,
    /// What the message is about.
    ///
    /// 消息的主体内容。
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Media>,
}

/// What a message is about.
///
/// 消息的主体内容。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Media {
    /// 0 for a picture, 1 for music, 2 for a video, 3 for a page, 4 for a mini program.
    ///
    /// 0 图片，1 音乐，2 视频，3 网页，4 小程序。
    r#type: Int<0, 4>,
    /// Type 0: the picture, an address or a path of the phone.
    ///
    /// 类型 0：图片，网址或手机上的路径。
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<Text<PictureUrl>>,
    /// Type 1: the address of the music's page.
    ///
    /// 类型 1：音乐页面的网址。
    #[serde(skip_serializing_if = "Option::is_none")]
    music_url: Option<Url>,
    /// Type 1: the address of the sound itself.
    ///
    /// 类型 1：音频数据的网址。
    #[serde(skip_serializing_if = "Option::is_none")]
    music_data_url: Option<Url>,
    /// Type 2: the address of the video.
    ///
    /// 类型 2：视频的网址。
    #[serde(skip_serializing_if = "Option::is_none")]
    video_url: Option<Url>,
    /// Type 3: the address of the page. Type 4: at most 1024 bytes, the address of a page for
    /// clients that cannot open mini programs.
    ///
    /// 类型 3：网页的网址。类型 4：供无法打开小程序的客户端使用的网页地址，最长 1024 字节。
    #[serde(skip_serializing_if = "Option::is_none")]
    webpage_url: Option<Url>,
    /// Type 4: the mini program's original id.
    ///
    /// 类型 4：小程序的原始 ID。
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<Text<UserName>>,
    /// Type 4: the page, with its query.
    ///
    /// 类型 4：页面路径，可带参数。
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 0))]
    path: Option<Text<PagePath>>,
    /// Type 4: the large picture; it is scaled down to 128 KB.
    ///
    /// 类型 4：高清大图；会压缩到 128 KB 以内。
    #[serde(skip_serializing_if = "Option::is_none")]
    hd_image_data: Option<Source>,
    /// Type 4: whether the share carries a shareTicket.
    ///
    /// 类型 4：分享是否带 shareTicket。
    #[serde(skip_serializing_if = "Option::is_none")]
    with_share_ticket: Option<bool>,
    /// Type 4: which version opens.
    ///
    /// 类型 4：打开哪个版本。
    #[serde(skip_serializing_if = "Option::is_none")]
    mini_program_type: Option<MiniProgramType>,
}

impl Media {
    /// Whether the fields that the type needs are there.
    fn check(&self) -> Result<()> {
        let needed = [
            ("imageUrl", self.image_url.is_some()),
            ("musicUrl", self.music_url.is_some()),
            ("videoUrl", self.video_url.is_some()),
            ("webpageUrl", self.webpage_url.is_some()),
            ("webpageUrl", self.webpage_url.is_some()),
        ];
        let (field, given) = needed[self.r#type.get() as usize];
        let invalid = |field: &str, detail: shared::Message| {
            Err(Error::invalid(format!("message.media.{field}"), detail))
        };
        if !given {
            return invalid(field, ["This type needs the field.", "该类型需要此字段。"].into());
        }
        if self.r#type.get() == 4 {
            if let Some(Err(fault)) = self.webpage_url.as_deref().map(ShortUrl::new) {
                return invalid("webpageUrl", fault.detail);
            }
            if self.user_name.is_none() {
                return invalid(
                    "userName",
                    [
                        "This type needs the mini program's original id.",
                        "该类型需要小程序原始 ID。",
                    ]
                    .into(),
                );
            }
        }
        Ok(())
    }
}

/// The parts that several kinds have, wherever they are in one.
pub(super) struct Parts<'a> {
    /// Unless the module's method does not take it.
    pub(super) api_key: Option<&'a mut Option<String>>,
    pub(super) description: Option<&'a mut String>,
    /// Whether it goes to the timeline.
    pub(super) timeline: bool,
    pub(super) thumb: Option<(&'static str, &'a mut Source)>,
    pub(super) hd_image: Option<(&'static str, &'a mut Source)>,
}

impl Kind {
    /// Checks the fields that belong together.
    pub(super) fn check(&self) -> Result<()> {
        let Kind::Message(share) = self else { return Ok(()) };
        let failed = share.err_code.is_some_and(|code| code != 0);
        if share.text.is_none() && share.message.is_none() && !failed {
            return Err(Error::invalid(
                "message",
                ["Answer with `text` or `message`.", "请用 `text` 或 `message` 应答。"],
            ));
        }
        match share.message.as_ref().and_then(|message| message.media.as_ref()) {
            Some(media) => media.check(),
            None => Ok(()),
        }
    }

    pub(super) fn parts(&mut self) -> Parts<'_> {
        fn named<'a>(
            field: &'static str,
            source: &'a mut Option<Source>,
        ) -> Option<(&'static str, &'a mut Source)> {
            source.as_mut().map(|source| (field, source))
        }
        match self {
            Kind::Text(share) => Parts {
                api_key: Some(&mut share.api_key),
                description: None,
                timeline: share.scene == Scene::Timeline,
                thumb: None,
                hd_image: None,
            },
            Kind::Image(share) => Parts {
                api_key: Some(&mut share.api_key),
                description: None,
                timeline: share.scene == Scene::Timeline,
                thumb: named("thumb", &mut share.thumb),
                hd_image: None,
            },
            Kind::Music(share) => Parts {
                api_key: Some(&mut share.api_key),
                description: share.description.as_mut(),
                timeline: share.scene == Scene::Timeline,
                thumb: named("thumb", &mut share.thumb),
                hd_image: None,
            },
            Kind::Video(share) | Kind::Webpage(share) => Parts {
                api_key: Some(&mut share.api_key),
                description: share.description.as_mut(),
                timeline: share.scene == Scene::Timeline,
                thumb: named("thumb", &mut share.thumb),
                hd_image: None,
            },
            Kind::Program(share) => Parts {
                api_key: Some(&mut share.api_key),
                description: share.description.as_mut(),
                timeline: false,
                thumb: named("thumb", &mut share.thumb),
                hd_image: named("hdImageData", &mut share.hd_image_data),
            },
            Kind::MusicVideo(share) => Parts {
                api_key: None,
                description: share.description.as_mut(),
                timeline: share.scene == MusicVideoScene::Timeline,
                thumb: named("thumbData", &mut share.thumb_data),
                hd_image: None,
            },
            Kind::Message(MessageShare { message: None, .. }) => Parts {
                api_key: None,
                description: None,
                timeline: false,
                thumb: None,
                hd_image: None,
            },
            Kind::Message(MessageShare { message: Some(message), .. }) => Parts {
                api_key: None,
                description: message.description.as_mut(),
                timeline: false,
                thumb: named("message.thumb", &mut message.thumb),
                hd_image: message
                    .media
                    .as_mut()
                    .and_then(|media| named("message.media.hdImageData", &mut media.hd_image_data)),
            },
        }
    }

    /// What the app should know before it shares this.
    pub(super) fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        match self {
            Kind::Music(_) => warnings.push(MUSIC_RIGHT),
            Kind::MusicVideo(_) => warnings.extend([MUSIC_RIGHT, MUSIC_VIDEO_RIGHT]),
            Kind::Program(share) => {
                if share.thumb.is_none() {
                    warnings.push("thumb: Android does not share a mini program without it.");
                }
                warnings.push(match share.hd_image_data {
                    Some(_) => "hdImageData: only iOS shows it; Android shows thumb.",
                    None => "hdImageData: without it iOS shows thumb, enlarged.",
                });
                if share.mini_program_type != MiniProgramType::Release {
                    warnings.push(
                        "miniProgramType: only members of the mini program can open this version.",
                    );
                }
            }
            Kind::Image(share) if share.thumb.is_some() && is_local(&share.content_url) => {
                warnings.push("thumb: ignored, because contentUrl is a file of the phone.");
            }
            Kind::Message(_) => {
                warnings.push("The module answers WeChat's requests on iOS only.");
            }
            Kind::Text(_) | Kind::Image(_) | Kind::Video(_) | Kind::Webpage(_) => {}
        }
        warnings
    }
}

//! `POST /customerServiceMessage/send`
//!
//! WeChat: `POST /cgi-bin/message/custom/send`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    message, text,
    value::{Address, AppId, Chars, Int, List, MediaId, Openid, Text},
};

use super::RECEIVER;

text! {
    /// A text with links.
    pub(super) Content: 1..=2048, Chars::BYTES,
        ["A Chinese character counts three.", "一个汉字计为三个字节。"], errcode 45002;
    /// A title.
    pub(super) Title: 1..=256, Chars::BYTES;
    /// A few words below a title.
    pub(super) Words: 0..=1024, Chars::BYTES;
    /// A page of a mini program with its query.
    pub(super) PagePath: 1..=1024, Chars::PRINTABLE_BYTES;
    /// An id of the account's own.
    pub(super) OwnId: 1..=128, Chars::PRINTABLE_BYTES;
}

/// Answers a user who wrote to the account.
///
/// A message of the user allows five answers within 48 hours; entering customer service, following,
/// scanning a code or tapping the menu allows two or three within a minute. On `receiver-state` wait
/// for the user's next message. Send exactly the object that `msgtype` names. Never sent twice.
///
/// 回复给账号发过消息的用户（客服消息）。
///
/// 用户每发一条消息，48 小时内可回复五条；进入客服会话、关注、扫码或点击菜单后，一分钟内可发两到三
/// 条。遇到 `receiver-state` 时，请等用户下次发消息。只传 `msgtype` 指定的那个对象。绝不重复发送。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The user, as the message from them names it.
    ///
    /// 用户的 openid，即其消息中的发送方。
    touser: Text<Openid>,
    /// Which object is sent.
    ///
    /// 消息类型，决定发送哪个对象。
    msgtype: MsgType,
    /// A text; `<a href>` links to pages, with `data-miniprogram-appid` and
    /// `data-miniprogram-path` to a mini program.
    ///
    /// 文本消息；可用 `<a href>` 链接网页，加上 `data-miniprogram-appid` 和 `data-miniprogram-path`
    /// 则链接小程序。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<PlainText>,
    /// An image.
    ///
    /// 图片消息。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<Media>,
    /// A voice; from official accounts only.
    ///
    /// 语音消息；仅限公众号发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice: Option<Media>,
    /// A video; from official accounts only.
    ///
    /// 视频消息；仅限公众号发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    video: Option<Video>,
    /// Music; from official accounts only.
    ///
    /// 音乐消息；仅限公众号发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    music: Option<Music>,
    /// A card that links to a page; from official accounts only.
    ///
    /// 图文链接；仅限公众号发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    news: Option<News>,
    /// Articles by their media_id; from official accounts only.
    ///
    /// 图文消息，以 media_id 指定；仅限公众号发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mpnews: Option<Media>,
    /// A published article; from official accounts only.
    ///
    /// 已发布的图文；仅限公众号发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mpnewsarticle: Option<Article>,
    /// A question with answers to tap; from official accounts only.
    ///
    /// 菜单消息，用户可点选回答；仅限公众号发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    msgmenu: Option<Menu>,
    /// A card for the wallet; from official accounts only.
    ///
    /// 卡券消息；仅限公众号发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wxcard: Option<Card>,
    /// A card that links to a page; from mini programs only.
    ///
    /// 图文链接；仅限小程序发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<Link>,
    /// A card that opens a mini program.
    ///
    /// 小程序卡片。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    miniprogrampage: Option<MiniProgramPage>,
    /// Sends it in the name of this agent.
    ///
    /// 以该客服账号的名义发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customservice: Option<Agent>,
    /// Marks it as written by an AI.
    ///
    /// 标记该消息由 AI 生成。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aimsgcontext: Option<AiContext>,
    /// The sub-merchant it is sent for.
    ///
    /// 以哪个子商户的名义发送。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    businessid: Option<Text<OwnId>>,
}

/// What can be sent.
///
/// 可发送的消息类型。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum MsgType {
    Text,
    Image,
    Voice,
    Video,
    Music,
    News,
    Mpnews,
    Mpnewsarticle,
    Msgmenu,
    Wxcard,
    Link,
    Miniprogrampage,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlainText {
    content: Text<Content>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Media {
    /// From `customerServiceMessage.uploadTempMedia`, or of permanent material.
    ///
    /// 来自 `customerServiceMessage.uploadTempMedia`，或永久素材的 media_id。
    media_id: Text<MediaId>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Video {
    media_id: Text<MediaId>,
    thumb_media_id: Text<MediaId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Text<Title>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Text<Words>>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Music {
    musicurl: Address<1024>,
    /// Played where there is Wi-Fi.
    ///
    /// 高品质音乐链接，Wi-Fi 环境下播放。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hqmusicurl: Option<Address<1024>>,
    thumb_media_id: Text<MediaId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Text<Title>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Text<Words>>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct News {
    /// Exactly one.
    ///
    /// 有且仅有一篇。
    articles: List<NewsArticle, 1, 1>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewsArticle {
    title: Text<Title>,
    description: Text<Words>,
    url: Address<1024>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picurl: Option<Address<1024>>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Article {
    article_id: Text<MediaId>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Menu {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head_content: Option<Text<Words>>,
    list: List<MenuEntry, 1, 20>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tail_content: Option<Text<Words>>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MenuEntry {
    /// Comes back as `bizmsgmenuid` of the user's message.
    ///
    /// 用户点选后，会作为其消息的 `bizmsgmenuid` 返回。
    id: Text<OwnId>,
    content: Text<Title>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Card {
    card_id: Text<OwnId>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Link {
    title: Text<Title>,
    description: Text<Words>,
    url: Address<1024>,
    thumb_url: Address<1024>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MiniProgramPage {
    title: Text<Title>,
    /// Which mini program; an official account must name it.
    ///
    /// 小程序的 appid；公众号发送时必填。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    appid: Option<Text<AppId>>,
    pagepath: Text<PagePath>,
    /// The picture on the card, 520 × 416.
    ///
    /// 卡片图片的 media_id，520 × 416。
    thumb_media_id: Text<MediaId>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Agent {
    kf_account: Text<OwnId>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AiContext {
    is_ai_msg: Int<0, 1>,
}

/// A message that WeChat took.
///
/// 微信已接收的消息。
#[derive(Serialize, JsonSchema)]
pub struct Sent {
    /// Always true; WeChat does not give these messages an id.
    ///
    /// 恒为 true；微信不为此类消息提供 id。
    sent: bool,
}

impl Operation for SendMessage {
    const ID: &'static str = "customerServiceMessage.send";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_sendcustommessage.html",
        "https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        RECEIVER[0], RECEIVER[1], RECEIVER[2],
        Refusal::new(40003, Problem::InvalidInput, ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"]).field("touser"),
        Refusal::new(40007, Problem::InvalidInput, ["WeChat does not know this media_id: it is another account's, or older than 3 days.", "微信查不到该 media_id：它属于其他账号，或已超过 3 天。"]).field("media_id"),
        Refusal::new(45002, Problem::InvalidInput, ["The text is too long.", "文本过长。"]).field("text.content"),
        Refusal::new(45008, Problem::InvalidInput, ["Exactly one article can be sent.", "只能发送一条图文。"]).field("news.articles"),
        Refusal::new(45162, Problem::InvalidInput, ["WeChat does not send this type for this account.", "微信不为该账号发送此类型的消息。"]).field("msgtype"),
        Refusal::new(48002, Problem::ReceiverState, ["The user does not take messages of this account.", "用户拒收该账号的消息。"]),
        Refusal::new(70000, Problem::ReceiverState, ["The user is a minor and does not get this.", "用户是未成年人，无法接收。"]),
    ];
    const EXAMPLE: &'static str = r#"{"touser":"oUser-of-the-example-000000001","msgtype":"text","text":{"content":"Your parcel is on its way."}}"#;
    type Uses = Wechat;
    type Output = Sent;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Sent> {
        self.check(caller.account.kind)?;
        let call = wechat.post("/cgi-bin/message/custom/send", &self).once();
        call.refusals(Self::REFUSALS).done().await?;
        Ok(Sent { sent: true })
    }
}

impl SendMessage {
    /// The objects by the type that names them, and the kinds of account that may send it.
    fn objects(&self) -> [(MsgType, &'static str, bool, &'static [AccountKind]); 12] {
        const BOTH: &[AccountKind] = &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
        const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
        const OFFICIAL: &[AccountKind] = &[AccountKind::OfficialAccount];
        [
            (MsgType::Text, "text", self.text.is_some(), BOTH),
            (MsgType::Image, "image", self.image.is_some(), BOTH),
            (MsgType::Voice, "voice", self.voice.is_some(), OFFICIAL),
            (MsgType::Video, "video", self.video.is_some(), OFFICIAL),
            (MsgType::Music, "music", self.music.is_some(), OFFICIAL),
            (MsgType::News, "news", self.news.is_some(), OFFICIAL),
            (MsgType::Mpnews, "mpnews", self.mpnews.is_some(), OFFICIAL),
            (MsgType::Mpnewsarticle, "mpnewsarticle", self.mpnewsarticle.is_some(), OFFICIAL),
            (MsgType::Msgmenu, "msgmenu", self.msgmenu.is_some(), OFFICIAL),
            (MsgType::Wxcard, "wxcard", self.wxcard.is_some(), OFFICIAL),
            (MsgType::Link, "link", self.link.is_some(), MINI),
            (MsgType::Miniprogrampage, "miniprogrampage", self.miniprogrampage.is_some(), BOTH),
        ]
    }

    /// Exactly the object that `msgtype` names is there, and the account may send it.
    fn check(&self, account: AccountKind) -> Result<()> {
        for (msgtype, name, given, kinds) in self.objects() {
            let named = msgtype == self.msgtype;
            if named && !kinds.contains(&account) {
                let [english, chinese] = account.named();
                let detail =
                    message!("This cannot be sent by {english}.", "{chinese}不能发送此类消息。");
                return Err(Error::invalid("msgtype", detail));
            }
            if named && !given {
                return Err(Error::invalid(
                    name,
                    ["Must be there, as `msgtype` names it.", "`msgtype` 指定了它，不可缺少。"],
                ));
            }
            if !named && given {
                return Err(Error::invalid(
                    name,
                    [
                        "Must be left out unless `msgtype` names it.",
                        "除非 `msgtype` 指定，否则不要发送。",
                    ],
                ));
            }
        }
        let unnamed = self.miniprogrampage.as_ref().is_some_and(|page| page.appid.is_none());
        if unnamed && account == AccountKind::OfficialAccount {
            let detail =
                ["An official account must name the mini program.", "公众号须指定小程序。"];
            return Err(Error::invalid("miniprogrampage.appid", detail));
        }
        Ok(())
    }
}

//! What can be sent: a type of message, and the object that goes with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    AccountKind, Error, Result, message, text,
    value::{Address, AppId, Chars, Int, List, MediaId, Openid, Text},
};

text! {
    /// A text with links.
    Content: 1..=2048, Chars::BYTES,
        ["A Chinese character counts three.", "一个汉字计为三个字节。"], errcode 45002;
    /// A title.
    Title: 1..=256, Chars::BYTES;
    /// A few words below a title.
    Words: 0..=1024, Chars::BYTES;
    /// A page of a mini program with its query.
    PagePath: 1..=1024, Chars::PRINTABLE_BYTES;
    /// An id of the account's own.
    pub(super) OwnId: 1..=128, Chars::PRINTABLE_BYTES;
}

const BOTH: &[AccountKind] = &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
const OFFICIAL: &[AccountKind] = &[AccountKind::OfficialAccount];

/// Declares the message and its types: `object: Fields = Type, ACCOUNTS` for each, where the
/// accounts are those that may send it.
macro_rules! message_of {
    ($($(#[$about:meta])+ $object:ident: $fields:ty = $msgtype:ident, $accounts:ident;)+) => {
        /// What can be sent.
        ///
        /// 可发送的消息类型。
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        enum MsgType {
            $($msgtype,)+
        }

        /// A message to a user.
        #[derive(Deserialize, Serialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(inline)]
        pub(super) struct Message {
            /// The user, as the message from them names it.
            ///
            /// 用户的 openid，即其消息中的发送方。
            touser: Text<Openid>,
            /// Which object is sent.
            ///
            /// 消息类型，决定发送哪个对象。
            msgtype: MsgType,
            $(
                $(#[$about])+
                #[serde(default, skip_serializing_if = "Option::is_none")]
                $object: Option<$fields>,
            )+
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

        impl Message {
            /// Each type, its object's name, whether the object is there, and who may send it.
            fn objects(
                &self,
            ) -> impl IntoIterator<Item = (MsgType, &'static str, bool, &'static [AccountKind])> {
                [$((MsgType::$msgtype, stringify!($object), self.$object.is_some(), $accounts),)+]
            }
        }
    };
}

message_of! {
    /// A text; `<a href>` links to pages, with `data-miniprogram-appid` and
    /// `data-miniprogram-path` to a mini program.
    ///
    /// 文本消息；可用 `<a href>` 链接网页，加上 `data-miniprogram-appid` 和 `data-miniprogram-path`
    /// 则链接小程序。
    text: PlainText = Text, BOTH;
    /// An image.
    ///
    /// 图片消息。
    image: Media = Image, BOTH;
    /// A voice; from official accounts only.
    ///
    /// 语音消息；仅限公众号发送。
    voice: Media = Voice, OFFICIAL;
    /// A video; from official accounts only.
    ///
    /// 视频消息；仅限公众号发送。
    video: Video = Video, OFFICIAL;
    /// Music; from official accounts only.
    ///
    /// 音乐消息；仅限公众号发送。
    music: Music = Music, OFFICIAL;
    /// A card that links to a page; from official accounts only.
    ///
    /// 图文链接；仅限公众号发送。
    news: News = News, OFFICIAL;
    /// Articles by their media_id; from official accounts only.
    ///
    /// 图文消息，以 media_id 指定；仅限公众号发送。
    mpnews: Media = Mpnews, OFFICIAL;
    /// A published article; from official accounts only.
    ///
    /// 已发布的图文；仅限公众号发送。
    mpnewsarticle: Article = Mpnewsarticle, OFFICIAL;
    /// A question with answers to tap; from official accounts only.
    ///
    /// 菜单消息，用户可点选回答；仅限公众号发送。
    msgmenu: Menu = Msgmenu, OFFICIAL;
    /// A card for the wallet; from official accounts only.
    ///
    /// 卡券消息；仅限公众号发送。
    wxcard: Card = Wxcard, OFFICIAL;
    /// A card that links to a page; from mini programs only.
    ///
    /// 图文链接；仅限小程序发送。
    link: Link = Link, MINI;
    /// A card that opens a mini program.
    ///
    /// 小程序卡片。
    miniprogrampage: MiniProgramPage = Miniprogrampage, BOTH;
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

impl Message {
    /// Exactly the object that `msgtype` names is there, and the account may send it.
    pub(super) fn check(&self, account: AccountKind) -> Result<()> {
        for (msgtype, name, given, accounts) in self.objects() {
            let named = msgtype == self.msgtype;
            if named && !accounts.contains(&account) {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_type_has_the_name_of_its_object() {
        let message = json!({ "touser": "oUser-of-the-example-000000001", "msgtype": "text" });
        let message: Message = serde_json::from_value(message).unwrap();
        for (msgtype, object, ..) in message.objects() {
            assert_eq!(serde_json::to_value(msgtype).unwrap(), object);
        }
    }
}

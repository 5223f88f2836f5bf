//! `templateMessage.subscribe`
//!
//! WeChat: `POST /cgi-bin/message/template/subscribe`

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    text,
    value::{Address, AppId, Chars, Fault, Openid, TemplateId, Text, Unit},
};

use crate::page::PageWithQuery;

/// A blank text is refused like an empty one.
fn not_blank(text: &str) -> Result<(), [&'static str; 2]> {
    if text.trim().is_empty() { Err(["Must not be blank.", "不能为空白。"]) } else { Ok(()) }
}

text! {
    /// The title of a message.
    Title: 1..=15, Chars::ANY, check not_blank;
    /// The text of a message.
    Words: 1..=200, Chars::ANY, check not_blank;
    /// A color, as `#FF0000`.
    Color: 7..=7, COLOR, check |color: &str| {
        let digits = color.strip_prefix('#').unwrap_or_default();
        if digits.len() == 6 { Ok(()) } else { Err([
            "A color is # and six hexadecimal digits.",
            "颜色为 # 加六位十六进制数字。",
        ]) }
    };
}

const COLOR: Chars = Chars {
    noun: ["characters: # and six hexadecimal digits", "个字符：# 加六位十六进制数字"],
    unit: Unit::Characters,
    pattern: Some("^#[0-9a-fA-F]{6}$"),
    allow: |c| c == '#' || c.is_ascii_hexdigit(),
};

/// Sends the one message that a user confirmed on the page or in the app of `app.subscribeMsg`.
///
/// One confirmation is good for one message of the same scene. It is never sent twice: after a
/// lost answer it may have gone out.
///
/// 发送一次性订阅消息：用户须先在 `app.subscribeMsg` 给出的页面或 App 中确认。
///
/// 一次确认可发一条同场景的消息。绝不重复发送：若应答丢失，消息可能已经发出。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The openid that came with the confirmation.
    ///
    /// 用户确认订阅时得到的 openid。
    touser: Text<Openid>,
    /// The account's template for one-time subscriptions.
    ///
    /// 账号的一次性订阅消息模板 id。
    template_id: Text<TemplateId>,
    /// The scene of the confirmation, 0 to 10000; a text of digits will do.
    ///
    /// 订阅场景值，0 到 10000；数字文本亦可。
    #[serde(deserialize_with = "scene")]
    #[schemars(with = "u16", range(min = 0, max = 10000))]
    scene: String,
    /// The title.
    ///
    /// 标题。
    title: Text<Title>,
    /// The message.
    ///
    /// 消息内容。
    data: Data,
    /// Opens when the message is touched.
    ///
    /// 点击消息后打开的网页。
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Address<2048>>,
    /// Opens instead of `url`; must be bound to the account.
    ///
    /// 点击后打开的小程序，优先于 `url`；须与账号关联。
    #[serde(skip_serializing_if = "Option::is_none")]
    miniprogram: Option<MiniProgram>,
}

/// The parts of the message; there is one.
///
/// 消息正文；只有一个字段。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Data {
    /// The text.
    ///
    /// 文本内容。
    content: Content,
}

/// A text and its color.
///
/// 文本及其颜色。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Content {
    /// The text.
    ///
    /// 文本内容。
    value: Text<Words>,
    /// For example `#FF0000`.
    ///
    /// 颜色，例如 `#FF0000`。
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<Text<Color>>,
}

/// A page of a mini program.
///
/// 小程序页面。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MiniProgram {
    /// The mini program.
    ///
    /// 小程序的 appid。
    appid: Text<AppId>,
    /// The page, with its query.
    ///
    /// 页面路径，可带参数。
    pagepath: Text<PageWithQuery>,
}

/// The message went out.
///
/// 消息已发出。
#[derive(Serialize, JsonSchema)]
pub struct Sent {
    /// Always true.
    ///
    /// 恒为 true。
    sent: bool,
}

impl Operation for Subscribe {
    const ID: &'static str = "templateMessage.subscribe";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::OfficialAccount, AccountKind::MobileApp];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/notify/subscribe/api_templatesubscribe.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40003, Problem::InvalidInput, ["WeChat does not know this openid for this app.", "该应用下没有此 openid。"]).field("touser").foreseen(),
        Refusal::new(40036, Problem::InvalidInput, ["WeChat does not know this template_id for this app.", "该应用下没有此 template_id。"]).field("template_id"),
        Refusal::new(40037, Problem::InvalidInput, ["WeChat does not know this template_id for this app.", "该应用下没有此 template_id。"]).field("template_id").foreseen(),
        Refusal::new(40165, Problem::InvalidInput, ["WeChat does not know this page of the mini program.", "微信查不到小程序的该页面。"]).field("miniprogram.pagepath"),
        Refusal::new(40166, Problem::InvalidInput, ["The mini program is unknown or not bound to the account.", "小程序不存在，或未与该账号关联。"]).field("miniprogram.appid"),
        Refusal::new(43101, Problem::ReceiverState, ["The user did not confirm this scene, or its one message was sent; ask again with app.subscribeMsg.", "用户未同意该场景，或其一次性消息已发送，请用 app.subscribeMsg 再次请求。"]),
        Refusal::new(45002, Problem::InvalidInput, ["The text is too long.", "文本过长。"]).field("data.content.value"),
        Refusal::new(45003, Problem::InvalidInput, ["The title is too long.", "标题过长。"]).field("title"),
        Refusal::new(45014, Problem::InvalidInput, ["The message is too large.", "消息过大。"]).field("data"),
        Refusal::new(45051, Problem::InvalidInput, ["WeChat does not accept this address in a message.", "微信不接受消息中的该地址。"]).field("url"),
    ];
    const EXAMPLE: &'static str = r#"{"touser":"o0UR_VTzLG2StUT4GdEC-e_YbMj4","template_id":"QX_7VX0zaVlhAielN3oIaSBhVcpvlo-QI8Mzf1DyJFM","scene":1000,"title":"预约成功","data":{"content":{"value":"您预约的号已放出"}}}"#;
    type Uses = Wechat;
    type Output = Sent;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Sent> {
        let call = wechat.post("/cgi-bin/message/template/subscribe", &self).once();
        call.refusals(Self::REFUSALS).done().await?;
        Ok(Sent { sent: true })
    }
}

/// WeChat wants the scene as a text; people have it as a number.
fn scene<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = shared::spelling::text_or_number(deserializer)?;
    match text.parse::<u16>() {
        Ok(scene @ ..=10_000) => Ok(scene.to_string()),
        _ => Err(D::Error::custom(Fault::new([
            "A scene is a number from 0 to 10000.",
            "scene 为 0 到 10000 的数字。",
        ]))),
    }
}

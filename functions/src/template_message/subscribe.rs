//! `templateMessage.subscribe`
//!
//! WeChat: `POST /cgi-bin/message/template/subscribe`

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Problem, Result, Touch, weburl,
    wechat::{Call, Verdict},
};

/// Sends the one message that a user confirmed on the page or in the app of `app.subscribeMsg`.
///
/// One confirmation is good for one message of the same scene. It is never sent twice: after a
/// lost answer it may have gone out.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The openid that came with the confirmation.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[a-zA-Z0-9_-]+$"))]
    touser: String,
    /// The account's template for one-time subscriptions.
    #[schemars(length(min = 1, max = 1024))]
    template_id: String,
    /// The scene of the confirmation, 0 to 10000; a text of digits will do.
    #[serde(deserialize_with = "scene")]
    #[schemars(with = "u16", range(min = 0, max = 10000))]
    scene: String,
    /// The title, of at most 15 characters.
    #[schemars(length(min = 1, max = 15))]
    title: String,
    /// The message.
    data: Data,
    /// Opens when the message is touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    url: Option<String>,
    /// Opens instead of `url`; must be bound to the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    miniprogram: Option<MiniProgram>,
}

/// The parts of the message; there is one.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Data {
    /// The text.
    content: Content,
}

/// A text and its colour.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Content {
    /// At most 200 characters.
    #[schemars(length(min = 1, max = 200))]
    value: String,
    /// For example `#FF0000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    color: Option<String>,
}

/// A page of a mini program.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MiniProgram {
    /// The mini program.
    #[schemars(length(min = 1, max = 32))]
    appid: String,
    /// The page, with its query.
    #[schemars(length(min = 1, max = 1024))]
    pagepath: String,
}

/// The message went out.
#[derive(Serialize, JsonSchema)]
pub struct Sent {
    /// Always true.
    sent: bool,
}

/// What the codes mean here.
#[rustfmt::skip]
const VERDICTS: &[Verdict] = &[
    (40036, Problem::InvalidInput, "WeChat does not know this template_id for this app."),
    (40165, Problem::InvalidInput, "WeChat does not know this page of the mini program."),
    (40166, Problem::InvalidInput, "The mini program is unknown or not bound to the account."),
    (43101, Problem::ReceiverState, "The user did not confirm this scene, or its one message was sent; ask again with app.subscribeMsg."),
    (45002, Problem::InvalidInput, "The text is too long."),
    (45003, Problem::InvalidInput, "The title is too long."),
    (45014, Problem::InvalidInput, "The message is too large."),
    (45051, Problem::InvalidInput, "WeChat does not accept this address in a message."),
];

/// The input a code is about.
const FIELDS: &[(i64, &str)] = &[
    (40003, "touser"),
    (40036, "template_id"),
    (40037, "template_id"),
    (40165, "miniprogram.pagepath"),
    (40166, "miniprogram.appid"),
    (45002, "data.content.value"),
    (45003, "title"),
    (45014, "data"),
    (45051, "url"),
];

impl Operation for Subscribe {
    const ID: &'static str = "templateMessage.subscribe";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::OfficialAccount, AccountKind::MobileApp];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"touser":"o0UR_VTzLG2StUT4GdEC-e_YbMj4","template_id":"QX_7VX0zaVlhAielN3oIaSBhVcpvlo-QI8Mzf1DyJFM","scene":1000,"title":"预约成功","data":{"content":{"value":"您预约的号已放出"}}}"#;
    type Output = Sent;

    async fn run(self, app: &App, caller: &Caller) -> Result<Sent> {
        self.check()?;
        let call = Call::post("/cgi-bin/message/template/subscribe", &self)?;
        match app.call(caller.appid(), call.once().verdicts(VERDICTS)).await {
            Ok(_) => Ok(Sent { sent: true }),
            Err(error) => {
                let about = |code| FIELDS.iter().find(|(listed, _)| *listed == code);
                Err(match error.wechat_errcode().and_then(about) {
                    Some((_, field)) => error.field(*field),
                    None => error,
                })
            }
        }
    }
}

impl Subscribe {
    fn check(&self) -> Result<()> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(1..=128).contains(&self.touser.len()) || !self.touser.bytes().all(plain) {
            return Err(Error::invalid("touser", "This is no openid."));
        }
        let graphic = |byte: u8| byte.is_ascii_graphic();
        if !(1..=1024).contains(&self.template_id.len()) || !self.template_id.bytes().all(graphic) {
            return Err(Error::invalid("template_id", "This is no template id."));
        }
        if self.scene.parse::<u16>().is_ok_and(|scene| scene > 10_000) {
            return Err(Error::invalid("scene", "A scene is a number from 0 to 10000."));
        }
        check_length("title", &self.title, 15)?;
        check_length("data.content.value", &self.data.content.value, 200)?;
        if let Some(color) = &self.data.content.color {
            let digits = color.strip_prefix('#').unwrap_or_default();
            if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                let detail = "A colour is # and six hex digits, as #FF0000.";
                return Err(Error::invalid("data.content.color", detail));
            }
        }
        if let Some(url) = &self.url {
            weburl::check("url", url, 2048)?;
        }
        if let Some(MiniProgram { appid, pagepath }) = &self.miniprogram {
            if !(1..=32).contains(&appid.len()) || !appid.bytes().all(plain) {
                return Err(Error::invalid("miniprogram.appid", "This is no app id."));
            }
            if !(1..=1024).contains(&pagepath.len()) {
                return Err(Error::invalid("miniprogram.pagepath", "A page has 1 to 1024 bytes."));
            }
        }
        Ok(())
    }
}

fn check_length(field: &str, text: &str, limit: usize) -> Result<()> {
    // Characters, not bytes: a Chinese one and an emoji count one each.
    if text.trim().is_empty() || text.chars().count() > limit {
        return Err(Error::invalid(field, format!("Send 1 to {limit} characters.")));
    }
    Ok(())
}

/// WeChat wants the scene as a text; people have it as a number.
fn scene<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a scene is a number from 0 to 10000")]
    enum Scene {
        Number(u16),
        Text(String),
    }
    let number = match Scene::deserialize(deserializer)? {
        Scene::Number(number) => Some(number),
        Scene::Text(text) => text.parse().ok(),
    };
    let invalid = || serde::de::Error::custom("a scene is a number from 0 to 10000");
    number.map(|number| number.to_string()).ok_or_else(invalid)
}

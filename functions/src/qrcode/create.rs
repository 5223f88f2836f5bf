//! `POST /qrcode/create`
//!
//! WeChat: `POST /cgi-bin/qrcode/create`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    percent, text,
    value::{Chars, Int, Text},
};

text! {
    /// What a code stands for.
    SceneText: 1..=64, Chars::PRINTABLE;
}

/// Makes a code that tells the account who came by it; for a time, or for good (100,000 in all).
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// How long it lives, of a code that ends; by default 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expire_seconds: Option<Int<1, 2_592_000>>,
    /// What kind of code.
    action_name: Kind,
    /// What it stands for.
    action_info: Info,
}

/// Kinds of codes: with a number or a text, for a time or for good.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    QrScene,
    QrStrScene,
    QrLimitScene,
    QrLimitStrScene,
}

/// What a code stands for.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Info {
    /// The number or the text.
    scene: Scene,
}

/// A number or a text.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scene {
    /// The number; of a permanent code at most 100,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scene_id: Option<Int<1, 4_294_967_295>>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scene_str: Option<Text<SceneText>>,
}

#[derive(Deserialize)]
struct Upstream {
    ticket: String,
    expire_seconds: Option<u64>,
    url: String,
}

/// A code.
#[derive(Serialize, JsonSchema)]
pub struct Code {
    /// WeChat's name for it.
    ticket: String,
    /// How long it lives, in seconds; absent if it is permanent.
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_seconds: Option<u64>,
    /// What the code says: draw it yourself.
    url: String,
    /// WeChat's picture of it.
    picture: String,
}

impl Operation for Create {
    const ID: &'static str = "qrcode.create";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] =
        &["https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodes/api_createqrcode.html"];
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40_053, Problem::InvalidInput, "WeChat does not accept the scene.")
            .field("action_info"),
        Refusal::new(45_029, Problem::QuotaExceeded, "The account's permanent codes are used up."),
    ];
    const EXAMPLE: &'static str = r#"{"expire_seconds":604800,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"shop-42"}}}"#;
    type Uses = Wechat;
    type Output = Code;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Code> {
        self.check()?;
        // Of a lost answer nothing is left but a code that was not used.
        let call = wechat.post("/cgi-bin/qrcode/create", &self);
        let Upstream { ticket, expire_seconds, url } = call.refusals(Self::REFUSALS).json().await?;
        let picture = format!(
            "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket={}",
            percent::encode(&ticket)
        );
        Ok(Code { ticket, expire_seconds, url, picture })
    }
}

impl Create {
    /// What one value alone cannot say.
    fn check(&self) -> Result<()> {
        let Scene { scene_id, scene_str } = &self.action_info.scene;
        let (field, problem) = match (self.action_name, scene_id, scene_str) {
            (Kind::QrScene, Some(_), None) | (Kind::QrStrScene, None, Some(_)) => return Ok(()),
            (Kind::QrLimitStrScene, None, Some(_)) => return Ok(()),
            (Kind::QrLimitScene, Some(id), None) if id.get() <= 100_000 => return Ok(()),
            (Kind::QrLimitScene, Some(_), None) => ("scene_id", "Must be at most 100000."),
            (Kind::QrScene | Kind::QrLimitScene, ..) => {
                ("scene_id", "Send the number, and no text.")
            }
            (Kind::QrStrScene | Kind::QrLimitStrScene, ..) => {
                ("scene_str", "Send the text, and no number.")
            }
        };
        Err(Error::invalid(format!("action_info.scene.{field}"), problem))
    }
}

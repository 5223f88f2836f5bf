//! What a code stands for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Error, Result, text,
    value::{Chars, Int, Text},
};

text! {
    /// What a code stands for.
    SceneText: 1..=64, Chars::PRINTABLE;
}

/// Kinds of codes: with a number or a text, for a time or for good.
///
/// 二维码类型：场景值为数字或文本，临时或永久。
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
pub(super) enum Kind {
    #[serde(rename = "QR_SCENE")]
    Number,
    #[serde(rename = "QR_STR_SCENE")]
    Text,
    #[serde(rename = "QR_LIMIT_SCENE")]
    PermanentNumber,
    #[serde(rename = "QR_LIMIT_STR_SCENE")]
    PermanentText,
}

/// What a code stands for.
///
/// 二维码的含义。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {
    /// The number or the text.
    ///
    /// 场景值，数字或文本。
    pub(super) scene: Scene,
}

/// A number or a text.
///
/// 数字或文本。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scene {
    /// The number; of a permanent code at most 100,000.
    ///
    /// 数字场景值；永久二维码最大 100000。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scene_id: Option<Int<1, 4_294_967_295>>,
    /// The text.
    ///
    /// 文本内容。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scene_str: Option<Text<SceneText>>,
}

impl Scene {
    /// A kind of code has a number or a text.
    pub(super) fn check(&self, kind: Kind) -> Result<()> {
        let (field, problem) = match (kind, &self.scene_id, &self.scene_str) {
            (Kind::Number, Some(_), None) => return Ok(()),
            (Kind::Text | Kind::PermanentText, None, Some(_)) => return Ok(()),
            (Kind::PermanentNumber, Some(id), None) if id.get() <= 100_000 => return Ok(()),
            (Kind::PermanentNumber, Some(_), None) => {
                ("scene_id", ["Must be at most 100000.", "最大为 100000。"])
            }
            (Kind::Number | Kind::PermanentNumber, ..) => {
                ("scene_id", ["Send the number, and no text.", "请发送数字，而不是文本。"])
            }
            (Kind::Text | Kind::PermanentText, ..) => {
                ("scene_str", ["Send the text, and no number.", "请发送文本，而不是数字。"])
            }
        };
        Err(Error::invalid(format!("action_info.scene.{field}"), problem))
    }
}

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
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Kind {
    QrScene,
    QrStrScene,
    QrLimitScene,
    QrLimitStrScene,
}

/// What a code stands for.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {
    /// The number or the text.
    pub(super) scene: Scene,
}

/// A number or a text.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scene {
    /// The number; of a permanent code at most 100,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scene_id: Option<Int<1, 4_294_967_295>>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scene_str: Option<Text<SceneText>>,
}

impl Scene {
    /// A kind of code has a number or a text.
    pub(super) fn check(&self, kind: Kind) -> Result<()> {
        let (field, problem) = match (kind, &self.scene_id, &self.scene_str) {
            (Kind::QrScene, Some(_), None) => return Ok(()),
            (Kind::QrStrScene | Kind::QrLimitStrScene, None, Some(_)) => return Ok(()),
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

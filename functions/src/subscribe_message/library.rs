//! Templates and titles, as WeChat shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::spelling::text_or_number;

/// Templates.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Templates {
    /// The templates.
    #[serde(default)]
    data: Vec<Template>,
}

/// A template of the account.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Template {
    /// What messages name as `template_id`.
    pri_tmpl_id: String,
    /// Its title.
    title: String,
    /// Its lines, as `label:{{thing1.DATA}}`.
    content: String,
    /// The same with examples.
    #[serde(default)]
    example: String,
    /// 2 for one message per consent, 3 for a long-term subscription.
    r#type: u8,
    /// What keys of a fixed choice may hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keyword_enum_value_list: Vec<Choice>,
}

/// The values that a key may hold.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Choice {
    /// The key.
    keyword_code: String,
    /// The values.
    enum_value_list: Vec<String>,
}

/// A page of titles.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Titles {
    /// How many there are.
    #[serde(default)]
    count: u64,
    /// The titles.
    #[serde(default)]
    data: Vec<Title>,
}

/// A title of the library.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Title {
    /// Its number.
    tid: u64,
    /// The title.
    title: String,
    /// 2 for one message per consent, 3 for a long-term subscription.
    r#type: u8,
    /// Its category.
    #[serde(deserialize_with = "text_or_number")]
    category_id: String,
}

//! Templates, and what they are made of, as WeChat shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::spelling::text_or_number;

/// Templates.
///
/// 模板。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Templates {
    /// The templates.
    ///
    /// 模板列表。
    #[serde(default)]
    data: Vec<Template>,
}

/// A template of the account.
///
/// 账号下的一个模板。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Template {
    /// What messages name as `template_id`.
    ///
    /// 模板 id，发送消息时作为 `template_id`。
    pri_tmpl_id: String,
    /// Its title.
    ///
    /// 模板标题。
    title: String,
    /// Its lines, as `label:{{thing1.DATA}}`.
    ///
    /// 模板内容，形如 `label:{{thing1.DATA}}`。
    content: String,
    /// The same with examples.
    ///
    /// 带示例值的模板内容。
    #[serde(default)]
    example: String,
    /// 2 for one message per consent, 3 for a long-term subscription.
    ///
    /// 2 为一次性订阅，3 为长期订阅。
    r#type: u8,
    /// What keys of a fixed choice may hold.
    ///
    /// 枚举类字段的可选值。
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keyword_enum_value_list: Vec<Choice>,
}

/// The values that a key may hold.
///
/// 字段的可选值。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Choice {
    /// The key.
    ///
    /// 字段名。
    keyword_code: String,
    /// The values.
    ///
    /// 可选值列表。
    enum_value_list: Vec<String>,
}

/// A new template.
///
/// 新添加的模板。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// What messages name as `template_id`.
    ///
    /// 模板 id，发送消息时作为 `template_id`。
    pri_tmpl_id: String,
}

/// A page of titles.
///
/// 一页模板标题。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Titles {
    /// How many there are.
    ///
    /// 总数。
    #[serde(default)]
    count: u64,
    /// The titles.
    ///
    /// 模板标题列表。
    #[serde(default)]
    data: Vec<Title>,
}

/// A title of the library.
///
/// 公共模板库中的一个标题。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Title {
    /// Its number.
    ///
    /// 标题 id。
    tid: u64,
    /// The title.
    ///
    /// 标题。
    title: String,
    /// 2 for one message per consent, 3 for a long-term subscription.
    ///
    /// 2 为一次性订阅，3 为长期订阅。
    r#type: u8,
    /// Its category.
    ///
    /// 所属类目。
    #[serde(deserialize_with = "text_or_number")]
    category_id: String,
}

/// Keywords.
///
/// 关键词。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Keywords {
    /// How many there are.
    ///
    /// 总数。
    #[serde(default)]
    count: u64,
    /// The keywords.
    ///
    /// 关键词列表。
    #[serde(default)]
    data: Vec<Keyword>,
}

/// A keyword of a title.
///
/// 模板标题下的一个关键词。
#[derive(Deserialize, Serialize, JsonSchema)]
struct Keyword {
    /// Its number, for `addTemplate`.
    ///
    /// 关键词 id，用于 `addTemplate`。
    kid: u64,
    /// Its label.
    ///
    /// 关键词的显示名称。
    name: String,
    /// An example.
    ///
    /// 示例值。
    #[serde(default)]
    example: String,
    /// What its values must be; with the number, the key: `thing1`.
    ///
    /// 参数类型；与 id 合起来即为字段名，如 `thing1`。
    rule: String,
}

//! Pages of a mini program: what WeChat allows in their addresses, and in which version they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    text,
    value::{Chars, Unit},
};

/// Which version of the mini program opens.
///
/// 打开小程序的哪个版本。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("x-shared" = true))]
pub(crate) enum EnvVersion {
    /// The released one.
    ///
    /// 正式版。
    Release,
    /// The one for testers.
    ///
    /// 体验版。
    Trial,
    /// The one under development.
    ///
    /// 开发版。
    Develop,
}

/// What WeChat calls visible characters.
const VISIBLE: Chars = Chars {
    noun: ["of letters, digits and !#$&'()*+,/:;=?@-._~", "位字母、数字和 !#$&'()*+,/:;=?@-._~"],
    unit: Unit::Characters,
    pattern: Some(r"^[A-Za-z0-9!#$&'()*+,/:;=?@\-._~]*$"),
    allow: |c| c.is_ascii_alphanumeric() || "!#$&'()*+,/:;=?@-._~".contains(c),
};

/// The same and `%`.
const ENCODED: Chars = Chars {
    noun: ["of letters, digits and !#$&'()*+,/:;=?@-._~%", "位字母、数字和 !#$&'()*+,/:;=?@-._~%"],
    unit: Unit::Characters,
    pattern: Some(r"^[A-Za-z0-9!#$&'()*+,/:;=?@\-._~%]*$"),
    allow: |c| c == '%' || (VISIBLE.allow)(c),
};

text! {
    /// A page's path, without query; empty for the first page.
    pub(crate) PagePath: 0..=1024, Chars::ANY, check |path: &str| {
        if path.contains(['?', '#']) {
            Err([
                "A path has no query; send what follows `?` in its own field.",
                "路径不含查询参数，`?` 之后的内容请放在单独的字段中。",
            ])
        } else if path.contains(char::is_whitespace) || path.contains(char::is_control) {
            Err(["A path must not contain spaces.", "路径不能含空格。"])
        } else {
            Ok(())
        }
    };
    /// A page with its query.
    pub(crate) PageWithQuery: 1..=1024, Chars::ANY;
    /// The same, or empty for none.
    pub(crate) AnyPage: 0..=1024, Chars::ANY;
    /// What the page gets of a code.
    pub(crate) Scene: 1..=32, VISIBLE,
        ["Encode anything else.", "其他字符请先编码。"], errcode 40169;
    /// What the page gets of a link.
    pub(crate) PageQuery: 0..=1024, ENCODED, ["Encode anything else.", "其他字符请先编码。"];
}

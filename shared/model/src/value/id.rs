//! WeChat's ids.

use crate::{text, value::Chars};

text! {
    /// A user as one app knows them; WeChat's own have 28 characters.
    pub Openid: 1..=128, Chars::ID, "Send the openid that a login returned.", errcode 40003;
    /// An app: `wx` and, at WeChat, 16 hexadecimal digits.
    pub AppId: 4..=32, Chars::ID, "An app id is `wx` followed by letters and digits.", errcode 40013,
        check |text: &str| {
            if text.starts_with("wx") { Ok(()) } else { Err("An app id begins with `wx`.") }
        };
    /// A message template; WeChat's own have 43 characters.
    pub TemplateId: 1..=128, Chars::VISIBLE, "Copy the template's id from the WeChat console.",
        errcode 40037;
    /// A file that WeChat keeps.
    pub MediaId: 1..=256, Chars::ID, "Send the media_id or serverId unchanged.", errcode 40007;
}

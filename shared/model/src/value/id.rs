//! WeChat's ids.

use crate::{text, value::Chars};

text! {
    /// A user as one app knows them; WeChat's own have 28 characters.
    pub Openid: 1..=128, Chars::ID,
        ["Send the openid that a login returned.", "请发送登录返回的 openid。"], errcode 40003;
    /// An app: `wx` and, at WeChat, 16 hexadecimal digits.
    pub AppId: 3..=32, Chars::ID,
        [
            "An app id is `wx` followed by letters and digits.",
            "appid 为 `wx` 加字母和数字。",
        ], errcode 40013,
        check |text: &str| {
            if text.starts_with("wx") { Ok(()) } else { Err([
                "An app id begins with `wx`.",
                "appid 以 `wx` 开头。",
            ]) }
        };
    /// A message template; WeChat's own have 43 characters.
    pub TemplateId: 1..=128, Chars::VISIBLE,
        ["Copy the template's id from the WeChat console.", "请从微信公众平台复制模板 ID。"],
        errcode 40037;
    /// A file that WeChat keeps.
    pub MediaId: 1..=256, Chars::ID,
        [
            "Send the media_id or serverId unchanged.",
            "请原样发送 media_id 或 serverId。",
        ], errcode 40007;
}

//! Codes that open the mini program when they are scanned.
//!
//! 扫码打开小程序的小程序码与二维码。

mod create_qr_code;
mod get;
mod get_unlimited;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use shared::{
    Error, File, Problem, Refusal, Result, Wait,
    capability::WechatCall,
    quota_left,
    value::{Fault, Int, Rule, Text},
};

pub use create_qr_code::CreateQrCode;
pub use get::Get;
pub use get_unlimited::GetUnlimited;

/// The color of the lines.
///
/// 线条颜色。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "AnyColor")]
#[schemars(extend("x-shared" = true))]
pub struct LineColor {
    r: u8,
    g: u8,
    b: u8,
}

/// `{"r":0,"g":0,"b":0}`, or `"#rrggbb"`, which fits into a query.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a color is {\"r\":0,\"g\":0,\"b\":0} or \"#rrggbb\"")]
enum AnyColor {
    Hex(#[schemars(regex(pattern = r"^#?[0-9A-Fa-f]{6}$"))] String),
    Channels { r: Channel, g: Channel, b: Channel },
}

/// 0 to 255, as a number or, as WeChat's own samples have it, as a text.
///
/// 0 到 255，数字，或如微信示例那样写作文本。
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ColorChannel", extend("x-shared" = true))]
enum Channel {
    Number(u8),
    Text(String),
}

impl TryFrom<AnyColor> for LineColor {
    type Error = Fault;

    fn try_from(color: AnyColor) -> Result<LineColor, Fault> {
        let channel = |channel| match channel {
            Channel::Number(number) => Ok(number),
            Channel::Text(text) => text.parse().map_err(|_| {
                Fault::new(["A color has channels of 0 to 255.", "颜色的各通道为 0 到 255。"])
            }),
        };
        match color {
            AnyColor::Channels { r, g, b } => {
                Ok(LineColor { r: channel(r)?, g: channel(g)?, b: channel(b)? })
            }
            AnyColor::Hex(text) => {
                let digits = text.strip_prefix('#').unwrap_or(&text);
                let number = u32::from_str_radix(digits, 16).ok();
                let number = number.filter(|_| digits.len() == 6 && !digits.starts_with('+'));
                let [_, r, g, b] = number
                    .ok_or_else(|| {
                        Fault::new(["A color is six hex digits.", "颜色为六位十六进制数字。"])
                    })?
                    .to_be_bytes();
                Ok(LineColor { r, g, b })
            }
        }
    }
}

/// The width of a code in px.
pub(crate) type Width = Int<280, 1280>;

#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::new(40097, Problem::InvalidInput, ["WeChat does not accept one of the arguments.", "微信不接受其中一个参数。"]),
    Refusal::new(40129, Problem::InvalidInput, ["WeChat does not accept a character of the scene.", "scene 含有微信不接受的字符。"]).field("scene"),
    Refusal::new(40159, Problem::InvalidInput, ["WeChat does not accept the path; check its length.", "微信不接受该路径，请检查其长度。"]).field("path").foreseen(),
    Refusal::new(40169, Problem::InvalidInput, ["WeChat does not accept the length of the scene.", "微信不接受该 scene 的长度。"]).field("scene").foreseen(),
    Refusal::new(41030, Problem::InvalidInput, ["The released version has no such page; see check_path.", "已发布的版本没有该页面，见 check_path。"]).field("page").foreseen(),
    Refusal::new(45009, Problem::QuotaExceeded, ["WeChat's limit for this minute is reached.", "已达到微信的每分钟调用上限。"]).wait(Wait::Seconds(60)),
    Refusal::new(45029, Problem::AccountNotPermitted, ["The account's 100,000 codes are used up for good; use wxacode.getUnlimited.", "该账号的 10 万个小程序码已永久用完，请使用 wxacode.getUnlimited。"]),
    Refusal::new(85096, Problem::InvalidInput, ["WeChat reserves the parameter scancode_time for itself.", "参数 scancode_time 由微信保留。"]),
];

/// A page's address whose spaces a query made of its `+`: a page gets no spaces but `%20`.
fn with_plus<'de, R: Rule, D: Deserializer<'de>>(from: D) -> Result<Text<R>, D::Error> {
    let text = String::deserialize(from)?;
    Text::new(text.replace(' ', "+")).map_err(serde::de::Error::custom)
}

/// How many codes with a path an account may have drawn in its life.
const FOR_LIFE: u64 = 100_000;

/// Has WeChat draw a code.
async fn draw(call: WechatCall<'_>) -> Result<File> {
    let call = call.binary().within(Duration::from_secs(20)).refusals(REFUSALS);
    let answer = call.send().await?;
    let (content_type, name) = match *answer.body {
        [0xff, 0xd8, 0xff, ..] => ("image/jpeg", "wxacode.jpg"),
        [0x89, b'P', b'N', b'G', ..] => ("image/png", "wxacode.png"),
        _ => {
            let detail = [
                "WeChat returned something other than an image; try again.",
                "微信返回的不是图片，请重试。",
            ];
            return Err(Error::new(Problem::WechatUnreachable, detail));
        }
    };
    if let Some(used) = answer.num_used {
        // Both operations that count draw on the same number.
        quota_left("/wxa/getwxacode", FOR_LIFE.saturating_sub(used));
    }
    let name = Some(name.into());
    Ok(File {
        content_type: content_type.into(),
        name,
        num_used: answer.num_used,
        bytes: answer.body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_channels_or_hex() {
        let read = |json: &str| serde_json::from_str::<LineColor>(json).ok();
        let orange = Some(LineColor { r: 255, g: 128, b: 0 });
        for json in [
            r#"{"r":255,"g":128,"b":0}"#,
            r#"{"r":"255","g":"128","b":"0"}"#,
            r##""#ff8000""##,
            r#""FF8000""#,
        ] {
            assert_eq!(read(json), orange, "{json}");
        }
        for json in [
            r#"{"r":256,"g":0,"b":0}"#,
            r#"{"r":"-1","g":0,"b":0}"#,
            r#"{"r":0,"g":0}"#,
            r#""red""#,
            r#""+f8000""#,
            r#""é1234""#,
            "1",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}

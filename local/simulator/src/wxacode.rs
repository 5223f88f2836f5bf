//! Codes to scan: `getwxacodeunlimit`, `getwxacode`, `createwxaqrcode`.

mod picture;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::picture::{Picture, Shape};
use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, AccountKind};

/// In px, unless the caller says otherwise.
const WIDTH: u32 = 430;

/// What WeChat takes with `auto_color`; the real one takes it from the account's picture.
const GREEN: [u8; 3] = [7, 193, 96];

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    vec![
        Route::post("/wxa/getwxacodeunlimit", unlimited).only(MINI).per_minute(5_000),
        Route::post("/wxa/getwxacode", with_path).only(MINI),
        Route::post("/cgi-bin/wxaapp/createwxaqrcode", square).only(MINI),
    ]
}

/// Codes with a path so far, by appid.
#[derive(Default, Serialize, Deserialize)]
struct Drawn(HashMap<String, u32>);

#[derive(Deserialize)]
struct Style {
    width: Option<u32>,
    auto_color: Option<bool>,
    line_color: Option<Color>,
    is_hyaline: Option<bool>,
    env_version: Option<String>,
}

/// Numbers, or the texts that WeChat's documents show.
#[derive(Deserialize)]
struct Color {
    r: Value,
    g: Value,
    b: Value,
}

#[derive(Deserialize)]
struct Unlimited {
    scene: Option<String>,
    page: Option<String>,
    check_path: Option<bool>,
    #[serde(flatten)]
    style: Style,
}

#[derive(Deserialize)]
struct WithPath {
    path: Option<String>,
    #[serde(flatten)]
    style: Style,
}

#[derive(Deserialize)]
struct Square {
    path: Option<String>,
    width: Option<u32>,
}

/// `POST /wxa/getwxacodeunlimit`
fn unlimited(call: &Call) -> Answer {
    let account = call.account()?;
    let Unlimited { scene, page, check_path, style } = call.json()?;
    let scene = scene.unwrap_or_default();
    if scene.is_empty() || scene.chars().count() > 32 {
        return Err(refuse(40169, "invalid length for scene, or the data is not json string"));
    }
    let visible = |c: char| c.is_ascii_alphanumeric() || "!#$&'()*+,/:;=?@-._~".contains(c);
    if !scene.chars().all(visible) {
        return Err(refuse(40129, "invalid scene"));
    }
    let page = page.unwrap_or_default();
    let unknown = check_path.unwrap_or(true) && !account.has_page(&page);
    if page.starts_with('/') || page.contains('?') || unknown {
        return Err(refuse(41030, "invalid page"));
    }
    style.draw(&[&account.appid, &page, &scene])
}

/// `POST /wxa/getwxacode`
fn with_path(call: &Call) -> Answer {
    let account = call.account()?;
    let WithPath { path, style } = call.json()?;
    let path = path.unwrap_or_default();
    check_path(&path, |path| path.chars().count() <= 1024)?;
    let reply = style.draw(&[&account.appid, &path])?;
    count(call, &account, reply)
}

/// `POST /cgi-bin/wxaapp/createwxaqrcode`
fn square(call: &Call) -> Answer {
    let account = call.account()?;
    let Square { path, width } = call.json()?;
    let path = path.unwrap_or_default();
    check_path(&path, |path| path.chars().count() <= 128)?;
    let width = check_width(width)?;
    let code = Picture { shape: Shape::Square, width, ink: [0; 3], transparent: false };
    let reply = Reply::binary("image/jpeg", code.draw(&[&account.appid, &*path].join("\n")));
    count(call, &account, reply)
}

fn check_path(path: &str, fits: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    if path.is_empty() || !fits(path) {
        return Err(refuse(40159, "invalid length for path, or the data is not json string"));
    }
    if path.contains("scancode_time=") {
        return Err(refuse(85096, "not allow include scancode_time field"));
    }
    Ok(())
}

/// Both interfaces draw from one stock.
fn count(call: &Call, account: &Account, reply: Reply) -> Answer {
    let drawn = call.simulator.kept(|Drawn(drawn): &mut Drawn| {
        let drawn = drawn.entry(account.appid.clone()).or_default();
        if *drawn >= account.code_limit {
            return Err(refuse(45029, "qrcode count out of limit"));
        }
        *drawn += 1;
        Ok(*drawn)
    })?;
    Ok(reply.with_header("num-used", drawn.to_string()))
}

fn check_width(width: Option<u32>) -> Result<u32, Refusal> {
    let width = width.unwrap_or(WIDTH);
    if (280..=1280).contains(&width) { Ok(width) } else { Err(refuse(40097, "invalid args")) }
}

impl Style {
    /// A code for what it is to open.
    fn draw(&self, content: &[&str]) -> Answer {
        let width = check_width(self.width)?;
        let version = self.env_version.as_deref().unwrap_or("release");
        if !["release", "trial", "develop"].contains(&version) {
            return Err(refuse(40097, "invalid args"));
        }
        let ink = match (&self.line_color, self.auto_color) {
            (_, Some(true)) => GREEN,
            (None, _) => [0; 3],
            (Some(color), _) => color.channels().ok_or_else(|| refuse(40097, "invalid args"))?,
        };
        let transparent = self.is_hyaline == Some(true);
        let code = Picture { shape: Shape::Round, width, ink, transparent };
        let content_type = if transparent { "image/png" } else { "image/jpeg" };
        let content = [&[version], content].concat().join("\n");
        Ok(Reply::binary(content_type, code.draw(&content)))
    }
}

impl Color {
    fn channels(&self) -> Option<[u8; 3]> {
        let channel = |value: &Value| match value {
            Value::Number(number) => number.as_u64()?.try_into().ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        Some([channel(&self.r)?, channel(&self.g)?, channel(&self.b)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simulator;
    use crate::fixture::{MINI, OFFICIAL, simulator};

    impl Simulator {
        async fn draw(&self, path: &str, body: &str) -> Reply {
            let uri = format!("{path}?access_token={}", self.token(MINI));
            self.send("POST", &uri, body).await.unwrap()
        }
    }

    #[tokio::test]
    async fn codes_are_images_and_refusals_json() {
        let (_, simulator) = simulator();
        for (body, code) in [
            (r#"{"scene":"id=42"}"#, None),
            (r##"{"scene":"!#$&'()*+,/:;=?@-._~09azAZ"}"##, None),
            (r#"{"scene":"a","page":"pages/index/index","width":1280}"#, None),
            (r#"{"scene":"a","page":"pages/none","check_path":false}"#, None),
            (r#"{"scene":"a","line_color":{"r":0,"g":"7","b":255}}"#, None),
            (r#"{}"#, Some(40169)),
            (r#"{"scene":"123456789012345678901234567890123"}"#, Some(40169)),
            (r#"{"scene":"a%20"}"#, Some(40129)),
            (r#"{"scene":"中"}"#, Some(40129)),
            (r#"{"scene":"a","page":"pages/none"}"#, Some(41030)),
            (r#"{"scene":"a","page":"/pages/index/index"}"#, Some(41030)),
            (r#"{"scene":"a","page":"pages/index/index?a=1"}"#, Some(41030)),
            (r#"{"scene":"a","check_path":"false"}"#, Some(47001)),
            (r#"{"scene":"a","is_hyaline":1}"#, Some(47001)),
            (r#"{"scene":"a","width":279}"#, Some(40097)),
            (r#"{"scene":"a","env_version":"beta"}"#, Some(40097)),
            (r#"{"scene":"a","line_color":{"r":0,"g":0,"b":256}}"#, Some(40097)),
        ] {
            let reply = simulator.draw("/wxa/getwxacodeunlimit", body).await;
            assert_eq!(reply.errcode, code, "{body}");
            assert_eq!(reply.body.starts_with(b"\xff\xd8\xff"), code.is_none(), "{body}");
        }
        let clear = simulator.draw("/wxa/getwxacode", r#"{"path":"a","is_hyaline":true}"#).await;
        assert_eq!(clear.content_type.as_deref(), Some("image/png"));
        assert!(clear.body.starts_with(b"\x89PNG"));
    }

    #[tokio::test]
    async fn a_code_looks_as_asked() {
        let (_, simulator) = simulator();
        let round = "/wxa/getwxacodeunlimit";
        let image = async |path: &str, body: &str| {
            let body = simulator.draw(path, body).await.body;
            image::load_from_memory(&body).unwrap().into_rgba8()
        };
        // The middle of a mini-program code is a disc, and the corner background.
        for (style, width, middle, corner) in [
            ("", 430, [0, 0, 0, 255], 255),
            (r#","width":280,"is_hyaline":true"#, 280, [0, 0, 0, 255], 0),
            (r#","line_color":{"r":1,"g":"2","b":3},"is_hyaline":true"#, 430, [1, 2, 3, 255], 0),
            (
                r#","auto_color":true,"line_color":{"r":1,"g":2,"b":3},"is_hyaline":true"#,
                430,
                [7, 193, 96, 255],
                0,
            ),
        ] {
            let image = image(round, &format!(r#"{{"scene":"a"{style}}}"#)).await;
            assert_eq!(image.dimensions(), (width, width), "{style}");
            assert_eq!(image.get_pixel(width / 2, width / 2).0, middle, "{style}");
            assert_eq!(image.get_pixel(0, 0).0[3], corner, "{style}");
        }
        // What it opens makes the pattern.
        let first = image(round, r#"{"scene":"a"}"#).await;
        assert!(first == image(round, r#"{"scene":"a","env_version":"release"}"#).await);
        for other in [r#"{"scene":"b"}"#, r#"{"scene":"a","env_version":"trial"}"#] {
            assert!(first != image(round, other).await, "{other}");
        }
        let (round, square) = ("/wxa/getwxacode", "/cgi-bin/wxaapp/createwxaqrcode");
        assert!(image(round, r#"{"path":"a"}"#).await != image(square, r#"{"path":"a"}"#).await);
    }

    #[tokio::test]
    async fn codes_with_a_path_come_from_one_stock() {
        let (_, simulator) = simulator();
        simulator.change_account(MINI, |account| account.code_limit = 2);
        let (round, square) = ("/wxa/getwxacode", "/cgi-bin/wxaapp/createwxaqrcode");
        let path = |length: usize| format!(r#"{{"path":"{}"}}"#, "x".repeat(length));

        assert_eq!(simulator.draw(square, &path(129)).await.errcode, Some(40159));
        assert_eq!(simulator.draw(round, &path(1025)).await.errcode, Some(40159));
        let reserved = r#"{"path":"a?scancode_time=1"}"#;
        assert_eq!(simulator.draw(round, reserved).await.errcode, Some(85096));
        let first = simulator.draw(square, &path(128)).await;
        assert_eq!(first.headers, [("num-used", "1".to_owned())]);
        assert_eq!(simulator.draw(round, &path(1024)).await.errcode, None);
        assert_eq!(simulator.draw(square, &path(1)).await.errcode, Some(45029));
        let uri = format!("{round}?access_token={}", simulator.token(OFFICIAL));
        assert_eq!(simulator.send("POST", &uri, "{}").await.unwrap().errcode, Some(48001));
    }
}

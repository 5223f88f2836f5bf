//! Codes to scan: `getwxacodeunlimit`, `getwxacode`, `createwxaqrcode`.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, AccountKind};

/// One gray pixel: no code, but an image that decodes.
const JPEG: &str = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=";
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    vec![
        Route::post("/wxa/getwxacodeunlimit", unlimited).only(MINI).per_minute(5_000),
        Route::post("/wxa/getwxacode", with_path).only(MINI),
        Route::post("/cgi-bin/wxaapp/createwxaqrcode", square).only(MINI),
    ]
}

/// Codes with a path so far, by appid.
#[derive(Default)]
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
    style.draw()
}

/// `POST /wxa/getwxacode`
fn with_path(call: &Call) -> Answer {
    let account = call.account()?;
    let WithPath { path, style } = call.json()?;
    check_path(path.as_deref().unwrap_or_default(), |path| path.chars().count() <= 1024)?;
    let reply = style.draw()?;
    count(call, &account, reply)
}

/// `POST /cgi-bin/wxaapp/createwxaqrcode`
fn square(call: &Call) -> Answer {
    let account = call.account()?;
    let WithPath { path, style } = call.json()?;
    check_path(path.as_deref().unwrap_or_default(), |path| path.len() <= 128)?;
    let reply = Style { is_hyaline: None, ..style }.draw()?;
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
    let drawn = call.simulator.state(|Drawn(drawn): &mut Drawn| {
        let drawn = drawn.entry(account.appid.clone()).or_default();
        if *drawn >= account.code_limit {
            return Err(refuse(45029, "qrcode count out of limit"));
        }
        *drawn += 1;
        Ok(*drawn)
    })?;
    Ok(reply.with_header("num-used", drawn.to_string()))
}

impl Style {
    fn draw(&self) -> Answer {
        let invalid = || refuse(40097, "invalid args");
        if self.width.is_some_and(|width| !(280..=1280).contains(&width)) {
            return Err(invalid());
        }
        if !matches!(self.env_version.as_deref(), None | Some("release" | "trial" | "develop")) {
            return Err(invalid());
        }
        let channel = |value: &Value| match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        if let (None | Some(false), Some(Color { r, g, b })) = (self.auto_color, &self.line_color)
            && ![r, g, b].iter().all(|value| channel(value).is_some_and(|value| value <= 255))
        {
            return Err(invalid());
        }
        let (content_type, image) = match self.is_hyaline {
            Some(true) => ("image/png", PNG),
            _ => ("image/jpeg", JPEG),
        };
        let image = BASE64_STANDARD.decode(image).expect("the images are base64");
        Ok(Reply::binary(content_type, image))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Simulator;
    use super::super::bench::{MINI, OFFICIAL, simulator};
    use super::*;

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

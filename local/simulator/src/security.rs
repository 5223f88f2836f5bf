//! Content checks: `wxa/msg_sec_check`, both versions, `wxa/img_sec_check`,
//! and `wxa/media_check_async`.

use std::convert::Infallible;
use std::io::Cursor;

use futures_util::{FutureExt, stream};
use http::header::CONTENT_TYPE;
use hyper::body::Bytes;
use image::{ImageFormat, ImageReader};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::is_openid_of;
use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, AccountKind, Simulator, push};

const VISIT_MS: u64 = 2 * 3_600_000;

/// WeChat's own texts to test the checks with.
const RISKY: &str = "特3456书yuuo莞6543李zxcz蒜7782法fgnv级";
const DOUBTFUL: &str = "完2347全dfji试3726测asad感3847知qwez到";

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    let text = Route::post("/wxa/msg_sec_check", msg_sec_check);
    let image = Route::post("/wxa/img_sec_check", img_sec_check);
    vec![
        text.only(MINI).daily(2_000_000).per_minute(4_000),
        image.only(MINI).daily(200_000).per_minute(2_000),
        Route::post("/wxa/media_check_async", media_check_async)
            .only(MINI)
            .daily(200_000)
            .per_minute(2_000),
    ]
}

/// A file sent in a form.
#[derive(Clone, Debug)]
pub struct CheckedImage {
    /// Its name, as the form says.
    pub file_name: String,
    /// Its type, as the form says.
    pub content_type: String,
    /// Its content.
    pub bytes: Bytes,
}

/// The image that was checked last.
#[derive(Default)]
struct LastImage(Option<CheckedImage>);

impl Simulator {
    /// The image that was checked last, as it arrived.
    pub fn last_image(&self) -> Option<CheckedImage> {
        self.state(|LastImage(image): &mut LastImage| image.clone())
    }
}

#[derive(Deserialize)]
struct Text {
    content: Option<String>,
    version: Option<u8>,
    scene: Option<i64>,
    openid: Option<String>,
    title: Option<String>,
    nickname: Option<String>,
    signature: Option<String>,
}

/// `POST /wxa/msg_sec_check`: risk is a verdict in version 2, and was an error in version 1.
fn msg_sec_check(call: &Call) -> Answer {
    let account = call.account()?;
    let text: Text = call.json()?;
    let content = text.content.clone().unwrap_or_default();
    if content.is_empty() {
        return Err(refuse(44002, "empty content"));
    }
    match text.version {
        None | Some(1) if content.len() > 500 * 1024 => {
            Err(refuse(45002, "content size out of limit"))
        }
        None | Some(1) if content.contains(RISKY) => Err(refuse(87014, "risky content")),
        None | Some(1) => Ok(Reply::ok(json!({}))),
        Some(2) => second_version(call, &account, &text, &content),
        Some(_) => Err(refuse(40097, "invalid args")),
    }
}

fn second_version(call: &Call, account: &Account, text: &Text, content: &str) -> Answer {
    if !matches!(text.scene, Some(1..=4)) {
        return Err(refuse(40129, "invalid scene"));
    }
    visited(call, account, text.openid.as_deref())?;
    if content.chars().count() > 2_500 {
        return Err(refuse(45002, "content size out of limit"));
    }
    let all =
        [Some(content), text.title.as_deref(), text.nickname.as_deref(), text.signature.as_deref()];
    let has = |sample: &str| all.iter().flatten().any(|part| part.contains(sample));
    let (suggest, label) = match () {
        () if has(RISKY) => ("risky", 20_001),
        () if has(DOUBTFUL) => ("review", 21_000),
        () => ("pass", 100),
    };
    let model = json!({
        "strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90,
    });
    let keyword: Value = json!({ "strategy": "keyword", "errcode": 0 });
    Ok(Reply::ok(json!({
        "result": { "suggest": suggest, "label": label }, "detail": [model, keyword],
        "trace_id": call.simulator.rid(),
    })))
}

/// `POST /wxa/img_sec_check`: an image that is red in its middle is risky here.
fn img_sec_check(call: &Call) -> Answer {
    call.account()?;
    let upload = read_form(call)?;
    let kinds = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif];
    let format = image::guess_format(&upload.bytes).ok().filter(|format| kinds.contains(format));
    let too_big = || refuse(40006, "invalid media size");
    let format = format.ok_or(refuse(40004, "invalid media type"))?;
    if upload.bytes.len() > 1 << 20 {
        return Err(too_big());
    }
    let reader = ImageReader::with_format(Cursor::new(&upload.bytes), format);
    let (width, height) =
        reader.into_dimensions().map_err(|_| refuse(40004, "invalid media type"))?;
    if width > 750 || height > 1334 {
        return Err(too_big());
    }
    let image = image::load_from_memory_with_format(&upload.bytes, format)
        .map_err(|_| refuse(40004, "invalid media type"))?
        .into_rgb8();
    call.simulator.state(|LastImage(last): &mut LastImage| *last = Some(upload));
    match image.get_pixel(width / 2, height / 2).0 {
        [200..=255, ..=60, ..=60] => Err(refuse(87014, "risky content")),
        _ => Ok(Reply::ok(json!({}))),
    }
}

/// The part `media`: WeChat wants a file name, and sees no file whose name is not ASCII.
pub(super) fn read_form(call: &Call) -> Result<CheckedImage, Refusal> {
    let malformed = || refuse(47001, "data format error");
    let missing = || refuse(41005, "media data missing");
    let content_type = call.request.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(|_| malformed())?;
    let body = stream::iter([Ok::<_, Infallible>(call.request.body().clone())]);
    let mut form = multer::Multipart::new(body, boundary);
    // The whole body is here, so that nothing is waited for.
    let read = async {
        while let Some(part) = form.next_field().await.map_err(|_| malformed())? {
            if part.name() != Some("media") {
                continue;
            }
            let file_name = part.file_name().map(str::to_owned).ok_or_else(missing)?;
            let content_type = part.content_type().map(ToString::to_string).unwrap_or_default();
            let bytes = part.bytes().await.map_err(|_| malformed())?;
            if bytes.is_empty() || file_name.is_empty() || !file_name.is_ascii() {
                return Err(missing());
            }
            return Ok(CheckedImage { file_name, content_type, bytes });
        }
        Err(missing())
    };
    read.now_or_never().unwrap_or_else(|| Err(malformed()))
}

/// The openid is one of the app's, and its owner was there within two hours.
fn visited(call: &Call, account: &Account, openid: Option<&str>) -> Result<(), Refusal> {
    let openid = openid.unwrap_or_default();
    if openid.is_empty() {
        return Err(refuse(40003, "invalid openid"));
    }
    if !is_openid_of(&account.appid, openid) {
        return Err(refuse(43104, "The openid does not match the appid"));
    }
    let visited_at = call.simulator.visited_at(&account.appid, openid);
    if visited_at.is_none_or(|at| at + VISIT_MS < call.now_ms()) {
        return Err(refuse(61010, "code is expired"));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Media {
    media_url: Option<String>,
    media_type: Option<i64>,
    version: Option<i64>,
    scene: Option<i64>,
    openid: Option<String>,
}

/// `POST /wxa/media_check_async`: the verdict is pushed after a while. The URL says which:
/// `risky`, `review` or `missing` (the download fails) in it, else it is `pass`.
///
/// WeChat: [`media_check_async`][doc]
///
/// [doc]: https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_mediacheckasync.html
fn media_check_async(call: &Call) -> Answer {
    let account = call.account()?;
    let media: Media = call.json()?;
    let url = media.media_url.as_deref().unwrap_or_default();
    if !url.starts_with("http") {
        return Err(refuse(47001, "data format error"));
    }
    if !matches!(media.media_type, Some(1 | 2)) {
        return Err(refuse(40004, "invalid media type"));
    }
    let second = media.version == Some(2);
    if second {
        if !matches!(media.scene, Some(1..=4)) {
            return Err(refuse(40129, "invalid scene"));
        }
        visited(call, &account, media.openid.as_deref())?;
    }
    let trace_id = match second {
        true => call.simulator.rid(),
        false => super::hex(&call.simulator.random::<16>()),
    };
    let (suggest, label, errcode) = match () {
        () if url.contains("risky") => ("risky", 20_002, 0),
        () if url.contains("review") => ("review", 21_000, 0),
        () if url.contains("missing") => ("pass", 100, -1008),
        () => ("pass", 100, 0),
    };
    let mut event = json!({
        "FromUserName": "o-platform-push-user", "Event": "wxa_media_check",
        "appid": account.appid, "trace_id": trace_id,
    });
    let verdict = if second {
        let errmsg = if errcode == 0 { "ok" } else { "download failed" };
        let detail = json!([{ "strategy": "content_model", "errcode": errcode, "suggest": suggest,
            "label": label, "prob": 90 }]);
        json!({ "version": 2, "detail": detail, "errcode": errcode, "errmsg": errmsg,
            "result": { "suggest": suggest, "label": label } })
    } else {
        // -1008 without its sign.
        let status_code = if errcode == 0 { 0_u64 } else { 4_294_966_288 };
        json!({ "isrisky": u8::from(suggest == "risky"), "extra_info_json": "",
            "status_code": status_code, "detail": [] })
    };
    if let (Some(event), Value::Object(mut verdict)) = (event.as_object_mut(), verdict) {
        event.append(&mut verdict);
        push::post(call.simulator, &account, event.clone(), account.media_check_s * 1_000);
    }
    Ok(Reply::ok(json!({ "trace_id": trace_id })))
}

#[cfg(test)]
mod tests {
    use http::Request;
    use image::{Rgb, RgbImage};

    use super::super::User;
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, SECRET, errcode, simulator};

    impl Simulator {
        fn check_text(&self, body: &Value) -> Value {
            let uri = format!("/wxa/msg_sec_check?access_token={}", self.token(MINI));
            self.post(&uri, &body.to_string())
        }

        fn visit(&self, user: &User) {
            let grant = "grant_type=authorization_code";
            let code = self.mint_code(MINI, user);
            let query = format!("{grant}&appid={MINI}&secret={SECRET}&js_code={code}");
            self.get(&format!("/sns/jscode2session?{query}"));
        }
    }

    #[test]
    fn the_second_version_judges_visitors() {
        let (clock, simulator) = simulator();
        let (alice, bob) = (User::new("alice"), User::new("bob"));
        simulator.visit(&alice);
        let body = |name: &str, value: Value| {
            let mut body = json!({
                "content": "hello", "version": 2, "scene": 2, "openid": alice.openid(MINI),
            });
            body[name] = value;
            simulator.check_text(&body)
        };

        assert_eq!(body("title", json!("x"))["result"], json!({ "suggest": "pass", "label": 100 }));
        assert_eq!(body("content", json!(RISKY))["result"]["suggest"], "risky");
        assert_eq!(body("nickname", json!(DOUBTFUL))["result"]["suggest"], "review");
        assert_eq!(errcode(&body("scene", json!(5))), 40129);
        assert_eq!(errcode(&body("scene", json!("2"))), 47001);
        assert_eq!(errcode(&body("openid", json!(""))), 40003);
        assert_eq!(errcode(&body("openid", json!(alice.openid(OFFICIAL)))), 43104);
        assert_eq!(errcode(&body("openid", json!(bob.openid(MINI)))), 61010);
        assert_eq!(errcode(&body("content", json!("中".repeat(2_500)))), 0);
        assert_eq!(errcode(&body("content", json!("中".repeat(2_501)))), 45002);
        assert_eq!(errcode(&body("content", json!(""))), 44002);
        clock.advance_ms(7_200_001);
        assert_eq!(errcode(&body("title", json!("x"))), 61010);
    }

    #[test]
    fn the_first_version_still_answers() {
        let (_, simulator) = simulator();

        assert_eq!(errcode(&simulator.check_text(&json!({ "content": "hello" }))), 0);
        assert_eq!(errcode(&simulator.check_text(&json!({ "content": RISKY }))), 87014);
    }

    /// An image of one color as a PNG.
    fn png(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(width, height, Rgb(color))
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn images_come_in_forms_and_are_small() {
        let (_, simulator) = simulator();
        let token = simulator.token(MINI);
        let send = |content_type: &str, head: &str, file: &[u8]| {
            let body = [head.as_bytes(), file, b"\r\n--x--\r\n"].concat();
            let request = Request::post(format!("/wxa/img_sec_check?access_token={token}"))
                .header("content-length", body.len())
                .header("content-type", content_type)
                .body(Bytes::from(body))
                .unwrap();
            Call::new(&simulator, &request, [127, 0, 0, 1].into()).perform().errcode
        };
        let form = "multipart/form-data; boundary=x";
        let head = |rest: &str| format!("--x\r\nContent-Disposition: form-data; {rest}\r\n\r\n");
        let media = head("name=\"media\"; filename=\"a.png\"\r\nContent-Type: image/png");
        let green = png(750, 1334, [0, 200, 0]);

        assert_eq!(send(form, &media, &green), Some(0));
        assert_eq!(simulator.last_image().unwrap().content_type, "image/png");
        assert_eq!(send(form, &media, &png(10, 10, [250, 0, 0])), Some(87014));
        assert_eq!(send(form, &media, &png(751, 1, [0; 3])), Some(40006));
        assert_eq!(send(form, &media, &png(1, 1335, [0; 3])), Some(40006));
        assert_eq!(send(form, &media, &[&green[..], &[0; 1 << 20]].concat()), Some(40006));
        assert_eq!(send(form, &media, b""), Some(41005));
        assert_eq!(send(form, &media, b"%PDF"), Some(40004));
        for rest in [
            "name=\"file\"; filename=\"a.png\"",
            "name=\"media\"",
            "name=\"media\"; filename=\"猫.png\"",
        ] {
            assert_eq!(send(form, &head(rest), &green), Some(41005), "{rest}");
        }
        assert_eq!(send("application/json", "{\"media\":1}", b""), Some(47001));
    }

    #[tokio::test]
    async fn media_are_judged_after_a_while_by_a_push() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice");
        let check = |url: &str, version: u8| {
            let uri = format!("/wxa/media_check_async?access_token={}", simulator.token(MINI));
            let body = json!({ "media_url": url, "media_type": 2, "version": version, "scene": 1,
                "openid": alice.openid(MINI) });
            simulator.post(&uri, &body.to_string())
        };

        assert_eq!(errcode(&check("https://example.com/a.png", 2)), 61010);
        simulator.visit(&alice);
        assert_eq!(errcode(&check("cloud", 2)), 47001);
        simulator.change_account(MINI, |account| {
            account.push = Some(crate::Push {
                url: "http://127.0.0.1:1/".into(),
                token: "token".into(),
                key: String::new(),
                mode: crate::PushMode::Plain,
                format: crate::Format::Json,
            });
        });
        let trace_id = check("https://example.com/risky.png", 2)["trace_id"].clone();
        check("https://example.com/missing.png", 2);
        check("https://example.com/risky.png", 1);
        let pushes = simulator.pushes();
        let message = |at: usize| Value::from(pushes[at].message.clone().unwrap());
        assert_eq!((&message(0)["trace_id"], pushes[0].attempts.len()), (&trace_id, 0));
        assert_eq!(message(0)["result"], json!({ "suggest": "risky", "label": 20_002 }));
        assert_eq!(message(0)["CreateTime"], clock.now());
        assert_eq!(message(1)["errcode"], -1008);
        assert_eq!(
            (message(2)["isrisky"].clone(), message(2)["detail"].clone()),
            (json!(1), json!([]))
        );
    }
}

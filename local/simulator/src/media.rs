//! What was uploaded, for three days: `cgi-bin/media/get` and `cgi-bin/media/upload`.

use std::collections::HashMap;

use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Answer, Call, Reply, Route, refuse};
use super::{AccountKind, Simulator, base64url, kept, security::read_form};

const LIFE_MS: u64 = 3 * 86_400_000;

/// A green rectangle.
const JPEG: &[u8] = include_bytes!("media/demo.jpg");

/// A fifth of a second of silence at 8 kHz.
const AMR: &[u8] = b"#!AMR\n\x3c\x48\xf5\x1f\x96\x66\x79\xe1\xe0\x01\xe7\xba\xf0\0\0\0\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Speex frames have no mark to know them by.
const SPEEX: &[u8] = b"\x36\x9d\x1b\x9a\x20\x00\x01\x68\xe8\xe8\xe8\xe8\xe8\xe8\xe8\x84\x00\xb4";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/cgi-bin/media/get", get)
            .daily(10_000)
            .only(&[AccountKind::OfficialAccount, AccountKind::MiniProgram]),
        Route::get("/cgi-bin/media/get/jssdk", get_jssdk)
            .daily(10_000)
            .only(&[AccountKind::OfficialAccount]),
        Route::post("/cgi-bin/media/upload", upload)
            .daily(5_000)
            .only(&[AccountKind::OfficialAccount, AccountKind::MiniProgram]),
    ]
}

/// Something to upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Upload {
    /// An image, of whatever bytes.
    Image(#[serde(with = "kept::base64")] Bytes),
    /// A voice: the 8 kHz amr, and the 16 kHz speex of the JS-SDK.
    Voice {
        /// What `media/get` gives.
        #[serde(with = "kept::base64")]
        amr: Bytes,
        /// What `media/get/jssdk` gives.
        #[serde(with = "kept::base64")]
        speex: Bytes,
    },
    /// A video, which is not given but where it is.
    Video {
        /// Where it is.
        url: String,
    },
}

#[derive(Default, Serialize, Deserialize)]
struct Store(HashMap<String, Stored>);

#[derive(Serialize, Deserialize)]
struct Stored {
    appid: String,
    upload: Upload,
    expires_at: u64,
}

impl Simulator {
    /// Uploads something to an account and returns its `media_id`, which is good for three days.
    pub fn upload(&self, appid: &str, upload: Upload) -> String {
        let media_id = base64url(self.random::<48>());
        let expires_at = self.clock().now_ms() + LIFE_MS;
        let stored = Stored { appid: appid.into(), upload, expires_at };
        self.kept(|store: &mut Store| store.0.insert(media_id.clone(), stored));
        media_id
    }
}

/// The media that every account always has.
pub(super) fn known(media_id: &str) -> Option<Upload> {
    match media_id {
        "demo-image" => Some(Upload::Image(JPEG.into())),
        "demo-voice" => Some(Upload::Voice { amr: AMR.into(), speex: SPEEX.into() }),
        "demo-video" => Some(Upload::Video { url: "http://example.com/video.mp4".into() }),
        _ => None,
    }
}

fn find(call: &Call) -> Result<(String, Upload), Reply> {
    // Here WeChat labels its refusals as text.
    let refusal =
        |refusal| Reply { content_type: Some("text/plain".into()), ..call.refusal(refusal) };
    let account = call.account().map_err(refusal)?;
    let media_id = call.required("media_id", 41006, "media_id missing").map_err(refusal)?;
    let stored = known(media_id).or_else(|| {
        let now = call.now_ms();
        call.simulator.kept(|store: &mut Store| {
            let stored = store.0.get(media_id)?;
            (stored.appid == account.appid && now < stored.expires_at)
                .then(|| stored.upload.clone())
        })
    });
    match stored {
        Some(upload) => Ok((media_id.to_owned(), upload)),
        None => Err(refusal(refuse(40007, "invalid media_id"))),
    }
}

fn file(media_id: &str, extension: &str, content_type: &str, bytes: Bytes) -> Reply {
    let disposition = format!("attachment; filename=\"{media_id}.{extension}\"");
    Reply::binary(content_type, bytes).with_header("content-disposition", disposition)
}

/// `GET /cgi-bin/media/get`
fn get(call: &Call) -> Answer {
    let (media_id, upload) = match find(call) {
        Ok(found) => found,
        Err(reply) => return Ok(reply),
    };
    Ok(match upload {
        Upload::Image(bytes) => file(&media_id, "jpg", "image/jpeg", bytes),
        Upload::Voice { amr, .. } => file(&media_id, "amr", "audio/amr", amr),
        Upload::Video { url } => Reply::json(&json!({ "video_url": url })),
    })
}

/// `GET /cgi-bin/media/get/jssdk`
fn get_jssdk(call: &Call) -> Answer {
    match find(call) {
        Ok((media_id, Upload::Voice { speex, .. })) => {
            Ok(file(&media_id, "speex", "voice/speex", speex))
        }
        Ok(_) => Err(refuse(40007, "invalid media_id")),
        Err(reply) => Ok(reply),
    }
}

impl Simulator {
    /// Whether an account may send this.
    pub(super) fn has_media(&self, appid: &str, media_id: &str) -> bool {
        let now = self.clock().now_ms();
        known(media_id).is_some()
            || self.kept(|store: &mut Store| {
                let stored = store.0.get(media_id);
                stored.is_some_and(|stored| stored.appid == appid && now < stored.expires_at)
            })
    }
}

/// `POST /cgi-bin/media/upload`
///
/// WeChat: [upload][doc]
///
/// [doc]: https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_uploadtempmedia.html
fn upload(call: &Call) -> Answer {
    let account = call.account()?;
    let kind = call.required("type", 40004, "invalid media type")?.to_owned();
    let file = read_form(call)?;
    let bytes = file.bytes;
    let jpeg = bytes.starts_with(b"\xff\xd8\xff");
    let image = jpeg || bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"GIF8");
    let mp3 = bytes.starts_with(b"ID3") || bytes.starts_with(b"\xff\xfb");
    let (right, limit, too_large) = match kind.as_str() {
        "image" => (image, 10 << 20, refuse(40009, "invalid image size")),
        "voice" => {
            (mp3 || bytes.starts_with(b"#!AMR"), 2 << 20, refuse(40010, "invalid voice size"))
        }
        "video" => {
            let mp4 = bytes.get(4..8) == Some(&b"ftyp"[..]);
            (mp4, 10 << 20, refuse(40011, "invalid video size"))
        }
        "thumb" => (jpeg, 64 << 10, refuse(40012, "invalid thumb size")),
        _ => return Err(refuse(40004, "invalid media type")),
    };
    if !right {
        return Err(refuse(40005, "invalid file type"));
    }
    if bytes.len() > limit {
        return Err(too_large);
    }
    let upload = match kind.as_str() {
        "voice" => Upload::Voice { amr: bytes, speex: SPEEX.into() },
        "video" => Upload::Video { url: "http://example.com/uploaded.mp4".into() },
        _ => Upload::Image(bytes),
    };
    let media_id = call.simulator.upload(&account.appid, upload);
    let name = if kind == "thumb" { "thumb_media_id" } else { "media_id" };
    let created_at = call.simulator.clock().now();
    Ok(Reply::json(&json!({ "type": kind, name: media_id, "created_at": created_at })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, simulator};

    async fn fetch(simulator: &Simulator, appid: &str, path: &str, media_id: &str) -> Reply {
        let token = simulator.token(appid);
        let uri = format!("/cgi-bin/media/{path}?access_token={token}&media_id={media_id}");
        simulator.send("GET", &uri, "").await.unwrap()
    }

    #[tokio::test]
    async fn an_uploaded_file_is_given_back() {
        let (_, simulator) = simulator();
        let upload = |kind: &str, file: &str| {
            let token = simulator.token(OFFICIAL);
            let body = format!(
                "--x\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a\"\r\n\r\n{file}\r\n--x--\r\n"
            );
            let uri = format!("/cgi-bin/media/upload?access_token={token}&type={kind}");
            let request = http::Request::post(uri)
                .header("content-type", "multipart/form-data; boundary=x")
                .header("content-length", body.len());
            let response = simulator.answer(request.body(Bytes::from(body)).unwrap());
            serde_json::from_slice::<serde_json::Value>(response.body()).unwrap()
        };

        let voice = upload("voice", "#!AMR\nx");

        assert_eq!(voice["type"], "voice");
        let media_id = voice["media_id"].as_str().unwrap();
        let reply = fetch(&simulator, OFFICIAL, "get", media_id).await;
        assert_eq!(&reply.body[..], b"#!AMR\nx");
        assert!(upload("thumb", "\u{89}PNG")["errcode"] == 40005, "not a PNG in UTF-8");
        assert_eq!(upload("music", "#!AMR\nx")["errcode"], 40004);
    }

    #[tokio::test]
    async fn uploads_are_given_back_for_three_days_to_their_account() {
        let (clock, simulator) = simulator();
        let bytes = Bytes::from_static(b"\xff\xd8\xff\xe0 ten megabytes");
        let media_id = simulator.upload(OFFICIAL, Upload::Image(bytes.clone()));

        let reply = fetch(&simulator, OFFICIAL, "get", &media_id).await;
        assert_eq!((reply.content_type.as_deref(), &reply.body), (Some("image/jpeg"), &bytes));
        let disposition = format!("attachment; filename=\"{media_id}.jpg\"");
        assert_eq!(reply.headers, [("content-disposition", disposition)]);

        assert_eq!(fetch(&simulator, MINI, "get", &media_id).await.errcode, Some(40007));
        clock.advance_ms(LIFE_MS as i64);
        let gone = fetch(&simulator, OFFICIAL, "get", &media_id).await;
        assert_eq!((gone.errcode, gone.content_type.as_deref()), (Some(40007), Some("text/plain")));
    }

    #[tokio::test]
    async fn voices_come_in_two_qualities_and_videos_as_an_address() {
        let (_, simulator) = simulator();
        let content_type = async |path: &str, media_id: &str| {
            fetch(&simulator, OFFICIAL, path, media_id).await.content_type.unwrap()
        };

        assert_eq!(content_type("get", "demo-voice").await, "audio/amr");
        assert_eq!(content_type("get/jssdk", "demo-voice").await, "voice/speex");
        let video = fetch(&simulator, OFFICIAL, "get", "demo-video").await;
        assert_eq!(&video.body[..], br#"{"video_url":"http://example.com/video.mp4"}"#);
    }

    #[tokio::test]
    async fn everything_that_is_wrong_has_its_code() {
        let (_, simulator) = simulator();
        let code = async |appid: &str, path: &str, media_id: &str| {
            fetch(&simulator, appid, path, media_id).await.errcode
        };

        assert_eq!(code(OFFICIAL, "get", "").await, Some(41006));
        assert_eq!(code(OFFICIAL, "get", "nothing").await, Some(40007));
        assert_eq!(code(OFFICIAL, "get/jssdk", "demo-image").await, Some(40007));
        assert_eq!(code(MINI, "get/jssdk", "demo-voice").await, Some(48001));
        simulator.change_account(OFFICIAL, |account| {
            account.daily_limits.insert("/cgi-bin/media/get".into(), 0);
        });
        assert_eq!(code(OFFICIAL, "get", "demo-image").await, Some(45009));
    }

    #[tokio::test]
    async fn files_are_uploaded_by_their_type_and_size() {
        let (_, simulator) = simulator();
        let token = simulator.token(MINI);
        let upload = async |kind: &str, bytes: &[u8]| {
            let mut body =
                b"--b\r\ncontent-disposition: form-data; name=\"media\"; filename=\"a\"\r\n\r\n"
                    .to_vec();
            body.extend(bytes);
            body.extend(b"\r\n--b--\r\n");
            let uri = format!("/cgi-bin/media/upload?access_token={token}&type={kind}");
            let request = http::Request::post(uri)
                .header("content-length", body.len())
                .header("content-type", "multipart/form-data; boundary=b")
                .body(Bytes::from(body))
                .unwrap();
            let reply = simulator.answer(request);
            serde_json::from_slice::<serde_json::Value>(reply.body()).unwrap()
        };

        let image = upload("image", JPEG).await;
        assert!(simulator.has_media(MINI, image["media_id"].as_str().unwrap()), "{image}");
        assert!(upload("thumb", JPEG).await["thumb_media_id"].is_string());
        assert!(upload("voice", AMR).await["media_id"].is_string());
        for (kind, bytes, code) in [
            ("image", AMR, 40005),
            ("photo", JPEG, 40004),
            ("thumb", &[JPEG, &[0; 64 << 10]].concat(), 40012),
            ("image", b"", 41005),
        ] {
            assert_eq!(upload(kind, bytes).await["errcode"], code, "{kind}");
        }
    }
}

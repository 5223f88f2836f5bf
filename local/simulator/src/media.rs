//! What was uploaded, for three days: `cgi-bin/media/get`.

use std::collections::HashMap;

use hyper::body::Bytes;
use serde_json::json;

use super::call::{Answer, Call, Reply, Route, refuse};
use super::{AccountKind, Simulator, base64url};

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
    ]
}

/// Something to upload.
#[derive(Clone, Debug)]
pub enum Upload {
    /// An image, of whatever bytes.
    Image(Bytes),
    /// A voice: the 8 kHz amr, and the 16 kHz speex of the JS-SDK.
    Voice {
        /// What `media/get` gives.
        amr: Bytes,
        /// What `media/get/jssdk` gives.
        speex: Bytes,
    },
    /// A video, which is not given but where it is.
    Video {
        /// Where it is.
        url: String,
    },
}

#[derive(Default)]
struct Store(HashMap<String, Stored>);

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
        self.state(|store: &mut Store| store.0.insert(media_id.clone(), stored));
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
        call.simulator.state(|store: &mut Store| {
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
}

//! What people do in WeChat that apps are told of.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{AccountKind, Simulator, User, push};

/// Something a user does.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Writes to the app.
    Write {
        /// The text.
        content: String,
    },
    /// Sends a picture to the app.
    SendImage {
        /// Where its bytes are; `demo-image` is there from the beginning.
        media_id: String,
    },
    /// Opens the customer service of a mini program.
    Enter {
        /// The button's `session-from`.
        #[serde(default)]
        session_from: String,
    },
    /// Follows an official account.
    Follow {
        /// By scanning a code of this scene.
        #[serde(default)]
        scene: Option<String>,
    },
    /// No longer follows an official account.
    Unfollow,
    /// Scans a code of an official account that is followed already.
    Scan {
        /// The code's scene.
        scene: String,
    },
    /// Taps an entry of an official account's menu.
    Tap {
        /// The entry's key.
        key: String,
    },
    /// Answers the question for messages of a template.
    Consent {
        /// The template.
        template_id: String,
        /// Whether the answer is yes.
        #[serde(default = "yes")]
        accept: bool,
    },
    /// Takes the authorization of the app back.
    Revoke,
}

const fn yes() -> bool {
    true
}

impl Simulator {
    /// A user does something. Returns the number of the push that tells the app's server, if the
    /// app has one.
    ///
    /// # Errors
    /// The app does not exist, or this cannot be done with an app of its kind.
    pub fn act(&self, appid: &str, user: &User, act: Act) -> Result<Option<u64>, String> {
        let account = self.account(appid).ok_or_else(|| format!("appid: {appid:?} is no app"))?;
        let kinds: &[AccountKind] = match act {
            Act::Write { .. } | Act::SendImage { .. } | Act::Consent { .. } => {
                &[AccountKind::MiniProgram, AccountKind::OfficialAccount]
            }
            Act::Enter { .. } => &[AccountKind::MiniProgram],
            Act::Follow { .. } | Act::Unfollow | Act::Scan { .. } | Act::Tap { .. } => {
                &[AccountKind::OfficialAccount]
            }
            Act::Revoke => AccountKind::ALL,
        };
        if !kinds.contains(&account.kind) {
            return Err(format!("act: not possible with an app of kind {}", account.kind.as_str()));
        }
        if let Act::Consent { template_id, accept: true } = &act {
            self.subscribe(appid, user, template_id, 1);
        }
        let mut told = told(&act, appid, &user.openid(appid));
        told.insert("FromUserName".into(), user.openid(appid).into());
        Ok(push::post(self, &account, told, 0))
    }
}

/// What the app is told.
fn told(act: &Act, appid: &str, openid: &str) -> Map<String, Value> {
    let value = match act {
        Act::Write { content } => json!({ "MsgType": "text", "Content": content }),
        Act::SendImage { media_id } => {
            let url = format!("http://mmbiz.qpic.cn/mmbiz_jpg/{media_id}/0");
            json!({ "MsgType": "image", "PicUrl": url, "MediaId": media_id })
        }
        Act::Enter { session_from } => {
            json!({ "Event": "user_enter_tempsession", "SessionFrom": session_from })
        }
        Act::Follow { scene: None } => json!({ "Event": "subscribe", "EventKey": "" }),
        Act::Follow { scene: Some(scene) } => {
            let key = format!("qrscene_{scene}");
            json!({ "Event": "subscribe", "EventKey": key, "Ticket": ticket(scene) })
        }
        Act::Unfollow => json!({ "Event": "unsubscribe", "EventKey": "" }),
        Act::Scan { scene } => {
            json!({ "Event": "SCAN", "EventKey": scene, "Ticket": ticket(scene) })
        }
        Act::Tap { key } => json!({ "Event": "CLICK", "EventKey": key }),
        Act::Consent { template_id, accept } => {
            let answer = if *accept { "accept" } else { "reject" };
            let entry = json!({ "TemplateId": template_id, "SubscribeStatusString": answer,
                "PopupScene": "0" });
            json!({ "Event": "subscribe_msg_popup_event", "List": [entry] })
        }
        Act::Revoke => json!({ "Event": "user_authorization_revoke", "OpenID": openid,
            "AppID": appid, "RevokeInfo": "301" }),
    };
    value.as_object().cloned().unwrap_or_default()
}

/// The ticket of a scene's code.
fn ticket(scene: &str) -> String {
    super::base64url(format!("ticket of scene {scene}").as_bytes())
}

//! Template messages to followers of the official account.

mod send;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    App, Error, Problem, Result,
    wechat::{Call, Verdict},
};

pub use send::Send;

use crate::{
    message::{Data, check_template_id},
    spelling::text_or_number,
};

/// The mini program a message opens.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-shared" = true))]
pub struct Miniprogram {
    /// A mini program that is bound to the official account.
    #[schemars(length(min = 4, max = 32))]
    appid: String,
    /// A page of the released version, with its query; by default the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pagepath: Option<String>,
}

/// A message before it has a receiver.
#[derive(Serialize)]
pub(crate) struct Message<'a> {
    pub(crate) template_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) miniprogram: Option<&'a Miniprogram>,
    pub(crate) data: &'a Data,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_msg_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Request<'a> {
    touser: &'a str,
    #[serde(flatten)]
    message: &'a Message<'a>,
}

#[derive(Deserialize)]
struct Upstream {
    #[serde(deserialize_with = "text_or_number")]
    msgid: String,
}

const RETIRED: &str = "WeChat has retired this interface for the account.";
const BANNED: &str = "WeChat banned the template or the account from sending messages.";

const VERDICTS: &[Verdict] = &[
    (40003, Problem::InvalidInput, "Nobody of this openid follows the official account."),
    (40013, Problem::InvalidInput, "The mini program is not bound to the official account."),
    (40036, Problem::InvalidInput, "WeChat does not accept the length of the template_id."),
    (40165, Problem::InvalidInput, "The released mini program has no such page."),
    (40166, Problem::InvalidInput, "WeChat does not know this mini program."),
    (43106, Problem::AccountNotPermitted, BANNED),
    (43107, Problem::AccountNotPermitted, BANNED),
    (45014, Problem::InvalidInput, "The message is too large."),
    (45051, Problem::InvalidInput, "WeChat does not allow a link of the message."),
    (45103, Problem::AccountNotPermitted, RETIRED),
    (45109, Problem::AccountNotPermitted, RETIRED),
];

impl Message<'_> {
    /// Checks all that can be told before the call.
    pub(crate) fn check(&self) -> Result<()> {
        check_template_id(self.template_id)?;
        if let Some(url) = self.url
            && (url.len() > 2048 || !(url.starts_with("https://") || url.starts_with("http://")))
        {
            let detail = "The page's address begins with https:// and has at most 2048 bytes.";
            return Err(Error::invalid("url", detail));
        }
        if let Some(Miniprogram { appid, pagepath }) = self.miniprogram {
            let plain = appid.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !appid.starts_with("wx") || !(4..=32).contains(&appid.len()) || !plain {
                return Err(Error::invalid("miniprogram.appid", "The mini program's app id, wx…"));
            }
            if pagepath.as_ref().is_some_and(|path| path.chars().count() > 1024) {
                let detail = "A page has at most 1024 characters, query and all.";
                return Err(Error::invalid("miniprogram.pagepath", detail));
            }
        }
        if let Some(id) = self.client_msg_id
            && (!(1..=64).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            let detail = "1 to 64 letters, digits or symbols of your own.";
            return Err(Error::invalid("client_msg_id", detail));
        }
        self.data.check()
    }

    /// Sends the message and returns WeChat's id of it.
    pub(crate) async fn send(&self, app: &App, appid: &str, touser: &str) -> Result<String> {
        let request = Request { touser, message: self };
        let call =
            Call::post("/cgi-bin/message/template/send", &request)?.once().verdicts(VERDICTS);
        let answer = app.call(appid, call).await.map_err(|error| match error.wechat_errcode() {
            Some(40003) => error.field("touser"),
            Some(40013 | 40166) => error.field("miniprogram.appid"),
            Some(40165) => error.field("miniprogram.pagepath"),
            Some(40036 | 40037) => error.field("template_id"),
            Some(45014) => error.field("data"),
            Some(45051) => error.field("url"),
            _ => error,
        })?;
        Ok(answer.json::<Upstream>()?.msgid)
    }
}

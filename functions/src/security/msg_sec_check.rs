//! `POST /security/msgSecCheck`
//!
//! WeChat: `POST /wxa/msg_sec_check`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Problem, Result, Touch,
    wechat::{Call, Verdict},
};

use super::{RISKY, Suggest};

/// What version 2 takes, in characters.
const CHARACTERS: usize = 2500;

/// What version 1 takes, in bytes.
const BYTES: usize = 500 << 10;

/// Checks a text for content that must not be published.
///
/// Publish on `pass` only. The user must have been in the app within the last two hours. A
/// service that names no `openid` gets WeChat's first version: up to 500 KB, but a frozen list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MsgSecCheck {
    /// The text: at most 2500 characters; 500 KB for a service that names no `openid`.
    #[schemars(length(min = 1))]
    content: String,
    /// Where it would appear: 1 profile, 2 comment (default), 3 forum, 4 social log.
    #[serde(default)]
    #[schemars(range(min = 1, max = 4))]
    scene: Option<u8>,
    /// The title above it.
    #[serde(default)]
    #[schemars(length(max = 2500))]
    title: Option<String>,
    /// The user's nickname.
    #[serde(default)]
    #[schemars(length(max = 2500))]
    nickname: Option<String>,
    /// The user's motto; for scene 1 only.
    #[serde(default)]
    #[schemars(length(max = 2500))]
    signature: Option<String>,
}

/// WeChat's verdict.
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// What to do.
    suggest: Suggest,
    /// Why: 100 normal, 10001 ads, 20001 politics, 20002 porn, 20003 abuse, 20006 crime,
    /// 20008 fraud, 20012 vulgar, 20013 copyright, 21000 other; absent where WeChat does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<u32>,
    /// What each of WeChat's strategies found; one counts if its `errcode` is 0.
    detail: Vec<Finding>,
    /// WeChat's id of the check.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

/// What one strategy found; any of it may be absent.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Finding {
    /// `content_model`, `keyword` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    strategy: Option<String>,
    /// 0 if the strategy worked.
    #[serde(default)]
    errcode: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suggest: Option<Suggest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<u32>,
    /// How sure it is, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prob: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<i64>,
    /// The keyword it met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyword: Option<String>,
}

#[derive(Serialize)]
struct Request<'a> {
    content: &'a str,
    version: u8,
    scene: u8,
    openid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
}

#[derive(Serialize)]
struct FirstRequest<'a> {
    content: &'a str,
}

#[derive(Deserialize)]
struct Upstream {
    result: Verdicts,
    #[serde(default)]
    detail: Vec<Finding>,
    trace_id: Option<String>,
}

#[derive(Deserialize)]
struct Verdicts {
    suggest: Suggest,
    label: Option<u32>,
}

const VERDICTS: &[Verdict] = &[
    (40004, Problem::InvalidInput, "WeChat cannot read the content."),
    (40129, Problem::InvalidInput, "WeChat does not accept the scene."),
    (43104, Problem::InvalidInput, "The openid is not one of this app."),
    (44002, Problem::InvalidInput, "WeChat found no content."),
    (45002, Problem::InvalidInput, "The content is too long."),
];

const PATH: &str = "/wxa/msg_sec_check";

impl Operation for MsgSecCheck {
    const ID: &'static str = "security.msgSecCheck";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    // JSON may spell a byte of the text in six, which for the longest text is Lambda's problem.
    const BODY_LIMIT: usize = 1 << 20;
    const EXAMPLE: &'static str = r#"{"content":"今天天气真好 😀","scene":2}"#;
    type Output = Checked;

    async fn run(self, app: &App, caller: &Caller) -> Result<Checked> {
        if self.content.trim().is_empty() {
            return Err(Error::invalid("content", "There is no content to check."));
        }
        let call = match caller.user() {
            Some(openid) => self.second_version(openid)?,
            None => self.first_version()?,
        };
        let outcome = app.call(caller.appid(), call.verdicts(VERDICTS)).await;
        let answer = match outcome {
            Err(error) => match error.wechat_errcode() {
                Some(RISKY) => return Ok(Checked::plain(Suggest::Risky, None)),
                Some(40003 | 43104) => return Err(error.field("openid")),
                Some(40129) => return Err(error.field("scene")),
                Some(40004 | 44002 | 45002) => return Err(error.field("content")),
                _ => return Err(error),
            },
            Ok(answer) => answer,
        };
        if caller.user().is_none() {
            return Ok(Checked::plain(Suggest::Pass, Some(100)));
        }
        let Upstream { result: Verdicts { suggest, label }, detail, trace_id } = answer.json()?;
        Ok(Checked { suggest, label, detail, trace_id })
    }
}

impl MsgSecCheck {
    fn second_version(&self, openid: &str) -> Result<Call> {
        let texts = [
            ("content", Some(&self.content)),
            ("title", self.title.as_ref()),
            ("nickname", self.nickname.as_ref()),
            ("signature", self.signature.as_ref()),
        ];
        for (field, text) in texts {
            if text.is_some_and(|text| text.chars().count() > CHARACTERS) {
                let detail = format!("WeChat checks {CHARACTERS} characters at once; split it.");
                return Err(Error::invalid(field, detail));
            }
        }
        let scene = self.scene.unwrap_or(2);
        if !(1..=4).contains(&scene) {
            return Err(Error::invalid("scene", "1 profile, 2 comment, 3 forum or 4 social log."));
        }
        if self.signature.is_some() && scene != 1 {
            return Err(Error::invalid("signature", "WeChat takes a signature for scene 1 only."));
        }
        let request = Request {
            content: &self.content,
            version: 2,
            scene,
            openid,
            title: self.title.as_deref(),
            nickname: self.nickname.as_deref(),
            signature: self.signature.as_deref(),
        };
        Call::post(PATH, &request)
    }

    fn first_version(&self) -> Result<Call> {
        if self.content.len() > BYTES {
            return Err(Error::invalid("content", "WeChat checks 500 KB at once; split it."));
        }
        let other = [
            ("scene", self.scene.is_some()),
            ("title", self.title.is_some()),
            ("nickname", self.nickname.is_some()),
            ("signature", self.signature.is_some()),
        ];
        if let Some((field, _)) = other.into_iter().find(|(_, given)| *given) {
            return Err(Error::invalid(field, "It needs the user's openid; name it too."));
        }
        Call::post(PATH, &FirstRequest { content: &self.content })
    }
}

impl Checked {
    fn plain(suggest: Suggest, label: Option<u32>) -> Checked {
        Checked { suggest, label, detail: Vec::new(), trace_id: None }
    }
}

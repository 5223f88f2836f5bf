//! `POST /shortlink/generate`
//!
//! WeChat: `POST /wxa/genwxashortlink`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Problem, Result, Touch,
    wechat::{Call, Verdict},
};

use crate::{
    jump::{JumpWxa, LONGEST},
    page::EnvVersion,
};

/// Makes a `#小程序://` link that opens the mini program from a chat it is pasted into.
///
/// It works for 30 days, or for ever: an account gets 100,000 of the latter in all.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// A page of the released version with its query: at most 1024 characters.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1024))]
    page_url: Option<String>,
    /// The same as for the other links, instead of `page_url`; its `path` is needed.
    #[serde(default)]
    jump_wxa: Option<JumpWxa>,
    /// What the chat shows; beyond 20 characters WeChat cuts it.
    #[serde(default)]
    #[schemars(length(max = 128))]
    page_title: Option<String>,
    /// For ever instead of 30 days.
    #[serde(default)]
    is_permanent: Option<bool>,
    /// The opposite of `is_permanent`, as for the other links.
    #[serde(default)]
    is_expire: Option<bool>,
}

/// A link.
#[derive(Serialize, JsonSchema)]
pub struct Link {
    /// `#小程序://…`
    link: String,
    /// When it ends, seconds since 1970; absent if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_time: Option<u64>,
}

#[derive(Serialize)]
struct Request<'a> {
    page_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_title: Option<&'a str>,
    is_permanent: bool,
}

#[derive(Deserialize)]
struct Upstream {
    link: String,
}

const VERDICTS: &[Verdict] = &[
    (40066, Problem::InvalidInput, "The released version has no such page."),
    (40225, Problem::InvalidInput, "WeChat does not accept the title."),
    (43104, Problem::AccountNotPermitted, "The account may not make short links."),
    (85400, Problem::QuotaExceeded, "The account's number of permanent links is used up."),
];

impl Operation for Generate {
    const ID: &'static str = "shortlink.generate";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str =
        r#"{"page_url":"pages/index/index?id=42","page_title":"今日特价"}"#;
    type Output = Link;

    async fn run(self, app: &App, caller: &Caller) -> Result<Link> {
        let (page_url, field) = match (self.page_url, self.jump_wxa) {
            (Some(page_url), None) => (page_url, "page_url"),
            (None, Some(page)) => (joined(page)?, "jump_wxa.path"),
            _ => {
                let detail = "Name the page in page_url, or in jump_wxa, but not in both.";
                return Err(Error::invalid("page_url", detail));
            }
        };
        if !(1..=1024).contains(&page_url.chars().count()) {
            return Err(Error::invalid(field, "A page has 1 to 1024 characters, query and all."));
        }
        let page_title = self.page_title.as_deref().filter(|title| !title.is_empty());
        if page_title.is_some_and(|title| title.chars().count() > 128) {
            return Err(Error::invalid(
                "page_title",
                "WeChat shows 20 characters; send 128 at most.",
            ));
        }
        let is_permanent = match (self.is_permanent, self.is_expire) {
            (Some(permanent), Some(expires)) if permanent == expires => {
                return Err(Error::invalid("is_expire", "It contradicts is_permanent."));
            }
            (Some(permanent), _) => permanent,
            (None, expires) => expires == Some(false),
        };
        let request = Request { page_url: &page_url, page_title, is_permanent };
        let call = Call::post("/wxa/genwxashortlink", &request)?.verdicts(VERDICTS);
        let answer =
            app.call(caller.appid(), call).await.map_err(|error| match error.wechat_errcode() {
                Some(40066) => error.field(field),
                Some(40225) => error.field("page_title"),
                Some(85400) => error.field("is_permanent").retry_after(86_400),
                _ => error,
            })?;
        let expire_time = (!is_permanent).then(|| app.clock.now() + LONGEST);
        Ok(Link { link: answer.json::<Upstream>()?.link, expire_time })
    }
}

/// The page as one text.
fn joined(page: JumpWxa) -> Result<String> {
    page.check("jump_wxa.")?;
    if !matches!(page.env_version, None | Some(EnvVersion::Release)) {
        let detail = "Short links open the released version only.";
        return Err(Error::invalid("jump_wxa.env_version", detail));
    }
    let path = page.path.filter(|path| !path.is_empty());
    let path = path.ok_or_else(|| Error::invalid("jump_wxa.path", "Name the page."))?;
    Ok(match page.query.filter(|query| !query.is_empty()) {
        Some(query) => format!("{path}?{query}"),
        None => path,
    })
}

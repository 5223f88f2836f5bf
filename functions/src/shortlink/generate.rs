//! `POST /shortlink/generate`
//!
//! WeChat: `POST /wxa/genwxashortlink`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    text,
    value::{Chars, Text, unless_empty},
};

use crate::{
    jump::{JumpWxa, LONGEST},
    page::{EnvVersion, PageWithQuery},
};

text! {
    /// What the chat shows.
    Title: 1..=128, Chars::ANY, ["WeChat shows the first 20.", "微信只显示前 20 个字符。"];
}

/// Makes a `#小程序://` link that opens the mini program from a chat it is pasted into.
///
/// It works for 30 days, or permanently: an account gets 100,000 of the latter in all.
///
/// 生成 `#小程序://` 短链接，粘贴到微信聊天中即可打开小程序。
///
/// 有效期 30 天，或永久有效：每个账号永久短链接共 10 万个。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// A page of the released version with its query.
    ///
    /// 正式版的页面路径，可带参数。
    #[serde(default)]
    page_url: Option<Text<PageWithQuery>>,
    /// The same as for the other links, instead of `page_url`; its `path` is needed.
    ///
    /// 与其他链接接口相同，可代替 `page_url`；其中 `path` 必填。
    #[serde(default)]
    jump_wxa: Option<JumpWxa>,
    /// What the chat shows; beyond 20 characters WeChat cuts it.
    ///
    /// 聊天中显示的页面标题；超过 20 字的部分微信会截断。
    #[serde(default, deserialize_with = "unless_empty")]
    #[schemars(extend("minLength" = 0))]
    page_title: Option<Text<Title>>,
    /// Permanent instead of 30 days.
    ///
    /// 是否永久有效，而非 30 天。
    #[serde(default)]
    is_permanent: Option<bool>,
    /// The opposite of `is_permanent`, as for the other links.
    ///
    /// 与 `is_permanent` 相反，写法与其他链接接口一致。
    #[serde(default)]
    is_expire: Option<bool>,
}

/// A link.
///
/// 链接。
#[derive(Serialize, JsonSchema)]
pub struct Link {
    /// `#小程序://…`
    ///
    /// 短链接，形如 `#小程序://…`。
    link: String,
    /// When it expires, seconds since 1970; absent if it is permanent.
    ///
    /// 失效时间，Unix 时间戳（秒）；永久链接无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_time: Option<u64>,
}

#[derive(Serialize)]
struct Request<'a> {
    page_url: &'a Text<PageWithQuery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_title: Option<&'a Text<Title>>,
    is_permanent: bool,
}

#[derive(Deserialize)]
struct Upstream {
    link: String,
}

impl Operation for Generate {
    const ID: &'static str = "shortlink.generate";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/short-link/api_generateshortlink.html",
    ];
    #[rustfmt::skip]
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40066, Problem::InvalidInput, ["The released version has no such page.", "已发布的版本没有该页面。"]).field("page_url"),
        Refusal::new(40225, Problem::InvalidInput, ["WeChat does not accept the title.", "微信不接受该标题。"]).field("page_title"),
        Refusal::new(43104, Problem::AccountNotPermitted, ["The account may not make short links.", "该账号无权生成短链。"]),
        Refusal::new(85400, Problem::AccountNotPermitted, ["The account's 100,000 permanent links are used up for good; make one for 30 days.", "该账号的 10 万个长期有效短链已永久用完，请生成 30 天有效的短链。"]).field("is_permanent"),
    ];
    const EXAMPLE: &'static str =
        r#"{"page_url":"pages/index/index?id=42","page_title":"今日特价"}"#;
    type Uses = Wechat;
    type Output = Link;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Link> {
        let (page_url, is_joined) = match (self.page_url, self.jump_wxa) {
            (Some(page_url), None) => (without_slash(page_url, "page_url")?, false),
            (None, Some(page)) => (without_slash(joined(page)?, "jump_wxa.path")?, true),
            _ => {
                let detail = [
                    "Name the page in page_url, or in jump_wxa, but not in both.",
                    "页面请在 page_url 或 jump_wxa 中指定，不能两处都有。",
                ];
                return Err(Error::invalid("page_url", detail));
            }
        };
        let is_permanent = match (self.is_permanent, self.is_expire) {
            (Some(permanent), Some(expires)) if permanent == expires => {
                return Err(Error::invalid(
                    "is_expire",
                    ["Contradicts is_permanent.", "与 is_permanent 矛盾。"],
                ));
            }
            (Some(permanent), _) => permanent,
            (None, expires) => expires == Some(false),
        };
        let page_title = self.page_title.as_ref();
        let request = Request { page_url: &page_url, page_title, is_permanent };
        let call = wechat.post("/wxa/genwxashortlink", &request).refusals(Self::REFUSALS);
        let Upstream { link } = call.json().await.map_err(|error| match error.field_name() {
            Some("page_url") if is_joined => error.field("jump_wxa.path"),
            _ => error,
        })?;
        let expire_time = (!is_permanent).then(|| caller.now() + LONGEST);
        Ok(Link { link, expire_time })
    }
}

/// The page as one text.
fn joined(page: JumpWxa) -> Result<Text<PageWithQuery>> {
    if !matches!(page.env_version, None | Some(EnvVersion::Release)) {
        let detail = ["Short links open the released version only.", "短链只能打开正式版。"];
        return Err(Error::invalid("jump_wxa.env_version", detail));
    }
    let path = page.path.filter(|path| !path.is_empty());
    let path =
        path.ok_or_else(|| Error::invalid("jump_wxa.path", ["Name the page.", "请指定页面。"]))?;
    let joined = match page.query.filter(|query| !query.is_empty()) {
        Some(query) => format!("{}?{}", &*path, &*query),
        None => path.into_string(),
    };
    Text::new(joined).map_err(|fault| Error::invalid("jump_wxa.path", fault.detail))
}

/// WeChat refuses a short link's page with the leading slash that other links take (40066).
fn without_slash(page: Text<PageWithQuery>, field: &str) -> Result<Text<PageWithQuery>> {
    match page.strip_prefix('/') {
        Some(rest) => Text::new(rest).map_err(|fault| Error::invalid(field, fault.detail)),
        None => Ok(page),
    }
}

//! `GET /oauth/authorizeUrl?redirect_uri=…&scope=…`
//!
//! WeChat: none; the address is one of `open.weixin.qq.com`, for the user's browser.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Http, Operation, Result, Uses,
    crypto::{nonce, sha256_hex},
    message, percent, text,
    value::{Address, Chars, Text},
};

use super::State;

text! {
    /// The state of a native app, which WeChat returns to the app.
    NativeState: 1..=1024, Chars::BYTES, ["A Chinese character has three.", "一个汉字占三个字节。"];
}

/// Makes the address that begins a login: a page in WeChat, a QR code on a website, or the
/// parameters of a native app's `auth`.
///
/// To prevent forged logins, the answer has a `state` and a `verifier`. Store the verifier in this
/// browser (`sessionStorage`), and send both to `oauth.getToken` with the code: only the browser
/// that began the login can then finish it. `state` is the SHA-256 of `verifier`, so the server
/// stores nothing, and `state` in an address does not reveal the verifier.
///
/// 生成登录的起始地址：微信内网页、网站扫码，或原生 App 的 `auth` 参数。
///
/// 为防止伪造登录，应答中含有 `state` 和 `verifier`。请把 verifier 存在当前浏览器
/// （`sessionStorage`），再与 code 一并传给 `oauth.getToken`：只有发起登录的浏览器才能完成登
/// 录。`state` 是 `verifier` 的 SHA-256，因此服务端无需存储，地址中的 `state` 也不会泄露 verifier。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizeUrl {
    /// The page to which WeChat sends the user back, with `code` and `state`. Its domain must be
    /// set in the WeChat console. Not for a native app.
    ///
    /// 授权后微信跳回的页面，附带 `code` 和 `state`。其域名须在微信后台设置。原生 App 不填。
    redirect_uri: Option<Address<2048>>,
    /// What to ask for. Required in WeChat: `snsapi_base` (silent, the openid only) or
    /// `snsapi_userinfo` (a consent page; profile and unionid). On a website it is `snsapi_login`,
    /// in a native app `snsapi_userinfo`.
    ///
    /// 授权作用域。微信内必填：`snsapi_base`（静默授权，仅得 openid）或 `snsapi_userinfo`（弹出授权
    /// 页，可得个人资料和 unionid）。网站为 `snsapi_login`，原生 App 为 `snsapi_userinfo`。
    scope: Option<Scope>,
    /// A state of your own, passed through unchanged, instead of a generated one. Store it and
    /// compare it yourself. At most 128 letters and digits; for a native app any text.
    ///
    /// 自定义的 state，原样传递，代替自动生成的值；请自行保存并比对。最多 128 个字母和数字；原生
    /// App 可为任意文本。
    state: Option<Text<NativeState>>,
    /// The kind of login; by default that of the app.
    ///
    /// 登录方式；默认与应用类型相符。
    kind: Option<Kind>,
    /// In WeChat: ask for consent even if the user gave it before.
    ///
    /// 微信内：即使用户授权过，也再次征求同意。
    #[serde(default, rename = "forcePopup")]
    force_popup: bool,
    /// In WeChat: open the page as a snapshot until the visitor chooses the full service.
    ///
    /// 微信内：先以快照页打开网页，直至访问者选择使用完整服务。
    #[serde(default, rename = "forceSnapShot")]
    force_snapshot: bool,
    /// On a website: the language of the QR page.
    ///
    /// 网站扫码时：二维码页面的语言。
    lang: Option<Language>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
enum Scope {
    #[serde(rename = "snsapi_base")]
    Silent,
    #[serde(rename = "snsapi_userinfo")]
    Profile,
    #[serde(rename = "snsapi_login")]
    Login,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    OfficialAccount,
    Website,
    MobileApp,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Language {
    Cn,
    En,
}

/// How a login begins.
///
/// 登录的起始信息。
#[derive(Serialize, JsonSchema)]
pub struct Authorization {
    /// For a browser: open this address.
    ///
    /// 用于浏览器：打开此地址。
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// For a native app: pass these to the module's `auth`.
    ///
    /// 用于原生 App：将其传给模块的 `auth`。
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<Params>,
    /// The state in the address; WeChat returns it with the code.
    ///
    /// 地址中的 state；微信会将它与 code 一同返回。
    state: String,
    /// Store it, and send it to `oauth.getToken` with `code` and `state`. Absent with a state of
    /// your own.
    ///
    /// 请保存，并与 `code`、`state` 一并传给 `oauth.getToken`。使用自定义 state 时无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    verifier: Option<String>,
}

/// The parameters of the module's `auth`.
///
/// 模块方法 `auth` 的参数。
#[derive(Serialize, JsonSchema)]
struct Params {
    #[serde(rename = "apiKey")]
    api_key: String,
    scope: Scope,
    state: String,
}

impl Operation for AuthorizeUrl {
    const ID: &'static str = "oauth.authorizeUrl";
    const HTTP: Http = Http::GET;
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/guide/h5/auth.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/web.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/app.md",
    ];
    const EXAMPLE: &'static str =
        r#"{"redirect_uri":"https://h5.example.com/login?from=menu","scope":"snsapi_userinfo"}"#;
    type Uses = ();
    type Output = Authorization;

    async fn run(self, (): Uses<'_, Self>, caller: &Caller) -> Result<Authorization> {
        let kind = self.kind.map_or(caller.account.kind, Kind::account_kind);
        let appid = caller.account_of(kind)?.appid;
        let (state, verifier) = match &self.state {
            Some(state) => (state.as_str().to_owned(), None),
            None => {
                let verifier = nonce();
                (sha256_hex(&verifier), Some(verifier))
            }
        };
        if kind != AccountKind::MobileApp {
            let state = self.state.as_deref().map(Text::<State>::new).transpose();
            state.map_err(|fault| Error::invalid("state", fault.detail))?;
        }
        let scope = self.scope(kind)?;
        let (url, params) = match kind {
            AccountKind::MobileApp => {
                self.refuse_pages()?;
                (None, Some(Params { api_key: appid, scope, state: state.clone() }))
            }
            kind => (Some(self.url(kind, &appid, scope, &state)?), None),
        };
        Ok(Authorization { url, params, state, verifier })
    }
}

impl AuthorizeUrl {
    fn scope(&self, kind: AccountKind) -> Result<Scope> {
        let (allowed, usual): (&[Scope], _) = match kind {
            AccountKind::OfficialAccount => (&[Scope::Silent, Scope::Profile], None),
            AccountKind::Website => (&[Scope::Login], Some(Scope::Login)),
            _ => (&[Scope::Profile], Some(Scope::Profile)),
        };
        match self.scope.or(usual) {
            Some(scope) if allowed.contains(&scope) => Ok(scope),
            _ => {
                let names: Vec<_> = allowed.iter().map(|scope| scope.as_str()).collect();
                let [english, chinese] = kind.named();
                let detail = message!(
                    "Must be {} for {english}.",
                    "{chinese}的 scope 须为 {}。",
                    names.join(" / ")
                );
                Err(Error::invalid("scope", detail))
            }
        }
    }

    /// The address, with its parameters in the order that WeChat's pattern has them.
    fn url(&self, kind: AccountKind, appid: &str, scope: Scope, state: &str) -> Result<String> {
        let redirect_uri = self.redirect_uri.as_deref().ok_or_else(|| {
            Error::invalid(
                "redirect_uri",
                [
                    "Send the address of the page that gets the code.",
                    "请发送接收 code 的页面地址。",
                ],
            )
        })?;
        let page = match kind {
            AccountKind::Website => "qrconnect",
            _ => "oauth2/authorize",
        };
        let mut url = format!(
            "https://open.weixin.qq.com/connect/{page}?appid={appid}&redirect_uri={}\
             &response_type=code&scope={}&state={state}",
            percent::encode(redirect_uri),
            scope.as_str(),
        );
        match (kind, self.lang) {
            (_, None) => {}
            (AccountKind::Website, Some(Language::Cn)) => url.push_str("&lang=cn"),
            (AccountKind::Website, Some(Language::En)) => url.push_str("&lang=en"),
            _ => {
                return Err(Error::invalid(
                    "lang",
                    ["Only supported for websites; leave it out.", "仅网站应用支持，请勿发送。"],
                ));
            }
        }
        for (name, wanted) in
            [("forcePopup", self.force_popup), ("forceSnapShot", self.force_snapshot)]
        {
            if !wanted {
                continue;
            }
            if kind != AccountKind::OfficialAccount {
                return Err(Error::invalid(
                    name,
                    [
                        "Only supported for official accounts; leave it out.",
                        "仅公众号支持，请勿发送。",
                    ],
                ));
            }
            url.push_str(&format!("&{name}=true"));
        }
        url.push_str("#wechat_redirect");
        Ok(url)
    }

    fn refuse_pages(&self) -> Result<()> {
        let given = [
            ("redirect_uri", self.redirect_uri.is_some()),
            ("forcePopup", self.force_popup),
            ("forceSnapShot", self.force_snapshot),
            ("lang", self.lang.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((name, _)) => Err(Error::invalid(
                *name,
                ["Not supported for native apps; leave it out.", "移动应用不支持，请勿发送。"],
            )),
        }
    }
}

impl Kind {
    fn account_kind(self) -> AccountKind {
        match self {
            Kind::OfficialAccount => AccountKind::OfficialAccount,
            Kind::Website => AccountKind::Website,
            Kind::MobileApp => AccountKind::MobileApp,
        }
    }
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Scope::Silent => "snsapi_base",
            Scope::Profile => "snsapi_userinfo",
            Scope::Login => "snsapi_login",
        }
    }
}

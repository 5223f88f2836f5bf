//! `GET /oauth/authorizeUrl?redirect_uri=…&scope=…`
//!
//! WeChat: none; the address is one of `open.weixin.qq.com`, for the user's browser.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Method, Operation, Result, Touch,
    crypto::{nonce, sha256_hex},
    weburl,
};

/// Says where to send a user who is to log in: a page in WeChat, a QR code on a website, or the
/// parameters of a native app's `auth`.
///
/// Against forged logins the answer has a `state` and a `verifier`. Keep the verifier in this
/// browser (`sessionStorage`), and send both to `oauth.getToken` with the code. Only their holder
/// can end the login that began here: `state` is the SHA-256 of `verifier`, so the server needs
/// neither a memory nor a key to check it, and whoever reads `state` in an address learns nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizeUrl {
    /// Where WeChat sends the user back to, with `code` and `state`: an address of the domain
    /// that is set in WeChat's console. Not for a native app.
    #[schemars(length(max = 2048))]
    redirect_uri: Option<String>,
    /// What to ask for. In WeChat `snsapi_base` (silent, the openid only) or `snsapi_userinfo`
    /// (a consent page; profile and unionid), and it must be chosen. On a website it is
    /// `snsapi_login`, in a native app `snsapi_userinfo`.
    scope: Option<Scope>,
    /// Your own state, passed through as it is, instead of the one made here; then keeping and
    /// comparing it is up to you.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[a-zA-Z0-9]+$"))]
    state: Option<String>,
    /// For which kind of login; by default that of the app.
    kind: Option<Kind>,
    /// In WeChat: ask for consent even if it was given before.
    #[serde(default, rename = "forcePopup")]
    force_popup: bool,
    /// In WeChat: open the page as a snapshot until the visitor wants the full service.
    #[serde(default, rename = "forceSnapShot")]
    force_snapshot: bool,
    /// On a website: the language of the QR page.
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

/// Where to send the user.
#[derive(Serialize, JsonSchema)]
pub struct Authorization {
    /// For a browser: open this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// For a native app: hand these to the module's `auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<Params>,
    /// The state in the address; it comes back with the code.
    state: String,
    /// Keep it, and send it to `oauth.getToken` with `code` and `state`. Absent with a state of
    /// your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    verifier: Option<String>,
}

/// The parameters of the module's `auth`.
#[derive(Serialize, JsonSchema)]
struct Params {
    #[serde(rename = "apiKey")]
    api_key: String,
    scope: Scope,
    state: String,
}

impl Operation for AuthorizeUrl {
    const ID: &'static str = "oauth.authorizeUrl";
    const METHOD: Method = Method::Get;
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[];
    const EXAMPLE: &'static str =
        r#"{"redirect_uri":"https://h5.example.com/login?from=menu","scope":"snsapi_userinfo"}"#;
    type Output = Authorization;

    async fn run(self, app: &App, caller: &Caller) -> Result<Authorization> {
        let kind = self.kind.map_or(caller.account.kind, Kind::account_kind);
        let appid = caller.account_of(app, kind)?.appid;
        let (state, verifier) = match &self.state {
            Some(state) if is_state(state) => (state.clone(), None),
            Some(_) => {
                let detail = "WeChat takes 1 to 128 letters and digits of ASCII.";
                return Err(Error::invalid("state", detail));
            }
            None => {
                let verifier = nonce();
                (sha256_hex(&verifier), Some(verifier))
            }
        };
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
                let detail = format!("A {} asks for {}.", kind.as_str(), names.join(" or "));
                Err(Error::invalid("scope", detail))
            }
        }
    }

    /// The address, with its parameters in the order of the pattern WeChat compares it with.
    fn url(&self, kind: AccountKind, appid: &str, scope: Scope, state: &str) -> Result<String> {
        let redirect_uri = self.redirect_uri.as_deref().unwrap_or_default();
        weburl::check("redirect_uri", redirect_uri, 2048)?;
        let page = match kind {
            AccountKind::Website => "qrconnect",
            _ => "oauth2/authorize",
        };
        let mut url = format!(
            "https://open.weixin.qq.com/connect/{page}?appid={appid}&redirect_uri={}\
             &response_type=code&scope={}&state={state}",
            weburl::escape(redirect_uri),
            scope.as_str(),
        );
        match (kind, self.lang) {
            (_, None) => {}
            (AccountKind::Website, Some(Language::Cn)) => url.push_str("&lang=cn"),
            (AccountKind::Website, Some(Language::En)) => url.push_str("&lang=en"),
            _ => return Err(Error::invalid("lang", "Only a website's QR page has a language.")),
        }
        for (name, wanted) in
            [("forcePopup", self.force_popup), ("forceSnapShot", self.force_snapshot)]
        {
            if !wanted {
                continue;
            }
            if kind != AccountKind::OfficialAccount {
                return Err(Error::invalid(name, "Only pages in WeChat know this."));
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
            Some((name, _)) => Err(Error::invalid(*name, "A native app opens no page.")),
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

/// Whether WeChat takes it for a state.
pub(super) fn is_state(state: &str) -> bool {
    (1..=128).contains(&state.len()) && state.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

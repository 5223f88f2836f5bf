//! `POST /oauth/getToken`
//!
//! WeChat: `GET /sns/oauth2/access_token`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    Access, Account, AccountKind, Budget, Caller, Case, Error, Operation, Problem, Refusal, Result,
    Secret, Uses,
    capability::{CodeExchange, LogIn, Settings, SnsTokens},
    crypto::{equal_in_constant_time, sha256_hex},
    table::{Exchange, Kept},
    text,
    value::{Chars, Text},
    wechat::{Answer, Call},
};

use super::{ExposeSnsTokens, Granted, State};

text! {
    /// The code of a page, a QR code or a native app.
    OauthCode: 1..=512, Chars::VISIBLE, ["Send the code unchanged.", "请原样发送 code。"];
    /// What proves that this browser began the login.
    Verifier: 1..=128, Chars::VISIBLE,
        [
            "Send the verifier of oauth.authorizeUrl unchanged.",
            "请原样发送 oauth.authorizeUrl 返回的 verifier。",
        ];
}

/// Logs a user in with the code of an OAuth page, a website's QR code or a native app's `auth`.
///
/// Sending the same code again within five minutes returns the first answer, so a callback that
/// a browser fetches twice does no harm; where a verifier was sent, only with that verifier.
/// WeChat's tokens stay on the server, unless `EXPOSE_SNS_TOKENS` is set.
///
/// After `code-used` and `invalid-code` get a new code: send the user through
/// `oauth.authorizeUrl` again.
///
/// 用网页授权、网站扫码或原生 App `auth` 得到的 code 登录用户。
///
/// 五分钟内重复提交同一个 code，返回首次的结果，因此浏览器重复请求回调地址也无妨；若传过 verifier，
/// 则须传同一个 verifier。微信的 token 保留在服务端，除非设置了 `EXPOSE_SNS_TOKENS`。
///
/// 遇到 `code-used` 或 `invalid-code` 时须获取新的 code：请让用户重新经过 `oauth.authorizeUrl`。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetToken {
    /// The code. It can be used for one login, and expires after five minutes (ten from a website
    /// or an app).
    ///
    /// 授权 code，只能用于一次登录，五分钟后过期（网站或 App 为十分钟）。
    code: Text<OauthCode>,
    /// The state that came with the code, if `oauth.authorizeUrl` made it.
    ///
    /// 与 code 一同返回的 state，若它由 `oauth.authorizeUrl` 生成。
    state: Option<Text<State>>,
    /// The verifier of `oauth.authorizeUrl`, as this browser stored it.
    ///
    /// `oauth.authorizeUrl` 给出、保存在当前浏览器中的 verifier。
    verifier: Option<Text<Verifier>>,
}

/// A user who is logged in.
///
/// 已登录的用户。
#[derive(Serialize, JsonSchema)]
pub struct Token {
    /// Always true; for code that was written for the native module.
    ///
    /// 恒为 true；供为原生模块编写的代码使用。
    status: bool,
    /// The user's id in this app.
    ///
    /// 用户在此应用下的 openid。
    #[serde(rename = "openId")]
    openid: String,
    /// The user's id across the apps of one owner; only if the app is bound to an Open Platform
    /// account and the scope is not `snsapi_base`.
    ///
    /// 用户在同一主体各应用间的唯一标识；仅当应用已绑定微信开放平台账号，且作用域不是 `snsapi_base`
    /// 时返回。
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
    /// Send it as `Authorization: Bearer <session_token>`.
    ///
    /// 会话 token，请放在请求头 `Authorization: Bearer <session_token>` 中。
    session_token: String,
    /// Seconds until the session and WeChat's access token expire.
    ///
    /// 距会话与微信 access_token 过期的秒数。
    expires: u64,
    /// What the user consented to: `snsapi_base`, `snsapi_userinfo`, `snsapi_login`.
    ///
    /// 用户授权的作用域：`snsapi_base`、`snsapi_userinfo`、`snsapi_login`。
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// Whether the page is open as a snapshot, whose user may not be a real one: show nothing
    /// personal, store nothing, and offer the full service. Operations refuse the session.
    ///
    /// 页面是否以快照页模式打开，此时的用户可能是虚拟账号：请勿展示个人信息，不要存储数据，并引导使
    /// 用完整服务。各接口会拒绝该会话。
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    snapshot: bool,
    /// WeChat's access token; with `EXPOSE_SNS_TOKENS` only.
    ///
    /// 微信的网页授权 access_token；仅在设置 `EXPOSE_SNS_TOKENS` 时返回。
    #[serde(rename = "accessToken", skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// Renews the session for thirty days: send it to `oauth.refreshToken`, once. Store it like a
    /// password. With `EXPOSE_SNS_TOKENS` it is WeChat's refresh token. Absent for a snapshot.
    ///
    /// 三十天内用于续期会话：传给 `oauth.refreshToken`，只用一次。请像密码一样保管。设置
    /// `EXPOSE_SNS_TOKENS` 时为微信的 refresh_token。快照页模式无此字段。
    #[serde(rename = "dynamicToken", skip_serializing_if = "Option::is_none")]
    dynamic_token: Option<String>,
}

/// What WeChat answers.
#[derive(Deserialize)]
struct Upstream {
    #[serde(flatten)]
    granted: Granted,
    unionid: Option<String>,
    #[serde(default)]
    is_snapshotuser: Value,
}

impl Operation for GetToken {
    const ID: &'static str = "oauth.getToken";
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/web.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/app.md",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const CODES: &'static [(Case, i64)] = &[
        (Case::Field("appid"), 1),
        (Case::Errcode(40013), 1),
        (Case::Problem(Problem::Misconfigured), 2),
        (Case::Field("code"), 3),
        (Case::Problem(Problem::InvalidCode), 3),
        (Case::Problem(Problem::CodeUsed), 3),
        (Case::Problem(Problem::WechatUnreachable), 4),
        (Case::Problem(Problem::WechatBusy), 4),
        (Case::Problem(Problem::InProgress), 4),
    ];
    const BUDGET: Budget = Budget::LOGIN;
    const EXAMPLE: &'static str = r#"{"code":"041a2B3c4D5e6F7g8H9i0J1k2L3m4N5o"}"#;
    type Uses = (LogIn, SnsTokens, Settings<ExposeSnsTokens>);
    type Output = Token;

    async fn run(self, (login, sns, expose): Uses<'_, Self>, caller: &Caller) -> Result<Token> {
        self.check_verifier()?;
        let how = Exchanging { input: &self, exposed: expose.0 };
        let user = login.exchange(&self.code, &how).await?;
        let exchange = user.exchange;
        let exposed = if expose.0 && !exchange.snapshot {
            sns.of(caller.appid(), &exchange.openid).read().await?
        } else {
            None
        };
        let exposed = exposed.map(|record| record.tokens);
        let ends = exposed.as_ref().map_or(user.session.exp, |tokens| tokens.expires_at);
        let (access_token, dynamic_token) =
            exposed.map(|tokens| (tokens.access_token, tokens.refresh_token)).unzip();
        let plain = |token: Secret| token.expose().to_owned();
        Ok(Token {
            status: true,
            openid: exchange.openid,
            unionid: exchange.unionid,
            session_token: user.session_token,
            expires: ends.saturating_sub(caller.now()),
            scope: exchange.scope,
            snapshot: exchange.snapshot,
            access_token: access_token.map(plain),
            dynamic_token: dynamic_token.map(plain).or(user.refresh_token),
        })
    }
}

impl GetToken {
    /// Checks that this browser began the login, if `oauth.authorizeUrl` made its state.
    fn check_verifier(&self) -> Result<()> {
        let (state, verifier) = match (&self.state, &self.verifier) {
            (None, None) => return Ok(()),
            (Some(state), Some(verifier)) => (state, verifier),
            (Some(_), None) => {
                let detail = [
                    "Send the verifier that this browser stored. Without one the login \
                     was not begun here; do not go on.",
                    "请发送本浏览器保存的 verifier。若没有，则登录不是在此发起的，请勿继续。",
                ];
                return Err(Error::invalid("verifier", detail));
            }
            (None, Some(_)) => {
                return Err(Error::invalid(
                    "state",
                    ["Send the state that came with the code.", "请发送随 code 返回的 state。"],
                ));
            }
        };
        let expected = sha256_hex(verifier.as_str());
        if !equal_in_constant_time(expected.as_bytes(), state.as_bytes()) {
            return Err(Error::new(
                Problem::Forbidden,
                [
                    "This login was not begun in this browser; begin again.",
                    "本次登录不是在此浏览器发起的，请重新开始。",
                ],
            )
            .field("state"));
        }
        Ok(())
    }
}

/// How a code is exchanged.
struct Exchanging<'a> {
    input: &'a GetToken,
    /// Whether the client gets WeChat's tokens.
    exposed: bool,
}

impl CodeExchange for Exchanging<'_> {
    fn call(&self, account: &Account, secret: &Secret) -> Call {
        Call::get("/sns/oauth2/access_token")
            .query("appid", &account.appid)
            .query("secret", secret.expose())
            .query("code", self.input.code.as_str())
            .query("grant_type", "authorization_code")
            .refusals(GetToken::REFUSALS)
    }

    fn read(&self, answer: &Answer, now: u64) -> Result<(Exchange, Kept)> {
        let Upstream { granted, unionid, is_snapshotuser } = answer.json()?;
        let mut exchange = Exchange::new(granted.openid.clone(), unionid, now);
        exchange.scope = granted.scope.clone().filter(|scope| !scope.is_empty());
        exchange.snapshot = match is_snapshotuser {
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !matches!(text.as_str(), "" | "0"),
            Value::Bool(is_snapshot) => is_snapshot,
            _ => false,
        };
        if exchange.snapshot {
            // That of a snapshot's user must not lead to a real user's account.
            exchange.unionid = None;
            return Ok((exchange, Kept::Nothing));
        }
        Ok((exchange, Kept::Sns(granted.tokens(now))))
    }

    fn proof(&self) -> Option<String> {
        self.input.verifier.as_ref().map(|verifier| sha256_hex(verifier.as_str()))
    }

    fn refresh_token(&self, kept: &Kept) -> Option<Secret> {
        match kept {
            Kept::Sns(tokens) if self.exposed => Some(tokens.refresh_token.clone()),
            _ => None,
        }
    }
}

//! `POST /oauth/refreshToken`
//!
//! WeChat: `GET /sns/oauth2/refresh_token`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Error, Operation, Problem, Refusal, Result, Secret, Uses,
    capability::{LoginStates, Logins, Settings, SignSessions, SnsCalls, SnsTokens},
    session::{RefreshCredential, SigningKey},
    text,
    value::{Chars, Text},
};

use super::{ExposeSnsTokens, Granted, refresh, tokens};

text! {
    /// What renews a login.
    DynamicToken: 1..=1024, Chars::VISIBLE,
        [
            "Send the dynamicToken of the last oauth.getToken or oauth.refreshToken.",
            "请发送最近一次 oauth.getToken 或 oauth.refreshToken 返回的 dynamicToken。",
        ];
}

/// WeChat is not asked again within this time after a refresh, in seconds.
const FRESH: u64 = 60;

/// Renews a login with its `dynamicToken`: a new session, and WeChat's tokens refreshed.
///
/// It needs no session, and works after the session has expired, until thirty days after the
/// login; then the user must log in again, and also if the user revokes the consent.
///
/// Use each `dynamicToken` once, and store the one in the answer. One that is used a second time
/// has been stolen from one of its users, so it ends the login. Simultaneous calls with the same
/// one share one renewal. A call that fails does not use it up.
///
/// 用 `dynamicToken` 续期登录：返回新会话，并刷新微信的 token。
///
/// 无需会话，会话过期后仍可使用，直至登录满三十天；此后，或用户撤回授权后，须重新登录。
///
/// 每个 `dynamicToken` 只用一次，请保存应答中的新值。若被再次使用，说明它已被盗用，该登录随即终止。
/// 同时发起的相同调用共享一次续期。调用失败不消耗它。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// The `dynamicToken` of the last `oauth.getToken` or `oauth.refreshToken`.
    ///
    /// 最近一次 `oauth.getToken` 或 `oauth.refreshToken` 返回的 `dynamicToken`。
    #[serde(rename = "dynamicToken")]
    dynamic_token: Text<DynamicToken>,
}

/// A renewed login.
///
/// 续期后的登录。
#[derive(Serialize, JsonSchema)]
pub struct Refreshed {
    /// Always true; for code that was written for the native module.
    ///
    /// 恒为 true；供为原生模块编写的代码使用。
    status: bool,
    /// The user's id in this app.
    ///
    /// 用户在此应用下的 openid。
    #[serde(rename = "openId")]
    openid: String,
    /// The new session; operations that hand out keys refuse the one before.
    ///
    /// 新会话；会返回密钥的接口不再接受旧会话。
    session_token: String,
    /// Seconds until the session and WeChat's access token expire.
    ///
    /// 距会话与微信 access_token 过期的秒数。
    expires: u64,
    /// What the user consented to.
    ///
    /// 用户授权的作用域。
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    /// WeChat's access token; with `EXPOSE_SNS_TOKENS` only.
    ///
    /// 微信的网页授权 access_token；仅在设置 `EXPOSE_SNS_TOKENS` 时返回。
    #[serde(rename = "accessToken", skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// What renews the login next. With `EXPOSE_SNS_TOKENS` it is WeChat's refresh token.
    ///
    /// 下次续期所用的值。设置 `EXPOSE_SNS_TOKENS` 时为微信的 refresh_token。
    #[serde(rename = "dynamicToken")]
    dynamic_token: String,
}

impl Operation for RefreshToken {
    const ID: &'static str = "oauth.refreshToken";
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsrefreshtoken.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/web.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/app.md",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const PROBLEMS: &'static [Problem] = &[Problem::InvalidCode];
    const CODES: &'static [(Case, i64)] = &[
        (Case::Field("appid"), 1),
        (Case::Errcode(40013), 1),
        (Case::Field("dynamicToken"), 2),
        (Case::Problem(Problem::Unauthenticated), 3),
        (Case::Problem(Problem::WechatUnreachable), 4),
        (Case::Problem(Problem::WechatBusy), 4),
        (Case::Problem(Problem::InProgress), 4),
    ];
    const EXAMPLE: &'static str =
        r#"{"dynamicToken":"wx2222222222222222.oUpF8uMuAJO_M2pxb1Q9zNjWeS6o.5f0c.5f0c.Zm9v"}"#;
    type Uses = (SnsTokens, Logins, SignSessions, Settings<ExposeSnsTokens>);
    type Output = Refreshed;

    async fn run(
        self,
        (sns, logins, signer, expose): Uses<'_, Self>,
        caller: &Caller,
    ) -> Result<Refreshed> {
        // First, so that a missing key costs no refresh.
        let key = signer.key().await?;
        let sealed = self.dynamic_token.as_str();
        match RefreshCredential::read(sealed) {
            Some(credential) => {
                if caller.names_account() && caller.appid() != credential.appid {
                    let detail = [
                        "This dynamicToken is another app's; log in there.",
                        "该 dynamicToken 属于其他应用，请在该应用登录。",
                    ];
                    return Err(Error::new(Problem::Unauthenticated, detail));
                }
                ours(sns, logins, &key, &credential, sealed, expose).await
            }
            None if expose.0 => wechats(sns, logins, &key, caller, sealed).await,
            None => Err(Error::new(
                Problem::Unauthenticated,
                [
                    "This dynamicToken is not one of ours; let the user log in again.",
                    "该 dynamicToken 不是由本服务签发的，请让用户重新登录。",
                ],
            )),
        }
    }
}

/// Renews with a credential of ours.
async fn ours(
    sns: SnsCalls<'_>,
    logins: LoginStates<'_>,
    key: &SigningKey,
    credential: &RefreshCredential,
    sealed: &str,
    expose: &ExposeSnsTokens,
) -> Result<Refreshed> {
    let proven = logins.prove(credential, sealed, key).await?;
    let user = sns.of(&credential.appid, &credential.openid);
    let mut record = tokens(user).await?;
    let is_fresh = record.refreshed_at.is_some_and(|at| user.now() < at.saturating_add(FRESH));
    if !is_fresh || record.tokens.expires_at <= user.now() {
        record = refresh(user, &record).await?;
    }
    let exposed = |token: &Secret| expose.0.then(|| token.expose().to_owned());
    let next = |next: &RefreshCredential| {
        exposed(&record.tokens.refresh_token).unwrap_or_else(|| key.seal(next))
    };
    let renewed = logins.renew(&proven, next).await?;
    let ends = match expose.0 {
        true => renewed.session.exp.min(record.tokens.expires_at),
        false => renewed.session.exp,
    };
    Ok(Refreshed {
        status: true,
        session_token: key.sign(&renewed.session),
        expires: ends.saturating_sub(user.now()),
        access_token: exposed(&record.tokens.access_token),
        scope: record.tokens.scope.clone(),
        dynamic_token: next(&renewed.credential),
        openid: renewed.session.openid,
    })
}

/// Renews with WeChat's own refresh token, which apps written for the native module have. WeChat
/// says whose it is, and never replaces it.
async fn wechats(
    sns: SnsCalls<'_>,
    logins: LoginStates<'_>,
    key: &SigningKey,
    caller: &Caller,
    token: &str,
) -> Result<Refreshed> {
    let call = sns
        .get("/sns/oauth2/refresh_token")
        .query("appid", caller.appid())
        .query("grant_type", "refresh_token")
        .query("refresh_token", token)
        .refusals(RefreshToken::REFUSALS);
    let granted: Granted = call.json().await?;
    let user = sns.of(caller.appid(), &granted.openid);
    let proven = logins.of_wechats(user.appid(), user.openid(), token).await?;
    let now = user.now();
    let fresh = granted.clone().tokens(now);
    user.adopt(token, &fresh).await?;
    let next = fresh.refresh_token.expose();
    let renewed = logins.renew(&proven, |_| next.to_owned()).await?;
    Ok(Refreshed {
        status: true,
        session_token: key.sign(&renewed.session),
        expires: renewed.session.exp.min(fresh.expires_at).saturating_sub(now),
        access_token: Some(fresh.access_token.expose().to_owned()),
        scope: fresh.scope.clone(),
        dynamic_token: next.to_owned(),
        openid: renewed.session.openid,
    })
}

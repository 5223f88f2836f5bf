//! `POST /oauth/checkToken`
//!
//! WeChat: `GET /sns/auth`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses, capability::SnsTokens,
};

use super::note_refusal;

/// Tells whether WeChat accepts the user's access token as it is.
///
/// It refreshes nothing. `oauth.getUserInfo` refreshes an expired token by itself,
/// `oauth.refreshToken` on demand.
///
/// 检查微信是否仍接受用户当前的网页授权 access_token。
///
/// 此接口不刷新。`oauth.getUserInfo` 会自行刷新过期的 access_token，`oauth.refreshToken` 则按需刷
/// 新。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckToken {}

/// The state of an access token.
///
/// access_token 的状态。
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// Whether WeChat accepts it for this user.
    ///
    /// 微信是否接受该用户的 access_token。
    valid: bool,
}

impl Operation for CheckToken {
    const ID: &'static str = "oauth.checkToken";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsauth.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/web.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/app.md",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = "{}";
    type Uses = SnsTokens;
    type Output = Checked;

    async fn run(self, sns: Uses<'_, Self>, _caller: &Caller) -> Result<Checked> {
        let user = sns.caller()?;
        let Some(record) = user.read().await? else { return Ok(Checked { valid: false }) };
        let call = user
            .get("/sns/auth")
            .query("access_token", record.tokens.access_token.expose())
            .query("openid", user.openid())
            .refusals(Self::REFUSALS);
        match note_refusal(user, &record, call.done().await).await {
            Ok(()) => Ok(Checked { valid: true }),
            Err(error) if error.problem() == Problem::Unauthenticated => {
                Ok(Checked { valid: false })
            }
            Err(error) => Err(error),
        }
    }
}

//! `POST /oauth/checkToken`
//!
//! WeChat: `GET /sns/auth`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Operation, Problem, Result, Touch, wechat::Call};

use super::VERDICTS;

/// Tells whether WeChat accepts the user's access token as it is.
///
/// Nothing is refreshed: `oauth.getUserInfo` does that by itself, `oauth.refreshToken` on demand.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckToken {}

/// The state of an access token.
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// Whether WeChat accepts it for this user.
    valid: bool,
}

impl Operation for CheckToken {
    const ID: &'static str = "oauth.checkToken";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[Touch::SnsTokens];
    const EXAMPLE: &'static str = "{}";
    type Output = Checked;

    async fn run(self, app: &App, caller: &Caller) -> Result<Checked> {
        let openid = caller.openid()?;
        let Some(record) = app.table.sns(caller.appid(), openid, app.clock.now()).await? else {
            return Ok(Checked { valid: false });
        };
        let call = Call::get("/sns/auth")
            .query("access_token", record.tokens.access_token.expose())
            .query("openid", openid)
            .verdicts(VERDICTS);
        match app.wechat.call(&call).await {
            Ok(_) => Ok(Checked { valid: true }),
            Err(error) if error.problem() == Problem::Unauthenticated => {
                Ok(Checked { valid: false })
            }
            Err(error) => Err(error),
        }
    }
}

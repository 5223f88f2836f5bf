//! `POST /auth/checkSession`
//!
//! WeChat: `GET /wxa/checksession`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Operation, Problem, Result, Touch, crypto::hmac_sha256_hex,
    wechat::Call,
};

/// Tells whether the stored session key is still the user's current one.
///
/// If not, call `wx.login` and log in again before decrypting anything.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSession {}

/// The state of a session key.
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// Whether data the client encrypts now can be decrypted here.
    valid: bool,
}

impl Operation for CheckSession {
    const ID: &'static str = "auth.checkSession";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Session, Touch::Wechat];
    const EXAMPLE: &'static str = "{}";
    type Output = Checked;

    async fn run(self, app: &App, caller: &Caller) -> Result<Checked> {
        let openid = caller.openid()?;
        let keys = app.table.session_keys(caller.appid(), openid, app.clock.now()).await?;
        let Some(keys) = keys else { return Ok(Checked { valid: false }) };
        let call = Call::get("/wxa/checksession")
            .query("openid", openid)
            .query("signature", hmac_sha256_hex(keys.current.expose().as_bytes(), b""))
            .query("sig_method", "hmac_sha256");
        match app.call(caller.appid(), call).await {
            Ok(_) => Ok(Checked { valid: true }),
            Err(error) if error.problem() == Problem::StaleSessionKey => {
                Ok(Checked { valid: false })
            }
            Err(error) => Err(error),
        }
    }
}

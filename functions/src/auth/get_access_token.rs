//! `auth.getAccessToken`
//!
//! WeChat: none; the refresher fetched it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Operation, Result, Touch,
    credentials::{CredentialKey, CredentialKind},
};

/// Hands the current access token to a back end that calls WeChat itself.
///
/// Ask again when `expires_in` is over or WeChat answers 40001, 40014 or 42001; never fetch one
/// from WeChat beside this bundle.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetAccessToken {}

/// An access token.
#[derive(Serialize, JsonSchema)]
pub struct AccessToken {
    /// The token.
    access_token: String,
    /// Seconds it still lives.
    expires_in: u64,
    /// Grows by one with every new token.
    version: u64,
}

impl Operation for GetAccessToken {
    const ID: &'static str = "auth.getAccessToken";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MiniProgram, AccountKind::OfficialAccount, AccountKind::MobileApp];
    const TOUCHES: &'static [Touch] = &[Touch::Credential(CredentialKind::AccessToken)];
    const EXAMPLE: &'static str = "{}";
    type Output = AccessToken;

    async fn run(self, app: &App, caller: &Caller) -> Result<AccessToken> {
        let key = CredentialKey::new(caller.appid(), CredentialKind::AccessToken);
        let token = app.credentials.get(&key).await?;
        Ok(AccessToken {
            access_token: token.value.expose().to_owned(),
            expires_in: token.seconds_left(app.clock.now()),
            version: token.version,
        })
    }
}

//! `auth.getAccessToken`
//!
//! WeChat: none; `refresh-credentials` fetched it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Result, Uses,
    capability::{self, Reads},
};

/// Hands the current access token to a back end that calls WeChat itself.
///
/// Ask again when the token expires or WeChat answers 40001, 40014 or 42001: asked again within
/// seconds, the function reads past its own copy. Do not fetch tokens
/// of the same app from WeChat elsewhere: that may retire this one.
///
/// 向自行调用微信的后端提供当前的 access_token。
///
/// token 过期，或微信返回 40001、40014、42001 时再次获取即可：数秒内再次请求，函数会绕过自己的缓
/// 存。请勿在别处为同一应用向微信获取 token，否则这里的 token 可能失效。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetAccessToken {
    /// `false` reads past the copy that this function keeps for up to four minutes; also as a text.
    ///
    /// 填 `false` 则绕过函数的缓存（最长四分钟）；也可传文本。
    #[serde(default = "usual", deserialize_with = "flag")]
    #[schemars(with = "bool")]
    cache: bool,
}

const fn usual() -> bool {
    true
}

/// A boolean, or its name as a text.
fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "true or false")]
    enum Flag {
        Boolean(bool),
        Name(Name),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Name {
        True,
        False,
    }
    Ok(match Flag::deserialize(from)? {
        Flag::Boolean(flag) => flag,
        Flag::Name(name) => matches!(name, Name::True),
    })
}

/// An access token.
///
/// 接口调用凭据 access_token。
#[derive(Serialize, JsonSchema)]
pub struct AccessToken {
    /// The token.
    ///
    /// access_token 的值。
    access_token: String,
    /// Seconds until it expires.
    ///
    /// 距过期的秒数。
    expires_in: u64,
    /// Grows by one with every new token.
    ///
    /// 版本号，每换一个新 token 加一。
    version: u64,
}

impl Operation for GetAccessToken {
    const ID: &'static str = "auth.getAccessToken";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] =
        &[AccountKind::MiniProgram, AccountKind::OfficialAccount, AccountKind::MobileApp];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html",
        "https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken.html",
    ];
    const EXAMPLE: &'static str = "{}";
    type Uses = Reads<capability::AccessToken>;
    type Output = AccessToken;

    async fn run(self, token: Uses<'_, Self>, caller: &Caller) -> Result<AccessToken> {
        let token = token.hand_out(!self.cache).await?;
        Ok(AccessToken {
            access_token: token.value.expose().to_owned(),
            expires_in: token.seconds_left(caller.now()),
            version: token.version,
        })
    }
}

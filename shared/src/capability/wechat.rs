//! WeChat's API with the account's access token.

use http::Method;
use model::{CredentialKey, CredentialKind, Problem, Result};
use serde::Serialize;

use super::{Capability, Early, Facts, credential::grants};
use crate::{
    App, Caller,
    wechat::{Answer, Call, Carrier, Request},
};

/// WeChat's API with the account's access token.
pub struct Wechat;

/// Calls WeChat for one account.
#[derive(Clone, Copy)]
pub struct WechatCalls<'a> {
    app: &'a App,
    appid: &'a str,
}

/// A call with the account's access token, being put together.
pub type WechatCall<'a> = Call<WechatCalls<'a>>;

impl<'a> WechatCalls<'a> {
    /// `GET path`; may be repeated.
    pub fn get(&self, path: &'static str) -> WechatCall<'a> {
        Call::new(*self, Method::GET, path)
    }

    /// `POST path` with a JSON body; may be repeated.
    pub fn post(&self, path: &'static str, body: &impl Serialize) -> WechatCall<'a> {
        Call::new(*self, Method::POST, path).body(body)
    }

    /// `POST path` with one file in the multipart field `media`.
    pub fn upload(
        &self,
        path: &'static str,
        file_name: &str,
        content_type: &str,
        file: &[u8],
    ) -> WechatCall<'a> {
        Call::new(*self, Method::POST, path).file(file_name, content_type, file)
    }

    /// The same for another account of this deployment.
    pub fn of(self, appid: &'a str) -> WechatCalls<'a> {
        WechatCalls { appid, ..self }
    }
}

impl Carrier for WechatCalls<'_> {
    /// If WeChat refuses the token, a newer one is waited for, bounded, and the call is made once
    /// more: never a third time, whatever WeChat answers. A path whose quota is used up is not
    /// called until it begins again.
    async fn carry(&self, request: Request) -> Result<Answer> {
        let (app, wechat) = (self.app, &self.app.wechat);
        let key = CredentialKey::new(self.appid, CredentialKind::AccessToken);
        let call = async |token: model::Credential| wechat.carry_with(&request, &token.value).await;
        wechat.check_quota(self.appid, &request)?;
        let outcome = app.credentials.with(&key, call).await;
        wechat.learn_quota(self.appid, &request, &outcome);
        outcome
    }
}

impl Capability for Wechat {
    type Handle<'a> = WechatCalls<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: grants(CredentialKind::AccessToken),
            problems: &[
                Problem::CredentialUnavailable,
                Problem::TableUnavailable,
                Problem::QuotaExceeded,
                Problem::AccountNotPermitted,
                Problem::Misconfigured,
                Problem::WechatRefused,
                Problem::WechatUnreachable,
                Problem::WechatBusy,
            ],
            ..Facts::new("Wechat")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
        early.credential = Some(CredentialKind::AccessToken);
        early.wechat = true;
    }

    fn of<'a>(app: &'a App, caller: &'a Caller) -> WechatCalls<'a> {
        WechatCalls { app, appid: caller.appid() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size<F: Future>(_: impl FnOnce(WechatCall<'static>) -> F) -> usize {
        size_of::<F>()
    }

    /// Futures are moved, and each one around another has its size, or twice as much.
    #[test]
    fn the_future_of_a_call_is_small() {
        let size = size(|call| call.json::<serde_json::Value>());
        assert!(size <= 4 << 10, "{size} bytes");
    }
}

//! A user's OAuth tokens, and WeChat's calls with them.

use http::Method;
use model::{Problem, Result};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    grant::{Action, Grant},
    table::{self, SnsRecord},
    wechat::{Call, Wechat},
};

/// The OAuth tokens of the user the call is for.
pub struct SnsTokens;

/// Calls WeChat with OAuth tokens.
#[derive(Clone, Copy)]
pub struct SnsCalls<'a> {
    app: &'a App,
    caller: &'a Caller,
}

/// Reads and refreshes one user's tokens, and calls WeChat with them.
#[derive(Clone, Copy)]
pub struct SnsUser<'a> {
    app: &'a App,
    appid: &'a str,
    openid: &'a str,
}

impl<'a> SnsCalls<'a> {
    /// The user the call is by or for.
    ///
    /// # Errors
    /// A service that names no user.
    pub fn caller(&self) -> Result<SnsUser<'a>> {
        Ok(self.of(self.caller.appid(), self.caller.openid()?))
    }

    /// Another user, who has proven to be one.
    pub fn of(&self, appid: &'a str, openid: &'a str) -> SnsUser<'a> {
        SnsUser { app: self.app, appid, openid }
    }

    /// `GET path`, without the account's access token.
    pub fn get(&self, path: &'static str) -> Call<&'a Wechat> {
        Call::new(&self.app.wechat, Method::GET, path)
    }
}

impl<'a> SnsUser<'a> {
    /// The app.
    pub fn appid(&self) -> &'a str {
        self.appid
    }

    /// The user, as the app knows them.
    pub fn openid(&self) -> &'a str {
        self.openid
    }

    /// The time, seconds since 1970.
    pub fn now(&self) -> u64 {
        self.app.clock.now()
    }

    /// `GET path`, without the account's access token.
    pub fn get(&self, path: &'static str) -> Call<&'a Wechat> {
        Call::new(&self.app.wechat, Method::GET, path)
    }

    /// The user's tokens; `None` if the user never consented, or thirty days ago.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn read(&self) -> Result<Option<SnsRecord>> {
        self.app.table.sns(self.appid, self.openid, self.now()).await
    }

    /// Takes the right to refresh a version; `false` if another request has it, or did it.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn lease(&self, version: u64, owner: &str) -> Result<bool> {
        self.app.table.lease_sns(self.appid, self.openid, version, owner, self.now()).await
    }

    /// Gives the right back.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`]; the lease then ends by itself after ten seconds.
    pub async fn release(&self, owner: &str) -> Result<()> {
        self.app.table.release_sns(self.appid, self.openid, owner).await
    }

    /// Writes refreshed tokens and ends the lease; `false` if lease or version moved on.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn replace(
        &self,
        version: u64,
        owner: &str,
        tokens: &table::SnsTokens,
    ) -> Result<bool> {
        let (appid, openid) = (self.appid, self.openid);
        self.app.table.refresh_sns(appid, openid, version, owner, tokens, self.now()).await
    }

    /// Writes what WeChat gave for a refresh token that the client sent, unless a later login has
    /// put others in its place.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn adopt(&self, refresh_token: &str, tokens: &table::SnsTokens) -> Result<()> {
        let (appid, openid) = (self.appid, self.openid);
        self.app.table.adopt_sns(appid, openid, refresh_token, tokens, self.now()).await
    }

    /// Notes that WeChat refused a version: the next renewal asks WeChat, however recently the
    /// last one did.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn distrust(&self, version: u64) -> Result<()> {
        self.app.table.distrust_sns(self.appid, self.openid, version).await
    }
}

impl Capability for SnsTokens {
    type Handle<'a> = SnsCalls<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![Grant::item(Action::Get, "sns#*"), Grant::item(Action::Update, "sns#*")],
            problems: &[
                Problem::Unauthenticated,
                Problem::TableUnavailable,
                Problem::InProgress,
                Problem::AccountNotPermitted,
                Problem::QuotaExceeded,
                Problem::Misconfigured,
                Problem::WechatRefused,
                Problem::WechatUnreachable,
                Problem::WechatBusy,
            ],
            ..Facts::new("SnsTokens")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
        early.wechat = true;
    }

    fn of<'a>(app: &'a App, caller: &'a Caller) -> SnsCalls<'a> {
        SnsCalls { app, caller }
    }
}

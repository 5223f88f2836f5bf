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

/// Reads and refreshes one user's tokens, and calls WeChat with them.
#[derive(Clone, Copy)]
pub struct SnsCalls<'a> {
    app: &'a App,
    caller: &'a Caller,
}

impl<'a> SnsCalls<'a> {
    /// `GET path`, without the account's access token.
    pub fn get(&self, path: &'static str) -> Call<&'a Wechat> {
        Call::new(&self.app.wechat, Method::GET, path)
    }

    /// The user's tokens; `None` if the user never consented, or thirty days ago.
    ///
    /// # Errors
    /// A service that names no user; [`Problem::TableUnavailable`].
    pub async fn read(&self) -> Result<Option<SnsRecord>> {
        self.read_of(self.caller.openid()?).await
    }

    /// The tokens of another user, who has just logged in.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn read_of(&self, openid: &str) -> Result<Option<SnsRecord>> {
        self.app.table.sns(self.caller.appid(), openid, self.caller.now()).await
    }

    /// Takes the right to refresh a version; `false` if another request has it, or did it.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn lease(&self, version: u64, owner: &str) -> Result<bool> {
        let (caller, openid) = (self.caller, self.caller.openid()?);
        self.app.table.lease_sns(caller.appid(), openid, version, owner, caller.now()).await
    }

    /// Gives the right back.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`]; the lease then ends by itself after ten seconds.
    pub async fn release(&self, owner: &str) -> Result<()> {
        self.app.table.release_sns(self.caller.appid(), self.caller.openid()?, owner).await
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
        let (caller, openid) = (self.caller, self.caller.openid()?);
        let now = caller.now();
        self.app.table.refresh_sns(caller.appid(), openid, version, owner, tokens, now).await
    }
}

impl Capability for SnsTokens {
    type Handle<'a> = SnsCalls<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![
                Grant::item(Action::Get, "session#*"),
                Grant::item(Action::Update, "session#*"),
            ],
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

//! Erasing what is stored about a user.

use futures_util::future::try_join3;
use model::{Problem, Result};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    grant::{Action, Grant},
    table::Table,
};

/// Everything that logins of a user left.
pub struct Erasure;

/// Erases what is stored about a user.
#[derive(Clone, Copy)]
pub struct Erasing<'a>(&'a Table);

impl Erasing<'_> {
    /// Erases a user's OAuth tokens.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn tokens(&self, appid: &str, openid: &str) -> Result<()> {
        self.0.erase_sns(appid, openid).await
    }

    /// Erases all that is stored about a user of an app.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`]; what is left is erased when it is asked for again.
    pub async fn everything(&self, appid: &str, openid: &str) -> Result<()> {
        let sessions = self.0.erase_sessions(appid, openid);
        let sns = self.0.erase_sns(appid, openid);
        let unionid = self.0.erase_unionid(appid, openid);
        try_join3(sessions, sns, unionid).await.map(drop)
    }
}

impl Capability for Erasure {
    type Handle<'a> = Erasing<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![
                Grant::item(Action::Delete, "session#*"),
                Grant::item(Action::Delete, "sns#*"),
                Grant::item(Action::Delete, "unionid#*"),
                Grant::item(Action::Get, "unionid#*"),
                Grant::item(Action::Update, "unionid#*"),
            ],
            problems: &[Problem::TableUnavailable],
            ..Facts::new("Erasure")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> Erasing<'a> {
        Erasing(&app.table)
    }
}

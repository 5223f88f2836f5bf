//! Reading the keys that decrypt a user's data.

use model::{Problem, Result};

use super::{Capability, Early, Facts, current_login::must_be_current};
use crate::{
    App, Caller,
    grant::{Action, Grant},
    table::{self, Table},
};

/// The session keys of the user the call is for.
pub struct SessionKeys;

/// Reads one user's session keys.
#[derive(Clone, Copy)]
pub struct ReadSessionKeys<'a> {
    table: &'a Table,
    caller: &'a Caller,
}

impl ReadSessionKeys<'_> {
    /// The keys; `None` if the user never logged in, or too long ago.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`] if the session is no longer current; a service that names no
    /// user; [`Problem::TableUnavailable`].
    pub async fn get(&self) -> Result<Option<table::SessionKeys>> {
        let caller = self.caller;
        let openid = caller.openid()?;
        let sessions = self.table.sessions(caller.appid(), openid, caller.now()).await?;
        must_be_current(caller, &sessions)?;
        Ok(sessions.keys().cloned())
    }

    /// The keys of a user whom a service names in an input of its own, or who has just logged in.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn of(&self, openid: &str) -> Result<Option<table::SessionKeys>> {
        let sessions = self.table.sessions(self.caller.appid(), openid, self.caller.now()).await?;
        Ok(sessions.keys().cloned())
    }
}

impl Capability for SessionKeys {
    type Handle<'a> = ReadSessionKeys<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![Grant::item(Action::Get, "session#*")],
            problems: &[
                Problem::Unauthenticated,
                Problem::StaleSessionKey,
                Problem::TableUnavailable,
            ],
            ..Facts::new("SessionKeys")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
    }

    fn of<'a>(app: &'a App, caller: &'a Caller) -> ReadSessionKeys<'a> {
        ReadSessionKeys { table: &app.table, caller }
    }
}

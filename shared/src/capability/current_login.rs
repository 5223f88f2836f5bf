//! Whether the login that a call is made with is still there.

use model::{Error, Problem, Result};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    grant::{Action, Grant},
    table::{Sessions, Table},
};

/// The login of the session the call is made with: it must not have ended.
pub struct CurrentLogin;

/// Looks at the login of one session.
#[derive(Clone, Copy)]
pub struct CheckLogin<'a> {
    table: &'a Table,
    caller: &'a Caller,
}

impl CheckLogin<'_> {
    /// Nothing, if the session is its login's current one, or the caller is a service.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`] if the login has ended or was renewed;
    /// [`Problem::TableUnavailable`].
    pub async fn check(&self) -> Result<()> {
        let caller = self.caller;
        let Some(session) = caller.session() else { return Ok(()) };
        let sessions = self.table.sessions(caller.appid(), &session.openid, caller.now()).await?;
        must_be_current(caller, &sessions)
    }
}

/// # Errors
/// [`Problem::Unauthenticated`] if the caller's session is none of these logins' current ones.
pub(super) fn must_be_current(caller: &Caller, sessions: &Sessions) -> Result<()> {
    if caller.session().is_some_and(|session| !sessions.is_current(&session.sid)) {
        return Err(Error::new(
            Problem::Unauthenticated,
            ["The session has ended; log in again.", "会话已结束，请重新登录。"],
        ));
    }
    Ok(())
}

impl Capability for CurrentLogin {
    type Handle<'a> = CheckLogin<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![Grant::item(Action::Get, "session#*")],
            problems: &[Problem::Unauthenticated, Problem::TableUnavailable],
            ..Facts::new("CurrentLogin")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
    }

    fn of<'a>(app: &'a App, caller: &'a Caller) -> CheckLogin<'a> {
        CheckLogin { table: &app.table, caller }
    }
}

//! Reading which openids are one person's.

use model::{Problem, Result};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    grant::{Action, Grant},
    table::Table,
};

/// Which openids are one person's.
pub struct Unionids;

/// Looks people up.
#[derive(Clone, Copy)]
pub struct ReadUnionids<'a>(&'a Table);

impl ReadUnionids<'_> {
    /// A user's unionid; `None` if none is known.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn unionid(&self, appid: &str, openid: &str) -> Result<Option<String>> {
        self.0.unionid(appid, openid).await
    }

    /// A person's openid at an app; `None` if none is known.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn openid(&self, unionid: &str, appid: &str) -> Result<Option<String>> {
        self.0.openid(unionid, appid).await
    }
}

impl Capability for Unionids {
    type Handle<'a> = ReadUnionids<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![Grant::item(Action::Get, "unionid#*")],
            problems: &[Problem::TableUnavailable],
            ..Facts::new("Unionids")
        });
    }

    fn prepare(early: &mut Early) {
        early.table = true;
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> ReadUnionids<'a> {
        ReadUnionids(&app.table)
    }
}

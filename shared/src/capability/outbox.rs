//! The outbox of events, and the media checks that events answer.

use model::{Problem, Result};

use super::{Capability, Early, Facts};
use crate::{
    App, Caller,
    grant::{Action, Grant},
    table::{DUE_EVENTS, MediaCheck, OutboxEvent, Table},
};

/// Writing down what WeChat pushed.
pub struct Outbox;

/// Having events published once more.
pub struct Redelivery;

/// Remembering who asked for a media check.
pub struct StartMediaChecks;

/// Reading what a media check found.
pub struct ReadMediaChecks;

/// Works with one kind of item.
#[derive(Clone, Copy)]
pub struct OutboxCalls<'a> {
    table: &'a Table,
    now_ms: u64,
}

/// Works with the checks of one account's users.
#[derive(Clone, Copy)]
pub struct MediaCheckCalls<'a> {
    table: &'a Table,
    caller: &'a Caller,
}

impl OutboxCalls<'_> {
    /// Writes an event down, once: `false` if it is there already.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn put(&self, event: &OutboxEvent, media_check: Option<&str>) -> Result<bool> {
        self.table.put_event(event, media_check, self.now()).await
    }

    /// The time, seconds since 1970.
    pub fn now(&self) -> u64 {
        self.now_ms / 1_000
    }
}

/// Has events published once more.
#[derive(Clone, Copy)]
pub struct RedeliveryCalls<'a>(OutboxCalls<'a>);

impl RedeliveryCalls<'_> {
    /// Publishes an event once more; `false` if there is none of this id.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn redeliver(&self, id: &str) -> Result<bool> {
        self.0.table.redeliver_event(id, self.0.now_ms).await
    }

    /// The ids of the events since a time, oldest first.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn since(&self, since: u64) -> Result<Vec<String>> {
        self.0.table.events_since(since).await
    }
}

impl MediaCheckCalls<'_> {
    /// Remembers that the caller's user asked for a check.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn start(&self, trace_id: &str) -> Result<()> {
        let caller = self.caller;
        let openid = caller.openid()?;
        self.table.start_media_check(trace_id, caller.appid(), openid, caller.now()).await
    }

    /// A check that the caller's user asked for; `None` if there is none, or another user's.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn find(&self, trace_id: &str) -> Result<Option<MediaCheck>> {
        let openid = self.caller.openid()?;
        let check = self.table.media_check(trace_id).await?;
        Ok(check.filter(|check| {
            check.openid.as_deref() == Some(openid)
                && check.appid.as_deref() == Some(self.caller.appid())
        }))
    }
}

macro_rules! on_the_table {
    ($($type:ident $name:literal [$($action:ident $key:expr),+] -> $handle:ident, $make:expr;)+) => {$(
        impl Capability for $type {
            type Handle<'a> = $handle<'a>;

            fn describe(into: &mut Vec<Facts>) {
                into.push(Facts {
                    grants: vec![$(Grant::item(Action::$action, $key)),+],
                    problems: &[Problem::TableUnavailable],
                    ..Facts::new($name)
                });
            }

            fn prepare(early: &mut Early) {
                early.table = true;
            }

            fn of<'a>(app: &'a App, caller: &'a Caller) -> $handle<'a> {
                ($make)(app, caller)
            }
        }
    )+};
}

fn outbox<'a>(app: &'a App, _caller: &'a Caller) -> OutboxCalls<'a> {
    OutboxCalls { table: &app.table, now_ms: app.clock.now_ms() }
}

fn redelivery<'a>(app: &'a App, caller: &'a Caller) -> RedeliveryCalls<'a> {
    RedeliveryCalls(outbox(app, caller))
}

fn media_checks<'a>(app: &'a App, caller: &'a Caller) -> MediaCheckCalls<'a> {
    MediaCheckCalls { table: &app.table, caller }
}

on_the_table! {
    Outbox "Outbox" [Put "event#*", Update "mediacheck#*"] -> OutboxCalls, outbox;
    Redelivery "Redelivery" [Update "event#*", Query DUE_EVENTS] -> RedeliveryCalls, redelivery;
    StartMediaChecks "StartMediaChecks" [Update "mediacheck#*"] -> MediaCheckCalls, media_checks;
    ReadMediaChecks "ReadMediaChecks" [Get "mediacheck#*"] -> MediaCheckCalls, media_checks;
}

//! A function that is not an operation: a schedule or a stream runs it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    App, Caller, Capability,
    capability::{Early, Facts},
    input::complaint,
    invoke::Report,
};

/// A scheduled job, or one that a stream or a person runs: the same for all of them.
pub trait Job: 'static {
    /// The binary, the sample event and the name at the Invoke API.
    const NAME: &'static str;
    /// A valid input in JSON; replayed by the tests.
    const EXAMPLE: &'static str;
    /// What it may use.
    type Uses: Capability;
    /// What it reads of an event; an event of another shape asks for nothing.
    type Input: DeserializeOwned + Send;

    /// Does the work.
    fn run(
        uses: <Self::Uses as Capability>::Handle<'_>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Report>> + Send;
}

/// A job with its type erased.
#[derive(Clone, Copy)]
pub struct JobEndpoint {
    /// [`Job::NAME`].
    pub name: &'static str,
    /// [`Job::EXAMPLE`].
    pub example: &'static str,
    facts: fn(&mut Vec<Facts>),
    prepare: fn(&mut Early),
    run: for<'a> fn(&'a App, &'a Caller, Value) -> BoxFuture<'a, Result<Report>>,
}

impl JobEndpoint {
    /// Erases a job.
    pub const fn of<J: Job>() -> JobEndpoint {
        JobEndpoint {
            name: J::NAME,
            example: J::EXAMPLE,
            facts: J::Uses::describe,
            prepare: J::Uses::prepare,
            run: |app, caller, event| {
                Box::pin(async move {
                    let input = serde_json::from_value(event).map_err(|error| {
                        let detail = complaint::read(&error.to_string()).detail;
                        Error::new(model::Problem::MalformedBody, detail)
                    })?;
                    J::run(J::Uses::of(app, caller), input).await
                })
            },
        }
    }

    /// What it may use, one entry per capability.
    pub fn capabilities(&self) -> Vec<Facts> {
        let mut facts = Vec::new();
        (self.facts)(&mut facts);
        facts
    }

    /// Begins, in the background, what the first run will wait for.
    pub(crate) fn prepare(&self, app: &Arc<App>) {
        let mut early = Early::default();
        (self.prepare)(&mut early);
        app.prepare(early, None);
    }

    /// Runs the job.
    pub(crate) async fn call(&self, app: &App, event: Value) -> Result<Report> {
        (self.run)(app, &Caller::job(app), event).await
    }
}

//! Runs functions by name, each in an environment of its own, as Lambda does.

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::time::Instant;

use functions::{JOBS, OPERATIONS};
use shared::{
    App, Clock, Config, Endpoint, JobEndpoint, Log,
    crypto::{hex, random_bytes},
    fetch::Network,
    invoke::{Invocation, Outcome, invoke, invoke_job},
    transport::Transport,
};

/// Every function, ready to be invoked.
pub struct Host {
    functions: HashMap<String, Function>,
    config: Config,
    clock: Clock,
    log: Log,
    network: Arc<dyn Network>,
    transport: Transport,
}

/// A function of that name does not exist.
#[derive(Debug, thiserror::Error)]
#[error("there is no function {0}")]
pub struct UnknownFunction(String);

struct Function {
    work: Work,
    /// Its own caches and connections: what one function learned another must not know. Built
    /// for the first request, as on Lambda.
    app: OnceLock<App>,
    cold: AtomicBool,
}

enum Work {
    Operation(&'static Endpoint),
    Job(&'static JobEndpoint),
}

impl Host {
    /// A host for every function; none is started yet.
    pub(crate) fn new(
        config: Config,
        transport: Transport,
        clock: Clock,
        log: Log,
        network: Arc<dyn Network>,
    ) -> Host {
        let operations =
            OPERATIONS.iter().map(|endpoint| (endpoint.binary(), Work::Operation(endpoint)));
        let jobs = JOBS.iter().map(|job| (job.name.to_owned(), Work::Job(job)));
        let functions = operations.chain(jobs).map(|(name, work)| {
            (name, Function { work, app: OnceLock::new(), cold: AtomicBool::new(true) })
        });
        Host { functions: functions.collect(), config, clock, log, network, transport }
    }

    /// A new environment of a function.
    fn environment(&self, name: &str) -> App {
        let mut config = self.config.clone();
        name.clone_into(&mut config.aws.access_key_id);
        let transport = self.transport.apart();
        let mut app = App::new(config, transport, self.clock.clone(), self.log.named(name));
        app.web = app.web.through(Arc::clone(&self.network));
        app
    }

    /// Invokes a function, named as its binary, with an event.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn invoke(&self, name: &str, event: &[u8]) -> Result<Outcome, UnknownFunction> {
        self.invoke_until(name, event, None).await
    }

    /// The same, to be ended at a time, as Lambda ends a function.
    ///
    /// # Errors
    /// As [`Host::invoke`].
    pub async fn invoke_until(
        &self,
        name: &str,
        event: &[u8],
        deadline: Option<Instant>,
    ) -> Result<Outcome, UnknownFunction> {
        let function = self.functions.get(name).ok_or_else(|| UnknownFunction(name.to_owned()))?;
        let invocation = Invocation {
            request_id: request_id(),
            cold_start: function.cold.swap(false, Ordering::Relaxed),
            deadline,
        };
        let app = function.app.get_or_init(|| self.environment(name));
        Ok(match &function.work {
            Work::Operation(endpoint) => invoke(&endpoint.handler, app, event, &invocation).await,
            Work::Job(job) => invoke_job(job, app, event, &invocation).await,
        })
    }

    /// Whether there is a function of that name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }
}

/// A UUID, as Lambda's request ids are.
fn request_id() -> String {
    let id = hex(&random_bytes::<16>());
    format!("{}-{}-4{}-8{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..32])
}

/// Shared by everything that invokes functions.
pub(crate) type SharedHost = Arc<Host>;

//! Runs functions by name, each in an environment of its own, as Lambda does.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::time::Instant;

use functions::{JOBS, OPERATIONS};
use serde_json::Value;
use shared::{
    App, Clock, Config, Endpoint, JobEndpoint, Log,
    crypto::{hex, random_bytes},
    fetch::Network,
    invoke::{Invocation, Outcome, invoke, invoke_job},
    transport::Transport,
};

/// The access key of a configuration that names none.
pub(crate) const NOBODY: &str = "local";

/// Every function, ready to be invoked.
pub struct Host {
    functions: HashMap<String, Function>,
    config: Config,
    clock: Clock,
    log: Log,
    network: Arc<dyn Network>,
    transport: Transport,
    tails: Tails,
}

/// The log lines of requests whose caller asked for them, by request id.
type Tails = Arc<Mutex<HashMap<String, String>>>;

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
        let tails = Tails::default();
        let log = log.read_by({
            let tails = Arc::clone(&tails);
            move |line| keep(&tails, line)
        });
        Host { functions: functions.collect(), config, clock, log, network, transport, tails }
    }

    /// A new environment of a function.
    fn environment(&self, name: &str) -> App {
        let mut config = self.config.clone();
        if config.aws.access_key_id == NOBODY {
            // Its role, to the policies on one machine.
            name.clone_into(&mut config.aws.access_key_id);
        }
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
        self.run(name, event, request_id(), None).await
    }

    /// The same, to be ended at a time, as Lambda ends a function.
    ///
    /// # Errors
    /// As [`Host::invoke`].
    pub async fn invoke_until(
        &self,
        name: &str,
        event: &[u8],
        deadline: Instant,
    ) -> Result<Outcome, UnknownFunction> {
        self.run(name, event, request_id(), Some(deadline)).await
    }

    /// The same for a request that has an id.
    pub(crate) async fn invoke_as(
        &self,
        name: &str,
        event: &[u8],
        request_id: String,
    ) -> Result<Outcome, UnknownFunction> {
        self.run(name, event, request_id, None).await
    }

    async fn run(
        &self,
        name: &str,
        event: &[u8],
        request_id: String,
        deadline: Option<Instant>,
    ) -> Result<Outcome, UnknownFunction> {
        let function = self.functions.get(name).ok_or_else(|| UnknownFunction(name.to_owned()))?;
        let invocation = Invocation {
            request_id,
            cold_start: function.cold.swap(false, Ordering::Relaxed),
            deadline,
            xray_trace_id: None,
        };
        let app = function.app.get_or_init(|| self.environment(name));
        Ok(match &function.work {
            Work::Operation(endpoint) => invoke(&endpoint.handler, app, event, &invocation).await,
            Work::Job(job) => invoke_job(job, app, event, &invocation).await,
        })
    }

    /// The same, and what the function logged, a line each.
    pub(crate) async fn invoke_aloud(
        &self,
        name: &str,
        event: &[u8],
        request_id: String,
    ) -> Result<(Outcome, String), UnknownFunction> {
        self.tails().insert(request_id.clone(), String::new());
        let outcome = self.invoke_as(name, event, request_id.clone()).await;
        let tail = self.tails().remove(&request_id).unwrap_or_default();
        outcome.map(|outcome| (outcome, tail))
    }

    fn tails(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The functions' names, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.functions.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The settings of every function.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether there is a function of that name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }
}

/// Keeps a line for the caller who asked for it.
fn keep(tails: &Tails, line: &str) {
    let mut tails = tails.lock().unwrap_or_else(PoisonError::into_inner);
    if tails.is_empty() {
        return;
    }
    let fields: Value = serde_json::from_str(line).unwrap_or_default();
    let request_id = fields["function_request_id"].as_str().unwrap_or_default();
    if let Some(tail) = tails.get_mut(request_id) {
        tail.push_str(line);
        tail.push('\n');
    }
}

/// A UUID, as Lambda's request ids are.
pub(crate) fn request_id() -> String {
    let id = hex(&random_bytes::<16>());
    format!("{}-{}-4{}-8{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..32])
}

/// Shared by everything that invokes functions.
pub(crate) type SharedHost = Arc<Host>;

//! App secrets and the signing key: read from SSM by the few functions that need them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    Clock, Error, Problem, Result, Secret, SecretSource, aws_json::Action, config::Aws,
    transport::Transport,
};

/// A secret is read again after this time, in seconds, so that a rotation needs no deployment.
const REREAD_AFTER: u64 = 600;

/// How long SSM may take for an answer.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// Between two tries, since the last answer.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];

/// Resolves secrets, and keeps them for ten minutes.
#[derive(Clone, Debug)]
pub struct Secrets {
    transport: Transport,
    aws: Aws,
    clock: Clock,
    cells: Arc<Mutex<HashMap<String, Arc<Cell>>>>,
}

/// A secret and when it was read; locked while it is.
type Cell = tokio::sync::Mutex<Option<(Secret, u64)>>;

impl Secrets {
    /// Secrets of the Region and account in `aws`.
    pub fn new(transport: Transport, aws: &Aws, clock: Clock) -> Secrets {
        Secrets { transport, aws: aws.clone(), clock, cells: Arc::default() }
    }

    /// The secret itself.
    ///
    /// # Errors
    /// [`Problem::Misconfigured`] if SSM has none of that name or may not be read.
    pub async fn resolve(&self, source: &SecretSource) -> Result<Secret> {
        let name = match source {
            SecretSource::Value(secret) => return Ok(secret.clone()),
            SecretSource::Ssm(name) => name,
        };
        let cell = self.cell(name);
        let mut kept = cell.lock().await;
        let now = self.clock.now();
        if let Some((secret, read_at)) = &*kept
            && now < read_at + REREAD_AFTER
        {
            return Ok(secret.clone());
        }
        let value = self.read(name).await.map_err(|why| {
            Error::new(
                Problem::Misconfigured,
                ["A secret cannot be read; the log says which.", "有密钥无法读取，详情见日志。"],
            )
            .because(format!("SSM {name}: {why}"))
        })?;
        let secret = Secret::new(value);
        *kept = Some((secret.clone(), now));
        Ok(secret)
    }

    /// Reads a parameter; the error says why SSM gave none.
    async fn read(&self, name: &str) -> std::result::Result<String, String> {
        let url = self.aws.ssm();
        let action = Action { service: "ssm", target: "AmazonSSM.GetParameter", url };
        let input = GetParameter { name, with_decryption: true };
        let mut pauses = PAUSES.into_iter();
        loop {
            let answer = action.call(&self.transport, &self.aws, &input, TIMEOUT).await;
            let why = match answer.map_err(|error| error.to_string())? {
                Ok(answer) if answer.status().is_success() => {
                    let Found { parameter } = serde_json::from_slice(answer.body())
                        .map_err(|_| "it answered nonsense".to_owned())?;
                    return Ok(parameter.value);
                }
                Ok(answer) => {
                    let refusal: Refusal =
                        serde_json::from_slice(answer.body()).unwrap_or_default();
                    let code = refusal.code.rsplit('#').next().unwrap_or_default().to_owned();
                    if !answer.status().is_server_error() && code != "ThrottlingException" {
                        return Err(code);
                    }
                    code
                }
                Err(failure) => failure.to_string(),
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(why),
            }
        }
    }

    /// Forgets a secret that WeChat refused: the next use reads it again.
    ///
    /// `false` if it was not cached, so that reading again would give the same.
    pub async fn forget(&self, source: &SecretSource) -> bool {
        match source {
            SecretSource::Value(_) => false,
            SecretSource::Ssm(name) => {
                let kept = self.cell(name).lock().await.take();
                // One that was read a moment ago is as fresh as it gets.
                kept.is_some_and(|(_, read_at)| read_at + 5 < self.clock.now())
            }
        }
    }

    fn cell(&self, name: &str) -> Arc<Cell> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(name.to_owned()).or_default())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter<'a> {
    name: &'a str,
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    parameter: Parameter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

/// `__type` may have a namespace before a `#`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "__type")]
    code: String,
}

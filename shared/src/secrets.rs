//! App secrets and the signing key: read from SSM by the few functions that need them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_sdk_ssm::{
    Client,
    config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::ProvideErrorMetadata,
};

use crate::{
    Clock, Error, Problem, Result, Secret, SecretSource, config::Aws, transport::Transport,
};

/// A secret is read again after this time, in seconds, so that a rotation needs no deployment.
const REREAD_AFTER: u64 = 600;

/// Resolves secrets, and keeps them for ten minutes.
#[derive(Clone, Debug)]
pub struct Secrets {
    transport: Transport,
    aws: Aws,
    /// Built when the first secret is read: most functions may not read any.
    client: OnceLock<Client>,
    clock: Clock,
    cells: Arc<Mutex<HashMap<String, Arc<Cell>>>>,
}

/// A secret and when it was read; locked while it is.
type Cell = tokio::sync::Mutex<Option<(Secret, u64)>>;

impl Secrets {
    /// Secrets of the Region and account in `aws`.
    pub fn new(transport: Transport, aws: &Aws, clock: Clock) -> Secrets {
        Secrets {
            transport,
            aws: aws.clone(),
            client: OnceLock::new(),
            clock,
            cells: Arc::default(),
        }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Secrets::connect(self.transport.clone(), &self.aws))
    }

    fn connect(transport: Transport, aws: &Aws) -> Client {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(2))
            .operation_timeout(Duration::from_secs(5))
            .build();
        let mut config = aws_sdk_ssm::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(aws.region.clone()))
            .credentials_provider(aws.credentials())
            .http_client(transport)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts);
        config.set_endpoint_url(aws.ssm_endpoint.clone());
        Client::from_conf(config.build())
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
        let output = self.client().get_parameter().name(name).with_decryption(true).send().await;
        let output = output.map_err(|error| {
            let why = format!("SSM {name}: {}", error.code().unwrap_or("cannot be reached"));
            Error::new(
                Problem::Misconfigured,
                ["A secret cannot be read; the log says which.", "有密钥无法读取，详情见日志。"],
            )
            .because(why)
        })?;
        let value = output.parameter.and_then(|parameter| parameter.value).ok_or_else(|| {
            Error::new(
                Problem::Misconfigured,
                ["A secret is empty; the log says which.", "有密钥为空，详情见日志。"],
            )
            .because(format!("SSM {name}: empty"))
        })?;
        let secret = Secret::new(value);
        *kept = Some((secret.clone(), now));
        Ok(secret)
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

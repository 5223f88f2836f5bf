//! The account: its credentials, as the AWS CLI has them, and the SDK's clients.

use std::{env, net::SocketAddr, process::Command, time::Duration};

use aws_credential_types::Credentials;
use serde_json::Value;
use shared::{Secret, transport::Transport};

/// How often a call is made: AWS slows down who asks after eighty functions at once.
const ATTEMPTS: u32 = 5;

/// Of a call, with its repetitions.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Region of an account.
pub(super) struct Aws {
    pub(super) region: String,
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<Secret>,
    transport: Transport,
    /// The way to the stack's own addresses.
    pub(super) to_stack: Transport,
    /// Whether these addresses are not looked up.
    pub(super) is_emulated: bool,
}

impl Aws {
    /// The Region that was named, or that of the environment or of the AWS CLI; with the credentials
    /// of the environment or of the AWS CLI, which knows profiles, single sign-on and roles.
    ///
    /// # Errors
    /// There is no Region or there are no credentials.
    pub(super) fn find(
        region: Option<&str>,
        connect_to: Option<SocketAddr>,
    ) -> Result<Aws, String> {
        let region = region
            .map(str::to_owned)
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"))
            .or_else(|| cli(&["configure", "get", "region"]))
            .ok_or("There is no Region: name one with --region or AWS_REGION.")?;
        let (access_key_id, secret_access_key, session_token) = credentials()?;
        let transport = Transport::new(variable("AWS_CA_BUNDLE").as_deref())?;
        Ok(Aws {
            region,
            access_key_id,
            secret_access_key,
            session_token,
            to_stack: match connect_to {
                Some(address) => transport.pinned(address),
                None => transport.apart(),
            },
            transport,
            is_emulated: connect_to.is_some(),
        })
    }

    /// What the functions read of the environment about AWS, as far as it is this account's.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        match name {
            "AWS_REGION" => Some(self.region.clone()),
            "AWS_ACCESS_KEY_ID" => Some(self.access_key_id.clone()),
            "AWS_SECRET_ACCESS_KEY" => Some(self.secret_access_key.expose().to_owned()),
            "AWS_SESSION_TOKEN" => {
                self.session_token.as_ref().map(|token| token.expose().to_owned())
            }
            _ => variable(name),
        }
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Where a service answers, if that is said.
    fn endpoint(service: &str) -> Option<String> {
        variable(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| variable("AWS_ENDPOINT_URL"))
    }

    /// Where CloudFormation answers.
    pub(super) fn cloudformation_url(&self) -> String {
        Aws::endpoint("CLOUDFORMATION").unwrap_or_else(|| {
            let suffix = if self.region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://cloudformation.{}.amazonaws.com{suffix}", self.region)
        })
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(
            &self.access_key_id,
            self.secret_access_key.expose(),
            self.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "environment",
        )
    }
}

/// A client of a service, over the one HTTP client.
macro_rules! client {
    ($name:ident, $sdk:ident, $service:literal) => {
        impl Aws {
            pub(super) fn $name(&self) -> $sdk::Client {
                use $sdk::config::{
                    BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig,
                };
                let timeouts = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
                let mut config = $sdk::Config::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .region(Region::new(self.region.clone()))
                    .credentials_provider(self.credentials())
                    .http_client(self.transport.clone())
                    .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
                    .timeout_config(timeouts);
                config.set_endpoint_url(Aws::endpoint($service));
                $sdk::Client::from_conf(config.build())
            }
        }
    };
}

client!(cloudformation, aws_sdk_cloudformation, "CLOUDFORMATION");
client!(cloudwatch, aws_sdk_cloudwatch, "CLOUDWATCH");
client!(lambda, aws_sdk_lambda, "LAMBDA");
client!(ssm, aws_sdk_ssm, "SSM");

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the AWS CLI answers; nothing if it is missing or refuses.
fn cli(arguments: &[&str]) -> Option<String> {
    let output = Command::new("aws").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// Id, key and session token.
fn credentials() -> Result<(String, Secret, Option<Secret>), String> {
    if let (Some(id), Some(key)) =
        (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
    {
        return Ok((id, Secret::new(key), variable("AWS_SESSION_TOKEN").map(Secret::new)));
    }
    let exported = cli(&["configure", "export-credentials", "--format", "process"]);
    let exported: Value = exported
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or("There are no credentials: log in with the AWS CLI, or set AWS_ACCESS_KEY_ID.")?;
    let text = |name: &str| exported[name].as_str().map(str::to_owned);
    match (text("AccessKeyId"), text("SecretAccessKey")) {
        (Some(id), Some(key)) => Ok((id, Secret::new(key), text("SessionToken").map(Secret::new))),
        _ => Err("The AWS CLI exports no credentials.".to_owned()),
    }
}

//! `keys doctor`: what is wrong with a deployed stack, a line each, with the cure.
//!
//! It reads by the AWS SDK and asks the stack's own addresses, as WeChat and front ends do. It
//! changes nothing, and no secret that it reads is printed.

mod alarms;
mod aws;
mod clock;
mod deployment;
mod doors;
mod finding;
mod lambdas;
mod quotas;
mod secrets;
mod tokens;

use std::{env, net::SocketAddr, process::ExitCode};

use clap::{Args, ValueEnum};
use serde_json::json;

use aws::Aws;
use deployment::Deployment;
use finding::{Findings, Language};

#[derive(Args)]
pub(crate) struct Flags {
    /// The stack's name.
    #[arg(long, value_name = "NAME")]
    stack: String,
    /// The stack's Region; by default AWS_REGION, or what the AWS CLI is configured with.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The language of the lines; by default that of LANG.
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// Print the findings as one JSON object.
    #[arg(long)]
    json: bool,
    /// Connect there whatever address the stack has: for a stack in an emulator.
    #[arg(long, value_name = "ADDRESS")]
    connect_to: Option<SocketAddr>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Lang {
    En,
    Zh,
}

/// Examines a stack. The exit status is 0 if nothing is wrong, 1 if something is, and 2 if the stack
/// could not be examined.
pub(crate) fn run(flags: &Flags) -> ExitCode {
    let language = match flags.lang {
        Some(Lang::En) => Language::English,
        Some(Lang::Zh) => Language::Chinese,
        None => Language::of_environment(|name| env::var(name).ok()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mut findings = Findings::default();
    let examined = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        let aws = Aws::find(flags.region.as_deref(), flags.connect_to)?;
        runtime.block_on(examine(&flags.stack, &aws, &mut findings)).map(|()| aws.region)
    });
    match examined {
        Ok(region) if flags.json => {
            let found = findings.as_json(language);
            let healthy = found.is_empty();
            let report = json!({
                "stack": flags.stack, "region": region, "healthy": healthy, "findings": found,
            });
            println!("{report:#}");
        }
        Ok(_) => findings.print(language),
        Err(complaint) => {
            if !findings.is_empty() {
                // A wrong clock, for example, is why AWS refuses.
                findings.print(language);
            }
            eprintln!("error: {complaint}");
            return ExitCode::from(2);
        }
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn examine(stack: &str, aws: &Aws, findings: &mut Findings) -> Result<(), String> {
    clock::check(aws, findings).await;
    let deployment = Deployment::read(stack, aws).await?;
    deployment.check(findings);
    lambdas::check(&deployment, findings);
    alarms::check(&deployment, findings).await;
    doors::check_domain(&deployment, findings).await;
    let Some(config) = deployment.config(findings) else { return Ok(()) };
    let secrets = secrets::check(&deployment, &config, findings).await;
    let troubled = tokens::check(&deployment, &config, findings).await;
    doors::check_push(&deployment, &config, &secrets, findings).await;
    doors::check_payments(&deployment, &config, findings).await;
    quotas::check(&deployment, &config, &troubled, findings).await;
    Ok(())
}

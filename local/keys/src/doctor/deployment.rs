//! A deployed stack, as CloudFormation and Lambda tell it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::{
    error::{ProvideErrorMetadata, SdkError},
    types::{LastUpdateStatus, State},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use shared::Config;

use super::{
    aws::Aws,
    finding::{Findings, said},
};

/// Functions that are asked after at once: Lambda allows a hundred GetFunction a second, and
/// fifteen of the calls that tell less.
const AT_ONCE: usize = 10;

/// A stack and what is in it.
pub(super) struct Deployment<'a> {
    pub(super) aws: &'a Aws,
    pub(super) name: String,
    status: String,
    pub(super) outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
    pub(super) functions: Vec<Function>,
    /// Their names in CloudWatch.
    pub(super) alarms: Vec<String>,
}

/// A function as it is configured.
pub(super) struct Function {
    /// With the stack's name before it.
    pub(super) name: String,
    /// Why it cannot run, if it cannot.
    pub(super) broken: Option<String>,
    pub(super) is_off: bool,
    environment: HashMap<String, String>,
}

impl<'a> Deployment<'a> {
    /// Reads a stack.
    ///
    /// # Errors
    /// There is no such stack, or it may not be read.
    pub(super) async fn read(name: &str, aws: &'a Aws) -> Result<Deployment<'a>, String> {
        let client = aws.cloudformation();
        let complain = |what: &str, why: &str| {
            format!("{what} the stack {name} in {} failed: {why}.", aws.region)
        };
        let described = client.describe_stacks().stack_name(name).send().await;
        let described = described.map_err(|error| complain("DescribeStacks of", &why(error)))?;
        let stack = described.stacks().first();
        let stack = stack.ok_or_else(|| complain("DescribeStacks of", "no stack is told"))?;
        let pairs =
            |(key, value): (Option<&str>, Option<&str>)| Some((key?.to_owned(), value?.to_owned()));
        let outputs = stack.outputs().iter().map(|one| (one.output_key(), one.output_value()));
        let parameters =
            stack.parameters().iter().map(|one| (one.parameter_key(), one.parameter_value()));

        let (mut functions, mut alarms) = (Vec::new(), Vec::new());
        let mut pages =
            client.list_stack_resources().stack_name(name).into_paginator().items().send();
        while let Some(resource) = pages.next().await {
            let resource =
                resource.map_err(|error| complain("ListStackResources of", &why(error)))?;
            let physical = resource.physical_resource_id().unwrap_or_default().to_owned();
            match resource.resource_type() {
                Some("AWS::Lambda::Function") => functions.push(physical),
                Some("AWS::CloudWatch::Alarm") => alarms.push(physical),
                _ => {}
            }
        }
        let lambda = aws.lambda();
        let functions = stream::iter(functions)
            .map(|name| Function::read(&lambda, name))
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(|error| complain("GetFunction of", &error))?;
        Ok(Deployment {
            aws,
            name: name.to_owned(),
            status: stack
                .stack_status()
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            outputs: outputs.filter_map(pairs).collect(),
            parameters: parameters.filter_map(pairs).collect(),
            functions,
            alarms: alarms.into_iter().filter(|name| !name.is_empty()).collect(),
        })
    }

    /// Whether the last deployment has ended, and well.
    pub(super) fn check(&self, findings: &mut Findings) {
        let fine = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"];
        if !fine.contains(&self.status.as_str()) {
            let Deployment { name, status, .. } = self;
            findings.add(
                "stack-unfinished",
                said(
                    format!("The stack {name} is {status}."),
                    format!("堆栈 {name} 的状态是 {status}。"),
                ),
                said(
                    "Look at its events for the first failure, mend that, and deploy again.",
                    "请在堆栈事件中找到第一个失败，解决后重新部署。",
                ),
            );
        }
    }

    /// A parameter that is not empty.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable of any function: they agree on those they share.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.functions.iter().find_map(|function| function.environment.get(name)).cloned()
    }

    /// The settings of the functions, read as they read them; a finding if they cannot.
    pub(super) fn config(&self, findings: &mut Findings) -> Option<Config> {
        let lookup = |name: &str| match name.strip_prefix("AWS_") {
            Some(_) => self.aws.variable(name),
            None => self.variable(name),
        };
        match Config::read(lookup, &functions::settings()) {
            Ok(config) => Some(config),
            Err(error) => {
                let why = error.to_string().replace('\n', "; ");
                findings.add(
                    "setting-malformed",
                    said(
                        format!("The functions cannot start: {why}."),
                        format!("函数无法启动：{why}。"),
                    ),
                    said(
                        "Correct the parameter in samconfig.toml and deploy.",
                        "请更正 samconfig.toml 中的参数并部署。",
                    ),
                );
                None
            }
        }
    }
}

impl Function {
    async fn read(client: &aws_sdk_lambda::Client, name: String) -> Result<Function, String> {
        let found = client.get_function().function_name(&name).send().await;
        let found = found.map_err(why)?;
        let configuration = found.configuration().ok_or("a function without configuration")?;
        let mut broken = None;
        if configuration.state() == Some(&State::Failed) {
            broken = Some(configuration.state_reason().unwrap_or("Failed"));
        }
        if configuration.last_update_status() == Some(&LastUpdateStatus::Failed) {
            broken = Some(configuration.last_update_status_reason().unwrap_or("Failed"));
        }
        let reserved = found.concurrency().and_then(|one| one.reserved_concurrent_executions());
        let environment =
            configuration.environment().and_then(|environment| environment.variables());
        Ok(Function {
            broken: broken.map(str::to_owned),
            is_off: reserved == Some(0),
            environment: environment.cloned().unwrap_or_default(),
            name,
        })
    }
}

/// What AWS says of a refusal: its code, never the request.
pub(super) fn why<E, R>(error: SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata,
{
    match &error {
        SdkError::ServiceError(refusal) => {
            let refusal = refusal.err().meta();
            let code = refusal.code().unwrap_or("refused");
            match refusal.message() {
                Some(message) => format!("{code}: {}", message.trim_end_matches('.')),
                None => code.to_owned(),
            }
        }
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        _ => "AWS cannot be reached".to_owned(),
    }
}

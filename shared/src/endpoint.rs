//! Operations with their types erased: one to run, and one to list and describe.

use std::pin::Pin;

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::{
    Access, AccountKind, App, Body, Caller, Case, Error, Method, Operation, Reply, Result, Touch,
    Upload,
    caller::{Principal, Rules},
    input::Input,
};

type Running<'a> = Pin<Box<dyn Future<Output = Result<Body>> + Send + 'a>>;

/// An operation that can be run without knowing its type.
///
/// A binary holds one. It knows nothing of schemas, so that a function does not carry them.
#[derive(Clone, Copy)]
pub struct Handler {
    /// [`Operation::ID`].
    pub id: &'static str,
    /// [`Operation::METHOD`].
    pub method: Method,
    /// [`Operation::ACCESS`].
    pub access: Access,
    /// [`Operation::BODY_LIMIT`].
    pub body_limit: usize,
    /// [`Operation::STREAMED`].
    pub streamed: bool,
    /// [`Operation::FILES`].
    pub files: &'static [&'static str],
    codes: &'static [(Case, i64)],
    /// [`Operation::UPLOAD`].
    pub upload: Option<Upload>,
    rules: Rules,
    run: for<'a> fn(Input, &'a App, &'a Caller) -> Result<Running<'a>>,
}

impl Handler {
    /// Erases an operation.
    pub const fn of<O: Operation>() -> Handler {
        Handler {
            id: O::ID,
            method: O::METHOD,
            access: O::ACCESS,
            body_limit: O::BODY_LIMIT,
            streamed: O::STREAMED,
            files: O::FILES,
            codes: O::CODES,
            upload: match O::UPLOAD {
                Some(field) => Some(Upload::into(field)),
                None => None,
            },
            rules: Rules { access: O::ACCESS, accounts: O::ACCOUNTS },
            run: |input, app, caller| {
                let operation: O = input.read()?;
                Ok(Box::pin(async move { operation.run(app, caller).await?.into_body() }))
            },
        }
    }

    /// Runs the operation: admits the caller, reads the input, does the work.
    pub(crate) async fn call(
        &self,
        app: &App,
        principal: &Principal,
        mut input: Input,
    ) -> Result<Body> {
        let appid = input.take("appid")?;
        let openid = match self.access {
            Access::User => input.take("openid")?,
            Access::Public | Access::Service => None,
        };
        let caller = self.rules.admit(app, principal, appid, openid)?;
        (self.run)(input, app, &caller)?.await
    }

    /// Adds the number an older interface had for this failure, if there was one.
    pub(crate) fn numbered(&self, error: Error) -> Error {
        if self.codes.is_empty() {
            return error;
        }
        let code = self.codes.iter().find(|(case, _)| case.fits(&error)).map_or(-1, |(_, n)| *n);
        error.code(code)
    }

    /// Whether a path is one of [`Operation::FILES`].
    pub fn serves(&self, path: &str) -> bool {
        self.files.iter().any(|pattern| match pattern.split_once('*') {
            None => path == *pattern,
            Some((before, after)) => path
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|within| !within.is_empty() && !within.contains('/')),
        })
    }
}

/// An operation as the registry lists it.
#[derive(Clone, Copy)]
pub struct Endpoint {
    /// The part that runs.
    pub handler: Handler,
    /// [`Operation::ACCOUNTS`].
    pub accounts: &'static [AccountKind],
    /// [`Operation::TOUCHES`].
    pub touches: &'static [Touch],
    /// [`Operation::EXAMPLE`].
    pub example: &'static str,
    describe: fn(&mut SchemaGenerator) -> Description,
}

/// What the OpenAPI document says of an operation.
#[derive(Debug)]
pub struct Description {
    /// The schema of the input.
    pub input: Schema,
    /// The `content` of the answer.
    pub content: Value,
}

impl Endpoint {
    /// Erases an operation.
    pub const fn of<O: Operation>() -> Endpoint {
        Endpoint {
            handler: Handler::of::<O>(),
            accounts: O::ACCOUNTS,
            touches: O::TOUCHES,
            example: O::EXAMPLE,
            describe: |generator| Description {
                input: O::json_schema(generator),
                content: O::Output::content(generator),
            },
        }
    }

    /// `auth.code2Session`.
    pub const fn id(&self) -> &'static str {
        self.handler.id
    }

    /// `/auth/code2Session`.
    pub fn path(&self) -> String {
        format!("/{}", self.id().replace('.', "/"))
    }

    /// `auth-code2session`: the binary, the sample event and the name at the Invoke API.
    pub fn binary(&self) -> String {
        self.id().replace('.', "-").to_ascii_lowercase()
    }

    /// `AuthCode2session`: the logical id in `template.yaml`.
    pub fn logical_id(&self) -> String {
        logical_id(&self.binary())
    }

    /// Input and output schemas; definitions they share go into the generator.
    pub fn describe(&self, generator: &mut SchemaGenerator) -> Description {
        (self.describe)(generator)
    }
}

/// The logical id of a binary in `template.yaml`.
pub fn logical_id(binary: &str) -> String {
    let words = binary.split('-');
    words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
            })
        })
        .collect()
}

//! Operations with their types erased: one to run, and one to list and describe.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::BoxFuture;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::{
    Access, AccountKind, App, Body, Budget, Caller, Capability, Case, Error, Http, Input,
    Operation, Problem, Refusal, Reply, Result, Upload,
    budget::{Counted, Spending},
    caller::{Principal, Rules},
    capability::{Early, Facts},
    grant::{Action, Grant},
    tolerated, trace, value,
};

/// An operation that can be run without knowing its type.
///
/// A binary holds one. It knows nothing of schemas, so that a function does not carry them.
#[derive(Clone, Copy)]
pub struct Handler {
    /// [`Operation::ID`].
    pub id: &'static str,
    /// [`Operation::ACCESS`].
    pub access: Access,
    /// [`Operation::HTTP`].
    pub http: Http,
    /// How it takes a file, if it does.
    pub(crate) upload: Option<Upload>,
    pub(crate) rules: Rules,
    refusals: &'static [Refusal],
    /// [`Operation::BUDGET`].
    pub budget: Budget,
    codes: &'static [(Case, i64)],
    prepare: fn(&mut Early),
    run: Run,
}

type Run = for<'a> fn(Input, &'a App, &'a Caller) -> Result<BoxFuture<'a, Result<Body>>>;

impl Handler {
    /// Erases an operation.
    pub const fn of<O: Operation>() -> Handler {
        Handler {
            id: O::ID,
            access: O::ACCESS,
            http: O::HTTP,
            upload: match O::HTTP.upload {
                Some(field) => Some(Upload::into(field)),
                None => None,
            },
            rules: Rules { access: O::ACCESS, accounts: O::ACCOUNTS },
            refusals: O::REFUSALS,
            budget: O::BUDGET,
            codes: O::CODES,
            prepare: O::Uses::prepare,
            run: |input, app, caller| {
                let operation = O::read(input)?;
                Ok(Box::pin(async move {
                    operation.run(O::Uses::of(app, caller), caller).await?.into_body()
                }))
            },
        }
    }

    /// Begins, in the background, what the first request will wait for.
    pub(crate) fn prepare(&self, app: &Arc<App>) {
        let mut early = Early::default();
        (self.prepare)(&mut early);
        app.prepare(early, app.default_account(self.rules.accounts));
    }

    /// Reads JSON the way the operation takes it.
    pub(crate) fn json(&self, body: &[u8]) -> Result<Input> {
        let input = Input::json(body)?;
        Ok(if self.http.text { input.with_text(body) } else { input })
    }

    /// Runs the operation for an authenticated principal.
    pub(crate) async fn call(
        &self,
        app: &App,
        principal: Principal,
        mut input: Input,
        address: Option<&str>,
    ) -> Result<Body> {
        let session = matches!(principal, Principal::User(_));
        let ignored = tolerated::resolve(self.id, &mut input, session)?;
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let appid = filled(input.take("appid")?);
        let openid = match self.access {
            Access::User => filled(input.take("openid")?).map(checked_openid).transpose()?,
            Access::Public | Access::Service => None,
        };
        let caller = self.rules.admit(app, principal, appid, openid)?;
        if let Some(openid) = caller.user() {
            trace::user(caller.appid(), openid);
        }
        let spending = Spending::new(app, self.id, self.budget, address);
        spending.spend(&caller).await?;
        let outcome = (self.run)(input, app, &caller)?.await;
        if let Err(error) = &outcome
            && matches!(error.problem(), Problem::InvalidCode | Problem::CodeUsed)
            // Neither an outage nor what is remembered is a guess.
            && error.wechat_errcode().is_some()
            && trace::has_called_wechat()
        {
            spending.spend_bad_code().await?;
        }
        outcome?.with_warnings(ignored)
    }

    /// Adds the codes that clients were written for: WeChat's, where an input was refused before
    /// the call, and the number an older interface had for this failure, if there was one.
    pub(crate) fn coded(&self, error: Error) -> Error {
        let unsent = error.problem() == Problem::InvalidInput && error.wechat_errcode().is_none();
        let field = error.field_name().filter(|_| unsent);
        let row = field.and_then(|field| self.refusals.iter().find(|row| row.foresees(field)));
        let error = match row {
            Some(row) => error.errcode(row.errcode, None),
            None => error,
        };
        if self.codes.is_empty() {
            return error;
        }
        let code = self.codes.iter().find(|(case, _)| case.fits(&error)).map_or(-1, |(_, n)| *n);
        error.code(code)
    }
}

/// An openid becomes part of a key of the table, so it is checked before anything else.
fn checked_openid(openid: String) -> Result<String> {
    match value::Text::<value::Openid>::new(openid) {
        Ok(openid) => Ok(openid.into_string()),
        Err(fault) => {
            let error = Error::invalid("openid", fault.detail);
            Err(match fault.errcode {
                Some(errcode) => error.errcode(errcode, None),
                None => error,
            })
        }
    }
}

/// An operation as the registry lists it.
#[derive(Clone, Copy)]
pub struct Endpoint {
    /// The part that runs.
    pub handler: Handler,
    /// [`Operation::ACCOUNTS`].
    pub accounts: &'static [AccountKind],
    /// [`Operation::DOCS`].
    pub docs: &'static [&'static str],
    /// [`Operation::EXAMPLE`].
    pub example: &'static str,
    /// [`Operation::REFUSALS`].
    pub refusals: &'static [Refusal],
    /// The status of its success: [`Reply::STATUS`].
    pub status: u16,
    problems: &'static [Problem],
    facts: fn(&mut Vec<Facts>),
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
            docs: O::DOCS,
            example: O::EXAMPLE,
            refusals: O::REFUSALS,
            status: O::Output::STATUS,
            problems: O::PROBLEMS,
            facts: O::Uses::describe,
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

    /// What it may use, one entry per capability.
    pub fn capabilities(&self) -> Vec<Facts> {
        let mut facts = Vec::new();
        (self.facts)(&mut facts);
        if self.handler.budget.counted == Counted::Table {
            facts.push(Facts {
                grants: vec![Grant::item(Action::Update, "limit#*")],
                problems: &[Problem::TableUnavailable],
                ..Facts::new("Budget")
            });
        }
        facts
    }

    /// What can go wrong over HTTP by a method (`get` or `post`), or without one by direct
    /// invocation, in the order of [`Problem::ALL`]: from its access, its capabilities, its
    /// refusals, and what it says itself.
    pub fn problems(&self, method: Option<&str>) -> Vec<Problem> {
        let mut problems = BTreeSet::from([
            Problem::InvalidInput,
            Problem::UnknownApp,
            Problem::Forbidden,
            Problem::Internal,
            Problem::OutOfTime,
        ]);
        problems.insert(match method {
            Some(_) => Problem::MethodNotAllowed,
            None => Problem::MalformedBody,
        });
        if self.handler.access != Access::Service {
            problems.insert(Problem::QuotaExceeded);
        }
        if self.handler.access == Access::User {
            problems.insert(Problem::Unauthenticated);
        }
        if method == Some("post") {
            problems.extend([
                Problem::MalformedBody,
                Problem::BodyTooLarge,
                Problem::UnsupportedMediaType,
            ]);
        }
        for facts in self.capabilities() {
            problems.extend(facts.problems);
        }
        problems.extend(self.refusals.iter().map(|refusal| refusal.problem));
        problems.extend(self.problems);
        problems.into_iter().collect()
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

//! Who is calling, and for which account.

use std::{fmt, sync::Arc};

use crate::{
    Access, Account, AccountKind, App, Clock, Error, Language, Message, Problem, Proof, Result,
    message, session::Session,
};

/// The resolved caller of an operation.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account the call is for.
    pub account: Account,
    /// Who it is.
    pub identity: Identity,
    /// Whether the call or its session names the account; otherwise the first that fits was
    /// taken.
    named: bool,
    /// Whether the call names the user.
    names_user: bool,
    /// All accounts of this deployment.
    accounts: Arc<[Account]>,
    clock: Clock,
}

/// WeChat's code for an openid that is empty or wrong.
const INVALID_OPENID: i64 = 40003;

/// Who a caller is.
#[derive(Clone)]
pub enum Identity {
    /// Nobody known.
    Anyone,
    /// A user with a session.
    User(Session),
    /// An IAM principal, perhaps acting for a user.
    Service {
        /// The user it acts for.
        openid: Option<String>,
    },
}

impl fmt::Debug for Identity {
    /// Without openids, which are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Identity::Anyone => "Anyone",
            Identity::User(_) => "User",
            Identity::Service { .. } => "Service",
        })
    }
}

impl Caller {
    /// A job: a service that acts for no user.
    pub(crate) fn job(app: &App) -> Caller {
        Caller {
            account: app.config.accounts[0].clone(),
            identity: Identity::Service { openid: None },
            named: false,
            names_user: false,
            accounts: Arc::clone(&app.config.accounts),
            clock: app.clock.clone(),
        }
    }

    /// The account's app id.
    pub fn appid(&self) -> &str {
        &self.account.appid
    }

    /// Whether the call, or its session, names the account.
    pub fn names_account(&self) -> bool {
        self.named
    }

    /// All accounts of this deployment, in order of preference.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The time, seconds since 1970.
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// The account of one kind the call is for, where an input decides which kind it must be.
    ///
    /// # Errors
    /// The call names an account of another kind, or none of this kind is configured.
    pub fn account_of(&self, kind: AccountKind) -> Result<Account> {
        if self.account.kind == kind {
            return Ok(self.account.clone());
        }
        let configured = || self.accounts.iter().find(|account| account.kind == kind);
        let found = if self.named { None } else { configured().cloned() };
        found.ok_or_else(|| {
            let [english, chinese] = kind.named();
            let detail = match self.named {
                true => message!(
                    "This call needs {english}; the app is another kind.",
                    "本次调用需要{chinese}，该应用不是。"
                ),
                false => message!(
                    "This call needs {english}; none is configured.",
                    "本次调用需要{chinese}，此处未配置。"
                ),
            };
            Error::new(Problem::UnknownApp, detail).field("appid")
        })
    }

    /// The session the call is made with; a service has none.
    pub fn session(&self) -> Option<&Session> {
        match &self.identity {
            Identity::User(session) => Some(session),
            Identity::Anyone | Identity::Service { .. } => None,
        }
    }

    /// The user the call is by or for.
    ///
    /// # Errors
    /// A service that names no `openid`.
    pub fn openid(&self) -> Result<&str> {
        match &self.identity {
            Identity::User(session) => Ok(&session.openid),
            Identity::Service { openid: Some(openid) } => Ok(openid),
            Identity::Service { openid: None } | Identity::Anyone => {
                let detail = [
                    "A service acts for a user: name the user's openid.",
                    "后端服务代表用户调用，请指定用户的 openid。",
                ];
                Err(Error::invalid("openid", detail).errcode(INVALID_OPENID, None))
            }
        }
    }

    /// The user the call is by or for, where there is one.
    pub fn user(&self) -> Option<&str> {
        match &self.identity {
            Identity::User(session) => Some(&session.openid),
            Identity::Service { openid } => openid.as_deref(),
            Identity::Anyone => None,
        }
    }

    /// Whether the call itself names its user, be it the one of the session.
    pub fn names_user(&self) -> bool {
        self.names_user
    }

    /// Whether an IAM principal is calling.
    pub fn is_service(&self) -> bool {
        matches!(self.identity, Identity::Service { .. })
    }
}

/// Who sent an event, once that is proven.
#[derive(Clone)]
pub(crate) enum Principal {
    /// Nobody known.
    Anyone,
    /// A user with a session.
    User(Session),
    /// An IAM principal, by direct invocation or a signed request.
    Service,
}

/// What an operation asks of its callers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub access: Access,
    pub accounts: &'static [AccountKind],
}

impl Rules {
    /// Authenticates an HTTP request that is not signed by an IAM principal, before its body is
    /// read.
    pub(crate) fn authenticate(self, app: &App, bearer: Option<&str>) -> Result<Principal> {
        let session = || {
            match bearer {
            Some(token) => app.sessions.verify(token, app.clock.now()),
            None => Err(Error::new(
                Problem::Unauthenticated,
                [
                    "This operation needs a session: log in and send `Authorization: Bearer <session_token>`.",
                    "该接口需要会话：请登录并发送 `Authorization: Bearer <session_token>`。",
                ],
            )
            .proof(Proof::Missing)),
        }
        };
        match self.access {
            Access::Public => Ok(Principal::Anyone),
            Access::User => {
                let session = session()?;
                if session.snapshot {
                    return Err(Error::new(
                        Problem::Forbidden,
                        [
                            "The page is open as a snapshot, whose visitor may not be a real user: \
                             let the visitor choose to use the full service, then log in again.",
                            "页面以快照模式打开，访问者可能不是真实用户：请让访问者选择使用完整服务，再重新登录。",
                        ],
                    ));
                }
                Ok(Principal::User(session))
            }
            Access::Service => {
                session()?;
                Err(Error::new(
                    Problem::Forbidden,
                    [
                        "This operation is for IAM principals: invoke the function directly.",
                        "该接口仅供 IAM 主体使用：请直接调用函数。",
                    ],
                ))
            }
        }
    }

    /// Resolves the account and the user that a principal acts for.
    pub(crate) fn admit(
        self,
        app: &App,
        principal: Principal,
        appid: Option<String>,
        openid: Option<String>,
    ) -> Result<Caller> {
        let names_user = openid.is_some();
        let identity = match (principal, openid) {
            (Principal::Anyone, _) => Identity::Anyone,
            (Principal::Service, openid) => Identity::Service { openid },
            (Principal::User(session), Some(openid)) if openid != session.openid => {
                return Err(Error::new(
                    Problem::Forbidden,
                    [
                        "A user may only act for themselves; leave `openid` out.",
                        "用户只能代表自己，请勿发送 `openid`。",
                    ],
                )
                .field("openid"));
            }
            (Principal::User(session), _) => Identity::User(session),
        };
        let named = appid.is_some() || matches!(identity, Identity::User(_));
        let account = self.choose(app, &identity, appid)?;
        let accounts = Arc::clone(&app.config.accounts);
        Ok(Caller { account, identity, named, names_user, accounts, clock: app.clock.clone() })
    }

    fn choose(self, app: &App, identity: &Identity, appid: Option<String>) -> Result<Account> {
        let session_appid = match identity {
            Identity::User(session) => Some(session.appid.as_str()),
            _ => None,
        };
        if let (Some(named), Some(own)) = (&appid, session_appid)
            && named != own
        {
            return Err(Error::new(
                Problem::Forbidden,
                [
                    "The session belongs to another app; leave `appid` out or log in there.",
                    "会话属于其他应用，请去掉 `appid`，或在该应用登录。",
                ],
            )
            .field("appid"));
        }
        let unknown = |detail: Message| Error::new(Problem::UnknownApp, detail).field("appid");
        let needed = || {
            [(Language::English, " or "), (Language::Chinese, "或")].map(|(language, or)| {
                let names: Vec<_> =
                    self.accounts.iter().map(|kind| language.of(kind.named())).collect();
                names.join(or)
            })
        };
        let serves = |appid| {
            app.config.account(appid).is_some_and(|account| self.accounts.contains(&account.kind))
        };
        if session_appid.is_some_and(|own| !serves(own)) {
            // Clients log in again on 401 alone.
            let [needed, needed_zh] = needed();
            let detail = message!(
                "The session is of another kind of app; log in at {needed}.",
                "会话属于其他类型的应用，请在{needed_zh}登录。"
            );
            return Err(Error::new(Problem::Unauthenticated, detail));
        }
        match appid.as_deref().or(session_appid) {
            Some(appid) => {
                let account = app.config.account(appid).ok_or_else(|| {
                    unknown(
                        [
                            "This appid is not configured here; add it to WECHAT_APPS.",
                            "此处未配置该 appid，请将其加入 WECHAT_APPS。",
                        ]
                        .into(),
                    )
                })?;
                if !self.accounts.contains(&account.kind) {
                    let [needed, needed_zh] = needed();
                    let [found, found_zh] = account.kind.named();
                    return Err(unknown(message!(
                        "This operation needs {needed}; the app is {found}.",
                        "该接口需要{needed_zh}，该应用是{found_zh}。"
                    )));
                }
                Ok(account.clone())
            }
            None => app.default_account(self.accounts).cloned().ok_or_else(|| {
                let [needed, needed_zh] = needed();
                unknown(message!(
                    "This operation needs {needed}; none is configured.",
                    "该接口需要{needed_zh}，此处未配置。"
                ))
            }),
        }
    }
}

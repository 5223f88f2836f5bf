//! The apps WeChat knows, and the people who use them.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use model::{AccountKind, PushMode, PushSettings, Secret, SecretSource, crypto::sha256};

use super::{Push, base64url};

/// A mini program's template that a user consents to message by message.
pub const ONE_TIME_TEMPLATE: &str = "demo-one-time-subscription-of-an-order-0001";

/// A mini program's template that users consent to once and for all.
pub const LONG_TERM_TEMPLATE: &str = "demo-long-term-subscription-of-orders-00001";

/// An official account's template of the old kind, whose keys have no types.
pub const HISTORY_TEMPLATE: &str = "demo-template-message-about-an-order-000001";

/// An official account's template of the new kind.
pub const CATEGORY_TEMPLATE: &str = "demo-template-message-about-payment-0000001";

/// A template of messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Template {
    /// What is filled in.
    pub keys: BTreeSet<String>,
    /// Consent is asked for once.
    pub long_term: bool,
}

impl Template {
    /// A template with these keys, for one message per consent.
    pub fn new(keys: &[&str]) -> Template {
        Template { keys: keys.iter().map(|key| (*key).to_owned()).collect(), long_term: false }
    }
}

/// One app as WeChat's console has it, with the knobs that change how WeChat treats it.
#[derive(Clone, Debug)]
pub struct Account {
    /// `wx` and 16 hex digits.
    pub appid: String,
    /// What it may call.
    pub kind: AccountKind,
    /// The AppSecret.
    pub secret: String,
    /// The AppSecret was frozen in the console: 40243 wherever it is shown.
    pub secret_frozen: bool,
    /// The addresses that may fetch tokens; others get 40164. `None`: all of them.
    pub ip_allow_list: Option<Vec<String>>,
    /// The card interface is granted; without it a `wx_card` ticket is refused with 48001.
    pub cards: bool,
    /// The invoice interface is granted; without it invoices are refused with 72015.
    pub invoices: bool,
    /// The JS interface safe domains: pages there and below may use the JS-SDK.
    pub js_domains: Vec<String>,
    /// Bound to an Open Platform account, so that logins tell the unionid.
    pub open_platform: bool,
    /// A mini program has been released; without that there are no links to it (85079).
    pub released: bool,
    /// The pages of the released version, without leading `/`.
    pub pages: BTreeSet<String>,
    /// Codes with a path that the account may have in all (45029).
    pub code_limit: u32,
    /// The message templates, by their ids.
    pub templates: BTreeMap<String, Template>,
    /// The openids that follow an official account.
    pub followers: BTreeSet<String>,
    /// The openids whose logins WeChat refuses as high risk (40226).
    pub blocked: BTreeSet<String>,
    /// The openids whose owners WeChat froze (50002 wherever their tokens are used).
    pub frozen: BTreeSet<String>,
    /// The host OAuth may return to; anything else meets the error page 10003. `None`: any host.
    pub oauth_domain: Option<String>,
    /// How an OAuth code that is too old is refused: 40029 as a rule, 42003 by the documents.
    pub expired_code: i64,
    /// Calls per day and path, where they differ from what the path usually has.
    pub daily_limits: BTreeMap<String, u32>,
    /// How long a new access token lives.
    pub token_life_s: u64,
    /// How long a session_key lives; WeChat does not publish it.
    pub session_life_s: u64,
    /// Whether a repeated ticket call tells the life that is left.
    /// WeChat keeps saying 7200, which is the default here.
    pub ticket_tells_remaining: bool,
    /// Where messages and events are pushed to. `None`: nowhere.
    pub push: Option<Push>,
    /// How long a check of a picture or recording takes.
    pub media_check_s: u64,
}

impl Account {
    /// An app with nothing restricted, some templates, and Alice and Bob for followers.
    pub fn new(appid: &str, kind: AccountKind, secret: &str) -> Account {
        let order =
            ["character_string1", "name2", "character_string3", "thing6", "thing8"].as_slice();
        let notice =
            ["first", "keyword1", "keyword2", "keyword3", "keyword4", "keyword5", "remark"];
        let (templates, followers) = match kind {
            AccountKind::MiniProgram => (
                vec![
                    (ONE_TIME_TEMPLATE, Template::new(order)),
                    (LONG_TERM_TEMPLATE, Template { long_term: true, ..Template::new(order) }),
                ],
                vec![],
            ),
            AccountKind::OfficialAccount => (
                vec![
                    (HISTORY_TEMPLATE, Template::new(&notice)),
                    (CATEGORY_TEMPLATE, Template::new(&["thing1", "time2", "amount3"])),
                ],
                vec!["alice", "bob"],
            ),
            _ => (vec![], vec![]),
        };
        let templates = templates.into_iter().map(|(id, template)| (id.to_owned(), template));
        let followers = followers.into_iter().map(|name| User::new(name).openid(appid));
        Account {
            appid: appid.into(),
            kind,
            secret: secret.into(),
            templates: templates.collect(),
            followers: followers.collect(),
            ..Account::default()
        }
    }

    /// Whether the released version has the page of this path, with or without a query.
    pub(super) fn has_page(&self, path: &str) -> bool {
        let page = path.split('?').next().unwrap_or_default();
        page.is_empty() || self.pages.contains(page.strip_prefix('/').unwrap_or(page))
    }
}

/// The apps that are there unless others are given, one of each kind.
pub fn demo_accounts() -> Vec<model::Account> {
    let account = |appid: &str, kind| model::Account {
        appid: appid.to_owned(),
        kind,
        secret: SecretSource::Value(Secret::new(format!("secret-of-{appid}"))),
        push: matches!(kind, AccountKind::MiniProgram | AccountKind::OfficialAccount).then(|| {
            let keys = SecretSource::Value(Secret::new(DEMO_PUSH_KEYS));
            PushSettings { mode: PushMode::Safe, keys }
        }),
    };
    vec![
        account("wx1111111111111111", AccountKind::MiniProgram),
        account("wx2222222222222222", AccountKind::OfficialAccount),
        account("wx3333333333333333", AccountKind::MobileApp),
        account("wx4444444444444444", AccountKind::Website),
    ]
}

/// What the demo apps sign and encrypt their messages with.
const DEMO_PUSH_KEYS: &str =
    r#"{"tokens":["demoPushToken"],"keys":["84EKlpclN0sfQzyvva/JeNtyguhE1lDW6rXRRbr7rzo"]}"#;

/// The secret of an app is not at hand.
#[derive(Clone, Debug, thiserror::Error)]
#[error("The secret of {0} is in SSM: on one machine give it as {{\"value\":\"…\"}}.")]
pub struct SecretElsewhere(String);

impl TryFrom<&model::Account> for Account {
    type Error = SecretElsewhere;

    /// The app with nothing restricted, as [`Account::new`] makes it.
    fn try_from(account: &model::Account) -> Result<Account, SecretElsewhere> {
        match &account.secret {
            SecretSource::Value(secret) => {
                Ok(Account::new(&account.appid, account.kind, secret.expose()))
            }
            SecretSource::Ssm(_) => Err(SecretElsewhere(account.appid.clone())),
        }
    }
}

impl Default for Account {
    fn default() -> Account {
        Account {
            appid: String::new(),
            kind: AccountKind::MiniProgram,
            secret: String::new(),
            secret_frozen: false,
            ip_allow_list: None,
            cards: true,
            invoices: true,
            js_domains: vec!["example.com".into()],
            open_platform: true,
            released: true,
            pages: ["pages/index/index", "pages/order/order"].map(str::to_owned).into(),
            code_limit: 100_000,
            templates: BTreeMap::new(),
            followers: BTreeSet::new(),
            blocked: BTreeSet::new(),
            frozen: BTreeSet::new(),
            oauth_domain: None,
            expired_code: 40029,
            daily_limits: BTreeMap::new(),
            token_life_s: 7_200,
            session_life_s: 3 * 86_400,
            ticket_tells_remaining: false,
            push: None,
            media_check_s: 2,
        }
    }
}

/// A person: another openid to every app, one unionid for all of them, all derived from the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What tells one person from another.
    pub name: String,
    /// WeChat holds this person for high risk and refuses every login (40226).
    pub blocked: bool,
    /// What others see; may be changed.
    pub nickname: String,
    /// Looks at a page that is open as a snapshot: WeChat makes the ids up.
    pub snapshot: bool,
}

impl User {
    /// The person of this name; the same name is the same person everywhere.
    pub fn new(name: &str) -> User {
        User {
            name: name.into(),
            blocked: false,
            nickname: format!("{name} 🌸 小红"),
            snapshot: false,
        }
    }

    /// This person, refused at every login.
    pub fn blocked(self) -> User {
        User { blocked: true, ..self }
    }

    /// This person, on a page that is open as a snapshot.
    pub fn on_snapshot_page(self) -> User {
        User { snapshot: true, ..self }
    }

    /// How an app knows this person: 28 characters, of which, as at WeChat, the first six are the
    /// same for all users of that app.
    pub fn openid(&self, appid: &str) -> String {
        let app = derived(&["app", appid]);
        let person = derived(&["openid", appid, &self.shown()]);
        format!("o{}{}", &app[..5], &person[..22])
    }

    /// The phone number WeChat has verified.
    pub fn phone_number(&self) -> String {
        let digits = sha256(format!("phone\n{}", self.name));
        let digits = digits[..8].iter().map(|byte| char::from(b'0' + byte % 10));
        "138".chars().chain(digits).collect()
    }

    /// How all apps of one Open Platform account know this person.
    pub fn unionid(&self) -> String {
        format!("o6_bm{}", &derived(&["unionid", &self.shown()])[..23])
    }

    /// Who apps are told this is.
    fn shown(&self) -> String {
        if self.snapshot { format!("{}'s snapshot", self.name) } else { self.name.clone() }
    }
}

/// Whether an openid is one of this app's; whose it is WeChat need not know for that.
pub(super) fn is_openid_of(appid: &str, openid: &str) -> bool {
    openid.len() == 28 && openid.starts_with(&format!("o{}", &derived(&["app", appid])[..5]))
}

fn derived(parts: &[&str]) -> String {
    base64url(sha256(parts.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_an_openid_per_app_and_one_unionid() {
        let (alice, bob) = (User::new("alice"), User::new("bob"));

        assert_eq!(alice.openid("wx1"), User::new("alice").openid("wx1"));
        assert_ne!(alice.openid("wx1"), alice.openid("wx2"));
        assert_ne!(alice.openid("wx1"), bob.openid("wx1"));
        assert_eq!(alice.openid("wx1")[..6], bob.openid("wx1")[..6]);
        assert_ne!(alice.unionid(), bob.unionid());
        assert_eq!((alice.openid("wx1").len(), alice.unionid().len()), (28, 28));
    }
}

//! Accounts at WeChat.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CredentialKey, CredentialKind, SecretSource};

/// An account at WeChat.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The app id, `wx` and 16 hex digits.
    pub appid: String,
    /// What it is; decides which operations it can serve.
    pub kind: AccountKind,
    /// Where its secret is; resolved only by what needs it.
    pub secret: SecretSource,
    /// How it receives messages; an account without it receives none.
    #[serde(default)]
    pub push: Option<PushSettings>,
}

/// How an account receives messages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSettings {
    /// As chosen in WeChat's console.
    #[serde(default)]
    pub mode: PushMode,
    /// Where `{"tokens":[…],"keys":[…]}` is, newest first.
    pub keys: SecretSource,
}

/// How messages to an account are protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushMode {
    /// Only encrypted messages.
    #[default]
    Safe,
    /// Encrypted messages with a readable copy, which is ignored.
    Compatible,
    /// Messages in the clear, whose signature does not cover them.
    Plain,
}

impl Account {
    /// Reads a JSON list of accounts, as `WECHAT_APPS` and files of apps have it.
    ///
    /// # Errors
    /// Names the app and the member at fault, as the end of a sentence that begins with the name of
    /// the list. No secret is repeated.
    pub fn list(text: &str) -> Result<Vec<Account>, String> {
        // serde_json's message may quote a value, which may be a secret: only the position is kept.
        let apps: Vec<Value> = serde_json::from_str(text).map_err(|error| {
            format!("is not a JSON list of apps (line {}, column {})", error.line(), error.column())
        })?;
        let read = |(index, app): (usize, Value)| {
            let appid = app["appid"].as_str().map(|appid| format!(" ({appid})"));
            let which = format!("has an app {index}{}", appid.unwrap_or_default());
            Account::read(app).map_err(|why| format!("{which} {why}"))
        };
        apps.into_iter().enumerate().map(read).collect()
    }

    /// Reads one account; its complaint otherwise, which holds names but no values.
    fn read(app: Value) -> Result<Account, String> {
        const SECRET: &str = r#"{"ssm":"/name"}, or {"value":"…"} on one machine"#;
        if !app.is_object() {
            return Err("that is not a JSON object".to_owned());
        }
        let kinds =
            || AccountKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        match app.get("kind") {
            None => return Err(format!("without a kind; the kinds are {}", kinds())),
            Some(kind) if AccountKind::deserialize(kind).is_err() => {
                return Err(format!("whose kind is not one of {}", kinds()));
            }
            Some(_) => {}
        }
        match app.get("secret") {
            None => return Err(format!("without a secret; it is {SECRET}")),
            Some(secret) if SecretSource::deserialize(secret).is_err() => {
                return Err(format!("whose secret is not {SECRET}"));
            }
            Some(_) => {}
        }
        if !app["appid"].is_string() {
            return Err("without an appid".to_owned());
        }
        Account::deserialize(app).map_err(|error| {
            let message = error.to_string();
            // Such a message consists of names alone; any other may quote a value.
            let named = message.starts_with("unknown field").then_some(message);
            format!(
                "that cannot be read ({})",
                named.as_deref().unwrap_or("a member has the wrong type")
            )
        })
    }

    /// Which of the table's credentials is this account's of a kind.
    pub fn credential(&self, kind: CredentialKind) -> CredentialKey {
        CredentialKey::new(&self.appid, kind)
    }
}

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A mini program.
    MiniProgram,
    /// A service or subscription account.
    OfficialAccount,
    /// A native app of the Open Platform.
    MobileApp,
    /// A website of the Open Platform.
    Website,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: &[AccountKind] = &[
        AccountKind::MiniProgram,
        AccountKind::OfficialAccount,
        AccountKind::MobileApp,
        AccountKind::Website,
    ];

    /// The spelling in `WECHAT_APPS`.
    pub const fn as_str(self) -> &'static str {
        match self {
            AccountKind::MiniProgram => "mini_program",
            AccountKind::OfficialAccount => "official_account",
            AccountKind::MobileApp => "mobile_app",
            AccountKind::Website => "website",
        }
    }

    /// One of this kind, in a sentence.
    pub const fn named(self) -> [&'static str; 2] {
        match self {
            AccountKind::MiniProgram => ["a mini program", "小程序"],
            AccountKind::OfficialAccount => ["an official account", "公众号"],
            AccountKind::MobileApp => ["a mobile app", "移动应用"],
            AccountKind::Website => ["a website", "网站应用"],
        }
    }

    /// The credentials WeChat gives an account of this kind.
    pub const fn credentials(self) -> &'static [CredentialKind] {
        match self {
            AccountKind::MiniProgram => &[CredentialKind::AccessToken],
            AccountKind::MobileApp => &[CredentialKind::AccessToken, CredentialKind::WxCardTicket],
            AccountKind::OfficialAccount => CredentialKind::ALL,
            AccountKind::Website => &[],
        }
    }

    /// Whether a credential is fetched only once a call has asked for it: few accounts of this
    /// kind have the right to it, and the others would fail every minute.
    pub const fn is_on_demand(self, kind: CredentialKind) -> bool {
        matches!((self, kind), (AccountKind::MobileApp, CredentialKind::WxCardTicket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_a_list_is_named_and_no_secret_is_repeated() {
        let whole = r#""appid":"wx01","kind":"mini_program","secret":{"value":"hush"}"#;
        assert_eq!(Account::list(&format!("[{{{whole}}}]")).unwrap()[0].appid, "wx01");
        for (app, parts) in [
            (
                r#"{"appid":"wx01","kind":"mini_program"}"#,
                &["app 0 (wx01)", "without a secret"][..],
            ),
            (
                r#"{"appid":"wx01","kind":"miniprogram","secret":{"value":"hush"}}"#,
                &["kind", "mini_program, official_account, mobile_app, website"],
            ),
            (r#"{"appid":"wx01","secret":{"value":"hush"}}"#, &["without a kind", "website"]),
            (
                r#"{"appid":"wx01","kind":"website","secret":"hush"}"#,
                &["whose secret is not", "ssm"],
            ),
            (r#"{"kind":"website","secret":{"value":"hush"}}"#, &["app 0 without an appid"]),
            (
                r#"{"appid":"wx01","kind":"website","secret":{"value":"hush"},"name":"hush"}"#,
                &["unknown field `name`"],
            ),
            (r#""hush""#, &["not a JSON object"]),
            ("{", &["not a JSON list of apps (line 1"]),
        ] {
            let complaint = Account::list(&format!("[{app}]")).unwrap_err();
            for part in parts {
                assert!(complaint.contains(part), "{app}: {complaint}");
            }
            assert!(!complaint.contains("hush"), "{complaint}");
        }
    }
}

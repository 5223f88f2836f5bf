//! What a deployment sets: read once from the environment, checked at start.

use std::sync::Arc;

use model::value::{AppId, Text};
use reqwest::Url;

use crate::{
    Account, Secret, SecretSource,
    budget::Overrides,
    settings::{SettingFacts, Values},
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

/// The settings of a function, all from its environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table_name: String,
    /// `WECHAT_APPS`: the accounts this deployment serves, in order of preference.
    pub accounts: Arc<[Account]>,
    /// `WECHAT_API_BASE`: WeChat's hosts, the preferred one first.
    pub wechat_api: Vec<Url>,
    /// `TOKEN_MODE`: how access tokens are fetched.
    pub token_mode: TokenMode,
    /// `SESSION_PUBLIC_KEYS`: keys that verify session tokens, newest first.
    pub session_public_keys: Vec<PublicKey>,
    /// `SESSION_SIGNING_KEY_SSM`: where the login operations find the signing key.
    pub session_signing_key: Option<SecretSource>,
    /// `EDGE_ONLY`: refuse requests that reach the function URL directly.
    pub edge_only: bool,
    /// `BUDGETS`: other budgets than those in the code.
    pub budgets: Overrides,
    /// The settings that only some functions read.
    pub settings: Values,
    /// Region, credentials and endpoints of AWS.
    pub aws: Aws,
}

/// The standard AWS variables.
#[derive(Clone, Debug)]
pub struct Aws {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
    /// `AWS_SESSION_TOKEN`; Lambda always sets it.
    pub session_token: Option<Secret>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.
    pub dynamodb_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SSM`, or `AWS_ENDPOINT_URL`.
    pub ssm_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_EVENTBRIDGE`, or `AWS_ENDPOINT_URL`.
    pub eventbridge_endpoint: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file of further certificate authorities to trust.
    pub ca_bundle: Option<String>,
}

impl Aws {
    /// Where DynamoDB answers.
    pub(crate) fn dynamodb(&self) -> String {
        self.url(self.dynamodb_endpoint.as_deref(), "dynamodb")
    }

    /// Where EventBridge answers.
    pub(crate) fn event_bridge(&self) -> String {
        self.url(self.eventbridge_endpoint.as_deref(), "events")
    }

    /// Where SSM answers.
    pub(crate) fn ssm(&self) -> String {
        self.url(self.ssm_endpoint.as_deref(), "ssm")
    }

    /// The endpoint that is set, or that of the Region.
    fn url(&self, endpoint: Option<&str>, service: &str) -> String {
        endpoint.map(str::to_owned).unwrap_or_else(|| {
            let suffix = match self.region.split('-').next() {
                Some("cn") => "amazonaws.com.cn",
                Some("eusc") => "amazonaws.eu",
                _ => "amazonaws.com",
            };
            format!("https://{service}.{}.{suffix}", self.region)
        })
    }

    /// The credentials as the SDK takes them; on Lambda they are those of the function's role.
    pub(crate) fn credentials(&self) -> aws_credential_types::Credentials {
        aws_credential_types::Credentials::new(
            &self.access_key_id,
            self.secret_access_key.expose(),
            self.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "environment",
        )
    }
}

/// How access tokens are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenMode {
    /// `POST /cgi-bin/stable_token`: repeated calls return the same token.
    #[default]
    Stable,
    /// `GET /cgi-bin/token`: each call retires the token before.
    Legacy,
}

impl TokenMode {
    /// The spelling in `TOKEN_MODE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenMode::Stable => "stable",
            TokenMode::Legacy => "legacy",
        }
    }
}

/// A key that verifies session tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Names the key in a token's header.
    pub kid: String,
    /// 32 bytes, Ed25519.
    pub bytes: [u8; 32],
}

/// A setting is missing or malformed; says which and gives an example.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// A setting that cannot be used, and why.
    pub(crate) fn new(complaint: impl Into<String>) -> ConfigError {
        ConfigError(complaint.into())
    }
}

/// Names settings in messages and reads them through one lookup.
struct Environment<L> {
    lookup: L,
    complaints: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str, example: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.complaints.push(format!("{name} is not set; for example {name}={example}"));
            String::new()
        })
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(&self.optional(name)?) {
            Ok(value) => Some(value),
            Err(why) => {
                self.complaints.push(format!("{name} {why}; for example {name}={example}"));
                None
            }
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        let value = self.optional(name).unwrap_or_default();
        value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    fn flag(&mut self, name: &str) -> bool {
        let flag = self.parsed(name, "true", |value| match value {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("is neither true nor false".to_owned()),
        });
        flag.unwrap_or(false)
    }
}

impl Config {
    /// Reads the process environment, and of the settings that only some functions have those of
    /// `settings`.
    ///
    /// # Errors
    /// Names every setting that is missing or malformed, each with an example.
    pub fn from_env(settings: &[SettingFacts]) -> Result<Config, ConfigError> {
        Config::read(|name| std::env::var(name).ok(), settings)
    }

    /// Reads settings through `lookup`.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn read(
        lookup: impl Fn(&str) -> Option<String>,
        some: &[SettingFacts],
    ) -> Result<Config, ConfigError> {
        let mut env = Environment { lookup, complaints: Vec::new() };
        let mut settings = Values::default();
        for setting in some {
            let text = env.optional(setting.name);
            if let Err(why) = settings.read(setting, text.as_deref()) {
                let (name, example) = (setting.name, setting.example);
                env.complaints.push(format!("{name} {why}; for example {name}={example}"));
            }
        }

        let table_name = env.required("TABLE_NAME", "wechat");
        const APPS: &str = r#"[{"appid":"wx0123456789abcdef","kind":"mini_program","secret":{"ssm":"/wechat/prod/wx0123456789abcdef"}}]"#;
        env.required("WECHAT_APPS", APPS);
        let accounts = env.parsed("WECHAT_APPS", APPS, parse_accounts).unwrap_or_default();
        let bases = match env.list("WECHAT_API_BASE") {
            bases if bases.is_empty() => vec!["https://api.weixin.qq.com".to_owned()],
            bases => bases,
        };
        let mut wechat_api = Vec::new();
        for base in bases {
            match parse_base(&base) {
                Ok(base) => wechat_api.push(base),
                Err(why) => env.complaints.push(format!(
                    "WECHAT_API_BASE {why}; for example WECHAT_API_BASE=https://api.weixin.qq.com,https://api2.weixin.qq.com"
                )),
            }
        }
        let token_mode = env.parsed("TOKEN_MODE", "stable", |value| match value {
            "stable" => Ok(TokenMode::Stable),
            "legacy" => Ok(TokenMode::Legacy),
            _ => Err("is neither stable nor legacy".to_owned()),
        });
        let session_public_keys = env
            .parsed("SESSION_PUBLIC_KEYS", "k1:<43 characters of base64url>", parse_public_keys)
            .unwrap_or_default();
        let config = Config {
            table_name,
            accounts: accounts.into(),
            wechat_api,
            token_mode: token_mode.unwrap_or_default(),
            session_public_keys,
            session_signing_key: env.optional("SESSION_SIGNING_KEY_SSM").map(SecretSource::Ssm),
            edge_only: env.flag("EDGE_ONLY"),
            budgets: env
                .parsed("BUDGETS", Overrides::EXAMPLE, Overrides::parse)
                .unwrap_or_default(),
            settings,
            aws: Aws {
                region: env.required("AWS_REGION", "ap-east-1"),
                access_key_id: env.required("AWS_ACCESS_KEY_ID", "AKIA… (Lambda sets it)"),
                secret_access_key: Secret::new(
                    env.required("AWS_SECRET_ACCESS_KEY", "… (Lambda sets it)"),
                ),
                session_token: env.optional("AWS_SESSION_TOKEN").map(Secret::new),
                dynamodb_endpoint: env
                    .optional("AWS_ENDPOINT_URL_DYNAMODB")
                    .or_else(|| env.optional("AWS_ENDPOINT_URL")),
                ssm_endpoint: env
                    .optional("AWS_ENDPOINT_URL_SSM")
                    .or_else(|| env.optional("AWS_ENDPOINT_URL")),
                eventbridge_endpoint: env
                    .optional("AWS_ENDPOINT_URL_EVENTBRIDGE")
                    .or_else(|| env.optional("AWS_ENDPOINT_URL")),
                ca_bundle: env.optional("AWS_CA_BUNDLE"),
            },
        };
        if env.complaints.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(env.complaints.join("\n")))
        }
    }

    /// The account with this app id.
    pub fn account(&self, appid: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.appid == appid)
    }
}

/// Reads the JSON list of `WECHAT_APPS`.
///
/// # Errors
/// Says what is wrong with the list, without repeating a secret.
pub fn parse_accounts(text: &str) -> Result<Vec<Account>, String> {
    let accounts = Account::list(text)?;
    for (index, account) in accounts.iter().enumerate() {
        let appid = &account.appid;
        if Text::<AppId>::new(appid).is_err() {
            return Err(format!("has an app {index} whose appid is not an app id"));
        }
        if accounts[..index].iter().any(|earlier| earlier.appid == *appid) {
            return Err(format!("lists {appid} twice"));
        }
    }
    if accounts.is_empty() {
        return Err("lists no app".to_owned());
    }
    Ok(accounts)
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Reads the URL of a host of WeChat's: https, or http on this machine.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse_base(base: &str) -> Result<Url, String> {
    let base = base.trim_end_matches('/');
    let url = Url::parse(base).map_err(|_| format!("holds {base}, which is no URL"))?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => {}
        // Tokens travel in the query: never in the clear beyond this machine.
        "http" if loopback => {}
        _ => return Err(format!("holds {base}, which is not https")),
    }
    // Beside these, a URL may hold a user, a query and a fragment.
    if url.as_str() != format!("{}/", url.origin().ascii_serialization()) {
        return Err(format!("holds {base}, which is more than a host"));
    }
    Ok(url)
}

/// Reads the list of `SESSION_PUBLIC_KEYS`.
///
/// # Errors
/// Says what is wrong with the list.
pub fn parse_public_keys(text: &str) -> Result<Vec<PublicKey>, String> {
    text.split(',').map(str::trim).map(parse_public_key).collect()
}

fn parse_public_key(text: &str) -> Result<PublicKey, String> {
    let (kid, key) = text.split_once(':').ok_or("has a key without kid")?;
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(key)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("has a key {kid} that is not 32 bytes in base64url"))?;
    if kid.is_empty() || !is_plain(kid) {
        return Err("has a kid that is not letters, digits, - and _".to_owned());
    }
    Ok(PublicKey { kid: kid.to_owned(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(
            |name| {
                let found = pairs.iter().find(|(key, _)| *key == name)?;
                Some(found.1.to_owned())
            },
            &[],
        )
    }

    const WHOLE: &[(&str, &str)] = &[
        ("TABLE_NAME", "wechat"),
        (
            "WECHAT_APPS",
            r#"[{"appid":"wx01","kind":"mini_program","secret":{"value":"hush-hush"}}]"#,
        ),
        ("AWS_REGION", "ap-east-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "also-hush"),
    ];

    #[test]
    fn every_missing_setting_is_named_at_once_with_an_example() {
        let ConfigError(complaints) = read(&[]).unwrap_err();
        for name in ["TABLE_NAME", "WECHAT_APPS", "AWS_REGION"] {
            assert!(complaints.contains(&format!("{name} is not set; for example {name}=")));
        }
    }

    #[test]
    fn malformed_settings_are_named_and_secrets_not_repeated() {
        for (name, value) in [
            ("WECHAT_APPS", r#"[{"appid":"wx01","kind":"toaster","secret":{"value":"hush"}}]"#),
            ("WECHAT_APPS", r#"[{"appid":"wx01","secret":"hush"}]"#),
            ("WECHAT_APPS", "[]"),
            ("WECHAT_API_BASE", "http://api.weixin.qq.com"),
            ("WECHAT_API_BASE", "https://api.weixin.qq.com/cgi-bin"),
            ("TOKEN_MODE", "fresh"),
            ("SESSION_PUBLIC_KEYS", "k1:short"),
            ("EDGE_ONLY", "maybe"),
        ] {
            let mut pairs = vec![(name, value)];
            pairs.extend_from_slice(WHOLE);
            let ConfigError(complaints) = read(&pairs).unwrap_err();
            assert!(complaints.starts_with(name), "{complaints}");
            assert!(!complaints.contains("hush"), "{complaints}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let config = read(WHOLE).unwrap();
        let shown = format!("{config:?}");
        assert!(!shown.contains("hush"), "{shown}");
    }
}

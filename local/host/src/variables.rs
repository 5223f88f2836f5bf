//! Settings of the functions that the process's own environment names.

use std::{collections::HashMap, env, fmt};

use functions::pay::setting::{NotifyUrl, PayHosts, WechatPay};
use shared::capability::Setting as _;

/// The settings that every function may read; [`functions::settings`] has the others.
const COMMON: &[&str] = &[
    "TABLE_NAME",
    "WECHAT_APPS",
    "WECHAT_API_BASE",
    "TOKEN_MODE",
    "SESSION_PUBLIC_KEYS",
    "SESSION_SIGNING_KEY_SSM",
    "EDGE_ONLY",
    "BUDGETS",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SSM",
    "AWS_CA_BUNDLE",
];

/// What signs requests to AWS.
const KEYS: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Settings by name, none of them empty.
#[derive(Clone, Default)]
pub struct Variables(HashMap<String, String>);

impl Variables {
    /// Those of the process that are settings of a function.
    pub fn of_process() -> Variables {
        Variables::from_lookup(|name| env::var(name).ok())
    }

    /// Those that a lookup finds.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Variables {
        let some = functions::settings().into_iter().map(|setting| setting.name);
        let found = COMMON.iter().copied().chain(some).filter_map(|name| {
            let value = lookup(name)?.trim().to_owned();
            (!value.is_empty()).then(|| (name.to_owned(), value))
        });
        Variables(found.collect())
    }

    /// The value of one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Where a service of AWS answers, if that is said.
    pub(crate) fn endpoint(&self, service: &str) -> Option<&str> {
        self.get(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| self.get("AWS_ENDPOINT_URL"))
    }

    /// Those that mean the same on one machine as in a deployment.
    pub(crate) fn plain(&self) -> impl Iterator<Item = (&str, &str)> {
        // These lead to what the bundle starts itself, or are joined with what it has.
        const OWN: &[&str] = &[
            "WECHAT_APPS",
            "WECHAT_API_BASE",
            "SESSION_PUBLIC_KEYS",
            WechatPay::NAME,
            PayHosts::NAME,
            NotifyUrl::NAME,
        ];
        let all = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| {
            let own = OWN.contains(name) || KEYS.contains(name);
            !own && !name.starts_with("AWS_ENDPOINT_URL")
        })
    }

    /// The credentials for what is at AWS.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        KEYS.iter().filter_map(|name| Some((*name, self.get(name)?)))
    }
}

impl fmt::Debug for Variables {
    /// Without the values, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

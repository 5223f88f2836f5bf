//! The secrets in SSM: whether they are there and of the right shape.

use std::collections::HashMap;

use aws_sdk_ssm::{error::ProvideErrorMetadata, types::ParameterType};
use functions::{
    pay::setting::{MerchantSetting, WechatPay},
    push::Keys,
};
use shared::{Account, Config, Secret, SecretSource, grant::SecretName, session::SigningKey};

use super::{
    deployment::{Deployment, why},
    finding::{Findings, Said, said},
};

/// What stands in examples and samples, where a secret belongs.
const PLACEHOLDERS: &[&str] =
    &["…", "...", "fill-in", "fill_in", "changeme", "change-me", "placeholder", "your-", "xxxx"];

/// No AppSecret and no key is as short.
const SHORTEST: usize = 16;

/// The secrets that could be read, by name.
pub(super) type Secrets = HashMap<String, Secret>;

/// Reads secrets, and tells of those that are wrong.
struct Reader<'a> {
    client: aws_sdk_ssm::Client,
    prefix: &'a str,
    findings: &'a mut Findings,
    read: Secrets,
}

/// Checks every secret that the settings name.
pub(super) async fn check(
    deployment: &Deployment<'_>,
    config: &Config,
    findings: &mut Findings,
) -> Secrets {
    let mut reader = Reader {
        client: deployment.aws.ssm(),
        prefix: deployment.parameter("SecretPrefix").unwrap_or("/wechat"),
        findings,
        read: Secrets::new(),
    };
    for account in config.accounts.iter() {
        reader.app(account).await;
    }
    reader.signing_key(config).await;
    let WechatPay(merchants) = config.settings.get();
    for merchant in merchants {
        reader.merchant(merchant).await;
    }
    reader.read
}

impl Reader<'_> {
    async fn app(&mut self, account: &Account) {
        let appid = &account.appid;
        let put = || {
            said(
                format!(
                    "Store it with the command that `keys apps {appid}:{}` prints.",
                    account.kind.as_str()
                ),
                format!("请用 `keys apps {appid}:{}` 打印的命令存入。", account.kind.as_str()),
            )
        };
        if let Some((name, secret)) = self.secret(&account.secret, SecretName::App, put).await
            && is_placeholder(secret.expose(), appid)
        {
            self.findings.add(
                "secret-placeholder",
                said(
                    format!("{name} is a placeholder, not the AppSecret of {appid}."),
                    format!("{name} 是占位内容，不是 {appid} 的 AppSecret。"),
                ),
                put(),
            );
        }
        let Some(push) = &account.push else { return };
        let put = || {
            said(
                "Store {\"tokens\":[…],\"keys\":[…]} with Token and EncodingAESKey of the console; see docs/events.md.",
                "请存入 {\"tokens\":[…],\"keys\":[…]}，内容为后台的 Token 与 EncodingAESKey；见 docs/zh/events.md。",
            )
        };
        if let Some((name, secret)) = self.secret(&push.keys, SecretName::PushKeys, put).await
            && let Err(error) = Keys::read(secret.expose())
        {
            let why = error.detail();
            self.unusable(&name, why, put());
        }
    }

    async fn signing_key(&mut self, config: &Config) {
        let Some(source) = &config.session_signing_key else { return };
        let put = || {
            said(
                "Make it with `keys session` and deploy the SessionPublicKeys it prints.",
                "请用 `keys session` 生成，并以其打印的 SessionPublicKeys 部署。",
            )
        };
        let Some((name, secret)) = self.secret(source, SecretName::SigningKey, put).await else {
            return;
        };
        match SigningKey::parse(&secret) {
            Err(error) => self.unusable(&name, error.detail(), put()),
            Ok(key) if !config.session_public_keys.contains(&key.public_key()) => self.findings.add(
                "signing-key-unknown",
                said(
                    format!("The key in {name} is not one of SessionPublicKeys: every session is refused."),
                    format!("{name} 中的密钥不在 SessionPublicKeys 中：所有会话都会被拒绝。"),
                ),
                put(),
            ),
            Ok(_) => {}
        }
    }

    async fn merchant(&mut self, merchant: &MerchantSetting) {
        let mchid = &merchant.mchid;
        let put = || {
            said(
                format!("Store it with the command that `keys pay {mchid} …` prints."),
                format!("请用 `keys pay {mchid} …` 打印的命令存入。"),
            )
        };
        let mut keys = Vec::new();
        for source in merchant.sources() {
            if let Some((_, secret)) = self.secret(source, SecretName::Merchant, put).await {
                keys.push(secret);
            }
        }
        // One that is missing is told already.
        if keys.len() == merchant.sources().count()
            && let Err(why) = merchant.build(&keys)
        {
            self.findings.add(
                "secret-unusable",
                said(format!("WechatPay {why}."), format!("WechatPay 的密钥无法使用：{why}。")),
                put(),
            );
        }
    }

    /// A secret with its name in SSM, if it is there and may be read.
    async fn secret(
        &mut self,
        source: &SecretSource,
        kind: SecretName,
        put: impl Fn() -> Said,
    ) -> Option<(String, Secret)> {
        let SecretSource::Ssm(name) = source else { return None };
        if !is_below(name, self.prefix, kind.pattern()) {
            self.findings.add(
                "secret-outside-prefix",
                said(
                    format!(
                        "The functions may not read {name}: it is not {}/{}.",
                        self.prefix,
                        kind.pattern()
                    ),
                    format!(
                        "函数无权读取 {name}：它不在 {}/{} 之下。",
                        self.prefix,
                        kind.pattern()
                    ),
                ),
                said(
                    "Name it so, or deploy with another SecretPrefix.",
                    "请按此命名，或以其他 SecretPrefix 部署。",
                ),
            );
        }
        let parameter = match self.parameter(name, true).await {
            // Who may not decrypt still sees whether it is there.
            Err(error) if error.0 != "ParameterNotFound" => self.parameter(name, false).await,
            outcome => outcome,
        };
        let (secret, is_secure, is_clear) = match parameter {
            Ok(parameter) => parameter,
            Err(Refused(code)) if code == "ParameterNotFound" => {
                self.findings.add(
                    "secret-missing",
                    said(format!("There is no {name} in SSM."), format!("SSM 中没有 {name}。")),
                    put(),
                );
                return None;
            }
            Err(Refused(code)) => {
                self.findings.unchecked(&said(name.as_str(), name.as_str()), &code);
                return None;
            }
        };
        if !is_secure {
            self.findings.add(
                "secret-in-clear",
                said(
                    format!("{name} is a String: it is kept in the clear."),
                    format!("{name} 的类型是 String：以明文保存。"),
                ),
                said(
                    "Delete it and store it again with --type SecureString.",
                    "请删除后以 --type SecureString 重新存入。",
                ),
            );
        }
        if !is_clear {
            return None;
        }
        self.read.insert(name.clone(), secret.clone());
        Some((name.clone(), secret))
    }

    /// The value, whether it is a SecureString, and whether the value can be read.
    async fn parameter(&self, name: &str, decrypt: bool) -> Result<(Secret, bool, bool), Refused> {
        let output = self.client.get_parameter().name(name).with_decryption(decrypt).send().await;
        let output = output.map_err(|error| {
            let code = error.code().map(str::to_owned);
            Refused(code.unwrap_or_else(|| why(error)))
        })?;
        let parameter = output.parameter().ok_or_else(|| Refused("no parameter".to_owned()))?;
        let is_secure = parameter.r#type() == Some(&ParameterType::SecureString);
        let value = Secret::new(parameter.value().unwrap_or_default());
        Ok((value, is_secure, decrypt || !is_secure))
    }

    fn unusable(&mut self, name: &str, why: &str, cure: Said) {
        self.findings.add(
            "secret-unusable",
            said(format!("{name} cannot be used. {why}"), format!("{name} 无法使用。{why}")),
            cure,
        );
    }
}

/// The code of a refusal.
struct Refused(String);

/// Whether the policies of the functions reach a name: `pattern` is the last segment, and may end
/// with a star.
fn is_below(name: &str, prefix: &str, pattern: &str) -> bool {
    let Some(rest) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')) else {
        return false;
    };
    match pattern.strip_suffix('*') {
        Some(start) => rest.starts_with(start),
        None => rest == pattern,
    }
}

/// Whether this is what somebody put where the secret belongs.
fn is_placeholder(secret: &str, appid: &str) -> bool {
    let lower = secret.to_lowercase();
    secret.len() < SHORTEST
        || secret == appid
        || secret.chars().any(char::is_whitespace)
        || PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_secret_is_told_from_one() {
        assert!(!is_placeholder("0123456789abcdef0123456789abcdef", "wx0123456789abcdef"));
        for placeholder in [
            "",
            "secret",
            "FILL-IN-the-app-secret",
            "your-app-secret-of-32-digits",
            "wx0123456789abcdef",
            "0123456789abcdef0123456789abcdef\n",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ] {
            assert!(is_placeholder(placeholder, "wx0123456789abcdef"), "{placeholder}");
        }
    }

    #[test]
    fn a_name_is_one_that_the_roles_may_read() {
        assert!(is_below("/wechat/wx01", "/wechat", SecretName::App.pattern()));
        assert!(is_below("/wechat/session-key", "/wechat", SecretName::SigningKey.pattern()));
        assert!(!is_below("/wechat/session-key-next", "/wechat", SecretName::SigningKey.pattern()));
        assert!(!is_below("/wechat-dev/wx01", "/wechat", SecretName::App.pattern()));
        assert!(!is_below("/wechat/app-wx01", "/wechat", SecretName::App.pattern()));
    }
}

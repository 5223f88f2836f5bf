//! `WECHAT_PAY`: the merchants of a deployment, and where their keys are.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::{Secret, SecretSource, config::parse_base, settings::Setting};

use super::apiv3::{ApiV3Key, Merchant, PrivateKey, VerifyingKeys};

/// One merchant of `WECHAT_PAY`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerchantSetting {
    /// The merchant's number.
    pub mchid: String,
    /// The serial of the merchant's own certificate.
    pub serial_no: String,
    /// The apps that are bound to the merchant.
    pub apps: Vec<String>,
    /// `apiclient_key.pem`.
    pub private_key: SecretSource,
    /// APIv3 keys, the newest first.
    pub apiv3_keys: Vec<SecretSource>,
    /// WeChat Pay's public keys by id, and certificates by serial number.
    #[serde(default)]
    pub verify: BTreeMap<String, SecretSource>,
    /// Whether platform certificates are fetched.
    #[serde(default)]
    pub certificates: bool,
    /// What `Wechatpay-Serial` says; by default the public key's id.
    #[serde(default)]
    pub send_serial: Option<String>,
}

/// `WECHAT_PAY`: the merchants; none if it is not set.
#[derive(Clone, Debug, Default)]
pub struct WechatPay(pub Vec<MerchantSetting>);

impl Setting for WechatPay {
    const NAME: &'static str = "WECHAT_PAY";
    const EXAMPLE: &'static str = EXAMPLE;
    const ABOUT: &'static str = "Merchants of WeChat Pay, as a JSON list.";

    fn parse(text: Option<&str>) -> Result<WechatPay, String> {
        text.map_or_else(|| Ok(WechatPay::default()), |text| parse(text).map(WechatPay))
    }
}

/// `WECHAT_PAY_API_BASE`: WeChat Pay's hosts, the preferred one first.
#[derive(Clone, Debug)]
pub struct PayHosts(pub Vec<String>);

impl Setting for PayHosts {
    const NAME: &'static str = "WECHAT_PAY_API_BASE";
    const EXAMPLE: &'static str = "https://api.mch.weixin.qq.com,https://api2.mch.weixin.qq.com";
    const ABOUT: &'static str =
        "Hosts of WeChat Pay, comma separated. The next one is used if one cannot be reached.";

    fn parse(text: Option<&str>) -> Result<PayHosts, String> {
        let hosts = text.unwrap_or(PayHosts::EXAMPLE).split(',').map(str::trim);
        let hosts: Vec<&str> = hosts.filter(|host| !host.is_empty()).collect();
        hosts.iter().try_for_each(|host| parse_base(host).map(drop))?;
        Ok(PayHosts(hosts.into_iter().map(str::to_owned).collect()))
    }
}

/// `PAY_NOTIFY_URL`: where WeChat Pay notifies; the public address of `pay.notify`.
#[derive(Clone, Debug, Default)]
pub struct NotifyUrl(pub Option<String>);

impl Setting for NotifyUrl {
    const NAME: &'static str = "PAY_NOTIFY_URL";
    const EXAMPLE: &'static str = "https://pay.example.cn/pay/notify";
    const ABOUT: &'static str =
        "The public address of pay.notify: https, at most 255 characters, and without a query.";

    fn parse(text: Option<&str>) -> Result<NotifyUrl, String> {
        let Some(text) = text else { return Ok(NotifyUrl(None)) };
        let uri: http::Uri = text.parse().map_err(|_| "is not a URL".to_owned())?;
        let host = uri.host().unwrap_or_default();
        let loopback = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
        let secure = uri.scheme_str() == Some("https");
        if !(secure || loopback && uri.scheme_str() == Some("http")) {
            return Err("must begin with https://".to_owned());
        }
        if text.len() > 255 || uri.query().is_some() || text.contains('#') {
            return Err("must be at most 255 characters and have no query".to_owned());
        }
        Ok(NotifyUrl(Some(text.to_owned())))
    }
}

/// A valid list, for messages.
const EXAMPLE: &str = r#"[{"mchid":"1900000001","serial_no":"5157F09EFDC096DE15EBE81A47057A7232F1B8E1","apps":["wx0123456789abcdef"],"private_key":{"ssm":"/wechat/prod/pay-1900000001-private-key"},"apiv3_keys":[{"ssm":"/wechat/prod/pay-1900000001-apiv3-key"}],"verify":{"PUB_KEY_ID_0119000000012026010100000000000001":{"ssm":"/wechat/prod/pay-1900000001-public-key"}}}]"#;

/// Reads the JSON list of `WECHAT_PAY`. Keys that stand in it are checked at once.
///
/// # Errors
/// Says what is wrong, as the end of a sentence that begins with the setting's name, and without
/// repeating a key.
pub fn parse(text: &str) -> Result<Vec<MerchantSetting>, String> {
    // serde_json's message may quote a value, which may be a key: only the position is kept.
    let merchants: Vec<MerchantSetting> = serde_json::from_str(text).map_err(|error| {
        format!(
            "is not a JSON list of merchants (line {}, column {})",
            error.line(),
            error.column()
        )
    })?;
    for (index, merchant) in merchants.iter().enumerate() {
        merchant.check(index)?;
        if merchants[..index].iter().any(|earlier| earlier.mchid == merchant.mchid) {
            return Err(format!("lists {} twice", merchant.mchid));
        }
    }
    Ok(merchants)
}

impl MerchantSetting {
    fn check(&self, index: usize) -> Result<(), String> {
        let mchid = &self.mchid;
        if !(1..=32).contains(&mchid.len()) || !mchid.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("has a merchant {index} whose mchid is not digits"));
        }
        let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !(1..=40).contains(&self.serial_no.len()) || !hex(&self.serial_no) {
            return Err(format!("has a serial_no of {mchid} that is not 40 hexadecimal digits"));
        }
        if self.apiv3_keys.is_empty() {
            return Err(format!("has no apiv3_keys of {mchid}"));
        }
        if self.verify.is_empty() && !self.certificates {
            return Err(format!("has neither verify nor certificates of {mchid}"));
        }
        let values: Option<Vec<Secret>> = self.sources().map(value).collect();
        match values {
            Some(values) => self.build(&values).map(drop),
            None => Ok(()),
        }
    }

    /// Where all keys are: the private key, the APIv3 keys, WeChat Pay's.
    pub fn sources(&self) -> impl Iterator<Item = &SecretSource> {
        [&self.private_key].into_iter().chain(&self.apiv3_keys).chain(self.verify.values())
    }

    /// The merchant, with the keys in the order of [`MerchantSetting::sources`].
    ///
    /// # Errors
    /// Says which key cannot be used, and why.
    pub fn build(&self, keys: &[Secret]) -> Result<Merchant, String> {
        let mchid = &self.mchid;
        let mut keys = keys.iter().map(Secret::expose);
        let mut next = || keys.next().unwrap_or_default();
        let private_key = PrivateKey::parse(next())
            .map_err(|why| format!("has a private_key of {mchid} that {why}"))?;
        let apiv3_keys: Result<Vec<_>, _> =
            self.apiv3_keys.iter().map(|_| ApiV3Key::parse(next().trim())).collect();
        let apiv3_keys =
            apiv3_keys.map_err(|why| format!("has apiv3_keys of {mchid}; each {why}"))?;
        let mut verify = VerifyingKeys::default();
        for name in self.verify.keys() {
            verify
                .add(name, next())
                .map_err(|why| format!("has verify {name} of {mchid} that {why}"))?;
        }
        let send_serial =
            self.send_serial.clone().or_else(|| verify.public_key().map(str::to_owned));
        Ok(Merchant {
            mchid: mchid.clone(),
            serial_no: self.serial_no.clone(),
            private_key,
            apiv3_keys,
            verify,
            send_serial,
        })
    }
}

fn value(source: &SecretSource) -> Option<Secret> {
    match source {
        SecretSource::Value(secret) => Some(secret.clone()),
        SecretSource::Ssm(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn demo() -> Value {
        simulator::Pay::new(shared::Clock::frozen(0), &["wx01"]).setting()
    }

    #[test]
    fn the_example_and_the_demo_are_valid() {
        assert_eq!(parse(EXAMPLE).unwrap()[0].sources().count(), 3);
        let demo = parse(&demo().to_string()).unwrap();
        assert_eq!(demo[0].apps, ["wx01"]);
        let keys: Vec<Secret> = demo[0].sources().map(|source| value(source).unwrap()).collect();
        let merchant = demo[0].build(&keys).unwrap();
        assert!(merchant.send_serial.unwrap().starts_with("PUB_KEY_ID_"));
    }

    #[test]
    fn a_key_that_cannot_be_used_is_named_and_not_repeated() {
        for (path, wrong, complaint) in [
            (
                "/0/private_key/value",
                "hush-hush",
                "has a private_key of 1900000001 that is not a PEM private key",
            ),
            (
                "/0/apiv3_keys/0/value",
                "hush-hush",
                "has apiv3_keys of 1900000001; each must be 32 bytes",
            ),
            ("/0/mchid", "hush-hush", "has a merchant 0 whose mchid is not digits"),
            ("/0/serial_no", "hush-hush", "has a serial_no of 1900000001 that is not"),
        ] {
            let mut setting = demo();
            *setting.pointer_mut(path).unwrap() = json!(wrong);
            let found = parse(&setting.to_string()).unwrap_err();
            assert!(found.starts_with(complaint) && !found.contains("hush"), "{found}");
        }
        let mut setting = demo();
        setting[0]["verify"] = json!({ "PUB_KEY_ID_01": { "value": "hush" } });
        let found = parse(&setting.to_string()).unwrap_err();
        assert_eq!(
            found,
            "has verify PUB_KEY_ID_01 of 1900000001 that is not a PEM public key of at least 2048 bits"
        );
        setting[0]["verify"] = json!({});
        assert!(parse(&setting.to_string()).unwrap_err().starts_with("has neither verify nor"));
        for text in ["", "{}", r#"[{"private_key":"hush"}]"#] {
            let found = parse(text).unwrap_err();
            assert!(found.starts_with("is not a JSON list") && !found.contains("hush"), "{found}");
        }
    }
}

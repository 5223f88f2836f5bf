//! What a deployment needs before it is deployed, in the formats the functions read.
//!
//! It uses no network: it prints parameters and commands, and secrets only into a pipe.

use std::{
    collections::HashMap,
    io::{IsTerminal as _, Read as _, Write as _},
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use clap::Args;
use functions::pay::{
    apiv3::{ApiV3Key, PrivateKey, VerifyingKeys},
    setting,
};
use serde_json::{Value, json};
use shared::{
    Account, AccountKind, Secret,
    config::{parse_accounts, parse_public_keys},
    crypto::random_bytes,
    session::SigningKey,
};

#[derive(Args)]
pub(crate) struct Apps {
    /// An account as <appid>:<kind>, the preferred one of a kind first. Kinds: mini_program,
    /// official_account, mobile_app, website.
    #[arg(required = true, value_name = "APPID:KIND")]
    apps: Vec<String>,
    /// Those that receive messages and events, comma separated, each as <appid> or
    /// <appid>:<mode>. Modes: safe (unless said otherwise), compatible, plain.
    #[arg(long, value_name = "APPID:MODE", value_delimiter = ',')]
    push: Vec<String>,
    /// The parameter WechatPay, to show which apps pay.
    #[arg(long, value_name = "JSON")]
    pay: Option<String>,
    /// The parameter SecretPrefix.
    #[arg(long, default_value = "/wechat", value_name = "PATH")]
    prefix: String,
}

#[derive(Args)]
pub(crate) struct Session {
    /// The key's name in tokens; another one for every key.
    #[arg(long, default_value = "k1", value_name = "NAME")]
    kid: String,
    /// The parameter SessionPublicKeys so far, when a key is replaced.
    #[arg(long, value_name = "KEYS")]
    keep: Option<String>,
}

/// A merchant, without a key.
#[derive(Args)]
pub(crate) struct Pay {
    /// The merchant's number.
    mchid: String,
    /// The serial number of the merchant's own certificate.
    #[arg(long, value_name = "SERIAL")]
    serial_no: String,
    /// The apps bound to the merchant, comma separated.
    #[arg(long, required = true, value_name = "APPIDS", value_delimiter = ',')]
    apps: Vec<String>,
    /// Ids of WeChat Pay's public keys and serial numbers of its certificates, comma separated.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    verify: Vec<String>,
    /// Fetch platform certificates: the older of the two key modes.
    #[arg(long)]
    certificates: bool,
    /// The parameter SecretPrefix.
    #[arg(long, default_value = "/wechat", value_name = "PATH")]
    prefix: String,
}

#[derive(Args)]
pub(crate) struct PayKey {
    /// private_key, apiv3_key, the id of a public key or the serial number of a certificate.
    what: String,
}

pub(crate) fn apps(Apps { apps, push, pay, prefix }: &Apps) -> Result<(), String> {
    let (parameter, commands) = describe_apps(apps, push, prefix)?;
    let uses = describe_uses(&parameter, pay.as_deref().unwrap_or("[]"))?;
    eprintln!(
        "Store each secret: paste a line, then the secret, then press Enter. It is not shown."
    );
    if !push.is_empty() {
        eprintln!(
            r#"That of a name with push- is {{"tokens":["<Token>"],"keys":["<EncodingAESKey>"]}}."#
        );
    }
    eprintln!("{commands}\n\nWhat the apps have:\n{uses}\n\nThe parameter WechatApps:");
    println!("{parameter}");
    Ok(())
}

/// The parameter, and the commands that store the secrets.
fn describe_apps(
    apps: &[String],
    push: &[String],
    prefix: &str,
) -> Result<(String, String), String> {
    let (mut list, mut commands) = (Vec::new(), Vec::new());
    let mut stored = |name: &str| {
        let name = format!("{prefix}/{name}");
        commands.push(format!(
            "read -rs SECRET; printf %s \"$SECRET\" | aws ssm put-parameter --name {name} --type SecureString --overwrite --value file:///dev/stdin; unset SECRET"
        ));
        format!(r#"{{"ssm":"{name}"}}"#)
    };
    let mut modes: HashMap<&str, &str> =
        push.iter().map(|app| app.split_once(':').unwrap_or((app, "safe"))).collect();
    for app in apps {
        let known = |kind: &str| AccountKind::ALL.iter().any(|known| known.as_str() == kind);
        let parts = app.split_once(':').filter(|(_, kind)| known(kind));
        let (appid, kind) = parts.ok_or_else(|| {
            let kinds: Vec<_> = AccountKind::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("{app} is not <appid>:<kind>; kinds: {}", kinds.join(", "))
        })?;
        let secret = stored(appid);
        let push = modes.remove(appid).map(|mode| {
            let keys = stored(&format!("push-{appid}"));
            format!(r#","push":{{"mode":"{mode}","keys":{keys}}}"#)
        });
        // In the order the template's pattern has.
        list.push(format!(
            r#"{{"appid":"{appid}","kind":"{kind}","secret":{secret}{}}}"#,
            push.unwrap_or_default()
        ));
    }
    if let Some(appid) = modes.into_keys().min() {
        return Err(format!("{appid} is to receive messages and is not among the apps"));
    }
    let parameter = format!("[{}]", list.join(","));
    parse_accounts(&parameter).map_err(|why| format!("The list of apps {why}."))?;
    Ok((parameter, commands.join("\n")))
}

/// Which apps receive messages, and whose payments: a line per app, without a secret.
fn describe_uses(apps: &str, pay: &str) -> Result<String, String> {
    let accounts = parse_accounts(apps).map_err(|why| format!("The list of apps {why}."))?;
    let merchants = setting::parse(pay).map_err(|why| format!("The list of merchants {why}."))?;
    let line = |account: &Account| {
        let (appid, kind) = (&account.appid, account.kind.as_str());
        let push = account.push.as_ref().map(|push| json!(push.mode));
        let push = push.as_ref().and_then(Value::as_str).unwrap_or("–");
        let pays = merchants.iter().filter(|merchant| merchant.apps.contains(appid));
        let pays: Vec<&str> = pays.map(|merchant| merchant.mchid.as_str()).collect();
        let pay = if pays.is_empty() { "–".to_owned() } else { pays.join(",") };
        format!("{appid}  {kind}  push {push}  pay {pay}")
    };
    Ok(accounts.iter().map(line).collect::<Vec<_>>().join("\n"))
}

pub(crate) fn pay(pay: &Pay) -> Result<(), String> {
    let (parameter, commands) = describe_pay(pay)?;
    eprintln!(
        "Store each key: give the first word of a line the file, or paste it and press Ctrl-D."
    );
    eprintln!("{commands}");
    eprintln!("\nThe parameter WechatPay; join those of several merchants to one list:");
    println!("{parameter}");
    Ok(())
}

/// The parameter, and the commands that store the keys.
fn describe_pay(pay: &Pay) -> Result<(String, String), String> {
    let Pay { mchid, serial_no, apps, verify, certificates, prefix } = pay;
    let mut commands = Vec::new();
    let mut stored = |what: &str, name: &str| {
        let name = format!("{prefix}/pay-{mchid}-{name}");
        commands.push(format!(
            "keys pay-key {what} | aws ssm put-parameter --name {name} --type SecureString --overwrite --value file:///dev/stdin"
        ));
        format!(r#"{{"ssm":"{name}"}}"#)
    };
    // In the order the template's pattern has.
    let mut parameter = format!(
        r#"[{{"mchid":"{mchid}","serial_no":"{serial_no}","apps":["{}"],"private_key":{},"apiv3_keys":[{}]"#,
        apps.join(r#"",""#),
        stored("private_key", "private-key"),
        stored("apiv3_key", "apiv3-key"),
    );
    let keys: Vec<String> =
        verify.iter().map(|name| format!(r#""{name}":{}"#, stored(name, name))).collect();
    if !keys.is_empty() {
        parameter.push_str(&format!(r#","verify":{{{}}}"#, keys.join(",")));
    }
    if *certificates {
        parameter.push_str(r#","certificates":true"#);
    }
    parameter.push_str("}]");
    setting::parse(&parameter).map_err(|why| format!("The merchant {why}."))?;
    Ok((parameter, commands.join("\n")))
}

/// Reads a key, checks it, and hands it on; the key touches neither disk nor screen.
pub(crate) fn pass_on(PayKey { what }: &PayKey) -> Result<(), String> {
    let mut stdout = std::io::stdout().lock();
    if stdout.is_terminal() {
        return Err("The key is a secret: pipe it into SSM, see keys pay.".to_owned());
    }
    let mut key = String::new();
    std::io::stdin().read_to_string(&mut key).map_err(|error| error.to_string())?;
    let key = Secret::new(key.trim());
    check_pay_key(what, &key)?;
    stdout.write_all(key.expose().as_bytes()).map_err(|error| error.to_string())
}

fn check_pay_key(what: &str, key: &Secret) -> Result<(), String> {
    let checked = match what {
        "private_key" => PrivateKey::parse(key.expose()).map(drop),
        "apiv3_key" => ApiV3Key::parse(key.expose()).map(drop),
        name => VerifyingKeys::default().add(name, key.expose()),
    };
    checked.map_err(|why| format!("What was given {why}."))
}

pub(crate) fn session(Session { kid, keep }: &Session) -> Result<(), String> {
    let mut stdout = std::io::stdout().lock();
    if stdout.is_terminal() {
        return Err("The signing key is a secret: pipe it into SSM, see --help.".to_owned());
    }
    let (key, parameter) = describe_session(kid, keep.as_deref(), random_bytes())?;
    stdout.write_all(key.expose().as_bytes()).map_err(|error| error.to_string())?;
    eprintln!("The parameter SessionPublicKeys:\n{parameter}");
    Ok(())
}

/// The signing key, and the parameter with its public part first.
fn describe_session(
    kid: &str,
    keep: Option<&str>,
    seed: [u8; 32],
) -> Result<(Secret, String), String> {
    let key = Secret::new(format!("{kid}:{}", BASE64_URL_SAFE_NO_PAD.encode(seed)));
    let public = SigningKey::parse(&key).map_err(|error| error.to_string())?.public_key();
    let mut parameter = format!("{kid}:{}", BASE64_URL_SAFE_NO_PAD.encode(public.bytes));
    if let Some(keep) = keep {
        parameter = format!("{parameter},{keep}");
    }
    let keys = parse_public_keys(&parameter)
        .map_err(|why| format!("The parameter SessionPublicKeys {why}."))?;
    if keys[1..].iter().any(|other| other.kid == kid) {
        return Err(format!("There is a key {kid} already: name another with --kid."));
    }
    Ok((key, parameter))
}

#[cfg(test)]
mod tests {
    use shared::{
        AccountKind, PushMode, SecretSource,
        session::{Session, Verifier},
    };

    use super::*;

    #[test]
    fn the_apps_are_what_the_functions_read() {
        let apps = ["wx01:mini_program".to_owned(), "wx02:official_account".to_owned()];
        let (parameter, commands) = describe_apps(&apps, &[], "/wechat").unwrap();
        let accounts = parse_accounts(&parameter).unwrap();
        assert_eq!(accounts[1].kind, AccountKind::OfficialAccount);
        assert_eq!(accounts[1].secret, SecretSource::Ssm("/wechat/wx02".to_owned()));
        assert_eq!(commands.matches("--type SecureString").count(), 2);
        for wrong in ["wx01", "wx01:toaster", "01:mini_program", "wx01:mini_program "] {
            assert!(describe_apps(&[wrong.to_owned()], &[], "/wechat").is_err(), "{wrong}");
        }
        assert!(describe_apps(&[apps[0].clone(), apps[0].clone()], &[], "/wechat").is_err());
    }

    #[test]
    fn what_receives_messages_and_payments_is_shown_without_a_secret() {
        let apps = ["wx01:mini_program", "wx02:official_account"].map(str::to_owned);
        let push = |app: &str| describe_apps(&apps, &[app.to_owned()], "/wechat");
        let (parameter, commands) = push("wx02:compatible").unwrap();
        let accounts = parse_accounts(&parameter).unwrap();
        assert_eq!(accounts[1].push.as_ref().unwrap().mode, PushMode::Compatible);
        assert!(commands.contains("--name /wechat/push-wx02 --type SecureString"), "{commands}");
        let secret = "-----BEGIN PRIVATE KEY-----";
        let demo = simulator::Pay::new(shared::Clock::system(), &["wx01"]).setting().to_string();
        assert!(demo.contains(secret), "a merchant may be given with its keys");
        let uses = describe_uses(&parameter, &demo).unwrap();
        let lines: Vec<&str> = uses.lines().collect();
        let pays = "wx01  mini_program  push –  pay 1900000001";
        assert_eq!(lines, [pays, "wx02  official_account  push compatible  pay –"]);
        assert!(push("wx01").unwrap().0.contains(r#""push":{"mode":"safe""#));
        assert!(push("wx03").is_err_and(|why| why.starts_with("wx03 ")));
        assert!(push("wx01:loud").is_err());
    }

    #[test]
    fn the_merchant_is_what_the_functions_read_and_a_bad_key_goes_no_further() {
        let pay = |verify: &[&str], certificates| Pay {
            mchid: "1900000001".to_owned(),
            serial_no: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1".to_owned(),
            apps: vec!["wx0123456789abcdef".to_owned()],
            verify: verify.iter().map(|name| (*name).to_owned()).collect(),
            certificates,
            prefix: "/wechat".to_owned(),
        };
        let (parameter, commands) = describe_pay(&pay(&["PUB_KEY_ID_01"], false)).unwrap();
        assert_eq!(setting::parse(&parameter).unwrap()[0].sources().count(), 3);
        assert_eq!(commands.matches("--type SecureString").count(), 3);
        assert!(commands.contains("keys pay-key PUB_KEY_ID_01 | "), "{commands}");
        assert!(describe_pay(&pay(&[], true)).is_ok());
        assert!(describe_pay(&pay(&[], false)).is_err(), "nothing verifies");

        let demo = simulator::Pay::new(shared::Clock::system(), &["wx01"]).setting();
        let text = |pointer: &str| Secret::new(demo[0].pointer(pointer).unwrap().as_str().unwrap());
        let (private, apiv3) = (text("/private_key/value"), text("/apiv3_keys/0/value"));
        assert!(check_pay_key("private_key", &private).is_ok());
        assert!(check_pay_key("apiv3_key", &apiv3).is_ok());
        let refused = check_pay_key("private_key", &apiv3).unwrap_err();
        assert!(!refused.contains(apiv3.expose()), "{refused}");
        assert!(check_pay_key("PUB_KEY_ID_01", &private).is_err());
    }

    #[test]
    fn a_session_signed_before_a_rotation_is_good_after_it() {
        let (old, first) = describe_session("k1", None, [1; 32]).unwrap();
        let (new, both) = describe_session("k2", Some(&first), [2; 32]).unwrap();
        let session = Session::new("wx01", "oAlice", None, "s1", 1_000);
        let keys = parse_public_keys(&both).unwrap();
        assert_eq!(keys[0].kid, "k2");
        let verifier = Verifier::new(&keys);
        for key in [&old, &new] {
            let token = SigningKey::parse(key).unwrap().sign(&session);
            assert!(verifier.verify(&token, 1_000).is_ok());
        }
        assert!(describe_session("k1", Some(&first), [3; 32]).is_err());
        assert!(describe_session("k:1", None, [3; 32]).is_err());
    }
}

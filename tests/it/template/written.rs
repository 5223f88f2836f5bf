//! What is written by hand in `template.yaml`: parameters and the functions' environment.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use regex_lite::Regex;
use serde_json::{Map, Value, json};
use shared::{Config, Log};

use super::read_template;

/// The template with its short tags in their long form.
fn parse() -> Value {
    plain(serde_norway::from_str(&read_template()).unwrap())
}

fn plain(value: serde_norway::Value) -> Value {
    use serde_norway::Value as Yaml;
    match value {
        Yaml::Tagged(tagged) => {
            let name = match tagged.tag.to_string().trim_start_matches('!') {
                "Ref" => "Ref".to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: plain(tagged.value) })
        }
        Yaml::Mapping(entries) => {
            let entry =
                |(key, value): (Yaml, Yaml)| (key.as_str().unwrap().to_owned(), plain(value));
            Value::Object(entries.into_iter().map(entry).collect())
        }
        Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

fn parameters(template: &Value) -> &Map<String, Value> {
    template["Parameters"].as_object().unwrap()
}

/// Values for the parameters without default, as the keys command prints them.
fn samples() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        (
            "WechatApps",
            r#"[{"appid":"wx0123456789abcdef","kind":"mini_program","secret":{"ssm":"/wechat/wx0123456789abcdef"}},{"appid":"wxfedcba9876543210","kind":"official_account","secret":{"ssm":"/wechat/wxfedcba9876543210"}}]"#,
        ),
        ("SessionPublicKeys", "k1:rgAuKe1phgAWCq8iA84DUmMCVl2oCW57OU06k36o49c"),
    ])
}

/// The environments of all functions in one, for these parameters.
fn environment(template: &Value, change: (&str, &str)) -> BTreeMap<String, String> {
    let value = |name: &str| -> String {
        if change.0 == name {
            return change.1.to_owned();
        }
        let default = template["Parameters"][name]["Default"].as_str();
        default.or_else(|| samples().get(name).copied()).unwrap_or("given-by-aws").to_owned()
    };
    let global = &template["Globals"]["Function"]["Environment"]["Variables"];
    let functions = template["Resources"].as_object().unwrap().values();
    let own = functions.map(|function| &function["Properties"]["Environment"]["Variables"]);
    let variables = own.chain([global]).filter_map(Value::as_object).flatten();
    variables
        .map(|(name, source)| {
            let text = match (&source["Ref"], &source["Fn::Sub"]) {
                (Value::String(parameter), _) => value(parameter),
                (_, Value::String(text)) => text.replace("${SecretPrefix}", &value("SecretPrefix")),
                _ => source.as_str().unwrap().to_owned(),
            };
            (name.clone(), text)
        })
        .collect()
}

/// Reads the settings as a function does; returns what it asked for, too.
fn read_config(variables: &BTreeMap<String, String>) -> (Result<Config, String>, BTreeSet<String>) {
    let asked = RefCell::new(BTreeSet::new());
    let config = Config::read(
        |name| {
            asked.borrow_mut().insert(name.to_owned());
            match name {
                "AWS_REGION" => Some("ap-east-1".to_owned()),
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("lambda".to_owned()),
                _ => variables.get(name).cloned(),
            }
        },
        &functions::settings(),
    );
    (config.map_err(|error| error.to_string()), asked.into_inner())
}

#[test]
fn every_setting_the_functions_read_is_set_and_none_besides() {
    let variables = environment(&parse(), ("", ""));
    let (config, asked) = read_config(&variables);
    let config = config.unwrap();
    assert_eq!(config.accounts.len(), 2);
    assert!(config.session_signing_key.is_some());
    // Lambda sets the standard variables.
    let asked: BTreeSet<_> = asked.iter().filter(|name| !name.starts_with("AWS_")).collect();
    // The log and glibc read theirs by themselves.
    let read = |name: &&String| {
        !name.starts_with("POWERTOOLS_")
            && !["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"].contains(&name.as_str())
    };
    assert_eq!(variables.keys().filter(read).collect::<BTreeSet<_>>(), asked);
}

#[test]
fn what_a_pattern_accepts_the_functions_accept_too() {
    let template = parse();
    let key = "A".repeat(43);
    let app = |appid: &str, kind: &str, secret: &str| {
        format!(r#"[{{"appid":"{appid}","kind":"{kind}","secret":{secret}}}]"#)
    };
    let ssm = r#"{"ssm":"/wechat/wx01"}"#;
    let pay = <functions::pay::setting::WechatPay as shared::capability::Setting>::EXAMPLE;
    let with_push =
        |mode: &str| format!(r#"{ssm},"push":{{{mode}"keys":{{"ssm":"/wechat/push-wx01"}}}}"#);
    for (name, value, accepted) in [
        ("WechatApps", samples()["WechatApps"].to_owned(), true),
        ("WechatApps", app("wx01", "website", ssm), true),
        ("WechatApps", app("wx01", "toaster", ssm), false),
        ("WechatApps", app("01", "website", ssm), false),
        // A secret must not get into the stack, where everybody who may describe it reads it.
        ("WechatApps", app("wx01", "website", r#"{"value":"secret"}"#), false),
        ("WechatApps", app("wx01", "website", &with_push("")), true),
        ("WechatApps", app("wx01", "website", &with_push(r#""mode":"plain","#)), true),
        ("WechatApps", app("wx01", "website", &with_push(r#""mode":"open","#)), false),
        ("WechatApps", "[]".to_owned(), false),
        ("WechatApps", app("wx01", "website", ssm).replace('}', "},"), false),
        ("SessionPublicKeys", format!("k1:{key}"), true),
        ("SessionPublicKeys", format!("k2:{key},k1:{key}"), true),
        ("SessionPublicKeys", format!("{key},k1:{key}"), false),
        ("SessionPublicKeys", "k1:short".to_owned(), false),
        ("WechatPay", pay.to_owned(), true),
        (
            "WechatPay",
            pay.replace(r#""verify":{"#, r#""verify":{"PUB_KEY_ID_02":{"ssm":"/b"},"#),
            true,
        ),
        (
            "WechatPay",
            pay.replace(r#"{"ssm":"/wechat/prod/pay-1900000001-apiv3-key"}"#, r#"{"value":"x"}"#),
            false,
        ),
        ("WechatPay", "[]".to_owned(), false),
        ("WechatPayApiBase", "https://api2.mch.weixin.qq.com".to_owned(), true),
        ("WechatPayApiBase", "http://api2.mch.weixin.qq.com".to_owned(), false),
        ("PayNotifyAddress", "https://pay.example.cn/pay/notify".to_owned(), true),
        ("PayNotifyAddress", "https://pay.example.cn/pay/notify?a=b".to_owned(), false),
        ("WechatApiBase", "https://api.weixin.qq.com".to_owned(), true),
        (
            "WechatApiBase",
            "https://hk.api.weixin.qq.com,https://api2.weixin.qq.com".to_owned(),
            true,
        ),
        ("WechatApiBase", "http://api.weixin.qq.com".to_owned(), false),
        ("WechatApiBase", "https://api.weixin.qq.com/cgi-bin".to_owned(), false),
        ("JssdkAllowedHosts", "example.com,h5.example.cn".to_owned(), true),
        ("JssdkAllowedHosts", "https://example.com".to_owned(), false),
        (
            "SiteFiles",
            <functions::site::SiteFiles as shared::capability::Setting>::EXAMPLE.to_owned(),
            true,
        ),
        ("SiteFiles", "MP_verify.txt".to_owned(), false),
        ("SecretPrefix", "/wechat/prod".to_owned(), true),
        ("SecretPrefix", "/wechat/".to_owned(), false),
    ] {
        let pattern = template["Parameters"][name]["AllowedPattern"].as_str().unwrap();
        let matches = Regex::new(pattern).unwrap().is_match(&value);
        assert_eq!(matches, accepted, "{name}={value}");
        let (config, _) = read_config(&environment(&template, (name, &value)));
        assert!(!accepted || config.is_ok(), "{name}={value}: {config:?}");
    }
    for (name, parameter) in parameters(&template) {
        let Some(pattern) = parameter["AllowedPattern"].as_str() else { continue };
        let value = parameter["Default"].as_str().unwrap_or_else(|| samples()[name.as_str()]);
        let anchored = pattern.starts_with('^') && pattern.ends_with('$');
        assert!(anchored && Regex::new(pattern).unwrap().is_match(value), "{name}={value}");
        assert!(
            parameter["ConstraintDescription"].is_string(),
            "{name} does not say what is wrong"
        );
    }
    for name in ["TokenMode", "ExposeSnsTokens", "EdgeOnly"] {
        for value in template["Parameters"][name]["AllowedValues"].as_array().unwrap() {
            let value = value.as_str().unwrap();
            let (config, _) = read_config(&environment(&template, (name, value)));
            assert!(config.is_ok(), "{name}={value}: {config:?}");
        }
    }
}

#[test]
fn every_parameter_is_in_a_group_and_used() {
    let template = parse();
    let groups = &template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let grouped: BTreeSet<&str> = groups
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["Parameters"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    let all: BTreeSet<&str> = parameters(&template).keys().map(String::as_str).collect();
    assert_eq!(grouped, all, "parameters and their groups");

    let text = read_template();
    for name in all {
        let used = text.contains(&format!("!Ref {name}")) || text.contains(&format!("${{{name}}}"));
        assert!(used, "the parameter {name} does nothing");
    }
}

#[test]
fn every_alarm_on_a_metric_of_ours_is_on_one_that_something_writes() {
    let template = parse();
    let of_type = |kind: &str| -> Vec<(&String, &Value)> {
        let all = template["Resources"].as_object().unwrap().iter();
        all.filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id, &resource["Properties"]))
            .collect()
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let filters = of_type("AWS::Logs::MetricFilter");
    let of_a_filter = |name: &Value| {
        let found = filters.iter().find(|(_, filter)| {
            list(&filter["MetricTransformations"])
                .iter()
                .any(|metric| metric["MetricName"] == *name)
        });
        found.map(|(_, filter)| filter["FilterPattern"].as_str().unwrap())
    };
    for (id, alarm) in of_type("AWS::CloudWatch::Alarm") {
        let several = list(&alarm["Metrics"]);
        let several = several.iter().map(|metric| &metric["MetricStat"]["Metric"]);
        for metric in several.chain([alarm]).filter(|metric| metric["Namespace"] == "WeChat") {
            let name = &metric["MetricName"];
            let logged = name.as_str().is_some_and(|name| Log::fields().any(|field| field == name));
            assert!(logged || of_a_filter(name).is_some(), "{id}: nothing writes {name}");
        }
    }
    let killed = of_a_filter(&template["Resources"]["KilledAlarm"]["Properties"]["MetricName"]);
    for status in ["timeout", "error"] {
        let counts = killed.unwrap().contains(&format!("$.record.status = \"{status}\""));
        assert!(counts, "KilledAlarm leaves {status} out: {killed:?}");
    }
}

//! A managed policy for each capability.

use std::collections::{BTreeMap, BTreeSet};

use shared::{capability::Facts, grant::Grant};

use crate::facts::policy;

/// The policy of a capability.
pub(super) fn of(capability: &Facts) -> String {
    let (mut actions, mut secrets) = (BTreeMap::<&str, Vec<&str>>::new(), Vec::new());
    let mut on_the_bus = "";
    for grant in &capability.grants {
        match grant {
            Grant::Item(action, key) => actions.entry(key).or_default().push(action.as_str()),
            Grant::Secret(secret) => secrets.push(secret.pattern()),
            Grant::PutEvents => on_the_bus = ON_THE_BUS,
        }
    }
    // Keys with the same actions are one statement.
    let mut keys = BTreeMap::<Vec<&str>, Vec<&str>>::new();
    for (key, actions) in actions {
        keys.entry(actions).or_default().push(key);
    }
    let items: String =
        keys.iter().map(|(actions, keys)| on_items(&sid(keys), actions, keys)).collect();
    let secrets = if secrets.is_empty() { String::new() } else { on_secrets(&secrets) };
    format!(
        r#"  {}:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
{items}{secrets}{on_the_bus}
"#,
        policy(capability),
    )
}

/// What the boundary allows on the table: every kind of item, by each action that some function
/// has for it.
pub(super) fn boundary(capabilities: &[Facts]) -> String {
    let mut kinds = BTreeMap::<&str, BTreeSet<String>>::new();
    for grant in capabilities.iter().flat_map(|capability| &capability.grants) {
        if let Grant::Item(action, key) = grant {
            let kind = key.split_once('#').map_or(key.clone(), |(kind, _)| format!("{kind}#*"));
            kinds.entry(action.as_str()).or_default().insert(kind);
        }
    }
    let statement = |(action, kinds): (&&str, &BTreeSet<String>)| {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        on_items(action, &[action], &kinds)
    };
    kinds.iter().map(statement).collect()
}

const ON_THE_BUS: &str = "          - Sid: EventBus
            Effect: Allow
            Action: events:PutEvents
            Resource: !GetAtt EventBus.Arn
";

fn on_items(sid: &str, actions: &[&str], keys: &[&str]) -> String {
    let resource = match actions {
        ["Query"] => "!Sub \"${Table.Arn}/index/due\"",
        _ => "!GetAtt Table.Arn",
    };
    let names: Vec<String> = actions.iter().map(|action| format!("dynamodb:{action}")).collect();
    format!(
        r#"          - Sid: {sid}
            Effect: Allow
            Action: [{}]
            Resource: {resource}
            Condition:
              ForAllValues:StringLike:
                dynamodb:LeadingKeys: {keys:?}
              "Null": {{dynamodb:LeadingKeys: "false"}}
"#,
        names.join(", "),
    )
}

/// `CredentialSignal` for `credential#…` and `signal#…`.
fn sid(keys: &[&str]) -> String {
    let mut kinds: Vec<&str> = keys.iter().filter_map(|key| key.split('#').next()).collect();
    kinds.dedup();
    kinds.into_iter().map(shared::logical_id).collect()
}

fn on_secrets(names: &[&str]) -> String {
    const ARN: &str =
        "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretPrefix}";
    let list = |indent: &str| {
        let line = |name: &&str| format!("{indent}- !Sub \"{ARN}/{name}\"\n");
        names.iter().map(line).collect::<String>()
    };
    format!(
        r#"          - Sid: Secrets
            Effect: Allow
            Action: ssm:GetParameter
            Resource:
{}          - Sid: DecryptSecrets
            Effect: Allow
            Action: kms:Decrypt
            Resource: !Sub "arn:${{AWS::Partition}}:kms:${{AWS::Region}}:${{AWS::AccountId}}:key/*"
            Condition:
              StringEquals:
                kms:ViaService: !Sub "ssm.${{AWS::Region}}.${{AWS::URLSuffix}}"
              StringLike:
                kms:EncryptionContext:PARAMETER_ARN:
{}"#,
        list("              "),
        list("                  "),
    )
}

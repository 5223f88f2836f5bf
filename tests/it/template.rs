//! `template.yaml` against the code.
//!
//! What follows from the operations is derived here, region by region;
//! `UPDATE=1 cargo test -p tests --test it agreement` writes it.

mod checklist;
mod written;

use std::{collections::BTreeMap, fmt::Write as _, fs};

use functions::{JOBS, OPERATIONS};
use shared::{
    Access, Endpoint, Method,
    grant::{self, Grant, SecretName},
};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");

/// An operation that takes more than this works on images, which are large once unpacked.
const LARGE_BODY: usize = 1 << 20;

fn read_template() -> String {
    fs::read_to_string(TEMPLATE).unwrap()
}

/// A part of the template that follows from the code: its name and its entries, each with a name
/// of its own.
struct Region {
    name: &'static str,
    entries: Vec<(String, String)>,
}

impl Region {
    fn text(&self) -> String {
        self.entries.iter().map(|(_, text)| text.as_str()).collect()
    }
}

fn regions() -> Vec<Region> {
    let each = |name, operations: &[Endpoint], write: fn(&Endpoint) -> String| Region {
        name,
        entries: operations.iter().map(|op| (op.id().to_owned(), write(op))).collect(),
    };
    let public: Vec<Endpoint> = OPERATIONS.iter().copied().filter(is_public).collect();
    let mut outputs = each("outputs", &public, output);
    outputs.entries.push(("Urls".to_owned(), urls(&public)));
    let refresher = policies(&grant::of(&JOBS[0].capabilities()));
    vec![
        Region { name: "refresher policies", entries: vec![("refresher".to_owned(), refresher)] },
        each("operations", OPERATIONS, stanza),
        each("caller resources", OPERATIONS, |op| arn(op, 14)),
        each("edge resources", &public, |op| arn(op, 18)),
        each("edge paths", &public, edge_path),
        outputs,
    ]
}

fn is_public(operation: &Endpoint) -> bool {
    match operation.handler.access {
        Access::Public | Access::User => true,
        Access::Service => false,
    }
}

/// The function of an operation.
fn stanza(operation: &Endpoint) -> String {
    let handler = operation.handler;
    let (logical_id, binary) = (operation.logical_id(), operation.binary());
    let grants = grant::of(&operation.capabilities());
    let mut text = format!(
        r#"  {logical_id}:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties: {{Binary: {binary}}}
    Properties:
      FunctionName: !Sub "${{AWS::StackName}}-{binary}"
      Description: "{}: {}"
"#,
        handler.access.as_str(),
        operation.id(),
    );
    if handler.http.body_limit > LARGE_BODY {
        text.push_str("      MemorySize: 1024\n");
    }
    let mut variables = String::new();
    if grants.contains(&Grant::Secret(SecretName::SigningKey)) {
        variables
            .push_str("          SESSION_SIGNING_KEY_SSM: !Sub \"${SecretPrefix}/session-key\"\n");
    }
    if !handler.http.files.is_empty() {
        variables.push_str("          SITE_FILES: !Ref SiteFiles\n");
    }
    if !variables.is_empty() {
        write!(text, "      Environment:\n        Variables:\n{variables}").unwrap();
    }
    if is_public(operation) {
        let methods = handler.http.method.allow();
        let mode = if handler.http.streamed { "\n        InvokeMode: RESPONSE_STREAM" } else { "" };
        write!(
            text,
            r#"      ReservedConcurrentExecutions: !If [HasReservation, !Ref ReservedConcurrency, !Ref AWS::NoValue]
      FunctionUrlConfig:
        AuthType: NONE{mode}
        Cors: !If
          - HasOrigins
          - AllowOrigins: !Ref AllowedOrigins
            AllowMethods: [{methods}]
            AllowHeaders: [authorization, content-type, x-request-id]
            ExposeHeaders: [retry-after, x-request-id]
            MaxAge: 7200
          - !Ref AWS::NoValue
"#
        )
        .unwrap();
    }
    if !grants.is_empty() {
        text.push_str("      Policies:\n");
        text.push_str(&policies(&grants));
    }
    text.push('\n');
    text
}

/// The entries of a function's `Policies`.
fn policies(grants: &[Grant]) -> String {
    let mut text = String::new();
    let (mut actions, mut secrets) = (BTreeMap::<&str, Vec<&str>>::new(), Vec::new());
    for grant in grants {
        match grant {
            Grant::Item(action, key) => actions.entry(key).or_default().push(action.as_str()),
            Grant::Secret(secret) => secrets.push(secret.pattern()),
        }
    }
    if !actions.is_empty() {
        text.push_str("        - !If [HasTableKey, !Ref TableKeyPolicy, !Ref AWS::NoValue]\n");
    }
    text.push_str("        - Version: \"2012-10-17\"\n          Statement:\n");
    let mut keys = BTreeMap::<Vec<&str>, Vec<&str>>::new();
    for (key, actions) in actions {
        keys.entry(actions).or_default().push(key);
    }
    for (actions, keys) in keys {
        let actions: Vec<String> =
            actions.iter().map(|action| format!("dynamodb:{action}")).collect();
        let actions = actions.join(", ");
        write!(
            text,
            r#"            - Sid: {}
              Effect: Allow
              Action: [{actions}]
              Resource: !GetAtt Table.Arn
              Condition:
                ForAllValues:StringLike:
                  dynamodb:LeadingKeys: {keys:?}
                "Null": {{dynamodb:LeadingKeys: "false"}}
"#,
            sid(&keys),
        )
        .unwrap();
    }
    if secrets.is_empty() {
        return text;
    }
    const ARN: &str =
        "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretPrefix}";
    let list = |indent: &str| {
        let line = |secret: &&str| format!("{indent}- !Sub \"{ARN}/{secret}\"\n");
        secrets.iter().map(line).collect::<String>()
    };
    write!(
        text,
        r#"            - Sid: Secrets
              Effect: Allow
              Action: ssm:GetParameter
              Resource:
{}            - Sid: DecryptSecrets
              Effect: Allow
              Action: kms:Decrypt
              Resource: !Sub "arn:${{AWS::Partition}}:kms:${{AWS::Region}}:${{AWS::AccountId}}:key/*"
              Condition:
                StringEquals:
                  kms:ViaService: !Sub "ssm.${{AWS::Region}}.${{AWS::URLSuffix}}"
                StringLike:
                  kms:EncryptionContext:PARAMETER_ARN:
{}"#,
        list("                "),
        list("                    "),
    )
    .unwrap();
    text
}

/// `CredentialSignal` for `credential#…` and `signal#…`.
fn sid(keys: &[&str]) -> String {
    let mut kinds: Vec<&str> = keys.iter().map(|key| key.split('#').next().unwrap()).collect();
    kinds.dedup();
    kinds.into_iter().map(shared::logical_id).collect()
}

fn arn(operation: &Endpoint, indent: usize) -> String {
    format!("{:indent$}- !GetAtt {}.Arn\n", "", operation.logical_id())
}

/// Where the domain serves an operation: at its path, and where others prescribe.
fn edge_paths(operation: &Endpoint) -> Vec<String> {
    let segment = |part: &str| if part.contains('*') { "{file}" } else { part }.to_owned();
    let files = operation.handler.http.files.iter();
    // A route cannot say more of a segment than its place; the function looks closer.
    let files = files.map(|file| file.split('/').map(segment).collect::<Vec<_>>().join("/"));
    std::iter::once(operation.path()).chain(files).collect()
}

fn edge_path(operation: &Endpoint) -> String {
    let mut text = String::new();
    for path in edge_paths(operation) {
        writeln!(text, "          {path}:").unwrap();
        if path.contains("{file}") {
            text.push_str(
                "            parameters: [{name: file, in: path, required: true, schema: {type: string}}]\n",
            );
        }
        for method in operation.handler.http.method.names() {
            write!(
                text,
                r#"            {method}:
              responses: {{}}
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                payloadFormatVersion: "2.0"
                timeoutInMillis: 29000
                credentials: !GetAtt EdgeRole.Arn
                uri: !Sub "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{}.Arn}}/invocations"
"#,
                operation.logical_id(),
            )
            .unwrap();
        }
    }
    text
}

fn output(operation: &Endpoint) -> String {
    let logical_id = operation.logical_id();
    let methods = match operation.handler.http.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::GetOrPost => "GET or POST",
    };
    format!(
        "  {logical_id}Url:\n    Description: \"{methods} {}\"\n    Value: !GetAtt {logical_id}Url.FunctionUrl\n",
        operation.id()
    )
}

fn urls(operations: &[Endpoint]) -> String {
    let pairs: Vec<String> = operations
        .iter()
        .map(|op| format!("      \"{}\":\"${{{}Url.FunctionUrl}}\"", op.id(), op.logical_id()))
        .collect();
    format!(
        "  Urls:\n    Description: The function URLs by operation, as JSON for front ends.\n    Value: !Sub >-\n      {{\n{}\n      }}\n",
        pairs.join(",\n")
    )
}

/// Where a region's text is in the template.
fn span(template: &str, name: &str) -> std::ops::Range<usize> {
    let marker = |word: &str| {
        let marker = format!("# {word} {name}\n");
        let at = template.find(&marker);
        at.unwrap_or_else(|| panic!("template.yaml has no line `{}`", marker.trim_end()))
    };
    let begin = template[marker("begin")..].find('\n').unwrap() + marker("begin") + 1;
    let end = template[..marker("end")].rfind('\n').unwrap() + 1;
    begin..end
}

fn derive(mut template: String) -> String {
    for region in regions() {
        let span = span(&template, region.name);
        template.replace_range(span, &region.text());
    }
    template
}

/// What is wrong with the regions, with the text to paste.
fn complaints(template: &str) -> String {
    let mut complaints = String::new();
    for region in regions() {
        let found = &template[span(template, region.name)];
        if found == region.text() {
            continue;
        }
        writeln!(complaints, "In the region `{}`:", region.name).unwrap();
        let mut known = true;
        for (id, text) in &region.entries {
            if !found.contains(text) {
                known = false;
                writeln!(complaints, "{id} is missing or differs; it must read\n{text}").unwrap();
            }
        }
        if known {
            writeln!(complaints, "an entry is there twice, in another order, or unknown").unwrap();
        }
    }
    complaints
}

#[test]
fn agreement_with_the_operations() {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(TEMPLATE, derive(read_template())).unwrap();
        return;
    }
    let complaints = complaints(&read_template());
    assert!(
        complaints.is_empty(),
        "template.yaml is not what the operations say.\n{complaints}\n\
         Or let it be written: UPDATE=1 cargo test -p tests --test it agreement"
    );
}

#[test]
fn a_missing_or_differing_stanza_is_printed_to_paste() {
    let template = read_template();
    let operation = &OPERATIONS[0];
    let expected = stanza(operation);
    for (from, to) in [
        (expected.as_str(), ""),
        ("AuthType: NONE", "AuthType: AWS_IAM"),
        ("dynamodb:LeadingKeys: [\"code#*\"]", "dynamodb:LeadingKeys: [\"*\"]"),
    ] {
        assert!(template.contains(from), "{from}");
        let complaints = complaints(&template.replacen(from, to, 1));
        assert!(complaints.contains(&expected), "{complaints}");
        assert!(complaints.contains(&format!("{} is missing or differs", operation.id())));
    }
    let twice = template.replacen(&expected, &format!("{expected}{expected}"), 1);
    assert!(complaints(&twice).contains("twice"));
}

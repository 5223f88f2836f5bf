//! The parts of `template.yaml` that follow from the operations.

pub(crate) mod china;
mod managed_policy;

use shared::{Endpoint, Method, capability::Facts, registry::Registry};

use crate::{
    facts::{Class, is_large, is_public, policy, signs_sessions, uses_table, with_permissions},
    marked::Part,
};

/// The template.
pub(crate) const PATH: &str = "template.yaml";

/// The parts that follow from the code.
pub(crate) fn parts(registry: &Registry) -> Vec<Part> {
    let operations: Vec<&Endpoint> = registry.operations().collect();
    let public: Vec<&Endpoint> = registry.operations().filter(|op| is_public(op)).collect();
    let each = |operations: &[&Endpoint], write: fn(&Endpoint) -> String| -> String {
        operations.iter().map(|operation| write(operation)).collect()
    };
    let of_operations = registry.operations().flat_map(Endpoint::capabilities);
    let of_jobs = registry.jobs.iter().flat_map(|job| job.endpoint.capabilities());
    let managed = with_permissions(of_operations.chain(of_jobs).collect());
    let outputs = each(&public, output) + &urls(&public);
    let jobs = registry.jobs.iter().map(|job| {
        let name = format!("policies of {}", job.endpoint.name);
        Part::of_yaml(&name, policies(job.endpoint.capabilities()))
    });
    let parts = [
        Part::of_yaml("capabilities", managed.iter().map(managed_policy::of).collect()),
        Part::of_yaml("items of the boundary", managed_policy::boundary(&managed)),
        Part::of_yaml("operations", each(&operations, |op| stanza(op, true))),
        Part::of_yaml("caller resources", namespaces(&operations)),
        Part::of_yaml("edge resources", each(&public, arn)),
        Part::of_yaml("edge paths", each(&public, edge_path)),
        Part::of_yaml("outputs", outputs),
    ];
    jobs.chain(parts).collect()
}

/// The settings that only some functions have, and the parameters they come from.
const OF_SOME: &[(&str, &str)] = &[
    ("PAY_NOTIFY_URL", "PayNotifyAddress"),
    ("SITE_FILES", "SiteFiles"),
    ("WECHAT_PAY", "WechatPay"),
    ("WECHAT_PAY_API_BASE", "WechatPayApiBase"),
];

/// The parts that are others in China, where functions have no URLs.
pub(crate) fn parts_in_china(registry: &Registry) -> [Part; 2] {
    let operations = registry.operations().map(|op| stanza(op, false)).collect();
    [Part::of_yaml("operations", operations), Part::of_yaml("outputs", String::new())]
}

/// The function of an operation, with a URL if it is public and `urls` are there.
fn stanza(operation: &Endpoint, urls: bool) -> String {
    let (logical_id, binary) = (operation.logical_id(), operation.binary());
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
        operation.handler.access.as_str(),
        operation.id(),
    );
    if is_large(operation) {
        text.push_str("      MemorySize: 1024\n");
    }
    let mut variables = String::new();
    if operation.capabilities().iter().any(signs_sessions) {
        variables
            .push_str("          SESSION_SIGNING_KEY_SSM: !Sub \"${SecretPrefix}/session-key\"\n");
    }
    for setting in operation.capabilities().iter().flat_map(|facts| &facts.settings) {
        if let Some((name, parameter)) = OF_SOME.iter().find(|(name, _)| *name == setting.name) {
            variables.push_str(&format!("          {name}: !Ref {parameter}\n"));
        }
    }
    if !variables.is_empty() {
        text.push_str(&format!("      Environment:\n        Variables:\n{variables}"));
    }
    if is_public(operation) {
        text.push_str(&reservation(Class::of(operation)));
    }
    if is_public(operation) && urls {
        let methods = operation.handler.http.method.allow();
        let mode = if operation.handler.http.streamed {
            "\n        InvokeMode: RESPONSE_STREAM"
        } else {
            ""
        };
        text.push_str(&format!(
            r#"      FunctionUrlConfig:
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
        ));
    }
    text.push_str(&policies(operation.capabilities()));
    text.push('\n');
    text
}

/// The line of a public function's reserved concurrency: that of its class, else that of all.
fn reservation(class: Class) -> String {
    const OF_ALL: &str = "!If [HasReservation, !Ref ReservedConcurrency, !Ref AWS::NoValue]";
    let reserved = class.word().map_or_else(
        || OF_ALL.to_owned(),
        |word| format!("!If [Has{word}Reservation, !Ref {word}Concurrency, {OF_ALL}]"),
    );
    format!("      ReservedConcurrentExecutions: {reserved}\n")
}

/// The line of a function's policies.
fn policies(capabilities: Vec<Facts>) -> String {
    let capabilities = with_permissions(capabilities);
    let mut names: Vec<String> =
        capabilities.iter().map(|capability| format!("!Ref {}", policy(capability))).collect();
    if names.is_empty() {
        return String::new();
    }
    if capabilities.iter().any(uses_table) {
        names.push("!If [HasTableKey, !Ref TableKeyPolicy, !Ref AWS::NoValue]".to_owned());
    }
    format!("      Policies: [{}]\n", names.join(", "))
}

/// The functions that back ends may invoke: a line for each would not fit into a policy.
fn namespaces(operations: &[&Endpoint]) -> String {
    let namespace = |op: &&Endpoint| op.binary().split('-').next().map(str::to_owned);
    let mut names: Vec<String> = operations.iter().filter_map(namespace).collect();
    names.dedup();
    const FUNCTION: &str =
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}";
    let line = |name: String| format!("              - !Sub \"{FUNCTION}-{name}-*\"\n");
    names.into_iter().map(line).collect()
}

fn arn(operation: &Endpoint) -> String {
    format!("                  - !GetAtt {}.Arn\n", operation.logical_id())
}

/// Where the domain serves an operation: at its path, and where others prescribe.
pub fn edge_paths(operation: &Endpoint) -> Vec<String> {
    let segment = |part: &str| if part.contains('*') { "{file}" } else { part }.to_owned();
    let files = operation.handler.http.files.iter();
    // A route cannot say more of a segment than its place; the function looks closer.
    let files = files.map(|file| file.split('/').map(segment).collect::<Vec<_>>().join("/"));
    std::iter::once(operation.path()).chain(files).collect()
}

fn edge_path(operation: &Endpoint) -> String {
    let mut text = String::new();
    for path in edge_paths(operation) {
        text.push_str(&format!("          {path}:\n"));
        if path.contains("{file}") {
            text.push_str(
                "            parameters: [{name: file, in: path, required: true, schema: {type: string}}]\n",
            );
        }
        for method in operation.handler.http.method.names() {
            text.push_str(&format!(r#"            {method}:
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
            ));
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

fn urls(operations: &[&Endpoint]) -> String {
    let pairs: Vec<String> = operations
        .iter()
        .map(|op| format!("      \"{}\":\"${{{}Url.FunctionUrl}}\"", op.id(), op.logical_id()))
        .collect();
    format!(
        "  Urls:\n    Description: The function URLs by operation, as JSON for front ends.\n    Value: !Sub >-\n      {{\n{}\n      }}\n",
        pairs.join(",\n")
    )
}

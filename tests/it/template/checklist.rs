//! The security checklist over the transformed template: what CloudFormation will really make.
//!
//! The transform needs SAM, so `.ci/template` runs it, and plants faults to see them caught. The
//! numbers are those of the checklist in `docs/deployment.md`.

use std::collections::{BTreeMap, BTreeSet};

use describe::{
    facts::{Class, is_public, policy, uses_table, with_permissions},
    template::edge_paths,
};
use functions::{JOBS, OPERATIONS};
use serde_json::{Value, json};
use shared::{
    Endpoint, Log,
    capability::Facts,
    grant::{self, Grant, SecretName},
    logical_id,
};

const REFRESHER: &str = "RefreshCredentials";
const PAYMENTS: &str = "ReconcilePayments";
const SECRETS: [SecretName; 4] =
    [SecretName::App, SecretName::Merchant, SecretName::PushKeys, SecretName::SigningKey];
/// What `docs/deployment.md` allows a stack's name, in characters.
const LONGEST_STACK_NAME: usize = 20;
/// The functions that read the table's stream, each with its mapping.
const STREAM_READERS: [StreamReader; 2] = [
    StreamReader {
        function: REFRESHER,
        failures: "FailureQueue",
        batch: 1,
        most_retries: 5,
        filter: || {
            json!({ "dynamodb": {
                "Keys": { "pk": { "S": [{ "prefix": "signal#" }] } },
                "NewImage": { "reason": { "S": [{ "exists": true }] } },
            } })
        },
    },
    StreamReader {
        function: "DeliverEvents",
        failures: "EventFailureQueue",
        batch: 25,
        most_retries: 20,
        filter: || {
            json!({
                "eventName": ["INSERT", "MODIFY"],
                "dynamodb": { "Keys": { "pk": { "S": [{ "prefix": "event#" }] } } },
            })
        },
    },
];

/// How a function reads the table's stream.
struct StreamReader {
    function: &'static str,
    failures: &'static str,
    batch: u64,
    most_retries: i64,
    filter: fn() -> Value,
}

/// Whether a role is that of a function that reads the stream.
fn reads_stream(role: &str) -> bool {
    let mut readers = STREAM_READERS.iter();
    readers.any(|reader| role.strip_suffix("Role") == Some(reader.function))
}

/// The template after the transform.
struct Transformed(Value);

impl Transformed {
    fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0["Resources"].as_object().unwrap().iter().map(|(id, value)| (id.as_str(), value))
    }

    fn of_type(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let found = self.resources().filter(|(_, resource)| resource["Type"] == kind);
        found.map(|(id, resource)| (id, &resource["Properties"])).collect()
    }

    /// Whether it is that of AWS China, where functions have no URLs and the domain is a must.
    fn is_of_china(&self) -> bool {
        self.0["Conditions"]["HasDomain"].is_null()
    }

    fn properties(&self, id: &str) -> &Value {
        &self.0["Resources"][id]["Properties"]
    }

    /// The statements of a role's own policies.
    fn own_statements(&self, role: &str) -> Vec<&Value> {
        let policies = self.properties(role)["Policies"].as_array();
        let documents = policies.into_iter().flatten();
        documents.flat_map(|policy| array(&policy["PolicyDocument"]["Statement"])).collect()
    }

    /// The statements of a role: its own, and those of the template's policies it has.
    fn statements(&self, role: &str) -> Vec<&Value> {
        let managed = array(&self.properties(role)["ManagedPolicyArns"]).into_iter();
        let managed = managed.filter_map(|policy| policy["Ref"].as_str());
        let managed = managed
            .flat_map(|policy| array(&self.properties(policy)["PolicyDocument"]["Statement"]));
        self.own_statements(role).into_iter().chain(managed).collect()
    }

    /// Every statement there is, by the resource it is in.
    fn all_statements(&self) -> Vec<(&str, &Value)> {
        let mut all = Vec::new();
        for id in self.of_type("AWS::IAM::Role").into_keys() {
            all.extend(self.own_statements(id).into_iter().map(|statement| (id, statement)));
        }
        for (id, policy) in self.of_type("AWS::IAM::ManagedPolicy") {
            for statement in array(&policy["PolicyDocument"]["Statement"]) {
                // Conditional statements count as if they were there.
                let statement = statement.get("Fn::If").map_or(statement, |branches| &branches[1]);
                all.push((id, statement));
            }
        }
        all
    }
}

/// A list, or the one thing in its place.
fn array(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    array(value).into_iter().filter_map(Value::as_str).collect()
}

fn role(operation: &Endpoint) -> String {
    format!("{}Role", operation.logical_id())
}

fn function_roles() -> BTreeMap<String, Vec<Facts>> {
    let operations = OPERATIONS.iter().map(|op| (role(op), with_permissions(op.capabilities())));
    let jobs = JOBS.iter().map(|job| {
        let role = format!("{}Role", logical_id(job.name));
        (role, with_permissions(job.capabilities()))
    });
    operations.chain(jobs).collect()
}

/// Collects what is wrong, each with the number of its item.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn check(&mut self, item: &str, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.0.push(format!("[{item}] {}", what()));
        }
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, item: &str, what: &str, is: T, should: T) {
        let right = is == should;
        self.check(item, right, || format!("{what}: is {is:?}, should be {should:?}"));
    }
}

/// Each binary is exactly one function, and its role can do exactly what is declared.
fn functions_and_roles(template: &Transformed, findings: &mut Findings) {
    let functions = template.of_type("AWS::Lambda::Function");
    let binaries = OPERATIONS.iter().map(Endpoint::binary);
    let binaries = binaries.chain(JOBS.iter().map(|job| job.name.to_owned()));
    let expected: BTreeMap<String, String> =
        binaries.map(|binary| (logical_id(&binary), binary)).collect();
    let found: BTreeMap<String, String> = functions
        .keys()
        .map(|id| {
            let binary = &template.0["Resources"][*id]["Metadata"]["BuildProperties"]["Binary"];
            ((*id).to_owned(), binary.as_str().unwrap_or_default().to_owned())
        })
        .collect();
    findings.same("functions", "functions and binaries", found, expected);
    for (id, function) in functions {
        let own_role = json!({ "Fn::GetAtt": [format!("{id}Role"), "Arn"] });
        findings.same("functions", id, &function["Role"], &own_role);
    }

    for (role, capabilities) in function_roles() {
        let properties = template.properties(&role);
        let boundary = json!({ "Ref": "FunctionBoundary" });
        findings.same("boundary", &role, &properties["PermissionsBoundary"], &boundary);
        for policy in texts(&properties["ManagedPolicyArns"]) {
            let name = policy.rsplit('/').next().unwrap_or_default();
            let known = match name {
                "AWSLambdaBasicExecutionRole" => true,
                "AWSLambdaDynamoDBExecutionRole" => reads_stream(&role),
                "AWSLambdaVPCAccessExecutionRole" => role == format!("{REFRESHER}Role"),
                _ => false,
            };
            findings.check("policies", known, || format!("{role} has {name}"));
        }
        // Those of the template: one per capability, and the one for the table's own key.
        let of_template = array(&properties["ManagedPolicyArns"]).into_iter();
        let of_template = of_template.filter(|policy| !policy.is_string()).map(Value::to_string);
        let mut expected: BTreeSet<String> = capabilities
            .iter()
            .map(|capability| json!({ "Ref": policy(capability) }).to_string())
            .collect();
        if capabilities.iter().any(uses_table) {
            let key = json!({ "Fn::If": ["HasTableKey", { "Ref": "TableKeyPolicy" }, { "Ref": "AWS::NoValue" }] });
            expected.insert(key.to_string());
        }
        findings.same("policies", &role, of_template.collect(), expected);
        let grants = capabilities.iter().flat_map(|capability| &capability.grants);
        let declared: BTreeSet<String> = grants.map(|grant| format!("{grant:?}")).collect();
        findings.same("policies", &role, granted(template, &role), declared);
    }
}

/// What a role grants, in the words of [`Grant`]; what has no words there, as it stands.
fn granted(template: &Transformed, role: &str) -> BTreeSet<String> {
    let mut granted = BTreeSet::new();
    for statement in template.statements(role) {
        for action in texts(&statement["Action"]) {
            match action {
                "kms:Decrypt" => {}
                // SAM's own, for the failure queue.
                "sqs:SendMessage" if reads_stream(role) || role == format!("{PAYMENTS}Role") => {}
                "events:PutEvents" => {
                    granted.insert(format!("{:?}", Grant::PutEvents));
                }
                "ssm:GetParameter" => {
                    for resource in array(&statement["Resource"]) {
                        let name = resource["Fn::Sub"].as_str().unwrap_or_default();
                        let name = name.rsplit('/').next().unwrap_or_default();
                        let secret = SECRETS.into_iter().find(|secret| secret.pattern() == name);
                        granted.insert(secret.map_or_else(
                            || format!("{action} {resource}"),
                            |secret| format!("{:?}", Grant::Secret(secret)),
                        ));
                    }
                }
                _ => {
                    let name = match action {
                        "dynamodb:GetItem" => grant::Action::Get,
                        "dynamodb:PutItem" => grant::Action::Put,
                        "dynamodb:UpdateItem" => grant::Action::Update,
                        "dynamodb:DeleteItem" => grant::Action::Delete,
                        "dynamodb:Query" => grant::Action::Query,
                        other => {
                            granted.insert(other.to_owned());
                            continue;
                        }
                    };
                    let condition = &statement["Condition"]["ForAllValues:StringLike"];
                    for key in texts(&condition["dynamodb:LeadingKeys"]) {
                        granted.insert(format!("{:?}", Grant::Item(name, key.to_owned())));
                    }
                }
            }
        }
    }
    granted
}

/// 3: who may read secrets.
fn item_3(template: &Transformed, findings: &mut Findings) {
    for (name, pattern) in [
        ("app secrets", "/wx*"),
        ("the signing key", "/session-key"),
        ("merchants' keys", "/pay-*"),
    ] {
        for role in template.of_type("AWS::IAM::Role").into_keys() {
            let reads = template.statements(role).iter().any(|statement| {
                texts(&statement["Action"]).iter().any(|action| action.starts_with("ssm:"))
                    && statement["Resource"].to_string().contains(pattern)
            });
            let logs_in = OPERATIONS.iter().any(|operation| {
                let namespace = operation.id().split('.').next().unwrap_or_default();
                self::role(operation) == role && matches!(namespace, "auth" | "oauth")
            });
            let pays = role == format!("{PAYMENTS}Role")
                || OPERATIONS
                    .iter()
                    .any(|op| op.id().starts_with("pay.") && self::role(op) == role);
            let may = match name {
                "merchants' keys" => pays,
                "app secrets" => logs_in || role == format!("{REFRESHER}Role"),
                _ => logs_in,
            };
            findings.check("3", !reads || may, || format!("{role} reads {name}"));
        }
    }
}

/// 4: no wildcard where it would matter, single items only, always by key.
fn item_4(template: &Transformed, findings: &mut Findings) {
    for (id, statement) in template.all_statements() {
        let actions = texts(&statement["Action"]);
        let resources = array(&statement["Resource"]);
        findings.check("4", statement["Effect"] == "Allow", || format!("{id}: {statement}"));
        findings.check("4", !actions.is_empty() && !resources.is_empty(), || {
            format!("{id}: a statement without action or resource")
        });
        for action in &actions {
            findings.check("4", !action.contains('*'), || format!("{id}: action {action}"));
            let (service, call) = action.split_once(':').unwrap_or(("", action));
            let bulk = ["Scan", "Query", "Batch", "PartiQL", "Transact", "Import", "Export"];
            let bulk = bulk.iter().any(|word| call.contains(word));
            // The index holds keys and dates only, of the items that something must still be done to.
            let of_index = call == "Query"
                && resources.iter().all(|resource| resource["Fn::Sub"] == "${Table.Arn}/index/due");
            findings.check("4", service != "dynamodb" || !bulk || of_index, || {
                format!("{id}: {action}")
            });
        }
        let everything = resources.iter().any(|resource| **resource == "*");
        let names_nothing = actions.iter().all(|action| {
            matches!(*action, "dynamodb:ListStreams")
                || action.starts_with("ec2:")
                || action.starts_with("xray:Put")
        });
        let allowed = id == "FunctionBoundary" && names_nothing;
        findings.check("4", !everything || allowed, || format!("{id}: {actions:?} on *"));

        let on_items = actions.iter().any(|action| action.starts_with("dynamodb:"));
        let on_streams = actions.iter().any(|action| action.contains("Stream"));
        if on_items && !on_streams {
            let condition = &statement["Condition"];
            let keys = texts(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
            let by_key = !keys.is_empty()
                && keys.iter().all(|key| !key.split('#').next().unwrap_or(key).contains('*'));
            findings.check("4", by_key, || format!("{id}: LeadingKeys {keys:?}"));
            // Without it, ForAllValues is true of a request that names no key.
            let present = condition["Null"]["dynamodb:LeadingKeys"] == "false";
            findings.check("4", present, || format!("{id}: LeadingKeys may be absent"));
        }
    }
}

/// 5: no secret in the template.
fn item_5(template: &Transformed, findings: &mut Findings) {
    for (name, parameter) in template.0["Parameters"].as_object().unwrap() {
        let hidden = parameter["NoEcho"].is_null();
        findings.check("5", hidden, || format!("{name} is a secret: it belongs into SSM"));
    }
    let dynamic = template.0.to_string().contains("{{resolve:");
    findings.check("5", !dynamic, || "a dynamic reference puts a secret into the stack".to_owned());
}

/// 6 and 7: what is reachable without IAM.
fn items_6_and_7(template: &Transformed, findings: &mut Findings) {
    let public: BTreeSet<String> =
        OPERATIONS.iter().filter(|op| is_public(op)).map(Endpoint::logical_id).collect();
    let public = if template.is_of_china() { BTreeSet::new() } else { public };
    let mut permissions = BTreeMap::<String, Vec<&Value>>::new();
    for (id, permission) in template.of_type("AWS::Lambda::Permission") {
        let function = permission["FunctionName"]["Ref"].as_str().unwrap_or(id);
        permissions.entry(function.to_owned()).or_default().push(permission);
    }
    let urls = template.of_type("AWS::Lambda::Url");
    let with_url = urls
        .values()
        .map(|url| url["TargetFunctionArn"]["Ref"].as_str().unwrap_or_default().to_owned());
    findings.same("6", "functions with a URL", with_url.collect(), public.clone());
    let with_permission = permissions.keys().cloned().collect();
    findings.same("6", "functions with a permission", with_permission, public.clone());
    for (id, url) in urls {
        findings.same("7", id, &url["AuthType"], &json!("NONE"));
    }
    for (function, permissions) in permissions {
        let found: BTreeSet<String> = permissions
            .iter()
            .map(|permission| {
                let mut permission = (*permission).clone();
                permission.as_object_mut().unwrap().remove("FunctionName");
                permission.to_string()
            })
            .collect();
        let expected = BTreeSet::from([
            json!({ "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE" }).to_string(),
            json!({ "Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": true }).to_string(),
        ]);
        findings.same("7", &function, found, expected);
    }
}

/// What the domain lets through: the public operations at their paths, nothing else.
fn edge(template: &Transformed, findings: &mut Findings) {
    let body = &template.properties("EdgeApi")["Body"];
    let mut found = BTreeMap::new();
    for (path, item) in body["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters");
        for (method, operation) in methods {
            let uri = &operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"];
            let function = uri.as_str().unwrap_or_default();
            let function = function.split("${").last().unwrap_or_default();
            let function = function.split(".Arn}").next().unwrap_or_default();
            found.insert((path.clone(), method.clone()), function.to_owned());
        }
    }
    let public = || OPERATIONS.iter().filter(|op| is_public(op));
    let expected = public()
        .flat_map(|op| {
            let methods = op.handler.http.method.names();
            edge_paths(op).into_iter().flat_map(move |path| {
                let route =
                    move |method: &&str| ((path.clone(), (*method).to_owned()), op.logical_id());
                methods.iter().map(route)
            })
        })
        .collect();
    findings.same("edge", "routes", found, expected);
    let invoked = template.statements("EdgeRole").into_iter();
    let invoked = invoked
        .flat_map(|statement| array(&statement["Resource"]))
        .map(|resource| resource["Fn::GetAtt"][0].as_str().unwrap_or_default().to_owned())
        .collect::<BTreeSet<_>>();
    findings.same("edge", "its role", invoked, public().map(Endpoint::logical_id).collect());
    let endpoint = &body["servers"][0]["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"];
    findings.same("edge", "the default endpoint is off", endpoint, &json!(true));
    let condition = if template.is_of_china() { Value::Null } else { json!("HasDomain") };
    for id in ["EdgeRole", "EdgeApi", "EdgeStage", "EdgeDomain", "EdgeMapping"] {
        findings.same("edge", id, &template.0["Resources"][id]["Condition"], &condition);
    }
    if template.is_of_china() {
        let domain = &template.0["Parameters"]["ApiDomainName"]["Default"];
        findings.same("edge", "the domain by default", domain, &Value::Null);
        return;
    }
    let rule = &template.0["Rules"]["EdgeOnlyNeedsADomain"];
    findings.check("edge", rule.is_object(), || "EdgeOnly may lock everybody out".to_owned());
}

/// 16: exact origins, from the parameter.
fn item_16(template: &Transformed, findings: &mut Findings) {
    let origins = json!({ "Ref": "AllowedOrigins" });
    let wanted = |cors: &Value, names: [&str; 2]| {
        let [condition, cors, none] = array(&cors["Fn::If"])[..] else { return false };
        condition == "HasOrigins"
            && cors[names[0]] == origins
            && cors.get(names[1]).is_none()
            && *none == json!({ "Ref": "AWS::NoValue" })
    };
    for (id, url) in template.of_type("AWS::Lambda::Url") {
        let exact = wanted(&url["Cors"], ["AllowOrigins", "AllowCredentials"]);
        findings.check("16", exact, || format!("{id}: {}", url["Cors"]));
    }
    let cors = &template.properties("EdgeApi")["Body"]["x-amazon-apigateway-cors"];
    let exact = wanted(cors, ["allowOrigins", "allowCredentials"]);
    findings.check("16", exact, || format!("EdgeApi: {cors}"));
    let default = &template.0["Parameters"]["AllowedOrigins"]["Default"];
    findings.same("16", "origins by default", default, &json!(""));
}

/// 23: the alarms, on metrics that exist.
fn item_23(template: &Transformed, findings: &mut Findings) {
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let has = |namespace: &str, metric: &str, missing: &str| {
        alarms.values().any(|alarm| {
            alarm["Namespace"] == namespace
                && alarm["MetricName"] == metric
                && alarm["TreatMissingData"] == missing
        })
    };
    for (namespace, metric, missing) in [
        ("WeChat", "TokenSecondsLeft", "breaching"),
        ("WeChat", "RefreshFail", "notBreaching"),
        ("AWS/Lambda", "Errors", "notBreaching"),
        ("AWS/Lambda", "IteratorAge", "notBreaching"),
        ("AWS/Lambda", "Throttles", "notBreaching"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "notBreaching"),
    ] {
        findings.check("23", has(namespace, metric, missing), || format!("no alarm on {metric}"));
    }
    let topic = json!({ "Fn::If": ["HasAlarmTopic", [{ "Ref": "AlarmTopicArn" }], { "Ref": "AWS::NoValue" }] });
    for (id, alarm) in &alarms {
        findings.same("23", id, &alarm["AlarmActions"], &topic);
        let explained = alarm["AlarmDescription"].as_str().is_some_and(|text| text.len() > 40);
        findings.check("23", explained, || format!("{id} does not say what to do"));
    }
    let ratio = template.properties("ErrorRatioAlarm");
    let names: BTreeSet<&str> = array(&ratio["Metrics"])
        .into_iter()
        .filter_map(|metric| metric["MetricStat"]["Metric"]["MetricName"].as_str())
        .collect();
    // Every request counts, whether it called WeChat or not.
    findings.same("23", "metrics of the ratio", names, ["Requests", "ServerErrors"].into());
    for metric in array(&ratio["Metrics"]) {
        let id = metric["Id"].as_str().unwrap_or_default();
        let expression = ratio["Metrics"][0]["Expression"].as_str().unwrap_or_default();
        let used = id == "ratio" || expression.contains(&format!("FILL({id}, 0)"));
        findings.check("23", used, || format!("the ratio leaves {id} out"));
    }
}

/// 24: the table survives, and cannot cost without limit; log lines end some day.
fn item_24(template: &Transformed, findings: &mut Findings) {
    let resource = &template.0["Resources"]["Table"];
    let table = &resource["Properties"];
    for (what, is, should) in [
        ("DeletionPolicy", &resource["DeletionPolicy"], json!("Retain")),
        ("UpdateReplacePolicy", &resource["UpdateReplacePolicy"], json!("Retain")),
        ("deletion protection", &table["DeletionProtectionEnabled"], json!(true)),
        (
            "point-in-time recovery",
            &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
            json!(true),
        ),
        (
            "expiry",
            &table["TimeToLiveSpecification"],
            json!({ "AttributeName": shared::table::TTL, "Enabled": true }),
        ),
        (
            "keys",
            &table["KeySchema"],
            json!([{ "AttributeName": shared::table::PARTITION_KEY, "KeyType": "HASH" }]),
        ),
        ("stream", &table["StreamSpecification"], json!({ "StreamViewType": "NEW_IMAGE" })),
        ("billing", &table["BillingMode"], json!("PAY_PER_REQUEST")),
    ] {
        findings.same("24", what, is, &should);
    }
    for limit in ["MaxReadRequestUnits", "MaxWriteRequestUnits"] {
        let capped = table["OnDemandThroughput"][limit]["Ref"].is_string();
        findings.check("24", capped, || format!("no {limit}"));
    }
    for (id, group) in template.of_type("AWS::Logs::LogGroup") {
        let ends = !group["RetentionInDays"].is_null();
        findings.check("24", ends, || format!("{id} keeps lines for ever"));
    }
    for (id, function) in template.of_type("AWS::Lambda::Function") {
        let group = &function["LoggingConfig"]["LogGroup"];
        findings.same("24", id, group, &json!({ "Ref": "LogGroup" }));
    }
}

/// 26: the kill switch reaches every public function and not the refresher; the domain throttles.
fn item_26(template: &Transformed, findings: &mut Findings) {
    let condition =
        json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "ReservedConcurrency" }, -1] }] });
    let conditions = &template.0["Conditions"];
    findings.same("26", "HasReservation", &conditions["HasReservation"], &condition);
    let least = &template.0["Parameters"]["ReservedConcurrency"]["MinValue"];
    findings.same("26", "least reservation", least, &json!(-1));
    let switch = json!({ "Fn::If": ["HasReservation", { "Ref": "ReservedConcurrency" }, { "Ref": "AWS::NoValue" }] });
    for class in [Class::Login, Class::Payment, Class::Push] {
        let word = class.word().unwrap();
        let own =
            json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": format!("{word}Concurrency") }, -1] }] });
        let on = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "ReservedConcurrency" }, 0] }] });
        let name = format!("Has{word}Reservation");
        findings.same("26", &name, &conditions[&name], &json!({ "Fn::And": [own, on] }));
    }
    for operation in OPERATIONS {
        let id = operation.logical_id();
        let should = match Class::of(operation).word() {
            _ if !is_public(operation) => Value::Null,
            None => switch.clone(),
            Some(word) => json!({ "Fn::If": [
                format!("Has{word}Reservation"), { "Ref": format!("{word}Concurrency") }, switch,
            ] }),
        };
        let is = &template.properties(&id)["ReservedConcurrentExecutions"];
        findings.same("26", &id, is, &should);
    }
    let refresher = &template.properties(REFRESHER)["ReservedConcurrentExecutions"];
    // Callers cannot use up its share, and the switch does not reach it.
    let own = json!({ "Fn::If": ["HasReservation", 2, { "Ref": "AWS::NoValue" }] });
    findings.same("26", REFRESHER, refresher, &own);
    let payments = &template.properties(PAYMENTS)["ReservedConcurrentExecutions"];
    let alone = json!({ "Fn::If": ["HasReservation", 1, { "Ref": "AWS::NoValue" }] });
    findings.same("26", PAYMENTS, payments, &alone);
    let stage = &template.properties("EdgeStage")["DefaultRouteSettings"];
    for (limit, parameter) in
        [("ThrottlingRateLimit", "EdgeRateLimit"), ("ThrottlingBurstLimit", "EdgeBurstLimit")]
    {
        findings.same("26", limit, &stage[limit], &json!({ "Ref": parameter }));
    }
}

/// The schedule and the stream: bounded, and nothing is lost silently.
fn triggers(template: &Transformed, findings: &mut Findings) {
    let queue = json!({ "Fn::GetAtt": ["FailureQueue", "Arn"] });
    let schedules = template.of_type("AWS::Scheduler::Schedule");
    findings.same("triggers", "schedules", schedules.len(), 2);
    for (id, schedule) in schedules {
        let target = &schedule["Target"];
        findings.same("triggers", id, &schedule["ScheduleExpression"], &json!("rate(1 minute)"));
        findings.same("triggers", "its name", &schedule["Name"], &Value::Null);
        findings.same("triggers", "dead letters", &target["DeadLetterConfig"]["Arn"], &queue);
        let age = target["RetryPolicy"]["MaximumEventAgeInSeconds"].as_u64();
        findings.check("triggers", age.is_some_and(|age| age <= 60), || {
            format!("an old tick is delivered: {age:?}")
        });
    }
    let mappings = template.of_type("AWS::Lambda::EventSourceMapping");
    findings.same("triggers", "mappings", mappings.len(), STREAM_READERS.len());
    for reader in STREAM_READERS {
        let id = reader.function;
        let function = json!({ "Ref": id });
        let Some(mapping) = mappings.values().find(|mapping| mapping["FunctionName"] == function)
        else {
            findings.check("triggers", false, || format!("{id} reads no stream"));
            continue;
        };
        findings.same("triggers", id, &mapping["StartingPosition"], &json!("TRIM_HORIZON"));
        findings.same("triggers", id, &mapping["BatchSize"], &json!(reader.batch));
        let retries = mapping["MaximumRetryAttempts"].as_i64();
        findings.check(
            "triggers",
            retries.is_some_and(|n| (0..=reader.most_retries).contains(&n)),
            || format!("a poison record blocks the stream of {id}: {retries:?}"),
        );
        let age = mapping["MaximumRecordAgeInSeconds"].as_i64();
        findings.check("triggers", age.is_some_and(|s| (60..=3600).contains(&s)), || {
            format!("an old record blocks the stream of {id}: {age:?}")
        });
        let failures = &mapping["DestinationConfig"]["OnFailure"]["Destination"];
        let queue = json!({ "Fn::GetAtt": [reader.failures, "Arn"] });
        findings.same("triggers", "failures", failures, &queue);
        let pattern = mapping["FilterCriteria"]["Filters"][0]["Pattern"].as_str();
        let pattern: Value = serde_json::from_str(pattern.unwrap_or_default()).unwrap_or_default();
        findings.same("triggers", "filter", pattern, (reader.filter)());
    }
    let invoke = template.of_type("AWS::Lambda::EventInvokeConfig");
    findings.same("triggers", "asynchronous runs", invoke.len(), 2);
    for config in invoke.values() {
        let failures = &config["DestinationConfig"]["OnFailure"]["Destination"];
        findings.same("triggers", "failed runs", failures, &queue);
    }
    for (id, function) in template.of_type("AWS::Lambda::Function") {
        let in_vpc = !function["VpcConfig"].is_null();
        findings.same("triggers", id, in_vpc, id == REFRESHER);
    }
}

/// What the dashboard shows and the saved queries ask for exists.
fn watching(template: &Transformed, findings: &mut Findings) {
    let body = template.properties("Dashboard")["DashboardBody"]["Fn::Sub"].as_str();
    let body: Value = serde_json::from_str(body.unwrap_or_default()).unwrap_or_default();
    let widgets = array(&body["widgets"]);
    findings.check("watching", !widgets.is_empty(), || "the dashboard is no JSON".to_owned());
    let binaries: BTreeSet<String> = OPERATIONS
        .iter()
        .map(Endpoint::binary)
        .chain(JOBS.iter().map(|job| job.name.to_owned()))
        .collect();
    let mut shown = BTreeSet::new();
    for widget in widgets {
        for metric in array(&widget["properties"]["metrics"]) {
            for text in texts(metric) {
                let Some(name) = text.strip_prefix("${AWS::StackName}-") else { continue };
                let known = binaries.contains(name);
                findings.check("watching", known, || format!("the dashboard shows {name}"));
                shown.insert(name.to_owned());
            }
        }
        if let Some(query) = widget["properties"]["query"].as_str() {
            fields_exist(
                "the dashboard",
                query.split_once(" | ").map_or("", |(_, rest)| rest),
                findings,
            );
        }
    }
    // Every login, payment and push, so that a new one is not forgotten.
    for operation in
        OPERATIONS.iter().filter(|op| matches!(Class::of(op), Class::Login | Class::Push))
    {
        let name = operation.binary();
        findings.check("watching", shown.contains(&name), || format!("no widget shows {name}"));
    }
    findings.check("watching", body.to_string().contains("QuotaLeft"), || "no quotas".to_owned());
    let queries = template.of_type("AWS::Logs::QueryDefinition");
    findings.same("watching", "saved queries", queries.len(), 5);
    for (id, query) in queries {
        findings.same("watching", id, &query["LogGroupNames"], &json!([{ "Ref": "LogGroup" }]));
        fields_exist(id, query["QueryString"].as_str().unwrap_or_default(), findings);
    }
    let triggers = template.0["Outputs"]["RollbackConfiguration"]["Value"]["Fn::Sub"].as_str();
    let triggers: Value = serde_json::from_str(triggers.unwrap_or_default()).unwrap_or_default();
    let triggers = array(&triggers["RollbackTriggers"]);
    // CloudFormation takes five, and fails if one is missing.
    findings.check("watching", (1..=5).contains(&triggers.len()), || {
        format!("{} alarms take a deployment back", triggers.len())
    });
    for trigger in triggers {
        let name = trigger["Arn"].as_str().unwrap_or_default();
        let name = name.trim_start_matches("${").trim_end_matches(".Arn}");
        let always = template.0["Resources"][name]["Type"] == "AWS::CloudWatch::Alarm"
            && template.0["Resources"][name]["Condition"].is_null();
        findings.check("watching", always, || format!("{name} is no alarm of every stack"));
    }
}

/// Every word of a query is one of the language, a name it gives itself, or a field of the log.
fn fields_exist(id: &str, query: &str, findings: &mut Findings) {
    const WORDS: &[&str] = &[
        "and",
        "as",
        "asc",
        "avg",
        "by",
        "count",
        "desc",
        "fields",
        "filter",
        "ispresent",
        "latest",
        "limit",
        "max",
        "or",
        "pct",
        "sort",
        "stats",
        "sum",
    ];
    let text: String = query.split('\'').step_by(2).collect();
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '@')).collect();
    let named: BTreeSet<&str> =
        words.windows(2).filter(|pair| pair[0] == "as").map(|pair| pair[1]).collect();
    let fields: BTreeSet<&str> = Log::fields().collect();
    for word in words.iter().filter(|word| !word.is_empty() && word.parse::<u64>().is_err()) {
        let known = WORDS.contains(word)
            || named.contains(word)
            || fields.contains(word)
            || *word == "@timestamp";
        findings.check("watching", known, || format!("{id} asks for {word}, which no line has"));
    }
}

/// CloudFormation's and IAM's limits, with the longest names there can be.
fn limits(template: &Transformed, findings: &mut Findings) {
    let size = template.0.to_string().len();
    let count = |section: &str| template.0[section].as_object().map_or(0, |map| map.len());
    for (what, is, most) in [
        ("bytes", size, 1 << 20),
        ("resources", count("Resources"), 500),
        ("parameters", count("Parameters"), 200),
        ("outputs", count("Outputs"), 200),
    ] {
        // A fifth is left for what comes.
        let right = is <= most / 5 * 4;
        findings.check("limits", right, || format!("{is} {what}, {most} are allowed"));
    }
    let filled = |text: &str| {
        text.replace("AWS::Partition", "aws-cn")
            .replace("AWS::Region", "ap-northeast-1")
            .replace("AWS::AccountId", "000000000000")
            .replace("AWS::StackName", &"n".repeat(LONGEST_STACK_NAME))
            .len()
    };
    for (id, _) in template.of_type("AWS::IAM::Role") {
        let size: usize = template
            .own_statements(id)
            .iter()
            .map(|statement| filled(&statement.to_string()))
            .sum();
        findings.check("limits", size <= 10_240, || format!("{id} has {size} bytes of policies"));
    }
    for (id, policy) in template.of_type("AWS::IAM::ManagedPolicy") {
        let size = filled(&policy["PolicyDocument"].to_string());
        findings.check("limits", size <= 6144, || format!("{id} has {size} bytes"));
    }
    for (id, role) in template.of_type("AWS::IAM::Role") {
        let managed = array(&role["ManagedPolicyArns"]).len();
        findings.check("limits", managed <= 10, || format!("{id} has {managed} managed policies"));
    }
    let url = "https://.lambda-url.ap-northeast-1.on.aws/".len() + 32;
    let public = OPERATIONS.iter().filter(|op| is_public(op));
    let urls: usize = public.map(|op| op.id().len() + url + 6).sum();
    findings.check("limits", urls <= 4096, || format!("the output Urls may have {urls} bytes"));
    for operation in OPERATIONS {
        // A function's name has 64 characters, the stack's name included.
        let room = 63 - operation.binary().len();
        findings.check("limits", room >= LONGEST_STACK_NAME, || {
            format!("{} leaves {room} characters for the stack's name", operation.id())
        });
    }
}

#[test]
#[ignore = "needs TRANSFORMED_TEMPLATE; .ci/template runs it"]
fn the_transformed_template_meets_the_checklist() {
    let file = std::env::var("TRANSFORMED_TEMPLATE").expect("a file, see .ci/template");
    let template = Transformed(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap());
    let mut findings = Findings::default();
    for items in [
        functions_and_roles,
        item_3,
        item_4,
        item_5,
        items_6_and_7,
        edge,
        item_16,
        item_23,
        item_24,
        item_26,
        triggers,
        watching,
        limits,
    ] {
        items(&template, &mut findings);
    }
    let Findings(findings) = findings;
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

//! The OpenAPI 3.1 document, generated from the operations.
//!
//! An operation with a URL is a path of its own. One for services has none: what the document
//! says of it is how Lambda's Invoke API is called, which is also a path of the local bundle.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{Access, Endpoint, Problem, tolerated, upload::PART};

/// What the namespaces are about, in the order of the document.
pub const NAMESPACES: &[(&str, &str)] = &[
    ("auth", "Logging mini-program users in, and credentials for back ends."),
    ("decrypt", "Data that the client encrypted with the session key."),
    ("phonenumber", "Phone numbers by code, the way new mini programs use."),
    ("wxacode", "Mini-program codes: images that open a page."),
    ("urlscheme", "`weixin://` links that open a mini program from outside WeChat."),
    ("urllink", "https links that open a mini program from anywhere."),
    ("shortlink", "Short links that open a mini program inside WeChat."),
    ("security", "Checking what users write and upload."),
    ("subscribeMessage", "Messages to mini-program users who subscribed."),
    ("uniformMessage", "The retired uniform message, by way of the official account."),
    ("h5.templateMessage", "Template messages of the official account."),
    ("livebroadcast", "Live rooms and their recordings."),
    ("jssdk", "Signatures for pages that use the JS-SDK."),
    ("card", "Cards and coupons."),
    ("media", "Images, voices and videos that WeChat keeps for three days."),
    ("oauth", "Logging users of web pages and native apps in."),
    ("app", "What native apps hand to WeChat: shares, mini programs, customer service."),
    ("templateMessage", "One-time subscriptions of native apps and pages."),
    ("invoice", "Electronic invoices."),
    ("site", "Files WeChat, Apple and Google look for on a domain."),
];

/// Describes the operations.
pub fn document(operations: &[Endpoint]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut writer = Writer {
        inputs: settings.clone().for_deserialize().into_generator(),
        outputs: settings.for_serialize().into_generator(),
        responses: BTreeMap::new(),
    };
    let mut paths = Map::new();
    for endpoint in operations {
        let mut item = Map::new();
        if endpoint.handler.access == Access::Service {
            item.insert("servers".into(), lambda_servers());
            item.insert("post".into(), writer.operation(endpoint, "post"));
        } else {
            for method in endpoint.handler.http.method.names() {
                item.insert((*method).into(), writer.operation(endpoint, method));
            }
        }
        paths.insert(path(endpoint), item.into());
    }
    let used: BTreeSet<&str> = operations.iter().map(namespace).collect();
    let tags: Vec<Value> = NAMESPACES
        .iter()
        .filter(|(name, _)| used.contains(name))
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .collect();
    let mut paths = Value::Object(paths);
    // Either generator has seen inputs and outputs; what counts is what refers to it.
    let mut schemas = writer.inputs.take_definitions(true);
    keep_named(&mut schemas, &paths, |member| matches!(member, "requestBody" | "parameters"));
    let mut output_schemas = writer.outputs.take_definitions(true);
    keep_named(&mut output_schemas, &paths, |member| member == "responses");
    separate(&schemas, &mut output_schemas, &mut paths);
    schemas.extend(output_schemas);
    schemas.insert("Problem".into(), problem_schema());
    schemas.insert("FunctionError".into(), function_error_schema());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The WeChat backend",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The WeChat backend that a team deploys instead of writing one.",
            "description": DESCRIPTION,
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{
            "url": "/",
            "description": "The bundle on one machine, or a domain in front of the functions. A function with a URL of its own answers at the root of that URL, whatever the path.",
        }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": writer.responses,
            "headers": {
                "RequestId": {
                    "description": "Ours, for the log.",
                    "required": true,
                    "schema": { "type": "string" },
                },
                "RetryAfter": {
                    "description": "Seconds after which trying again makes sense.",
                    "required": true,
                    "schema": { "type": "integer", "minimum": 1 },
                },
                "Allow": {
                    "description": "The methods the operation answers.",
                    "required": true,
                    "schema": { "type": "string" },
                },
                "FunctionErrorHeader": {
                    "description": "`Unhandled` if the operation failed; the body is a FunctionError then.",
                    "schema": { "type": "string" },
                },
            },
            "securitySchemes": {
                "session": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "The `session_token` of a login.",
                },
                "iam": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                    "description": "An AWS principal that may `lambda:InvokeFunction`; the AWS SDKs sign. The bundle on one machine asks for no signature.",
                },
            },
        },
    });
    if operations.iter().any(takes_session_in_query) {
        document["components"]["securitySchemes"]["sessionInQuery"] = json!({
            "type": "apiKey", "in": "query", "name": "session_token",
            "description": "The session, where no header can be sent, as in `<image src>`.",
        });
    }
    join_lines(&mut document);
    document
}

const DESCRIPTION: &str = "\
One operation per function.

`Public` operations answer anyone.
`User` operations answer a session (`Authorization: Bearer <session_token>`), or a service that names the user's `openid`.
`Service` operations have no public URL: an AWS principal invokes the function directly.

A service invokes any operation that way: the payload is the input, the result the output; a failure is a function error whose `errorMessage` is the problem document as text.

A failure over HTTP is `application/problem+json` (RFC 9457); compare `type`, which is stable.";

/// Where an operation is called: its own path, or Lambda's for it.
fn path(endpoint: &Endpoint) -> String {
    match endpoint.handler.access {
        Access::Service => format!("/2015-03-31/functions/{}/invocations", endpoint.binary()),
        Access::Public | Access::User => endpoint.path(),
    }
}

/// An image's address cannot send a header.
fn takes_session_in_query(endpoint: &Endpoint) -> bool {
    endpoint.handler.access == Access::User && endpoint.handler.http.method.names().contains(&"get")
}

fn lambda_servers() -> Value {
    json!([
        { "url": "/", "description": "The bundle on one machine." },
        {
            "url": "https://lambda.{region}.amazonaws.com",
            "description": "AWS; the function's name is the stack's output there.",
            "variables": { "region": { "default": "ap-east-1" } },
        },
    ])
}

fn namespace(endpoint: &Endpoint) -> &'static str {
    endpoint.id().rsplit_once('.').map_or("", |(namespace, _)| namespace)
}

/// What all operations write into.
struct Writer {
    inputs: SchemaGenerator,
    outputs: SchemaGenerator,
    /// By name; the same problems of the same status are one.
    responses: BTreeMap<String, Value>,
}

impl Writer {
    fn operation(&mut self, endpoint: &Endpoint, method: &str) -> Value {
        let access = endpoint.handler.access;
        let mut input = endpoint.describe(&mut self.inputs).input.to_value();
        let description = join(&take_text(&mut input, "description"));
        take_text(&mut input, "title");
        let mut properties = common_inputs(endpoint);
        if let Some(own) = input["properties"].as_object_mut() {
            properties.append(own);
        }
        let second = method == "get" && endpoint.handler.http.method.names().len() > 1;
        let mut operation = json!({
            "operationId": if second { format!("{}.get", endpoint.id()) } else { endpoint.id().to_owned() },
            "summary": description.split("\n\n").next().unwrap_or_default()
                .split_inclusive(". ").next().unwrap_or_default().trim(),
            "description": match access {
                Access::Service => format!("{description}\n\nThis operation has no public URL: invoke the function `{}`.", endpoint.binary()),
                Access::Public | Access::User => description.clone(),
            },
            "tags": [namespace(endpoint)],
            "x-access": access.as_str(),
            "x-accounts": endpoint.accounts,
            "x-function": endpoint.binary(),
            "security": match access {
                Access::Public => json!([]),
                Access::User if method == "get" => {
                    json!([{ "session": [] }, { "sessionInQuery": [] }, { "iam": [] }])
                }
                Access::User => json!([{ "session": [] }, { "iam": [] }]),
                Access::Service => json!([{ "iam": [] }]),
            },
            "responses": self.responses_of(endpoint, method),
        });
        let example: Value = serde_json::from_str(endpoint.example).unwrap_or_default();
        let required = input["required"].as_array().cloned().unwrap_or_default();
        if method == "get" {
            if access == Access::User {
                properties.insert(
                    "session_token".into(),
                    json!({ "type": "string", "description": "The session, where no `Authorization` header can be sent, as in `<image src>`." }),
                );
            }
            operation["parameters"] = parameters(properties, &required, &example);
        } else {
            input["properties"] = properties.into();
            operation["requestBody"] = json!({
                "required": !required.is_empty(),
                "content": { "application/json": { "schema": input, "example": example } },
            });
            if endpoint.handler.http.upload.is_some() {
                let file = json!({ "type": "string", "format": "binary" });
                let content = &mut operation["requestBody"]["content"];
                content["multipart/form-data"] = json!({ "schema": {
                    "type": "object", "required": [PART], "properties": { PART: file },
                } });
                content["image/*"] = json!({ "schema": file });
            }
            if access == Access::Service {
                operation["parameters"] = json!([{
                    "name": "X-Amz-Invocation-Type",
                    "in": "header",
                    "description": "Whether to wait for the result.",
                    "schema": { "enum": ["RequestResponse", "Event", "DryRun"], "default": "RequestResponse" },
                }]);
            }
        }
        operation
    }

    fn responses_of(&mut self, endpoint: &Endpoint, method: &str) -> Value {
        let mut content = endpoint.describe(&mut self.outputs).content;
        if tolerated::of(endpoint.id()).any(tolerated::Tolerated::warns)
            && let Some(answer) = content.get_mut("application/json")
        {
            answer["schema"] = json!({ "allOf": [answer["schema"].take(), warnings_schema()] });
        }
        if endpoint.handler.access == Access::Service {
            if let Some(answer) = content.get_mut("application/json") {
                let error = json!({ "$ref": "#/components/schemas/FunctionError" });
                answer["schema"] = json!({ "anyOf": [answer["schema"].take(), error] });
            }
            let header = json!({ "$ref": "#/components/headers/FunctionErrorHeader" });
            let answer = json!({
                "description": "Done; or, with `X-Amz-Function-Error`, a problem.",
                "headers": { "X-Amz-Function-Error": header },
                "content": content,
            });
            let refused = json!({
                "description": "Lambda refused the invocation.",
                "content": { "application/json": { "schema": { "type": "object" } } },
            });
            return json!({
                "200": answer,
                "202": { "description": "`Event`: it will be run, and nobody told the result." },
                "204": { "description": "`DryRun`: it could be run." },
                "400": refused,
                "403": refused,
                "404": refused,
            });
        }
        let mut responses = Map::new();
        let request_id = json!({ "$ref": "#/components/headers/RequestId" });
        let headers = json!({ "X-Request-Id": request_id });
        responses.insert(
            "200".into(),
            json!({ "description": "Done.", "headers": headers, "content": content }),
        );
        let mut by_status: BTreeMap<u16, Vec<Problem>> = BTreeMap::new();
        for problem in endpoint.problems(method) {
            by_status.entry(problem.status()).or_default().push(problem);
        }
        for (status, problems) in by_status {
            let slugs: Vec<&str> = problems.iter().map(|problem| problem.slug()).collect();
            let name = format!("{status}.{}", slugs.join("."));
            let reference = json!({ "$ref": format!("#/components/responses/{name}") });
            self.responses.entry(name).or_insert_with(|| response(status, &problems, &slugs));
            responses.insert(status.to_string(), reference);
        }
        responses.into()
    }
}

fn response(status: u16, problems: &[Problem], slugs: &[&str]) -> Value {
    let titles: Vec<String> = problems
        .iter()
        .map(|problem| format!("`{}`: {}.", problem.slug(), problem.title()))
        .collect();
    let mut headers = json!({ "X-Request-Id": { "$ref": "#/components/headers/RequestId" } });
    if matches!(status, 429 | 503) {
        headers["Retry-After"] = json!({ "$ref": "#/components/headers/RetryAfter" });
    }
    if status == 405 {
        headers["Allow"] = json!({ "$ref": "#/components/headers/Allow" });
    }
    let schema = json!({ "allOf": [
        { "$ref": "#/components/schemas/Problem" },
        { "properties": { "type": { "enum": slugs }, "status": { "const": status } } },
    ] });
    json!({
        "description": titles.join("\n\n"),
        "headers": headers,
        "content": { "application/problem+json": { "schema": schema } },
    })
}

fn parameters(properties: Map<String, Value>, required: &[Value], example: &Value) -> Value {
    let parameter = |(name, mut schema): (String, Value)| {
        let description = take_text(&mut schema, "description");
        // A query has no null; what is optional is left out.
        if let Some(types) = schema["type"].as_array() {
            let types: Vec<_> = types.iter().filter(|kind| *kind != "null").cloned().collect();
            schema["type"] = if let [one] = &types[..] { one.clone() } else { types.into() };
        }
        if schema["default"].is_null()
            && let Some(schema) = schema.as_object_mut()
        {
            schema.remove("default");
        }
        let mut parameter = json!({
            "name": name,
            "in": "query",
            "description": description,
            "required": required.iter().any(|r| *r == name),
            "schema": schema,
        });
        if let Some(value) = example.get(&name) {
            parameter["example"] = value.clone();
        }
        parameter
    };
    properties.into_iter().map(parameter).collect()
}

fn common_inputs(endpoint: &Endpoint) -> Map<String, Value> {
    let mut inputs = Map::new();
    for row in tolerated::of(endpoint.id()) {
        let about = json!({ "description": row.about(), "deprecated": true });
        inputs.insert(row.name.into(), about);
    }
    inputs.insert(
        "appid".into(),
        json!({ "type": ["string", "null"], "description": "The app; by default the session's, else the first configured one of the kind this operation needs." }),
    );
    if endpoint.handler.access == Access::User {
        inputs.insert(
            "openid".into(),
            json!({ "type": ["string", "null"], "description": "The user a service acts for. A user with a session leaves it out." }),
        );
    }
    inputs
}

/// Forgets the schemas that nothing refers to from these members of the operations.
fn keep_named(schemas: &mut Map<String, Value>, paths: &Value, from: fn(&str) -> bool) {
    let items = paths.as_object().into_iter().flat_map(|paths| paths.values());
    let operations = items.flat_map(|item| item.as_object().into_iter().flatten());
    let mut open = Vec::new();
    for (_, operation) in operations {
        let members = operation.as_object().into_iter().flatten();
        for (_, member) in members.filter(|(name, _)| from(name)) {
            names(member, &mut open);
        }
    }
    let mut named = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = schemas.get(&name)
            && named.insert(name)
        {
            names(schema, &mut open);
        }
    }
    schemas.retain(|name, _| named.contains(name));
}

/// The schemas a value refers to.
fn names(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            let name = target.and_then(|target| target.strip_prefix("#/components/schemas/"));
            found.extend(name.map(str::to_owned));
            members.values().for_each(|member| names(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// Gives an output its own name where an input of another shape has the same.
fn separate(inputs: &Map<String, Value>, outputs: &mut Map<String, Value>, paths: &mut Value) {
    let clashes: Vec<String> = outputs
        .iter()
        .filter(|(name, schema)| inputs.get(*name).is_some_and(|input| input != *schema))
        .map(|(name, _)| name.clone())
        .collect();
    for name in clashes {
        let schema = outputs.remove(&name).unwrap_or_default();
        let (old, new) = (reference(&name), reference(&format!("{name}Answer")));
        outputs.insert(format!("{name}Answer"), schema);
        for schema in outputs.values_mut() {
            rename(schema, &old, &new);
        }
        for item in paths.as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
            for operation in item.as_object_mut().into_iter().flat_map(|item| item.values_mut()) {
                if let Some(responses) = operation.get_mut("responses") {
                    rename(responses, &old, &new);
                }
            }
        }
    }
}

fn reference(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

fn rename(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::Object(members) => {
            if members.get("$ref").is_some_and(|target| target == old) {
                members.insert("$ref".into(), new.into());
            }
            members.values_mut().for_each(|member| rename(member, old, new));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, old, new)),
        _ => {}
    }
}

/// Doc comments are wrapped for the source; readers of the document wrap for themselves.
fn join_lines(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => *text = join(text),
                    member => join_lines(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        _ => {}
    }
}

fn join(text: &str) -> String {
    let paragraphs: Vec<String> =
        text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
    paragraphs.join("\n\n")
}

fn take_text(value: &mut Value, name: &str) -> String {
    let member = value.as_object_mut().and_then(|object| object.remove(name));
    member.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
}

fn slugs() -> Vec<&'static str> {
    Problem::ALL.iter().map(|problem| problem.slug()).collect()
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457 problem details.",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": { "type": "string", "enum": slugs(), "description": "What a program compares; stable." },
            "title": { "type": "string" },
            "status": { "type": "integer", "description": "The HTTP status." },
            "detail": { "type": "string", "description": "What to do next." },
            "field": { "type": "string", "description": "The input at fault." },
            "errcode": { "type": "integer", "description": "WeChat's code, where WeChat spoke, or would have if the input had been sent." },
            "rid": { "type": "string", "description": "WeChat's request id, for its support." },
            "code": { "type": "integer", "description": "The native module's number for this failure, at the operations that replace one of its interfaces." },
            "retry_after": { "type": "integer", "minimum": 1, "description": "Seconds to wait, as in Retry-After." },
            "request_id": { "type": "string", "description": "Ours, for the log." },
        },
        "examples": [{
            "type": "invalid-input", "title": Problem::InvalidInput.title(), "status": 400,
            "detail": "Missing field `js_code`.", "field": "js_code",
            "request_id": "8f0c1a52-6b0e-4e3c-8d9a-5f6e7a8b9c0d",
        }],
    })
}

/// What an answer gains where an input is tolerated and has no effect.
fn warnings_schema() -> Value {
    json!({
        "type": "object",
        "properties": { "warnings": {
            "type": "array", "items": { "type": "string" },
            "description": "One line for each input that was accepted and has no effect.",
        } },
    })
}

fn function_error_schema() -> Value {
    json!({
        "type": "object",
        "description": "How Lambda reports that a function failed.",
        "required": ["errorType", "errorMessage"],
        "properties": {
            "errorType": { "type": "string", "enum": slugs(), "description": "The problem's `type`." },
            "errorMessage": {
                "type": "string",
                "description": "The problem document as text.",
                "contentMediaType": "application/problem+json",
                "contentSchema": { "$ref": "#/components/schemas/Problem" },
            },
        },
    })
}

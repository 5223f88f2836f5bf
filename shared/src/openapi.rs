//! The OpenAPI 3.1 document, generated from the operations.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{Access, Endpoint, Problem, upload::PART};

/// Describes the operations.
pub fn document(operations: &[Endpoint]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut inputs = settings.clone().for_deserialize().into_generator();
    let mut outputs = settings.for_serialize().into_generator();
    let mut paths = Map::new();
    for endpoint in operations {
        let mut item = Map::new();
        for method in endpoint.handler.method.names() {
            item.insert((*method).into(), operation(endpoint, method, &mut inputs, &mut outputs));
        }
        paths.insert(endpoint.path(), item.into());
    }
    let mut schemas = inputs.take_definitions(true);
    schemas.extend(outputs.take_definitions(true));
    schemas.insert("Problem".into(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The WeChat backend",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One operation per function; see README.md.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": {
                "description": "What went wrong and what to do next.",
                "content": { "application/problem+json": {
                    "schema": { "$ref": "#/components/schemas/Problem" }
                } },
            } },
            "securitySchemes": {
                "session": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "The session_token of a login." },
                "iam": { "type": "http", "scheme": "AWS4-HMAC-SHA256",
                    "description": "Invoke the function directly (lambda:InvokeFunction)." },
            },
        },
    })
}

fn operation(
    endpoint: &Endpoint,
    method: &str,
    inputs: &mut SchemaGenerator,
    outputs: &mut SchemaGenerator,
) -> Value {
    let mut input = endpoint.describe(inputs).input.to_value();
    let content = endpoint.describe(outputs).content;
    let description = take_text(&mut input, "description");
    take_text(&mut input, "title");
    let access = endpoint.handler.access;
    let properties = input["properties"].as_object_mut();
    let mut common = common_inputs(access);
    if let Some(properties) = properties {
        common.append(properties);
    }
    let namespace = endpoint.id().rsplit_once('.').map_or("", |(namespace, _)| namespace);
    let mut operation = json!({
        "operationId": if method == "get" && endpoint.handler.method.names().len() > 1 {
            format!("{}.get", endpoint.id())
        } else {
            endpoint.id().to_owned()
        },
        "summary": description.split_terminator(". ").next().unwrap_or_default().split('\n').next(),
        "description": description,
        "tags": [namespace],
        "x-access": access.as_str(),
        "x-function": endpoint.binary(),
        "security": match access {
            Access::Public => json!([]),
            Access::User => json!([{ "session": [] }, { "iam": [] }]),
            Access::Service => json!([{ "iam": [] }]),
        },
        "responses": {
            "200": { "description": "Done.", "content": content },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    });
    let example: Value = serde_json::from_str(endpoint.example).unwrap_or_default();
    let required = input["required"].as_array().cloned().unwrap_or_default();
    if method == "get" {
        if access == Access::User {
            common.insert(
                "session_token".into(),
                json!({ "type": "string", "description": "The session, where no `Authorization` header can be sent, as in `<image src>`." }),
            );
        }
        let parameters: Vec<Value> = common
            .into_iter()
            .map(|(name, mut schema)| {
                let description = take_text(&mut schema, "description");
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
            })
            .collect();
        operation["parameters"] = parameters.into();
    } else {
        input["properties"] = common.into();
        operation["requestBody"] = json!({
            "required": !required.is_empty(),
            "content": { "application/json": { "schema": input, "example": example } },
        });
        if endpoint.handler.upload.is_some() {
            let file = json!({ "type": "string", "format": "binary" });
            let content = &mut operation["requestBody"]["content"];
            content["multipart/form-data"] = json!({ "schema": {
                "type": "object", "required": [PART], "properties": { PART: file },
            } });
            content["image/*"] = json!({ "schema": file });
        }
    }
    operation
}

fn common_inputs(access: Access) -> Map<String, Value> {
    let mut inputs = Map::new();
    inputs.insert(
        "appid".into(),
        json!({ "type": "string", "description": "The app; by default the session's, else the first configured one of the kind this operation needs." }),
    );
    if access == Access::User {
        inputs.insert(
            "openid".into(),
            json!({ "type": "string", "description": "The user a service acts for. A user with a session leaves it out." }),
        );
    }
    inputs
}

fn take_text(value: &mut Value, name: &str) -> String {
    let member = value.as_object_mut().and_then(|object| object.remove(name));
    member.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
}

fn problem_schema() -> Value {
    let slugs: Vec<&str> = Problem::ALL.iter().map(|problem| problem.slug()).collect();
    json!({
        "type": "object",
        "description": "RFC 9457 problem details.",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": { "type": "string", "enum": slugs, "description": "What a program compares; stable." },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What to do next." },
            "field": { "type": "string", "description": "The input at fault." },
            "errcode": { "type": "integer", "description": "WeChat's code, where WeChat spoke." },
            "rid": { "type": "string", "description": "WeChat's request id, for its support." },
            "retry_after": { "type": "integer", "description": "Seconds to wait, as in Retry-After." },
            "request_id": { "type": "string", "description": "Ours, for the log." },
        },
    })
}

//! The path of an operation, with its methods.

use serde_json::{Map, Value, json};
use shared::{
    Access, Endpoint,
    tolerated::{self, Tolerated},
};

use super::{chinese, join, namespace_of, responses, schemas::Schemas};
use crate::facts::is_public;

/// The part of a form that is a file.
const PART: &str = "media";

/// What all operations write into.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) schemas: Schemas,
    /// By name; the same problems of the same status are one.
    pub(super) responses: Map<String, Value>,
}

/// Where an operation is called: its own path, or Lambda's for it.
pub(super) fn of(endpoint: &Endpoint) -> String {
    if is_public(endpoint) {
        endpoint.path()
    } else {
        format!("/2015-03-31/functions/{}/invocations", endpoint.binary())
    }
}

impl Writer {
    /// The path item of an operation.
    pub(super) fn item(&mut self, endpoint: &Endpoint) -> Value {
        let input = self.schemas.input(endpoint);
        let mut content = self.schemas.answer(endpoint);
        if tolerated::of(endpoint.id()).any(Tolerated::warns)
            && let Some(answer) = content.get_mut("application/json")
        {
            answer["schema"] = json!({ "allOf": [answer["schema"].take(), warnings()] });
        }
        let mut item = Map::new();
        let methods = if is_public(endpoint) {
            endpoint.handler.http.method.names()
        } else {
            item.insert("servers".into(), lambda_servers());
            &["post"]
        };
        for method in methods {
            let is_post = *method == "post";
            let mut operation = describe(endpoint, &input);
            if methods.len() > 1 && !is_post {
                operation["operationId"] = format!("{}.get", endpoint.id()).into();
            }
            operation["security"] = security(endpoint.handler.access, is_post);
            operation["responses"] =
                responses::of(endpoint, method, content.clone(), &mut self.responses);
            if endpoint.handler.http.raw {
                operation["x-raw"] = true.into();
                operation["parameters"] = raw_parameters(endpoint);
                if is_post {
                    operation["requestBody"] = raw_body();
                }
                item.insert((*method).into(), operation);
                continue;
            }
            let input = Input::new(endpoint, input.clone());
            if is_post {
                operation["requestBody"] = input.body(endpoint.handler.http.upload.is_some());
            } else {
                operation["parameters"] = input.parameters(endpoint.handler.access);
            }
            if !is_public(endpoint) {
                operation["parameters"] = json!([invocation_type()]);
            }
            item.insert((*method).into(), operation);
        }
        item.into()
    }
}

/// What does not depend on the method.
fn describe(endpoint: &Endpoint, input: &Value) -> Value {
    let access = endpoint.handler.access;
    let mut description = join(input["description"].as_str().unwrap_or_default());
    let (english, zh) = chinese::languages(&description);
    let mut operation = json!({
        "operationId": endpoint.id(),
        "summary": summary(&english),
        "tags": [namespace_of(endpoint)],
        "x-access": access.as_str(),
        "x-accounts": endpoint.accounts,
        "x-function": endpoint.binary(),
    });
    if !endpoint.refusals.is_empty() {
        operation["x-refusals"] = responses::refusals(endpoint.refusals);
    }
    if !zh.is_empty() {
        operation[chinese::SUMMARY] = chinese::summary(&zh).into();
    }
    if let [first, further @ ..] = endpoint.docs {
        let about = "WeChat's documentation.\n\n微信官方文档。";
        operation["externalDocs"] = json!({ "url": first, "description": about });
        for page in further {
            description.push_str(&format!("\n\nSee also <{page}>.\n\n另见 <{page}>。"));
        }
    }
    if !is_public(endpoint) {
        let binary = endpoint.binary();
        description.push_str(&format!(
            "\n\nThis operation has no public URL: invoke the function `{binary}`.\n\n\
             此接口没有公网地址：请直接调用函数 `{binary}`。"
        ));
    }
    operation["description"] = description.into();
    operation
}

/// The first sentence of a description.
pub(crate) fn summary(description: &str) -> String {
    let paragraph = join(description);
    let paragraph = paragraph.split("\n\n").next().unwrap_or_default();
    paragraph.split_inclusive(". ").next().unwrap_or_default().trim().to_owned()
}

fn security(access: Access, is_post: bool) -> Value {
    match access {
        Access::Public => json!([]),
        Access::User if is_post => json!([{ "session": [] }, { "iam": [] }]),
        Access::User => json!([{ "session": [] }, { "sessionInQuery": [] }, { "iam": [] }]),
        Access::Service => json!([{ "iam": [] }]),
    }
}

/// An input, as a body or as parameters.
struct Input {
    schema: Value,
    properties: Map<String, Value>,
    required: Vec<Value>,
    example: Value,
}

impl Input {
    fn new(endpoint: &Endpoint, mut schema: Value) -> Input {
        take_text(&mut schema, "description");
        take_text(&mut schema, "title");
        let mut properties = common_inputs(endpoint);
        if let Some(own) = schema["properties"].as_object_mut() {
            properties.append(own);
        }
        Input {
            properties,
            required: schema["required"].as_array().cloned().unwrap_or_default(),
            example: serde_json::from_str(endpoint.example).unwrap_or_default(),
            schema,
        }
    }

    fn body(mut self, takes_file: bool) -> Value {
        self.schema["properties"] = self.properties.into();
        let mut content = json!({
            "application/json": { "schema": self.schema, "example": self.example },
        });
        if takes_file {
            let file = json!({ "type": "string", "format": "binary" });
            content["multipart/form-data"] = json!({ "schema": {
                "type": "object", "required": [PART], "properties": { PART: file },
            } });
            content["image/*"] = json!({ "schema": file });
        }
        json!({ "required": !self.required.is_empty(), "content": content })
    }

    fn parameters(mut self, access: Access) -> Value {
        if access == Access::User {
            let session = json!({
                "type": "string",
                "description": "The session, where no `Authorization` header can be sent, as in `<image src>`.\n\n会话 token，用于无法发送 `Authorization` 请求头的场合，如 `<image src>`。",
            });
            self.properties.insert("session_token".into(), session);
        }
        let Input { properties, required, example, .. } = self;
        let parameter = |(name, mut schema): (String, Value)| {
            let description = take_text(&mut schema, "description");
            leave_out_null(&mut schema);
            let mut parameter = json!({
                "name": name,
                "in": "query",
                "description": description,
                "required": required.iter().any(|one| *one == name),
                "schema": schema,
            });
            if let Some(value) = example.get(&name) {
                parameter["example"] = value.clone();
            }
            parameter
        };
        properties.into_iter().map(parameter).collect()
    }
}

/// The query of a request that its operation reads by itself, by the example.
fn raw_parameters(endpoint: &Endpoint) -> Value {
    let example: Value = serde_json::from_str(endpoint.example).unwrap_or_default();
    let query = example["query"].as_str().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let parameter = |(name, example): (&str, &str)| json!({ "name": name, "in": "query", "schema": { "type": "string" }, "example": example });
    pairs.map(parameter).collect()
}

/// The body of a request that its operation reads by itself: what WeChat sends.
fn raw_body() -> Value {
    json!({ "content": {
        "text/xml": { "schema": { "type": "string" } },
        "application/json": { "schema": { "type": "object" } },
    } })
}

/// A query has no null: an optional parameter is left out.
fn leave_out_null(schema: &mut Value) {
    if let Some(types) = schema["type"].as_array() {
        let types: Vec<_> = types.iter().filter(|kind| *kind != "null").cloned().collect();
        schema["type"] = if let [one] = &types[..] { one.clone() } else { types.into() };
    }
    if schema["default"].is_null()
        && let Some(schema) = schema.as_object_mut()
    {
        schema.remove("default");
    }
}

/// What an answer gains where an input is tolerated and has no effect.
fn warnings() -> Value {
    json!({
        "type": "object",
        "properties": { "warnings": {
            "type": "array", "items": { "type": "string" },
            "description": "One line for each input that was accepted and has no effect.\n\n每个已接受但不起作用的参数各占一行。",
        } },
    })
}

fn common_inputs(endpoint: &Endpoint) -> Map<String, Value> {
    let mut inputs = Map::new();
    for row in tolerated::of(endpoint.id()) {
        let about = json!({ "description": row.about(), "deprecated": true });
        inputs.insert(row.name.into(), about);
    }
    inputs.insert(
        "appid".into(),
        json!({ "type": ["string", "null"], "description": "The app; by default the session's, else the first configured one of the kind this operation needs.\n\n应用的 appid；默认取会话所属的应用，否则取首个类型相符的已配置应用。" }),
    );
    if endpoint.handler.access == Access::User {
        inputs.insert(
            "openid".into(),
            json!({ "type": ["string", "null"], "description": "The user a service acts for. A user with a session leaves it out.\n\n服务端代其操作的用户；已有会话的用户无需填写。" }),
        );
    }
    inputs
}

fn invocation_type() -> Value {
    json!({
        "name": "X-Amz-Invocation-Type",
        "in": "header",
        "description": "Whether to wait for the result.\n\n是否等待结果。",
        "schema": { "enum": ["RequestResponse", "Event", "DryRun"], "default": "RequestResponse" },
    })
}

fn lambda_servers() -> Value {
    json!([
        { "url": "/", "description": "The bundle on one machine.\n\n单机运行的本服务。" },
        {
            "url": "https://lambda.{region}.amazonaws.com",
            "description": "AWS; the function's name is the stack's output there.\n\nAWS；函数名以那里的堆栈输出为准。",
            "variables": { "region": { "default": "ap-east-1" } },
        },
    ])
}

fn take_text(value: &mut Value, name: &str) -> String {
    let member = value.as_object_mut().and_then(|object| object.remove(name));
    member.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
}

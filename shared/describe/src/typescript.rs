//! The types of the clients and the table of the front-end one, written from the OpenAPI document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::COMMAND;

/// The head of both files.
fn head() -> String {
    format!("// Written from the OpenAPI document by `{COMMAND}`.\n\n")
}

/// Who calls an operation.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// Front ends, and back ends as well.
    FrontEnd,
    /// Back ends alone.
    Service,
}

/// What is called, once each: `POST` where there is a choice. Only WeChat calls the raw ones.
fn callable(document: &Value, by: By) -> BTreeMap<&str, (&'static str, &Value)> {
    let mut found = BTreeMap::new();
    for (_, item) in document["paths"].as_object().into_iter().flatten() {
        let first =
            ["post", "get"].into_iter().find_map(|method| Some((method, item.get(method)?)));
        if let Some((method, operation)) = first
            && (operation["x-access"] == "Service") == (by == By::Service)
            && operation["x-raw"] != true
        {
            found.insert(text(&operation["operationId"]), (method, operation));
        }
    }
    found
}

/// `operations.js`: what the client must know to make a call.
pub(crate) fn operations(document: &Value) -> String {
    let line = |(id, (method, operation)): (&str, (&str, &Value))| {
        format!("  '{id}': ['{}', '{}'],\n", method.to_uppercase(), text(&operation["x-access"]))
    };
    let lines: String = callable(document, By::FrontEnd).into_iter().map(line).collect();
    let head = head();
    format!(
        "{head}/** Method and access by operation. */\nexport const OPERATIONS = {{\n{lines}}}\n"
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `types.d.ts`: inputs and outputs.
pub(crate) fn types(document: &Value) -> String {
    let mut writer = Writer { document, named: BTreeMap::new() };
    let front = writer.interface("Operations", By::FrontEnd);
    let back = writer.interface("ServiceOperations", By::Service);
    let named: String = writer.named.into_values().map(|body| format!("\n{body}\n")).collect();
    format!("{}{front}\n{back}{named}", head())
}

/// The input's schema, wherever the operation takes it from.
fn input(operation: &Value, by: By) -> Value {
    let mut schema = match &operation["requestBody"]["content"]["application/json"]["schema"] {
        Value::Null => query(operation),
        body => body.clone(),
    };
    leave_out(&mut schema, by);
    for variant in schema.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
        leave_out(variant, by);
    }
    schema
}

/// A front end acts for its own user; everybody uses the names of today.
fn leave_out(schema: &mut Value, by: By) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        let theirs = |name: &str| by == By::Service || name != "openid";
        properties.retain(|name, property| theirs(name) && property["deprecated"] != true);
    }
}

/// The parameters of a query as one schema.
fn query(operation: &Value) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = text(&parameter["name"]);
        let mut schema = parameter["schema"].clone();
        schema["description"] = parameter["description"].clone();
        properties.insert(name.to_owned(), schema);
        if parameter["required"] == true {
            required.push(name);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Schemas as types; those with a name are written once.
struct Writer<'a> {
    document: &'a Value,
    named: BTreeMap<String, String>,
}

impl Writer<'_> {
    /// The operations that these callers have, each with its access, input and output.
    fn interface(&mut self, name: &str, by: By) -> String {
        let mut list = format!("export interface {name} {{\n");
        for (id, (_, operation)) in callable(self.document, by) {
            comment(&mut list, "  ", operation["summary"].as_str());
            let access = text(&operation["x-access"]);
            let input = self.render(&input(operation, by), "    ");
            let output = self.output(operation, by);
            list.push_str(&format!(
                "  '{id}': {{\n    access: '{access}'\n    input: {input}\n    output: {output}\n  }}\n"
            ));
        }
        list + "}\n"
    }

    /// The answer as a client hands it out: a file comes as its bytes.
    fn output(&mut self, operation: &Value, by: By) -> String {
        let content = &operation["responses"]["200"]["content"];
        let json = &content["application/json"]["schema"];
        // The document has what Lambda answers: the output or a failure, and a file as base64.
        let json = if by == By::Service { &json["anyOf"][0] } else { json };
        let is_file = json["properties"].get("isBase64Encoded").is_some();
        if json.is_null() || is_file {
            return "ArrayBuffer".to_owned();
        }
        let either = content.as_object().is_some_and(|kinds| kinds.len() > 1);
        self.render(json, "    ") + if either { " | ArrayBuffer" } else { "" }
    }

    fn render(&mut self, schema: &Value, indent: &str) -> String {
        if let Some(target) = schema["$ref"].as_str() {
            return self.name(target);
        }
        if let Some(value) = schema.get("const") {
            return value.to_string();
        }
        if let Some(values) = schema["enum"].as_array() {
            return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
        }
        for (keyword, joint) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")] {
            if let Some(schemas) = schema[keyword].as_array() {
                let parts: Vec<_> = schemas.iter().map(|one| self.render(one, indent)).collect();
                return parts.join(joint);
            }
        }
        match &schema["type"] {
            Value::Array(kinds) => {
                let kinds = kinds.iter().map(|kind| {
                    let mut one = schema.clone();
                    one["type"] = kind.clone();
                    self.render(&one, indent)
                });
                kinds.collect::<Vec<_>>().join(" | ")
            }
            Value::String(kind) => match kind.as_str() {
                "integer" | "number" => "number".to_owned(),
                "array" => {
                    let item = self.render(&schema["items"], indent);
                    if item.contains(' ') { format!("({item})[]") } else { format!("{item}[]") }
                }
                "object" => self.object(schema, indent),
                kind => kind.to_owned(),
            },
            _ => "unknown".to_owned(),
        }
    }

    fn object(&mut self, schema: &Value, indent: &str) -> String {
        let Some(properties) = schema["properties"].as_object() else {
            let value = match &schema["additionalProperties"] {
                Value::Object(_) => self.render(&schema["additionalProperties"], indent),
                _ => "unknown".to_owned(),
            };
            return format!("Record<string, {value}>");
        };
        let inner = format!("{indent}  ");
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut text = String::from("{\n");
        for (name, property) in properties {
            comment(&mut text, &inner, property["description"].as_str());
            let mark = if required.iter().any(|one| one == name) { "" } else { "?" };
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let name = if plain { name.clone() } else { format!("'{name}'") };
            text.push_str(&format!("{inner}{name}{mark}: {}\n", self.render(property, &inner)));
        }
        text + indent + "}"
    }

    /// The name of a schema of the document, which is written if it is new.
    fn name(&mut self, target: &str) -> String {
        let name = target.rsplit('/').next().unwrap_or_default().to_owned();
        if !self.named.contains_key(&name) {
            self.named.insert(name.clone(), String::new());
            let schema = self.document["components"]["schemas"][&name].clone();
            let mut body = String::new();
            comment(&mut body, "", schema["description"].as_str());
            let shape = self.render(&schema, "");
            body.push_str(&format!("export type {name} = {shape}"));
            self.named.insert(name.clone(), body);
        }
        name
    }
}

fn comment(text: &mut String, indent: &str, description: Option<&str>) {
    if let Some(description) = description {
        let description = description.replace("\n\n", " ").replace("*/", "*\\/");
        text.push_str(&format!("{indent}/** {description} */\n"));
    }
}

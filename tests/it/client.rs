//! What the front-end client knows of the operations: written from the document, and compared.

use std::{collections::BTreeMap, fmt::Write, fs};

use functions::OPERATIONS;
use serde_json::{Map, Value};
use shared::openapi;

use crate::agreement::root;

#[test]
fn the_client_knows_the_operations_as_the_document_has_them() {
    let document = openapi::document(OPERATIONS);
    for (path, text) in
        [("client/operations.js", table(&document)), ("client/types.d.ts", types(&document))]
    {
        let file = root().join(path);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &text).unwrap();
        }
        assert!(
            fs::read_to_string(&file).unwrap_or_default() == text,
            "{path} is out of date; run UPDATE=1 cargo test -p tests --test it client"
        );
    }
}

const GENERATED: &str =
    "// Written from the OpenAPI document by UPDATE=1 cargo test -p tests --test it client.\n\n";

/// What a front end can call, once each: `POST` where there is a choice.
fn operations(document: &Value) -> BTreeMap<&str, (&str, &Value)> {
    let mut found = BTreeMap::new();
    for item in document["paths"].as_object().unwrap().values() {
        let (method, operation) =
            ["post", "get"].iter().find_map(|method| Some((*method, item.get(method)?))).unwrap();
        if operation["x-access"] != "Service" {
            found.insert(operation["operationId"].as_str().unwrap(), (method, operation));
        }
    }
    found
}

/// `operations.js`: what the client must know to make a call.
fn table(document: &Value) -> String {
    let mut text = format!("{GENERATED}/** Method and access by operation. */\n");
    text.push_str("export const OPERATIONS = {\n");
    for (id, (method, operation)) in operations(document) {
        let access = operation["x-access"].as_str().unwrap();
        writeln!(text, "  '{id}': ['{}', '{access}'],", method.to_uppercase()).unwrap();
    }
    text.push_str("}\n");
    text
}

/// `types.d.ts`: inputs and outputs.
fn types(document: &Value) -> String {
    let mut writer = Writer { document, named: BTreeMap::new() };
    let mut list = String::from("export interface Operations {\n");
    for (id, (_, operation)) in operations(document) {
        comment(&mut list, "  ", operation["summary"].as_str());
        let input = writer.render(&input(operation), "    ");
        let output = match &operation["responses"]["200"]["content"]["application/json"] {
            Value::Null => "ArrayBuffer".to_owned(),
            json => writer.render(&json["schema"], "    "),
        };
        let member = format!("  '{id}': {{\n    input: {input}\n    output: {output}\n  }}\n");
        list.push_str(&member);
    }
    list.push_str("}\n");
    let mut text = format!("{GENERATED}{list}");
    for (name, body) in writer.named {
        writeln!(text, "\n{body}").unwrap();
        assert!(text.contains(&name));
    }
    text
}

/// The input's schema, wherever the operation takes it from.
fn input(operation: &Value) -> Value {
    let mut schema = match &operation["requestBody"]["content"]["application/json"]["schema"] {
        Value::Null => query(operation),
        body => body.clone(),
    };
    let properties = schema["properties"].as_object_mut().unwrap();
    // A front end acts for its own user, and uses the names of today.
    properties.retain(|name, property| name != "openid" && property["deprecated"] != true);
    schema
}

/// The parameters of a query as one schema.
fn query(operation: &Value) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for parameter in operation["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        let mut schema = parameter["schema"].clone();
        schema["description"] = parameter["description"].clone();
        properties.insert(name.to_owned(), schema);
        if parameter["required"] == true {
            required.push(name);
        }
    }
    serde_json::json!({ "type": "object", "properties": properties, "required": required })
}

/// Schemas as types; those with a name are written once.
struct Writer<'a> {
    document: &'a Value,
    named: BTreeMap<String, String>,
}

impl Writer<'_> {
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
            writeln!(text, "{inner}{name}{mark}: {}", self.render(property, &inner)).unwrap();
        }
        write!(text, "{indent}}}").unwrap();
        text
    }

    /// The name of a schema of the document, which is written if it is new.
    fn name(&mut self, target: &str) -> String {
        let name = target.rsplit('/').next().unwrap().to_owned();
        if !self.named.contains_key(&name) {
            self.named.insert(name.clone(), String::new());
            let schema = self.document["components"]["schemas"][&name].clone();
            let mut body = String::new();
            comment(&mut body, "", schema["description"].as_str());
            let shape = self.render(&schema, "");
            write!(body, "export type {name} = {shape}").unwrap();
            self.named.insert(name.clone(), body);
        }
        name
    }
}

fn comment(text: &mut String, indent: &str, description: Option<&str>) {
    if let Some(description) = description {
        let description = description.replace("\n\n", " ").replace("*/", "*\\/");
        writeln!(text, "{indent}/** {description} */").unwrap();
    }
}

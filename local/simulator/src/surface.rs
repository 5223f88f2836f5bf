//! The rest of WeChat's API: every path of the inventory, answered with an echo or as scripted.

use std::collections::HashMap;

use http::{Method, header::CONTENT_TYPE};
use hyper::body::Bytes;
use model::surface::{self, Body, ROWS, Row, Token};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::Simulator;
use super::call::{Answer, Call, Refusal, Reply, Route, parse_query, refuse};

/// A green rectangle, for paths that answer a file.
const JPEG: &[u8] = include_bytes!("media/demo.jpg");

pub(super) fn routes() -> Vec<Route> {
    ROWS.iter().map(|row| Route::any(row.path, echo)).collect()
}

/// What a path answers instead of what it usually does.
#[derive(Clone, Debug)]
pub struct Script {
    content_type: Option<String>,
    body: Bytes,
    /// How many calls it answers. `None`: all.
    times: Option<u32>,
}

impl Script {
    /// Answers with JSON, as it is written.
    pub fn json(text: impl Into<String>) -> Script {
        Script { content_type: None, body: text.into().into(), times: None }
    }

    /// Answers with a file.
    pub fn file(content_type: &str, body: impl Into<Bytes>) -> Script {
        Script { content_type: Some(content_type.to_owned()), body: body.into(), times: None }
    }

    /// For so many calls, then no more.
    pub fn times(self, times: u32) -> Script {
        Script { times: Some(times), ..self }
    }
}

impl Simulator {
    /// Changes what a path answers to calls with a good token; a later script replaces it.
    pub fn script(&self, path: &str, script: Script) {
        self.state(|scripts: &mut Scripts| scripts.0.insert(path.to_owned(), script));
    }
}

#[derive(Default)]
struct Scripts(HashMap<String, Script>);

/// The scripted answer to a call, if there is one.
pub(super) fn scripted(call: &Call) -> Option<Answer> {
    let path = call.path();
    let has_script = call.simulator.state(|scripts: &mut Scripts| scripts.0.contains_key(path));
    if !has_script {
        return None;
    }
    if surface::rows(path).iter().any(|row| row.token == Token::Access)
        && let Err(refusal) = call.account()
    {
        return Some(Err(refusal));
    }
    call.simulator.state(|Scripts(scripts): &mut Scripts| {
        let script = scripts.get_mut(path)?;
        let reply = match &script.content_type {
            Some(content_type) => Reply::binary(content_type, script.body.clone()),
            None => Reply { body: script.body.clone(), ..Reply::json(&()) },
        };
        if let Some(left) = &mut script.times {
            *left -= 1;
            if *left == 0 {
                scripts.remove(path);
            }
        }
        Some(Ok(reply))
    })
}

#[derive(Serialize)]
struct Echoed<'a> {
    errcode: i64,
    errmsg: &'a str,
    echo: Echo<'a>,
}

/// What arrived.
#[derive(Serialize)]
struct Echo<'a> {
    method: &'a str,
    path: &'a str,
    query: Map<String, Value>,
    /// As it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<&'a RawValue>,
    /// Of other bodies, what they are said to be and how large they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    size: usize,
}

fn echo(call: &Call) -> Answer {
    let row = row(call)?;
    if row.token == Token::Access {
        call.account()?;
    }
    let content_type =
        call.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let json = body(call, row, content_type.unwrap_or_default())?;
    if row.answer == surface::Answer::Bytes {
        return Ok(Reply::binary("image/jpeg", JPEG));
    }
    let query = parse_query(call.request).into_iter();
    let query = query.filter(|(name, _)| name != "access_token");
    let echo = Echo {
        method: call.request.method().as_str(),
        path: row.path,
        query: query.map(|(name, value)| (name, value.into())).collect(),
        json,
        content_type: content_type.filter(|_| json.is_none()),
        size: call.request.body().len(),
    };
    let echoed = Echoed { errcode: 0, errmsg: "ok", echo };
    Ok(Reply { errcode: Some(0), ..Reply::json(&echoed) })
}

/// The row that the method of the call is for.
fn row(call: &Call) -> Result<&'static Row, Refusal> {
    let rows = surface::rows(call.path());
    let method = call.request.method();
    let here = rows.iter().find(|row| row.method.as_str() == method.as_str());
    here.ok_or_else(|| match *method {
        Method::POST => refuse(43001, "require GET method"),
        _ => refuse(43002, "require POST method"),
    })
}

/// The JSON of the body, where it is JSON; otherwise it must be what the row takes.
fn body<'a>(
    call: &Call<'a>,
    row: &Row,
    content_type: &str,
) -> Result<Option<&'a RawValue>, Refusal> {
    let body = &call.request.body()[..];
    let form = content_type.starts_with("multipart/form-data;");
    match row.body {
        Body::Query => Ok(None),
        Body::JsonEmpty if body.is_empty() => Ok(None),
        Body::Multipart | Body::MultipartOrJson | Body::MultipartOrQuery if form => Ok(None),
        Body::MultipartOrQuery if call.query("img_url").is_some() => Ok(None),
        Body::Multipart | Body::MultipartOrQuery => Err(refuse(41005, "media data missing")),
        Body::Bytes if body.is_empty() => Err(refuse(44001, "empty media data")),
        Body::Bytes => Ok(None),
        _ if body.is_empty() => Err(refuse(44002, "empty post data")),
        Body::Json | Body::JsonEmpty | Body::RawJson | Body::MultipartOrJson => {
            let json = serde_json::from_slice(body);
            json.map(Some).map_err(|_| refuse(47001, "data format error"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::{MINI, errcode, simulator};

    #[test]
    fn a_path_of_the_inventory_echoes_and_another_is_an_invalid_url() {
        let (_, simulator) = simulator();
        let token = simulator.token(MINI);
        let call = |path: &str, body: &str| {
            simulator.post(&format!("{path}?access_token={token}&a=b"), body)
        };

        let echo = &call("/cgi-bin/menu/create", r#"{"n":9007199254740993}"#)["echo"];

        assert_eq!(echo["json"], json!({ "n": 9_007_199_254_740_993_u64 }));
        assert_eq!(echo["query"], json!({ "a": "b" }));
        assert_eq!(errcode(&call("/cgi-bin/menu/creates", "{}")), 40066);
        assert_eq!(errcode(&call("/cgi-bin/menu/create", "")), 44002);
        assert_eq!(errcode(&call("/cgi-bin/menu/create", "{")), 47001);
        assert_eq!(errcode(&call("/cgi-bin/menu/get", "{}")), 43001);
        assert_eq!(errcode(&simulator.post("/cgi-bin/menu/create", "{}")), 41001);
    }

    #[test]
    fn a_script_answers_so_often_and_only_with_a_token() {
        let (_, simulator) = simulator();
        let path = format!("/cgi-bin/menu/get?access_token={}", simulator.token(MINI));
        simulator.script("/cgi-bin/menu/get", Script::json(r#"{"menu":1}"#).times(1));

        assert_eq!(errcode(&simulator.get("/cgi-bin/menu/get")), 41001);
        assert_eq!(simulator.get(&path), json!({ "menu": 1 }));
        assert_eq!(simulator.get(&path)["errcode"], 0);
    }
}

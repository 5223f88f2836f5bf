//! A simulator to test areas with.

use http::header::CONTENT_LENGTH;
use serde_json::{Value, json};

use hyper::body::Bytes;

use super::call::{Call, Reply};
use super::*;

pub(crate) const MINI: &str = "wx0000000000000001";
pub(crate) const SECOND_MINI: &str = "wx0000000000000002";
pub(crate) const OFFICIAL: &str = "wx0000000000000003";
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// At noon in China, 2026-11-20.
pub(crate) fn simulator() -> (Clock, Simulator) {
    let clock = Clock::frozen(1_795_147_200);
    let account = |appid, kind| Account::new(appid, kind, SECRET);
    let accounts = vec![
        account(MINI, AccountKind::MiniProgram),
        account(SECOND_MINI, AccountKind::MiniProgram),
        account(OFFICIAL, AccountKind::OfficialAccount),
    ];
    (clock.clone(), Simulator::new(&clock, accounts))
}

pub(crate) fn errcode(answer: &Value) -> i64 {
    answer.get("errcode").map_or(0, |code| code.as_i64().expect("errcode is a number"))
}

impl Simulator {
    pub(crate) fn get(&self, uri: &str) -> Value {
        self.ask(&request("GET", uri, ""))
    }

    pub(crate) fn post(&self, uri: &str, body: &str) -> Value {
        self.ask(&request("POST", uri, body))
    }

    /// A stable token, which does not change unless it has to.
    pub(crate) fn token(&self, appid: &str) -> String {
        let grant = "client_credential";
        let body = json!({ "grant_type": grant, "appid": appid, "secret": SECRET });
        let answer = self.post("/cgi-bin/stable_token", &body.to_string());
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Past journal and faults; `None` if the connection would be closed.
    pub(crate) async fn send(&self, method: &str, uri: &str, body: &str) -> Option<Reply> {
        self.respond(&request(method, uri, body), CALLER).await.ok()
    }

    fn ask(&self, request: &Request<Bytes>) -> Value {
        let reply = Call::new(self, request, CALLER).perform();
        serde_json::from_slice(&reply.body).expect("an answer in JSON")
    }
}

fn request(method: &str, uri: &str, body: &str) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(uri);
    let request = request.header(CONTENT_LENGTH, body.len());
    request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request")
}

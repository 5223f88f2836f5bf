//! What was asked of WeChat, and what it said.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

use super::Simulator;
use super::call::{Call, Reply};

/// How many calls are kept; the counts go on.
const KEPT: usize = 10_000;
/// How much of a body is kept.
const TEXT_LIMIT: usize = 16 * 1024;

/// One call to WeChat, or a push of WeChat's, whose path begins with `push `.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// 1 for the first call, and one more for each.
    pub sequence: u64,
    /// When it arrived, by WeChat's clock.
    pub at_ms: u64,
    /// GET, POST …
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As sent, secrets and all.
    pub query: String,
    /// As text, at most 16 KiB of it.
    pub body: String,
    /// The app it was about, as far as one can tell.
    pub appid: Option<String>,
    /// Absent until there is an answer, and if the connection was closed without one.
    pub status: Option<u16>,
    /// The verdict in the answer, if it has one.
    pub errcode: Option<i64>,
    /// As text, or the number of bytes if it is not text.
    pub answer: String,
    /// How long the answer really took.
    pub took_ms: u64,
}

/// The calls so far.
#[derive(Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
    counts: HashMap<String, usize>,
}

impl Simulator {
    /// The calls so far, oldest first; of very many, the last ten thousand.
    pub fn journal(&self) -> Vec<Entry> {
        self.state(|journal: &mut Journal| journal.entries("", 0))
    }

    /// How many calls there were to exactly this path.
    pub fn calls(&self, path: &str) -> usize {
        self.state(|journal: &mut Journal| journal.calls(path))
    }

    /// Forgets the calls so far.
    pub fn clear_journal(&self) {
        self.state(Journal::clear);
    }
}

impl Journal {
    /// Records a call on arrival, so that calls whose caller hangs up are recorded too.
    pub(super) fn arrived(&mut self, call: &Call, appid: Option<String>) -> u64 {
        self.add(Entry {
            sequence: 0,
            at_ms: call.now_ms(),
            method: call.request.method().to_string(),
            path: call.path().to_owned(),
            query: call.request.uri().query().unwrap_or_default().to_owned(),
            body: capped(&String::from_utf8_lossy(call.request.body())),
            appid,
            status: None,
            errcode: None,
            answer: String::new(),
            took_ms: 0,
        })
    }

    fn add(&mut self, entry: Entry) -> u64 {
        self.last += 1;
        *self.counts.entry(entry.path.clone()).or_default() += 1;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { sequence: self.last, ..entry });
        self.last
    }

    fn entry(&mut self, sequence: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|entry| entry.sequence == sequence)
    }

    /// Writes down what WeChat sends to the server of an app.
    pub(super) fn pushed(
        &mut self,
        at_ms: u64,
        method: &str,
        path: &str,
        query: &str,
        body: &str,
        appid: &str,
    ) -> u64 {
        self.add(Entry {
            sequence: 0,
            at_ms,
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: capped(body),
            appid: Some(appid.to_owned()),
            status: None,
            errcode: None,
            answer: String::new(),
            took_ms: 0,
        })
    }

    /// Adds what an app's server answered.
    pub(super) fn answered(
        &mut self,
        sequence: u64,
        status: Option<u16>,
        answer: &str,
        took: Duration,
    ) {
        if let Some(entry) = self.entry(sequence) {
            entry.took_ms = took.as_millis() as u64;
            entry.status = status;
            entry.answer = capped(answer);
        }
    }

    /// Adds how a call ended.
    pub(super) fn ended(&mut self, sequence: u64, reply: Option<&Reply>, took: Duration) {
        let Some(entry) = self.entry(sequence) else { return };
        entry.took_ms = took.as_millis() as u64;
        if let Some(reply) = reply {
            entry.status = Some(reply.status);
            entry.errcode = reply.errcode;
            entry.answer = match str::from_utf8(&reply.body) {
                Ok(text) => capped(text),
                Err(_) => format!("{} bytes", reply.body.len()),
            };
        }
    }

    /// The calls whose path begins so, after that one.
    pub(super) fn entries(&self, path: &str, since: u64) -> Vec<Entry> {
        let wanted = |entry: &&Entry| entry.sequence > since && entry.path.starts_with(path);
        self.entries.iter().filter(wanted).cloned().collect()
    }

    pub(super) fn calls(&self, path: &str) -> usize {
        self.counts.get(path).copied().unwrap_or(0)
    }

    /// Forgets the calls, but not how many there were, so that no number is given twice.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.counts.clear();
    }
}

fn capped(text: &str) -> String {
    match text.char_indices().find(|(at, _)| *at >= TEXT_LIMIT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, SECRET, simulator};

    #[tokio::test]
    async fn every_call_is_written_down() {
        let (clock, simulator) = simulator();
        let token = format!("grant_type=client_credential&appid={MINI}&secret={SECRET}");
        simulator.send("GET", &format!("/cgi-bin/token?{token}"), "").await.unwrap();
        simulator.send("POST", "/nowhere", &format!("{{\"appid\":\"{MINI}\"}}")).await.unwrap();

        let journal = simulator.journal();

        let [first, second] = &journal[..] else { panic!("{journal:?}") };
        assert_eq!((first.sequence, first.at_ms), (1, clock.now_ms()));
        assert_eq!((first.method.as_str(), first.query.as_str()), ("GET", token.as_str()));
        assert_eq!(
            (first.appid.as_deref(), first.status, first.errcode),
            (Some(MINI), Some(200), None)
        );
        assert!(first.answer.contains("access_token"));
        assert_eq!((second.appid.as_deref(), second.errcode), (Some(MINI), Some(40066)));
        assert!(second.body.contains("appid"));
        assert_eq!((simulator.calls("/cgi-bin/token"), simulator.calls("/other")), (1, 0));

        simulator.clear_journal();
        assert_eq!((simulator.journal().len(), simulator.calls("/cgi-bin/token")), (0, 0));
    }

    #[tokio::test]
    async fn a_token_tells_the_app_and_long_bodies_are_cut() {
        let (_, simulator) = simulator();
        let token = simulator.token(MINI);

        let path = format!("/cgi-bin/clear_quota?access_token={token}");
        simulator.send("POST", &path, &"é".repeat(TEXT_LIMIT)).await.unwrap();

        let entry = &simulator.journal()[0];
        assert_eq!((entry.appid.as_deref(), entry.errcode), (Some(MINI), Some(47001)));
        assert_eq!(entry.body.len(), TEXT_LIMIT + "…".len());
    }
}

//! Notifications: sealed, signed anew for every attempt, and repeated by WeChat Pay's table.
//!
//! WeChat: [payment][payment], [refund][refund]
//!
//! [payment]: https://pay.weixin.qq.com/doc/v3/merchant/4012791861
//! [refund]: https://pay.weixin.qq.com/doc/v3/merchant/4013070388

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{Pay, PayFault, State, call::signature_headers, keys, time};

/// Seconds until the next attempt, after each that failed.
const TABLE: [u64; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// An answer must come within this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the queue is looked at while the simulator serves.
const LOOK: Duration = Duration::from_millis(100);

/// What there is to tell.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) mchid: String,
    pub(super) url: String,
    pub(super) event_type: Cow<'static, str>,
    pub(super) original_type: Cow<'static, str>,
    pub(super) summary: Cow<'static, str>,
    pub(super) content: Value,
}

/// The notifications, done and to be done.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Queue {
    all: Vec<Notification>,
    /// Those with another attempt before them, by its time.
    due: BTreeSet<(u64, usize)>,
    /// By the numbers of the order and the refund they tell of.
    by_number: HashMap<String, Vec<usize>>,
    held: bool,
}

#[derive(Serialize, Deserialize)]
struct Notification {
    id: String,
    created_at: u64,
    event: Event,
    /// When the next attempt is due; `None` if there is none.
    due_at: Option<u64>,
    /// The status of each attempt; 0 where there was no answer.
    attempts: Vec<u16>,
    /// The next attempt is a probe.
    probe: bool,
    /// Comes twice even though it is taken.
    again: bool,
}

impl Queue {
    fn add(&mut self, notification: Notification) {
        let at = self.all.len();
        for name in ["out_trade_no", "out_refund_no"] {
            if let Some(number) = notification.event.content[name].as_str() {
                self.by_number.entry(number.to_owned()).or_default().push(at);
            }
        }
        self.due.extend(notification.due_at.map(|due_at| (due_at, at)));
        self.all.push(notification);
    }

    /// Sets when the next attempt is due.
    fn schedule(&mut self, at: usize, due_at: Option<u64>) {
        let earlier = std::mem::replace(&mut self.all[at].due_at, due_at);
        if let Some(earlier) = earlier {
            self.due.remove(&(earlier, at));
        }
        self.due.extend(due_at.map(|due_at| (due_at, at)));
    }

    pub(super) fn shown(&self) -> Value {
        let show = |notification: &Notification| {
            let content = &notification.event.content;
            json!({
                "id": notification.id,
                "event_type": notification.event.event_type,
                "out_trade_no": content["out_trade_no"],
                "transaction_id": content["transaction_id"],
                "attempts": notification.attempts,
                "due_at": notification.due_at,
            })
        };
        self.all.iter().map(show).collect()
    }
}

/// Puts a notification into the queue, or two, or none, as the faults have it.
pub(super) fn enqueue(state: &mut State, event: Event, now: u64) {
    const LATE: u64 = 25 * 3600;
    let mut met = |fault| state.faults.meet(fault);
    let due_at = if met(PayFault::NotifyNever) {
        None
    } else if met(PayFault::NotifyLate) {
        Some(now + LATE)
    } else {
        Some(now)
    };
    let (probe, again, twin) =
        (met(PayFault::SigntestNotify), met(PayFault::NotifyTwice), met(PayFault::NotifyNewId));
    let mut push = |event: Event| {
        let number = state.next_id();
        state.queue.add(Notification {
            id: format!("{number:08x}-5a5a-5111-8222-{number:012x}"),
            created_at: now,
            event,
            due_at,
            attempts: Vec::new(),
            probe,
            again,
        });
    };
    if twin {
        push(event.clone());
    }
    push(event);
}

/// A notification ready to be sent.
struct Ready {
    index: usize,
    request: Request<Bytes>,
}

impl Pay {
    /// Holds notifications back, or lets them go.
    pub fn hold_notifications(&self, held: bool) {
        self.state().queue.held = held;
    }

    /// Sends the notification of a payment or refund again, with the same id and a new signature:
    /// returns how many there were with this number.
    pub fn notify_again(&self, number: &str) -> usize {
        let now = self.now();
        let mut state = self.state();
        let found = state.queue.by_number.get(number).cloned().unwrap_or_default();
        for at in &found {
            state.queue.schedule(*at, Some(now));
        }
        found.len()
    }

    /// Notifies an address of something that is no order's: what the interface
    /// `/v3/security/echo` makes happen, or something a test invents.
    pub fn notify(&self, url: &str, event_type: &'static str, content: Value) {
        let now = self.now();
        let mut state = self.state();
        let mchid = state.merchants.first().map(|m| m.mchid.clone()).unwrap_or_default();
        let event = Event {
            mchid,
            url: url.to_owned(),
            event_type: event_type.into(),
            original_type: "transaction".into(),
            summary: "通知".into(),
            content,
        };
        enqueue(&mut state, event, now);
    }

    /// What a merchant is posted after a call of `/v3/security/echo`, signed now.
    pub fn echo(&self, url: &str) -> Request<Bytes> {
        let content = json!({ "echo_message": "hello" });
        self.notify(url, "SECURITY_ECHO.SUCCESS", content);
        let mut state = self.state();
        let index = state.queue.all.len() - 1;
        self.prepare(&mut state, index, self.now()).request
    }

    /// Sends every notification that is due, and returns how many that were.
    pub async fn deliver_due(&self) -> usize {
        self.deliver_by(async |request| {
            tokio::time::timeout(PATIENCE, post(request)).await.ok().flatten()
        })
        .await
    }

    /// The same by other means than the network: `carry` returns the status it is answered with.
    pub async fn deliver_by(&self, carry: impl AsyncFn(Request<Bytes>) -> Option<u16>) -> usize {
        self.settle();
        let ready = self.due();
        let count = ready.len();
        for Ready { index, request } in ready {
            let status = carry(request).await.unwrap_or(0);
            let now = self.now();
            let mut state = self.state();
            let notification = &mut state.queue.all[index];
            notification.attempts.push(status);
            let taken = matches!(status, 200 | 204);
            let due_at = if taken {
                std::mem::take(&mut notification.again).then_some(now)
            } else {
                TABLE.get(notification.attempts.len() - 1).map(|after| now + after)
            };
            state.queue.schedule(index, due_at);
        }
        count
    }

    /// Delivers until it is dropped.
    pub async fn keep_delivering(self) {
        loop {
            if self.deliver_due().await == 0 {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// What is due now, sealed and signed.
    fn due(&self) -> Vec<Ready> {
        let now = self.now();
        let mut state = self.state();
        if state.queue.held {
            return Vec::new();
        }
        let mut ready = Vec::new();
        while let Some(&(due_at, index)) = state.queue.due.first()
            && due_at <= now
        {
            ready.push(self.prepare(&mut state, index, now));
        }
        ready
    }

    fn prepare(&self, state: &mut State, index: usize, now: u64) -> Ready {
        let drawn = state.next_id();
        let share = state.faults.meet_any(|fault| match fault {
            PayFault::SerialSwitch(percent) => Some(percent),
            _ => None,
        });
        let key = match share {
            Some(percent) if drawn.wrapping_mul(61) % 100 >= u64::from(percent) => {
                self.certificate(&mut state.faults)
            }
            _ => &self.0.public_key,
        };
        let at = state.faults.skewed(now);
        // Not sent twice at the same time.
        state.queue.schedule(index, None);
        let notification = &mut state.queue.all[index];
        let probe = std::mem::take(&mut notification.probe);
        let Event { mchid, url, event_type, original_type, summary, content } = &notification.event;
        let (mchid, url) = (mchid.clone(), url.clone());
        let plain = content.to_string();
        let mut body = json!({
            "id": notification.id,
            "create_time": time::rfc3339(notification.created_at),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": summary,
            "resource": {
                "original_type": original_type,
                "algorithm": "AEAD_AES_256_GCM",
                "associated_data": original_type,
            },
        });
        let apiv3_key = state.merchant(&mchid).map(|m| m.apiv3_key.clone()).unwrap_or_default();
        let nonce = format!("{drawn:012}");
        let sealed = keys::seal(
            &apiv3_key,
            &nonce,
            body["resource"]["original_type"].as_str().unwrap_or_default(),
            plain.as_bytes(),
        );
        body["resource"]["nonce"] = json!(nonce);
        body["resource"]["ciphertext"] = json!(sealed);
        let body = body.to_string().into_bytes();
        let nonce = format!("{drawn:032x}");
        let headers = signature_headers(key, at, &nonce, &body, probe);
        let mut request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "*/*")
            .header(header::USER_AGENT, "Mozilla/4.0")
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::PRAGMA, "no-cache");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Bytes::from(body)).expect("a URL that was checked");
        Ready { index, request }
    }
}

/// Posts to a merchant on this machine; `None` if there is no answer.
async fn post(request: Request<Bytes>) -> Option<u16> {
    let uri = request.uri().clone();
    let authority = uri.authority()?.as_str().to_owned();
    // The simulator never speaks to the world: an address with TLS gets nothing.
    if uri.scheme_str() != Some("http") {
        return None;
    }
    let address = (uri.host()?, uri.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    parts.uri = uri.path().parse().ok()?;
    parts.headers.insert(header::HOST, authority.parse().ok()?);
    let response = sender.send_request(Request::from_parts(parts, Full::new(body))).await;
    let status = match response {
        Ok(response) => {
            let status = response.status().as_u16();
            let _ = response.into_body().collect().await;
            Some(status)
        }
        Err(_) => None,
    };
    connection.abort();
    status
}

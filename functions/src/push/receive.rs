//! `GET` and `POST /push/receive/<appid>`
//!
//! WeChat: [message push][doc]
//!
//! [doc]: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Error, Http, Input, Operation, Problem, RawRequest, Result, Text,
    Uses,
    capability::{Outbox, OutboxCalls, PushKeys, ReadPushKeys},
    message,
    table::OutboxEvent,
};

use super::{
    crypto::Keys,
    message::Message,
    verify::{Candidate, Receiver, Refusal, Request, Verified},
};

/// Receives messages and events from WeChat and publishes them on the event bus.
///
/// Enter `https://<your domain>/push/receive/<appid>` as the URL of message push in WeChat's console.
/// A request that WeChat did not sign is refused with 403, whatever is wrong with it. WeChat is
/// answered `success` once the message is stored; copies of it change nothing.
///
/// 接收微信推送的消息与事件，并发布到事件总线。
///
/// 请在微信后台的消息推送配置中，将 URL 填为 `https://<your domain>/push/receive/<appid>`。非微信签
/// 名的请求，无论错在何处，一律以 403 拒绝。消息存储后即应答 `success`；重复推送不产生影响。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receive {
    #[serde(skip)]
    #[schemars(skip)]
    request: RawRequest,
}

impl Operation for Receive {
    const ID: &'static str = "push.receive";
    const HTTP: Http = Http { files: &["/push/receive/*"], ..Http::RAW };
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html",
        "https://developers.weixin.qq.com/doc/service/guide/dev/push/",
        "https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html",
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::Forbidden, Problem::BodyTooLarge];
    /// The check that WeChat makes when the URL is entered, at noon on 20 November 2026.
    const EXAMPLE: &'static str = r#"{"path":"/push/receive/wx1111111111111111","query":"signature=d41c7eeaafca33f6c4c398872115ea2f293b8883&echostr=5577006791947779410&timestamp=1795147200&nonce=953418581"}"#;
    type Uses = (PushKeys, Outbox);
    type Output = Text;

    fn read(input: Input) -> Result<Receive> {
        input.request().map(|request| Receive { request })
    }

    async fn run(self, (keys, outbox): Uses<'_, Self>, _caller: &Caller) -> Result<Text> {
        match verified(&self.request, keys).await? {
            Verified::Echo(echo) => Ok(Text::plain(echo)),
            Verified::Message { appid, message } => store(&appid, message, outbox).await,
        }
    }
}

/// Reads the keys that may fit and verifies the request with them.
async fn verified(request: &RawRequest, keys: ReadPushKeys<'_>) -> Result<Verified> {
    let request = Request {
        method: &request.method,
        path: &request.path,
        raw_query: &request.query,
        body: &request.body,
    };
    let candidate = Candidate::read(request, keys.now()).map_err(refused)?;
    let mut receivers = Vec::new();
    for (account, mode) in keys.receivers() {
        if candidate.appid().is_none_or(|named| named == account.appid) {
            let keys = Keys::read(keys.read(account).await?.expose())?;
            receivers.push((account.appid.as_str(), mode, keys));
        }
    }
    let receivers: Vec<Receiver<'_>> =
        receivers.iter().map(|(appid, mode, keys)| Receiver { appid, mode: *mode, keys }).collect();
    candidate.verify(&receivers).map_err(refused)
}

/// One answer for everything that is forged, so that it says nothing about what was wrong.
fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Method => {
            Error::new(Problem::MethodNotAllowed, ["Use GET or POST.", "请使用 GET 或 POST。"])
        }
        Refusal::TooLarge => {
            let detail = message!(
                "The body must be at most {} bytes.",
                "正文最多 {} 字节。",
                super::verify::BODY_LIMIT
            );
            Error::new(Problem::BodyTooLarge, detail)
        }
        Refusal::Forged(reason) => Error::new(
            Problem::Forbidden,
            ["The request was not signed by WeChat.", "请求不是由微信签名的。"],
        )
        .because(format!("push: {reason}")),
    }
}

/// Writes a message down, once, and only then says that it was received.
async fn store(appid: &str, message: Message, outbox: OutboxCalls<'_>) -> Result<Text> {
    let answer = message.answer();
    let is_media_check = message.event() == Some("wxa_media_check");
    let detail = message.detail(appid, outbox.now());
    let media_check = detail.data.get("trace_id").and_then(|id| id.as_str());
    let media_check = media_check.filter(|_| is_media_check).map(str::to_owned);
    let event = OutboxEvent {
        detail: serde_json::to_string(&detail).map_err(Error::internal)?,
        id: detail.id,
        detail_type: detail.kind,
    };
    outbox.put(&event, media_check.as_deref()).await?;
    Ok(Text::plain(answer))
}

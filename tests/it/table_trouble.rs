//! A DynamoDB in trouble: what a proxy before the embedded one loses or refuses.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Request;
use shared::transport::Transport;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::Bundle;

/// What goes wrong with a call.
#[derive(Clone, Copy)]
pub(crate) enum Trouble {
    /// It is done, and its answer is lost.
    LoseAnswer,
    /// It is refused with this code, and nothing is done.
    Refuse(&'static str),
}

/// Trouble for so many calls that fit.
struct Standing {
    call: &'static str,
    about: &'static str,
    trouble: Trouble,
    times: u32,
}

/// A stack whose table is reached through a proxy.
pub(crate) struct Troubled {
    pub(crate) bundle: Bundle,
    standing: Arc<Mutex<Vec<Standing>>>,
    /// The table itself, with its stream and a bus.
    pub(crate) engine: Bundle,
}

impl Troubled {
    pub(crate) async fn start() -> Troubled {
        let engine = Bundle::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let standing: Arc<Mutex<Vec<Standing>>> = Arc::default();
        let (inner, transport) = (engine.stack.engine_url.clone(), Transport::new(None).unwrap());
        let shared = Arc::clone(&standing);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (inner, transport) = (inner.clone(), transport.clone());
                let standing = Arc::clone(&shared);
                tokio::spawn(async move {
                    serve(connection, &inner, &transport, &standing).await;
                });
            }
        });
        let bundle = Bundle::with(|options| options.dynamodb = Some(url)).await;
        Troubled { bundle, standing, engine }
    }

    /// Trouble for the next calls of a kind whose body has a text.
    pub(crate) fn meet(
        &self,
        call: &'static str,
        about: &'static str,
        trouble: Trouble,
        times: u32,
    ) {
        self.standing.lock().unwrap().push(Standing { call, about, trouble, times });
    }

    /// Ends all trouble.
    pub(crate) fn relieve(&self) {
        self.standing.lock().unwrap().clear();
    }

    /// Whether all trouble was met.
    pub(crate) fn is_over(&self) -> bool {
        self.standing.lock().unwrap().iter().all(|standing| standing.times == 0)
    }
}

/// Answers one connection until it closes or an answer is lost; `None` is either.
async fn serve(
    mut connection: TcpStream,
    inner: &str,
    transport: &Transport,
    standing: &Mutex<Vec<Standing>>,
) -> Option<()> {
    let mut received = Vec::new();
    loop {
        let head_end = loop {
            match received.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => (connection.read_buf(&mut received).await.ok()? > 0).then_some(())?,
            }
        };
        let head = String::from_utf8(received[..head_end].to_vec()).ok()?;
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (found, value) = line.split_once(": ")?;
                found.eq_ignore_ascii_case(name).then(|| value.to_owned())
            })
        };
        let length: usize = header("content-length")?.parse().ok()?;
        while received.len() < head_end + length {
            (connection.read_buf(&mut received).await.ok()? > 0).then_some(())?;
        }
        let body = received[head_end..head_end + length].to_vec();
        received.drain(..head_end + length);
        let target = header("x-amz-target")?;
        let trouble = {
            let (target, body) = (target.clone(), String::from_utf8_lossy(&body).into_owned());
            let mut standing = standing.lock().unwrap();
            let met = standing.iter_mut().find(|standing| {
                standing.times > 0
                    && target.ends_with(standing.call)
                    && body.contains(standing.about)
            });
            met.map(|standing| {
                standing.times -= 1;
                standing.trouble
            })
        };
        let (status, answer) = if let Some(Trouble::Refuse(code)) = trouble {
            let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
            (400, serde_json::json!({ "__type": code, "message": "" }).to_string().into_bytes())
        } else {
            let request = Request::post(inner)
                .header("content-type", header("content-type")?)
                .header("authorization", header("authorization")?)
                .header("x-amz-date", header("x-amz-date")?)
                .header("x-amz-target", target)
                .body(body.into())
                .ok()?;
            let answer = transport.send(request, Duration::from_secs(5), 16 << 20).await.ok()?;
            (answer.status().as_u16(), answer.into_body().to_vec())
        };
        if let Some(Trouble::LoseAnswer) = trouble {
            return None;
        }
        let head = format!(
            "HTTP/1.1 {status} \r\ncontent-type: application/x-amz-json-1.0\r\n\
             content-length: {}\r\n\r\n",
            answer.len()
        );
        connection.write_all(head.as_bytes()).await.ok()?;
        connection.write_all(&answer).await.ok()?;
    }
}

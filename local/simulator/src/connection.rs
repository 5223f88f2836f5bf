//! Answering over HTTP: connections, and what a fault does to them.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
};

use super::{Simulator, call::Reply, guard, push};

impl Simulator {
    /// Answers until it is dropped, and all connections with it.
    pub async fn serve(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        connections.spawn(push::courier(self.clone()));
        connections.spawn(self.pay().clone().keep_delivering());
        loop {
            let Ok((stream, caller)) = listener.accept().await else {
                // Out of sockets: those in use have to end first.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            // Answers are small and in one piece; waiting for more to send only costs time.
            let _ = stream.set_nodelay(true);
            connections.spawn(self.clone().converse(stream, caller.ip()));
        }
    }

    /// Answers on one connection until it ends.
    pub async fn converse(
        self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        caller: IpAddr,
    ) {
        let service = service_fn(move |request| {
            let simulator = self.clone();
            async move { simulator.receive(request, caller).await }
        });
        // It ends badly when a fault wants it to, or when the caller goes away.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// Reads a request and has it answered. An error closes the connection.
    async fn receive(
        self,
        request: Request<Incoming>,
        caller: IpAddr,
    ) -> io::Result<Response<Payload>> {
        if let Err(foreign) = guard::check(request.method(), request.headers(), self.reach()) {
            let refusal = json!({ "error": foreign.to_string() }).to_string();
            return Ok(response(Reply::raw(403, "application/json", refusal)));
        }
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?;
        let request = Request::from_parts(parts, body.to_bytes());
        // On its own, because WeChat acts on what it has read though the caller has hung up.
        let reply = tokio::spawn(async move { self.respond(&request, caller).await }).await?;
        reply.map(response).map_err(io::Error::other)
    }
}

type Payload = Either<Full<Bytes>, Cut>;

fn response(reply: Reply) -> Response<Payload> {
    let truncated = reply.truncated;
    reply.into_response().map(|body| {
        if truncated {
            let half = body.slice(..body.len() / 2);
            Either::Right(Cut { promised: body.len() as u64, half: Some(half), flushed: false })
        } else {
            Either::Left(Full::new(body))
        }
    })
}

/// A body that promises its length and stops half way.
struct Cut {
    promised: u64,
    half: Option<Bytes>,
    flushed: bool,
}

impl Body for Cut {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if !self.flushed {
            // A pause, in which the half is sent; otherwise it would be dropped with the rest.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

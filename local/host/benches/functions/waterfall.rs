//! When a cold start reaches what it talks to, seen from there.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Instant,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a server sees of a new connection, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// TCP is up.
    Connected,
    /// So is TLS.
    Greeted,
    /// The request is here.
    Asked,
    /// The answer is on its way.
    Answered,
}

/// The first time of each step at each server since the last start.
#[derive(Clone, Default)]
pub(crate) struct Waterfall(Arc<Mutex<Vec<Seen>>>);

/// A step at a server, and when it was.
pub(crate) type Seen = (&'static str, Step, Instant);

impl Waterfall {
    /// Forgets the last start.
    pub(crate) fn clear(&self) {
        self.seen().clear();
    }

    /// What was seen since then.
    pub(crate) fn steps(&self) -> Vec<Seen> {
        self.seen().clone()
    }

    /// Notes the time, if it is the first.
    pub(crate) fn note(&self, server: &'static str, step: Step) {
        let mut seen = self.seen();
        if !seen.iter().any(|(at, is, _)| (*at, *is) == (server, step)) {
            seen.push((server, step, Instant::now()));
        }
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream whose first bytes in each direction are noted.
pub(crate) struct Watched<S> {
    /// The stream.
    pub(crate) stream: S,
    /// Whose it is.
    pub(crate) server: &'static str,
    /// Where it is noted.
    pub(crate) waterfall: Waterfall,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        // No bytes are the end.
        if buffer.filled().len() > before {
            self.waterfall.note(self.server, Step::Asked);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.waterfall.note(self.server, Step::Answered);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

//! Connections that are opened before there is a request for them.
//!
//! reqwest connects only for a request. For an early connection, a request is begun and dropped as
//! soon as it connects, before a byte is sent: [`EarlyLayer`] goes on connecting in the background
//! and hands the connection to the first real request to the same origin.

use std::{
    cell::Cell,
    collections::HashMap,
    convert::Infallible,
    error::Error,
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use reqwest::Url;
use ring::rand::SystemRandom;
use rustls::crypto::{GetRandomFailed, SecureRandom};
use tokio::{sync::oneshot, task::JoinHandle};
use tower_layer::Layer;
use tower_service::Service;

/// Name, TCP and TLS together must be done within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// An early connection is not used after this time: the environment may have been frozen since,
/// and the other side may be gone.
const EARLY_LIFE: Duration = Duration::from_secs(10);

tokio::task_local! {
    /// Where the request at work goes: reqwest does not show it to the layers of its connector.
    static URL: Url;

    /// Set while an early connection is begun and made. Dropped as soon as TCP is up.
    static UP: Cell<Option<oneshot::Sender<Infallible>>>;
}

/// What a connection can be used for: scheme, host and port.
type Origin = String;

/// Where the request at work goes, as far as a connection matters.
fn origin() -> Option<Origin> {
    URL.try_with(|url| url.origin().ascii_serialization()).ok()
}

/// Runs a request to `url`, which takes the early connection if there is one.
pub(super) async fn request<F: Future>(url: Url, request: F) -> F::Output {
    URL.scope(url, request).await
}

/// Begins to connect to the host of `url` by means of a request, which is not sent.
///
/// The returned future ends when TCP is up and the ClientHello of TLS is on its way, or when
/// connecting failed.
pub(super) fn connect<F: Future>(url: Url, request: F) -> impl Future<Output = ()> + use<F> {
    let (up, is_up) = oneshot::channel();
    // The first poll comes as far as `EarlyConnector::call`, which needs no more.
    let _ = URL.scope(url, UP.scope(Cell::new(Some(up)), request)).now_or_never();
    // The receiver resolves when the sender is dropped; no value is ever sent.
    is_up.map(drop)
}

/// rustls draws the random bytes of its ClientHello as soon as TCP is up.
#[derive(Debug)]
pub(super) struct HelloRandom;

impl SecureRandom for HelloRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        let _ = UP.try_with(Cell::take);
        ring::rand::SecureRandom::fill(&SystemRandom::new(), bytes).map_err(|_| GetRandomFailed)
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// An early connection at work or done, and when it was done.
type Early<C> = JoinHandle<Result<(C, Instant), BoxError>>;

/// Keeps one early connection per origin. `C` is reqwest's connection, which cannot be named.
pub(super) struct EarlyLayer<C>(Arc<Mutex<HashMap<Origin, Early<C>>>>);

impl<C> EarlyLayer<C> {
    fn keep(&self, origin: Origin, early: Early<C>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(origin, early);
    }

    fn take(&self, origin: &Origin) -> Option<Early<C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(origin)
    }
}

impl<C> Default for EarlyLayer<C> {
    fn default() -> EarlyLayer<C> {
        EarlyLayer(Arc::default())
    }
}

impl<C> Clone for EarlyLayer<C> {
    fn clone(&self) -> EarlyLayer<C> {
        EarlyLayer(Arc::clone(&self.0))
    }
}

impl<S, C> Layer<S> for EarlyLayer<C> {
    type Service = EarlyConnector<S, C>;

    fn layer(&self, connector: S) -> EarlyConnector<S, C> {
        EarlyConnector { connector, early: self.clone() }
    }
}

/// A connector that uses early connections, and connects within [`CONNECT_TIMEOUT`].
pub(super) struct EarlyConnector<S, C> {
    connector: S,
    early: EarlyLayer<C>,
}

impl<S: Clone, C> Clone for EarlyConnector<S, C> {
    fn clone(&self) -> EarlyConnector<S, C> {
        EarlyConnector { connector: self.connector.clone(), early: self.early.clone() }
    }
}

impl<S, C, R> Service<R> for EarlyConnector<S, C>
where
    S: Service<R, Response = C, Error: Into<BoxError>, Future: Send + 'static>,
    C: Send + 'static,
{
    type Response = C;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.connector.call(request);
        let connecting =
            async { tokio::time::timeout(CONNECT_TIMEOUT, connecting).await?.map_err(Into::into) };
        let origin = origin();
        if let Ok(up) = UP.try_with(Cell::take) {
            if let Some(origin) = origin {
                let connecting = UP.scope(Cell::new(up), connecting);
                let connecting = async { Ok((connecting.await?, Instant::now())) };
                self.early.keep(origin, tokio::spawn(connecting));
            }
            return Box::pin(pending());
        }
        let early = origin.and_then(|origin| self.early.take(&origin));
        Box::pin(async move {
            if let Some(early) = early
                && let Ok(Ok((connection, at))) = early.await
                && at.elapsed() < EARLY_LIFE
            {
                return Ok(connection);
            }
            connecting.await
        })
    }
}

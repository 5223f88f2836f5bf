//! The one HTTP client: it talks to WeChat and carries the AWS SDK's requests.

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector as SdkConnector, HttpConnectorFuture, HttpConnectorSettings,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle};
use tower_service::Service;

/// TCP and TLS together must be up within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// An idle connection is dropped after this time, before the other side does it silently.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection that was opened early is of no use after this time: the environment may have been
/// frozen since, and the other side may have gone.
const EARLY_LIFE: Duration = Duration::from_secs(10);

/// An HTTP/1.1 client with keep-alive, TLS by rustls and ring, and no proxy.
#[derive(Clone)]
pub struct Transport {
    client: Client<Connector, Full<Bytes>>,
    connector: Connector,
    tcp: HttpConnector,
    tls: Arc<rustls::ClientConfig>,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection: nothing was sent.
    #[error("cannot connect")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The time is over; the request may have been acted upon.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection broke; the request may have been acted upon.
    #[error("the connection broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// Whether the other side cannot have seen the request.
    pub fn nothing_was_sent(&self) -> bool {
        matches!(self, Failure::Connect(_))
    }
}

impl Transport {
    /// A client that trusts the web's certificate authorities and those in the PEM file
    /// `ca_bundle`.
    ///
    /// # Errors
    /// The file cannot be read or holds no certificate.
    pub fn new(ca_bundle: Option<&str>) -> Result<Transport, String> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca_bundle {
            let broken = |why: &dyn fmt::Display| format!("AWS_CA_BUNDLE {path}: {why}");
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| broken(&e))? {
                let certificate = certificate.map_err(|e| broken(&e))?;
                roots.add(certificate).map_err(|e| broken(&e))?;
            }
        }
        let mut provider = rustls::crypto::ring::default_provider();
        // AES-128 first, as browsers have it: its SHA-256 has instructions of its own.
        provider.cipher_suites.sort_by_key(|suite| suite.suite() != TLS13_AES_128_GCM_SHA256);
        let tls = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Transport::over(Arc::new(tls)))
    }

    /// The same trust with connections of its own.
    pub fn apart(&self) -> Transport {
        Transport::over(self.tls())
    }

    fn over(tls: Arc<rustls::ClientConfig>) -> Transport {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Plain HTTP is for the loopback only; `Config` sees to that.
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config((*tls).clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp.clone());
        let connector = Connector { connector, early: Arc::default() };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(connector.clone());
        Transport { client, connector, tcp, tls }
    }

    /// Begins to connect to the host of a URL, so that the first request there finds a connection.
    ///
    /// The pool can only connect for a request; this is for the time before there is one.
    /// What is returned ends when TCP is up or failed, and the greeting of TLS is on its way: the
    /// time to do what needs no network.
    pub(crate) fn connect_early(&self, url: &str) -> impl Future<Output = ()> + use<> {
        let (up, is_up) = oneshot::channel();
        if let Ok(uri) = url.parse::<Uri>()
            && let Some(origin) = origin(&uri)
        {
            let tcp = Noticed { tcp: self.tcp.clone(), up: Some(up) };
            let mut connector = HttpsConnector::from((tcp, self.tls()));
            let task =
                tokio::spawn(
                    async move { Ok((within(connector.call(uri)).await?, Instant::now())) },
                );
            self.connector.early().insert(origin, task);
        }
        // Nobody sends: that the sender is gone is the message.
        is_up.map(drop)
    }

    /// Whom it trusts, for connections of another kind.
    pub(crate) fn tls(&self) -> Arc<rustls::ClientConfig> {
        Arc::clone(&self.tls)
    }

    /// Sends a request and reads the whole response of at most `limit` bytes.
    ///
    /// # Errors
    /// Tells whether the other side can have seen the request.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        timeout: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, Failure> {
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| {
                if error.is_connect() {
                    Failure::Connect(error.into())
                } else {
                    Failure::Broken(error.into())
                }
            })?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, limit).collect().await.map_err(Failure::Broken)?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(Failure::Timeout(timeout)))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// Connects within [`CONNECT_TIMEOUT`], TLS handshake included.
#[derive(Clone)]
struct Connector {
    connector: HttpsConnector<HttpConnector>,
    /// Connections that were opened early and nobody has taken yet, by scheme and authority.
    early: Arc<Mutex<Early>>,
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Early = HashMap<String, JoinHandle<Result<(Stream, Instant), BoxError>>>;

impl Connector {
    fn early(&self) -> MutexGuard<'_, Early> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn within(
    connecting: impl Future<Output = Result<Stream, BoxError>>,
) -> Result<Stream, BoxError> {
    tokio::time::timeout(CONNECT_TIMEOUT, connecting).await?
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let early = origin(&uri).and_then(|origin| self.early().remove(&origin));
        let connecting = within(self.connector.call(uri));
        Box::pin(async move {
            if let Some(early) = early
                && let Ok(Ok((stream, at))) = early.await
                && at.elapsed() < EARLY_LIFE
            {
                return Ok(stream);
            }
            connecting.await
        })
    }
}

/// A TCP connector that lets go of `up` when it is done.
struct Noticed {
    tcp: HttpConnector,
    up: Option<oneshot::Sender<Infallible>>,
}

impl Service<Uri> for Noticed {
    type Response = <HttpConnector as Service<Uri>>::Response;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, up) = (self.tcp.call(uri), self.up.take());
        Box::pin(async move {
            let connected = connecting.await;
            drop(up);
            connected
        })
    }
}

/// What a connection is good for.
fn origin(uri: &Uri) -> Option<String> {
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// What the SDK may read of a response; DynamoDB's items end at 400 KB.
const SDK_RESPONSE_LIMIT: usize = 4 << 20;

/// The SDK bounds its own calls; this only ends what it forgot.
const SDK_TIMEOUT: Duration = Duration::from_secs(10);

impl HttpClient for Transport {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl SdkConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.clone();
        HttpConnectorFuture::new(async move {
            let request =
                request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            // Both services used here speak JSON: a body is always in memory.
            let body = Bytes::copy_from_slice(body.bytes().unwrap_or_default());
            let request = Request::from_parts(parts, Full::new(body));
            let response = transport.send(request, SDK_TIMEOUT, SDK_RESPONSE_LIMIT).await.map_err(
                |failure| match failure {
                    Failure::Timeout(_) => ConnectorError::timeout(failure.into()),
                    failure => ConnectorError::io(failure.into()),
                },
            )?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    fn get(url: &str) -> Request<Full<Bytes>> {
        Request::get(url).body(Full::default()).unwrap()
    }

    async fn answer(stream: &mut TcpStream) {
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(ANSWER).await.unwrap();
    }

    #[tokio::test]
    async fn an_early_connection_serves_the_first_request() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let transport = Transport::new(None).unwrap();

        let is_up = transport.connect_early(&url);

        // Connected before there is a request, and no other connection is ever answered.
        let accepted = tokio::time::timeout(Duration::from_secs(5), listener.accept()).await;
        let (mut early, _) = accepted.expect("nobody connects early").unwrap();
        let is_up = tokio::time::timeout(Duration::from_secs(5), is_up).await;
        is_up.expect("nobody tells that it is up");
        let request = transport.send(get(&url), Duration::from_secs(5), 1024);
        let answered = tokio::time::timeout(Duration::from_secs(5), answer(&mut early));
        let (response, answered) = tokio::join!(request, answered);
        answered.expect("the request connected anew");
        assert_eq!(response.unwrap().body(), "ok");
    }

    #[tokio::test]
    async fn a_request_connects_by_itself_where_connecting_early_failed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let url = format!("http://{address}/");
        let transport = Transport::new(None).unwrap();
        let is_over = transport.connect_early(&url);
        let is_over = tokio::time::timeout(Duration::from_secs(5), is_over).await;
        is_over.expect("nobody tells that it failed");
        let failed = transport.send(get(&url), Duration::from_secs(5), 1024).await;
        assert!(failed.unwrap_err().nothing_was_sent());

        let listener = TcpListener::bind(address).await.unwrap();
        let server = async { answer(&mut listener.accept().await.unwrap().0).await };
        let request = transport.send(get(&url), Duration::from_secs(5), 1024);
        let (response, ()) = tokio::join!(request, server);
        assert_eq!(response.unwrap().body(), "ok");
    }
}

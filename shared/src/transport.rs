//! The HTTP client: it calls WeChat and carries the AWS SDK's requests.

mod client;
mod early;
mod sdk;

use std::{error::Error, fmt, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use reqwest::Url;

/// An HTTP/1.1 client with keep-alive and TLS by rustls and ring, that follows no redirects and
/// uses no proxy.
#[derive(Clone)]
pub struct Transport {
    client: reqwest::Client,
    tls: Arc<rustls::ClientConfig>,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection: nothing was sent.
    #[error("cannot connect")]
    Connect(#[source] BoxError),
    /// The time is up; the request may have been acted upon.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection broke; the request may have been acted upon.
    #[error("the connection broke")]
    Broken(#[source] BoxError),
    /// The response is longer than the caller allows; the request may have been acted upon.
    #[error("the response has more than {0} bytes")]
    TooLarge(usize),
}

type BoxError = Box<dyn Error + Send + Sync>;

impl Failure {
    /// Whether the other side cannot have seen the request.
    pub fn nothing_was_sent(&self) -> bool {
        matches!(self, Failure::Connect(_))
    }
}

/// A URL may carry an access token: an error never keeps it.
impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Failure {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            Failure::Connect(error.into())
        } else {
            Failure::Broken(error.into())
        }
    }
}

impl Transport {
    /// A client that trusts the web's certificate authorities and those in the PEM file
    /// `ca_bundle`.
    ///
    /// # Errors
    /// The file cannot be read or holds no certificate.
    pub fn new(ca_bundle: Option<&str>) -> Result<Transport, String> {
        Ok(Transport::over(client::tls(ca_bundle)?.into(), None))
    }

    /// The same trust with connections of its own.
    pub fn apart(&self) -> Transport {
        Transport::over(Arc::clone(&self.tls), None)
    }

    /// The same trust with connections of its own, where every name leads to `address`.
    ///
    /// A host that is an address is not a name; a port in the URL replaces that of `address`.
    pub fn pinned(&self, address: SocketAddr) -> Transport {
        Transport::over(Arc::clone(&self.tls), Some(address))
    }

    fn over(tls: Arc<rustls::ClientConfig>, pinned: Option<SocketAddr>) -> Transport {
        Transport { client: client::client((*tls).clone(), pinned), tls }
    }

    /// Begins to connect to the host of a URL, so that the first request there finds a connection.
    ///
    /// The returned future ends when TCP is up or has failed, and the ClientHello of TLS is on its
    /// way: the time to do what needs no network.
    pub(crate) fn connect_early(&self, url: Url) -> impl Future<Output = ()> + use<> {
        early::connect(url.clone(), self.client.get(url).send())
    }

    /// Sends a request and reads the whole response of at most `limit` bytes.
    ///
    /// # Errors
    /// Tells whether the other side can have seen the request.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, Failure> {
        self.execute(request.try_into()?, timeout, limit).await
    }

    /// As [`Transport::send`], with a URL that need not be parsed again.
    pub(crate) async fn execute(
        &self,
        request: reqwest::Request,
        timeout: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, Failure> {
        let exchange = async {
            let url = request.url().clone();
            let response = early::request(url, self.client.execute(request)).await?;
            if response.content_length().is_some_and(|length| length > limit as u64) {
                return Err(Failure::TooLarge(limit));
            }
            let (parts, body) = Response::<reqwest::Body>::from(response).into_parts();
            let body = Limited::new(body, limit).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    return Failure::TooLarge(limit);
                }
                match error.downcast::<reqwest::Error>() {
                    Ok(error) => Failure::from(*error),
                    Err(error) => Failure::Broken(error),
                }
            })?;
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        task::JoinHandle,
    };

    use super::*;

    const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const SOON: Duration = Duration::from_secs(5);
    const SECRET: &str = "token-that-no-error-may-show";

    fn get(url: &str) -> Request<Bytes> {
        Request::get(url).body(Bytes::new()).unwrap()
    }

    fn transport() -> Transport {
        Transport::new(None).unwrap()
    }

    async fn listen() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        (listener, url)
    }

    /// Reads a request, gives an answer and ends.
    async fn answer(stream: &mut TcpStream, answer: &str) -> String {
        let mut request = vec![0; 4096];
        let read = tokio::time::timeout(SOON, stream.read(&mut request)).await;
        request.truncate(read.expect("no request comes").unwrap());
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    }

    /// A server of one answer, and the request it got.
    async fn server(response: &'static str) -> (String, JoinHandle<String>) {
        let (listener, url) = listen().await;
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            answer(&mut stream, response).await
        });
        (url, task)
    }

    #[tokio::test]
    async fn an_early_connection_serves_the_first_request() {
        let (listener, url) = listen().await;
        let transport = transport();

        let is_up = transport.connect_early(url.parse().unwrap());

        // Connected before there is a request, and no other connection is ever answered.
        let accepted = tokio::time::timeout(SOON, listener.accept()).await;
        let (mut early, _) = accepted.expect("there is no early connection").unwrap();
        tokio::time::timeout(SOON, is_up).await.expect("it does not report that it is up");
        let request = transport.send(get(&url), SOON, 1024);
        let (response, _) = tokio::join!(request, answer(&mut early, ANSWER));
        assert_eq!(response.unwrap().body(), "ok");
    }

    #[tokio::test]
    async fn a_request_connects_by_itself_where_connecting_early_failed() {
        let (listener, url) = listen().await;
        let address = listener.local_addr().unwrap();
        drop(listener);
        let transport = transport();
        let is_over = transport.connect_early(url.parse().unwrap());
        tokio::time::timeout(SOON, is_over).await.expect("it does not report that it failed");
        let failed = transport.send(get(&url), SOON, 1024).await;
        assert!(failed.unwrap_err().nothing_was_sent());

        let listener = TcpListener::bind(address).await.unwrap();
        let server = async { answer(&mut listener.accept().await.unwrap().0, ANSWER).await };
        let (response, _) = tokio::join!(transport.send(get(&url), SOON, 1024), server);
        assert_eq!(response.unwrap().body(), "ok");
    }

    #[tokio::test]
    async fn an_early_connection_is_for_its_own_origin() {
        let (early, early_url) = listen().await;
        let (other_url, other) = server(ANSWER).await;
        let transport = transport();
        transport.connect_early(early_url.parse().unwrap()).await;
        let (mut early, _) = early.accept().await.unwrap();

        transport.send(get(&other_url), SOON, 1024).await.unwrap();
        other.await.unwrap();

        let request = transport.send(get(&early_url), SOON, 1024);
        let (response, _) = tokio::join!(request, answer(&mut early, ANSWER));
        assert_eq!(response.unwrap().body(), "ok");
    }

    #[tokio::test]
    async fn an_early_connection_reports_before_the_other_side_answers() {
        let (listener, url) = listen().await;
        let is_up = transport().connect_early(url.replace("http:", "https:").parse().unwrap());
        let (mut silent, _) = listener.accept().await.unwrap();

        // Before the time to connect is up.
        let is_up = tokio::time::timeout(Duration::from_secs(1), is_up).await;

        is_up.expect("it waits for the other side");
        let mut hello = [0];
        silent.read_exact(&mut hello).await.unwrap();
        assert_eq!(hello, [22], "no handshake of TLS");
    }

    #[tokio::test]
    async fn a_request_has_its_length_and_no_needless_header() {
        let (url, request) = server(ANSWER).await;
        let body = Bytes::from_static("{\"a\":\"中\"}".as_bytes());
        let post = Request::post(format!("{url}a?b=c"))
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        transport().send(post, SOON, 1024).await.unwrap();
        let request = request.await.unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<&str> = head.split("\r\n").collect();
        lines[1..].sort_unstable();
        let host = url.strip_prefix("http://").unwrap().trim_end_matches('/');
        let expected = [
            "POST /a?b=c HTTP/1.1",
            "accept: */*",
            "content-length: 11",
            "content-type: application/json",
            &format!("host: {host}"),
        ];
        assert_eq!(lines, expected);
        assert_eq!(body, "{\"a\":\"中\"}");

        let (url, request) = server(ANSWER).await;
        transport().send(get(&url), SOON, 1024).await.unwrap();
        let request = request.await.unwrap();
        let host = url.strip_prefix("http://").unwrap().trim_end_matches('/');
        assert_eq!(request, format!("GET / HTTP/1.1\r\naccept: */*\r\nhost: {host}\r\n\r\n"));
    }

    /// The environment belongs to a process, so this starts one.
    #[test]
    fn proxies_of_the_environment_are_not_used() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let name = "transport::tests::a_request_has_its_length_and_no_needless_header";
        child.args(["--exact", name]);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            child.env(name, "http://127.0.0.1:9").env(name.to_lowercase(), "http://127.0.0.1:9");
        }
        let output = child.env_remove("NO_PROXY").output().unwrap();
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.contains("1 passed"), "{output}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_like_others() {
        let (url, _request) = server(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        let response = transport().send(get(&url), SOON, 1024).await.unwrap();
        assert_eq!(response.status(), 302);
    }

    #[tokio::test]
    async fn a_response_ends_at_its_limit() {
        for head in ["content-length: 11", "content-length: 99999999", "connection: close"] {
            let response = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\nhello world").leak();
            let (url, _request) = server(response).await;
            let failure = transport().send(get(&url), SOON, 10).await.unwrap_err();
            assert!(matches!(failure, Failure::TooLarge(10)), "{head}: {failure:?}");
        }
    }

    #[tokio::test]
    async fn an_error_never_shows_the_url() {
        let (listener, refused) = listen().await;
        drop(listener);
        let (broken, _) = server("").await;
        let (cut, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut").await;
        let (garbage, _) = server("garbage\r\n\r\n").await;
        let (_silent, late) = listen().await;
        let not_a_scheme = "ftp://127.0.0.1/".to_owned();
        for (url, sent) in [
            (refused, false),
            (broken, true),
            (cut, true),
            (garbage, true),
            (late, true),
            (not_a_scheme, false),
        ] {
            let request = get(&format!("{url}?access_token={SECRET}"));
            let time = Duration::from_millis(300);
            let failure = transport().send(request, time, 1024).await.unwrap_err();
            assert_eq!(failure.nothing_was_sent(), !sent, "{url}: {failure:?}");
            let mut texts = format!("{failure:?}");
            let mut error: Option<&dyn Error> = Some(&failure);
            while let Some(cause) = error {
                texts = format!("{texts}\n{cause}\n{cause:?}");
                error = cause.source();
            }
            assert!(!texts.contains(SECRET), "{texts}");
        }
    }
}

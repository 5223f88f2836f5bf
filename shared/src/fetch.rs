//! Fetching an address that a user gave, without being sent where users may not go.
//!
//! The name is resolved once, every address it has must be public, and the connection goes to one
//! of exactly these: what a name server says the next time has no effect. Redirects are refused.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use rustls::pki_types::ServerName;

use crate::{
    Error, Message, Result, message,
    transport::{self, Transport},
};

/// Names, connection and transfer together end within this time.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest address that is fetched.
const URL_LIMIT: usize = 2048;

const PORT: u16 = 443;

/// Something of the network's that takes a while.
pub type Connecting<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Where names are looked up and addresses are reached; a test has its own.
pub trait Network: fmt::Debug + Send + Sync {
    /// All addresses of a name.
    fn resolve<'a>(&'a self, host: &'a str) -> Connecting<'a, Vec<IpAddr>>;

    /// Where connections for an address that was checked go: there, except in a test.
    fn route(&self, address: SocketAddr) -> SocketAddr {
        address
    }
}

/// The real one.
#[derive(Debug)]
pub struct Internet;

impl Network for Internet {
    fn resolve<'a>(&'a self, host: &'a str) -> Connecting<'a, Vec<IpAddr>> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host, PORT)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// Fetches from the public web.
#[derive(Clone, Debug)]
pub struct Web {
    transport: Transport,
    network: Arc<dyn Network>,
}

impl Web {
    /// The web, reached through `network`, with the certificate authorities of `transport`.
    pub fn new(transport: Transport, network: Arc<dyn Network>) -> Web {
        Web { transport, network }
    }

    /// The same web, reached through another network.
    #[must_use]
    pub fn through(self, network: Arc<dyn Network>) -> Web {
        Web { network, ..self }
    }

    /// What is at an https address, of at most `limit` bytes; `field` is the input it came in.
    ///
    /// # Errors
    /// Names the field. Whether a name does not exist, leads inside, or does not answer looks
    /// alike, so that nobody can explore our network.
    pub async fn get(&self, field: &str, url: &str, limit: usize) -> Result<Bytes> {
        let target = Target::parse(url).map_err(|detail| Error::invalid(field, detail))?;
        let fetching = self.fetch(&target, limit);
        match tokio::time::timeout(TIMEOUT, fetching).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(Failure::Answer(detail))) => Err(Error::invalid(field, detail)),
            Ok(Err(Failure::Unreachable(why))) => Err(unreachable(field).because(why)),
            Err(_) => Err(unreachable(field).because("no answer in time")),
        }
    }

    async fn fetch(&self, target: &Target, limit: usize) -> Result<Bytes, Failure> {
        let addresses = match target.host.parse() {
            Ok(address) => vec![address],
            Err(_) => self.network.resolve(&target.host).await.map_err(Failure::broken)?,
        };
        let Some(first) = addresses.first() else { return Err("the name has no address".into()) };
        if !addresses.iter().copied().all(is_public) {
            return Err("the name leads to an address that is not public".into());
        }
        // Connections of its own: no other request may use one that was made for this address.
        let pinned = self.transport.pinned(self.network.route(SocketAddr::new(*first, PORT)));
        let request = Request::get(&target.url)
            .header(header::ACCEPT, "image/*")
            .header(header::CONNECTION, "close")
            .body(Bytes::new())
            .map_err(Failure::broken)?;
        let response = pinned.send(request, TIMEOUT, limit).await?;
        let status = response.status();
        if status.is_redirection() {
            let detail = [
                "The address answers with a redirect; send the one it leads to.",
                "该地址返回重定向，请发送最终地址。",
            ];
            return Err(Failure::Answer(detail.into()));
        }
        if status != StatusCode::OK {
            return Err(Failure::Answer(message!(
                "The address answers {}.",
                "该地址返回 {}。",
                status.as_u16()
            )));
        }
        Ok(response.into_body())
    }
}

fn unreachable(field: &str) -> Error {
    Error::invalid(
        field,
        ["Nothing public can be fetched from this address.", "无法从该地址获取公开内容。"],
    )
}

enum Failure {
    /// The public server answered, and the caller may know what.
    Answer(Message),
    /// For the log only.
    Unreachable(String),
}

impl Failure {
    fn broken(error: impl fmt::Display) -> Failure {
        Failure::Unreachable(error.to_string())
    }
}

impl From<transport::Failure> for Failure {
    fn from(failure: transport::Failure) -> Failure {
        match failure {
            transport::Failure::TooLarge(limit) => Failure::Answer(message!(
                "The file may have {limit} bytes.",
                "文件最多 {limit} 字节。"
            )),
            failure => Failure::broken(failure),
        }
    }
}

impl From<&str> for Failure {
    fn from(why: &str) -> Failure {
        Failure::Unreachable(why.to_owned())
    }
}

/// An address that may be fetched, as far as its text tells.
struct Target {
    /// A name, or an address without brackets.
    host: String,
    url: Uri,
}

impl Target {
    fn parse(url: &str) -> Result<Target, [&'static str; 2]> {
        if url.len() > URL_LIMIT {
            return Err(["The address may have 2048 bytes.", "地址最多 2048 字节。"]);
        }
        let address = url.split('#').next().unwrap_or_default();
        let uri: Uri = address.parse().map_err(|_| ["This is no address.", "不是有效的地址。"])?;
        if uri.scheme_str() != Some("https") {
            return Err(["The address must begin with https://.", "地址须以 https:// 开头。"]);
        }
        let authority =
            uri.authority().ok_or(["The address must name a host.", "地址须包含域名。"])?;
        if authority.as_str().contains('@') {
            return Err(["The address must not name a user.", "地址不得包含用户名。"]);
        }
        if uri.port_u16().is_some_and(|port| port != PORT) || authority.as_str().ends_with(':') {
            return Err(["The address must use port 443.", "地址须使用 443 端口。"]);
        }
        let host = authority.host().to_ascii_lowercase();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        let name = ServerName::try_from(bare);
        name.map_err(|_| ["The address must name a host.", "地址须包含域名。"])?;
        // The client reads addresses as browsers do: for `127.1` it would connect to 127.0.0.1,
        // whatever the name was checked to lead to.
        let read = reqwest::Url::parse(address)
            .map_err(|_| ["This is no address.", "不是有效的地址。"])?;
        if read.host_str() != Some(&host) {
            return Err(["The address must name a host.", "地址须包含域名。"]);
        }
        Ok(Target { host: bare.to_owned(), url: uri })
    }
}

/// Whether an address belongs to the public internet.
///
/// IPv4 by exclusion, as nearly all of it is public; IPv6 by inclusion, as only 2000::/3 is: that
/// leaves out loopback, link-local and unique-local addresses, and every way to write an IPv4
/// address in an IPv6 one but 6to4 and Teredo, which are excluded below.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|net| net.contains(address)),
        IpAddr::V6(address) => {
            PUBLIC_V6.contains(address) && !NOT_PUBLIC_V6.iter().any(|net| net.contains(address))
        }
    }
}

struct V4(Ipv4Addr, u32);

impl V4 {
    fn contains(&self, address: Ipv4Addr) -> bool {
        (address.to_bits() ^ self.0.to_bits()) >> (32 - self.1) == 0
    }
}

struct V6(Ipv6Addr, u32);

impl V6 {
    fn contains(&self, address: Ipv6Addr) -> bool {
        (address.to_bits() ^ self.0.to_bits()) >> (128 - self.1) == 0
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u32) -> V4 {
    V4(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(a: u16, b: u16, c: u16, bits: u32) -> V6 {
    V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

/// The registry of special-purpose addresses, and the metadata services outside of it.
const NOT_PUBLIC_V4: &[V4] = &[
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    // Azure's platform, metadata included.
    v4(168, 63, 129, 16, 32),
    // Link-local, and with it the metadata of AWS and others.
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    // Multicast, reserved, broadcast.
    v4(224, 0, 0, 0, 3),
];

const PUBLIC_V6: V6 = v6(0x2000, 0, 0, 3);

const NOT_PUBLIC_V6: &[V6] = &[
    // Protocol assignments: Teredo, benchmarking, ORCHID.
    v6(0x2001, 0, 0, 23),
    // Documentation.
    v6(0x2001, 0xdb8, 0, 32),
    v6(0x3fff, 0, 0, 20),
    // 6to4, which wraps any IPv4 address.
    v6(0x2002, 0, 0, 16),
];

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rustls::{ServerConfig, pki_types::PrivateKeyDer};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        task::JoinSet,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::Problem;

    const HOST: &str = "pictures.example.com";
    const PUBLIC: &str = "93.184.215.14";

    /// Names that resolve as told, and one server behind every address.
    #[derive(Debug)]
    struct Fake {
        answers: Mutex<Vec<Vec<IpAddr>>>,
        server: SocketAddr,
        connections: Mutex<Vec<SocketAddr>>,
    }

    impl Network for Fake {
        fn resolve<'a>(&'a self, _host: &'a str) -> Connecting<'a, Vec<IpAddr>> {
            let mut answers = self.answers.lock().unwrap();
            let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
            Box::pin(async move { Ok(answer) })
        }

        fn route(&self, address: SocketAddr) -> SocketAddr {
            self.connections.lock().unwrap().push(address);
            self.server
        }
    }

    /// A server with a certificate of `HOST`, which says `answer` to everybody.
    struct Site {
        web: Web,
        fake: Arc<Fake>,
        requests: Arc<Mutex<Vec<String>>>,
        _server: JoinSet<()>,
    }

    impl Site {
        async fn start(addresses: &[&str], answer: Vec<u8>) -> Site {
            let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
            let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], key)
                .unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let server = listener.local_addr().unwrap();
            let (acceptor, answer) = (TlsAcceptor::from(Arc::new(config)), Arc::new(answer));
            let requests: Arc<Mutex<Vec<String>>> = Arc::default();
            let log = Arc::clone(&requests);
            let mut tasks = JoinSet::new();
            tasks.spawn(async move {
                loop {
                    let (tcp, _) = listener.accept().await.unwrap();
                    let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
                    let mut request = vec![0; 4096];
                    let read = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..read]).into_owned();
                    log.lock().unwrap().push(request);
                    let _ = stream.write_all(&answer).await;
                    let _ = stream.shutdown().await;
                }
            });
            let file = std::env::temp_dir().join(format!("ca-{}.pem", crate::crypto::nonce()));
            std::fs::write(&file, made.cert.pem()).unwrap();
            let transport = Transport::new(file.to_str()).unwrap();
            std::fs::remove_file(&file).unwrap();
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            let answers = Mutex::new(vec![addresses]);
            let fake = Arc::new(Fake { answers, server, connections: Mutex::default() });
            let web = Web::new(transport, Arc::clone(&fake) as Arc<dyn Network>);
            Site { web, fake, requests, _server: tasks }
        }

        async fn get(&self, url: &str, limit: usize) -> Result<Bytes> {
            self.web.get("thumb", url, limit).await
        }

        fn connections(&self) -> usize {
            self.fake.connections.lock().unwrap().len()
        }
    }

    fn answer(head: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {head}\r\n\r\n{body}").into_bytes()
    }

    #[tokio::test]
    async fn a_public_file_is_fetched_from_the_address_that_was_checked() {
        let site = Site::start(&[PUBLIC], answer("200 OK\r\ncontent-length: 5", "bytes")).await;

        let url = format!("https://{HOST}/a/%E4%B8%AD.png?x=1#fragment");
        let bytes = site.get(&url, 5).await.unwrap();

        assert_eq!(&bytes[..], b"bytes");
        let connections = site.fake.connections.lock().unwrap().clone();
        assert_eq!(connections, [SocketAddr::new(PUBLIC.parse().unwrap(), 443)]);
        let request = site.requests.lock().unwrap()[0].clone();
        assert!(request.starts_with("GET /a/%E4%B8%AD.png?x=1 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("host: {HOST}\r\n")), "{request}");
        assert!(!request.to_ascii_lowercase().contains("authorization"), "{request}");
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_before_a_byte_is_sent() {
        for addresses in [
            &["127.0.0.1"][..],
            &["169.254.169.254"],
            &["10.0.0.1"],
            &["::1"],
            &["::ffff:127.0.0.1"],
            &["::ffff:93.184.215.14"],
            &["fd00:ec2::254"],
            &["64:ff9b::a9fe:a9fe"],
            &["2002:7f00:1::1"],
            // One public address does not excuse the other.
            &[PUBLIC, "127.0.0.1"],
            &["127.0.0.1", PUBLIC],
            &[],
        ] {
            let site = Site::start(addresses, answer("200 OK", "secret")).await;
            let error = site.get(&format!("https://{HOST}/"), 100).await.unwrap_err();
            assert_eq!(error.problem(), Problem::InvalidInput, "{addresses:?}");
            assert_eq!(error.detail(), "Nothing public can be fetched from this address.");
            assert_eq!(error.field_name(), Some("thumb"));
            assert_eq!(site.connections(), 0, "{addresses:?}");
        }
    }

    #[tokio::test]
    async fn a_name_is_resolved_once() {
        let site = Site::start(&[PUBLIC], answer("200 OK\r\ncontent-length: 2", "ok")).await;
        let inside = vec!["127.0.0.1".parse().unwrap()];
        site.fake.answers.lock().unwrap().push(inside);

        assert!(site.get(&format!("https://{HOST}/"), 100).await.is_ok());
        assert!(site.get(&format!("https://{HOST}/"), 100).await.is_err());

        let connections = site.fake.connections.lock().unwrap().clone();
        assert_eq!(connections, [SocketAddr::new(PUBLIC.parse().unwrap(), 443)]);
    }

    #[tokio::test]
    async fn an_address_with_more_or_less_than_it_needs_is_refused_unresolved() {
        let site = Site::start(&[PUBLIC], answer("200 OK\r\ncontent-length: 2", "ok")).await;
        for url in [
            "",
            "http://pictures.example.com/",
            "ftp://pictures.example.com/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "//pictures.example.com/",
            "https://user@pictures.example.com/",
            "https://pictures.example.com@127.0.0.1/",
            "https://pictures.example.com:8443/",
            "https://pictures.example.com:22/",
            "https://pictures.example.com:/",
            "https://127.0.0.1/",
            "https://127.0.0.1:443/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[fe80::1%25eth0]/",
            "https://169.254.169.254/latest/meta-data/",
            "https:///path",
            "https://pictures.example.com\\@127.0.0.1/",
            "https://pictures.example.com/\r\nx: y",
            "https://picture s.example.com/",
            "https://图片.example.com/",
        ] {
            let error = site.get(url, 100).await.unwrap_err();
            assert_eq!(error.problem(), Problem::InvalidInput, "{url}");
            assert_eq!(site.connections(), 0, "{url}");
        }
        let long = format!("https://{HOST}/{}", "a".repeat(URL_LIMIT));
        assert!(site.get(&long, 100).await.is_err());
        assert_eq!(site.connections(), 0);
    }

    #[tokio::test]
    async fn numbers_that_look_like_names_are_judged_by_what_they_resolve_to() {
        // Resolvers take all of these for 127.0.0.1.
        for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"] {
            let site = Site::start(&["127.0.0.1"], answer("200 OK", "")).await;
            assert!(site.get(&format!("https://{host}/"), 100).await.is_err(), "{host}");
            assert_eq!(site.connections(), 0, "{host}");
        }
        let transport = Transport::new(None).unwrap();
        let web = Web::new(transport, Arc::new(Internet));
        let error = web.get("thumb", "https://localhost/", 100).await.unwrap_err();
        assert_eq!(error.detail(), "Nothing public can be fetched from this address.");
        assert!(web.get("thumb", "https://127.1/", 100).await.is_err());
    }

    #[tokio::test]
    async fn redirects_and_other_answers_are_refused() {
        for (head, part) in [
            ("302 Found\r\nlocation: https://127.0.0.1/", "redirect"),
            ("301 Moved Permanently\r\nlocation: https://pictures.example.com/b", "redirect"),
            ("307 Temporary Redirect\r\nlocation: http://169.254.169.254/", "redirect"),
            ("404 Not Found\r\ncontent-length: 0", "404"),
            ("500 Oops\r\ncontent-length: 0", "500"),
        ] {
            let site = Site::start(&[PUBLIC], answer(head, "")).await;
            let error = site.get(&format!("https://{HOST}/"), 100).await.unwrap_err();
            assert!(error.detail().contains(part), "{head}: {}", error.detail());
            assert_eq!(site.connections(), 1, "{head}");
        }
    }

    #[tokio::test]
    async fn a_file_ends_at_its_limit_whatever_it_says_of_itself() {
        let url = format!("https://{HOST}/");
        let body = "x".repeat(101);
        for head in
            ["200 OK\r\ncontent-length: 101", "200 OK\r\ncontent-length: 99999999", "200 OK"]
        {
            let site = Site::start(&[PUBLIC], answer(head, &body)).await;
            let error = site.get(&url, 100).await.unwrap_err();
            assert!(error.detail().contains("100 bytes"), "{head}: {}", error.detail());
        }
        let site = Site::start(&[PUBLIC], answer("200 OK", &body)).await;
        assert_eq!(site.get(&url, 101).await.unwrap().len(), 101);
        let chunked = "200 OK\r\ntransfer-encoding: chunked";
        let site =
            Site::start(&[PUBLIC], answer(chunked, &format!("65\r\n{body}\r\n0\r\n\r\n"))).await;
        assert!(site.get(&url, 100).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_is_left() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Fake {
            answers: Mutex::new(vec![vec![PUBLIC.parse().unwrap()]]),
            server: silent.local_addr().unwrap(),
            connections: Mutex::default(),
        };
        let web = Web::new(Transport::new(None).unwrap(), Arc::new(fake));

        let error = web.get("thumb", &format!("https://{HOST}/"), 100).await.unwrap_err();

        assert_eq!(error.detail(), "Nothing public can be fetched from this address.");
        assert_eq!(error.cause().as_deref(), Some("cannot connect"));
    }

    #[tokio::test]
    async fn a_certificate_of_another_name_is_refused() {
        let site = Site::start(&[PUBLIC], answer("200 OK\r\ncontent-length: 2", "ok")).await;
        assert!(site.get("https://other.example.com/", 100).await.is_err());
        assert_eq!(site.requests.lock().unwrap().len(), 0);
    }

    #[test]
    fn only_the_public_internet_is_public() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.0",
            "11.0.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2400:3200::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "3ffe::1",
            "2003::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for not_public in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.0",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.0",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fe80::a9fe:a9fe",
            "fec0::1",
            "ff02::1",
            "ffff::1",
        ] {
            assert!(!is_public(not_public.parse().unwrap()), "{not_public}");
        }
    }
}

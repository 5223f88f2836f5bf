//! TLS and distance between a function and what it talks to.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use local::Stack;
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use simulator::Simulator;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::waterfall::{Step, Watched, Waterfall};

/// Stand-ins for the table, for WeChat and for SSM.
pub(crate) struct Proxies {
    /// When they were reached.
    pub(crate) waterfall: Waterfall,
    /// `http://…` of the original, and the address to use instead.
    replaced: Vec<(String, String)>,
    ca_bundle: Option<PathBuf>,
}

impl Proxies {
    /// Puts half of `latency` each way before everything the stack talks to, and TLS whose
    /// certificate authority is written to `ca_bundle`.
    pub(crate) async fn start(
        stack: &Stack,
        ca_bundle: Option<PathBuf>,
        latency: Duration,
    ) -> Proxies {
        let acceptor = ca_bundle.as_deref().map(certificate);
        let (mut replaced, waterfall) = (Vec::new(), Waterfall::default());
        for (name, url) in stack.environment() {
            let server = match name.as_str() {
                "AWS_ENDPOINT_URL_DYNAMODB" => "table",
                "AWS_ENDPOINT_URL_SSM" => "SSM",
                "WECHAT_API_BASE" => "WeChat",
                _ => continue,
            };
            // The engine itself: the policies in front of it are no part of what is measured.
            let target = if *url == stack.dynamodb_url { &stack.engine_url } else { url };
            let target = match &stack.wechat {
                Some(simulator) if *url == stack.wechat_url => Behind::Wechat(simulator.clone()),
                _ => {
                    let address = target.trim_start_matches("http://").parse();
                    Behind::Address(address.expect("the stack is on the loopback"))
                }
            };
            let listener =
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
            let port = listener.local_addr().expect("it is bound").port();
            let scheme = if acceptor.is_some() { "https" } else { "http" };
            replaced.push((url.clone(), format!("{scheme}://localhost:{port}")));
            let proxy =
                Proxy { server, target, tls: acceptor.clone(), waterfall: waterfall.clone() };
            tokio::spawn(proxy.run(listener, latency));
        }
        Proxies { waterfall, replaced, ca_bundle }
    }

    /// The variables of a function, leading through the proxies.
    pub(crate) fn through(&self, variables: &[(String, String)]) -> Vec<(String, String)> {
        let bundle = self.ca_bundle.iter().flat_map(|file| {
            let file = file.display().to_string();
            ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"]
                .map(|name| (name.to_owned(), file.clone()))
        });
        variables
            .iter()
            .map(|(name, value)| {
                let other = self.replaced.iter().find(|(original, _)| original == value);
                (name.clone(), other.map_or(value, |(_, proxy)| proxy).clone())
            })
            .chain(bundle)
            .collect()
    }
}

fn certificate(ca_bundle: &Path) -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    std::fs::write(ca_bundle, made.cert.pem()).expect("the target directory is writable");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("the certificate fits the key");
    TlsAcceptor::from(Arc::new(config))
}

/// What a proxy stands before.
#[derive(Clone)]
enum Behind {
    /// A server.
    Address(SocketAddr),
    /// The simulator itself: one hop less on every warm call.
    Wechat(Simulator),
}

/// Stands before one server.
#[derive(Clone)]
struct Proxy {
    server: &'static str,
    target: Behind,
    tls: Option<TlsAcceptor>,
    waterfall: Waterfall,
}

impl Proxy {
    async fn run(self, listener: TcpListener, latency: Duration) {
        while let Ok((near, _)) = listener.accept().await {
            let proxy = self.clone();
            tokio::spawn(async move {
                let _ = near.set_nodelay(true);
                if latency.is_zero() {
                    // Even a sleep of nothing lasts a millisecond.
                    return proxy.serve(near).await;
                }
                // The handshake of TCP costs a round trip too.
                tokio::time::sleep(latency).await;
                proxy.serve(distance(near, latency)).await;
            });
        }
    }

    async fn serve(self, near: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        self.waterfall.note(self.server, Step::Connected);
        // Both at once: the way to the engine is none of what is measured.
        let greeting = async {
            match &self.tls {
                Some(acceptor) => acceptor.accept(near).await.map(|near| Near::Tls(Box::new(near))),
                None => Ok(Near::Plain(near)),
            }
        };
        let far = async {
            match &self.target {
                Behind::Address(address) => {
                    let far = TcpStream::connect(address).await?;
                    far.set_nodelay(true)?;
                    Ok(Far::Server(far))
                }
                Behind::Wechat(simulator) => Ok(Far::Wechat(simulator.clone())),
            }
        };
        match tokio::try_join!(greeting, far) {
            Ok((Near::Tls(near), far)) => {
                self.waterfall.note(self.server, Step::Greeted);
                exchange(self.watched(near), far).await;
            }
            Ok((Near::Plain(near), far)) => exchange(self.watched(near), far).await,
            Err::<_, io::Error>(_) => {}
        }
    }

    fn watched<S>(self, stream: S) -> Watched<S> {
        Watched { stream, server: self.server, waterfall: self.waterfall }
    }
}

/// A connection of a function's.
enum Near<S> {
    Tls(Box<TlsStream<S>>),
    Plain(S),
}

/// What answers it.
enum Far {
    Server(TcpStream),
    Wechat(Simulator),
}

async fn exchange(mut near: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, far: Far) {
    match far {
        Far::Server(mut far) => {
            // Whoever closes first ends both.
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        }
        Far::Wechat(simulator) => simulator.converse(near, Ipv4Addr::LOCALHOST.into()).await,
    }
}

/// A stream whose bytes arrive half of `latency` later, in both directions.
fn distance(stream: TcpStream, latency: Duration) -> tokio::io::DuplexStream {
    let (here, there) = tokio::io::duplex(1 << 20);
    let (read, write) = stream.into_split();
    let (there_read, there_write) = tokio::io::split(there);
    tokio::spawn(delay(read, there_write, latency / 2));
    tokio::spawn(delay(there_read, write, latency / 2));
    here
}

async fn delay(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin,
    by: Duration,
) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let due = tokio::time::Instant::now() + by;
            if sender.send((due, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    while let Some((due, bytes)) = receiver.recv().await {
        if !by.is_zero() {
            tokio::time::sleep_until(due).await;
        }
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // The other side has closed; so does this one.
    let _ = to.shutdown().await;
}

//! The benchmark's second yardstick: the jobs of `jssdk-config` and `subscribemessage-send`, by
//! hand, on the same runtime.
//!
//! `floor sign` and `floor send`: one TLS connection and a hand-signed GetItem, one connection and
//! a POST to WeChat. No SDK, no checks, one log line. It is never deployed.

use std::{
    env,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use http::Uri;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use ring::{digest, hmac};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use time::{OffsetDateTime, macros::format_description};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{Mutex, OnceCell},
};
use tokio_rustls::TlsConnector;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One server and the connection to it.
struct Server {
    base: Uri,
    stream: Mutex<Option<Box<dyn Stream>>>,
}

struct Floor {
    signs: bool,
    tls: TlsConnector,
    table: Server,
    wechat: Server,
    credential: OnceCell<String>,
}

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let signs = env::args().nth(1).as_deref() == Some("sign");
        let server =
            |base: String| Ok::<_, Error>(Server { base: base.parse()?, stream: Mutex::default() });
        let floor = Arc::new(Floor {
            signs,
            tls: tls()?,
            table: server(env::var("AWS_ENDPOINT_URL_DYNAMODB")?)?,
            wechat: server(env::var("WECHAT_API_BASE")?)?,
            credential: OnceCell::new(),
        });
        let early = Arc::clone(&floor);
        tokio::spawn(async move { early.credential().await.map(drop) });
        if !signs {
            let early = Arc::clone(&floor);
            tokio::spawn(async move {
                let mut stream = early.wechat.stream.lock().await;
                *stream = Some(early.wechat.connect(&early.tls).await?);
                Ok::<_, Error>(())
            });
        }
        run(service_fn(|event: LambdaEvent<Value>| floor.answer(event.payload))).await
    })
}

fn tls() -> Result<TlsConnector, Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Ok(path) = env::var("AWS_CA_BUNDLE") {
        roots.add(CertificateDer::from_pem_file(path)?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()).into())
}

impl Floor {
    async fn answer(&self, event: Value) -> Result<Value, Error> {
        let answer = match self.signs {
            true => self.sign(event["rawQueryString"].as_str().unwrap_or_default()).await?,
            false => self.send(event["body"].as_str().unwrap_or_default()).await?,
        };
        println!(r#"{{"status":200}}"#);
        Ok(json!({ "statusCode": 200, "body": answer.to_string() }))
    }

    async fn sign(&self, query: &str) -> Result<Value, Error> {
        let (_, url) = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "url")
            .ok_or("no url")?;
        let (ticket, timestamp) = (self.credential().await?, now().unix_timestamp());
        let nonce = hex(&ring::rand::generate::<[u8; 8]>(&ring::rand::SystemRandom::new())
            .map_err(|_| "no entropy")?
            .expose());
        let text =
            format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}");
        let signature = hex(&Sha1::digest(text));
        Ok(json!({ "timestamp": timestamp, "nonceStr": nonce, "signature": signature }))
    }

    async fn send(&self, message: &str) -> Result<Value, Error> {
        let path =
            format!("/cgi-bin/message/subscribe/send?access_token={}", self.credential().await?);
        self.wechat.post(&self.tls, &path, "", message).await
    }

    /// The ticket or the token, read once.
    async fn credential(&self) -> Result<&String, Error> {
        let read = async {
            let apps: Value = serde_json::from_str(&env::var("WECHAT_APPS")?)?;
            let wanted = if self.signs { "official_account" } else { "mini_program" };
            let app =
                apps.as_array().and_then(|apps| apps.iter().find(|app| app["kind"] == wanted));
            let appid = app.and_then(|app| app["appid"].as_str()).ok_or("no app")?;
            let kind = if self.signs { "jsapi_ticket" } else { "access_token" };
            let key = format!("credential#{appid}#{kind}");
            let item = json!({
                "TableName": env::var("TABLE_NAME")?, "Key": { "pk": { "S": key } },
            });
            let body = item.to_string();
            let signed = signed(self.table.host(), &body)?;
            let answer = self.table.post(&self.tls, "/", &signed, &body).await?;
            let value = answer["Item"]["value"]["S"].as_str().ok_or("no credential")?;
            Ok::<_, Error>(value.to_owned())
        };
        self.credential.get_or_try_init(|| read).await
    }
}

impl Server {
    fn host(&self) -> &str {
        self.base.authority().map_or("", |authority| authority.as_str())
    }

    async fn connect(&self, tls: &TlsConnector) -> Result<Box<dyn Stream>, Error> {
        let name = self.base.host().unwrap_or_default().to_owned();
        let encrypted = self.base.scheme_str() == Some("https");
        let port = self.base.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let stream = TcpStream::connect((name.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        Ok(match encrypted {
            true => Box::new(tls.connect(ServerName::try_from(name)?, stream).await?),
            false => Box::new(stream),
        })
    }

    /// Posts JSON on the one connection and reads a sized JSON answer.
    async fn post(
        &self,
        tls: &TlsConnector,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<Value, Error> {
        let mut slot = self.stream.lock().await;
        let stream = match &mut *slot {
            Some(stream) => stream,
            None => slot.insert(self.connect(tls).await?),
        };
        let (host, length) = (self.host(), body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::with_capacity(4096);
        loop {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err("the answer ended early".into());
            }
            let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
                continue;
            };
            let head = str::from_utf8(&answer[..end])?.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.ok_or("no length")?.trim().parse()?;
            if let Some(body) = answer.get(end + 4..end + 4 + length) {
                return Ok(serde_json::from_slice(body)?);
            }
        }
    }
}

/// The headers of a GetItem, with AWS's signature, version 4.
fn signed(host: &str, body: &str) -> Result<String, Error> {
    const TARGET: &str = "DynamoDB_20120810.GetItem";
    const NAMES: &str = "host;x-amz-date;x-amz-target";
    let date = now().format(format_description!("[year][month][day]T[hour][minute][second]Z"))?;
    let (day, region) = (&date[..8], env::var("AWS_REGION")?);
    let sha256 = |text: &str| hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let request = format!(
        "POST\n/\n\nhost:{host}\nx-amz-date:{date}\nx-amz-target:{TARGET}\n\n{NAMES}\n{}",
        sha256(body)
    );
    let scope = format!("{day}/{region}/dynamodb/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(&request));
    let mut key = format!("AWS4{}", env::var("AWS_SECRET_ACCESS_KEY")?).into_bytes();
    for part in [day, region.as_str(), "dynamodb", "aws4_request", text.as_str()] {
        let signer = hmac::Key::new(hmac::HMAC_SHA256, &key);
        key = hmac::sign(&signer, part.as_bytes()).as_ref().to_vec();
    }
    let (id, signature) = (env::var("AWS_ACCESS_KEY_ID")?, hex(&key));
    Ok(format!(
        "content-type: application/x-amz-json-1.0\r\nx-amz-date: {date}\r\nx-amz-target: {TARGET}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={NAMES}, \
         Signature={signature}\r\n"
    ))
}

fn now() -> OffsetDateTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    OffsetDateTime::UNIX_EPOCH + since
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

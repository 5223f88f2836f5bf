//! reqwest, set up: whom it trusts, how long it waits, and what it never does.

use std::{fmt, future, iter, net::SocketAddr, time::Duration};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect, retry,
};
use rustls::{
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::early::{EarlyLayer, HelloRandom};

/// An idle connection is dropped after this time, before the other side drops it silently.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// TLS that trusts the web's certificate authorities and those in the PEM file `ca_bundle`.
pub(super) fn tls(ca_bundle: Option<&str>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
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
    provider.secure_random = &HelloRandom;
    let tls = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(tls.with_root_certificates(roots).with_no_client_auth())
}

/// A client with connections of its own; if `pinned`, every name leads to that address.
///
/// Plain HTTP is for the loopback only; `Config` sees to that.
pub(super) fn client(tls: ClientConfig, pinned: Option<SocketAddr>) -> Client {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .connector_layer(EarlyLayer::default())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .tcp_keepalive(None)
        .http1_only()
        // The caller knows what may be sent twice.
        .retry(retry::never())
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy();
    let builder = match pinned {
        Some(address) => builder.dns_resolver(Pinned(address)),
        None => builder,
    };
    builder.build().expect("these settings do not depend on any input")
}

/// Resolves every name to one address.
struct Pinned(SocketAddr);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(iter::once(self.0));
        Box::pin(future::ready(Ok(addresses)))
    }
}

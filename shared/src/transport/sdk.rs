//! The AWS SDK's HTTP client: the same connections and the same trust as everything else.

use std::time::Duration;

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Request;

use super::{Failure, Transport};

/// What the SDK may read of a response; DynamoDB's items end at 400 KB.
const RESPONSE_LIMIT: usize = 4 << 20;

/// The SDK limits its own calls; this ends only those it forgot.
const TIMEOUT: Duration = Duration::from_secs(10);

impl HttpClient for Transport {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.clone();
        HttpConnectorFuture::new(async move {
            let request =
                request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            // No call that is made here streams: a body is always in memory.
            let body = Bytes::copy_from_slice(body.bytes().unwrap_or_default());
            let request = Request::from_parts(parts, body);
            let response =
                transport.send(request, TIMEOUT, RESPONSE_LIMIT).await.map_err(|failure| {
                    match failure {
                        Failure::Timeout(_) => ConnectorError::timeout(failure.into()),
                        failure => ConnectorError::io(failure.into()),
                    }
                })?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

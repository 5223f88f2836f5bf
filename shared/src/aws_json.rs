//! Calls to AWS that are too few for an SDK, which is larger than all else that such a function is
//! made of: a JSON document, signed with the credentials of the function's role.

use std::time::{Duration, SystemTime};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use model::{Error, Result};
use serde::Serialize;

use crate::{
    config::Aws,
    transport::{Failure, Transport},
};

const ANSWER_LIMIT: usize = 1 << 20;

/// Which action of which service.
pub(crate) struct Action {
    /// The service, as signatures name it.
    pub(crate) service: &'static str,
    /// `<interface>.<action>`.
    pub(crate) target: &'static str,
    /// Where the service answers.
    pub(crate) url: String,
}

impl Action {
    /// Calls it once; a refusal is an answer, too.
    ///
    /// # Errors
    /// The input is no JSON or cannot be signed; the inner error: there is no answer.
    pub(crate) async fn call(
        &self,
        transport: &Transport,
        aws: &Aws,
        input: &impl Serialize,
        timeout: Duration,
    ) -> Result<Result<Response<Bytes>, Failure>> {
        let body = serde_json::to_vec(input).map_err(Error::internal)?;
        let request = self.signed(aws, body)?;
        Ok(transport.send(request, timeout, ANSWER_LIMIT).await)
    }

    fn signed(&self, aws: &Aws, body: Vec<u8>) -> Result<Request<Bytes>> {
        let headers = [
            (header::CONTENT_TYPE.as_str(), "application/x-amz-json-1.1"),
            ("x-amz-target", self.target),
        ];
        let identity = aws.credentials().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&aws.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(Error::internal)?
            .into();
        let signed = SignableBody::Bytes(&body);
        let signable = SignableRequest::new("POST", &self.url, headers.into_iter(), signed)
            .map_err(Error::internal)?;
        let (instructions, _) = sign(signable, &parameters).map_err(Error::internal)?.into_parts();
        let mut request = Request::builder().method(Method::POST).uri(&self.url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Bytes::from(body)).map_err(Error::internal)?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

//! The operations of DynamoDB over the AWS SDK's orchestration.
//!
//! The SDK's own client works out its endpoint by rules for every partition, Region and kind of
//! address: it reads a table of them in each cold start, and carries an engine of regular
//! expressions. Where DynamoDB answers is known here, so the SDK's parts are put together without
//! that: its operations, retries, timeouts and signatures. Headers that only tell AWS about the
//! caller, such as the user agent, are left out.

use std::{fmt, time::Duration};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_sdk_dynamodb::{
    config::{http::HttpResponse, retry::RetryConfig, timeout::TimeoutConfig},
    error::{BuildError, SdkError},
    operation::{
        delete_item::{DeleteItem, DeleteItemError, DeleteItemInput, DeleteItemOutput},
        get_item::{GetItem, GetItemError, GetItemInput, GetItemOutput},
        put_item::{PutItem, PutItemError, PutItemInput, PutItemOutput},
        query::{Query, QueryError, QueryInput, QueryOutput},
        transact_write_items::{
            TransactWriteItems, TransactWriteItemsError, TransactWriteItemsInput,
            TransactWriteItemsOutput,
        },
        update_item::{UpdateItem, UpdateItemError, UpdateItemInput, UpdateItemOutput},
    },
};
use aws_smithy_runtime::client::{
    defaults::{
        DefaultPluginParams, default_retry_config_plugin_v2, default_sleep_impl_plugin,
        default_time_source_plugin,
    },
    identity::IdentityCache,
    orchestrator::{endpoints::StaticUriEndpointResolver, invoke},
    retries::classifiers::HttpStatusCodeClassifier,
};
use aws_smithy_runtime_api::client::{
    auth::static_resolver::StaticAuthSchemeOptionResolver,
    identity::SharedIdentityResolver,
    interceptors::context::Input,
    runtime_components::RuntimeComponentsBuilder,
    runtime_plugin::{RuntimePlugin, RuntimePlugins, StaticRuntimePlugin},
    stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::config_bag::Layer;
use aws_types::{
    SigningName,
    region::{Region, SigningRegion},
};

use crate::{config::Aws, transport::Transport};

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);

/// How long a call may take with its repetitions.
const TIMEOUT: Duration = Duration::from_secs(4);

/// How often a call is attempted.
const ATTEMPTS: u32 = 3;

const SERVICE: &str = "dynamodb";

/// DynamoDB at one endpoint.
pub(super) struct Client(RuntimePlugins);

impl fmt::Debug for Client {
    /// Without the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

/// An operation and its types, as the SDK has them.
pub(super) trait Operation: RuntimePlugin + Default + 'static {
    /// As DynamoDB names it.
    const NAME: &'static str;
    type Input: fmt::Debug + Send + Sync + 'static;
    type Output: fmt::Debug + Send + Sync + 'static;
    type Error: std::error::Error + Send + Sync + 'static;
}

/// Why there is no output.
pub(super) type Failure<O> = SdkError<<O as Operation>::Error, HttpResponse>;

impl Client {
    /// The account's table in the Region, or at the endpoint that is set.
    pub(super) fn new(transport: Transport, aws: &Aws) -> Client {
        let mut config = Layer::new(SERVICE);
        config.store_put(SigningName::from_static(SERVICE));
        config.store_put(SigningRegion::from(Region::new(aws.region.clone())));
        config.store_put(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        config.store_put(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(TIMEOUT)
                .build(),
        );
        config.store_put(StalledStreamProtectionConfig::disabled());
        let credentials = SharedCredentialsProvider::new(aws.credentials());
        let components = RuntimeComponentsBuilder::new(SERVICE)
            .with_http_client(Some(transport))
            .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri(aws.dynamodb())))
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
                SCHEME_ID,
            ])))
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials))
            .with_identity_cache(Some(IdentityCache::no_cache()))
            .with_retry_classifier(HttpStatusCodeClassifier::default());
        let retries = DefaultPluginParams::new().with_retry_partition_name(SERVICE);
        let ours = StaticRuntimePlugin::new()
            .with_config(config.freeze())
            .with_runtime_components(components);
        Client(
            RuntimePlugins::new()
                .with_client_plugins(default_retry_config_plugin_v2(&retries))
                .with_client_plugins(default_sleep_impl_plugin())
                .with_client_plugins(default_time_source_plugin())
                .with_client_plugin(ours),
        )
    }

    /// Calls an operation. The future has kilobytes.
    pub(super) async fn call<O: Operation>(
        &self,
        input: Result<O::Input, BuildError>,
    ) -> Result<O::Output, Failure<O>> {
        let input = Input::erase(input.map_err(SdkError::construction_failure)?);
        let plugins = self.0.clone().with_operation_plugin(O::default());
        let output = invoke(SERVICE, O::NAME, input, &plugins).await.map_err(|error| {
            error.map_service_error(|error| error.downcast().expect("the operation's own error"))
        })?;
        Ok(output.downcast().expect("the operation's own output"))
    }
}

macro_rules! operations {
    ($($name:ident $input:ident $output:ident $error:ident;)*) => {$(
        impl Operation for $name {
            const NAME: &'static str = stringify!($name);
            type Input = $input;
            type Output = $output;
            type Error = $error;
        }
    )*};
}

operations! {
    DeleteItem DeleteItemInput DeleteItemOutput DeleteItemError;
    GetItem GetItemInput GetItemOutput GetItemError;
    PutItem PutItemInput PutItemOutput PutItemError;
    Query QueryInput QueryOutput QueryError;
    TransactWriteItems TransactWriteItemsInput TransactWriteItemsOutput TransactWriteItemsError;
    UpdateItem UpdateItemInput UpdateItemOutput UpdateItemError;
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{
        config::endpoint::{DefaultResolver, Params, ResolveEndpoint},
        types::AttributeValue,
    };
    use model::Secret;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn aws(region: &str, endpoint: Option<String>) -> Aws {
        Aws {
            region: region.to_owned(),
            access_key_id: "id".to_owned(),
            secret_access_key: Secret::new("key".to_owned()),
            session_token: Some(Secret::new("session".to_owned())),
            dynamodb_endpoint: endpoint,
            ssm_endpoint: None,
            eventbridge_endpoint: None,
            ca_bundle: None,
        }
    }

    /// The rules that the SDK's own client works endpoints out by.
    #[tokio::test]
    async fn dynamodb_answers_where_the_sdk_says() {
        let regions = [
            "ap-east-1",
            "ap-southeast-1",
            "cn-north-1",
            "cn-northwest-1",
            "eusc-de-east-1",
            "us-east-1",
            "us-gov-west-1",
        ];
        for region in regions {
            let params = Params::builder().region(region).build().unwrap();
            let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
            assert_eq!(aws(region, None).dynamodb(), endpoint.url(), "{region}");
        }
    }

    #[tokio::test]
    async fn a_call_is_signed_and_repeated_after_a_failure() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::new(Transport::new(None).unwrap(), &aws("cn-north-1", Some(url)));
        let input = GetItemInput::builder().table_name("wechat");
        let input = input.key("pk", AttributeValue::S("k".to_owned())).build();
        let server = tokio::spawn(async move {
            let mut requests = Vec::new();
            let answers = [("500 Oops", "{}"), ("200 OK", r#"{"Item":{"pk":{"S":"k"}}}"#)];
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap();
                requests.push(String::from_utf8(request[..read].to_vec()).unwrap());
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
                );
                stream.write_all((head + body).as_bytes()).await.unwrap();
            }
            requests
        });

        let output = client.call::<GetItem>(input).await.unwrap();

        assert_eq!(output.item.unwrap()["pk"].as_s().unwrap(), "k");
        for request in server.await.unwrap() {
            let has = |line: &str| request.lines().any(|found| found.starts_with(line));
            assert!(has("x-amz-target: DynamoDB_20120810.GetItem"), "{request}");
            assert!(has("x-amz-security-token: session"), "{request}");
            assert!(has("authorization: AWS4-HMAC-SHA256 Credential=id/"), "{request}");
            assert!(request.contains("/cn-north-1/dynamodb/aws4_request"), "{request}");
            assert!(request.ends_with(r#"{"TableName":"wechat","Key":{"pk":{"S":"k"}}}"#));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_an_answer_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::new(Transport::new(None).unwrap(), &aws("cn-north-1", Some(url)));
        let input = GetItemInput::builder().table_name("wechat").build();
        let started = tokio::time::Instant::now();

        let failure = client.call::<GetItem>(input).await.unwrap_err();

        assert!(matches!(failure, SdkError::TimeoutError(_)), "{failure:?}");
        assert!(started.elapsed() >= ATTEMPT_TIMEOUT && started.elapsed() <= TIMEOUT);
    }
}

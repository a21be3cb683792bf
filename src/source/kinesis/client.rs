//! A connection to Kinesis with the settings and credentials that S3 has.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Builder, Credentials, Region, SharedHttpClient};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::error::{Error, Result};

use super::super::S3Options;

/// For servers that are not AWS: requests must be signed for some region.
const FALLBACK_REGION: &str = "us-east-1";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Clients for one stream.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Tries again by itself, a few times.
    pub patient: Client,
    /// Tries once: a reader of a shard has its own way of waiting.
    pub once: Client,
    /// The region of the stream.
    pub region: String,
    /// Where requests go, for messages; `None` for AWS itself.
    pub endpoint: Option<String>,
}

impl Connection {
    /// Connects; credentials come from the SDK's own chain: environment, profiles, SSO, container, instance.
    ///
    /// # Errors
    /// A malformed endpoint, or no region.
    pub async fn open(options: &S3Options, stream: &str) -> Result<Self> {
        if let Some(url) = options.endpoint_url.as_deref()
            && !url.starts_with("http://")
            && !url.starts_with("https://")
        {
            return Err(Error::Config(format!(
                "`{url}` is not an endpoint: --endpoint-url expects http://host:port or https://host"
            )));
        }
        let region = region(options).await.ok_or_else(|| {
            Error::Config(format!(
                "cannot read kinesis://{stream}: its region is not known (name it with --region, AWS_REGION or the profile)"
            ))
        })?;
        let name = region.to_string();
        let mut builder = match &options.static_credentials {
            Some((id, secret)) => Builder::new()
                .behavior_version(BehaviorVersion::latest())
                .http_client(http_client(options))
                .credentials_provider(Credentials::new(id, secret, None, None, "given"))
                .region(region),
            None => {
                let mut loader = aws_config::defaults(BehaviorVersion::latest())
                    .http_client(http_client(options))
                    .region(region);
                if let Some(profile) = &options.profile {
                    loader = loader.profile_name(profile);
                }
                Builder::from(&loader.load().await)
            }
        };
        if let Some(url) = &options.endpoint_url {
            builder.set_endpoint_url(Some(url.clone()));
        }
        let builder = builder.timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        );
        let patient = builder
            .clone()
            .retry_config(RetryConfig::standard().with_max_attempts(4));
        Ok(Self {
            patient: Client::from_conf(patient.build()),
            once: Client::from_conf(builder.retry_config(RetryConfig::disabled()).build()),
            region: name,
            endpoint: options.endpoint_url.clone(),
        })
    }
}

async fn region(options: &S3Options) -> Option<Region> {
    let fallback = options
        .endpoint_url
        .is_some()
        .then(|| Region::new(FALLBACK_REGION));
    let typed = options.region.clone().map(Region::new);
    if options.static_credentials.is_some() {
        return typed.or(fallback);
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    // The SDK's default chain would also ask the instance metadata service, which takes seconds to not answer.
    RegionProviderChain::first_try(typed)
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .or_else(fallback)
        .region()
        .await
}

fn http_client(options: &S3Options) -> SharedHttpClient {
    let plain = options
        .endpoint_url
        .as_deref()
        .is_some_and(|url| url.starts_with("http://"));
    // Without TLS there is no need to load the system's certificates; but SSO and STS are always HTTPS.
    if plain && options.static_credentials.is_some() {
        return aws_smithy_http_client::Builder::new().build_http();
    }
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

//! A connection to one bucket: the SDK's client with our settings, found again by later requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Credentials, IdentityCache, Region, RequestChecksumCalculation,
    ResponseChecksumValidation, SharedCredentialsProvider, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::types::RequestPayer;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use tokio::sync::OnceCell;

use crate::error::{Error, Result};

use super::super::S3Options;
use super::credentials::{Chain, Kept};
use super::direct::Direct;
use super::errors::Trouble;
use super::retry::Attempts;

/// Where requests go when nothing names a region: S3 answers there with the right one.
const FALLBACK_REGION: &str = "us-east-1";
/// To connect.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// From a request to the head of its answer.
pub const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A client for one bucket.
#[derive(Debug)]
pub struct Connection {
    /// The SDK's client.
    pub client: Client,
    /// The region requests are signed for.
    pub region: String,
    /// Where requests go, for messages; `None` for AWS itself.
    pub endpoint: Option<String>,
    /// As given.
    pub options: S3Options,
    /// Credentials of the SDK's chain; `None` where none are used or they were given.
    credentials: Option<Arc<Kept>>,
    /// The short way to this bucket's objects, where there is one.
    direct: OnceCell<Option<Direct>>,
}

/// Which content of which key is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Bucket.
    pub bucket: &'a str,
    /// Key.
    pub key: &'a str,
    /// `ETag` as listed, without quotes; empty where the listing had none.
    pub etag: &'a str,
}

/// A [`Target`] that owns its names.
#[derive(Debug, Clone)]
pub struct OwnedTarget {
    bucket: String,
    key: String,
    etag: String,
}

impl Target<'_> {
    /// Owned.
    pub fn owned(self) -> OwnedTarget {
        OwnedTarget {
            bucket: self.bucket.to_owned(),
            key: self.key.to_owned(),
            etag: self.etag.to_owned(),
        }
    }
}

impl OwnedTarget {
    /// Notes which version is being read.
    ///
    /// # Errors
    /// What was sent is another one.
    pub fn pin(&mut self, sent: Option<&str>) -> std::result::Result<(), ()> {
        match sent.map(|t| t.trim_matches('"')) {
            Some(sent) if self.etag.is_empty() => sent.clone_into(&mut self.etag),
            Some(sent) if sent != self.etag => return Err(()),
            _ => {}
        }
        Ok(())
    }

    /// Borrowed.
    pub fn as_target(&self) -> Target<'_> {
        Target {
            bucket: &self.bucket,
            key: &self.key,
            etag: &self.etag,
        }
    }
}

type Known = Mutex<HashMap<(S3Options, String), Arc<Connection>>>;

fn known() -> &'static Known {
    static KNOWN: std::sync::OnceLock<Known> = std::sync::OnceLock::new();
    KNOWN.get_or_init(Known::default)
}

/// The connection to a bucket: the one in use, or a new one.
///
/// # Errors
/// A malformed endpoint.
pub async fn connection(options: &S3Options, bucket: &str) -> Result<Arc<Connection>> {
    let name = (options.clone(), bucket.to_owned());
    if let Some(found) = known()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&name)
    {
        return Ok(found.clone());
    }
    connect(options, bucket, None).await
}

/// A new connection, kept for later requests to the bucket. `region` is what S3 said the bucket's region is.
pub async fn connect(
    options: &S3Options,
    bucket: &str,
    region: Option<String>,
) -> Result<Arc<Connection>> {
    if let Some(url) = options.endpoint_url.as_deref()
        && !url.starts_with("http://")
        && !url.starts_with("https://")
    {
        return Err(Error::Config(format!(
            "`{url}` is not an endpoint: --endpoint-url expects http://host:port or https://host"
        )));
    }
    let connection = Arc::new(configure(options, region).await);
    let name = (options.clone(), bucket.to_owned());
    known()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(name, connection.clone());
    Ok(connection)
}

async fn configure(options: &S3Options, region: Option<String>) -> Connection {
    let region = region_of(options, region).await;
    let http = http_client(options);
    let (mut builder, credentials) = match &options.static_credentials {
        Some((id, secret)) => {
            let given = Credentials::new(id, secret, None, None, "given");
            let builder = Builder::new()
                .behavior_version(BehaviorVersion::latest())
                .http_client(http)
                .credentials_provider(given)
                .region(region);
            (builder, None)
        }
        None => from_environment(options, region, http).await,
    };
    if let Some(url) = &options.endpoint_url {
        builder.set_endpoint_url(Some(url.clone()));
        // The two exclude each other, and an address in the environment is less than one that was typed.
        builder.set_use_dual_stack(Some(false));
    } else if options.dual_stack {
        builder.set_use_dual_stack(Some(true));
    }
    let config = builder
        .force_path_style(options.path_style)
        // Tries are counted, spread and told by `retry`, and throttling slows all requests down: `pace`.
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        )
        // `get` has its own limit for a content that stands still.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(IdentityCache::no_cache())
        // Servers that are not AWS often know no checksums; gzip has its own.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    let region = config
        .region()
        .map_or_else(|| FALLBACK_REGION.to_owned(), ToString::to_string);
    Connection {
        client: Client::from_conf(config),
        region,
        endpoint: options.endpoint_url.clone(),
        options: options.clone(),
        credentials,
        direct: OnceCell::new(),
    }
}

/// What S3 said, what was typed, what environment and profile say. The SDK's default chain would also ask the instance
/// metadata service, which takes seconds to not answer.
async fn region_of(options: &S3Options, told: Option<String>) -> Region {
    let typed = told.or_else(|| options.region.clone()).map(Region::new);
    let fallback = Region::new(FALLBACK_REGION);
    if options.static_credentials.is_some() {
        return typed.unwrap_or(fallback);
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    let chain = RegionProviderChain::first_try(typed)
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build());
    chain.region().await.unwrap_or(fallback)
}

/// What environment and profile say beside credentials (dual-stack, FIPS, endpoint), and the SDK's chain of those:
/// environment, profiles, SSO, container, instance.
async fn from_environment(
    options: &S3Options,
    region: Region,
    http: SharedHttpClient,
) -> (Builder, Option<Arc<Kept>>) {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .region(region.clone());
    if let Some(name) = &options.profile {
        loader = loader.profile_name(name);
    }
    if options.no_sign_request {
        let builder = Builder::from(&loader.no_credentials().load().await);
        return (builder.allow_no_auth(), None);
    }
    let kept = Arc::new(Kept::new(Chain {
        profile: options.profile.clone(),
        region: Some(region),
        http,
    }));
    let provider: Arc<dyn aws_sdk_s3::config::ProvideCredentials> = kept.clone();
    let loader = loader.credentials_provider(SharedCredentialsProvider::from(provider));
    (Builder::from(&loader.load().await), Some(kept))
}

fn http_client(options: &S3Options) -> SharedHttpClient {
    let plain = options
        .endpoint_url
        .as_deref()
        .is_some_and(|url| url.starts_with("http://"));
    // Without TLS there is no need to load the system's certificates; but SSO and STS are always HTTPS.
    if plain && (options.no_sign_request || options.static_credentials.is_some()) {
        return aws_smithy_http_client::Builder::new().build_http();
    }
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

impl Connection {
    /// What a request says about who pays.
    pub fn payer(&self) -> Option<RequestPayer> {
        self.options
            .request_payer
            .then_some(RequestPayer::Requester)
    }

    /// Credentials of the SDK's chain, where they are used.
    pub const fn kept(&self) -> Option<&Arc<Kept>> {
        self.credentials.as_ref()
    }

    /// The short way to a bucket's objects; `None` where requests are to be left to the SDK.
    pub async fn direct(&self, bucket: &str) -> Option<&Direct> {
        let direct = self.direct.get_or_init(|| Direct::to(self, bucket)).await;
        direct.as_ref()
    }

    /// Which credentials requests are signed with now; for [`Connection::again`].
    pub fn generation(&self) -> u64 {
        self.credentials.as_ref().map_or(0, |c| c.generation())
    }

    /// After a failed request, made with the credentials of `generation`: whether to make it once more, after a wait
    /// where one is due. Expired credentials are read again, once.
    pub async fn again(&self, trouble: &Trouble, attempts: &mut Attempts, generation: u64) -> bool {
        if trouble.is_expired() {
            let Some(credentials) = self.credentials.as_ref().filter(|_| attempts.renews()) else {
                return false;
            };
            credentials.give_up(generation).await;
            return true;
        }
        attempts.again(trouble).await
    }

    /// Asks for an object from a byte on, in the version that was listed.
    pub async fn get(
        &self,
        target: Target<'_>,
        from: u64,
    ) -> Result<GetObjectOutput, SdkError<GetObjectError>> {
        self.client
            .get_object()
            .bucket(target.bucket)
            .key(target.key)
            .set_if_match((!target.etag.is_empty()).then(|| format!("\"{}\"", target.etag)))
            .set_range((from > 0).then(|| format!("bytes={from}-")))
            .set_request_payer(self.payer())
            .send()
            .await
    }
}

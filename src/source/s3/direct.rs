//! GETs past the SDK's machinery: signed by the SDK's signer, sent by the HTTP client under it.
//!
//! An SDK request costs some 170 µs of processor time (interceptors, endpoint rules, identity, retries), ten times what
//! parsing an object of 4 KB costs; this one costs a fifth. Only what every bucket has in common is done here: where a
//! bucket is reached is asked of the SDK once, and unusual ones (access points, directory buckets, anonymous reading)
//! are left to it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::client::{CONNECT_TIMEOUT, Connection, READ_TIMEOUT, Target};
use super::credentials::Kept;
use super::errors::Trouble;

/// Idle connections are closed before S3 closes them.
const IDLE: Duration = Duration::from_secs(15);
/// S3's error answers are a few hundred bytes.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// What is signed as the hash of a request without a content.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// How to get objects of one bucket.
#[derive(Debug)]
pub struct Direct {
    client: Client<HttpsConnector<HttpConnector>, String>,
    /// Scheme and authority.
    server: String,
    authority: String,
    /// What stands before the key in the path.
    path: String,
    region: String,
    credentials: Source,
}

#[derive(Debug)]
enum Source {
    Given(Credentials),
    Kept(Arc<Kept>),
}

impl Direct {
    /// How to reach a bucket, as the SDK's own rules say; `None` where it is to be left to the SDK.
    pub async fn to(connection: &Connection, bucket: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if !bucket.bytes().all(plain) || bucket.ends_with("-x-s3") {
            return None;
        }
        let credentials = match (&connection.options.static_credentials, connection.kept()) {
            (Some((id, secret)), _) => {
                Source::Given(Credentials::new(id, secret, None, None, "given"))
            }
            (None, Some(kept)) => Source::Kept(kept.clone()),
            (None, None) => return None,
        };
        let asked = connection.client.get_object().bucket(bucket).key("k");
        let signed = asked
            .presigned(PresigningConfig::expires_in(Duration::from_mins(1)).ok()?)
            .await
            .ok()?;
        let (address, _) = signed.uri().split_once('?')?;
        let (scheme, rest) = address.strip_suffix('k')?.split_once("://")?;
        let (authority, path) = rest.split_once('/')?;
        Some(Self {
            client: client(scheme == "https")?,
            server: format!("{scheme}://{authority}"),
            authority: authority.to_owned(),
            path: format!("/{path}"),
            region: connection.region.clone(),
            credentials,
        })
    }

    /// Asks for an object from a byte on, in the version that was listed.
    ///
    /// # Errors
    /// Every answer but 200 and 206, and none.
    pub async fn get(
        &self,
        target: Target<'_>,
        from: u64,
        payer: bool,
    ) -> Result<Response<Incoming>, Trouble> {
        let request = self.request(target, from, payer).await?;
        let sent = tokio::time::timeout(READ_TIMEOUT, self.client.request(request)).await;
        let answer = match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(e)) => return Err(Trouble::unreachable(&e)),
            Err(_) => {
                let seconds = READ_TIMEOUT.as_secs();
                let why = std::io::Error::other(format!("no answer in {seconds} seconds"));
                return Err(Trouble::unreachable(&why));
            }
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let (head, mut body) = answer.into_parts();
        let mut text = Vec::new();
        while let Ok(Some(chunk)) = frame(&mut body).await
            && text.len() < MAX_ERROR_BYTES
        {
            text.extend_from_slice(&chunk);
        }
        let region = head.headers.get("x-amz-bucket-region");
        Err(Trouble::answered(
            status,
            region.and_then(|r| r.to_str().ok()),
            &text,
        ))
    }

    async fn request(
        &self,
        target: Target<'_>,
        from: u64,
        payer: bool,
    ) -> Result<Request<String>, Trouble> {
        let credentials = match &self.credentials {
            Source::Given(credentials) => credentials.clone(),
            Source::Kept(kept) => kept
                .provide_credentials()
                .await
                .map_err(|e| Trouble::without_credentials_for(&e))?,
        };
        let etag = format!("\"{}\"", target.etag);
        let range = format!("bytes={from}-");
        let mut headers = vec![
            ("host", self.authority.as_str()),
            ("x-amz-content-sha256", EMPTY_SHA256),
        ];
        if !target.etag.is_empty() {
            headers.push(("if-match", &etag));
        }
        if from > 0 {
            headers.push(("range", &range));
        }
        if payer {
            headers.push(("x-amz-request-payer", "requester"));
        }
        let uri = format!("{}{}{}", self.server, self.path, escaped(target.key));
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|e| Trouble::lost(&e))?
            .into();
        let body = SignableBody::Precomputed(EMPTY_SHA256.to_owned());
        let signable = SignableRequest::new("GET", uri.as_str(), headers.iter().copied(), body)
            .map_err(|e| Trouble::lost(&e))?;
        let signed = sign(signable, &parameters).map_err(|e| Trouble::lost(&e))?;
        let mut request = Request::get(&uri);
        for (name, value) in headers.iter().copied().chain(signed.output().headers()) {
            request = request.header(name, value);
        }
        request
            .header(
                "user-agent",
                concat!("frontlog/", env!("CARGO_PKG_VERSION")),
            )
            .body(String::new())
            .map_err(|e| Trouble::lost(&e))
    }
}

/// The next bytes of an answer; `None` at its end.
///
/// # Errors
/// In words, when it breaks off.
pub async fn frame(body: &mut Incoming) -> Result<Option<hyper::body::Bytes>, String> {
    use hyper::body::Body as _;
    loop {
        let next = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx)).await;
        match next {
            None => return Ok(None),
            Some(Err(e)) => return Err(super::errors::innermost(&e)),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// A client for one bucket; its connections are kept. Without TLS the system's certificates are not needed.
fn client(tls: bool) -> Option<Client<HttpsConnector<HttpConnector>, String>> {
    let mut plain = HttpConnector::new();
    plain.set_nodelay(true);
    plain.set_connect_timeout(Some(CONNECT_TIMEOUT));
    plain.enforce_http(false);
    let provider = rustls::crypto::ring::default_provider();
    let connector = if tls {
        HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .ok()?
    } else {
        let nobody = rustls::RootCertStore::empty();
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .ok()?;
        let config = config.with_root_certificates(nobody);
        HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth())
    };
    let connector = connector
        .https_or_http()
        .enable_http1()
        .wrap_connector(plain);
    Some(
        Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector),
    )
}

/// A key as it stands in a URI. S3 signs it escaped once.
fn escaped(key: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            // Writing to a text never fails.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::S3Options;
    use super::super::client;
    use super::*;

    #[test]
    fn the_sdk_says_where_a_bucket_is_and_keys_are_escaped_once() {
        let to = |bucket: &str, change: &dyn Fn(&mut S3Options)| {
            let mut options = S3Options {
                region: Some("eu-central-1".into()),
                static_credentials: Some(("AKIA".into(), "s".into())),
                ..S3Options::default()
            };
            change(&mut options);
            let direct = super::super::runtime::wait(async {
                let connection = client::connect(&options, bucket, None).await.unwrap();
                Direct::to(&connection, bucket).await
            });
            let direct = direct.unwrap()?;
            Some(format!("{}{}", direct.server, direct.path))
        };
        let loopback = |o: &mut S3Options| o.endpoint_url = Some("http://127.0.0.1:9000".into());
        let path_style = |o: &mut S3Options| {
            loopback(o);
            o.path_style = true;
        };
        let found = to("logs", &|_| {});
        assert_eq!(
            found.unwrap(),
            "https://logs.s3.eu-central-1.amazonaws.com/"
        );
        let found = to("logs", &|o| o.dual_stack = true);
        let expected = "https://logs.s3.dualstack.eu-central-1.amazonaws.com/";
        assert_eq!(found.unwrap(), expected);
        let found = to("logs", &|o| o.region = Some("cn-north-1".into()));
        assert_eq!(
            found.unwrap(),
            "https://logs.s3.cn-north-1.amazonaws.com.cn/"
        );
        let found = to("my.logs", &|_| {});
        assert_eq!(
            found.unwrap(),
            "https://s3.eu-central-1.amazonaws.com/my.logs/"
        );
        assert_eq!(
            to("logs", &path_style).unwrap(),
            "http://127.0.0.1:9000/logs/"
        );
        assert_eq!(to("logs--use1-az4--x-s3", &loopback), None);
        assert_eq!(escaped("a b/ü+%~.gz"), "a%20b/%C3%BC%2B%25~.gz");
    }
}

//! Kinesis' errors as sentences: what failed, on what, what to do.

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use super::client::Connection;

/// What a request failed of.
#[derive(Debug)]
pub struct Trouble {
    /// HTTP status, where the server answered.
    status: Option<u16>,
    /// Kinesis' error code.
    code: String,
    /// The innermost cause in words.
    cause: String,
    unreachable: bool,
    no_credentials: bool,
}

impl Trouble {
    /// Reads an SDK error.
    pub fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let response = error.raw_response();
        // The type of a missing credential is wrapped differently in each layer; its words are the same.
        let no_credentials =
            response.is_none() && DisplayErrorContext(error).to_string().contains("redential");
        let service = error.as_service_error();
        let message = service.and_then(|e| e.message()).map(str::to_owned);
        Self {
            status: response.map(|r| r.status().as_u16()),
            code: service
                .and_then(|e| e.code())
                .unwrap_or_default()
                .to_owned(),
            cause: message.unwrap_or_else(|| innermost(error)),
            unreachable: matches!(
                error,
                SdkError::DispatchFailure(_)
                    | SdkError::TimeoutError(_)
                    | SdkError::ResponseError(_)
            ),
            no_credentials,
        }
    }

    /// The iterator is older than five minutes: a new one is needed.
    pub fn is_expired_iterator(&self) -> bool {
        self.code == "ExpiredIteratorException"
    }

    /// Asked too often or for too much: wait, then ask again.
    pub fn is_throttling(&self) -> bool {
        matches!(
            self.code.as_str(),
            "ProvisionedThroughputExceededException"
                | "LimitExceededException"
                | "KMSThrottlingException"
                | "ThrottlingException"
                | "Throttling"
                | "TooManyRequestsException"
                | "SlowDown"
        ) || self.status == Some(429)
    }

    /// It may pass by itself.
    pub fn is_passing(&self) -> bool {
        self.is_throttling()
            || (self.unreachable && !self.no_credentials)
            || self.status.is_some_and(|status| status >= 500)
    }

    /// The sentence: cannot read `what`, which is a stream or a shard of it, by `operation`.
    pub fn sentence(
        &self,
        stream: &str,
        what: &str,
        operation: &str,
        connection: &Connection,
    ) -> String {
        format!(
            "cannot read {what}: {}",
            self.why(stream, operation, connection)
        )
    }

    fn why(&self, stream: &str, operation: &str, connection: &Connection) -> String {
        let region = &connection.region;
        match self.code.as_str() {
            _ if self.no_credentials => {
                "no usable AWS credentials were found (use --profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`)".to_owned()
            }
            _ if self.unreachable => match &connection.endpoint {
                Some(url) => format!(
                    "cannot reach {url}: {} (check --endpoint-url and the network)",
                    self.cause
                ),
                None => format!(
                    "cannot reach Kinesis in {region}: {} (check --region and the network)",
                    self.cause
                ),
            },
            "ResourceNotFoundException" if operation == LIST => format!(
                "there is no stream `{stream}` in region {region} (check its name, and --region)"
            ),
            "ResourceNotFoundException" => {
                "it is gone: its records are older than the stream keeps them, or the stream was deleted".to_owned()
            }
            "AccessDeniedException" => {
                format!("access denied (needs kinesis:{operation} on stream `{stream}`)")
            }
            code if code.starts_with("KMS") && !self.is_throttling() => format!(
                "its records cannot be decrypted: {} (needs kms:Decrypt for the key of stream `{stream}`)",
                self.cause
            ),
            "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidSignatureException" => {
                "access denied: these credentials are not known (check --profile)".to_owned()
            }
            "ExpiredTokenException" | "ExpiredToken" => {
                "the credentials have expired (run `aws sso login`, or renew them)".to_owned()
            }
            _ if self.is_throttling() => format!(
                "its readers ask for more than the stream gives, again and again: {} (other readers of the stream count too)",
                self.cause
            ),
            "" => self.cause.clone(),
            code => format!("{code}: {}", self.cause),
        }
    }
}

/// Names of operations, which are the names of permissions too.
pub const LIST: &str = "ListShards";
pub const ITERATOR: &str = "GetShardIterator";
pub const RECORDS: &str = "GetRecords";

/// The last error of a chain: the one that names the cause.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

//! S3's errors as sentences: what failed, on what, what to do.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::model::Code;

use super::super::location;
use super::client::{Connection, Target};

/// What a request failed of.
#[derive(Debug)]
pub struct Trouble {
    /// HTTP status, where the server answered.
    pub status: Option<u16>,
    /// S3's error code.
    pub code: String,
    /// The region that S3 says the bucket is in.
    pub region: Option<String>,
    /// The innermost cause in words.
    pub cause: String,
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
        let whole = DisplayErrorContext(error).to_string();
        // The type of a missing credential is wrapped differently in each layer; its words are the same.
        let no_credentials = response.is_none() && whole.contains("redential");
        let service = error.as_service_error();
        let message = service.and_then(|e| e.message()).map(str::to_owned);
        Self {
            status: response.map(|r| r.status().as_u16()),
            code: service
                .and_then(|e| e.code())
                .unwrap_or_default()
                .to_owned(),
            region: response
                .and_then(|r| r.headers().get("x-amz-bucket-region"))
                .map(str::to_owned),
            cause: message.unwrap_or_else(|| innermost(error)),
            unreachable: matches!(
                error,
                SdkError::DispatchFailure(_) | SdkError::TimeoutError(_)
            ),
            no_credentials,
        }
    }

    /// The bucket is in another region than the request was signed for.
    pub fn wrong_region(&self) -> bool {
        self.status == Some(301)
            || matches!(
                self.code.as_str(),
                "PermanentRedirect"
                    | "AuthorizationHeaderMalformed"
                    | "IllegalLocationConstraintException"
            )
    }

    /// The sentence of a failed listing of `text`, as typed.
    pub fn listing(&self, text: &str, bucket: &str, connection: &Connection) -> String {
        let why = match (self.status, self.code.as_str()) {
            (_, "NoSuchBucket") | (Some(404), _) => {
                format!(
                    "there is no bucket `{bucket}` (check its name, and --endpoint-url if it is not on AWS)"
                )
            }
            (_, "AccessDenied" | "AllAccessDisabled") => {
                format!("access denied (needs s3:ListBucket on bucket `{bucket}`)")
            }
            _ => self.common(bucket, connection, "s3:ListBucket"),
        };
        format!("cannot list {text}: {why}")
    }

    /// The code and sentence of an object that could not be read.
    pub fn reading(&self, target: Target<'_>, connection: &Connection) -> (Code, String) {
        let why = match (self.status, self.code.as_str()) {
            (Some(412), _) | (_, "PreconditionFailed") => return changed(target),
            (_, "NoSuchKey") | (Some(404), _) => "it was deleted after it was listed".to_owned(),
            (_, "AccessDenied" | "AllAccessDisabled") => {
                format!(
                    "access denied (needs s3:GetObject on bucket `{}`, and kms:Decrypt where it is encrypted)",
                    target.bucket
                )
            }
            (_, "InvalidObjectState") => {
                "it is archived (restore it from Glacier first)".to_owned()
            }
            _ => self.common(target.bucket, connection, "s3:GetObject"),
        };
        (Code::S902, unreadable(target, &why))
    }

    fn common(&self, bucket: &str, connection: &Connection, permission: &str) -> String {
        let server = connection.endpoint.as_deref().unwrap_or("S3");
        if self.wrong_region() {
            return match &self.region {
                Some(region) => format!(
                    "bucket `{bucket}` is in region {region}, not {} (use --region {region})",
                    connection.region
                ),
                None => format!(
                    "bucket `{bucket}` is not in region {} (name its region with --region)",
                    connection.region
                ),
            };
        }
        match self.code.as_str() {
            _ if self.no_credentials => self.without_credentials(connection),
            _ if self.unreachable => match &connection.endpoint {
                Some(url) => format!(
                    "cannot reach {url}: {} (check --endpoint-url and the network)",
                    self.cause
                ),
                None => format!("cannot reach S3: {} (check the network)", self.cause),
            },
            "InvalidAccessKeyId" | "InvalidToken" => {
                format!("access denied: {server} does not know these credentials (check --profile)")
            }
            "SignatureDoesNotMatch" => format!(
                "access denied: the secret access key is wrong for {server} (check --profile)"
            ),
            "ExpiredToken" | "TokenRefreshRequired" => {
                "the credentials have expired (run `aws sso login`, or renew them)".to_owned()
            }
            "RequestTimeTooSkewed" => {
                format!("this machine's clock differs too much from {server}'s (set the clock)")
            }
            "" => match self.status {
                // A HEAD-like answer without a body carries no code.
                Some(403) => format!("access denied (needs {permission} on bucket `{bucket}`)"),
                Some(status) => format!("{server} answered {status}: {}", self.cause),
                None => self.cause.clone(),
            },
            code => format!("{server} answered {code}: {}", self.cause),
        }
    }

    fn without_credentials(&self, connection: &Connection) -> String {
        match &connection.options.profile {
            Some(profile) => format!("no usable AWS credentials in profile `{profile}`: {} (check --profile)", self.cause),
            None => "no usable AWS credentials were found (use --profile, set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, run `aws sso login`, or use --no-sign-request for a public bucket)"
                .to_owned(),
        }
    }
}

/// The object was overwritten between the listing and now.
pub fn changed(target: Target<'_>) -> (Code, String) {
    (
        Code::S901,
        unreadable(
            target,
            "it was overwritten after it was listed (run again to read its new content)",
        ),
    )
}

/// The content broke off too often.
pub fn broken(target: Target<'_>, cause: &str) -> (Code, String) {
    (
        Code::S902,
        unreadable(
            target,
            &format!("its content broke off again and again: {cause} (check the network)"),
        ),
    )
}

fn unreadable(target: Target<'_>, why: &str) -> String {
    format!(
        "cannot read {}: {why}",
        location::s3_uri(target.bucket, target.key)
    )
}

/// The last error of a chain: the one that names the cause.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

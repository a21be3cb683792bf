//! S3's errors as sentences: what failed, on what, what to do.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::model::Code;

use super::super::location;
use super::client::{Connection, Target};

/// What a request failed of.
#[derive(Debug, Default)]
pub struct Trouble {
    /// HTTP status, where the server answered.
    pub status: Option<u16>,
    /// S3's error code.
    pub code: String,
    /// The region that S3 says the bucket is in.
    pub region: Option<String>,
    /// S3's message, or the innermost cause in words.
    pub cause: String,
    /// Where an archived object lies.
    storage_class: Option<String>,
    unreachable: bool,
    no_credentials: bool,
    /// Tries that were made.
    attempts: u32,
}

impl Trouble {
    /// Reads an SDK error.
    pub fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let Some(response) = error.raw_response() else {
            return Self::without_answer(error);
        };
        let service = error.as_service_error();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let code = text(service.and_then(ProvideErrorMetadata::code));
        let message = service.and_then(ProvideErrorMetadata::message);
        Self::answered(
            response.status().as_u16(),
            response.headers().get("x-amz-bucket-region"),
            response.body().bytes().unwrap_or_default(),
        )
        .or_told(
            code,
            message.map_or_else(|| innermost(error), str::to_owned),
        )
    }

    /// Reads an error answer: S3's are small XML texts.
    pub fn answered(status: u16, region: Option<&str>, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let cause = element(&body, "Message").unwrap_or_default();
        let expected = || {
            Some(
                cause
                    .split_once("expecting '")?
                    .1
                    .split('\'')
                    .next()?
                    .to_owned(),
            )
        };
        Self {
            status: Some(status),
            code: element(&body, "Code").unwrap_or_default(),
            region: region
                .map(str::to_owned)
                .or_else(|| element(&body, "Region"))
                .or_else(expected),
            storage_class: element(&body, "StorageClass"),
            cause,
            attempts: 1,
            ..Self::default()
        }
    }

    fn or_told(mut self, code: String, cause: String) -> Self {
        if self.code.is_empty() {
            self.code = code;
        }
        if self.cause.is_empty() {
            self.cause = cause;
        }
        self
    }

    fn without_answer<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        // The type of a missing credential is wrapped differently in each layer; its words are the same.
        let whole = DisplayErrorContext(error).to_string();
        Self {
            cause: innermost(error),
            unreachable: matches!(
                error,
                SdkError::DispatchFailure(_)
                    | SdkError::TimeoutError(_)
                    | SdkError::ResponseError(_)
            ),
            no_credentials: whole.contains("redential"),
            attempts: 1,
            ..Self::default()
        }
    }

    /// No answer came.
    pub fn unreachable(why: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            cause: innermost(why),
            unreachable: true,
            attempts: 1,
            ..Self::default()
        }
    }

    /// The chain gave no credentials.
    pub fn without_credentials_for(why: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            cause: innermost(why),
            no_credentials: true,
            attempts: 1,
            ..Self::default()
        }
    }

    /// A task that ended without an answer: a bug.
    pub fn lost(why: &dyn std::fmt::Display) -> Self {
        Self {
            cause: format!("its request ended unexpectedly ({why}); please report this"),
            ..Self::default()
        }
    }

    /// The same, after so many tries.
    pub fn after(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The same request may do better in a moment.
    pub fn passes(&self) -> bool {
        let unreachable = self.unreachable && !self.no_credentials;
        unreachable || self.is_busy() || matches!(self.status, Some(408 | 500 | 502 | 504))
    }

    /// The server asks for fewer requests.
    pub fn is_busy(&self) -> bool {
        matches!(self.status, Some(429 | 503))
            || matches!(self.code.as_str(), "SlowDown" | "ServiceUnavailable")
            || self.code.contains("Throttl")
            || self.code.ends_with("LimitExceeded")
    }

    /// The credentials are no longer good.
    pub fn is_expired(&self) -> bool {
        matches!(
            self.code.as_str(),
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "RequestExpired"
        )
    }

    /// The bucket is in another region than the request was signed for.
    pub fn wrong_region(&self) -> bool {
        matches!(self.status, Some(301 | 307))
            || matches!(
                self.code.as_str(),
                "PermanentRedirect"
                    | "TemporaryRedirect"
                    | "AuthorizationHeaderMalformed"
                    | "IllegalLocationConstraintException"
            )
    }

    /// The sentence of a failed listing of `text`, as typed.
    pub fn listing(&self, text: &str, bucket: &str, connection: &Connection) -> String {
        let why = match (self.status, self.code.as_str()) {
            (_, "NoSuchBucket") | (Some(404), _) => no_bucket(bucket),
            _ => {
                let needs = ("s3:ListBucket", format!("bucket `{bucket}`"));
                self.common(bucket, connection, &needs)
            }
        };
        format!("cannot list {text}: {why}")
    }

    /// The code and sentence of an object that could not be read.
    pub fn reading(&self, target: Target<'_>, connection: &Connection) -> (Code, String) {
        let why = match (self.status, self.code.as_str()) {
            (Some(412), _) | (_, "PreconditionFailed") => return changed(target),
            (_, "NoSuchBucket") => no_bucket(target.bucket),
            (_, "NoSuchKey") | (Some(404), _) => "it was deleted after it was listed".to_owned(),
            (_, "InvalidObjectState") => format!(
                "it is archived{} (restore it first: `aws s3api restore-object`)",
                self.storage_class
                    .as_ref()
                    .map_or_else(String::new, |class| format!(" as {class}"))
            ),
            (_, code) if code.starts_with("KMS.") => format!(
                "its KMS key does not decrypt it: {} (needs kms:Decrypt on an enabled key)",
                self.cause
            ),
            _ => {
                let uri = location::s3_uri(target.bucket, target.key);
                self.common(target.bucket, connection, &("s3:GetObject", uri))
            }
        };
        (Code::S902, unreadable(target, &why))
    }

    /// What listing and reading have in common. `needs` is the permission, and on what.
    fn common(&self, bucket: &str, connection: &Connection, needs: &(&str, String)) -> String {
        let server = connection.endpoint.as_deref().unwrap_or("S3");
        let tried = match self.attempts {
            0 | 1 => String::new(),
            n => format!("; gave up after {n} attempts"),
        };
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
                    "cannot reach {url}: {} (check --endpoint-url and the network{tried})",
                    self.cause
                ),
                None => format!("cannot reach S3: {} (check the network{tried})", self.cause),
            },
            "AccessDenied"
            | "AllAccessDisabled"
            | "UnauthorizedAccess"
            | "AccessDeniedException" => self.denied(connection, needs),
            "InvalidAccessKeyId" | "InvalidToken" => {
                format!("access denied: {server} does not know these credentials (check --profile)")
            }
            "SignatureDoesNotMatch" => format!(
                "access denied: the secret access key is wrong for {server} (check --profile)"
            ),
            _ if self.is_expired() => {
                "the credentials have expired (run `aws sso login`, or renew them)".to_owned()
            }
            "RequestTimeTooSkewed" => {
                format!("this machine's clock differs too much from {server}'s (set the clock)")
            }
            "" => match self.status {
                // A HEAD-like answer without a body carries no code.
                Some(403) => self.denied(connection, needs),
                Some(status) => format!("{server} answered {status}: {}{tried}", self.cause),
                None => self.cause.clone(),
            },
            code => format!("{server} answered {code}: {}{tried}", self.cause),
        }
    }

    /// IAM's newer messages name the missing action; else it is what the request needs.
    fn denied(&self, connection: &Connection, (permission, on): &(&str, String)) -> String {
        let named = self.cause.split_once("not authorized to perform: ");
        if let Some(action) = named.and_then(|(_, rest)| rest.split_whitespace().next()) {
            let on = if action.starts_with("kms:") {
                "the KMS key it is encrypted with"
            } else {
                on.as_str()
            };
            return format!("access denied (needs {action} on {on})");
        }
        let decrypt = match *permission {
            "s3:GetObject" => ", and kms:Decrypt where it is encrypted with a KMS key",
            _ => "",
        };
        let asked = connection.options.request_payer || connection.options.no_sign_request;
        let payer = if asked {
            ""
        } else {
            "; --request-payer where the requester pays"
        };
        format!("access denied (needs {permission} on {on}{decrypt}{payer})")
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

fn no_bucket(bucket: &str) -> String {
    format!(
        "there is no bucket `{bucket}` (check its name, and --endpoint-url if it is not on AWS)"
    )
}

/// The text of an element of one of S3's error answers.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
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
pub fn broken(target: Target<'_>, cause: &str, attempts: u32) -> (Code, String) {
    let why =
        format!("its content broke off {attempts} times in a row: {cause} (check the network)");
    (Code::S902, unreadable(target, &why))
}

fn unreadable(target: Target<'_>, why: &str) -> String {
    format!(
        "cannot read {}: {why}",
        location::s3_uri(target.bucket, target.key)
    )
}

/// The last error of a chain: the one that names the cause.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

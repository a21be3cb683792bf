//! Where objects come from: local files, folders, globs, standard input, S3.
//! (stub: helper H2 owns this folder; these types are the agreed face)

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// As typed: a file, a folder, a glob, `-`, `s3://bucket/prefix`.
    pub sources: Vec<String>,
    /// First hour to read, as hours since 1970 UTC (inclusive); objects without an hour in their name are kept.
    pub since_hour: Option<i64>,
    /// Last hour to read (inclusive).
    pub until_hour: Option<i64>,
    /// Newest hour first (explorer), else oldest first.
    pub newest_first: bool,
    /// Keep watching for growth and new objects.
    pub follow: bool,
    /// S3 connection.
    pub s3: S3Options,
    /// Bound on fetched bytes that no worker has taken yet.
    pub bytes_in_flight: u64,
}

/// How to reach S3.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// Named profile.
    pub profile: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Another endpoint than AWS'.
    pub endpoint_url: Option<String>,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`.
    pub path_style: bool,
    /// Anonymous requests.
    pub no_sign_request: bool,
    /// Requester pays.
    pub request_payer: bool,
}

//! What the user says of the logs' format, where their content cannot tell.

/// A format of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Found by content, line by line.
    #[default]
    Auto,
    /// Standard logs as rows: v1, and w3c, plain and raw of v2.
    Rows,
    /// Standard logs (v2) as JSON.
    Json,
    /// Standard logs (v2) as Parquet.
    Parquet,
    /// Real-time logs, tab-separated.
    Realtime,
    /// Apache's and NGINX's common and combined logs.
    Combined,
}

/// What the user says of the logs' format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormatOptions {
    /// `--log-format`.
    pub format: LogFormat,
    /// `--fields`: names of the columns of logs without a `#Fields` line; empty where not given.
    pub fields: Vec<String>,
    /// `--delimiter`: what stands between two columns; `None`: a tab, or what the content shows.
    pub delimiter: Option<String>,
}

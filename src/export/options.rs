//! What an export is asked to write.

use serde::{Deserialize, Serialize};

/// The format of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Parquet: SNAPPY, version 1 pages, timestamps in microseconds UTC.
    #[default]
    Parquet,
    /// The one CSV dialect that loads everywhere: UTF-8, LF, header, every text in quotes, null is `\N` without quotes.
    Csv,
    /// JSON Lines: one object a row, null is null, timestamps are text.
    Jsonl,
}

impl Format {
    /// The word on the command line and in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// The compression of whole text files; Parquet compresses its own pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compress {
    /// None.
    #[default]
    None,
    /// gzip; the name gets `.gz`.
    Gzip,
}

impl Compress {
    /// The word on the command line and in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
        }
    }
}

/// The warehouse whose DDL, load statements and limits are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Amazon Redshift.
    #[default]
    Redshift,
}

impl Target {
    /// The word on the command line and in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redshift => "redshift",
        }
    }
}

/// What the files look like, and when one is full.
#[derive(Debug, Clone)]
pub struct Options {
    /// Format.
    pub format: Format,
    /// Compression of text formats.
    pub compress: Compress,
    /// Warehouse.
    pub target: Target,
    /// Prefix of the URLs in manifests (`s3://bucket/prefix`), for a folder that will be copied there; without one
    /// they are `file://` URLs.
    pub url_prefix: Option<String>,
    /// Rows of one row group.
    pub group_rows: usize,
    /// Bytes of one row group, before encoding.
    pub group_bytes: usize,
    /// Bytes of all rows that wait for their row group, over all tables.
    pub buffer_bytes: usize,
    /// A file that has grown past this is closed and a new one begun.
    pub file_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: Format::default(),
            compress: Compress::default(),
            target: Target::default(),
            url_prefix: None,
            group_rows: 131_072,
            group_bytes: 32 << 20,
            buffer_bytes: 128 << 20,
            file_bytes: 128 << 20,
        }
    }
}

impl Options {
    /// Checks that the choices go together.
    ///
    /// # Errors
    /// gzip around Parquet: a `.parquet.gz` loads nowhere.
    pub fn check(&self) -> crate::error::Result<()> {
        if self.format == Format::Parquet && self.compress != Compress::None {
            return Err(crate::error::Error::Config(
                "--compress applies to csv and jsonl; Parquet files compress their own pages (SNAPPY)".into(),
            ));
        }
        Ok(())
    }

    /// The end of a file's name: `parquet`, `csv.gz`.
    pub fn extension(&self) -> String {
        match self.compress {
            Compress::None => self.format.as_str().to_owned(),
            Compress::Gzip => format!("{}.gz", self.format.as_str()),
        }
    }
}

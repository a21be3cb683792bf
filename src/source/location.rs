//! A source as typed, understood.

use std::path::PathBuf;

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, Result};

use super::kinesis;

/// How standard input is written as a source and as an object's URI.
pub const STDIN: &str = "-";
const SCHEME: &str = "s3://";
/// Characters that make a name a pattern.
const WILD: [char; 4] = ['*', '?', '[', '{'];

/// One source as typed.
#[derive(Debug, Clone)]
pub enum Location {
    /// `-`.
    Stdin,
    /// A path that is taken as it is: a file, a folder, a pipe.
    Path(PathBuf),
    /// A pattern of local paths.
    Glob {
        /// As typed.
        text: String,
        /// Folder above the first wildcard; empty for the current one.
        base: PathBuf,
        /// Matches paths written as `base` joined with what lies under it.
        matcher: GlobMatcher,
    },
    /// A bucket and what to list in it.
    S3(Prefix),
    /// A Kinesis stream, by name.
    Stream(String),
}

/// What to list in a bucket.
#[derive(Debug, Clone)]
pub struct Prefix {
    /// Bucket.
    pub bucket: String,
    /// Keys start with it; may be empty, may be one whole key.
    pub start: String,
    /// Keys must match it too.
    pub matcher: Option<GlobMatcher>,
    /// As typed, for messages.
    pub text: String,
}

impl Location {
    /// Whether more may come from it than is there: not from standard input or a pipe, which are read to their end.
    pub fn may_grow(&self) -> bool {
        match self {
            Self::Stdin => false,
            Self::Path(path) => {
                std::fs::metadata(path).is_ok_and(|meta| meta.is_file() || meta.is_dir())
                    || !path.exists()
            }
            Self::Glob { .. } | Self::S3(_) | Self::Stream(_) => true,
        }
    }

    /// Understands every source.
    ///
    /// # Errors
    /// No source at all, a malformed S3 URI, a bad pattern.
    pub fn parse_all(sources: &[String]) -> Result<Vec<Self>> {
        if sources.is_empty() {
            return Err(Error::Config(
                "no source given: name a file, a folder, a glob, `-`, s3://bucket/prefix or kinesis://stream".into(),
            ));
        }
        sources.iter().map(|s| Self::parse(s)).collect()
    }

    fn parse(text: &str) -> Result<Self> {
        if text == STDIN {
            return Ok(Self::Stdin);
        }
        if text.is_empty() {
            return Err(Error::Config(
                "an empty source was given: name a file, a folder, a glob, `-` or s3://…".into(),
            ));
        }
        if let Some(rest) = strip_scheme(text, SCHEME) {
            return Prefix::parse(text, rest).map(Self::S3);
        }
        if let Some(rest) = strip_scheme(text, kinesis::SCHEME) {
            return kinesis::stream_name(text, rest).map(Self::Stream);
        }
        // A file may be called `a[1].log`: what exists is no pattern.
        if !text.contains(WILD) || std::fs::symlink_metadata(text).is_ok() {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        let pattern = text.strip_prefix("./").unwrap_or(text);
        Ok(Self::Glob {
            text: text.to_owned(),
            base: PathBuf::from(literal_folder(pattern)),
            matcher: compile(text, pattern)?,
        })
    }
}

impl Prefix {
    fn parse(text: &str, rest: &str) -> Result<Self> {
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
        if bucket.is_empty() || !bucket.bytes().all(named) {
            return Err(Error::Config(format!(
                "`{text}` is not an S3 location: expected s3://bucket/prefix, with a bucket name of letters, digits, dots and hyphens"
            )));
        }
        let literal = key.find(WILD).map_or(key, |at| &key[..at]);
        let matcher = if literal.len() == key.len() {
            None
        } else {
            Some(compile(text, key)?)
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            start: literal.to_owned(),
            matcher,
            text: text.to_owned(),
        })
    }
}

/// Bucket and key of an object's URI; `None` for a local one.
pub fn split_s3(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix(SCHEME)?.split_once('/')
}

/// The URI of a key.
pub fn s3_uri(bucket: &str, key: &str) -> String {
    format!("{SCHEME}{bucket}/{key}")
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let head = text.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme)
        .then(|| &text[scheme.len()..])
}

/// The folders of a pattern before its first wildcard.
fn literal_folder(pattern: &str) -> &str {
    let literal = pattern.find(WILD).map_or(pattern, |at| &pattern[..at]);
    match literal.rfind('/') {
        Some(0) => "/",
        Some(at) => &literal[..at],
        None => "",
    }
}

fn compile(text: &str, pattern: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|g| g.compile_matcher())
        .map_err(|e| Error::Config(format!("`{text}` is not a usable pattern: {}", e.kind())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_each_kind() {
        assert!(matches!(Location::parse("-").unwrap(), Location::Stdin));
        assert!(matches!(
            Location::parse("logs/a.gz").unwrap(),
            Location::Path(_)
        ));
        let Location::Glob { base, matcher, .. } = Location::parse("logs/x*/*.gz").unwrap() else {
            panic!()
        };
        assert_eq!(base, PathBuf::from("logs"));
        assert!(matcher.is_match("logs/x1/a.gz") && !matcher.is_match("logs/x1/b/a.gz"));
        let Location::S3(p) = Location::parse("s3://b/px/E2.*.gz").unwrap() else {
            panic!()
        };
        assert_eq!(
            (p.bucket.as_str(), p.start.as_str(), p.matcher.is_some()),
            ("b", "px/E2.", true)
        );
        let Location::S3(p) = Location::parse("S3://b").unwrap() else {
            panic!()
        };
        assert_eq!((p.start.as_str(), p.matcher.is_none()), ("", true));
        assert!(
            matches!(Location::parse("kinesis://px-rt_1.a/").unwrap(), Location::Stream(name) if name == "px-rt_1.a")
        );
    }

    #[test]
    fn refuses_what_cannot_be_one() {
        for bad in [
            "s3://",
            "s3:///key",
            "s3://bad bucket/x",
            "kinesis://",
            "kinesis://a/b",
            "logs/[.gz",
            "",
        ] {
            assert!(
                matches!(Location::parse(bad), Err(Error::Config(_))),
                "{bad}"
            );
        }
        assert!(Location::parse_all(&[]).is_err());
    }
}

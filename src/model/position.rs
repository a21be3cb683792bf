//! How far a followed source has been taken: what a later run needs to go on where this one ended.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What of a text that may grow has been read: whole lines from its start, and enough of its bytes to know it again
/// under another name, copied, or compressed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// Bytes of text that were read.
    pub offset: u64,
    /// Lines among them.
    pub lines: u64,
    /// Bytes at its start that `head` is the hash of.
    pub head_bytes: u32,
    /// Hash of the first bytes.
    pub head: u64,
    /// Bytes before `offset` that `edge` is the hash of.
    pub edge_bytes: u32,
    /// Hash of the last bytes read.
    pub edge: u64,
}

/// How far one source has been taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Position {
    /// A local text that may grow; gzip, too, once it grew.
    Text {
        /// Device and inode.
        file: (u64, u64),
        /// Where it was last seen.
        path: String,
        /// What was read.
        chapter: Chapter,
        /// The line that its format is known from: the last `#Fields` line, else the first one.
        header: String,
        /// Of gzip: where the member starts from which to read on, and how many bytes of text to leave out there.
        member: Option<(u64, u64)>,
    },
    /// A local file that was read whole (gzip, mostly).
    Whole {
        /// Device and inode.
        file: (u64, u64),
        /// Where it was last seen.
        path: String,
        /// Its size then, in bytes.
        size: u64,
        /// Its version then, `mtime_ns-size`.
        etag: String,
        /// Hash of its last bytes, to know whether it only grew.
        edge: u64,
    },
    /// An S3 object.
    Object {
        /// Its version.
        etag: String,
        /// The hour in its key, as hours since 1970 UTC.
        hour: Option<i64>,
    },
    /// A shard of a stream.
    Shard {
        /// Sequence number of the last record taken; empty before the first one.
        sequence: String,
        /// Where no record was taken: go on with what arrived since, in milliseconds since 1970 UTC.
        since_ms: Option<i64>,
        /// Lines taken.
        lines: u64,
        /// Bytes of text taken.
        offset: u64,
    },
}

/// What comes next for an object, once the sink has taken it, stands for this position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which object.
    pub index: u32,
    /// What names the source in the state: one position a key.
    pub key: Arc<str>,
    /// How far the source is then.
    pub position: Position,
}

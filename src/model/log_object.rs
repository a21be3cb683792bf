//! One log file or S3 object, and how far it has been read.

use std::sync::Arc;

use serde::Serialize;

/// Index into the run's list of objects, in the order they were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectId(pub u32);

/// One log file or S3 object, as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogObject {
    /// `s3://bucket/key`, a local path as given, or `-` for standard input.
    pub uri: Arc<str>,
    /// Size as stored, in bytes; 0 where unknown (standard input).
    pub size_bytes: u64,
    /// S3's `ETag` without quotes; for a local file `mtime_ns-size`, so that a change shows.
    pub etag: Arc<str>,
    /// The hour in `CloudFront`'s key name, as hours since 1970-01-01T00 UTC; `None` where the name has none.
    pub hour: Option<i64>,
    /// When the object was written, in milliseconds since 1970 UTC.
    pub last_modified_ms: Option<i64>,
}

/// An object that comes this long after the end of its hour is late; most come within the hour.
const LATE_MS: i64 = 3_600_000;
/// `CloudFront` delivers up to a day late; what was written much later was copied or restored.
const COPIED_MS: i64 = 48 * 3_600_000;

impl LogObject {
    /// How long after the end of its hour an S3 object was delivered, in ms, where that is late.
    ///
    /// # Source
    /// "Timing of standard log file delivery", `CloudFront` Developer Guide: within an hour usually, up to 24 hours.
    pub fn late_ms(&self) -> Option<u64> {
        if !self.uri.starts_with("s3://") {
            return None;
        }
        let late = self.last_modified_ms? - (self.hour? + 1) * 3_600_000;
        (LATE_MS..COPIED_MS).contains(&late).then_some(late as u64)
    }
}

/// Where an object stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum ObjectStatus {
    /// Listed, not yet read.
    Waiting,
    /// Being read now, or followed.
    Reading,
    /// Read to its end.
    Read,
    /// Read up to a corrupt tail (L103).
    Corrupt(String),
    /// Could not be read (S9xx); a sentence.
    Unreadable(String),
}

/// An object with its counts so far.
#[derive(Debug, Clone)]
pub struct ObjectState {
    /// The object as listed.
    pub object: Arc<LogObject>,
    /// How far it is.
    pub status: ObjectStatus,
    /// What was found in it.
    pub counters: crate::model::Counters,
}

impl ObjectState {
    /// Whether it could not be read, or not to its end.
    pub const fn is_unreadable(&self) -> bool {
        matches!(self.status, ObjectStatus::Unreadable(_))
    }

    /// Before it is read again: it waits, and does not count as unreadable. Gives what its run's counts lose by that;
    /// lines that were read of it stay counted, and are not read again.
    pub fn ask_again(&mut self) -> crate::model::Counters {
        let gone = crate::model::Counters {
            objects_unreadable: self.counters.objects_unreadable,
            object_bytes: self.counters.object_bytes,
            ..Default::default()
        };
        self.counters.take_away(&gone);
        self.status = ObjectStatus::Waiting;
        gone
    }
}

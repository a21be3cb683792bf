//! Where objects come from: local files, folders, globs, standard input, S3, Kinesis.
//!
//! [`start`] lists what the sources hold, then hands out each object's content in listed order through a bounded
//! channel, so that a slow reader slows the fetching down. One background thread does it; S3 requests run on the
//! process's network runtime (`s3::runtime`). Nothing outside this folder needs to know tokio for it.

mod again;
mod chapter;
mod fetched;
mod follow;
mod hour;
pub mod kinesis;
mod listing;
mod local;
mod location;
mod log_name;
mod members;
mod outlet;
mod piped;
mod remote;
mod run;
mod s3;
pub mod state;
mod tail;
mod wake;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use tokio_util::sync::CancellationToken;

pub use fetched::Fetched;

use crate::error::{Error, Result};
use crate::model::{Code, FormatOptions, LogObject, Mark};
use listing::Listing;
use location::Location;

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// As typed: a file, a folder, a glob, `-`, `s3://bucket/prefix`, `kinesis://stream`.
    pub sources: Vec<String>,
    /// First hour to read, as hours since 1970 UTC (inclusive); objects without an hour in their name are kept.
    pub since_hour: Option<i64>,
    /// Last hour to read (inclusive).
    pub until_hour: Option<i64>,
    /// Newest hour first (explorer), else oldest first.
    pub newest_first: bool,
    /// Where streams are read from.
    pub from: kinesis::Begin,
    /// Keep watching for growth and new objects.
    pub follow: bool,
    /// How to.
    pub following: Following,
    /// S3 connection.
    pub s3: S3Options,
    /// Of what the sources hold, read only the objects with these URIs (an export's plan); all where `None`.
    pub only: Option<Arc<std::collections::HashSet<Arc<str>>>>,
    /// What the user says of the logs' format.
    pub formats: FormatOptions,
    /// Bound on fetched bytes that no worker has taken yet; 0 means 64 MiB.
    pub bytes_in_flight: u64,
}

/// How to follow.
#[derive(Debug, Clone, Default)]
pub struct Following {
    /// From one listing of S3 to the next; 0 means ten seconds.
    pub poll_interval: Duration,
    /// Hours before the newest one in which objects may still appear; 0 means all.
    pub window_hours: i64,
    /// Where to keep how far the sources were taken; nowhere where `None`.
    pub state: Option<state::StateOptions>,
    /// What an earlier run took, which is not read again.
    pub taken: Arc<state::Taken>,
    /// Ends a followed run as if its sources had ended: what has arrived is still read.
    pub finish: Option<CancellationToken>,
}

/// How to reach S3.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct S3Options {
    /// Named profile.
    pub profile: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Another endpoint than AWS'.
    pub endpoint_url: Option<String>,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`.
    pub path_style: bool,
    /// AWS' addresses that answer on IPv6 too.
    pub dual_stack: bool,
    /// Anonymous requests.
    pub no_sign_request: bool,
    /// Requester pays.
    pub request_payer: bool,
    /// Access key id and secret, for tests and embedding: with them neither environment nor profile files are read.
    pub static_credentials: Option<(String, String)>,
}

impl std::fmt::Debug for S3Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Options")
            .field("profile", &self.profile)
            .field("region", &self.region)
            .field("endpoint_url", &self.endpoint_url)
            .field("path_style", &self.path_style)
            .field("dual_stack", &self.dual_stack)
            .field("no_sign_request", &self.no_sign_request)
            .field("request_payer", &self.request_payer)
            // A secret must never reach a log file through `{:?}`.
            .field(
                "static_credentials",
                &self.static_credentials.as_ref().map(|_| "(hidden)"),
            )
            .finish()
    }
}

/// What comes out of the sources, in this order: warnings, `Listed`, then one `Content` or `Unreadable` an object.
#[derive(Debug)]
pub enum Arrival {
    /// Found objects in the order their contents will arrive. Sent once when the listing is complete, and again for
    /// new objects while following (there also empty now and then, which tells the sender whether anybody still
    /// listens). The n-th object ever listed has index n.
    Listed(Vec<Arc<LogObject>>),
    /// The content of object `index`, in the order listed.
    Content {
        /// Which object.
        index: u32,
        /// Its content, or how to get at it.
        content: Content,
    },
    /// Followed plain local file: more bytes, always whole lines (a partial last line is held back until its newline
    /// arrives; a line that reaches 64 MiB without one is passed on as it is).
    Growth {
        /// Which object.
        index: u32,
        /// Where the bytes start in the file.
        offset: u64,
        /// The new lines.
        bytes: Vec<u8>,
    },
    /// As growth, but the bytes are one record that holds no log line: an unreadable line, whatever is in it.
    Refused {
        /// Which object.
        index: u32,
        /// Where the bytes start in the text.
        offset: u64,
        /// The record, ended by a newline.
        bytes: Vec<u8>,
        /// A sentence.
        message: String,
    },
    /// Object `index` cannot be read.
    Unreadable {
        /// Which object.
        index: u32,
        /// S901 (it changed) or S902 (denied, gone).
        code: Code,
        /// A sentence.
        message: String,
    },
    /// Something a person should know that stops nothing.
    Warning(String),
    /// Object `index` was overwritten since it was listed; what is read of it next is this version.
    Relisted {
        /// Which object.
        index: u32,
        /// As it is now.
        object: Arc<LogObject>,
    },
    /// All that is listed, or was asked for again, has been delivered. Only of [`start_and_stay`], and never while
    /// following.
    Complete,
    /// How far the slowest shard of the streams is behind their newest record, in milliseconds.
    Behind(u64),
    /// While following, object `index` goes on where an earlier run ended: no content comes, only growth.
    Resumed {
        /// Which object.
        index: u32,
        /// Lines before the first growth.
        lines: u64,
        /// The text from which its format is known: its last `#Fields` line, else its first line.
        head: Vec<u8>,
    },
    /// While following: the next content or growth of its object, once taken, stands for this position.
    Mark(Mark),
    /// While following S3: once everything before is taken, objects of earlier hours are done with.
    Floor(i64),
}

/// An object to be read again, which could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// Which object.
    pub index: u32,
    /// Its first part was read and counted: only the same version may go on from there.
    pub partly: bool,
}

/// The bytes of one object as stored (gzip is not undone here).
pub enum Content {
    /// All of it. S3 objects up to 32 MiB; the first lines of a followed plain file, whose
    /// others follow as [`Arrival::Growth`].
    Bytes(Fetched),
    /// A local file, which the worker reads itself.
    File(PathBuf),
    /// A large S3 object, a pipe or standard input: a blocking reader with a bounded buffer behind it.
    Stream(Box<dyn std::io::Read + Send>),
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// Starts listing and fetching in the background.
///
/// The channel is bounded and closes when all is delivered; with `follow` it stays open until `cancel`. A dropped
/// receiver or `cancel` ends every task and thread. A reader that keeps many [`Fetched`] at once must hold less than
/// `bytes_in_flight`, or nothing more arrives.
///
/// # Errors
/// Local sources are listed at once: a missing path, an empty folder, a bad pattern, a malformed S3 URI. Errors of an
/// S3 listing arrive on the channel, as its last message.
pub fn start(options: Options, cancel: CancellationToken) -> Result<Receiver<Result<Arrival>>> {
    begin(options, cancel, None)
}

/// As [`start`], but stays when all is delivered, and reads objects again that are asked for through `again`, until
/// that is closed.
///
/// # Errors
/// As [`start`].
pub fn start_and_stay(
    options: Options,
    cancel: CancellationToken,
    again: Receiver<Vec<Again>>,
) -> Result<Receiver<Result<Arrival>>> {
    begin(options, cancel, Some(again))
}

fn begin(
    options: Options,
    cancel: CancellationToken,
    again: Option<Receiver<Vec<Again>>>,
) -> Result<Receiver<Result<Arrival>>> {
    let (streams, locations) = apart(Location::parse_all(&options.sources)?);
    // Before the first listing, so that nothing happens between the two unheard.
    let wake = options.follow.then(|| wake::Wake::start(&locations));
    let local = listing::local(&locations, &options)?;
    run::spawn(run::Job {
        options,
        wake,
        locations,
        streams,
        local,
        cancel,
        again,
        streams_over: CancellationToken::new(),
    })
}

/// Streams, by name, and all other sources.
fn apart(locations: Vec<Location>) -> (Vec<String>, Vec<Location>) {
    let (mut streams, mut others) = (vec![], vec![]);
    for location in locations {
        match location {
            Location::Stream(name) => streams.push(name),
            other => others.push(other),
        }
    }
    // Reading a stream twice would count its records twice.
    streams.sort();
    streams.dedup();
    (streams, others)
}

/// Lists only: the objects that [`start`] would read, in its order.
///
/// Blocks on the network for S3.
///
/// # Errors
/// As [`start`], and those of an S3 listing.
pub fn list(options: &Options) -> Result<Vec<Arc<LogObject>>> {
    let (streams, locations) = apart(Location::parse_all(&options.sources)?);
    if let Some(stream) = streams.first() {
        return Err(Error::Config(format!(
            "kinesis://{stream} has no end and no objects that could be listed; read it with `check`, `query` or the explorer"
        )));
    }
    let mut listing = listing::local(&locations, options)?;
    listing.extend(listing::remote(&locations, options)?);
    let Listing { found, .. } = listing.finish(options)?;
    Ok(found.into_iter().map(|f| f.object).collect())
}

/// Opens one object again, to show a raw line of it. Blocks on the network for S3.
///
/// # Errors
/// The object is gone, changed or denied; standard input cannot be read twice.
pub fn reopen(options: &Options, object: &LogObject) -> Result<Content> {
    if let Some(location) = location::split_s3(&object.uri) {
        return s3::reopen(&options.s3, location, object);
    }
    if kinesis::is_shard(&object.uri) {
        return Err(Error::NoInput(format!(
            "{} has no end, so it cannot be read again as a whole",
            object.uri
        )));
    }
    if &*object.uri == location::STDIN {
        return Err(Error::NoInput(
            "standard input cannot be read a second time; save it to a file first".into(),
        ));
    }
    let path = PathBuf::from(&*object.uri);
    std::fs::metadata(&path).map_err(|e| Error::file("read", &path, e))?;
    Ok(Content::File(path))
}

//! Kinesis Data Streams: `CloudFront`'s real-time logs, a line a record.
//!
//! Each shard is one object, `kinesis://stream/shardId-…`; its text is its records one after the other, each ended by
//! a newline. A coordinator a stream finds the shards and starts a reader for each, a shard's parents
//! first. Readers run on the network runtime and send through one bounded channel to the thread of this folder, which
//! passes on: when the pipeline is busy, nobody asks for records.
//!
//! A run that does not follow reads up to what was there when it began.

mod again;
mod client;
mod coordinator;
mod errors;
mod shard;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::model::{Code, LogObject, Mark, Position};

use super::outlet::{Outlet, Stop};
use super::{Arrival, Content, Fetched, Options, s3};

/// How a stream is written as a source.
pub const SCHEME: &str = "kinesis://";
/// Pieces that wait for the pipeline. Each is one answer of a shard, of at most 10 MiB.
const CAPACITY: usize = 2;
/// Answers that are held at once by all readers: at the usual half kilobyte a record some 1 MiB each.
const ANSWERS: usize = 16;

/// Where reading a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Begin {
    /// With what comes next while following, else with the oldest.
    #[default]
    Unsaid,
    /// With what comes next.
    Latest,
    /// With the oldest record that is kept.
    TrimHorizon,
    /// With the first record that arrived at or after this time, in milliseconds since 1970 UTC.
    Time(i64),
}

/// How far a shard has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Sequence number of the last record; empty before the first one.
    pub sequence: String,
    /// Where no record has been read: read on with what arrived since, in milliseconds since 1970 UTC.
    pub since_ms: Option<i64>,
    /// Lines before the next one.
    pub lines: u64,
    /// Bytes of text before the next one.
    pub offset: u64,
}

/// What readers tell the thread.
#[derive(Debug)]
enum News {
    /// A shard is going to be read.
    Shard {
        /// Number within the run of this folder.
        shard: usize,
        object: Arc<LogObject>,
        from: Progress,
    },
    /// Whole lines of it.
    Lines {
        shard: usize,
        offset: u64,
        text: Vec<u8>,
        /// The text is one record that holds no log line, and why not.
        refusal: Option<String>,
        after: Progress,
    },
    /// How far behind the newest record it is.
    Behind { shard: usize, ms: u64 },
    /// It has been read to its end, or to where the run ends.
    Done { shard: usize },
    /// It cannot be read any further.
    Unreadable { shard: usize, message: String },
    /// Something a person should know.
    Warning(String),
    /// The stream cannot be read at all.
    Failed(Error),
}

/// What a reader and a coordinator share.
#[derive(Clone)]
struct Desk {
    news: mpsc::Sender<News>,
    /// Ends everything at once.
    cancel: CancellationToken,
    /// Nothing more is read, but what was read is passed on.
    finish: CancellationToken,
    answers: Arc<Semaphore>,
    /// Shards of all streams are numbered together.
    numbers: Arc<AtomicUsize>,
    follow: bool,
    /// When the run began, in milliseconds since 1970 UTC.
    began_ms: i64,
}

impl Desk {
    /// Sends news; `None` when the run has ended.
    async fn tell(&self, news: News) -> Option<()> {
        tokio::select! {
            () = self.cancel.cancelled() => None,
            sent = self.news.send(news) => sent.ok(),
        }
    }

    /// Waits; `None` when the run has ended.
    async fn rest(&self, time: std::time::Duration) -> Option<()> {
        tokio::select! {
            () = self.cancel.cancelled() => None,
            () = self.finish.cancelled() => None,
            () = tokio::time::sleep(time) => Some(()),
        }
    }

    fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.finish.is_cancelled()
    }
}

/// Starts reading streams on a thread of their own. The token is cancelled when nothing more comes of them.
///
/// # Errors
/// The system gives no more threads.
pub fn spawn(streams: Vec<String>, options: Options, outlet: Outlet) -> Result<CancellationToken> {
    let over = CancellationToken::new();
    let at_the_end = over.clone().drop_guard();
    let started = std::thread::Builder::new()
        .name("frontlog-streams".into())
        .spawn(move || {
            let _at_the_end = at_the_end;
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                read(streams, options, &outlet)
            }));
            let error = match outcome {
                Ok(Err(Stop::Failed(error))) => error,
                Ok(_) => return,
                // A closed channel alone would look like a complete run.
                Err(_) => Error::NoInput(
                    "the reader of the streams stopped unexpectedly; please report this".into(),
                ),
            };
            drop(outlet.push(Err(error)));
        });
    started.map(|_| over).map_err(|e| {
        Error::NoInput(format!(
            "cannot start the thread that reads the streams: {e}"
        ))
    })
}

fn read(streams: Vec<String>, options: Options, outlet: &Outlet) -> Result<(), Stop> {
    let (sender, mut receiver) = mpsc::channel(CAPACITY);
    let cancel = outlet.cancel.child_token();
    // However this thread ends, its requests end with it.
    let _ends = cancel.clone().drop_guard();
    let desk = Desk {
        news: sender,
        cancel,
        finish: options.following.finish.clone().unwrap_or_default(),
        answers: Arc::new(Semaphore::new(ANSWERS)),
        numbers: Arc::default(),
        follow: options.follow,
        began_ms: chrono::Utc::now().timestamp_millis(),
    };
    let shared = Arc::new(options);
    let runtime = s3::runtime::runtime()?;
    for stream in streams {
        runtime.spawn(coordinator::run(stream, shared.clone(), desk.clone()));
    }
    drop(desk);
    let mut passing = Passing {
        outlet,
        shards: vec![],
        told_behind: None,
    };
    while let Some(news) = receiver.blocking_recv() {
        passing.pass(news)?;
    }
    if outlet.cancel.is_cancelled() {
        return Err(Stop::Ended);
    }
    Ok(())
}

/// Turns news into arrivals.
struct Passing<'a> {
    outlet: &'a Outlet,
    shards: Vec<Shard>,
    told_behind: Option<(Instant, u64)>,
}

/// A shard as the pipeline knows it.
struct Shard {
    index: u32,
    key: Arc<str>,
    behind_ms: u64,
}

impl Passing<'_> {
    fn pass(&mut self, news: News) -> Result<(), Stop> {
        match news {
            News::Shard {
                shard,
                object,
                from,
            } => self.begin(shard, object, from),
            News::Lines {
                shard,
                offset,
                text,
                refusal,
                after,
            } => self.growth(shard, (offset, text), refusal, after),
            News::Behind { shard, ms } => {
                if let Some(shard) = self.shards.get_mut(shard) {
                    shard.behind_ms = ms;
                }
                self.tell_behind()
            }
            News::Done { shard } => {
                let Some(shard) = self.shards.get_mut(shard) else {
                    return Ok(());
                };
                shard.behind_ms = 0;
                let index = shard.index;
                // Nothing is left of it: an empty content marks the object as read.
                self.outlet.send(Arrival::Content {
                    index,
                    content: Content::Bytes(Fetched::from(Vec::new())),
                })?;
                self.tell_behind()
            }
            News::Unreadable { shard, message } => {
                let Some(shard) = self.shards.get_mut(shard) else {
                    return Ok(());
                };
                shard.behind_ms = 0;
                self.outlet.send(Arrival::Unreadable {
                    index: shard.index,
                    code: Code::S902,
                    message,
                })
            }
            News::Warning(text) => self.outlet.send(Arrival::Warning(text)),
            News::Failed(error) => Err(Stop::Failed(error)),
        }
    }

    fn begin(&mut self, shard: usize, object: Arc<LogObject>, from: Progress) -> Result<(), Stop> {
        let key = object.uri.clone();
        let index = self.outlet.list(vec![object])?;
        // Several coordinators number their shards at once, so one may come before its predecessor.
        self.shards
            .resize_with(self.shards.len().max(shard + 1), || Shard {
                index: 0,
                key: "".into(),
                behind_ms: 0,
            });
        self.shards[shard] = Shard {
            index,
            key,
            behind_ms: 0,
        };
        if from.lines > 0 {
            self.outlet.send(Arrival::Resumed {
                index,
                lines: from.lines,
                head: Vec::new(),
            })?;
        }
        // Without a line yet: where the shard is read from must be known all the same when the run goes on later.
        self.growth(shard, (from.offset, Vec::new()), None, from)
    }

    fn growth(
        &mut self,
        shard: usize,
        (offset, text): (u64, Vec<u8>),
        refusal: Option<String>,
        after: Progress,
    ) -> Result<(), Stop> {
        let Some(shard) = self.shards.get(shard) else {
            return Ok(());
        };
        let index = shard.index;
        self.outlet.send(Arrival::Mark(Mark {
            index,
            key: shard.key.clone(),
            position: Position::Shard {
                sequence: after.sequence,
                since_ms: after.since_ms,
                lines: after.lines,
                offset: after.offset,
            },
        }))?;
        self.outlet.send(match refusal {
            Some(message) => Arrival::Refused {
                index,
                offset,
                bytes: text,
                message,
            },
            None => Arrival::Growth {
                index,
                offset,
                bytes: text,
            },
        })
    }

    /// Tells how far the slowest shard is behind: when that changes, at most once a second.
    fn tell_behind(&mut self) -> Result<(), Stop> {
        let behind = self.shards.iter().map(|s| s.behind_ms).max().unwrap_or(0);
        let is_news = self.told_behind.is_none_or(|(at, told)| {
            told != behind && (behind == 0 || at.elapsed().as_millis() >= 1000)
        });
        if !is_news {
            return Ok(());
        }
        self.told_behind = Some((Instant::now(), behind));
        self.outlet.send(Arrival::Behind(behind))
    }
}

/// Whether an object is a shard of a stream.
pub fn is_shard(uri: &str) -> bool {
    uri.starts_with(SCHEME)
}

/// The bytes at an offset of the text of a shard that this process has read. Blocks on the network.
///
/// # Errors
/// The records are gone, or denied, or went by too long ago.
pub fn read_again(options: &Options, uri: &str, place: (u64, u64)) -> Result<Vec<u8>> {
    s3::runtime::wait(again::read(&options.s3, uri, place))?
}

/// The name in `kinesis://name`.
///
/// # Errors
/// It is no name of a stream.
pub fn stream_name(text: &str, rest: &str) -> Result<String> {
    let name = rest.strip_suffix('/').unwrap_or(rest);
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if name.is_empty() || name.len() > 128 || !name.bytes().all(named) {
        return Err(Error::Config(format!(
            "`{text}` is not a Kinesis stream: expected kinesis://name, with a name of letters, digits, dots, hyphens and underscores"
        )));
    }
    Ok(name.to_owned())
}

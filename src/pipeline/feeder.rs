//! Groups what arrives from the source into units of work of about the same size.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::model::{Code, LogObject, Mark, Notice, Progress};
use crate::parse::{Formats, ParseState};
use crate::pipeline::versions::Versions;
use crate::source::{Arrival, Content};

/// What a worker takes.
pub(super) enum Work {
    /// Whole objects, a few small ones or one large one.
    Objects(Vec<Whole>),
    /// Whole lines of one object whose state so far is known.
    Block(BlockWork),
    /// A record of one object that holds no line (L102), and why not.
    Refused(BlockWork, String),
    /// An object that cannot be read.
    Unreadable {
        object: u32,
        code: Code,
        message: String,
    },
}

/// One whole object.
pub(super) struct Whole {
    pub object: u32,
    /// What is known of it before its first line.
    pub state: ParseState,
    pub content: Content,
    /// As listed; 0 where that says nothing.
    pub listed_bytes: u64,
}

/// Whole lines of one object.
pub(super) struct BlockWork {
    pub object: u32,
    pub text: Vec<u8>,
    pub offset: u64,
    pub state: ParseState,
}

/// A numbered piece of work.
pub(super) struct Unit {
    pub number: u64,
    pub work: Work,
}

/// News for the thread that keeps the list of objects.
pub(super) enum Listing {
    Found(Vec<std::sync::Arc<LogObject>>),
    Warning(String),
    /// An object is another version now.
    Relisted(u32, std::sync::Arc<LogObject>),
    /// Once the units before this one are done, all that was found is read.
    Complete(u64),
    /// How far streams are behind, in milliseconds.
    Behind(u64),
    /// How far the sources are once this unit is done. Always sent before the unit is.
    Marks(u64, Vec<Mark>),
    /// Once the units before this one are done, objects of earlier hours are done with.
    Floor(u64, i64),
    Failed(crate::error::Error),
}

/// Compressed bytes in a unit of small objects; five to eight times as much text.
const UNIT_BYTES: u64 = 1_200_000;

/// How long a unit waits to be filled.
const PATIENCE: Duration = Duration::from_millis(50);

pub(super) struct Feeder<'a> {
    pub units: Sender<Unit>,
    pub listing: Sender<Listing>,
    /// One token a unit under way; the end of the pipeline gives them back.
    pub tokens: Receiver<()>,
    pub progress: &'a Progress,
    pub cancel: &'a CancellationToken,
    pub versions: Option<&'a Versions>,
    pub follow: bool,
    pub formats: Arc<Formats>,
}

#[derive(Default)]
struct Group {
    objects: Vec<Whole>,
    bytes: u64,
    marks: Vec<Mark>,
}

impl Feeder<'_> {
    /// Runs until the source ends, the run is cancelled, or nobody listens any more.
    pub fn feed(self, arrivals: &Receiver<Result<Arrival>>) {
        let mut sizes: Vec<u64> = Vec::new();
        let mut hours: Vec<Option<i64>> = Vec::new();
        let start = |hours: &[Option<i64>], index: u32| {
            ParseState::new(&self.formats, hours.get(index as usize).copied().flatten())
        };
        let mut followed: HashMap<u32, ParseState> = HashMap::new();
        let mut marks: HashMap<u32, Mark> = HashMap::new();
        let mut group = Group::default();
        let mut number = 0;
        loop {
            let arrival = if group.objects.is_empty() {
                arrivals.recv().ok()
            } else {
                // While following, what is there must not wait for the unit to fill. Nor must it otherwise for long: it
                // may hold the very bytes in flight that the next object waits for.
                let patience = if self.follow {
                    Duration::ZERO
                } else {
                    PATIENCE
                };
                let Ok(arrival) = arrivals.recv_timeout(patience) else {
                    if self.flush(&mut number, &mut group).is_none() {
                        return;
                    }
                    continue;
                };
                Some(arrival)
            };
            let Some(arrival) = arrival else { break };
            if self.cancel.is_cancelled() {
                return;
            }
            let sent = match arrival {
                Ok(Arrival::Listed(objects)) => {
                    sizes.extend(objects.iter().map(|o| o.size_bytes));
                    if let Some(versions) = self.versions {
                        versions.listed(&objects);
                    }
                    hours.extend(objects.iter().map(|o| o.hour));
                    Progress::bump(&self.progress.objects_listed, objects.len() as u64);
                    Progress::bump(
                        &self.progress.bytes_listed,
                        objects.iter().map(|o| o.size_bytes).sum(),
                    );
                    self.progress
                        .listing_done
                        .store(true, std::sync::atomic::Ordering::Relaxed);
                    self.listing.send(Listing::Found(objects)).ok()
                }
                Ok(Arrival::Content { index, content }) => {
                    if self.follow {
                        remember(&mut followed, index, &content, || start(&hours, index));
                    }
                    let listed_bytes = sizes.get(index as usize).copied();
                    let size = listed_bytes.unwrap_or(UNIT_BYTES).max(1);
                    // A large object is cut into blocks by its worker, so it never shares a unit.
                    let alone = matches!(content, Content::Stream(_)) || size >= UNIT_BYTES;
                    let before = if alone {
                        self.flush(&mut number, &mut group)
                    } else {
                        Some(())
                    };
                    group.objects.push(Whole {
                        object: index,
                        state: start(&hours, index),
                        content,
                        listed_bytes: listed_bytes.unwrap_or(0),
                    });
                    group.marks.extend(marks.remove(&index));
                    group.bytes += size;
                    let full = alone || group.bytes >= UNIT_BYTES;
                    before.and_then(|()| {
                        if full {
                            self.flush(&mut number, &mut group)
                        } else {
                            Some(())
                        }
                    })
                }
                Ok(Arrival::Growth {
                    index,
                    offset,
                    bytes,
                }) => self.flush(&mut number, &mut group).and_then(|()| {
                    let state = followed
                        .entry(index)
                        .or_insert_with(|| start(&hours, index));
                    let before = state.clone();
                    state.advance(&bytes);
                    let block = BlockWork {
                        object: index,
                        text: bytes,
                        offset,
                        state: before,
                    };
                    let mark = marks.remove(&index).into_iter().collect();
                    self.send(&mut number, Work::Block(block), mark)
                }),
                Ok(Arrival::Refused {
                    index,
                    offset,
                    bytes,
                    message,
                }) => self.flush(&mut number, &mut group).and_then(|()| {
                    let state = followed
                        .entry(index)
                        .or_insert_with(|| start(&hours, index));
                    state.lines += 1;
                    let block = BlockWork {
                        object: index,
                        text: bytes,
                        offset,
                        state: state.clone(),
                    };
                    let mark = marks.remove(&index).into_iter().collect();
                    self.send(&mut number, Work::Refused(block, message), mark)
                }),
                Ok(Arrival::Resumed { index, lines, head }) => {
                    self.flush(&mut number, &mut group).and_then(|()| {
                        let state = followed
                            .entry(index)
                            .or_insert_with(|| start(&hours, index));
                        state.advance(&head);
                        state.lines = lines;
                        // Nothing to parse, but its object is being read from now on.
                        let block = BlockWork {
                            object: index,
                            text: Vec::new(),
                            offset: 0,
                            state: state.clone(),
                        };
                        self.send(&mut number, Work::Block(block), vec![])
                    })
                }
                Ok(Arrival::Mark(mark)) => {
                    marks.insert(mark.index, mark);
                    Some(())
                }
                Ok(Arrival::Floor(hour)) => self
                    .floor(hour)
                    .flush(&mut number, &mut group)
                    .and_then(|()| self.listing.send(Listing::Floor(number, hour)).ok()),
                Ok(Arrival::Unreadable {
                    index,
                    code,
                    message,
                }) => self.flush(&mut number, &mut group).and_then(|()| {
                    marks.remove(&index);
                    let work = Work::Unreadable {
                        object: index,
                        code,
                        message,
                    };
                    self.send(&mut number, work, vec![])
                }),
                Ok(Arrival::Relisted { index, object }) => {
                    if let Some(size) = sizes.get_mut(index as usize) {
                        *size = object.size_bytes;
                    }
                    self.listing.send(Listing::Relisted(index, object)).ok()
                }
                Ok(Arrival::Complete) => self
                    .flush(&mut number, &mut group)
                    .and_then(|()| self.listing.send(Listing::Complete(number)).ok()),
                Ok(Arrival::Warning(text)) => self.listing.send(Listing::Warning(text)).ok(),
                Ok(Arrival::Behind(ms)) => self.listing.send(Listing::Behind(ms)).ok(),
                Err(e) => {
                    let _ = self.listing.send(Listing::Failed(e));
                    return;
                }
            };
            if sent.is_none() {
                return;
            }
        }
        let _ = self.flush(&mut number, &mut group);
    }

    fn floor(&self, hour: i64) -> &Self {
        if let Some(versions) = self.versions {
            versions.raise_floor(hour);
        }
        self
    }

    fn flush(&self, number: &mut u64, group: &mut Group) -> Option<()> {
        if group.objects.is_empty() {
            return Some(());
        }
        let Group { objects, marks, .. } = std::mem::take(group);
        self.send(number, Work::Objects(objects), marks)
    }

    fn send(&self, number: &mut u64, work: Work, marks: Vec<Mark>) -> Option<()> {
        self.tokens.recv().ok()?;
        if !marks.is_empty() {
            self.listing.send(Listing::Marks(*number, marks)).ok()?;
        }
        let unit = Unit {
            number: *number,
            work,
        };
        *number += 1;
        self.units.send(unit).ok()
    }
}

/// What later growth of a followed plain object needs to know: its directives and its number of lines.
fn remember(
    followed: &mut HashMap<u32, ParseState>,
    index: u32,
    content: &Content,
    start: impl FnOnce() -> ParseState,
) {
    if let Content::Bytes(bytes) = content
        && crate::decode::sniff(bytes) == crate::decode::Encoding::Plain
    {
        followed.entry(index).or_insert_with(start).advance(bytes);
    }
}

/// So that the explorer hears of what the listing said.
pub(super) fn notice(listing: &Listing) -> Option<Notice> {
    match listing {
        Listing::Found(objects) => Some(Notice::Listed {
            objects: objects.len() as u64,
            bytes: objects.iter().map(|o| o.size_bytes).sum(),
        }),
        Listing::Warning(text) => Some(Notice::Warning(text.clone())),
        Listing::Behind(ms) => Some(Notice::Behind(*ms)),
        Listing::Failed(_)
        | Listing::Marks(..)
        | Listing::Floor(..)
        | Listing::Relisted(..)
        | Listing::Complete(_) => None,
    }
}

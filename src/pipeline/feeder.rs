//! Groups what arrives from the source into units of work of about the same size.

use std::collections::HashMap;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::model::{Code, LogObject, Mark, Notice, Progress};
use crate::parse::ParseState;
use crate::pipeline::versions::Versions;
use crate::source::{Arrival, Content};

/// What a worker takes.
pub(super) enum Work {
    /// Whole objects, a few small ones or one large one.
    Objects(Vec<(u32, Content)>),
    /// Whole lines of one object whose state so far is known.
    Block(BlockWork),
    /// An object that cannot be read.
    Unreadable {
        object: u32,
        code: Code,
        message: String,
    },
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
}

#[derive(Default)]
struct Group {
    objects: Vec<(u32, Content)>,
    bytes: u64,
    marks: Vec<Mark>,
}

impl Feeder<'_> {
    /// Runs until the source ends, the run is cancelled, or nobody listens any more.
    pub fn feed(self, arrivals: &Receiver<Result<Arrival>>) {
        let mut sizes: Vec<u64> = Vec::new();
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
                        remember(&mut followed, index, &content);
                    }
                    let size = sizes
                        .get(index as usize)
                        .copied()
                        .unwrap_or(UNIT_BYTES)
                        .max(1);
                    // A large object is cut into blocks by its worker, so it never shares a unit.
                    let alone = matches!(content, Content::Stream(_)) || size >= UNIT_BYTES;
                    let before = if alone {
                        self.flush(&mut number, &mut group)
                    } else {
                        Some(())
                    };
                    group.objects.push((index, content));
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
                    let state = followed.entry(index).or_default();
                    let before = state.clone();
                    advance(state, &bytes);
                    let block = BlockWork {
                        object: index,
                        text: bytes,
                        offset,
                        state: before,
                    };
                    let mark = marks.remove(&index).into_iter().collect();
                    self.send(&mut number, Work::Block(block), mark)
                }),
                Ok(Arrival::Resumed { index, lines, head }) => {
                    self.flush(&mut number, &mut group).and_then(|()| {
                        let state = followed.entry(index).or_default();
                        advance(state, &head);
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
fn remember(followed: &mut HashMap<u32, ParseState>, index: u32, content: &Content) {
    if let Content::Bytes(bytes) = content
        && crate::decode::sniff(bytes) == crate::decode::Encoding::Plain
    {
        advance(followed.entry(index).or_default(), bytes);
    }
}

/// Moves a parse state past a block without parsing its records.
pub(super) fn advance(state: &mut ParseState, text: &[u8]) {
    state.lines += memchr::memchr_iter(b'\n', text).count() as u64;
    if !text.is_empty() && !text.ends_with(b"\n") {
        state.lines += 1;
    }
    let directives = memchr::memmem::rfind(text, b"\n#Fields:").map(|i| i + 1);
    let at = directives.or_else(|| text.starts_with(b"#Fields:").then_some(0));
    if let Some(at) = at {
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |i| at + i);
        let names = String::from_utf8_lossy(&text[at + b"#Fields:".len()..end]);
        state.layout = crate::parse::Layout::from_directive(&names).map(std::sync::Arc::new);
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
        Listing::Failed(_) | Listing::Marks(..) | Listing::Floor(..) => None,
    }
}

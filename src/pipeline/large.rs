//! Large objects: one thread inflates and cuts them into blocks of whole lines, every thread parses.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::Ordering;

use crossbeam_channel::TrySendError;

use crate::decode::{BlockReader, Encoding, Piece, sniff, unpacked};
use crate::model::batch::ObjectCount;
use crate::model::{Batch, Code, Counters, ObjectId, ObjectStatus, Progress};
use crate::parse::{LineSink, ParseState};
use crate::pipeline::feeder::{BlockWork, Whole};
use crate::pipeline::parquet::{self, Kept};
use crate::pipeline::records::Records;
use crate::pipeline::worker::{Worker, count_text, unreadable};
use crate::source::Content;

/// A block of a large object, on its way to whichever worker is free.
pub(super) struct Part {
    pub unit: u64,
    pub number: u32,
    pub last: bool,
    pub block: BlockWork,
    /// How the object ended, with its last block.
    pub end: Option<ObjectStatus>,
}

/// Objects up to this size as stored are read and inflated whole, but for Parquet.
const WHOLE_OBJECT_BYTES: u64 = 24 << 20;
/// Plain objects past this size are cut into blocks, so that all cores work on them.
const BLOCK_BYTES: usize = 8 << 20;
/// And those of a followed run, where lines are handed on as they come.
const LIVE_BYTES: usize = 1 << 20;

impl Worker<'_> {
    /// A large object: this thread inflates and cuts, every thread parses.
    pub(super) fn large(&mut self, unit: u64, whole: Whole) -> Option<()> {
        self.shared.streams.fetch_add(1, Ordering::SeqCst);
        let sent = self.cut(unit, whole);
        self.shared.streams.fetch_sub(1, Ordering::SeqCst);
        sent
    }

    fn cut(&mut self, unit: u64, whole: Whole) -> Option<()> {
        let Whole {
            object,
            mut state,
            content,
            listed_bytes,
        } = whole;
        let mut stored = 0;
        let reader = match open(content, &mut stored) {
            Ok(Opened::Text(reader)) => reader,
            Ok(Opened::Parquet(kept)) => {
                return self.cut_parquet(unit, (object, listed_bytes), &state, kept);
            }
            Err(e) => return self.unopened(unit, object, &e),
        };
        let before = self.shared.read_before(object);
        let mut part = 0;
        let mut end = ObjectStatus::Read;
        // Only a run that follows has versions, and nobody of it waits for a block to fill.
        let is_live = self.shared.versions.is_some();
        let block_bytes = if is_live { LIVE_BYTES } else { BLOCK_BYTES };
        for piece in BlockReader::new(reader, block_bytes).live(is_live) {
            if self.shared.cancel.is_cancelled() {
                return None;
            }
            match piece {
                Piece::Lines {
                    mut offset,
                    mut text,
                } => {
                    // What was read before it broke off is in the frame already; it only brings the state up to here.
                    if let Some(seen) = before.checked_sub(offset).filter(|seen| *seen > 0) {
                        let seen = text.len().min(seen as usize);
                        state.advance(&text[..seen]);
                        text.drain(..seen);
                        offset += seen as u64;
                        if text.is_empty() {
                            continue;
                        }
                    }
                    let before = state.clone();
                    state.advance(&text);
                    let block = BlockWork {
                        object,
                        text,
                        offset,
                        state: before,
                    };
                    self.hand_on(Part {
                        unit,
                        number: part,
                        last: false,
                        block,
                        end: None,
                    })?;
                }
                Piece::LongLine {
                    offset,
                    length,
                    head,
                } => {
                    state.lines += 1;
                    if offset < before {
                        continue;
                    }
                    let mut batch = self.batch(unit, part, false);
                    self.long_line(&state, (offset, length), &head, object, &mut batch);
                    self.send(batch)?;
                }
                Piece::Broken {
                    offset,
                    tail,
                    error,
                } => {
                    let data = matches!(
                        error.kind(),
                        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData
                    );
                    end = if data {
                        ObjectStatus::Corrupt(error.to_string())
                    } else {
                        ObjectStatus::Unreadable(error.to_string())
                    };
                    // What the world broke has no tail to reject: no part, so no number for it either.
                    if !data {
                        break;
                    }
                    let block = BlockWork {
                        object,
                        text: tail,
                        offset,
                        state: state.clone(),
                    };
                    self.hand_on(Part {
                        unit,
                        number: part,
                        last: false,
                        block,
                        end: Some(end.clone()),
                    })?;
                }
            }
            part += 1;
        }
        self.end_of_large((unit, part), object, end, stored)
    }

    /// The only batch of a large object that could not even be opened.
    pub(super) fn unopened(&mut self, unit: u64, object: u32, e: &std::io::Error) -> Option<()> {
        let mut batch = self.batch(unit, 0, true);
        let message = format!("cannot read the object: {e}");
        batch.objects.push(unreadable(object, message));
        self.send(batch)
    }

    /// The last batch of a large object: how it ended.
    pub(super) fn end_of_large(
        &mut self,
        (unit, part): (u64, u32),
        object: u32,
        end: ObjectStatus,
        stored: u64,
    ) -> Option<()> {
        let mut batch = self.batch(unit, part, true);
        let read = matches!(end, ObjectStatus::Read);
        let unreadable = matches!(end, ObjectStatus::Unreadable(_));
        let counters = Counters {
            objects: u64::from(read),
            objects_unreadable: u64::from(unreadable),
            object_bytes: stored,
            ..Counters::default()
        };
        batch.objects.push(ObjectCount {
            object: ObjectId(object),
            counters,
            status: Some(end),
        });
        Progress::bump(&self.shared.progress.objects_done, 1);
        Progress::bump(&self.shared.progress.bytes_done, stored);
        self.send(batch)
    }

    /// A record that holds no line.
    pub(super) fn refused(&mut self, work: &BlockWork, why: &str, batch: &mut Batch) {
        count_text(work, Some(ObjectStatus::Reading), batch);
        let raw = work.text.strip_suffix(b"\n").unwrap_or(&work.text);
        let object = work.object;
        let mut records = Records {
            worker: self,
            batch,
            object,
        };
        records.reject(Code::L102, work.state.lines, work.offset, raw, &why);
    }

    fn long_line(
        &mut self,
        state: &ParseState,
        place: (u64, u64),
        head: &[u8],
        object: u32,
        batch: &mut Batch,
    ) {
        let (offset, length) = place;
        let counters = Counters {
            text_bytes: length + 1,
            ..Counters::default()
        };
        batch.objects.push(ObjectCount {
            object: ObjectId(object),
            counters,
            status: None,
        });
        let mut records = Records {
            worker: self,
            batch,
            object,
        };
        records.reject(
            Code::L105,
            state.lines,
            offset,
            head,
            &format_args!("the line has {length} bytes, more than 1 MiB"),
        );
        if let Some(last) = batch.rejects.length.last_mut() {
            *last = length;
        }
    }

    /// Whether an object is read in blocks.
    pub(super) fn is_large(&self, content: &Content) -> bool {
        match content {
            // Of an overwritten object the versions are compared, for which its text is needed as a whole.
            Content::Bytes(bytes) => {
                self.shared.versions.is_none()
                    && bytes.len() as u64 > parquet::WHOLE_BYTES
                    && sniff(bytes) == Encoding::Parquet
            }
            Content::File(path) => match std::fs::metadata(path).map_or(0, |meta| meta.len()) {
                WHOLE_OBJECT_BYTES.. => true,
                size => size > parquet::WHOLE_BYTES && parquet::is_at(path),
            },
            Content::Stream(_) => true,
        }
    }

    /// To whoever is free; this thread does it itself when nobody is.
    pub(super) fn hand_on(&mut self, part: Part) -> Option<()> {
        match self.parts.0.try_send(part) {
            Ok(()) => Some(()),
            Err(TrySendError::Full(part) | TrySendError::Disconnected(part)) => self.part(part),
        }
    }
}

/// The content of a large object.
enum Opened {
    /// Its text, unpacked while it is read.
    Text(Box<dyn Read + Send>),
    /// Parquet.
    Parquet(Kept),
}

fn open(content: Content, stored: &mut u64) -> std::io::Result<Opened> {
    let reader: Box<dyn Read + Send> = match content {
        Content::File(path) => {
            let mut file = File::open(path)?;
            *stored = file.metadata()?.len();
            if parquet::is_one(&mut file)? {
                return Ok(Opened::Parquet(Kept::File(file)));
            }
            Box::new(file)
        }
        Content::Stream(reader) => reader,
        Content::Bytes(bytes) if sniff(&bytes) == Encoding::Parquet => {
            return Ok(Opened::Parquet(Kept::Bytes(bytes)));
        }
        Content::Bytes(bytes) => Box::new(std::io::Cursor::new(bytes)),
    };
    let mut buffered = std::io::BufReader::with_capacity(256 << 10, reader);
    let first = std::io::BufRead::fill_buf(&mut buffered)?;
    if sniff(first) == Encoding::Parquet {
        return Ok(Opened::Parquet(Kept::Stream(Box::new(buffered))));
    }
    unpacked(buffered).map(Opened::Text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::contract::Contract;
    use crate::model::{Causes, EventTypes};
    use crate::pipeline::worker::Shared;
    use crate::pipeline::{ContractInForce, Needs};

    /// Gives its text, then fails as a network does.
    struct Reset(&'static [u8]);

    impl Read for Reset {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            self.0.read(buf)
        }
    }

    /// A number without a part would hold back everything behind it.
    #[test]
    fn a_stream_that_breaks_leaves_no_hole_in_the_order() {
        let shared = Shared {
            contract: Arc::new(ContractInForce::new(Arc::new(Contract::builtin()))),
            against: None,
            types: Arc::new(EventTypes::default()),
            causes: Arc::new(Causes::default()),
            needs: Needs::default(),
            words: Shared::words(),
            progress: Arc::default(),
            cancel: tokio_util::sync::CancellationToken::new(),
            streams: AtomicUsize::new(0),
            read_before: std::sync::Mutex::default(),
            versions: None,
            parquet: crate::pipeline::parquet::Budget::new(0),
            repairs: std::sync::Mutex::default(),
        };
        let (_units, units) = crossbeam_channel::bounded(1);
        let parts = crossbeam_channel::bounded(0);
        let (batches, out) = crossbeam_channel::unbounded();
        let mut worker = Worker::new(&shared, units, parts, batches);
        let content = Content::Stream(Box::new(Reset(b"#Version: 1.0\nno record\ncut he")));
        let whole = Whole {
            object: 0,
            state: ParseState::default(),
            content,
            listed_bytes: 0,
        };
        assert!(worker.large(7, whole).is_some());
        let batches: Vec<Batch> = out.try_iter().collect();
        let numbers: Vec<_> = batches.iter().map(|b| (b.part, b.last_part)).collect();
        assert_eq!(numbers, [(0, false), (1, true)]);
        let lines: u64 = batches.iter().map(|b| b.counters().lines).sum();
        assert_eq!(lines, 2);
        let last = batches.last().and_then(|b| b.objects.last()).unwrap();
        assert!(matches!(last.status, Some(ObjectStatus::Unreadable(_))));
    }
}

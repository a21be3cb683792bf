//! Large objects: one thread inflates and cuts them into blocks of whole lines, every thread parses.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::Ordering;

use crossbeam_channel::TrySendError;

use crate::decode::{BlockReader, Encoding, ParquetText, Piece, sniff, unpacked};
use crate::model::batch::ObjectCount;
use crate::model::{Batch, Code, Counters, ObjectId, ObjectStatus, Progress};
use crate::parse::{LineSink, ParseState};
use crate::pipeline::feeder::{BlockWork, Whole};
use crate::pipeline::records::Records;
use crate::pipeline::worker::{Worker, unreadable};
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

/// Objects up to this size as stored are read and inflated whole.
const WHOLE_OBJECT_BYTES: u64 = 24 << 20;
/// Plain objects past this size are cut into blocks, so that all cores work on them.
const BLOCK_BYTES: usize = 8 << 20;

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
        } = whole;
        let mut stored = 0;
        let reader = match open(content, &mut stored) {
            Ok(Opened::Text(reader)) => reader,
            Ok(Opened::Parquet(bytes)) => {
                return self.cut_parquet(unit, object, &state, &bytes);
            }
            Err(e) => {
                let mut batch = self.batch(unit, 0, true);
                batch
                    .objects
                    .push(unreadable(object, format!("cannot read the object: {e}")));
                return self.send(batch);
            }
        };
        let before = self.shared.read_before(object);
        let mut part = 0;
        let mut end = ObjectStatus::Read;
        for piece in BlockReader::new(reader, BLOCK_BYTES) {
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

    /// The last batch of a large object: how it ended.
    fn end_of_large(
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

    /// A Parquet file, one row group after the other.
    fn cut_parquet(
        &mut self,
        unit: u64,
        object: u32,
        start: &ParseState,
        bytes: &[u8],
    ) -> Option<()> {
        let mut part = 0;
        let mut offset = 0;
        let mut end = ObjectStatus::Read;
        let mut state = start.clone();
        let mut hand_on = |this: &mut Self, text: Vec<u8>, state: &ParseState, end| {
            let block = BlockWork {
                object,
                offset,
                state: state.clone(),
                text,
            };
            offset += block.text.len() as u64;
            let number = part;
            part += 1;
            this.hand_on(Part {
                unit,
                number,
                last: false,
                block,
                end,
            })
        };
        let mut corrupt = None;
        match ParquetText::new(bytes) {
            Ok(mut rows) => {
                state = start.clone().of_columns(&rows.names());
                while let Some(block) = rows.next_block() {
                    if self.shared.cancel.is_cancelled() {
                        return None;
                    }
                    match block {
                        Ok(text) => {
                            let before = state.clone();
                            state.advance(&text);
                            hand_on(self, text, &before, None)?;
                        }
                        Err(why) => corrupt = Some(why.0),
                    }
                }
            }
            Err(why) => corrupt = Some(why.0),
        }
        if let Some(why) = corrupt {
            end = ObjectStatus::Corrupt(why);
            hand_on(self, Vec::new(), &state, Some(end.clone()))?;
        }
        self.end_of_large((unit, part), object, end, bytes.len() as u64)
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

    /// To whoever is free; this thread does it itself when nobody is.
    fn hand_on(&mut self, part: Part) -> Option<()> {
        match self.parts.0.try_send(part) {
            Ok(()) => Some(()),
            Err(TrySendError::Full(part) | TrySendError::Disconnected(part)) => self.part(part),
        }
    }
}

pub(super) fn is_large(content: &Content) -> bool {
    match content {
        Content::Bytes(_) => false,
        Content::File(path) => std::fs::metadata(path).is_ok_and(|m| m.len() > WHOLE_OBJECT_BYTES),
        Content::Stream(_) => true,
    }
}

/// The content of a large object.
enum Opened {
    /// Its text, unpacked while it is read.
    Text(Box<dyn Read + Send>),
    /// All of it: what Parquet holds is found from its end.
    Parquet(Vec<u8>),
}

fn open(content: Content, stored: &mut u64) -> std::io::Result<Opened> {
    let reader: Box<dyn Read + Send> = match content {
        Content::File(path) => {
            let file = File::open(path)?;
            *stored = file.metadata()?.len();
            Box::new(file)
        }
        Content::Stream(reader) => reader,
        Content::Bytes(bytes) => Box::new(std::io::Cursor::new(bytes.to_vec())),
    };
    let mut buffered = std::io::BufReader::with_capacity(256 << 10, reader);
    let first = std::io::BufRead::fill_buf(&mut buffered)?;
    if sniff(first) == Encoding::Parquet {
        let mut bytes = Vec::with_capacity(*stored as usize);
        buffered.read_to_end(&mut bytes)?;
        return Ok(Opened::Parquet(bytes));
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
            types: Arc::new(EventTypes::default()),
            causes: Arc::new(Causes::default()),
            needs: Needs::default(),
            words: Shared::words(),
            progress: Arc::default(),
            cancel: tokio_util::sync::CancellationToken::new(),
            streams: AtomicUsize::new(0),
            read_before: std::sync::Mutex::default(),
            versions: None,
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

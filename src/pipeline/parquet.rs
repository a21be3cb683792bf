//! Parquet objects: a row group at a time, and not more of them at once than the bound on memory allows.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::decode::{Corrupt, DECODED_BYTES, Encoding, ParquetText, Stored, is_damage, sniff};
use crate::model::ObjectStatus;
use crate::parse::ParseState;
use crate::pipeline::feeder::BlockWork;
use crate::pipeline::large::Part;
use crate::pipeline::worker::Worker;
use crate::source::Fetched;

/// Parquet objects up to this size as stored are written out whole: their text may have ten times as many bytes.
pub(super) const WHOLE_BYTES: u64 = 1 << 20;
/// Between two looks at the budget, where there is nothing else to do.
const LOOK: Duration = Duration::from_millis(5);
/// The budget, as so many times the bytes in flight: half of what the user allows.
const OF_BYTES_IN_FLIGHT: u64 = 4;
/// What these are where nothing is said.
const BYTES_IN_FLIGHT: u64 = 64 << 20;

/// A Parquet object, as it came.
pub(super) enum Kept {
    File(File),
    Bytes(Fetched),
    /// Nothing of it has been read yet.
    Stream(Box<dyn Read + Send>),
}

/// What Parquet objects may take at once, in bytes. One object is let in whatever it takes.
#[derive(Debug)]
pub(super) struct Budget {
    all: u64,
    taken: AtomicU64,
}

impl Budget {
    pub fn new(bytes_in_flight: u64) -> Self {
        let bytes = if bytes_in_flight == 0 {
            BYTES_IN_FLIGHT
        } else {
            bytes_in_flight
        };
        Self {
            all: bytes * OF_BYTES_IN_FLIGHT,
            taken: AtomicU64::new(0),
        }
    }

    /// A share, if there is room; dropping it gives it back.
    fn take(&self, bytes: u64) -> Option<Share<'_>> {
        let room = |taken: u64| (taken == 0 || taken + bytes <= self.all).then_some(taken + bytes);
        let taken = self
            .taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, room);
        taken.ok().map(|_| Share {
            budget: self,
            bytes,
        })
    }
}

struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::SeqCst);
    }
}

/// Whether a file is Parquet; it stands at its start again then.
pub(super) fn is_one(file: &mut File) -> std::io::Result<bool> {
    let mut magic = Vec::with_capacity(4);
    file.take(4).read_to_end(&mut magic)?;
    file.rewind()?;
    Ok(sniff(&magic) == Encoding::Parquet)
}

/// Whether there is a Parquet file; false where it cannot be read.
pub(super) fn is_at(path: &Path) -> bool {
    File::open(path).is_ok_and(|mut file| is_one(&mut file).unwrap_or(false))
}

/// The rows of a Parquet file as lines in `text`, and a state that knows its columns.
pub(super) fn whole(
    bytes: &[u8],
    state: ParseState,
    text: &mut Vec<u8>,
) -> (ParseState, Option<Corrupt>) {
    text.clear();
    let corrupt = |e: std::io::Error| Some(Corrupt(e.to_string()));
    let mut rows = match ParquetText::new(Stored::Memory(bytes.into())) {
        Ok(rows) => rows,
        Err(e) => return (state, corrupt(e)),
    };
    let state = state.of_columns(&rows.names());
    while let Some(block) = rows.next_block() {
        match block {
            Ok(block) => text.extend_from_slice(&block),
            Err(e) => return (state, corrupt(e)),
        }
    }
    (state, None)
}

impl<'a> Worker<'a> {
    /// A Parquet object, one row group after the other, once there is room for it.
    pub(super) fn cut_parquet(
        &mut self,
        unit: u64,
        (object, listed_bytes): (u32, u64),
        start: &ParseState,
        kept: Kept,
    ) -> Option<()> {
        let mut share = None;
        let bytes;
        let (stored, size) = match kept {
            Kept::File(file) => {
                let size = file.metadata().map_or(0, |meta| meta.len());
                (Stored::File(file), size)
            }
            Kept::Bytes(fetched) => {
                bytes = fetched;
                (Stored::Memory((&*bytes).into()), bytes.len() as u64)
            }
            // Of a stream the end comes last, and that says where everything is.
            Kept::Stream(mut stream) => {
                share = Some(self.room_for(listed_bytes + DECODED_BYTES)?);
                let mut all = Vec::new();
                if let Err(e) = stream.read_to_end(&mut all) {
                    return self.unopened(unit, object, &e);
                }
                let size = all.len() as u64;
                (Stored::Memory(all.into()), size)
            }
        };
        let mut rows = match ParquetText::new(stored) {
            Ok(rows) => rows,
            Err(e) if is_damage(&e) => {
                let end = ObjectStatus::Corrupt(e.to_string());
                self.tail_of_parquet((unit, 0), (object, 0), start, &end)?;
                return self.end_of_large((unit, 1), object, end, size);
            }
            Err(e) => return self.unopened(unit, object, &e),
        };
        if share.is_none() {
            share = Some(self.room_for(rows.memory_bytes())?);
        }
        let (part, end) = self.rows_of_parquet(unit, object, start, &mut rows)?;
        drop((rows, share));
        self.end_of_large((unit, part), object, end, size)
    }

    /// Hands all rows on; gives the number of the next part, and how the object ended.
    fn rows_of_parquet(
        &mut self,
        unit: u64,
        object: u32,
        start: &ParseState,
        rows: &mut ParquetText<'_>,
    ) -> Option<(u32, ObjectStatus)> {
        let mut state = start.clone().of_columns(&rows.names());
        let before = self.shared.read_before(object);
        let (mut number, mut offset) = (0, 0);
        while let Some(block) = rows.next_block() {
            if self.shared.cancel.is_cancelled() {
                return None;
            }
            match block {
                Ok(text) => {
                    let here = state.clone();
                    state.advance(&text);
                    let at = offset;
                    offset += text.len() as u64;
                    // Blocks are cut alike each time, so what was read before it broke off are whole ones.
                    if offset <= before {
                        continue;
                    }
                    let block = BlockWork {
                        object,
                        text,
                        offset: at,
                        state: here,
                    };
                    let part = Part {
                        unit,
                        number,
                        last: false,
                        block,
                        end: None,
                    };
                    self.hand_on(part)?;
                    number += 1;
                }
                Err(e) if is_damage(&e) => {
                    let end = ObjectStatus::Corrupt(e.to_string());
                    self.tail_of_parquet((unit, number), (object, offset), &state, &end)?;
                    return Some((number + 1, end));
                }
                Err(e) => {
                    let why = format!("cannot read the object any further: {e}");
                    return Some((number, ObjectStatus::Unreadable(why)));
                }
            }
        }
        Some((number, ObjectStatus::Read))
    }

    /// What is left of a damaged object is one unreadable line.
    fn tail_of_parquet(
        &mut self,
        (unit, number): (u64, u32),
        (object, offset): (u32, u64),
        state: &ParseState,
        end: &ObjectStatus,
    ) -> Option<()> {
        let block = BlockWork {
            object,
            text: Vec::new(),
            offset,
            state: state.clone(),
        };
        self.hand_on(Part {
            unit,
            number,
            last: false,
            block,
            end: Some(end.clone()),
        })
    }

    /// Waits for room, and parses meanwhile what others have cut.
    fn room_for(&mut self, bytes: u64) -> Option<Share<'a>> {
        let shared = self.shared;
        loop {
            if shared.cancel.is_cancelled() {
                return None;
            }
            if let Some(share) = shared.parquet.take(bytes) {
                return Some(share);
            }
            if let Ok(part) = self.parts.1.recv_timeout(LOOK) {
                self.part(part)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_waits_but_the_first_is_always_let_in() {
        let budget = Budget::new(10);
        let first = budget.take(30).unwrap();
        assert!(budget.take(11).is_none());
        let second = budget.take(10).unwrap();
        drop((first, second));
        let huge = budget.take(1_000).unwrap();
        assert!(budget.take(1).is_none());
        drop(huge);
        assert!(budget.take(40).is_some());
    }
}

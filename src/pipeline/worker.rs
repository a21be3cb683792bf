//! A worker thread: decode, parse, route, judge; one batch a unit, or one a block of a large object.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use crate::contract::Contract;
use crate::decode::{Encoding, Inflater, sniff, whole_text};
use crate::model::batch::ObjectCount;
use crate::model::{
    Batch, CauseId, Causes, Code, Column, Counters, EventTypes, FIELDS, FieldId, FieldKind,
    ObjectId, ObjectStatus, Progress, RecordColumns, STANDARD_FIELDS, Severity, WordCache, Words,
};
use crate::parse::{LineSink, ParseScratch, ParseState, parse_block};
use crate::pipeline::Needs;
use crate::pipeline::feeder::{BlockWork, Unit, Whole, Work};
use crate::pipeline::in_force::ContractInForce;
use crate::pipeline::judging::Judging;
use crate::pipeline::judging::preview::PreviewTally;
use crate::pipeline::large::Part;
use crate::pipeline::parquet::{self, Budget};
use crate::pipeline::records::{Records, bad_utf8, empty, pad};
use crate::pipeline::rejudge::Judges;
use crate::pipeline::versions::Versions;
use crate::source::Content;

/// A larger buffer for stored objects is given back after use.
const MOST_KEPT_BYTES: usize = 4 << 20;

/// What all threads of a run share.
pub(super) struct Shared {
    pub contract: Arc<ContractInForce>,
    /// Another contract that everything is judged by too.
    pub against: Option<Arc<Contract>>,
    pub types: Arc<EventTypes>,
    pub causes: Arc<Causes>,
    pub needs: Needs,
    /// By field; `None` where the column is no dictionary.
    pub words: Vec<Option<Words>>,
    pub progress: Arc<Progress>,
    pub cancel: CancellationToken,
    /// Objects being cut into blocks now; while there are any, idle workers wait for their blocks.
    pub streams: AtomicUsize,
    /// Bytes of text that were read of an object before it broke off, by object: it goes on after them.
    pub read_before: Mutex<HashMap<u32, u64>>,
    /// Of a followed run: what the versions of overwritten objects have in common is read once.
    pub versions: Option<Versions>,
    /// What Parquet objects may take at once.
    pub parquet: Budget,
    /// What each repair would do, of all threads.
    pub repairs: Mutex<PreviewTally>,
}

impl Shared {
    pub fn words() -> Vec<Option<Words>> {
        let is_word = |kind| matches!(kind, FieldKind::Word | FieldKind::DecodedWord);
        FIELDS
            .iter()
            .map(|f| is_word(f.kind).then(Words::new))
            .collect()
    }

    /// What a thread judges by.
    pub fn judging(&self, contract: Arc<Contract>) -> Judging {
        let needs = self.needs;
        Judging::new(
            contract,
            self.types.clone(),
            self.causes.clone(),
            needs.event_columns,
            needs.failed_raw,
        )
        .with_event_times(needs.windows)
        .with_preview(needs.repairs)
    }

    /// Notes what was read of an object that is read again.
    pub fn note_read_before(&self, object: u32, text_bytes: u64) {
        if text_bytes > 0 {
            let before = self.read_before.lock();
            let mut before = before.unwrap_or_else(PoisonError::into_inner);
            before.insert(object, text_bytes);
        }
    }

    /// What was read of an object before it broke off.
    pub fn read_before(&self, object: u32) -> u64 {
        let before = self.read_before.lock();
        let before = before.unwrap_or_else(PoisonError::into_inner);
        before.get(&object).copied().unwrap_or(0)
    }
}

pub(super) struct Worker<'a> {
    pub shared: &'a Shared,
    pub units: Receiver<Unit>,
    pub parts: (Sender<Part>, Receiver<Part>),
    pub batches: Sender<Batch>,
    pub(super) judging: Judging,
    /// Judges by another contract too.
    pub(super) against: Option<Box<Judges>>,
    /// Which contract it judges by.
    edition: u64,
    inflater: Inflater,
    scratch: ParseScratch,
    pub(super) caches: Vec<WordCache>,
    text: Vec<u8>,
    /// A small object as stored; one buffer for all of them.
    stored: Vec<u8>,
    pub(super) undone: String,
    /// The cause and the severity of an event line that is not UTF-8 (D302).
    pub(super) bad_utf8: (CauseId, Severity),
    /// Id of the layout of the last row in this batch; 0 before the first.
    pub(super) layout: u64,
    /// The columns of the last batch, empty: their memory serves the next one.
    columns: Option<RecordColumns>,
}

impl<'a> Worker<'a> {
    pub fn new(
        shared: &'a Shared,
        units: Receiver<Unit>,
        parts: (Sender<Part>, Receiver<Part>),
        batches: Sender<Batch>,
    ) -> Self {
        let (edition, contract) = shared.contract.now();
        let judging = shared.judging(contract.clone());
        Self {
            shared,
            units,
            parts,
            batches,
            judging,
            against: shared.against.as_ref().map(|other| {
                let judging = shared.judging(other.clone()).without_ways();
                Box::new(Judges::new(judging, other, &shared.causes))
            }),
            edition,
            inflater: Inflater::default(),
            scratch: ParseScratch::default(),
            caches: FIELDS.iter().map(|_| WordCache::default()).collect(),
            text: Vec::new(),
            stored: Vec::new(),
            undone: String::new(),
            bad_utf8: bad_utf8(&contract, &shared.causes),
            layout: 0,
            columns: None,
        }
    }

    /// Works until no unit is left and no large object is being cut. `None` from a send: nobody listens any more.
    pub fn work(mut self) {
        loop {
            crossbeam_channel::select! {
                recv(self.parts.1) -> part => if let Ok(part) = part && self.part(part).is_none() { return },
                recv(self.units) -> unit => match unit {
                    Ok(unit) => if self.unit(unit).is_none() { return },
                    Err(_) => break,
                },
            }
        }
        loop {
            match self
                .parts
                .1
                .recv_timeout(std::time::Duration::from_millis(2))
            {
                Ok(part) => {
                    if self.part(part).is_none() {
                        return;
                    }
                }
                Err(_) if self.shared.streams.load(Ordering::SeqCst) == 0 => return,
                Err(_) => {}
            }
        }
    }

    fn unit(&mut self, unit: Unit) -> Option<()> {
        if self.shared.cancel.is_cancelled() {
            return None;
        }
        match unit.work {
            Work::Objects(mut objects) => {
                if objects.len() == 1 && self.is_large(&objects[0].content) {
                    return self.large(unit.number, objects.swap_remove(0));
                }
                let mut batch = self.batch(unit.number, 0, true);
                for whole in objects {
                    if self.shared.cancel.is_cancelled() {
                        return None;
                    }
                    self.small(whole, &mut batch);
                }
                self.send(batch)
            }
            Work::Block(block) => {
                let mut batch = self.batch(unit.number, 0, true);
                let status = Some(ObjectStatus::Reading);
                self.block(&block, status, &mut batch);
                self.send(batch)
            }
            Work::Refused(block, message) => {
                let mut batch = self.batch(unit.number, 0, true);
                self.refused(&block, &message, &mut batch);
                self.send(batch)
            }
            Work::Unreadable {
                object,
                code,
                message,
            } => {
                let mut batch = self.batch(unit.number, 0, true);
                let message = format!("{}: {message}", code.as_str());
                self.give_up(object, message, &mut batch);
                self.send(batch)
            }
        }
    }

    pub(super) fn part(&mut self, part: Part) -> Option<()> {
        let mut batch = self.batch(part.unit, part.number, part.last);
        self.block(&part.block, part.end, &mut batch);
        self.send(batch)
    }

    pub(super) fn batch(&mut self, unit: u64, part: u32, last_part: bool) -> Batch {
        self.follow_contract();
        Batch {
            unit,
            part,
            last_part,
            contract: self.edition,
            records: self.columns.take().unwrap_or_else(|| empty(self.shared)),
            ..Batch::default()
        }
    }

    /// Judges by the contract in force from here on. Between two batches only: each is judged by one contract.
    fn follow_contract(&mut self) {
        if self.edition == self.shared.contract.edition() {
            return;
        }
        let (edition, contract) = self.shared.contract.now();
        self.judging = self.shared.judging(contract.clone());
        self.bad_utf8 = bad_utf8(&contract, &self.shared.causes);
        self.edition = edition;
    }

    pub(super) fn send(&mut self, mut batch: Batch) -> Option<()> {
        self.layout = 0;
        batch.events = self.judging.take();
        self.shared.add_repairs(&mut self.judging);
        if let (Some(judges), Some(other)) = (&mut self.against, &mut batch.against) {
            other.events = judges.judging.take();
        }
        let rows = batch.records.len();
        pad(&mut batch.records, rows);
        let mut exact = batch.records.take_exact();
        for column in exact.fields.iter_mut().skip(STANDARD_FIELDS) {
            // A log may have the column and never a value in it.
            *column = column.take().filter(|c| !c.is_all_null());
        }
        let query = exact.fields[usize::from(FieldId::CS_URI_QUERY.0)].as_mut();
        if let Some(kept) = query.and_then(Column::lend) {
            for events in &mut batch.events {
                events.borrow_from(&kept);
            }
        }
        self.columns = Some(std::mem::replace(&mut batch.records, exact));
        let lines = batch.objects.iter().map(|o| o.counters.lines).sum();
        Progress::bump(&self.shared.progress.lines, lines);
        self.batches.send(batch).ok()
    }

    /// An object that cannot be read.
    fn give_up(&self, object: u32, message: String, batch: &mut Batch) {
        batch.objects.push(unreadable(object, message));
        Progress::bump(&self.shared.progress.objects_done, 1);
    }

    /// A whole object in one go.
    fn small(&mut self, whole: Whole, batch: &mut Batch) {
        let Whole {
            object,
            mut state,
            content,
            ..
        } = whole;
        let mut file = std::mem::take(&mut self.stored);
        let bytes: &[u8] = match &content {
            Content::Bytes(fetched) => fetched,
            Content::File(path) => match read(path, &mut file) {
                Ok(()) => &file,
                Err(e) => {
                    let message = format!("S902: cannot read {}: {e}", path.display());
                    return self.give_up(object, message, batch);
                }
            },
            // The feeder gives streams a unit of their own; should that ever fail, it must not be silent.
            Content::Stream(_) => {
                let message = "a stream came among small objects; please report this".to_owned();
                return self.give_up(object, message, batch);
            }
        };
        let mut text = std::mem::take(&mut self.text);
        let (stored, mut status) = (bytes.len() as u64, ObjectStatus::Read);
        let plain: &[u8] = match sniff(bytes) {
            Encoding::Plain => bytes,
            Encoding::Gzip => {
                if let Err(corrupt) = self.inflater.inflate(bytes, &mut text) {
                    status = ObjectStatus::Corrupt(corrupt.0);
                }
                &text
            }
            Encoding::Parquet => {
                state = match parquet::whole(bytes, state, &mut text) {
                    (state, None) => state,
                    (state, Some(corrupt)) => {
                        status = ObjectStatus::Corrupt(corrupt.0);
                        state
                    }
                };
                &text
            }
            Encoding::Zstd | Encoding::Bzip2 => {
                if let Err(corrupt) = whole_text(bytes, &mut text) {
                    status = ObjectStatus::Corrupt(corrupt.0);
                }
                &text
            }
        };
        let counters = Counters {
            objects: 1,
            object_bytes: stored,
            ..Counters::default()
        };
        batch.objects.push(ObjectCount {
            object: ObjectId(object),
            counters,
            status: None,
        });
        let lines = self.parse_whole(plain, &status, &mut state, object, batch);
        if let ObjectStatus::Corrupt(why) = &status {
            self.corrupt_tail(
                &plain[lines..],
                lines as u64,
                why,
                state.lines + 1,
                object,
                batch,
            );
        }
        if let Some(count) = batch.objects.last_mut() {
            count.counters.text_bytes += plain.len() as u64;
            count.status = Some(status);
        }
        Progress::bump(&self.shared.progress.objects_done, 1);
        Progress::bump(&self.shared.progress.bytes_done, stored);
        self.text = text;
        if file.capacity() <= MOST_KEPT_BYTES {
            self.stored = file;
        }
    }

    /// Parses the whole lines; gives the length of what was parsed. A corrupt object's last, cut line is left out.
    fn parse_whole(
        &mut self,
        text: &[u8],
        status: &ObjectStatus,
        state: &mut ParseState,
        object: u32,
        batch: &mut Batch,
    ) -> usize {
        let end = match status {
            ObjectStatus::Corrupt(_) => memchr::memrchr(b'\n', text).map_or(0, |i| i + 1),
            _ => text.len(),
        };
        let versions = self.shared.versions.as_ref();
        let new = versions.and_then(|v| v.new_lines(object, &text[..end]));
        let runs = new.and_then(|new| {
            batch.read_lines.push((object, new.hashes));
            new.runs
        });
        match runs {
            None => self.parse(&text[..end], 0, state, object, batch),
            Some(runs) => {
                for run in runs {
                    state.lines = run.lines;
                    let offset = run.text.start as u64;
                    self.parse(&text[run.text], offset, state, object, batch);
                }
            }
        }
        end
    }

    fn parse(
        &mut self,
        text: &[u8],
        offset: u64,
        state: &mut ParseState,
        object: u32,
        batch: &mut Batch,
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        parse_block(
            text,
            offset,
            state,
            &mut scratch,
            &mut Records {
                worker: self,
                batch,
                object,
            },
        );
        self.scratch = scratch;
    }

    pub(super) fn corrupt_tail(
        &mut self,
        tail: &[u8],
        offset: u64,
        why: &str,
        number: u64,
        object: u32,
        batch: &mut Batch,
    ) {
        Records {
            worker: self,
            batch,
            object,
        }
        .reject(Code::L103, number, offset, tail, &why);
    }

    /// A block of one object.
    pub(super) fn block(&mut self, work: &BlockWork, end: Option<ObjectStatus>, batch: &mut Batch) {
        let mut state = work.state.clone();
        count_text(work, None, batch);
        if let Some(ObjectStatus::Corrupt(why)) = &end {
            self.corrupt_tail(
                &work.text,
                work.offset,
                why,
                state.lines + 1,
                work.object,
                batch,
            );
        } else {
            self.parse(&work.text, work.offset, &mut state, work.object, batch);
        }
        let finished = matches!(end, Some(ObjectStatus::Read | ObjectStatus::Corrupt(_)));
        if let Some(count) = batch.objects.last_mut() {
            count.counters.objects = u64::from(finished);
            count.status = end;
        }
    }
}

/// The text of a block counts before its lines do.
pub(super) fn count_text(work: &BlockWork, status: Option<ObjectStatus>, batch: &mut Batch) {
    let counters = Counters {
        text_bytes: work.text.len() as u64,
        ..Counters::default()
    };
    batch.objects.push(ObjectCount {
        object: ObjectId(work.object),
        counters,
        status,
    });
}

/// Reads a file into a buffer that is cleared first.
fn read(path: &std::path::Path, into: &mut Vec<u8>) -> std::io::Result<()> {
    into.clear();
    let mut file = std::fs::File::open(path)?;
    let size = file.metadata().map_or(0, |meta| meta.len());
    into.reserve(size as usize + 1);
    std::io::Read::read_to_end(&mut file, into).map(|_| ())
}

pub(super) fn unreadable(object: u32, message: String) -> ObjectCount {
    let counters = Counters {
        objects_unreadable: 1,
        ..Counters::default()
    };
    ObjectCount {
        object: ObjectId(object),
        counters,
        status: Some(ObjectStatus::Unreadable(message)),
    }
}

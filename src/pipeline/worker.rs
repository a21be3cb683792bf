//! A worker thread: decode, parse, route, judge; one batch a unit, or one a block of a large object.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use tokio_util::sync::CancellationToken;

use crate::contract::Contract;
use crate::decode::{BlockReader, Encoding, GzipMembers, Inflater, Piece, sniff};
use crate::model::batch::{MAX_REJECT_RAW_BYTES, ObjectCount};
use crate::model::{
    Batch, Causes, Code, Column, Counters, EventTypes, FIELDS, FieldId, FieldKind, ObjectId, ObjectStatus, Progress, Verdict,
    WordCache, Words,
};
use crate::parse::numbers::{seconds, whole};
use crate::parse::{LineSink, LineView, ParseScratch, ParseState, encoding, parse_block};
use crate::pipeline::Needs;
use crate::pipeline::feeder::{BlockWork, Unit, Work};
use crate::pipeline::judging::{Judging, RecordView};
use crate::source::Content;

/// What all threads of a run share.
pub(super) struct Shared {
    pub contract: Arc<Contract>,
    pub types: Arc<EventTypes>,
    pub causes: Arc<Causes>,
    pub needs: Needs,
    /// By field; `None` where the column is no dictionary.
    pub words: Vec<Option<Words>>,
    pub progress: Arc<Progress>,
    pub cancel: CancellationToken,
    /// Objects being cut into blocks now; while there are any, idle workers wait for their blocks.
    pub streams: AtomicUsize,
}

impl Shared {
    pub fn words() -> Vec<Option<Words>> {
        let is_word = |kind| matches!(kind, FieldKind::Word | FieldKind::DecodedWord);
        FIELDS.iter().map(|f| is_word(f.kind).then(Words::new)).collect()
    }
}

/// A block of a large object, on its way to whichever worker is free.
pub(super) struct Part {
    unit: u64,
    number: u32,
    last: bool,
    block: BlockWork,
    /// How the object ended, with its last block.
    end: Option<ObjectStatus>,
}

/// Objects up to this size as stored are read and inflated whole.
const WHOLE_OBJECT_BYTES: u64 = 24 << 20;
/// Plain objects past this size are cut into blocks, so that all cores work on them.
const BLOCK_BYTES: usize = 8 << 20;

pub(super) struct Worker<'a> {
    pub shared: &'a Shared,
    pub units: Receiver<Unit>,
    pub parts: (Sender<Part>, Receiver<Part>),
    pub batches: Sender<Batch>,
    judging: Judging,
    inflater: Inflater,
    scratch: ParseScratch,
    caches: Vec<WordCache>,
    text: Vec<u8>,
    undone: String,
    /// Rows and bytes of each field's column in the last batch, a little more: what the next one will need.
    sizes: Vec<(usize, usize)>,
}

impl<'a> Worker<'a> {
    pub fn new(shared: &'a Shared, units: Receiver<Unit>, parts: (Sender<Part>, Receiver<Part>), batches: Sender<Batch>) -> Self {
        let needs = shared.needs;
        let judging = Judging::new(
            shared.contract.clone(),
            shared.types.clone(),
            shared.causes.clone(),
            needs.event_columns,
            needs.failed_raw,
        );
        Self {
            shared,
            units,
            parts,
            batches,
            judging,
            inflater: Inflater::default(),
            scratch: ParseScratch::default(),
            caches: FIELDS.iter().map(|_| WordCache::default()).collect(),
            text: Vec::new(),
            undone: String::new(),
            sizes: vec![(0, 0); FIELDS.len()],
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
            match self.parts.1.recv_timeout(std::time::Duration::from_millis(2)) {
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
                if objects.len() == 1 && is_large(&objects[0].1) {
                    let (object, content) = objects.swap_remove(0);
                    return self.large(unit.number, object, content);
                }
                let mut batch = self.batch(unit.number, 0, true);
                for (object, content) in objects {
                    if self.shared.cancel.is_cancelled() {
                        return None;
                    }
                    self.small(object, &content, &mut batch);
                }
                self.send(batch)
            }
            Work::Block(block) => {
                let mut batch = self.batch(unit.number, 0, true);
                let status = Some(ObjectStatus::Reading);
                self.block(&block, status, &mut batch);
                self.send(batch)
            }
            Work::Unreadable { object, code, message } => {
                let mut batch = self.batch(unit.number, 0, true);
                let message = format!("{}: {message}", code.as_str());
                batch.objects.push(unreadable(object, message));
                Progress::bump(&self.shared.progress.objects_done, 1);
                self.send(batch)
            }
        }
    }

    fn part(&mut self, part: Part) -> Option<()> {
        let mut batch = self.batch(part.unit, part.number, part.last);
        self.block(&part.block, part.end, &mut batch);
        self.send(batch)
    }

    fn batch(&self, unit: u64, part: u32, last_part: bool) -> Batch {
        let mut batch = Batch { unit, part, last_part, ..Batch::default() };
        if self.shared.needs.record_fields {
            for (i, field) in FIELDS.iter().enumerate() {
                let (rows, bytes) = self.sizes[i];
                batch.records.fields[i] = Some(match &self.shared.words[i] {
                    Some(words) => Column::word(words.clone(), rows),
                    None => Column::with_capacity(field.kind.column_kind(), rows, bytes),
                });
            }
        }
        batch
    }

    fn send(&mut self, mut batch: Batch) -> Option<()> {
        batch.events = self.judging.take();
        for (size, column) in self.sizes.iter_mut().zip(&batch.records.fields) {
            *size = column.as_ref().map_or((0, 0), super::super::model::column::Column::size_to_expect);
        }
        let lines = batch.objects.iter().map(|o| o.counters.lines).sum();
        Progress::bump(&self.shared.progress.lines, lines);
        self.batches.send(batch).ok()
    }

    /// A whole object in one go.
    fn small(&mut self, object: u32, content: &Content, batch: &mut Batch) {
        let owned;
        let bytes: &[u8] = match content {
            Content::Bytes(fetched) => fetched,
            Content::File(path) => match std::fs::read(path) {
                Ok(bytes) => {
                    owned = bytes;
                    &owned
                }
                Err(e) => return batch.objects.push(unreadable(object, format!("cannot read {}: {e}", path.display()))),
            },
            Content::Stream(_) => return,
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
        };
        let counters = Counters { objects: 1, object_bytes: stored, ..Counters::default() };
        batch.objects.push(ObjectCount { object: ObjectId(object), counters, status: None });
        let mut state = ParseState::default();
        let lines = self.parse_whole(plain, &status, &mut state, object, batch);
        if let ObjectStatus::Corrupt(why) = &status {
            self.corrupt_tail(&plain[lines..], lines as u64, why, state.lines + 1, object, batch);
        }
        if let Some(count) = batch.objects.last_mut() {
            count.counters.text_bytes += plain.len() as u64;
            count.status = Some(status);
        }
        Progress::bump(&self.shared.progress.objects_done, 1);
        Progress::bump(&self.shared.progress.bytes_done, stored);
        self.text = text;
    }

    /// Parses the whole lines; gives the length of what was parsed. A corrupt object's last, cut line is left out.
    fn parse_whole(&mut self, text: &[u8], status: &ObjectStatus, state: &mut ParseState, object: u32, batch: &mut Batch) -> usize {
        let end = match status {
            ObjectStatus::Corrupt(_) => memchr::memrchr(b'\n', text).map_or(0, |i| i + 1),
            _ => text.len(),
        };
        self.parse(&text[..end], 0, state, object, batch);
        end
    }

    fn parse(&mut self, text: &[u8], offset: u64, state: &mut ParseState, object: u32, batch: &mut Batch) {
        let mut scratch = std::mem::take(&mut self.scratch);
        parse_block(text, offset, state, &mut scratch, &mut Records { worker: self, batch, object });
        self.scratch = scratch;
    }

    fn corrupt_tail(&mut self, tail: &[u8], offset: u64, why: &str, number: u64, object: u32, batch: &mut Batch) {
        Records { worker: self, batch, object }.reject(Code::L103, number, offset, tail, &why);
    }

    /// A block of one object.
    fn block(&mut self, work: &BlockWork, end: Option<ObjectStatus>, batch: &mut Batch) {
        let mut state = work.state.clone();
        let counters = Counters { text_bytes: work.text.len() as u64, ..Counters::default() };
        batch.objects.push(ObjectCount { object: ObjectId(work.object), counters, status: None });
        if let Some(ObjectStatus::Corrupt(why)) = &end {
            self.corrupt_tail(&work.text, work.offset, why, state.lines + 1, work.object, batch);
        } else {
            self.parse(&work.text, work.offset, &mut state, work.object, batch);
        }
        let finished = matches!(end, Some(ObjectStatus::Read | ObjectStatus::Corrupt(_)));
        if let Some(count) = batch.objects.last_mut() {
            count.counters.objects = u64::from(finished);
            count.status = end;
        }
    }

    /// A large object: this thread inflates and cuts, every thread parses.
    fn large(&mut self, unit: u64, object: u32, content: Content) -> Option<()> {
        self.shared.streams.fetch_add(1, Ordering::SeqCst);
        let sent = self.cut(unit, object, content);
        self.shared.streams.fetch_sub(1, Ordering::SeqCst);
        sent
    }

    fn cut(&mut self, unit: u64, object: u32, content: Content) -> Option<()> {
        let mut stored = 0;
        let reader = match open(content, &mut stored) {
            Ok(reader) => reader,
            Err(e) => {
                let mut batch = self.batch(unit, 0, true);
                batch.objects.push(unreadable(object, format!("cannot read the object: {e}")));
                return self.send(batch);
            }
        };
        let mut state = ParseState::default();
        let mut part = 0;
        let mut end = ObjectStatus::Read;
        for piece in BlockReader::new(reader, BLOCK_BYTES) {
            if self.shared.cancel.is_cancelled() {
                return None;
            }
            match piece {
                Piece::Lines { offset, text } => {
                    let before = state.clone();
                    crate::pipeline::feeder::advance(&mut state, &text);
                    let block = BlockWork { object, text, offset, state: before };
                    self.hand_on(Part { unit, number: part, last: false, block, end: None })?;
                }
                Piece::LongLine { offset, length, head } => {
                    state.lines += 1;
                    let mut batch = self.batch(unit, part, false);
                    self.long_line(&state, (offset, length), &head, object, &mut batch);
                    self.send(batch)?;
                }
                Piece::Broken { offset, tail, error } => {
                    let data = matches!(error.kind(), std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData);
                    end = if data { ObjectStatus::Corrupt(error.to_string()) } else { ObjectStatus::Unreadable(error.to_string()) };
                    if data {
                        let block = BlockWork { object, text: tail, offset, state: state.clone() };
                        self.hand_on(Part { unit, number: part, last: false, block, end: Some(end.clone()) })?;
                    }
                }
            }
            part += 1;
        }
        let mut batch = self.batch(unit, part, true);
        let read = matches!(end, ObjectStatus::Read);
        let unreadable = matches!(end, ObjectStatus::Unreadable(_));
        let counters =
            Counters { objects: u64::from(read), objects_unreadable: u64::from(unreadable), object_bytes: stored, ..Counters::default() };
        batch.objects.push(ObjectCount { object: ObjectId(object), counters, status: Some(end) });
        Progress::bump(&self.shared.progress.objects_done, 1);
        Progress::bump(&self.shared.progress.bytes_done, stored);
        self.send(batch)
    }

    fn long_line(&mut self, state: &ParseState, place: (u64, u64), head: &[u8], object: u32, batch: &mut Batch) {
        let (offset, length) = place;
        let counters = Counters { text_bytes: length + 1, ..Counters::default() };
        batch.objects.push(ObjectCount { object: ObjectId(object), counters, status: None });
        let mut records = Records { worker: self, batch, object };
        records.reject(Code::L105, state.lines, offset, head, &format_args!("the line has {length} bytes, more than 1 MiB"));
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

fn is_large(content: &Content) -> bool {
    match content {
        Content::Bytes(_) => false,
        Content::File(path) => std::fs::metadata(path).is_ok_and(|m| m.len() > WHOLE_OBJECT_BYTES),
        Content::Stream(_) => true,
    }
}

fn open(content: Content, stored: &mut u64) -> std::io::Result<Box<dyn Read + Send>> {
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
    Ok(match sniff(first) {
        Encoding::Gzip => Box::new(GzipMembers::new(buffered)),
        Encoding::Plain => Box::new(buffered),
    })
}

fn unreadable(object: u32, message: String) -> ObjectCount {
    let counters = Counters { objects_unreadable: 1, ..Counters::default() };
    ObjectCount { object: ObjectId(object), counters, status: Some(ObjectStatus::Unreadable(message)) }
}

/// Puts lines into the batch's columns.
struct Records<'w, 'a, 'b> {
    worker: &'w mut Worker<'a>,
    batch: &'b mut Batch,
    object: u32,
}

impl Records<'_, '_, '_> {
    fn count(&mut self) -> &mut Counters {
        if self.batch.objects.is_empty() {
            let counters = Counters::default();
            self.batch.objects.push(ObjectCount { object: ObjectId(self.object), counters, status: None });
        }
        let last = self.batch.objects.len() - 1;
        &mut self.batch.objects[last].counters
    }

    /// Every field of the record as a typed value.
    fn push_fields(&mut self, view: &LineView<'_>) {
        for (i, column) in self.batch.records.fields.iter_mut().enumerate() {
            let Some(column) = column else { continue };
            let field = FieldId(i as u8);
            let Some(text) = view.get(field) else {
                column.push_null();
                continue;
            };
            match field.field().kind {
                FieldKind::Date => column.push_int(view.time_us.div_euclid(86_400_000_000)),
                FieldKind::Time => column.push_int(view.time_us.rem_euclid(86_400_000_000) * 1_000),
                FieldKind::Int => match whole(text) {
                    Some(n) => column.push_int(n),
                    None => column.push_null(),
                },
                FieldKind::Seconds => match seconds(text) {
                    Some(n) => column.push_float(n),
                    None => column.push_null(),
                },
                FieldKind::Word | FieldKind::DecodedWord => {
                    let decoded = matches!(field.field().kind, FieldKind::DecodedWord);
                    let code = self.worker.shared.words[i]
                        .as_ref()
                        .and_then(|words| self.worker.caches[i].code(text.as_bytes(), words, |_| decode_word(text, decoded)));
                    column.push_code(code);
                }
                FieldKind::Text if memchr::memchr(b'%', text.as_bytes()).is_none() => column.push_text(text),
                FieldKind::Text => {
                    self.worker.undone.clear();
                    encoding::undo_log_layer(text, &mut self.worker.undone);
                    column.push_text(&self.worker.undone);
                }
            }
        }
    }
}

fn decode_word(text: &str, header: bool) -> String {
    if header {
        return encoding::decode_header(text);
    }
    let mut out = String::with_capacity(text.len());
    encoding::undo_log_layer(text, &mut out);
    out
}

impl LineSink for Records<'_, '_, '_> {
    fn header(&mut self) {
        let count = self.count();
        count.lines += 1;
        count.header_lines += 1;
    }

    fn blank(&mut self) {
        let count = self.count();
        count.lines += 1;
        count.blank_lines += 1;
    }

    fn reject(&mut self, code: Code, number: u64, offset: u64, raw: &[u8], message: &dyn std::fmt::Display) {
        let count = self.count();
        count.lines += 1;
        count.unreadable_lines += 1;
        let rejects = &mut self.batch.rejects;
        rejects.object.push(self.object);
        rejects.line.push(number as u32);
        rejects.offset.push(offset);
        rejects.length.push(raw.len() as u64);
        rejects.code.push(code);
        rejects.message.push_value(message.to_string());
        rejects.raw.push_value(&raw[..raw.len().min(MAX_REJECT_RAW_BYTES)]);
    }

    fn record(&mut self, view: &LineView<'_>) {
        let row = self.batch.records.len() as u32;
        let judged = if self.worker.shared.needs.judge {
            let record = RecordView {
                method: view.get(FieldId::CS_METHOD).unwrap_or_default(),
                stem: view.get(FieldId::CS_URI_STEM).unwrap_or_default(),
                status: view.get(FieldId::SC_STATUS).and_then(whole),
                query: view.get(FieldId::CS_URI_QUERY).unwrap_or("-"),
                request_id: view.get(FieldId::X_EDGE_REQUEST_ID).unwrap_or_default(),
                time_us: view.time_us,
                line: view.line,
            };
            let last = self.batch.objects.len() - 1;
            let counters = &mut self.batch.objects[last].counters;
            self.worker.judging.record(row, &record, &mut self.batch.failures, counters)
        } else {
            self.count().not_events += 1;
            (0, 0, Verdict::NotEvent)
        };
        let count = self.count();
        count.lines += 1;
        count.records += 1;
        let records = &mut self.batch.records;
        records.object.push(self.object);
        records.line.push(view.number as u32);
        records.offset.push(view.offset);
        records.length.push(view.length);
        records.time_us.push(view.time_us);
        records.event_type.push(judged.0);
        records.event_row.push(judged.1);
        records.verdict.push(judged.2 as u8);
        if judged.0 == 0 && judged.2 == Verdict::Failed && self.worker.shared.needs.failed_raw {
            self.batch.untyped.record.push(row);
            self.batch.untyped.raw.push_value(view.line);
        }
        if self.worker.shared.needs.record_fields {
            self.push_fields(view);
        }
    }
}

//! Judges again what is loaded, after an edit of the contract: from the records in the frame, by the code that judged
//! them first, and only the events that the edit touches.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::contract::Contract;
use crate::contract::change::Change;
use crate::frame::Snapshot;
use crate::frame::rejudged::JudgedRows;
use crate::frame::requests::{Request, Requests, as_logged};
use crate::frame::snapshot::column;
use crate::model::batch::ObjectCount;
use crate::model::column::Lender;
use crate::model::{
    Batch, Cause, CauseId, Causes, Code, Counters, FieldId, ObjectId, Progress, Severity, Verdict,
};
use crate::pipeline::judging::{Judging, RecordView};
use crate::pipeline::records::{bad_utf8, is_bad_utf8, mark_bad_utf8};

/// So many records are judged before anybody asks whether to go on.
const PIECE_ROWS: usize = 16_384;

/// What is to be judged again, and what is known of it beside its columns.
pub(super) struct Plan {
    snapshot: Snapshot,
    /// By event type plus one: all its events.
    touched: Vec<bool>,
    /// Everything, also what is no event.
    all: bool,
    /// Of records that were judged before, ascending: what judging them alone does not find out again.
    beside: Vec<(u32, Beside)>,
    ranges: Vec<Range<usize>>,
}

/// What is known of a record from somewhere else than its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// Its line was not UTF-8.
    BadUtf8,
    /// Its event id came before.
    Duplicate(Code),
}

/// What judges, one a thread.
pub(super) struct Judges {
    pub judging: Judging,
    pub bad_utf8: (CauseId, Severity),
    stem: String,
    query: String,
}

impl Judges {
    pub fn new(judging: Judging, contract: &Contract, causes: &Causes) -> Self {
        Self {
            judging,
            bad_utf8: bad_utf8(contract, causes),
            stem: String::new(),
            query: String::new(),
        }
    }

    /// Judges one request as the record with that number; counts it.
    fn record(
        &mut self,
        (row, request): (u32, &Request<'_>),
        query_start: Option<usize>,
        is_bad_utf8: bool,
        batch: &mut Batch,
    ) {
        let query = request.query.unwrap_or("-");
        let query = as_logged(query, &mut self.query);
        let plain = memchr::memchr(b'%', query.as_bytes()).unwrap_or(query.len());
        let kept = query_start.map(|start| Lender::new(&query[..plain], start));
        let view = RecordView {
            method: request.method,
            stem: as_logged(request.stem, &mut self.stem),
            status: request.status,
            query,
            request_id: request.request_id,
            time_us: request.time_us,
            line: "",
            kept: kept.unwrap_or_default(),
        };
        let bad_utf8 = is_bad_utf8.then_some(self.bad_utf8);
        let at = (row, request.object);
        push(&mut self.judging, at, &view, bad_utf8, batch);
    }

    /// Judges one line as it stands in the log.
    pub fn line(
        &mut self,
        at: (u32, u32),
        view: &RecordView<'_>,
        is_bad_utf8: bool,
        batch: &mut Batch,
    ) {
        let bad_utf8 = is_bad_utf8.then_some(self.bad_utf8);
        push(&mut self.judging, at, view, bad_utf8, batch);
    }
}

/// Judges a record of an object into a batch.
fn push(
    judging: &mut Judging,
    (row, object): (u32, u32),
    view: &RecordView<'_>,
    bad_utf8: Option<(CauseId, Severity)>,
    batch: &mut Batch,
) {
    let at = place(&mut batch.objects, object);
    let counters = &mut batch.objects[at].counters;
    let failures = &mut batch.failures;
    let repaired = counters.repaired;
    let mut judged = judging.record(row, view, failures, counters);
    if let Some(cause) = bad_utf8 {
        judged = mark_bad_utf8(row, judged, cause, (failures, counters), repaired);
    }
    batch.records.event_type.push(judged.0);
    batch.records.event_row.push(judged.1);
    batch.records.verdict.push(judged.2 as u8);
}

/// Where an object's counts are; the last one that was looked for is the likely one.
fn place(objects: &mut Vec<ObjectCount>, object: u32) -> usize {
    if let Some(at) = objects.iter().rposition(|o| o.object.0 == object) {
        return at;
    }
    objects.push(ObjectCount {
        object: ObjectId(object),
        counters: Counters::default(),
        status: None,
    });
    objects.len() - 1
}

impl Plan {
    /// What of a snapshot a change touches.
    pub fn new(mut snapshot: Snapshot, causes: Vec<Arc<Cause>>, change: &Change) -> Self {
        snapshot.causes = Arc::new(causes);
        let all = change.all;
        let mut touched = vec![all];
        touched.extend(snapshot.events.iter().map(|table| {
            let event_type = &table.event_type;
            let is_undeclared = change.undeclared && !event_type.declared;
            all || is_undeclared || change.names.contains(&event_type.name)
        }));
        let mut plan = Self {
            ranges: vec![],
            snapshot,
            touched,
            all,
            beside: vec![],
        };
        plan.look_at_failures(&change.codes);
        plan.ranges = Requests::of(&plan.snapshot.records).ranges(plan.snapshot.len(), PIECE_ROWS);
        plan
    }

    /// Types that have a failure of these codes are touched too; what stands beside records is noted.
    fn look_at_failures(&mut self, codes: &[Code]) {
        let causes = &self.snapshot.causes;
        let beside: Vec<Option<Beside>> = causes
            .iter()
            .map(|cause| match cause.code {
                Code::X501 | Code::X502 => Some(Beside::Duplicate(cause.code)),
                _ => is_bad_utf8(cause).then_some(Beside::BadUtf8),
            })
            .collect();
        let concerns: Vec<bool> = causes.iter().map(|c| codes.contains(&c.code)).collect();
        let types = self.types();
        let mut touched = std::mem::take(&mut self.touched);
        let mut known = vec![];
        self.snapshot.each_failure(|record, cause| {
            let cause = cause as usize;
            if let Some(it) = beside.get(cause).copied().flatten() {
                known.push((record, it));
            }
            if concerns.get(cause).copied().unwrap_or(false) {
                touched[usize::from(types[record as usize])] = true;
            }
        });
        self.touched = touched;
        self.beside = known;
    }

    /// What it touches; gives up everything else.
    pub fn into_touched(self) -> Vec<bool> {
        self.touched
    }

    fn types(&self) -> Vec<u16> {
        self.snapshot.small_numbers(column::EVENT_TYPE)
    }

    /// Types that the contract brings have no events yet, and get some.
    pub fn with_types(mut self, types: usize) -> Self {
        self.touched.resize(types + 1, true);
        self
    }

    /// Judges again with these, one a thread. `None` when it was stopped.
    pub fn judge(
        &self,
        judges: Vec<Judges>,
        stop: &AtomicBool,
        progress: &Progress,
    ) -> Option<Vec<JudgedRows>> {
        progress.judged_again.store(0, Ordering::Relaxed);
        progress
            .to_judge_again
            .store(self.snapshot.len() as u64, Ordering::Relaxed);
        let next = AtomicUsize::new(0);
        let types = self.types();
        let verdicts = self.snapshot.small_numbers(column::VERDICT);
        let work = |mut judge: Judges| {
            let requests = Requests::of(&self.snapshot.records);
            let mut done = vec![];
            while let Some(range) = self.ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let part = self.piece(&mut judge, &requests, range.clone(), &types, &verdicts);
                Progress::bump(&progress.judged_again, range.len() as u64);
                if !part.rows.is_empty() {
                    done.push(part);
                }
            }
            done
        };
        let mut parts: Vec<JudgedRows> = std::thread::scope(|scope| {
            let threads: Vec<_> = judges
                .into_iter()
                .map(|judge| scope.spawn(|| work(judge)))
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| match thread.join() {
                    Ok(parts) => parts,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        });
        progress.to_judge_again.store(0, Ordering::Relaxed);
        parts.sort_by_key(|part| part.rows[0]);
        (!stop.load(Ordering::Relaxed)).then_some(parts)
    }

    fn piece(
        &self,
        judge: &mut Judges,
        requests: &Requests<'_>,
        range: Range<usize>,
        types: &[u16],
        verdicts: &[u16],
    ) -> JudgedRows {
        let mut part = JudgedRows::default();
        let bytes = requests.query_bytes(range.clone());
        let from = self
            .beside
            .partition_point(|(row, _)| (*row as usize) < range.start);
        let mut beside = self.beside[from..].iter().peekable();
        for row in range {
            let was = Verdict::from_byte(verdicts[row] as u8);
            let is_touched = self.touched[usize::from(types[row])];
            if !is_touched || (was == Verdict::NotEvent && !self.all) {
                continue;
            }
            while beside
                .next_if(|(known, _)| (*known as usize) < row)
                .is_some()
            {}
            let mut is_bad = was == Verdict::NotEvent && requests.is_mended(row);
            while let Some((_, it)) = beside.next_if(|(known, _)| *known as usize == row) {
                is_bad |= *it == Beside::BadUtf8;
            }
            let request = requests.get(row);
            let start = bytes.and_then(|_| requests.query_start(row));
            let at = part.rows.len() as u32;
            part.rows.push(row as u32);
            part.batch.records.object.push(request.object);
            part.batch.records.time_us.push(request.time_us);
            judge.record((at, &request), start, is_bad, &mut part.batch);
        }
        part.batch.events = judge.judging.take();
        if let Some(bytes) = bytes {
            for events in &mut part.batch.events {
                events.borrow_from(bytes);
            }
        }
        part
    }

    /// The rows of a part that were duplicates before, by their number in the part.
    pub fn duplicates(&self, part: &JudgedRows) -> Vec<(u32, Code)> {
        let Some((first, last)) = part.rows.first().zip(part.rows.last()) else {
            return vec![];
        };
        let from = self.beside.partition_point(|(row, _)| row < first);
        let known = self.beside[from..]
            .iter()
            .take_while(|(row, _)| row <= last);
        known
            .filter_map(|(row, it)| match it {
                Beside::Duplicate(code) => {
                    let at = part.rows.binary_search(row).ok()?;
                    Some((at as u32, *code))
                }
                Beside::BadUtf8 => None,
            })
            .collect()
    }
}

/// Judges a batch anew that was judged by an older contract, before duplicates were looked for.
pub(super) fn batch(judge: &mut Judges, batch: &mut Batch, causes: &[Arc<Cause>]) {
    let is_bad = |cause: &CauseId| causes.get(cause.0 as usize).is_some_and(|c| is_bad_utf8(c));
    let failures = std::mem::take(&mut batch.failures);
    let mut bad_utf8 = failures
        .record
        .iter()
        .zip(&failures.cause)
        .filter(|(_, cause)| is_bad(cause))
        .map(|(record, _)| *record)
        .peekable();
    let mut old = std::mem::take(&mut batch.records);
    let mut objects = std::mem::take(&mut batch.objects);
    let mut new = Batch::default();
    let rows = old.len();
    for row in 0..rows {
        let is_bad = bad_utf8.next_if_eq(&(row as u32)).is_some();
        let text = |id: FieldId| old.field(id).and_then(|column| column.text(row));
        let request = Request {
            method: text(FieldId::CS_METHOD).unwrap_or_default(),
            stem: text(FieldId::CS_URI_STEM).unwrap_or_default(),
            status: old.field(FieldId::SC_STATUS).and_then(|c| c.int(row)),
            query: text(FieldId::CS_URI_QUERY),
            request_id: text(FieldId::X_EDGE_REQUEST_ID).unwrap_or_default(),
            time_us: old.time_us[row],
            object: old.object[row],
        };
        judge.record((row as u32, &request), None, is_bad, &mut new);
    }
    old.event_type = new.records.event_type;
    old.event_row = new.records.event_row;
    old.verdict = new.records.verdict;
    for count in &mut objects {
        let was = count.counters.judged();
        count.counters.take_away(&was);
    }
    for count in new.objects {
        let at = place(&mut objects, count.object.0);
        objects[at].counters.add(&count.counters);
    }
    batch.records = old;
    batch.objects = objects;
    batch.failures = new.failures;
    batch.events = judge.judging.take();
}

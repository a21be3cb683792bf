//! From a record to an event with a verdict: the hot heart. One [`Judging`] a worker thread.
//!
//! One pass over the query bytes gives decoded properties (`event`), the contract's rules judge them one by one
//! (`contract`), and typed values go straight into the columns of the event's type. Once its buffers have grown,
//! nothing here allocates for a good event.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::contract::Contract;
use crate::event::{Envelope, KeyTable, Name, Routes, UNKNOWN_KEY, split_query, undone_len};
use crate::model::column::Lender;
use crate::model::lanes::Mark;
use crate::model::{
    Causes, Code, Counters, EventColumns, EventTypeId, EventTypes, FailureColumns, Properties,
    PropertyScratch, Verdict,
};

mod catalogue;
mod emit;
mod inspection;
mod judge;
mod mend;
mod nested;
mod payload;
pub mod preview;
mod rest;
mod ways;

use catalogue::{Catalogue, Known};
use emit::Emitter;
pub use inspection::{InspectedFailure, InspectedProperty, Inspection, inspect};
use judge::Scratch;
use payload::payload_hash;
use preview::PreviewTally;
use ways::Ways;

/// What judging reads of a record. Texts as logged, `-` where the log says so.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordView<'a> {
    /// `cs-method`.
    pub method: &'a str,
    /// `cs-uri-stem`, still encoded.
    pub stem: &'a str,
    /// `sc-status`; `None` where it is not logged or no number.
    pub status: Option<i64>,
    /// `cs-uri-query`, still encoded; `-` means none.
    pub query: &'a str,
    /// `x-edge-request-id`.
    pub request_id: &'a str,
    /// Log time in microseconds since 1970 UTC.
    pub time_us: i64,
    /// The whole line, for `failed_raw`.
    pub line: &'a str,
    /// The part of the query that its own column keeps as it stands, where there is one.
    pub kept: Lender<'a>,
}

/// Finds events among records, judges them and fills their columns. One a thread.
#[derive(Debug)]
pub struct Judging {
    routes: Routes,
    keys: KeyTable,
    ids: Vec<u16>,
    properties: PropertyScratch,
    scratch: Scratch,
    catalogue: Catalogue,
    ways: Ways,
    /// By event type id: what this batch has of it.
    tables: Vec<Option<EventColumns>>,
    wanted: Wanted,
}

/// What the sink wants beside verdicts and failures.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    columns: bool,
    failed_raw: bool,
    /// The events' own times.
    times: bool,
}

/// One event on its way through.
#[derive(Debug)]
struct Event<'a> {
    view: &'a RecordView<'a>,
    properties: Properties<'a>,
    /// The properties' keys as numbers.
    ids: &'a [u16],
    name: Name<'a>,
    /// The key that the name came from.
    name_key: u16,
}

/// From here on a URL is likely to have been cut: `CloudFront` refuses those over 8,192 bytes.
const LIKELY_CUT_BYTES: usize = 8_100;

impl Judging {
    /// Prepares judging for one thread: takes its own copy of the compiled schemas (a `Regex` shared by threads waits
    /// for its cache), declares the event types and interns the causes.
    ///
    /// `columns`: fill event property columns; `failed_raw`: keep the line of failed events.
    // The face that all callers hold: an `Arc` each, as for the other two.
    #[allow(clippy::needless_pass_by_value)]
    pub fn new(
        contract: Arc<Contract>,
        types: Arc<EventTypes>,
        causes: Arc<Causes>,
        columns: bool,
        failed_raw: bool,
    ) -> Self {
        let mut keys = KeyTable::default();
        let routes = Routes::new(&contract.routing, &mut keys);
        let ways = Ways::new(&contract, types.clone());
        let catalogue = Catalogue::new(&contract, types, causes, &mut keys);
        Self {
            routes,
            keys,
            ids: vec![],
            properties: PropertyScratch::default(),
            scratch: Scratch::default(),
            catalogue,
            ways,
            tables: vec![],
            wanted: Wanted {
                columns,
                failed_raw,
                times: columns,
            },
        }
    }

    /// Counts what each repair would do to the values that it judges, for [`Judging::take_preview`].
    pub fn with_preview(mut self, wanted: bool) -> Self {
        self.scratch.preview = wanted.then(Box::default);
        self
    }

    /// What was counted since the last call, where it is counted at all.
    pub fn take_preview(&mut self) -> Option<PreviewTally> {
        self.scratch.preview.as_deref_mut().map(std::mem::take)
    }

    /// Does not say how events came to their names.
    pub fn without_ways(mut self) -> Self {
        self.ways = Ways::none(self.catalogue.types());
        self
    }

    /// Fills `event_time_us` even where no columns are wanted.
    pub fn with_event_times(mut self, wanted: bool) -> Self {
        self.wanted.times = wanted || self.wanted.columns;
        self
    }

    /// Judges one record: its event type plus one (0: none), its row in that type's columns, and its verdict.
    ///
    /// Failures are pushed with `record` as their row. `counters` gets `not_events`, `events`, `good`, `failed`,
    /// `errors`, `warnings` and `infos`. Never fails.
    pub fn record(
        &mut self,
        record: u32,
        view: &RecordView<'_>,
        failures: &mut FailureColumns,
        counters: &mut Counters,
    ) -> (u16, u32, Verdict) {
        let Some(route) = self.open(view) else {
            counters.not_events += 1;
            return (0, 0, Verdict::NotEvent);
        };
        let properties = self.properties.view(query_of(view));
        let envelope = self.routes.envelope(route);
        let name = envelope.name(&properties, &self.ids, view.stem);
        let name_key = name.at.map_or(UNKNOWN_KEY, |at| self.ids[at]);
        let event = Event {
            view,
            properties,
            ids: &self.ids,
            name,
            name_key,
        };
        let mut emitter = Emitter {
            record,
            failures,
            counters,
            failed: false,
            repaired: false,
        };
        let known = identify(&mut self.catalogue, envelope, (&event, route), &mut emitter);
        let Some(known) = known else {
            return (0, 0, finish(&mut emitter));
        };
        self.ways.note(route, &event);
        let event_type = known.event_type(&self.catalogue);
        let table = table_of(&mut self.tables, event_type, || {
            known.columns(&self.catalogue, event_type, self.wanted.columns)
        });
        let target = self.wanted.columns.then_some(&mut *table);
        judge::judge(
            &mut self.catalogue,
            &mut self.scratch,
            envelope,
            &event,
            known,
            target,
            &mut emitter,
        );
        let verdict = finish(&mut emitter);
        let row = table.record.len() as u32;
        push_row(table, record, &event, envelope, self.wanted, verdict);
        (event_type.0 + 1, row, verdict)
    }

    /// Cuts and decodes the query of a record that is an event, and says by which way it is one; `None` for others.
    #[inline]
    fn open(&mut self, view: &RecordView<'_>) -> Option<usize> {
        let routes = &mut self.routes;
        let candidates = routes.candidates(view.method, view.stem, view.status);
        if candidates.is_empty() {
            return None;
        }
        let query = query_of(view);
        split_query(query, &mut self.properties);
        let properties = self.properties.view(query);
        self.keys.resolve(&properties, &mut self.ids);
        let route = routes.choose(candidates, &properties, &self.ids)?;
        let payloads = routes.payloads(route);
        if !payloads.is_empty() {
            payloads.open(query, &mut self.properties, &mut self.ids, &self.keys);
        }
        Some(route)
    }

    /// The columns filled since the last call, by event type id; to be called at the end of a batch.
    pub fn take(&mut self) -> Vec<EventColumns> {
        let met = |table: &&mut EventColumns| !table.record.is_empty();
        let tables = self.tables.iter_mut().flatten().filter(met);
        tables.map(EventColumns::take_exact).collect()
    }
}

fn query_of<'a>(view: &RecordView<'a>) -> &'a str {
    if view.query == "-" { "" } else { view.query }
}

/// Finds the event's type; tells of what is wrong with its name, version or length.
fn identify(
    catalogue: &mut Catalogue,
    envelope: &Envelope,
    (event, route): (&Event<'_>, usize),
    emitter: &mut Emitter<'_>,
) -> Option<Known> {
    let Some(name) = event.name.text.as_deref() else {
        emitter.emit(catalogue.no_name[route], None);
        return None;
    };
    let version_at = envelope.version_at(event.ids);
    let sent = version_at.map(|at| event.properties.value(at));
    let version = event.name.version.as_deref().or(sent);
    // Known by their marks, name and version need no look into a table of names.
    let marks = event.name.at.map(|at| {
        let mark = |at| event.properties.value_mark(at);
        if event.name.rewritten {
            return (
                Mark::of_text(name),
                version.map(Mark::of_text).unwrap_or_default(),
            );
        }
        (mark(at), version_at.map(mark).unwrap_or_default())
    });
    let (known, surprise) = match marks.and_then(|marks| catalogue.recent(marks)) {
        Some(known) => (known, None),
        None => catalogue.find(name, version, marks),
    };
    if let Some(surprise) = surprise {
        let value = if surprise.of_version {
            version.unwrap_or_default()
        } else {
            name
        };
        emitter.emit(surprise.ranked, Some(value));
    }
    if let Some(rival) = event.name.rival {
        let key = event.properties.key(rival);
        let ranked = catalogue.cause_at(known, Code::R204, key);
        emitter.emit(ranked, Some(event.properties.value(rival)));
    }
    if event.view.query.len() + event.view.stem.len() >= LIKELY_CUT_BYTES
        && undone_len(event.view.query) + undone_len(event.view.stem) >= LIKELY_CUT_BYTES
    {
        let ranked = catalogue.cause_at(known, Code::D306, "");
        emitter.emit(ranked, None);
    }
    Some(known)
}

fn finish(emitter: &mut Emitter<'_>) -> Verdict {
    emitter.counters.events += 1;
    if emitter.failed {
        emitter.counters.failed += 1;
        Verdict::Failed
    } else {
        emitter.counters.good += 1;
        emitter.counters.repaired += u64::from(emitter.repaired);
        Verdict::Good
    }
}

fn table_of(
    tables: &mut Vec<Option<EventColumns>>,
    event_type: EventTypeId,
    new: impl FnOnce() -> EventColumns,
) -> &mut EventColumns {
    let at = usize::from(event_type.0);
    if tables.len() <= at {
        tables.resize_with(at + 1, || None);
    }
    tables[at].get_or_insert_with(new)
}

/// Everything of a row but its properties, which `judge` has pushed.
fn push_row(
    table: &mut EventColumns,
    record: u32,
    event: &Event<'_>,
    envelope: &Envelope,
    wanted: Wanted,
    verdict: Verdict,
) {
    let logged_id = Some(event.view.request_id).filter(|id| !id.is_empty() && *id != "-");
    let id = envelope.id(&event.properties, event.ids).or(logged_id);
    table.record.push(record);
    table
        .id_hash
        .push(id.map_or(NO_ID_HASH, |id| xxh3_64(id.as_bytes()).max(NO_ID_HASH + 1)));
    table.payload_hash.push(payload_hash(
        event.properties.query(),
        event.properties.is_unlayered(),
    ));
    if wanted.columns {
        match id {
            Some(id) => table.event_id.push_piece(id, event.view.kept),
            None => table.event_id.push_null(),
        }
    }
    if wanted.times {
        table.event_time_us.push(
            envelope
                .time_us(&event.properties, event.ids)
                .unwrap_or(event.view.time_us),
        );
    }
    if wanted.failed_raw {
        table
            .raw
            .push((verdict == Verdict::Failed).then_some(event.view.line));
    }
}

/// `id_hash` of an event that has no id at all: never a duplicate.
pub const NO_ID_HASH: u64 = 0;

//! A day of batches made by hand: every verdict, every column type, two days, three objects.

use std::sync::Arc;

use frontlog::model::batch::{ObjectCount, UntypedColumns};
use frontlog::model::column::Text;
use frontlog::model::{
    Batch, Cause, CauseId, Causes, Code, Column, ColumnKind, Counters, EventColumns, EventType,
    EventTypeId, EventTypes, FieldId, LogObject, ObjectId, ObjectState, ObjectStatus,
    PropertyColumn, Severity, Sink, Verdict,
};

/// Midnight of 2026-03-05 less an hour, in µs.
const START_US: i64 = 1_772_665_200_000_000;
const COLUMNS: [(&str, ColumnKind, Option<u64>); 7] = [
    ("quantity", ColumnKind::Int, None),
    ("value", ColumnKind::Float, None),
    ("note", ColumnKind::Text, None),
    ("isGift", ColumnKind::Bool, None),
    ("day", ColumnKind::Date, None),
    ("seenAt", ColumnKind::Timestamp, None),
    ("cart", ColumnKind::Json, None),
];

/// What the batches hold, computed again for each use.
pub struct Day {
    rows: u32,
    name: &'static str,
    cut: u32,
    all_failed: bool,
    misfits: bool,
    unreadable: bool,
}

/// What a row is, from its number alone.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    NotEvent,
    Checkout(Verdict),
    PageView(Verdict),
    Undeclared(Verdict),
    Untyped,
}

impl Day {
    pub fn new(rows: u32) -> Self {
        Self {
            rows,
            name: "day",
            cut: 1_000,
            all_failed: false,
            misfits: false,
            unreadable: false,
        }
    }

    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub fn cut_every(self, cut: u32) -> Self {
        Self { cut, ..self }
    }

    pub fn all_failed(self) -> Self {
        Self {
            all_failed: true,
            ..self
        }
    }

    pub fn with_misfits(self) -> Self {
        Self {
            misfits: true,
            ..self
        }
    }

    pub fn with_unreadable_object(self) -> Self {
        Self {
            unreadable: true,
            ..self
        }
    }

    fn kind(&self, row: u32) -> Kind {
        use Verdict::{Duplicate, Failed, Good};
        match row % 20 {
            _ if self.all_failed => Kind::Checkout(Failed),
            0 | 1 => Kind::NotEvent,
            2..=8 => Kind::Checkout(Good),
            9..=14 => Kind::PageView(Good),
            15 => Kind::Checkout(Failed),
            16 => Kind::PageView(Failed),
            17 => Kind::Checkout(Duplicate),
            18 => Kind::Undeclared(if row % 40 == 18 { Good } else { Failed }),
            _ => Kind::Untyped,
        }
    }

    fn rows_of(&self, wanted: Kind) -> impl Iterator<Item = u32> {
        (0..self.rows).filter(move |r| self.kind(*r) == wanted)
    }

    pub fn types(&self) -> Vec<Arc<EventType>> {
        let event =
            |name: &str, version: &str, declared, columns: &[(&str, ColumnKind, Option<u64>)]| {
                let columns = columns
                    .iter()
                    .map(|(name, kind, max_length)| PropertyColumn {
                        name: (*name).into(),
                        kind: *kind,
                        required: false,
                        declared: "".into(),
                        max_length: *max_length,
                    });
                Arc::new(EventType {
                    name: name.into(),
                    version: version.into(),
                    declared,
                    repairable: false,
                    columns: columns.collect(),
                })
            };
        vec![
            event("checkout", "1-0-2", true, &COLUMNS),
            event(
                "page_view",
                "1-0-0",
                true,
                &[("order", ColumnKind::Text, Some(4))],
            ),
            event("mystery", "", false, &[]),
        ]
    }

    fn causes(&self) -> Vec<Arc<Cause>> {
        vec![Arc::new(Cause {
            code: Code::V402,
            severity: Severity::Error,
            event: "checkout".into(),
            version: "1-0-2".into(),
            path: "value".into(),
            keyword: "type",
            expected: "a number".into(),
        })]
    }

    pub fn objects(&self) -> Vec<ObjectState> {
        let object = |i: u32, status| {
            let object = LogObject {
                uri: format!("s3://logs/{}-{i}.gz", self.name).into(),
                size_bytes: 100,
                etag: format!("etag{i}").into(),
                hour: None,
                last_modified_ms: None,
            };
            ObjectState {
                object: Arc::new(object),
                status,
                counters: Counters::default(),
            }
        };
        let mut objects: Vec<_> = (0..3).map(|i| object(i, ObjectStatus::Read)).collect();
        if self.unreadable {
            objects.push(object(3, ObjectStatus::Unreadable("access denied".into())));
        }
        objects
    }

    /// Tells a sink what a run tells it before the first batch.
    pub fn introduce(&self, sink: &mut dyn Sink) {
        let (types, causes) = (Arc::new(EventTypes::default()), Arc::new(Causes::default()));
        self.types().iter().for_each(|t| {
            types.intern(EventType::clone(t));
        });
        self.causes().iter().for_each(|c| {
            causes.intern(c);
        });
        sink.start(&types, &causes, &[]);
        sink.listed(
            &self
                .objects()
                .into_iter()
                .map(|o| o.object)
                .collect::<Vec<_>>(),
        );
    }

    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        self.batches().iter().for_each(|b| sum.add(&b.counters()));
        sum
    }

    pub fn checkout_sums(&self) -> (u64, i64, f64) {
        let good = || self.rows_of(Kind::Checkout(Verdict::Good));
        (
            good().count() as u64,
            good().map(i64::from).sum(),
            good().map(|r| f64::from(r) * 0.37).sum(),
        )
    }

    /// Notes that are not null; the text `\N` counts or not as the reader likes, so there is none.
    pub fn checkout_notes(&self) -> u64 {
        self.rows_of(Kind::Checkout(Verdict::Good))
            .filter(|r| note(*r).is_some())
            .count() as u64
    }

    pub fn failed_declared(&self) -> u64 {
        (0..self.rows)
            .filter(|r| {
                matches!(
                    self.kind(*r),
                    Kind::Checkout(Verdict::Failed) | Kind::PageView(Verdict::Failed)
                )
            })
            .count() as u64
    }

    pub fn batches(&self) -> Vec<Batch> {
        let mut batches = vec![];
        let mut start = 0;
        loop {
            let end = (start + self.cut).min(self.rows);
            batches.push(self.batch(batches.len() as u64, start..end));
            start = end;
            if start >= self.rows {
                return batches;
            }
        }
    }

    fn batch(&self, unit: u64, rows: std::ops::Range<u32>) -> Batch {
        let mut batch = Batch {
            unit,
            last_part: true,
            ..Batch::default()
        };
        let mut events: Vec<EventColumns> = self
            .types()
            .iter()
            .enumerate()
            .map(|(i, t)| empty(i as u16, t))
            .collect();
        let mut request_id = Column::new(ColumnKind::Text);
        let mut counters = Counters {
            header_lines: 2,
            lines: 2,
            ..Counters::default()
        };
        for row in rows {
            let record = batch.records.len() as u32;
            let records = &mut batch.records;
            records.object.push(row * 3 / self.rows.max(1));
            records.line.push(row + 3);
            records.offset.push(u64::from(row) * 100);
            records.length.push(99);
            records.time_us.push(START_US + i64::from(row) * 1_500_000);
            request_id.push_text(&format!("request-{row}=="));
            let (event_type, verdict) = match self.kind(row) {
                Kind::NotEvent => (0, Verdict::NotEvent),
                Kind::Checkout(v) => (1, v),
                Kind::PageView(v) => (2, v),
                Kind::Undeclared(v) => (3, v),
                Kind::Untyped => (0, Verdict::Failed),
            };
            records.event_type.push(event_type);
            records.verdict.push(verdict as u8);
            let at = event_type
                .checked_sub(1)
                .map(|i| self.event(&mut events[i as usize], record, row, verdict));
            records.event_row.push(at.unwrap_or(0));
            count(&mut counters, verdict);
            if verdict == Verdict::Failed {
                batch.failures.push(record, CauseId(0), Some("12,50"));
                counters.errors += 1;
                if event_type == 0 {
                    let UntypedColumns {
                        record: untyped,
                        raw,
                    } = &mut batch.untyped;
                    untyped.push(record);
                    raw.push_value(&format!("raw line {row}"));
                }
            }
        }
        batch.records.fields[FieldId::X_EDGE_REQUEST_ID.0 as usize] = Some(request_id);
        batch.rejects.object.push(0);
        batch.rejects.line.push(1);
        batch.rejects.offset.push(7);
        batch.rejects.length.push(5);
        batch.rejects.code.push(Code::L101);
        batch.rejects.message.push_value("2 columns, 33 expected");
        batch.rejects.raw.push_value(b"a\tb\xff\0");
        counters.lines += 1;
        counters.unreadable_lines += 1;
        events.retain(|e| !e.record.is_empty());
        batch.events = events;
        batch.objects.push(ObjectCount {
            object: ObjectId(0),
            counters,
            status: None,
        });
        batch
    }

    fn event(&self, events: &mut EventColumns, record: u32, row: u32, verdict: Verdict) -> u32 {
        let at = events.record.len() as u32;
        events.record.push(record);
        events.id_hash.push(u64::from(row));
        events.payload_hash.push(u64::from(row));
        events.event_id.push_value(&format!("event-{row}"));
        let misfit = if self.misfits { row } else { u32::MAX };
        events.event_time_us.push(if misfit == 22 {
            i64::MAX / 2
        } else {
            START_US + i64::from(row) * 1_500_000 - 250_001
        });
        match &mut events.properties[..] {
            [quantity, value, text, gift, day, seen, cart] => {
                quantity.push_int(i64::from(row));
                value.push_float(f64::from(row) * 0.37);
                match (misfit, note(row)) {
                    (23, _) => text.push_text("a\0b"),
                    (24, _) => text.push_text(&"x".repeat(70_000)),
                    (_, Some(note)) => text.push_text(&note),
                    (_, None) => text.push_null(),
                }
                if row.is_multiple_of(3) {
                    gift.push_null();
                } else {
                    gift.push_bool(row.is_multiple_of(2));
                }
                day.push_int(i64::from(row % 40_000) - 20_000);
                seen.push_int(START_US - i64::from(row) * 86_399_999_999);
                cart.push_text(r#"{"a":[1,"two"]}"#);
            }
            [order] => order.push_text("ü€"),
            _ => {}
        }
        if row.is_multiple_of(5) {
            events.rest_json.push_value(r#"{"utm":"x\"y"}"#);
        } else {
            events.rest_json.push_null();
        }
        let raw = (verdict == Verdict::Failed).then(|| format!("raw line {row}"));
        events.raw.push(raw.as_deref());
        at
    }
}

/// Texts that try the formats: quotes, commas, line ends, backslashes, nothing, no text.
fn note(row: u32) -> Option<String> {
    match row % 9 {
        2 => None,
        3 => Some(String::new()),
        4 => Some("a \"quoted\", text\nwith\r\nlines\tand\\backslash".into()),
        5 => Some("naïve — 日本語 🙂".into()),
        6 => Some("NULL".into()),
        _ => Some(format!("note {row}")),
    }
}

fn empty(id: u16, event_type: &EventType) -> EventColumns {
    EventColumns {
        event_type: EventTypeId(id),
        record: vec![],
        id_hash: vec![],
        payload_hash: vec![],
        event_id: Text::default(),
        event_time_us: vec![],
        properties: event_type
            .columns
            .iter()
            .map(|c| Column::new(c.kind))
            .collect(),
        rest_json: Text::default(),
        raw: Text::default(),
    }
}

fn count(counters: &mut Counters, verdict: Verdict) {
    counters.lines += 1;
    counters.records += 1;
    match verdict {
        Verdict::NotEvent => counters.not_events += 1,
        Verdict::Good => counters.good += 1,
        Verdict::Failed => counters.failed += 1,
        Verdict::Duplicate => counters.duplicates += 1,
    }
    counters.events += u64::from(verdict != Verdict::NotEvent);
}

//! A sink before another: what `[privacy]` of the contract names is treated before anybody else sees a batch.
//!
//! Verdicts, failures and duplicates were found on the values as logged. What comes out has other event types: a dropped
//! property has no column, a treated one is text.

use std::sync::Arc;

use crate::contract::privacy::{HASH_CHARS, Keyed, Treatment};
use crate::error::Result;
use crate::export::cell::{Cell, CellColumn};
use crate::model::column::Text;
use crate::model::{
    Batch, Causes, Code, Column, Counters, EventColumns, EventType, EventTypes, FIELDS,
    FailureColumns, FieldId, LogObject, ObjectId, RejectColumns, Sink, SoFar, Words,
};

/// Treats batches on their way to `inner`.
pub struct Private<'a> {
    inner: &'a mut dyn Sink,
    keyed: Arc<Keyed>,
    /// Query key of the event id.
    id_key: Option<String>,
    causes: Arc<Causes>,
    types: Arc<EventTypes>,
    /// The same types as the inner sink sees them, under the same ids.
    shown: Arc<EventTypes>,
    /// By id, as logged: those in `shown` so far.
    known: Vec<Arc<EventType>>,
    /// By field: the dictionary of what is shown, where that is another one.
    words: Vec<Option<Words>>,
}

impl<'a> Private<'a> {
    /// In front of `inner`. `id_key` is the query key of the event id, if the contract has one.
    pub fn new(inner: &'a mut dyn Sink, keyed: Arc<Keyed>, id_key: Option<String>) -> Self {
        Self {
            inner,
            keyed,
            id_key,
            causes: Arc::default(),
            types: Arc::default(),
            shown: Arc::default(),
            known: vec![],
            words: vec![],
        }
    }

    /// Makes every type that the run knows known under the same id.
    fn learn(&mut self) {
        let types = self.types.list();
        for event_type in types.iter().skip(self.known.len()) {
            self.shown.intern(shown(event_type, &self.keyed));
        }
        self.known = types;
    }

    fn events(&mut self, mut events: EventColumns) -> EventColumns {
        let id = events.event_type.0 as usize;
        if id >= self.known.len() {
            self.learn();
        }
        if let Some(treatment) = self.keyed.event_id(self.id_key.as_deref()) {
            events.event_id = texts(Column::Text(events.event_id), |id| treatment.apply(id));
        }
        if let Some(event_type) = self.known.get(id).cloned() {
            let columns = event_type.columns.iter().zip(events.properties);
            let treated = columns.filter_map(|(p, values)| self.property(&p.name, values));
            events.properties = treated.collect();
        }
        events.rest_json = texts(Column::Text(events.rest_json), |t| self.keyed.rest(t));
        events.raw = nulls(events.raw.len());
        events
    }

    /// `None` where the column goes.
    fn property(&self, path: &str, values: Column) -> Option<Column> {
        match self.keyed.property(path) {
            Some(Treatment::Drop) => None,
            Some(treatment) => Some(Column::Text(texts(values, |text| treatment.apply(text)))),
            None if matches!(values, Column::Text(_)) => {
                let clean = |text: &str| Some(self.keyed.scrub(path, text)?.into_owned());
                Some(Column::Text(texts(values, clean)))
            }
            None => Some(values),
        }
    }

    fn field(&self, id: usize, values: Column) -> Column {
        let Some(treatment) = self.keyed.field(FieldId(id as u8)) else {
            return values;
        };
        let rows = values.len();
        let words = self.words.get(id).cloned().flatten();
        let mut out = match words {
            Some(words) => Column::word(words),
            None => Column::new(FIELDS[id].kind.column_kind()),
        };
        if matches!(treatment, Treatment::Drop) {
            out.pad_to(rows);
            return out;
        }
        let values = CellColumn::freeze(values).into_text(rows);
        for row in 0..rows {
            let text = match values.cell(row) {
                Cell::Text(text) => treatment.apply(text),
                _ => None,
            };
            match (&mut out, text) {
                (Column::Word(_, words), Some(text)) => {
                    let code = words.code(&text);
                    out.push_code(code);
                }
                (_, Some(text)) => out.push_text(&text),
                (_, None) => out.push_null(),
            }
        }
        out
    }

    fn failures(&self, failures: FailureColumns) -> FailureColumns {
        let (mut value, mut repaired) = (Text::default(), Text::default());
        for (row, cause) in failures.cause.iter().enumerate() {
            let cause = self.causes.get(*cause);
            let hidden = cause
                .as_ref()
                .is_none_or(|c| self.keyed.hides(c.code.as_str(), &c.path));
            let path = cause.as_ref().map_or("", |c| &*c.path);
            let clean = |text: Option<&str>| {
                let text = text.filter(|_| !hidden)?;
                Some(self.keyed.scrub(path, text)?.into_owned())
            };
            value.push(clean(failures.value(row)).as_deref());
            repaired.push(clean(failures.repaired.get(row)).as_deref());
        }
        FailureColumns {
            value,
            repaired,
            ..failures
        }
    }
}

/// Lines that could not be read: any part of one may be private.
fn rejects(rejects: RejectColumns) -> RejectColumns {
    let mut message = Text::default();
    let mut raw = polars_arrow::array::MutableBinaryViewArray::new();
    for code in &rejects.code {
        message.push_value(Code::meaning(*code));
        raw.push_value([0_u8; 0]);
    }
    RejectColumns {
        message,
        raw,
        ..rejects
    }
}

/// An event type as it is shown.
pub fn shown(event_type: &EventType, keyed: &Keyed) -> EventType {
    let column = |column: &crate::model::PropertyColumn| {
        let mut column = column.clone();
        column.kind = keyed.kind(&column.name, column.kind)?;
        match keyed.property(&column.name) {
            Some(Treatment::Hash(_)) => column.max_length = Some(HASH_CHARS),
            Some(_) => column.max_length = None,
            None => {}
        }
        Some(column)
    };
    EventType {
        columns: event_type.columns.iter().filter_map(column).collect(),
        ..event_type.clone()
    }
}

fn nulls(rows: usize) -> Text {
    let mut out = Text::default();
    (0..rows).for_each(|_| out.push_null());
    out
}

/// The values as texts, each in its new form.
fn texts(values: Column, change: impl Fn(&str) -> Option<String>) -> Text {
    let rows = values.len();
    let values = CellColumn::freeze(values).into_text(rows);
    let mut out = Text::default();
    for row in 0..rows {
        let text = match values.cell(row) {
            Cell::Text(text) => change(text),
            _ => None,
        };
        out.push(text.as_deref());
    }
    out
}

impl Sink for Private<'_> {
    fn start(&mut self, types: &Arc<EventTypes>, causes: &Arc<Causes>, words: &[Option<Words>]) {
        (self.types, self.causes) = (types.clone(), causes.clone());
        // A dictionary holds every word that was ever logged: what is treated gets one of its own.
        let own = |(id, words): (usize, &Option<Words>)| {
            let treated = self.keyed.field(FieldId(id as u8)).is_some();
            words
                .as_ref()
                .map(|words| if treated { Words::new() } else { words.clone() })
        };
        self.words = words.iter().enumerate().map(own).collect();
        self.learn();
        self.inner.start(&self.shown, causes, &self.words);
    }

    fn listed(&mut self, objects: &[Arc<LogObject>]) {
        self.inner.listed(objects);
    }

    fn again(&mut self, object: ObjectId, gone: &Counters) {
        self.inner.again(object, gone);
    }

    fn relisted(&mut self, object: ObjectId, now: &Arc<LogObject>) {
        self.inner.relisted(object, now);
    }

    fn complete(&mut self) {
        self.inner.complete();
    }

    fn take(&mut self, mut batch: Batch) -> Result<()> {
        let events = std::mem::take(&mut batch.events);
        batch.events = events
            .into_iter()
            .map(|events| self.events(events))
            .collect();
        batch.failures = self.failures(std::mem::take(&mut batch.failures));
        batch.untyped.raw = nulls(batch.untyped.record.len());
        batch.rejects = rejects(std::mem::take(&mut batch.rejects));
        for (id, values) in batch.records.fields.iter_mut().enumerate() {
            *values = values.take().map(|values| self.field(id, values));
        }
        self.inner.take(batch)
    }

    fn idle(&mut self) -> Result<()> {
        self.inner.idle()
    }

    fn memo(&mut self, so_far: &SoFar<'_>) -> Option<serde_json::Value> {
        self.inner.memo(so_far)
    }

    fn recall(&mut self, memo: serde_json::Value) {
        self.inner.recall(memo);
    }
}

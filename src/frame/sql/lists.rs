//! The tables of failures, rejects, objects and causes.

use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn, IntoSeries, NamedFrom, Series, UInt32Chunked,
};

use super::events::{dictionary, frame, origin};
use crate::error::Result;
use crate::frame::Snapshot;
use crate::frame::failures::Failures;
use crate::frame::snapshot::column;

fn numbers(name: &str, values: Vec<u64>) -> Column {
    // SQL arithmetic on unsigned numbers wraps below zero.
    let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
    Series::new(name.into(), values).into_column()
}

fn texts<'a>(name: &str, values: impl Iterator<Item = Option<&'a str>>) -> Column {
    Series::new(name.into(), values.collect::<Vec<_>>()).into_column()
}

pub(super) fn failures(snapshot: &Snapshot, sql: &str) -> Result<DataFrame> {
    let count = snapshot.failures.height();
    let (mut records, mut cause_ids) = (Vec::with_capacity(count), Vec::with_capacity(count));
    // The sentences are made one by one, so only for a query that can show them.
    let lower = sql.to_lowercase();
    let mut messages = (lower.contains("message") || lower.contains('*')).then(Vec::<String>::new);
    let failures = Failures::of(snapshot, 0..snapshot.len());
    let mut repaired = failures.repaired();
    failures.each(|record, cause, value| {
        let repaired = repaired.next().flatten();
        records.push(record);
        cause_ids.push(cause);
        if let Some(messages) = &mut messages {
            messages.push(
                snapshot
                    .causes
                    .get(cause as usize)
                    .map_or_else(String::new, |c| c.message_of(value, repaired)),
            );
        }
    });
    let record = UInt32Chunked::from_vec("record".into(), records);
    let rows: Vec<u32> = record
        .downcast_iter()
        .flat_map(|a| a.values().iter().copied())
        .collect();
    let mut columns = vec![record.clone().into_series().into_column()];
    columns.extend(origin(snapshot, &mut rows.iter().copied()));
    columns.extend(
        snapshot
            .records
            .select([column::TIME_UTC])?
            .take(&record)?
            .columns()
            .iter()
            .cloned(),
    );
    let of_cause = |name: &str, text: fn(&crate::model::Cause) -> &str| {
        dictionary(
            name,
            snapshot.causes.iter().map(|c| text(c)),
            cause_ids.iter().map(|id| Some(*id as usize)),
        )
    };
    columns.push(of_cause("event", |c| &c.event));
    columns.push(of_cause("version", |c| &c.version));
    columns.push(of_cause("code", |c| c.code.as_str()));
    columns.push(of_cause("severity", |c| c.severity.as_str()));
    columns.push(of_cause("path", |c| &c.path));
    columns.push(of_cause("keyword", |c| c.keyword));
    columns.push(of_cause("expected", |c| &c.expected));
    if let Ok(value) = snapshot.failures.column("value") {
        columns.push(value.slice(0, rows.len()));
    }
    columns.push(match snapshot.failures.column(column::REPAIRED) {
        Ok(repaired) => repaired.slice(0, rows.len()),
        Err(_) => Column::full_null(column::REPAIRED.into(), rows.len(), &DataType::String),
    });
    if let Some(messages) = messages {
        columns.push(Series::new("message".into(), messages).into_column());
    }
    columns.push(
        UInt32Chunked::from_vec("cause".into(), cause_ids)
            .into_series()
            .into_column(),
    );
    frame(columns)
}

pub(super) fn rejects(snapshot: &Snapshot) -> Result<DataFrame> {
    let object = snapshot.rejects.column(column::OBJECT)?.u32()?;
    let uris = snapshot.objects.iter().map(|o| &*o.object.uri);
    let mut columns = vec![dictionary(
        "object",
        uris,
        object.iter().map(|id| id.map(|id| id as usize)),
    )];
    columns.extend(
        snapshot
            .rejects
            .columns()
            .iter()
            .filter(|c| c.name() != column::OBJECT)
            .cloned(),
    );
    frame(columns)
}

pub(super) fn objects(snapshot: &Snapshot) -> Result<DataFrame> {
    use crate::model::ObjectStatus;
    let list = &snapshot.objects;
    let state = |o: &crate::model::ObjectState| match &o.status {
        ObjectStatus::Waiting => ("waiting", None),
        ObjectStatus::Reading => ("reading", None),
        ObjectStatus::Read => ("read", None),
        ObjectStatus::Corrupt(why) => ("corrupt", Some(why.clone())),
        ObjectStatus::Unreadable(why) => ("unreadable", Some(why.clone())),
    };
    let states: Vec<_> = list.iter().map(state).collect();
    let mut columns = vec![
        texts("object", list.iter().map(|o| Some(&*o.object.uri))),
        texts("state", states.iter().map(|(state, _)| Some(*state))),
        texts("reason", states.iter().map(|(_, why)| why.as_deref())),
        texts("etag", list.iter().map(|o| Some(&*o.object.etag))),
        numbers(
            "size_bytes",
            list.iter().map(|o| o.object.size_bytes).collect(),
        ),
    ];
    macro_rules! counters {
        ($($name:ident)*) => {
            $(columns.push(numbers(stringify!($name), list.iter().map(|o| o.counters.$name).collect()));)*
        };
    }
    counters!(text_bytes lines header_lines blank_lines unreadable_lines records not_events events good failed
              duplicates errors warnings infos);
    frame(columns)
}

pub(super) fn causes(snapshot: &Snapshot) -> Result<DataFrame> {
    let list = &snapshot.causes;
    let mut counts = vec![0_u64; list.len()];
    Failures::of(snapshot, 0..snapshot.len()).each(|_, cause, _| {
        if let Some(n) = counts.get_mut(cause as usize) {
            *n += 1;
        }
    });
    frame(vec![
        numbers("cause", (0..list.len() as u64).collect()),
        texts("event", list.iter().map(|c| Some(&*c.event))),
        texts("version", list.iter().map(|c| Some(&*c.version))),
        texts("code", list.iter().map(|c| Some(c.code.as_str()))),
        texts("severity", list.iter().map(|c| Some(c.severity.as_str()))),
        texts("path", list.iter().map(|c| Some(&*c.path))),
        texts("keyword", list.iter().map(|c| Some(c.keyword))),
        texts("expected", list.iter().map(|c| Some(&*c.expected))),
        numbers("failures", counts),
    ])
}

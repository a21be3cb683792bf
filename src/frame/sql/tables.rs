//! What a query can select from, and how each table is made of a snapshot.

use std::sync::Arc;

use polars::prelude::{DataFrame, DataType};

use super::{TableInfo, events, lists, windows};
use crate::error::Result;
use crate::frame::Snapshot;

/// A table that a query can name.
pub(super) struct Table {
    pub(super) name: String,
    kind: Kind,
}

enum Kind {
    Records,
    Events,
    Failures,
    Rejects,
    Objects,
    Causes,
    Windows,
    /// The event tables of one name.
    Event(Vec<usize>),
}

impl Table {
    /// All of them, in the order they are listed.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        let fixed = [
            ("records", Kind::Records),
            ("events", Kind::Events),
            ("failures", Kind::Failures),
            ("rejects", Kind::Rejects),
            ("objects", Kind::Objects),
            ("causes", Kind::Causes),
            ("windows", Kind::Windows),
        ];
        let mut all: Vec<Self> = fixed
            .into_iter()
            .map(|(name, kind)| Self {
                name: name.to_owned(),
                kind,
            })
            .collect();
        let mut by_event: Vec<(Arc<str>, Vec<usize>)> = vec![];
        for (i, table) in snapshot.events.iter().enumerate() {
            let name = &table.event_type.name;
            match by_event.iter_mut().find(|(known, _)| known == name) {
                Some((_, list)) => list.push(i),
                None => by_event.push((name.clone(), vec![i])),
            }
        }
        for (event, list) in by_event {
            let mut name = identifier(&event);
            while all.iter().any(|t| t.name.eq_ignore_ascii_case(&name)) {
                name.insert_str(0, "event_");
            }
            all.push(Self {
                name,
                kind: Kind::Event(list),
            });
        }
        all
    }

    pub(super) fn info(&self, snapshot: &Snapshot) -> TableInfo {
        let (meaning, rows) = match &self.kind {
            Kind::Records => ("one row a record".to_owned(), snapshot.len()),
            Kind::Events => (
                "one row an event of any type".to_owned(),
                event_rows(snapshot),
            ),
            Kind::Failures => ("one row a failure".to_owned(), snapshot.failures.height()),
            Kind::Rejects => (
                "one row an unreadable line".to_owned(),
                snapshot.rejects.height(),
            ),
            Kind::Objects => (
                "one row a log file or S3 object".to_owned(),
                snapshot.objects.len(),
            ),
            Kind::Causes => (
                "one row a cause of failures".to_owned(),
                snapshot.causes.len(),
            ),
            Kind::Windows => (
                "one row a window of time, and one for each event in it".to_owned(),
                windows::height(snapshot),
            ),
            Kind::Event(list) => {
                let tables: Vec<_> = list
                    .iter()
                    .filter_map(|i| snapshot.events.get(*i))
                    .collect();
                let event = tables.first().map_or("", |t| &t.event_type.name);
                (
                    format!("one row an event `{event}`"),
                    tables.iter().map(|t| t.frame.height()).sum(),
                )
            }
        };
        // Built of no rows, the table shows its columns for the price of none.
        let columns = self
            .build(&without_rows(snapshot), "*")
            .map_or_else(|_| vec![], |frame| columns_of(&frame));
        TableInfo {
            name: self.name.clone(),
            meaning,
            columns,
            rows,
        }
    }

    /// Makes the table. `sql` tells whether costly columns are wanted.
    pub(super) fn build(&self, snapshot: &Snapshot, sql: &str) -> Result<DataFrame> {
        match &self.kind {
            Kind::Records => events::records(snapshot, sql),
            Kind::Events => events::events(snapshot),
            Kind::Failures => lists::failures(snapshot, sql),
            Kind::Rejects => lists::rejects(snapshot),
            Kind::Objects => lists::objects(snapshot),
            Kind::Causes => lists::causes(snapshot),
            Kind::Windows => windows::windows(snapshot),
            Kind::Event(list) => events::event(snapshot, list),
        }
    }
}

/// The name as an SQL identifier that needs no quotes.
fn identifier(name: &str) -> String {
    let mut out: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '_'
            }
        })
        .collect();
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "event_");
    }
    out
}

fn columns_of(frame: &DataFrame) -> Vec<(String, String)> {
    let word = |dtype: &DataType| match dtype {
        DataType::Categorical(..) | DataType::String => "text",
        DataType::Float64 => "number",
        DataType::Boolean => "boolean",
        DataType::Datetime(..) => "timestamp",
        DataType::Date => "date",
        DataType::Time => "time",
        DataType::Binary => "binary",
        _ => "integer",
    };
    frame
        .columns()
        .iter()
        .map(|c| (c.name().to_string(), word(c.dtype()).to_owned()))
        .collect()
}

fn without_rows(snapshot: &Snapshot) -> Snapshot {
    let mut empty = snapshot.clone();
    empty.records = empty.records.clear();
    empty.failures = empty.failures.clear();
    empty.rejects = empty.rejects.clear();
    for table in &mut empty.events {
        table.frame = table.frame.clear();
    }
    empty.objects = Arc::default();
    empty
}

fn event_rows(snapshot: &Snapshot) -> usize {
    snapshot.events.iter().map(|t| t.frame.height()).sum()
}

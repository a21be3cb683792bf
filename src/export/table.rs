//! Table schemas: one object makes a file's columns, their order, the DDL and the COPY statement.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::export::identifier::{MAX_BYTES, snake_case};
use crate::model::{ColumnKind, EventType, EventTypeId};

/// How a column is stored. Unsigned, null, nanosecond and time-of-day types do not exist here: not every warehouse
/// takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// 64-bit signed.
    Int,
    /// Double precision.
    Float,
    /// Boolean.
    Bool,
    /// UTF-8, at most so many bytes where a warehouse asks for a width.
    Text(u32),
    /// Days.
    Date,
    /// Microseconds, UTC.
    Timestamp,
}

/// Widest text column in bytes.
///
/// # Source
/// Amazon Redshift Database Developer Guide, "Character types": VARCHAR holds at most 65,535 bytes.
pub const MAX_TEXT_BYTES: u32 = 65_535;

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Identifier in files and warehouses.
    pub name: String,
    /// The property as the event schema names it; `None` for our own columns.
    pub property: Option<Arc<str>>,
    /// How it is stored.
    pub storage: Storage,
}

/// Columns of one table, in the order that every one of its files has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// Identifier: `checkout_1` for all `1-*-*` of `checkout`.
    pub name: String,
    /// Envelope, properties, `_repairs` where the contract accepts any, `_rest_json`.
    pub columns: Vec<TableColumn>,
}

impl TableSchema {
    /// Position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// The same columns and, behind them, what failed events have more: `_failures` and `_raw`.
    #[must_use]
    pub fn rejected(&self) -> Self {
        let mut columns = self.columns.clone();
        columns.extend([
            own("_failures", Storage::Text(MAX_TEXT_BYTES)),
            own("_raw", Storage::Text(MAX_TEXT_BYTES)),
        ]);
        Self {
            name: self.name.clone(),
            columns,
        }
    }
}

/// Our column of what was repaired in a row: a JSON object, property to text as logged (null where it was missing).
pub const REPAIRS: &str = "_repairs";

/// Number of columns before the properties.
pub const ENVELOPE: usize = 8;

/// Table of events that have no event schema, and of failed events without a type.
pub const UNDECLARED: &str = "undeclared_events";

fn own(name: &str, storage: Storage) -> TableColumn {
    TableColumn {
        name: name.to_owned(),
        property: None,
        storage,
    }
}

fn envelope() -> Vec<TableColumn> {
    vec![
        own("_event_time_utc", Storage::Timestamp),
        own("_log_time_utc", Storage::Timestamp),
        own("_event_name", Storage::Text(1_024)),
        own("_event_version", Storage::Text(64)),
        own("_event_id", Storage::Text(1_024)),
        own("_request_id", Storage::Text(256)),
        own("_object", Storage::Text(4_096)),
        own("_line", Storage::Int),
    ]
}

/// Columns of `failures/`: one row a failure, warnings too.
pub fn failures_table() -> TableSchema {
    let text = Storage::Text(MAX_TEXT_BYTES);
    let columns = [
        ("_object", text),
        ("_etag", text),
        ("_line", Storage::Int),
        ("_offset", Storage::Int),
        ("_length", Storage::Int),
        ("_log_time_utc", Storage::Timestamp),
        ("event", text),
        ("event_version", text),
        ("code", text),
        ("severity", text),
        ("keyword", text),
        ("path", text),
        ("expected", text),
        ("value", text),
        ("message", text),
    ];
    TableSchema {
        name: "failures".into(),
        columns: columns.map(|(name, storage)| own(name, storage)).into(),
    }
}

/// Columns of `rejected/_unreadable/`: one row an unreadable line.
pub fn unreadable_table() -> TableSchema {
    let text = Storage::Text(MAX_TEXT_BYTES);
    let columns = [
        ("_object", text),
        ("_etag", text),
        ("_line", Storage::Int),
        ("_offset", Storage::Int),
        ("_length", Storage::Int),
        ("code", text),
        ("message", text),
        ("_raw", text),
    ];
    TableSchema {
        name: "_unreadable".into(),
        columns: columns.map(|(name, storage)| own(name, storage)).into(),
    }
}

/// Which table an event type's rows go to, and where each of its properties stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Index into [`Tables::list`].
    pub table: usize,
    /// By property of the event type: index into the table's columns.
    pub columns: Vec<usize>,
}

/// All tables of an export: those of the declared event types, and [`UNDECLARED`] as the last one.
#[derive(Debug, Clone)]
pub struct Tables {
    /// By table.
    pub list: Vec<TableSchema>,
    placements: HashMap<EventTypeId, Placement>,
}

impl Tables {
    /// Lays out the tables for these event types, by id. Versions of one MODEL share a table: the columns of the
    /// oldest first, then what later ones added; where they disagree on a type, text holds both.
    ///
    /// # Errors
    /// When two tables, or two columns of a table, would have the same identifier (W606), or one is too long: the
    /// message names both.
    pub fn new(event_types: &[Arc<EventType>]) -> Result<Self> {
        let mut declared: Vec<_> = event_types
            .iter()
            .enumerate()
            .filter(|(_, t)| t.declared)
            .map(|(id, t)| (EventTypeId(id as u16), t))
            .collect();
        declared.sort_by_cached_key(|(_, t)| {
            (t.name.clone(), version_key(&t.version), t.version.clone())
        });
        let mut tables = Self {
            list: vec![],
            placements: HashMap::new(),
        };
        let mut owners: Vec<(Arc<str>, String)> = vec![];
        for (id, event_type) in declared {
            let owner = (event_type.name.clone(), model(&event_type.version));
            let name = table_name(&owner)?;
            let table = match tables.list.iter().position(|t| t.name == name) {
                Some(known) if owners[known] == owner => known,
                Some(known) => return Err(clash_of_tables(&name, &owners[known], &owner)),
                None => {
                    tables.list.push(TableSchema {
                        name,
                        columns: envelope(),
                    });
                    owners.push(owner);
                    tables.list.len() - 1
                }
            };
            let columns = place(&mut tables.list[table], event_type)?;
            tables.placements.insert(id, Placement { table, columns });
        }
        if tables.list.iter().any(|t| t.name == UNDECLARED) {
            return Err(Error::Export(format!(
                "the event schemas make a table {UNDECLARED}, which is the table of events without a schema (W606). Rename the event."
            )));
        }
        tables.list.push(TableSchema {
            name: UNDECLARED.into(),
            columns: envelope(),
        });
        for (id, event_type) in event_types.iter().enumerate() {
            let placement = tables.placements.get(&EventTypeId(id as u16));
            let Some(placement) = placement.filter(|_| event_type.repairable) else {
                continue;
            };
            let table = &mut tables.list[placement.table];
            if table.position(REPAIRS).is_none() {
                table
                    .columns
                    .push(own(REPAIRS, Storage::Text(MAX_TEXT_BYTES)));
            }
        }
        for table in &mut tables.list {
            table
                .columns
                .push(own("_rest_json", Storage::Text(MAX_TEXT_BYTES)));
        }
        Ok(tables)
    }

    /// The place of a declared event type.
    pub fn placement(&self, id: EventTypeId) -> Option<&Placement> {
        self.placements.get(&id)
    }

    /// Index of the table of events without an event schema.
    pub const fn undeclared(&self) -> usize {
        self.list.len() - 1
    }
}

fn table_name(owner: &(Arc<str>, String)) -> Result<String> {
    let mut name = snake_case(&owner.0);
    if !owner.1.is_empty() {
        name = format!("{name}_{}", owner.1);
    }
    if name.len() > MAX_BYTES {
        return Err(Error::Export(format!(
            "the event {:?} makes a table name of {} bytes; warehouses take {MAX_BYTES} (W606). Shorten the event's name.",
            owner.0,
            name.len()
        )));
    }
    Ok(name)
}

fn clash_of_tables(name: &str, one: &(Arc<str>, String), two: &(Arc<str>, String)) -> Error {
    let show = |(event, model): &(Arc<str>, String)| {
        if model.is_empty() {
            format!("{event:?}")
        } else {
            format!("{event:?} model {model}")
        }
    };
    Error::Export(format!(
        "the events {} and {} would share the table {name} (W606: warehouses fold names to lower case). Rename one of them.",
        show(one),
        show(two)
    ))
}

/// The MODEL of a `SchemaVer`: `1-0-2` → `1`; empty for an empty version.
fn model(version: &str) -> String {
    let head = version.split(['-', '.']).next().unwrap_or_default();
    if head.is_empty() {
        String::new()
    } else {
        snake_case(head).trim_start_matches('_').to_owned()
    }
}

fn version_key(version: &str) -> Vec<u64> {
    version
        .split(['-', '.'])
        .map(|part| part.parse().unwrap_or(u64::MAX))
        .collect()
}

/// Adds the columns of an event type that the table does not have yet; gives the place of each.
fn place(table: &mut TableSchema, event_type: &EventType) -> Result<Vec<usize>> {
    let mut places: Vec<usize> = Vec::with_capacity(event_type.columns.len());
    for property in &event_type.columns {
        let name = snake_case(&property.name);
        let storage = storage(property.kind, property.max_length);
        let clash = |other: &str| {
            Error::Export(format!(
                "event {:?}: the properties {other:?} and {:?} would share the column {name} of table {} (W606: warehouses fold names to lower case). Rename one of them.",
                event_type.name, property.name, table.name
            ))
        };
        if name.len() > MAX_BYTES {
            return Err(Error::Export(format!(
                "event {:?}: the property {:?} makes a column name of {} bytes; warehouses take {MAX_BYTES} (W606). Shorten it.",
                event_type.name,
                property.name,
                name.len()
            )));
        }
        if [REPAIRS, "_rest_json", "_failures", "_raw"].contains(&name.as_str()) {
            return Err(clash(&name));
        }
        match table.position(&name) {
            Some(i) if table.columns[i].property.as_ref() == Some(&property.name) => {
                table.columns[i].storage = widened(table.columns[i].storage, storage);
                places.push(i);
            }
            Some(i) => {
                return Err(clash(
                    table.columns[i]
                        .property
                        .as_deref()
                        .unwrap_or(&table.columns[i].name),
                ));
            }
            None => {
                places.push(table.columns.len());
                table.columns.push(TableColumn {
                    name,
                    property: Some(property.name.clone()),
                    storage,
                });
            }
        }
    }
    Ok(places)
}

fn storage(kind: ColumnKind, max_length: Option<u64>) -> Storage {
    match kind {
        ColumnKind::Int => Storage::Int,
        ColumnKind::Float => Storage::Float,
        ColumnKind::Bool => Storage::Bool,
        ColumnKind::Date => Storage::Date,
        ColumnKind::Timestamp => Storage::Timestamp,
        ColumnKind::Time => Storage::Text(18),
        ColumnKind::Json => Storage::Text(MAX_TEXT_BYTES),
        ColumnKind::Text | ColumnKind::Word => {
            // A code point takes at most four bytes, and `maxLength` counts code points.
            let bytes =
                max_length.map_or(u64::from(MAX_TEXT_BYTES), |n| n.saturating_mul(4).max(1));
            Storage::Text(bytes.min(u64::from(MAX_TEXT_BYTES)) as u32)
        }
    }
}

fn widened(one: Storage, two: Storage) -> Storage {
    match (one, two) {
        (Storage::Text(a), Storage::Text(b)) => Storage::Text(a.max(b)),
        (a, b) if a == b => a,
        _ => Storage::Text(MAX_TEXT_BYTES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PropertyColumn;

    fn event(
        name: &str,
        version: &str,
        columns: &[(&str, ColumnKind, Option<u64>)],
    ) -> Arc<EventType> {
        let columns = columns
            .iter()
            .map(|(name, kind, max_length)| PropertyColumn {
                name: (*name).into(),
                kind: *kind,
                required: false,
                declared: "".into(),
                max_length: *max_length,
            })
            .collect();
        Arc::new(EventType {
            name: name.into(),
            version: version.into(),
            declared: true,
            repairable: false,
            columns,
        })
    }

    #[test]
    fn versions_of_one_model_share_a_table_and_new_columns_come_last() {
        let types = [
            event(
                "checkout",
                "1-0-10",
                &[
                    ("currency", ColumnKind::Text, Some(3)),
                    ("value", ColumnKind::Text, None),
                ],
            ),
            event("checkout", "1-0-2", &[("value", ColumnKind::Float, None)]),
            event("checkout", "2-0-0", &[]),
        ];
        let tables = Tables::new(&types).unwrap();
        let names: Vec<_> = tables.list.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["checkout_1", "checkout_2", UNDECLARED]);
        let own: Vec<_> = tables.list[0].columns[ENVELOPE..]
            .iter()
            .map(|c| (c.name.as_str(), c.storage))
            .collect();
        assert_eq!(
            own,
            [
                ("value", Storage::Text(MAX_TEXT_BYTES)),
                ("currency", Storage::Text(12)),
                ("_rest_json", Storage::Text(MAX_TEXT_BYTES))
            ]
        );
        assert_eq!(
            tables.placement(EventTypeId(0)).unwrap().columns,
            [ENVELOPE + 1, ENVELOPE]
        );
    }

    #[test]
    fn clashes_are_refused_and_both_names_are_said() {
        let one = [event(
            "e",
            "1-0-0",
            &[
                ("userId", ColumnKind::Text, None),
                ("user_id", ColumnKind::Text, None),
            ],
        )];
        let message = Tables::new(&one).unwrap_err().to_string();
        assert!(
            message.contains("\"userId\"") && message.contains("\"user_id\""),
            "{message}"
        );
        let two = [event("Cart", "1-0-0", &[]), event("cart", "1-0-0", &[])];
        let message = Tables::new(&two).unwrap_err().to_string();
        assert!(
            message.contains("\"Cart\" model 1") && message.contains("\"cart\" model 1"),
            "{message}"
        );
        let three = [event("e", "1-0-0", &[("_line", ColumnKind::Int, None)])];
        assert!(
            Tables::new(&three)
                .unwrap_err()
                .to_string()
                .contains("_line")
        );
    }
}

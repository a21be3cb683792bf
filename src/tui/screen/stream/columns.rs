//! Which columns suit what is loaded, until the user chooses, and how their cells read.

use std::borrow::Cow;

use crate::frame::columns::ColumnInfo;
use crate::frame::{Cell, ColumnRef, Columns, Snapshot, ViewSpec, Virtual};
use crate::model::ColumnKind;
use crate::tui::widget::number::grouped;
use crate::tui::widget::table::{CellText, Column, Sort, Tone};

/// Property columns shown unasked: more would only be seen by scrolling, and the detail has them all.
const MAX_PROPERTIES: usize = 12;

/// Columns for events: time, event, status, path, then the properties that most event types share.
/// For all records: the fields that tell requests apart.
pub fn suitable(known: &Columns, snapshot: &Snapshot, spec: &ViewSpec) -> Vec<ColumnRef> {
    let events_only = spec.events_only;
    let mut columns = vec![ColumnRef::time(), ColumnRef::Virtual(Virtual::Event)];
    let fields: &[&str] = if events_only {
        &["sc_status", "cs_uri_stem"]
    } else {
        &[
            "cs_method",
            "sc_status",
            "cs_uri_stem",
            "sc_bytes",
            "time_taken",
            "x_edge_location",
            "c_ip",
            "cs_user_agent",
        ]
    };
    // A column that no loaded log fills would only take room.
    let there = |name: &&&str| {
        let column = snapshot.records.column(name);
        column.is_ok_and(|c| c.is_empty() || c.null_count() < c.len())
    };
    columns.extend(
        fields
            .iter()
            .filter(there)
            .map(|name| ColumnRef::record(name)),
    );
    if events_only {
        let mut properties: Vec<_> = known
            .list()
            .iter()
            .filter(|c| matches!(c.column, ColumnRef::Property(_)))
            .collect();
        let wanted = Wanted::of(snapshot, spec);
        properties.retain(|info| {
            wanted
                .event
                .as_ref()
                .is_none_or(|event| info.events.iter().any(|e| **e == **event))
        });
        let is_wanted = |info: &ColumnInfo| {
            wanted
                .property
                .as_deref()
                .is_some_and(|p| info.column == ColumnRef::property(p))
        };
        properties.sort_by_key(|info| (!is_wanted(info), std::cmp::Reverse(info.events.len())));
        columns.extend(
            properties
                .iter()
                .take(MAX_PROPERTIES)
                .map(|info| info.column.clone()),
        );
    }
    columns
}

/// What the filters are about: one event type, one property.
#[derive(Default)]
struct Wanted {
    event: Option<String>,
    property: Option<String>,
}

impl Wanted {
    /// A filter for a cause is about its event and its property, `event=…` about that event.
    fn of(snapshot: &Snapshot, spec: &ViewSpec) -> Self {
        let mut wanted = Self::default();
        for text in spec
            .filters
            .iter()
            .filter(|term| term.on)
            .map(|term| term.filter.to_string())
        {
            let id = text
                .strip_prefix("cause=")
                .and_then(|id| id.parse::<usize>().ok());
            if let Some(cause) = id
                .and_then(|id| snapshot.causes.get(id))
                .filter(|cause| !cause.event.is_empty())
            {
                wanted.event = Some(cause.event.to_string());
                wanted.property = Some(cause.path.to_string());
            } else if let Some(event) = text.strip_prefix("event=") {
                wanted.event = Some(event.to_owned());
            }
        }
        wanted
    }
}

/// A column as the table wants it.
pub fn described<'a>(
    column: &'a ColumnRef,
    known: &Columns,
    sort: Option<Sort>,
    width: Option<u16>,
) -> Column<'a> {
    let info = known.list().iter().find(|info| info.column == *column);
    let kind = info.map_or(ColumnKind::Text, |info| info.kind);
    let described = Column::new(column.heading()).sorted(sort);
    let is_url = info.is_some_and(|info| info.meaning.contains("uri"));
    let described = match kind {
        ColumnKind::Int | ColumnKind::Float => described.right().width(4, 20),
        ColumnKind::Timestamp => described.width(8, 23),
        _ if is_url || matches!(column.heading(), "stem" | "object" | "query" | "ref") => {
            described.middle().width(6, 32)
        }
        _ => described.width(4, 28),
    };
    match width {
        Some(width) => described.width(width, width),
        None => described,
    }
}

/// A cell as it reads: whole numbers grouped, times short, failing text quoted.
pub fn text_of<'a>(column: &ColumnRef, cell: Cell<'a>, with_day: bool) -> CellText<'a> {
    match cell {
        Cell::Null => CellText::null(),
        Cell::Int(n) if *column == ColumnRef::record("sc_status") => {
            CellText::toned(n.to_string(), status_tone(n))
        }
        Cell::Int(n) if n >= 0 => CellText::new(grouped(n as u64)),
        Cell::Timestamp(us) => CellText::toned(clock(us, with_day), Tone::Dim),
        Cell::Invalid(text) => CellText::toned(format!("\"{text}\""), Tone::Bad),
        Cell::Text(text) if *column == ColumnRef::Virtual(Virtual::Event) => {
            CellText::toned(text, Tone::Strong)
        }
        Cell::Text(text) | Cell::Json(text) => CellText::new(text),
        other => CellText::new(Cow::Owned(other.to_text().into_owned())),
    }
}

fn status_tone(status: i64) -> Tone {
    match status {
        500.. => Tone::Bad,
        400.. => Tone::Warn,
        _ => Tone::Dim,
    }
}

/// `14:02:11`, with milliseconds where there are any, with the day where rows of several days are shown.
pub fn clock(us: i64, with_day: bool) -> String {
    let text = crate::model::time::format_us(us);
    match text.split_once(' ') {
        Some((day, time)) if with_day => format!("{} {time}", day.get(5..).unwrap_or(day)),
        Some((_, time)) => time.to_owned(),
        None => text,
    }
}

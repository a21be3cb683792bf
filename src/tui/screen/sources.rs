//! Sources: every object with its state and what was found in it.
//!
//! ```text
//!    object                            state     bytes       lines    events   failed  unreadable  reason
//!    E2EX.2026-11-23-13.8f2a.gz        read    1.21 MiB     20,312    15,310      204           0
//! ▸✗ E2EX.2026-11-23-14.91cc.gz        corrupt  212 KiB      3,100     2,998        0           1  unexpected end
//!    E2EX.2026-11-23-09.0a7e.gz        read      8 KiB         92        70        0           0  late: 3h12m after its hour
//! ```
//! `R` reads again what could not be read.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::frame::{Cell, ColumnRef, Filter, Snapshot, Virtual};
use crate::model::{ObjectId, ObjectState, ObjectStatus};
use crate::tui::theme::Styles;
use crate::tui::widget::number::{bytes, duration_ms, grouped};
use crate::tui::widget::table::{
    CellText, Column, Mark, PaintedTable, RowMark, Table, TableState, Tone,
};

/// State of the screen.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Cursor.
    pub table: TableState,
}

const TITLES: [&str; 8] = [
    "object",
    "state",
    "stored",
    "lines",
    "events",
    "failed",
    "unreadable",
    "reason",
];

/// Objects that a person should look at: corrupt or unreadable ones. Counted again only with a new snapshot.
pub fn troubled(snapshot: &Snapshot) -> u64 {
    snapshot
        .objects
        .iter()
        .filter(|o| trouble(o).is_some())
        .count() as u64
}

/// Why an object is not read whole, as a sentence; its URI where it is.
pub fn copied(object: &ObjectState) -> (String, &'static str) {
    match trouble(object) {
        Some(reason) => (reason.to_owned(), "reason"),
        None => (object.object.uri.to_string(), "object"),
    }
}

/// Why an object is not read whole, without its name.
pub fn reason(object: &ObjectState) -> Option<String> {
    trouble(object).map(|reason| without_object(reason, &object.object.uri))
}

fn trouble(object: &ObjectState) -> Option<&str> {
    match &object.status {
        ObjectStatus::Corrupt(reason) | ObjectStatus::Unreadable(reason) => Some(reason),
        ObjectStatus::Waiting | ObjectStatus::Reading | ObjectStatus::Read => None,
    }
}

/// Whether an object is an unreadable shard of a stream, which is read on by a new run only.
pub fn is_stopped_shard(object: &ObjectState) -> bool {
    object.is_unreadable() && crate::source::kinesis::is_shard(&object.object.uri)
}

/// Unreadable objects to be read again: the selected one, or all where that is none. Shards are not read again.
pub fn to_read_again(snapshot: &Snapshot, selected: Option<usize>) -> Vec<ObjectId> {
    let unreadable = |i: &usize| {
        let object = snapshot.objects.get(*i);
        object.is_some_and(|object| object.is_unreadable() && !is_stopped_shard(object))
    };
    let id = |i: usize| ObjectId(i as u32);
    match selected.filter(unreadable) {
        Some(one) => vec![id(one)],
        None => (0..snapshot.objects.len())
            .filter(unreadable)
            .map(id)
            .collect(),
    }
}

impl Sources {
    /// The filter that shows the rows of the selected object.
    pub fn filter(&self, snapshot: &Snapshot) -> Option<Filter> {
        let uri = &snapshot.objects.get(self.table.selected)?.object.uri;
        Some(Filter::keep(
            &ColumnRef::Virtual(Virtual::Object),
            &Cell::Text(uri.as_ref().into()),
        ))
    }

    /// Draws the table.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        snapshot: &Snapshot,
        styles: &Styles,
    ) -> PaintedTable {
        let prefix = common_folder(snapshot);
        let any_remark = snapshot
            .objects
            .iter()
            .any(|o| trouble(o).is_some() || o.object.late_ms().is_some());
        let shown = if any_remark {
            TITLES.len()
        } else {
            TITLES.len() - 1
        };
        let titles: Vec<Column<'_>> = TITLES[..shown]
            .iter()
            .enumerate()
            .map(|(i, title)| described(i, title, area.width))
            .collect();
        let cell = |row: usize, column: usize| {
            snapshot
                .objects
                .get(row)
                .map_or_else(CellText::null, |o| cell(o, column, prefix))
        };
        let mark = |row: usize| {
            let bad = snapshot
                .objects
                .get(row)
                .is_some_and(|o| trouble(o).is_some());
            RowMark {
                mark: if bad { Mark::Failed } else { Mark::None },
                chosen: false,
            }
        };
        let table = Table {
            mark: Some(&mark),
            ..Table::new(&titles, snapshot.objects.len(), &cell)
        };
        table.render(area, buf, &self.table, styles)
    }
}

fn described(column: usize, title: &'static str, width: u16) -> Column<'static> {
    match column {
        0 => Column::new(title).middle().width(12, (width / 2).max(24)),
        2..=6 => Column::new(title).right().width(6, 12),
        7 => Column::new(title).width(8, 60),
        _ => Column::new(title),
    }
}

/// The folder that all objects share, which need not be said in every row.
fn common_folder(snapshot: &Snapshot) -> usize {
    let mut uris = snapshot.objects.iter().map(|o| o.object.uri.as_ref());
    let Some(first) = uris.next() else { return 0 };
    let folder = |uri: &str| uri.rfind('/').map_or(0, |at| at + 1);
    uris.take(1000).fold(folder(first), |shared, uri| {
        let same = first
            .bytes()
            .zip(uri.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        folder(&first[..first.floor_char_boundary(same.min(shared))])
    })
}

fn cell(object: &ObjectState, column: usize, prefix: usize) -> CellText<'_> {
    let counters = &object.counters;
    let count =
        |n: u64, tone: Tone| CellText::toned(grouped(n), if n == 0 { Tone::Faint } else { tone });
    match column {
        0 => CellText::new(
            object
                .object
                .uri
                .get(prefix..)
                .unwrap_or(&object.object.uri),
        ),
        1 => state(object),
        2 => CellText::toned(bytes(object.object.size_bytes).trim().to_owned(), Tone::Dim),
        3 => count(counters.lines, Tone::Plain),
        4 => count(counters.events, Tone::Plain),
        5 => count(counters.failed, Tone::Bad),
        6 => count(counters.unreadable_lines, Tone::Bad),
        _ => match (reason(object), object.object.late_ms()) {
            (Some(reason), _) => CellText::toned(reason, Tone::Warn),
            (None, Some(ms)) => {
                let late = format!("late: {} after its hour", duration_ms(ms).trim());
                CellText::toned(late, Tone::Dim)
            }
            (None, None) => CellText::new(" "),
        },
    }
}

/// A reason without the object that stands in the same row: `S902: access denied (needs …`.
fn without_object(reason: &str, uri: &str) -> String {
    let code = reason.split_once(": ").map_or("", |(code, _)| code);
    match reason.split_once(&format!("{uri}: ")) {
        Some((_, why)) if code.len() == 4 => format!("{code}: {why}"),
        Some((_, why)) => why.to_owned(),
        None => reason.to_owned(),
    }
}

fn state(object: &ObjectState) -> CellText<'static> {
    match object.status {
        ObjectStatus::Waiting => CellText::toned("waiting", Tone::Faint),
        ObjectStatus::Reading => CellText::toned("reading", Tone::Accent),
        ObjectStatus::Read => CellText::toned("read", Tone::Dim),
        ObjectStatus::Corrupt(_) => CellText::toned("corrupt", Tone::Bad),
        ObjectStatus::Unreadable(_) => CellText::toned("unreadable", Tone::Bad),
    }
}

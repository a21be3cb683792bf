//! The Stream: events, or all records, with the detail of the selected one.
//!
//! ```text
//!    time▲         event      ┊ status  stem    user_id   value      │ checkout 1-0-2          ✗ 2 failures
//!  ✗ 14:02:11.204  checkout   ┊    200  /i.gif  8f2a…     "12,50"    │ ▾ query  decoded, 14
//! ▸✗ 14:02:11.377  checkout   ┊    200  /i.gif  91cc…     9.90       │     value   "12,50"   ✗ V402 a number wanted
//!    14:02:12.020  page_view  ┊    200  /i.gif  91cc…     ·          │ ▸ raw line  1,204 of …T14.gz
//! ```
//! The detail stands right from 100 columns on, below from 80, and instead of the rows, on Enter, under that.

pub mod columns;
mod empty;
mod plain;
mod render;

use crate::contract::Contract;
use crate::frame::{ColumnRef, Columns, Snapshot, View};
use crate::model::Detail;
use crate::pipeline::inspect::loaded;
use crate::tui::arrangement::Arrangement;
use crate::tui::widget::table::TableState;
use crate::tui::widget::tree::{Section, TreeState};

pub use render::{Context, Painted, render_rule};

/// Which pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The rows.
    #[default]
    Rows,
    /// The detail.
    Detail,
}

/// Where the detail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// Nowhere.
    #[default]
    None,
    /// Right of the rows.
    Right,
    /// Below the rows.
    Below,
    /// Instead of the rows.
    Full,
}

/// State of the screen.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The rows.
    pub view: View,
    /// Cursor of the rows.
    pub table: TableState,
    /// The columns shown.
    pub columns: Vec<ColumnRef>,
    /// All columns there are.
    pub known: Columns,
    known_for: (usize, bool, bool),
    /// The cursor stays on the newest row.
    pub at_tail: bool,
    /// Which pane has the keys.
    pub pane: Pane,
    /// The detail is wanted beside the rows.
    pub detail_open: bool,
    /// Columns as they were drawn last: index and cells.
    pub widths: Vec<(usize, u16)>,
    /// Where the detail was drawn last.
    pub split: Split,
    /// Cursor and folds of the detail.
    pub tree: TreeState,
    /// Detail of the selected record.
    pub detail: Option<Detail>,
    /// It holds its raw line, or why there is none.
    pub inspected: bool,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            view: View::default(),
            table: TableState::default(),
            columns: Vec::new(),
            known: Columns::default(),
            known_for: (usize::MAX, false, false),
            at_tail: true,
            pane: Pane::Rows,
            detail_open: true,
            widths: Vec::new(),
            split: Split::None,
            tree: TreeState::default(),
            detail: None,
            inspected: false,
        }
    }
}

impl Stream {
    /// The selected record.
    pub fn record(&self) -> Option<usize> {
        self.view.row(self.table.selected)
    }

    /// The column under the cursor.
    pub fn column(&self) -> Option<&ColumnRef> {
        self.columns.get(self.table.column)
    }

    /// Cells of a column as it was drawn last.
    pub fn width_of(&self, column: &ColumnRef) -> Option<u16> {
        let index = self.columns.iter().position(|c| c == column)?;
        self.widths
            .iter()
            .find(|(i, _)| *i == index)
            .map(|(_, width)| *width)
    }

    /// Takes new rows. The cursor stays on its record and the record on its line; at the tail it stays at the tail.
    pub fn take_view(&mut self, view: View) {
        let record = self.record();
        let offset = self.table.selected.saturating_sub(self.table.top);
        let same_rows = self.view.spec == view.spec;
        self.view = view;
        let rows = self.view.len();
        if self.at_tail && same_rows {
            self.table.last(rows);
        } else if let Some(position) = record.and_then(|record| self.view.position(record)) {
            self.table.selected = position;
            self.table.top = position.saturating_sub(offset);
        } else {
            self.table.go_to(self.table.selected, rows);
        }
        if !same_rows {
            self.table.forget_widths();
        }
    }

    /// Moves the cursor of the rows; the tail is followed once it is reached.
    pub fn moved(&mut self, change: impl FnOnce(&mut TableState, usize)) {
        let rows = self.view.len();
        change(&mut self.table, rows);
        self.at_tail = self.table.selected + 1 >= rows;
    }

    /// Puts the cursor on a row of the view.
    pub fn go_to(&mut self, position: usize) {
        self.moved(|table, rows| table.go_to(position, rows));
    }

    /// Records were judged again: the detail says what they were.
    pub fn forget_verdicts(&mut self) {
        self.detail = None;
        self.known_for.0 = usize::MAX;
    }

    /// Brings columns and detail up to date before a frame.
    pub fn prepare(&mut self, snapshot: &Snapshot, arrangement: &Arrangement, contract: &Contract) {
        let known_for = (
            snapshot.events.len(),
            snapshot.complete,
            snapshot.is_empty(),
        );
        if self.known_for != known_for {
            self.known_for = known_for;
            self.known = Columns::of(snapshot);
        }
        let columns = match &arrangement.columns {
            Some(columns) => columns.to_vec(),
            None => columns::suitable(&self.known, snapshot, &arrangement.spec),
        };
        if columns != self.columns {
            self.columns = columns;
            self.table.forget_widths();
        }
        self.table.clamp(self.view.len(), self.columns.len());
        self.refresh_detail(snapshot, contract);
    }

    fn refresh_detail(&mut self, snapshot: &Snapshot, contract: &Contract) {
        let Some(record) = self.record() else {
            self.detail = None;
            return;
        };
        if self
            .detail
            .as_ref()
            .is_none_or(|d| d.row as usize != record)
        {
            self.detail = Some(loaded(snapshot, record as u32, contract));
            self.inspected = false;
            self.show_what_is_wrong();
        }
    }

    /// While the rows have the keys, a small detail pane shows the broken rules, or else its beginning.
    fn show_what_is_wrong(&mut self) {
        let Some(detail) = self.detail.as_ref().filter(|_| self.pane == Pane::Rows) else {
            return;
        };
        let failures = detail.all_failures().count();
        if failures == 0 {
            self.tree.move_by(isize::MIN / 2, detail);
        } else {
            self.tree.show(Section::Rules, detail);
            self.tree.move_by(failures.min(4) as isize, detail);
        }
    }

    /// Takes a detail with its raw line, if it is of the selected record.
    pub fn take_detail(&mut self, detail: Detail) {
        if self.record() == Some(detail.row as usize) {
            self.detail = Some(detail);
            self.inspected = true;
        }
    }
}

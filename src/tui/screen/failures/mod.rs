//! Failures by cause: what is wrong, how often, since when; Enter shows the rows.
//!
//! ```text
//!   code  event      property  expected        rows  % of event  standing  over time    first     last      sample
//! ▸ V402  checkout   value     a number       1,020        8.2%  NEW       ··▁▃█▇▂···  13:58:02  14:06:51  12,50
//!   V401  checkout   sku       required         184        1.5%  ✓ ack     ▁▁▁▁▁▁▁▁▁▁  13:02:11  14:19:58  ·
//!  ──────────────────────────────────────────────────────────────────────────────────────────────────────────
//!   V402 value: "12,50" is not a number
//!   text cannot be read as the type · 1,020 rows, 1,020 failures · 13:58:02 – 14:06:51
//!   comes with   V401 sku 98% · V403 currency 12%
//!   values       "12,50"  "99,90"
//!   standing     new since the baseline; K acknowledges it
//! ```

mod columns;
mod foot;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::contract::acknowledged::Acknowledgement;
use crate::contract::standing::{KnownCauses, Standing};
use crate::frame::causes::{CauseGroup, RejectGroup};
use crate::frame::{ColumnRef, Filter, Snapshot, Virtual};
use crate::model::{CauseKey, Severity};
use crate::tui::theme::Styles;
use crate::tui::widget::number::grouped;
use crate::tui::widget::table::{
    CellText, Column, Mark, PaintedTable, RowMark, Table, TableState, Tone,
};
use columns::{
    SPARK, Which, cause_cell, columns, over_time, reject_cell, rows_of, rows_of_rejects, share,
    squeezed,
};

/// State of the screen.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    /// Groups of failures, most rows first.
    pub causes: Vec<CauseGroup>,
    /// Groups of unreadable lines.
    pub rejects: Vec<RejectGroup>,
    /// Revision of the snapshot they are of; `None` before the first answer.
    pub revision: Option<u64>,
    /// Cursor.
    pub table: TableState,
    /// What is known of causes: acknowledged ones, and a baseline.
    pub known: KnownCauses,
    /// Where each row of the table stands; empty while nothing is known of any.
    standings: Vec<Standing>,
}

impl Failures {
    /// A screen without rows that knows these.
    pub fn knowing(known: KnownCauses) -> Self {
        Self {
            known,
            ..Self::default()
        }
    }

    /// Rows of the table: causes, then unreadable lines.
    pub fn rows(&self) -> usize {
        self.causes.len() + self.rejects.len()
    }

    /// Takes new groups; the cursor stays on its cause.
    pub fn take(
        &mut self,
        snapshot: &Snapshot,
        causes: Vec<CauseGroup>,
        rejects: Vec<RejectGroup>,
    ) {
        let on = self.causes.get(self.table.selected).map(|group| group.id);
        self.revision = Some(snapshot.revision);
        self.causes = causes;
        self.rejects = rejects;
        if let Some(position) =
            on.and_then(|id| self.causes.iter().position(|group| group.id == id))
        {
            self.table.selected = position;
        }
        self.table.clamp(self.rows(), 1);
        self.stand(snapshot);
    }

    /// Says of each row where it stands; to be called when what is known changed.
    pub fn stand(&mut self, snapshot: &Snapshot) {
        self.standings.clear();
        if self.known.is_empty() {
            return;
        }
        let newest_us = snapshot.timeline.span().map(|(_, last)| last * 1_000_000);
        let causes = self.causes.iter().map(|g| (g.cause.key(), rows_of(g)));
        let rejects = self.rejects.iter();
        let rejects = rejects.map(|g| (CauseKey::of_code(&g.code), rows_of_rejects(g, snapshot)));
        let standing = |(key, now)| self.known.standing(key, now, newest_us);
        self.standings = causes.chain(rejects).map(standing).collect();
    }

    /// What the selected row is known by, and how it came.
    pub fn selected(&self) -> Option<(CauseKey<'_>, String)> {
        let row = self.table.selected;
        if let Some(group) = self.causes.get(row) {
            let share = share(group.share_of_event);
            let told = format!("{} rows, {share} of the event", grouped(group.rows));
            return Some((group.cause.key(), told));
        }
        let group = self.rejects.get(row - self.causes.len())?;
        let told = format!("{} unreadable lines", grouped(group.lines));
        Some((CauseKey::of_code(&group.code), told))
    }

    /// The acknowledgement of the selected row, if there is one.
    pub fn acknowledgement(&self) -> Option<&Acknowledgement> {
        let standing = self.standings.get(self.table.selected)?;
        standing.acknowledged.as_ref()
    }

    /// The filter that shows the rows of the selected cause; `None` on unreadable lines, which are no rows.
    pub fn filter(&self) -> Option<Filter> {
        let group = self.causes.get(self.table.selected)?;
        Some(Filter::keep(
            &ColumnRef::Virtual(Virtual::Cause),
            &crate::frame::Cell::Int(i64::from(group.id.0)),
        ))
    }

    /// The selected row as a sentence, for copying.
    pub fn sentence(&self) -> Option<String> {
        if let Some(group) = self.causes.get(self.table.selected) {
            return Some(format!(
                "{} {}",
                group.cause.code.as_str(),
                group.cause.message(group.sample.as_deref())
            ));
        }
        self.rejects
            .get(self.table.selected - self.causes.len())
            .map(|group| format!("{} {}", group.code, group.message))
    }

    /// Draws the table, and under a rule what the selected row means.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        snapshot: &Arc<Snapshot>,
        styles: &Styles,
    ) -> PaintedTable {
        let foot = foot::height(area.height);
        let body = Rect {
            height: area.height - foot,
            ..area
        };
        let columns = columns(area.width, !self.standings.is_empty());
        let spark_width = if area.width < 160 { 12 } else { SPARK };
        let peak = self
            .causes
            .iter()
            .flat_map(|group| squeezed(&group.spark, spark_width))
            .max()
            .unwrap_or(0);
        let titles: Vec<Column<'_>> = columns
            .iter()
            .map(|which| which.column(area.width))
            .collect();
        let cell = |row: usize, column: usize| match (columns[column], self.causes.get(row)) {
            (Which::Spark, Some(group)) => CellText::toned(
                over_time(&squeezed(&group.spark, spark_width), peak),
                Tone::Bad,
            ),
            (which, _) => self.cell(row, which, snapshot),
        };
        let mark = |row: usize| RowMark {
            mark: self.mark(row),
            chosen: false,
        };
        let table = Table {
            mark: Some(&mark),
            ..Table::new(&titles, self.rows(), &cell)
        };
        let painted = table.render(body, buf, &self.table, styles);
        if foot > 0 {
            let below = Rect {
                y: body.bottom(),
                height: foot,
                ..area
            };
            foot::render(self, below, buf, snapshot, styles);
        }
        painted
    }

    fn mark(&self, row: usize) -> Mark {
        match self.causes.get(row).map(|group| group.cause.severity) {
            None | Some(Severity::Error) => Mark::Failed,
            Some(Severity::Warn) => Mark::Warning,
            Some(Severity::Info) => Mark::None,
        }
    }

    fn cell<'a>(&'a self, row: usize, column: Which, snapshot: &Snapshot) -> CellText<'a> {
        let standing = self.standings.get(row);
        match self.causes.get(row) {
            Some(group) => cause_cell(group, standing, column, with_day(snapshot)),
            None => self
                .rejects
                .get(row - self.causes.len())
                .map_or_else(CellText::null, |group| {
                    reject_cell(group, standing, column, snapshot)
                }),
        }
    }
}

fn with_day(snapshot: &Snapshot) -> bool {
    snapshot
        .timeline
        .span()
        .is_some_and(|(a, b)| a.div_euclid(86_400) != b.div_euclid(86_400))
}

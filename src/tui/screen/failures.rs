//! Failures by cause: what is wrong, how often, since when; Enter shows the rows.
//!
//! ```text
//!   code  event      property  expected        rows  % of event  over time         first     last      sample
//! ▸ V402  checkout   value     a number       1,020        8.2%  ··▁▃█▇▂···       13:58:02  14:06:51  12,50
//!   V401  checkout   sku       required         184        1.5%  ▁▁▁▁▁▁▁▁▁▁       13:02:11  14:19:58  ·
//!  ──────────────────────────────────────────────────────────────────────────────────────────────────────────
//!   V402 text cannot be read as the type · value: "12,50" is not a number
//! ```

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::frame::causes::{CauseGroup, RejectGroup};
use crate::frame::{ColumnRef, Filter, Snapshot, Virtual};
use crate::model::{Code, Severity};
use crate::tui::screen::stream::columns::clock;
use crate::tui::theme::Styles;
use crate::tui::widget::number::{grouped, percent};
use crate::tui::widget::spark::block;
use crate::tui::widget::table::{
    CellText, Column, Mark, PaintedTable, RowMark, Sort, Table, TableState, Tone,
};
use crate::tui::widget::text::{self, Cut};

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
}

/// Cells of the sparkline.
const SPARK: usize = 24;

impl Failures {
    /// Rows of the table: causes, then unreadable lines.
    pub fn rows(&self) -> usize {
        self.causes.len() + self.rejects.len()
    }

    /// Takes new groups; the cursor stays on its cause.
    pub fn take(&mut self, revision: u64, causes: Vec<CauseGroup>, rejects: Vec<RejectGroup>) {
        let on = self.causes.get(self.table.selected).map(|group| group.id);
        self.revision = Some(revision);
        self.causes = causes;
        self.rejects = rejects;
        if let Some(position) =
            on.and_then(|id| self.causes.iter().position(|group| group.id == id))
        {
            self.table.selected = position;
        }
        self.table.clamp(self.rows(), 1);
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
        let foot = if area.height >= 12 { 3 } else { 0 };
        let body = Rect {
            height: area.height - foot,
            ..area
        };
        let columns = columns(area.width);
        let spark_width = if area.width < 150 { 14 } else { SPARK };
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
            self.render_foot(
                Rect {
                    y: body.bottom(),
                    height: foot,
                    ..area
                },
                buf,
                snapshot,
                styles,
            );
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
        match self.causes.get(row) {
            Some(group) => cause_cell(group, column, with_day(snapshot)),
            None => self
                .rejects
                .get(row - self.causes.len())
                .map_or_else(CellText::null, |group| reject_cell(group, column, snapshot)),
        }
    }

    fn render_foot(&self, area: Rect, buf: &mut Buffer, snapshot: &Snapshot, styles: &Styles) {
        super::stream::render_rule(Rect { height: 1, ..area }, buf, styles);
        let Some(sentence) = self.sentence() else {
            return;
        };
        let line = |row: u16| (area.x + 2, area.y + row);
        let room = area.width.saturating_sub(4);
        text::put_fit(buf, line(1), room, &sentence, Cut::End, styles.text);
        let code = sentence.split(' ').next().and_then(Code::parse);
        let place = match self.causes.get(self.table.selected) {
            Some(group) => format!(
                "{} rows, {} failures",
                grouped(group.rows),
                grouped(group.failures)
            ),
            None => self
                .rejects
                .get(self.table.selected - self.causes.len())
                .map_or(String::new(), |group| {
                    let uri = snapshot
                        .objects
                        .get(group.object as usize)
                        .map_or("", |o| &o.object.uri);
                    format!("first at line {} of {uri}", grouped(u64::from(group.line)))
                }),
        };
        let meaning = code.map_or("", Code::meaning);
        text::put_fit(
            buf,
            line(2),
            room,
            &format!("{meaning} · {place}"),
            Cut::End,
            styles.dim,
        );
    }
}

fn with_day(snapshot: &Snapshot) -> bool {
    snapshot
        .timeline
        .span()
        .is_some_and(|(a, b)| a.div_euclid(86_400) != b.div_euclid(86_400))
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Code,
    Event,
    Property,
    Expected,
    Rows,
    Share,
    Spark,
    First,
    Last,
    Sample,
}

/// The columns that a width has room for.
fn columns(width: u16) -> Vec<Which> {
    use Which::{Code, Event, Expected, First, Last, Property, Rows, Sample, Share, Spark};
    match width {
        0..70 => vec![Code, Event, Property, Rows, Share, Expected],
        70..110 => vec![Code, Event, Property, Expected, Rows, Share, Sample],
        110..150 => vec![Code, Event, Property, Expected, Rows, Share, Spark, Sample],
        _ => vec![
            Code, Event, Property, Expected, Rows, Share, Spark, First, Last, Sample,
        ],
    }
}

impl Which {
    fn column(self, width: u16) -> Column<'static> {
        let expected = match width {
            0..100 => 20,
            100..150 => 26,
            _ => 40,
        };
        match self {
            Self::Code => Column::new("code"),
            Self::Event => Column::new("event").width(5, 20),
            Self::Property => Column::new("property").width(5, 24),
            Self::Expected => Column::new("expected").width(8, expected),
            Self::Rows => Column::new("rows").right().sorted(Some(Sort::Descending)),
            Self::Share => Column::new("% of event").right().width(6, 10),
            Self::Spark => Column::new("over time").width(9, SPARK as u16),
            Self::First => Column::new("first"),
            Self::Last => Column::new("last"),
            Self::Sample => Column::new("sample").width(6, 40),
        }
    }
}

fn cause_cell(group: &CauseGroup, column: Which, day: bool) -> CellText<'_> {
    let cause = &group.cause;
    let text = |text: &'static str, other: &'_ str| {
        if other.is_empty() {
            CellText::toned(text, Tone::Faint)
        } else {
            CellText::new(other.to_owned())
        }
    };
    match column {
        Which::Code if cause.severity == Severity::Error => {
            CellText::toned(cause.code.as_str(), Tone::Bad)
        }
        Which::Code => CellText::toned(cause.code.as_str(), Tone::Warn),
        Which::Event if cause.event.is_empty() => CellText::null(),
        Which::Event => CellText::toned(&*cause.event, Tone::Strong),
        Which::Property => text("(whole event)", &cause.path),
        Which::Expected => text(cause.code.meaning(), &cause.expected),
        Which::Rows => CellText::new(grouped(group.rows)),
        Which::Share => CellText::new(share(group.share_of_event)),
        Which::Spark => CellText::null(),
        Which::First => CellText::toned(clock(group.first_us, day), Tone::Dim),
        Which::Last => CellText::toned(clock(group.last_us, day), Tone::Dim),
        Which::Sample => group
            .sample
            .as_deref()
            .map_or_else(CellText::null, CellText::new),
    }
}

fn reject_cell<'a>(group: &'a RejectGroup, column: Which, snapshot: &Snapshot) -> CellText<'a> {
    match column {
        Which::Code => CellText::toned(group.code.as_str(), Tone::Bad),
        Which::Event => CellText::toned("(unreadable)", Tone::Faint),
        Which::Expected => CellText::new(Code::parse(&group.code).map_or("", Code::meaning)),
        Which::Rows => CellText::new(grouped(group.lines)),
        Which::Share => CellText::new(
            percent(group.lines, snapshot.counters.lines)
                .trim()
                .to_owned(),
        ),
        Which::Sample => CellText::new(group.message.as_str()),
        Which::Property | Which::Spark | Which::First | Which::Last => CellText::null(),
    }
}

/// Neighbours added up, to fit into `width` cells.
fn squeezed(values: &[u32], width: usize) -> Vec<u32> {
    let cells = values.len().min(width);
    let part = |i: usize| &values[i * values.len() / cells..(i + 1) * values.len() / cells];
    (0..cells).map(|i| part(i).iter().sum()).collect()
}

/// One height for all rows, so that a cause of four failures does not look like one of a thousand.
fn over_time(values: &[u32], peak: u32) -> String {
    values
        .iter()
        .map(|v| if *v == 0 { ' ' } else { block(*v, peak) })
        .collect()
}

fn share(share: f64) -> String {
    const PARTS: u64 = 1_000_000;
    percent(
        ((share * PARTS as f64).round() as u64).max(u64::from(share > 0.0)),
        PARTS,
    )
    .trim()
    .to_owned()
}

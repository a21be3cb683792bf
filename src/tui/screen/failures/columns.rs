//! The columns of the table, and what stands in them.

use crate::contract::baseline::{Rows, Since};
use crate::contract::standing::Standing;
use crate::frame::Snapshot;
use crate::frame::causes::{CauseGroup, RejectGroup};
use crate::model::{Code, Severity};
use crate::tui::screen::stream::columns::clock;
use crate::tui::widget::number::{grouped, percent};
use crate::tui::widget::spark::block;
use crate::tui::widget::table::{CellText, Column, Sort, Tone};

/// Cells of the sparkline.
pub(super) const SPARK: usize = 24;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Code,
    Event,
    Property,
    Expected,
    Rows,
    Share,
    Spark,
    First,
    Last,
    Standing,
    Sample,
}

/// The columns that a width has room for.
pub(super) fn columns(width: u16, standing: bool) -> Vec<Which> {
    use Which::{
        Code, Event, Expected, First, Last, Property, Rows, Sample, Share, Spark, Standing,
    };
    let mut columns = match width {
        0..70 => vec![Code, Event, Property, Rows, Share, Expected],
        70..110 => vec![Code, Event, Property, Expected, Rows, Share, Sample],
        110..160 => vec![
            Code, Event, Property, Expected, Rows, Share, Spark, First, Last,
        ],
        _ => vec![
            Code, Event, Property, Expected, Rows, Share, Spark, First, Last, Sample,
        ],
    };
    if standing {
        // Beside the numbers, and in a narrow window in place of what the pane says too.
        let after = columns
            .iter()
            .position(|c| *c == Share)
            .map_or(0, |at| at + 1);
        columns.insert(after, Standing);
        if width < 110 {
            // What was expected may be cut; the pane says it whole.
            columns.retain(|c| !matches!(c, Sample | Expected));
            columns.push(Expected);
        }
    }
    columns
}

impl Which {
    pub fn column(self, width: u16) -> Column<'static> {
        let expected = match width {
            0..100 => 20,
            100..130 => 16,
            130..160 => 24,
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
            Self::Standing => Column::new("standing").width(4, 20),
            Self::Sample => Column::new("sample").width(6, 40),
        }
    }
}

pub(super) fn cause_cell<'a>(
    group: &'a CauseGroup,
    standing: Option<&Standing>,
    column: Which,
    day: bool,
) -> CellText<'a> {
    let excused = standing.is_some_and(Standing::is_excused);
    let cause = &group.cause;
    let text = |text: &'static str, other: &'_ str| {
        if other.is_empty() {
            CellText::toned(text, Tone::Faint)
        } else {
            CellText::new(other.to_owned())
        }
    };
    match column {
        Which::Code if excused => CellText::toned(cause.code.as_str(), Tone::Dim),
        Which::Code if cause.severity == Severity::Error => {
            CellText::toned(cause.code.as_str(), Tone::Bad)
        }
        Which::Code => CellText::toned(cause.code.as_str(), Tone::Warn),
        Which::Event if cause.event.is_empty() => CellText::null(),
        Which::Event if excused => CellText::toned(&*cause.event, Tone::Dim),
        Which::Event => CellText::toned(&*cause.event, Tone::Strong),
        Which::Standing => standing_cell(standing, rows_of(group)),
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

pub(super) fn reject_cell<'a>(
    group: &'a RejectGroup,
    standing: Option<&Standing>,
    column: Which,
    snapshot: &Snapshot,
) -> CellText<'a> {
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
        Which::Standing => standing_cell(standing, rows_of_rejects(group, snapshot)),
        Which::Sample => CellText::new(group.message.as_str()),
        Which::Property | Which::Spark | Which::First | Which::Last => CellText::null(),
    }
}

/// Neighbours added up, to fit into `width` cells.
pub(super) fn squeezed(values: &[u32], width: usize) -> Vec<u32> {
    let cells = values.len().min(width);
    let part = |i: usize| &values[i * values.len() / cells..(i + 1) * values.len() / cells];
    (0..cells).map(|i| part(i).iter().sum()).collect()
}

/// One height for all rows, so that a cause of four failures does not look like one of a thousand.
pub(super) fn over_time(values: &[u32], peak: u32) -> String {
    values
        .iter()
        .map(|v| if *v == 0 { ' ' } else { block(*v, peak) })
        .collect()
}

pub(super) fn share(share: f64) -> String {
    const PARTS: u64 = 1_000_000;
    percent(
        ((share * PARTS as f64).round() as u64).max(u64::from(share > 0.0)),
        PARTS,
    )
    .trim()
    .to_owned()
}

/// What a cause is measured by.
pub(super) fn rows_of(group: &CauseGroup) -> Rows {
    Rows {
        rows: group.rows,
        of_events: group.of_events,
    }
}

/// The same of unreadable lines: of all lines.
pub(super) fn rows_of_rejects(group: &RejectGroup, snapshot: &Snapshot) -> Rows {
    Rows {
        rows: group.lines,
        of_events: snapshot.counters.lines,
    }
}

/// `NEW`, `×2.4`, `ack`; what needs somebody stands out.
fn standing_cell(standing: Option<&Standing>, now: Rows) -> CellText<'static> {
    let Some(standing) = standing else {
        return CellText::null();
    };
    let acknowledged = match &standing.acknowledged {
        None => "",
        Some(_) if standing.expired => "expired",
        Some(_) => "✓ ack",
    };
    let since = match standing.since {
        None => String::new(),
        Some(Since::New) => "NEW".to_owned(),
        Some(Since::Known) => "known".to_owned(),
        Some(Since::Grown) => standing.before.map_or_else(String::new, |before| {
            format!("×{:.1}", now.share() / before.share())
        }),
    };
    let tone = match (standing.is_excused(), standing.since, standing.expired) {
        (true, ..) => Tone::Dim,
        (false, Some(Since::New), _) => Tone::Accent,
        _ => Tone::Warn,
    };
    match (since.as_str(), acknowledged) {
        ("", "") => CellText::null(),
        // Who has looked at it no longer needs to hear that it is as it was.
        (_, "") => CellText::toned(since, tone),
        ("" | "known", word) => CellText::toned(word, tone),
        (_, word) => CellText::toned(format!("{since} {word}"), tone),
    }
}

//! What the cells of both tables say.

use crate::frame::observed::{MAX_DISTINCT, ObservedProperty, ObservedType};
use crate::tui::widget::number::{grouped, percent};
use crate::tui::widget::table::{CellText, Mark, Tone};

/// How far a property is from its declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    None,
    /// Events fail by it.
    Failing,
    /// Seen, but the schema does not know it.
    Undeclared,
    /// Declared, but no event has it.
    Unseen,
}

pub(super) fn drift(property: &ObservedProperty) -> Drift {
    match property {
        p if p.failing > 0 => Drift::Failing,
        p if !p.is_declared => Drift::Undeclared,
        p if p.present == 0 && p.looked_at > 0 => Drift::Unseen,
        _ => Drift::None,
    }
}

pub(super) fn type_cell(it: &ObservedType, column: usize) -> CellText<'_> {
    match column {
        0 => CellText::new(&*it.event_type.name),
        1 if it.event_type.declared => CellText::toned(&*it.event_type.version, Tone::Dim),
        1 => CellText::toned("none", Tone::Faint),
        2 => CellText::new(grouped(it.rows)),
        _ => share_cell(it.failed, it.rows),
    }
}

/// A share that is bad when there is any.
fn share_cell(part: u64, whole: u64) -> CellText<'static> {
    match part {
        _ if whole == 0 => CellText::null(),
        0 => CellText::toned("0%", Tone::Faint),
        _ => CellText::toned(percent(part, whole).trim_start().to_owned(), Tone::Bad),
    }
}

pub(super) fn property_mark(property: &ObservedProperty) -> Mark {
    match drift(property) {
        Drift::Failing => Mark::Failed,
        Drift::Undeclared | Drift::Unseen => Mark::Warning,
        Drift::None => Mark::None,
    }
}

pub(super) fn property_cell(it: &ObservedProperty, column: usize) -> CellText<'_> {
    match column {
        0 => {
            let tone = if it.is_declared {
                Tone::Plain
            } else {
                Tone::Warn
            };
            let star = if it.required { "*" } else { "" };
            CellText::toned(format!("{}{star}", it.name), tone)
        }
        1 if !it.is_declared => CellText::null(),
        1 => CellText::toned(declared(it), Tone::Dim),
        2 => {
            let tone = if it.required && it.present < it.looked_at {
                Tone::Bad
            } else {
                Tone::Plain
            };
            CellText::toned(
                percent(it.present, it.looked_at).trim_start().to_owned(),
                tone,
            )
        }
        3 => share_cell(it.failing, it.looked_at),
        4 => drift_cell(it),
        5 => CellText::new(distinct(it)),
        _ if it.top.is_empty() => CellText::null(),
        _ => CellText::toned(values(it), Tone::Dim),
    }
}

fn drift_cell(it: &ObservedProperty) -> CellText<'static> {
    match drift(it) {
        Drift::None => CellText::toned("·", Tone::Faint),
        Drift::Failing if it.required && it.present < it.looked_at => {
            CellText::toned("missing", Tone::Bad)
        }
        Drift::Failing => CellText::toned("fails", Tone::Bad),
        Drift::Undeclared => CellText::toned("undeclared", Tone::Warn),
        Drift::Unseen => CellText::toned("never seen", Tone::Warn),
    }
}

/// Distinct values, or that there are too many to count.
pub(super) fn distinct(it: &ObservedProperty) -> String {
    if it.distinct >= MAX_DISTINCT {
        format!("{}+", grouped(MAX_DISTINCT as u64))
    } else {
        grouped(it.distinct as u64)
    }
}

/// What the schema says, without whether it is required.
pub(super) fn declared(it: &ObservedProperty) -> &str {
    if it.declared.is_empty() {
        it.kind.as_str()
    } else {
        &it.declared
    }
}

/// `4711 ×90, 4712 ×70 · 1 … 9,000`.
fn values(it: &ObservedProperty) -> String {
    let top: Vec<String> = it
        .top
        .iter()
        .map(|(value, count)| {
            let value = if value.is_empty() { "\"\"" } else { value };
            if it.present == *count && it.distinct == 1 {
                format!("always {value}")
            } else {
                format!("{value} ×{}", grouped(*count))
            }
        })
        .collect();
    let top = top.join(", ");
    match (&it.min, &it.max) {
        (Some(min), Some(max)) if it.distinct > it.top.len() => format!("{min} … {max}   {top}"),
        _ => top,
    }
}

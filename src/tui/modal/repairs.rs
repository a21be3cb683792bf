//! The repairs of one cause: what each would do, before anything is accepted.
//!
//! ```text
//! ╭─ repairs of V402 checkout.value ───────────────────────────── 1,204 failing ─╮
//! │ ▸ decimal_comma  decimal comma to point      repairs 1,020 · changes 0 good  │
//! │   trim           no spaces at the ends         repairs 100 · changes 4 good  │
//! │                                                                              │
//! │   "12,50" → "12.50"                                                          │
//! │   "9,90" → "9.90"                                                            │
//! ╰────────────────────────── Enter accept · Esc leave as it is ─────────────────╯
//! ```

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::contract::Repair;
use crate::model::Cause;
use crate::pipeline::judging::preview::{EXAMPLES, Example, PreviewRow, RepairRow};
use crate::tui::theme::Styles;
use crate::tui::widget::list::{self, Item, ListState};
use crate::tui::widget::number::grouped;
use crate::tui::widget::overlay::{Overlay, Place};
use crate::tui::widget::text::{self, Cut};

/// What can be done about one cause.
#[derive(Debug, Clone)]
pub struct RepairPreview {
    /// The cause.
    pub cause: Arc<Cause>,
    /// Where an accepted repair is written, for the question.
    file: String,
    stage: Stage,
    list: ListState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// A job is counting.
    Counting,
    /// To choose from; with how many values fail.
    Choosing(u64, Vec<RepairRow>),
    /// The chosen one is to be confirmed.
    Asking(u64, Vec<RepairRow>),
}

/// What Enter comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// Nothing yet: the overlay stays.
    Stay,
    /// Nothing to accept: it goes.
    Leave,
    /// This one, for `event.property`.
    Write(String, Repair),
}

impl RepairPreview {
    /// Of a cause, while its values are counted.
    pub fn new(cause: Arc<Cause>, file: String) -> Self {
        Self {
            cause,
            file,
            stage: Stage::Counting,
            list: ListState::default(),
        }
    }

    /// True until the counts are there.
    pub fn is_counting(&self) -> bool {
        self.stage == Stage::Counting
    }

    /// Takes the counts of all causes.
    pub fn take(&mut self, rows: Vec<PreviewRow>) {
        let row = rows.into_iter().find(|row| row.is_of(&self.cause));
        let (failing, repairs) = row.map_or((0, vec![]), |row| (row.failing, row.repairs));
        self.stage = Stage::Choosing(failing, repairs);
    }

    /// Moves the choice; a question is taken back.
    pub fn move_by(&mut self, delta: isize) {
        self.take_back();
        if let Stage::Choosing(_, repairs) = &self.stage {
            self.list.move_by(delta, repairs.len());
        }
    }

    /// Takes a question back; false where there was none.
    pub fn take_back(&mut self) -> bool {
        let Stage::Asking(failing, repairs) = &mut self.stage else {
            return false;
        };
        self.stage = Stage::Choosing(*failing, std::mem::take(repairs));
        true
    }

    /// Enter: asks first, then accepts.
    pub fn accept(&mut self) -> Accepted {
        match &mut self.stage {
            Stage::Counting => Accepted::Stay,
            Stage::Choosing(_, repairs) if repairs.is_empty() => Accepted::Leave,
            Stage::Choosing(failing, repairs) => {
                self.stage = Stage::Asking(*failing, std::mem::take(repairs));
                Accepted::Stay
            }
            Stage::Asking(_, repairs) => repairs
                .get(self.list.selected)
                .and_then(|row| Repair::parse(row.repair))
                .map_or(Accepted::Leave, |repair| {
                    Accepted::Write(self.key(), repair)
                }),
        }
    }

    fn key(&self) -> String {
        format!("{}.{}", self.cause.event, self.cause.path)
    }

    /// Draws it.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let title = format!("repairs of {} {}", self.cause.code.as_str(), self.key());
        let (failing, repairs) = match &self.stage {
            Stage::Counting => (None, &[][..]),
            Stage::Choosing(failing, repairs) | Stage::Asking(failing, repairs) => {
                (Some(*failing), &repairs[..])
            }
        };
        let count = failing.map_or_else(String::new, |n| format!("{} failing", grouped(n)));
        let hints: &[(&str, &str)] = match &self.stage {
            Stage::Counting => &[("Esc", "stop")],
            Stage::Choosing(_, repairs) if repairs.is_empty() => &[("Esc", "close")],
            Stage::Choosing(..) => &[("Enter", "accept"), ("Esc", "leave as it is")],
            Stage::Asking(..) => &[("Enter", "write it"), ("Esc", "do not")],
        };
        let overlay = Overlay {
            title: &title,
            count: &count,
            hints,
        };
        let height = (repairs.len().max(1) + EXAMPLES + 3) as u16;
        let inner = overlay.render(Place::Centre { width: 88, height }, area, buf, styles);
        let foot = inner.height.min(EXAMPLES as u16 + 1);
        let list_area = Rect {
            height: inner.height - foot,
            ..inner
        };
        if repairs.is_empty() {
            let sentence = match self.stage {
                Stage::Counting => "counting what each repair would do…",
                _ => "no built-in repair makes one of these values pass",
            };
            let at = (inner.x + 1, inner.y);
            text::put_fit(
                buf,
                at,
                inner.width.saturating_sub(2),
                sentence,
                Cut::End,
                styles.dim,
            );
            return;
        }
        let figures: Vec<String> = repairs.iter().map(|row| figures(row, failing)).collect();
        let item = |i: usize| Item {
            label: repairs[i].repair,
            note: Repair::parse(repairs[i].repair).map_or("", Repair::meaning),
            right: &figures[i],
            ..Item::default()
        };
        list::render(list_area, buf, (repairs.len(), &item), &self.list, styles);
        let foot = Rect {
            y: list_area.bottom() + 1,
            height: foot.saturating_sub(1),
            ..inner
        };
        self.render_foot(foot, buf, repairs.get(self.list.selected), styles);
    }

    /// Examples, or the question.
    fn render_foot(&self, area: Rect, buf: &mut Buffer, row: Option<&RepairRow>, styles: &Styles) {
        let Some(row) = row else { return };
        let lines: Vec<String> = if matches!(self.stage, Stage::Asking(..)) {
            vec![
                format!("Write into {}:", self.file),
                format!("  \"{}\" = \"{}\"", self.key(), row.repair),
            ]
        } else {
            row.examples.iter().map(example).collect()
        };
        for (line, y) in lines.iter().zip(area.y..area.bottom()) {
            let at = (area.x + 2, y);
            text::put_fit(
                buf,
                at,
                area.width.saturating_sub(4),
                line,
                Cut::Middle,
                styles.text,
            );
        }
    }
}

fn figures(row: &RepairRow, failing: Option<u64>) -> String {
    format!(
        "repairs {} of {} · changes {} good",
        grouped(row.repairs),
        grouped(failing.unwrap_or_default()),
        grouped(row.changes_good)
    )
}

fn example(example: &Example) -> String {
    match &example.from {
        Some(from) => format!("{from:?} → {:?}", example.to),
        None => format!("missing → {:?}", example.to),
    }
}

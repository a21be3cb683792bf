//! The selected property in full: what the columns have no room for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::cells::{declared, distinct};
use crate::frame::observed::ObservedProperty;
use crate::tui::theme::Styles;
use crate::tui::widget::bar::render_share;
use crate::tui::widget::number::{grouped, percent};
use crate::tui::widget::text::{self, Cut};

/// A rule, two sentences and the three most frequent values.
pub(super) const FOOT_ROWS: u16 = 6;

/// Draws the foot; nothing into an empty area.
pub(super) fn render_foot(area: Rect, buf: &mut Buffer, it: &ObservedProperty, styles: &Styles) {
    if area.height < FOOT_ROWS {
        return;
    }
    let (x, room) = (area.x + 3, area.width.saturating_sub(4));
    text::put(
        buf,
        (area.x, area.y),
        area.width,
        &"─".repeat(usize::from(area.width)),
        styles.rule,
    );
    let after = text::put_fit(
        buf,
        (x, area.y + 1),
        room,
        &it.name,
        Cut::Middle,
        styles.strong,
    ) + 2;
    text::put_fit(
        buf,
        (after, area.y + 1),
        area.right().saturating_sub(after + 1),
        &declaration(it),
        Cut::End,
        styles.dim,
    );
    text::put_fit(
        buf,
        (x, area.y + 2),
        room,
        &figures(it),
        Cut::End,
        styles.text,
    );
    let widest = it
        .top
        .iter()
        .map(|(value, _)| text::width(&text::cell(value, 28, Cut::End)))
        .max()
        .unwrap_or(0);
    for (y, (value, count)) in (area.y + 3..area.bottom()).zip(&it.top) {
        let value = if value.is_empty() { "\"\"" } else { value };
        text::put_fit(buf, (x, y), room.min(28), value, Cut::End, styles.text);
        let figure = format!("{:>9} {}", grouped(*count), percent(*count, it.present));
        let at = text::put(
            buf,
            (x + widest as u16 + 1, y),
            room.saturating_sub(widest as u16),
            &figure,
            styles.dim,
        ) + 2;
        let bar = Rect {
            x: at,
            y,
            width: area.right().saturating_sub(at + 1).min(30),
            height: 1,
        };
        render_share(bar, buf, *count, it.present, styles.accent);
    }
}

fn declaration(it: &ObservedProperty) -> String {
    match (it.is_declared, it.required) {
        (false, _) => "the schema does not know it".to_owned(),
        (true, true) => format!("{}, required", declared(it)),
        (true, false) => declared(it).to_owned(),
    }
}

/// `seen in 760 of 764 · fails in 8 · 428 values, 0.5 … 99.9`.
fn figures(it: &ObservedProperty) -> String {
    let fails = if it.failing == 0 {
        "never fails".to_owned()
    } else {
        format!("fails in {}", grouped(it.failing))
    };
    let range = match (&it.min, &it.max) {
        (Some(min), Some(max)) => format!(", {min} … {max}"),
        _ => String::new(),
    };
    let values = if it.distinct == 1 {
        "1 value".to_owned()
    } else {
        format!("{} values", distinct(it))
    };
    format!(
        "seen in {} of {} · {fails} · {values}{range}",
        grouped(it.present),
        grouped(it.looked_at)
    )
}

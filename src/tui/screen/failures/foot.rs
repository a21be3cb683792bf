//! Under the table: what the selected cause means, what comes with it, and where it stands.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{rows_of, share};
use super::{Failures, with_day};
use crate::contract::baseline::Since;
use crate::contract::standing::Standing;
use crate::frame::Snapshot;
use crate::frame::causes::{CauseGroup, RejectGroup};
use crate::model::{Cause, CauseId, Code};
use crate::tui::screen::stream::{columns::clock, render_rule};
use crate::tui::theme::Styles;
use crate::tui::widget::number::grouped;
use crate::tui::widget::text::{self, Cut};

/// Rows of the pane, its rule included, on a screen of that height; the table keeps at least half.
pub(super) const fn height(of_screen: u16) -> u16 {
    match of_screen {
        0..12 => 0,
        12..16 => 3,
        _ => 6,
    }
}

/// A line: what it is about, and what it says in pieces.
struct Line {
    label: &'static str,
    pieces: Vec<(String, Style)>,
}

/// Draws it.
pub(super) fn render(
    failures: &Failures,
    area: Rect,
    buf: &mut Buffer,
    snapshot: &Arc<Snapshot>,
    styles: &Styles,
) {
    render_rule(Rect { height: 1, ..area }, buf, styles);
    let Some(sentence) = failures.sentence() else {
        return;
    };
    let room = area.width.saturating_sub(4);
    let left = area.x + 2;
    text::put_fit(
        buf,
        (left, area.y + 1),
        room,
        &sentence,
        Cut::End,
        styles.text,
    );
    let lines = lines(failures, snapshot, styles);
    let rows = area.y + 2..area.bottom();
    for (y, line) in rows.zip(lines) {
        let end = left + room;
        let mut x = left;
        if !line.label.is_empty() {
            text::put_fit(buf, (x, y), room, line.label, Cut::End, styles.faint);
            x += 13;
        }
        for (piece, style) in line.pieces {
            x = text::put_fit(buf, (x, y), end.saturating_sub(x), &piece, Cut::End, style);
        }
    }
}

fn lines(failures: &Failures, snapshot: &Snapshot, styles: &Styles) -> Vec<Line> {
    let row = failures.table.selected;
    let standing = failures.standings.get(row);
    let mut lines = Vec::new();
    if let Some(group) = failures.causes.get(row) {
        lines.push(what(group, snapshot, styles));
        lines.push(companions(group, snapshot, styles));
        lines.push(standing_line(group, standing, styles));
        lines.push(values(group, styles));
    } else if let Some(group) = failures.rejects.get(row - failures.causes.len()) {
        lines.push(place(group, snapshot, styles));
        if let Some(entry) = standing.and_then(|s| s.acknowledged.as_ref()) {
            let pieces = vec![(format!("acknowledged{}", entry.sentence()), styles.dim)];
            lines.push(Line {
                label: "standing",
                pieces,
            });
        }
    }
    lines
}

fn what(group: &CauseGroup, snapshot: &Snapshot, styles: &Styles) -> Line {
    let day = with_day(snapshot);
    let cause = &group.cause;
    let of = match (cause.event.is_empty(), cause.version.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!("{} · ", cause.event),
        (false, false) => format!("{} {} · ", cause.event, cause.version),
    };
    let text = format!(
        "{of}{} · {} of {} events, {} failures · {} – {}",
        cause.code.meaning(),
        grouped(group.rows),
        grouped(group.of_events),
        grouped(group.failures),
        clock(group.first_us, day),
        clock(group.last_us, day),
    );
    Line {
        label: "",
        pieces: vec![(text, styles.dim)],
    }
}

fn place(group: &RejectGroup, snapshot: &Snapshot, styles: &Styles) -> Line {
    let object = snapshot.objects.get(group.object as usize);
    let uri = object.map_or("", |o| &o.object.uri);
    let meaning = Code::parse(&group.code).map_or("", Code::meaning);
    let text = format!(
        "{meaning} · first at line {} of {uri}",
        grouped(u64::from(group.line))
    );
    Line {
        label: "",
        pieces: vec![(text, styles.dim)],
    }
}

/// `V401 sku 98% · V403 currency 12%`: of the rows of this cause, how many have that one too.
fn companions(group: &CauseGroup, snapshot: &Snapshot, styles: &Styles) -> Line {
    let mut pieces = Vec::new();
    for (id, rows) in &group.with {
        let Some(cause) = cause(snapshot, *id) else {
            continue;
        };
        if !pieces.is_empty() {
            pieces.push((" · ".to_owned(), styles.faint));
        }
        let what = if cause.path.is_empty() {
            cause.code.meaning()
        } else {
            &cause.path
        };
        pieces.push((format!("{} ", cause.code.as_str()), styles.bad));
        pieces.push((format!("{what} "), styles.text));
        let share = share(*rows as f64 / group.rows.max(1) as f64);
        pieces.push((share, styles.strong));
    }
    if pieces.is_empty() {
        pieces.push((
            "nothing else: its rows have no other failure".to_owned(),
            styles.dim,
        ));
    }
    Line {
        label: "comes with",
        pieces,
    }
}

fn cause(snapshot: &Snapshot, id: CauseId) -> Option<&Arc<Cause>> {
    snapshot.causes.get(id.0 as usize)
}

fn values(group: &CauseGroup, styles: &Styles) -> Line {
    let mut pieces = Vec::new();
    for value in &group.samples {
        if !pieces.is_empty() {
            pieces.push(("  ".to_owned(), styles.faint));
        }
        pieces.push((format!("\"{value}\""), styles.text));
    }
    if pieces.is_empty() {
        pieces.push(("none: what is missing has no value".to_owned(), styles.dim));
    }
    Line {
        label: "values",
        pieces,
    }
}

fn standing_line(group: &CauseGroup, standing: Option<&Standing>, styles: &Styles) -> Line {
    let mut pieces = Vec::new();
    if let Some(entry) = standing.and_then(|s| s.acknowledged.as_ref()) {
        let expired = standing.is_some_and(|s| s.expired);
        let (word, style) = if expired {
            ("no longer acknowledged", styles.warn)
        } else {
            ("✓ acknowledged", styles.good)
        };
        pieces.push((word.to_owned(), style));
        pieces.push((entry.sentence(), styles.text));
    }
    if let Some(since) = standing.and_then(|s| s.since) {
        let now = rows_of(group);
        let before = standing.and_then(|s| s.before);
        let before = before.map_or_else(String::new, |before| {
            format!(
                ": {} then, {} now",
                share(before.share()),
                share(now.share())
            )
        });
        let (text, style) = match since {
            Since::New => ("new since the baseline".to_owned(), styles.accent),
            Since::Grown => (format!("grown since the baseline{before}"), styles.warn),
            Since::Known => (format!("in the baseline{before}"), styles.dim),
        };
        if !pieces.is_empty() {
            pieces.push((" · ".to_owned(), styles.faint));
        }
        pieces.push((text, style));
    }
    if pieces.is_empty() {
        pieces.push(("nobody has acknowledged it".to_owned(), styles.dim));
    }
    Line {
        label: "standing",
        pieces,
    }
}

//! The header: source and identity, timeline, filters (only when there are any), tabs.
//!
//! ```text
//!  s3://acme-cdn/E2EX/  LIVE lag 3m10s │ 1,284,003 lines = 1,281,110 ok + 1,204 failed + 1,689 not events │ 412/s │ mem 212M
//!  14:00  ▂▂▃▃▅▅▇█▇▅▃▂▂▂▃▃▅▅▇▇▅▃▂                                                                  14:20  ok  max 1,204
//!  11-23  ········▁▁▃█▇▂·········                                                                2m each  failed  max 9
//!  1 event=checkout  2 -host~bot (off)                                              12,408 of 1,284,003 · U all off · u undo
//!  1 Stream  2 Failures 1,204 ✗  3 Schemas 17  6 Export  7 Sources 2 !          events by preset snowplow · no schemas
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::frame::Snapshot;
use crate::model::{Counters, ObjectStatus};
use crate::tui::action::{Action, ScreenKind};
use crate::tui::keymap::{Keymap, Mode};
use crate::tui::status::Status;
use crate::tui::theme::Styles;
use crate::tui::widget::number::{bytes_short, duration_ms, grouped, rate};
use crate::tui::widget::text::{self, Cut};

/// What the first line says.
pub struct Top<'a> {
    /// The sources as typed.
    pub source: &'a str,
    /// New objects are waited for.
    pub following: bool,
    /// The identity so far, and the objects.
    pub snapshot: &'a Snapshot,
    /// How the run stands.
    pub status: &'a Status,
    /// What an edit of the contract has just changed.
    pub flashed: Option<String>,
}

type Span = (String, Style);

/// How many figures the identity has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Each of its own.
    Full,
    /// The small ones as one.
    Brief,
    /// All that is neither good nor failed as one.
    Least,
}

/// The figures of the identity, so that they add up: `1,204 failed`.
fn identity(counters: &Counters, styles: &Styles, length: Length) -> Vec<Span> {
    let failed = if counters.failed > 0 {
        styles.bad
    } else {
        styles.dim
    };
    let mut parts = vec![
        (counters.good, "ok", styles.good),
        (counters.failed, "failed", failed),
    ];
    let others = [
        (counters.not_events, "not events", styles.dim),
        (counters.duplicates, "duplicates", styles.dim),
        (counters.filtered, "filtered", styles.dim),
        (counters.unreadable_lines, "unreadable", styles.bad),
        (counters.header_lines, "headers", styles.dim),
        (counters.blank_lines, "blank", styles.dim),
    ];
    let apart = match length {
        Length::Full => others.len(),
        Length::Brief => 1,
        Length::Least => 0,
    };
    parts.extend(&others[..apart]);
    parts.push((
        others[apart..].iter().map(|part| part.0).sum(),
        "other",
        styles.dim,
    ));
    let mut spans = vec![
        (grouped(counters.lines), styles.strong),
        (" lines".to_owned(), styles.dim),
    ];
    let always = 2;
    let mut sign = " = ";
    for (i, (count, name, style)) in parts.into_iter().enumerate() {
        if count > 0 || i < always {
            spans.push((sign.to_owned(), styles.faint));
            spans.push((grouped(count), style));
            spans.push((format!(" {name}"), styles.dim));
            sign = " + ";
            if i == 0 && counters.repaired > 0 && length != Length::Least {
                let repaired = format!(" ({} repaired)", grouped(counters.repaired));
                spans.push((repaired, styles.dim));
            }
        }
    }
    spans
}

/// How old the newest record was when it came, in ms: what is younger has not been delivered yet. Nothing is drawn
/// while nothing comes, so that a live screen at rest costs nothing.
fn lag_ms(snapshot: &Snapshot) -> Option<u64> {
    let newest = snapshot.timeline.span()?.1 * 1000;
    u64::try_from(snapshot.newest_came_ms? - newest).ok()
}

fn width_of(spans: &[Span]) -> usize {
    spans.iter().map(|(text, _)| text::width(text)).sum()
}

fn put_spans(buf: &mut Buffer, (mut x, y): (u16, u16), end: u16, spans: &[Span]) -> u16 {
    for (text, style) in spans {
        x = text::put(buf, (x, y), end.saturating_sub(x), text, *style);
    }
    x
}

impl Top<'_> {
    /// No object waits: what is not finished is being followed.
    fn has_begun_all(&self) -> bool {
        self.snapshot
            .objects
            .iter()
            .all(|o| o.status != ObjectStatus::Waiting)
    }

    fn state(&self, styles: &Styles) -> Vec<Span> {
        let figures = &self.status.figures;
        if self.status.failed.is_some() {
            return vec![("✗ stopped".to_owned(), styles.bad)];
        }
        if self.following && figures.listing_done && self.has_begun_all() {
            let lag = self
                .status
                .behind_ms
                .or_else(|| lag_ms(self.snapshot))
                .map(|ms| format!(" lag {}", duration_ms(ms).trim()));
            return vec![
                ("LIVE".to_owned(), styles.good),
                (lag.unwrap_or_default(), styles.dim),
            ];
        }
        if self.status.finished || self.snapshot.complete {
            return vec![];
        }
        match figures.share() {
            Some(share) => vec![(
                format!("reading {:>3.0}%", (share * 100.0).floor()),
                styles.accent,
            )],
            None if figures.listing_done => vec![("reading".to_owned(), styles.accent)],
            None => vec![(
                format!("listing {}", grouped(figures.objects_listed)),
                styles.accent,
            )],
        }
    }

    /// What an edit of the contract does, has done, or fails to do.
    fn edit(&self, styles: &Styles) -> Option<Span> {
        let (all, done) = self.status.figures.judging;
        let (text, style) = if self.status.broken_edit.is_some() {
            ("✗ contract".to_owned(), styles.bad)
        } else if let Some(percent) = (done.min(all) * 100).checked_div(all) {
            (format!("judging again {percent:>3}%"), styles.accent)
        } else {
            (self.flashed.clone()?, styles.accent)
        };
        let lead = if self.state(styles).is_empty() {
            ""
        } else {
            " "
        };
        Some((format!("{lead}{text}"), style))
    }

    /// Draws the first line. What does not fit is left out from the right; the identity shrinks before it goes.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let mut groups = vec![self.state(styles)];
        groups[0].extend(self.edit(styles));
        let mut extras = Vec::new();
        if let Some(per_second) = self.status.lines_per_second {
            extras.push(vec![(rate(per_second).trim().to_owned(), styles.dim)]);
        }
        if let Some(memory) = self.status.memory_bytes {
            extras.push(vec![
                ("mem ".to_owned(), styles.faint),
                (bytes_short(memory), styles.dim),
            ]);
        }
        let source_room = usize::from(area.width) / 4;
        let source = text::cell(self.source, source_room.max(12), Cut::Middle).into_owned();
        let room = usize::from(area.width).saturating_sub(text::width(&source) + 5);
        let extras_width: usize = extras.iter().map(|e| width_of(e) + 3).sum();
        let state_width = width_of(&groups[0]) + 2;
        let fits = |spans: &Vec<Span>| width_of(spans) + state_width <= room;
        let lengths = [Length::Full, Length::Brief, Length::Least]
            .map(|length| identity(&self.snapshot.counters, styles, length));
        let [_, _, least] = &lengths;
        groups.push(
            lengths
                .iter()
                .find(|spans| fits(spans))
                .unwrap_or(least)
                .clone(),
        );
        if width_of(&groups[1]) + state_width + extras_width <= room {
            groups.append(&mut extras);
        }
        let mut x = text::put(
            buf,
            (area.x + 1, area.y),
            area.width,
            &source,
            styles.strong,
        ) + 2;
        let mut first = true;
        for group in groups.iter().filter(|g| !g.is_empty()) {
            if !first {
                x = text::put(
                    buf,
                    (x, area.y),
                    area.right().saturating_sub(x),
                    " │ ",
                    styles.rule,
                );
            }
            x = put_spans(buf, (x, area.y), area.right(), group);
            first = false;
        }
    }
}

/// One filter of the stack as it is shown.
pub struct ShownFilter {
    /// Its text, or what it means.
    pub text: String,
    /// It counts.
    pub on: bool,
}

/// Draws the filters and what helps to get rid of them.
pub fn render_filters(
    area: Rect,
    buf: &mut Buffer,
    filters: &[ShownFilter],
    count: &str,
    keymap: &Keymap,
    styles: &Styles,
) {
    let key = |action| keymap.hint(Mode::Normal, action);
    let right = vec![
        (count.to_owned(), styles.text),
        ("  ".to_owned(), styles.dim),
        (key(Action::FiltersOff), styles.key),
        (" on/off  ".to_owned(), styles.hint),
        (key(Action::Undo), styles.key),
        (" undo ".to_owned(), styles.hint),
    ];
    let right_width = width_of(&right) as u16;
    let end = if right_width + 30 < area.width {
        area.right() - right_width
    } else {
        area.right()
    };
    let mut x = area.x + 1;
    for (i, filter) in filters.iter().enumerate() {
        let style = if filter.on { styles.text } else { styles.faint };
        x = text::put(
            buf,
            (x, area.y),
            end.saturating_sub(x),
            &format!("{} ", i + 1),
            styles.accent,
        );
        x = text::put_fit(
            buf,
            (x, area.y),
            end.saturating_sub(x + 2),
            &filter.text,
            Cut::Middle,
            style,
        );
        if !filter.on {
            x = text::put(
                buf,
                (x, area.y),
                end.saturating_sub(x),
                " (off)",
                styles.faint,
            );
        }
        x += 3;
    }
    if end < area.right() {
        put_spans(buf, (end, area.y), area.right(), &right);
    }
}

/// A tab: its screen, its count, and whether the count is bad news.
pub struct Tab {
    /// The screen.
    pub screen: ScreenKind,
    /// Its count; may be empty.
    pub count: String,
    /// A sign and a colour for bad news.
    pub alarm: Option<&'static str>,
}

/// Draws the tabs; the current one stands out. `note` stands at the right end where it has room.
pub fn render_tabs(
    area: Rect,
    buf: &mut Buffer,
    (tabs, note): (&[Tab], &str),
    current: ScreenKind,
    styles: &Styles,
) {
    let mut x = area.x + 1;
    for tab in tabs {
        let is_current = tab.screen == current;
        let room = |x: u16| area.right().saturating_sub(x);
        let start = x.saturating_sub(1);
        x = text::put(
            buf,
            (x, area.y),
            room(x),
            &tab.screen.number().to_string(),
            if is_current { styles.key } else { styles.faint },
        ) + 1;
        x = text::put(
            buf,
            (x, area.y),
            room(x),
            tab.screen.title(),
            if is_current {
                styles.strong
            } else {
                styles.dim
            },
        );
        if !tab.count.is_empty() {
            let style = if tab.alarm.is_some() {
                styles.bad
            } else {
                styles.dim
            };
            x = text::put(buf, (x + 1, area.y), room(x + 1), &tab.count, style);
        }
        if let Some(sign) = tab.alarm {
            x = text::put(buf, (x + 1, area.y), room(x + 1), sign, styles.bad);
        }
        if is_current {
            let place = Rect {
                x: start,
                y: area.y,
                width: (x + 1).saturating_sub(start),
                height: 1,
            }
            .intersection(area);
            buf.set_style(place, styles.selected_idle);
        }
        x += 3;
    }
    let note_width = text::width(note) as u16;
    if x + note_width < area.right() {
        let place = (area.right() - note_width - 1, area.y);
        text::put(buf, place, note_width, note, styles.warn);
    }
}

//! Draws the app: header, one screen, footer, and what stands over them. Nothing is computed over rows here.
//!
//! ```text
//!  source and identity
//!  timeline (two rows)
//!  filters (only when there are any)
//!  tabs
//!  the screen
//!  footer
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{App, Feed};
use crate::frame::{Cell, ColumnRef, cell};
use crate::tui::action::{Action, ScreenKind};
use crate::tui::footer::Footer;
use crate::tui::header::{ShownFilter, Tab, Top, render_filters, render_tabs};
use crate::tui::job::Lane;
use crate::tui::keymap::Mode;
use crate::tui::modal::Modal;
use crate::tui::screen::schemas::{PaintedSchemas, SchemasData};
use crate::tui::screen::sources::{reason, troubled};
use crate::tui::screen::stream::{self, Context, Pane};
use crate::tui::widget::number::grouped;
use crate::tui::widget::overlay::render_blank;
use crate::tui::widget::table::PaintedTable;
use crate::tui::widget::text::{Cut, fit};

/// Of the reason why the selected object is not read whole; the column of the table may be off the screen.
const REASON_WIDTH: usize = 44;

/// What was drawn: cursors and windows are kept from it for the next frame.
#[derive(Debug, Default)]
pub struct Painted {
    /// Where the terminal's cursor belongs.
    pub cursor: Option<Position>,
    stream: Option<stream::Painted>,
    failures: Option<PaintedTable>,
    schemas: Option<PaintedSchemas>,
    sources: Option<PaintedTable>,
}

/// The parts of the screen.
#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    top: Rect,
    timeline: Rect,
    filters: Rect,
    tabs: Rect,
    body: Rect,
    footer: Rect,
}

/// Cuts the screen. Small ones give up the timeline, then tabs and filters, then the header.
fn parts(area: Rect, has_filters: bool) -> Parts {
    let roomy = area.width >= 60 && area.height >= 15;
    let heights = [
        u16::from(area.height >= 4),
        if roomy && area.height >= 20 { 2 } else { 0 },
        u16::from(has_filters && area.height >= 10),
        u16::from(roomy),
    ];
    let mut y = area.y;
    let mut next = |height: u16| {
        let part = Rect { y, height, ..area };
        y += height;
        part
    };
    let (top, timeline, filters, tabs) = (
        next(heights[0]),
        next(heights[1]),
        next(heights[2]),
        next(heights[3]),
    );
    let footer_height = u16::from(area.height >= 2);
    let body = Rect {
        y: tabs.bottom(),
        height: area.bottom().saturating_sub(tabs.bottom() + footer_height),
        ..area
    };
    let footer = Rect {
        y: body.bottom(),
        height: footer_height,
        ..area
    };
    Parts {
        top,
        timeline,
        filters,
        tabs,
        body,
        footer,
    }
}

impl App {
    /// Brings everything that a frame of this size needs up to date. Call it before [`App::render`].
    pub fn prepare(&mut self, area: Rect) {
        self.area = area;
        let snapshot = self.feed.shown().clone();
        let parts = parts(area, !self.history.now().spec.filters.is_empty());
        self.stream.prepare(
            &snapshot,
            self.history.now(),
            &self.setting.contract.contract(),
        );
        let cursor = self.selected_second();
        self.buckets
            .prepare(&snapshot, &self.stream.view, cursor, parts.timeline);
        self.sources.table.clamp(snapshot.objects.len(), 1);
    }

    /// Draws a frame.
    pub fn render(&self, area: Rect, buf: &mut Buffer) -> Painted {
        let styles = &self.setting.styles;
        buf.set_style(area, styles.base);
        let parts = parts(area, !self.history.now().spec.filters.is_empty());
        for part in [
            parts.top,
            parts.timeline,
            parts.filters,
            parts.tabs,
            parts.footer,
        ] {
            buf.set_style(part, styles.header);
        }
        self.render_header(&parts, buf);
        let mut painted = self.render_screen(parts.body, buf);
        let typing = matches!(self.modal, Some(Modal::Prompt(_)));
        if !parts.footer.is_empty() && !typing {
            self.footer().render(parts.footer, buf, styles);
        }
        if let Some(modal) = &self.modal {
            let over = Rect {
                height: area.height - parts.footer.height,
                ..area
            };
            let prompt_line = if parts.footer.is_empty() {
                area
            } else {
                parts.footer
            };
            painted.cursor = modal.render(over, prompt_line, buf, &self.setting.keymap, styles);
        }
        painted
    }

    /// Takes over what was drawn.
    pub fn keep(&mut self, painted: &Painted) {
        if let Some(it) = &painted.stream {
            if !it.table.columns.is_empty() || it.table.body.height > 0 {
                self.stream.table.keep(&it.table);
                self.stream.widths = it
                    .table
                    .columns
                    .iter()
                    .map(|(index, _, width)| (*index, *width))
                    .collect();
            }
            self.stream.split = it.split;
            if let Some((tree, area)) = it.detail {
                self.stream.tree.keep(tree, area);
            }
        }
        if let Some(it) = &painted.failures {
            self.failures.table.keep(it);
        }
        if let Some(it) = &painted.schemas {
            self.schemas.keep(it);
        }
        if let Some(it) = &painted.sources {
            self.sources.table.keep(it);
        }
    }

    fn render_header(&self, parts: &Parts, buf: &mut Buffer) {
        let (snapshot, styles) = (self.feed.shown(), &self.setting.styles);
        if !parts.top.is_empty() {
            let top = Top {
                source: &self.source,
                following: self.setting.following,
                snapshot,
                status: &self.status,
                flashed: self.flashed(),
            };
            top.render(parts.top, buf, styles);
        }
        if !parts.timeline.is_empty() {
            self.buckets
                .render(parts.timeline, buf, self.selected_second(), styles);
        }
        if !parts.filters.is_empty() {
            let filters: Vec<_> = self
                .filter_texts()
                .into_iter()
                .map(|(text, on)| ShownFilter { text, on })
                .collect();
            let count = format!(
                "{} of {}",
                grouped(self.stream.view.len() as u64),
                grouped(snapshot.len() as u64)
            );
            render_filters(
                parts.filters,
                buf,
                &filters,
                &count,
                &self.setting.keymap,
                styles,
            );
        }
        if !parts.tabs.is_empty() {
            // What nobody declared is stated.
            let note = self.feed.shown().found_by.as_deref().unwrap_or_default();
            render_tabs(parts.tabs, buf, (&self.tabs(), note), self.screen, styles);
        }
    }

    fn selected_second(&self) -> Option<i64> {
        if !self.is_on(ScreenKind::Stream) {
            return None;
        }
        self.second_of(self.stream.table.selected)
    }

    /// When the row at a position of the Stream was logged, in seconds since 1970.
    pub(super) fn second_of(&self, position: usize) -> Option<i64> {
        let row = self.stream.view.row(position)?;
        match cell(self.feed.shown(), row, &ColumnRef::time()) {
            Cell::Timestamp(us) => Some(us.div_euclid(1_000_000)),
            _ => None,
        }
    }

    fn tabs(&self) -> Vec<Tab> {
        let snapshot = self.feed.shown();
        let count = |n: u64| if n == 0 { String::new() } else { grouped(n) };
        let tab = |screen: ScreenKind| {
            let (count, alarm) = match screen {
                ScreenKind::Stream => (count(self.stream.view.len() as u64), None),
                ScreenKind::Failures => {
                    let bad = snapshot.counters.failed + snapshot.counters.unreadable_lines;
                    (count(bad), (bad > 0).then_some("✗"))
                }
                ScreenKind::Schemas => (
                    count(
                        snapshot
                            .events
                            .iter()
                            .filter(|t| t.frame.height() > 0)
                            .count() as u64,
                    ),
                    None,
                ),
                ScreenKind::Export => (String::new(), None),
                ScreenKind::Sources => match troubled(snapshot) {
                    0 => (count(snapshot.objects.len() as u64), None),
                    bad => (grouped(bad), Some("!")),
                },
            };
            Tab {
                screen,
                count,
                alarm,
            }
        };
        ScreenKind::ALL
            .into_iter()
            .filter(|screen| self.has_screen(*screen))
            .map(tab)
            .collect()
    }

    fn render_screen(&self, area: Rect, buf: &mut Buffer) -> Painted {
        let (snapshot, styles) = (self.feed.shown(), &self.setting.styles);
        let mut painted = Painted::default();
        if area.is_empty() {
            return painted;
        }
        match self.screen {
            ScreenKind::Stream => painted.stream = Some(self.stream_context().render(area, buf)),
            ScreenKind::Failures if self.failures.rows() == 0 => self.render_no_failures(area, buf),
            ScreenKind::Failures => {
                painted.failures = Some(self.failures.render(area, buf, snapshot, styles));
            }
            ScreenKind::Schemas => {
                let observed = self
                    .observed
                    .revision
                    .map(|_| self.observed.types.as_slice());
                let looking = self.is_busy(Lane::Side);
                let data = SchemasData {
                    observed,
                    looking,
                    has_schemas: !self.setting.contract.contract().schemas.is_empty(),
                };
                painted.schemas = Some(self.schemas.render(area, buf, &data, styles));
            }
            ScreenKind::Sources if snapshot.objects.is_empty() => {
                render_blank(area, buf, "No object has been listed yet.", &[], styles);
            }
            ScreenKind::Sources => {
                painted.sources = Some(self.sources.render(area, buf, snapshot, styles));
            }
            ScreenKind::Export => {
                painted.cursor = self.export.render(area, buf, &self.export_data(), styles);
            }
        }
        painted
    }

    fn stream_context(&self) -> Context<'_> {
        Context {
            stream: &self.stream,
            snapshot: self.feed.shown(),
            arrangement: self.history.now(),
            status: &self.status,
            following: self.setting.following,
            highlight: self.highlight.as_ref(),
            keymap: &self.setting.keymap,
            styles: &self.setting.styles,
        }
    }

    fn render_no_failures(&self, area: Rect, buf: &mut Buffer) {
        let counters = &self.feed.shown().counters;
        let what = match (self.failures.revision, counters.events, self.is_reading()) {
            (None, ..) => "Grouping the failures…".to_owned(),
            (_, 0, true) => "No event has been read yet.".to_owned(),
            (_, 0, false) => "No record is an event, so nothing was judged.".to_owned(),
            (_, events, reading) => {
                let so_far = if reading { " so far" } else { "" };
                format!(
                    "No failures: all {} events{so_far} keep their event schema.",
                    grouped(events)
                )
            }
        };
        let keys = [(
            self.setting.keymap.hint(Mode::Normal, Action::ScreenStream),
            "rows",
        )];
        let keys: Vec<(&str, &str)> = keys
            .iter()
            .map(|(key, what)| (key.as_str(), *what))
            .collect();
        render_blank(area, buf, &what, &keys, &self.setting.styles);
    }

    fn footer(&self) -> Footer {
        let (position, rows, noun) = match self.screen {
            ScreenKind::Stream => (self.stream.table.selected, self.stream.view.len(), "row"),
            ScreenKind::Failures => (self.failures.table.selected, self.failures.rows(), "cause"),
            ScreenKind::Schemas => {
                let (position, rows) = self.schemas.position(&self.observed.types);
                (position, rows, "row")
            }
            ScreenKind::Sources => (
                self.sources.table.selected,
                self.feed.shown().objects.len(),
                "object",
            ),
            ScreenKind::Export => (0, 0, ""),
        };
        let place = match (noun, rows) {
            ("", _) => String::new(),
            (noun, 0) => format!("no {noun}s"),
            (noun, rows) => format!(
                "{noun} {}/{}",
                grouped(position as u64 + 1),
                grouped(rows as u64)
            ),
        };
        Footer {
            place,
            states: self.states(),
            hints: self.hints(),
            message: self.message.clone(),
        }
    }

    fn states(&self) -> Vec<String> {
        let mut states = Vec::new();
        let selected = self.feed.shown().objects.get(self.sources.table.selected);
        if self.screen == ScreenKind::Sources
            && let Some(reason) = selected.and_then(reason)
        {
            states.push(fit(&reason, REASON_WIDTH, Cut::End).into_owned());
        }
        if let Feed::Frozen { .. } = self.feed {
            let key = self.setting.keymap.hint(Mode::Normal, Action::Bottom);
            states.push(match self.feed.waiting() {
                0 => "paused".to_owned(),
                waiting => format!("paused, {} new ↓{key}", grouped(waiting as u64)),
            });
        }
        if let Some(what) = self.waiting_for() {
            states.push(what.to_owned());
        }
        let figures = &self.status.figures;
        if self.is_reading()
            && !self.setting.following
            && self.status.failed.is_none()
            && figures.objects_done < figures.objects_listed
        {
            states.push(format!(
                "reading {}/{} objects",
                grouped(figures.objects_done),
                grouped(figures.objects_listed)
            ));
        }
        states
    }

    fn hints(&self) -> Vec<(String, &'static str)> {
        let key = |action| self.setting.keymap.hint(Mode::Normal, action);
        if !self.pending.is_empty() {
            let next = self
                .setting
                .keymap
                .continuations(Mode::Normal, &self.pending);
            return next
                .into_iter()
                .map(|(key, action)| (key, action.what()))
                .collect();
        }
        let list: &[(Action, &'static str)] = match (self.screen, self.stream.pane) {
            (ScreenKind::Stream, Pane::Detail) => &[
                (Action::Help, "help"),
                (Action::Back, "rows"),
                (Action::Raw, "raw line"),
                (Action::CopyCell, "copy"),
                (Action::Wrap, "wrap"),
            ],
            (ScreenKind::Stream, Pane::Rows) => &[
                (Action::Help, "help"),
                (Action::Filter, "filter"),
                (Action::Search, "search"),
                (Action::NextFailure, "next ✗"),
                (Action::Keep, "keep"),
                (Action::Drop, "drop"),
                (Action::Sort, "sort"),
                (Action::Open, "detail"),
                (Action::CopyCell, "copy"),
                (Action::Export, "export"),
            ],
            (ScreenKind::Failures, _) => &[
                (Action::Help, "help"),
                (Action::Open, "its rows"),
                (Action::Acknowledge, "acknowledge"),
                (Action::CopyCell, "copy"),
                (Action::Back, "back"),
            ],
            (ScreenKind::Schemas | ScreenKind::Sources, _) => &[
                (Action::Help, "help"),
                (Action::Open, "its rows"),
                (Action::CopyCell, "copy"),
                (Action::Back, "back"),
            ],
            (ScreenKind::Export, _) => &[(Action::Help, "help"), (Action::Back, "back")],
        };
        let again = (self.screen == ScreenKind::Sources && self.unreadable() > 0)
            .then_some((Action::Retry, "read again"));
        again
            .iter()
            .chain(list)
            .map(|(action, what)| (key(*action), *what))
            .filter(|(key, _)| !key.is_empty())
            .collect()
    }
}

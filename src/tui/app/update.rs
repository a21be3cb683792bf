//! What each action does on a screen.

use std::sync::Arc;

use super::{App, Feed};
use crate::frame::{Cell, ColumnRef, Filter, Virtual, cell};
use crate::tui::action::{Action, ScreenKind};
use crate::tui::arrangement::Arrangement;
use crate::tui::effect::Effect;
use crate::tui::footer::Weight;
use crate::tui::modal::PromptKind;
use crate::tui::screen::schemas::SchemasRequest;
use crate::tui::screen::stream::{Pane, Split};
use crate::tui::widget::table::TableState;
use crate::tui::widget::tree::Section;

impl App {
    /// Acts. What is to be done outside comes back as effects.
    pub fn update(&mut self, action: Action) -> Vec<Effect> {
        if self.modal.is_some() {
            return self.update_modal(action);
        }
        if let Some(screen) = action.screen().filter(|screen| self.has_screen(*screen)) {
            self.go_to_screen(screen);
            return vec![];
        }
        if self.is_on(ScreenKind::Export)
            && (self.export.wants_text() || matches!(action, Action::Back | Action::Close))
        {
            return if action == Action::Suspend {
                vec![Effect::Suspend]
            } else {
                self.update_export(action)
            };
        }
        match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Back => return self.back(),
            Action::Close => self.close(),
            Action::Palette => self.open_palette(),
            Action::Help => self.open_help(),
            Action::Themes => self.open_themes(),
            Action::Filter => self.open_prompt(PromptKind::Filter(None)),
            Action::Search => self.open_prompt(PromptKind::Search),
            Action::SearchBack => self.open_prompt(PromptKind::SearchBack),
            Action::GoToTime => self.open_prompt(PromptKind::Time),
            Action::Columns => self.open_columns(),
            Action::FilterStack => self.open_filters(),
            Action::LastEdit => self.open_last_edit(),
            Action::Pause => self.pause(),
            Action::Retry => return self.read_again(),
            Action::Undo => self.undo_or_redo(true),
            Action::Redo => self.undo_or_redo(false),
            Action::FiltersOff => self.filters_off(),
            Action::WindowLength => {
                let now = self.buckets.next_window();
                self.say(Weight::Done, now);
            }
            Action::FailedRate => self.buckets.rate = !self.buckets.rate,
            Action::AllRecords => self.all_records(),
            Action::Export if self.setting.can_export => self.go_to_screen(ScreenKind::Export),
            Action::CopyCommand => return vec![self.copy_command()],
            _ => return self.update_screen(action),
        }
        vec![]
    }

    fn update_screen(&mut self, action: Action) -> Vec<Effect> {
        match self.screen {
            ScreenKind::Stream => self.update_stream(action),
            ScreenKind::Failures => self.update_failures(action),
            ScreenKind::Schemas => self.update_schemas(action),
            ScreenKind::Sources => self.update_sources(action),
            ScreenKind::Export => self.update_export(action),
        }
    }

    pub(super) fn has_screen(&self, screen: ScreenKind) -> bool {
        screen != ScreenKind::Export || self.setting.can_export
    }

    /// Shows something else on the Stream.
    pub(super) fn arrange(&mut self, next: Arrangement) {
        if self.history.change(next) {
            self.arrangement_changed();
        }
    }

    fn back(&mut self) -> Vec<Effect> {
        if self.is_on(ScreenKind::Stream) && self.stream.pane == Pane::Detail {
            self.stream.pane = Pane::Rows;
            return vec![];
        }
        match self.trail.pop() {
            Some(screen) => {
                self.screen = screen;
                vec![]
            }
            None if self.is_on(ScreenKind::Stream) => vec![Effect::Quit],
            None => {
                self.screen = ScreenKind::Stream;
                vec![]
            }
        }
    }

    /// Esc: gives up what is waited for, then the search, then the detail's focus. Never quits.
    fn close(&mut self) {
        self.pending.clear();
        if self.cancel_waiting() {
            self.say(Weight::Done, "stopped");
        } else if self.stream.pane == Pane::Detail && self.is_on(ScreenKind::Stream) {
            self.stream.pane = Pane::Rows;
        } else if self.highlight.take().is_none() && !self.is_on(ScreenKind::Stream) {
            self.trail.clear();
            self.screen = ScreenKind::Stream;
        }
    }

    fn pause(&mut self) {
        let newest = match &self.feed {
            Feed::Live(shown) => {
                self.feed = Feed::Frozen {
                    shown: shown.clone(),
                    newest: shown.clone(),
                };
                return;
            }
            Feed::Frozen { newest, .. } => newest.clone(),
        };
        self.feed = Feed::Live(newest);
    }

    fn undo_or_redo(&mut self, undo: bool) {
        if if undo {
            self.history.undo()
        } else {
            self.history.redo()
        } {
            self.arrangement_changed();
        } else {
            self.say(
                Weight::Warning,
                if undo {
                    "nothing to undo"
                } else {
                    "nothing to redo"
                },
            );
        }
    }

    fn filters_off(&mut self) {
        if self.history.now().spec.filters.is_empty() {
            return self.say(Weight::Warning, "there is no filter");
        }
        self.arrange(self.history.now().switched());
    }

    fn all_records(&mut self) {
        self.go_to_screen(ScreenKind::Stream);
        let events_only = !self.history.now().spec.events_only;
        self.arrange(self.history.now().with_events_only(events_only));
        self.say(
            Weight::Done,
            if events_only {
                "events only"
            } else {
                "all records"
            },
        );
    }

    fn show_rows(&mut self, filter: Filter) {
        self.arrange(self.history.now().filtered(filter));
        self.go_to_screen(ScreenKind::Stream);
        self.stream.pane = Pane::Rows;
    }

    fn update_stream(&mut self, action: Action) -> Vec<Effect> {
        if self.stream.pane == Pane::Detail && self.update_detail(action) {
            return vec![];
        }
        if self.move_rows(action) || self.arrange_columns(action) {
            return vec![];
        }
        match action {
            Action::NextFailure => self.seek_failure(true),
            Action::PreviousFailure => self.seek_failure(false),
            Action::NextBar => self.go_to_bar(true),
            Action::PreviousBar => self.go_to_bar(false),
            Action::SearchNext => self.search_again(self.forward),
            Action::SearchPrevious => self.search_again(!self.forward),
            Action::SearchValue => self.search_value(),
            Action::Keep => self.keep_or_drop(Filter::keep),
            Action::Drop => self.keep_or_drop(Filter::drop),
            Action::Open | Action::Focus => self.focus_detail(),
            Action::Detail => self.stream.detail_open = !self.stream.detail_open,
            Action::Wrap => self.stream.tree.wrap = !self.stream.tree.wrap,
            Action::Raw => self.show_raw(),
            Action::CopyCell => return self.copy_cell(),
            Action::CopyRow => return self.copy_row(),
            Action::CopyLine => return self.copy_line(),
            _ => {}
        }
        vec![]
    }

    fn move_rows(&mut self, action: Action) -> bool {
        if action == Action::Bottom && matches!(self.feed, Feed::Frozen { .. }) {
            self.pause();
        }
        let columns = self.stream.columns.len();
        match action {
            Action::Left => self.stream.table.move_column(-1, columns),
            Action::Right => self.stream.table.move_column(1, columns),
            Action::FirstColumn => self.stream.table.column = 0,
            Action::LastColumn => self.stream.table.column = columns.saturating_sub(1),
            _ => {
                let mut moved = false;
                self.stream
                    .moved(|table, rows| moved = move_table(table, action, rows));
                return moved;
            }
        }
        true
    }

    fn arrange_columns(&mut self, action: Action) -> bool {
        let Some(column) = self.stream.column().cloned() else {
            return false;
        };
        let now = self.history.now();
        let next = match action {
            Action::Sort => now.sorted(&column, false),
            Action::SortAdd => now.sorted(&column, true),
            Action::Wider | Action::Narrower => {
                let width = i32::from(self.stream.width_of(&column).unwrap_or(12))
                    + if action == Action::Wider { 4 } else { -4 };
                now.with_width(&column, width.clamp(4, 120) as u16)
            }
            Action::HideColumn if self.stream.columns.len() < 2 => {
                self.say(Weight::Warning, "at least one column must stay");
                return true;
            }
            Action::HideColumn => now.with_columns(
                self.stream
                    .columns
                    .iter()
                    .filter(|c| **c != column)
                    .cloned()
                    .collect(),
            ),
            _ => return false,
        };
        self.arrange(next);
        true
    }

    /// Keys of the detail pane; false for those that act on the row.
    fn update_detail(&mut self, action: Action) -> bool {
        let Some(detail) = &self.stream.detail else {
            return false;
        };
        let tree = &mut self.stream.tree;
        match action {
            Action::Up => tree.move_by(-1, detail),
            Action::Down => tree.move_by(1, detail),
            Action::HalfPageUp | Action::PageUp => tree.move_by(-10, detail),
            Action::HalfPageDown | Action::PageDown => tree.move_by(10, detail),
            Action::Top => tree.move_by(-100_000, detail),
            Action::Bottom => tree.move_by(100_000, detail),
            Action::Left => tree.fold(true, detail),
            Action::Right => tree.fold(false, detail),
            Action::Open => tree.toggle(detail),
            Action::Focus => self.stream.pane = Pane::Rows,
            _ => return false,
        }
        true
    }

    fn focus_detail(&mut self) {
        if self.stream.record().is_some() {
            self.stream.detail_open |= self.stream.split == Split::None;
            self.stream.pane = Pane::Detail;
        }
    }

    fn seek_failure(&mut self, forward: bool) {
        let snapshot = self.feed.shown().clone();
        match self
            .stream
            .view
            .next_failure(&snapshot, self.stream.table.selected, forward)
        {
            Some(position) => self.stream.go_to(position),
            None => self.say(
                Weight::Warning,
                if forward {
                    "no failed event further down"
                } else {
                    "no failed event further up"
                },
            ),
        }
    }

    fn search_again(&mut self, forward: bool) {
        if self.needle.is_none() {
            return self.say(
                Weight::Warning,
                "nothing to search for yet; / starts a search",
            );
        }
        if let Some(needle) = &self.needle
            && self.highlight.is_none()
        {
            self.highlight = super::prompts::highlight(needle.text());
        }
        self.find(self.stream.table.selected, forward);
    }

    /// Record, column and value under the cursor.
    pub(super) fn with_cell<T>(&self, f: impl FnOnce(&ColumnRef, &Cell<'_>) -> T) -> Option<T> {
        let (row, column) = (self.stream.record()?, self.stream.column()?);
        Some(f(column, &cell(self.feed.shown(), row, column)))
    }

    fn search_value(&mut self) {
        let Some(text) = self
            .with_cell(|_, cell| cell.to_text().into_owned())
            .filter(|text| !text.is_empty())
        else {
            return self.say(Weight::Warning, "there is no value here");
        };
        let pattern = regex::escape(&text);
        match crate::frame::view::Needle::new(&pattern) {
            Ok(needle) => {
                self.highlight = super::prompts::highlight(&pattern);
                self.needle = Some(needle);
                self.forward = true;
                self.find(self.stream.table.selected, true);
            }
            Err(why) => self.say(Weight::Warning, why),
        }
    }

    fn keep_or_drop(&mut self, make: impl FnOnce(&ColumnRef, &Cell<'_>) -> Filter) {
        if let Some(filter) = self.with_cell(make) {
            self.arrange(self.history.now().filtered(filter));
        }
    }

    fn show_raw(&mut self) {
        self.jobs.want_raw = !self.stream.inspected;
        self.focus_detail();
        if let Some(detail) = &self.stream.detail {
            self.stream.tree.show(Section::Raw, detail);
        }
    }

    fn update_failures(&mut self, action: Action) -> Vec<Effect> {
        let rows = self.failures.rows();
        match action {
            Action::Open => match self.failures.filter() {
                Some(filter) => self.show_rows(filter),
                None if rows > 0 => self.say(
                    Weight::Warning,
                    "unreadable lines are no rows; y c copies what is wrong with the first",
                ),
                None => {}
            },
            Action::CopyCell | Action::CopyRow => {
                return self
                    .failures
                    .sentence()
                    .into_iter()
                    .map(|text| Effect::Copy {
                        text,
                        what: "sentence",
                    })
                    .collect();
            }
            Action::Repairs => self.open_repairs(),
            Action::Acknowledge => self.open_acknowledge(),
            Action::NextFailure => self.failures.table.move_by(1, rows),
            Action::PreviousFailure => self.failures.table.move_by(-1, rows),
            _ => {
                move_table(&mut self.failures.table, action, rows);
            }
        }
        vec![]
    }

    fn update_schemas(&mut self, action: Action) -> Vec<Effect> {
        if matches!(action, Action::CopyCell | Action::CopyRow) {
            let text = self.schemas.selected_text(&self.observed.types);
            return text
                .into_iter()
                .map(|text| Effect::Copy { text, what: "name" })
                .collect();
        }
        match self.schemas.update(action, &self.observed.types) {
            Some(SchemasRequest::Events(event, _)) => self.show_rows(of_event(&event)),
            Some(SchemasRequest::Property { event, property }) => {
                self.arrange(self.history.now().filtered(of_event(&event)));
                let columns = crate::frame::Columns::of(self.feed.shown());
                let name = ColumnRef::property(&property).name().into_owned();
                match Filter::parse(&format!("{name}?"), &columns.open()) {
                    Ok(filter) => self.show_rows(filter),
                    Err(why) => self.say(Weight::Warning, why.message),
                }
            }
            None => {}
        }
        vec![]
    }

    fn update_sources(&mut self, action: Action) -> Vec<Effect> {
        let snapshot: Arc<_> = self.feed.shown().clone();
        match action {
            Action::Open => {
                if let Some(filter) = self.sources.filter(&snapshot) {
                    self.show_rows(filter);
                }
            }
            Action::CopyCell | Action::CopyRow => {
                let object = snapshot.objects.get(self.sources.table.selected);
                let copied = object.map(|o| match action {
                    Action::CopyRow => crate::tui::screen::sources::copied(o),
                    _ => (o.object.uri.to_string(), "object"),
                });
                return copied
                    .map(|(text, what)| Effect::Copy { text, what })
                    .into_iter()
                    .collect();
            }
            _ => {
                move_table(&mut self.sources.table, action, snapshot.objects.len());
            }
        }
        vec![]
    }
}

fn of_event(event: &str) -> Filter {
    Filter::keep(
        &ColumnRef::Virtual(Virtual::Event),
        &Cell::Text(event.into()),
    )
}

/// Moves the cursor of a table; false for any other action.
fn move_table(table: &mut TableState, action: Action, rows: usize) -> bool {
    match action {
        Action::Up => table.move_by(-1, rows),
        Action::Down => table.move_by(1, rows),
        Action::HalfPageDown => table.half_page(1, rows),
        Action::HalfPageUp => table.half_page(-1, rows),
        Action::PageDown => table.page(1, rows),
        Action::PageUp => table.page(-1, rows),
        Action::Top => table.first(),
        Action::Bottom => table.last(rows),
        _ => return false,
    }
    true
}

//! What an accepted prompt, list or palette does.

use super::{App, time_of};
use crate::frame::view::Needle;
use crate::frame::{Cell, Columns, Filter, cell};
use crate::tui::action::{Action, ScreenKind};
use crate::tui::effect::Effect;
use crate::tui::footer::Weight;
use crate::tui::modal::{
    ColumnChooser, FilterStack, Help, Modal, Palette, Prompt, PromptKind, ThemePicker,
};

impl App {
    /// Opens a prompt on the Stream, which is where filters, searches and times apply.
    pub(super) fn open_prompt(&mut self, kind: PromptKind) {
        self.go_to_screen(ScreenKind::Stream);
        self.modal = Some(Modal::Prompt(Prompt::new(kind, &self.typed)));
    }

    pub(super) fn open_palette(&mut self) {
        self.modal = Some(Modal::Palette(Palette::new(&self.setting.keymap)));
    }

    pub(super) fn open_help(&mut self) {
        self.modal = Some(Modal::Help(Help::default()));
    }

    pub(super) fn open_columns(&mut self) {
        self.go_to_screen(ScreenKind::Stream);
        self.modal = Some(Modal::Columns(ColumnChooser::new(
            &self.stream.known,
            &self.stream.columns,
        )));
    }

    pub(super) fn open_filters(&mut self) {
        let entries = self.filter_texts();
        if entries.is_empty() {
            let key = self
                .setting
                .keymap
                .hint(crate::tui::keymap::Mode::Normal, Action::Filter);
            return self.say(
                Weight::Warning,
                format!("there is no filter; {key} adds one"),
            );
        }
        self.modal = Some(Modal::Filters(FilterStack::default().with(entries)));
    }

    /// The filters as they are shown: a cause by its code and place instead of its number.
    pub(super) fn filter_texts(&self) -> Vec<(String, bool)> {
        let spec = &self.history.now().spec;
        let text = |filter: &Filter| {
            let text = filter.to_string();
            let id = text
                .strip_prefix("cause=")
                .and_then(|id| id.parse::<usize>().ok());
            match id.and_then(|id| self.feed.shown().causes.get(id).cloned()) {
                Some(cause) => [cause.code.as_str(), &cause.event, &cause.path]
                    .join(" ")
                    .replace("  ", " "),
                None => text,
            }
        };
        spec.filters
            .iter()
            .map(|term| (text(&term.filter), term.on))
            .collect()
    }

    /// An action while something stands over the screen.
    pub(super) fn update_modal(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Close => self.close_modal(),
            Action::Suspend => return vec![Effect::Suspend],
            Action::Accept => return self.accept_modal(),
            _ => self.steer_modal(action),
        }
        vec![]
    }

    pub(super) fn open_themes(&mut self) {
        let wardrobe = &self.setting.wardrobe;
        let picker = ThemePicker::new(wardrobe.themes(), wardrobe.worn());
        self.modal = Some(Modal::Themes(picker));
    }

    fn wear(&mut self, theme: usize) {
        self.setting.wardrobe.wear(theme);
        self.setting.styles = self.setting.wardrobe.styles();
    }

    fn close_modal(&mut self) {
        if matches!(self.modal, Some(Modal::Repairs(_))) {
            return self.close_repairs();
        }
        match self.modal.take() {
            Some(Modal::Prompt(prompt)) => self.typed.close(prompt.kind, prompt.text()),
            Some(Modal::Acknowledge(window)) => self.aside = Some(*window),
            Some(Modal::Themes(picker)) => self.wear(picker.before()),
            _ => {}
        }
    }

    fn steer_modal(&mut self, action: Action) {
        let snapshot = self.feed.shown().clone();
        let step = match action {
            Action::Earlier => -1,
            Action::Later => 1,
            Action::PageUp => -10,
            Action::PageDown => 10,
            Action::Top => -1_000_000,
            Action::Bottom => 1_000_000,
            _ => 0,
        };
        match &mut self.modal {
            Some(Modal::Prompt(prompt)) => match action {
                Action::Complete => prompt.complete(&snapshot),
                Action::Earlier => prompt.earlier(),
                Action::Later => prompt.later(),
                _ => {}
            },
            Some(Modal::Palette(palette)) => palette.move_by(step),
            Some(Modal::Help(help)) => help.move_by(step),
            Some(Modal::LastEdit(window)) => window.move_by(step),
            Some(Modal::Columns(chooser)) => match action {
                Action::Toggle => chooser.toggle(),
                Action::MoveUp => chooser.shift(-1),
                Action::MoveDown => chooser.shift(1),
                _ => chooser.move_by(step),
            },
            Some(Modal::Repairs(preview)) => preview.move_by(step),
            Some(Modal::Acknowledge(window)) => match action {
                Action::Complete | Action::Earlier | Action::Later => window.other(),
                _ => {}
            },
            Some(Modal::Filters(_)) => self.steer_filters(action, step),
            Some(Modal::Themes(picker)) => {
                picker.move_by(step);
                let theme = picker.chosen();
                self.wear(theme);
            }
            None => {}
        }
    }

    fn steer_filters(&mut self, action: Action, step: isize) {
        let Some(Modal::Filters(stack)) = &mut self.modal else {
            return;
        };
        stack.move_by(step);
        let Some(index) = stack.chosen() else { return };
        match action {
            Action::Toggle => self.arrange(self.history.now().toggled(index)),
            Action::Delete => self.arrange(self.history.now().without(index)),
            _ => return,
        }
        let entries = self.filter_texts();
        if entries.is_empty() {
            self.modal = None;
        } else if let Some(Modal::Filters(stack)) = self.modal.take() {
            self.modal = Some(Modal::Filters(stack.with(entries)));
        }
    }

    fn accept_modal(&mut self) -> Vec<Effect> {
        match self.modal.take() {
            Some(Modal::Prompt(prompt)) => self.accept_prompt(prompt),
            Some(Modal::Palette(palette)) => {
                return palette
                    .chosen()
                    .map_or_else(Vec::new, |action| self.update(action));
            }
            Some(Modal::Columns(chooser)) => {
                let columns = chooser.chosen();
                if columns.is_empty() {
                    self.say(Weight::Warning, "at least one column must stay");
                } else {
                    self.arrange(self.history.now().with_columns(columns));
                }
            }
            Some(Modal::Filters(stack)) => {
                let term = stack.chosen().and_then(|i| {
                    Some((
                        i,
                        self.history.now().spec.filters.get(i)?.filter.to_string(),
                    ))
                });
                if let Some((index, text)) = term {
                    let prompt =
                        Prompt::new(PromptKind::Filter(Some(index)), &self.typed).with_text(&text);
                    self.modal = Some(Modal::Prompt(prompt));
                }
            }
            Some(Modal::Themes(_)) => {
                let wardrobe = &self.setting.wardrobe;
                let name = &wardrobe.themes()[wardrobe.worn()].name;
                let text =
                    format!("to keep it: theme = \"{name}\" in config.toml, or --theme {name}");
                self.say(Weight::Done, text);
            }
            Some(Modal::Repairs(preview)) => return self.accept_repair(preview),
            Some(Modal::Acknowledge(window)) => return self.accept_acknowledge(window),
            Some(Modal::Help(_) | Modal::LastEdit(_)) | None => {}
        }
        vec![]
    }

    fn accept_prompt(&mut self, mut prompt: Prompt) {
        if prompt.is_choosing() {
            let snapshot = self.feed.shown().clone();
            prompt.complete(&snapshot);
            self.modal = Some(Modal::Prompt(prompt));
            return;
        }
        let text = prompt.text().trim().to_owned();
        if text.is_empty() {
            self.typed.close(prompt.kind, "");
            return;
        }
        let done = match prompt.kind {
            PromptKind::Filter(replaced) => self.accept_filter(&text, replaced),
            PromptKind::Search => self.accept_search(&text, true),
            PromptKind::SearchBack => self.accept_search(&text, false),
            PromptKind::Time => self.accept_time(&text),
        };
        match done {
            Ok(()) => self.typed.accept(prompt.kind, &text),
            Err((at, message)) => {
                prompt.complain(at, message);
                self.modal = Some(Modal::Prompt(prompt));
            }
        }
    }

    fn accept_filter(
        &mut self,
        text: &str,
        replaced: Option<usize>,
    ) -> Result<(), (usize, String)> {
        let snapshot = self.feed.shown();
        let columns = Columns::of(snapshot);
        // Before the first event is there, any name may be a property.
        let columns = if snapshot.complete {
            columns
        } else {
            columns.open()
        };
        let filter = Filter::parse(text, &columns).map_err(|e| (e.at, e.message))?;
        let now = self.history.now();
        let base = replaced.map_or_else(|| now.clone(), |index| now.without(index));
        self.arrange(base.filtered(filter));
        Ok(())
    }

    fn accept_search(&mut self, text: &str, forward: bool) -> Result<(), (usize, String)> {
        let needle = Needle::new(text).map_err(|message| (0, message))?;
        self.highlight = highlight(text);
        self.needle = Some(needle);
        self.forward = forward;
        self.find(self.stream.table.selected, forward);
        Ok(())
    }

    fn accept_time(&mut self, text: &str) -> Result<(), (usize, String)> {
        let snapshot = self.feed.shown().clone();
        let newest = snapshot.timeline.span().map(|span| span.1 * 1_000_000);
        let here = self
            .stream
            .record()
            .map(|row| cell(&snapshot, row, &crate::frame::ColumnRef::time()));
        let here = match here {
            Some(Cell::Timestamp(us)) => Some(us),
            _ => newest,
        };
        let (Some(here), Some(newest)) = (here, newest) else {
            return Err((0, "no row has a time yet".to_owned()));
        };
        let us = time_of::parse(text, here, newest).map_err(|message| (0, message))?;
        let Some(position) = self.stream.view.position_of_time(&snapshot, us) else {
            return Err((
                0,
                "rows are not in the order of time; u undoes the sort".to_owned(),
            ));
        };
        let last = self.stream.view.len().saturating_sub(1);
        self.stream.go_to(position.min(last));
        if position > last {
            self.say(Weight::Warning, "every row is earlier; this is the last");
        }
        Ok(())
    }
}

/// What the search finds, for lighting it up in cells: as [`Needle`], case matters only with a capital letter.
pub(super) fn highlight(text: &str) -> Option<regex::Regex> {
    let ignore_case = !text.chars().any(char::is_uppercase);
    let build = |pattern: &str| {
        regex::RegexBuilder::new(pattern)
            .case_insensitive(ignore_case)
            .size_limit(1 << 20)
            .build()
    };
    build(text).or_else(|_| build(&regex::escape(text))).ok()
}

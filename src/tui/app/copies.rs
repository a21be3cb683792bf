//! What goes to the clipboard: a value, a row, a line, the command that shows the same view.

use super::App;
use crate::tui::detail::as_json;
use crate::tui::effect::Effect;
use crate::tui::footer::Weight;
use crate::tui::screen::stream::Pane;

impl App {
    pub(super) fn copy_cell(&mut self) -> Vec<Effect> {
        let text = match (self.stream.pane, &self.stream.detail) {
            (Pane::Detail, Some(detail)) => self
                .stream
                .tree
                .item(detail)
                .and_then(|item| item.copied(detail)),
            _ => self.with_cell(|_, cell| cell.to_text().into_owned()),
        };
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            self.say(Weight::Warning, "there is no value here");
            return vec![];
        };
        vec![Effect::Copy {
            text,
            what: "value",
        }]
    }

    pub(super) fn copy_row(&self) -> Vec<Effect> {
        self.stream
            .detail
            .iter()
            .map(|detail| Effect::Copy {
                text: as_json(detail),
                what: "row as JSON",
            })
            .collect()
    }

    pub(super) fn copy_line(&mut self) -> Vec<Effect> {
        match &self.stream.detail {
            Some(detail) if self.stream.inspected && !detail.raw.is_empty() => {
                vec![Effect::Copy {
                    text: String::from_utf8_lossy(&detail.raw).into_owned(),
                    what: "raw line",
                }]
            }
            detail => {
                self.jobs.copy_raw = detail.is_some();
                self.jobs.want_raw = detail.is_some();
                self.stream.inspected = false;
                vec![]
            }
        }
    }

    pub(super) fn copy_command(&self) -> Effect {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let plain = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&b))
        };
        let word = |text: &String| {
            if plain(text) {
                text.clone()
            } else {
                quoted(text)
            }
        };
        let mut words = vec!["frontlog".to_owned()];
        let mut typed = self.setting.command.iter();
        while let Some(argument) = typed.next() {
            match argument.as_str() {
                // Its filter is among those of the view, if it is still on.
                "--where" => drop(typed.next()),
                joined if joined.starts_with("--where=") => {}
                _ => words.push(word(argument)),
            }
        }
        let on = self
            .history
            .now()
            .spec
            .filters
            .iter()
            .filter(|term| term.on);
        let filter: Vec<String> = on.map(|term| format!("({})", term.filter)).collect();
        if !filter.is_empty() {
            words.push("--where".to_owned());
            words.push(quoted(&filter.join(" ")));
        }
        Effect::Copy {
            text: words.join(" "),
            what: "command",
        }
    }
}

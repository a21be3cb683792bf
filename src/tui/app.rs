//! The app: everything that the screen shows, changed by one synchronous update at a time.
//!
//! Nothing here waits, reads or draws on a terminal: the loop hands in keys, snapshots, news and answers, and carries
//! out what [`App::update`] returns. Whatever looks at many rows is a job ([`App::next_job`]).

mod acknowledge;
mod again;
mod bars;
mod copies;
mod draw;
mod edits;
mod exports;
mod jobs;
mod prompts;
mod repairs;
mod time_of;
mod update;

use std::sync::Arc;
use std::time::Instant;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use regex::Regex;

use crate::contract::standing::KnownCauses;
use crate::frame::observed::ObservedType;
use crate::frame::view::Needle;
use crate::frame::{Filter, Snapshot};
use crate::model::Notice;
use crate::pipeline::ContractInForce;
use crate::tui::action::{Action, ScreenKind};
use crate::tui::arrangement::{Arrangement, History};
use crate::tui::bars::Buckets;
use crate::tui::effect::Effect;
use crate::tui::footer::{Message, Weight};
use crate::tui::keymap::{Key, Keymap, Lookup, Mode};
use crate::tui::modal::prompt::{Typed, edit_request};
use crate::tui::modal::{Acknowledge, Modal};
use crate::tui::screen::export::Export;
use crate::tui::screen::failures::Failures;
use crate::tui::screen::schemas::Schemas;
use crate::tui::screen::sources::Sources;
use crate::tui::screen::stream::Stream;
use crate::tui::status::{Figures, Status};
use crate::tui::theme::Styles;
use crate::tui::wardrobe::Wardrobe;

pub use draw::Painted;
use exports::Preview;
use jobs::Jobs;

/// Which snapshot is shown.
#[derive(Debug, Clone)]
pub enum Feed {
    /// The newest.
    Live(Arc<Snapshot>),
    /// An older one; new rows wait.
    Frozen {
        /// What is shown.
        shown: Arc<Snapshot>,
        /// What waits.
        newest: Arc<Snapshot>,
    },
}

impl Feed {
    /// What is shown.
    pub fn shown(&self) -> &Arc<Snapshot> {
        match self {
            Self::Live(snapshot) => snapshot,
            Self::Frozen { shown, .. } => shown,
        }
    }

    /// Rows that wait.
    pub fn waiting(&self) -> usize {
        match self {
            Self::Live(_) => 0,
            Self::Frozen { shown, newest } => newest.len() - shown.len().min(newest.len()),
        }
    }
}

/// What does not change while the app runs.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The sources as typed.
    pub sources: Vec<String>,
    /// The command line that started this.
    pub command: Vec<String>,
    /// A filter that is there from the start.
    pub filter: Option<Filter>,
    /// New objects are waited for.
    pub following: bool,
    /// How events are judged.
    pub contract: Arc<ContractInForce>,
    /// Causes that are acknowledged, or known from a baseline.
    pub known: KnownCauses,
    /// Who signs an acknowledgement; may be empty.
    pub user: String,
    /// A batch can be exported.
    pub can_export: bool,
    /// Colours: those of the theme that is worn.
    pub styles: Styles,
    /// The themes to choose from.
    pub wardrobe: Wardrobe,
    /// Keys.
    pub keymap: Keymap,
}

/// Event types as they were last looked at.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    types: Vec<ObservedType>,
    revision: Option<u64>,
}

/// Everything that is shown.
pub struct App {
    setting: Setting,
    source: String,
    screen: ScreenKind,
    trail: Vec<ScreenKind>,
    modal: Option<Modal>,
    feed: Feed,
    history: History,
    stream: Stream,
    failures: Failures,
    schemas: Schemas,
    observed: Observed,
    sources: Sources,
    /// An acknowledgement that was typed and not written.
    aside: Option<Acknowledge>,
    export: Export,
    preview: Preview,
    buckets: Buckets,
    status: Status,
    typed: Typed,
    needle: Option<Needle>,
    highlight: Option<Regex>,
    forward: bool,
    pending: Vec<Key>,
    message: Option<Message>,
    /// Until when the header shows what an edit of the contract changed.
    flash: Option<Instant>,
    jobs: Jobs,
    area: Rect,
}

impl App {
    /// An app that shows nothing yet.
    pub fn new(mut setting: Setting) -> Self {
        let known = std::mem::take(&mut setting.known);
        let first = setting
            .filter
            .take()
            .map_or_else(Arrangement::default, |filter| {
                Arrangement::default().filtered(filter)
            });
        Self {
            source: setting.sources.join(" "),
            setting,
            screen: ScreenKind::Stream,
            trail: Vec::new(),
            modal: None,
            feed: Feed::Live(Arc::new(Snapshot::empty())),
            history: History::of(first),
            stream: Stream::default(),
            failures: Failures::knowing(known),
            aside: None,
            schemas: Schemas::default(),
            observed: Observed::default(),
            sources: Sources::default(),
            export: Export::default(),
            preview: Preview::default(),
            buckets: Buckets::default(),
            status: Status::default(),
            typed: Typed::default(),
            needle: None,
            highlight: None,
            forward: true,
            pending: Vec::new(),
            message: None,
            flash: None,
            jobs: Jobs::default(),
            area: Rect::default(),
        }
    }

    /// What keys mean now.
    pub fn mode(&self) -> Mode {
        match &self.modal {
            Some(modal) => modal.mode(),
            None if self.is_on(ScreenKind::Export) && self.export.wants_text() => Mode::Prompt,
            None => Mode::Normal,
        }
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Vec<Effect> {
        self.message = None;
        let mode = self.mode();
        let key = Key::from_event(event);
        match self.setting.keymap.lookup(mode, &self.pending, key) {
            Lookup::Found(action) => {
                self.pending.clear();
                self.update(action)
            }
            Lookup::Pending => {
                self.pending.push(key);
                vec![]
            }
            Lookup::Unbound => {
                let typed = std::mem::take(&mut self.pending);
                self.unbound(event, key, !typed.is_empty());
                vec![]
            }
        }
    }

    fn unbound(&mut self, event: &KeyEvent, key: Key, in_sequence: bool) {
        let snapshot = self.feed.shown().clone();
        let destination = self.is_on(ScreenKind::Export) && self.export.wants_text();
        let taken = match &mut self.modal {
            Some(Modal::Prompt(prompt)) => prompt.key(event, &snapshot),
            Some(Modal::Palette(palette)) => palette.key(event),
            Some(Modal::Help(help)) => help.key(event),
            Some(Modal::Acknowledge(window)) => window.key(event),
            None if destination => {
                if let Some(request) = edit_request(event) {
                    self.export.edit(request);
                }
                true
            }
            Some(
                Modal::Columns(_)
                | Modal::Filters(_)
                | Modal::Themes(_)
                | Modal::LastEdit(_)
                | Modal::Repairs(_),
            )
            | None => false,
        };
        if !taken && self.modal.is_none() && !in_sequence {
            let help = self.setting.keymap.hint(Mode::Normal, Action::Help);
            self.say(
                Weight::Warning,
                format!("{key} does nothing here; {help} shows the keys"),
            );
        }
    }

    /// A pasted text goes where text is typed.
    pub fn paste(&mut self, text: &str) {
        let snapshot = self.feed.shown().clone();
        let exporting = self.is_on(ScreenKind::Export);
        match &mut self.modal {
            Some(Modal::Prompt(prompt)) => prompt.paste(text, &snapshot),
            Some(Modal::Palette(palette)) => palette.paste(text),
            Some(Modal::Acknowledge(window)) => window.paste(text),
            None if exporting => self.export.insert(text),
            Some(
                Modal::Help(_)
                | Modal::Columns(_)
                | Modal::Filters(_)
                | Modal::Themes(_)
                | Modal::LastEdit(_)
                | Modal::Repairs(_),
            )
            | None => {}
        }
    }

    /// A new snapshot.
    pub fn take_snapshot(&mut self, snapshot: Arc<Snapshot>) {
        self.take_verdicts(&snapshot);
        match &mut self.feed {
            Feed::Live(shown) => *shown = snapshot,
            Feed::Frozen { newest, .. } => *newest = snapshot,
        }
    }

    /// News.
    pub fn take_notice(&mut self, notice: Notice) {
        let is_failure = matches!(
            notice,
            Notice::Failed(_) | Notice::Finished { .. } | Notice::BrokenEdit(Some(_))
        );
        if let Some(text) = self.status.take(notice) {
            self.say(
                if is_failure {
                    Weight::Failure
                } else {
                    Weight::Warning
                },
                text,
            );
        }
    }

    /// How far the run is; true when that is news.
    pub fn take_figures(
        &mut self,
        figures: Figures,
        per_second: Option<f64>,
        memory_bytes: Option<u64>,
    ) -> bool {
        let before = self.status.clone();
        self.status.figures = figures;
        self.status.lines_per_second = per_second;
        self.status.memory_bytes = memory_bytes;
        before != self.status
    }

    /// True while the run goes on.
    pub fn is_reading(&self) -> bool {
        !self.status.finished
    }

    /// Says something in the footer, until the next key.
    pub fn say(&mut self, weight: Weight, text: impl Into<String>) {
        self.message = Some(Message {
            text: text.into(),
            weight,
        });
    }

    fn is_on(&self, screen: ScreenKind) -> bool {
        self.screen == screen
    }

    fn go_to_screen(&mut self, screen: ScreenKind) {
        if self.screen != screen {
            self.trail.push(self.screen);
            self.screen = screen;
        }
    }
}

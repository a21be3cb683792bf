//! Export: where to, in which format, what it will hold; then how far it is, and the identity at the end.
//!
//! ```text
//!  Export a batch
//!
//!    to   s3-staging/px▏
//!    as   ● Parquet   ○ CSV   ○ JSON Lines
//!
//!    table         rows  columns
//!    checkout    12,408       14  good events
//!    rejected     1,204           failed events, with their failures and raw lines
//!
//!    reading ███████████─────────────  41%  204 of 500 objects   412k/s
//! ```

mod render;

use tui_input::InputRequest;

pub use self::render::identity;
use crate::export::Format;
use crate::model::Counters;
use crate::tui::action::Action;
use crate::tui::status::Figures;
use crate::tui::widget::prompt::{PromptError, PromptState};
use crate::tui::widget::table::TableState;

const FORMATS: [(Format, &str); 3] = [
    (Format::Parquet, "Parquet"),
    (Format::Csv, "CSV"),
    (Format::Jsonl, "JSON Lines"),
];

/// One table of the batch, planned or written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportTable {
    /// Its name: the event type's, `rejected`, `failures`.
    pub name: String,
    /// Its rows; `None` where that is not yet known.
    pub rows: Option<u64>,
    /// Its columns; `None` where that is not yet known.
    pub columns: Option<u64>,
    /// Bytes written; `None` before.
    pub bytes: Option<u64>,
    /// What it holds, in few words.
    pub what: String,
}

/// A batch that was published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// The batch's name.
    pub batch: String,
    /// Where its manifest is.
    pub manifest: String,
    /// What was written; empty when nothing was new.
    pub tables: Vec<ExportTable>,
    /// The identity.
    pub counters: Counters,
    /// All inputs were in a published batch already: nothing was written.
    pub nothing_new: bool,
}

/// How far the export is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stage {
    /// Being filled in.
    #[default]
    Editing,
    /// Running.
    Running,
    /// Done.
    Done(Box<Published>),
    /// It failed; a sentence.
    Failed(String),
}

/// The field with the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Field {
    #[default]
    Destination,
    Format,
}

/// The dialog's state; what was typed stays when it closes.
#[derive(Debug, Clone, Default)]
pub struct Export {
    destination: PromptState,
    format: usize,
    field: Field,
    stage: Stage,
    tables: TableState,
}

/// What a key asks of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportRequest {
    /// Start exporting.
    Start {
        /// A folder (or, later, `s3://bucket/prefix`), not empty.
        destination: String,
        /// Of the files.
        format: Format,
    },
    /// Stop the running export; nothing is published.
    Cancel,
    /// Close the dialog.
    Close,
}

/// What is known beside the dialog's own state.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExportData<'a> {
    /// What a batch of what is loaded would hold.
    pub preview: &'a [ExportTable],
    /// How far the running export is.
    pub figures: Figures,
    /// Its speed.
    pub lines_per_second: Option<f64>,
    /// Rows are still arriving, so the preview is of what is there now.
    pub still_reading: bool,
    /// Filters are on, and the batch holds what they hide too.
    pub filtered: bool,
}

impl Export {
    /// True while keys are text for the destination.
    pub fn wants_text(&self) -> bool {
        self.stage == Stage::Editing && self.field == Field::Destination
    }

    /// Edits the destination.
    pub fn edit(&mut self, request: InputRequest) {
        if self.wants_text() {
            self.destination.edit(request);
        }
    }

    /// Pastes into the destination.
    pub fn insert(&mut self, text: &str) {
        if self.wants_text() {
            self.destination.insert(text);
        }
    }

    /// How far it is.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The app says how far it is.
    pub fn set_stage(&mut self, stage: Stage) {
        self.stage = stage;
        self.tables = TableState::default();
    }

    /// Says what is wrong with the destination.
    pub fn refuse(&mut self, message: String) {
        self.stage = Stage::Editing;
        self.field = Field::Destination;
        self.destination
            .set_error(Some(PromptError { at: 0, message }));
    }

    /// Acts on a key.
    pub fn update(&mut self, action: Action) -> Option<ExportRequest> {
        match (&self.stage, action) {
            (Stage::Running, Action::Close | Action::Back) => Some(ExportRequest::Cancel),
            (_, Action::Close | Action::Back) => {
                if self.stage != Stage::Editing {
                    self.set_stage(Stage::Editing);
                }
                Some(ExportRequest::Close)
            }
            (Stage::Editing, Action::Focus | Action::Complete) => {
                self.field = if self.field == Field::Destination {
                    Field::Format
                } else {
                    Field::Destination
                };
                None
            }
            (Stage::Editing, Action::Accept | Action::Open) => self.start(),
            (Stage::Editing, Action::Left) if self.field == Field::Format => {
                self.next_format(FORMATS.len() - 1)
            }
            (Stage::Editing, Action::Right | Action::Toggle) if self.field == Field::Format => {
                self.next_format(1)
            }
            (Stage::Editing, Action::Up | Action::Earlier) if self.field == Field::Format => {
                self.focus(Field::Destination)
            }
            (Stage::Editing, Action::Down | Action::Later) if self.field == Field::Destination => {
                self.focus(Field::Format)
            }
            (Stage::Done(_) | Stage::Failed(_), Action::Accept | Action::Open) => {
                self.set_stage(Stage::Editing);
                None
            }
            (_, Action::Up | Action::Earlier) => self.scroll(-1),
            (_, Action::Down | Action::Later) => self.scroll(1),
            _ => None,
        }
    }

    fn next_format(&mut self, step: usize) -> Option<ExportRequest> {
        self.format = (self.format + step) % FORMATS.len();
        None
    }

    fn focus(&mut self, field: Field) -> Option<ExportRequest> {
        self.field = field;
        None
    }

    fn scroll(&mut self, delta: isize) -> Option<ExportRequest> {
        self.tables.move_by(delta, usize::MAX);
        None
    }

    fn start(&mut self) -> Option<ExportRequest> {
        let destination = self.destination.value().trim().to_owned();
        if destination.is_empty() {
            self.refuse(
                "a folder is needed: it gets data/, rejected/, failures/ and batches/".to_owned(),
            );
            return None;
        }
        Some(ExportRequest::Start {
            destination,
            format: FORMATS[self.format].0,
        })
    }
}

#[cfg(test)]
mod tests;

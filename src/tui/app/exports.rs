//! The Export screen's part of the app.

use std::path::PathBuf;

use super::App;
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::export_job::Order;
use crate::tui::footer::Weight;
use crate::tui::screen::export::{ExportData, ExportRequest, ExportTable, Published, Stage};
use crate::tui::status::Figures;

/// What an export of the loaded rows would hold, and how far the one under way is.
#[derive(Debug, Clone, Default)]
pub(super) struct Preview {
    pub tables: Vec<ExportTable>,
    pub revision: Option<u64>,
    pub figures: Figures,
}

impl App {
    pub(super) fn update_export(&mut self, action: Action) -> Vec<Effect> {
        match self.export.update(action) {
            Some(ExportRequest::Start {
                destination,
                format,
            }) => {
                vec![Effect::StartExport(Order {
                    to: PathBuf::from(destination),
                    format,
                })]
            }
            Some(ExportRequest::Cancel) => vec![Effect::StopExport],
            Some(ExportRequest::Close) => {
                self.screen = self
                    .trail
                    .pop()
                    .unwrap_or(crate::tui::action::ScreenKind::Stream);
                vec![]
            }
            None => vec![],
        }
    }

    /// The export started, or could not.
    pub fn take_export_start(&mut self, started: Result<(), String>) {
        self.preview.figures = Figures::default();
        match started {
            Ok(()) => self.export.set_stage(Stage::Running),
            Err(why) => self.export.refuse(why),
        }
    }

    /// How far the export is.
    pub fn take_export_figures(&mut self, figures: Figures) -> bool {
        let news = self.preview.figures != figures;
        self.preview.figures = figures;
        news
    }

    pub(super) fn take_exported(&mut self, result: Result<Published, String>) {
        let (stage, message) = match result {
            Ok(done) if done.nothing_new => (
                Stage::Done(Box::new(done)),
                (Weight::Done, "nothing new to export".to_owned()),
            ),
            Ok(done) => {
                let text = format!("exported batch {}", done.batch);
                (Stage::Done(Box::new(done)), (Weight::Done, text))
            }
            Err(why) => (
                Stage::Failed(why.clone()),
                (Weight::Failure, format!("not exported: {why}")),
            ),
        };
        self.export.set_stage(stage);
        self.say(message.0, message.1);
    }

    pub(super) fn export_data(&self) -> ExportData<'_> {
        let view = &self.history.now().spec;
        ExportData {
            preview: &self.preview.tables,
            figures: self.preview.figures,
            lines_per_second: None,
            still_reading: self.is_reading(),
            filtered: !view.shows_all_events(),
        }
    }
}

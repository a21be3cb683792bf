//! The repair preview's part of the app.

use super::App;
use crate::contract::{FILE_NAME, Repair};
use crate::pipeline::judging::preview::PreviewRow;
use crate::tui::effect::Effect;
use crate::tui::footer::Weight;
use crate::tui::modal::repairs::Accepted;
use crate::tui::modal::{Modal, RepairPreview};

impl App {
    /// Opens the preview for the selected cause; its counts are a job.
    pub(super) fn open_repairs(&mut self) {
        let cause = self.failures.causes.get(self.failures.table.selected);
        let Some(cause) = cause.map(|group| group.cause.clone()) else {
            return self.say(
                Weight::Warning,
                "only causes of failed values can be repaired",
            );
        };
        let Some(dir) = self.setting.contract.now().1.dir.clone() else {
            return self.say(
                Weight::Warning,
                "there is no contract, so nothing says what a value must be",
            );
        };
        if !cause.code.as_str().starts_with('V') || cause.path.is_empty() {
            let code = cause.code.as_str();
            return self.say(Weight::Warning, format!("{code} has no value to repair"));
        }
        let file = dir.join(FILE_NAME).display().to_string();
        self.modal = Some(Modal::Repairs(RepairPreview::new(cause, file)));
        self.want_repairs();
    }

    /// True while the preview waits for its counts.
    pub(super) fn wants_repairs(&self) -> bool {
        matches!(&self.modal, Some(Modal::Repairs(preview)) if preview.is_counting())
    }

    pub(super) fn take_repairs(&mut self, rows: Vec<PreviewRow>) {
        if let Some(Modal::Repairs(preview)) = &mut self.modal {
            preview.take(rows);
        }
    }

    /// Esc: a question is taken back, else the overlay goes and its job with it.
    pub(super) fn close_repairs(&mut self) {
        if let Some(Modal::Repairs(preview)) = &mut self.modal
            && preview.take_back()
        {
            return;
        }
        if self.wants_repairs() {
            self.stop_repairs();
        }
        self.modal = None;
    }

    pub(super) fn accept_repair(&mut self, mut preview: RepairPreview) -> Vec<Effect> {
        match (preview.accept(), self.setting.contract.now().1.dir.clone()) {
            (Accepted::Write(key, repair), Some(dir)) => {
                vec![Effect::AcceptRepair { dir, key, repair }]
            }
            (Accepted::Stay, _) => {
                self.modal = Some(Modal::Repairs(preview));
                vec![]
            }
            _ => vec![],
        }
    }

    /// A repair was written into `frontlog.toml`, or could not be.
    pub fn take_accepted_repair(&mut self, key: &str, repair: Repair, done: Result<(), String>) {
        match done {
            Ok(()) => self.say(
                Weight::Done,
                format!("{FILE_NAME} now accepts {} for {key}", repair.name()),
            ),
            Err(why) => self.say(Weight::Failure, why),
        }
    }
}

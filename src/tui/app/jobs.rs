//! Which job comes next, and what its answer changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::App;
use crate::frame::View;
use crate::model::Detail;
use crate::tui::action::ScreenKind;
use crate::tui::effect::Effect;
use crate::tui::footer::Weight;
use crate::tui::job::{Answer, Done, Find, Job, Lane, Work};
use crate::tui::screen::stream::Split;

/// Jobs under way and wanted.
#[derive(Default)]
pub(super) struct Jobs {
    view: Running,
    side: Running,
    find: Option<(usize, bool)>,
    /// The selected record is wanted with its raw line, wherever its object is.
    pub want_raw: bool,
    /// Its raw line is to be copied when it comes.
    pub copy_raw: bool,
    /// From where the search under way started, and its direction.
    finding: Option<(usize, bool)>,
}

/// One lane.
#[derive(Default)]
struct Running {
    generation: u64,
    cancel: Option<Arc<AtomicBool>>,
}

impl Running {
    fn start(&mut self, urgent: bool, work: Work) -> Job {
        self.generation += 1;
        let cancel = Arc::new(AtomicBool::new(false));
        self.cancel = Some(cancel.clone());
        Job {
            generation: self.generation,
            cancel,
            urgent,
            work,
        }
    }

    fn stop(&mut self) {
        if let Some(cancel) = &self.cancel {
            cancel.store(true, Ordering::Relaxed);
        }
    }
}

impl App {
    /// True while a job is under way.
    pub fn is_busy(&self, lane: Lane) -> bool {
        self.lane(lane).cancel.is_some()
    }

    fn lane(&self, lane: Lane) -> &Running {
        match lane {
            Lane::View => &self.jobs.view,
            Lane::Side | Lane::Export => &self.jobs.side,
        }
    }

    /// The next job of a free lane, if there is anything to do.
    pub fn next_job(&mut self, lane: Lane) -> Option<Job> {
        if self.is_busy(lane) {
            return None;
        }
        match lane {
            Lane::View => self.next_view(),
            Lane::Side => self.next_side(),
            Lane::Export => None,
        }
    }

    /// True when a person waits for work in this lane.
    pub fn has_urgent(&self, lane: Lane) -> bool {
        match lane {
            Lane::View => {
                *self.stream.view.spec != *self.history.now().spec || self.stream.view.is_empty()
            }
            Lane::Export => false,
            Lane::Side => {
                self.jobs.find.is_some()
                    || self.wants_repairs()
                    || self.row_to_inspect().is_some()
                    || self.is_first_look()
            }
        }
    }

    /// True when there is work for this lane.
    pub fn has_work(&self, lane: Lane) -> bool {
        let revision = self.feed.shown().revision;
        self.has_urgent(lane)
            || match (lane, self.screen) {
                (Lane::View, _) => self.stream.view.revision != revision,
                (Lane::Side, ScreenKind::Failures) => self.failures.revision != Some(revision),
                (Lane::Side, ScreenKind::Schemas) => self.observed.revision != Some(revision),
                (Lane::Side, ScreenKind::Export) => self.preview.revision != Some(revision),
                (Lane::Side | Lane::Export, _) => false,
            }
    }

    fn is_first_look(&self) -> bool {
        match self.screen {
            ScreenKind::Failures => self.failures.revision.is_none(),
            ScreenKind::Schemas => self.observed.revision.is_none(),
            ScreenKind::Export => self.preview.revision.is_none(),
            _ => false,
        }
    }

    fn next_view(&mut self) -> Option<Job> {
        let snapshot = self.feed.shown().clone();
        let spec = &self.history.now().spec;
        let same = *self.stream.view.spec == **spec;
        if same && self.stream.view.revision == snapshot.revision {
            return None;
        }
        let base = if same {
            self.stream.view.clone()
        } else {
            new_view(spec)
        };
        let urgent = !same || base.is_empty();
        Some(
            self.jobs
                .view
                .start(urgent, Work::View(snapshot, Box::new(base))),
        )
    }

    fn next_side(&mut self) -> Option<Job> {
        let snapshot = self.feed.shown().clone();
        if let (Some((from, forward)), Some(needle)) = (self.jobs.find.take(), self.needle.clone())
        {
            self.jobs.finding = Some((from, forward));
            let find = Find {
                snapshot,
                view: self.stream.view.clone(),
                needle,
                from,
                forward,
            };
            return Some(self.jobs.side.start(true, Work::Find(Box::new(find))));
        }
        if self.wants_repairs() {
            return Some(self.jobs.side.start(true, Work::Repairs(snapshot)));
        }
        if let Some(row) = self.row_to_inspect() {
            self.jobs.want_raw = false;
            return Some(self.jobs.side.start(true, Work::Inspect(snapshot, row)));
        }
        match self.screen {
            ScreenKind::Failures if self.failures.revision != Some(snapshot.revision) => {
                let first = self.failures.revision.is_none();
                Some(self.jobs.side.start(first, Work::Causes(snapshot)))
            }
            ScreenKind::Schemas if self.observed.revision != Some(snapshot.revision) => {
                let first = self.observed.revision.is_none();
                Some(self.jobs.side.start(first, Work::Observe(snapshot)))
            }
            ScreenKind::Export if self.preview.revision != Some(snapshot.revision) => {
                let first = self.preview.revision.is_none();
                Some(self.jobs.side.start(first, Work::Preview(snapshot)))
            }
            _ => None,
        }
    }

    /// The arrangement changed: a view of the old one is not worth finishing.
    pub(super) fn arrangement_changed(&mut self) {
        self.jobs.view.stop();
    }

    /// The counts of the repair preview come before what the lane does now.
    pub(super) fn want_repairs(&mut self) {
        self.jobs.side.stop();
    }

    pub(super) fn stop_repairs(&mut self) {
        self.jobs.side.stop();
    }

    /// Searches from a position of the view on.
    pub(super) fn find(&mut self, from: usize, forward: bool) {
        self.jobs.side.stop();
        self.jobs.find = Some((from, forward));
    }

    /// The selected record while its detail is shown without its raw line. Local objects are read unasked, because
    /// that costs little; a GET of a whole S3 object is not made for every row that the cursor passes.
    fn row_to_inspect(&self) -> Option<u32> {
        let detail = self
            .stream
            .detail
            .as_ref()
            .filter(|_| !self.stream.inspected && self.is_on(ScreenKind::Stream))?;
        let visible = self.stream.split != Split::None;
        let local = !detail.object_uri.contains("://") && &*detail.object_uri != "-";
        (self.jobs.want_raw || (visible && local)).then_some(detail.row)
    }

    /// What is being waited for, for the footer.
    pub(super) fn waiting_for(&self) -> Option<&'static str> {
        if self.jobs.finding.is_some() && self.is_busy(Lane::Side) {
            return Some("searching…");
        }
        let same = *self.stream.view.spec == *self.history.now().spec;
        (!same).then_some("filtering…")
    }

    /// Gives up what a person may be waiting for; true when there was something.
    pub(super) fn cancel_waiting(&mut self) -> bool {
        if self.jobs.finding.take().is_some() {
            self.jobs.side.stop();
            return true;
        }
        false
    }

    /// Takes an answer; a stale one changes nothing.
    pub fn take_done(&mut self, done: Done) -> Vec<Effect> {
        if let Answer::Exported(result) = done.answer {
            self.take_exported(*result);
            return vec![];
        }
        let running = match done.lane {
            Lane::View => &mut self.jobs.view,
            Lane::Side | Lane::Export => &mut self.jobs.side,
        };
        if running.generation != done.generation {
            return vec![];
        }
        running.cancel = None;
        match done.answer {
            Answer::View(snapshot, view) => self.take_view(&snapshot, view),
            Answer::Causes(snapshot, causes, rejects) => {
                self.failures.take(&snapshot, causes, rejects);
            }
            Answer::Observed(snapshot, types) => {
                self.observed.types = types;
                self.observed.revision = Some(snapshot.revision);
            }
            Answer::Repairs(rows) => self.take_repairs(rows),
            Answer::Found(position) => self.take_found(position),
            Answer::Inspected(detail) => return self.take_detail(*detail),
            Answer::Preview(snapshot, tables) => {
                self.preview.revision = Some(snapshot.revision);
                match tables {
                    Ok(tables) => self.preview.tables = tables,
                    Err(why) => self.say(Weight::Warning, why),
                }
            }
            Answer::Cancelled | Answer::Exported(_) => {}
            Answer::Broken(text) => self.say(Weight::Failure, text),
        }
        vec![]
    }

    fn take_view(&mut self, snapshot: &crate::frame::Snapshot, view: View) {
        let shown = self.feed.shown();
        if *view.spec != *self.history.now().spec || snapshot.revision > shown.revision {
            return;
        }
        self.stream.take_view(view);
    }

    fn take_found(&mut self, position: Option<usize>) {
        let Some((from, forward)) = self.jobs.finding.take() else {
            return;
        };
        let text = self
            .needle
            .as_ref()
            .map_or("", |needle| needle.text())
            .to_owned();
        match position {
            None => self.say(Weight::Warning, format!("no row has {text:?}")),
            Some(at) => {
                let around = if forward { at <= from } else { at >= from };
                if at == from {
                    self.say(Weight::Done, "the only row with it");
                } else if around {
                    self.say(Weight::Done, "went round the end");
                }
                self.stream.go_to(at);
            }
        }
    }

    fn take_detail(&mut self, detail: Detail) -> Vec<Effect> {
        let copy = std::mem::take(&mut self.jobs.copy_raw);
        let text = copy.then(|| String::from_utf8_lossy(&detail.raw).into_owned());
        if let (true, Some(why)) = (copy, &detail.raw_error) {
            self.say(Weight::Warning, why.clone());
        }
        self.stream.take_detail(detail);
        text.filter(|text| !text.is_empty())
            .map(|text| Effect::Copy {
                text,
                what: "raw line",
            })
            .into_iter()
            .collect()
    }
}

/// A view that has seen nothing.
fn new_view(spec: &Arc<crate::frame::ViewSpec>) -> View {
    let mut view = View::default();
    view.spec = spec.clone();
    view
}

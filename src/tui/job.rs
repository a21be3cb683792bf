//! Work that looks at many rows: done on threads of its own, one piece a lane, answers with the generation they are for.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use tokio_util::sync::CancellationToken;

use crate::frame::causes::{CauseGroup, CauseOptions, RejectGroup, group_causes, group_rejects};
use crate::frame::observed::{ObservedType, observe};
use crate::frame::view::Needle;
use crate::frame::{Snapshot, View};
use crate::model::{Detail, Progress};
use crate::pipeline::ContractInForce;
use crate::pipeline::inspect::Inspector;
use crate::pipeline::judging::preview::PreviewRow;
use crate::pipeline::preview_repairs;
use crate::source;
use crate::tui::export_job::{self, Exporting, Order};
use crate::tui::screen::export::{ExportTable, Published};

/// Two lanes, so that a slow look at all events never holds up a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Views of the Stream.
    View,
    /// Everything else on the screen.
    Side,
    /// The export.
    Export,
}

/// A piece of work.
pub struct Job {
    /// Answers of an older generation are dropped.
    pub generation: u64,
    /// Set to give up.
    pub cancel: Arc<AtomicBool>,
    /// A person waits for it.
    pub urgent: bool,
    /// What to do.
    pub work: Work,
}

/// What to do.
pub enum Work {
    /// Bring a view up to a snapshot; a view that has seen nothing is computed.
    View(Arc<Snapshot>, Box<View>),
    /// Group failures.
    Causes(Arc<Snapshot>),
    /// Look at all properties.
    Observe(Arc<Snapshot>),
    /// Search.
    Find(Box<Find>),
    /// Count what each repair would do.
    Repairs(Arc<Snapshot>),
    /// Say what an export would hold.
    Preview(Arc<Snapshot>),
    /// Look at a record with its raw line, read again from its object.
    Inspect(Arc<Snapshot>, u32),
}

/// A search.
pub struct Find {
    /// In this.
    pub snapshot: Arc<Snapshot>,
    /// Among these rows.
    pub view: View,
    /// For this.
    pub needle: Needle,
    /// From this position on, which comes last.
    pub from: usize,
    /// Down, or up.
    pub forward: bool,
}

/// What came out.
pub enum Answer {
    /// A view of that snapshot.
    View(Arc<Snapshot>, View),
    /// Groups, for that snapshot.
    Causes(Arc<Snapshot>, Vec<CauseGroup>, Vec<RejectGroup>),
    /// Event types, for that snapshot.
    Observed(Arc<Snapshot>, Vec<ObservedType>),
    /// What each repair would do, by cause.
    Repairs(Vec<PreviewRow>),
    /// The position of a hit.
    Found(Option<usize>),
    /// A record with its raw line.
    Inspected(Box<Detail>),
    /// What an export of that snapshot would hold, or why there can be none.
    Preview(Arc<Snapshot>, Result<Vec<ExportTable>, String>),
    /// What was exported, or why nothing was.
    Exported(Box<Result<Published, String>>),
    /// It was cancelled.
    Cancelled,
    /// It broke: a bug, said as it is.
    Broken(String),
}

/// An answer on its way.
pub struct Done {
    /// Of which lane.
    pub lane: Lane,
    /// For which generation.
    pub generation: u64,
    /// How long it took.
    pub took: Duration,
    /// What came out.
    pub answer: Answer,
}

/// What jobs need beside what they are given.
#[derive(Debug, Clone)]
pub struct Means {
    /// How events are judged.
    pub contract: Arc<ContractInForce>,
    /// How objects are reached.
    pub source: source::Options,
    /// How a batch is exported, if it can be.
    pub exporting: Option<Exporting>,
}

/// The worker threads.
pub struct Workers {
    view: Sender<Job>,
    side: Sender<Job>,
    answers: Sender<Done>,
    /// Answers.
    pub done: Receiver<Done>,
}

impl Workers {
    /// Starts both. They end when this is dropped; a job in work is cancelled by its own flag.
    ///
    /// # Errors
    /// No thread could be started.
    pub fn start(means: &Means) -> std::io::Result<Self> {
        let (to, done) = bounded(4);
        let spawn = |name: &str, lane: Lane| {
            let (sender, jobs) = bounded::<Job>(1);
            let (to, means) = (to.clone(), means.clone());
            std::thread::Builder::new()
                .name(name.into())
                .spawn(move || work(lane, &jobs, &to, &means))?;
            Ok::<_, std::io::Error>(sender)
        };
        Ok(Self {
            view: spawn("view", Lane::View)?,
            side: spawn("side", Lane::Side)?,
            answers: to,
            done,
        })
    }

    /// Hands a job over; false when the lane is not free, which the caller should know.
    pub fn give(&self, lane: Lane, job: Job) -> bool {
        let sender = match lane {
            Lane::View => &self.view,
            Lane::Side => &self.side,
            Lane::Export => return false,
        };
        sender.try_send(job).is_ok()
    }
}

/// An export under way.
pub struct ExportRun {
    /// How far it is.
    pub progress: Arc<Progress>,
    /// Stops it.
    pub cancel: CancellationToken,
}

impl Workers {
    /// Starts an export on a thread of its own.
    ///
    /// # Errors
    /// No thread could be started.
    pub fn export(&self, exporting: Exporting, order: Order) -> std::io::Result<ExportRun> {
        let (progress, cancel) = (Arc::new(Progress::default()), CancellationToken::new());
        let run = ExportRun {
            progress: progress.clone(),
            cancel: cancel.clone(),
        };
        let to = self.answers.clone();
        std::thread::Builder::new()
            .name("export".into())
            .spawn(move || {
                let start = Instant::now();
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    exporting.0(&order, &progress, &cancel)
                }));
                let result = match result {
                    Ok(result) => result.map_err(|e| e.to_string()),
                    Err(_) => Err("the export broke; please report this".to_owned()),
                };
                let answer = Answer::Exported(Box::new(result));
                let _ = to.send(Done {
                    lane: Lane::Export,
                    generation: 0,
                    took: start.elapsed(),
                    answer,
                });
            })?;
        Ok(run)
    }
}

fn work(lane: Lane, jobs: &Receiver<Job>, to: &Sender<Done>, means: &Means) {
    let mut inspector = Inspector::default();
    for job in jobs {
        let (generation, start) = (job.generation, Instant::now());
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            answer(job, &mut inspector, means)
        }));
        let answer = answer.unwrap_or_else(|_| {
            Answer::Broken("a background job broke; please report this".to_owned())
        });
        if to
            .send(Done {
                lane,
                generation,
                took: start.elapsed(),
                answer,
            })
            .is_err()
        {
            return;
        }
    }
}

fn answer(job: Job, inspector: &mut Inspector, means: &Means) -> Answer {
    let cancel = &job.cancel;
    match job.work {
        Work::View(snapshot, base) => base
            .extend(&snapshot, cancel)
            .map_or(Answer::Cancelled, |view| Answer::View(snapshot, view)),
        Work::Causes(snapshot) => {
            match group_causes(&snapshot, None, CauseOptions::default(), cancel) {
                None => Answer::Cancelled,
                Some(groups) => {
                    let rejects = group_rejects(&snapshot);
                    Answer::Causes(snapshot, groups, rejects)
                }
            }
        }
        Work::Observe(snapshot) => observe(&snapshot, cancel)
            .map_or(Answer::Cancelled, |types| Answer::Observed(snapshot, types)),
        Work::Find(find) => Answer::Found(find.view.find_next(
            &find.snapshot,
            &find.needle,
            find.from,
            find.forward,
            cancel,
        )),
        Work::Repairs(snapshot) => preview_repairs(&snapshot, &means.contract.now().1, cancel)
            .map_or(Answer::Cancelled, Answer::Repairs),
        Work::Preview(snapshot) => {
            let tables = export_job::preview(&snapshot);
            Answer::Preview(snapshot, tables)
        }
        Work::Inspect(snapshot, row) => {
            match inspector.inspect(&snapshot, row, &means.contract.contract(), &means.source) {
                Ok(detail) => Answer::Inspected(Box::new(detail)),
                Err(why) => Answer::Broken(why.to_string()),
            }
        }
    }
}

//! An edit of the contract while a run goes on: everything is judged by the new one, and nobody sees half of it.
//!
//! Workers judge by the new contract from their next batch on. What is in the frame is judged again before any further
//! batch is taken, and published at once; a batch that comes later and was judged by an older contract is judged again
//! before it is taken. So each record is counted once, and everything that is published is of one contract.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, never, select};
use tokio_util::sync::CancellationToken;

use crate::contract::change::Change;
use crate::contract::{Contract, EventSchema};
use crate::error::{Error, Result};
use crate::frame::rejudged::JudgedRows;
use crate::model::{Batch, Notice};
use crate::pipeline::duplicates::Duplicates;
use crate::pipeline::in_force::Edition;
use crate::pipeline::rejudge::{self, Judges, Plan};
use crate::pipeline::run::{End, Taker};

/// How often the caller's token is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How judging again ended.
enum Outcome {
    Judged(Vec<JudgedRows>),
    /// A newer edition came, and what was done is of no use.
    Newer(Arc<Contract>),
}

impl End<'_, '_> {
    /// Puts a contract into force, or one that comes while what is loaded is still being judged.
    ///
    /// # Errors
    /// Cancelled.
    pub(super) fn edited(&mut self, edition: Edition, cancel: &CancellationToken) -> Result<()> {
        let Some(contract) = self.readable(edition) else {
            return Ok(());
        };
        self.tell(Notice::Judging(true));
        let mut next = Some(contract);
        while let Some(contract) = next.take() {
            let mut contract = Contract::clone(&contract);
            contract.keep_words(&self.judged_by);
            for warning in &contract.warnings {
                if !self.judged_by.warnings.contains(warning) {
                    self.tell(Notice::Warning(warning.clone()));
                }
            }
            next = self.put_into_force(&Arc::new(contract), cancel)?;
        }
        self.tell(Notice::Judging(false));
        Ok(())
    }

    /// The contract of an edition; says it where that cannot be read, or can again.
    fn readable(&self, edition: Edition) -> Option<Arc<Contract>> {
        match edition {
            Edition::Contract(contract) => Some(contract),
            Edition::Broken(why) => {
                self.tell(Notice::BrokenEdit(why));
                None
            }
        }
    }

    /// Gives the newer contract that came in the meantime.
    fn put_into_force(
        &mut self,
        contract: &Arc<Contract>,
        cancel: &CancellationToken,
    ) -> Result<Option<Arc<Contract>>> {
        let change = Change::between(&self.judged_by, contract);
        let declared = contract.schemas.iter().map(EventSchema::event_type);
        self.types.redeclare(declared);
        if change.all || !contract.schemas.is_empty() {
            self.types.forget_ways();
        }
        self.edition = self.shared.contract.put(contract.clone());
        self.late = None;
        if !change.is_nothing()
            && let Some(newer) = self.judge_again(contract, &change, cancel)?
        {
            return Ok(Some(newer));
        }
        self.judged_by = contract.clone();
        Ok(None)
    }

    fn judge_again(
        &mut self,
        contract: &Arc<Contract>,
        change: &Change,
        cancel: &CancellationToken,
    ) -> Result<Option<Arc<Contract>>> {
        let Taker::Frame(writer) = &*self.sink else {
            return Ok(None);
        };
        let causes = self.causes.list();
        let types = self.types.list().len();
        let plan = Plan::new(writer.state().clone(), causes, change).with_types(types);
        let judges = (0..self.threads).map(|_| self.judges(contract)).collect();
        let mut parts = match self.carry_out(&plan, judges, cancel)? {
            Outcome::Judged(parts) => parts,
            Outcome::Newer(contract) => return Ok(Some(contract)),
        };
        if change.all {
            let (causes, types) = (self.shared.causes.clone(), self.shared.types.clone());
            self.duplicates = Duplicates::new(&contract.routing, causes, types);
            for part in &mut parts {
                self.duplicates.mark(&mut part.batch);
            }
        } else {
            for part in &mut parts {
                let known = plan.duplicates(part);
                self.duplicates.mark_again(&mut part.batch, &known);
            }
        }
        let touched = plan.into_touched();
        let Taker::Frame(writer) = &mut *self.sink else {
            return Ok(None);
        };
        for (object, was, is) in writer.replace(&touched, parts)? {
            self.counters.replace(&was, &is);
            if let Some(state) = self.objects.get_mut(object.0 as usize) {
                state.counters.replace(&was, &is);
            }
        }
        Ok(None)
    }

    /// Carries a plan out on other threads, and listens meanwhile.
    fn carry_out(
        &self,
        plan: &Plan,
        judges: Vec<Judges>,
        cancel: &CancellationToken,
    ) -> Result<Outcome> {
        let mut editions = self.editions();
        let (stop, progress) = (AtomicBool::new(false), &self.shared.progress);
        let (done, judged) = bounded(1);
        std::thread::scope(|scope| {
            let stop = &stop;
            scope.spawn(move || done.send(plan.judge(judges, stop, progress)));
            loop {
                select! {
                    recv(judged) -> parts => return match parts {
                        Ok(Some(parts)) => Ok(Outcome::Judged(parts)),
                        // It panicked, which the scope passes on.
                        _ => Err(Error::Cancelled),
                    },
                    recv(editions) -> edition => match edition {
                        Ok(edition) => if let Some(newer) = self.readable(edition) {
                            stop.store(true, Ordering::Relaxed);
                            return Ok(Outcome::Newer(newer));
                        },
                        Err(_) => editions = never(),
                    },
                    default(LOOK) => if cancel.is_cancelled() {
                        stop.store(true, Ordering::Relaxed);
                        return Err(Error::Cancelled);
                    },
                }
            }
        })
    }

    /// Judges a batch again that was judged by an older contract.
    pub(super) fn bring_up_to_date(&mut self, batch: &mut Batch) {
        if batch.contract == self.edition {
            return;
        }
        let contract = self.judged_by.clone();
        let mut judges = match self.late.take() {
            Some(judges) => judges,
            None => Box::new(self.judges(&contract)),
        };
        rejudge::batch(&mut judges, batch, &self.causes.list());
        self.late = Some(judges);
        batch.contract = self.edition;
    }

    fn judges(&self, contract: &Arc<Contract>) -> Judges {
        let judging = self.shared.judging(contract.clone());
        Judges::new(judging, contract, self.causes)
    }

    fn editions(&self) -> Receiver<Edition> {
        let watched = self.watched.as_ref();
        watched.map_or_else(never, |watched| watched.editions.clone())
    }

    fn tell(&self, notice: Notice) {
        if let Some(watched) = &self.watched {
            let _ = watched.news.send(notice);
        }
    }
}

//! One run, from the source to the sink.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, never, unbounded};
use tokio_util::sync::CancellationToken;

use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::frame::writer::FrameWriter;
use crate::model::{
    Batch, Causes, Counters, EventTypes, LogObject, Notice, ObjectId, ObjectState, ObjectStatus,
    Progress, Sink, SoFar,
};
use crate::parse::Formats;
use crate::pipeline::again::Watched;
use crate::pipeline::duplicates::Duplicates;
use crate::pipeline::feeder::{Feeder, Listing, notice};
use crate::pipeline::in_force::Edition;
use crate::pipeline::keeping::Keeping;
use crate::pipeline::ordered::Ordered;
use crate::pipeline::parquet::Budget;
use crate::pipeline::rejudge::Judges;
use crate::pipeline::versions::Versions;
use crate::pipeline::worker::{Shared, Worker};
use crate::pipeline::{ContractInForce, RunOptions, RunSummary};
use crate::source;

/// How often the sink is told that nothing came, so that it can publish what it holds back.
pub(super) const IDLE: Duration = Duration::from_millis(50);

/// Reads everything, judges it, and hands the batches to `sink` in order, on the calling thread.
///
/// # Errors
/// What the source says (missing path, bucket, permission), what the sink says (disk), [`Error::Cancelled`], and
/// [`Error::Identity`] when the counts do not add up.
pub fn run(
    options: &RunOptions,
    sink: &mut dyn Sink,
    progress: &Arc<Progress>,
    cancel: &CancellationToken,
) -> Result<RunSummary> {
    let taker = Taker::Any(sink);
    run_with(options, None, taker, progress, cancel, None)
}

/// The same, and every batch has beside it what its records are under another contract.
///
/// # Errors
/// As [`run`].
pub fn run_against(
    options: &RunOptions,
    other: &Arc<Contract>,
    sink: &mut dyn Sink,
    progress: &Arc<Progress>,
    cancel: &CancellationToken,
) -> Result<RunSummary> {
    let taker = Taker::Any(sink);
    run_with(options, Some(other), taker, progress, cancel, None)
}

pub(super) fn run_with(
    options: &RunOptions,
    against: Option<&Arc<Contract>>,
    mut taker: Taker<'_>,
    progress: &Arc<Progress>,
    cancel: &CancellationToken,
    watcher: Option<&Watcher>,
) -> Result<RunSummary> {
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        n => n,
    };
    let sink = taker.sink();
    // Ends the threads below when this function returns early, without cancelling the caller's token.
    let stop = cancel.child_token();
    let _stop_on_return = stop.clone().drop_guard();
    let formats = Arc::new(Formats::new(&options.source.formats)?);
    let mut source = options.source.clone();
    let (keeping, warning) = Keeping::open(&mut source, sink)?;
    let taken = source.following.taken.clone();
    let (ask, asks) = unbounded();
    let arrivals = if watcher.is_some() {
        source::start_and_stay(source, stop.clone(), asks)?
    } else {
        source::start(source, stop.clone())?
    };
    let types = Arc::new(EventTypes::default());
    let causes = Arc::new(Causes::default());
    let shared = Shared {
        contract: watcher.map_or_else(
            || Arc::new(ContractInForce::new(options.contract.clone())),
            |watcher| watcher.in_force.clone(),
        ),
        against: against.cloned(),
        types: types.clone(),
        causes: causes.clone(),
        needs: options.needs,
        words: Shared::words(),
        progress: progress.clone(),
        cancel: stop.clone(),
        streams: AtomicUsize::new(0),
        read_before: std::sync::Mutex::default(),
        versions: options.source.follow.then(|| Versions::after(&taken)),
        parquet: Budget::new(options.source.bytes_in_flight),
        repairs: std::sync::Mutex::default(),
    };
    sink.start(&types, &causes, &shared.words);
    let (unit_sender, units) = bounded(2 * threads);
    let (part_sender, parts) = bounded(2 * threads);
    let (batch_sender, batches) = bounded(2 * threads);
    let (token_sender, tokens) = bounded(4 * threads);
    let (listing_sender, listing) = unbounded();
    for _ in 0..4 * threads {
        let _ = token_sender.send(());
    }
    let follow = options.source.follow;
    std::thread::scope(|scope| {
        let feeder = Feeder {
            units: unit_sender,
            listing: listing_sender,
            tokens,
            progress: progress.as_ref(),
            cancel: &shared.cancel,
            versions: shared.versions.as_ref(),
            follow,
            formats,
        };
        scope.spawn(move || feeder.feed(&arrivals));
        for _ in 0..threads {
            let worker = Worker::new(
                &shared,
                units.clone(),
                (part_sender.clone(), parts.clone()),
                batch_sender.clone(),
            );
            scope.spawn(move || worker.work());
        }
        drop((units, part_sender, parts, batch_sender));
        let mut end = End {
            sink: &mut taker,
            threads,
            edition: 0,
            judged_by: options.contract.clone(),
            late: None,
            duplicates_against: against
                .map(|other| Duplicates::new(&other.routing, causes.clone(), types.clone())),
            duplicates: Duplicates::new(&options.contract.routing, causes.clone(), types.clone()),
            ordered: Ordered::default(),
            objects: Vec::new(),
            counters: Counters::default(),
            warnings: options.contract.warnings.clone(),
            tokens: token_sender,
            shared: &shared,
            watched: watcher.map(|watcher| Watched {
                news: &watcher.news,
                asked: &watcher.asked,
                editions: watcher.editions.clone(),
                ask: Some(ask),
                complete_at: None,
                at_rest: false,
            }),
            keeping,
            causes: &causes,
            types: &types,
        };
        if let Some(text) = warning {
            end.listing(Listing::Warning(text))?;
        }
        let result = end.collect(&batches, &listing, cancel);
        let result = match end.save(true) {
            Err(e) if result.is_ok() => Err(e),
            _ => result,
        };
        stop.cancel();
        // Unblocks whoever still sends, so that the scope can join its threads.
        drop(batches);
        drop(listing);
        let End {
            objects,
            counters,
            mut warnings,
            tokens,
            duplicates,
            ..
        } = end;
        warnings.extend(duplicates.warning());
        drop(tokens);
        result?;
        counters.identity().map_err(Error::Identity)?;
        let counted = shared.repairs.lock();
        let repairs = counted
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .rows(&shared.contract.now().1);
        Ok(RunSummary {
            counters,
            objects,
            causes: causes.list(),
            event_types: types.list(),
            found_by: types.found_by(),
            warnings,
            repairs,
        })
    })
}

/// Who watches a run.
pub(super) struct Watcher {
    pub news: Sender<Notice>,
    /// Objects to be read again.
    pub asked: Receiver<Vec<ObjectId>>,
    /// The contract, as often as it is edited.
    pub editions: Receiver<Edition>,
    pub in_force: Arc<ContractInForce>,
}

/// The sink of a run. Only a frame can be judged again.
pub(super) enum Taker<'a> {
    Any(&'a mut dyn Sink),
    Frame(&'a mut FrameWriter),
}

impl Taker<'_> {
    pub fn sink(&mut self) -> &mut dyn Sink {
        match self {
            Self::Any(sink) => *sink,
            Self::Frame(writer) => *writer,
        }
    }
}

/// The end of the pipeline: order, duplicates, the list of objects, the counts.
pub(super) struct End<'a, 't> {
    pub(super) sink: &'a mut Taker<'t>,
    pub(super) threads: usize,
    /// Which edition of the contract everything in the sink is judged by, and that contract.
    pub(super) edition: u64,
    pub(super) judged_by: Arc<Contract>,
    /// What judges batches that come judged by an older one.
    pub(super) late: Option<Box<Judges>>,
    pub(super) duplicates: Duplicates,
    /// The same under the other contract.
    duplicates_against: Option<Duplicates>,
    pub(super) ordered: Ordered,
    pub(super) objects: Vec<ObjectState>,
    pub(super) counters: Counters,
    warnings: Vec<String>,
    /// One goes back for each finished unit.
    tokens: Sender<()>,
    pub(super) shared: &'a Shared,
    pub(super) watched: Option<Watched<'a>>,
    keeping: Keeping,
    pub(super) causes: &'a Causes,
    pub(super) types: &'a EventTypes,
}

impl End<'_, '_> {
    fn collect(
        &mut self,
        batches: &Receiver<Batch>,
        listing: &Receiver<Listing>,
        cancel: &CancellationToken,
    ) -> Result<()> {
        let mut asked = self
            .watched
            .as_ref()
            .map_or_else(never, |w| w.asked.clone());
        let mut editions = self
            .watched
            .as_ref()
            .map_or_else(never, |w| w.editions.clone());
        loop {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            crossbeam_channel::select! {
                recv(editions) -> edition => match edition {
                    Ok(edition) => self.edited(edition, cancel)?,
                    Err(_) => editions = never(),
                },
                recv(asked) -> ids => match ids {
                    Ok(ids) => self.again(&ids),
                    Err(_) => {
                        asked = never();
                        if let Some(watched) = &mut self.watched {
                            watched.ask = None;
                        }
                    }
                },
                recv(listing) -> news => match news {
                    Ok(news) => self.listing(news)?,
                    // The feeder is gone: only batches remain.
                    Err(_) => return self.drain(batches, cancel),
                },
                recv(batches) -> batch => match batch {
                    Ok(batch) => {
                        // A batch may not be taken before the objects it speaks of are known.
                        while let Ok(news) = listing.try_recv() {
                            self.listing(news)?;
                        }
                        self.batch(batch)?;
                    }
                    Err(_) => {
                        while let Ok(news) = listing.recv() {
                            self.listing(news)?;
                        }
                        return self.check_complete();
                    }
                },
                default(self.patience()) => self.rest()?,
            }
        }
    }

    fn drain(&mut self, batches: &Receiver<Batch>, cancel: &CancellationToken) -> Result<()> {
        loop {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            match batches.recv_timeout(IDLE) {
                Ok(batch) => self.batch(batch)?,
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => self.rest()?,
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => {
                    return self.check_complete();
                }
            }
        }
    }

    /// Nothing came for a while.
    fn rest(&mut self) -> Result<()> {
        self.save(false)?;
        self.sink.sink().idle()
    }

    /// Writes the state of a followed run where that is due, or at its `last` chance.
    fn save(&mut self, last: bool) -> Result<()> {
        // In the midst of a unit the sink has taken more than the positions say.
        if !self.ordered.is_between_units() {
            return Ok(());
        }
        let so_far = SoFar {
            counters: &self.counters,
            objects: &self.objects,
            causes: self.causes,
            types: self.types,
        };
        match self.keeping.save(self.sink.sink(), &so_far, last)? {
            Some(text) => self.listing(Listing::Warning(text)),
            None => Ok(()),
        }
    }

    /// A worker that died would leave a hole in the order: that must never look like success.
    fn check_complete(&self) -> Result<()> {
        if self.ordered.is_empty() {
            return Ok(());
        }
        Err(Error::Identity(
            "a worker ended before its batch arrived".to_owned(),
        ))
    }

    fn listing(&mut self, news: Listing) -> Result<()> {
        if let (Some(watched), Some(notice)) = (&self.watched, notice(&news)) {
            let _ = watched.news.send(notice);
        }
        match news {
            Listing::Found(objects) => {
                self.sink.sink().listed(&objects);
                self.objects.extend(objects.into_iter().map(waiting));
            }
            Listing::Warning(text) => self.warnings.push(text),
            Listing::Relisted(index, object) => {
                if let Some(state) = self.objects.get_mut(index as usize) {
                    state.object = object.clone();
                    self.sink.sink().relisted(ObjectId(index), &object);
                }
            }
            Listing::Complete(unit) => {
                if let Some(watched) = &mut self.watched {
                    watched.complete_at = Some(unit);
                }
                self.tell_completion();
            }
            Listing::Behind(_) => {}
            Listing::Marks(unit, marks) => self.keeping.wait(unit, marks),
            Listing::Floor(unit, hour) => {
                self.keeping.wait_floor(unit, hour);
                self.keeping.taken(self.ordered.next_unit(), &self.objects);
            }
            Listing::Failed(e) => return Err(e),
        }
        Ok(())
    }

    fn batch(&mut self, batch: Batch) -> Result<()> {
        self.ordered.put(batch);
        while let Some(mut batch) = self.ordered.next() {
            self.bring_up_to_date(&mut batch);
            self.duplicates.mark(&mut batch);
            if let Some((duplicates, other)) =
                self.duplicates_against.as_mut().zip(batch.against.as_mut())
            {
                duplicates.mark(other);
            }
            for count in &batch.objects {
                // What could not be read is tried again by itself while following.
                if count.status.is_some() {
                    self.no_longer_unreadable(count.object);
                }
                if let Some(state) = self.objects.get_mut(count.object.0 as usize) {
                    state.counters.add(&count.counters);
                    if let Some(status) = &count.status {
                        state.status = status.clone();
                    }
                }
                self.counters.add(&count.counters);
            }
            let last_part = batch.last_part;
            let read_lines = std::mem::take(&mut batch.read_lines);
            self.keeping.note_lines(read_lines, &self.objects);
            self.sink.sink().take(batch)?;
            if last_part {
                let _ = self.tokens.try_send(());
                self.keeping.taken(self.ordered.next_unit(), &self.objects);
                self.save(false)?;
            }
        }
        self.tell_completion();
        Ok(())
    }
}

fn waiting(object: Arc<LogObject>) -> ObjectState {
    ObjectState {
        object,
        status: ObjectStatus::Waiting,
        counters: Counters::default(),
    }
}

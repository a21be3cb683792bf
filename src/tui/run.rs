//! The loop: waits for one of the things that can happen, in a stated order, acts, and draws only when something
//! changed and nothing more is waiting.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select_biased};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::frame::Snapshot;
use crate::pipeline::Handle;
use crate::tui::app::App;
use crate::tui::input::Event;
use crate::tui::job::Means;
use crate::tui::session::{Flow, Session};
use crate::tui::status::{Figures, resident_bytes};
use crate::tui::terminal::Host;

/// How often figures are looked at while reading.
const TICK: Duration = Duration::from_millis(250);

/// Runs the app until the user quits (`Ok`, with the number of objects that could not be read) or a signal ends it ([`Error::Cancelled`]). `start` is called after the
/// first frame, so that the screen is there before anything is listed.
///
/// The order of waiting is the order of importance: keys first, so that the screen answers while a million rows
/// arrive; then answers that a person asked for; then news; then snapshots, of which only the newest counts. The risk
/// taken: keys that come faster than they are handled would starve the rest; a key takes well under a millisecond.
///
/// # Errors
/// What `start` says, a terminal that is gone, a signal.
pub fn run<B: Backend, H: Host>(
    terminal: &mut Terminal<B>,
    host: H,
    app: App,
    events: &Receiver<Event>,
    (means, start): (&Means, impl FnOnce() -> Result<Handle>),
) -> Result<u64> {
    let mut session = Session::new(app, terminal, host, means)?;
    session.draw()?;
    let handle = start()?;
    session.ask_through(handle.again.clone());
    let _stop_on_return = handle.cancel.clone().drop_guard();
    let changed = forward_changes(handle.snapshots.clone(), handle.cancel.clone())?;
    let mut snapshots = handle.snapshots.clone();
    let mut meter = Meter::default();
    let mut waiting = Waiting {
        events: events.clone(),
        notices: handle.notices.clone(),
        changed,
    };
    loop {
        let job_due = session.give_jobs();
        session.look_at_export();
        let reading = session.app.is_reading() || session.is_exporting() || handle.is_judging();
        if reading {
            meter.read(&mut session, &handle);
        }
        if session.app.end_flash(Instant::now()) {
            session.soon();
        }
        let deadlines = [
            session.frame_due(),
            job_due,
            reading.then(|| meter.due()),
            session.app.flash_end(),
        ];
        let deadline = deadlines.into_iter().flatten().min();
        match waiting.next(&mut session, &mut snapshots, deadline)? {
            Flow::On => {}
            Flow::Quit => return Ok(session.app.unreadable()),
            Flow::Terminated => return Err(Error::Cancelled),
        }
        if session.frame_due().is_some_and(|due| due <= Instant::now()) && waiting.events.is_empty()
        {
            session.draw()?;
        }
    }
}

/// What the loop waits for.
struct Waiting {
    events: Receiver<Event>,
    notices: Receiver<crate::model::Notice>,
    changed: Receiver<()>,
}

impl Waiting {
    /// Waits for one thing and acts on it.
    fn next<B: Backend, H: Host>(
        &mut self,
        session: &mut Session<'_, B, H>,
        snapshots: &mut watch::Receiver<Arc<Snapshot>>,
        deadline: Option<Instant>,
    ) -> Result<Flow> {
        let timeout = deadline.map_or_else(never, |at| {
            after(at.saturating_duration_since(Instant::now()))
        });
        let answers = session.answers().clone();
        select_biased! {
            recv(self.events) -> event => match event {
                Ok(event) => session.handle(event),
                // Nobody can press a key any more.
                Err(_) => Ok(Flow::Terminated),
            },
            recv(answers) -> done => done.map_or(Ok(Flow::On), |done| session.take_done(done)),
            recv(self.notices) -> notice => {
                match notice {
                    Ok(notice) => session.app.take_notice(notice),
                    Err(_) => self.notices = never(),
                }
                session.soon();
                Ok(Flow::On)
            },
            recv(self.changed) -> changed => {
                if changed.is_err() {
                    self.changed = never();
                }
                session.take_snapshot(snapshots.borrow_and_update().clone());
                Ok(Flow::On)
            },
            recv(timeout) -> _ => Ok(Flow::On),
        }
    }
}

/// Turns changes of the watch channel into something that `select_biased!` can wait for. Nothing queues: one wake-up
/// waits at most.
fn forward_changes(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    cancel: CancellationToken,
) -> Result<Receiver<()>> {
    let (sender, receiver): (Sender<()>, _) = bounded(1);
    let failed = |e| Error::file("start a thread for", "new rows", e);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(failed)?;
    std::thread::Builder::new()
        .name("new-rows".into())
        .spawn(move || {
            runtime.block_on(async {
                while let Some(Ok(())) = cancel.run_until_cancelled(snapshots.changed()).await {
                    snapshots.mark_unchanged();
                    if matches!(
                        sender.try_send(()),
                        Err(crossbeam_channel::TrySendError::Disconnected(()))
                    ) {
                        return;
                    }
                }
                // The last snapshot may have come while a wake-up was waiting.
                let _ = sender.try_send(());
            });
        })
        .map_err(failed)?;
    Ok(receiver)
}

/// Looks at the figures of the run a few times a second.
#[derive(Default)]
struct Meter {
    last: Option<(Instant, u64)>,
    per_second: Option<f64>,
}

impl Meter {
    /// When to look again.
    fn due(&self) -> Instant {
        self.last.map_or_else(Instant::now, |(at, _)| at + TICK)
    }

    fn read<B: Backend, H: Host>(&mut self, session: &mut Session<'_, B, H>, handle: &Handle) {
        let now = Instant::now();
        if self.last.is_some_and(|(at, _)| now < at + TICK) {
            return;
        }
        let figures = Figures::of(&handle.progress);
        if let Some((at, lines)) = self.last {
            let rate = (figures.lines.saturating_sub(lines)) as f64
                / now.duration_since(at).as_secs_f64().max(0.001);
            // Smoothed, so that the figure can be read.
            self.per_second = Some(self.per_second.map_or(rate, |old| old * 0.7 + rate * 0.3))
                .filter(|rate| *rate >= 0.5);
        }
        self.last = Some((now, figures.lines));
        // Judging again reads no lines.
        let per_second = self.per_second.filter(|_| session.app.is_reading());
        if session
            .app
            .take_figures(figures, per_second, resident_bytes())
        {
            session.soon();
        }
    }
}

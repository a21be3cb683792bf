//! The loop's other half: an app, a terminal and workers, moved by one event at a time. The loop waits, this acts;
//! tests drive it without a loop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use ratatui::Terminal;
use ratatui::backend::Backend;

use crate::contract::repair_edit;
use crate::error::{Error, Result};
use crate::model::ObjectId;
use crate::tui::app::App;
use crate::tui::effect::Effect;
use crate::tui::export_job::{Exporting, Order};
use crate::tui::footer::Weight;
use crate::tui::input::Event;
use crate::tui::job::{Done, ExportRun, Lane, Means, Workers};
use crate::tui::status::Figures;
use crate::tui::terminal::{Host, MAX_COPY_BYTES};

/// Frames come no closer than this while rows arrive.
const FRAME: Duration = Duration::from_millis(34);
/// A job that nobody asked for waits this many times as long as the last one took, so that reading keeps its cores.
const REST: u32 = 4;

/// An app with its terminal and its workers.
pub struct Session<'a, B: Backend, H: Host> {
    /// The app.
    pub app: App,
    terminal: &'a mut Terminal<B>,
    host: H,
    workers: Workers,
    dirty: Dirty,
    last_frame: Option<Instant>,
    not_before: [Instant; 3],
    exporting: Option<Exporting>,
    export: Option<ExportRun>,
    again: Option<crossbeam_channel::Sender<Vec<ObjectId>>>,
}

/// What a frame waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dirty {
    /// Nothing changed.
    Clean,
    /// Rows came: when the last frame is old enough.
    Soon,
    /// A person did something: now.
    Now,
}

/// Go on, or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    On,
    /// The user quits.
    Quit,
    /// A signal ends it.
    Terminated,
}

impl<'a, B: Backend, H: Host> Session<'a, B, H> {
    /// A session that has drawn nothing yet.
    ///
    /// # Errors
    /// No worker thread could be started.
    pub fn new(app: App, terminal: &'a mut Terminal<B>, host: H, means: &Means) -> Result<Self> {
        let workers = Workers::start(means)
            .map_err(|e| Error::file("start a thread for", "the screen", e))?;
        let now = Instant::now();
        Ok(Self {
            app,
            terminal,
            host,
            workers,
            dirty: Dirty::Now,
            last_frame: None,
            not_before: [now; 3],
            exporting: means.exporting.clone(),
            export: None,
            again: None,
        })
    }

    /// Where to ask for objects to be read again.
    pub fn ask_through(&mut self, again: crossbeam_channel::Sender<Vec<ObjectId>>) {
        self.again = Some(again);
    }

    /// Answers of the workers.
    pub fn answers(&self) -> &Receiver<Done> {
        &self.workers.done
    }

    /// The host, for tests.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// Something from outside.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn handle(&mut self, event: Event) -> Result<Flow> {
        self.dirty = Dirty::Now;
        match event {
            Event::Key(key) => {
                let effects = self.app.key(&key);
                self.carry_out(effects)
            }
            Event::Paste(text) => {
                self.app.paste(&text);
                Ok(Flow::On)
            }
            Event::Resize => Ok(Flow::On),
            Event::Terminate => Ok(Flow::Terminated),
            Event::Suspend => self.carry_out(vec![Effect::Suspend]),
        }
    }

    /// A newer snapshot.
    pub fn take_snapshot(&mut self, snapshot: Arc<crate::frame::Snapshot>) {
        self.app.take_snapshot(snapshot);
        self.soon();
    }

    /// Something changed that a person does not wait for.
    pub fn soon(&mut self) {
        if self.dirty == Dirty::Clean {
            self.dirty = Dirty::Soon;
        }
    }

    /// An answer of a worker.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn take_done(&mut self, done: Done) -> Result<Flow> {
        if done.lane == Lane::Export {
            self.export = None;
        }
        self.not_before[done.lane as usize] = Instant::now() + done.took * REST;
        let effects = self.app.take_done(done);
        self.soon();
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<Flow> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(Flow::Quit),
                Effect::Copy { text, what } => self.copy(&text, what),
                Effect::StartExport(order) => self.start_export(order),
                Effect::StopExport => {
                    if let Some(run) = &self.export {
                        run.cancel.cancel();
                    }
                }
                Effect::ReadAgain(objects) => {
                    // Without a run there is nothing that could be read again.
                    let _ = self.again.as_ref().map(|again| again.send(objects));
                }
                Effect::AcceptRepair { dir, key, repair } => {
                    let done = repair_edit::accept(&dir, &key, repair).map_err(|e| e.to_string());
                    self.app.take_accepted_repair(&key, repair, done);
                }
                Effect::Acknowledge(key, written) => {
                    // A small file: written before the next key is read.
                    let done = self.app.acknowledged().write(key.as_key(), &written);
                    self.app.take_acknowledged(done);
                }
                Effect::Redraw => self.clear()?,
                Effect::Suspend => {
                    self.host.suspend().map_err(gone)?;
                    self.clear()?;
                }
            }
            self.dirty = Dirty::Now;
        }
        Ok(Flow::On)
    }

    fn start_export(&mut self, order: Order) {
        let Some(exporting) = self.exporting.clone() else {
            return;
        };
        match self.workers.export(exporting, order) {
            Ok(run) => {
                self.export = Some(run);
                self.app.take_export_start(Ok(()));
            }
            Err(why) => self.app.take_export_start(Err(why.to_string())),
        }
    }

    /// True while an export is under way: its figures are to be looked at.
    pub fn is_exporting(&self) -> bool {
        self.export.is_some()
    }

    /// Looks at the figures of the export.
    pub fn look_at_export(&mut self) {
        if let Some(run) = &self.export
            && self.app.take_export_figures(Figures::of(&run.progress))
        {
            self.soon();
        }
    }

    /// Forgets what stands on the screen. (`Terminal::clear` asks the terminal where its cursor is, and the answer
    /// would reach the thread that reads keys.)
    fn clear(&mut self) -> Result<()> {
        self.terminal.backend_mut().clear().map_err(gone)?;
        // After a frame the current buffer is empty already; swapping empties the other one too.
        self.terminal.swap_buffers();
        Ok(())
    }

    fn copy(&mut self, text: &str, what: &str) {
        if text.len() > MAX_COPY_BYTES {
            let kib = text.len().div_ceil(1024);
            return self.app.say(
                Weight::Warning,
                format!("not copied: the {what} has {kib} KiB, terminals take 100"),
            );
        }
        match self.host.copy(text) {
            Ok(()) => self.app.say(Weight::Done, format!("copied the {what}")),
            Err(why) => self.app.say(Weight::Failure, format!("not copied: {why}")),
        }
    }

    /// Hands out jobs whose lane is free. Gives when to ask again, if one waits for its rest.
    pub fn give_jobs(&mut self) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for lane in [Lane::View, Lane::Side] {
            let not_before = self.not_before[lane as usize];
            if self.app.is_busy(lane) {
                continue;
            }
            if Instant::now() < not_before && !self.app.has_urgent(lane) {
                if self.app.has_work(lane) {
                    next = Some(next.map_or(not_before, |at| at.min(not_before)));
                }
                continue;
            }
            if let Some(job) = self.app.next_job(lane) {
                self.workers.give(lane, job);
            }
        }
        next
    }

    /// When the next frame is due: `None` when nothing changed.
    pub fn frame_due(&self) -> Option<Instant> {
        match self.dirty {
            Dirty::Clean => None,
            Dirty::Now => Some(Instant::now()),
            Dirty::Soon => Some(
                self.last_frame
                    .map_or_else(Instant::now, |last| last + FRAME),
            ),
        }
    }

    /// Draws a frame.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self) -> Result<()> {
        self.dirty = Dirty::Clean;
        self.last_frame = Some(Instant::now());
        self.host.begin_frame().map_err(gone)?;
        let app = &mut self.app;
        let drawn = self.terminal.draw(|frame| {
            let area = frame.area();
            app.prepare(area);
            let painted = app.render(area, frame.buffer_mut());
            if let Some(cursor) = painted.cursor {
                frame.set_cursor_position(cursor);
            }
            app.keep(&painted);
        });
        drawn.map_err(gone)?;
        self.host.end_frame().map_err(gone)
    }

    /// Works until no job is wanted or under way: for tests. Gives false when that takes longer than `limit`.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn settle(&mut self, limit: Duration) -> Result<bool> {
        let end = Instant::now() + limit;
        loop {
            self.draw()?;
            self.not_before = [Instant::now(); 3];
            self.give_jobs();
            if !self.app.is_busy(Lane::View) && !self.app.is_busy(Lane::Side) {
                self.draw()?;
                return Ok(true);
            }
            match self.workers.done.recv_deadline(end) {
                Ok(done) => self.take_done(done)?,
                Err(_) => return Ok(false),
            };
        }
    }
}

/// The terminal failed us: an error of the world.
pub(super) fn gone(why: impl std::fmt::Display) -> Error {
    Error::Config(format!("the terminal is gone: {why}"))
}

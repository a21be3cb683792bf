//! Following: local files grow, turn over and appear; objects appear under S3 prefixes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::hour::hour_of;
use super::listing::{self, Found};
use super::location::Location;
use super::outlet::Stop;
use super::run::Run;
use super::tail::{Fate, Tail};
use super::wake::{Call, Wake};
use super::{Arrival, Content, Fetched, local};

/// Between two looks at all followed files, and between two local listings, where the kernel tells of changes: only to
/// be safe.
const SELDOM: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
/// And where it does not.
const OFTEN: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
/// Between two local listings while a file is not ready to be read.
const UNRIPE: Duration = Duration::from_millis(500);
/// After which a file that is not followed line by line is listed that was written to.
const SOON: Duration = Duration::from_millis(100);
/// A folder that appeared may have been filled before it was watched.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// Between two empty `Listed` that find out whether anybody still listens.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// The longest sleep, and so the longest wait for cancellation.
const NAP: Duration = Duration::from_millis(200);
/// A task that takes long is done less often: at most one part in so many of the time.
const SPARING: u32 = 20;
/// A listing that a written file asks for: at most one part in so many.
const FEW: u32 = 4;
/// But never less often than each so many intervals: a slow reader also makes a task long.
const LAZIEST: u32 = 8;

/// When something is due next.
struct Due {
    every: Duration,
    at: Instant,
    /// How long it took last.
    took: Duration,
}

impl Due {
    fn now(every: Duration) -> Self {
        Self {
            every,
            at: Instant::now(),
            took: Duration::ZERO,
        }
    }

    fn is_due(&self) -> bool {
        self.at <= Instant::now()
    }

    fn within(&mut self, time: Duration) {
        self.at = self.at.min(Instant::now() + time);
    }

    /// It was done, and began at `start`.
    fn done(&mut self, start: Instant) {
        let end = Instant::now();
        self.took = end - start;
        self.at = end + (self.took * SPARING).clamp(self.every, self.every * LAZIEST);
    }
}

/// Which files to look at.
enum Which<'a> {
    All,
    /// Those that were heard of, and those whose time has come.
    Some(Option<&'a Call>),
}

impl Which<'_> {
    fn has(&self, tail: &Tail) -> bool {
        let Self::Some(call) = self else { return true };
        let is_named = |call: &&Call| {
            let name: Option<OsString> = tail.path.file_name().map(Into::into);
            call.is_all || name.is_some_and(|name| call.names.contains(&name))
        };
        call.as_ref().is_some_and(is_named) || tail.look_at().is_some_and(|at| at <= Instant::now())
    }
}

impl Run {
    /// Follows until finished, cancelled, or nobody listens.
    pub(super) fn follow(&mut self) -> Result<(), Stop> {
        let wake = self.wake.take();
        let (wake, why) = wake.unwrap_or_else(|| Wake::start(&self.locations));
        if let Some(why) = why {
            self.warn(why)?;
        }
        let [look_every, list_every] = if wake.is_told { SELDOM } else { OFTEN };
        // Both are due at once: what came before the kernel was asked.
        let (mut look, mut list) = (Due::now(look_every), Due::now(list_every));
        let mut ask = Due::now(ASK_EVERY);
        let poll_every = self
            .remote
            .as_ref()
            .map_or(ASK_EVERY, super::remote::Remote::every);
        let mut poll = Instant::now() + poll_every;
        let has_folders = self
            .locations
            .iter()
            .any(|l| matches!(l, Location::Path(_) | Location::Glob { .. }));
        let has_prefixes = listing::prefixes(&self.locations).next().is_some();
        loop {
            if self.outlet.cancel.is_cancelled() {
                return Err(Stop::Ended);
            }
            self.answer()?;
            if self.is_finishing() {
                // What is in files that are followed has arrived; what is in new ones is for the next run.
                self.look(&Which::All)?;
                return Ok(());
            }
            let mut deadline = (Instant::now() + NAP).min(ask.at);
            if has_folders {
                deadline = deadline.min(look.at).min(list.at);
                deadline = self.first_look().map_or(deadline, |at| deadline.min(at));
            }
            if has_prefixes {
                deadline = deadline.min(poll);
            }
            let mut call = wake.wait(deadline);
            if has_folders {
                let start = Instant::now();
                if look.is_due() {
                    self.look(&Which::All)?;
                    look.done(start);
                } else if self.look(&Which::Some(call.as_ref()))? {
                    list.within(Duration::ZERO);
                }
                let is_called = call.as_mut().is_some_and(|call| self.hear(call));
                if call.is_some_and(|call| self.waits_for(&call)) {
                    list.within(SOON.max(list.took * FEW));
                }
                if is_called || list.is_due() {
                    let start = Instant::now();
                    let is_unripe = self.list_again()?;
                    list.done(start);
                    if is_called {
                        list.within(AFTERWARDS);
                    }
                    if is_unripe {
                        list.within(UNRIPE);
                    }
                }
            }
            if has_prefixes && poll <= Instant::now() {
                poll = Instant::now() + poll_every;
                self.poll()?;
            }
            if ask.is_due() {
                let start = Instant::now();
                self.outlet.send(Arrival::Listed(Vec::new()))?;
                ask.done(start);
            }
        }
    }

    /// When the first file is to be looked at though nobody says that it changed.
    fn first_look(&self) -> Option<Instant> {
        let watch = self.watch.as_ref()?;
        watch.tails.iter().filter_map(Tail::look_at).min()
    }

    /// Looks at followed files. True when the name of one means something new.
    fn look(&mut self, which: &Which<'_>) -> Result<bool, Stop> {
        let Some(watch) = &mut self.watch else {
            return Ok(false);
        };
        let tails = std::mem::take(&mut watch.tails);
        let mut kept = Vec::with_capacity(tails.len());
        let mut turned = Vec::new();
        for mut tail in tails {
            if !which.has(&tail) {
                kept.push(tail);
                continue;
            }
            match tail.look() {
                Fate::Same if tail.is_orphan && tail.is_quiet() => self.end(tail)?,
                Fate::Same => kept.push(tail),
                Fate::Grown => {
                    self.pass_growth(&mut tail)?;
                    kept.push(tail);
                }
                fate => turned.push((fate, tail)),
            }
        }
        let has_turned = !turned.is_empty();
        if let Some(watch) = &mut self.watch {
            watch.tails = kept;
        }
        for (fate, tail) in turned {
            self.turn(fate, tail)?;
        }
        Ok(has_turned)
    }

    /// A file is no longer what its name means, or no longer what it was.
    fn turn(&mut self, fate: Fate, mut tail: Tail) -> Result<(), Stop> {
        let name = tail.path.display().to_string();
        let unseen = if tail.is_held() {
            ""
        } else {
            "; what was written to it in the last moment was not seen"
        };
        let is_replaced = matches!(fate, Fate::Rotated | Fate::Gone);
        let was_cut = fate == Fate::Truncated || (is_replaced && tail.is_cut());
        if was_cut {
            let sentence = format!("{name} was cut off; reading it again from its start");
            self.outlet.send(Arrival::Warning(sentence))?;
        }
        let sentence = match fate {
            Fate::Rotated => format!("{name} was replaced{unseen}; following the new file"),
            Fate::Gone => format!("{name} is gone{unseen}; waiting for it to come back"),
            Fate::Truncated | Fate::Same | Fate::Grown | Fate::Compressed => String::new(),
        };
        if !sentence.is_empty() {
            self.outlet.send(Arrival::Warning(sentence))?;
        }
        if was_cut {
            let is_new;
            (tail, is_new) = self.begin_anew(tail)?;
            if is_new && !is_replaced {
                self.keep(tail);
                return Ok(());
            }
        }
        let path = tail.path.clone();
        if is_replaced && tail.is_held() {
            self.pass_growth(&mut tail)?;
        }
        let Some(watch) = &mut self.watch else {
            return Ok(());
        };
        let is_orphan = tail.is_orphan;
        if !is_orphan {
            watch.forget(&path);
        }
        if is_replaced && tail.is_held() && !is_orphan {
            // Whoever writes to it may do so for a while under its new name, or under none.
            tail.is_orphan = true;
            watch.tails.push(tail);
        } else {
            watch.bury(&tail.mark(), &tail.path);
        }
        // What comes under the name otherwise is found by the next listing.
        match std::fs::metadata(&path) {
            Ok(meta) if fate == Fate::Truncated && !is_orphan => {
                watch.note(&path, &meta);
                self.deliver(vec![local::file(path, &meta)])
            }
            _ => Ok(()),
        }
    }

    /// A file that was cut is an object of its own from there on. False if it must be opened by its name.
    fn begin_anew(&mut self, tail: Tail) -> Result<(Tail, bool), Stop> {
        let Some(watch) = &mut self.watch else {
            return Ok((tail, false));
        };
        let before = tail.mark();
        let (mut tail, meta) = match tail.anew() {
            Ok(anew) => anew,
            Err(tail) => return Ok((*tail, false)),
        };
        watch.bury(&before, &tail.path);
        let object = local::file(tail.path.clone(), &meta).object;
        tail.index = self.outlet.list(vec![object])?;
        let (first, _) = tail.grow().unwrap_or_default();
        self.outlet.send(Arrival::Mark(tail.mark()))?;
        self.outlet.send(Arrival::Content {
            index: tail.index,
            content: Content::Bytes(Fetched::from(first.map_or_else(Vec::new, |g| g.bytes))),
        })?;
        self.pass_growth(&mut tail)?;
        Ok((tail, true))
    }

    fn keep(&mut self, tail: Tail) {
        if let Some(watch) = &mut self.watch {
            watch.tails.push(tail);
        }
    }

    fn waits_for(&self, call: &Call) -> bool {
        let watch = self.watch.as_ref();
        watch.is_some_and(|watch| watch.waits_for(&call.names))
    }

    /// What the kernel tells. True when files are to be listed.
    fn hear(&mut self, call: &mut Call) -> bool {
        let Some(watch) = &mut self.watch else {
            return call.is_listing_due;
        };
        for (from, to) in std::mem::take(&mut call.moves) {
            let as_listed = |path: PathBuf| {
                let ways = self
                    .locations
                    .iter()
                    .filter_map(|l| local::as_listed(l, &path));
                ways.max_by_key(|(_, is_source)| *is_source)
                    .unwrap_or((path, false))
            };
            let (from, was_source) = as_listed(from);
            let is_in_time = listing::window(&self.options).holds(hour_of(&from.to_string_lossy()));
            watch.rename((&from, was_source && is_in_time), as_listed(to));
        }
        call.is_listing_due
    }

    /// Nobody writes to a file any more that was replaced: its last line, if that lacks a newline, is a line.
    fn end(&mut self, mut tail: Tail) -> Result<(), Stop> {
        if let Ok(Some(last)) = tail.last_line() {
            self.send_growth(&tail, last)?;
        }
        if let Some(watch) = &mut self.watch {
            watch.bury(&tail.mark(), &tail.path);
        }
        Ok(())
    }

    /// New local files. True when some are not ready to be read.
    fn list_again(&mut self) -> Result<bool, Stop> {
        let mut listing = listing::Listing::default();
        for location in &self.locations {
            // Between the two halves of a rotation a file is missing for a moment.
            drop(local::list(location, &self.options, &mut listing));
        }
        for warning in std::mem::take(&mut listing.warnings) {
            self.warn(warning)?;
        }
        let Some(watch) = &mut self.watch else {
            return Ok(false);
        };
        listing
            .found
            .retain(|f| matches!(f.place, listing::Place::File(_)));
        let sifted = watch.sift(listing.found);
        for warning in sifted.warnings {
            self.warn(warning)?;
        }
        for (index, lines, head) in sifted.grown {
            self.outlet.send(Arrival::Resumed { index, lines, head })?;
            self.rest_of_followed(index)?;
        }
        self.deliver_new(sifted.new)?;
        if let Some(watch) = &mut self.watch {
            watch.let_rest(&sifted.moved);
            watch.wait();
        }
        Ok(sifted.is_unripe)
    }

    /// New S3 objects, overwritten ones, and those that could not be read.
    fn poll(&mut self) -> Result<(), Stop> {
        let Some(remote) = &mut self.remote else {
            return Ok(());
        };
        let (since, is_whole) = remote.next_hour(self.options.since_hour);
        let listing = match self.list_new(since) {
            Ok(listing) => listing,
            Err(Stop::Ended) => return Err(Stop::Ended),
            Err(Stop::Failed(error)) => return self.warn(format!("{error}; trying again")),
        };
        let Some(remote) = &mut self.remote else {
            return Ok(());
        };
        let polled = remote.sift(listing.found, false, is_whole);
        for warning in polled.warnings {
            self.outlet.send(Arrival::Warning(warning))?;
        }
        let has_new = !polled.new.is_empty();
        self.deliver_new(polled.new)?;
        self.retry_failed()?;
        if has_new { self.raise_floor() } else { Ok(()) }
    }

    fn deliver_new(&mut self, mut new: Vec<Found>) -> Result<(), Stop> {
        if new.is_empty() {
            return Ok(());
        }
        listing::sort(&mut new, self.options.newest_first);
        self.deliver(new)
    }
}

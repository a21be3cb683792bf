//! Following: local files grow, turn over and appear; objects appear under S3 prefixes.

use std::time::{Duration, Instant};

use super::listing::{self, Found};
use super::location::Location;
use super::outlet::Stop;
use super::run::Run;
use super::tail::{Fate, Tail};
use super::watch::News;
use super::{Arrival, local};

/// Between two looks at the followed files.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Between two local listings.
const LIST_EVERY: Duration = Duration::from_secs(1);
/// Between two listings of S3 prefixes. `CloudFront` delivers each few minutes, so this is soon enough.
const LIST_S3_EVERY: Duration = Duration::from_secs(5);
/// Between two empty `Listed` that find out whether anybody still listens.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// The longest sleep, and so the longest wait for cancellation.
const NAP: Duration = Duration::from_millis(50);
/// A task that takes long is done less often: at most one part in so many of the time.
const SPARING: u32 = 20;
/// But never less often than each so many intervals: a slow reader also makes a task long.
const LAZIEST: u32 = 8;

/// When something is due next.
struct Due {
    every: Duration,
    at: Instant,
}

impl Due {
    fn new(every: Duration) -> Self {
        Self {
            every,
            at: Instant::now() + every,
        }
    }

    /// Does it if it is time.
    fn then(&mut self, work: impl FnOnce() -> Result<(), Stop>) -> Result<(), Stop> {
        let start = Instant::now();
        if start < self.at {
            return Ok(());
        }
        work()?;
        let end = Instant::now();
        self.at = end + ((end - start) * SPARING).clamp(self.every, self.every * LAZIEST);
        Ok(())
    }
}

impl Run {
    /// Follows until cancelled or nobody listens.
    pub(super) fn follow(&mut self) -> Result<(), Stop> {
        let mut look = Due::new(LOOK_EVERY);
        let mut list = Due::new(LIST_EVERY);
        let mut list_s3 = Due::new(LIST_S3_EVERY);
        let mut ask = Due::new(ASK_EVERY);
        let folders = self
            .locations
            .iter()
            .any(|l| matches!(l, Location::Path(_) | Location::Glob { .. }));
        let remote = listing::prefixes(&self.locations).next().is_some();
        loop {
            if self.outlet.cancel.is_cancelled() {
                return Err(Stop::Ended);
            }
            std::thread::sleep(NAP);
            self.answer()?;
            look.then(|| self.look())?;
            if folders {
                list.then(|| self.list_again())?;
            }
            if remote {
                list_s3.then(|| self.list_s3_again())?;
            }
            ask.then(|| self.outlet.send(Arrival::Listed(Vec::new())))?;
        }
    }

    /// Looks at every followed file.
    fn look(&mut self) -> Result<(), Stop> {
        let Some(watch) = &mut self.watch else {
            return Ok(());
        };
        let tails = std::mem::take(&mut watch.tails);
        let mut kept = Vec::with_capacity(tails.len());
        let mut turned = Vec::new();
        for mut tail in tails {
            match tail.look() {
                Fate::Same => kept.push(tail),
                Fate::Grown => {
                    self.pass_growth(&mut tail)?;
                    kept.push(tail);
                }
                fate => turned.push((fate, tail)),
            }
        }
        if let Some(watch) = &mut self.watch {
            watch.tails = kept;
        }
        turned
            .into_iter()
            .try_for_each(|(fate, tail)| self.turn(fate, tail))
    }

    /// A file is no longer the one that was followed: what is left of it, then the new one under its name.
    fn turn(&mut self, fate: Fate, mut tail: Tail) -> Result<(), Stop> {
        let name = tail.path().display().to_string();
        let held = tail.is_held();
        if matches!(fate, Fate::Rotated | Fate::Gone) && held {
            self.pass_growth(&mut tail)?;
            if let Ok(Some(last)) = tail.last_line() {
                self.outlet.send(Arrival::Growth {
                    index: tail.index,
                    offset: last.offset,
                    bytes: last.bytes,
                })?;
            }
        }
        let unseen = if held {
            ""
        } else {
            "; what was written to it in the last moment was not seen"
        };
        let sentence = match fate {
            Fate::Rotated => format!("{name} was replaced{unseen}; following the new file"),
            Fate::Truncated => format!("{name} was cut off; reading it again from its start"),
            Fate::Gone => format!("{name} is gone{unseen}; waiting for it to come back"),
            Fate::Same | Fate::Grown | Fate::Compressed => String::new(),
        };
        if !sentence.is_empty() {
            self.outlet.send(Arrival::Warning(sentence))?;
        }
        let path = tail.path().to_owned();
        let Some(watch) = &mut self.watch else {
            return Ok(());
        };
        watch.forget(&tail);
        // A missing file, and gzip that is still written, are found by the next listing.
        match std::fs::metadata(&path) {
            Ok(meta) if matches!(fate, Fate::Rotated | Fate::Truncated) => {
                self.deliver(vec![local::file(path, &meta)])
            }
            _ => Ok(()),
        }
    }

    /// New local files.
    fn list_again(&mut self) -> Result<(), Stop> {
        let mut listing = listing::Listing::default();
        for location in &self.locations {
            // Between the two halves of a rotation a file is missing for a moment.
            drop(local::list(location, &self.options, &mut listing));
        }
        for warning in std::mem::take(&mut listing.warnings) {
            self.warn(warning)?;
        }
        let Some(watch) = &mut self.watch else {
            return Ok(());
        };
        let mut new: Vec<Found> = Vec::new();
        for found in listing.found {
            if watch.is_ripe(&found) {
                watch.remember(&found);
                new.push(found);
            }
        }
        self.deliver_new(new)
    }

    /// New S3 objects, and overwritten ones.
    fn list_s3_again(&mut self) -> Result<(), Stop> {
        let listing = match self.list_remote() {
            Ok(listing) => listing,
            Err(Stop::Ended) => return Err(Stop::Ended),
            Err(Stop::Failed(error)) => return self.warn(format!("{error}; trying again")),
        };
        let Some(watch) = &mut self.watch else {
            return Ok(());
        };
        let mut new = Vec::new();
        let mut overwritten = Vec::new();
        for found in listing.found {
            match watch.news(&found.object) {
                None => continue,
                Some(News::Overwritten) => overwritten.push(format!(
                    "{} was overwritten; its new content is read too",
                    found.object.uri
                )),
                Some(News::New) => {}
            }
            watch.remember(&found);
            new.push(found);
        }
        for warning in overwritten {
            self.outlet.send(Arrival::Warning(warning))?;
        }
        self.deliver_new(new)
    }

    fn deliver_new(&mut self, mut new: Vec<Found>) -> Result<(), Stop> {
        if new.is_empty() {
            return Ok(());
        }
        listing::sort(&mut new, self.options.newest_first);
        self.deliver(new)
    }
}

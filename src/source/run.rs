//! The background thread of a run: lists, hands out contents in listed order, then follows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::model::{Code, LogObject};

use super::listing::{self, Found, Listing, Place};
use super::location::{Location, Prefix};
use super::outlet::{Outlet, Stop};
use super::s3::{self, Fetcher, Ticket};
use super::watch::Watch;
use super::{Again, Arrival, Content, Options, piped, tail};

/// Arrivals that wait for the reader. Local files cost nothing while they wait; S3 objects have their own bound.
const CAPACITY: usize = 64;

/// All that a run starts from.
pub struct Job {
    /// As given.
    pub options: Options,
    /// The sources, understood.
    pub locations: Vec<Location>,
    /// What the local ones hold.
    pub local: Listing,
    /// Ends the run.
    pub cancel: CancellationToken,
    /// Objects to be read again; a run that has it stays when all is delivered.
    pub again: Option<Receiver<Vec<Again>>>,
}

/// Starts the thread.
///
/// # Errors
/// The system gives no more threads.
pub fn spawn(job: Job) -> Result<Receiver<Result<Arrival>>> {
    let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
    let outlet = Outlet {
        sender,
        cancel: job.cancel.clone(),
    };
    let started = std::thread::Builder::new()
        .name("frontlog-source".into())
        .spawn(move || main(job, outlet));
    started.map_err(|e| {
        Error::NoInput(format!(
            "cannot start the thread that reads the sources: {e}"
        ))
    })?;
    Ok(receiver)
}

fn main(job: Job, outlet: Outlet) {
    let last = Outlet {
        sender: outlet.sender.clone(),
        cancel: job.cancel.clone(),
    };
    let requests = job.cancel.child_token();
    // However this thread ends, its requests end with it.
    let _ends = requests.clone().drop_guard();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let (mut run, local) = Run::new(job, outlet, requests);
        run.go(local)
    }));
    let outcome = outcome.unwrap_or_else(|_| {
        // A closed channel alone would look like a complete run.
        Err(Stop::Failed(Error::NoInput(
            "the reader of the sources stopped unexpectedly; please report this".into(),
        )))
    });
    if let Err(Stop::Failed(error)) = outcome {
        drop(last.push(Err(error)));
    }
}

/// One run.
pub struct Run {
    pub(super) options: Options,
    pub(super) locations: Vec<Location>,
    pub(super) outlet: Outlet,
    /// What is followed; `None` in a run that ends by itself.
    pub(super) watch: Option<Watch>,
    /// Objects to be read again, and all that were listed, by index.
    pub(super) again: Option<Receiver<Vec<Again>>>,
    pub(super) found: Vec<Found>,
    fetcher: Arc<Fetcher>,
    listed: u32,
}

impl Run {
    fn new(job: Job, outlet: Outlet, requests: CancellationToken) -> (Self, Listing) {
        let Job {
            options,
            locations,
            local,
            cancel,
            again,
        } = job;
        let fetcher = Fetcher::new(
            options.s3.clone(),
            options.bytes_in_flight,
            requests,
            cancel,
        );
        let watch = options
            .follow
            .then(|| Watch::new(options.sources.len() > 1));
        (
            Self {
                options,
                locations,
                outlet,
                watch,
                again,
                found: Vec::new(),
                fetcher,
                listed: 0,
            },
            local,
        )
    }

    fn go(&mut self, mut listing: Listing) -> Result<(), Stop> {
        listing.extend(self.list_remote()?);
        for warning in std::mem::take(&mut listing.warnings) {
            self.warn(warning)?;
        }
        let listing = listing.finish(&self.options)?;
        self.deliver(listing.found)?;
        if self.options.follow {
            self.follow()
        } else {
            self.stay()
        }
    }

    /// Lists the S3 sources, unless the run is cancelled meanwhile.
    pub(super) fn list_remote(&self) -> Result<Listing, Stop> {
        let mut all = Listing::default();
        for prefix in listing::prefixes(&self.locations) {
            all.extend(self.unless_cancelled(s3::list(prefix, &self.options))?);
        }
        Ok(all)
    }

    /// Lists some hours of one S3 source, unless the run is cancelled meanwhile: what following looks at again.
    #[allow(dead_code)]
    pub(super) fn list_hours(
        &self,
        prefix: &Prefix,
        wanted: s3::Wanted<'_>,
    ) -> Result<Listing, Stop> {
        self.unless_cancelled(s3::list_hours(prefix, &self.options, wanted))
    }

    fn unless_cancelled(
        &self,
        listing: impl Future<Output = Result<Listing>> + Send,
    ) -> Result<Listing, Stop> {
        s3::runtime::wait(async {
            tokio::select! {
                () = self.outlet.cancel.cancelled() => Err(Stop::Ended),
                listed = listing => listed.map_err(Stop::Failed),
            }
        })?
    }

    /// Tells a person, once.
    pub(super) fn warn(&mut self, warning: String) -> Result<(), Stop> {
        if let Some(watch) = &mut self.watch
            && !watch.told.insert(warning.clone())
        {
            return Ok(());
        }
        self.outlet.send(Arrival::Warning(warning))
    }

    /// Announces objects, then hands out their contents in the same order.
    pub(super) fn deliver(&mut self, found: Vec<Found>) -> Result<(), Stop> {
        let first = self.listed;
        self.listed += found.len() as u32;
        if self.again.is_some() {
            self.found.extend(found.iter().cloned());
        }
        self.outlet.send(Arrival::Listed(
            found.iter().map(|f| f.object.clone()).collect(),
        ))?;
        self.hand_out((first..).zip(found).collect())
    }

    /// Hands out the contents of announced objects, in this order.
    pub(super) fn hand_out(&mut self, items: Vec<(u32, Found)>) -> Result<(), Stop> {
        let remote: Vec<Arc<LogObject>> = items
            .iter()
            .filter(|(_, f)| f.place == Place::S3)
            .map(|(_, f)| f.object.clone())
            .collect();
        let mut tickets = if remote.is_empty() {
            None
        } else {
            Some(self.fetcher.fetch(remote)?)
        };
        for (index, found) in items {
            let content = match &found.place {
                Place::S3 => self.fetched(tickets.as_mut(), &found.object)?,
                place => self.local(place, index),
            };
            if let Some(watch) = &mut self.watch {
                watch.remember(&found);
            }
            self.outlet.send(match content {
                Ok(content) => Arrival::Content { index, content },
                Err((code, message)) => Arrival::Unreadable {
                    index,
                    code,
                    message,
                },
            })?;
            self.rest_of_followed(index)?;
        }
        Ok(())
    }

    /// Of a followed file only the first lines are its content; the others follow as growth.
    fn rest_of_followed(&mut self, index: u32) -> Result<(), Stop> {
        let newest = self
            .watch
            .as_mut()
            .and_then(|w| w.tails.pop_if(|t| t.index == index));
        let Some(mut tail) = newest else {
            return Ok(());
        };
        self.pass_growth(&mut tail)?;
        if let Some(watch) = &mut self.watch {
            watch.tails.push(tail);
        }
        Ok(())
    }

    /// Waits for the next object of the fetcher.
    fn fetched(
        &self,
        tickets: Option<&mut mpsc::Receiver<Ticket>>,
        object: &LogObject,
    ) -> Result<Result<Content, (Code, String)>, Stop> {
        let lost = || {
            Err((
                Code::S902,
                format!(
                    "cannot read {}: its request ended unexpectedly; please report this",
                    object.uri
                ),
            ))
        };
        let Some(tickets) = tickets else {
            return Ok(lost());
        };
        s3::runtime::wait(async {
            tokio::select! {
                () = self.outlet.cancel.cancelled() => Err(Stop::Ended),
                content = async { tickets.recv().await?.await.ok() } => Ok(content.unwrap_or_else(lost)),
            }
        })?
    }

    fn local(&mut self, place: &Place, index: u32) -> Result<Content, (Code, String)> {
        let cancel = || self.outlet.cancel.clone();
        let stream = |reader| Content::Stream(Box::new(reader));
        let (name, opened) = match place {
            Place::Stdin => (
                Path::new("standard input"),
                piped::stdin(cancel()).map(stream),
            ),
            Place::Pipe(path) => (path.as_path(), piped::pipe(path, cancel()).map(stream)),
            Place::File(path) => match &mut self.watch {
                Some(watch) => (path.as_path(), watch.open(path, index)),
                None => return Ok(Content::File(path.clone())),
            },
            Place::S3 => {
                return Err((
                    Code::S902,
                    "an S3 object is not a local file; please report this".into(),
                ));
            }
        };
        opened.map_err(|e| (Code::S902, Error::file("read", name, e).to_string()))
    }

    /// Passes on what a followed file has grown by; how far it got is kept in the tail.
    pub(super) fn pass_growth(&self, tail: &mut tail::Tail) -> Result<(), Stop> {
        loop {
            match tail.grow() {
                Ok(Some(grown)) => self.outlet.send(Arrival::Growth {
                    index: tail.index,
                    offset: grown.offset,
                    bytes: grown.bytes,
                })?,
                Ok(None) => return Ok(()),
                Err(e) => {
                    return self.outlet.send(Arrival::Warning(
                        Error::file("read", tail.path(), e).to_string(),
                    ));
                }
            }
        }
    }
}

//! The background thread of a run: lists, hands out contents in listed order, then follows.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::model::{Code, LogObject};

use super::hour::Window;
use super::listing::{self, Found, Listing, Place};
use super::location::Location;
use super::outlet::{Outlet, Stop};
use super::remote::{self, Remote};
use super::s3::{self, Fetcher, Ticket};
use super::wake::Wake;
use super::watch::{Opened, Watch};
use super::{Again, Arrival, Content, Fetched, Options, kinesis, piped, tail};

/// Arrivals that wait for the reader. Local files cost nothing while they wait; S3 objects have their own bound.
const CAPACITY: usize = 64;

/// All that a run starts from.
pub struct Job {
    /// As given.
    pub options: Options,
    /// Hears what happens to local files, since before they were listed; in a followed run.
    pub wake: Option<(Wake, Option<String>)>,
    /// The sources but for streams, understood.
    pub locations: Vec<Location>,
    /// Names of Kinesis streams.
    pub streams: Vec<String>,
    /// What the local ones hold.
    pub local: Listing,
    /// Ends the run.
    pub cancel: CancellationToken,
    /// Objects to be read again; a run that has it stays when all is delivered.
    pub again: Option<Receiver<Vec<Again>>>,
    /// Nothing more comes from streams.
    pub streams_over: CancellationToken,
}

/// Starts the thread.
///
/// # Errors
/// The system gives no more threads.
pub fn spawn(mut job: Job) -> Result<Receiver<Result<Arrival>>> {
    let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
    let outlet = Outlet {
        sender,
        cancel: job.cancel.clone(),
        listed: Arc::default(),
    };
    if job.streams.is_empty() {
        job.streams_over.cancel();
    } else {
        let streams = job.streams.clone();
        job.streams_over = kinesis::spawn(streams, job.options.clone(), outlet.clone())?;
        if job.locations.is_empty() {
            return Ok(receiver);
        }
    }
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
    let last = outlet.clone();
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
    /// Taken when following begins.
    pub(super) wake: Option<(Wake, Option<String>)>,
    pub(super) outlet: Outlet,
    /// What is followed; `None` in a run that ends by itself.
    pub(super) watch: Option<Watch>,
    /// The same for S3.
    pub(super) remote: Option<Remote>,
    /// Objects to be read again, and all that were listed, by index.
    pub(super) again: Option<Receiver<Vec<Again>>>,
    pub(super) streams_over: CancellationToken,
    pub(super) found: HashMap<u32, Found>,
    fetcher: Arc<Fetcher>,
}

impl Run {
    fn new(job: Job, outlet: Outlet, requests: CancellationToken) -> (Self, Listing) {
        let Job {
            options,
            wake,
            locations,
            local,
            cancel,
            again,
            streams_over,
            ..
        } = job;
        let fetcher = Fetcher::new(
            options.s3.clone(),
            options.bytes_in_flight,
            requests,
            cancel,
        );
        let following = &options.following;
        let watch = options
            .follow
            .then(|| Watch::new(options.sources.len() > 1, &following.taken));
        let remote = options.follow.then(|| {
            Remote::new(
                following.poll_interval,
                following.window_hours,
                &following.taken,
            )
        });
        (
            Self {
                options,
                locations,
                wake,
                outlet,
                watch,
                remote,
                again,
                streams_over,
                found: HashMap::new(),
                fetcher,
            },
            local,
        )
    }

    fn go(&mut self, mut listing: Listing) -> Result<(), Stop> {
        let since = self.options.since_hour;
        let first = self
            .remote
            .as_ref()
            .map_or(since, |remote| remote.first_hour(since));
        listing.extend(self.list_remote(first)?);
        for warning in std::mem::take(&mut listing.warnings) {
            self.warn(warning)?;
        }
        let listing = listing.finish(&self.options)?;
        let found = self.sift_first(listing.found)?;
        self.deliver(found)?;
        if self.options.follow && self.locations.iter().any(Location::may_grow) {
            self.raise_floor()?;
            self.follow()
        } else {
            self.stay()
        }
    }

    /// Of what is found first, what an earlier run has not taken.
    fn sift_first(&mut self, found: Vec<Found>) -> Result<Vec<Found>, Stop> {
        let (Some(watch), Some(remote)) = (&mut self.watch, &mut self.remote) else {
            return Ok(found);
        };
        let (on_s3, here): (Vec<Found>, Vec<Found>) =
            found.into_iter().partition(|f| f.place == Place::S3);
        let here = watch.sift(here);
        let mut new = remote.sift(on_s3, true, true);
        new.new.extend(here.new);
        listing::sort(&mut new.new, self.options.newest_first);
        for warning in here.warnings.into_iter().chain(new.warnings) {
            self.warn(warning)?;
        }
        Ok(new.new)
    }

    /// Objects of hours before the window are done with, once everything before is.
    pub(super) fn raise_floor(&mut self) -> Result<(), Stop> {
        match self.remote.as_ref().and_then(Remote::floor) {
            Some(hour) => self.outlet.send(Arrival::Floor(hour)),
            None => Ok(()),
        }
    }

    /// Lists the S3 sources from an hour on, unless the run is cancelled meanwhile.
    pub(super) fn list_remote(&self, since_hour: Option<i64>) -> Result<Listing, Stop> {
        let mut all = Listing::default();
        if listing::prefixes(&self.locations).next().is_none() {
            return Ok(all);
        }
        let options = Options {
            since_hour,
            ..self.options.clone()
        };
        for prefix in listing::prefixes(&self.locations) {
            all.extend(self.unless_cancelled(s3::list(prefix, &options))?);
        }
        Ok(all)
    }

    /// Lists the S3 sources from an hour on, to see what is new: there may be nothing. The keys of an hour are listed
    /// from its first one, because `CloudFront`'s unique ids come in no order.
    pub(super) fn list_new(&self, since: Option<i64>) -> Result<Listing, Stop> {
        let mut all = Listing::default();
        let wanted = s3::Wanted {
            hours: Window {
                since,
                until: self.options.until_hour,
            },
            after: None,
        };
        for prefix in listing::prefixes(&self.locations) {
            let listed = s3::list_hours(prefix, &self.options, wanted);
            all.extend(self.unless_cancelled(listed)?);
        }
        Ok(all)
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
            && !watch.is_news(&warning)
        {
            return Ok(());
        }
        self.outlet.send(Arrival::Warning(warning))
    }

    /// Announces objects, then hands out their contents in the same order.
    pub(super) fn deliver(&mut self, found: Vec<Found>) -> Result<(), Stop> {
        let objects = found.iter().map(|f| f.object.clone()).collect();
        let first = self.outlet.list(objects)?;
        if self.again.is_some() {
            self.found.extend((first..).zip(found.iter().cloned()));
        }
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
        let count = items.len();
        for (done, (index, found)) in items.into_iter().enumerate() {
            if self.is_finishing() {
                let left = count - done;
                return self.outlet.send(Arrival::Warning(format!(
                    "stopped before {left} of the listed objects were read"
                )));
            }
            match &found.place {
                Place::File(path) if self.watch.is_some() => self.open_followed(path, index)?,
                Place::S3 => {
                    let content = self.fetched(tickets.as_mut(), &found.object)?;
                    self.deliver_fetched(index, &found.object, content, 0)?;
                }
                place => {
                    let content = self.local(place);
                    self.send_content(index, content)?;
                }
            }
        }
        Ok(())
    }

    fn send_content(
        &self,
        index: u32,
        content: Result<Content, (Code, String)>,
    ) -> Result<(), Stop> {
        self.outlet.send(match content {
            Ok(content) => Arrival::Content { index, content },
            Err((code, message)) => Arrival::Unreadable {
                index,
                code,
                message,
            },
        })
    }

    /// An S3 object. One that cannot be read while following is unreadable at once, and tried again with later polls.
    fn deliver_fetched(
        &mut self,
        index: u32,
        object: &Arc<LogObject>,
        content: Result<Content, (Code, String)>,
        tries: u32,
    ) -> Result<(), Stop> {
        if let Some(remote) = &mut self.remote {
            match &content {
                Ok(_) => self
                    .outlet
                    .send(Arrival::Mark(remote::mark(index, object)))?,
                Err((code, message)) => {
                    if remote::is_worth_trying(*code) && remote.fail(index, object, tries) {
                        let sentence = format!("{message}; trying again");
                        let content = Err((*code, sentence.clone()));
                        self.warn(sentence)?;
                        return self.send_content(index, content);
                    }
                }
            }
        }
        self.send_content(index, content)
    }

    /// Tries again what could not be read.
    pub(super) fn retry_failed(&mut self) -> Result<(), Stop> {
        let failed = self
            .remote
            .as_mut()
            .map_or_else(Vec::new, Remote::take_failed);
        if failed.is_empty() {
            return Ok(());
        }
        let objects = failed.iter().map(|(_, object, _)| object.clone()).collect();
        let mut tickets = Some(self.fetcher.fetch(objects)?);
        for (index, object, tries) in failed {
            let content = self.fetched(tickets.as_mut(), &object)?;
            self.deliver_fetched(index, &object, content, tries)?;
        }
        Ok(())
    }

    /// A local file that is followed: what is there of it, and the rest as growth.
    fn open_followed(&mut self, path: &Path, index: u32) -> Result<(), Stop> {
        let Some(watch) = &mut self.watch else {
            return Ok(());
        };
        // What was announced is read under its new name, and what has its name now is yet to be listed.
        let nothing = || Ok(Content::Bytes(Fetched::from(Vec::new())));
        if watch.has_moved(path) {
            return self.send_content(index, nothing());
        }
        match watch.open(path, index) {
            Ok(Opened::Content(content, mark)) => {
                self.outlet.send(Arrival::Mark(mark))?;
                self.outlet.send(Arrival::Content { index, content })?;
            }
            Ok(Opened::Resumed(lines, head)) => {
                self.outlet.send(Arrival::Resumed { index, lines, head })?;
            }
            Err(e) => {
                let content = if watch.has_moved(path) {
                    nothing()
                } else {
                    Err((Code::S902, Error::file("read", path, e).to_string()))
                };
                return self.send_content(index, content);
            }
        }
        self.rest_of_followed(index)
    }

    /// Whether to end as if the sources had ended.
    pub(super) fn is_finishing(&self) -> bool {
        let finish = self.options.following.finish.as_ref();
        finish.is_some_and(CancellationToken::is_cancelled)
    }

    /// Of a followed file only the first lines are its content; the others follow as growth.
    pub(super) fn rest_of_followed(&mut self, index: u32) -> Result<(), Stop> {
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

    fn local(&self, place: &Place) -> Result<Content, (Code, String)> {
        let cancel = || self.outlet.cancel.clone();
        let finish = || self.options.following.finish.clone();
        let stream = |reader: piped::ChunkReader| Content::Stream(Box::new(reader.until(finish())));
        let (name, opened) = match place {
            Place::Stdin => (
                Path::new("standard input"),
                piped::stdin(cancel()).map(stream),
            ),
            Place::Pipe(path) => (path.as_path(), piped::pipe(path, cancel()).map(stream)),
            Place::File(path) => return Ok(Content::File(path.clone())),
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
    pub(super) fn pass_growth(&mut self, tail: &mut tail::Tail) -> Result<(), Stop> {
        loop {
            match tail.grow() {
                Ok((grown, sentence)) => {
                    if let Some(sentence) = sentence {
                        self.warn(sentence)?;
                    }
                    let Some(grown) = grown else { return Ok(()) };
                    self.send_growth(tail, grown)?;
                }
                Err(e) => return self.warn(Error::file("read", &tail.path, e).to_string()),
            }
        }
    }

    /// Passes on some new lines of a followed file, and where it stands with them.
    pub(super) fn send_growth(&self, tail: &tail::Tail, grown: tail::Grown) -> Result<(), Stop> {
        self.outlet.send(Arrival::Mark(tail.mark()))?;
        self.outlet.send(Arrival::Growth {
            index: tail.index,
            offset: grown.offset,
            bytes: grown.bytes,
        })
    }
}

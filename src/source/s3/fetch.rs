//! Fetches objects in parallel under a bound of bytes, and hands them out in the order they were asked for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::model::{Code, LogObject};

use super::super::{Content, Fetched, S3Options, location};
use super::client::{self, Connection, Target};
use super::errors::{self, Trouble};
use super::{runtime, stream};

/// Larger objects are streamed.
pub const WHOLE_BYTES: u64 = 32 << 20;
/// Requests at a time.
const REQUESTS: usize = 32;
/// Default bound on bytes in flight.
const DEFAULT_BUDGET: u64 = 64 << 20;
/// What a streamed object counts for: its buffer.
const STREAM_SHARE: u64 = 8 << 20;
/// The bound is counted in KiB, since tokio counts permits in 32 bits.
const UNIT: u64 = 1024;
/// Tries for a content that breaks off (each with the SDK's own retries before its first byte).
const TRIES: u32 = 4;

/// Why an object cannot be read, and a sentence.
pub type Refusal = (Code, String);

/// One object on its way.
pub type Ticket = oneshot::Receiver<Result<Content, Refusal>>;

/// Fetches for one run: the bounds hold over all its rounds.
pub struct Fetcher {
    options: S3Options,
    budget: Arc<Semaphore>,
    budget_units: u32,
    requests: Arc<Semaphore>,
    /// Ends this run's requests.
    run: CancellationToken,
    /// Ends the streams that were handed out, which live on after the run's last delivery.
    cancel: CancellationToken,
}

impl Fetcher {
    /// `bytes_in_flight` 0 means 64 MiB. `run` ends requests, `cancel` also ends streams already handed out.
    pub fn new(
        options: S3Options,
        bytes_in_flight: u64,
        run: CancellationToken,
        cancel: CancellationToken,
    ) -> Arc<Self> {
        let bytes = if bytes_in_flight == 0 {
            DEFAULT_BUDGET
        } else {
            bytes_in_flight
        };
        let budget_units = u32::try_from(bytes / UNIT)
            .unwrap_or(u32::MAX / 8)
            .clamp(1, u32::MAX / 8);
        Arc::new(Self {
            options,
            budget: Arc::new(Semaphore::new(budget_units as usize)),
            budget_units,
            requests: Arc::new(Semaphore::new(REQUESTS)),
            run,
            cancel,
        })
    }

    /// Starts to fetch the objects; their tickets come in the same order.
    ///
    /// # Errors
    /// The network threads cannot be started.
    pub fn fetch(self: &Arc<Self>, objects: Vec<Arc<LogObject>>) -> Result<mpsc::Receiver<Ticket>> {
        let (tickets, receiver) = mpsc::channel(REQUESTS);
        let fetcher = self.clone();
        runtime::runtime()?.spawn(async move {
            let run = fetcher.run.clone();
            tokio::select! {
                () = run.cancelled() => {}
                () = fetcher.schedule(objects, tickets) => {}
            }
        });
        Ok(receiver)
    }

    /// Takes shares of the budget in listed order, so that the object everyone waits for always has its share.
    async fn schedule(
        self: Arc<Self>,
        objects: Vec<Arc<LogObject>>,
        tickets: mpsc::Sender<Ticket>,
    ) {
        for object in objects {
            let Ok(share) = self
                .budget
                .clone()
                .acquire_many_owned(self.share(object.size_bytes))
                .await
            else {
                return;
            };
            let Ok(turn) = self.requests.clone().acquire_owned().await else {
                return;
            };
            let (done, ticket) = oneshot::channel();
            let fetcher = self.clone();
            tokio::spawn(async move {
                let run = fetcher.run.clone();
                tokio::select! {
                    () = run.cancelled() => {}
                    content = fetcher.content(&object, share) => drop(done.send(content)),
                }
                drop(turn);
            });
            if tickets.send(ticket).await.is_err() {
                return;
            }
        }
    }

    /// An object larger than the whole budget takes all of it, and so is alone.
    fn share(&self, size_bytes: u64) -> u32 {
        let bytes = if size_bytes > WHOLE_BYTES {
            STREAM_SHARE
        } else {
            size_bytes
        };
        u32::try_from(bytes.div_ceil(UNIT))
            .unwrap_or(u32::MAX)
            .clamp(1, self.budget_units)
    }

    async fn content(
        &self,
        object: &LogObject,
        share: OwnedSemaphorePermit,
    ) -> Result<Content, Refusal> {
        let Some((bucket, key)) = location::split_s3(&object.uri) else {
            return Err((
                Code::S902,
                format!("cannot read {}: it is not an S3 location", object.uri),
            ));
        };
        let connection = client::connection(&self.options, bucket)
            .await
            .map_err(|e| (Code::S902, e.to_string()))?;
        let target = Target {
            bucket,
            key,
            etag: &object.etag,
        };
        if object.size_bytes > WHOLE_BYTES {
            let reader =
                stream::open(connection, target.owned(), self.cancel.clone(), Some(share)).await?;
            return Ok(Content::Stream(Box::new(reader)));
        }
        whole(&connection, target)
            .await
            .map(|bytes| Content::Bytes(Fetched::new(bytes, share)))
    }
}

/// Gets a whole object; one that breaks off is asked for again.
pub async fn whole(connection: &Connection, target: Target<'_>) -> Result<Vec<u8>, Refusal> {
    let mut cause = String::new();
    for attempt in 0..TRIES {
        pause(attempt).await;
        match once(connection, target).await? {
            Ok(bytes) => return Ok(bytes),
            Err(broken) => cause = broken,
        }
    }
    Err(errors::broken(target, &cause))
}

/// One GET; the inner error is a body that broke off.
async fn once(
    connection: &Connection,
    target: Target<'_>,
) -> Result<Result<Vec<u8>, String>, Refusal> {
    let mut answer = connection
        .get(target, 0)
        .await
        .map_err(|e| Trouble::of(&e).reading(target, connection))?;
    check_version(target, answer.e_tag())?;
    let expected = answer.content_length().map(|n| n.max(0) as usize);
    let mut bytes = Vec::with_capacity(expected.unwrap_or(0).min(WHOLE_BYTES as usize));
    loop {
        match answer.body.next().await {
            Some(Ok(chunk)) => bytes.extend_from_slice(&chunk),
            Some(Err(e)) => return Ok(Err(e.to_string())),
            None => break,
        }
    }
    match expected {
        Some(length) if length != bytes.len() => {
            Ok(Err(format!("{} of {length} bytes arrived", bytes.len())))
        }
        _ => Ok(Ok(bytes)),
    }
}

/// Servers that do not know `If-Match` still say what they sent.
pub fn check_version(target: Target<'_>, sent: Option<&str>) -> Result<(), Refusal> {
    match sent.map(|t| t.trim_matches('"')) {
        Some(sent) if !target.etag.is_empty() && sent != target.etag => {
            Err(errors::changed(target))
        }
        _ => Ok(()),
    }
}

/// Waits before another try: 0, 0.2, 0.4, 0.8 seconds.
pub async fn pause(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(Duration::from_millis(100 << attempt.min(6))).await;
    }
}

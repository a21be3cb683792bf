//! Fetches objects in parallel and hands them out in the order they were asked for. Two bounds hold: on bytes in flight
//! (`bytes_in_flight`, shares in listed order), and on requests at a time ([`super::pace`]).

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::model::{Code, LogObject};

use super::super::{Content, Fetched, S3Options, location};
use super::client::{self, Target};
use super::get::{self, Reading, Refusal};
use super::pace::{self, Turns};
use super::{runtime, stream};

/// Larger objects are streamed.
pub const WHOLE_BYTES: u64 = 32 << 20;
/// Default bound on bytes in flight.
const DEFAULT_BUDGET: u64 = 64 << 20;
/// What a streamed object counts for: its buffer.
const STREAM_SHARE: u64 = 8 << 20;
/// The bound is counted in KiB, since tokio counts permits in 32 bits.
const UNIT: u64 = 1024;
/// One object on its way.
pub type Ticket = oneshot::Receiver<Result<Content, Refusal>>;

/// Fetches for one run: the bounds hold over all its rounds.
pub struct Fetcher {
    options: S3Options,
    budget: Arc<Semaphore>,
    budget_units: u32,
    turns: Arc<Turns>,
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
            turns: Turns::new(),
            run,
            cancel,
        })
    }

    /// Starts to fetch the objects; their tickets come in the same order.
    ///
    /// # Errors
    /// The network threads cannot be started.
    pub fn fetch(self: &Arc<Self>, objects: Vec<Arc<LogObject>>) -> Result<mpsc::Receiver<Ticket>> {
        let (tickets, receiver) = mpsc::channel(pace::MOST);
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
            let Some(mut turn) = self.turns.take().await else {
                return;
            };
            let (done, ticket) = oneshot::channel();
            let fetcher = self.clone();
            tokio::spawn(async move {
                let run = fetcher.run.clone();
                tokio::select! {
                    () = run.cancelled() => {}
                    content = fetcher.content(&object, share) => {
                        if let Ok(Content::Bytes(bytes)) = &content {
                            turn.bytes = bytes.len() as u64;
                        }
                        drop(done.send(content));
                    }
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
        let reading = Reading::new(connection, target, Some(self.turns.clone()));
        if object.size_bytes > WHOLE_BYTES {
            let reader = stream::open(reading, self.cancel.clone(), Some(share)).await?;
            return Ok(Content::Stream(Box::new(reader)));
        }
        get::whole(reading, object.size_bytes)
            .await
            .map(|bytes| Content::Bytes(Fetched::new(bytes, share)))
    }
}

//! A large object as a blocking reader: a task fetches ahead by a bounded number of chunks.

use std::io;
use std::sync::Arc;

use crossbeam_channel::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::super::piped::{CHUNKS, Chunk, ChunkReader};
use super::get::{Body, Reading, Refusal};

/// Opens an object. The first answer is awaited here, so that a denied or changed object is known before it is read.
/// Must be called on the network runtime.
pub async fn open(
    mut reading: Reading,
    cancel: CancellationToken,
    share: Option<OwnedSemaphorePermit>,
) -> Result<ChunkReader, Refusal> {
    let body = reading.open(0).await?;
    // The channel itself has no bound: an async task may not block on it, so the semaphore bounds it.
    let (sender, chunks) = crossbeam_channel::unbounded();
    let pump = Pump {
        reading,
        sender,
        room: Arc::new(Semaphore::new(CHUNKS)),
        read: 0,
    };
    let stop = cancel.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = pump.run(body) => {}
        }
    });
    Ok(ChunkReader::new(chunks, cancel, share))
}

struct Pump {
    reading: Reading,
    sender: Sender<io::Result<Chunk>>,
    room: Arc<Semaphore>,
    read: u64,
}

impl Pump {
    /// Passes chunks on until the end; a body that breaks off is asked for again from where it broke.
    async fn run(mut self, mut current: Body) {
        loop {
            let cause = match self.pass_on(current).await {
                Passed::End | Passed::NobodyReads => return,
                Passed::Broke(cause) => cause,
            };
            if let Err(refusal) = self.reading.broke(&cause, self.read).await {
                return self.fail(refusal);
            }
            current = match self.reading.open(self.read).await {
                Ok(body) => body,
                Err(refusal) => return self.fail(refusal),
            };
        }
    }

    async fn pass_on(&mut self, mut body: Body) -> Passed {
        loop {
            let Ok(room) = self.room.clone().acquire_owned().await else {
                return Passed::NobodyReads;
            };
            let bytes = match body.next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Passed::End,
                Err(cause) => return Passed::Broke(cause),
            };
            self.read += bytes.len() as u64;
            if self.sender.send(Ok(Chunk::new(bytes, Some(room)))).is_err() {
                return Passed::NobodyReads;
            }
        }
    }

    fn fail(&self, (_, message): Refusal) {
        // Nobody left to tell is fine.
        drop(self.sender.send(Err(io::Error::other(message))));
    }
}

enum Passed {
    End,
    NobodyReads,
    Broke(String),
}

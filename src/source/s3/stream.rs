//! A large object as a blocking reader: a task fetches ahead by a bounded number of chunks.

use std::io;
use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use crossbeam_channel::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::super::piped::{CHUNKS, Chunk, ChunkReader};
use super::client::{Connection, OwnedTarget};
use super::errors::{self, Trouble};
use super::fetch::{Refusal, check_version, pause};

/// Tries in a row that bring no byte before giving up.
const TRIES: u32 = 5;

/// Opens an object. The first answer is awaited here, so that a denied or changed object is known before it is read.
/// Must be called on the network runtime.
pub async fn open(
    connection: Arc<Connection>,
    target: OwnedTarget,
    cancel: CancellationToken,
    share: Option<OwnedSemaphorePermit>,
) -> Result<ChunkReader, Refusal> {
    let body = body(&connection, &target, 0).await?;
    // The channel itself has no bound: an async task may not block on it, so the semaphore bounds it.
    let (sender, chunks) = crossbeam_channel::unbounded();
    let pump = Pump {
        connection,
        target,
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

async fn body(
    connection: &Connection,
    target: &OwnedTarget,
    from: u64,
) -> Result<ByteStream, Refusal> {
    let target = target.as_target();
    let answer = connection
        .get(target, from)
        .await
        .map_err(|e| Trouble::of(&e).reading(target, connection))?;
    check_version(target, answer.e_tag())?;
    Ok(answer.body)
}

struct Pump {
    connection: Arc<Connection>,
    target: OwnedTarget,
    sender: Sender<io::Result<Chunk>>,
    room: Arc<Semaphore>,
    read: u64,
}

impl Pump {
    /// Passes chunks on until the end; a body that breaks off is asked for again from where it broke.
    async fn run(mut self, mut current: ByteStream) {
        let mut idle = 0;
        loop {
            let before = self.read;
            let cause = match self.pass_on(current).await {
                Passed::End | Passed::NobodyReads => return,
                Passed::Broke(cause) => cause,
            };
            idle = if self.read > before { 1 } else { idle + 1 };
            if idle > TRIES {
                return self.fail(errors::broken(self.target.as_target(), &cause));
            }
            pause(idle).await;
            current = match body(&self.connection, &self.target, self.read).await {
                Ok(body) => body,
                Err(refusal) => return self.fail(refusal),
            };
        }
    }

    async fn pass_on(&mut self, mut body: ByteStream) -> Passed {
        loop {
            let Ok(room) = self.room.clone().acquire_owned().await else {
                return Passed::NobodyReads;
            };
            let bytes = match body.next().await {
                Some(Ok(bytes)) => Vec::from(bytes),
                Some(Err(e)) => return Passed::Broke(e.to_string()),
                None => return Passed::End,
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

//! A blocking reader whose bytes come from elsewhere in bounded chunks: standard input, a pipe, a large S3 object.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

/// Chunks that wait for the reader.
pub const CHUNKS: usize = 16;
/// Size of the chunks that a pump of ours cuts.
const CHUNK_BYTES: usize = 256 * 1024;
/// How long a waiting reader goes without looking at the token.
const LOOK: Duration = Duration::from_millis(200);

/// Some bytes, with the room in a buffer that they hold until they are read.
pub struct Chunk {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Chunk {
    /// `room` is what an async sender, who may not block on a full channel, bounds its buffer with.
    pub fn new(bytes: Vec<u8>, room: Option<OwnedSemaphorePermit>) -> Self {
        Self { bytes, _room: room }
    }
}

/// The reading end. Reads block the calling thread until bytes arrive, the sender ends, or the run is cancelled.
pub struct ChunkReader {
    chunks: Receiver<io::Result<Chunk>>,
    current: Chunk,
    read: usize,
    cancel: CancellationToken,
    /// As if the sender had ended.
    finish: Option<CancellationToken>,
    _share: Option<OwnedSemaphorePermit>,
}

impl ChunkReader {
    /// A reader over `chunks` that holds a share of the bytes in flight until it is dropped.
    pub fn new(
        chunks: Receiver<io::Result<Chunk>>,
        cancel: CancellationToken,
        share: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            chunks,
            current: Chunk::new(Vec::new(), None),
            read: 0,
            cancel,
            finish: None,
            _share: share,
        }
    }

    /// Ends, once nothing waits to be read, as if the sender had ended.
    pub fn until(mut self, finish: Option<CancellationToken>) -> Self {
        self.finish = finish;
        self
    }

    /// Waits for the next chunk; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            match self.chunks.recv_timeout(LOOK) {
                Ok(chunk) => {
                    self.current = chunk?;
                    self.read = 0;
                    return Ok(true);
                }
                // A sender that the token ended must not look like the end of the object.
                Err(_) if self.cancel.is_cancelled() => {
                    return Err(io::Error::other("interrupted"));
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(false),
                Err(_)
                    if self
                        .finish
                        .as_ref()
                        .is_some_and(CancellationToken::is_cancelled) =>
                {
                    return Ok(false);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.read == self.current.bytes.len() {
            if !self.advance()? {
                return Ok(0);
            }
        }
        let n = buf.len().min(self.current.bytes.len() - self.read);
        buf[..n].copy_from_slice(&self.current.bytes[self.read..self.read + n]);
        self.read += n;
        Ok(n)
    }
}

/// Standard input as a reader that cancellation can end. Its thread lives until the next byte or the end of input.
pub fn stdin(cancel: CancellationToken) -> io::Result<ChunkReader> {
    pump(cancel, || Ok(Box::new(io::stdin())))
}

/// A pipe or device, opened in the pump's thread because opening a pipe waits for its writer.
pub fn pipe(path: &Path, cancel: CancellationToken) -> io::Result<ChunkReader> {
    let path = path.to_owned();
    pump(cancel, move || Ok(Box::new(std::fs::File::open(path)?)))
}

type Open = io::Result<Box<dyn Read>>;

fn pump(
    cancel: CancellationToken,
    open: impl FnOnce() -> Open + Send + 'static,
) -> io::Result<ChunkReader> {
    let (sender, chunks) = crossbeam_channel::bounded(CHUNKS);
    std::thread::Builder::new()
        .name("frontlog-pipe".into())
        .spawn(move || match open() {
            Ok(input) => copy(input, &sender),
            Err(e) => drop(sender.send(Err(e))),
        })?;
    Ok(ChunkReader::new(chunks, cancel, None))
}

fn copy(mut input: Box<dyn Read>, sender: &Sender<io::Result<Chunk>>) {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let message = match input.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => Ok(Chunk::new(buffer[..n].to_vec(), None)),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => Err(e),
        };
        let failed = message.is_err();
        if sender.send(message).is_err() || failed {
            return;
        }
    }
}

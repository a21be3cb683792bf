//! One object's bytes: asked for again while the server is busy, resumed where a content broke off.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG};

use crate::model::Code;

use super::client::{Connection, OwnedTarget, Target};
use super::direct;
use super::errors::{self, Trouble};
use super::pace::Turns;
use super::retry::Attempts;

/// Why an object cannot be read, and a sentence.
pub type Refusal = (Code, String);

/// A content from which nothing came for so long has broken off.
const STANDSTILL: Duration = Duration::from_secs(20);
/// After so many more bytes of a stream, its tries count anew: a large object may break off now and then.
const PROGRESS: u64 = 1 << 20;

/// An object that is being read.
pub struct Reading {
    connection: Arc<Connection>,
    target: OwnedTarget,
    attempts: Attempts,
    /// Bytes read when the tries were last counted anew.
    counted: u64,
    turns: Option<Arc<Turns>>,
}

/// A content from where it was asked for on.
pub struct Body {
    stream: Stream,
    /// Bytes to leave out: a server that knows no `Range` starts anew.
    skip: u64,
    /// Bytes that the server promised.
    left: Option<u64>,
}

/// By which way it comes.
enum Stream {
    Sdk(ByteStream),
    Direct(Incoming),
}

/// An answer, as far as it matters here.
struct Answer {
    etag: Option<String>,
    /// It starts where it was asked to.
    partial: bool,
    length: Option<u64>,
    stream: Stream,
}

impl Reading {
    /// Nothing is asked for yet. `turns` is told when the server is busy.
    pub fn new(connection: Arc<Connection>, target: Target<'_>, turns: Option<Arc<Turns>>) -> Self {
        Self {
            connection,
            target: target.owned(),
            attempts: Attempts::first(),
            counted: 0,
            turns,
        }
    }

    /// The content from a byte on, always of the same version.
    pub async fn open(&mut self, from: u64) -> Result<Body, Refusal> {
        loop {
            let generation = self.connection.generation();
            let trouble = match self.ask(from).await {
                Ok(answer) => return self.take(answer, from),
                Err(trouble) => trouble.after(self.attempts.made()),
            };
            if trouble.is_busy()
                && let Some(turns) = &self.turns
            {
                turns.slow_down();
            }
            let again = self
                .connection
                .again(&trouble, &mut self.attempts, generation);
            if !again.await {
                return Err(trouble.reading(self.target.as_target(), &self.connection));
            }
        }
    }

    async fn ask(&self, from: u64) -> Result<Answer, Trouble> {
        let target = self.target.as_target();
        if let Some(direct) = self.connection.direct(target.bucket).await {
            let payer = self.connection.options.request_payer;
            let answer = direct.get(target, from, payer).await?;
            let text = |name| answer.headers().get(name)?.to_str().ok();
            return Ok(Answer {
                etag: text(ETAG).map(str::to_owned),
                partial: answer.headers().contains_key(CONTENT_RANGE),
                length: text(CONTENT_LENGTH).and_then(|n| n.parse().ok()),
                stream: Stream::Direct(answer.into_body()),
            });
        }
        let answer = self.connection.get(target, from).await;
        let answer = answer.map_err(|e| Trouble::of(&e))?;
        Ok(Answer {
            etag: answer.e_tag().map(str::to_owned),
            partial: answer.content_range().is_some(),
            length: answer.content_length().map(|n| n.max(0) as u64),
            stream: Stream::Sdk(answer.body),
        })
    }

    fn take(&mut self, answer: Answer, from: u64) -> Result<Body, Refusal> {
        // Servers that do not know `If-Match` still say what they sent.
        self.target
            .pin(answer.etag.as_deref())
            .map_err(|()| errors::changed(self.target.as_target()))?;
        Ok(Body {
            skip: if answer.partial { 0 } else { from },
            left: answer.length,
            stream: answer.stream,
        })
    }

    /// After a content that broke off with `read` bytes in all: waits, and gives the refusal when it did too often.
    pub async fn broke(&mut self, cause: &str, read: u64) -> Result<(), Refusal> {
        if read >= self.counted + PROGRESS {
            self.attempts.progressed();
            self.counted = read;
        }
        if self.attempts.wait(false).await {
            return Ok(());
        }
        let attempts = self.attempts.made();
        Err(errors::broken(self.target.as_target(), cause, attempts))
    }
}

impl Body {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// In words, when the content breaks off.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        loop {
            let chunk = tokio::time::timeout(STANDSTILL, self.stream.next()).await;
            let chunk = chunk.unwrap_or_else(|_| {
                Err(format!("nothing came for {} seconds", STANDSTILL.as_secs()))
            });
            let Some(chunk) = chunk? else {
                return match self.left {
                    Some(left) if left > 0 => Err(format!("{left} bytes are missing")),
                    _ => Ok(None),
                };
            };
            let length = chunk.len() as u64;
            self.left = self.left.map(|left| left.saturating_sub(length));
            if self.skip >= length {
                self.skip -= length;
                continue;
            }
            let mut bytes = Vec::from(chunk);
            bytes.drain(..self.skip as usize);
            self.skip = 0;
            return Ok(Some(bytes));
        }
    }
}

impl Stream {
    async fn next(&mut self) -> Result<Option<hyper::body::Bytes>, String> {
        match self {
            Self::Sdk(stream) => stream
                .next()
                .await
                .transpose()
                .map_err(|e| errors::innermost(&e)),
            Self::Direct(body) => direct::frame(body).await,
        }
    }
}

/// Gets a whole object.
pub async fn whole(mut reading: Reading, size_bytes: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::with_capacity(size_bytes as usize);
    loop {
        let mut body = reading.open(bytes.len() as u64).await?;
        let cause = loop {
            match body.next().await {
                Ok(Some(chunk)) if bytes.is_empty() && chunk.len() as u64 == size_bytes => {
                    bytes = chunk;
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Ok(bytes),
                Err(cause) => break cause,
            }
        };
        // Only tries that follow each other count for an object that fits into memory: it is small.
        reading.broke(&cause, 0).await?;
    }
}

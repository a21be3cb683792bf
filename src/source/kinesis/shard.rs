//! One shard: asks for its records, makes lines of them, and waits as a good neighbour does.

use std::time::{Duration, Instant};

use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};

use super::again;
use super::client::Connection;
use super::errors::{ITERATOR, RECORDS, Trouble};
use super::{Desk, News, Progress};

/// Records asked for at once; one answer has at most 10 MiB anyhow.
const RECORDS_AT_ONCE: i32 = 1_000;
/// A shard answers five requests a second, for all its readers together.
const BETWEEN: Duration = Duration::from_millis(200);
/// At the newest record, ask again after this long.
const IDLE: Duration = Duration::from_secs(1);
/// Waiting after a refusal: twice as long each time, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Refusals in a row after which a person is told, and after which a run that does not follow gives up.
const TELL_AFTER: u32 = 5;
const GIVE_UP_AFTER: u32 = 10;

/// How much this clock may be ahead of Kinesis': rather some records from before the start than a gap after it.
const CLOCK_MS: i64 = 2_000;

/// What the Kinesis Producer Library starts a record with that holds several.
const KPL_MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With the oldest record.
    TrimHorizon,
    /// With what comes next.
    Latest,
    /// With what arrived at or after a time, in milliseconds since 1970 UTC.
    Time(i64),
    /// Where an earlier run ended.
    After(Progress),
}

/// How reading a shard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is closed and all of it was read: its children may begin.
    Closed,
    /// The run ends here, or it cannot be read.
    Stopped,
}

/// A reader.
pub struct Reader {
    /// The number that news carry.
    pub number: usize,
    /// The stream.
    pub stream: String,
    /// The shard.
    pub id: String,
    /// The connection.
    pub connection: Connection,
    /// Where news go.
    pub desk: Desk,
    /// Where to begin.
    pub start: Start,
}

/// Why a reader stops.
enum Stop {
    /// The run has ended.
    Over,
    /// A sentence.
    Unreadable(String),
}

impl Reader {
    /// `kinesis://stream/shardId-…`
    pub fn uri(stream: &str, id: &str) -> String {
        format!("{}{stream}/{id}", super::SCHEME)
    }

    /// How far the shard is before anything is read of it in this run.
    pub fn first_progress(start: &Start, began_ms: i64) -> Progress {
        let since_ms = match start {
            Start::After(progress) => return progress.clone(),
            Start::TrimHorizon => 0,
            Start::Latest => began_ms - CLOCK_MS,
            Start::Time(ms) => *ms,
        };
        Progress {
            since_ms: Some(since_ms),
            ..Progress::default()
        }
    }

    /// Reads until the shard's end, or the run's.
    pub async fn read(self) -> End {
        let end = match self.go().await {
            Ok(end) => end,
            Err(Stop::Over) => return End::Stopped,
            Err(Stop::Unreadable(message)) => {
                let shard = self.number;
                self.desk.tell(News::Unreadable { shard, message }).await;
                return End::Stopped;
            }
        };
        if end == End::Closed || !self.desk.follow {
            self.desk.tell(News::Done { shard: self.number }).await;
        }
        end
    }

    async fn go(&self) -> Result<End, Stop> {
        let mut progress = Self::first_progress(&self.start, self.desk.began_ms);
        // Nothing was read yet, so the start is still where to begin, not what stands for it in the state.
        let mut iterator = self.iterator(&self.start).await?;
        let mut refusals = 0;
        loop {
            if self.desk.is_over() {
                return Err(Stop::Over);
            }
            let asked = Instant::now();
            // Held until the lines are on their way: so many answers are in memory, and no more.
            let share = tokio::select! {
                () = self.desk.cancel.cancelled() => return Err(Stop::Over),
                share = self.desk.answers.clone().acquire_owned() => share.map_err(|_| Stop::Over)?,
            };
            let request = self.connection.once.get_records();
            let request = request.shard_iterator(&iterator).limit(RECORDS_AT_ONCE);
            let answer = tokio::select! {
                () = self.desk.cancel.cancelled() => return Err(Stop::Over),
                answer = request.send() => answer,
            };
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    drop(share);
                    let trouble = Trouble::of(&error);
                    if trouble.is_expired_iterator() {
                        iterator = self.iterator(&self.renewed(&progress)).await?;
                    } else {
                        refusals += 1;
                        self.bear(&trouble, refusals).await?;
                    }
                    continue;
                }
            };
            refusals = 0;
            let behind_ms = answer
                .millis_behind_latest
                .map_or(0, |ms| u64::try_from(ms).unwrap_or(0));
            let is_at_tip = self.is_at_tip(&answer, behind_ms);
            let is_empty = answer.records.is_empty();
            self.pass(&answer.records, &mut progress).await?;
            drop(share);
            let shard = self.number;
            let ms = behind_ms;
            self.desk
                .tell(News::Behind { shard, ms })
                .await
                .ok_or(Stop::Over)?;
            match answer.next_shard_iterator {
                None => return Ok(End::Closed),
                Some(_) if is_at_tip && !self.desk.follow => return Ok(End::Stopped),
                Some(next) => iterator = next,
            }
            let wait = if is_empty && behind_ms == 0 {
                IDLE
            } else {
                BETWEEN.saturating_sub(asked.elapsed())
            };
            self.desk.rest(wait).await.ok_or(Stop::Over)?;
        }
    }

    /// All that was there when the run began has been read.
    fn is_at_tip(&self, answer: &GetRecordsOutput, behind_ms: u64) -> bool {
        let last = answer
            .records
            .last()
            .and_then(|r| r.approximate_arrival_timestamp);
        match last {
            None => behind_ms == 0,
            Some(arrived) => arrived.to_millis().unwrap_or(i64::MIN) > self.desk.began_ms,
        }
    }

    /// Makes lines of records. What is no log line at all is one unreadable line, so that nothing of it is misread.
    async fn pass(&self, records: &[Record], progress: &mut Progress) -> Result<(), Stop> {
        let uri = Self::uri(&self.stream, &self.id).into();
        let is_line = |record: &Record| foreign(record.data.as_ref()).is_none();
        for group in records.chunk_by(|a, b| is_line(a) && is_line(b)) {
            let size: usize = group.iter().map(|r| r.data.as_ref().len() + 1).sum();
            let mut text = Vec::with_capacity(size);
            let offset = progress.offset;
            for record in group {
                push_line(record.data.as_ref(), &mut text);
                progress.sequence.clone_from(&record.sequence_number);
                progress.since_ms = None;
            }
            let Some(first) = group.first().filter(|_| !text.is_empty()) else {
                continue;
            };
            again::remember(&uri, offset, &first.sequence_number);
            let refusal = foreign(first.data.as_ref()).map(|what| format!("the record {what}"));
            progress.offset += text.len() as u64;
            progress.lines += match refusal {
                Some(_) => 1,
                None => memchr::memchr_iter(b'\n', &text).count() as u64,
            };
            let news = News::Lines {
                shard: self.number,
                offset,
                text,
                refusal,
                after: progress.clone(),
            };
            self.desk.tell(news).await.ok_or(Stop::Over)?;
        }
        Ok(())
    }

    /// Where to go on with a new iterator.
    fn renewed(&self, progress: &Progress) -> Start {
        if progress.sequence.is_empty() && self.start != Start::Latest {
            self.start.clone()
        } else {
            // For `Latest`, which must not skip what came while nothing was asked.
            Start::After(progress.clone())
        }
    }

    async fn iterator(&self, start: &Start) -> Result<String, Stop> {
        let mut refusals = 0;
        loop {
            let request = self.connection.once.get_shard_iterator();
            let request = request.stream_name(&self.stream).shard_id(&self.id);
            let request = match start {
                Start::TrimHorizon => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
                Start::Latest => request.shard_iterator_type(ShardIteratorType::Latest),
                Start::Time(ms)
                | Start::After(Progress {
                    since_ms: Some(ms), ..
                }) => at_time(request, *ms),
                Start::After(progress) => request
                    .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                    .starting_sequence_number(&progress.sequence),
            };
            let answer = tokio::select! {
                () = self.desk.cancel.cancelled() => return Err(Stop::Over),
                answer = request.send() => answer,
            };
            match answer {
                Ok(answer) => {
                    return answer.shard_iterator.ok_or_else(|| {
                        Stop::Unreadable(format!(
                            "cannot read {}: Kinesis gave no iterator",
                            Self::uri(&self.stream, &self.id)
                        ))
                    });
                }
                Err(error) => {
                    let trouble = Trouble::of(&error);
                    refusals += 1;
                    self.wait_or_stop(&trouble, refusals, ITERATOR).await?;
                }
            }
        }
    }

    async fn bear(&self, trouble: &Trouble, refusals: u32) -> Result<(), Stop> {
        self.wait_or_stop(trouble, refusals, RECORDS).await
    }

    /// After a refusal: waits, if it may pass.
    async fn wait_or_stop(
        &self,
        trouble: &Trouble,
        refusals: u32,
        operation: &str,
    ) -> Result<(), Stop> {
        let uri = Self::uri(&self.stream, &self.id);
        let sentence = || trouble.sentence(&self.stream, &uri, operation, &self.connection);
        if !trouble.is_passing() || (!self.desk.follow && refusals >= GIVE_UP_AFTER) {
            return Err(Stop::Unreadable(sentence()));
        }
        if refusals == TELL_AFTER {
            let news = News::Warning(format!("{}; trying again", sentence()));
            self.desk.tell(news).await.ok_or(Stop::Over)?;
        }
        self.desk.rest(wait(refusals)).await.ok_or(Stop::Over)
    }
}

type IteratorRequest =
    aws_sdk_kinesis::operation::get_shard_iterator::builders::GetShardIteratorFluentBuilder;

fn at_time(request: IteratorRequest, ms: i64) -> IteratorRequest {
    // Some servers take 1970 for "not given".
    if ms <= 0 {
        return request.shard_iterator_type(ShardIteratorType::TrimHorizon);
    }
    request
        .shard_iterator_type(ShardIteratorType::AtTimestamp)
        .timestamp(DateTime::from_millis(ms))
}

/// Somewhere between nothing and twice as long each time, so that many readers do not come back together.
fn wait(refusals: u32) -> Duration {
    let most = FIRST_WAIT * 2u32.saturating_pow(refusals.min(8));
    most.min(LONGEST_WAIT).mul_f64(fastrand::f64().max(0.1))
}

/// A record as a line: whether its own end comes with it is not said anywhere.
pub fn push_line(data: &[u8], text: &mut Vec<u8>) {
    text.extend_from_slice(data);
    if !data.ends_with(b"\n") || foreign(data).is_some() {
        text.push(b'\n');
    }
}

/// What a record is that holds no log line.
fn foreign(data: &[u8]) -> Option<&'static str> {
    if data.starts_with(&KPL_MAGIC) {
        return Some(
            "was put together from several by the Kinesis Producer Library, which CloudFront does not use; frontlog reads streams that CloudFront's real-time logs are delivered to",
        );
    }
    if data.starts_with(&GZIP_MAGIC) {
        return Some(
            "is compressed, as those of CloudWatch Logs are; frontlog reads streams that CloudFront's real-time logs are delivered to",
        );
    }
    None
}

//! Finds the shards of a stream, and reads each one once its parents have been read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_sdk_kinesis::types::Shard;
use tokio::task::JoinSet;

use crate::error::Error;
use crate::model::{LogObject, Position};

use super::super::Options;
use super::client::Connection;
use super::errors::{LIST, Trouble};
use super::shard::{End, Reader, Start};
use super::{Begin, Desk, News, Progress};

/// How often shards are listed although none has ended.
const LIST_EVERY: Duration = Duration::from_mins(1);
/// A listing that failed is tried again after this long.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How a shard stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its parents are still being read.
    Waiting,
    Reading,
    /// Read to its end, or not wanted: its children need not wait for it.
    Done,
}

#[derive(Debug)]
struct Known {
    parents: Vec<String>,
    start: Start,
    state: State,
    first_sequence: String,
}

struct Coordinator {
    stream: String,
    options: Arc<Options>,
    connection: Connection,
    desk: Desk,
    shards: BTreeMap<String, Known>,
    readers: JoinSet<(String, End)>,
}

/// Reads a stream until its end, or the run's.
pub async fn run(stream: String, options: Arc<Options>, desk: Desk) {
    let connection = match Connection::open(&options.s3, &stream).await {
        Ok(connection) => connection,
        Err(error) => {
            desk.tell(News::Failed(error)).await;
            return;
        }
    };
    let coordinator = Coordinator {
        stream,
        options,
        connection,
        desk: desk.clone(),
        shards: BTreeMap::new(),
        readers: JoinSet::new(),
    };
    if let Err(Some(error)) = coordinator.go().await {
        desk.tell(News::Failed(error)).await;
    }
}

impl Coordinator {
    /// `Err(None)`: the run has ended.
    async fn go(mut self) -> Result<(), Option<Error>> {
        let listed = self.list().await?.map_err(Some)?;
        self.meet(&listed, true);
        loop {
            self.begin_ready().await?;
            if self.readers.is_empty() && !self.desk.follow {
                return Ok(());
            }
            let relist = tokio::select! {
                () = self.desk.cancel.cancelled() => return Err(None),
                () = self.desk.finish.cancelled() => {
                    // What the readers hold is passed on before they end.
                    while self.readers.join_next().await.is_some() {}
                    return Ok(());
                }
                Some(ended) = self.readers.join_next() => self.ended(ended)?,
                () = tokio::time::sleep(LIST_EVERY), if self.desk.follow => true,
            };
            if relist {
                self.list_again().await?;
            }
        }
    }

    /// A reader has ended; true when its shard may have children.
    fn ended(
        &mut self,
        ended: Result<(String, End), tokio::task::JoinError>,
    ) -> Result<bool, Option<Error>> {
        let Ok((id, end)) = ended else {
            return Err(Some(Error::NoInput(format!(
                "a reader of kinesis://{} stopped unexpectedly; please report this",
                self.stream
            ))));
        };
        if let Some(known) = self.shards.get_mut(&id) {
            known.state = State::Done;
        }
        Ok(end == End::Closed)
    }

    /// Shards that came by a split or a merge.
    async fn list_again(&mut self) -> Result<(), Option<Error>> {
        loop {
            match self.list().await? {
                Ok(listed) => {
                    self.meet(&listed, false);
                    return Ok(());
                }
                Err(error) if self.desk.follow => {
                    let news = News::Warning(format!("{error}; trying again"));
                    self.desk.tell(news).await.ok_or(None)?;
                    self.desk.rest(AGAIN_AFTER).await.ok_or(None)?;
                }
                Err(error) => return Err(Some(error)),
            }
        }
    }

    async fn list(&self) -> Result<Result<Vec<Shard>, Error>, Option<Error>> {
        let mut shards = vec![];
        let mut token: Option<String> = None;
        loop {
            let request = self.connection.patient.list_shards();
            // A token says which stream it is of; naming both is refused.
            let request = match token {
                Some(token) => request.next_token(token),
                None => request.stream_name(&self.stream),
            };
            let answer = tokio::select! {
                () = self.desk.cancel.cancelled() => return Err(None),
                answer = request.send() => answer,
            };
            match answer {
                Ok(answer) => {
                    shards.extend(answer.shards.unwrap_or_default());
                    token = answer.next_token;
                    if token.is_none() {
                        return Ok(Ok(shards));
                    }
                }
                Err(error) => {
                    let uri = format!("{}{}", super::SCHEME, self.stream);
                    let sentence =
                        Trouble::of(&error).sentence(&self.stream, &uri, LIST, &self.connection);
                    return Ok(Err(Error::S3(sentence)));
                }
            }
        }
    }

    /// Takes in shards that were not known.
    fn meet(&mut self, listed: &[Shard], first: bool) {
        let parents: BTreeMap<&str, Vec<&str>> = listed
            .iter()
            .map(|s| (s.shard_id.as_str(), parents_of(s)))
            .collect();
        for shard in listed {
            if self.shards.contains_key(&shard.shard_id) {
                continue;
            }
            let range = shard.sequence_number_range.as_ref();
            let is_open = range.is_none_or(|r| r.ending_sequence_number.is_none());
            let start = self.start_of(&shard.shard_id, &parents, is_open, first);
            self.shards.insert(
                shard.shard_id.clone(),
                Known {
                    parents: parents[shard.shard_id.as_str()]
                        .iter()
                        .map(|id| (*id).to_owned())
                        .collect(),
                    state: if start.is_some() {
                        State::Waiting
                    } else {
                        State::Done
                    },
                    start: start.unwrap_or(Start::TrimHorizon),
                    first_sequence: range
                        .map(|r| r.starting_sequence_number.clone())
                        .unwrap_or_default(),
                },
            );
        }
    }

    /// Where a new shard is read from; `None` where it is not wanted.
    fn start_of(
        &self,
        id: &str,
        parents: &BTreeMap<&str, Vec<&str>>,
        is_open: bool,
        first: bool,
    ) -> Option<Start> {
        if !first {
            // Its parents were read in this run: all of it comes after them.
            return Some(Start::TrimHorizon);
        }
        if let Some(progress) = self.taken(id) {
            return Some(Start::After(progress));
        }
        if self.is_resumed() && has_ancestor(id, parents, &|id| self.taken(id).is_some()) {
            return Some(Start::TrimHorizon);
        }
        match self.options.from {
            Begin::Time(ms) => Some(Start::Time(ms)),
            Begin::TrimHorizon => Some(Start::TrimHorizon),
            Begin::Unsaid if !self.desk.follow => Some(Start::TrimHorizon),
            // Nothing comes next in a shard that is closed.
            Begin::Latest | Begin::Unsaid => is_open.then_some(Start::Latest),
        }
    }

    fn is_resumed(&self) -> bool {
        !self.options.following.taken.positions.is_empty()
    }

    /// How far an earlier run has read a shard.
    fn taken(&self, id: &str) -> Option<Progress> {
        let uri = Reader::uri(&self.stream, id);
        match self.options.following.taken.positions.get(uri.as_str())? {
            Position::Shard {
                sequence,
                since_ms,
                lines,
                offset,
            } => Some(Progress {
                sequence: sequence.clone(),
                since_ms: *since_ms,
                lines: *lines,
                offset: *offset,
            }),
            _ => None,
        }
    }

    /// Starts a reader for each shard whose parents are done.
    async fn begin_ready(&mut self) -> Result<(), Option<Error>> {
        let is_done = |id: &String| self.shards.get(id).is_none_or(|k| k.state == State::Done);
        let ready: Vec<String> = self
            .shards
            .iter()
            .filter(|(_, k)| k.state == State::Waiting && k.parents.iter().all(is_done))
            .map(|(id, _)| id.clone())
            .collect();
        for id in ready {
            let Some(known) = self.shards.get_mut(&id) else {
                continue;
            };
            known.state = State::Reading;
            let reader = Reader {
                number: self.desk.numbers.fetch_add(1, Ordering::Relaxed),
                stream: self.stream.clone(),
                id: id.clone(),
                connection: self.connection.clone(),
                desk: self.desk.clone(),
                start: known.start.clone(),
            };
            let object = Arc::new(LogObject {
                uri: Reader::uri(&self.stream, &id).into(),
                size_bytes: 0,
                etag: known.first_sequence.as_str().into(),
                hour: None,
                last_modified_ms: None,
            });
            let news = News::Shard {
                shard: reader.number,
                object,
                from: Reader::first_progress(&reader.start, self.desk.began_ms),
            };
            self.desk.tell(news).await.ok_or(None)?;
            self.readers
                .spawn(async move { (reader.id.clone(), reader.read().await) });
        }
        Ok(())
    }
}

fn parents_of(shard: &Shard) -> Vec<&str> {
    [&shard.parent_shard_id, &shard.adjacent_parent_shard_id]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect()
}

/// Whether one of the parents of a shard, or of theirs, is such a one.
fn has_ancestor(
    id: &str,
    parents: &BTreeMap<&str, Vec<&str>>,
    is_such: &dyn Fn(&str) -> bool,
) -> bool {
    let mut next: Vec<&str> = parents.get(id).cloned().unwrap_or_default();
    while let Some(id) = next.pop() {
        if is_such(id) {
            return true;
        }
        next.extend(parents.get(id).into_iter().flatten());
    }
    false
}

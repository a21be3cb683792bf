//! Reading a line of a shard again, by the sequence number of the answer that it came with.
//!
//! The text of a shard is made while it is read, so an offset says nothing to Kinesis. Of each answer the offset and
//! the first sequence number are remembered, for as many answers as fit: the oldest are forgotten.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_sdk_kinesis::types::ShardIteratorType;

use crate::error::{Error, Result};

use super::super::S3Options;
use super::client::Connection;
use super::errors::{ITERATOR, RECORDS, Trouble};
use super::shard::push_line;

/// Answers remembered of one shard; some hundred bytes each.
const REMEMBERED: usize = 20_000;
/// Answers asked for in search of a line. One may be empty although records follow.
const TRIES: usize = 20;

/// An answer of a shard.
#[derive(Debug)]
struct Piece {
    /// Where its text starts in the shard's.
    offset: u64,
    /// Sequence number of its first record.
    sequence: Box<str>,
}

/// What is remembered of all shards, by URI.
fn pieces() -> &'static Mutex<HashMap<Arc<str>, VecDeque<Piece>>> {
    static PIECES: OnceLock<Mutex<HashMap<Arc<str>, VecDeque<Piece>>>> = OnceLock::new();
    PIECES.get_or_init(Mutex::default)
}

/// Remembers an answer. Answers of a shard come in the order of their offsets; one that starts before the last has
/// been read by a new run, which begins anew.
pub fn remember(uri: &Arc<str>, offset: u64, sequence: &str) {
    let mut all = pieces().lock().unwrap_or_else(PoisonError::into_inner);
    let of_shard = all.entry(uri.clone()).or_default();
    if of_shard.back().is_some_and(|last| last.offset >= offset) {
        of_shard.clear();
    }
    if of_shard.len() == REMEMBERED {
        of_shard.pop_front();
    }
    of_shard.push_back(Piece {
        offset,
        sequence: sequence.into(),
    });
}

/// The answer that holds an offset: where it starts, and its first sequence number.
fn piece_at(uri: &str, offset: u64) -> Option<(u64, String)> {
    let all = pieces().lock().unwrap_or_else(PoisonError::into_inner);
    let of_shard = all.get(uri)?;
    let after = of_shard.partition_point(|piece| piece.offset <= offset);
    let piece = of_shard.get(after.checked_sub(1)?)?;
    Some((piece.offset, piece.sequence.to_string()))
}

/// The bytes at `offset` of the text of a shard.
///
/// # Errors
/// The shard was read by another process, or too long ago; its records are gone, or denied.
pub async fn read(options: &S3Options, uri: &str, (offset, length): (u64, u64)) -> Result<Vec<u8>> {
    let gone = || {
        Error::NoInput(format!(
            "the line went by: too much of {uri} was read since to find it again"
        ))
    };
    let (stream, shard) = uri
        .strip_prefix(super::SCHEME)
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(gone)?;
    let (start, sequence) = piece_at(uri, offset).ok_or_else(gone)?;
    let connection = Connection::open(options, stream).await?;
    let failed = |trouble: &Trouble, operation| {
        Error::S3(trouble.sentence(stream, uri, operation, &connection))
    };
    let request = connection.patient.get_shard_iterator();
    let request = request
        .stream_name(stream)
        .shard_id(shard)
        .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
        .starting_sequence_number(sequence);
    let answer = request
        .send()
        .await
        .map_err(|e| failed(&Trouble::of(&e), ITERATOR))?;
    let mut iterator = answer.shard_iterator;
    let wanted = (offset - start) as usize..(offset - start + length) as usize;
    let mut text = Vec::new();
    for _ in 0..TRIES {
        let Some(at) = iterator else { break };
        let request = connection.patient.get_records().shard_iterator(at);
        let answer = request
            .send()
            .await
            .map_err(|e| failed(&Trouble::of(&e), RECORDS))?;
        for record in &answer.records {
            push_line(record.data.as_ref(), &mut text);
        }
        if let Some(line) = text.get(wanted.clone()) {
            return Ok(line.to_vec());
        }
        iterator = answer.next_shard_iterator;
    }
    Err(gone())
}

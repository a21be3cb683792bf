//! The state of a followed run on disk: how far each source was taken, and what the sink would lose with the process.
//!
//! One JSON file for a command and its sources, replaced as a whole: what it says was taken and what the sink made of
//! that are of one moment, whenever the process is killed. A lock beside it keeps a second process from writing it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result};
use crate::model::{LogObject, Mark, Position};

use super::Options;

/// The format number in the file.
const FORMAT: u32 = 1;
/// Between two writes, at least.
const EVERY: Duration = Duration::from_secs(1);
/// Writing takes at most one part in so many of the time.
const SPARING: u32 = 20;
/// Positions of local files that are kept, the newest ones: files that were rotated away leave theirs behind.
const MAX_LOCAL: usize = 65_536;

/// Where the state is kept and whether it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateOptions {
    /// The folder.
    pub folder: PathBuf,
    /// Of which command: a look with the explorer must not touch what a check has taken.
    pub command: &'static str,
    /// Go on where the last run ended; else start anew.
    pub resume: bool,
    /// Somebody asked for it: a state that cannot be kept is an error, not a warning.
    pub required: bool,
}

/// What an earlier run took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Taken {
    /// By the key of its [`Mark`].
    pub positions: BTreeMap<Arc<str>, Position>,
    /// Objects on S3 of earlier hours were taken, or are out of the window.
    pub floor_hour: Option<i64>,
    /// By URI: hashes of the lines that were read of an object that may still be overwritten.
    pub lines: HashMap<Arc<str>, Vec<u64>>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    sources: Vec<String>,
    floor_hour: Option<i64>,
    /// In the order they were last changed.
    positions: Vec<(String, Position)>,
    /// Of objects that may still be overwritten: their hour, and hashes of their lines in base64, 8 bytes a line.
    lines: Vec<(String, Option<i64>, String)>,
    memo: Option<serde_json::Value>,
}

/// The state of this run.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    sources: Vec<String>,
    /// By key, with the number of its last change.
    positions: BTreeMap<Arc<str>, (u64, Position)>,
    floor_hour: Option<i64>,
    lines: ReadLines,
    changes: u64,
    is_changed: bool,
    due: Instant,
    /// Held until the process ends, however it ends.
    _lock: File,
}

impl State {
    /// Opens the state of `options`' sources: with `resume` what the last run left, else an empty one.
    ///
    /// # Errors
    /// The folder cannot be written to, another process keeps this state, or it is damaged.
    pub fn open(
        wanted: &StateOptions,
        options: &Options,
    ) -> Result<(Self, Taken, Option<serde_json::Value>)> {
        let folder = wanted.folder.join("follow");
        std::fs::create_dir_all(&folder).map_err(|e| Error::file("create", &folder, e))?;
        let sources = identities(options);
        let name = format!(
            "{}-{:016x}",
            wanted.command,
            xxh3_64(sources.join("\n").as_bytes())
        );
        let lock = lock(&folder.join(format!("{name}.lock")))?;
        let path = folder.join(format!("{name}.json"));
        let stored = if wanted.resume { read(&path)? } else { None };
        let mut state = Self {
            path,
            sources,
            positions: BTreeMap::new(),
            floor_hour: None,
            lines: ReadLines::default(),
            changes: 0,
            // A run that starts anew forgets the last one with its first write.
            is_changed: true,
            // At once: a file that is rotated away right after the start is known by then.
            due: Instant::now(),
            _lock: lock,
        };
        let Some(stored) = stored else {
            return Ok((state, Taken::default(), None));
        };
        state.floor_hour = stored.floor_hour;
        for (key, position) in stored.positions {
            state.put(key.into(), position);
        }
        let mut lines = HashMap::new();
        for (uri, hour, text) in stored.lines {
            let hashes = unpacked(&text);
            state.lines.add(uri.as_str().into(), hour, &hashes);
            lines.insert(uri.into(), hashes);
        }
        let taken = Taken {
            lines,
            positions: state
                .positions
                .iter()
                .map(|(key, (_, position))| (key.clone(), position.clone()))
                .collect(),
            floor_hour: state.floor_hour,
        };
        Ok((state, taken, stored.memo))
    }

    /// Notes what the sink has taken.
    pub fn note(&mut self, mark: Mark) {
        self.put(mark.key, mark.position);
    }

    /// Notes which lines of an object the sink has taken.
    pub fn note_lines(&mut self, object: &LogObject, hashes: &[u64]) {
        self.lines.add(object.uri.clone(), object.hour, hashes);
        self.is_changed = true;
    }

    fn put(&mut self, key: Arc<str>, position: Position) {
        self.changes += 1;
        self.is_changed = true;
        self.positions.insert(key, (self.changes, position));
    }

    /// Objects of earlier hours are done with: what was noted of them is forgotten.
    pub fn raise_floor(&mut self, hour: i64) {
        if self.floor_hour.is_some_and(|floor| floor >= hour) {
            return;
        }
        self.floor_hour = Some(hour);
        self.is_changed = true;
        self.lines.raise_floor(hour);
        self.positions.retain(|_, (_, position)| {
            !matches!(position, Position::Object { hour: Some(of), .. } if *of < hour)
        });
    }

    /// Whether a write is due.
    pub fn is_due(&self) -> bool {
        self.is_changed && Instant::now() >= self.due
    }

    /// Whether anything is not on disk yet.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// The disk is full, or the folder is gone.
    pub fn save(&mut self, memo: Option<serde_json::Value>) -> Result<()> {
        let start = Instant::now();
        self.drop_old_local();
        let mut positions: Vec<(u64, Arc<str>, Position)> = self
            .positions
            .iter()
            .map(|(key, (change, position))| (*change, key.clone(), position.clone()))
            .collect();
        positions.sort_unstable_by_key(|(change, ..)| *change);
        let stored = Stored {
            format: FORMAT,
            sources: self.sources.clone(),
            floor_hour: self.floor_hour,
            positions: positions
                .into_iter()
                .map(|(_, key, position)| (key.to_string(), position))
                .collect(),
            lines: self
                .lines
                .by_uri
                .iter()
                .map(|(uri, (hour, text))| (uri.to_string(), *hour, text.clone()))
                .collect(),
            memo,
        };
        replace(&self.path, &stored)?;
        self.is_changed = false;
        self.due = Instant::now() + EVERY.max(start.elapsed() * SPARING);
        Ok(())
    }

    fn drop_old_local(&mut self) {
        let is_local = |position: &Position| {
            matches!(position, Position::Text { .. } | Position::Whole { .. })
        };
        let mut changes: Vec<u64> = self
            .positions
            .values()
            .filter(|(_, position)| is_local(position))
            .map(|(change, _)| *change)
            .collect();
        if changes.len() <= MAX_LOCAL {
            return;
        }
        changes.sort_unstable();
        let oldest = changes[changes.len() - MAX_LOCAL];
        self.positions
            .retain(|_, (change, position)| *change >= oldest || !is_local(position));
    }
}

/// Lines whose hashes are kept; past that the objects read first are forgotten, and read whole if they are overwritten
/// between two runs.
const MAX_LINES: usize = 250_000;
/// Bytes of a hash in the file.
const HASH_BYTES: usize = 8;

/// The lines read of objects that may still be overwritten.
#[derive(Debug, Default)]
struct ReadLines {
    /// By URI: its hour, and the hashes as they are written.
    by_uri: HashMap<Arc<str>, (Option<i64>, String)>,
    /// The object read first is the first one.
    order: VecDeque<(Arc<str>, usize)>,
    count: usize,
}

impl ReadLines {
    fn add(&mut self, uri: Arc<str>, hour: Option<i64>, hashes: &[u64]) {
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let packed = STANDARD_NO_PAD.encode(bytes);
        let (_, text) = self
            .by_uri
            .entry(uri.clone())
            .or_insert_with(|| (hour, String::new()));
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&packed);
        self.order.push_back((uri, hashes.len()));
        self.count += hashes.len();
        while self.count > MAX_LINES {
            let Some((oldest, count)) = self.order.pop_front() else {
                return;
            };
            self.count -= count;
            self.by_uri.remove(&oldest);
        }
    }

    fn raise_floor(&mut self, floor: i64) {
        self.by_uri
            .retain(|_, (hour, _)| hour.is_none_or(|hour| hour >= floor));
        let (by_uri, count) = (&self.by_uri, &mut self.count);
        self.order.retain(|(uri, lines)| {
            let is_kept = by_uri.contains_key(uri);
            *count -= if is_kept { 0 } else { *lines };
            is_kept
        });
    }
}

/// What cannot be read stands for no line: an object is then read whole if it is overwritten.
fn unpacked(text: &str) -> Vec<u64> {
    let parts = text.split(' ');
    let bytes = parts.filter_map(|part| STANDARD_NO_PAD.decode(part).ok());
    bytes
        .flat_map(|bytes| {
            let hashes = bytes.chunks_exact(HASH_BYTES);
            hashes
                .filter_map(|hash| Some(u64::from_le_bytes(hash.try_into().ok()?)))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What names the sources wherever the program is started: whole paths, and the endpoint where it is not AWS.
fn identities(options: &Options) -> Vec<String> {
    let mut named: Vec<String> = options
        .sources
        .iter()
        .map(|source| {
            if source.contains("://") {
                let endpoint = options.s3.endpoint_url.as_deref().unwrap_or_default();
                return format!("{source} {endpoint}").trim_end().to_owned();
            }
            let path = Path::new(source);
            std::fs::canonicalize(path)
                .or_else(|_| std::path::absolute(path))
                .map_or_else(|_| source.clone(), |path| path.display().to_string())
        })
        .collect();
    named.sort();
    named.dedup();
    named
}

fn lock(path: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| Error::file("write", path, e))?;
    match file.try_lock() {
        // Some network file systems have no locks; then nobody keeps a second process away.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Config(format!(
            "another frontlog follows these sources and keeps its state in {}; end it, or keep this one's elsewhere with --state DIR",
            path.parent().unwrap_or(path).display()
        ))),
    }
}

fn read(path: &Path) -> Result<Option<Stored>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::file("read", path, e)),
    };
    let unusable = |why: String| {
        Error::Config(format!(
            "{} cannot be resumed from: {why}; without --resume everything is read anew",
            path.display()
        ))
    };
    let stored: Stored = serde_json::from_slice(&text).map_err(|e| unusable(e.to_string()))?;
    if stored.format != FORMAT {
        return Err(unusable(format!(
            "it has format {}, and this version knows {FORMAT}",
            stored.format
        )));
    }
    Ok(Some(stored))
}

/// Writes beside the file and renames: a reader, and the next run, see the old one or the new one.
fn replace(path: &Path, stored: &Stored) -> Result<()> {
    let beside = path.with_extension("json.new");
    let written = serde_json::to_vec(stored)
        .map_err(std::io::Error::other)
        .and_then(|text| {
            let mut file = File::create(&beside)?;
            file.write_all(&text)?;
            // The name must not reach the disk before the content does.
            file.sync_data()
        })
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|e| Error::file("write", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, hour: i64) -> Mark {
        Mark {
            index: 0,
            key: key.into(),
            position: Position::Object {
                etag: "e".into(),
                hour: Some(hour),
            },
        }
    }

    #[test]
    fn a_state_is_found_again_locked_and_bounded_by_its_floor() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = |resume| StateOptions {
            folder: dir.path().to_owned(),
            command: "check",
            resume,
            required: true,
        };
        let options = Options {
            sources: vec!["s3://b/x".into()],
            ..Options::default()
        };
        let (mut state, taken, memo) = State::open(&wanted(true), &options).unwrap();
        assert_eq!((taken, memo), (Taken::default(), None));
        assert!(
            State::open(&wanted(true), &options).is_err(),
            "one at a time"
        );
        let log = |uri: &str, hour| LogObject {
            uri: uri.into(),
            size_bytes: 0,
            etag: "".into(),
            hour: Some(hour),
            last_modified_ms: None,
        };
        state.note_lines(&log("old", 5), &[1]);
        state.note_lines(&log("new", 9), &[2, u64::MAX]);
        state.note_lines(&log("new", 9), &[3]);
        state.note(object("old", 5));
        state.note(object("new", 9));
        state.raise_floor(7);
        state.raise_floor(6);
        state.save(Some(serde_json::json!({"n": 3}))).unwrap();
        drop(state);
        let (state, taken, memo) = State::open(&wanted(true), &options).unwrap();
        assert_eq!(
            taken.positions.keys().map(|k| &**k).collect::<Vec<_>>(),
            ["new"]
        );
        assert_eq!(
            (taken.floor_hour, memo),
            (Some(7), Some(serde_json::json!({"n": 3})))
        );
        drop(state);
        let (_state, taken, _) = State::open(&wanted(false), &options).unwrap();
        assert_eq!(
            taken,
            Taken::default(),
            "without --resume a run starts anew"
        );
    }
}

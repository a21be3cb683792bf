//! Overwritten objects of a followed run: of a new version only the lines are read that no earlier version had, so that
//! no event is counted twice and none is missed, whichever version a worker happens to see first.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use crate::model::{LogObject, Position};
use crate::source::state::Taken;

/// Hashes kept, 8 bytes a line; past that the objects read first are forgotten.
const MAX_LINES: usize = 16_000_000;

/// The lines of the objects on S3 that may still be overwritten.
#[derive(Debug, Default)]
pub(super) struct Versions {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By object id; `None` for one that is not on S3.
    keys: Vec<Option<(Arc<str>, Option<i64>)>>,
    /// By URI: the hashes of all lines read, sorted.
    lines: HashMap<Arc<str>, Vec<u64>>,
    /// URIs in the order of their first version.
    order: VecDeque<(Arc<str>, Option<i64>)>,
    count: usize,
}

/// What of an object's text is to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct New {
    /// `None` for all of it.
    pub runs: Option<Vec<Run>>,
    /// Hashes of those lines.
    pub hashes: Vec<u64>,
}

/// Some lines in a row that are to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Where they stand in the text.
    pub text: Range<usize>,
    /// Lines before them.
    pub lines: u64,
}

impl Versions {
    /// Knows the lines that an earlier run has taken.
    pub fn after(taken: &Taken) -> Self {
        let versions = Self::default();
        let mut known = versions.lock();
        for (key, hashes) in &taken.lines {
            let hour = match taken.positions.get(key) {
                Some(Position::Object { hour, .. }) => *hour,
                _ => None,
            };
            let mut hashes = hashes.clone();
            hashes.sort_unstable();
            known.keep(key.clone(), hour, hashes);
        }
        drop(known);
        versions
    }

    /// Objects were found; their ids count on from the ones before.
    pub fn listed(&self, objects: &[Arc<LogObject>]) {
        let keys = objects
            .iter()
            .map(|o| o.uri.starts_with("s3://").then(|| (o.uri.clone(), o.hour)));
        self.lock().keys.extend(keys);
    }

    /// Objects of earlier hours change no more.
    pub fn raise_floor(&self, hour: i64) {
        let mut known = self.lock();
        let Known {
            lines,
            order,
            count,
            ..
        } = &mut *known;
        order.retain(|(uri, of)| {
            let is_kept = of.is_none_or(|of| of >= hour);
            if !is_kept {
                *count -= lines.remove(uri).map_or(0, |lines| lines.len());
            }
            is_kept
        });
    }

    /// The lines of an object's text that no other version of it had; `None` for an object that is not on S3.
    pub fn new_lines(&self, object: u32, text: &[u8]) -> Option<New> {
        let (key, hour) = {
            let known = self.lock();
            known.keys.get(object as usize).cloned().flatten()?
        };
        let mut hashes: Vec<u64> = rows(text).map(|row| xxh3_64(&text[row])).collect();
        hashes.sort_unstable();
        let mut known = self.lock();
        let Some(old) = known.lines.remove(&key) else {
            known.keep(key, hour, hashes.clone());
            return Some(New { runs: None, hashes });
        };
        // Equal lines are told apart by their number: two in the old version leave out two in the new one.
        let mut left: HashMap<u64, u32> = HashMap::new();
        for hash in &old {
            *left.entry(*hash).or_default() += 1;
        }
        let all = union(&old, &hashes);
        known.count = known.count + all.len() - old.len();
        known.lines.insert(key, all);
        drop(known);
        hashes.clear();
        let runs = runs(text, |row| {
            let hash = xxh3_64(row);
            if let Some(n) = left.get_mut(&hash).filter(|n| **n > 0) {
                *n -= 1;
                return false;
            }
            hashes.push(hash);
            true
        });
        Some(New {
            runs: Some(runs),
            hashes,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn keep(&mut self, key: Arc<str>, hour: Option<i64>, hashes: Vec<u64>) {
        self.count += hashes.len();
        self.lines.insert(key.clone(), hashes);
        self.order.push_back((key, hour));
        while self.count > MAX_LINES && self.order.len() > 1 {
            let Some((oldest, _)) = self.order.pop_front() else {
                return;
            };
            self.count -= self.lines.remove(&oldest).map_or(0, |lines| lines.len());
        }
    }
}

/// Each line that may be a record, without its line end.
fn rows(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    lines(text).filter(|line| !text[line.clone()].starts_with(b"#"))
}

fn lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= text.len() {
            return None;
        }
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |i| start + i);
        let line = start..end;
        start = end + 1;
        Some(line)
    })
}

/// The lines that are wanted, and all directives, in as few runs as possible.
fn runs(text: &[u8], mut is_wanted: impl FnMut(&[u8]) -> bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (number, line) in lines(text).enumerate() {
        let row = &text[line.clone()];
        if !row.starts_with(b"#") && !is_wanted(row) {
            continue;
        }
        let end = (line.end + 1).min(text.len());
        match runs.last_mut() {
            Some(run) if run.text.end == line.start => run.text.end = end,
            _ => runs.push(Run {
                text: line.start..end,
                lines: number as u64,
            }),
        }
    }
    runs
}

/// Each value as often as it is in the one of the two that has it more often; both are sorted.
fn union(a: &[u64], b: &[u64]) -> Vec<u64> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut all = Vec::with_capacity(a.len().max(b.len()));
    loop {
        match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => {
                let least = **x.min(y);
                if **x == least {
                    a.next();
                }
                if b.peek().is_some_and(|y| **y == least) {
                    b.next();
                }
                all.push(least);
            }
            (Some(_), None) => all.extend(a.by_ref()),
            (None, Some(_)) => all.extend(b.by_ref()),
            (None, None) => return all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Arc<LogObject> {
        Arc::new(LogObject {
            uri: "s3://b/a".into(),
            size_bytes: 0,
            etag: "".into(),
            hour: Some(5),
            last_modified_ms: None,
        })
    }

    fn read(versions: &Versions, id: u32, text: &str) -> Vec<String> {
        let new = versions.new_lines(id, text.as_bytes()).unwrap();
        let Some(runs) = new.runs else {
            return text.lines().map(str::to_owned).collect();
        };
        let lines: Vec<&str> = text.lines().collect();
        let mut read = Vec::new();
        for run in runs {
            let got: Vec<String> = text[run.text].lines().map(str::to_owned).collect();
            let at = run.lines as usize;
            assert_eq!(got, lines[at..at + got.len()]);
            read.extend(got);
        }
        read.retain(|line| !line.starts_with('#'));
        read
    }

    #[test]
    fn whatever_the_order_of_versions_each_line_is_read_once() {
        let versions = [
            "a\nb\nb\n",
            "#Fields: x\nb\nc\na\nb\nd\n",
            "d\nb\nb\nb\n",
            "a\n",
        ];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
            let known = Versions::default();
            known.listed(&[object(), object(), object(), object()]);
            let mut all: Vec<String> = order
                .iter()
                .flat_map(|at| read(&known, *at as u32, versions[*at]))
                .filter(|line| !line.starts_with('#'))
                .collect();
            all.sort();
            assert_eq!(all, ["a", "b", "b", "b", "c", "d"], "{order:?}");
        }
    }

    #[test]
    fn what_an_earlier_run_has_read_is_left_out() {
        let known = Versions::after(&Taken {
            lines: HashMap::from([("s3://b/a".into(), vec![xxh3_64(b"a")])]),
            ..Taken::default()
        });
        known.listed(&[object()]);
        assert_eq!(read(&known, 0, "b\na\n"), ["b"]);
    }

    #[test]
    fn hours_that_change_no_more_are_forgotten() {
        let known = Versions::default();
        known.listed(&[object(), object()]);
        assert_eq!(known.new_lines(0, b"a\n").unwrap().runs, None);
        known.raise_floor(6);
        assert_eq!(known.lock().count, 0);
        assert!(known.lock().order.is_empty());
        assert_eq!(known.new_lines(1, b"a\n").unwrap().runs, None);
    }
}

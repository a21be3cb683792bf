//! What a following run knows of S3: which objects it has taken in which version, which hours may still change, and
//! which objects could not be read yet.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::model::{Code, LogObject, Mark, Position};

use super::listing::Found;
use super::state::Taken;

/// Where nothing says how often to list.
const POLL: Duration = Duration::from_secs(10);
/// Up to so many objects in the window, each poll lists all of it: five pages.
const FEW: usize = 5_000;
/// Of more, the older hours are listed this often only.
const WHOLE_EVERY: Duration = Duration::from_mins(1);
/// And each poll lists these newest hours.
const RECENT_HOURS: i64 = 2;
/// Polls in which an object may fail to be read before it is given up.
const TRIES: u32 = 5;

/// What a following run knows of S3.
#[derive(Debug, Default)]
pub struct Remote {
    /// Objects taken: their version and their hour.
    known: HashMap<Arc<str>, (Arc<str>, Option<i64>)>,
    /// Of these, the ones of an earlier run whose lines are not known any more.
    earlier: HashSet<Arc<str>>,
    newest_hour: Option<i64>,
    /// Hours before the newest one; 0 for all.
    window: i64,
    /// Hours before are an earlier run's.
    first_hour: Option<i64>,
    every: Duration,
    whole_listing: Option<Instant>,
    /// Objects in the window at the last whole listing.
    objects: usize,
    failed: Vec<Failed>,
}

/// An announced object that could not be read.
#[derive(Debug)]
pub struct Failed {
    /// Index of the object.
    pub index: u32,
    /// In the version that is wanted now.
    pub object: Arc<LogObject>,
    tries: u32,
}

/// What is new about a listed S3 object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Its key.
    New,
    /// Its content.
    Overwritten,
}

/// What a poll found.
#[derive(Debug, Default)]
pub struct Polled {
    /// Objects to announce and read.
    pub new: Vec<Found>,
    /// Sentences.
    pub warnings: Vec<String>,
}

impl Remote {
    /// Knows what an earlier run took.
    pub fn new(every: Duration, window_hours: i64, taken: &Taken) -> Self {
        let mut remote = Self {
            window: window_hours,
            first_hour: taken.floor_hour,
            every: if every.is_zero() { POLL } else { every },
            ..Self::default()
        };
        for (key, position) in &taken.positions {
            if let Position::Object { etag, hour } = position {
                remote
                    .known
                    .insert(key.clone(), (etag.as_str().into(), *hour));
                if !taken.lines.contains_key(key) {
                    remote.earlier.insert(key.clone());
                }
                remote.newest_hour = remote.newest_hour.max(*hour);
            }
        }
        remote
    }

    /// From the start of one listing to that of the next.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// First hour of the first listing, given what the user asks for.
    pub fn first_hour(&self, since: Option<i64>) -> Option<i64> {
        since.max(self.first_hour)
    }

    /// First hour in which objects may still appear; `None` for all. The newest hour counts, not the clock: a bucket
    /// may be filled by hand, or by a program whose clock is wrong.
    pub fn floor(&self) -> Option<i64> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(i64::MAX, |since| (since.as_secs() / 3600) as i64);
        (self.window > 0).then_some(self.newest_hour?.min(now) - self.window)
    }

    /// First hour that the next poll lists, and whether that is the whole window.
    pub fn next_hour(&mut self, since: Option<i64>) -> (Option<i64>, bool) {
        let floor = since.max(self.floor()).max(self.first_hour);
        let is_due = self
            .whole_listing
            .is_none_or(|at| at.elapsed() >= WHOLE_EVERY);
        match self.newest_hour {
            Some(newest) if self.objects > FEW && !is_due => {
                (floor.max(Some(newest - RECENT_HOURS)), false)
            }
            _ => {
                self.whole_listing = Some(Instant::now());
                (floor, true)
            }
        }
    }

    /// Of listed objects, those that are new; they count as known from now on.
    pub fn sift(&mut self, found: Vec<Found>, is_first: bool, is_whole: bool) -> Polled {
        let mut polled = Polled::default();
        if is_whole {
            self.objects = found.len();
        }
        let mut late: Vec<(u64, Arc<str>)> = Vec::new();
        for found in found {
            let object = &found.object;
            match self.news(object) {
                None => continue,
                Some(News::New) => {
                    if !is_first && let Some(ms) = object.late_ms() {
                        late.push((ms, object.uri.clone()));
                    }
                }
                Some(News::Overwritten) => {
                    let wanted = self.failed.iter_mut().find(|f| f.object.uri == object.uri);
                    self.known
                        .insert(object.uri.clone(), (version(object), object.hour));
                    // Nothing of the earlier version was read: this one takes its place.
                    if let Some(failed) = wanted {
                        failed.object = object.clone();
                        continue;
                    }
                    // Which lines the old version had, only the run knows that read them.
                    let what = if self.earlier.remove(&object.uri) {
                        " since the last run; all of it is read, also the lines that its old version had"
                    } else {
                        "; of its new version the lines are read that the old one did not have"
                    };
                    polled
                        .warnings
                        .push(format!("{} was overwritten{what}", object.uri));
                }
            }
            self.known
                .insert(object.uri.clone(), (version(object), object.hour));
            self.newest_hour = self.newest_hour.max(object.hour);
            polled.new.push(found);
        }
        polled.warnings.extend(late_sentence(&late));
        if let Some(floor) = self.floor() {
            self.known
                .retain(|_, (_, hour)| hour.is_none_or(|hour| hour >= floor));
            self.earlier.retain(|key| self.known.contains_key(key));
        }
        polled
    }

    fn news(&self, object: &LogObject) -> Option<News> {
        match self.known.get(&object.uri) {
            Some((known, _)) if *known == version(object) => None,
            Some(_) => Some(News::Overwritten),
            None => Some(News::New),
        }
    }

    /// An object could not be read: it is tried again with the next poll. Gives `false` once that was often enough.
    pub fn fail(&mut self, index: u32, object: &Arc<LogObject>, tries: u32) -> bool {
        if tries >= TRIES {
            return false;
        }
        self.failed.push(Failed {
            index,
            object: object.clone(),
            tries,
        });
        true
    }

    /// An object is read again at a person's wish: the polls need not.
    pub fn forget_failed(&mut self, index: u32) {
        self.failed.retain(|failed| failed.index != index);
    }

    /// The objects to try again, and how often that was done.
    pub fn take_failed(&mut self) -> Vec<(u32, Arc<LogObject>, u32)> {
        std::mem::take(&mut self.failed)
            .into_iter()
            .map(|f| (f.index, f.object, f.tries + 1))
            .collect()
    }
}

/// What stands for having taken an object.
pub fn mark(index: u32, object: &LogObject) -> Mark {
    Mark {
        index,
        key: object.uri.clone(),
        position: Position::Object {
            etag: version(object).to_string(),
            hour: object.hour,
        },
    }
}

/// Servers without `ETag`s still tell when and how long.
fn version(object: &LogObject) -> Arc<str> {
    if object.etag.is_empty() {
        format!("{:?}-{}", object.last_modified_ms, object.size_bytes).into()
    } else {
        object.etag.clone()
    }
}

/// One sentence, however many objects were late.
fn late_sentence(late: &[(u64, Arc<str>)]) -> Option<String> {
    let (ms, uri) = late.iter().max_by_key(|(ms, _)| *ms)?;
    let minutes = ms / 60_000;
    let long = format!("{} h {:02} min", minutes / 60, minutes % 60);
    Some(match late.len() {
        1 => format!("{uri} came late: {long} after its hour"),
        n => format!("{n} objects came late, {uri} the latest: {long} after its hour"),
    })
}

/// Whether an object that could not be read may be readable later: it changed under the reader, or the network failed.
pub fn is_worth_trying(code: Code) -> bool {
    matches!(code, Code::S901 | Code::S902)
}

#[cfg(test)]
mod tests {
    use super::super::listing::Place;
    use super::*;

    fn found(key: &str, etag: &str, hour: i64) -> Found {
        Found {
            object: Arc::new(LogObject {
                uri: format!("s3://b/{key}").into(),
                size_bytes: 1,
                etag: etag.into(),
                hour: Some(hour),
                last_modified_ms: Some((hour + 1) * 3_600_000 + 5 * 3_600_000),
            }),
            place: Place::S3,
        }
    }

    #[test]
    fn what_was_taken_is_known_by_key_and_version_within_the_window() {
        let mut remote = Remote::new(Duration::ZERO, 26, &Taken::default());
        let keys = |polled: &Polled| {
            let uris = polled.new.iter().map(|f| f.object.uri.to_string());
            uris.collect::<Vec<_>>()
        };
        let first = remote.sift(vec![found("a", "1", 100)], true, true);
        assert_eq!((keys(&first).len(), first.warnings.len()), (1, 0));
        assert_eq!(remote.floor(), Some(74));
        let again = remote.sift(
            vec![found("a", "1", 100), found("late", "1", 80)],
            false,
            true,
        );
        assert_eq!(keys(&again), ["s3://b/late"]);
        assert!(
            again.warnings[0].contains("came late: 5 h 00 min"),
            "{again:?}"
        );
        let rewritten = remote.sift(vec![found("a", "2", 100)], false, true);
        assert!(rewritten.warnings[0].contains("was overwritten"));
        assert_eq!(keys(&rewritten).len(), 1);
        remote.sift(vec![found("b", "1", 120)], false, true);
        assert_eq!(
            remote.known.len(),
            2,
            "hours before the window are forgotten"
        );
    }

    #[test]
    fn what_could_not_be_read_is_tried_again_in_its_newest_version() {
        let mut remote = Remote::new(Duration::ZERO, 26, &Taken::default());
        let object = remote
            .sift(vec![found("a", "1", 100)], true, true)
            .new
            .remove(0)
            .object;
        assert!(remote.fail(7, &object, 0));
        assert!(
            remote
                .sift(vec![found("a", "2", 100)], false, true)
                .new
                .is_empty()
        );
        let (index, object, tries) = remote.take_failed().remove(0);
        assert_eq!((index, &*object.etag, tries), (7, "2", 1));
        assert!(!remote.fail(7, &object, TRIES));
        assert!(remote.fail(7, &object, 0) && remote.fail(8, &object, 0));
        remote.forget_failed(7);
        assert_eq!(remote.take_failed().len(), 1, "not read twice");
    }

    #[test]
    fn a_crowded_window_is_not_listed_as_a_whole_each_time() {
        let mut remote = Remote::new(Duration::ZERO, 26, &Taken::default());
        let many = (0..=FEW).map(|n| found(&n.to_string(), "1", 100)).collect();
        assert_eq!(remote.next_hour(None), (None, true));
        remote.sift(many, true, true);
        assert_eq!(remote.next_hour(None), (Some(98), false));
        assert_eq!(remote.next_hour(Some(99)), (Some(99), false));
    }
}

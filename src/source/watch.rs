//! What a following run knows of local files: which were listed, where each followed one stands, and which texts were
//! read that may come back under another name.

mod copies;
mod moved;
mod open;
mod ripe;

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::model::{Chapter, Mark, Position};

use super::listing::{self, Found, Place as At};
use super::members::Place;
use super::state::Taken;
use super::tail::{Tail, identity};
use super::{Content, local};

/// Texts that were read and are remembered after their file went.
const PAST: usize = 4096;
/// Warnings that are remembered, so that each is told once.
const TOLD: usize = 10_000;

/// What a following run knows already.
#[derive(Debug, Default)]
pub struct Watch {
    /// Files that may grow.
    pub tails: Vec<Tail>,
    /// Warnings that were given.
    told: HashSet<String>,
    /// Local files that were listed.
    seen: HashMap<PathBuf, Seen>,
    /// Files that were read whole, by device and inode.
    wholes: HashMap<(u64, u64), Whole>,
    /// Files that are not ready to be read, with their size and when that last changed.
    unripe: HashMap<PathBuf, (u64, Instant)>,
    /// Files that had no byte at the last listing: what they are is known with the first one.
    empty: HashSet<PathBuf>,
    /// Names of files whose growth only a listing shows.
    waiting: HashSet<OsString>,
    /// Names, none a source's, that files have now that had a source's.
    rotated: HashSet<PathBuf>,
    /// Of those the ones to be looked at: they may have been renamed before they were read.
    moved: Vec<PathBuf>,
    /// Texts that were read, of files that went, or of an earlier run; the oldest first.
    past: Vec<Past>,
    /// How the files that are about to be opened are to be read.
    plans: HashMap<PathBuf, Plan>,
    /// Several sources may name one file.
    several: bool,
    /// Before the first listing.
    is_first: bool,
}

#[derive(Debug)]
struct Seen {
    file: (u64, u64),
    etag: Arc<str>,
    is_tail: bool,
}

#[derive(Debug, Clone)]
struct Whole {
    /// `None` for one of an earlier run, or one that was left out.
    index: Option<u32>,
    key: Arc<str>,
    size: u64,
    etag: Arc<str>,
    edge: u64,
}

#[derive(Debug, Clone)]
struct Past {
    key: Arc<str>,
    path: PathBuf,
    file: (u64, u64),
    chapter: Chapter,
    header: String,
    place: Option<Place>,
}

#[derive(Debug)]
enum Plan {
    /// gzip that is being written.
    Gzip,
    /// On from where a text was read to.
    GoOn(Past),
}

/// What was found among listed files.
#[derive(Debug, Default)]
pub struct Sifted {
    /// Files to announce and to read.
    pub new: Vec<Found>,
    /// Of those, files that were renamed to names that are no source: nobody is going to write to them for long.
    pub moved: Vec<PathBuf>,
    /// Files read whole that grew: their object, the lines before, and the line that the format is known from.
    pub grown: Vec<(u32, u64, Vec<u8>)>,
    /// Sentences.
    pub warnings: Vec<String>,
    /// Some file is not ready: list again soon.
    pub is_unripe: bool,
}

/// A file, opened.
#[derive(Debug)]
pub enum Opened {
    /// What is there of it, and the position that stands for.
    Content(Content, Mark),
    /// It goes on after so many lines; its format is known from this line.
    Resumed(u64, Vec<u8>),
}

impl Watch {
    /// Knows what an earlier run took.
    pub fn new(several: bool, taken: &Taken) -> Self {
        let mut watch = Self {
            several,
            is_first: true,
            ..Self::default()
        };
        for (key, position) in &taken.positions {
            match position {
                Position::Text {
                    file,
                    path,
                    chapter,
                    header,
                    member,
                } => watch.past.push(Past {
                    key: key.clone(),
                    path: path.into(),
                    file: *file,
                    chapter: chapter.clone(),
                    header: header.clone(),
                    place: member.map(|(member, skip)| Place { member, skip }),
                }),
                Position::Whole {
                    file,
                    path,
                    size,
                    etag,
                    edge,
                } => {
                    let etag: Arc<str> = etag.as_str().into();
                    let seen = Seen {
                        file: *file,
                        etag: etag.clone(),
                        is_tail: false,
                    };
                    watch
                        .seen
                        .insert(listing::identity(Path::new(path), several), seen);
                    let whole = Whole {
                        index: None,
                        key: key.clone(),
                        size: *size,
                        etag,
                        edge: *edge,
                    };
                    watch.wholes.insert(*file, whole);
                }
                Position::Object { .. } | Position::Shard { .. } => {}
            }
        }
        watch
    }

    /// Whether a warning has not been given yet.
    pub fn is_news(&mut self, warning: &str) -> bool {
        if self.told.len() >= TOLD {
            self.told.clear();
        }
        self.told.insert(warning.to_owned())
    }

    /// Which of the listed local files are to be read; the others are known, or not ready.
    pub fn sift(&mut self, found: Vec<Found>) -> Sifted {
        let mut sifted = Sifted::default();
        let mut listed = HashSet::new();
        self.empty.clear();
        for found in found {
            match &found.place {
                At::File(path) => {
                    let name = listing::identity(path, self.several);
                    listed.insert(name.clone());
                    if self.is_wanted(&found, path, &name, &mut sifted) {
                        sifted.new.push(found);
                    }
                }
                At::Pipe(path) => {
                    let name = listing::identity(path, self.several);
                    listed.insert(name.clone());
                    if !self.seen.contains_key(&name) {
                        self.remember(name, (0, 0), &found, true);
                        sifted.new.push(found);
                    }
                }
                At::Stdin | At::S3 => sifted.new.push(found),
            }
        }
        self.sift_moved(&mut listed, &mut sifted);
        if self.is_first {
            self.find_renamed(&mut sifted);
            self.is_first = false;
        }
        // What is no longer there would be kept for ever.
        self.seen.retain(|name, _| listed.contains(name));
        self.unripe.retain(|name, _| listed.contains(name));
        if self.wholes.len() > 2 * self.seen.len() + PAST {
            let there: HashSet<(u64, u64)> = self.seen.values().map(|s| s.file).collect();
            self.wholes.retain(|file, _| there.contains(file));
        }
        sifted
    }

    fn is_wanted(&mut self, found: &Found, path: &Path, name: &Path, sifted: &mut Sifted) -> bool {
        let known = self.seen.get(name);
        if known.is_some_and(|seen| seen.etag == found.object.etag || seen.is_tail) {
            return false;
        }
        let was_known = known.is_some();
        let Ok(meta) = std::fs::metadata(path) else {
            return false;
        };
        let file = identity(&meta);
        if let Some(tail) = self.tails.iter_mut().find(|tail| tail.file == file) {
            // The file is followed: renamed, unless this is a second name of it.
            let is_there = std::fs::metadata(&tail.path).is_ok_and(|m| identity(&m) == file);
            if !is_there {
                path.clone_into(&mut tail.path);
                tail.is_orphan = false;
            }
            self.remember(name.to_owned(), file, found, true);
            return false;
        }
        let mut is_rewritten = was_known;
        if let Some(whole) = self.wholes.get(&file).cloned() {
            if whole.etag == found.object.etag || Self::is_still(&whole, path, meta.len()) {
                self.remember(name.to_owned(), file, found, false);
                return false;
            }
            if self.grows(&whole, path, found, sifted) {
                self.remember(name.to_owned(), file, found, true);
                return self.plans.contains_key(path);
            }
            is_rewritten |= whole.index.is_some();
        }
        if !self.is_ripe(found, path, name, file, sifted) {
            return false;
        }
        if is_rewritten {
            sifted.warnings.push(format!(
                "{} was written anew; its new content is read too",
                path.display()
            ));
        }
        self.remember(name.to_owned(), file, found, false);
        true
    }

    fn remember(&mut self, name: PathBuf, file: (u64, u64), found: &Found, is_tail: bool) {
        self.unripe.remove(&name);
        let etag = found.object.etag.clone();
        let seen = Seen {
            file,
            etag,
            is_tail,
        };
        self.seen.insert(name, seen);
    }

    /// Knows a file that is about to be opened without having been listed.
    pub fn note(&mut self, path: &Path, meta: &std::fs::Metadata) {
        let name = listing::identity(path, self.several);
        let found = local::file(path.to_owned(), meta);
        self.remember(name, identity(meta), &found, true);
    }

    /// Forgets a name, so that what comes under it is new.
    pub fn forget(&mut self, path: &Path) {
        self.seen.remove(&listing::identity(path, self.several));
        // The file may be gone, and with it the way to its whole path.
        self.seen.retain(|name, seen| name != path || !seen.is_tail);
    }

    /// Keeps what was read of a file that is followed no more.
    pub fn bury(&mut self, mark: &Mark, path: &Path) {
        let Position::Text {
            file,
            chapter,
            header,
            member,
            ..
        } = mark.position.clone()
        else {
            return;
        };
        if self.past.len() >= PAST {
            self.past.remove(0);
        }
        self.past.push(Past {
            key: mark.key.clone(),
            path: path.to_owned(),
            file,
            chapter,
            header,
            place: member.map(|(member, skip)| Place { member, skip }),
        });
    }
}

//! What a following run knows: which files and objects it has listed, and where each followed file stands.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::LogObject;

use super::Content;
use super::listing::{self, Found, Place};
use super::tail::{self, Tail};

/// Followed files that are kept open; of more, the bytes between the last look and a rotation are lost, with a warning.
const HELD: usize = 256;

/// What a following run knows already.
#[derive(Debug, Default)]
pub struct Watch {
    /// Warnings that were given.
    pub told: HashSet<String>,
    /// Files that may grow.
    pub tails: Vec<Tail>,
    /// Local files that were listed.
    known: HashSet<PathBuf>,
    /// Gzip files that appeared and may still be written to, with their size at the last listing.
    unripe: HashMap<PathBuf, u64>,
    /// S3 objects that were listed, with their version.
    remote: HashMap<Arc<str>, Arc<str>>,
    /// Several sources may name one file.
    several: bool,
}

impl Watch {
    /// Knows nothing yet.
    pub fn new(several: bool) -> Self {
        Self {
            several,
            ..Self::default()
        }
    }

    /// Opens a file to follow it.
    pub fn open(&mut self, path: &Path, index: u32) -> io::Result<Content> {
        let (tail, content) = Tail::open(path, index, self.tails.len() < HELD)?;
        if let Some(mut tail) = tail {
            tail.key = listing::identity(path, self.several);
            self.tails.push(tail);
        }
        Ok(content)
    }

    /// Notes an object, so that it is not new again.
    pub fn remember(&mut self, found: &Found) {
        match &found.place {
            Place::File(path) | Place::Pipe(path) => {
                self.known.insert(listing::identity(path, self.several));
            }
            Place::S3 => {
                self.remote
                    .insert(found.object.uri.clone(), version(&found.object));
            }
            Place::Stdin => {}
        }
    }

    /// Forgets a file, so that what comes under its name is new.
    pub fn forget(&mut self, tail: &Tail) {
        self.known.remove(&tail.key);
    }

    /// Whether an S3 object is new; `None` if this version of it is known.
    pub fn news(&self, object: &LogObject) -> Option<News> {
        match self.remote.get(&object.uri) {
            Some(known) if *known == version(object) => None,
            Some(_) => Some(News::Overwritten),
            None => Some(News::New),
        }
    }

    /// Whether a listed local file is new and complete enough to be read: gzip once it stops growing, and nothing
    /// while it is empty, since what it will be is not known yet.
    pub fn is_ripe(&mut self, found: &Found) -> bool {
        let Place::File(path) = &found.place else {
            return false;
        };
        if found.object.size_bytes == 0 {
            return false;
        }
        let identity = listing::identity(path, self.several);
        if self.known.contains(&identity) {
            return false;
        }
        let gzip = File::open(path)
            .and_then(|mut f| tail::is_gzip(&mut f))
            .unwrap_or(false);
        let size = found.object.size_bytes;
        if gzip && self.unripe.get(&identity) != Some(&size) {
            self.unripe.insert(identity, size);
            return false;
        }
        self.unripe.remove(&identity);
        true
    }
}

/// What is new about a listed S3 object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Its key.
    New,
    /// Its content.
    Overwritten,
}

/// Servers without `ETag`s still tell when and how long.
fn version(object: &LogObject) -> Arc<str> {
    if object.etag.is_empty() {
        format!("{:?}-{}", object.last_modified_ms, object.size_bytes).into()
    } else {
        object.etag.clone()
    }
}

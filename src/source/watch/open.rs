//! Opens files to read and to follow them.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::Path;
use std::sync::Arc;

use crate::model::{Mark, Position};

use super::super::tail::{Compression, Tail, compression, identity, key_of};
use super::super::{Content, Fetched, listing, local};
use super::copies::edge;
use super::{Opened, Past, Plan, Watch, Whole};

/// Followed files that are kept open; of more, the bytes between the last look and a rotation are lost, with a warning.
const HELD: usize = 256;
/// Up to this size a whole file is handed out in memory.
const IN_MEMORY_BYTES: u64 = 1 << 20;

impl Watch {
    /// Opens a file to read it and to follow it.
    pub fn open(&mut self, path: &Path, index: u32) -> io::Result<Opened> {
        let is_held = self.may_hold();
        match self.plans.remove(path) {
            Some(Plan::GoOn(past)) => self.go_on(path, index, past),
            Some(Plan::Gzip) => {
                let tail = Tail::open_gzip(path, index, is_held)?;
                self.follow(path, tail)
            }
            None => {
                let mut file = File::open(path)?;
                if let Some(how) = compression(&mut file)? {
                    return self.whole(path, index, file, how);
                }
                let tail = Tail::open(path, index, is_held)?;
                self.follow(path, tail)
            }
        }
    }

    fn may_hold(&self) -> bool {
        self.tails.iter().filter(|tail| tail.is_held()).count() < HELD
    }

    fn follow(&mut self, path: &Path, mut tail: Tail) -> io::Result<Opened> {
        let (first, _) = tail.grow()?;
        let content = Content::Bytes(Fetched::from(first.map_or_else(Vec::new, |g| g.bytes)));
        let mark = tail.mark();
        self.is_tail(path);
        self.tails.push(tail);
        Ok(Opened::Content(content, mark))
    }

    pub(super) fn go_on(&mut self, path: &Path, index: u32, past: Past) -> io::Result<Opened> {
        let is_gzip = compression(&mut File::open(path)?)? == Some(Compression::Gzip);
        let is_held = self.may_hold();
        let mut tail = if is_gzip {
            Tail::open_gzip(path, index, is_held)?
        } else {
            Tail::open(path, index, is_held)?
        };
        tail.key = past.key;
        let tail = tail.resume(&past.chapter, &past.header, past.place)?;
        let (lines, head) = tail.start();
        self.is_tail(path);
        self.tails.push(tail);
        Ok(Opened::Resumed(lines, head))
    }

    fn is_tail(&mut self, path: &Path) {
        let name = listing::identity(path, self.several);
        if let Some(seen) = self.seen.get_mut(&name) {
            seen.is_tail = true;
        }
    }

    /// A compressed file is read whole: exactly as many bytes as are noted, whatever is appended meanwhile.
    fn whole(
        &mut self,
        path: &Path,
        index: u32,
        mut file: File,
        how: Compression,
    ) -> io::Result<Opened> {
        let meta = file.metadata()?;
        let (id, size) = (identity(&meta), meta.len());
        let etag = local::file(path.to_owned(), &meta).object.etag.clone();
        let edge = edge(path, size)?;
        file.rewind()?;
        let content = if size <= IN_MEMORY_BYTES {
            let mut bytes = Vec::with_capacity(size as usize);
            file.take(size).read_to_end(&mut bytes)?;
            Content::Bytes(Fetched::from(bytes))
        } else if how == Compression::Parquet {
            // Nobody appends to it, and as a stream it would have to be held whole.
            Content::File(path.to_owned())
        } else {
            Content::Stream(Box::new(file.take(size)))
        };
        let key: Arc<str> = key_of(path, id).into();
        let mark = Mark {
            index,
            key: key.clone(),
            position: Position::Whole {
                file: id,
                path: path.display().to_string(),
                size,
                etag: etag.to_string(),
                edge,
            },
        };
        let whole = Whole {
            index: Some(index),
            key,
            size,
            etag,
            edge,
        };
        self.wholes.insert(id, whole);
        Ok(Opened::Content(content, mark))
    }
}

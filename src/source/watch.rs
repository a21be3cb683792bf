//! What a following run knows of local files: which were listed, where each followed one stands, and which texts were
//! read that may come back under another name.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Chapter, Mark, Position};

use super::chapter::{self, Likeness};
use super::listing::{self, Found, Place as At};
use super::local;
use super::members::{self, Place};
use super::state::Taken;
use super::tail::{Compression, Tail, compression, identity, key_of};
use super::{Content, Fetched};

/// Followed files that are kept open; of more, the bytes between the last look and a rotation are lost, with a warning.
const HELD: usize = 256;
/// A file that is not followed line by line is read once it has not changed for so long.
const SETTLE: Duration = Duration::from_secs(2);
/// A gzip file that was written to within this time may still be.
const FRESH: Duration = Duration::from_secs(10);
/// Up to this size a gzip file is looked through to see whether it is complete.
const LOOKED_THROUGH_BYTES: u64 = 8 << 20;
/// Up to this size a whole file is handed out in memory.
const IN_MEMORY_BYTES: u64 = 1 << 20;
/// Texts that were read and are remembered after their file went.
const PAST: usize = 4096;
/// Warnings that are remembered, so that each is told once.
const TOLD: usize = 10_000;
/// Last bytes that tell a file that grew from one that was replaced.
const EDGE_BYTES: u64 = 256;

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
            if whole.etag == found.object.etag || self.is_still(&whole, path, meta.len()) {
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
    pub fn bury(&mut self, tail: &Tail) {
        let Position::Text {
            file,
            chapter,
            header,
            member,
            ..
        } = tail.mark().position
        else {
            return;
        };
        if self.past.len() >= PAST {
            self.past.remove(0);
        }
        self.past.push(Past {
            key: tail.key.clone(),
            path: tail.path.clone(),
            file,
            chapter,
            header,
            place: member.map(|(member, skip)| Place { member, skip }),
        });
    }

    /// A file whose time changed and whose content did not.
    fn is_still(&self, whole: &Whole, path: &Path, size: u64) -> bool {
        whole.size == size && edge(path, size).is_ok_and(|edge| edge == whole.edge)
    }

    /// Whether a file that was read whole only grew; then it is followed from there on.
    fn grows(&mut self, whole: &Whole, path: &Path, found: &Found, sifted: &mut Sifted) -> bool {
        let is_longer = found.object.size_bytes > whole.size
            && edge(path, whole.size).is_ok_and(|edge| edge == whole.edge);
        let is_gzip = File::open(path)
            .and_then(|mut f| compression(&mut f))
            .is_ok_and(|kind| kind == Some(Compression::Gzip));
        if !is_longer || !is_gzip {
            return false;
        }
        let Ok((chapter, header)) = text_of(path, whole.size) else {
            return false;
        };
        let past = Past {
            key: whole.key.clone(),
            path: path.to_owned(),
            file: (0, 0),
            place: Some(Place {
                member: 0,
                skip: chapter.offset,
            }),
            chapter,
            header,
        };
        match whole.index {
            None => {
                self.plans.insert(path.to_owned(), Plan::GoOn(past));
                true
            }
            Some(index) => match self.go_on(path, index, past) {
                Ok(Opened::Resumed(lines, head)) => {
                    sifted.grown.push((index, lines, head));
                    true
                }
                _ => false,
            },
        }
    }

    /// Whether a new file is complete enough to be read, and not a copy of what was read already. Nothing is while it
    /// is empty, since what it will be is not known yet.
    fn is_ripe(
        &mut self,
        found: &Found,
        path: &Path,
        name: &Path,
        file: (u64, u64),
        sifted: &mut Sifted,
    ) -> bool {
        let size = found.object.size_bytes;
        if size == 0 && !self.is_first {
            return false;
        }
        let kind = File::open(path)
            .and_then(|mut f| compression(&mut f))
            .unwrap_or(None);
        if let Some(at) = self.past.iter().position(|past| past.file == file) {
            let same = compare(&self.past[at].chapter, path, kind);
            if same.is_ok_and(|likeness| likeness == Likeness::Whole) {
                let past = self.past.remove(at);
                self.plans.insert(path.to_owned(), Plan::GoOn(past));
                return true;
            }
        }
        match self.original(path, file, kind) {
            None => {}
            Some(Original::Alive(original)) => {
                if !self.is_settled(name, size) {
                    sifted.is_unripe = true;
                    return false;
                }
                self.leave_out(path, name, file, found);
                sifted.warnings.push(format!(
                    "{} is a copy of {original}, and left out",
                    path.display()
                ));
                return false;
            }
            Some(Original::Past(at, likeness)) => {
                // A copy grows, too, while it is being made.
                if likeness == Likeness::Part && !self.is_settled(name, size) {
                    sifted.is_unripe = true;
                    return false;
                }
                let original = self.past[at].path.display().to_string();
                if likeness == Likeness::Part {
                    self.leave_out(path, name, file, found);
                    sifted.warnings.push(format!(
                        "{} is a copy of what was read as {original}, and left out",
                        path.display()
                    ));
                    return false;
                }
                let mut past = self.past.remove(at);
                if matches!(kind, Some(Compression::Gzip)) {
                    past.place = Some(Place {
                        member: 0,
                        skip: past.chapter.offset,
                    });
                }
                sifted.warnings.push(format!(
                    "{} goes on with what was read as {original}; only what comes after is read",
                    path.display()
                ));
                self.plans.insert(path.to_owned(), Plan::GoOn(past));
                return true;
            }
        }
        let Some(kind) = kind else { return true };
        if self.is_first && !is_fresh(found) {
            return true;
        }
        if kind == Compression::Gzip && size <= LOOKED_THROUGH_BYTES {
            let is_complete = File::open(path)
                .and_then(|mut f| members::is_complete(&mut f))
                .unwrap_or(false);
            if !is_complete {
                self.plans.insert(path.to_owned(), Plan::Gzip);
            }
            return true;
        }
        let is_settled = self.is_settled(name, size);
        sifted.is_unripe |= !is_settled;
        is_settled
    }

    fn is_settled(&mut self, name: &Path, size: u64) -> bool {
        let now = Instant::now();
        let (known, since) = self
            .unripe
            .entry(name.to_owned())
            .or_insert_with(|| (size, now));
        if *known != size {
            (*known, *since) = (size, now);
        }
        since.elapsed() >= SETTLE
    }

    /// A file whose content was read under another name.
    fn leave_out(&mut self, path: &Path, name: &Path, file: (u64, u64), found: &Found) {
        let size = found.object.size_bytes;
        let whole = Whole {
            index: None,
            key: key_of(path, file).into(),
            size,
            etag: found.object.etag.clone(),
            edge: edge(path, size).unwrap_or(0),
        };
        self.wholes.insert(file, whole);
        self.remember(name.to_owned(), file, found, false);
    }

    /// What a file is a copy of, plain or compressed, as log rotation makes them: beside the original, with a name that
    /// starts alike.
    fn original(
        &self,
        path: &Path,
        file: (u64, u64),
        kind: Option<Compression>,
    ) -> Option<Original> {
        if matches!(kind, Some(Compression::Other)) {
            return None;
        }
        let is_beside =
            |other: &Path| other.parent() == path.parent() && is_named_alike(other, path);
        for tail in &self.tails {
            if tail.file != file && is_beside(&tail.path) {
                let likeness = like(&tail.chapter(), path, kind).ok()?;
                if likeness != Likeness::Other {
                    return Some(Original::Alive(tail.path.display().to_string()));
                }
            }
        }
        // Of several the one that was read furthest.
        let alike = self.past.iter().enumerate().filter_map(|(at, past)| {
            if !is_beside(&past.path) {
                return None;
            }
            let likeness = like(&past.chapter, path, kind).ok()?;
            (likeness != Likeness::Other).then_some((at, likeness, past.chapter.offset))
        });
        alike
            .max_by_key(|(_, likeness, offset)| (*likeness == Likeness::Whole, *offset))
            .map(|(at, likeness, _)| Original::Past(at, likeness))
    }

    /// Files of an earlier run that were renamed since to names that are no source: their last lines.
    fn find_renamed(&mut self, sifted: &mut Sifted) {
        let mut at = 0;
        while at < self.past.len() {
            let past = &self.past[at];
            let there = past.place.is_none().then(|| renamed(past)).flatten();
            let Some((path, meta)) = there else {
                at += 1;
                continue;
            };
            let past = self.past.remove(at);
            self.plans.insert(path.clone(), Plan::GoOn(past));
            sifted.new.push(local::file(path, &meta));
        }
    }

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
                if compression(&mut file)?.is_some() {
                    return self.whole(path, index, file);
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

    fn go_on(&mut self, path: &Path, index: u32, past: Past) -> io::Result<Opened> {
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
    fn whole(&mut self, path: &Path, index: u32, mut file: File) -> io::Result<Opened> {
        use std::io::Seek as _;
        let meta = file.metadata()?;
        let (id, size) = (identity(&meta), meta.len());
        let etag = local::file(path.to_owned(), &meta).object.etag.clone();
        let edge = edge(path, size)?;
        file.rewind()?;
        let content = if size <= IN_MEMORY_BYTES {
            let mut bytes = Vec::with_capacity(size as usize);
            file.take(size).read_to_end(&mut bytes)?;
            Content::Bytes(Fetched::from(bytes))
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

/// What a file is a copy of.
enum Original {
    /// A followed file.
    Alive(String),
    /// A text that was read.
    Past(usize, Likeness),
}

/// Compares a file, plain or gzip, with a chapter, unless too few bytes would have to tell.
fn like(chapter: &Chapter, path: &Path, kind: Option<Compression>) -> io::Result<Likeness> {
    let mut start = Vec::new();
    text(path, kind)?
        .take(u64::from(chapter.head_bytes))
        .read_to_end(&mut start)?;
    if chapter::is_telling(chapter, &start) {
        compare(chapter, path, kind)
    } else {
        Ok(Likeness::Other)
    }
}

fn compare(chapter: &Chapter, path: &Path, kind: Option<Compression>) -> io::Result<Likeness> {
    if kind.is_some() {
        chapter::compare_text(chapter, &mut *text(path, kind)?)
    } else {
        chapter::compare_file(chapter, &mut File::open(path)?)
    }
}

fn text(path: &Path, kind: Option<Compression>) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    Ok(match kind {
        Some(Compression::Gzip) => Box::new(members::text(file)),
        _ => Box::new(file),
    })
}

/// `access.log.1.gz` and `access-20261122.log` beside `access.log`.
fn is_named_alike(original: &Path, copy: &Path) -> bool {
    let text = |path: &Path| {
        path.file_name()
            .map(OsStr::to_string_lossy)
            .map(|n| n.into_owned())
    };
    let (Some(original), Some(copy)) = (text(original), text(copy)) else {
        return false;
    };
    let stem = original.split('.').next().unwrap_or_default();
    !stem.is_empty() && copy.starts_with(stem)
}

/// Hash of the last bytes before `size`.
fn edge(path: &Path, size: u64) -> io::Result<u64> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = File::open(path)?;
    let length = size.min(EDGE_BYTES);
    file.seek(SeekFrom::Start(size - length))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(xxh3_64(&bytes))
}

/// What a reader made of the first bytes of a gzip file: its whole lines, and its last one where the text was not cut.
fn text_of(path: &Path, size: u64) -> io::Result<(Chapter, String)> {
    let file = File::open(path)?.take(size);
    let mut text = flate2::bufread::MultiGzDecoder::new(io::BufReader::new(file));
    let mut margins = chapter::Margins::default();
    let mut pending: Vec<u8> = Vec::new();
    let mut step = vec![0; 256 << 10];
    let is_cut = loop {
        match text.read(&mut step) {
            Ok(0) => break false,
            Ok(n) => pending.extend_from_slice(&step[..n]),
            Err(_) => break true,
        }
        let whole = memchr::memrchr(b'\n', &pending).map_or(0, |at| at + 1);
        margins.take(&pending[..whole]);
        pending.drain(..whole);
    };
    if !is_cut && !pending.is_empty() {
        margins.take(&pending);
        margins.lines += 1;
    }
    let header = String::from_utf8_lossy(margins.header()).into_owned();
    Ok((margins.chapter(), header))
}

/// Where the file of a text is now, if it is still in its folder and holds more than was read.
fn renamed(past: &Past) -> Option<(PathBuf, std::fs::Metadata)> {
    let folder = match past.path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return None,
    };
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() && identity(&meta) == past.file && meta.len() > past.chapter.offset {
            let path = entry.path();
            let mut file = File::open(&path).ok()?;
            return chapter::compare_file(&past.chapter, &mut file)
                .is_ok_and(|likeness| likeness == Likeness::Whole)
                .then_some((path, meta));
        }
    }
    None
}

fn is_fresh(found: &Found) -> bool {
    let Some(written) = found.object.last_modified_ms else {
        return false;
    };
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64);
    (0..FRESH.as_millis() as i64).contains(&(now - written))
}

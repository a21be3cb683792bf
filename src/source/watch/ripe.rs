//! Which new files are ready to be read, and from where.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::model::Chapter;

use super::super::chapter::Likeness;
use super::super::listing::Found;
use super::super::local;
use super::super::members::{self, Place};
use super::super::tail::{Compression, compression, key_of};
use super::copies::{compare, edge, is_named_alike, like, renamed, text_of};
use super::{Opened, Past, Plan, Sifted, Watch, Whole};

/// A file that is not followed line by line is read once it has not changed for so long.
const SETTLE: Duration = Duration::from_secs(2);
/// A gzip file that was written to within this time may still be.
const FRESH: Duration = Duration::from_secs(10);
/// Up to this size a gzip file is looked through to see whether it is complete.
const LOOKED_THROUGH_BYTES: u64 = 8 << 20;

impl Watch {
    /// A file whose time changed and whose content did not.
    pub(super) fn is_still(whole: &Whole, path: &Path, size: u64) -> bool {
        whole.size == size && edge(path, size).is_ok_and(|edge| edge == whole.edge)
    }

    /// Whether a file that was read whole only grew; then it is followed from there on.
    pub(super) fn grows(
        &mut self,
        whole: &Whole,
        path: &Path,
        found: &Found,
        sifted: &mut Sifted,
    ) -> bool {
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
    pub(super) fn is_ripe(
        &mut self,
        found: &Found,
        path: &Path,
        name: &Path,
        file: (u64, u64),
        sifted: &mut Sifted,
    ) -> bool {
        let size = found.object.size_bytes;
        if size == 0 && !self.is_first {
            self.empty.insert(path.to_owned());
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
        // A copy grows while it is being made, and is judged when it is whole.
        let is_gzip = kind == Some(Compression::Gzip);
        let may_be_copy = !matches!(kind, Some(Compression::Other | Compression::Parquet))
            && self.has_beside(path, file);
        if may_be_copy && is_gzip && !is_complete(path, size) && !self.is_settled(name, size) {
            sifted.is_unripe = true;
            return false;
        }
        let original = may_be_copy
            .then(|| self.original(path, file, kind))
            .flatten();
        match original {
            None => {}
            Some(Original::Unclear) if self.is_settled(name, size) => {}
            Some(Original::Unclear) => {
                sifted.is_unripe = true;
                return false;
            }
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
                if is_gzip {
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
            if !is_complete(path, size) {
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

    /// Whether a file may be a copy as log rotation makes them: beside the original, with a name that starts alike.
    fn has_beside(&self, path: &Path, file: (u64, u64)) -> bool {
        let tails = self.tails.iter().filter(|tail| tail.file != file);
        let mut others = tails
            .map(|tail| &*tail.path)
            .chain(self.past.iter().map(|past| &*past.path));
        others.any(|other| other != path && is_beside(other, path))
    }

    /// What a file is a copy of, plain or compressed.
    fn original(
        &self,
        path: &Path,
        file: (u64, u64),
        kind: Option<Compression>,
    ) -> Option<Original> {
        let mut is_unclear = false;
        let mut compared = |chapter: &Chapter| {
            let likeness = like(chapter, path, kind).unwrap_or(Likeness::Other);
            is_unclear |= likeness == Likeness::Short;
            matches!(likeness, Likeness::Part | Likeness::Whole).then_some(likeness)
        };
        for tail in &self.tails {
            if tail.file != file
                && tail.path != path
                && is_beside(&tail.path, path)
                && compared(&tail.chapter()).is_some()
            {
                return Some(Original::Alive(tail.path.display().to_string()));
            }
        }
        // Of several the one that was read furthest.
        let mut best: Option<(usize, Likeness, u64)> = None;
        for (at, past) in self.past.iter().enumerate() {
            if !is_beside(&past.path, path) {
                continue;
            }
            let Some(likeness) = compared(&past.chapter) else {
                continue;
            };
            // Under the same name it is the text itself, put there again, or another one.
            if past.path == path && likeness != Likeness::Whole {
                continue;
            }
            let offset = past.chapter.offset;
            let rank = |likeness: Likeness, offset: u64| (likeness == Likeness::Whole, offset);
            if best.is_none_or(|(_, l, o)| rank(l, o) < rank(likeness, offset)) {
                best = Some((at, likeness, offset));
            }
        }
        best.map(|(at, likeness, _)| Original::Past(at, likeness))
            .or_else(|| is_unclear.then_some(Original::Unclear))
    }

    /// Files of an earlier run that were renamed since to names that are no source: their last lines.
    pub(super) fn find_renamed(&mut self, sifted: &mut Sifted) {
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
}

/// What a file is a copy of.
enum Original {
    /// A followed file.
    Alive(String),
    /// A text that was read.
    Past(usize, Likeness),
    /// It is too short yet to tell.
    Unclear,
}

fn is_beside(original: &Path, path: &Path) -> bool {
    original.parent() == path.parent() && is_named_alike(original, path)
}

/// Whether a gzip file is whole; a large one is not looked through.
fn is_complete(path: &Path, size: u64) -> bool {
    size <= LOOKED_THROUGH_BYTES
        && File::open(path)
            .and_then(|mut f| members::is_complete(&mut f))
            .unwrap_or(false)
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

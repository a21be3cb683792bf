//! Files that get another name before, or while, they are read: nothing of them is missed as long as they are in their
//! folder.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::super::chapter::Likeness;
use super::super::tail::identity;
use super::super::{listing, local};
use super::copies::compare;
use super::{PAST, Past, Sifted, Watch};

/// How often a folder is looked through for a file.
const TRIES: u32 = 3;

impl Watch {
    /// A file was renamed. If its old name is a source's and its new one is not, no listing finds it any more. Names
    /// are kept in the order of events, which the files themselves are ahead of.
    pub fn rename(&mut self, (from, was_source): (&Path, bool), (to, is_source): (PathBuf, bool)) {
        let was_rotated = self.rotated.remove(from);
        if is_source || !(was_source || was_rotated) {
            self.rotated.remove(&to);
            return;
        }
        // A deleted file's name stays until there are many.
        if self.rotated.len() >= PAST {
            self.rotated.retain(|path| path.exists());
        }
        self.rotated.insert(to.clone());
        if !self.moved.contains(&to) {
            self.moved.push(to);
        }
    }

    /// Renamed files that are not followed already are read like new ones.
    pub(super) fn sift_moved(&mut self, listed: &mut HashSet<PathBuf>, sifted: &mut Sifted) {
        for path in std::mem::take(&mut self.moved) {
            let Ok(meta) = std::fs::metadata(&path) else {
                continue;
            };
            let file = identity(&meta);
            if !meta.is_file() || self.tails.iter().any(|tail| tail.file == file) {
                continue;
            }
            let name = listing::identity(&path, self.several);
            listed.insert(name.clone());
            if self.seen.get(&name).is_some_and(|seen| seen.file != file) {
                // The file that had this name before has moved on.
                self.seen.remove(&name);
            }
            let is_read = |past: &Past| {
                past.file == file
                    && past.chapter.offset == meta.len()
                    && compare(&past.chapter, &path, None).is_ok_and(|l| l == Likeness::Whole)
            };
            if self.past.iter().any(is_read) {
                continue;
            }
            let found = local::file(path.clone(), &meta);
            let others_unripe = std::mem::take(&mut sifted.is_unripe);
            if self.is_wanted(&found, &path, &name, sifted) {
                sifted.moved.push(path);
                sifted.new.push(found);
            } else if sifted.is_unripe || self.empty.contains(&path) {
                self.moved.push(path);
            }
            sifted.is_unripe |= others_unripe;
        }
    }

    /// Whether the name of a file that was listed means another one by now, or none, and the file has another name.
    pub fn has_moved(&mut self, path: &Path) -> bool {
        let Some(seen) = self.seen.get(&listing::identity(path, self.several)) else {
            return false;
        };
        let file = seen.file;
        if std::fs::metadata(path).is_ok_and(|meta| identity(&meta) == file) {
            return false;
        }
        // What was planned was for that file.
        self.plans.remove(path);
        // A folder that is read while names change in it may show a file under none of them.
        let Some(to) = (0..TRIES).find_map(|_| name_of(file, path)) else {
            return false;
        };
        self.forget(path);
        // One whose new name is a source's too is in the next listing, and then known.
        if !self.moved.contains(&to) {
            self.moved.push(to);
        }
        true
    }

    /// Files that have their last name are followed only until they rest.
    pub fn let_rest(&mut self, moved: &[PathBuf]) {
        for tail in &mut self.tails {
            tail.is_orphan |= tail.is_held() && moved.contains(&tail.path);
        }
    }

    /// Whether one of these names is that of a file that is not followed line by line, or had no byte yet: only a
    /// listing tells what was written to it.
    pub fn waits_for(&self, names: &HashSet<OsString>) -> bool {
        !names.is_disjoint(&self.waiting)
    }

    /// Knows these names, after a listing.
    pub fn wait(&mut self) {
        let seen = self.seen.iter().filter(|(_, seen)| !seen.is_tail);
        let names = seen.map(|(name, _)| name).chain(&self.empty);
        self.waiting = names
            .filter_map(|name| name.file_name())
            .map(ToOwned::to_owned)
            .collect();
    }
}

/// The name that a file has beside its old one.
fn name_of(file: (u64, u64), old: &Path) -> Option<PathBuf> {
    let here = Path::new(".");
    let parent = old.parent()?;
    let folder = if parent.as_os_str().is_empty() {
        here
    } else {
        parent
    };
    let mut entries = std::fs::read_dir(folder).ok()?.flatten();
    let found = entries.find(|entry| {
        let meta = std::fs::metadata(entry.path());
        meta.is_ok_and(|meta| meta.is_file() && identity(&meta) == file)
    })?;
    Some(parent.join(found.file_name()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_no_listing_showed_is_found_once_by_what_it_was_renamed_from() {
        let dir = tempfile::tempdir().unwrap();
        let name = |name: &str| dir.path().join(name);
        let mut watch = Watch::default();
        let mut rename = |from: (&str, bool), to: (&str, bool)| {
            if name(from.0).exists() {
                fs::rename(name(from.0), name(to.0)).unwrap();
            }
            watch.rename((&name(from.0), from.1), (name(to.0), to.1));
            let new = watch.sift(vec![]).new;
            new.iter()
                .map(|f| f.object.uri.to_string())
                .collect::<Vec<_>>()
        };
        let uri = |text: &str| vec![name(text).display().to_string()];
        fs::write(name("other"), "x\n").unwrap();
        // The event of a rename that was followed by another already.
        assert_eq!(rename(("a.log", true), ("a.log.1", false)), [""; 0]);
        fs::write(name("a.log.1"), "one\n").unwrap();
        assert_eq!(
            rename(("a.log.1", false), ("a.log.2", false)),
            uri("a.log.2")
        );
        assert_eq!(rename(("other", false), ("a.log.1", false)), [""; 0]);
        assert_eq!(rename(("a.log.1", false), ("a.log.3", false)), [""; 0]);
        // What has a source's name is listed.
        assert_eq!(rename(("a.log.2", false), ("b.log", true)), [""; 0]);
        assert_eq!(rename(("x", true), ("a.log.3", false)), uri("a.log.3"));
    }
}

//! Wakes a following run when the kernel says that something changed in its folders; where the kernel cannot, the run
//! looks by itself.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use notify::event::{ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::location::Location;

/// Names that are kept between two wakings; of more, everything is looked at. And renames; more are not kept.
const NAMES: usize = 1024;
/// Changes come in bursts: so long the first one waits for the others.
const BURST: Duration = Duration::from_millis(10);

/// What changed.
#[derive(Debug, Default)]
pub struct Call {
    /// Files of these names were written to.
    pub names: HashSet<OsString>,
    /// Files came, went or were renamed.
    pub is_listing_due: bool,
    /// What was renamed, from and to, in order.
    pub moves: Vec<(PathBuf, PathBuf)>,
    /// The kernel lost count: everything may have changed.
    pub is_all: bool,
}

impl Call {
    fn hear(&mut self, event: &Event) -> bool {
        if event.need_rescan() {
            (self.is_all, self.is_listing_due) = (true, true);
            return true;
        }
        match event.kind {
            // Our own reading opens files.
            EventKind::Access(_) => return false,
            EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => {}
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => {
                self.is_listing_due = true;
                if let [from, to] = event.paths.as_slice()
                    && self.moves.len() < NAMES
                {
                    self.moves.push((from.clone(), to.clone()));
                }
            }
            _ => self.is_listing_due = true,
        }
        let names = event.paths.iter().filter_map(|path| path.file_name());
        self.names.extend(names.map(ToOwned::to_owned));
        if self.names.len() > NAMES {
            self.names.clear();
            self.is_all = true;
        }
        true
    }
}

/// Hears from the kernel.
pub struct Wake {
    heard: Arc<Mutex<Call>>,
    bell: Receiver<()>,
    /// Ends when dropped.
    _watcher: Option<RecommendedWatcher>,
    /// The kernel tells of every change; else the run must look by itself, often.
    pub is_told: bool,
}

impl Wake {
    /// Watches the folders of `locations`; the sentence says why some of them must be polled.
    pub fn start(locations: &[Location]) -> (Self, Option<String>) {
        let heard = Arc::new(Mutex::new(Call::default()));
        let (ring, bell) = crossbeam_channel::bounded(1);
        let folders = folders(locations);
        let (watcher, why) = if folders.is_empty() {
            (None, None)
        } else {
            watch(&folders, heard.clone(), ring)
        };
        let wake = Self {
            heard,
            bell,
            is_told: why.is_none(),
            _watcher: watcher,
        };
        (wake, why)
    }

    /// Waits for a change, at most until `deadline`.
    pub fn wait(&self, deadline: Instant) -> Option<Call> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.bell.recv_timeout(left) {
            Ok(()) => std::thread::sleep(BURST.min(left)),
            Err(RecvTimeoutError::Timeout) => return None,
            // Nobody rings any more: the deadline alone counts.
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(left);
                return None;
            }
        }
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        Some(std::mem::take(&mut heard))
    }
}

/// A watcher of as many folders as can be watched, and why looking is needed beside it.
fn watch(
    folders: &[(PathBuf, RecursiveMode)],
    heard: Arc<Mutex<Call>>,
    ring: Sender<()>,
) -> (Option<RecommendedWatcher>, Option<String>) {
    let handler = move |event: notify::Result<Event>| {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = if let Ok(event) = event {
            heard.hear(&event)
        } else {
            (heard.is_all, heard.is_listing_due) = (true, true);
            true
        };
        drop(heard);
        if is_news {
            // A full channel means that the bell rings already.
            let _ = ring.try_send(());
        }
    };
    let mut watcher = match notify::recommended_watcher(handler) {
        Ok(watcher) => watcher,
        Err(e) => return (None, folders.first().map(|(folder, _)| polled(folder, &e))),
    };
    let mut why = None;
    for (folder, mode) in folders {
        if let Err(e) = watcher.watch(folder, *mode) {
            why = why.or_else(|| Some(polled(folder, &e)));
        } else if let Some(kind) = remote_kind(folder) {
            why = why.or_else(|| {
                Some(format!(
                    "{} is on a {kind} file system, which does not tell of changes made by other machines: it is looked at every second",
                    folder.display()
                ))
            });
        }
    }
    (Some(watcher), why)
}

fn polled(folder: &Path, e: &notify::Error) -> String {
    let why = match e.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watches is reached (fs.inotify.max_user_watches)".to_owned()
        }
        _ => e.to_string(),
    };
    format!(
        "{} is looked at every second, because changes in it cannot be watched: {why}",
        folder.display()
    )
}

/// What to watch: a folder with all below it; of a file the folder it is in, because a rotation happens there.
fn folders(locations: &[Location]) -> Vec<(PathBuf, RecursiveMode)> {
    let mut folders: Vec<(PathBuf, RecursiveMode)> = Vec::new();
    for location in locations {
        let (path, mode) = match location {
            Location::Path(path) if path.is_dir() => (path.clone(), RecursiveMode::Recursive),
            Location::Path(path) => {
                let parent = path.parent().unwrap_or(Path::new(""));
                (parent.to_owned(), RecursiveMode::NonRecursive)
            }
            Location::Glob { base, .. } => (base.clone(), RecursiveMode::Recursive),
            Location::Stdin | Location::S3(_) | Location::Stream(_) => continue,
        };
        let path = if path.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            path
        };
        match folders.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) if mode == RecursiveMode::Recursive => *known = mode,
            Some(_) => {}
            None => folders.push((path, mode)),
        }
    }
    folders
}

/// File systems that other machines, or a host, write to behind the kernel's back.
const REMOTE: [&str; 18] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb2",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "gpfs",
    "vboxsf",
    "prl_fs",
    "virtiofs",
    "fuse",
    "fuseblk",
    "davfs",
];

/// The kind of file system of a folder, if it is one that does not tell of changes.
fn remote_kind(folder: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let folder = std::fs::canonicalize(folder).ok()?;
    kind_of(&mounts, &folder)
        .filter(|kind| REMOTE.contains(kind) || kind.starts_with("fuse."))
        .map(str::to_owned)
}

/// # Source
/// `man 5 proc_pid_mountinfo`: the mount point is the fifth field, the kind the first one after ` - `.
fn kind_of<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let point = line.split(' ').nth(4)?.replace("\\040", " ");
        let kind = line.split_once(" - ")?.1.split(' ').next()?;
        folder
            .starts_with(&point)
            .then_some((Path::new(&point).components().count(), kind))
    };
    // Of two mounts on one point the later one is seen.
    mounts
        .lines()
        .filter_map(mount)
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_folder_is_that_of_its_nearest_mount() {
        let mounts = "22 1 0:21 / / rw - ext4 /dev/sda1 rw\n\
                      40 22 0:35 / /mnt/the\\040logs rw,relatime shared:3 - nfs4 server:/logs rw\n";
        let kind = |path: &str| kind_of(mounts, Path::new(path));
        assert_eq!(kind("/var/log"), Some("ext4"));
        assert_eq!(kind("/mnt/the logs/cdn"), Some("nfs4"));
        assert_eq!(kind("/mnt/the logs2"), Some("ext4"));
    }

    #[test]
    fn our_own_reading_wakes_nobody() {
        let mut call = Call::default();
        let read = EventKind::Access(notify::event::AccessKind::Open(
            notify::event::AccessMode::Any,
        ));
        assert!(!call.hear(&Event::new(read).add_path("/a/b.log".into())));
        assert!(call.names.is_empty() && !call.is_listing_due);
        let written = EventKind::Modify(ModifyKind::Any);
        assert!(call.hear(&Event::new(written).add_path("/a/b.log".into())));
        assert!(call.names.contains(std::ffi::OsStr::new("b.log")) && call.is_listing_due);
    }
}

//! Watches the folder of the contract in force, and reads it again when something in it changed.
//!
//! The kernel is asked to tell; beside that the files are looked at once a second, which is enough where it cannot.
//! Editors write by rename, or empty a file before they fill it: a change counts once the folder is at rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio_util::sync::CancellationToken;

use crate::contract::{Contract, FILE_NAME};
use crate::error::{Error, Result};
use crate::pipeline::in_force::Edition;

/// How often the files are looked at whatever the kernel says.
const LOOK: Duration = Duration::from_secs(1);
/// So long nothing may change before the folder is at rest.
const REST: Duration = Duration::from_millis(60);
/// A folder that never comes to rest is read all the same.
const MOST_RESTS: usize = 20;

/// The files of a contract: when and how long they were.
type Files = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Sends every edition of the contract in `dir`. Ends by `cancel`, or when nobody takes them.
///
/// # Errors
/// No thread could be started.
pub(super) fn start(
    dir: PathBuf,
    digest: String,
    editions: Sender<Edition>,
    cancel: CancellationToken,
) -> Result<()> {
    std::thread::Builder::new()
        .name("contract".into())
        .spawn(move || {
            let (bell, _watcher) = listen(&dir);
            let mut watch = Watch {
                dir,
                digest,
                // Read once at the start: it may have been edited since the run was told of it.
                known: Files::new(),
                is_broken: false,
                editions,
            };
            while !cancel.is_cancelled() && watch.look(&bell) {}
        })
        .map(|_| ())
        .map_err(|e| Error::file("start a thread for", "the contract", e))
}

/// Rings when the kernel says that something changed.
fn listen(dir: &Path) -> (Receiver<()>, Option<RecommendedWatcher>) {
    let (ring, bell) = bounded(1);
    let schemas = dir.join("schemas");
    let below = schemas.clone();
    // The folder may hold the logs too, which are no business of the contract; and our own reading opens files.
    let concerns = move |event: &notify::Event| {
        let is_ours = |path: &PathBuf| path.ends_with(FILE_NAME) || path.starts_with(&below);
        !event.kind.is_access() && (event.paths.is_empty() || event.paths.iter().any(is_ours))
    };
    let handler = move |event: notify::Result<notify::Event>| {
        if event.as_ref().map_or(true, &concerns) {
            let _ = ring.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(handler).ok();
    if let Some(it) = &mut watcher {
        let _ = it.watch(dir, RecursiveMode::NonRecursive);
        let _ = it.watch(&schemas, RecursiveMode::Recursive);
    }
    (bell, watcher)
}

struct Watch {
    dir: PathBuf,
    /// Of the last edition that could be read.
    digest: String,
    known: Files,
    is_broken: bool,
    editions: Sender<Edition>,
}

impl Watch {
    /// Waits for a change and reads the contract; false when nobody listens any more.
    fn look(&mut self, bell: &Receiver<()>) -> bool {
        match bell.recv_timeout(LOOK) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            // Nobody rings: the clock alone counts.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
        }
        let mut now = files(&self.dir);
        if now == self.known {
            return true;
        }
        for _ in 0..MOST_RESTS {
            std::thread::sleep(REST);
            let later = files(&self.dir);
            if later == now {
                break;
            }
            now = later;
        }
        self.known = now;
        self.read()
    }

    fn read(&mut self) -> bool {
        match Contract::load(&self.dir) {
            Err(e) => {
                self.is_broken = true;
                self.editions
                    .send(Edition::Broken(Some(e.to_string())))
                    .is_ok()
            }
            Ok(contract) => {
                if std::mem::take(&mut self.is_broken) {
                    let _ = self.editions.send(Edition::Broken(None));
                }
                if contract.digest == self.digest {
                    return true;
                }
                self.digest.clone_from(&contract.digest);
                let edition = Edition::Contract(Arc::new(contract));
                self.editions.send(edition).is_ok()
            }
        }
    }
}

/// `frontlog.toml`, and every file below `schemas`.
fn files(dir: &Path) -> Files {
    let mut files = Files::new();
    note(&dir.join(FILE_NAME), &mut files);
    let mut folders = vec![dir.join("schemas")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                note(&path, &mut files);
            }
        }
    }
    files
}

fn note(path: &Path, files: &mut Files) {
    if let Ok(meta) = std::fs::metadata(path) {
        files.insert(path.to_owned(), (meta.modified().ok(), meta.len()));
    }
}

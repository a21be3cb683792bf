//! A local folder as the destination of batches: one exporter at a time, nothing visible before the manifest.
//!
//! ```text
//! DEST/.frontlog/lock            held by the exporter that runs; freed by the system when it dies
//! DEST/.frontlog/<plan>/…        files under their later paths, until they are complete and checked
//! DEST/.frontlog/<plan>/journal  the paths that are about to appear in DEST
//! DEST/batches/<plan>/manifest.json   put last, and only if absent: the batch is published
//! ```
//! After a crash the journal names every file that may already stand in its place without a manifest; the next run
//! removes those before it begins.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::export::format::cannot_write;

/// An opened destination, locked against other exporters until it is dropped.
#[derive(Debug)]
pub struct Destination {
    root: PathBuf,
    _lock: File,
}

/// A text that goes into the batch beside the data files.
#[derive(Debug, Clone)]
pub struct SideFile {
    /// Relative to the destination.
    pub path: String,
    /// Its content.
    pub content: String,
}

const JOURNAL: &str = "journal";

impl Destination {
    /// Opens a folder (making it if need be), locks it, and removes what a crashed run left.
    ///
    /// # Errors
    /// When it is not writable, or another exporter is at work in it.
    pub fn open(root: &Path) -> Result<Self> {
        let own = root.join(".frontlog");
        std::fs::create_dir_all(&own).map_err(|e| cannot_write(&own, &e))?;
        let root = std::fs::canonicalize(root).map_err(|e| cannot_write(root, &e))?;
        let path = own.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|e| cannot_write(&path, &e))?;
        match lock.try_lock() {
            // A file system without locks: two exporters at once are then the user's to avoid.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Export(format!(
                    "another export is writing to {}; wait for it to end, or choose another --to",
                    root.display()
                )));
            }
        }
        let destination = Self { root, _lock: lock };
        destination.recover()?;
        Ok(destination)
    }

    /// The folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a plan's files are until they are published.
    pub fn staging(&self, plan: &str) -> PathBuf {
        self.root.join(".frontlog").join(plan)
    }

    /// The manifest of a batch.
    pub fn manifest(&self, plan: &str) -> PathBuf {
        self.root.join("batches").join(plan).join("manifest.json")
    }

    /// Makes the plan's temporary folder.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn begin(&self, plan: &str) -> Result<PathBuf> {
        let folder = self.staging(plan);
        std::fs::create_dir_all(&folder).map_err(|e| cannot_write(&folder, &e))?;
        Ok(folder)
    }

    /// Removes the plan's temporary folder, as far as that works: what is left goes with the next run.
    pub fn discard(&self, plan: &str) {
        let _ = std::fs::remove_dir_all(self.staging(plan));
    }

    /// Removes what runs without a manifest left behind.
    fn recover(&self) -> Result<()> {
        let own = self.root.join(".frontlog");
        for entry in std::fs::read_dir(&own).map_err(|e| cannot_write(&own, &e))? {
            let path = entry.map_err(|e| cannot_write(&own, &e))?.path();
            let Some(plan) = path
                .file_name()
                .and_then(|n| n.to_str())
                .filter(|_| path.is_dir())
            else {
                continue;
            };
            if !self.manifest(plan).exists() {
                self.withdraw(plan, &path)?;
            }
            std::fs::remove_dir_all(&path).map_err(|e| cannot_write(&path, &e))?;
        }
        Ok(())
    }

    /// Removes the files that a plan without a manifest has already moved into their place.
    fn withdraw(&self, plan: &str, staging: &Path) -> Result<()> {
        let Ok(journal) = std::fs::read_to_string(staging.join(JOURNAL)) else {
            return Ok(());
        };
        // A journal that was cut short by a crash was not yet acted upon, so its last line may be ignored.
        for path in journal
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'))
        {
            // Whatever may have written into that file: only files named after this plan go.
            if !path.contains(plan) || Path::new(path).components().any(|c| c.as_os_str() == "..") {
                continue;
            }
            let path = self.root.join(path);
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(cannot_write(&path, &e)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes the side files into the temporary folder, and the journal of everything that will move.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn stage(&self, plan: &str, data: &[String], side_files: &[SideFile]) -> Result<()> {
        let folder = self.staging(plan);
        for side in side_files {
            write_durably(&folder.join(&side.path), side.content.as_bytes())?;
        }
        let mut journal = String::new();
        for path in data.iter().chain(side_files.iter().map(|s| &s.path)) {
            journal.push_str(path);
            journal.push('\n');
        }
        write_durably(&folder.join(JOURNAL), journal.as_bytes())?;
        sync_folder(&folder)
    }

    /// Moves files from the temporary folder to their place. No manifest names them yet.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn place<'a>(&self, plan: &str, paths: impl Iterator<Item = &'a String>) -> Result<()> {
        let staging = self.staging(plan);
        let mut folders = std::collections::BTreeSet::new();
        for path in paths {
            let (from, to) = (staging.join(path), self.root.join(path));
            let folder = to.parent().unwrap_or(&self.root).to_owned();
            std::fs::create_dir_all(&folder).map_err(|e| cannot_write(&folder, &e))?;
            std::fs::rename(&from, &to).map_err(|e| cannot_write(&to, &e))?;
            folders.extend(
                folder
                    .ancestors()
                    .take_while(|f| f.starts_with(&self.root))
                    .map(Path::to_owned),
            );
        }
        folders.iter().try_for_each(|folder| sync_folder(folder))
    }

    /// Publishes: the manifest appears whole, and only if there is none. Then the temporary folder goes.
    ///
    /// # Errors
    /// When the batch is already published, or the destination does not take it.
    pub fn publish(&self, plan: &str, manifest: &str) -> Result<PathBuf> {
        let path = self.manifest(plan);
        let staged = self.staging(plan).join("manifest.json");
        write_durably(&staged, manifest.as_bytes())?;
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        std::fs::create_dir_all(&folder).map_err(|e| cannot_write(&folder, &e))?;
        let put = match std::fs::hard_link(&staged, &path) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => {
                put_if_absent(&path, manifest.as_bytes())
            }
            other => other,
        };
        put.map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => Error::Export(format!(
                "the batch {plan} is already published in {}",
                self.root.display()
            )),
            _ => cannot_write(&path, &e),
        })?;
        sync_folder(&folder)?;
        if let Some(batches) = folder.parent() {
            sync_folder(batches)?;
        }
        self.discard(plan);
        Ok(path)
    }
}

/// For file systems without hard links: created only if absent, not whole at once.
fn put_if_absent(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .inspect_err(|_| {
            let _ = std::fs::remove_file(path);
        })
}

fn write_durably(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = File::create(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|e| cannot_write(path, &e))
}

/// Makes the names in a folder durable. Systems that cannot open a folder keep them anyway.
fn sync_folder(folder: &Path) -> Result<()> {
    match File::open(folder).and_then(|f| f.sync_all()) {
        Err(e) if e.kind() == ErrorKind::StorageFull => Err(cannot_write(folder, &e)),
        _ => Ok(()),
    }
}

//! Where no proof decides what a change does: judging what was read again, under both contracts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::contract::compare::{Advice, Step};
use crate::contract::{Contract, FILE_NAME};
use crate::error::{Error, Result};
use crate::model::{Batch, Causes, EventType, EventTypes, Progress, Sink, Verdict, Words};
use crate::pipeline::{self, Needs, RunOptions};

/// What became of the good events of one schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// Good by both.
    pub kept: u64,
    /// Good by the old contract only.
    pub lost: u64,
}

impl Fate {
    /// The step that it speaks for.
    pub fn advice(self) -> Advice {
        let good = self.kept + self.lost;
        let step = match self {
            Self { lost: 0, .. } => Step::Addition,
            Self { kept: 0, .. } => Step::Model,
            _ => Step::Revision,
        };
        Advice {
            step: Some(step),
            why: format!(
                "by judging again, because nothing was proved: {} of {good} good events are lost",
                self.lost
            ),
        }
    }
}

/// Judges everything by the contract in force and by the same one with other schemas in it (path below its folder,
/// text); by event and version.
///
/// # Errors
/// As [`pipeline::run`]; a proposed schema that does not compile.
pub fn rejudge(
    run: &RunOptions,
    schemas: &[(String, String)],
    cancel: &CancellationToken,
) -> Result<BTreeMap<(String, String), Fate>> {
    let folder = Folder::new()?;
    let dir = run.contract.dir.as_deref().unwrap_or(Path::new("."));
    copy(&dir.join(FILE_NAME), &folder.0.join(FILE_NAME))?;
    for schema in &run.contract.schemas {
        if let Ok(below) = schema.file.strip_prefix(dir) {
            copy(&schema.file, &folder.0.join(below))?;
        }
    }
    for (file, text) in schemas {
        let path = folder.0.join(file);
        std::fs::write(&path, text).map_err(|e| Error::file("write", path, e))?;
    }
    let proposed = Contract::load(&folder.0)?;
    let mut verdicts = Verdicts::default();
    judge(run, run.contract.clone(), &mut verdicts, cancel)?;
    verdicts.second = true;
    judge(run, Arc::new(proposed), &mut verdicts, cancel)?;
    Ok(verdicts.fates)
}

fn judge(
    run: &RunOptions,
    contract: Arc<Contract>,
    verdicts: &mut Verdicts,
    cancel: &CancellationToken,
) -> Result<()> {
    let mut run = run.clone();
    run.contract = contract;
    run.needs = Needs {
        judge: true,
        ..Needs::default()
    };
    (verdicts.at, verdicts.names) = (0, vec![]);
    let progress = Arc::new(Progress::default());
    pipeline::run(&run, verdicts, &progress, cancel).map(|_| ())
}

/// One bit an event: batches come in the same order in both runs.
#[derive(Default)]
struct Verdicts {
    second: bool,
    at: usize,
    good: Vec<u64>,
    types: Option<Arc<EventTypes>>,
    names: Vec<Arc<EventType>>,
    fates: BTreeMap<(String, String), Fate>,
}

impl Verdicts {
    fn event(&mut self, event_type: u16, is_good: bool) {
        let (word, bit) = (self.at / 64, self.at % 64);
        self.at += 1;
        if !self.second {
            self.good.resize(word + 1, 0);
            self.good[word] |= u64::from(is_good) << bit;
            return;
        }
        let was_good = self.good.get(word).is_some_and(|w| w >> bit & 1 == 1);
        let Some(at) = usize::from(event_type).checked_sub(1).filter(|_| was_good) else {
            return;
        };
        if at >= self.names.len() {
            self.names = self.types.as_ref().map(|t| t.list()).unwrap_or_default();
        }
        let Some(name) = self.names.get(at) else {
            return;
        };
        let key = (name.name.to_string(), name.version.to_string());
        let fate = self.fates.entry(key).or_default();
        if is_good {
            fate.kept += 1;
        } else {
            fate.lost += 1;
        }
    }
}

impl Sink for Verdicts {
    fn start(&mut self, types: &Arc<EventTypes>, _: &Arc<Causes>, _: &[Option<Words>]) {
        self.types = Some(types.clone());
    }

    fn take(&mut self, batch: Batch) -> Result<()> {
        let records = &batch.records;
        for (event_type, verdict) in records.event_type.iter().zip(&records.verdict) {
            match Verdict::from_byte(*verdict) {
                Verdict::NotEvent => {}
                verdict => self.event(*event_type, verdict == Verdict::Good),
            }
        }
        Ok(())
    }
}

/// A folder of the system's for temporary files, which goes away again.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let base = std::env::temp_dir();
        for n in 0..1_000 {
            let path = base.join(format!("frontlog-infer-{}-{n}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::file("create", path, e)),
            }
        }
        let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        Err(Error::file("create a folder in", base, taken))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clean up.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::file("create", folder, e))?;
    }
    std::fs::copy(from, to)
        .map(|_| ())
        .map_err(|e| Error::file("copy", from, e))
}

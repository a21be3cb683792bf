//! Runs that fill a frame: to its end, or in the background for as long as somebody watches.

use std::sync::Arc;

use crossbeam_channel::unbounded;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::contract::privacy::Keyed;
use crate::error::{Error, Result};
use crate::frame::{Snapshot, writer::FrameWriter};
use crate::model::{Notice, Progress};
use crate::pipeline::private::Private;
use crate::pipeline::run::{Taker, Watcher, run, run_with};
use crate::pipeline::{ContractInForce, Handle, Needs, RunOptions, contract_watch};

/// What a frame wants.
const FRAME_NEEDS: Needs = Needs {
    record_fields: true,
    event_columns: true,
    failed_raw: false,
    windows: false,
    judge: true,
    repairs: false,
};

/// Reads everything into a frame.
///
/// # Errors
/// As [`run`].
pub fn load(
    options: &RunOptions,
    progress: &Arc<Progress>,
    cancel: &CancellationToken,
) -> Result<Snapshot> {
    load_private(options, Arc::default(), progress, cancel)
}

/// Reads everything into a frame that holds private values only as `keyed` says.
///
/// # Errors
/// As [`run`].
pub fn load_private(
    options: &RunOptions,
    keyed: Arc<Keyed>,
    progress: &Arc<Progress>,
    cancel: &CancellationToken,
) -> Result<Snapshot> {
    let (sender, receiver) = watch::channel(Arc::new(Snapshot::empty()));
    let mut options = options.clone();
    options.needs = FRAME_NEEDS;
    let mut writer = FrameWriter::new(sender);
    if keyed.is_empty() {
        run(&options, &mut writer, progress, cancel)?;
    } else {
        let id_key = options.contract.routing.id_key.clone();
        let mut private = Private::new(&mut writer, keyed, id_key);
        run(&options, &mut private, progress, cancel)?;
    }
    writer.finish();
    Ok(receiver.borrow().as_ref().clone())
}

/// Starts reading into a frame in the background. While it runs, an edit of the contract judges again what is loaded.
///
/// # Errors
/// What can be known at once: a missing path, an empty folder, a malformed URI.
pub fn explore(options: RunOptions) -> Result<Handle> {
    let in_force = Arc::new(ContractInForce::new(options.contract.clone()));
    explore_under(options, &in_force)
}

/// The same under a contract in force that the caller holds too, and that follows edits.
///
/// # Errors
/// As [`explore`].
pub fn explore_under(mut options: RunOptions, in_force: &Arc<ContractInForce>) -> Result<Handle> {
    let (sender, snapshots) = watch::channel(Arc::new(Snapshot::empty()));
    let (news, notices) = unbounded();
    let (again, asked) = unbounded();
    let (edit, editions) = unbounded();
    let progress = Arc::new(Progress::default());
    let cancel = CancellationToken::new();
    let (run_progress, run_cancel) = (progress.clone(), cancel.clone());
    options.needs = FRAME_NEEDS;
    if let Some(dir) = options.contract.dir.clone() {
        let digest = options.contract.digest.clone();
        contract_watch::start(dir, digest, edit.clone(), cancel.clone())?;
    }
    let watcher = Watcher {
        news,
        asked,
        editions,
        in_force: in_force.clone(),
    };
    std::thread::Builder::new()
        .name("frontlog-run".into())
        .spawn(move || {
            let mut writer = FrameWriter::new(sender);
            let taker = Taker::Frame(&mut writer);
            let result = run_with(
                &options,
                None,
                taker,
                &run_progress,
                &run_cancel,
                Some(&watcher),
            );
            let last = match result {
                Ok(summary) => {
                    writer.finish();
                    Notice::Finished {
                        counters: summary.counters,
                        broken_identity: None,
                    }
                }
                Err(Error::Identity(why)) => {
                    writer.finish();
                    Notice::Finished {
                        counters: writer.counters(),
                        broken_identity: Some(why),
                    }
                }
                Err(e) => Notice::Failed(e.to_string()),
            };
            let _ = watcher.news.send(last);
        })
        .map_err(|e| Error::file("start a thread for", "the run", e))?;
    Ok(Handle {
        snapshots,
        notices,
        progress,
        again,
        edit,
        in_force: in_force.clone(),
        cancel,
    })
}

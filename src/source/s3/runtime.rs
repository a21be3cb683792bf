//! The network runtime: two threads, started at the first use of S3 and kept for the process.
//!
//! It outlives runs because connections live in it: opening an object again for one raw line must not pay for DNS,
//! TLS and credentials each time.

use std::future::Future;
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, Result};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static STARTING: Mutex<()> = Mutex::new(());

/// The runtime.
///
/// # Errors
/// The system gives no more threads.
pub fn runtime() -> Result<&'static Runtime> {
    // Under the lock, so that no second runtime is built and dropped: dropping one inside async code panics.
    let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let built = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("frontlog-net")
        .enable_all()
        .build();
    let built = built.map_err(|e| Error::S3(format!("cannot start the network threads: {e}")))?;
    Ok(RUNTIME.get_or_init(|| built))
}

/// Runs a future to its end and blocks the caller, who may be a plain thread or, against good manners, async code.
pub fn wait<F>(future: F) -> Result<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let runtime = runtime()?;
    if Handle::try_current().is_err() {
        return Ok(runtime.block_on(future));
    }
    // Tokio panics when async code blocks on a runtime; a thread of its own may.
    let done = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(future)).join());
    done.map_err(|_| Error::S3("an S3 request ended unexpectedly; please report this".into()))
}

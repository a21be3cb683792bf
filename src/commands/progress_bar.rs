//! A progress bar on stderr, when stderr is a terminal; silence otherwise.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::commands::table::{bytes, thousands};
use crate::model::Progress;

/// How often the bar reads the counters.
const TICK: Duration = Duration::from_millis(100);

/// Shows a [`Progress`] from a thread of its own until it is dropped; then the line is cleared.
#[derive(Debug)]
pub struct Bar {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Starts showing `progress` under the name of what is done (`checking`), if stderr is a terminal.
    pub fn start(what: &'static str, progress: &Arc<Progress>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::io::stderr().is_terminal().then(|| {
            let (progress, stop) = (Arc::clone(progress), Arc::clone(&stop));
            std::thread::Builder::new()
                .name("progress".to_owned())
                .spawn(move || show(what, &progress, &stop))
                .ok()
        });
        Self {
            stop,
            thread: thread.flatten(),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A bar that panicked has nothing left to clear.
            let _ = thread.join();
        }
    }
}

fn show(what: &'static str, progress: &Progress, stop: &AtomicBool) {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {msg} {elapsed_precise}");
    bar.set_style(
        style
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━━ "),
    );
    bar.set_prefix(what);
    while !stop.load(Relaxed) {
        bar.set_length(progress.bytes_listed.load(Relaxed));
        bar.set_position(progress.bytes_done.load(Relaxed));
        bar.set_message(message(progress));
        std::thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}

/// `12/500 objects  4.1 MB  1,204,000 lines`; a `+` while the listing goes on.
fn message(progress: &Progress) -> String {
    let more = if progress.listing_done.load(Relaxed) {
        ""
    } else {
        "+"
    };
    format!(
        "{}/{}{more} objects  {}  {} lines",
        thousands(progress.objects_done.load(Relaxed)),
        thousands(progress.objects_listed.load(Relaxed)),
        bytes(progress.bytes_done.load(Relaxed)),
        thousands(progress.lines.load(Relaxed)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_how_far_and_whether_the_listing_is_complete() {
        let progress = Progress::default();
        Progress::bump(&progress.objects_listed, 500);
        Progress::bump(&progress.objects_done, 12);
        Progress::bump(&progress.lines, 1_204_000);
        assert_eq!(message(&progress), "12/500+ objects  0 B  1,204,000 lines");
        progress.listing_done.store(true, Relaxed);
        assert_eq!(message(&progress), "12/500 objects  0 B  1,204,000 lines");
    }

    #[test]
    fn a_bar_ends_when_dropped() {
        drop(Bar::start("checking", &Arc::new(Progress::default())));
    }
}

//! `--on-alert CMD`: runs a command for each line, on a thread of its own, so that a slow one holds nothing up.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, unbounded};

use crate::commands::table::printable;
use crate::error::{Error, Result};

/// Hands lines to the command, one after the other, in the order of the alerts. Alerts are few: lines that wait while
/// the command runs are kept, however long it takes. Dropping it waits for the last one.
#[derive(Debug)]
pub struct OnAlert {
    lines: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl OnAlert {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn start(command: String) -> Result<Self> {
        let (lines, waiting) = unbounded::<String>();
        let thread = std::thread::Builder::new()
            .name("on-alert".into())
            .spawn(move || {
                for line in waiting {
                    if let Err(why) = run(&command, &line) {
                        // Where stderr is gone there is nobody left to tell.
                        let _ = writeln!(
                            std::io::stderr(),
                            "frontlog: --on-alert {}: {}",
                            printable(&command),
                            printable(&why)
                        );
                    }
                }
            })
            .map_err(|e| Error::file("start a thread for", "--on-alert", e))?;
        Ok(Self {
            lines: Some(lines),
            thread: Some(thread),
        })
    }

    /// Runs the command with that line on its standard input, as soon as its turn comes.
    pub fn run(&self, line: &str) {
        if let Some(lines) = &self.lines {
            let _ = lines.send(line.to_owned());
        }
    }
}

impl Drop for OnAlert {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the command prints goes to stderr: stdout is the data's.
fn run(command: &str, line: &str) -> Result<(), String> {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let mut child = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::piped())
        .stdout(std::io::stderr())
        .spawn()
        .map_err(|e| format!("cannot start {shell}: {e}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input has not failed by that.
        let _ = writeln!(stdin, "{line}");
    }
    let status = child
        .wait()
        .map_err(|e| format!("cannot wait for it: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("it failed ({status})"))
    }
}

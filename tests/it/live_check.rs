//! `frontlog check -f` as a process: its lines as they come, killed or interrupted.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(40);

/// A running process; killed with this value.
pub struct LiveCheck {
    child: Child,
    lines: Receiver<String>,
    /// Everything it has printed so far.
    pub printed: Vec<String>,
}

impl LiveCheck {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = unbounded();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            child,
            lines,
            printed: vec![],
        }
    }

    /// Waits for a line.
    #[track_caller]
    pub fn until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            let Ok(line) = self.lines.recv_deadline(end) else {
                panic!("no such line came: {:#?}", self.printed)
            };
            self.printed.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Interrupts it; its status, and all that it printed.
    pub fn end(mut self) -> (i32, Vec<String>) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status();
        assert!(sent.unwrap().success());
        let status = self.child.wait().unwrap();
        self.printed.extend(self.lines.iter());
        (status.code().unwrap(), std::mem::take(&mut self.printed))
    }
}

impl Drop for LiveCheck {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The terminal itself: entered once, restored whatever happens, and spoken to by nobody else.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use crossterm::{cursor, event, execute, terminal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::error::{Error, Result};

/// Longest text that is copied: terminals drop longer OSC 52 sequences, some without a word.
pub const MAX_COPY_BYTES: usize = 100 * 1024;

/// Entered and not yet restored. A signal, a panic and the way out may all want to restore; one does.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Messages of panics on other threads, for after the screen.
static LATE_MESSAGES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What the loop asks of the terminal beside drawing. Tests give their own.
pub trait Host {
    /// A frame begins: the terminal should show nothing of it yet.
    fn begin_frame(&mut self) -> io::Result<()>;
    /// The frame is complete.
    fn end_frame(&mut self) -> io::Result<()>;
    /// Puts a text on the clipboard.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Gives the terminal back, stops, and takes it again when continued.
    fn suspend(&mut self) -> io::Result<()>;
}

/// The real terminal on standard output.
#[derive(Debug, Default)]
pub struct RealHost {
    in_tmux: bool,
}

/// The real terminal with its host.
pub type RealTerminal = Terminal<CrosstermBackend<io::BufWriter<io::Stdout>>>;

/// Takes the terminal: alternate screen, raw mode, no cursor; a panic gives it back before its message.
///
/// # Errors
/// The terminal refuses, which names the thing that did.
pub fn enter() -> Result<(RealTerminal, RealHost)> {
    let failed = |e: io::Error| Error::Config(format!("cannot set up the terminal: {e}"));
    hook_panics();
    take().map_err(failed)?;
    // A larger buffer than a screen of styled cells, so that a frame is one write.
    let backend = CrosstermBackend::new(io::BufWriter::with_capacity(256 * 1024, io::stdout()));
    let terminal = Terminal::new(backend).map_err(failed)?;
    Ok((
        terminal,
        RealHost {
            in_tmux: std::env::var_os("TMUX").is_some(),
        },
    ))
}

/// A panic on this thread gives the terminal back before its message. One on another thread stops only what that
/// thread did (its owner reports it), so its message waits for [`restore`] and the screen stays whole.
fn hook_panics() {
    let (before, drawing) = (std::panic::take_hook(), std::thread::current().id());
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == drawing || !ENTERED.load(Ordering::SeqCst) {
            restore();
            before(info);
        } else if let Ok(mut late) = LATE_MESSAGES.lock() {
            late.push(info.to_string());
        }
    }));
}

fn take() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    execute!(
        io::stdout(),
        terminal::EnterAlternateScreen,
        event::EnableBracketedPaste,
        cursor::Hide
    )
}

/// Width of the terminal on standard output in cells; `None` where it is none.
pub fn width() -> Option<usize> {
    let is_terminal = io::IsTerminal::is_terminal(&io::stdout());
    is_terminal
        .then(terminal::size)?
        .ok()
        .map(|(columns, _)| usize::from(columns))
        .filter(|width| *width > 0)
}

/// Gives the terminal back as it was. Never fails and may be called twice: there is nobody left to tell.
pub fn restore() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(
            out,
            terminal::EndSynchronizedUpdate,
            event::DisableBracketedPaste,
            terminal::LeaveAlternateScreen,
            cursor::Show
        );
        let _ = terminal::disable_raw_mode();
        if let Ok(mut late) = LATE_MESSAGES.lock() {
            late.drain(..).for_each(|message| eprintln!("{message}"));
        }
    }
}

impl Host for RealHost {
    fn begin_frame(&mut self) -> io::Result<()> {
        execute!(io::stdout(), terminal::BeginSynchronizedUpdate)
    }

    fn end_frame(&mut self) -> io::Result<()> {
        execute!(io::stdout(), terminal::EndSynchronizedUpdate)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(clipboard_sequence(text, self.in_tmux).as_bytes())?;
        out.flush()
    }

    fn suspend(&mut self) -> io::Result<()> {
        restore();
        stop_process_group();
        take()
    }
}

/// Stops this process and those it was started with (`cargo run`), as the terminal itself would on Ctrl-Z; returns
/// when continued. A signal cannot be raised without unsafe code, so `kill` does it.
fn stop_process_group() {
    let kill = Command::new("kill")
        .args(["-STOP", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = kill else { return };
    for _ in 0..40 {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The OSC 52 sequence that sets the clipboard; inside tmux, wrapped so that tmux passes it on.
///
/// # Source
/// `XTerm` Control Sequences, "Operating System Commands", Ps = 52; tmux(1), `allow-passthrough`.
fn clipboard_sequence(text: &str, in_tmux: bool) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let sequence = format!("\x1b]52;c;{encoded}\x07");
    if in_tmux {
        format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
    } else {
        sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_osc_52_and_wrapped_under_tmux() {
        assert_eq!(clipboard_sequence("a\tb", false), "\x1b]52;c;YQli\x07");
        assert_eq!(
            clipboard_sequence("a\tb", true),
            "\x1bPtmux;\x1b\x1b]52;c;YQli\x07\x1b\\"
        );
    }
}

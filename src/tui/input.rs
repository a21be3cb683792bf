//! What comes in from outside: keys, pastes, new sizes, signals. A thread of its own reads the terminal.

use crossbeam_channel::Sender;
use crossterm::event::{Event as TerminalEvent, KeyEvent, KeyEventKind};
use tokio::signal::unix::{SignalKind, signal};

/// Something from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A key went down, or repeats.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has a new size.
    Resize,
    /// SIGTERM, SIGINT or SIGHUP: end now.
    Terminate,
    /// SIGTSTP from outside: to the shell.
    Suspend,
}

impl Event {
    /// Ours for the terminal's; `None` for what nothing acts on.
    pub fn from_terminal(event: TerminalEvent) -> Option<Self> {
        match event {
            TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => Some(Self::Key(key)),
            TerminalEvent::Paste(text) => Some(Self::Paste(text)),
            TerminalEvent::Resize(..) => Some(Self::Resize),
            _ => None,
        }
    }
}

/// Starts the thread that reads the terminal. It ends when the receiver is gone or the terminal is; it is not
/// joined, because a blocked read ends only with the process.
///
/// # Errors
/// No thread could be started.
pub fn read_terminal(to: Sender<Event>) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("terminal".into())
        .spawn(move || {
            while let Ok(event) = crossterm::event::read() {
                if Event::from_terminal(event).is_some_and(|event| to.send(event).is_err()) {
                    return;
                }
            }
            // The terminal went away: nobody can see or answer.
            let _ = to.send(Event::Terminate);
        })?;
    Ok(())
}

/// Starts the thread that waits for signals.
///
/// # Errors
/// No thread or no signal handler could be set up.
pub fn watch_signals(to: Sender<Event>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut term, mut int, mut hup, mut stop) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
            signal(TERMINAL_STOP)?,
        )
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(async {
                loop {
                    let event = tokio::select! {
                        _ = term.recv() => Event::Terminate,
                        _ = int.recv() => Event::Terminate,
                        _ = hup.recv() => Event::Terminate,
                        _ = stop.recv() => Event::Suspend,
                    };
                    if to.send(event).is_err() {
                        return;
                    }
                }
            });
        })?;
    Ok(())
}

/// SIGTSTP, which tokio has no name for.
#[cfg(target_os = "linux")]
const TERMINAL_STOP: SignalKind = SignalKind::from_raw(20);
/// SIGTSTP, which tokio has no name for.
#[cfg(not(target_os = "linux"))]
const TERMINAL_STOP: SignalKind = SignalKind::from_raw(18);

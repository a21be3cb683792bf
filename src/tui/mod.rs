//! The terminal side: the only place that names ratatui or crossterm.
//!
//! ```text
//! keys, signals ─┐                       ┌─► effects: copy, suspend, quit
//! snapshots ─────┼─► run ─► App::update ─┤
//! news ──────────┤    ▲                  └─► next_job ─► workers (views, causes, search …)
//! answers ───────┘    └───────────────────────── answers ◄──┘
//! ```
//! [`run`] waits and draws, [`App`] holds all state and is changed synchronously, [`job`] does what looks at many rows.
//! Everything that is drawn comes from an immutable snapshot, so the engine never waits for the screen.

pub mod action;
pub mod app;
pub mod arrangement;
pub mod bars;
pub mod color_depth;
mod detail;
pub mod effect;
pub mod export_job;
pub mod footer;
pub mod header;
pub mod input;
pub mod job;
pub mod keymap;
pub mod modal;
mod run;
pub mod screen;
pub mod session;
pub mod status;
pub mod terminal;
pub mod theme;
pub mod wardrobe;
pub mod widget;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

pub use app::{App, Setting};
pub use color_depth::ColorDepth;
pub use run::run;
pub use theme::{Styles, Theme};
pub use wardrobe::Wardrobe;

use crate::contract::standing::KnownCauses;
use crate::error::{Error, Result};
use crate::frame::{Columns, Filter, Snapshot};
use crate::pipeline::{self, ContractInForce, RunOptions};
use crate::tui::job::Means;
use crate::tui::keymap::Keymap;

/// What the explorer is started with.
#[derive(Debug, Clone)]
pub struct ExploreOptions {
    /// What to read and how to judge it.
    pub run: RunOptions,
    /// The contract in force; it follows edits of the files while the explorer runs.
    pub in_force: Arc<ContractInForce>,
    /// A filter that is there from the start.
    pub filter: Option<String>,
    /// The command line as typed, for copying it with the filters of a view; the sources when empty.
    pub command: Vec<String>,
    /// Causes that are acknowledged, or known from a baseline.
    pub known: KnownCauses,
    /// Who signs an acknowledgement; may be empty.
    pub user: String,
    /// The theme's name; else what `NO_COLOR` asks for, else the default.
    pub theme: Option<String>,
    /// Where the user's own themes are.
    pub theme_folder: Option<PathBuf>,
    /// Path and text of the user's own keymap, if there is one.
    pub keymap: Option<(String, String)>,
    /// How a batch is exported; `None` leaves the Export screen out.
    pub export: Option<export_job::Exporting>,
}

/// The explorer, until the user quits. Gives the number of objects that could not be read.
///
/// # Errors
/// No terminal, a wrong theme or keymap, nothing to read, a signal ([`Error::Cancelled`]). The terminal is restored
/// in every case.
pub fn explore(options: ExploreOptions) -> Result<u64> {
    if !std::io::stdout().is_terminal() {
        return Err(Error::Config(
            "the explorer needs a terminal on standard output; `frontlog check` and `frontlog query` work without one".to_owned(),
        ));
    }
    let setting = setting(&options)?;
    let (sender, events) = crossbeam_channel::bounded(1024);
    let (mut screen, host) = terminal::enter()?;
    let follows = options.run.source.follow;
    let mut news = None;
    let result = start_input(&sender).and_then(|()| {
        let means = Means {
            contract: options.in_force.clone(),
            source: options.run.source.clone(),
            exporting: options.export,
        };
        run(
            &mut screen,
            host,
            App::new(setting),
            &events,
            (&means, || {
                let handle = pipeline::explore_under(options.run, &options.in_force)?;
                news = Some(handle.notices.clone());
                Ok(handle)
            }),
        )
    });
    terminal::restore();
    if follows && let Some(news) = news {
        wait_for_end(&news);
    }
    result
}

/// A followed run writes how far it got when it ends: its last notice, and then nobody sends any more.
fn wait_for_end(news: &crossbeam_channel::Receiver<crate::model::Notice>) {
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(1);
    while news.recv_deadline(limit).is_ok() {}
}

fn start_input(sender: &crossbeam_channel::Sender<input::Event>) -> Result<()> {
    let failed = |e| Error::file("start a thread for", "the terminal", e);
    input::watch_signals(sender.clone()).map_err(failed)?;
    input::read_terminal(sender.clone()).map_err(failed)
}

fn setting(options: &ExploreOptions) -> Result<Setting> {
    let depth = ColorDepth::detect(|name| std::env::var(name).ok());
    let keymap = match &options.keymap {
        Some((path, text)) => Keymap::load(Some((path, text)))?,
        None => Keymap::load(None)?,
    };
    let filter = match &options.filter {
        Some(text) => {
            let columns = Columns::of(&Snapshot::empty()).open();
            Some(Filter::parse(text, &columns).map_err(|e| {
                Error::Config(format!(
                    "--where {text:?}, at byte {}: {}",
                    e.at + 1,
                    e.message
                ))
            })?)
        }
        None => None,
    };
    let wardrobe = Wardrobe::open(
        options.theme.as_deref(),
        options.theme_folder.as_deref(),
        depth,
    )?;
    Ok(Setting {
        command: if options.command.is_empty() {
            options.run.source.sources.clone()
        } else {
            options.command.clone()
        },
        filter,
        sources: options.run.source.sources.clone(),
        following: options.run.source.follow,
        contract: options.in_force.clone(),
        known: options.known.clone(),
        user: options.user.clone(),
        can_export: options.export.is_some(),
        styles: wardrobe.styles(),
        wardrobe,
        keymap,
    })
}

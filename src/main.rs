//! Arguments in, exit code out.
//!
//! 0 clean · 1 runtime error · 2 usage or configuration · 3 findings over the threshold · 4 incomplete input ·
//! 130 interrupted. A broken pipe is success: whoever closed it had enough.

mod explorer;

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser as _};
use etcetera::BaseStrategy as _;
use tokio_util::sync::CancellationToken;

use frontlog::cli::Args;
use frontlog::commands::progress_bar::Bar;
use frontlog::commands::query::QueryOptions;
use frontlog::commands::{self, Outcome, completions, config_cmd};
use frontlog::config::{self, ExportStep, Step, Surroundings};
use frontlog::error::{Error, Result};
use frontlog::model::Progress;
use frontlog::pipeline::{self, RunOptions};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help into a closed pipe is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let ended = log_to_file()
        .and_then(|()| surroundings())
        .and_then(|around| config::resolve(args, &around))
        .and_then(run);
    ExitCode::from(match ended {
        Ok(outcome) => outcome.exit_code(),
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::BrokenPipe => 0,
        Err(error) => {
            complain(&error.to_string());
            error.exit_code()
        }
    })
}

/// One sentence a line on stderr, made harmless: it may hold names that strangers chose.
fn complain(sentences: &str) {
    for line in sentences.lines() {
        // Where stderr is gone there is nobody left to tell.
        let _ = writeln!(
            std::io::stderr(),
            "frontlog: {}",
            commands::table::printable(line)
        );
    }
}

fn run(step: Step) -> Result<Outcome> {
    // Not locked: the explorer draws on the same handle.
    let mut out = BufWriter::new(std::io::stdout());
    match step {
        Step::DryRun(source, json) => commands::dry_run::run(&source, json, &mut out),
        Step::Explore(options) => explorer::run(*options).map(|unreadable| match unreadable {
            0 => Outcome::Clean,
            _ => Outcome::Incomplete,
        }),
        Step::Check(options) => commands::check::run(&options, &mut out, &cancelled_by_signals()?),
        Step::Export(step) => export(*step, &mut out),
        Step::Query(run, options) => query(&run, &options, &mut out),
        Step::Compare([old, new], json) => commands::infer::compare(&old, &new, json, &mut out),
        Step::Infer(options) => {
            let (outcome, notes) =
                commands::infer::run(&options, &mut out, &cancelled_by_signals()?)?;
            for note in &notes {
                complain(note);
            }
            Ok(outcome)
        }
        Step::Generate(options) => {
            commands::print_line(&commands::generate::generate(&options)?, &mut out)
        }
        Step::ConfigCheck(found) => config_cmd::check(&found, &mut out),
        Step::List(columns, entries) => config_cmd::list(columns, &entries, &mut out),
        Step::Completions(shell) => completions::completions(shell, Args::command(), &mut out),
        Step::Man => completions::man(Args::command(), &mut out),
    }
}

fn export(step: ExportStep, out: &mut dyn Write) -> Result<Outcome> {
    let progress = Arc::new(Progress::default());
    let bar = Bar::start("exporting", &progress);
    let summary =
        commands::export::run(step.run, &step.options, &progress, &cancelled_by_signals()?);
    drop(bar);
    let summary = summary?;
    commands::export::print(&summary, step.json, out)?;
    Ok(if summary.is_incomplete() {
        Outcome::Incomplete
    } else {
        Outcome::Clean
    })
}

fn query(run: &RunOptions, options: &QueryOptions, out: &mut dyn Write) -> Result<Outcome> {
    let progress = Arc::new(Progress::default());
    let bar = Bar::start("loading", &progress);
    let loaded = pipeline::load_private(
        run,
        options.private.clone(),
        &progress,
        &cancelled_by_signals()?,
    );
    drop(bar);
    let loaded = loaded?;
    commands::query::run(options, &loaded, out)?;
    let unreadable = commands::unreadable(&loaded.objects);
    for sentence in &unreadable {
        complain(sentence);
    }
    Ok(if unreadable.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Incomplete
    })
}

fn surroundings() -> Result<Surroundings> {
    let folders = etcetera::choose_base_strategy().ok();
    Ok(Surroundings {
        now: chrono::Utc::now(),
        config_folder: folders.as_ref().map(|f| f.config_dir().join("frontlog")),
        state_folder: folders
            .and_then(|f| f.state_dir())
            .map(|f| f.join("frontlog")),
        user: ["USER", "LOGNAME", "USERNAME"]
            .iter()
            .find_map(|name| std::env::var(name).ok())
            .unwrap_or_default(),
        working_folder: std::env::current_dir().map_err(|e| Error::file("read", ".", e))?,
        terminal_width: frontlog::tui::terminal::width(),
    })
}

/// A token that SIGINT and SIGTERM cancel; the second signal ends the process at once.
fn cancelled_by_signals() -> Result<CancellationToken> {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|e| Error::file("create", "the signal handler", e))?;
    let wait = move || {
        runtime.block_on(async {
            signal().await;
            token.cancel();
            signal().await;
            std::process::exit(i32::from(Error::Cancelled.exit_code()));
        });
    };
    let thread = std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(wait);
    thread.map_err(|e| Error::file("create", "the signal handler", e))?;
    Ok(cancel)
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Sends the log of this program and of the AWS SDK to a file when `FRONTLOG_LOG` asks for it (`debug`,
/// `frontlog=trace,aws=info`); never onto the screen.
fn log_to_file() -> Result<()> {
    let Ok(filter) = std::env::var("FRONTLOG_LOG") else {
        return Ok(());
    };
    let folders = etcetera::choose_base_strategy().ok();
    let folder = folders
        .and_then(|f| f.state_dir())
        .map_or_else(|| PathBuf::from("."), |f| f.join("frontlog"));
    std::fs::create_dir_all(&folder).map_err(|e| Error::file("create", &folder, e))?;
    let path = folder.join("frontlog.log");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|e| Error::file("write", path, e))?;
    let filter = tracing_subscriber::EnvFilter::try_new(&filter).map_err(|e| {
        Error::Config(format!(
            "FRONTLOG_LOG={filter:?}: {e}; write debug or frontlog=trace,aws=info"
        ))
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(file)
        .init();
    Ok(())
}

//! The one place where what was typed gets its meaning: `Args`, the user's files and the contract become one [`Step`]
//! with the options of everything that it runs. Errors here are the user's to fix: exit status 2.

pub mod amount;
mod formats;
mod generated;
mod in_force;
mod stream;
pub mod user_file;
pub mod when;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::cli::{
    Args, BaselineArgs, CheckArgs, CheckFormat, Command, Compression, DataFormat, ExploreArgs,
    ExportArgs, FollowArgs, InferArgs, QueryArgs, ReportFormat, ResultFormat, S3Args, SourceArgs,
    Target,
};
use crate::commands::check::threshold::{Limit, Thresholds};
use crate::commands::check::{CheckOptions, Printed};
use crate::commands::config_cmd::{Entry, InForce};
use crate::commands::export::ExportOptions;
use crate::commands::generate::GenerateOptions;
use crate::commands::infer::InferOptions;
use crate::commands::query::{Format, QueryOptions};
use crate::contract::Contract;
use crate::contract::acknowledged::Acknowledged;
use crate::contract::baseline::Baseline;
use crate::contract::infer::Rules;
use crate::contract::standing::KnownCauses;
use crate::error::{Error, Result};
use crate::export;
use crate::pipeline::{ContractInForce, Needs, RunOptions};
use crate::source;
use crate::tui::ExploreOptions;
use user_file::UserFiles;

/// What the program finds around it; a value, so that a test can give another one.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The clock, read once; `--last` and `--since 3h` count from it.
    pub now: DateTime<Utc>,
    /// The user's configuration folder, `~/.config/frontlog`; `None` where there is no home.
    pub config_folder: Option<PathBuf>,
    /// The user's state folder, `~/.local/state/frontlog`; `None` where there is no home.
    pub state_folder: Option<PathBuf>,
    /// Who signs an acknowledgement; empty where nobody is known.
    pub user: String,
    /// The working folder.
    pub working_folder: PathBuf,
    /// Width of the terminal on stdout, in cells; `None` when it is none.
    pub terminal_width: Option<usize>,
}

/// What to do, with everything it needs.
#[derive(Debug, Clone)]
pub enum Step {
    /// Print what would be read; as JSON if true.
    DryRun(source::Options, bool),
    /// Open the explorer.
    Explore(Box<ExploreOptions>),
    /// Judge and report.
    Check(CheckOptions),
    /// Publish a batch.
    Export(Box<ExportStep>),
    /// Load everything and run SQL over it.
    Query(RunOptions, QueryOptions),
    /// Draft event schemas.
    Infer(InferOptions),
    /// Compare two schema files; as JSON if true.
    Compare([PathBuf; 2], bool),
    /// Write logs with known faults.
    Generate(GenerateOptions),
    /// Print what is in force.
    ConfigCheck(InForce),
    /// Print themes or keys under two column names.
    List([&'static str; 2], Vec<Entry>),
    /// Print the completions of a shell.
    Completions(clap_complete::Shell),
    /// Print the manual page.
    Man,
}

/// What an export needs.
#[derive(Debug, Clone)]
pub struct ExportStep {
    /// What to read and how to judge it.
    pub run: RunOptions,
    /// Where to write what.
    pub options: ExportOptions,
    /// JSON instead of text on stdout.
    pub json: bool,
}

/// Gives `args` their meaning.
///
/// # Errors
/// Configuration errors, as sentences that name the option, or file, line and column.
pub fn resolve(args: Args, around: &Surroundings) -> Result<Step> {
    let command = args.command.unwrap_or(Command::Explore(args.explore));
    let dry_run = dry_run(&command);
    let step = match command {
        Command::Explore(typed) => explore(typed, around),
        Command::Check(typed) => check(typed, around),
        Command::Export(typed) => export(typed, around),
        Command::Query(typed) => query(typed, around),
        Command::Infer(typed) => infer(typed, around),
        Command::Generate(typed) => generated::generate(typed),
        Command::Completions { shell } => Ok(Step::Completions(shell)),
        Command::Config(typed) => in_force::config(typed, around),
        Command::Man => Ok(Step::Man),
    }?;
    Ok(match dry_run {
        Some(json) => only_listed(step, json),
        None => step,
    })
}

/// Whether a command is only to list, and then whether as JSON.
fn dry_run(command: &Command) -> Option<bool> {
    let (source, json) = match command {
        Command::Explore(typed) => (&typed.source, false),
        Command::Check(typed) => (&typed.source, typed.format == CheckFormat::Json),
        Command::Export(typed) => (&typed.source, typed.report == ReportFormat::Json),
        Command::Infer(typed) => (&typed.source, typed.format == ReportFormat::Json),
        Command::Query(typed) => {
            let json = matches!(typed.format, ResultFormat::Json | ResultFormat::Jsonl);
            (&typed.source, json)
        }
        _ => return None,
    };
    source.dry_run.then_some(json)
}

/// What a step would read, in place of the step.
fn only_listed(step: Step, json: bool) -> Step {
    let mut source = match step {
        Step::Explore(options) => options.run.source,
        Step::Check(options) => options.run.source,
        Step::Export(step) => step.run.source,
        Step::Query(run, _) => run.source,
        Step::Infer(options) => options.run.source,
        other => return other,
    };
    (source.newest_first, source.follow) = (false, false);
    Step::DryRun(source, json)
}

/// The explorer reads the newest hour first, so that the rows a person most likely wants come first.
fn explore(typed: ExploreArgs, around: &Surroundings) -> Result<Step> {
    let user = user_files(around)?;
    let mut run = run_options(typed.sources, typed.source, Needs::default(), around)?;
    run.source.newest_first = true;
    follow(&mut run.source, typed.follow, "explore", around)?;
    let known = known_causes(&typed.baseline, &run.contract)?;
    Ok(Step::Explore(Box::new(ExploreOptions {
        in_force: Arc::new(ContractInForce::new(run.contract.clone())),
        run,
        filter: typed.filter,
        command: vec![],
        known,
        user: around.user.clone(),
        theme: typed.theme.or(user.theme),
        theme_folder: theme_folder(around),
        keymap: user.keymap,
        export: None,
    })))
}

fn user_files(around: &Surroundings) -> Result<UserFiles> {
    around
        .config_folder
        .as_deref()
        .map_or_else(|| Ok(UserFiles::default()), user_file::read)
}

fn theme_folder(around: &Surroundings) -> Option<PathBuf> {
    let folder = around.config_folder.as_ref()?;
    Some(folder.join("themes"))
}

fn check(typed: CheckArgs, around: &Surroundings) -> Result<Step> {
    let max_failed = typed
        .max_failed
        .map(|limit| Limit::parse("--max-failed", &limit))
        .transpose()?;
    let max_code = typed
        .max_code
        .iter()
        .map(|limit| Thresholds::parse_code(limit))
        .collect::<Result<_>>()?;
    let watch = stream::watch(&typed.alert, typed.on_alert, &typed.windows)?;
    let needs = Needs {
        judge: !typed.no_judge,
        windows: watch.is_some(),
        repairs: typed.preview_repairs,
        ..Needs::default()
    };
    if typed.format == CheckFormat::Junit
        && (typed.every.is_some() || (typed.follow.follow && !typed.alert.is_empty()))
    {
        return Err(Error::Config(
            "--format junit prints one document at the end; leave out --every, and --alert while following".to_owned(),
        ));
    }
    let is_for_ci = matches!(typed.format, CheckFormat::Junit | CheckFormat::Github);
    if is_for_ci && (typed.against.is_some() || typed.preview_repairs) {
        return Err(Error::Config(
            "--against and --preview-repairs print text or JSON; leave out --format junit and github".to_owned(),
        ));
    }
    let against = typed.against.as_deref().map(Contract::load).transpose()?;
    let every = typed
        .every
        .map(|every| when::duration("--every", &every))
        .transpose()?;
    let mut run = run_options(typed.sources, typed.source, needs, around)?;
    follow(&mut run.source, typed.follow, "check", around)?;
    Ok(Step::Check(CheckOptions {
        every,
        format: match typed.format {
            CheckFormat::Text => Printed::Text,
            CheckFormat::Json => Printed::Json,
            CheckFormat::Junit => Printed::Junit,
            CheckFormat::Github => Printed::Github,
        },
        known: known_causes(&typed.baseline, &run.contract)?,
        write_baseline: typed.write_baseline,
        against: against.map(Arc::new),
        thresholds: Thresholds {
            max_failed,
            max_code,
        },
        watch,
        max_examples: typed.max_examples,
        run,
    }))
}

/// What is known of causes: the acknowledged ones of the contract, and those of the baseline.
fn known_causes(typed: &BaselineArgs, contract: &Contract) -> Result<KnownCauses> {
    if !(typed.baseline_growth >= 1.0 && typed.baseline_growth.is_finite()) {
        return Err(Error::Config(format!(
            "--baseline-growth {} is no factor; write 1 or more, such as 1.5",
            typed.baseline_growth
        )));
    }
    let baseline = typed.baseline.as_deref();
    Ok(KnownCauses {
        acknowledged: Acknowledged::load(contract.dir.as_deref())?,
        baseline: baseline
            .map(|file| Baseline::read(file, typed.baseline_growth))
            .transpose()?,
    })
}

fn export(typed: ExportArgs, around: &Surroundings) -> Result<Step> {
    let files = export::Options {
        format: match typed.format {
            DataFormat::Parquet => export::Format::Parquet,
            DataFormat::Csv => export::Format::Csv,
            DataFormat::Jsonl => export::Format::Jsonl,
        },
        compress: match typed.compress {
            Compression::None => export::Compress::None,
            Compression::Gzip => export::Compress::Gzip,
        },
        target: match typed.target {
            Target::Redshift => export::Target::Redshift,
        },
        url_prefix: typed.url_prefix,
        ..export::Options::default()
    };
    files.check()?;
    let run = run_options(typed.sources, typed.source, Needs::default(), around)?;
    let options = ExportOptions {
        to: typed.to,
        files,
        now_us: around.now.timestamp_micros(),
    };
    Ok(Step::Export(Box::new(ExportStep {
        run,
        options,
        json: typed.report == ReportFormat::Json,
    })))
}

fn query(typed: QueryArgs, around: &Surroundings) -> Result<Step> {
    let format = match typed.format {
        ResultFormat::Table => Format::Table,
        ResultFormat::Csv => Format::Csv,
        ResultFormat::Json => Format::Json,
        ResultFormat::Jsonl => Format::Jsonl,
        ResultFormat::Parquet => Format::Parquet,
    };
    let run = run_options(typed.sources, typed.source, Needs::default(), around)?;
    let private = if typed.private {
        Arc::new(
            run.contract
                .privacy
                .keyed(|name| std::env::var(name).ok())?,
        )
    } else {
        Arc::default()
    };
    Ok(Step::Query(
        run,
        QueryOptions {
            sql: typed.sql,
            format,
            windows: stream::window_spec(&typed.windows)?,
            width: around.terminal_width,
            private,
        },
    ))
}

fn infer(typed: InferArgs, around: &Surroundings) -> Result<Step> {
    let json = typed.format == ReportFormat::Json;
    if let [old, new] = typed.compare.as_slice() {
        return Ok(Step::Compare([old.clone(), new.clone()], json));
    }
    Ok(Step::Infer(InferOptions {
        rules: Rules {
            tolerate: amount::share("--tolerate", &typed.tolerate)?,
            examples: typed.max_examples,
        },
        run: run_options(typed.sources, typed.source, Needs::default(), around)?,
        to: typed.to,
        events: typed.event,
        diff: typed.diff,
        new_version: typed.new_version,
        json,
    }))
}

/// The run that every reading command starts from: oldest hour first, not followed.
fn run_options(
    sources: Vec<String>,
    typed: SourceArgs,
    needs: Needs,
    around: &Surroundings,
) -> Result<RunOptions> {
    not_a_command(&sources, &around.working_folder)?;
    let formats = formats::formats(&typed, &sources)?;
    let contract = contract(typed.contract.as_deref(), &sources, &around.working_folder)?;
    let since = match (&typed.since, &typed.last) {
        (Some(since), _) => Some(when::hour("--since", since, around.now, when::Edge::First)?),
        (None, Some(last)) => Some(when::last(last, around.now)?),
        (None, None) => None,
    };
    let until = typed
        .until
        .map(|until| when::hour("--until", &until, around.now, when::Edge::Last))
        .transpose()?;
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        return Err(Error::Config(
            "--since is after --until: no hour is left to read".to_owned(),
        ));
    }
    let from = stream::begin(
        &sources,
        (&typed.from, &typed.since, &typed.last),
        around.now,
    )?;
    let source = source::Options {
        sources,
        formats,
        since_hour: since,
        until_hour: until,
        newest_first: false,
        from,
        follow: false,
        following: source::Following::default(),
        s3: s3(typed.s3),
        bytes_in_flight: (amount::bytes("--memory", &typed.memory)? / 8).max(1 << 20),
        only: None,
    };
    Ok(RunOptions {
        source,
        contract: Arc::new(contract),
        threads: typed.threads,
        needs,
    })
}

/// How late `CloudFront` may be, a day, and two hours to be safe.
const FOLLOW_WINDOW: &str = "26h";

/// What following means for a command.
fn follow(
    source: &mut source::Options,
    typed: FollowArgs,
    command: &'static str,
    around: &Surroundings,
) -> Result<()> {
    source.follow = typed.follow;
    if !typed.follow {
        return Ok(());
    }
    if let Some(every) = &typed.poll_interval {
        source.following.poll_interval = when::duration("--poll-interval", every)?;
    }
    let window = typed.follow_window.as_deref().unwrap_or(FOLLOW_WINDOW);
    let seconds = when::duration("--follow-window", window)?.as_secs();
    source.following.window_hours = seconds.div_ceil(3600) as i64;
    let required = typed.resume || typed.state.is_some();
    let Some(folder) = typed.state.or_else(|| around.state_folder.clone()) else {
        if required {
            return Err(Error::Config(
                "--resume has no folder to keep its state in, because there is no home; name one with --state DIR"
                    .to_owned(),
            ));
        }
        return Ok(());
    };
    source.following.state = Some(source::state::StateOptions {
        folder,
        command,
        resume: typed.resume,
        required,
    });
    Ok(())
}

fn s3(typed: S3Args) -> source::S3Options {
    source::S3Options {
        profile: typed.profile,
        region: typed.region,
        endpoint_url: typed.endpoint_url,
        path_style: typed.path_style,
        dual_stack: typed.dual_stack,
        no_sign_request: typed.no_sign_request,
        request_payer: typed.request_payer,
        static_credentials: None,
    }
}

/// The contract that `--contract` names, else the one found beside the first local source or above the working
/// folder, else the built-in one.
fn contract(named: Option<&Path>, sources: &[String], working_folder: &Path) -> Result<Contract> {
    if let Some(dir) = named {
        return Contract::load(dir);
    }
    let local = sources
        .iter()
        .find(|s| *s != "-" && !s.contains("://"))
        .map(Path::new);
    match Contract::discover(local, working_folder) {
        Some(dir) => Contract::load(&dir),
        None => Ok(Contract::builtin()),
    }
}

/// Names that a misspelt command is compared with.
const COMMANDS: [&str; 9] = [
    "explore",
    "check",
    "export",
    "query",
    "infer",
    "generate",
    "config",
    "completions",
    "man",
];

/// A first source that is no file but nearly a command was meant as one.
fn not_a_command(sources: &[String], working_folder: &Path) -> Result<()> {
    let Some(first) = sources.first() else {
        return Err(Error::Config(
            "nothing to read; name a file, a folder, a glob, - or s3://bucket/prefix (frontlog --help says more)".into(),
        ));
    };
    match user_file::nearest(first, &COMMANDS) {
        Some(command) if *first != command && !working_folder.join(first).exists() => {
            Err(Error::Config(format!(
                "there is no file {first:?}, and no command of that name; did you mean `frontlog {command}`?"
            )))
        }
        _ => Ok(()),
    }
}

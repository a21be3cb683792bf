//! `Args`: exactly what was typed, as text.
//!
//! Nothing is looked up here and nothing gets a meaning: no file is read, no clock asked, no default derived from
//! another option. `config` does that, so that this file stays the one place where the command line can be read.

// These comments are the help that a terminal shows: no Markdown.
#![allow(clippy::doc_markdown)]

mod generate;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub use generate::{GenerateArgs, WrittenFormat};

/// The whole command line.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "frontlog",
    version,
    about = "An interactive terminal explorer for CloudFront logs",
    long_about = "An interactive terminal explorer for CloudFront logs: local or on S3, every analytics event judged \
                  against its schema, every failure grouped by cause, and batches that add up.\n\n\
                  `frontlog SOURCE…` opens the explorer. A source is a file, a folder, a glob, `-`, \
                  `s3://bucket/prefix` or `kinesis://stream`; write `./check` for a file that has the name of a command.",
    after_help = "Exit status: 0 clean · 1 runtime error · 2 usage or configuration · 3 findings over the threshold · \
                  4 incomplete input · 130 interrupted",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    max_term_width = 120
)]
pub struct Args {
    /// What to do; the explorer when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What the explorer is given when no command is named.
    #[command(flatten)]
    pub explore: ExploreArgs,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Open the explorer (the same as `frontlog SOURCE…`)
    Explore(ExploreArgs),
    /// Judge, print the summary and the failure groups, and exit by what was found
    Check(CheckArgs),
    /// Publish a batch: clean events by type, failed events, failures, manifest
    Export(ExportArgs),
    /// Run SQL over records, events, failures, rejects, objects, windows and one table an event
    Query(QueryArgs),
    /// Draft event schemas from what is there; with --diff: what a contract's schemas should change
    Infer(InferArgs),
    /// Write realistic logs with known faults, from a seed
    Generate(GenerateArgs),
    /// Check the configuration, or list themes and keys
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What to read; the same for every command that reads.
#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "Input")]
pub struct SourceArgs {
    /// First hour to read, by the hour in the key: 2026-11-22, 2026-11-22T14, RFC 3339, 3h, -15m, yesterday
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Last hour to read, inclusive
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Only the newest: 20m, 3h, 2d before now
    #[arg(long, value_name = "SPAN", conflicts_with_all = ["since", "until"], allow_hyphen_values = true)]
    pub last: Option<String>,
    /// Where to begin in a Kinesis stream: latest, trim-horizon, or a time as for --since; latest with -f
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["since", "last"], allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Folder with frontlog.toml and schemas/; found beside the source when left out
    #[arg(long, value_name = "DIR")]
    pub contract: Option<PathBuf>,
    /// Format of the logs, where their content cannot tell
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = InputFormat::Auto)]
    pub log_format: InputFormat,
    /// Names of the columns, for logs without a #Fields line: 'date time c-ip cs-uri-stem …', commas or spaces; - skips one
    #[arg(long, value_name = "NAMES", allow_hyphen_values = true)]
    pub fields: Option<String>,
    /// What parts two columns, for rows that are not parted by tabs: 0 to 5 characters
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub delimiter: Option<String>,
    /// Memory to plan for; an eighth of it holds what is fetched ahead
    #[arg(long, value_name = "SIZE", default_value = "512MiB")]
    pub memory: String,
    /// Worker threads; 0 is one a core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Only list: print objects, bytes and hours that would be read, and fetch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to reach S3.
    #[command(flatten)]
    pub s3: S3Args,
}

/// Formats of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum InputFormat {
    /// Found by content
    #[default]
    Auto,
    /// Standard logs (v1), RTMP too
    V1,
    /// Standard logs (v2), w3c
    W3c,
    /// Standard logs (v2), plain
    Plain,
    /// Standard logs (v2), raw
    Raw,
    /// Standard logs (v2), JSON
    Json,
    /// Standard logs (v2), Parquet
    Parquet,
    /// Real-time logs
    Realtime,
    /// Common and combined logs of Apache and NGINX
    Combined,
}

/// How to reach S3; credentials come from the SDK's own chain.
#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "S3")]
pub struct S3Args {
    /// Named profile of the AWS configuration
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region of the bucket, or of the stream
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Another endpoint than AWS'
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Address objects as endpoint/bucket/key
    #[arg(long)]
    pub path_style: bool,
    /// Reach AWS over IPv6 too; AWS_USE_DUALSTACK_ENDPOINT=true does the same
    #[arg(long, conflicts_with = "endpoint_url")]
    pub dual_stack: bool,
    /// Send anonymous requests
    #[arg(long)]
    pub no_sign_request: bool,
    /// Pay for requests to a requester-pays bucket
    #[arg(long)]
    pub request_payer: bool,
}

/// How the stream is cut into windows.
#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "Windows")]
pub struct WindowArgs {
    /// Length of a window of event time, 1s to 1h
    #[arg(long, value_name = "SPAN", default_value = "1m")]
    pub window: String,
    /// How long a window waits for late events, in log time
    #[arg(long, value_name = "SPAN", default_value = "5m")]
    pub allowed_lateness: String,
}

/// How to follow; the same for every command that can.
#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "Follow")]
pub struct FollowArgs {
    /// Keep watching for growth and new objects
    #[arg(short, long)]
    pub follow: bool,
    /// Go on where the last run of this command over these sources ended: nothing twice, nothing missed
    #[arg(long, requires = "follow")]
    pub resume: bool,
    /// Keep what --resume needs in this folder instead of ~/.local/state/frontlog
    #[arg(long, value_name = "DIR", requires = "follow")]
    pub state: Option<PathBuf>,
    /// From one listing of S3 to the next: 5s, 1m [default: 10s]
    #[arg(long, value_name = "SPAN", requires = "follow")]
    pub poll_interval: Option<String>,
    /// How late objects may appear on S3 under their hour: CloudFront takes up to a day [default: 26h]
    #[arg(long, value_name = "SPAN", requires = "follow")]
    pub follow_window: Option<String>,
}

/// What an earlier run found.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct BaselineArgs {
    /// Causes that `check --write-baseline` found: what is not among them is new, and `check` counts only that
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// A cause counts again when its share of the event is more than so many times that of the baseline
    #[arg(
        long,
        value_name = "FACTOR",
        default_value_t = 2.0,
        requires = "baseline"
    )]
    pub baseline_growth: f64,
}

/// `frontlog explore`.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct ExploreArgs {
    /// Files, folders, globs, `-`, s3://bucket/prefix or kinesis://stream
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Show only rows that pass a filter, as typed after `f`: 'event=checkout failed'
    #[arg(long = "where", value_name = "FILTER")]
    pub filter: Option<String>,
    /// Mark what is new since a baseline.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// Colours, by name or file; `frontlog config themes` lists them
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Follow options.
    #[command(flatten)]
    pub follow: FollowArgs,
    /// Input options.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `frontlog check`.
#[derive(Debug, Clone, ClapArgs)]
pub struct CheckArgs {
    /// Files, folders, globs, `-`, s3://bucket/prefix or kinesis://stream
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// Findings only past this share or count of failed events and unreadable lines: 0.1%, 25
    #[arg(long, value_name = "LIMIT")]
    pub max_failed: Option<String>,
    /// Findings only past this share or count of one code: V402=0, L101=0.5% (repeatable)
    #[arg(long, value_name = "CODE=LIMIT")]
    pub max_code: Vec<String>,
    /// Values shown with each cause
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub max_examples: usize,
    /// Print what each built-in repair would do to the failing values, and to the good ones; nothing is changed
    #[arg(long, conflicts_with_all = ["follow", "against", "no_judge"])]
    pub preview_repairs: bool,
    /// The baseline.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// Print what another contract would change; limits are on the events that become failed
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["baseline", "write_baseline", "alert", "follow", "no_judge"]
    )]
    pub against: Option<PathBuf>,
    /// Write the causes found, with their share, to be given to --baseline later
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Tell when a condition holds in every window of a while: 'failed_pct > 5 for 5m' (repeatable)
    ///
    /// METRIC > NUMBER [event NAME] for DURATION, with >= < <= too. Metrics are events, good, failed, failed_pct,
    /// late, sc_bytes (B, kB, MiB …) and the percentiles of time-taken p50, p90, p95, p99 (s, ms).
    #[arg(long, value_name = "ALERT")]
    pub alert: Vec<String>,
    /// Shell command that is given each alert's line on its standard input
    #[arg(long, value_name = "CMD", requires = "alert")]
    pub on_alert: Option<String>,
    /// Windows.
    #[command(flatten)]
    pub windows: WindowArgs,
    /// Read and count records without judging them (for benchmarks).
    #[arg(long, hide = true)]
    pub no_judge: bool,
    /// While following, print a line with the counts this often when something came: 10s, 1m
    #[arg(
        long,
        value_name = "SPAN",
        requires = "follow",
        help_heading = "Follow"
    )]
    pub every: Option<String>,
    /// Follow options.
    #[command(flatten)]
    pub follow: FollowArgs,
    /// Input options.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// How `check` prints what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// JUnit XML: a suite an event, a case a cause
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

/// How a command prints what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `frontlog export`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ExportArgs {
    /// Files, folders, globs, `-`, s3://bucket/prefix or kinesis://stream
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,
    /// Folder to publish the batch in
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub report: ReportFormat,
    /// Format of the data files
    #[arg(long, value_enum, default_value_t = DataFormat::Parquet)]
    pub format: DataFormat,
    /// Compression of text files; Parquet compresses its own pages
    #[arg(long, value_enum, default_value_t = Compression::None)]
    pub compress: Compression,
    /// Warehouse whose types, limits and load statements are used
    #[arg(long, value_enum, default_value_t = Target::Redshift)]
    pub target: Target,
    /// s3://bucket/prefix that the folder will be copied to, for the URLs in manifests
    #[arg(long, value_name = "URL")]
    pub url_prefix: Option<String>,
    /// Input options.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Formats of exported files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// Parquet, version 1 pages, SNAPPY
    Parquet,
    /// CSV in the dialect that loads everywhere
    Csv,
    /// JSON Lines
    Jsonl,
}

/// Compression of text files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// None
    None,
    /// gzip
    Gzip,
}

/// Warehouses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Amazon Redshift
    Redshift,
}

/// `frontlog query`.
#[derive(Debug, Clone, ClapArgs)]
pub struct QueryArgs {
    /// The query: SELECT … FROM records, events, failures, objects, windows or an event's name
    #[arg(value_name = "SQL")]
    pub sql: String,
    /// Files, folders, globs, `-`, s3://bucket/prefix or kinesis://stream
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = ResultFormat::Table)]
    pub format: ResultFormat,
    /// Treat values as the contract's privacy table says before anything is selected; `export` always does
    #[arg(long)]
    pub private: bool,
    /// Windows, for the table `windows`.
    #[command(flatten)]
    pub windows: WindowArgs,
    /// Input options.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// How `query` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// Aligned columns for people
    Table,
    /// CSV with a header
    Csv,
    /// One JSON array of objects
    Json,
    /// One JSON object a line
    Jsonl,
    /// Parquet, for a file or a pipe
    Parquet,
}

/// `frontlog infer`.
#[derive(Debug, Clone, ClapArgs)]
pub struct InferArgs {
    /// Files, folders, globs, `-`, s3://bucket/prefix or kinesis://stream
    #[arg(value_name = "SOURCE", required_unless_present = "compare")]
    pub sources: Vec<String>,
    /// Folder to write the schemas into, as a contract, or with --diff the patch file; what is there is left alone
    #[arg(long, value_name = "PATH")]
    pub to: Option<PathBuf>,
    /// What the contract's schemas should change for what is logged, as a patch for `git apply` in its folder
    #[arg(long)]
    pub diff: bool,
    /// With --diff: each change as a new file of the next version, beside the old one
    #[arg(long, requires = "diff")]
    pub new_version: bool,
    /// Only compare two schema files: is the second one an addition, a revision or a new model
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["sources", "diff", "to"])]
    pub compare: Vec<PathBuf>,
    /// Only this event (repeatable)
    #[arg(long, value_name = "NAME")]
    pub event: Vec<String>,
    /// Share of the values that need not fit a schema: what comes so rarely is taken for a fault; 0 fits all
    #[arg(long, value_name = "SHARE", default_value = "0.1%")]
    pub tolerate: String,
    /// Values named in the comment of a property; 0 names none
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub max_examples: usize,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Input options.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `frontlog config`.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Read the user's configuration and the contract, and say what is in force
    Check {
        /// Sources whose contract is looked for
        #[arg(value_name = "SOURCE")]
        sources: Vec<String>,
        /// Folder with frontlog.toml and schemas/
        #[arg(long, value_name = "DIR")]
        contract: Option<PathBuf>,
    },
    /// List the themes
    Themes,
    /// List the keys and what they do
    Keys,
}

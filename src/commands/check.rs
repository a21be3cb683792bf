//! `frontlog check`: judges everything, counts by cause, prints the report, and exits by what was found.

pub mod against;
mod against_run;
pub mod alert;
pub mod alerting;
mod earlier;
pub mod github;
pub mod junit;
mod live;
mod on_alert;
mod repairs;
pub mod report;
mod rows;
pub mod sets;
mod stand;
pub mod tally;
pub mod text;
pub mod threshold;
pub mod watching;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::commands::check::live::Live;
use crate::commands::check::report::{Alerts, CORRUPT, Excused, Report, UNREADABLE};
use crate::commands::check::tally::Tally;
use crate::commands::check::threshold::{Limit, Thresholds};
use crate::commands::check::watching::{WatchOptions, Watching};
use crate::commands::progress_bar::Bar;
use crate::commands::table::thousands;
use crate::commands::{Outcome, stdout_error};
use crate::contract::Contract;
use crate::contract::locate::Rules;
use crate::contract::standing::KnownCauses;
use crate::error::Result;
use crate::model::{Code, Progress};
use crate::pipeline::{self, RunOptions};

/// How to check.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// What to read, and how to judge it.
    pub run: RunOptions,
    /// While following, how often to print the counts; never where `None`.
    pub every: Option<Duration>,
    /// How the report is printed.
    pub format: Printed,
    /// What may be found without being a finding.
    pub thresholds: Thresholds,
    /// Causes that are acknowledged, or known from a baseline.
    pub known: KnownCauses,
    /// Where to write what was found as a baseline.
    pub write_baseline: Option<PathBuf>,
    /// Another contract, to be told what it would change.
    pub against: Option<Arc<Contract>>,
    /// Alerts, where there are any.
    pub watch: Option<WatchOptions>,
    /// Examples kept of each cause.
    pub max_examples: usize,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Printed {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// `JUnit` XML, which CI servers show.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
}

/// Runs the check and prints its report to `out`. A followed run goes on until `cancel`, and ends as any other.
///
/// # Errors
/// The world fails, the identity does not hold, or the run is cancelled; bad data is no error.
pub fn run(
    options: &CheckOptions,
    out: &mut (dyn Write + Send),
    cancel: &CancellationToken,
) -> Result<Outcome> {
    if let Some(other) = &options.against {
        return against_run::run(options, other, out, cancel);
    }
    let progress = Arc::new(Progress::default());
    let mut tally = Tally::new(options.max_examples).with_sets(!options.known.is_empty());
    let mut run = options.run.clone();
    let follows = run.source.follow;
    // The first signal ends a followed run as the end of the input ends another: with its report.
    let cancel = if follows {
        run.source.following.finish = Some(cancel.clone());
        CancellationToken::new()
    } else {
        cancel.clone()
    };
    let bar = Bar::start(if follows { "following" } else { "checking" }, &progress);
    let mut watching = options
        .watch
        .as_ref()
        .map(|watch| Watching::start(watch, follows))
        .transpose()?;
    let mut live = Live::new(&mut tally, out, options, watching.as_mut());
    let ended = pipeline::run(&run, &mut live, &progress, &cancel);
    drop(bar);
    let ended = ended?;
    let repairs = run.needs.repairs.then(|| ended.repairs.clone());
    let mut report = Report::new(tally, ended);
    report.repairs = repairs;
    report.alerts = watching.map(|mut watching| {
        // What a followed run ends in the middle of is not complete.
        if !follows {
            watching.finish();
        }
        Alerts::of(watching, follows)
    });
    report.stand(&options.known);
    report.hide_values(&options.run.contract.privacy);
    let outcome = judge(&mut report, &options.thresholds);
    report.exit_status = outcome.exit_code();
    if let Some(file) = &options.write_baseline {
        write_baseline(&mut report, outcome, file)?;
    }
    let text = match (options.format, follows) {
        (Printed::Text, _) => text::render(&report),
        (Printed::Json, false) => json(&report),
        // A line each, so that the counts before it can be told apart.
        (Printed::Json, true) => serde_json::to_string(&report).unwrap_or_default() + "\n",
        (Printed::Junit, _) => junit::render(&report, &options.thresholds)?,
        (Printed::Github, _) => {
            let rules = Rules::of(&options.run.contract);
            github::render(&report, &options.thresholds, &rules)
        }
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(stdout_error)?;
    Ok(outcome)
}

/// A baseline of input that could not be read to its end would call what it missed new: then the old one stays.
fn write_baseline(report: &mut Report, outcome: Outcome, file: &Path) -> Result<()> {
    if outcome == Outcome::Incomplete {
        report.warnings.push(format!(
            "{} was not written: the input is incomplete",
            file.display()
        ));
        return Ok(());
    }
    report.baseline().write(file)
}

fn json(report: &Report) -> String {
    // Maps with text keys and plain numbers always serialize.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}

/// Decides the outcome and writes the reasons into the report. Incomplete input outranks findings.
pub fn judge(report: &mut Report, thresholds: &Thresholds) -> Outcome {
    report.reasons = findings(report, thresholds);
    let unreadable = report
        .incomplete_objects
        .iter()
        .filter(|o| o.state == UNREADABLE)
        .count() as u64;
    if unreadable > 0 {
        report.reasons.push(format!(
            "Incomplete: {} could not be read.",
            counted(unreadable, "object")
        ));
        return Outcome::Incomplete;
    }
    if report.reasons.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Findings
    }
}

fn exceeded(report: &Report, code: Code, limit: Limit) -> bool {
    let c = &report.counters;
    limit.exceeded(report.count_of(code), c.events + c.unreadable_lines)
}

/// True where the limit on all failures together, or the absence of any, makes them findings.
fn too_many_failed(report: &Report, thresholds: &Thresholds) -> bool {
    let c = &report.counters;
    let (failed, unreadable) = counting(report);
    match thresholds.max_failed {
        None => {
            thresholds.max_code.is_empty() && report.alerts.is_none() && failed + unreadable > 0
        }
        Some(limit) => limit.exceeded(failed + unreadable, c.events + c.unreadable_lines),
    }
}

/// Failed events and unreadable lines that are not excused.
fn counting(report: &Report) -> (u64, u64) {
    let (c, excused) = (&report.counters, report.excused.unwrap_or_default());
    (
        c.failed.saturating_sub(excused.failed_events),
        c.unreadable_lines.saturating_sub(excused.unreadable_lines),
    )
}

/// True for a code whose failures are findings: over its own limit, or errors while all together are too many.
pub(super) fn is_finding(
    report: &Report,
    thresholds: &Thresholds,
    code: &str,
    is_error: bool,
) -> bool {
    let limit = Code::parse(code).and_then(|code| Some((code, thresholds.of_code(code)?)));
    let over_its_own = limit.is_some_and(|(code, limit)| exceeded(report, code, limit));
    over_its_own || (is_error && too_many_failed(report, thresholds))
}

fn findings(report: &Report, thresholds: &Thresholds) -> Vec<String> {
    let (failed, unreadable) = counting(report);
    let mut found = format!(
        "{} and {}",
        counted(failed, "failed event"),
        counted(unreadable, "unreadable line")
    );
    if report.excused.unwrap_or_default() != Excused::default() {
        found += " that are neither acknowledged nor in the baseline";
    }
    let mut findings = Vec::new();
    if too_many_failed(report, thresholds) {
        let all = report.counters.events + report.counters.unreadable_lines;
        findings.push(match thresholds.max_failed {
            None => format!("Findings: {found}."),
            Some(limit) => format!(
                "Findings: {found} of {} are more than {limit}.",
                thousands(all)
            ),
        });
    }
    let opened = report.alerts.iter().flat_map(|alerts| &alerts.opened);
    findings.extend(opened.map(|alert| format!("Findings: the alert {alert:?} opened.")));
    let mut codes: Vec<Code> = thresholds.max_code.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        let Some(limit) = thresholds
            .of_code(code)
            .filter(|limit| exceeded(report, code, *limit))
        else {
            continue;
        };
        let count = thousands(report.count_of(code));
        findings.push(format!(
            "Findings: {count} of {} ({}) are more than {limit}.",
            code.as_str(),
            code.name()
        ));
    }
    // A share of failed events says nothing of the rows that a cut took away: only naming the code allows it.
    let cut = report
        .incomplete_objects
        .iter()
        .filter(|o| o.state == CORRUPT)
        .count() as u64;
    let excused = report
        .rejects
        .iter()
        .any(|r| r.code == Code::L103.as_str() && r.is_excused());
    if cut > 0 && !excused && thresholds.of_code(Code::L103).is_none() {
        findings.push(format!(
            "Findings: {} truncated or corrupt (L103).",
            counted(cut, "object")
        ));
    }
    findings
}

/// `1 object`, `1,204 objects`.
fn counted(number: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        thousands(number),
        if number == 1 { "" } else { "s" }
    )
}

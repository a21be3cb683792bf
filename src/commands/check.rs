//! `frontlog check`: judges everything, counts by cause, prints the report, and exits by what was found.

pub mod alert;
pub mod alerting;
mod earlier;
mod live;
mod on_alert;
mod repairs;
pub mod report;
pub mod tally;
pub mod text;
pub mod threshold;
pub mod watching;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::commands::check::live::Live;
use crate::commands::check::report::{Alerts, CORRUPT, Report, UNREADABLE};
use crate::commands::check::tally::Tally;
use crate::commands::check::threshold::{Limit, Thresholds};
use crate::commands::check::watching::{WatchOptions, Watching};
use crate::commands::progress_bar::Bar;
use crate::commands::table::thousands;
use crate::commands::{Outcome, stdout_error};
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
    /// JSON instead of text.
    pub json: bool,
    /// What may be found without being a finding.
    pub thresholds: Thresholds,
    /// Alerts, where there are any.
    pub watch: Option<WatchOptions>,
    /// Examples kept of each cause.
    pub max_examples: usize,
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
    let progress = Arc::new(Progress::default());
    let mut tally = Tally::new(options.max_examples);
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
    let outcome = judge(&mut report, &options.thresholds);
    report.exit_status = outcome.exit_code();
    let text = match (options.json, follows) {
        (false, _) => text::render(&report),
        (true, false) => json(&report),
        // A line each, so that the counts before it can be told apart.
        (true, true) => serde_json::to_string(&report).unwrap_or_default() + "\n",
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(stdout_error)?;
    Ok(outcome)
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

fn findings(report: &Report, thresholds: &Thresholds) -> Vec<String> {
    let c = &report.counters;
    let (bad, all) = (c.failed + c.unreadable_lines, c.events + c.unreadable_lines);
    let found = format!(
        "{} and {}",
        counted(c.failed, "failed event"),
        counted(c.unreadable_lines, "unreadable line")
    );
    let mut findings = Vec::new();
    match thresholds.max_failed {
        None if thresholds.max_code.is_empty() && report.alerts.is_none() && bad > 0 => {
            findings.push(format!("Findings: {found}."));
        }
        Some(limit) if limit.exceeded(bad, all) => {
            findings.push(format!(
                "Findings: {found} of {} are more than {limit}.",
                thousands(all)
            ));
        }
        _ => {}
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
    if cut > 0 && thresholds.of_code(Code::L103).is_none() {
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

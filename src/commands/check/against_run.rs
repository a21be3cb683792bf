//! Runs a check against another contract, and prints what it changes.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::commands::check::against::{AgainstReport, Comparison};
use crate::commands::check::text::{cut, example_line, identity};
use crate::commands::check::{CheckOptions, Printed};
use crate::commands::progress_bar::Bar;
use crate::commands::table::{Table, printable, thousands};
use crate::commands::{Outcome, stdout_error};
use crate::contract::Contract;
use crate::error::Result;
use crate::model::{Progress, VerdictDelta};
use crate::pipeline;

/// Runs it.
///
/// # Errors
/// As [`super::run`].
pub(super) fn run(
    options: &CheckOptions,
    other: &Arc<Contract>,
    out: &mut (dyn Write + Send),
    cancel: &CancellationToken,
) -> Result<Outcome> {
    let progress = Arc::new(Progress::default());
    let mut comparison = Comparison::new(options.max_examples);
    let bar = Bar::start("comparing", &progress);
    let ended = pipeline::run_against(&options.run, other, &mut comparison, &progress, cancel);
    drop(bar);
    let summary = ended?;
    let turning = comparison.turning(&summary.causes);
    let privacy = [&options.run.contract.privacy, &other.privacy];
    let mut report = AgainstReport::new(comparison, summary, other, privacy);
    let outcome = report.judge(&options.thresholds, &turning);
    report.exit_status = outcome.exit_code();
    let text = match options.format {
        // Plain numbers and texts always serialize.
        Printed::Json => serde_json::to_string_pretty(&report).unwrap_or_default() + "\n",
        _ => render(&report),
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(stdout_error)?;
    Ok(outcome)
}

/// The report as text; ends with a newline.
fn render(report: &AgainstReport) -> String {
    let mut out = identity(&report.counters);
    let (before, after) = (&report.counters, &report.counters_against);
    let delta = VerdictDelta {
        became_good: report.became_good,
        became_failed: report.became_failed,
        events: (before.events, after.events),
        ..VerdictDelta::default()
    };
    let sentence = delta.sentence(thousands).replacen("this edit", "it", 1);
    let _ = writeln!(
        out,
        "\nAgainst {}: {sentence}\n  {} → {} failed, {} → {} good",
        printable(&report.against),
        thousands(before.failed),
        thousands(after.failed),
        thousands(before.good),
        thousands(after.good)
    );
    for section in [
        events(report),
        causes(report),
        incomplete(report),
        end(report),
    ] {
        if !section.is_empty() {
            out.push('\n');
            out.push_str(&section);
        }
    }
    out
}

fn events(report: &AgainstReport) -> String {
    if report.events.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        "event",
        "#events",
        "#become good",
        "#become failed",
        "#come",
        "#go",
    ]);
    for row in &report.events {
        let name = row.event.clone().unwrap_or_else(|| "(no name)".to_owned());
        let counts = [
            row.events,
            row.became_good,
            row.became_failed,
            row.became_events,
            row.became_none,
        ];
        table.row(std::iter::once(name).chain(counts.map(thousands)));
    }
    format!("Events that change\n{table}")
}

fn causes(report: &AgainstReport) -> String {
    if report.causes.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        "#before", "#after", "code", "severity", "event", "path", "expected",
    ]);
    for row in &report.causes {
        table.row([
            thousands(row.events_before),
            thousands(row.events_after),
            row.code.to_owned(),
            row.severity.as_str().to_owned(),
            row.event.clone(),
            row.path.clone(),
            cut(&row.expected),
        ]);
        for example in &row.examples {
            table.note(&example_line(example));
        }
    }
    format!("Causes that change, by events\n{table}")
}

fn incomplete(report: &AgainstReport) -> String {
    let lines = report.incomplete_objects.iter().map(|object| {
        let line = format!("  {}  {}: {}", object.object, object.state, object.reason);
        printable(&line) + "\n"
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    format!("Objects not read to their end\n{lines}")
}

fn end(report: &AgainstReport) -> String {
    let warnings = report
        .warnings
        .iter()
        .map(|w| format!("Warning: {}\n", printable(w)));
    let reasons = report.reasons.iter().map(|r| format!("{r}\n"));
    warnings.chain(reasons).collect()
}

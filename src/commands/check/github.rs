//! The report as workflow commands of GitHub Actions: annotations on the schema's rule where it is known, else on the
//! line of the log.
//!
//! ```text
//! ::error file=contract/schemas/checkout.json,line=12,col=7,title=V402 checkout value::112 of 2,412 events (4.64 %): …
//! ```
//! Values of the log stand only behind `::` and escaped: a line of a log must not become a command.
//!
//! # Source
//! GitHub Docs, "Workflow commands for GitHub Actions"; the escapes are those of `@actions/core`, `command.ts`
//! (`escapeData`, `escapeProperty`).

use std::fmt::Write as _;

use crate::commands::check::report::{CORRUPT, FailureRow, RejectRow, Report};
use crate::commands::check::stand::words;
use crate::commands::check::threshold::Thresholds;
use crate::commands::check::{is_finding, text};
use crate::commands::table::{percent, printable, thousands};
use crate::contract::baseline::Rows;
use crate::contract::locate::Rules;
use crate::model::{Code, Severity};

/// Where an annotation points.
#[derive(Debug, Default)]
struct At {
    file: String,
    line: u64,
    column: u64,
}

/// The report as commands, a line each; the identity before them, in numbers only.
pub fn render(report: &Report, thresholds: &Thresholds, rules: &Rules) -> String {
    let mut out = text::identity(&report.counters);
    for row in &report.failures {
        let level = failure_level(report, thresholds, row);
        let place = rules.place(&row.event, &row.version, &row.path, &row.keyword);
        let at = match (place, row.examples.first()) {
            (Some(place), _) => At {
                file: place.file,
                line: place.line as u64,
                column: place.column as u64,
            },
            (None, Some(example)) => At {
                file: example.object.clone(),
                line: u64::from(example.line),
                column: 0,
            },
            (None, None) => At::default(),
        };
        command(&mut out, level, &at, &row.key().title(), &failure_text(row));
    }
    for row in &report.rejects {
        let level = match (
            row.is_excused(),
            is_finding(report, thresholds, &row.code, true),
        ) {
            (true, _) => "notice",
            (false, true) => "error",
            (false, false) => "warning",
        };
        let at = row.examples.first().map_or_else(At::default, |e| At {
            file: e.object.clone(),
            line: u64::from(e.line),
            column: 0,
        });
        let text = reject_text(row, report.counters.lines);
        command(&mut out, level, &at, &row.key().title(), &text);
    }
    for row in &report.incomplete_objects {
        let at = At {
            file: row.object.clone(),
            ..At::default()
        };
        let level = if row.state == CORRUPT {
            "warning"
        } else {
            "error"
        };
        let title = format!("object {}", row.state);
        command(&mut out, level, &at, &title, &row.reason);
    }
    for warning in &report.warnings {
        command(&mut out, "warning", &At::default(), "frontlog", warning);
    }
    for reason in &report.reasons {
        command(&mut out, "error", &At::default(), "frontlog", reason);
    }
    out
}

fn failure_level(report: &Report, thresholds: &Thresholds, row: &FailureRow) -> &'static str {
    let is_error = row.severity == Severity::Error;
    match (row.is_excused(), row.severity) {
        (false, _) if is_finding(report, thresholds, &row.code, is_error) => "error",
        (false, Severity::Error | Severity::Warn) => "warning",
        _ => "notice",
    }
}

fn failure_text(row: &FailureRow) -> String {
    let now = Rows {
        rows: row.rows,
        of_events: row.of_events,
    };
    let mut text = format!(
        "{} of {} events ({})",
        thousands(row.rows),
        thousands(row.of_events),
        percent(row.rows, row.of_events)
    );
    let standing = words(
        row.since_baseline,
        row.baseline,
        now,
        row.acknowledged.as_ref(),
    );
    if !standing.is_empty() {
        let _ = write!(text, ", {standing}");
    }
    let meaning = Code::parse(&row.code).map_or(&*row.name, |code| code.meaning());
    let _ = write!(text, ": {meaning}");
    if !row.expected.is_empty() {
        let _ = write!(text, "; expected {}", row.expected);
    }
    if let Some(acknowledged) = &row.acknowledged {
        let _ = write!(
            text,
            "\n{}",
            printable(&text::acknowledged_line(acknowledged))
        );
    }
    for example in &row.examples {
        let _ = write!(text, "\n{}", printable(&text::example_line(example)));
    }
    text
}

fn reject_text(row: &RejectRow, lines: u64) -> String {
    let mut text = format!(
        "{} of {} lines ({})",
        thousands(row.lines),
        thousands(lines),
        percent(row.lines, lines)
    );
    for example in &row.examples {
        let _ = write!(
            text,
            "\n{}  {}:{}",
            example.message, example.object, example.line
        );
    }
    text
}

fn command(out: &mut String, level: &str, at: &At, title: &str, message: &str) {
    let mut properties = Vec::new();
    if !at.file.is_empty() {
        properties.push(format!("file={}", property(&at.file)));
        for (name, value) in [("line", at.line), ("col", at.column)] {
            if value > 0 {
                properties.push(format!("{name}={value}"));
            }
        }
    }
    properties.push(format!("title={}", property(title)));
    let message: Vec<String> = message.split('\n').map(printable).collect();
    let _ = writeln!(
        out,
        "::{level} {}::{}",
        properties.join(","),
        data(&message.join("\n"))
    );
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&printable(text))
        .replace(':', "%3A")
        .replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_logged_stays_text() {
        let mut out = String::new();
        let at = At {
            file: "a:b,c.gz".to_owned(),
            line: 3,
            column: 0,
        };
        command(
            &mut out,
            "error",
            &at,
            "V402 e,x::y",
            "100 %\n::set-env name=x::y\r\u{1b}[1m",
        );
        assert_eq!(
            out,
            "::error file=a%3Ab%2Cc.gz,line=3,title=V402 e%2Cx%3A%3Ay::100 %25%0A::set-env name=x::y‹CR›‹ESC›[1m\n"
        );
    }
}

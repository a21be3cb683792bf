//! The report for people.
//!
//! ```text
//! 20,412 lines    =     24 header + 3 blank + 5 unreadable + 20,380 records
//! 20,380 records  =  8,112 not events + 12,268 events
//! 12,268 events   = 12,001 good + 267 failed + 0 duplicates left out + 0 filtered out
//!     12 objects, 1.9 MB stored, 11.2 MB of text
//!
//! Events
//!   event     version  events   good  failed  failed %
//!   checkout  1-0-2     2,412  2,300     112    4.64 %
//!
//! Failures: 1 cause, 112 failures (112 error, 0 warn, 0 info)
//!   rows  % of event  code  severity  event     path   expected  first                last
//!    112      4.64 %  V402  error     checkout  value  a number  2026-11-22 14:02:11  2026-11-22 16:59:58
//!         "12,50"  logs/E2EX.2026-11-22-14.a1b2c3d4.gz:1204
//! ```

use std::fmt::Write as _;

use crate::commands::check::repairs;
use crate::commands::check::report::{AcknowledgedRow, ExampleRow, Report};
use crate::commands::check::stand::words;
use crate::commands::table::{Table, bytes, percent, printable, thousands};
use crate::contract::baseline::Rows;
use crate::model::Counters;

/// The report as text; ends with a newline.
pub fn render(report: &Report) -> String {
    let mut out = identity(&report.counters);
    let sections = [
        events(report),
        failures(report),
        rejects(report),
        incomplete(report),
        repairs::render(report.repairs.as_deref()),
        alerts(report),
        warnings(report),
        verdict(report),
    ];
    for section in sections.iter().filter(|s| !s.is_empty()) {
        out.push('\n');
        out.push_str(section);
    }
    out
}

/// One line of the identity: a total and what it is the sum of.
struct Equation {
    total: u64,
    name: &'static str,
    parts: Vec<(u64, &'static str)>,
}

fn equations(c: &Counters) -> [Equation; 3] {
    let lines = vec![
        (c.header_lines, "header"),
        (c.blank_lines, "blank"),
        (c.unreadable_lines, "unreadable"),
        (c.records, "records"),
    ];
    let records = vec![(c.not_events, "not events"), (c.events, "events")];
    let events = vec![
        (c.good, "good"),
        (c.failed, "failed"),
        (c.duplicates, "duplicates left out"),
        (c.filtered, "filtered out"),
    ];
    [
        Equation {
            total: c.lines,
            name: "lines",
            parts: lines,
        },
        Equation {
            total: c.records,
            name: "records",
            parts: records,
        },
        Equation {
            total: c.events,
            name: "events",
            parts: events,
        },
    ]
}

pub(super) fn identity(c: &Counters) -> String {
    let equations = equations(c);
    let width = |number: u64| thousands(number).len();
    let totals = equations
        .iter()
        .map(|e| width(e.total))
        .max()
        .unwrap_or(0)
        .max(width(c.objects));
    let firsts = equations
        .iter()
        .filter_map(|e| e.parts.first())
        .map(|(n, _)| width(*n))
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for Equation { total, name, parts } in equations {
        let _ = write!(out, "{:>totals$} {name:<7} = ", thousands(total));
        for (i, (number, part)) in parts.into_iter().enumerate() {
            let (plus, width) = if i == 0 { ("", firsts) } else { (" + ", 0) };
            let _ = write!(out, "{plus}{:>width$} {part}", thousands(number));
        }
        out.push('\n');
    }
    let objects = if c.objects == 1 { "object" } else { "objects" };
    let _ = write!(
        out,
        "{:>totals$} {objects}, {} stored",
        thousands(c.objects),
        bytes(c.object_bytes)
    );
    let _ = writeln!(out, ", {} of text", bytes(c.text_bytes));
    if c.repaired > 0 {
        let _ = writeln!(
            out,
            "{:>totals$} of the good repaired, as [repair] of frontlog.toml accepts",
            thousands(c.repaired)
        );
    }
    out
}

fn events(report: &Report) -> String {
    if report.events.is_empty() {
        return if report.counters.records == 0 {
            "No records: the input has no line that is a log record.\n".to_owned()
        } else if report.counters.events == 0 {
            "No events: no record is selected by [match] of the contract in force.\n".to_owned()
        } else {
            String::new()
        };
    }
    let mut table = Table::new(&[
        "event",
        "version",
        "#events",
        "#good",
        "#failed",
        "#failed %",
    ]);
    for row in &report.events {
        let version = if row.declared {
            row.version.clone()
        } else {
            "undeclared".to_owned()
        };
        table.row([
            row.event.clone().unwrap_or_else(|| "(no name)".to_owned()),
            version,
            thousands(row.events),
            thousands(row.good),
            thousands(row.failed),
            percent(row.failed, row.events),
        ]);
    }
    let by = report.events_by.as_deref();
    let by = by.and_then(|by| by.strip_prefix("events"));
    format!("Events{}\n{table}", by.unwrap_or_default())
}

fn failures(report: &Report) -> String {
    if report.failures.is_empty() {
        return String::new();
    }
    let c = &report.counters;
    let mut columns = vec![
        "#rows",
        "#% of event",
        "code",
        "severity",
        "event",
        "path",
        "expected",
        "first (UTC)",
        "last (UTC)",
    ];
    if report.excused.is_some() {
        columns.push("standing");
    }
    let mut table = Table::new(&columns);
    for row in &report.failures {
        let now = Rows {
            rows: row.rows,
            of_events: row.of_events,
        };
        let acknowledged = row.acknowledged.as_ref();
        table.row([
            thousands(row.rows),
            percent(row.rows, row.of_events),
            row.code.to_string(),
            row.severity.as_str().to_owned(),
            row.event.clone(),
            row.path.clone(),
            cut(if row.expected.is_empty() {
                &row.name
            } else {
                &row.expected
            }),
            row.first_utc.clone().unwrap_or_default(),
            row.last_utc.clone().unwrap_or_default(),
            words(row.since_baseline, row.baseline, now, acknowledged),
        ]);
        if let Some(acknowledged) = acknowledged {
            table.note(&acknowledged_line(acknowledged));
        }
        for example in &row.examples {
            table.note(&example_line(example));
        }
    }
    format!(
        "Failures: {}, {} ({} error, {} warn, {} info)\n{table}",
        count(report.failures.len() as u64, "cause"),
        count(c.errors + c.warnings + c.infos, "failure"),
        thousands(c.errors),
        thousands(c.warnings),
        thousands(c.infos),
    )
}

/// `acknowledged by ann until 2026-12-31: decimal comma`.
pub(super) fn acknowledged_line(row: &AcknowledgedRow) -> String {
    let mut text = "acknowledged".to_owned();
    if !row.by.is_empty() {
        text += &format!(" by {}", row.by);
    }
    if let Some(until) = &row.until {
        text += &format!(" until {until}");
        if row.expired {
            text += ", which is over";
        }
    }
    if !row.note.is_empty() {
        text += &format!(": {}", row.note);
    }
    text
}

pub(super) fn example_line(example: &ExampleRow) -> String {
    let at = format!("{}:{}", example.object, example.line);
    match (&example.value, &example.repaired) {
        (Some(value), Some(to)) => format!("\"{}\" → \"{}\"  {at}", cut(value), cut(to)),
        (Some(value), None) => format!("\"{}\"  {at}", cut(value)),
        (None, Some(to)) => format!("→ \"{}\"  {at}", cut(to)),
        (None, None) => at,
    }
}

/// Values and expectations are shown up to so many characters; the JSON output has all of them.
const MAX_SHOWN: usize = 48;

pub(super) fn cut(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

fn rejects(report: &Report) -> String {
    if report.rejects.is_empty() {
        return String::new();
    }
    let mut columns = vec!["#lines", "code", "meaning"];
    if report.excused.is_some() {
        columns.push("standing");
    }
    let mut table = Table::new(&columns);
    for row in &report.rejects {
        let now = Rows {
            rows: row.lines,
            of_events: report.counters.lines,
        };
        let acknowledged = row.acknowledged.as_ref();
        let meaning =
            crate::model::Code::parse(&row.code).map_or(&*row.name, |code| code.meaning());
        table.row([
            thousands(row.lines),
            row.code.to_string(),
            meaning.to_owned(),
            words(row.since_baseline, row.baseline, now, acknowledged),
        ]);
        if let Some(acknowledged) = acknowledged {
            table.note(&acknowledged_line(acknowledged));
        }
        for example in &row.examples {
            table.note(&format!(
                "{}  {}:{}",
                example.message, example.object, example.line
            ));
        }
    }
    format!(
        "Unreadable lines: {}\n{table}",
        thousands(report.counters.unreadable_lines)
    )
}

fn incomplete(report: &Report) -> String {
    if report.incomplete_objects.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "Objects not read to their end: {}\n",
        thousands(report.incomplete_objects.len() as u64)
    );
    for row in &report.incomplete_objects {
        let _ = writeln!(
            out,
            "  {:<10}  {}: {}",
            row.state,
            printable(&row.object),
            printable(&row.reason)
        );
    }
    out
}

fn alerts(report: &Report) -> String {
    let Some(alerts) = &report.alerts else {
        return String::new();
    };
    let mut out = match alerts.opened.len() {
        0 => "Alerts: none opened".to_owned(),
        n => format!("Alerts: {} opened", thousands(n as u64)),
    };
    if let Some(late) = alerts.late_events.filter(|late| *late > 0) {
        let _ = write!(out, "; {} came late", count(late, "event"));
    }
    out.push('\n');
    for change in &alerts.changes {
        let _ = writeln!(out, "  {}", printable(&change.line()));
    }
    out
}

fn warnings(report: &Report) -> String {
    report.warnings.iter().fold(String::new(), |out, w| {
        out + "warning: " + &printable(w) + "\n"
    })
}

fn verdict(report: &Report) -> String {
    if report.reasons.is_empty() {
        return "Clean.\n".to_owned();
    }
    report
        .reasons
        .iter()
        .fold(String::new(), |out, r| out + &printable(r) + "\n")
}

/// `1 cause`, `1,204 causes`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        thousands(number),
        if number == 1 { "" } else { "s" }
    )
}

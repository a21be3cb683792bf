//! The report as `JUnit` XML: a suite an event type, in it a case for the event schema and one a cause.
//!
//! A case fails exactly where the exit status says so: what is acknowledged, known from the baseline, within a limit or
//! no error is a skipped case that says why. Nothing in it tells when or where it was made.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};

use crate::commands::check::report::{CORRUPT, FailureRow, RejectRow, Report};
use crate::commands::check::stand::words;
use crate::commands::check::threshold::Thresholds;
use crate::commands::check::{is_finding, text};
use crate::commands::table::{percent, printable, thousands};
use crate::contract::baseline::Rows;
use crate::error::{Error, Result};
use crate::model::{Code, Severity};

/// The report as XML; ends with a newline.
///
/// # Errors
/// [`Error::Frame`] should the writer refuse a text: a bug.
pub fn render(report: &Report, thresholds: &Thresholds) -> Result<String> {
    let mut xml = Xml::new("frontlog check");
    for suite in suites(report, thresholds) {
        xml.add_test_suite(suite);
    }
    let text = xml.to_string();
    text.map_err(|e| Error::Frame(format!("the report does not become XML: {e}")))
}

fn suites(report: &Report, thresholds: &Thresholds) -> Vec<TestSuite> {
    let mut suites = Vec::new();
    let mut by_event: BTreeMap<(&str, &str), Vec<&FailureRow>> = BTreeMap::new();
    for row in &report.events {
        let name = row.event.as_deref().unwrap_or_default();
        by_event.entry((name, &row.version)).or_default();
    }
    for row in &report.failures {
        let of = by_event.entry((&row.event, &row.version));
        of.or_default().push(row);
    }
    for ((event, version), failures) in by_event {
        suites.push(event_suite(report, thresholds, (event, version), &failures));
    }
    if !report.rejects.is_empty() {
        let mut suite = TestSuite::new("unreadable lines");
        for row in &report.rejects {
            suite.add_test_case(reject_case(report, thresholds, row));
        }
        suites.push(suite);
    }
    if !report.incomplete_objects.is_empty() {
        let mut suite = TestSuite::new("objects");
        for row in &report.incomplete_objects {
            // A cut object's rows are judged above by L103; one that could not be read was not tested at all.
            let mut status = if row.state == CORRUPT {
                TestCaseStatus::skipped()
            } else {
                TestCaseStatus::non_success(NonSuccessKind::Error)
            };
            status.set_message(printable(&row.reason));
            suite.add_test_case(TestCase::new(printable(&row.object), status));
        }
        suites.push(suite);
    }
    suites.push(verdict(report));
    suites
}

/// The limits and alerts as a whole: the reasons of the exit status.
fn verdict(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("exit status");
    let mut status = TestCaseStatus::success();
    if !report.reasons.is_empty() {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(format!("exit status {}", report.exit_status));
        status.set_message(printable(&report.reasons.join(" ")));
    }
    suite.add_test_case(TestCase::new("thresholds", status));
    suite
}

fn event_suite(
    report: &Report,
    thresholds: &Thresholds,
    (event, version): (&str, &str),
    failures: &[&FailureRow],
) -> TestSuite {
    let name = match (event, version) {
        ("", _) => "(no name)".to_owned(),
        (event, "") => event.to_owned(),
        (event, version) => format!("{event} {version}"),
    };
    let name = printable(&name);
    let mut suite = TestSuite::new(name.as_str());
    let row = report
        .events
        .iter()
        .find(|r| r.event.as_deref().unwrap_or_default() == event && r.version == version);
    if let Some(row) = row {
        suite.add_property(("events", row.events.to_string().as_str()));
        suite.add_property(("failed", row.failed.to_string().as_str()));
        if row.declared {
            let mut case = TestCase::new("event schema", TestCaseStatus::success());
            if failures.iter().any(|f| fails(report, thresholds, f)) {
                case.status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                case.status.set_message(format!(
                    "{} of {} events failed ({})",
                    thousands(row.failed),
                    thousands(row.events),
                    percent(row.failed, row.events)
                ));
            }
            case.set_classname(name.as_str());
            suite.add_test_case(case);
        }
    }
    for row in failures {
        let mut case = failure_case(report, thresholds, row);
        case.set_classname(name.as_str());
        suite.add_test_case(case);
    }
    suite
}

fn fails(report: &Report, thresholds: &Thresholds, row: &FailureRow) -> bool {
    let is_error = row.severity == Severity::Error;
    !row.is_excused() && is_finding(report, thresholds, &row.code, is_error)
}

fn failure_case(report: &Report, thresholds: &Thresholds, row: &FailureRow) -> TestCase {
    let what = match (row.path.is_empty(), row.expected.is_empty()) {
        (false, false) => format!("{}: {}", row.path, row.expected),
        (false, true) => row.path.clone(),
        (true, false) => row.expected.clone(),
        (true, true) => row.name.to_string(),
    };
    let now = Rows {
        rows: row.rows,
        of_events: row.of_events,
    };
    let standing = words(
        row.since_baseline,
        row.baseline,
        now,
        row.acknowledged.as_ref(),
    );
    let mut message = format!(
        "{} of {} events ({})",
        thousands(row.rows),
        thousands(row.of_events),
        percent(row.rows, row.of_events)
    );
    for part in [&standing, row.severity.as_str()] {
        if !part.is_empty() {
            let _ = write!(message, ", {part}");
        }
    }
    let mut lines: Vec<String> = row.examples.iter().map(text::example_line).collect();
    if let Some(acknowledged) = &row.acknowledged {
        lines.insert(0, text::acknowledged_line(acknowledged));
    }
    let fails = fails(report, thresholds, row);
    let name = format!("{} {what}", row.code);
    case(&name, fails, (&row.code, &message), &lines)
}

fn reject_case(report: &Report, thresholds: &Thresholds, row: &RejectRow) -> TestCase {
    let lines = report.counters.lines;
    let message = format!(
        "{} of {} lines ({})",
        thousands(row.lines),
        thousands(lines),
        percent(row.lines, lines)
    );
    let examples = row.examples.iter();
    let examples: Vec<String> = examples
        .map(|e| format!("{}  {}:{}", e.message, e.object, e.line))
        .collect();
    let fails = !row.is_excused() && is_finding(report, thresholds, &row.code, true);
    let meaning = Code::parse(&row.code).map_or(&*row.name, |code| code.meaning());
    let name = format!("{} {meaning}", row.code);
    let mut case = case(&name, fails, (&row.code, &message), &examples);
    case.set_classname("unreadable lines");
    case
}

fn case(name: &str, fails: bool, (code, message): (&str, &str), lines: &[String]) -> TestCase {
    let mut status = if fails {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    } else {
        TestCaseStatus::skipped()
    };
    status.set_type(code);
    status.set_message(printable(message));
    let lines: Vec<String> = lines.iter().map(|line| printable(line)).collect();
    status.set_description(lines.join("\n"));
    TestCase::new(printable(name), status)
}

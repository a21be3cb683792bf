//! Windows over the stream: their sums are the counters, their percentiles keep their promise, alerts open and end.

use std::sync::Arc;

use frontlog::commands::check::alert::Alert;
use frontlog::commands::query::{Format, QueryOptions};
use frontlog::contract::Contract;
use frontlog::frame::windows::{Keep, Sketch, WindowRow, WindowSpec, Windows};
use frontlog::model::{Batch, Causes, EventTypes, Progress, Sink, Verdict, Words};
use frontlog::pipeline::{Needs, RunOptions, RunSummary, load, run};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::arrivals::reading_path;
use crate::live_check::LiveCheck;
use crate::program::{self, contract, file, folder, header, record, root};

const SPEC: WindowSpec = WindowSpec {
    seconds: 60,
    lateness_s: 300,
};

/// Keeps the batches as they come.
#[derive(Default)]
struct Batches {
    types: Arc<EventTypes>,
    list: Vec<Batch>,
}

impl Sink for Batches {
    fn start(&mut self, types: &Arc<EventTypes>, _: &Arc<Causes>, _: &[Option<Words>]) {
        self.types = types.clone();
    }
    fn take(&mut self, batch: Batch) -> frontlog::error::Result<()> {
        self.list.push(batch);
        Ok(())
    }
}

fn options(threads: usize) -> RunOptions {
    RunOptions {
        source: reading_path(&root().join("sample-logs")),
        contract: Arc::new(Contract::load(&root().join("sample-logs")).unwrap()),
        threads,
        needs: Needs {
            judge: true,
            windows: true,
            ..Needs::default()
        },
    }
}

fn batches(threads: usize) -> (Batches, RunSummary) {
    let mut sink = Batches::default();
    let summary = run(
        &options(threads),
        &mut sink,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    )
    .unwrap();
    (sink, summary)
}

fn counted(batches: Batches, backwards: bool) -> Windows {
    let mut windows = Windows::new(SPEC, Keep::All);
    let mut list = batches.list;
    if backwards {
        list.reverse();
    }
    for batch in &mut list {
        windows.batch(batch, &batches.types, &mut |_| {
            panic!("nothing is complete before the end")
        });
    }
    windows
}

/// Without what tells of the order.
fn timeless(windows: &Windows) -> Vec<WindowRow> {
    let mut rows = windows.rows();
    for row in &mut rows {
        row.counts.late = 0;
    }
    rows
}

#[test]
fn windows_sum_to_the_counters_for_any_number_of_threads_and_any_order() {
    let (one, summary) = batches(1);
    let (four, _) = batches(4);
    let windows = counted(one, false);
    let total = windows.total();
    let c = &summary.counters;
    assert!(c.failed > 0 && c.good > 0);
    assert_eq!(
        (total.events, total.good, total.failed),
        (c.events, c.good, c.failed)
    );
    let rows = windows.rows();
    let sum = |of_all: bool| {
        let rows = rows.iter().filter(|r| r.event.is_none() == of_all);
        rows.map(|r| r.counts.events).sum::<u64>()
    };
    assert_eq!((sum(true), sum(false)), (c.events, c.events));
    assert_eq!(counted(four, false).rows(), rows, "threads");
    let (again, _) = batches(3);
    assert_eq!(timeless(&counted(again, true)), timeless(&windows), "order");
    // What is loaded says the same as what streamed by.
    let mut all = options(2);
    all.needs = Needs::default();
    let snapshot = load(
        &all,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    )
    .unwrap();
    assert_eq!(Windows::of(&snapshot, SPEC).rows(), rows, "snapshot");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn percentiles_are_within_half_a_millisecond_or_five_per_cent(
        micros in prop::collection::vec(0u64..40_000_000, 1..300),
        cut in 0usize..300,
    ) {
        let (left, right) = micros.split_at(cut.min(micros.len()));
        let sketch = |values: &[u64]| {
            let mut sketch = Sketch::default();
            for us in values {
                sketch.add(*us as f64 / 1e6);
            }
            sketch
        };
        let mut both = sketch(left);
        both.merge(&sketch(right));
        prop_assert_eq!(&both, &sketch(&micros));
        let mut sorted = micros.clone();
        sorted.sort_unstable();
        for part in [0.5, 0.9, 0.95, 0.99] {
            let rank = ((part * sorted.len() as f64).ceil() as usize).max(1);
            let exact = sorted[rank - 1] as f64 / 1e6;
            let found = both.quantile(part).unwrap();
            prop_assert!((found - exact).abs() <= (exact * 0.05).max(0.000_501), "{part}: {found} for {exact}");
        }
    }
}

/// A minute of events: `..x` is two good ones and a failed one.
fn minutes(pattern: &[&str]) -> String {
    let mut log = header();
    for (minute, events) in pattern.iter().enumerate() {
        for (second, event) in events.chars().enumerate() {
            let query = match event {
                '.' => "e=checkout&value=1",
                'x' => "e=checkout&value=one",
                'p' => "e=page&value=1",
                _ => panic!("{event}"),
            };
            log.push_str(&record(minute * 60 + second, query, "UA"));
        }
    }
    log
}

/// Alert, minutes, what is expected: `+` opens and `-` ends, with the minute past 14:00 at which it is known.
const CASES: &[(&str, &[&str], &str)] = &[
    // Held for exactly the duration.
    ("failed_pct > 40 for 2m", &["..", "x.", "x.", ".."], "+3 -4"),
    // One window short.
    ("failed_pct > 40 for 3m", &["..", "x.", "x.", ".."], ""),
    // At the limit is not above it.
    ("failed_pct > 50% for 1m", &["x."], ""),
    ("failed_pct >= 50% for 1m", &["x."], "+1"),
    // A minute without an event has no share: it ends the alert, and breaks a run.
    ("failed_pct > 40 for 1m", &["x.", "", "x."], "+1 -2 +3"),
    ("failed_pct > 40 for 2m", &["x.", "", "x.", ".."], ""),
    // But it has a count.
    ("events < 1 for 2m", &[".", "", "", "", "."], "+3 -5"),
    ("events <= 1 for 5m", &[".", "", "", "", "."], "+5"),
    // Only one event's.
    ("events < 1 event page for 1m", &["p.", ".", "p."], "+2 -3"),
    ("failed > 1 event page for 1m", &["px", "px"], ""),
    ("failed > 1 for 1m", &["px", "px"], "+1"),
    ("failed > 0 event \"checkout\" for 2m", &["px", "px"], "+2"),
    // Opens once, however long it holds.
    ("failed>0 for 1m", &["x", "x", "x", "."], "+1 -4"),
    ("p99 >= 1ms for 1m", &[".", "."], "+1"),
    ("time_taken_p50 > 0.001s for 1m", &[".", "."], ""),
    ("sc_bytes >= 0.842kB for 1m", &[".", ".."], "+2"),
];

#[test]
fn alerts_open_and_end_where_they_should() {
    for (alert, pattern, expected) in CASES {
        let folder = folder();
        contract(folder.path());
        file(folder.path(), "a.log", minutes(pattern).as_bytes());
        let report = program::run(
            folder.path(),
            ["check", "a.log", "--format", "json", "--alert", alert],
        );
        let opens = expected.contains('+');
        let report = report.exits(if opens { 3 } else { 0 }).json();
        let found: Vec<String> = report["alerts"]["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| {
                let minute: u32 = change["at_utc"].as_str().unwrap()[14..16].parse().unwrap();
                let sign = if change["state"] == "open" { "+" } else { "-" };
                format!("{sign}{minute}")
            })
            .collect();
        assert_eq!(found.join(" "), *expected, "{alert} over {pattern:?}");
    }
}

#[test]
fn a_wrong_alert_is_marked_under_the_place() {
    for (text, marked, says) in [
        ("", "^", "expected a metric"),
        (
            "failed_pc > 5 for 5m",
            "^^^^^^^^^",
            "did you mean `failed_pct`?",
        ),
        (
            "failed_pct 5 for 5m",
            "           ^",
            "expected > >= < or <=",
        ),
        (
            "failed_pct > x for 5m",
            "             ^",
            "expected a number",
        ),
        (
            "failed_pct > 5ms for 5m",
            "              ^^",
            "no unit of this metric; write %",
        ),
        ("events > 5% for 5m", "          ^", "is a count"),
        (
            "events > 5 event for 5m",
            "                 ^^^",
            "name of an event",
        ),
        ("events > 5", "          ^", "expected `for`"),
        (
            "events > 5 for 5",
            "               ^",
            "expected a duration",
        ),
        (
            "events > 5 for 5m please",
            "                  ^^^^^^",
            "expected nothing",
        ),
        (
            "events > 5 event \"é for 5m",
            "                 ^",
            "not closed",
        ),
    ] {
        let error = Alert::parse(text).unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[0].contains(says), "{text}: {error}");
        assert_eq!(
            lines[1..],
            [format!("  {text}"), format!("  {marked}")],
            "{error}"
        );
    }
    let home = folder();
    let ran = program::run(home.path(), ["check", "x", "--alert", "failed > 1 for 90s"]).exits(2);
    assert!(ran.stderr.contains("--window"), "{}", ran.stderr);
    let ran = program::run(home.path(), ["check", "x", "--window", "2h"]).exits(2);
    assert!(ran.stderr.contains("1s to 1h"), "{}", ran.stderr);
}

#[test]
fn the_command_of_an_alert_gets_its_line() {
    let folder = folder();
    contract(folder.path());
    file(
        folder.path(),
        "a.log",
        minutes(&["x.", "..", "x."]).as_bytes(),
    );
    let ran = program::run(
        folder.path(),
        [
            "check",
            "a.log",
            "--alert",
            "failed_pct > 40 for 1m",
            "--on-alert",
            "cat >> told; echo said",
        ],
    )
    .exits(3);
    let told = std::fs::read_to_string(folder.path().join("told")).unwrap();
    let lines = [
        "2026-11-22 14:01:00 alert open: failed_pct > 40 for 1m: 50 in 2 events, 1 failed",
        "2026-11-22 14:02:00 alert resolved, after 1m: failed_pct > 40 for 1m: 0 in 2 events, 0 failed",
        "2026-11-22 14:03:00 alert open: failed_pct > 40 for 1m: 50 in 2 events, 1 failed",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), lines);
    for line in lines {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("said") && ran.stderr.contains("said"));
}

/// Each case: minutes of the log lines in the order they come, and how many are late at a lateness of five minutes.
#[test]
fn late_events_count_in_their_window_and_as_late() {
    for (order, late) in [
        (&[0usize, 1, 2, 8][..], 0),
        (&[0, 5, 0], 0),
        (&[0, 6, 0], 1),
        (&[0, 10, 3, 4, 5, 10], 2),
    ] {
        let folder = folder();
        let mut log = header();
        for minute in order {
            log.push_str(&record(minute * 60, "e=page", "UA"));
        }
        file(folder.path(), "a.log", log.as_bytes());
        let rows = program::run(
            folder.path(),
            [
                "query",
                "SELECT sum(events) AS n, sum(late) AS late, sum(failed) AS failed FROM windows WHERE event IS NULL",
                "a.log",
                "--format",
                "json",
            ],
        )
        .exits(0)
        .json();
        assert_eq!(
            (&rows[0]["n"], &rows[0]["late"]),
            (&order.len().into(), &late.into()),
            "{order:?}"
        );
    }
}

#[test]
fn the_table_of_windows_is_cut_as_asked() {
    let folder = folder();
    contract(folder.path());
    let path = file(folder.path(), "a.log", minutes(&["p.x", "."]).as_bytes());
    let options = RunOptions {
        source: reading_path(&path),
        contract: Arc::new(Contract::load(folder.path()).unwrap()),
        ..options(1)
    };
    let snapshot = load(
        &options,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    )
    .unwrap();
    let written = |seconds: u32| {
        let mut out = vec![];
        let options = QueryOptions {
            sql: "SELECT * FROM windows ORDER BY window_start, event".into(),
            format: Format::Csv,
            windows: WindowSpec {
                seconds,
                lateness_s: 0,
            },
            width: None,
            private: std::sync::Arc::default(),
        };
        frontlog::commands::query::run(&options, &snapshot, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    insta::assert_snapshot!(written(60), @r#"
    "window_start","window_ms","event","events","good","failed","failed_pct","time_taken_p50","time_taken_p90","time_taken_p95","time_taken_p99","sc_bytes","late"
    2026-11-22 14:00:00.000000,60000,"checkout",2,1,1,50,0.001,0.001,0.001,0.001,842,0
    2026-11-22 14:00:00.000000,60000,"page",1,0,1,100,0.001,0.001,0.001,0.001,421,0
    2026-11-22 14:00:00.000000,60000,\N,3,1,2,66.66666666666667,0.001,0.001,0.001,0.001,1263,0
    2026-11-22 14:01:00.000000,60000,"checkout",1,1,0,0,0.001,0.001,0.001,0.001,421,0
    2026-11-22 14:01:00.000000,60000,\N,1,1,0,0,0.001,0.001,0.001,0.001,421,0
    "#);
    assert_eq!(written(3600).lines().count(), 4);
    assert_eq!(written(1).lines().count(), 1 + 2 * 4);
}

/// The watermark is log time: the next minute's lines complete this one, however fast the test runs.
#[test]
fn a_followed_check_tells_of_an_alert_as_soon_as_its_windows_are_complete() {
    let home = folder();
    contract(home.path());
    let log = file(home.path(), "a.log", header().as_bytes());
    let append = |lines: &str| {
        use std::io::Write as _;
        let mut file = std::fs::File::options().append(true).open(&log).unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    };
    let mut live = LiveCheck::start(program::command(home.path()).args([
        "check",
        "-f",
        "a.log",
        "--alert",
        "failed_pct > 40 for 2m",
        "--allowed-lateness",
        "10s",
        "--on-alert",
        "cat >> told",
    ]));
    let event = |n, value: &str| record(n, &format!("e=checkout&value={value}"), "UA");
    append(&(event(5, "x") + &event(65, "x") + &event(130, "1")));
    let line = live.until(|line| line.contains(" alert "));
    assert_eq!(
        line,
        "2026-11-22 14:02:00 alert open: failed_pct > 40 for 2m: 100 in 1 events, 1 failed"
    );
    // Nine seconds past its end the third window is still waited for; then one of its events comes late.
    append(&(event(189, "1") + &event(126, "1") + &event(190, "1")));
    let line = live.until(|line| line.contains(" alert "));
    assert_eq!(
        line,
        "2026-11-22 14:03:00 alert resolved, after 1m: failed_pct > 40 for 2m: 0 in 2 events, 0 failed"
    );
    append(&event(127, "x"));
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let (status, printed) = live.end();
    let text = printed.join("\n");
    assert_eq!(status, 3, "{text}");
    assert!(
        text.contains("Alerts: 1 opened; 1 event came late"),
        "{text}"
    );
    assert!(
        text.contains("the alert \"failed_pct > 40 for 2m\" opened"),
        "{text}"
    );
    assert_eq!(
        std::fs::read_to_string(home.path().join("told"))
            .unwrap()
            .lines()
            .count(),
        2
    );
}

/// Two failed minutes, one before the process is killed and one after, are two in a row.
#[test]
fn a_resumed_check_goes_on_with_its_windows() {
    let home = folder();
    contract(home.path());
    let log = file(home.path(), "a.log", header().as_bytes());
    let append = |lines: &str| {
        use std::io::Write as _;
        let mut file = std::fs::File::options().append(true).open(&log).unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    };
    let start = || {
        LiveCheck::start(program::command(home.path()).args([
            "check",
            "-f",
            "--resume",
            "a.log",
            "--every",
            "1s",
            "--allowed-lateness",
            "0",
            "--alert",
            "failed_pct > 40 for 2m",
        ]))
    };
    let event = |n, value: &str| record(n, &format!("e=checkout&value={value}"), "UA");
    let mut live = start();
    append(&(event(5, "x") + &event(65, "x")));
    live.until(|line| line.contains(" 2 events"));
    // The state is written at most once a second.
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    live.kill();
    let mut live = start();
    append(&(event(66, "1") + &event(125, "1")));
    let line = live.until(|line| line.contains(" alert "));
    assert!(
        line.ends_with("alert open: failed_pct > 40 for 2m: 50 in 2 events, 1 failed"),
        "{line}"
    );
}

/// Events without a name at these log seconds, as batches cut at `cut`.
fn fed(
    seconds: &[i64],
    cut: usize,
    keep: Keep,
    spec: WindowSpec,
) -> (Windows, Vec<(i64, u64, u64)>) {
    let mut windows = Windows::new(spec, keep);
    let mut complete = vec![];
    for some in seconds.chunks(cut) {
        let mut batch = Batch::default();
        for second in some {
            batch.records.object.push(0);
            batch.records.time_us.push(second * 1_000_000);
            batch.records.event_type.push(0);
            batch.records.event_row.push(0);
            batch.records.verdict.push(Verdict::Good as u8);
        }
        windows.batch(&mut batch, &EventTypes::default(), &mut |c| {
            complete.push((c.start_s, c.windows, c.counts(None).events));
        });
    }
    windows.finish(&mut |c| complete.push((c.start_s, c.windows, c.counts(None).events)));
    (windows, complete)
}

/// Windows without an event in a row are one or several entries, as they come.
fn each_window(complete: &[(i64, u64, u64)], seconds: i64) -> Vec<(i64, u64)> {
    let each = complete.iter().flat_map(|(start, windows, events)| {
        (0..*windows as i64).map(move |n| (start + n * seconds, *events))
    });
    each.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Where nothing comes later than allowed, windows that are complete as the stream goes by are those of the whole
    /// input; and whatever comes, nothing is lost, however the stream is cut into batches.
    #[test]
    fn a_stream_completes_the_windows_of_its_whole_input(
        steps in prop::collection::vec((0i64..40, 0i64..60), 1..200),
        lateness_s in prop_oneof![Just(0u32), Just(30), Just(60)],
        cut in 1usize..50,
    ) {
        let spec = WindowSpec { seconds: 10, lateness_s };
        let mut now = 1_795_461_600;
        let seconds: Vec<i64> = steps.iter().map(|(step, back)| { now += step; now - back }).collect();
        let (recent, streamed) = fed(&seconds, cut, Keep::Recent, spec);
        let (all, whole) = fed(&seconds, seconds.len(), Keep::All, spec);
        let n = seconds.len() as u64;
        prop_assert_eq!((recent.total().events, all.total().events), (n, n));
        prop_assert_eq!(recent.total().late, all.total().late);
        let (_, other_cut) = fed(&seconds, 7, Keep::Recent, spec);
        let (streamed, whole) = (each_window(&streamed, 10), each_window(&whole, 10));
        prop_assert_eq!(&each_window(&other_cut, 10), &streamed);
        // In a row, each once.
        prop_assert!(streamed.windows(2).all(|w| w[1].0 == w[0].0 + 10));
        if lateness_s == 60 {
            // The first line need not be the oldest: what is older than the first complete window has none.
            let first = streamed[0].0;
            let whole: Vec<_> = whole.into_iter().filter(|(start, _)| *start >= first).collect();
            prop_assert_eq!(whole, streamed);
            prop_assert_eq!(recent.total().late, 0);
        }
    }
}

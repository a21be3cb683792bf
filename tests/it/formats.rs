//! Every format gives the same records: by cases in `tests/cases/formats`, and by laws.

use std::path::Path;
use std::sync::Arc;

use frontlog::commands::generate::{GenerateOptions, Written, generate};
use frontlog::contract::Contract;
use frontlog::decode::{BlockReader, Piece};
use frontlog::frame::Snapshot;
use frontlog::frame::cell::frame_cell;
use frontlog::model::{Code, FIELDS, FormatOptions, LogFormat, Progress};
use frontlog::parse::{Formats, LineSink, LineView, ParseScratch, ParseState, parse_block};
use frontlog::pipeline::{Inspector, Needs, RunOptions, RunSummary, load, run};
use frontlog::source;
use polars::prelude::DataType;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::program::{file, folder, gzip};

const ALL: [Written; 6] = [
    Written::V1,
    Written::W3c,
    Written::Json,
    Written::Parquet,
    Written::Realtime,
    Written::Combined,
];

fn options(path: &Path, formats: FormatOptions) -> RunOptions {
    RunOptions {
        source: source::Options {
            sources: vec![path.display().to_string()],
            formats,
            ..source::Options::default()
        },
        contract: Arc::new(Contract::builtin()),
        threads: 2,
        needs: Needs::default(),
    }
}

fn loaded(options: &RunOptions) -> Snapshot {
    load(
        options,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    )
    .unwrap_or_else(|e| panic!("{e}"))
}

fn cell(snapshot: &Snapshot, column: &str, row: usize) -> String {
    frame_cell(&snapshot.records, column, row)
        .to_text()
        .into_owned()
}

// --- cases -----------------------------------------------------------------------------------------------------------

#[derive(Debug, serde::Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Name of the file; `x.log` when left out.
    #[serde(default)]
    file: Option<String>,
    log: String,
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    fields: Option<String>,
    #[serde(default)]
    delimiter: Option<String>,
    /// Header, blank, unreadable, records.
    lines: [u64; 4],
    /// Some columns of the records, in order; an empty text is null.
    #[serde(default)]
    rows: Vec<toml::Table>,
    /// Code and a part of the message of each unreadable line, in order.
    #[serde(default)]
    rejects: Vec<String>,
}

fn format_of(name: Option<&str>) -> LogFormat {
    match name {
        None => LogFormat::Auto,
        Some("rows") => LogFormat::Rows,
        Some("json") => LogFormat::Json,
        Some("realtime") => LogFormat::Realtime,
        Some("combined") => LogFormat::Combined,
        Some(other) => panic!("no format {other}"),
    }
}

fn check(case: &Case) {
    let home = folder();
    let name = case.file.as_deref().unwrap_or("x.log");
    let path = file(home.path(), name, case.log.as_bytes());
    let fields = case.fields.as_deref().unwrap_or_default();
    let formats = FormatOptions {
        format: format_of(case.format.as_deref()),
        fields: fields.split_whitespace().map(str::to_owned).collect(),
        delimiter: case.delimiter.clone(),
    };
    let options = options(&path, formats);
    let snapshot = loaded(&options);
    let c = &snapshot.counters;
    let lines = [c.header_lines, c.blank_lines, c.unreadable_lines, c.records];
    let told: Vec<String> = (0..snapshot.rejects.height())
        .map(|row| {
            let text = |column| {
                frame_cell(&snapshot.rejects, column, row)
                    .to_text()
                    .into_owned()
            };
            format!("{} {}", text("code"), text("message"))
        })
        .collect();
    assert_eq!(lines, case.lines, "{}: {told:?}", case.name);
    assert_eq!(c.lines, lines.iter().sum::<u64>(), "{}", case.name);
    for (row, expected) in case.rows.iter().enumerate() {
        for (column, value) in expected {
            let found = cell(&snapshot, column, row);
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(
                found, value,
                "{}: {column} of record {row}, {expected:?}",
                case.name
            );
        }
    }
    if !case.rejects.is_empty() {
        assert_eq!(told.len(), case.rejects.len(), "{}: {told:?}", case.name);
        for (told, expected) in told.iter().zip(&case.rejects) {
            let (code, part) = expected.split_once(' ').unwrap_or((expected, ""));
            assert!(
                told.starts_with(code) && told.contains(part),
                "{}: {told:?} is not {expected:?}",
                case.name
            );
        }
    }
    raw_lines_come_back(&options, &snapshot, &case.name, &case.log);
}

/// The detail of each record holds its line byte for byte, and the fields that the frame holds.
fn raw_lines_come_back(options: &RunOptions, snapshot: &Snapshot, name: &str, log: &str) {
    let mut inspector = Inspector::default();
    for row in 0..snapshot.len() {
        let detail = inspector
            .inspect(snapshot, row as u32, &options.contract, &options.source)
            .unwrap();
        assert_eq!(detail.raw_error, None, "{name}");
        let raw = String::from_utf8_lossy(&detail.raw).into_owned();
        assert!(!raw.is_empty() && log.contains(&raw), "{name}: {raw:?}");
        assert!(!detail.fields.is_empty(), "{name}: no field in {raw:?}");
        for range in &detail.raw_marks {
            assert!(raw.get(range.clone()).is_some(), "{name}: {range:?}");
        }
        for wanted in ["cs_uri_stem", "cs_uri_query", "cs_user_agent"] {
            let value = cell(snapshot, wanted, row);
            let shown = detail
                .fields
                .iter()
                .any(|f| f.value.as_deref() == Some(value.as_str()));
            assert!(
                value.is_empty() || shown,
                "{name}: {wanted} {value:?} in {:?}",
                detail.fields
            );
        }
    }
}

#[test]
fn formats_read_as_the_cases_say() {
    let folder = crate::program::root().join("tests/cases/formats");
    let mut count = 0;
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let cases: Cases =
                toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", entry.path().display()));
            for case in &cases.case {
                check(case);
                count += 1;
            }
        }
    }
    assert!(count > 30, "{count} cases");
}

// --- the same records in each format ---------------------------------------------------------------------------------

/// Fields that a web server's combined log has, and means as `CloudFront` does.
const COMBINED: [&str; 12] = [
    "date",
    "time",
    "sc_bytes",
    "c_ip",
    "cs_method",
    "cs_uri_stem",
    "sc_status",
    "cs_referer",
    "cs_user_agent",
    "cs_uri_query",
    "x_host_header",
    "cs_protocol_version",
];

/// Two frames hold the same values in the columns that a format has.
fn assert_same(one: &Snapshot, other: &Snapshot, format: Written) {
    assert_eq!(one.len(), other.len(), "{format:?}");
    let fields = FIELDS[..33].iter().map(|f| f.column);
    let fields: Vec<&str> = if format == Written::Combined {
        COMBINED.to_vec()
    } else {
        fields.collect()
    };
    for name in fields.into_iter().chain(["time_utc", "verdict"]) {
        let text = |snapshot: &Snapshot| {
            let column = snapshot.records.column(name).unwrap();
            column
                .as_materialized_series()
                .cast(&DataType::String)
                .unwrap()
        };
        let (a, b) = (text(one), text(other));
        if a.equals_missing(&b) {
            continue;
        }
        for row in 0..one.len() {
            assert_eq!(
                cell(one, name, row),
                cell(other, name, row),
                "{format:?}: {name} of record {row}"
            );
        }
        panic!("{format:?}: {name} differs");
    }
    for (a, b) in one.events.iter().zip(&other.events) {
        assert_eq!(a.event_type.name, b.event_type.name, "{format:?}");
        assert_eq!(a.frame.height(), b.frame.height(), "{format:?}");
    }
}

#[test]
fn generated_records_are_the_same_frame_in_every_format() {
    let frames: Vec<(Written, Snapshot)> = ALL
        .into_iter()
        .map(|format| {
            let home = folder();
            generate(&GenerateOptions {
                dir: home.path().to_owned(),
                records: 3_000,
                objects: 3,
                faults: 0.0,
                format,
                ..GenerateOptions::default()
            })
            .unwrap();
            let mut options = options(home.path(), FormatOptions::default());
            options.contract = Arc::new(Contract::load(home.path()).unwrap());
            (format, loaded(&options))
        })
        .collect();
    assert!(frames[0].1.counters.good > 1_000);
    for (format, frame) in &frames[1..] {
        assert_same(&frames[0].1, frame, *format);
    }
}

#[test]
fn a_row_of_parquet_is_shown_as_text() {
    let home = folder();
    generate(&GenerateOptions {
        dir: home.path().to_owned(),
        records: 300,
        objects: 2,
        faults: 0.0,
        format: Written::Parquet,
        ..GenerateOptions::default()
    })
    .unwrap();
    let mut options = options(home.path(), FormatOptions::default());
    options.contract = Arc::new(Contract::load(home.path()).unwrap());
    let snapshot = loaded(&options);
    let mut inspector = Inspector::default();
    for row in (0..snapshot.len()).step_by(23) {
        let detail = inspector
            .inspect(&snapshot, row as u32, &options.contract, &options.source)
            .unwrap();
        assert_eq!(detail.raw_error, None, "row {row}");
        let raw = String::from_utf8_lossy(&detail.raw).into_owned();
        for column in ["x_edge_request_id", "c_ip"] {
            let value = cell(&snapshot, column, row);
            // The log layer of the encoding is still on: a stem that was sent encoded is so twice.
            let stands = raw
                .split('\t')
                .any(|text| text.replace("%25", "%") == value);
            assert!(stands, "row {row}: {column} {value:?} in {raw:?}");
        }
    }
}

/// Past 1 MiB a Parquet object goes through the pipeline in blocks; with no room in memory, one object after the other.
#[test]
fn large_parquet_is_the_same_however_little_memory_there_is() {
    let home = folder();
    let made = generate(&GenerateOptions {
        dir: home.path().to_owned(),
        records: 24_000,
        objects: 2,
        faults: 0.01,
        format: Written::Parquet,
        ..GenerateOptions::default()
    })
    .unwrap();
    let mut options = options(home.path(), FormatOptions::default());
    options.contract = Arc::new(Contract::load(home.path()).unwrap());
    options.needs.judge = true;
    options.source.bytes_in_flight = 1;
    let summary = counted(&options);
    assert!(
        summary
            .objects
            .iter()
            .all(|o| o.object.size_bytes > 1 << 20)
    );
    let mut found = summary.counters;
    found.text_bytes = made.counters.text_bytes;
    assert_eq!(found, made.counters);

    let snapshot = loaded(&options);
    let mut inspector = Inspector::default();
    for row in [0, snapshot.len() / 3, snapshot.len() - 1] {
        let detail = inspector
            .inspect(&snapshot, row as u32, &options.contract, &options.source)
            .unwrap();
        let id = cell(&snapshot, "x_edge_request_id", row);
        let raw = String::from_utf8_lossy(&detail.raw).into_owned();
        assert!(raw.contains(&id), "row {row}: {id} in {raw:?}");
    }
}

#[test]
fn the_truth_of_generated_faults_holds_in_every_format() {
    for format in ALL {
        let home = folder();
        let made = generate(&GenerateOptions {
            dir: home.path().to_owned(),
            records: 6_000,
            objects: 10,
            faults: 0.05,
            format,
            ..GenerateOptions::default()
        })
        .unwrap();
        let mut options = options(home.path(), FormatOptions::default());
        options.contract = Arc::new(Contract::load(home.path()).unwrap());
        options.needs.judge = true;
        let summary = counted(&options);
        let mut found = summary.counters;
        // How far a reader gets into a truncated object is its own affair.
        found.text_bytes = made.counters.text_bytes;
        assert_eq!(found, made.counters, "{format:?}");
    }
}

fn counted(options: &RunOptions) -> RunSummary {
    struct Nothing;
    impl frontlog::model::Sink for Nothing {
        fn take(&mut self, _: frontlog::model::Batch) -> frontlog::error::Result<()> {
            Ok(())
        }
    }
    run(
        options,
        &mut Nothing,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    )
    .unwrap()
}

/// A value as `CloudFront` writes texts: encoded bytes and what it leaves as it is.
fn logged() -> impl Strategy<Value = String> {
    "([a-z0-9/.;:!()*,@$-]|%20|%22|%2520|%25C3%25A9|%257B|%25){0,12}".prop_map(|text| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text
        }
    })
}

fn row() -> impl Strategy<Value = String> {
    let numbers = proptest::collection::vec(0u64..100_000_000_000, 8);
    let texts = proptest::collection::vec(logged(), 16);
    (
        1_000_000_000i64..4_000_000_000,
        0u64..100_000,
        numbers,
        texts,
    )
        .prop_map(|(second, taken, n, t)| {
            let at = chrono::DateTime::from_timestamp(second, 0).unwrap();
            let stem = format!("/{}", t[0].trim_matches('-'));
            let taken = format!("{}.{:03}", taken / 1000, taken % 1000);
            let values = [
                at.format("%Y-%m-%d").to_string(),
                at.format("%H:%M:%S").to_string(),
                t[1].clone(),
                n[0].to_string(),
                "203.0.113.7".into(),
                "GET".into(),
                t[2].clone(),
                stem,
                (n[1] % 900 + 100).to_string(),
                t[3].clone(),
                t[4].clone(),
                t[5].replace("%25", "%2525"),
                t[6].clone(),
                t[7].clone(),
                t[8].clone(),
                "px.example.com".into(),
                t[9].clone(),
                n[2].to_string(),
                taken.clone(),
                t[10].clone(),
                t[11].clone(),
                t[12].clone(),
                t[13].clone(),
                "HTTP/1.1".into(),
                t[14].clone(),
                n[3].to_string(),
                (n[4] % 65_536).to_string(),
                taken,
                t[15].clone(),
                "-".into(),
                n[5].to_string(),
                n[6].to_string(),
                n[7].to_string(),
            ];
            values.join("\t")
        })
}

fn text_of(format: Written, rows: &[String]) -> Vec<u8> {
    let mut text = Vec::new();
    if format.has_header() {
        text.extend(format!("#Fields: {}\n", format.header_names(33).join(" ")).into_bytes());
    }
    for row in rows {
        format.write(row.as_bytes(), &mut text);
        text.push(b'\n');
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_records_are_the_same_frame_in_every_format(rows in proptest::collection::vec(row(), 1..12)) {
        let frames: Vec<(Written, Snapshot)> = ALL.into_iter().map(|format| {
            let home = folder();
            let text = text_of(format, &rows);
            let stored = match format {
                Written::Parquet => frontlog::commands::generate::parquet(&text).unwrap(),
                Written::Json => zstd::encode_all(&text[..], 1).unwrap(),
                Written::Realtime => gzip(&text),
                _ => text,
            };
            let path = file(home.path(), "x", &stored);
            (format, loaded(&options(&path, FormatOptions::default())))
        }).collect();
        prop_assert_eq!(frames[0].1.len(), rows.len());
        for (format, frame) in &frames[1..] {
            assert_same(&frames[0].1, frame, *format);
        }
    }
}

/// The encoding of each era comes off by the value itself, in every format: as logged in a query, as the frame has it;
/// as logged in a user agent, as the frame has it.
#[test]
fn layers_come_off_by_the_value_in_every_format() {
    let queries = [
        (
            "t=Loading%20-%2070%25%20Complete",
            "t=Loading%20-%2070%25%20Complete",
        ),
        ("a%2520b", "a%20b"),
        ("a%20b", "a%20b"),
        ("x=%2588", "x=%88"),
        (
            "page=Introduction%20-%20Snowplow%20Analytics%25",
            "page=Introduction%20-%20Snowplow%20Analytics%25",
        ),
        ("app=%257B%2522a%2522%257D", "app=%7B%22a%22%7D"),
        ("s=%25E5%25A5%25BD", "s=%E5%A5%BD"),
        ("bad=%zz&end=100%", "bad=%zz&end=100%"),
    ];
    let agents = [
        ("Mozilla/5.0%20(X11)", "Mozilla/5.0 (X11)"),
        ("Mozilla/5.0%2520(X11)", "Mozilla/5.0 (X11)"),
        ("a%2522b%255C", "a\"b\\"),
        ("%C3%A9%25C3%25A9", "éé"),
        ("100%25", "100%"),
    ];
    let cells = queries
        .iter()
        .map(|q| (q.0, "-"))
        .chain(agents.iter().map(|a| ("-", a.0)));
    let rows: Vec<String> = cells
        .map(|(query, agent)| {
            let mut row = vec!["-"; 33];
            (row[0], row[1], row[4], row[5]) = ("2026-11-22", "14:00:01", "203.0.113.7", "GET");
            (row[7], row[8], row[10], row[11]) = ("/i", "200", agent, query);
            (row[15], row[23], row[18]) = ("px.example", "HTTP/1.1", "0.001");
            row.join("\t")
        })
        .collect();
    for format in ALL {
        let home = folder();
        let text = text_of(format, &rows);
        let text = if format == Written::Parquet {
            frontlog::commands::generate::parquet(&text).unwrap()
        } else {
            text
        };
        let path = file(home.path(), "x", &text);
        let snapshot = loaded(&options(&path, FormatOptions::default()));
        assert_eq!(snapshot.len(), rows.len(), "{format:?}");
        for (row, (logged, read)) in queries.iter().enumerate() {
            assert_eq!(
                cell(&snapshot, "cs_uri_query", row),
                *read,
                "{format:?}: {logged}"
            );
        }
        for (row, (logged, read)) in agents.iter().enumerate() {
            let row = queries.len() + row;
            assert_eq!(
                cell(&snapshot, "cs_user_agent", row),
                *read,
                "{format:?}: {logged}"
            );
        }
    }
}

// --- chunking --------------------------------------------------------------------------------------------------------

/// What a parse gives: each line with its place and all of its values.
#[derive(Debug, Default, PartialEq)]
struct Lines(Vec<String>);

impl LineSink for Lines {
    fn header(&mut self) {
        self.0.push("header".into());
    }
    fn blank(&mut self) {
        self.0.push("blank".into());
    }
    fn reject(
        &mut self,
        code: Code,
        number: u64,
        offset: u64,
        raw: &[u8],
        _: &dyn std::fmt::Display,
    ) {
        let raw = String::from_utf8_lossy(raw);
        self.0
            .push(format!("{} {number} {offset} {raw}", code.as_str()));
    }
    fn record(&mut self, view: &LineView<'_>) {
        let values: Vec<_> = (0..view.layout.columns.len())
            .map(|i| view.column(i))
            .collect();
        let place = (view.number, view.offset, view.length, view.time_us);
        self.0.push(format!("{place:?} {values:?}"));
    }
}

fn parsed(text: &[u8], blocks: Option<usize>) -> Lines {
    let formats = Arc::new(Formats::default());
    let (mut scratch, mut lines) = (ParseScratch::default(), Lines::default());
    let mut state = ParseState::new(&formats, Some(400_000));
    let Some(size) = blocks else {
        parse_block(text, 0, &mut state, &mut scratch, &mut lines);
        return lines;
    };
    for piece in BlockReader::new(text, size) {
        let Piece::Lines { offset, text } = piece else {
            panic!("{piece:?}")
        };
        // As for a large object: whoever cuts moves on without parsing, another thread parses.
        let mut before = state.clone();
        state.advance(&text);
        parse_block(&text, offset, &mut before, &mut scratch, &mut lines);
        assert_eq!(
            before.lines,
            state.lines,
            "{}",
            String::from_utf8_lossy(&text)
        );
        assert_eq!(before.layout, state.layout);
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_of_any_size_give_the_same_lines(
        rows in proptest::collection::vec(row(), 1..8),
        noise in proptest::collection::vec((0usize..9, "([ -~]{0,40}|\\{\"[a-z]{1,3}\":\"[ -~]{0,9}|#[ -~]{0,9}|\\}|)"), 0..4),
        format in 0usize..6,
        wrap in any::<bool>(),
        size in 1usize..3_000,
    ) {
        let mut text = text_of(ALL[format], &rows);
        for (after, noise) in noise {
            let lines: Vec<usize> = memchr::memchr_iter(b'\n', &text).collect();
            let at = lines.get(after).map_or(text.len(), |i| i + 1);
            text.splice(at..at, format!("{noise}\n").into_bytes());
        }
        if wrap && ALL[format] == Written::Json {
            text = String::from_utf8(text).unwrap().replace("\",\"", "\",\n  \"").into_bytes();
        }
        prop_assert_eq!(parsed(&text, Some(size)), parsed(&text, None));
    }

    /// Any bytes at all: nothing panics, and lines add up in `load`, which checks the identity.
    #[test]
    fn any_bytes_are_accounted_for(text in proptest::collection::vec(prop_oneof![
        any::<u8>(), Just(b'\n'), Just(b'{'), Just(b'}'), Just(b'"'), Just(b'\\'), Just(b':'), Just(b','), Just(b'\t'), Just(b'['),
    ], 0..600), head in 0usize..7) {
        let heads = ["", "{", "{\"date\":\"", "#Fields: date time cs-uri-stem\n", "1607374321.541\t", "1.2.3.4 - - [", "PAR1"];
        let home = folder();
        let bytes = [heads[head].as_bytes(), &text].concat();
        let path = file(home.path(), "x", &bytes);
        loaded(&options(&path, FormatOptions::default()));
    }
}

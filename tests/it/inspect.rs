//! A record read again from its object says what the frame says of it, and its raw line is the object's.

use std::io::Read as _;
use std::sync::Arc;

use frontlog::contract::Contract;
use frontlog::frame::Snapshot;
use frontlog::model::{Detail, Progress, Verdict};
use frontlog::pipeline::{self, Inspector, Needs, RunOptions, loaded};
use frontlog::source;
use tokio_util::sync::CancellationToken;

fn options(path: &str) -> RunOptions {
    let source = source::Options {
        sources: vec![path.to_owned()],
        ..source::Options::default()
    };
    let contract = Arc::new(Contract::load("sample-logs".as_ref()).unwrap());
    RunOptions {
        source,
        contract,
        threads: 2,
        needs: Needs::default(),
    }
}

fn load(options: &RunOptions) -> Snapshot {
    pipeline::load(
        options,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    )
    .unwrap()
}

/// Name and value of every field that has one; numbers as numbers, since a status is logged as `000`.
fn fields(detail: &Detail) -> Vec<(&str, String)> {
    let plain = |v: &str| {
        v.parse::<i64>()
            .map_or_else(|_| v.to_owned(), |n| n.to_string())
    };
    let mut fields: Vec<_> = detail
        .fields
        .iter()
        .filter_map(|f| Some((f.name.as_str(), plain(f.value.as_deref()?))))
        // Seconds are logged in more than one way (`0.10`).
        .filter(|(name, _)| !name.starts_with("time-"))
        .collect();
    fields.sort_unstable();
    fields
}

#[test]
fn what_the_object_says_is_what_the_frame_says() {
    let options = options("sample-logs");
    let snapshot = load(&options);
    let mut inspector = Inspector::default();
    let (mut failed, mut marked) = (0, 0);
    for row in (0..snapshot.len() as u32).step_by(37) {
        let known = loaded(&snapshot, row, &options.contract);
        let read = inspector
            .inspect(&snapshot, row, &options.contract, &options.source)
            .unwrap();
        assert_eq!(read.raw_error, None, "row {row}");
        assert!(!read.raw.is_empty() && !read.raw.contains(&b'\n'));
        assert_eq!(fields(&read), fields(&known), "row {row}");
        assert_eq!(
            (&read.event, &read.version, read.verdict, read.line),
            (&known.event, &known.version, known.verdict, known.line)
        );
        let values = |d: &Detail| -> Vec<_> {
            d.properties
                .iter()
                .map(|p| (p.key.clone(), p.value.clone()))
                .collect()
        };
        assert_eq!(values(&read), values(&known), "row {row}");
        let errors = read.all_failures().count();
        assert_eq!(errors, known.all_failures().count());
        if read.verdict == Some(Verdict::Failed) {
            assert!(errors > 0, "row {row} is failed without a failure");
            failed += 1;
        }
        marked += read.raw_marks.len();
    }
    assert!(
        failed > 3 && marked > 3,
        "{failed} failed events, {marked} marks"
    );
}

#[test]
fn the_raw_line_is_byte_for_byte_and_its_marks_are_the_failing_values() {
    let options = options("sample-logs");
    let snapshot = load(&options);
    let mut inspector = Inspector::default();
    let wanted = (0..snapshot.len() as u32).find_map(|row| {
        let known = loaded(&snapshot, row, &options.contract);
        let failing = known.properties.iter().find(|p| {
            !p.failures.is_empty() && p.value.as_deref().is_some_and(|v| v.contains(','))
        })?;
        Some((row, failing.value.clone()?))
    });
    let (row, value) = wanted.expect("the sample logs hold a decimal comma");
    let read = inspector
        .inspect(&snapshot, row, &options.contract, &options.source)
        .unwrap();
    let mut text = Vec::new();
    let file = std::fs::File::open(read.object_uri.as_ref()).unwrap();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_end(&mut text)
        .unwrap();
    let line = text
        .split(|b| *b == b'\n')
        .nth(read.line as usize - 1)
        .unwrap();
    assert_eq!(read.raw, line.strip_suffix(b"\r").unwrap_or(line));
    let mark = &read.raw[read.raw_marks[0].clone()];
    let (whole, _) = value.split_once(',').unwrap();
    assert!(
        mark.starts_with(whole.as_bytes()),
        "{:?} is not {value:?}",
        String::from_utf8_lossy(mark)
    );
}

#[test]
fn an_object_that_is_gone_says_so_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("E2X.2026-11-22-13.aaaa.log");
    let log = "#Version: 1.0\n#Fields: date time cs-method cs-uri-stem sc-status cs-uri-query\n\
               2026-11-22\t13:00:01\tGET\t/i.gif\t200\te=click&sv=1-0-0\n";
    std::fs::write(&path, log).unwrap();
    let options = options(path.to_str().unwrap());
    let snapshot = load(&options);
    std::fs::remove_file(&path).unwrap();
    let read = Inspector::default()
        .inspect(&snapshot, 0, &options.contract, &options.source)
        .unwrap();
    let error = read.raw_error.clone().unwrap();
    assert!(
        error.contains("E2X.2026-11-22-13.aaaa.log") && error.contains("cannot read"),
        "{error}"
    );
    assert_eq!(read.properties[0].value.as_deref(), Some("click"));
    assert!(read.raw.is_empty());
    let missing = Inspector::default().inspect(&snapshot, 7, &options.contract, &options.source);
    assert!(missing.unwrap_err().to_string().contains("no record 7"));
}

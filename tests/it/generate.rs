//! `generate`: the same seed gives the same bytes, and the truth beside them adds up.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use frontlog::commands::generate::{GenerateOptions, GenerateSummary, generate, parse_hour};
use frontlog::error::Error;
use frontlog::model::FieldId;
use serde_json::Value;

fn options(dir: &Path) -> GenerateOptions {
    GenerateOptions {
        dir: dir.to_owned(),
        records: 6_000,
        objects: 10,
        faults: 0.04,
        ..GenerateOptions::default()
    }
}

fn made(change: impl FnOnce(&mut GenerateOptions)) -> (tempfile::TempDir, GenerateSummary) {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path());
    change(&mut options);
    let summary = generate(&options).unwrap();
    (dir, summary)
}

/// Every file below a folder, with its bytes.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(dir)
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .map(|e| {
            (
                e.path().strip_prefix(dir).unwrap().display().to_string(),
                std::fs::read(e.path()).unwrap(),
            )
        })
        .collect()
}

fn truth(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join("truth.json")).unwrap()).unwrap()
}

/// The log objects of a folder, each as readable text.
fn texts(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let logs = files(dir)
        .into_iter()
        .filter(|(name, _)| name.starts_with("E2"));
    logs.map(|(name, bytes)| {
        (
            name,
            if bytes.starts_with(&[0x1F, 0x8B]) {
                inflated(&bytes)
            } else {
                bytes
            },
        )
    })
    .collect()
}

/// As much as can be read, over all members.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let (mut text, mut buffer) = (vec![], [0; 4096]);
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes);
    while let Ok(count @ 1..) = decoder.read(&mut buffer) {
        text.extend_from_slice(&buffer[..count]);
    }
    text
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let (one, _) = made(|o| o.threads = 1);
    let (two, _) = made(|o| o.threads = 2);
    let (again, _) = made(|o| o.threads = 2);
    assert_eq!(files(one.path()), files(two.path()));
    assert_eq!(files(two.path()), files(again.path()));
}

#[test]
fn another_seed_gives_other_names_and_bytes() {
    let (one, _) = made(|_| ());
    let (other, _) = made(|o| o.seed = 2);
    let (one, other) = (files(one.path()), files(other.path()));
    let shared: Vec<&String> = one
        .keys()
        .filter(|name| other.contains_key(*name))
        .collect();
    assert!(
        shared.iter().all(|name| !name.starts_with("E2")),
        "{shared:?}"
    );
    assert_eq!(one["frontlog.toml"], other["frontlog.toml"]);
}

#[test]
fn objects_are_named_by_cloudfronts_rule_and_begin_with_a_header_of_known_fields() {
    let (dir, _) = made(|_| ());
    let texts = texts(dir.path());
    assert_eq!(texts.len(), 10);
    for (name, text) in texts {
        let parts: Vec<&str> = name.split('.').collect();
        assert_eq!(
            (parts[0].len(), parts[1].len(), parts[2].len()),
            (14, 13, 8),
            "{name}"
        );
        let text = String::from_utf8(text).unwrap();
        let fields = text
            .lines()
            .find_map(|l| l.strip_prefix("#Fields: "))
            .unwrap();
        let names: Vec<&str> = fields.split_whitespace().collect();
        assert!(
            names.len() == 33 || names.len() == 26,
            "{name}: {}",
            names.len()
        );
        assert!(
            names
                .iter()
                .enumerate()
                .all(|(i, n)| FieldId::by_name(n) == Some(FieldId(i as u8))),
            "{name}"
        );
        let columns = text
            .lines()
            .filter(|l| l.split('\t').count() == names.len())
            .count();
        assert!(
            columns * 10 > text.lines().count() * 9,
            "{name}: {columns} of {} lines",
            text.lines().count()
        );
    }
}

#[test]
fn the_truth_adds_up_and_its_lines_are_in_the_files() {
    let (dir, summary) = made(|_| ());
    summary.counters.identity().unwrap();
    let truth = truth(dir.path());
    let count = |path: &str| {
        truth
            .pointer(path)
            .and_then(Value::as_u64)
            .unwrap_or_else(|| panic!("no {path}"))
    };
    let lines: usize = texts(dir.path())
        .iter()
        .map(|(_, text)| {
            text.iter().filter(|b| **b == b'\n').count() + usize::from(text.last() != Some(&b'\n'))
        })
        .sum();
    assert_eq!(count("/counters/lines"), lines as u64);
    assert_eq!(count("/counters/lines"), summary.counters.lines);
    let events = truth["events"].as_array().unwrap();
    let sum = |key: &str| events.iter().map(|e| e[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(
        (sum("good"), sum("failed")),
        (summary.counters.good, summary.counters.failed)
    );
    let failures: u64 = truth["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["count"].as_u64().unwrap())
        .sum();
    assert_eq!(
        failures,
        summary.counters.errors + summary.counters.warnings
    );
    let events_pct = summary.counters.events * 100 / summary.counters.records;
    assert!(
        (55..66).contains(&events_pct),
        "{events_pct} % of the records are events"
    );
}

#[test]
fn every_kind_of_fault_is_planted_and_one_cause_dominates() {
    let (dir, summary) = made(|_| ());
    let truth = truth(dir.path());
    for code in ["L101", "L103", "L104", "L106"] {
        assert!(
            truth["unreadable_by_code"][code].as_u64() >= Some(1),
            "{code}"
        );
    }
    for code in [
        "R201", "R202", "R203", "D301", "D302", "D305", "V401", "V402", "V403", "V404", "V405",
        "V406", "V407", "V408", "V409", "V410", "X501", "X502",
    ] {
        assert!(
            truth["failures_by_code"][code].as_u64() >= Some(1),
            "{code}"
        );
    }
    let incident = truth["incident"]["count"].as_u64().unwrap();
    assert!(
        incident * 3 > summary.counters.failed,
        "{incident} of {}",
        summary.counters.failed
    );
    assert_eq!(truth["forms"].as_array().unwrap().len(), 8);
}

#[test]
fn without_faults_nothing_fails() {
    let (_dir, summary) = made(|o| o.faults = 0.0);
    let c = summary.counters;
    assert_eq!(
        (
            c.failed,
            c.errors,
            c.warnings,
            c.unreadable_lines,
            c.blank_lines,
            c.header_lines
        ),
        (0, 0, 0, 0, 0, 20)
    );
    assert_eq!(c.records, 6_000);
}

#[test]
fn odd_sizes_are_made_without_complaint() {
    for (records, objects, hours) in [(0, 1, 1), (1, 5, 3), (40, 3, 24), (500, 1, 1), (900, 40, 2)]
    {
        let (dir, summary) = made(|o| (o.records, o.objects, o.hours) = (records, objects, hours));
        summary.counters.identity().unwrap();
        assert_eq!(texts(dir.path()).len(), objects as usize);
    }
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine.txt"), "kept").unwrap();
    let error = generate(&options(dir.path())).unwrap_err();
    assert!(
        matches!(&error, Error::Export(text) if text.contains("mine.txt")),
        "{error}"
    );
    assert_eq!(files(dir.path()).len(), 1);
}

#[test]
fn options_out_of_range_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |change: fn(&mut GenerateOptions)| {
        let mut options = options(dir.path());
        change(&mut options);
        generate(&options).unwrap_err().exit_code()
    };
    assert_eq!(
        [
            refused(|o| o.objects = 0),
            refused(|o| o.hours = 0),
            refused(|o| o.faults = 0.5),
            refused(|o| o.faults = f64::NAN)
        ],
        [2; 4]
    );
    assert_eq!(
        parse_hour("2026-11-22T13").unwrap(),
        GenerateOptions::default().start_hour
    );
    for text in [
        "2026-11-22",
        "2026-11-22T24",
        "2026-02-30T01",
        "2026-11-22T7",
        "now",
    ] {
        assert!(parse_hour(text).is_err(), "{text}");
    }
}

#[test]
fn sample_logs_are_what_the_command_in_their_readme_makes() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let (dir, _) = made(|o| (o.records, o.objects, o.seed, o.faults) = (20_000, 12, 26, 0.02));
    let mut kept = files(&samples);
    for beside in ["README.md", ".gitattributes"] {
        kept.remove(beside);
    }
    let made = files(dir.path());
    assert_eq!(
        kept.keys().collect::<Vec<_>>(),
        made.keys().collect::<Vec<_>>()
    );
    assert!(kept == made, "the bytes differ: make sample-logs again");
}

/// A list of causes, from `truth.json` or from a report: what it is about, and how many.
fn causes(list: &Value, count: &str) -> BTreeMap<[String; 4], u64> {
    let text = |cause: &Value, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
    let of = |cause: &Value| ["event", "version", "code", "path"].map(|key| text(cause, key));
    let causes = list.as_array().unwrap();
    causes
        .iter()
        .map(|c| (of(c), c[count].as_u64().unwrap()))
        .collect()
}

#[test]
fn check_finds_what_the_truth_says_and_nothing_else() {
    let (dir, _) = made(|o| (o.records, o.objects, o.seed, o.faults) = (30_000, 24, 5, 0.05));
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_frontlog"));
    let output = check
        .arg("check")
        .arg(dir.path())
        .args(["--format", "json"])
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let truth = truth(dir.path());
    for (counter, count) in truth["counters"].as_object().unwrap() {
        assert_eq!(&report["counters"][counter], count, "{counter}");
    }
    assert_eq!(
        causes(&report["failures"], "failures"),
        causes(&truth["failures"], "count")
    );
    let rejects = report["rejects"].as_array().unwrap().iter();
    let rejects: BTreeMap<&str, u64> = rejects
        .map(|r| (r["code"].as_str().unwrap(), r["lines"].as_u64().unwrap()))
        .collect();
    let planted = truth["unreadable_by_code"].as_object().unwrap().iter();
    assert_eq!(
        rejects,
        planted
            .map(|(c, n)| (c.as_str(), n.as_u64().unwrap()))
            .collect()
    );
    let types = |list: &Value| -> BTreeMap<(String, String), (u64, u64)> {
        let list = list.as_array().unwrap().iter();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        list.map(|e| {
            let counts = (e["good"].as_u64().unwrap(), e["failed"].as_u64().unwrap());
            ((text(&e["event"]), text(&e["version"])), counts)
        })
        .collect()
    };
    assert_eq!(types(&report["events"]), types(&truth["events"]));
}

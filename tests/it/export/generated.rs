//! From generated logs to a batch that real readers read: as many rows and the same sums as `truth.json` says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use frontlog::commands::export::{ExportOptions, ExportSummary, run};
use frontlog::commands::generate::{GenerateOptions, generate};
use frontlog::contract::Contract;
use frontlog::error::Result;
use frontlog::export::{Compress, Format, Options};
use frontlog::model::Progress;
use frontlog::pipeline::{Needs, RunOptions};
use frontlog::source;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::oracle::Oracle;

/// Generated logs with every kind of fault.
pub struct Logs {
    pub folder: tempfile::TempDir,
    pub truth: Value,
}

impl Logs {
    pub fn new(records: u64, objects: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = GenerateOptions {
            dir: folder.path().into(),
            records,
            objects,
            faults: 0.05,
            seed: 7,
            ..GenerateOptions::default()
        };
        generate(&options).unwrap();
        let truth = std::fs::read(folder.path().join("truth.json")).unwrap();
        Self {
            folder,
            truth: serde_json::from_slice(&truth).unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Exports sources into a folder.
fn export(
    contract: &Path,
    sources: &[PathBuf],
    to: &Path,
    threads: usize,
    files: Options,
) -> Result<ExportSummary> {
    let run_options = RunOptions {
        source: source::Options {
            sources: sources.iter().map(|s| s.display().to_string()).collect(),
            ..source::Options::default()
        },
        contract: Arc::new(Contract::load(contract).unwrap()),
        threads,
        needs: Needs::default(),
    };
    let options = ExportOptions {
        to: to.into(),
        files,
        now_us: 0,
    };
    run(
        run_options,
        &options,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    )
}

fn export_all(logs: &Logs, to: &Path, threads: usize, files: Options) -> ExportSummary {
    export(logs.path(), &[logs.path().into()], to, threads, files).unwrap()
}

#[test]
fn the_batch_holds_what_truth_json_says() {
    let (logs, to) = (Logs::new(20_000, 12), tempfile::tempdir().unwrap());
    let summary = export_all(&logs, to.path(), 2, Options::default());
    let published = summary.published.unwrap();
    let counts = serde_json::to_value(published.counts).unwrap();
    for (name, count) in logs.truth["counters"].as_object().unwrap() {
        assert_eq!(&counts[name], count, "{name}");
    }
    for codes in ["failures_by_code", "unreadable_by_code"] {
        for (code, count) in logs.truth[codes].as_object().unwrap() {
            assert_eq!(
                published.failures_by_code.get(code).copied(),
                count.as_u64(),
                "{code}"
            );
        }
    }
    let Some(oracle) = Oracle::find() else { return };
    let root = to.path().display();
    let rows = |what: &str| {
        oracle.duckdb(&format!(
            "SELECT count(*) FROM read_parquet('{root}/{what}', union_by_name=true)"
        ))[0][0]
            .clone()
    };
    assert_eq!(rows("data/*/*/*.parquet"), logs.truth["counters"]["good"]);
    assert_eq!(
        rows("rejected/[!_]*/*/*.parquet"),
        logs.truth["counters"]["failed"]
    );
    assert_eq!(
        rows("rejected/_unreadable/*.parquet"),
        logs.truth["counters"]["unreadable_lines"]
    );
    for (name, sum) in logs.truth["sums_of_good_events"].as_object().unwrap() {
        let (event, property) = name.split_once('.').unwrap();
        let sql = format!(
            "SELECT sum({property}) FROM read_parquet('{root}/data/{event}_*/*/*.parquet')"
        );
        let found = oracle.duckdb(&sql)[0][0].as_f64().unwrap_or(0.0);
        assert!(
            (found - sum.as_f64().unwrap()).abs() < 1e-4,
            "{name}: {found} {sum}"
        );
    }
    let by_event = oracle.duckdb(&format!(
        "SELECT _event_name, _event_version, count(*) FROM read_parquet('{root}/data/*/*/*.parquet', union_by_name=true) GROUP BY ALL ORDER BY ALL"
    ));
    let expected: Vec<Value> = logs.truth["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["good"] != 0)
        .map(|e| serde_json::json!([e["event"], e["version"], e["good"]]))
        .collect();
    assert_eq!(by_event, Value::Array(expected));
    let raw = oracle.duckdb(&format!("SELECT count(*) FROM read_parquet('{root}/rejected/[!_]*/*/*.parquet', union_by_name=true) WHERE _raw IS NULL"));
    assert_eq!(raw[0][0], 0, "every failed event keeps its line");
    let ids = oracle.duckdb(&format!("SELECT count(*) FROM read_parquet('{root}/data/*/*/*.parquet', union_by_name=true) WHERE _request_id IS NULL"));
    assert_eq!(ids[0][0], 0);
}

#[test]
fn every_format_and_any_number_of_threads_give_the_same_content() {
    let logs = Logs::new(8_000, 9);
    let folders: Vec<_> = (0..5).map(|_| tempfile::tempdir().unwrap()).collect();
    let to = |i: usize| folders[i].path();
    let hash = |summary: ExportSummary| summary.published.unwrap().content_hash;
    let one = hash(export_all(&logs, to(0), 1, Options::default()));
    let many = hash(export_all(&logs, to(1), 7, Options::default()));
    assert_eq!(one, many);
    let csv = Options {
        format: Format::Csv,
        compress: Compress::Gzip,
        ..Options::default()
    };
    assert_eq!(hash(export_all(&logs, to(2), 2, csv)), one);
    let jsonl = Options {
        format: Format::Jsonl,
        ..Options::default()
    };
    assert_eq!(hash(export_all(&logs, to(3), 2, jsonl)), one);
    let (a, b) = (super::files(to(0)), super::files(to(1)));
    assert_eq!(a, b);
    for file in a.iter().filter(|f| {
        !f.ends_with(".manifest") && !f.ends_with("manifest.json") && !f.contains("/load/")
    }) {
        assert!(
            std::fs::read(to(0).join(file)).unwrap() == std::fs::read(to(1).join(file)).unwrap(),
            "{file} differs"
        );
    }
}

#[test]
fn a_second_export_publishes_only_what_is_new() {
    let (logs, to) = (Logs::new(4_000, 8), tempfile::tempdir().unwrap());
    let mut objects: Vec<PathBuf> = std::fs::read_dir(logs.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    objects.retain(|p| p.extension().is_some_and(|e| e == "gz"));
    objects.sort();
    let (some, _) = objects.split_at(objects.len() / 2);
    let first = export(logs.path(), some, to.path(), 2, Options::default()).unwrap();
    let second = export_all(&logs, to.path(), 2, Options::default());
    assert_eq!(second.already_published, some.len());
    let (a, b) = (
        first.published.unwrap().counts,
        second.published.unwrap().counts,
    );
    assert_eq!(
        Value::from(a.lines + b.lines),
        logs.truth["counters"]["lines"]
    );
    assert_eq!(
        Value::from(a.records + b.records),
        logs.truth["counters"]["records"]
    );
    let before = super::files(to.path());
    let third = export_all(&logs, to.path(), 2, Options::default());
    assert!(third.published.is_none() && !third.is_incomplete());
    assert_eq!(super::files(to.path()), before);
    // The folder named in another way is still the same input.
    let link = to.path().join("link");
    std::os::unix::fs::symlink(logs.path(), &link).unwrap();
    assert!(
        export(logs.path(), &[link], to.path(), 2, Options::default())
            .unwrap()
            .published
            .is_none()
    );
}

#[test]
fn an_input_that_changed_after_it_was_published_is_left_out_and_named() {
    let (logs, to) = (Logs::new(1_000, 3), tempfile::tempdir().unwrap());
    export_all(&logs, to.path(), 2, Options::default());
    let object = std::fs::read_dir(logs.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "gz"));
    let object = object.unwrap();
    let mut bytes = std::fs::read(&object).unwrap();
    bytes.extend_from_within(..);
    std::fs::write(&object, bytes).unwrap();
    let summary = export_all(&logs, to.path(), 2, Options::default());
    assert!(summary.published.is_none() && summary.is_incomplete());
    assert!(
        summary.changed_since[0].ends_with(&*object.file_name().unwrap().to_string_lossy()),
        "{:?}",
        summary.changed_since
    );
}

#[test]
fn a_cancelled_export_leaves_nothing() {
    let (logs, to) = (Logs::new(2_000, 4), tempfile::tempdir().unwrap());
    let run_options = RunOptions {
        source: source::Options {
            sources: vec![logs.path().display().to_string()],
            ..source::Options::default()
        },
        contract: Arc::new(Contract::load(logs.path()).unwrap()),
        threads: 2,
        needs: Needs::default(),
    };
    let cancel = CancellationToken::new();
    cancel.cancel();
    let options = ExportOptions {
        to: to.path().into(),
        files: Options::default(),
        now_us: 0,
    };
    assert!(
        run(
            run_options,
            &options,
            &Arc::new(Progress::default()),
            &cancel
        )
        .is_err()
    );
    assert_eq!(super::files(to.path()), Vec::<String>::new());
}

//! Presets on logs of their pixels: `tests/cases/presets/*.toml` name a log beside them, a contract or none, and what
//! is found in it. A new case needs no Rust.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::program::{file, folder, root, run};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    log: String,
    /// `frontlog.toml`; without it no contract is in force.
    contract: Option<String>,
    #[serde(default)]
    schemas: BTreeMap<String, String>,
    /// How events are said to be found; empty under event schemas.
    #[serde(default)]
    found: String,
    not_events: u64,
    /// Event and version: good, failed.
    events: BTreeMap<String, [u64; 2]>,
    /// Code, event, path: failures.
    #[serde(default)]
    failures: BTreeMap<String, u64>,
    #[serde(default)]
    query: Vec<Query>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    sql: String,
    /// Rows as JSON, one text each.
    rows: Vec<String>,
}

fn cases() -> Vec<(PathBuf, Case)> {
    let paths = std::fs::read_dir(root().join("tests/cases/presets")).unwrap();
    let mut paths: Vec<PathBuf> = paths.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    let read = |path: PathBuf| {
        let parsed: Result<CaseFile, _> = toml::from_str(&std::fs::read_to_string(&path).unwrap());
        let parsed = parsed.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        parsed
            .case
            .into_iter()
            .map(move |case| (path.clone(), case))
    };
    paths.into_iter().flat_map(read).collect()
}

#[test]
fn pixels_are_events_as_their_tracker_means_them() {
    let cases = cases();
    assert!(cases.len() >= 12, "only {} cases", cases.len());
    for (path, case) in cases {
        let name = format!("{}: {}", path.file_stem().unwrap().display(), case.name);
        check(&name, &case);
    }
}

fn check(name: &str, case: &Case) {
    let home = folder();
    let log = root().join("tests/cases/presets").join(&case.log);
    let mut wanted: Vec<String> = vec![log.to_str().unwrap().to_owned()];
    if let Some(contract) = &case.contract {
        file(home.path(), "contract/frontlog.toml", contract.as_bytes());
        for (schema, text) in &case.schemas {
            let at = format!("contract/schemas/{schema}.json");
            file(home.path(), &at, text.as_bytes());
        }
        wanted.extend(["--contract".to_owned(), "contract".to_owned()]);
    }
    let report = |threads: &str| {
        let fixed = ["check", "--format", "json", "--threads", threads];
        let arguments = fixed.into_iter().chain(wanted.iter().map(String::as_str));
        let ran = run(home.path(), arguments);
        assert!(
            [0, 3].contains(&ran.status),
            "{name}: {}{}",
            ran.stdout,
            ran.stderr
        );
        ran.json()
    };
    let found = report("1");
    assert_eq!(found, report("4"), "{name}: whatever the number of threads");
    assert_eq!(found["counters"]["not_events"], case.not_events, "{name}");
    assert_eq!(
        found["events_by"].as_str().unwrap_or_default(),
        case.found,
        "{name}"
    );
    assert_eq!(events(&found), case.events, "{name}");
    assert_eq!(failures(&found), case.failures, "{name}");
    for query in &case.query {
        rows(name, home.path(), query, &wanted);
    }
}

fn rows(name: &str, home: &Path, query: &Query, wanted: &[String]) {
    let fixed = ["query", query.sql.as_str(), "--format", "json"];
    let ran = run(
        home,
        fixed.into_iter().chain(wanted.iter().map(String::as_str)),
    )
    .exits(0);
    let found: Vec<Value> = ran.json().as_array().unwrap().iter().map(values).collect();
    let rows = query
        .rows
        .iter()
        .map(|row| serde_json::from_str(row).unwrap());
    assert_eq!(found, rows.collect::<Vec<Value>>(), "{name}: {}", query.sql);
}

/// The values of a row, JSON in a text as JSON.
fn values(row: &Value) -> Value {
    let value = |value: &Value| match value.as_str() {
        Some(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or(json!(text))
        }
        _ => value.clone(),
    };
    row.as_object().unwrap().values().map(value).collect()
}

fn events(report: &Value) -> BTreeMap<String, [u64; 2]> {
    let row = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let name = format!("{} {}", text("event"), text("version"));
        let n = |key: &str| row[key].as_u64().unwrap();
        (name.trim().to_owned(), [n("good"), n("failed")])
    };
    report["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(row)
        .collect()
}

fn failures(report: &Value) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for row in report["failures"].as_array().unwrap() {
        let texts = ["code", "event", "path"].map(|key| row[key].as_str().unwrap());
        *found.entry(texts.join(" ").trim().to_owned()).or_default() +=
            row["failures"].as_u64().unwrap();
    }
    found
}

//! The JSON Schema Test Suite through frontlog's own route: an event with one JSON payload, judged by the suite's schema.
//!
//! `.ci/run` fetches the suite and names its place in `FRONTLOG_JSON_SCHEMA_SUITE`; without it the test says that it skips.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use frontlog::contract::Contract;
use frontlog::model::{Causes, Counters, EventTypes, FailureColumns, Verdict};
use frontlog::pipeline::judging::{Judging, RecordView};
use serde::Deserialize;
use serde_json::{Value, json};

const DRAFTS: [(&str, &str); 5] = [
    ("draft4", "http://json-schema.org/draft-04/schema#"),
    ("draft6", "http://json-schema.org/draft-06/schema#"),
    ("draft7", "http://json-schema.org/draft-07/schema#"),
    (
        "draft2019-09",
        "https://json-schema.org/draft/2019-09/schema",
    ),
    (
        "draft2020-12",
        "https://json-schema.org/draft/2020-12/schema",
    ),
];

#[derive(Debug, Deserialize)]
struct Group {
    description: String,
    schema: Value,
    tests: Vec<Test>,
}

#[derive(Debug, Deserialize)]
struct Test {
    description: String,
    data: Value,
    valid: bool,
}

/// What frontlog answers otherwise, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    exception: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// Drafts, or all.
    drafts: Option<Vec<String>>,
    file: String,
    /// The group's description; absent: all groups of the file.
    group: Option<String>,
    /// The test's description; absent: all tests of the group.
    test: Option<String>,
    /// `refused`: the contract does not load; `stricter`: a valid instance fails.
    what: What,
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Refused,
    Stricter,
}

impl Exception {
    fn covers(&self, draft: &str, file: &str, group: &str, test: &str) -> bool {
        let all = |names: &Option<Vec<String>>| {
            names
                .as_ref()
                .is_none_or(|names| names.iter().any(|n| n == draft))
        };
        all(&self.drafts)
            && self.file == file
            && self.group.as_ref().is_none_or(|g| g == group)
            && self.test.as_ref().is_none_or(|t| t == test)
    }
}

const ROUTING: &str = r#"
[match]
path = ["/px"]
[event]
name = { query = "e" }
[payload]
d = { encoding = "base64url", media = "application/json", into = "data" }
"#;

/// A contract whose event `case` has a property `data` with the suite's schema, in a file of its own.
fn contract(draft: &str, uri: &str, schema: &Value) -> Result<Contract, String> {
    let dir = tempfile::tempdir().unwrap();
    let schemas = dir.path().join("schemas");
    std::fs::create_dir_all(schemas.join("parts")).unwrap();
    std::fs::write(dir.path().join("frontlog.toml"), ROUTING).unwrap();
    let event = json!({
        "$schema": uri,
        "properties": { "e": {}, "data": { "$ref": "parts/case.json" } },
    });
    std::fs::write(schemas.join("case.json"), event.to_string()).unwrap();
    let mut schema = schema.clone();
    if let (Value::Object(map), true) = (&mut schema, draft != "draft4") {
        map.entry("$schema").or_insert_with(|| uri.into());
    }
    std::fs::write(schemas.join("parts/case.json"), schema.to_string()).unwrap();
    Contract::load(dir.path()).map_err(|e| e.to_string())
}

fn judge(contract: &Arc<Contract>, data: &Value) -> (bool, Vec<String>) {
    let (types, causes) = (Arc::new(EventTypes::default()), Arc::new(Causes::default()));
    let mut judging = Judging::new(contract.clone(), types, causes.clone(), true, false);
    let mut failures = FailureColumns::default();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(data.to_string());
    let query = format!("e=case&d={payload}");
    let view = RecordView {
        method: "GET",
        stem: "/px",
        status: Some(200),
        query: &query,
        request_id: "-",
        time_us: 0,
        line: "",
        kept: frontlog::model::column::Lender::default(),
    };
    let (_, _, verdict) = judging.record(0, &view, &mut failures, &mut Counters::default());
    let told = failures.cause.iter().filter_map(|id| causes.get(*id));
    // A query near the limit of CloudFront is worth a warning, and no error.
    let told = told.map(|c| format!("{} {} {}", c.code.as_str(), c.path, c.keyword));
    (verdict == Verdict::Good, told.collect())
}

#[test]
fn required_cases_of_every_draft() {
    let Some(place) = std::env::var_os("FRONTLOG_JSON_SCHEMA_SUITE") else {
        eprintln!("skipped: FRONTLOG_JSON_SCHEMA_SUITE does not name the folder of the suite");
        return;
    };
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/cases/json_schema_suite.toml"
    );
    let exceptions: Exceptions = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut used = vec![0usize; exceptions.exception.len()];
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (draft, uri) in DRAFTS {
        for (name, groups) in files(&Path::new(&place).join(draft)) {
            for group in groups {
                let loaded = contract(draft, uri, &group.schema).map(Arc::new);
                for test in &group.tests {
                    let title = &group.description;
                    let find = |e: &Exception| e.covers(draft, &name, title, &test.description);
                    let at = exceptions.exception.iter().position(find);
                    let expected = at.map(|at| exceptions.exception[at].what);
                    if let Some(at) = at {
                        used[at] += 1;
                    }
                    let where_ = format!("{draft}/{name}: {title}: {}", test.description);
                    let count = counts.entry(draft).or_default();
                    count.0 += 1;
                    count.1 += usize::from(at.is_some());
                    let answer = match &loaded {
                        Err(error) => Err(error),
                        Ok(contract) => Ok(judge(contract, &test.data)),
                    };
                    match (answer, expected) {
                        (Err(_), Some(What::Refused)) => {}
                        (Err(error), _) => wrong.push(format!("{where_}: {error}")),
                        (Ok((false, _)), Some(What::Stricter)) if test.valid => {}
                        (Ok((good, told)), expected) => {
                            if expected.is_some() || good != test.valid || good != told.is_empty() {
                                wrong.push(format!("{where_}: good {good}, {told:?}"));
                            }
                        }
                    }
                }
            }
        }
    }
    for (draft, (all, known)) in &counts {
        println!("{draft}: {all} cases, {known} of them known exceptions");
    }
    for (exception, used) in exceptions.exception.iter().zip(used) {
        assert!(!exception.reason.is_empty());
        if used == 0 {
            wrong.push(format!("no case for the exception {exception:?}"));
        }
    }
    assert_eq!(counts.len(), 5, "every draft is there");
    assert!(counts.values().all(|(all, _)| *all > 500), "{counts:?}");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The required files of a draft.
fn files(folder: &Path) -> Vec<(String, Vec<Group>)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let groups = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, groups)
    };
    paths.into_iter().map(read).collect()
}

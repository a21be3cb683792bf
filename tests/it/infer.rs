//! `infer`: what it drafts (`tests/cases/infer/*.toml`), and that a draft finds no fault with its own log.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::program::{file, folder, header, record, root, run};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    rows: Vec<(usize, String)>,
    #[serde(default = "any_pixel")]
    routing: String,
    #[serde(default)]
    arguments: Vec<String>,
    properties: String,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
    version: Option<String>,
}

pub fn any_pixel() -> String {
    "[match]\npath = [\"/i\"]\n[event]\nname = { query = \"e\" }\n".to_owned()
}

/// A log of queries with their placeholders filled in.
pub fn log_of(rows: &[(usize, String)]) -> String {
    let mut log = header();
    let mut n = 0usize;
    for (times, query) in rows {
        for _ in 0..*times {
            let hash = |salt: u64| xxhash_rust::xxh3::xxh3_64_with_seed(&n.to_le_bytes(), salt);
            let hex = format!("{:016x}{:016x}", hash(1), hash(2));
            let uuid = format!(
                "{}-{}-{}-{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[12..16],
                &hex[16..20],
                &hex[20..]
            );
            let word = ["free", "basic", "silver", "gold", "team"][n % 5];
            let ms = 1_795_356_000_000u64 + n as u64 * 977;
            let query = query
                .replace("{i}", &n.to_string())
                .replace("{hex}", &hex)
                .replace("{uuid}", &uuid)
                .replace("{w}", word)
                .replace("{ms}", &ms.to_string());
            log += &record(n, &query, "ua");
            n += 1;
        }
    }
    log
}

fn without_comments(json: &mut Json) {
    if let Json::Object(map) = json {
        map.remove("$comment");
        map.values_mut().for_each(without_comments);
    }
}

#[test]
fn drafts_are_as_the_cases_say() {
    let text = std::fs::read_to_string(root().join("tests/cases/infer/drafts.toml")).unwrap();
    let cases: CaseFile = toml::from_str(&text).unwrap();
    for case in cases.case {
        let home = folder();
        file(home.path(), "frontlog.toml", case.routing.as_bytes());
        file(home.path(), "a.log", log_of(&case.rows).as_bytes());
        let mut arguments = vec!["infer", "a.log", "--format", "json"];
        arguments.extend(case.arguments.iter().map(String::as_str));
        let report = run(home.path(), &arguments).exits(0).json();
        let schema = &report["schemas"][0]["schema"];
        let mut properties = schema["properties"].clone();
        without_comments(&mut properties);
        let wanted: Json = serde_json::from_str(&case.properties).unwrap();
        let name = &case.name;
        assert_eq!(properties, wanted, "{name}:\n{schema:#}");
        let order = |json: &Json| {
            json.as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(order(&properties), order(&wanted), "{name}");
        let required = schema
            .get("required")
            .cloned()
            .unwrap_or(Json::Array(vec![]));
        assert_eq!(required, serde_json::json!(case.required), "{name}");
        assert_eq!(report["notes"], serde_json::json!(case.notes), "{name}");
        if let Some(version) = &case.version {
            assert_eq!(schema["version"], **version, "{name}");
        }
    }
}

/// Judges `source` by the drafts in `contract`: the causes that speak of a schema.
fn faults_found(home: &Path, source: &str, contract: &str) -> Vec<String> {
    let ran = run(
        home,
        ["check", source, "--contract", contract, "--format", "json"],
    );
    let report = ran.json();
    let failures = report["failures"].as_array().unwrap();
    let of_schema = failures.iter().filter(|f| {
        let code = f["code"].as_str().unwrap();
        (code.starts_with('V') || code == "R202" || code == "R203") && f["severity"] == "error"
    });
    of_schema.map(ToString::to_string).collect()
}

#[test]
fn a_draft_finds_no_fault_with_its_own_log() {
    let home = folder();
    for (seed, faults) in [("1", "0"), ("2", "1%"), ("3", "20%")] {
        let (logs, to) = (format!("logs{seed}"), format!("contract{seed}"));
        let generate = ["generate", &*logs, "--records", "6000", "--objects", "3"];
        run(
            home.path(),
            [&generate[..], &["--seed", seed, "--faults", faults]].concat(),
        )
        .exits(0);
        run(
            home.path(),
            ["infer", &*logs, "--to", &*to, "--tolerate", "0"],
        )
        .exits(0);
        let found = faults_found(home.path(), &logs, &to);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
    let samples = root().join("sample-logs");
    let samples = samples.to_str().unwrap();
    run(
        home.path(),
        ["infer", samples, "--to", "samples", "--tolerate", "0"],
    )
    .exits(0);
    let found = faults_found(home.path(), samples, "samples");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_tolerated_share_is_all_that_a_draft_finds() {
    let home = folder();
    let logs = [
        "generate",
        "logs",
        "--records",
        "20000",
        "--faults",
        "1%",
        "--seed",
        "4",
    ];
    run(home.path(), logs).exits(0);
    run(
        home.path(),
        ["infer", "logs", "--to", "to", "--tolerate", "2%"],
    )
    .exits(0);
    let ran = run(
        home.path(),
        ["check", "logs", "--contract", "to", "--format", "json"],
    );
    for cause in ran.json()["failures"].as_array().unwrap() {
        let (rows, all) = (cause["rows"].as_u64().unwrap(), cause["of_events"].as_f64());
        let is_schema = cause["code"].as_str().unwrap().starts_with("V4");
        // `of_events` is the number of events of the type.
        assert!(!is_schema || rows as f64 <= 0.02 * all.unwrap(), "{cause}");
    }
}

#[test]
fn the_same_for_any_number_of_threads() {
    let home = folder();
    let samples = root().join("sample-logs");
    let samples = samples.to_str().unwrap();
    let drafted = |threads| {
        run(home.path(), ["infer", samples, "--threads", threads])
            .exits(0)
            .stdout
    };
    assert_eq!(drafted("1"), drafted("7"));
}

#[test]
fn files_that_are_there_are_left_alone() {
    let home = folder();
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    let rows = [(20, "e=a&n={i}".to_owned()), (20, "e=b&n={i}".to_owned())];
    file(home.path(), "a.log", log_of(&rows).as_bytes());
    file(home.path(), "to/schemas/a.json", b"{}");
    let ran = run(home.path(), ["infer", "a.log", "--to", "to"]).exits(3);
    assert!(
        ran.stdout
            .contains("schemas/a.json  is there already and was left alone")
    );
    assert!(
        ran.stdout
            .contains("schemas/b.json  written: 1 property from 20 events")
    );
    let text = |name: &str| std::fs::read_to_string(home.path().join("to").join(name)).unwrap();
    assert_eq!(text("schemas/a.json"), "{}");
    assert_eq!(text("frontlog.toml"), any_pixel());
    // Once more: what this command wrote is no finding, what another wrote still is one.
    let again = run(
        home.path(),
        ["infer", "a.log", "--to", "to", "--event", "b"],
    )
    .exits(0);
    assert_eq!(again.stdout, "schemas/b.json  is there already, the same\n");
    let one = run(home.path(), ["infer", "a.log", "--event", "b"]).exits(0);
    assert_eq!(one.stdout, text("schemas/b.json"));
}

#[test]
fn names_that_are_no_files_are_told() {
    let home = folder();
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    let rows = [
        (9, "e=..%2F..%2Fx&n=1".to_owned()),
        (9, "e=ok%252Ejson&n=1".to_owned()),
    ];
    file(home.path(), "a.log", log_of(&rows).as_bytes());
    let ran = run(home.path(), ["infer", "a.log", "--to", "to"]).exits(0);
    assert!(
        ran.stderr
            .contains("have no schema: its name cannot be the name of a file"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        std::fs::read_dir(home.path().join("to/schemas"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn floods_of_names_leave_what_is_frequent() {
    let home = folder();
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    let rows = [
        (3_000, "e=x&n={i}&a{i}=1&b{i}=1&c{i}=1&d{i}=1".to_owned()),
        (9_000, "e=y{i}".to_owned()),
    ];
    file(home.path(), "a.log", log_of(&rows).as_bytes());
    let report = run(home.path(), ["infer", "a.log", "--format", "json"])
        .exits(0)
        .json();
    let schemas: BTreeMap<&str, &Json> = report["schemas"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["event"].as_str().unwrap(), &s["schema"]))
        .collect();
    let of_x = schemas["x"]["properties"].as_object().unwrap();
    assert_eq!(
        (of_x.len(), &of_x["n"]["type"]),
        (1, &Json::from("integer"))
    );
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("properties too rare to be described")
            && notes.contains("past the first thousands"),
        "{notes}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_log_is_good_by_its_own_draft(
        columns in proptest::collection::vec(
            (prop_oneof![
                Just("[0-9]{1,3}"), Just("-?[0-9]{1,20}"), Just("-?[0-9]{1,2}(\\.[0-9]{1,2})?(e[0-9]{1,3})?"),
                Just("true|false|0|1"), Just("[a-c]?"), Just("SKU-[0-9]{4}"), Just("[0-9a-f]{8}"), Just("[A-Z]{2}"),
                Just("2026-1[0-9]-[0-3][0-9](T1[0-9]:00:00Z)?"), Just("179[0-9]{7}|179[0-9]{10}"), Just("[a-z ]{0,40}"),
                Just("(10\\.0\\.0\\.[0-9]{1,3}|fe80::[0-9a-f]{1,4})"), Just("https?://[a-z]{1,9}/"), Just("\\PC{0,6}"),
            ], 1u32..=100),
            1..6
        ),
        rows in 1usize..400, seed in any::<u64>()
    ) {
        use proptest::strategy::ValueTree;
        use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner, Config};
        let mut bytes = [0u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let mut log = header();
        for n in 0..rows {
            let mut query = "e=x".to_owned();
            for (i, (pattern, share)) in columns.iter().enumerate() {
                let present = (0u32..100).new_tree(&mut runner).unwrap().current() < *share;
                let value = proptest::string::string_regex(pattern).unwrap().new_tree(&mut runner).unwrap().current();
                if present {
                    let encoded: String = value.bytes().map(|b| format!("%{b:02X}")).collect();
                    query += &format!("&p{i}={encoded}");
                }
            }
            log += &record(n, &query, "ua");
        }
        let home = folder();
        file(home.path(), "frontlog.toml", any_pixel().as_bytes());
        file(home.path(), "a.log", log.as_bytes());
        run(home.path(), ["infer", "a.log", "--to", "to", "--tolerate", "0"]).exits(0);
        let found = faults_found(home.path(), "a.log", "to");
        prop_assert!(found.is_empty(), "{:#?}\n{}", found, std::fs::read_to_string(home.path().join("to/schemas/x.json")).unwrap());
    }
}

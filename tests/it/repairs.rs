//! Repairs: as functions, as edits of `frontlog.toml`, previewed and accepted over whole runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use frontlog::contract::repair::{Mending, Repairs, words_of};
use frontlog::contract::{Contract, Repair, repair_edit};
use frontlog::frame::Snapshot;
use frontlog::model::Progress;
use frontlog::pipeline::judging::preview::PreviewRow;
use frontlog::pipeline::{Needs, RunOptions, load, preview_repairs};
use frontlog::source;
use proptest::prelude::*;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::program::{file, folder, header, record, root, run};

fn cases(name: &str) -> String {
    std::fs::read_to_string(root().join("tests/cases/repairs").join(name)).unwrap()
}

#[derive(Deserialize)]
struct Texts {
    words: Vec<Box<str>>,
    cases: BTreeMap<String, Vec<Vec<String>>>,
}

#[test]
fn each_repair_makes_of_a_text_what_the_cases_say() {
    let file: Texts = toml::from_str(&cases("texts.toml")).unwrap();
    assert_eq!(file.cases.len(), Repair::ALL.len());
    for (name, cases) in &file.cases {
        let repair = Repair::parse(name).unwrap();
        for case in cases {
            let mut out = "left over".to_owned();
            let done = repair.apply(&case[0], &file.words, &mut out);
            assert_eq!(done.then_some(&out), case.get(1), "{name}: {:?}", case[0]);
        }
    }
}

#[derive(Deserialize)]
struct Edits {
    edit: Vec<Edit>,
}

#[derive(Deserialize)]
struct Edit {
    name: String,
    key: String,
    repair: String,
    before: String,
    after: Option<String>,
}

#[test]
fn accepting_a_repair_edits_the_file_as_little_as_can_be() {
    let file: Edits = toml::from_str(&cases("edits.toml")).unwrap();
    for edit in file.edit {
        let repair = Repair::parse(&edit.repair).unwrap();
        let path = Path::new("frontlog.toml");
        let done = repair_edit::with_repair(path, &edit.before, &edit.key, repair);
        match (done, edit.after) {
            (Ok(after), Some(wanted)) => assert_eq!(after, wanted, "{}", edit.name),
            (Err(why), None) => {
                let line = format!("\"{}\" = \"{}\"", edit.key, edit.repair);
                assert!(why.to_string().contains(&line), "{}: {why}", edit.name);
            }
            (done, _) => panic!("{}: {done:?}", edit.name),
        }
    }
}

const SCHEMA: &str = r#"{
  "properties": {
    "e": { "type": "string" },
    "value": { "type": "number", "minimum": 0 },
    "cur": { "type": "string", "enum": ["EUR", "USD"] },
    "text": { "type": "string", "pattern": "^[^%]*$", "maxLength": 5 },
    "maybe": { "type": ["integer", "null"] },
    "lang": { "type": "string", "default": "en" }
  },
  "required": ["lang"]
}"#;

const MATCH: &str =
    "[match]\npath = [\"/i\"]\n[event]\nname = { query = \"e\" }\nid = { query = \"id\" }\n";

fn contract(dir: &Path, repair: &str) -> Arc<Contract> {
    file(dir, "frontlog.toml", format!("{MATCH}{repair}").as_bytes());
    file(dir, "schemas/checkout.json", SCHEMA.as_bytes());
    Arc::new(Contract::load(dir).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// Whatever is accepted: what comes out passes its rule, and what passes is never touched.
    #[test]
    fn a_repaired_value_passes_and_a_good_one_is_left_alone(
        property in 1..6_usize,
        chosen in proptest::sample::subsequence(Repair::ALL[..7].to_vec(), 0..=7),
        text in "[ ]{0,2}[-+]{0,1}([0-9]{0,13}|[0-9]{1,3},[0-9]{1,3}|(%2[05]){1,2}|[eEuUrRsSdD]{3}|.{0,4})[ ]{0,1}",
    ) {
        let dir = folder();
        let contract = contract(dir.path(), "");
        let property = &contract.schemas[0].properties[property];
        let repairs = Repairs { list: chosen, words: words_of(&property.rule), default: None };
        let (mut mending, mut broken) = (Mending::default(), vec![]);
        if repairs.mend(&property.rule, &text, &mut mending).is_some() {
            prop_assert!(property.rule.judge(&mending.text, &mut broken).is_some());
            prop_assert!(broken.is_empty(), "{:?} → {:?}", text, mending.text);
            prop_assert_ne!(&mending.text, &text);
        }
    }
}

/// 60 of a hundred are good; the others each fail in a way of their own.
fn log(rows: usize) -> String {
    let query = |n: usize| match n % 10 {
        0 => format!("e=checkout&lang=de&id={n}&value={},50", n % 90),
        1 => format!("e=checkout&lang=de&id={n}&cur=eur"),
        2 => format!("e=checkout&lang=de&id={n}&text=a%2520%2520"),
        3 => format!("e=checkout&id={n}&value=1"),
        // Not even a good one of its length may be altered unasked.
        4 => format!("e=checkout&lang=de&id={n}&text=%2520a"),
        5 => format!("e=checkout&lang=de&id={n}&value=x&cur=usd"),
        6 => format!("e=checkout&lang=de&id={n}&text=abcd%2520%2520"),
        _ => format!("e=checkout&lang=de&id={n}&value={n}&cur=EUR&maybe={n}"),
    };
    let lines: String = (0..rows).map(|n| record(n, &query(n), "agent")).collect();
    header() + &lines
}

fn options(dir: &Path, contract: &Arc<Contract>, threads: usize) -> RunOptions {
    RunOptions {
        source: source::Options {
            sources: vec![dir.join("logs").display().to_string()],
            ..source::Options::default()
        },
        contract: contract.clone(),
        threads,
        needs: Needs {
            judge: true,
            repairs: true,
            ..Needs::default()
        },
    }
}

fn loaded(options: &RunOptions) -> Snapshot {
    let progress = Arc::new(Progress::default());
    load(options, &progress, &CancellationToken::new()).unwrap()
}

struct Nothing;

impl frontlog::model::Sink for Nothing {
    fn take(&mut self, _: frontlog::model::Batch) -> frontlog::error::Result<()> {
        Ok(())
    }
}

fn previewed(options: &RunOptions) -> Vec<PreviewRow> {
    let progress = Arc::new(Progress::default());
    let cancel = CancellationToken::new();
    frontlog::pipeline::run(options, &mut Nothing, &progress, &cancel)
        .unwrap()
        .repairs
}

#[test]
fn a_preview_is_the_same_for_any_number_of_threads_and_over_what_is_loaded() {
    let dir = folder();
    let contract = contract(dir.path(), "");
    for part in 0..5 {
        file(dir.path(), &format!("logs/{part}.log"), log(200).as_bytes());
    }
    let one = previewed(&options(dir.path(), &contract, 1));
    for threads in [2, 5] {
        assert_eq!(previewed(&options(dir.path(), &contract, threads)), one);
    }
    let snapshot = loaded(&options(dir.path(), &contract, 2));
    let again = preview_repairs(&snapshot, &contract, &AtomicBool::new(false));
    assert_eq!(again.unwrap(), one);
    let cancelled = preview_repairs(&snapshot, &contract, &AtomicBool::new(true));
    assert_eq!(cancelled, None);

    let row = |code: &str, path: &str| {
        one.iter()
            .find(|r| r.code == code && r.path == path)
            .unwrap()
    };
    let counts = |row: &PreviewRow| -> Vec<(&str, u64, u64)> {
        let repairs = row.repairs.iter();
        repairs
            .map(|r| (r.repair, r.repairs, r.changes_good))
            .collect()
    };
    assert_eq!(row("V402", "value").failing, 200);
    assert_eq!(counts(row("V402", "value")), [("decimal_comma", 100, 0)]);
    assert_eq!(row("V403", "cur").failing, 200);
    assert_eq!(counts(row("V403", "cur")), [("case", 200, 0)]);
    // A hundred fail by their length; "a  " and " a" are good as they are, and would be altered.
    assert_eq!(counts(row("V407", "text")), [("trim", 100, 200)]);
    assert_eq!(counts(row("V401", "lang")), [("default", 100, 0)]);
    let examples = &row("V402", "value").repairs[0].examples;
    let shown: Vec<_> = examples
        .iter()
        .map(|e| (e.from.as_deref(), e.to.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (Some("0,50"), "0.50"),
            (Some("10,50"), "10.50"),
            (Some("20,50"), "20.50")
        ]
    );
}

/// What the preview promised is what accepting it brings: counts, identity, values, and nothing that was good.
#[test]
fn what_was_previewed_is_what_accepting_brings() {
    let dir = folder();
    let before = contract(dir.path(), "");
    file(dir.path(), "logs/a.log", log(1_000).as_bytes());
    let failed = loaded(&options(dir.path(), &before, 2)).counters.failed;
    assert_eq!(failed, 500);
    for (key, repair) in [
        ("checkout.value", Repair::DecimalComma),
        ("checkout.cur", Repair::Case),
        ("checkout.text", Repair::Trim),
        ("checkout.lang", Repair::Default),
    ] {
        repair_edit::accept(dir.path(), key, repair).unwrap();
    }
    let after = Arc::new(Contract::load(dir.path()).unwrap());
    assert_ne!(after.digest, before.digest);
    for threads in [1, 3] {
        let snapshot = loaded(&options(dir.path(), &after, threads));
        let c = snapshot.counters;
        c.identity().unwrap();
        // One in ten has a value that nothing repairs, and one that is repaired all the same.
        assert_eq!((c.failed, c.good, c.repaired), (100, 900, 400));
        assert_eq!(c.infos, 500);
        let sql = "SELECT value, repaired, message FROM failures WHERE code = 'F701' AND path = 'value' ORDER BY record";
        let listed = frontlog::frame::sql::query(&snapshot, sql, &AtomicBool::new(false)).unwrap();
        assert_eq!(listed.height(), 100);
        let first: Vec<String> = listed
            .get(0)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            first,
            [
                "\"0,50\"",
                "\"0.50\"",
                "\"value: \"0,50\" repaired to \"0.50\" (decimal_comma)\""
            ]
        );
        let sql = "SELECT count(*) AS n FROM checkout WHERE value = 0.5 AND lang = 'de'";
        let rows = frontlog::frame::sql::query(&snapshot, sql, &AtomicBool::new(false)).unwrap();
        assert_eq!(rows.get(0).unwrap()[0].to_string(), "12");
    }
}

const ALL: &str = "[repair]\n\"checkout.value\" = \"decimal_comma\"\n\"*.cur\" = \"case\"\n";

#[test]
fn check_counts_repaired_events_apart_and_previews_the_others() {
    let home = folder();
    contract(home.path(), ALL);
    file(home.path(), "logs/a.log", log(1_000).as_bytes());
    let typed = ["check", "logs", "--contract", ".", "--preview-repairs"];
    let text = run(home.path(), typed).exits(3).stdout;
    for line in [
        "  200 of the good repaired, as [repair] of frontlog.toml accepts\n",
        "\"0,50\" → \"0.50\"",
        "    \"checkout.text\" = \"trim\"   repairs 100 of 100, changes 200 good rows\n        \"abcd  \" → \"abcd\"\n",
        "    \"checkout.lang\" = \"default\"   repairs 100 of 100, changes 0 good rows\n        missing → \"en\"\n",
        "  V402 checkout.value: a number, 100 failing\n    no repair helps\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let typed = [
        "check",
        "logs",
        "--contract",
        ".",
        "--preview-repairs",
        "--format",
        "json",
    ];
    let json = run(home.path(), typed).exits(3).json();
    assert_eq!(json["counters"]["repaired"], 200);
    let repairs = json["repairs"].as_array().unwrap();
    let text = repairs.iter().find(|r| r["path"] == "text").unwrap();
    assert_eq!(
        (&text["failing"], &text["repairs"][0]["repair"]),
        (&100.into(), &"trim".into())
    );
    let unasked = run(
        home.path(),
        ["check", "logs", "--contract", ".", "--format", "json"],
    );
    assert!(unasked.exits(3).json().get("repairs").is_none());
}

#[test]
fn an_export_holds_the_repaired_values_and_says_which_they_are() {
    let home = folder();
    contract(home.path(), ALL);
    file(home.path(), "logs/a.log", log(100).as_bytes());
    let typed = [
        "export",
        "logs",
        "--contract",
        ".",
        "--to",
        "out",
        "--format",
        "jsonl",
        "--report",
        "json",
    ];
    let report = run(home.path(), typed).exits(0).json();
    assert_eq!(report["published"]["counts"]["repaired"], 20, "{report}");
    let lines: Vec<String> = walkdir::WalkDir::new(home.path().join("out/data"))
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .flat_map(|e| {
            let text = std::fs::read_to_string(e.path()).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let rows: Vec<serde_json::Value> = lines
        .iter()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let repaired: Vec<_> = rows.iter().filter(|r| r["_repairs"].is_string()).collect();
    assert_eq!((rows.len(), repaired.len()), (70, 20));
    let row = repaired.iter().find(|r| r["value"] == 10.5).unwrap();
    assert_eq!(row["_repairs"], "{\"value\":\"10,50\"}");
}

/// All events fail: counts exact, identity whole, nothing kept twice.
#[test]
fn a_log_in_which_every_event_fails_is_told_in_full() {
    let home = folder();
    contract(home.path(), "");
    let lines: String = (0..3_000)
        .map(|n| record(n, &format!("e=checkout&id={n}&value=no-{n}&cur=x"), "agent"))
        .collect();
    file(home.path(), "logs/a.log", (header() + &lines).as_bytes());
    let json = run(
        home.path(),
        ["check", "logs", "--contract", ".", "--format", "json"],
    );
    let json = json.exits(3).json();
    assert_eq!(
        (&json["counters"]["failed"], &json["counters"]["good"]),
        (&3_000.into(), &0.into())
    );
    let rows: Vec<_> = json["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["rows"].as_u64())
        .collect();
    assert_eq!(rows, [Some(3_000); 3]);
}

/// What a value was repaired to is as private as the value.
#[test]
fn privacy_hides_what_a_value_was_repaired_to() {
    let home = folder();
    contract(home.path(), &format!("{ALL}[privacy]\ncur = \"drop\"\n"));
    file(home.path(), "logs/a.log", log(20).as_bytes());
    let sql = "SELECT path, value, repaired FROM failures WHERE code = 'F701' ORDER BY record";
    let typed = ["query", sql, "logs", "--contract", ".", "--format", "csv"];
    let shown = run(home.path(), typed).exits(0).stdout;
    assert!(shown.contains("\"cur\",\"eur\",\"EUR\"\n"), "{shown}");
    let private = run(home.path(), typed.into_iter().chain(["--private"]))
        .exits(0)
        .stdout;
    assert!(private.contains("\"cur\",\\N,\\N\n"), "{private}");
    assert!(
        private.contains("\"value\",\"0,50\",\"0.50\"\n"),
        "{private}"
    );
    assert!(!private.to_lowercase().contains("eur"), "{private}");
}

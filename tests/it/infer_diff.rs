//! `infer --diff`: its patches apply, and leave nothing to propose; what a change means to the version.

use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use serde_json::Value as Json;

use crate::infer::{any_pixel, log_of};
use crate::program::{file, folder, root, run};

/// Copies `frontlog.toml` and `schemas/`.
fn copy_contract(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("schemas")).unwrap();
    std::fs::copy(from.join("frontlog.toml"), to.join("frontlog.toml")).unwrap();
    for entry in std::fs::read_dir(from.join("schemas")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join("schemas").join(path.file_name().unwrap())).unwrap();
    }
}

/// Applies a patch in a folder by each program that there is; all must leave the same files.
fn apply(patch: &str, contract: &Path) {
    let patch_file = contract.parent().unwrap().join("p.patch");
    std::fs::write(&patch_file, patch).unwrap();
    let mut done = 0;
    let before = tempfile::tempdir().unwrap();
    copy_contract(contract, before.path());
    for words in [
        ["git", "apply"].as_slice(),
        &["patch", "-p1", "--no-backup-if-mismatch", "-i"],
    ] {
        let target = tempfile::tempdir().unwrap();
        copy_contract(before.path(), target.path());
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .arg(&patch_file)
            .current_dir(target.path());
        let Ok(output) = command.stdin(Stdio::null()).output() else {
            eprintln!("{} is not here: not tried", words[0]);
            continue;
        };
        assert!(output.status.success(), "{words:?}: {output:?}\n{patch}");
        copy_contract(target.path(), contract);
        let name = |path: &Path| path.file_name().unwrap().to_owned();
        if done > 0 {
            for entry in std::fs::read_dir(target.path().join("schemas")).unwrap() {
                let path = entry.unwrap().path();
                let other = contract.join("schemas").join(name(&path));
                assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(other).unwrap());
            }
        }
        done += 1;
    }
    assert!(done > 0, "neither git nor patch is here");
}

/// The causes by the schemas that an error is told of.
fn faults(home: &Path, source: &str, contract: &str) -> Vec<String> {
    let report = run(
        home,
        ["check", source, "--contract", contract, "--format", "json"],
    )
    .json();
    let failures = report["failures"].as_array().unwrap().clone();
    let of_schema = failures.iter().filter(|f| {
        let code = f["code"].as_str().unwrap();
        (code.starts_with('V') || code == "R202" || code == "R203") && f["severity"] == "error"
    });
    of_schema.map(ToString::to_string).collect()
}

#[test]
fn patched_sample_contracts_find_no_fault_and_leave_nothing_to_propose() {
    let home = folder();
    let samples = root().join("sample-logs");
    let logs = samples.to_str().unwrap();
    let contract = home.path().join("c");
    copy_contract(&samples, &contract);
    let diff = [
        "infer",
        logs,
        "--contract",
        "c",
        "--diff",
        "--tolerate",
        "0",
    ];
    let ran = run(home.path(), diff).exits(3);
    assert!(
        ran.stdout
            .contains("# checkout 1-0-2 to 1-0-3: addition (proved: "),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("#   value: type number becomes number or string: 181 of 581 values break it (31.2 %), such as \"250,50\""));
    assert_eq!(
        run(home.path(), [&diff[..], &["--threads", "1"]].concat()).stdout,
        ran.stdout
    );
    apply(&ran.stdout, &contract);
    assert_eq!(faults(home.path(), logs, "c"), Vec::<String>::new());
    let again = run(home.path(), diff).exits(0);
    assert_eq!(again.stdout, "");
}

#[test]
fn a_patch_leaves_the_files_own_writing_alone() {
    let home = folder();
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    let schema = "{\"version\":\"1-0-0\",\n\t\"required\": [ \"a\",\"b\" ],\n\t\"properties\": {\n\t\t\"b\":{\"type\":\"string\",\"enum\":[\"x\",\"y\"]},\n\t\t\"a\"  : { \"minimum\": 1, \"type\": \"integer\" }\n\t}}";
    file(home.path(), "schemas/x.json", schema.as_bytes());
    let rows = [
        (99, "e=x&a=5&b=x".to_owned()),
        (50, "e=x&a=0&b=z".to_owned()),
        (51, "e=x&b=y&n=7".to_owned()),
    ];
    file(home.path(), "a.log", log_of(&rows).as_bytes());
    let ran = run(home.path(), ["infer", "a.log", "--diff"]).exits(3);
    let wanted = "\
# x 1-0-0 to 1-0-1: addition (proved: every event that the old one accepts, the new one does, but for values of new optional properties)
#   b: enum gains \"z\": 50 of 200 values break it (25 %), such as \"z\"
#   a: minimum becomes 0: 50 of 149 values break it (33.6 %), such as \"0\"
#   a: no longer required: absent in 51 of 200 events (25.5 %)
#   n: new, in 51 of 200 events (25.5 %)
--- a/schemas/x.json
+++ b/schemas/x.json
@@ -1,6 +1,9 @@
 {\"version\":\"1-0-0\",
-\t\"required\": [ \"a\",\"b\" ],
+\t\"required\": [ \"b\" ],
 \t\"properties\": {
-\t\t\"b\":{\"type\":\"string\",\"enum\":[\"x\",\"y\"]},
-\t\t\"a\"  : { \"minimum\": 1, \"type\": \"integer\" }
+\t\t\"b\":{\"type\":\"string\",\"enum\":[\"x\",\"y\", \"z\"]},
+\t\t\"a\"  : { \"minimum\": 0, \"type\": \"integer\" },
+\t\t\"n\": {
+\t\t\t\"type\": \"integer\"
+\t\t}
 \t}}
\\ No newline at end of file
";
    assert_eq!(ran.stdout, wanted);
    let contract = home.path().join("c");
    copy_contract(home.path(), &contract);
    apply(&ran.stdout, &contract);
    run(home.path(), ["infer", "a.log", "--contract", "c", "--diff"]).exits(0);
    // Into a file, once.
    let said = run(home.path(), ["infer", "a.log", "--diff", "--to", "x.patch"]).exits(3);
    assert_eq!(said.stdout, "x.patch  written\n");
    assert_eq!(
        std::fs::read_to_string(home.path().join("x.patch")).unwrap(),
        wanted
    );
    file(home.path(), "x.patch", b"mine");
    let said = run(home.path(), ["infer", "a.log", "--diff", "--to", "x.patch"]).exits(3);
    assert_eq!(
        said.stdout,
        "x.patch  is there already and was left alone\n"
    );
    assert_eq!(std::fs::read(home.path().join("x.patch")).unwrap(), b"mine");
}

#[test]
fn a_new_version_is_a_new_file() {
    let home = folder();
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    let schema =
        b"{\n  \"version\": \"1-0-4\",\n  \"properties\": { \"a\": { \"enum\": [\"x\"] } }\n}\n";
    file(home.path(), "schemas/x.json", schema);
    file(
        home.path(),
        "a.log",
        log_of(&[(30, "e=x&a=y".to_owned())]).as_bytes(),
    );
    let report = run(
        home.path(),
        [
            "infer",
            "a.log",
            "--diff",
            "--new-version",
            "--format",
            "json",
        ],
    )
    .exits(3)
    .json();
    let difference = &report["differences"][0];
    assert_eq!(difference["next_version"], "1-0-5");
    assert_eq!(
        (&difference["step"], &difference["file"]),
        (&Json::from("addition"), &Json::from("schemas/x.1-0-5.json"))
    );
    let contract = home.path().join("c");
    copy_contract(home.path(), &contract);
    apply(difference["patch"].as_str().unwrap(), &contract);
    assert_eq!(
        std::fs::read(contract.join("schemas/x.json")).unwrap(),
        schema
    );
    assert_eq!(faults(home.path(), "a.log", "c"), Vec::<String>::new());
}

#[test]
fn what_no_proof_decides_is_judged_again() {
    let home = folder();
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    let schema = br#"{"dependencies": {}, "unevaluatedProperties": false, "properties": {"a": {"enum": ["x"]}}}"#;
    file(home.path(), "schemas/x.json", schema);
    let rows = [(30, "e=x&a=y".to_owned()), (12, "e=x&a=x".to_owned())];
    file(home.path(), "a.log", log_of(&rows).as_bytes());
    let ran = run(home.path(), ["infer", "a.log", "--diff"]).exits(3);
    let wanted = "# x 1-0-0 to 1-0-1: addition (by judging again, because nothing was proved: 0 of 12 good events are lost)\n";
    assert!(ran.stdout.starts_with(wanted), "{}", ran.stdout);
}

#[test]
fn a_contract_without_schemas_has_no_difference() {
    let home = folder();
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    file(
        home.path(),
        "a.log",
        log_of(&[(3, "e=x".to_owned())]).as_bytes(),
    );
    let ran = run(home.path(), ["infer", "a.log", "--diff"]).exits(2);
    assert!(
        ran.stderr
            .contains("--diff compares with event schemas, and there are none"),
        "{}",
        ran.stderr
    );
}

#[test]
fn two_files_are_compared_without_a_log() {
    let home = folder();
    let schema = |properties: &str| {
        format!(
            "{{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"version\": \"1-2-3\", \"type\": \"object\", \"properties\": {{{properties}}}}}"
        )
    };
    file(
        home.path(),
        "a.json",
        schema("\"n\": {\"type\": \"integer\"}").as_bytes(),
    );
    file(
        home.path(),
        "b.json",
        schema("\"n\": {\"type\": \"number\"}").as_bytes(),
    );
    let compared = |a: &str, b: &str, status| {
        run(home.path(), ["infer", "--compare", a, b])
            .exits(status)
            .stdout
    };
    assert_eq!(
        compared("a.json", "b.json", 0),
        "addition: version 1-2-4 (proved: every event that the old one accepts, the new one does)\n"
    );
    assert_eq!(
        compared("b.json", "a.json", 3),
        "revision: version 1-3-0 (proved: the new one refuses events that the old one accepts)\n"
    );
    assert_eq!(
        compared("a.json", "a.json", 0),
        "the same: version 1-2-3 (proved: both accept the same events)\n"
    );
    run(home.path(), ["infer", "--compare", "a.json"]).exits(2);
    run(home.path(), ["infer", "--compare", "a.json", "no.json"]).exits(1);
}

#[test]
fn an_enum_that_meets_empty_texts_gains_null() {
    let home = folder();
    let pixels = |texts: &[&str]| {
        let rows: Vec<_> = texts.iter().map(|t| (100, format!("e=x&p={t}"))).collect();
        log_of(&rows)
    };
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    file(
        home.path(),
        "one.log",
        pixels(&["on", "off", "on", "off"]).as_bytes(),
    );
    file(
        home.path(),
        "two.log",
        pixels(&["on", "", "off"]).as_bytes(),
    );
    run(home.path(), ["infer", "one.log", "--to", "c"]).exits(0);
    let diff = ["infer", "two.log", "--contract", "c", "--diff"];
    let ran = run(home.path(), diff).exits(3);
    assert!(
        ran.stdout.contains("p: enum gains null: 100 of 300"),
        "{}",
        ran.stdout
    );
    apply(&ran.stdout, &home.path().join("c"));
    assert_eq!(faults(home.path(), "two.log", "c"), Vec::<String>::new());
}

#[test]
fn a_pattern_that_only_empty_texts_break_stays() {
    let home = folder();
    let ids = (100, "e=x&p=SKU-{i}".to_owned());
    file(home.path(), "frontlog.toml", any_pixel().as_bytes());
    file(
        home.path(),
        "one.log",
        log_of(std::slice::from_ref(&ids)).as_bytes(),
    );
    file(
        home.path(),
        "two.log",
        log_of(&[(3, "e=x&p=".to_owned()), ids]).as_bytes(),
    );
    run(home.path(), ["infer", "one.log", "--to", "c"]).exits(0);
    let diff = ["infer", "two.log", "--contract", "c", "--diff"];
    let ran = run(home.path(), diff).exits(3);
    assert!(
        ran.stdout.contains("p: empty texts become null: 3 of 103"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("-      \"pattern\""), "{}", ran.stdout);
    apply(&ran.stdout, &home.path().join("c"));
    assert_eq!(faults(home.path(), "two.log", "c"), Vec::<String>::new());
}

fn values() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("{i}"),
        Just("-{i}"),
        Just("{i}.5"),
        Just("true"),
        Just("1"),
        Just(""),
        Just("{w}"),
        Just("SKU-{i}"),
        Just("{hex}"),
        Just("{uuid}"),
        Just("{ms}"),
        Just("2026-11-22"),
        Just("x"),
        Just("12,50"),
        Just("a b c d e f g h i j k l m n o p q r s"),
    ]
}

/// Many more at night: `PROPTEST_CASES=2000`.
fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    wanted.and_then(|n| n.parse().ok()).unwrap_or(40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn a_patched_draft_finds_no_fault_with_another_log(
        one in proptest::collection::vec((1usize..150, proptest::collection::vec(proptest::option::weighted(0.9, values()), 4)), 1..4),
        two in proptest::collection::vec((1usize..150, proptest::collection::vec(proptest::option::weighted(0.8, values()), 5)), 1..4),
    ) {
        let log = |groups: &[(usize, Vec<Option<&str>>)]| {
            let rows: Vec<(usize, String)> = groups.iter().map(|(times, values)| {
                let pairs = values.iter().enumerate().filter_map(|(i, v)| v.map(|v| format!("&p{i}={}", v.replace(' ', "+"))));
                (*times, format!("e=x{}", pairs.collect::<String>()))
            }).collect();
            log_of(&rows)
        };
        let home = folder();
        file(home.path(), "frontlog.toml", any_pixel().as_bytes());
        file(home.path(), "one.log", log(&one).as_bytes());
        file(home.path(), "two.log", log(&two).as_bytes());
        run(home.path(), ["infer", "one.log", "--to", "c", "--tolerate", "0"]).exits(0);
        let diff = ["infer", "two.log", "--contract", "c", "--diff", "--tolerate", "0"];
        let ran = run(home.path(), diff);
        if ran.status == 3 {
            apply(&ran.stdout, &home.path().join("c"));
        }
        let found = faults(home.path(), "two.log", "c");
        prop_assert!(found.is_empty(), "{:#?}\n{}\n{}", found, ran.stdout, ran.stderr);
        run(home.path(), diff).exits(0);
    }
}

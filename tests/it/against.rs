//! `check --against`: what another contract would change, with each line read once.

use serde_json::{Value, json};

use crate::program::{Ran, contract, file, folder, header, record, root, run};

const SCHEMA: &str = r#"{"required": ["value"], "properties": {"value": {"type": "number"}}}"#;

/// Four events under the contract of [`contract`], and the other contract in `other/`.
fn compare(schema: &str, toml: &str, options: &[&str]) -> Ran {
    let home = folder();
    contract(home.path());
    let queries = [
        "e=checkout&value=12%252C50",
        "e=checkout&value=-1",
        "e=checkout&value=3&sku=a",
        "e=checkout&value=4",
        "e=refund&value=4",
    ];
    let lines: Vec<String> = (0..)
        .zip(queries)
        .map(|(i, q)| record(i, q, "agent"))
        .collect();
    file(
        home.path(),
        "a.log",
        (header() + &lines.concat()).as_bytes(),
    );
    file(
        home.path(),
        "other/schemas/checkout.json",
        schema.as_bytes(),
    );
    file(home.path(), "other/frontlog.toml", toml.as_bytes());
    let fixed = ["check", "a.log", "--against", "other"];
    run(home.path(), fixed.iter().chain(options))
}

const TOML: &str = "[match]\npath = [\"/i\"]\n\n[event]\nname = { query = \"e\" }\n";

fn changed(report: &Value) -> (u64, u64) {
    let count = |key: &str| report[key].as_u64().unwrap();
    (count("became_good"), count("became_failed"))
}

#[test]
fn what_becomes_good_is_no_finding_and_what_becomes_failed_is_one() {
    // `minimum` gone: -1 is good.
    let ran = compare(SCHEMA, TOML, &["--format", "json"]).exits(0);
    let report = ran.json();
    assert_eq!(changed(&report), (1, 0), "{report:#}");
    assert_eq!(report["counters"]["failed"], 3);
    assert_eq!(report["counters_against"]["failed"], 2);
    assert_eq!(report["causes"][0]["code"], "V404");
    assert_eq!(
        report["causes"][0]["examples"],
        json!([{"value": "-1", "object": "a.log", "line": 4}])
    );

    let strict = SCHEMA.replace("}}}", "}}, \"additionalProperties\": false}");
    let ran = compare(&strict, TOML, &[]).exits(3);
    assert!(
        ran.stdout
            .contains("it turns 1 failed event good, 1 good one bad"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("3 → 3 failed, 2 → 2 good"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("\"a\"  a.log:5"), "{}", ran.stdout);
    assert!(
        ran.stdout
            .ends_with("Findings: 1 failed event that were good.\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn limits_are_on_what_becomes_failed() {
    let strict = SCHEMA.replace("}}}", "}}, \"additionalProperties\": false}");
    for (options, status) in [
        (&["--max-failed", "1"][..], 0),
        (&["--max-failed", "20%"], 0),
        (&["--max-failed", "19%"], 3),
        (&["--max-code", "V402=0"], 0),
        (&["--max-code", "V410=0"], 3),
        (&["--max-code", "V410=1"], 0),
    ] {
        compare(&strict, TOML, options).exits(status);
    }
}

#[test]
fn routing_may_change_what_is_an_event() {
    let toml = TOML.replace("\"/i\"", "\"/other\"");
    let report = compare(SCHEMA, &toml, &["--format", "json"])
        .exits(0)
        .json();
    assert_eq!(changed(&report), (0, 0));
    assert_eq!(report["counters_against"]["not_events"], 5);
    assert_eq!(
        report["events"][0],
        json!({
            "event": "checkout", "events": 4, "became_good": 0, "became_failed": 0, "became_events": 0, "became_none": 4
        })
    );
}

#[test]
fn private_values_of_either_contract_are_not_shown() {
    let toml = format!("{TOML}[privacy]\nvalue = \"drop\"\n");
    let report = compare(SCHEMA, &toml, &["--format", "json"]).json();
    assert_eq!(report["causes"][0]["examples"][0]["value"], Value::Null);
}

#[test]
fn it_says_what_it_cannot_do() {
    for (options, told) in [
        (
            &["--format", "junit"][..],
            "--preview-repairs print text or JSON",
        ),
        (&["-f"], "cannot be used with"),
        (&["--against", "nowhere"], "cannot be used multiple times"),
    ] {
        let ran = compare(SCHEMA, TOML, options).exits(2);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    let ran = compare("{]", TOML, &[]).exits(2);
    assert!(
        ran.stderr.contains("checkout.json:1:2: this is not JSON"),
        "{}",
        ran.stderr
    );
}

/// Against itself nothing changes, duplicates and all; and one thread says what many say.
#[test]
fn a_contract_against_itself_changes_nothing() {
    let home = folder();
    let logs = root().join("sample-logs").display().to_string();
    let arguments = ["check", &logs, "--against", &logs, "--format", "json"];
    let report = run(home.path(), arguments).exits(3).json();
    assert_eq!(changed(&report), (0, 0));
    assert_eq!(report["counters"], report["counters_against"]);
    assert_eq!(report["causes"], json!([]));
    // What could not be read to its end is a finding under any contract.
    assert_eq!(
        report["reasons"].as_array().unwrap().len(),
        1,
        "{}",
        report["reasons"]
    );
}

/// Each side is what a check under that contract alone counts, duplicates left out and all.
#[test]
fn each_side_is_a_check_of_its_own() {
    let home = folder();
    let logs = root().join("sample-logs");
    let toml = std::fs::read_to_string(logs.join("frontlog.toml")).unwrap();
    let toml = toml.replace(
        "duplicate_event  = \"warn\"",
        "duplicate_event = \"quarantine\"",
    );
    file(home.path(), "other/frontlog.toml", toml.as_bytes());
    for schema in ["click", "checkout", "page_view"] {
        let text = std::fs::read(logs.join(format!("schemas/{schema}.json"))).unwrap();
        file(home.path(), &format!("other/schemas/{schema}.json"), &text);
    }
    let logs = logs.display().to_string();
    let counters = |contract: &str| {
        let arguments = ["check", &logs, "--contract", contract, "--format", "json"];
        run(home.path(), arguments).exits(3).json()["counters"].clone()
    };
    let arguments = ["check", &logs, "--against", "other", "--format", "json"];
    let both = run(home.path(), arguments).exits(3).json();
    assert_eq!(both["counters"], counters(&logs));
    assert_eq!(both["counters_against"], counters("other"));
    assert_ne!(
        both["counters"]["duplicates"],
        both["counters_against"]["duplicates"]
    );
}

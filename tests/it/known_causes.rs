//! `check` for CI: its formats, baselines and acknowledged causes, by the real binary.

use std::fmt::Write as _;
use std::path::Path;

use crate::program::{Ran, contract, file, folder, header, record, run};

/// A log of `value`s under a name; each record is a second later than the one before.
fn log(home: &Path, name: &str, values: &[&str]) {
    let mut text = header();
    for (n, value) in values.iter().enumerate() {
        let _ = write!(
            text,
            "{}",
            record(n, &format!("e=checkout&value={value}"), "a")
        );
    }
    file(home, name, text.as_bytes());
}

fn check(home: &Path, source: &str, more: &[&str]) -> Ran {
    run(home, ["check", source].iter().chain(more))
}

/// Ten events: `bad` of them no number, `low` of them under the minimum.
fn values(bad: usize, low: usize) -> Vec<&'static str> {
    let good = std::iter::repeat_n("9.90", 10 - bad - low);
    let bad = std::iter::repeat_n("12,50", bad);
    bad.chain(std::iter::repeat_n("-1", low))
        .chain(good)
        .collect()
}

#[test]
fn only_what_is_new_or_grown_since_the_baseline_is_a_finding() {
    let home = folder();
    let home = home.path();
    contract(home);
    log(home, "old/a.log", &values(2, 0));
    check(home, "old", &["--write-baseline", "baseline.json"]).exits(3);
    let text = std::fs::read_to_string(home.join("baseline.json")).unwrap();
    insta::assert_snapshot!("baseline", text);
    let with = ["--baseline", "baseline.json"];
    for (name, new, more, status) in [
        ("same", values(2, 0), vec![], 0),
        ("fewer", values(1, 0), vec![], 0),
        (
            "twice, which is not more than twice",
            values(4, 0),
            vec![],
            0,
        ),
        ("grown", values(5, 0), vec![], 3),
        (
            "grown, but less than asked for",
            values(5, 0),
            vec!["--baseline-growth", "3"],
            0,
        ),
        ("new", values(1, 1), vec![], 3),
        ("new, but few", values(1, 1), vec!["--max-failed", "1"], 0),
        (
            "new, of a code without a limit",
            values(1, 1),
            vec!["--max-code", "V402=0"],
            0,
        ),
        (
            "known, and not too many new",
            values(2, 1),
            vec!["--max-code", "V404=1"],
            0,
        ),
    ] {
        log(home, "new/a.log", &new);
        let more: Vec<&str> = with.iter().copied().chain(more).collect();
        let ended = check(home, "new", &more);
        assert_eq!(ended.status, status, "{name}:\n{}", ended.stdout);
    }
    log(home, "new/a.log", &values(1, 1));
    let text = check(home, "new", &with).exits(3).stdout;
    insta::assert_snapshot!("check_since_baseline", text);
    // Reading and writing the same file: what is new is told once.
    let both = [
        "--baseline",
        "baseline.json",
        "--write-baseline",
        "baseline.json",
    ];
    check(home, "new", &both).exits(3);
    check(home, "new", &both).exits(0);
}

#[test]
fn a_baseline_is_the_same_for_any_number_of_threads_and_not_written_of_half_the_input() {
    let home = folder();
    let home = home.path();
    contract(home);
    for n in 0..9 {
        log(home, &format!("logs/{n}.log"), &values(n % 4, n % 3));
    }
    let written = |threads: &str| {
        let more = ["--write-baseline", "b.json", "--threads", threads];
        check(home, "logs", &more).exits(3);
        std::fs::read(home.join("b.json")).unwrap()
    };
    assert_eq!(written("1"), written("4"));
    for format in ["text", "json", "junit", "github"] {
        let printed = |threads: &str| {
            check(home, "logs", &["--format", format, "--threads", threads])
                .exits(3)
                .stdout
        };
        assert_eq!(printed("1"), printed("4"), "{format}");
    }
    let before = std::fs::read(home.join("b.json")).unwrap();
    log(home, "logs/x.log", &["-5"]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", home.join("logs/gone.log")).unwrap();
    let ended = check(home, "logs", &["--write-baseline", "b.json"]);
    if ended.status == 4 {
        assert!(
            ended.stdout.contains("b.json was not written"),
            "{}",
            ended.stdout
        );
        assert_eq!(std::fs::read(home.join("b.json")).unwrap(), before);
    }
}

const ACKNOWLEDGED: &str = r#"# Known faults.
[[cause]]
code = "V402"
event = "checkout"
path = "value"
note = "decimal comma of app 3.2"
by = "ann"
until = 2026-11-22
"#;

#[test]
fn acknowledged_causes_are_shown_and_do_not_count_until_their_day_is_over() {
    let home = folder();
    let home = home.path();
    contract(home);
    file(home, "acknowledged.toml", ACKNOWLEDGED.as_bytes());
    log(home, "logs/a.log", &values(3, 0));
    let text = check(home, "logs", &[]).exits(0).stdout;
    insta::assert_snapshot!("check_acknowledged", text);
    check(home, "logs", &["--max-code", "V402=0"]).exits(0);
    // Another cause in other events; and in an event with an acknowledged one, which then counts.
    log(home, "logs/a.log", &values(3, 1));
    let json = check(home, "logs", &["--format", "json"]).exits(3).json();
    assert_eq!(json["excused"]["failed_events"], 3);
    assert_eq!(
        json["reasons"][0],
        "Findings: 1 failed event and 0 unreadable lines that are neither acknowledged nor in the baseline."
    );
    check(home, "logs", &["--max-failed", "1"]).exits(0);
    let mixed = header() + &record(1, "e=checkout&value=12,50&currency=XXX", "a");
    file(home, "mixed/a.log", mixed.as_bytes());
    let json = check(home, "mixed", &["--format", "json"]).exits(3).json();
    assert_eq!(json["excused"]["failed_events"], 0);
    // The newest record decides, not the clock.
    let late = ACKNOWLEDGED.replace("2026-11-22", "2026-11-21");
    file(home, "acknowledged.toml", late.as_bytes());
    log(home, "logs/a.log", &values(3, 0));
    let text = check(home, "logs", &[]).exits(3).stdout;
    assert!(
        text.contains("expired") && text.contains("which is over"),
        "{text}"
    );
    // What speaks of nothing is told with its place.
    let other = ACKNOWLEDGED.replace("\"value\"", "\"valeu\"");
    file(home, "acknowledged.toml", other.as_bytes());
    let text = check(home, "logs", &[]).exits(3).stdout;
    let told = "acknowledged.toml:3: nothing here has the acknowledged cause V402 checkout valeu";
    assert!(text.contains(told), "{text}");
    file(home, "acknowledged.toml", b"[[cause]]\ncode = \"V999\"\n");
    let said = check(home, "logs", &[]).exits(2).stderr;
    assert!(said.contains("acknowledged.toml:2:8"), "{said}");
}

#[test]
fn unreadable_lines_are_acknowledged_by_their_code() {
    let home = folder();
    let home = home.path();
    contract(home);
    let text = header() + &record(1, "e=checkout&value=1", "a") + "cut\n";
    file(home, "logs/a.log", text.as_bytes());
    check(home, "logs", &["--write-baseline", "b.json"]).exits(3);
    check(home, "logs", &["--baseline", "b.json"]).exits(0);
    file(home, "acknowledged.toml", b"[[cause]]\ncode = \"L101\"\n");
    let json = check(home, "logs", &["--format", "json"]).exits(0).json();
    assert_eq!(json["excused"]["unreadable_lines"], 1);
}

#[test]
fn config_check_reads_what_is_acknowledged_and_names_missing_salts() {
    let home = folder();
    let home = home.path();
    contract(home);
    let routing = std::fs::read_to_string(home.join("frontlog.toml")).unwrap();
    let private = routing + "[privacy]\nc-ip = \"sha256:env:NO_SUCH_SALT\"\n";
    file(home, "frontlog.toml", private.as_bytes());
    file(home, "acknowledged.toml", ACKNOWLEDGED.as_bytes());
    let said = run(home, ["config", "check"]).exits(0).stdout;
    assert!(said.contains("NO_SUCH_SALT is not set"), "{said}");
    file(home, "acknowledged.toml", b"[[cause]]\n");
    let said = run(home, ["config", "check"]).exits(2).stderr;
    assert!(said.contains("acknowledged.toml:1:1"), "{said}");
}

#[test]
fn what_cannot_be_together_is_status_2() {
    let home = folder();
    let home = home.path();
    faulty(home);
    file(home, "b.json", b"{}");
    for (more, said) in [
        (vec!["--baseline", "none.json"], "none.json"),
        (vec!["--baseline", "b.json"], "is no baseline"),
        (vec!["--baseline-growth", "2"], "--baseline"),
        (
            vec!["-f", "--every", "1s", "--format", "junit"],
            "one document",
        ),
    ] {
        let ended = check(home, "logs", &more);
        assert!(
            ended.status == 2 || said == "none.json",
            "{more:?}: {}",
            ended.status
        );
        assert!(ended.stderr.contains(said), "{more:?}: {}", ended.stderr);
    }
}

/// Faults of each kind: a rule in a schema, an unknown event, an unreadable line, a warning.
fn faulty(home: &Path) {
    contract(home);
    let mut text = header();
    for (n, query) in [
        "e=checkout&value=12,50",
        "e=checkout&value=%2525%250A::error::x,y",
        "e=checkout",
        "e=checkout&value=1&currency=XXX&value=2",
        "e=nosuch",
        "value=1",
        "e=checkout&value=3",
    ]
    .iter()
    .enumerate()
    {
        let _ = write!(text, "{}", record(n, query, "a"));
    }
    file(home, "logs/a.log", (text + "not a record\n").as_bytes());
}

#[test]
fn github_annotations_point_at_the_rule_or_at_the_line() {
    let home = folder();
    faulty(home.path());
    let text = check(home.path(), "logs", &["--format", "github"])
        .exits(3)
        .stdout;
    insta::assert_snapshot!("check_github", text);
}

#[test]
fn junit_fails_where_the_exit_status_says_so() {
    let home = folder();
    faulty(home.path());
    let text = check(home.path(), "logs", &["--format", "junit"])
        .exits(3)
        .stdout;
    insta::assert_snapshot!("check_junit", text);
    let allowed = ["--format", "junit", "--max-failed", "100%"];
    let text = check(home.path(), "logs", &allowed).exits(0).stdout;
    assert!(
        text.contains("failures=\"0\"") && !text.contains("<failure"),
        "{text}"
    );
    let few = [
        "--format",
        "junit",
        "--max-failed",
        "100%",
        "--max-code",
        "V401=0",
    ];
    let text = check(home.path(), "logs", &few).exits(3).stdout;
    // The schema's case, that of the code, and the exit status.
    assert_eq!(text.matches("<failure ").count(), 3, "{text}");
    let skipped = "<skipped message=\"2 of 5 events (40.00 %), error\" type=\"V402\">";
    assert!(text.contains(skipped), "{text}");
    let none = ["--format", "junit", "--max-examples", "0"];
    let text = check(home.path(), "logs", &none).exits(3).stdout;
    assert!(!text.contains("a.log:"), "{text}");
}

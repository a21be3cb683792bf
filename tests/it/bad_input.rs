//! Bad input through the real binary: each gives a sentence or a code, the right exit status, and nothing is lost.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Ran, command, contract, file, folder, gzip, header, ran, record, run};

/// The identity of a JSON report, from its own figures, and the counters for more.
#[track_caller]
fn counters(ran: &Ran) -> Value {
    let counters = ran.json()["counters"].clone();
    let n = |name: &str| {
        counters[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} in {counters}"))
    };
    assert_eq!(
        n("lines"),
        n("header_lines") + n("blank_lines") + n("unreadable_lines") + n("records"),
        "{counters}"
    );
    assert_eq!(n("records"), n("not_events") + n("events"), "{counters}");
    assert_eq!(
        n("events"),
        n("good") + n("failed") + n("duplicates") + n("filtered"),
        "{counters}"
    );
    counters
}

/// Lines of the code among the rejects, or rows among the failures.
fn count(ran: &Ran, code: &str) -> u64 {
    let report = ran.json();
    let of = |list: &str, field: &str| -> u64 {
        let rows = report[list]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["code"] == code);
        rows.map(|row| row[field].as_u64().unwrap()).sum()
    };
    of("rejects", "lines") + of("failures", "failures")
}

fn check(home: &Path, sources: &[&str]) -> Ran {
    run(home, ["check", "--format", "json"].iter().chain(sources))
}

/// A folder with the contract and one log.
fn with_log(name: &str, content: &[u8]) -> tempfile::TempDir {
    let home = folder();
    contract(home.path());
    file(home.path(), name, content);
    home
}

fn good_log(records: usize) -> String {
    (0..records).fold(header(), |log, n| {
        log + &record(n, "e=checkout&value=9.90", "curl/8")
    })
}

#[test]
fn an_empty_folder_and_a_missing_path_are_said() {
    let home = folder();
    std::fs::create_dir(home.path().join("empty")).unwrap();
    let empty = run(home.path(), ["check", "empty"]).exits(1);
    assert!(
        empty.stderr.starts_with("frontlog: ") && empty.stderr.contains("empty"),
        "{}",
        empty.stderr
    );
    let missing = run(home.path(), ["check", "nowhere.gz"]).exits(1);
    assert!(missing.stderr.contains("nowhere.gz"), "{}", missing.stderr);
    let pattern = run(home.path(), ["check", "*.nothing"]).exits(1);
    assert!(pattern.stderr.contains("*.nothing"), "{}", pattern.stderr);
    assert_eq!(empty.stdout + &missing.stdout + &pattern.stdout, "");
}

#[test]
fn an_endpoint_that_is_down_is_named() {
    let home = folder();
    let s3 = [
        "--endpoint-url",
        "http://127.0.0.1:1",
        "--path-style",
        "--no-sign-request",
        "--region",
        "us-east-1",
    ];
    let down = run(
        home.path(),
        ["check", "s3://bucket/prefix/"].iter().chain(&s3),
    )
    .exits(1);
    assert!(down.stderr.contains("bucket"), "{}", down.stderr);
}

#[test]
fn an_empty_file_is_clean_and_holds_nothing() {
    let home = with_log("empty.log", b"");
    let ran = check(home.path(), &["empty.log"]).exits(0);
    assert_eq!(counters(&ran)["lines"], 0);
    let text = run(home.path(), ["check", "empty.log"]).exits(0);
    assert!(text.stdout.contains("No records"), "{}", text.stdout);
}

#[test]
fn a_header_alone_is_clean() {
    let home = with_log("E2EX.2026-11-22-14.a1b2c3d4.gz", &gzip(header().as_bytes()));
    let counted = counters(&check(home.path(), &["E2EX.2026-11-22-14.a1b2c3d4.gz"]).exits(0));
    assert_eq!(
        (&counted["lines"], &counted["header_lines"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn a_truncated_gzip_keeps_what_came_before_the_cut() {
    // Random ids, so that the cut takes away a good part of the text.
    let log = (0..2_000).fold(header(), |log, n| {
        log + &record(n, &format!("e=checkout&value={}", n * 7919 % 9973), "a")
    });
    let whole = gzip(log.as_bytes());
    let home = with_log("cut.gz", &whole[..whole.len() / 2]);
    let ran = check(home.path(), &["cut.gz"]).exits(3);
    let counted = counters(&ran);
    let good = counted["good"].as_u64().unwrap();
    assert!(good > 100 && good < 2_000, "{counted}");
    assert_eq!(count(&ran, "L103"), 1);
    assert_eq!(ran.json()["incomplete_objects"][0]["state"], "corrupt");
    // No share of failed events allows it, but who knows about it can.
    run(home.path(), ["check", "--max-failed", "50%", "cut.gz"]).exits(3);
    run(home.path(), ["check", "--max-code", "L103=1", "cut.gz"]).exits(0);
}

#[test]
fn junk_after_gzip_loses_nothing_before_it() {
    let mut bytes = gzip(good_log(10).as_bytes());
    bytes.extend_from_slice(b"\x00\x01junk that is no gzip member");
    let home = with_log("junk.gz", &bytes);
    let ran = check(home.path(), &["junk.gz"]).exits(3);
    assert_eq!(counters(&ran)["good"], 10);
    assert_eq!(count(&ran, "L103"), 1);
}

#[test]
fn a_binary_file_is_unreadable_not_a_crash() {
    let bytes: Vec<u8> = (0..100_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let home = with_log("binary.log", &bytes);
    let ran = check(home.path(), &["binary.log"]);
    let counted = counters(&ran);
    assert_eq!(counted["records"], 0, "{counted}");
    assert!(
        counted["unreadable_lines"].as_u64().unwrap() > 0,
        "{counted}"
    );
    ran.exits(3);
}

#[test]
fn a_line_of_2_mb_is_one_reject_and_its_neighbours_are_read() {
    let long = record(
        2,
        &format!("e=checkout&value=1&x={}", "y".repeat(2 << 20)),
        "a",
    );
    let log = header()
        + &record(1, "e=checkout&value=1", "a")
        + &long
        + &record(3, "e=checkout&value=3", "a");
    let home = with_log("long.log", log.as_bytes());
    let ran = check(home.path(), &["long.log"]).exits(3);
    let counted = counters(&ran);
    assert_eq!(
        (&counted["good"], &counted["unreadable_lines"]),
        (&2.into(), &1.into())
    );
    assert_eq!(count(&ran, "L105"), 1);
}

#[test]
fn nul_and_invalid_utf8_lose_no_line() {
    let mut log = good_log(3).into_bytes();
    log.extend_from_slice(record(4, "e=checkout&value=1&x=\0", "nul\0nul").as_bytes());
    let mut invalid = record(5, "e=checkout&value=1&x=@", "@").into_bytes();
    for byte in invalid.iter_mut().filter(|b| **b == b'@') {
        *byte = 0xFF;
    }
    log.extend_from_slice(&invalid);
    log.extend_from_slice(record(6, "e=checkout&value=1&x=%FF%FE", "a").as_bytes());
    let home = with_log("odd.log", &log);
    let ran = check(home.path(), &["odd.log"]);
    let counted = counters(&ran);
    assert_eq!(counted["lines"], 8, "{counted}");
    assert!(count(&ran, "D302") >= 1, "{}", ran.stdout);
    ran.exits(3);
}

#[test]
fn broken_escapes_have_their_code_and_place() {
    let log = header()
        + &record(1, "e=checkout&value=%2&x=%zz", "a")
        + &record(2, "e=checkout&value=2", "a");
    let home = with_log("escapes.log", log.as_bytes());
    let ran = check(home.path(), &["escapes.log"]).exits(3);
    let counted = counters(&ran);
    assert_eq!(
        (&counted["good"], &counted["failed"]),
        (&1.into(), &1.into())
    );
    let report = ran.json();
    let broken = report["failures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["code"] == "D301")
        .unwrap();
    assert_eq!(broken["examples"][0]["line"], 3);
    assert!(
        broken["examples"][0]["object"]
            .as_str()
            .unwrap()
            .ends_with("escapes.log")
    );
}

#[test]
fn hostile_text_never_reaches_the_terminal_raw() {
    let hostile = "e=checkout&value=%1B%5B31mred%E2%80%AEdne";
    let log = header() + &record(1, hostile, "Mozilla%1B[2J\u{202e}\u{1b}]0;x\u{7}");
    let home = with_log("hostile.log", log.as_bytes());
    let ran = run(home.path(), ["check", "hostile.log"]).exits(3);
    let shown = ran.stdout + &ran.stderr;
    assert!(
        shown.chars().all(|c| c == '\n' || !c.is_control()) && !shown.contains('\u{202e}'),
        "{shown:?}"
    );
    assert!(shown.contains("‹U+202E›"), "{shown}");
}

#[test]
fn a_broken_contract_names_file_line_column_and_the_nearest_key() {
    let home = with_log("a.log", good_log(1).as_bytes());
    file(
        home.path(),
        "frontlog.toml",
        b"[match]\npath = [\"/i\"]\n[event]\nnmae = { query = \"e\" }\n",
    );
    let ran = run(home.path(), ["check", "a.log"]).exits(2);
    let said = &ran.stderr;
    assert!(
        said.contains("frontlog.toml")
            && said.contains('4')
            && said.contains("nmae")
            && said.contains("name"),
        "{said}"
    );
    file(home.path(), "frontlog.toml", b"[match\n");
    let ran = run(home.path(), ["check", "a.log"]).exits(2);
    assert!(ran.stderr.contains("frontlog.toml"), "{}", ran.stderr);
}

#[test]
fn a_broken_schema_names_its_file() {
    for broken in [
        &b"{ \"type\": \"object\", \n  \"properties\": {,} }"[..],
        b"{ \"type\": \"objekt\" }",
        b"[]",
        b"\xFF",
    ] {
        let home = with_log("a.log", good_log(1).as_bytes());
        file(home.path(), "schemas/checkout.json", broken);
        let ran = run(home.path(), ["check", "a.log"]).exits(2);
        assert!(ran.stderr.contains("checkout.json"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_missing_contract_folder_is_said() {
    let home = with_log("a.log", good_log(1).as_bytes());
    let ran = run(home.path(), ["check", "--contract", "nowhere", "a.log"]);
    assert!(ran.stderr.contains("nowhere"), "{}", ran.stderr);
    assert!([1, 2].contains(&ran.status), "{}", ran.status);
}

#[test]
fn one_damaged_object_does_not_stop_the_others() {
    let home = with_log("logs/good.log", good_log(5).as_bytes());
    let whole = gzip(good_log(500).as_bytes());
    file(home.path(), "logs/bad.gz", &whole[..40]);
    let counted = counters(&check(home.path(), &["logs"]).exits(3));
    assert!(counted["good"].as_u64().unwrap() >= 5, "{counted}");
}

#[test]
fn no_line_ending_crlf_and_blank_lines_are_counted() {
    let log = good_log(2).replace('\n', "\r\n")
        + "\r\n\n"
        + record(9, "e=checkout&value=1", "a").trim_end();
    let home = with_log("crlf.log", log.as_bytes());
    let counted = counters(&check(home.path(), &["crlf.log"]).exits(0));
    assert_eq!(
        (&counted["lines"], &counted["blank_lines"], &counted["good"]),
        (&7.into(), &2.into(), &3.into())
    );
}

#[cfg(target_os = "linux")]
#[test]
fn sigterm_in_mid_run_ends_with_130() {
    let home = folder();
    contract(home.path());
    let mut command = command(home.path());
    command
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(good_log(10).as_bytes()).unwrap();
    stdin.flush().unwrap();
    // The process says itself when it listens to SIGTERM: bit 14 of its caught signals.
    let listens = || {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let caught = status
            .lines()
            .find_map(|l| l.strip_prefix("SigCgt:"))
            .map(|l| u64::from_str_radix(l.trim(), 16));
        caught.is_some_and(|c| c.unwrap() >> 14 & 1 == 1)
    };
    while !listens() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let ended = ran(child.wait_with_output().unwrap()).exits(130);
    assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
    drop(stdin);
}

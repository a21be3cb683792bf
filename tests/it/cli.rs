//! What the README promises: its commands are run, the exit statuses hold, the output is stable.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use clap::{CommandFactory as _, Parser as _};
use frontlog::cli::Args;

use crate::program::{command, contract, file, folder, header, ran, record, root, run};

/// The commands of the README's code blocks under the comment `marker`, without their remarks.
fn readme_commands(marker: &str) -> Vec<(Vec<String>, i32)> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut commands = Vec::new();
    for part in readme.split(&format!("<!-- {marker} -->\n```sh\n")).skip(1) {
        for line in part.split("```").next().unwrap().lines() {
            let (typed, remark) = line.split_once(" #").unwrap_or((line, ""));
            let status = remark
                .split_once("exit status ")
                .map_or(0, |(_, after)| after[..1].parse().unwrap());
            commands.push((words(typed), status));
        }
    }
    assert!(!commands.is_empty(), "no block is marked {marker}");
    commands
}

/// A shell line as words; knows single quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in line.split('\'').enumerate() {
        if i % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    assert_eq!(words.remove(0), "frontlog", "{line}");
    words
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target).unwrap();
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_command_line_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn every_readme_command_is_understood() {
    let all = readme_commands("run")
        .into_iter()
        .chain(readme_commands("typed, not run"));
    for (words, _) in all {
        let typed = std::iter::once("frontlog".to_owned()).chain(words.clone());
        Args::try_parse_from(typed).unwrap_or_else(|e| panic!("{words:?}: {e}"));
    }
}

#[test]
fn the_readme_commands_run() {
    let home = folder();
    copy_folder(
        &root().join("sample-logs"),
        &home.path().join("sample-logs"),
    );
    for (words, status) in readme_commands("run") {
        println!("frontlog {}", words.join(" "));
        let ended = run(home.path(), &words).exits(status);
        assert!(!ended.stdout.is_empty(), "{words:?} printed nothing");
    }
}

#[test]
fn help_says_how_to_start_and_what_the_statuses_mean() {
    let home = folder();
    let help = run(home.path(), ["--help"]).exits(0);
    for word in [
        "check",
        "export",
        "query",
        "generate",
        "config",
        "s3://",
        "130 interrupted",
    ] {
        assert!(help.stdout.contains(word), "{word} in\n{}", help.stdout);
    }
}

#[test]
fn wrong_usage_is_status_2_with_a_sentence() {
    let home = folder();
    let log = file(home.path(), "a.log", header().as_bytes());
    let log = log.to_str().unwrap();
    for (typed, said) in [
        (vec![], "nothing to read"),
        (vec!["chekc", "a.log"], "frontlog check"),
        (vec!["check"], "SOURCE"),
        (vec!["check", log, "--frobnicate"], "--frobnicate"),
        (vec!["check", log, "--since", "someday"], "2026-11-22T14"),
        (
            vec![
                "check",
                log,
                "--since",
                "2026-11-22",
                "--until",
                "2026-11-21",
            ],
            "after",
        ),
        (
            vec!["check", log, "--last", "3h", "--since", "2026-11-22"],
            "--last",
        ),
        (vec!["check", log, "--last", "soon"], "3h"),
        (
            vec!["check", log, "--from", "1h"],
            "first hour to read is --since",
        ),
        (
            vec!["check", "kinesis://px", "--from", "1h", "--last", "1h"],
            "--last",
        ),
        (
            vec!["check", "kinesis://px", "--from", "1h", "--since", "1h"],
            "--since",
        ),
        (vec!["check", log, "--memory", "much"], "512MiB"),
        (vec!["check", log, "--max-failed", "some"], "0.1%"),
        (vec!["check", log, "--max-code", "V999=0"], "V999"),
        (vec!["generate", "x", "--faults", "lots"], "--faults"),
        (vec!["query", "SELEC 1", log], "SELEC"),
    ] {
        let ended = run(home.path(), &typed).exits(2);
        assert!(
            ended.stderr.contains(said),
            "{typed:?} said:\n{}",
            ended.stderr
        );
        assert_eq!(ended.stdout, "", "{typed:?}");
    }
}

#[test]
fn a_file_named_like_a_command_is_written_with_its_folder() {
    let home = folder();
    file(
        home.path(),
        "check",
        (header() + &record(1, "e=a", "b")).as_bytes(),
    );
    let ended = run(home.path(), ["check", "./check", "--format", "json"]).exits(0);
    assert_eq!(ended.json()["counters"]["records"], 1);
}

#[test]
fn user_configuration_with_an_unknown_key_is_refused() {
    let home = folder();
    file(
        home.path(),
        "config/frontlog/config.toml",
        b"them = \"light\"\n",
    );
    let ended = run(home.path(), ["config", "check"]).exits(2);
    assert!(
        ended
            .stderr
            .contains("config.toml:1:1: unknown key \"them\"; did you mean \"theme\"?"),
        "{}",
        ended.stderr
    );
    file(
        home.path(),
        "config/frontlog/config.toml",
        b"theme = \"no-such-theme\"\n",
    );
    let ended = run(home.path(), ["config", "check"]).exits(2);
    assert!(ended.stderr.contains("no-such-theme"), "{}", ended.stderr);
}

/// Ten events, of which `value=x` fails in two, and one unreadable line.
fn faulty(home: &Path) {
    contract(home);
    let log = (0..10).fold(header(), |log, n| {
        let value = if n % 5 == 0 { "12,50" } else { "9.90" };
        log + &record(n, &format!("e=checkout&value={value}"), "a")
    });
    file(home, "logs/a.log", (log + "not a record\n").as_bytes());
}

#[test]
fn thresholds_decide_between_clean_and_findings() {
    let home = folder();
    faulty(home.path());
    for (limits, status) in [
        (vec![], 3),
        (vec!["--max-failed", "3"], 0),
        (vec!["--max-failed", "2"], 3),
        (vec!["--max-failed", "27%"], 3),
        (vec!["--max-failed", "28%"], 0),
        (vec!["--max-code", "V402=0"], 3),
        (vec!["--max-code", "V402=2"], 0),
        (vec!["--max-code", "V401=0"], 0),
        (vec!["--max-code", "L101=0"], 3),
        (vec!["--max-failed", "100%", "--max-code", "V402=1"], 3),
    ] {
        run(home.path(), ["check", "logs"].iter().chain(&limits)).exits(status);
    }
}

#[test]
fn the_text_report_says_it_all() {
    let home = folder();
    faulty(home.path());
    let text = run(home.path(), ["check", "logs"]).exits(3).stdout;
    insta::assert_snapshot!("check_text", text);
}

#[test]
fn the_json_report_is_stable_and_complete() {
    let home = folder();
    faulty(home.path());
    let one = run(
        home.path(),
        ["check", "logs", "--format", "json", "--threads", "1"],
    )
    .exits(3);
    let four = run(
        home.path(),
        ["check", "logs", "--format", "json", "--threads", "4"],
    )
    .exits(3);
    assert_eq!(one.stdout, four.stdout);
    insta::assert_snapshot!("check_json", one.stdout);
}

#[test]
fn sources_given_as_a_glob_a_folder_or_standard_input_count_the_same() {
    let home = folder();
    faulty(home.path());
    let counted = |ended: crate::program::Ran| ended.exits(3).json()["counters"]["failed"].clone();
    let folder = counted(run(home.path(), ["check", "logs", "--format", "json"]));
    let glob = counted(run(
        home.path(),
        ["check", "logs/*.log", "--format", "json"],
    ));
    let mut command = command(home.path());
    command
        .args(["check", "-", "--format", "json"])
        .stdin(std::fs::File::open(home.path().join("logs/a.log")).unwrap());
    let stdin = counted(ran(command.output().unwrap()));
    assert_eq!((&folder, &glob, &stdin), (&2.into(), &2.into(), &2.into()));
}

#[test]
fn a_closed_pipe_is_success() {
    let home = folder();
    let mut command = command(home.path());
    command
        .arg("man")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

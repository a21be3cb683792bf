//! Formats through the real binary: standard input, damage, options, several formats in one run.

use std::path::Path;
use std::process::Stdio;

use frontlog::commands::generate::{GenerateOptions, Written, generate};
use serde_json::Value;

use crate::program::{Ran, command, file, folder, gzip, ran, run};

const ALL: [(Written, &str); 6] = [
    (Written::V1, "v1"),
    (Written::W3c, "w3c"),
    (Written::Json, "json"),
    (Written::Parquet, "parquet"),
    (Written::Realtime, "realtime"),
    (Written::Combined, "combined"),
];

fn generated(to: &Path, format: Written, records: u64) -> Vec<std::path::PathBuf> {
    generate(&GenerateOptions {
        dir: to.to_owned(),
        records,
        objects: 1,
        faults: 0.0,
        format,
        ..GenerateOptions::default()
    })
    .unwrap();
    let mut found: Vec<_> = std::fs::read_dir(to)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("E2"))
        .collect();
    found.sort();
    found
}

fn counters(ran: &Ran) -> Value {
    ran.json()["counters"].clone()
}

fn unreadable(ran: &Ran, code: &str) -> u64 {
    ran.json()["rejects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["code"] == code)
        .map(|row| row["lines"].as_u64().unwrap())
        .sum()
}

#[test]
fn standard_input_counts_as_a_file_does() {
    let home = folder();
    for (format, name) in ALL {
        let to = home.path().join(name);
        let object = &generated(&to, format, 2_000)[0];
        let contract = to.to_str().unwrap();
        let as_file = counters(&run(home.path(), ["check", "--format", "json", contract]));
        let mut piped = command(home.path());
        piped
            .args(["check", "--format", "json", "--contract", contract, "-"])
            .stdin(std::fs::File::open(object).unwrap());
        let piped = counters(&ran(piped.output().unwrap()));
        for field in [
            "records",
            "good",
            "failed",
            "not_events",
            "lines",
            "text_bytes",
        ] {
            assert_eq!(as_file[field], piped[field], "{name}: {field}");
        }
        assert_eq!(as_file["records"], 2_000);
    }
}

#[test]
fn formats_meet_in_one_run() {
    let home = folder();
    for (format, name) in ALL {
        generated(&home.path().join("logs").join(name), format, 300);
    }
    let ran = run(home.path(), ["query", "SELECT count(*) AS n, count(timestamp_ms) AS v2, count(c_ip_version) AS rt, count(c_ip) AS ip FROM records", "logs", "--format", "json"]).exits(0);
    let row = &ran.json()[0];
    assert_eq!(
        (&row["n"], &row["v2"], &row["rt"], &row["ip"]),
        (&1_800.into(), &600.into(), &300.into(), &1_800.into())
    );
    // A field that no loaded log has is a column of nulls; what is no field is a mistake.
    run(
        home.path(),
        ["query", "SELECT asn FROM records LIMIT 1", "logs"],
    )
    .exits(0);
    let wrong = run(home.path(), ["query", "SELECT asnn FROM records", "logs"]).exits(2);
    assert!(wrong.stderr.contains("asnn"), "{}", wrong.stderr);
}

#[test]
fn what_was_read_of_a_damaged_object_counts_and_the_rest_is_one_l103() {
    let home = folder();
    let log = (0..20_000u64).fold(
        String::from("#Fields: date time cs-uri-stem x-edge-request-id\n"),
        |log, n| {
            let id = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            log + &format!(
                "2026-11-22\t14:00:01\t/i\t{id:x}{:x}\n",
                id.rotate_left(17) ^ n
            )
        },
    );
    let bzip2 = {
        use std::io::Write as _;
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(log.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let stored = [
        ("a.gz", gzip(log.as_bytes())),
        ("a.zst", zstd::encode_all(log.as_bytes(), 1).unwrap()),
        ("a.bz2", bzip2),
    ];
    for (name, whole) in stored {
        file(home.path(), name, &whole);
        let sound = run(home.path(), ["check", "--format", "json", name]);
        assert_eq!(counters(&sound)["records"], 20_000, "{name}");
        file(home.path(), name, &whole[..whole.len() * 2 / 3]);
        for source in [name, "-"] {
            let mut cut = command(home.path());
            cut.args(["check", "--format", "json", source])
                .stdin(Stdio::from(
                    std::fs::File::open(home.path().join(name)).unwrap(),
                ));
            let cut = ran(cut.output().unwrap()).exits(3);
            let records = counters(&cut)["records"].as_u64().unwrap();
            assert!(records > 3_000 && records < 20_000, "{name}: {records}");
            assert_eq!(unreadable(&cut, "L103"), 1, "{name}");
        }
    }
    // The end of a Parquet file says where everything is: without it nothing is read.
    let to = home.path().join("parquet");
    let object = &generated(&to, Written::Parquet, 500)[0];
    let whole = std::fs::read(object).unwrap();
    std::fs::write(object, &whole[..whole.len() - 9]).unwrap();
    for source in [object.to_str().unwrap(), "-"] {
        let mut cut = command(home.path());
        cut.args(["check", "--format", "json", source])
            .stdin(Stdio::from(std::fs::File::open(object).unwrap()));
        let cut = ran(cut.output().unwrap()).exits(3);
        assert_eq!(counters(&cut)["records"], 0);
        assert_eq!(unreadable(&cut, "L103"), 1);
        assert_eq!(cut.json()["incomplete_objects"][0]["state"], "corrupt");
    }
}

#[test]
fn options_of_formats_are_checked_before_anything_is_read() {
    let home = folder();
    file(home.path(), "x.log", b"hello\n");
    for (arguments, part) in [
        (
            vec!["--fields", "date time cs-uri-stam"],
            "no field \"cs-uri-stam\"; did you mean cs-uri-stem?",
        ),
        (
            vec!["--fields", "date time qwertyuiop"],
            "no field \"qwertyuiop\"; write - for",
        ),
        (vec!["--fields", " "], "names no field"),
        (vec!["--fields", "- -"], "names no field"),
        (
            vec!["--fields", "date time", "--delimiter", ""],
            "no reader can part them",
        ),
        (
            vec!["--delimiter", "123456", "--fields", "date"],
            "0 to 5 characters",
        ),
        (vec!["--log-format", "xml"], "xml"),
    ] {
        let ran = run(
            home.path(),
            ["check", "x.log"].into_iter().chain(arguments.clone()),
        )
        .exits(2);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
    }
    // A named format reads nothing else.
    file(home.path(), "two.log", b"{\"date\":\"2026-11-22\",\"time\":\"14:00:01\",\"cs-uri-stem\":\"/i\"}\n1.2.3.4 - - [22/Nov/2026:14:00:01 +0000] \"GET / HTTP/1.1\" 200 1\n");
    for (format, records) in [
        ("auto", 2),
        ("json", 1),
        ("combined", 1),
        ("v1", 0),
        ("realtime", 0),
    ] {
        let ran = run(
            home.path(),
            [
                "check",
                "--format",
                "json",
                "--log-format",
                format,
                "two.log",
            ],
        );
        assert_eq!(counters(&ran)["records"], records, "{format}");
        assert_eq!(counters(&ran)["unreadable_lines"], 2 - records, "{format}");
    }
}

/// Forty megabytes without a line end: cut into blocks between objects, on all cores.
#[test]
fn joined_json_is_cut_between_objects() {
    let home = folder();
    let one = |n: usize| {
        format!(
            "{{\"date\":\"2026-11-22\",\"time\":\"14:{:02}:{:02}\",\"cs-method\":\"GET\",\"cs-uri-stem\":\"/{n}\",\"cs-uri-query\":\"e=pv&pad={}\",\"sc-status\":\"200\"}}",
            n / 60 % 60,
            n % 60,
            "x".repeat(n % 97)
        )
    };
    let records = 200_000;
    let text: String = (0..records).map(one).collect();
    assert!(text.len() > 30 << 20 && !text.contains('\n'));
    let path = file(home.path(), "joined.json", text.as_bytes());
    let ran = run(
        home.path(),
        ["query", "SELECT count(*) AS n, max(line) AS last, count(DISTINCT cs_uri_stem) AS stems FROM records", path.to_str().unwrap(), "--format", "json"],
    )
    .exits(0);
    let row = &ran.json()[0];
    assert_eq!(
        (&row["n"], &row["last"], &row["stems"]),
        (&records.into(), &records.into(), &records.into())
    );
}

#[test]
fn examples_of_unreadable_lines_have_distinct_reasons() {
    let home = folder();
    let vpc = "2 123456789010 eni-1235b8ca 10.0.0.1 10.0.0.2 20641 22 6 20 4249 1 2 ACCEPT OK\n";
    let text = vpc.repeat(5) + "<html>\n";
    file(home.path(), "x.log", text.as_bytes());
    let ran = run(home.path(), ["check", "--format", "json", "x.log"]).exits(3);
    let row = &ran.json()["rejects"][0];
    assert_eq!(row["lines"], 6);
    let lines: Vec<_> = row["examples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [1, 6]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_an_object_that_cannot_be_read() {
    let home = folder();
    file(home.path(), "a.log", b"");
    std::os::unix::fs::symlink("nowhere", home.path().join("b.log")).unwrap();
    // Nothing that a folder is read for.
    std::os::unix::fs::symlink("nowhere", home.path().join("notes.md")).unwrap();
    for source in [".", "b.log", "*.log"] {
        let ran = run(home.path(), ["check", "--format", "json", source]).exits(4);
        let incomplete = ran.json()["incomplete_objects"].clone();
        assert_eq!(
            incomplete.as_array().unwrap().len(),
            1,
            "{source}: {incomplete}"
        );
        assert_eq!(incomplete[0]["object"], "b.log", "{source}");
        assert_eq!(incomplete[0]["state"], "unreadable", "{source}");
        let reason = incomplete[0]["reason"].to_string();
        assert!(
            reason.contains("S902") && reason.contains("No such file"),
            "{reason}"
        );
    }
    run(home.path(), ["check", "nothing.log"]).exits(1);
}

/// Firehose joins records as they come. Past 8 MiB such a text is cut, between two records.
#[test]
fn joined_real_time_records_of_any_length_are_read() {
    let home = folder();
    let to = home.path().join("logs");
    let object = &generated(&to, Written::Realtime, 24_000)[0];
    let mut lines = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::MultiGzDecoder::new(std::fs::File::open(object).unwrap()),
        &mut lines,
    )
    .unwrap();
    let rows: Vec<&[u8]> = lines
        .split(|b| *b == b'\n')
        .filter(|l| l.first() == Some(&b'1'))
        .collect();
    let parted = file(home.path(), "parted", &rows.join(&b'\n'));
    let joined = file(home.path(), "joined", &rows.concat());
    assert!(joined.metadata().unwrap().len() > 9 << 20);
    let checked = |path: &std::path::Path| {
        let mut command = command(home.path());
        command
            .args([
                "check",
                "-",
                "--format",
                "json",
                "--contract",
                to.to_str().unwrap(),
            ])
            .stdin(Stdio::from(std::fs::File::open(path).unwrap()));
        let report = ran(command.output().unwrap()).json();
        let mut counts = report["counters"].clone();
        // Line ends are bytes too.
        counts["text_bytes"] = 0.into();
        counts["object_bytes"] = 0.into();
        (counts, report["failures"].clone())
    };
    let expected = checked(&parted);
    assert!(
        expected.0["records"].as_u64().unwrap() > 20_000,
        "{expected:?}"
    );
    assert_eq!(checked(&joined), expected);
}

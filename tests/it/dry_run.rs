//! `--dry-run`: what would be read, from every command that reads, without a single fetch.

use crate::program::{self, command, file, folder, run};
use crate::s3_server::{KEY_ID, S3Server, SECRET};

#[test]
fn every_command_that_reads_lists_instead() {
    let home = folder();
    for (name, size) in [
        ("E2.2026-03-04-05.a.gz", 1_000),
        ("E2.2026-03-04-05.b.gz", 2_000),
        ("E2.2026-03-04-07.a.gz", 500),
        ("other.log", 50),
    ] {
        file(home.path(), &format!("logs/{name}"), &vec![b'x'; size]);
    }
    let printed = "Would read 4 objects, 3.5 kB stored, of 2 hours from 2026-03-04T05 to 2026-03-04T07 (UTC). \
                   Nothing was fetched.\n\n  \
                   hour (UTC)        objects   bytes\n  \
                   none in the name        1    50 B\n  \
                   2026-03-04T05           2  3.0 kB\n  \
                   2026-03-04T07           1   500 B\n";
    for typed in [
        "check logs --dry-run",
        "export logs --to out --dry-run",
        "logs --dry-run",
        "explore logs -f --dry-run",
    ] {
        assert_eq!(
            run(home.path(), typed.split(' ')).exits(0).stdout,
            printed,
            "{typed}"
        );
    }
    run(
        home.path(),
        ["query", "SELECT nonsense", "logs", "--dry-run"],
    )
    .exits(0);
    assert!(!home.path().join("out").exists());
    for typed in [
        "check logs --dry-run --format json --since 2026-03-04T06",
        "export logs --to out --dry-run --report json --since 2026-03-04T06",
    ] {
        let found = run(home.path(), typed.split(' ')).exits(0).json();
        assert_eq!(
            (&found["objects"], &found["bytes"], &found["hours"]),
            (&2.into(), &550.into(), &1.into())
        );
        assert_eq!(found["by_hour"][1]["hour_utc"], "2026-03-04T07");
        assert!(found["by_hour"][0]["hour_utc"].is_null());
    }
    run(home.path(), ["check", "nowhere", "--dry-run"]).exits(1);
}

#[test]
fn a_bucket_is_listed_and_nothing_is_fetched() {
    let home = folder();
    for day in 1..=9 {
        for hour in 0..24 {
            file(
                home.path(),
                &format!("logs/px/E2.2026-03-{day:02}-{hour:02}.a.gz"),
                b"x",
            );
        }
    }
    let server = S3Server::start(home.path());
    let mut listing = command(home.path());
    listing
        .args([
            "check",
            "s3://logs/px/",
            "--dry-run",
            "--path-style",
            "--endpoint-url",
            &server.endpoint,
        ])
        .env("AWS_ACCESS_KEY_ID", KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET);
    let printed = program::ran(listing.output().unwrap()).exits(0).stdout;
    assert!(
        printed.starts_with("Would read 216 objects, 216 B stored, of 216 hours"),
        "{printed}"
    );
    assert!(
        printed.contains("day (UTC)") && printed.contains("2026-03-09       24   24 B"),
        "{printed}"
    );
    assert_eq!(server.gets(), Vec::<String>::new());
}

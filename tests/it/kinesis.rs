//! Kinesis: every record once, whatever happens to the shards and whatever the server refuses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use frontlog::commands::generate::{GenerateOptions, Written, generate};
use frontlog::contract::Contract;
use frontlog::model::{Notice, ObjectId, ObjectState, Progress};
use frontlog::pipeline::{Needs, RunOptions, explore, inspect, load};
use frontlog::source::kinesis::Begin;
use frontlog::source::{self, Arrival, Options};
use tokio_util::sync::CancellationToken;

use crate::kinesis_server::{KEYS, KinesisServer, reaching, refusing};
use crate::live_check::LiveCheck;
use crate::program::{self, folder};

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(40);

fn reading(server: &KinesisServer, stream: &str, follow: bool, from: Begin) -> Options {
    Options {
        sources: vec![format!("kinesis://{stream}")],
        follow,
        from,
        s3: server.options(),
        ..Options::default()
    }
}

/// What a run brought so far.
#[derive(Default)]
struct Got {
    uris: Vec<String>,
    /// Text by index.
    texts: BTreeMap<u32, String>,
    /// Lines in the order they came.
    lines: Vec<String>,
    refused: Vec<(Vec<u8>, String)>,
    read: Vec<u32>,
    unreadable: Vec<String>,
    warnings: Vec<String>,
    error: Option<String>,
}

impl Got {
    fn take(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Listed(objects) => {
                self.uris.extend(objects.iter().map(|o| o.uri.to_string()));
            }
            Arrival::Growth {
                index,
                offset,
                bytes,
            } => {
                let text = self.texts.entry(index).or_default();
                let refused: usize = self.refused.iter().map(|(bytes, _)| bytes.len()).sum();
                let before = (text.len() + refused) as u64;
                assert_eq!(offset, before, "offsets go on without a gap");
                let bytes = String::from_utf8(bytes).unwrap();
                assert!(bytes.is_empty() || bytes.ends_with('\n'), "whole lines");
                text.push_str(&bytes);
                self.lines.extend(bytes.lines().map(str::to_owned));
            }
            Arrival::Refused { bytes, message, .. } => self.refused.push((bytes, message)),
            Arrival::Content { index, .. } => self.read.push(index),
            Arrival::Unreadable { message, .. } => self.unreadable.push(message),
            Arrival::Warning(text) => self.warnings.push(text),
            _ => {}
        }
    }
}

/// Reads until `enough`, or until the run ends by itself.
fn gather(options: Options, mut enough: impl FnMut(&Got) -> bool) -> Got {
    let cancel = CancellationToken::new();
    let arrivals = source::start(options, cancel.clone()).unwrap();
    let (mut got, start) = (Got::default(), Instant::now());
    while !enough(&got) {
        match arrivals.recv_timeout(Duration::from_millis(50)) {
            Ok(Ok(arrival)) => got.take(arrival),
            Ok(Err(error)) => got.error = Some(error.to_string()),
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                assert!(
                    start.elapsed() < LIMIT,
                    "after {LIMIT:?}: {} lines, {:?}",
                    got.lines.len(),
                    got.warnings
                );
            }
        }
    }
    cancel.cancel();
    got
}

fn to_the_end(options: Options) -> Got {
    assert!(!options.follow);
    gather(options, |_| false)
}

/// Records `key n`, the numbers of each key ascending.
fn records(numbers: std::ops::Range<usize>) -> Vec<(String, Vec<u8>)> {
    numbers
        .map(|n| {
            let key = format!("key{}", n % 23);
            (key.clone(), format!("{key} {n}").into_bytes())
        })
        .collect()
}

fn put(server: &KinesisServer, stream: &str, numbers: std::ops::Range<usize>) {
    let records = records(numbers);
    let records: Vec<(&str, &[u8])> = records.iter().map(|(k, d)| (&**k, &**d)).collect();
    server.put(stream, &records);
}

/// Each number once, and of each key in the order it was put: a shard's parents are finished before it begins.
fn assert_all_once_and_in_order(got: &Got, numbers: std::ops::Range<usize>) {
    let mut by_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut all = vec![];
    for line in &got.lines {
        let (key, n) = line.split_once(' ').unwrap();
        let n = n.parse().unwrap();
        by_key.entry(key).or_default().push(n);
        all.push(n);
    }
    all.sort_unstable();
    assert_eq!(all, numbers.collect::<Vec<usize>>());
    for (key, numbers) in by_key {
        assert!(numbers.is_sorted(), "{key}: {numbers:?}");
    }
}

#[test]
fn every_record_comes_once_while_shards_split_and_merge() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("s", 3);
    put(&server, "s", 0..300);
    let mut stage = 0;
    let got = gather(reading(&server, "s", true, Begin::TrimHorizon), |got| {
        // The next change comes when what was put before has been read in part only.
        if stage < 3 && got.lines.len() > 100 + 300 * stage {
            match stage {
                0 => server.split("s"),
                1 => server.merge("s"),
                _ => {
                    server.split("s");
                    put(&server, "s", 900..1000);
                    server.split("s");
                }
            }
            put(
                &server,
                "s",
                [300..600, 600..900, 1000..1200][stage].clone(),
            );
            stage += 1;
        }
        got.lines.len() >= 1200
    });
    assert_all_once_and_in_order(&got, 0..1200);
    assert_eq!((got.error, got.unreadable.len()), (None, 0));
    assert_eq!(got.uris.len(), 3 + 2 + 1 + 2 + 2);
    assert!(
        got.uris
            .iter()
            .all(|uri| uri.starts_with("kinesis://s/shardId-0000000000"))
    );
    // The same from the start, without following: it ends by itself, and every shard is read.
    let again = to_the_end(reading(&server, "s", false, Begin::Unsaid));
    assert_all_once_and_in_order(&again, 0..1200);
    assert_eq!(again.read.len(), again.uris.len());
}

#[test]
fn reading_begins_where_it_should() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("s", 2);
    put(&server, "s", 0..50);
    std::thread::sleep(Duration::from_millis(50));
    let between = chrono::Utc::now().timestamp_millis();
    std::thread::sleep(Duration::from_millis(50));
    put(&server, "s", 50..100);
    let horizon = to_the_end(reading(&server, "s", false, Begin::TrimHorizon));
    assert_all_once_and_in_order(&horizon, 0..100);
    let since = to_the_end(reading(&server, "s", false, Begin::Time(between)));
    assert_all_once_and_in_order(&since, 50..100);
    let latest = to_the_end(reading(&server, "s", false, Begin::Latest));
    assert_eq!(latest.lines.len(), 0);
    // While following, what is there already is left out unless it is asked for.
    let mut began = None;
    let following = gather(reading(&server, "s", true, Begin::Unsaid), |got| {
        // Both shards must have their iterators before anything new comes.
        if got.uris.len() == 2 && began.is_none() {
            began = Some(Instant::now());
        }
        if began.is_some_and(|at: Instant| at.elapsed() > Duration::from_millis(1500)) {
            began = Some(Instant::now() + Duration::from_hours(1));
            put(&server, "s", 100..150);
        }
        got.lines.len() >= 50
    });
    assert_all_once_and_in_order(&following, 100..150);
}

#[test]
fn what_the_server_refuses_for_a_while_is_asked_for_again() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("s", 2);
    put(&server, "s", 0..100);
    let endpoint = refusing(&server.endpoint, |operation, n| match (operation, n % 5) {
        ("GetRecords", 0) => Some("ProvisionedThroughputExceededException"),
        ("GetRecords", 1) => Some("InternalFailure"),
        ("GetRecords", 2) => Some("ExpiredIteratorException"),
        ("GetShardIterator", 0) => Some("LimitExceededException"),
        _ => None,
    });
    let mut options = reading(&server, "s", false, Begin::Unsaid);
    options.s3 = reaching(&endpoint);
    let got = to_the_end(options);
    assert_all_once_and_in_order(&got, 0..100);
    assert_eq!((got.error, got.unreadable.len()), (None, 0));
}

/// A pipeline that takes nothing gets nothing asked for: so many answers wait, and no more.
#[test]
fn a_reader_that_is_busy_stops_the_requests() {
    const RECORDS: usize = 100_000;
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("s", 8);
    let records: Vec<(String, Vec<u8>)> = (0..RECORDS)
        .map(|n| {
            (
                format!("key{}", n % 997),
                format!("key{} {n}", n % 997).into_bytes(),
            )
        })
        .collect();
    let records: Vec<(&str, &[u8])> = records.iter().map(|(k, d)| (&**k, &**d)).collect();
    server.put("s", &records);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let endpoint = refusing(&server.endpoint, move |operation, _| {
        count.fetch_add(usize::from(operation == "GetRecords"), Ordering::Relaxed);
        None
    });
    let mut options = reading(&server, "s", false, Begin::Unsaid);
    options.s3 = reaching(&endpoint);
    let cancel = CancellationToken::new();
    let arrivals = source::start(options, cancel).unwrap();
    // Until nothing is asked any more.
    let mut before = usize::MAX;
    let start = Instant::now();
    while asked.load(Ordering::Relaxed) != before || before == 0 {
        before = asked.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1_200));
        assert!(start.elapsed() < LIMIT, "it goes on asking");
    }
    // 64 arrivals, of which each answer is two; 2 in front of them; 16 in the readers' hands.
    assert!(before <= 32 + 2 + 16 + 1, "{before} answers");
    let mut got = Got::default();
    for arrival in arrivals {
        got.take(arrival.unwrap());
    }
    assert!(asked.load(Ordering::Relaxed) > RECORDS / 1_000);
    assert_all_once_and_in_order(&got, 0..RECORDS);
}

#[test]
fn errors_name_the_stream_and_what_is_missing() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("s", 1);
    put(&server, "s", 0..3);
    let none = to_the_end(reading(&server, "none", false, Begin::Unsaid));
    assert_eq!(
        none.error.unwrap(),
        "cannot read kinesis://none: there is no stream `none` in region us-east-1 (check its name, and --region)"
    );
    for (denied, sentence) in [
        (
            "ListShards",
            "cannot read kinesis://s: access denied (needs kinesis:ListShards on stream `s`)",
        ),
        (
            "GetShardIterator",
            "cannot read kinesis://s/shardId-000000000000: access denied (needs kinesis:GetShardIterator on stream `s`)",
        ),
        (
            "GetRecords",
            "cannot read kinesis://s/shardId-000000000000: access denied (needs kinesis:GetRecords on stream `s`)",
        ),
    ] {
        let endpoint = refusing(&server.endpoint, move |operation, _| {
            (operation == denied).then_some("AccessDeniedException")
        });
        let mut options = reading(&server, "s", false, Begin::Unsaid);
        options.s3 = reaching(&endpoint);
        let got = to_the_end(options);
        let said = got.error.or(got.unreadable.first().cloned());
        assert_eq!(said.as_deref(), Some(sentence));
    }
    let mut options = reading(&server, "s", false, Begin::Unsaid);
    options.s3 = reaching("http://127.0.0.1:1");
    let error = to_the_end(options).error.unwrap();
    assert!(error.contains("cannot reach http://127.0.0.1:1"), "{error}");
    options = reading(&server, "bad/name", false, Begin::Unsaid);
    let error = source::start(options, CancellationToken::new()).unwrap_err();
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn records_that_are_no_log_lines_are_refused_and_what_comes_behind_is_read() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    for (n, (magic, says)) in [
        (
            &b"\xF3\x89\x9A\xC2\x0A\nkey0 7\n"[..],
            "Kinesis Producer Library",
        ),
        (&b"\x1F\x8B\x08\nkey0 7\n"[..], "CloudWatch"),
    ]
    .into_iter()
    .enumerate()
    {
        let stream = format!("s{n}");
        server.stream(&stream, 1);
        server.put(
            &stream,
            &[
                ("k", b"key0 1"),
                ("k", b"key0 2\n"),
                ("k", magic),
                ("k", magic),
                ("k", b"key0 3"),
            ],
        );
        let options = reading(&server, &stream, false, Begin::Unsaid);
        let mut offset = 0;
        let got = to_the_end(options.clone());
        assert_eq!(got.unreadable, Vec::<String>::new());
        assert_eq!(got.refused.len(), 2);
        for (bytes, message) in &got.refused {
            assert_eq!(bytes, &[magic, b"\n"].concat(), "as it came");
            assert!(message.contains(says), "{message}");
        }
        assert_eq!(got.lines, ["key0 1", "key0 2", "key0 3"]);
        // Its bytes have a place in the text of the shard, like those of a line.
        for bytes in [
            b"key0 1\nkey0 2\n",
            &got.refused[0].0[..],
            &got.refused[1].0[..],
            b"key0 3\n",
        ] {
            let place = (offset, bytes.len() as u64);
            let again = source::kinesis::read_again(&options, &got.uris[0], place).unwrap();
            assert_eq!(again, bytes);
            offset += bytes.len() as u64;
        }
        let run = RunOptions {
            source: options,
            contract: Arc::new(Contract::builtin()),
            threads: 2,
            needs: Needs::default(),
        };
        let snapshot = load(
            &run,
            &Arc::new(Progress::default()),
            &CancellationToken::new(),
        )
        .unwrap();
        let counters = snapshot.counters;
        assert_eq!(
            (
                counters.lines,
                counters.unreadable_lines,
                counters.objects_unreadable
            ),
            (5, 5, 0)
        );
        assert_eq!(counters.text_bytes, offset);
    }
}

#[test]
fn a_line_is_read_again_by_the_answer_it_came_with() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("again", 2);
    // More than an answer holds.
    put(&server, "again", 0..5_000);
    let options = reading(&server, "again", false, Begin::Unsaid);
    let got = to_the_end(options.clone());
    assert_all_once_and_in_order(&got, 0..5_000);
    for (index, text) in &got.texts {
        let uri = &got.uris[*index as usize];
        let mut offset = 0;
        for (n, line) in text.split_inclusive('\n').enumerate() {
            let length = line.len() as u64;
            if n % 499 == 0 {
                let place = (offset, length - 1);
                let again = source::kinesis::read_again(&options, uri, place).unwrap();
                assert_eq!(
                    String::from_utf8(again).unwrap(),
                    line.trim_end(),
                    "{uri} {n}"
                );
            }
            offset += length;
        }
    }
    let unknown = "kinesis://again/shardId-000000000099";
    let error = source::kinesis::read_again(&options, unknown, (0, 1)).unwrap_err();
    assert!(error.to_string().contains(unknown), "{error}");
}

/// The lines of the logs in a folder; takes away the object that was cut on purpose.
fn lines_in(folder: &std::path::Path) -> Vec<Vec<u8>> {
    use std::io::Read as _;
    let mut lines = vec![];
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !path.is_file() || !name.starts_with("E2") {
            continue;
        }
        let mut text = Vec::new();
        let file = std::fs::File::open(&path).unwrap();
        if flate2::read::MultiGzDecoder::new(file)
            .read_to_end(&mut text)
            .is_err()
        {
            std::fs::remove_file(path).unwrap();
            continue;
        }
        let all = text.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        lines.extend(all.map(<[u8]>::to_vec));
    }
    lines
}

#[test]
fn real_time_logs_are_the_same_from_a_stream_as_from_files() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    let home = folder();
    let logs = home.path().join("logs");
    generate(&GenerateOptions {
        dir: logs.clone(),
        records: 3_000,
        objects: 5,
        faults: 0.05,
        format: Written::Realtime,
        ..GenerateOptions::default()
    })
    .unwrap();
    let lines = lines_in(&logs);
    assert!(lines.len() >= 2_000);
    server.stream("s", 4);
    let keys: Vec<String> = (0..lines.len()).map(|n| format!("k{}", n % 41)).collect();
    let records: Vec<(&str, &[u8])> = keys.iter().zip(&lines).map(|(k, l)| (&**k, &**l)).collect();
    server.put("s", &records);
    let contract = ["--contract", logs.to_str().unwrap()];
    let files = program::run(
        home.path(),
        ["check", logs.to_str().unwrap(), "--format", "json"]
            .into_iter()
            .chain(contract),
    )
    .exits(3)
    .json();
    let stream = program::ran(check(home.path(), &server, &contract).output().unwrap())
        .exits(3)
        .json();
    // Which of two events with one id came first depends on the shards; that there are two does not.
    let failures = |report: &serde_json::Value| {
        let list = report["failures"].as_array().unwrap();
        let mut list: Vec<String> = list
            .iter()
            .filter(|f| !f["code"].as_str().unwrap().starts_with("X50"))
            .map(|f| format!("{} {} {} {}", f["code"], f["event"], f["path"], f["rows"]))
            .collect();
        list.sort();
        list
    };
    assert_eq!(failures(&stream), failures(&files));
    assert!(failures(&stream).len() > 10);
    for counter in [
        "records",
        "not_events",
        "events",
        "good",
        "failed",
        "unreadable_lines",
        "errors",
    ] {
        assert_eq!(
            stream["counters"][counter], files["counters"][counter],
            "{counter}"
        );
    }
    assert_eq!(stream["counters"]["objects"], 4);
    assert_eq!(stream["events"], files["events"]);
    // In the explorer the raw line comes back, with the names of its columns.
    let run = RunOptions {
        source: reading(&server, "s", false, Begin::Unsaid),
        contract: Arc::new(Contract::load(&logs).unwrap()),
        threads: 2,
        needs: Needs::default(),
    };
    let snapshot = load(
        &run,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    )
    .unwrap();
    for row in [0, 1_499, 1_900] {
        let detail = inspect(&snapshot, row, &run.contract, &run.source).unwrap();
        assert_eq!(detail.raw_error, None);
        assert!(lines.contains(&detail.raw), "row {row}");
        assert_eq!(
            (&*detail.fields[0].name, &*detail.fields[4].name),
            ("timestamp", "sc-status")
        );
    }
}

#[test]
fn the_fields_of_a_stream_are_the_owners_choice() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("s", 1);
    let line = |n: usize, query: &str| {
        format!("17954616{n:02}.541\t203.0.113.7\t200\tGET\tpx.example.com\t/i?{query}\t0.003")
            .into_bytes()
    };
    let good = line(1, "e=checkout&value=3");
    let bad = line(2, "e=checkout&value=x");
    server.put("s", &[("k", &good), ("k", &bad)]);
    let home = folder();
    program::contract(home.path());
    let fields = "timestamp,c-ip,sc-status,cs-method,cs-host,cs-uri-stem,time-taken";
    let report = program::ran(
        check(home.path(), &server, &["--fields", fields])
            .output()
            .unwrap(),
    )
    .exits(3)
    .json();
    let c = &report["counters"];
    assert_eq!(
        (&c["records"], &c["good"], &c["failed"]),
        (&2.into(), &1.into(), &1.into()),
        "{report}"
    );
    assert_eq!(
        report["failures"][0]["first_utc"], "2026-11-23 19:20:02.541",
        "{report}"
    );
}

/// `frontlog check` of the stream, as a process.
fn check(
    home: &std::path::Path,
    server: &KinesisServer,
    arguments: &[&str],
) -> std::process::Command {
    let mut command = program::command(home);
    command
        .args(["check", "kinesis://s", "--format", "json"])
        .args(["--region", "us-east-1", "--endpoint-url", &server.endpoint])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", KEYS.0)
        .env("AWS_SECRET_ACCESS_KEY", KEYS.1);
    command
}

fn lines_of(line: &str) -> u64 {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    value["counters"]["lines"].as_u64().unwrap()
}

#[test]
fn killed_and_resumed_a_check_has_counted_every_record_once() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("s", 3);
    let home = folder();
    // Without anything said, it begins with what comes next; that holds for what comes while it is down, too.
    let arguments = ["-f", "--resume", "--every", "1s"];
    put(&server, "s", 0..50);
    // Two seconds before its start are not told apart from it when it is resumed.
    std::thread::sleep(Duration::from_millis(2_100));
    let first = LiveCheck::start(&mut check(home.path(), &server, &arguments));
    // All three shards have been begun, and that is in the state.
    let state = home.path().join("state/frontlog/follow");
    let begun = |state: &std::path::Path| {
        let files = std::fs::read_dir(state).into_iter().flatten().flatten();
        let mut files = files.filter(|f| f.path().extension().is_some_and(|e| e == "json"));
        files.any(|f| {
            std::fs::read_to_string(f.path())
                .unwrap()
                .matches("shardId-")
                .count()
                >= 3
        })
    };
    let start = Instant::now();
    while !begun(&state) {
        assert!(start.elapsed() < LIMIT, "no state was written");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(500));
    first.kill();
    put(&server, "s", 50..350);
    server.split("s");
    put(&server, "s", 350..650);
    for round in 0..3 {
        let mut live = LiveCheck::start(&mut check(home.path(), &server, &arguments));
        live.until(|line| lines_of(line) > 0);
        let from = 650 + round * 100;
        put(&server, "s", from..from + 100);
        std::thread::sleep(Duration::from_millis(400 * round as u64));
        live.kill();
        if round == 1 {
            server.merge("s");
        }
    }
    put(&server, "s", 950..1050);
    let mut last = LiveCheck::start(&mut check(home.path(), &server, &arguments));
    last.until(|line| lines_of(line) >= 1000);
    std::thread::sleep(Duration::from_millis(1_500));
    let (_, printed) = last.end();
    assert_eq!(lines_of(printed.last().unwrap()), 1000);
}

/// What beside a stream could not be read is read again; all is said to be read only when the stream is, too.
#[cfg(unix)]
#[test]
fn objects_beside_a_stream_are_read_again() {
    let Some(server) = KinesisServer::start() else {
        return;
    };
    server.stream("beside", 2);
    put(&server, "beside", 0..50);
    let home = folder();
    let link = home.path().join("x.log");
    std::os::unix::fs::symlink(home.path().join("target"), &link).unwrap();
    let mut source = reading(&server, "beside", false, Begin::Unsaid);
    source.sources.push(link.display().to_string());
    let handle = explore(RunOptions {
        source,
        contract: Arc::new(Contract::builtin()),
        threads: 2,
        needs: Needs::default(),
    })
    .unwrap();
    let finished = || loop {
        match handle.notices.recv_timeout(LIMIT).unwrap() {
            Notice::Finished { counters, .. } => return counters,
            Notice::Failed(why) => panic!("{why}"),
            _ => {}
        }
    };
    let counters = finished();
    assert_eq!((counters.lines, counters.objects_unreadable), (50, 1));
    std::fs::write(home.path().join("target"), "one\ntwo\n").unwrap();
    let objects = handle.snapshots.borrow().objects.clone();
    let unreadable = objects.iter().position(ObjectState::is_unreadable).unwrap();
    handle
        .again
        .send(vec![ObjectId(unreadable as u32)])
        .unwrap();
    let counters = finished();
    assert_eq!((counters.lines, counters.objects_unreadable), (52, 0));
}

//! Following, as a law: however lines are written, and whatever happens to their files, each whole line comes once.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use frontlog::error::Result;
use frontlog::source::{Arrival, Options};
use tempfile::{TempDir, tempdir};
use tokio_util::sync::CancellationToken;

use crate::arrivals::{LIMIT, bytes, reading_path, start};
use crate::program::{command, contract, file, folder, gzip, header, record};
use crate::s3_server::{KEY_ID, S3Server, SECRET};

/// Longer than a copy, or the end of a replaced file, is waited for.
const REST: Duration = Duration::from_millis(3_500);

/// A followed run, and what came of it so far.
struct Followed {
    arrivals: Receiver<Result<Arrival>>,
    finish: CancellationToken,
    /// Text by object.
    texts: BTreeMap<u32, Vec<u8>>,
    warnings: Vec<String>,
}

impl Followed {
    fn start(path: &Path) -> Self {
        let finish = CancellationToken::new();
        let mut options = Options {
            follow: true,
            ..reading_path(path)
        };
        options.following.finish = Some(finish.clone());
        let (arrivals, _) = start(&options).unwrap();
        Self {
            arrivals,
            finish,
            texts: BTreeMap::new(),
            warnings: vec![],
        }
    }

    fn take(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Content { index, content } => {
                let bytes = bytes(content);
                let text = if bytes.starts_with(&[0x1f, 0x8b]) {
                    let mut text = Vec::new();
                    flate2::read::MultiGzDecoder::new(&bytes[..])
                        .read_to_end(&mut text)
                        .unwrap();
                    text
                } else {
                    bytes
                };
                self.texts.entry(index).or_default().extend(text);
            }
            Arrival::Growth { index, bytes, .. } => {
                assert!(bytes.ends_with(b"\n"), "only whole lines grow");
                self.texts.entry(index).or_default().extend(bytes);
            }
            Arrival::Warning(text) => self.warnings.push(text),
            Arrival::Unreadable { message, .. } => panic!("{message}"),
            Arrival::Refused { .. }
            | Arrival::Listed(_)
            | Arrival::Resumed { .. }
            | Arrival::Mark(_)
            | Arrival::Floor(_)
            | Arrival::Relisted { .. }
            | Arrival::Complete
            | Arrival::Behind(_) => {}
        }
    }

    fn lines(&self) -> Vec<String> {
        let all = self
            .texts
            .values()
            .flat_map(|text| text.split(|b| *b == b'\n'));
        let mut lines: Vec<String> = all
            .filter(|line| !line.is_empty())
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        lines.sort();
        lines
    }

    /// Takes what comes until `count` lines are there.
    #[track_caller]
    fn until(&mut self, count: usize) {
        let end = Instant::now() + LIMIT;
        while self.lines().len() < count {
            let Ok(arrival) = self.arrivals.recv_deadline(end) else {
                panic!(
                    "{} of {count} lines came: {:#?}\n{:#?}",
                    self.lines().len(),
                    self.lines(),
                    self.warnings
                )
            };
            self.take(arrival.unwrap());
        }
    }

    /// Takes what still comes, ends the run, and takes the rest.
    fn end(&mut self, rest: Duration) {
        let end = Instant::now() + rest;
        while let Ok(arrival) = self.arrivals.recv_deadline(end) {
            self.take(arrival.unwrap());
        }
        self.finish.cancel();
        while let Ok(arrival) = self.arrivals.recv_timeout(LIMIT) {
            self.take(arrival.unwrap());
        }
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(bytes).unwrap();
}

/// Whether the kernel tells where a renamed file is now; else one that was renamed unseen is known by a look only.
const IS_TOLD_OF_RENAMES: bool = cfg!(target_os = "linux");

/// Long enough that a text can be known again by it: texts of under 64 bytes are not.
fn line(n: usize) -> String {
    format!(
        "2026-11-22 14:{:02}:{:02} line {n:05} {:020} {n:020}\n",
        n / 60 % 60,
        n % 60,
        n * 7_919
    )
}

/// Writes lines in pieces, and turns the file over in every way that log rotation knows.
fn write_and_turn(dir: &Path, random: &mut fastrand::Rng) -> Vec<String> {
    let path = dir.join("access.log");
    let mut written = Vec::new();
    for turn in 0..5 {
        for _ in 0..random.usize(1..12) {
            let text = line(written.len());
            let cut = random.usize(0..text.len());
            append(&path, &text.as_bytes()[..cut]);
            if random.bool() {
                std::thread::sleep(Duration::from_millis(random.u64(0..30)));
            }
            append(&path, &text.as_bytes()[cut..]);
            written.push(text.trim_end().to_owned());
        }
        let kind = random.u8(0..5);
        println!("turn {turn}: {} lines written, then {kind}", written.len());
        match kind {
            // To a name that is no log's.
            0 => {
                if !IS_TOLD_OF_RENAMES {
                    std::thread::sleep(Duration::from_millis(150));
                }
                fs::rename(&path, dir.join(format!("access.log.{turn}"))).unwrap();
            }
            1 => fs::rename(&path, dir.join(format!("access-{turn}.log"))).unwrap(),
            2 => {
                fs::copy(&path, dir.join(format!("access-{turn}.log"))).unwrap();
                File::create(&path).unwrap();
            }
            3 => {
                let copy = dir.join(format!("access.log.{turn}.gz"));
                fs::write(&copy, gzip(&fs::read(&path).unwrap())).unwrap();
                File::create(&path).unwrap();
            }
            _ => std::thread::sleep(Duration::from_millis(300)),
        }
    }
    written
}

#[test]
fn however_a_log_is_written_and_rotated_each_line_comes_once() {
    let cases: Vec<_> = (0..12u64)
        .map(|seed| {
            std::thread::spawn(move || {
                let dir = tempdir().unwrap();
                let mut followed = Followed::start(dir.path());
                println!("seed {seed}");
                let written = write_and_turn(dir.path(), &mut fastrand::Rng::with_seed(seed));
                followed.until(written.len());
                followed.end(REST);
                let lines = followed.lines();
                assert!(
                    lines == written,
                    "seed {seed}: {:?}\n{:#?}",
                    followed.warnings,
                    followed
                        .texts
                        .values()
                        .map(|t| String::from_utf8_lossy(t))
                        .collect::<Vec<_>>()
                );
            })
        })
        .collect();
    for case in cases {
        case.join().unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_was_renamed_before_anybody_looked_is_read() {
    for source in ["", "a.log", "*.log"] {
        let dir = tempdir().unwrap();
        let path = dir.path().join("a.log");
        let name = |n: usize| dir.path().join(format!("a.log.{n}"));
        // Named by itself it must be there at the start.
        append(&path, line(0).as_bytes());
        let mut followed = Followed::start(&dir.path().join(source));
        for n in 1..8 {
            // As logrotate does it: the older ones first.
            for older in (1..n).rev() {
                fs::rename(name(older), name(older + 1)).unwrap();
            }
            fs::rename(&path, name(1)).unwrap();
            append(&path, line(n).as_bytes());
        }
        followed.until(8);
        // The writer goes on with one that had its last name before it was seen.
        append(&name(3), b"and the end");
        followed.until(9);
        followed.end(Duration::from_millis(500));
        let mut wanted: Vec<String> = (0..8).map(|n| line(n).trim_end().to_owned()).collect();
        wanted.push("and the end".to_owned());
        assert_eq!(followed.lines(), wanted, "{:?}", followed.warnings);
    }
}

#[test]
fn a_file_that_is_cut_and_then_renamed_between_two_looks_is_read() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, b"one\ntwo\nthree\n");
    let mut followed = Followed::start(&path);
    followed.until(3);
    let mut file = File::create(&path).unwrap();
    file.write_all(b"four\n").unwrap();
    fs::rename(&path, dir.path().join("old")).unwrap();
    append(&path, b"six\n");
    followed.until(5);
    file.write_all(b"five\n").unwrap();
    followed.until(6);
    // Also when it is cut once more after that.
    file.set_len(0).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    file.write_all(b"7\n").unwrap();
    followed.until(7);
    append(&path, b"eight\n");
    followed.until(8);
    followed.end(REST);
    assert_eq!(
        followed.lines(),
        ["7", "eight", "five", "four", "one", "six", "three", "two"]
    );
}

#[test]
fn a_compressed_file_that_was_read_whole_and_a_file_that_was_empty_are_read_on_at_once() {
    let dir = tempdir().unwrap();
    append(&dir.path().join("a.log.gz"), &gzip(b"one\n"));
    let mut followed = Followed::start(dir.path());
    followed.until(1);
    File::create(dir.path().join("b.log")).unwrap();
    // Longer than new files are looked for after one came.
    std::thread::sleep(Duration::from_millis(2_500));
    let begin = Instant::now();
    append(&dir.path().join("b.log"), b"two\n");
    followed.until(2);
    append(&dir.path().join("a.log.gz"), &gzip(b"three\n"));
    followed.until(3);
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    followed.end(Duration::ZERO);
}

#[test]
fn a_replaced_file_is_read_to_its_last_byte() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, b"one\nhalf");
    let mut followed = Followed::start(&path);
    followed.until(1);
    let mut old = OpenOptions::new().append(true).open(&path).unwrap();
    fs::rename(&path, dir.path().join("a.log.1")).unwrap();
    append(&path, b"new\n");
    followed.until(2);
    // The writer has not noticed yet.
    old.write_all(b" whole\nlast").unwrap();
    followed.until(4);
    followed.end(Duration::ZERO);
    assert_eq!(followed.lines(), ["half whole", "last", "new", "one"]);
    assert!(followed.warnings.iter().any(|w| w.contains("was replaced")));
}

#[test]
fn a_cut_file_is_told_and_read_from_its_start() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, b"one\ntwo\nthree\n");
    let mut followed = Followed::start(&path);
    followed.until(3);
    fs::write(&path, b"four\n").unwrap();
    followed.until(4);
    // Cut and longer than before: only its content tells.
    fs::write(&path, b"five, which is longer than what was there\n").unwrap();
    followed.until(5);
    followed.end(Duration::ZERO);
    assert_eq!(
        followed.texts.len(),
        3,
        "each content is an object of its own"
    );
    assert_eq!(followed.warnings.len(), 2, "{:?}", followed.warnings);
    assert!(followed.warnings[1].contains("was cut off"));
}

#[test]
fn new_files_in_new_folders_are_found_at_once() {
    let dir = tempdir().unwrap();
    let mut followed = Followed::start(dir.path());
    let deep = dir.path().join("2026/11/22");
    std::thread::sleep(Duration::from_millis(300));
    fs::create_dir_all(&deep).unwrap();
    let begin = Instant::now();
    append(&deep.join("a.log"), b"one\n");
    followed.until(1);
    append(&deep.join("a.log"), b"two\n");
    followed.until(2);
    assert!(
        begin.elapsed() < Duration::from_secs(3),
        "{:?}",
        begin.elapsed()
    );
    followed.end(Duration::ZERO);
}

#[test]
fn what_cannot_be_watched_is_looked_at_every_second_and_that_is_said() {
    let dir = tempdir().unwrap();
    // A folder that is not there has no watch.
    let mut followed = Followed::start(&dir.path().join("later/*.log"));
    std::thread::sleep(Duration::from_millis(300));
    fs::create_dir(dir.path().join("later")).unwrap();
    let log = dir.path().join("later/a.log");
    let begin = Instant::now();
    append(&log, b"one\n");
    followed.until(1);
    append(&log, b"two\n");
    followed.until(2);
    assert!(
        begin.elapsed() < Duration::from_secs(4),
        "{:?}",
        begin.elapsed()
    );
    followed.end(Duration::ZERO);
    let said = followed
        .warnings
        .iter()
        .any(|w| w.contains("looked at every second"));
    assert!(said, "{:?}", followed.warnings);
}

#[test]
fn gzip_that_grows_gives_its_whole_members_and_at_last_what_is_left() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("E2EX.2026-11-22-14.0a1b2c3d.gz");
    fs::write(&path, gzip(b"one\n")).unwrap();
    // An old file is read as it is; that it grows shows later.
    let hour_ago = std::time::SystemTime::now() - Duration::from_hours(1);
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(hour_ago)
        .unwrap();
    let mut followed = Followed::start(dir.path());
    followed.until(1);
    append(&path, &gzip(b"two\nthr"));
    followed.until(2);
    let member = gzip(b"ee\nfour\n");
    append(&path, &member[..9]);
    std::thread::sleep(Duration::from_millis(200));
    append(&path, &member[9..]);
    followed.until(4);
    let text: String = (0..3_000).map(line).collect();
    let member = gzip(text.as_bytes());
    append(&path, &member[..member.len() / 2]);
    followed.until(500);
    append(&path, &member[member.len() / 2..]);
    followed.until(3_004);
    followed.end(Duration::ZERO);
    assert_eq!(followed.texts.len(), 1);
    assert_eq!(
        followed.texts[&0],
        ["one\ntwo\nthree\nfour\n", &text].concat().as_bytes()
    );
    assert!(
        followed
            .warnings
            .iter()
            .any(|w| w.contains("inside of a gzip member"))
    );
}

/// `frontlog check -f`, running.
struct Check {
    child: Child,
    lines: Arc<Mutex<Vec<serde_json::Value>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Check {
    fn start(home: &Path, arguments: &[&str], endpoint: Option<&str>) -> Self {
        let mut command = command(home);
        command
            .args(["check", "-f", "--format", "json", "--every", "1s"])
            .args(arguments);
        if let Some(endpoint) = endpoint {
            command
                .args(["--endpoint-url", endpoint, "--path-style"])
                .args(["--region", "us-east-1"])
                .env("AWS_ACCESS_KEY_ID", KEY_ID)
                .env("AWS_SECRET_ACCESS_KEY", SECRET);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = lines.clone();
        let reader = std::thread::spawn(move || {
            for line in output.lines().map_while(std::io::Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
                kept.lock().unwrap().push(value);
            }
        });
        Self {
            child,
            lines,
            reader: Some(reader),
        }
    }

    fn count(&self, name: &str) -> u64 {
        let lines = self.lines.lock().unwrap();
        lines
            .last()
            .and_then(|line| line["counters"][name].as_u64())
            .unwrap_or(0)
    }

    #[track_caller]
    fn until(&mut self, name: &str, count: u64) {
        let begin = Instant::now();
        while self.count(name) < count {
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "it ended by itself"
            );
            assert!(
                begin.elapsed() < LIMIT,
                "{} of {count} {name}",
                self.count(name)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        drop(self.reader.take().unwrap().join());
    }

    /// Interrupts it; its status and its report.
    fn end(mut self) -> (i32, serde_json::Value) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status();
        assert!(sent.unwrap().success());
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let report = self.lines.lock().unwrap().pop().unwrap();
        (status.code().unwrap(), report)
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_followed_check_ends_with_its_report_when_interrupted() {
    let home = folder();
    contract(home.path());
    let log = file(home.path(), "logs/a.log", header().as_bytes());
    let mut check = Check::start(home.path(), &["logs"], None);
    append(&log, record(1, "e=checkout&value=3", "agent").as_bytes());
    check.until("records", 1);
    append(&log, record(2, "e=checkout&value=x", "agent").as_bytes());
    // Nothing is waited for: what is written is read before it ends.
    let (status, report) = check.end();
    assert_eq!(status, 3, "{report}");
    assert_eq!(report["counters"]["records"], 2, "{report}");
    assert_eq!(report["counters"]["failed"], 1, "{report}");
}

#[test]
fn killed_and_resumed_a_check_has_counted_every_line_once() {
    let home = folder();
    contract(home.path());
    let log = file(home.path(), "logs/a.log", header().as_bytes());
    file(
        home.path(),
        "logs/b.log.gz",
        &gzip(format!("{}{}", header(), record(9_000, "e=checkout&value=1", "a")).as_bytes()),
    );
    let mut written = 1;
    let mut write = |log: &Path, count: u64| {
        for _ in 0..count {
            let value = if written % 10 == 0 { "x" } else { "1" };
            let query = format!("e=checkout&value={value}");
            append(log, record(written as usize, &query, "agent").as_bytes());
            written += 1;
        }
        written
    };
    let arguments = ["--resume", "logs"];
    for round in 0..3u64 {
        let check = Check::start(home.path(), &arguments, None);
        write(&log, 40);
        std::thread::sleep(Duration::from_millis(700 * round + 300));
        write(&log, 40);
        check.kill();
        write(&log, 20);
        if round == 1 {
            // Rotated while nobody looked, to a name that is no log's; and a new file.
            fs::rename(&log, home.path().join("logs/a.log.1")).unwrap();
            append(&log, header().as_bytes());
        }
        append(
            &home.path().join("logs/b.log.gz"),
            &gzip(record(9_001 + round as usize, "e=checkout&value=1", "a").as_bytes()),
        );
    }
    let all = write(&log, 7) - 1 + 4;
    let mut check = Check::start(home.path(), &arguments, None);
    check.until("records", all);
    std::thread::sleep(Duration::from_secs(1));
    let (status, report) = check.end();
    assert_eq!(status, 3);
    let counters = &report["counters"];
    assert_eq!(counters["records"], all, "{report}");
    assert_eq!(counters["failed"], (all - 4) / 10, "{report}");
    assert_eq!(counters["unreadable_lines"], 0, "{report}");
    assert_eq!(report["failures"][0]["rows"], (all - 4) / 10, "{report}");
    // Without --resume everything is read anew, but for what was rotated away.
    let mut anew = Check::start(home.path(), &["logs"], None);
    anew.until("records", 1);
    let (_, report) = anew.end();
    assert!(
        report["counters"]["records"].as_u64().unwrap() < all,
        "{report}"
    );
}

/// A bucket whose objects appear whole, as in S3.
struct Bucket {
    dir: TempDir,
    server: S3Server,
}

impl Bucket {
    fn new() -> Self {
        let dir = tempdir().unwrap();
        fs::create_dir_all(dir.path().join("logs/px")).unwrap();
        let server = S3Server::start(dir.path());
        Self { dir, server }
    }

    fn put(&self, key: &str, records: &[String]) {
        let text = format!("{}{}", header(), records.concat());
        let beside = self.dir.path().join("new");
        fs::write(&beside, gzip(text.as_bytes())).unwrap();
        fs::rename(&beside, self.path(key)).unwrap();
    }

    fn path(&self, key: &str) -> PathBuf {
        self.dir.path().join("logs/px").join(key)
    }
}

/// A key of an hour before `now`; its unique id comes in no order, as `CloudFront`'s.
fn key(now: chrono::DateTime<chrono::Utc>, hours_back: i64, id: usize) -> String {
    let hour = now - chrono::Duration::hours(hours_back);
    let id = id * 0x9e37_79b9 % 0xffff_ffff;
    format!("E2EX.{}.{id:08x}.gz", hour.format("%Y-%m-%d-%H"))
}

#[test]
fn a_prefix_is_followed_through_late_and_rewritten_objects_and_a_busy_server() {
    let home = folder();
    contract(home.path());
    let bucket = Bucket::new();
    bucket.server.busy(10);
    let event = |n: usize| record(n, "e=checkout&value=1", "agent");
    let now = chrono::Utc::now();
    let key = |hours_back, id| key(now, hours_back, id);
    bucket.put(&key(1, 0), &[event(0)]);
    let arguments = ["--resume", "--poll-interval", "1s", "s3://logs/px/"];
    let mut check = Check::start(home.path(), &arguments, Some(&bucket.server.endpoint));
    check.until("records", 1);
    let mut written = 1;
    for second in 1..=10 {
        let mut records = vec![event(written)];
        written += 1;
        let hours_back = if second % 4 == 0 { 9 } else { 0 };
        bucket.put(&key(hours_back, second), &records);
        if second % 3 == 0 {
            // Rewritten: with a line before what was there, and one after.
            std::thread::sleep(Duration::from_millis(second as u64 * 150));
            records.insert(0, event(written));
            records.push(event(written + 1));
            written += 2;
            bucket.put(&key(hours_back, second), &records);
        }
        if second == 5 {
            check.kill();
            // Overwritten while nobody looked, with what it held and one more.
            bucket.put(&key(0, 1), &[event(written), event(1)]);
            written += 1;
            check = Check::start(home.path(), &arguments, Some(&bucket.server.endpoint));
        }
        std::thread::sleep(Duration::from_millis(700));
    }
    check.until("records", written as u64);
    std::thread::sleep(Duration::from_millis(2_500));
    let (status, report) = check.end();
    assert_eq!(status, 0, "{report}");
    assert_eq!(report["counters"]["records"], written, "{report}");
    assert_eq!(report["counters"]["good"], written, "{report}");
    assert_eq!(report["failures"].as_array().unwrap().len(), 0, "{report}");
    let said = report["warnings"].to_string();
    assert!(
        said.contains("came late") && said.contains("was overwritten"),
        "{said}"
    );
    assert!(
        bucket.server.refused() > 0,
        "the server was busy now and then"
    );
}

/// `--poll-interval` is long here, so only the first attempt can have told.
#[test]
fn a_refused_object_shows_at_once_and_counts_once_when_it_can_be_read() {
    let home = folder();
    contract(home.path());
    let bucket = Bucket::new();
    let now = chrono::Utc::now();
    let (refused, read) = (key(now, 1, 1), key(now, 1, 2));
    for (n, key) in [&refused, &read].into_iter().enumerate() {
        bucket.put(key, &[record(n, "e=checkout&value=1", "agent")]);
    }
    bucket.server.deny(&format!("logs/px/{refused}"));
    let arguments = ["--poll-interval", "3s", "s3://logs/px/"];
    let endpoint = Some(&*bucket.server.endpoint);
    let begin = Instant::now();
    let mut check = Check::start(home.path(), &arguments, endpoint);
    check.until("objects_unreadable", 1);
    assert!(
        begin.elapsed() < Duration::from_millis(2_900),
        "{:?}",
        begin.elapsed()
    );
    // Refused again with the next polls, it is still one.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(
        (check.count("objects_unreadable"), check.count("records")),
        (1, 1)
    );
    bucket.server.allow_all();
    check.until("records", 2);
    let (status, report) = check.end();
    assert_eq!(status, 0, "{report}");
    let counters = &report["counters"];
    assert_eq!(
        (&counters["objects"], &counters["objects_unreadable"]),
        (&2.into(), &0.into()),
        "{report}"
    );
    assert!(
        report["warnings"].to_string().contains("trying again"),
        "{report}"
    );

    bucket.server.deny(&format!("logs/px/{refused}"));
    let mut check = Check::start(home.path(), &arguments, endpoint);
    check.until("objects_unreadable", 1);
    let (status, report) = check.end();
    assert_eq!(status, 4, "{report}");
    let reason = report["incomplete_objects"][0]["reason"].to_string();
    assert!(
        reason.contains("s3:GetObject") && reason.contains("trying again"),
        "{reason}"
    );
}

#[test]
fn a_follow_of_standard_input_shows_lines_as_they_come_and_ends_with_it() {
    use std::io::Write as _;
    let home = folder();
    contract(home.path());
    let mut command = command(home.path());
    command
        .args(["check", "-f", "--format", "json", "--every", "1s", "-"])
        .stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let text = format!("{}{}", header(), record(1, "e=checkout&value=3", "agent"));
    input.write_all(text.as_bytes()).unwrap();
    let is_counted = |line: String| {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        line["counters"]["records"] == 1
    };
    assert!(
        output.by_ref().map_while(Result::ok).any(is_counted),
        "while it is open"
    );
    input
        .write_all(record(2, "e=checkout&value=x", "agent").as_bytes())
        .unwrap();
    drop(input);
    let last = output.map_while(Result::ok).last().unwrap();
    let report: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!(report["counters"]["records"], 2, "{report}");
    assert_eq!(report["counters"]["failed"], 1, "{report}");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn beside_files_that_are_followed_standard_input_is_read_and_done_with() {
    let home = folder();
    contract(home.path());
    let log = file(home.path(), "logs/a.log", header().as_bytes());
    // Of `Check`, standard input is empty.
    let mut check = Check::start(home.path(), &["-", "logs"], None);
    append(&log, record(1, "e=checkout&value=3", "agent").as_bytes());
    check.until("records", 1);
    append(&log, record(2, "e=checkout&value=3", "agent").as_bytes());
    check.until("records", 2);
    assert_eq!(check.end().0, 0);
}

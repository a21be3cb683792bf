//! Local sources: files, folders, globs, following.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use frontlog::error::Error;
use frontlog::source::{self, Arrival, Content, Options};
use tempfile::tempdir;

use crate::arrivals::{
    LIMIT, bytes, error, gather, names, next, next_news, next_warning, reading, reading_path, start,
};

const GZIP: &[u8] = &[
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

fn write(dir: &Path, name: &str, text: &[u8]) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn append(path: &Path, text: &str) {
    OpenOptions::new()
        .append(true)
        .open(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

fn following(path: &Path) -> Options {
    Options {
        follow: true,
        ..reading_path(path)
    }
}

#[test]
fn a_folder_gives_its_logs_by_hour_and_nothing_else() {
    let dir = tempdir().unwrap();
    for name in [
        "b/E2.2026-03-04-05.b.gz",
        "a/E2.2026-03-04-06.a.gz",
        "E2.2026-03-04-05.a.gz",
        "plain.log",
        "truth.json",
        "frontlog.toml",
        "README.md",
        "schemas/page_view.json",
        ".hidden/x.log",
        ".x.log",
    ] {
        write(dir.path(), name, name.as_bytes());
    }
    let all = gather(&reading_path(dir.path())).unwrap();
    assert_eq!(
        names(&all.uris),
        [
            "plain.log",
            "E2.2026-03-04-05.a.gz",
            "E2.2026-03-04-05.b.gz",
            "E2.2026-03-04-06.a.gz"
        ]
    );
    let order: Vec<u32> = all.contents.iter().map(|c| c.0).collect();
    assert_eq!(order, [0, 1, 2, 3]);
    assert_eq!(all.contents[2].1, b"b/E2.2026-03-04-05.b.gz");

    let newest = gather(&Options {
        newest_first: true,
        ..reading_path(dir.path())
    })
    .unwrap();
    assert_eq!(
        names(&newest.uris),
        [
            "E2.2026-03-04-06.a.gz",
            "E2.2026-03-04-05.a.gz",
            "E2.2026-03-04-05.b.gz",
            "plain.log"
        ]
    );
}

#[test]
fn hours_narrow_and_say_so_when_nothing_is_left() {
    let dir = tempdir().unwrap();
    for hour in 1..=5 {
        write(dir.path(), &format!("E2.2026-03-04-0{hour}.a.gz"), b"");
    }
    let hour = |h: i64| Some(frontlog::model::time::days_from_civil(2026, 3, 4) * 24 + h);
    let options = Options {
        since_hour: hour(2),
        until_hour: hour(3),
        ..reading_path(dir.path())
    };
    let listed = source::list(&options).unwrap();
    assert_eq!(
        listed.iter().map(|o| o.hour).collect::<Vec<_>>(),
        [hour(2), hour(3)]
    );

    let nothing = error(&Options {
        since_hour: hour(9),
        ..reading_path(dir.path())
    });
    assert!(matches!(nothing, Error::NoInput(_)));
    let text = nothing.to_string();
    assert!(
        text.contains("no log object in") && text.contains("from 2026-03-04-09"),
        "{text}"
    );
}

#[test]
fn a_named_file_is_read_whatever_its_name_and_once() {
    let dir = tempdir().unwrap();
    write(dir.path(), "odd.json", b"x\n");
    let path = dir.path().join("odd.json");
    let around = dir.path().join(".").join("odd.json");
    let all = gather(&reading(&[
        path.to_str().unwrap(),
        around.to_str().unwrap(),
        path.to_str().unwrap(),
    ]))
    .unwrap();
    assert_eq!(all.contents, [(0, b"x\n".to_vec())]);
}

#[test]
fn globs_match_as_a_shell_does() {
    let dir = tempdir().unwrap();
    for name in ["x1/a.gz", "x1/deep/b.gz", "x2/c.log", "y/d.gz", "a[1].log"] {
        write(dir.path(), name, b"");
    }
    let list = |pattern: &str| {
        let listed = source::list(&reading(&[dir.path().join(pattern).to_str().unwrap()])).unwrap();
        listed
            .iter()
            .map(|o| o.uri.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list("x*/*.gz"), ["a.gz"]);
    assert_eq!(list("x1/**/*.gz"), ["a.gz", "b.gz"]);
    assert_eq!(list("{x2,y}/*"), ["c.log", "d.gz"]);
    assert_eq!(list("a[1].log"), ["a[1].log"]);
}

#[test]
fn what_is_not_there_is_told_in_a_sentence() {
    let dir = tempdir().unwrap();
    let missing = error(&reading_path(&dir.path().join("nope.gz")));
    assert!(matches!(missing, Error::File { action: "read", .. }));
    assert!(missing.to_string().contains("nope.gz"), "{missing}");

    write(dir.path(), "only/truth.json", b"{}");
    let empty = error(&reading_path(dir.path()));
    assert!(matches!(empty, Error::NoInput(_)));
    assert!(empty.to_string().contains("no log files in"), "{empty}");
    assert!(empty.to_string().contains("*.parquet"), "{empty}");

    let unmatched = error(&reading(&[dir.path().join("*.gz").to_str().unwrap()]));
    assert!(
        matches!(unmatched, Error::NoInput(_)) && unmatched.to_string().contains("*.gz"),
        "{unmatched}"
    );

    for bad in ["s3://", "logs/[.gz"] {
        assert_eq!(error(&reading(&[bad])).exit_code(), 2, "{bad}");
    }
    assert_eq!(error(&reading::<&str>(&[])).exit_code(), 2);
}

#[test]
fn an_object_opens_again() {
    let dir = tempdir().unwrap();
    write(dir.path(), "a.log", b"one\ntwo\n");
    let options = reading_path(dir.path());
    let object = source::list(&options).unwrap().remove(0);
    assert_eq!(
        bytes(source::reopen(&options, &object).unwrap()),
        b"one\ntwo\n"
    );
    fs::remove_file(dir.path().join("a.log")).unwrap();
    assert!(matches!(
        source::reopen(&options, &object),
        Err(Error::File { .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_as_a_stream() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("pipe");
    if !Command::new("mkfifo")
        .arg(&path)
        .status()
        .is_ok_and(|s| s.success())
    {
        panic!("mkfifo is part of every Unix");
    }
    let writer = {
        let path = path.clone();
        std::thread::spawn(move || fs::write(path, "from a pipe\n").unwrap())
    };
    let all = gather(&reading_path(&path)).unwrap();
    writer.join().unwrap();
    assert_eq!(all.contents, [(0, b"from a pipe\n".to_vec())]);
}

#[test]
fn standard_input_is_read_as_a_stream() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sources::reads_its_standard_input", "--ignored"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"from a pipe\n")
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
#[ignore = "started by standard_input_is_read_as_a_stream, which pipes something in"]
fn reads_its_standard_input() {
    let all = gather(&reading(&["-", "-"])).unwrap();
    assert_eq!(all.uris, ["-"]);
    assert_eq!(all.contents, [(0, b"from a pipe\n".to_vec())]);
}

fn growth(
    receiver: &crossbeam_channel::Receiver<frontlog::error::Result<Arrival>>,
) -> (u32, u64, String) {
    match next_news(receiver) {
        Arrival::Growth {
            index,
            offset,
            bytes,
        } => (index, offset, String::from_utf8(bytes).unwrap()),
        other => panic!("expected growth, got {other:?}"),
    }
}

#[test]
fn a_followed_file_gives_whole_lines_only() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.log");
    fs::write(&path, "one\ntw").unwrap();
    let (receiver, cancel) = start(&following(&path)).unwrap();
    assert!(matches!(next(&receiver), Arrival::Listed(o) if o.len() == 1));
    let Arrival::Content {
        index: 0,
        content: Content::Bytes(first),
    } = next(&receiver)
    else {
        panic!()
    };
    assert_eq!(&*first, b"one\n");
    append(&path, "o\nthr");
    assert_eq!(growth(&receiver), (0, 4, "two\n".into()));
    append(&path, "ee\n");
    assert_eq!(growth(&receiver), (0, 8, "three\n".into()));
    cancel.cancel();
    let start = Instant::now();
    while receiver.recv_timeout(LIMIT).is_ok() {}
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_large_followed_file_arrives_whole_in_pieces_of_whole_lines() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.log");
    let long = format!("{}\n", "y".repeat(20 << 20));
    let text = format!("{}{long}last\n", "0123456789abcde\n".repeat(1 << 20));
    fs::write(&path, format!("{text}open")).unwrap();
    let (receiver, _cancel) = start(&following(&path)).unwrap();
    assert!(matches!(next_news(&receiver), Arrival::Listed(_)));
    let Arrival::Content {
        index: 0,
        content: Content::Bytes(first),
    } = next_news(&receiver)
    else {
        panic!()
    };
    let mut all = first.to_vec();
    while all.len() < text.len() {
        assert!(all.ends_with(b"\n"));
        let (_, offset, more) = growth(&receiver);
        assert_eq!(offset, all.len() as u64);
        all.extend_from_slice(more.as_bytes());
    }
    assert!(all == text.as_bytes());
}

#[test]
fn a_replaced_file_goes_on_as_a_new_object_and_gives_its_last_line_once_it_rests() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.log");
    fs::write(&path, "one\nhalf").unwrap();
    let (receiver, _cancel) = start(&following(&path)).unwrap();
    assert!(matches!(next_news(&receiver), Arrival::Listed(_)));
    assert!(matches!(
        next_news(&receiver),
        Arrival::Content { index: 0, .. }
    ));
    let fresh = dir.path().join("fresh");
    fs::write(&fresh, "new\n").unwrap();
    fs::rename(&fresh, &path).unwrap();
    assert!(next_warning(&receiver).contains("was replaced"));
    assert!(matches!(next_news(&receiver), Arrival::Listed(o) if o.len() == 1));
    let Arrival::Content { index: 1, content } = next_news(&receiver) else {
        panic!()
    };
    assert_eq!(bytes(content), b"new\n");
    append(&path, "more\n");
    assert_eq!(growth(&receiver), (1, 4, "more\n".into()));
    assert_eq!(growth(&receiver), (0, 4, "half\n".into()));
}

#[test]
fn a_cut_file_is_read_again_from_its_start() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.log");
    fs::write(&path, "one\ntwo\n").unwrap();
    let (receiver, _cancel) = start(&following(&path)).unwrap();
    assert!(matches!(next_news(&receiver), Arrival::Listed(_)));
    assert!(matches!(
        next_news(&receiver),
        Arrival::Content { index: 0, .. }
    ));
    OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(4)
        .unwrap();
    assert!(next_warning(&receiver).contains("was cut off"));
    assert!(matches!(next_news(&receiver), Arrival::Listed(o) if o.len() == 1));
    let Arrival::Content { index: 1, content } = next_news(&receiver) else {
        panic!()
    };
    assert_eq!(bytes(content), b"one\n");
}

#[test]
fn a_followed_folder_may_start_empty_and_finds_new_files_once() {
    let dir = tempdir().unwrap();
    let (receiver, _cancel) = start(&following(dir.path())).unwrap();
    assert!(matches!(next(&receiver), Arrival::Warning(text) if text.contains("waiting")));
    assert!(matches!(next(&receiver), Arrival::Listed(o) if o.is_empty()));
    write(dir.path(), "E2.2026-03-04-05.a.gz", GZIP);
    let Arrival::Listed(objects) = next_news(&receiver) else {
        panic!()
    };
    assert_eq!(objects.len(), 1);
    let Arrival::Content { index: 0, content } = next_news(&receiver) else {
        panic!()
    };
    assert_eq!(bytes(content), GZIP);
    write(dir.path(), "b.log", b"b\n");
    assert!(
        matches!(next_news(&receiver), Arrival::Listed(o) if o.len() == 1 && o[0].uri.ends_with("b.log"))
    );
    let Arrival::Content { index: 1, content } = next_news(&receiver) else {
        panic!()
    };
    assert_eq!(bytes(content), b"b\n");
    append(&dir.path().join("b.log"), "c\n");
    assert_eq!(growth(&receiver), (1, 2, "c\n".into()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_dropped_receiver_ends_the_thread() {
    let dir = tempdir().unwrap();
    let mark = dir.path().join("a.log");
    fs::write(&mark, "x\n").unwrap();
    let (receiver, cancel) = start(&following(&mark)).unwrap();
    assert!(matches!(next(&receiver), Arrival::Listed(_)));
    assert!(matches!(next(&receiver), Arrival::Content { .. }));
    // A followed file is kept open, so the thread's end shows in the process's open files.
    let open = || {
        let fds = fs::read_dir("/proc/self/fd").unwrap();
        fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok())
            .any(|target| target == mark)
    };
    assert!(open());
    drop(receiver);
    let start = Instant::now();
    while open() {
        assert!(start.elapsed() < LIMIT, "the file is still open");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!cancel.is_cancelled());
}

//! S3 sources, against a real S3 server on loopback.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use frontlog::commands::generate::{GenerateOptions, generate};
use frontlog::contract::Contract;
use frontlog::error::Error;
use frontlog::model::time::days_from_civil;
use frontlog::model::{Batch, Sink};
use frontlog::pipeline::{self, Needs, RunOptions, RunSummary};
use frontlog::source::{self, Arrival, Content, Fetched, Options, S3Options};
use tempfile::{TempDir, tempdir};
use tokio_util::sync::CancellationToken;

use crate::arrivals::{bytes, error, gather, names, next, next_news, next_warning, reading, start};
use crate::s3_server::{KEY_ID, S3Server, SECRET};

struct Bucket {
    dir: TempDir,
    server: S3Server,
}

impl Bucket {
    fn new() -> Self {
        let dir = tempdir().unwrap();
        fs::create_dir(dir.path().join("logs")).unwrap();
        let server = S3Server::start(dir.path());
        Self { dir, server }
    }

    fn put(&self, key: &str, content: &[u8]) {
        let path = self.dir.path().join("logs").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn reading(&self, source: &str) -> Options {
        Options {
            s3: self.server.options(),
            ..reading(&[source])
        }
    }
}

fn hour(h: i64) -> i64 {
    days_from_civil(2026, 3, 4) * 24 + h
}

#[test]
fn more_keys_than_a_page_arrive_in_order() {
    let bucket = Bucket::new();
    for n in 0..1_100 {
        bucket.put(&format!("px/{n:04}.log"), n.to_string().as_bytes());
    }
    let all = gather(&bucket.reading("s3://logs/px/")).unwrap();
    assert_eq!(all.uris.len(), 1_100);
    assert_eq!(all.uris[1_099], "s3://logs/px/1099.log");
    let expected: Vec<_> = (0..1_100u32)
        .map(|n| (n, n.to_string().into_bytes()))
        .collect();
    assert_eq!(all.contents, expected);
    let lists = bucket
        .server
        .requests()
        .iter()
        .filter(|r| r.starts_with("LIST"))
        .count();
    assert_eq!(lists, 2);
}

#[test]
fn a_prefix_a_key_and_a_pattern_name_what_they_say() {
    let bucket = Bucket::new();
    for key in [
        "px/E2.2026-03-04-05.a.gz",
        "px/E2.2026-03-04-05.a.gz.log",
        "px2/b.log",
        "px/truth.json",
        "px/sub/c.log",
        "px/.d.log",
    ] {
        bucket.put(key, b"x");
    }
    let list = |source: &str| -> Vec<String> {
        source::list(&bucket.reading(source))
            .unwrap()
            .iter()
            .map(|o| o.uri.trim_start_matches("s3://logs/").to_owned())
            .collect()
    };
    assert_eq!(
        list("s3://logs/px/"),
        [
            "px/sub/c.log",
            "px/E2.2026-03-04-05.a.gz",
            "px/E2.2026-03-04-05.a.gz.log"
        ]
    );
    assert_eq!(
        list("s3://logs/px/E2.2026-03-04-05.a.gz"),
        ["px/E2.2026-03-04-05.a.gz"]
    );
    assert_eq!(
        list("s3://logs/px*/*.log"),
        ["px2/b.log", "px/E2.2026-03-04-05.a.gz.log"]
    );
    assert_eq!(list("s3://logs/px/truth.json"), ["px/truth.json"]);
    assert_eq!(list("s3://logs").len(), 4);
}

#[test]
fn hours_narrow_before_anything_is_fetched() {
    let bucket = Bucket::new();
    for distribution in ["E1", "E2"] {
        for h in 0..24 {
            bucket.put(&format!("px/{distribution}.2026-03-04-{h:02}.aa.gz"), b"x");
            bucket.put(&format!("px/{distribution}.2026-03-04-{h:02}.bb.gz"), b"x");
        }
    }
    bucket.put("px/zz.log", b"x");
    bucket.server.page(5);
    let options = Options {
        since_hour: Some(hour(20)),
        until_hour: Some(hour(21)),
        newest_first: true,
        ..bucket.reading("s3://logs/px/")
    };
    let all = gather(&options).unwrap();
    let wanted: Vec<String> = [21, 20]
        .iter()
        .flat_map(|h| {
            ["E1", "E2"]
                .iter()
                .flat_map(move |d| ["aa", "bb"].map(|x| format!("{d}.2026-03-04-{h}.{x}.gz")))
        })
        .chain(["zz.log".to_owned()])
        .collect();
    assert_eq!(names(&all.uris), wanted);
    let mut gets = bucket.server.gets();
    gets.sort();
    let mut expected: Vec<String> = wanted
        .iter()
        .map(|name| format!("logs/px/{name}"))
        .collect();
    expected.sort();
    assert_eq!(gets, expected);
    // 97 keys are 20 pages of 5; the hours outside are jumped over.
    let lists = bucket
        .server
        .requests()
        .iter()
        .filter(|r| r.starts_with("LIST"))
        .count();
    assert!(lists <= 7, "{lists} listings");

    let nothing = error(&Options {
        since_hour: Some(hour(100)),
        ..bucket.reading("s3://logs/px/E1")
    });
    assert!(
        matches!(nothing, Error::NoInput(_)) && nothing.to_string().contains("is of the hours"),
        "{nothing}"
    );
}

#[test]
fn an_object_overwritten_after_the_listing_is_s901() {
    let bucket = Bucket::new();
    bucket.put("a.log", &[b'a'; 2048]);
    bucket.put("b.log", &[b'b'; 2048]);
    // The first object takes the whole bound, so the second is asked for only when the first is dropped.
    let options = Options {
        bytes_in_flight: 2048,
        ..bucket.reading("s3://logs/")
    };
    let (receiver, _cancel) = start(&options).unwrap();
    assert!(matches!(next(&receiver), Arrival::Listed(o) if o.len() == 2));
    let first = next(&receiver);
    assert!(matches!(first, Arrival::Content { index: 0, .. }));
    bucket.put("b.log", b"other");
    drop(first);
    let Arrival::Unreadable {
        index: 1,
        code,
        message,
    } = next(&receiver)
    else {
        panic!()
    };
    assert_eq!(code.as_str(), "S901");
    assert!(
        message.contains("s3://logs/b.log") && message.contains("overwritten"),
        "{message}"
    );
    assert!(receiver.recv().is_err());
}

#[test]
fn bytes_in_flight_are_bounded() {
    let bucket = Bucket::new();
    for n in 0..12 {
        bucket.put(&format!("{n:02}.log"), &vec![b'x'; 300 * 1024]);
    }
    let options = Options {
        bytes_in_flight: 1 << 20,
        ..bucket.reading("s3://logs/")
    };
    let (receiver, _cancel) = start(&options).unwrap();
    next(&receiver);
    let mut held: Vec<Fetched> = Vec::new();
    let take = |limit: Duration| {
        let Ok(arrival) = receiver.recv_timeout(limit) else {
            return None;
        };
        let Ok(Arrival::Content {
            content: Content::Bytes(bytes),
            ..
        }) = arrival
        else {
            panic!("{arrival:?}")
        };
        Some(bytes)
    };
    for _ in 0..3 {
        held.push(take(Duration::from_secs(30)).unwrap());
    }
    assert!(
        take(Duration::from_millis(700)).is_none(),
        "more than 1 MiB in flight"
    );
    assert_eq!(bucket.server.gets().len(), 3);
    held.clear();
    let rest = std::iter::from_fn(|| take(Duration::from_secs(30))).count();
    assert_eq!(rest, 9);
}

#[test]
fn a_large_object_is_streamed() {
    let bucket = Bucket::new();
    let content: Vec<u8> = (0..40 << 20).map(|n: u32| (n % 251) as u8).collect();
    bucket.put("big.log", &content);
    let options = bucket.reading("s3://logs/big.log");
    let (receiver, _cancel) = start(&options).unwrap();
    next(&receiver);
    let Arrival::Content {
        index: 0,
        content: stream @ Content::Stream(_),
    } = next(&receiver)
    else {
        panic!()
    };
    // The thread of the run may be gone by now; the stream lives on.
    assert!(receiver.recv().is_err());
    assert!(bytes(stream) == content);
    let object = source::list(&options).unwrap().remove(0);
    assert!(bytes(source::reopen(&options, &object).unwrap()) == content);
}

#[test]
fn an_object_opens_again_while_it_is_unchanged() {
    let bucket = Bucket::new();
    bucket.put("a.log", b"one\n");
    let options = bucket.reading("s3://logs/");
    let object = source::list(&options).unwrap().remove(0);
    assert_eq!(bytes(source::reopen(&options, &object).unwrap()), b"one\n");
    bucket.put("a.log", b"other\n");
    assert!(
        source::reopen(&options, &object)
            .unwrap_err()
            .to_string()
            .contains("overwritten")
    );
    fs::remove_file(bucket.dir.path().join("logs/a.log")).unwrap();
    assert!(
        source::reopen(&options, &object)
            .unwrap_err()
            .to_string()
            .contains("s3://logs/a.log")
    );
}

#[test]
fn one_denied_object_does_not_stop_the_others() {
    let bucket = Bucket::new();
    for key in ["a.log", "b.log", "c.log"] {
        bucket.put(key, key.as_bytes());
    }
    bucket.server.deny("logs/b.log");
    let all = gather(&bucket.reading("s3://logs/")).unwrap();
    assert_eq!(
        all.contents,
        [(0, b"a.log".to_vec()), (2, b"c.log".to_vec())]
    );
    let (index, code, message) = &all.unreadable[0];
    assert_eq!((*index, code.as_str()), (1, "S902"));
    assert!(
        message.contains("s3://logs/b.log") && message.contains("s3:GetObject"),
        "{message}"
    );
}

#[test]
fn a_refused_listing_says_what_to_do() {
    let bucket = Bucket::new();
    bucket.put("a.log", b"x");
    let missing = error(&bucket.reading("s3://no-such-bucket/px/"));
    assert!(matches!(missing, Error::S3(_)));
    assert!(
        missing
            .to_string()
            .contains("there is no bucket `no-such-bucket`"),
        "{missing}"
    );

    let mut options = bucket.reading("s3://logs/");
    options.s3.static_credentials = Some((KEY_ID.into(), "wrong".into()));
    let denied = error(&options).to_string();
    assert!(
        denied.contains("cannot list s3://logs/") && denied.contains("access denied"),
        "{denied}"
    );

    options.s3.static_credentials = None;
    options.s3.no_sign_request = true;
    let anonymous = error(&options).to_string();
    assert!(
        anonymous.contains("access denied") && anonymous.contains("s3:ListBucket"),
        "{anonymous}"
    );

    let empty = error(&bucket.reading("s3://logs/nothing/"));
    assert!(
        matches!(empty, Error::NoInput(_)) && empty.to_string().contains("s3://logs/nothing/"),
        "{empty}"
    );

    assert!(source::list(&bucket.reading("s3://no-such-bucket/px/")).is_err());
}

#[test]
fn an_endpoint_that_is_down_or_malformed_is_named() {
    // Below the ports that the other tests' servers are given: a port that was free a moment ago may be one of them now.
    let port = 1;
    let at = |url: String| Options {
        s3: S3Options {
            endpoint_url: Some(url),
            static_credentials: Some((KEY_ID.into(), SECRET.into())),
            ..S3Options::default()
        },
        ..reading(&["s3://logs/"])
    };
    let down = error(&at(format!("http://127.0.0.1:{port}")));
    assert!(matches!(down, Error::S3(_)));
    let text = down.to_string();
    assert!(
        text.contains("127.0.0.1:1") && text.contains("--endpoint-url"),
        "{text}"
    );
    assert_eq!(error(&at("127.0.0.1:9".into())).exit_code(), 2);
}

#[test]
fn newest_hour_comes_first_for_the_explorer() {
    let bucket = Bucket::new();
    for (key, h) in [("x/E2", 5), ("y/E2", 7), ("z/E2", 6)] {
        bucket.put(&format!("{key}.2026-03-04-0{h}.a.gz"), b"x");
    }
    let all = gather(&Options {
        newest_first: true,
        ..bucket.reading("s3://logs/")
    })
    .unwrap();
    assert_eq!(
        names(&all.uris),
        [
            "E2.2026-03-04-07.a.gz",
            "E2.2026-03-04-06.a.gz",
            "E2.2026-03-04-05.a.gz"
        ]
    );
}

#[test]
fn following_finds_new_and_overwritten_objects() {
    let bucket = Bucket::new();
    bucket.put("E2.2026-03-04-05.a.gz", b"first");
    let (receiver, cancel) = start(&Options {
        follow: true,
        ..bucket.reading("s3://logs/")
    })
    .unwrap();
    assert!(matches!(next(&receiver), Arrival::Listed(o) if o.len() == 1));
    assert!(matches!(next(&receiver), Arrival::Content { index: 0, .. }));
    bucket.put("E2.2026-03-04-06.a.gz", b"second");
    assert!(
        matches!(next_news(&receiver), Arrival::Listed(o) if o.len() == 1 && o[0].uri.contains("-06."))
    );
    let Arrival::Content { index: 1, content } = next_news(&receiver) else {
        panic!()
    };
    assert_eq!(bytes(content), b"second");
    bucket.put("E2.2026-03-04-05.a.gz", b"rewritten");
    assert!(next_warning(&receiver).contains("was overwritten"));
    assert!(matches!(next_news(&receiver), Arrival::Listed(o) if o.len() == 1));
    let Arrival::Content { index: 2, content } = next_news(&receiver) else {
        panic!()
    };
    assert_eq!(bytes(content), b"rewritten");
    cancel.cancel();
    while receiver.recv_timeout(Duration::from_secs(30)).is_ok() {}
}

/// Takes batches and keeps nothing: the counts are what is looked at.
struct Count;

impl Sink for Count {
    fn take(&mut self, _: Batch) -> frontlog::error::Result<()> {
        Ok(())
    }
}

fn judged(contract: &Arc<Contract>, source: Options) -> RunSummary {
    let needs = Needs {
        windows: false,
        judge: true,
        ..Needs::default()
    };
    let options = RunOptions {
        source,
        contract: contract.clone(),
        threads: 2,
        needs,
    };
    pipeline::run(
        &options,
        &mut Count,
        &Arc::default(),
        &CancellationToken::new(),
    )
    .unwrap()
}

#[test]
fn a_bucket_is_judged_as_the_same_files_in_a_folder() {
    let bucket = Bucket::new();
    let dir = bucket.dir.path().join("logs/px");
    let made = GenerateOptions {
        dir: dir.clone(),
        records: 6_000,
        objects: 24,
        faults: 0.05,
        ..GenerateOptions::default()
    };
    generate(&made).unwrap();
    let contract = Arc::new(Contract::load(&dir).unwrap());
    let local = judged(&contract, reading(&[dir.to_str().unwrap()]));
    assert!(local.counters.lines > 6_000);
    assert_eq!(local.objects.len(), 24);
    // 100 KiB are less than a unit of work takes: nothing may wait for what is only fetched after it.
    for bytes_in_flight in [0, 100 << 10] {
        let remote = judged(
            &contract,
            Options {
                bytes_in_flight,
                ..bucket.reading("s3://logs/px/")
            },
        );
        assert_eq!(
            format!("{:?}", remote.counters),
            format!("{:?}", local.counters)
        );
        assert_eq!(remote.objects.len(), 24);
    }
    bucket.server.deny(bucket.server.gets()[3].as_str());
    let denied = judged(&contract, bucket.reading("s3://logs/px/"));
    assert_eq!(denied.counters.objects_unreadable, 1);
}

#[test]
fn a_secret_never_shows_in_debug_output() {
    let options = Bucket::new().reading("s3://logs/");
    assert!(!format!("{options:?}").contains(SECRET));
}

#[test]
fn buckets_and_local_files_mix_in_one_order() {
    let bucket = Bucket::new();
    bucket.put("E2.2026-03-04-05.s3.gz", b"remote");
    let local = bucket.dir.path().join("E2.2026-03-04-04.local.gz");
    fs::write(&local, b"local").unwrap();
    let mixed = Options {
        s3: bucket.server.options(),
        ..reading(&["s3://logs/", local.to_str().unwrap()])
    };
    let all = gather(&mixed).unwrap();
    assert_eq!(
        all.contents,
        [(0, b"local".to_vec()), (1, b"remote".to_vec())]
    );
    assert!(Path::new(&all.uris[0]).exists());
}

//! Listings of S3: which keys, in which order, for how many requests.

use frontlog::model::time::days_from_civil;
use frontlog::source::{self, Options};
use tempfile::{TempDir, tempdir};

use crate::arrivals::reading;
use crate::s3_server::S3Server;

fn hour(day: i64, hour: i64) -> i64 {
    (days_from_civil(2026, 3, 1) + day - 1) * 24 + hour
}

/// A bucket `logs` with an object for each key.
fn bucket(keys: &[String]) -> (TempDir, S3Server) {
    let dir = tempdir().unwrap();
    for key in keys {
        let path = dir.path().join("logs").join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"x").unwrap();
    }
    let server = S3Server::start(dir.path());
    (dir, server)
}

fn lists(server: &S3Server) -> usize {
    let requests = server.requests();
    requests.iter().filter(|r| r.starts_with("LIST")).count()
}

/// The key of an object: distribution, day, hour, unique id.
type Layout = fn(&str, i64, i64, &str) -> String;

/// The keys of one distribution in each layout that `CloudFront` delivers in.
const LAYOUTS: [Layout; 5] = [
    |d, day, hour, id| format!("px/{d}.2026-03-{day:02}-{hour:02}.{id}.gz"),
    |d, day, hour, id| {
        format!("px/{d}/2026/03/{day:02}/{hour:02}/{d}.2026-03-{day:02}-{hour:02}.{id}.gz")
    },
    |d, day, hour, id| {
        format!(
            "px/distributionid={d}/year=2026/month=03/day={day:02}/hour={hour:02}/{d}.2026-03-{day:02}-{hour:02}.{id}.gz"
        )
    },
    |d, day, hour, id| format!("px/2026/03/{day:02}/{d}.2026-03-{day:02}-{hour:02}.{id}.gz"),
    |d, day, hour, id| {
        format!("px/2026/03/logs/{day:02}/{hour:02}/{d}.2026-03-{day:02}-{hour:02}.{id}.gz")
    },
];

#[test]
fn each_layout_is_listed_whole_and_by_hours() {
    for (n, layout) in LAYOUTS.iter().enumerate() {
        let mut keys = Vec::new();
        for distribution in ["E1", "E2"] {
            for day in 1..=10 {
                for hour in 0..24 {
                    for id in ["0a", "0b"] {
                        keys.push(layout(distribution, day, hour, id));
                    }
                }
            }
        }
        keys.push("px/zz.log".to_owned());
        let (_dir, server) = bucket(&keys);
        server.page(20);
        let list = |since: Option<i64>, until: Option<i64>| {
            let options = Options {
                s3: server.options(),
                since_hour: since,
                until_hour: until,
                ..reading(&["s3://logs/px/"])
            };
            let listed = source::list(&options).unwrap();
            listed
                .iter()
                .map(|o| o.uri["s3://logs/".len()..].to_owned())
                .collect::<Vec<_>>()
        };
        let mut whole = list(None, None);
        assert!(
            lists(&server) < 2 * 49,
            "{n}: {} requests for 49 pages",
            lists(&server)
        );
        whole.sort();
        keys.sort();
        assert_eq!(whole, keys, "layout {n}");
        let before = lists(&server);
        let mut some = list(Some(hour(5, 22)), Some(hour(6, 1)));
        let mut wanted: Vec<String> = ["E1", "E2"]
            .iter()
            .flat_map(|d| {
                [(5, 22), (5, 23), (6, 0), (6, 1)]
                    .map(|(day, h)| ["0a", "0b"].map(|id| layout(d, day, h, id)))
            })
            .flatten()
            .chain(["px/zz.log".to_owned()])
            .collect();
        some.sort();
        wanted.sort();
        assert_eq!(some, wanted, "layout {n}");
        let requests = lists(&server) - before;
        assert!(
            requests <= 14,
            "layout {n}: {requests} requests for 4 of 240 hours"
        );
    }
}

/// The server checks signatures, so a key that is escaped wrongly is refused.
#[test]
fn keys_may_hold_any_character() {
    let keys = [
        "px/a b+c.log",
        "px/grün/日本.log",
        "px/100%25&x=1?.log",
        "px/~(1)*'!.log",
    ];
    let keys: Vec<String> = keys.iter().map(|k| (*k).to_owned()).collect();
    let (_dir, server) = bucket(&keys);
    let options = Options {
        s3: server.options(),
        ..reading(&["s3://logs/px/"])
    };
    let all = crate::arrivals::gather(&options).unwrap();
    assert_eq!(all.unreadable, []);
    assert_eq!(all.contents.len(), keys.len());
}

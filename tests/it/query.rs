//! SQL over loaded data, and how results are written.

use std::sync::atomic::AtomicBool;

use frontlog::commands::query::{Format, QueryOptions, run};
use frontlog::error::Error;
use frontlog::frame::sql::{query, tables};
use frontlog::frame::{Snapshot, WindowSpec};

use crate::views::fixture::{few, many};

const GO: AtomicBool = AtomicBool::new(false);

fn written(snapshot: &Snapshot, sql: &str, format: Format, width: Option<usize>) -> String {
    let mut out = vec![];
    run(
        &QueryOptions {
            sql: sql.into(),
            format,
            windows: WindowSpec::default(),
            width,
            private: std::sync::Arc::default(),
        },
        snapshot,
        &mut out,
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

fn csv(snapshot: &Snapshot, sql: &str) -> String {
    written(snapshot, sql, Format::Csv, None)
}

#[test]
fn every_table_can_be_selected_from() {
    let snapshot = few();
    let names: Vec<String> = tables(&snapshot).into_iter().map(|t| t.name).collect();
    let fixed = [
        "records", "events", "failures", "rejects", "objects", "causes", "windows",
    ];
    assert_eq!(names[..7], fixed);
    assert_eq!(names[7..], ["checkout", "page_view", "mystery"]);
    for table in tables(&snapshot) {
        let frame = query(&snapshot, &format!("SELECT * FROM {}", table.name), &GO).unwrap();
        assert_eq!(frame.height(), table.rows, "{}", table.name);
        let columns: Vec<String> = frame
            .get_column_names_owned()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            columns,
            table
                .columns
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>(),
            "{}",
            table.name
        );
    }
    let empty = Snapshot::empty();
    for table in tables(&empty) {
        assert_eq!(
            query(&empty, &format!("SELECT * FROM {}", table.name), &GO)
                .unwrap()
                .height(),
            0
        );
    }
}

#[test]
fn answers_are_right() {
    let snapshot = few();
    let cases = [
        (
            "SELECT event, count(*) AS n FROM events GROUP BY event ORDER BY n DESC, event;",
            "\"event\",\"n\"\n\"checkout\",6\n\"mystery\",2\n\"page_view\",2\n",
        ),
        (
            "SELECT user_id, price FROM checkout WHERE price > 5 ORDER BY price DESC, user_id",
            "\"user_id\",\"price\"\n\"carl\",120\n\"anna\",9.5\n\"two words\",9.5\n",
        ),
        (
            "SELECT code, path, value, message FROM failures WHERE code = 'V402' ORDER BY value",
            "\"code\",\"path\",\"value\",\"message\"\n\
             \"V402\",\"price\",\"12,50\",\"price: \"\"12,50\"\" is not a number\"\n\
             \"V402\",\"price\",\"free\",\"price: \"\"free\"\" is not a number\"\n",
        ),
        ("SELECT sum(records) AS r FROM objects", "\"r\"\n12\n"),
        (
            "SELECT path, failures FROM causes ORDER BY path",
            "\"path\",\"failures\"\n\"price\",2\n\"user_id\",2\n",
        ),
        (
            "SELECT count(*) AS n FROM records WHERE cs_user_agent LIKE '%bot%' OR sc_status = 503",
            "\"n\"\n2\n",
        ),
        (
            "SELECT verdict, count(*) AS n FROM records GROUP BY verdict ORDER BY n",
            "\"verdict\",\"n\"\n\"not_event\",2\n\"failed\",3\n\"good\",7\n",
        ),
        (
            "SELECT time_utc, object, cs_user_agent FROM RECORDS WHERE record = 8",
            "\"time_utc\",\"object\",\"cs_user_agent\"\n2026-11-22 14:08:00.000000,\"logs/b.gz\",\\N\n",
        ),
        (
            "SELECT r.sc_status AS s, e.event FROM events e JOIN records r ON e.record = r.record WHERE e.record = 5",
            "\"s\",\"event\"\n200,\"checkout\"\n",
        ),
        // Kept in two bytes, counted in eight.
        (
            "SELECT max(sc_status * 1000) AS n, max(sc_status) * 50300000000 AS m FROM records",
            "\"n\",\"m\"\n503000,25300900000000\n",
        ),
        (
            "WITH f AS (SELECT record FROM failures) SELECT count(DISTINCT record) AS n FROM f",
            "\"n\"\n3\n",
        ),
    ];
    for (sql, wanted) in cases {
        assert_eq!(csv(&snapshot, sql), wanted, "{sql}");
    }
}

#[test]
fn a_wrong_query_is_a_sentence() {
    let snapshot = few();
    let cases = [
        ("", "the query is empty"),
        ("SELEC 1", "this is no SQL"),
        (
            "SELECT * FROM recrods",
            "there is no table `recrods`: did you mean `records`?",
        ),
        (
            "SELECT sc_statsu FROM records",
            "there is no column `sc_statsu`: did you mean `sc_status`?",
        ),
        (
            "SELECT * FROM zzz",
            "there is no table `zzz`: known are records, events",
        ),
        ("SELECT 1; SELECT 2", "the query does not run"),
    ];
    for (sql, wanted) in cases {
        let Err(Error::Query(message)) = query(&snapshot, sql, &GO) else {
            panic!("{sql} should fail")
        };
        assert!(message.starts_with(wanted), "{sql}: {message}");
        assert!(!message.contains('\n'), "{message}");
    }
    assert!(matches!(
        query(
            &snapshot,
            "SELECT 1 AS x FROM records",
            &AtomicBool::new(true)
        ),
        Err(Error::Cancelled)
    ));
}

#[test]
fn json_is_json() {
    let snapshot = few();
    let sql = "SELECT event, user_id, price, time_utc FROM checkout ORDER BY record LIMIT 2";
    let all: serde_json::Value =
        serde_json::from_str(&written(&snapshot, sql, Format::Json, None)).unwrap();
    let lines = written(&snapshot, sql, Format::Jsonl, None);
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(all, serde_json::Value::Array(lines));
    assert_eq!(all[1]["price"], serde_json::Value::Null);
    assert_eq!(all[0]["price"], 9.5);
    assert_eq!(all[0]["time_utc"], "2026-11-22 14:00:00.000000");
    assert_eq!(
        written(
            &snapshot,
            "SELECT event FROM events WHERE record > 99",
            Format::Json,
            None
        ),
        "[]\n"
    );
}

#[test]
fn parquet_can_be_read_back() {
    use polars_io::SerReader;
    let snapshot = many(3_000, 1);
    let sql = "SELECT record, event, price FROM checkout ORDER BY record";
    let mut out = vec![];
    run(
        &QueryOptions {
            sql: sql.into(),
            format: Format::Parquet,
            windows: WindowSpec::default(),
            width: None,
            private: std::sync::Arc::default(),
        },
        &snapshot,
        &mut out,
    )
    .unwrap();
    let read = polars_io::parquet::read::ParquetReader::new(std::io::Cursor::new(out))
        .finish()
        .unwrap();
    assert!(read.equals_missing(&query(&snapshot, sql, &GO).unwrap()) && read.height() > 500);
}

#[test]
fn a_table_is_aligned_and_fits() {
    let snapshot = few();
    let sql =
        "SELECT record * 1000 AS n, user_id, price, time_utc FROM checkout ORDER BY record LIMIT 3";
    assert_eq!(
        written(&snapshot, sql, Format::Table, None),
        "    n  user_id  price  time_utc
─────  ───────  ─────  ───────────────────
    0  anna       9.5  2026-11-22 14:00:00
1,000  bert         ·  2026-11-22 14:01:00
4,000  carl       120  2026-11-22 14:04:00
3 rows
"
    );
    let narrow = written(
        &snapshot,
        "SELECT cs_uri_query AS q, record FROM records",
        Format::Table,
        Some(24),
    );
    assert!(
        narrow
            .lines()
            .all(|line| unicode_width::UnicodeWidthStr::width(line) <= 24),
        "{narrow}"
    );
    assert!(narrow.contains('…') && narrow.ends_with("12 rows\n"));
    let hostile = written(
        &snapshot,
        "SELECT 'a\u{202e}b' AS x FROM objects LIMIT 1",
        Format::Table,
        None,
    );
    assert!(
        hostile.contains("a‹U+202E›b") && hostile.ends_with("1 row\n"),
        "{hostile}"
    );
}

struct Closed;

impl std::io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_success() {
    let snapshot = few();
    for format in [
        Format::Table,
        Format::Csv,
        Format::Json,
        Format::Jsonl,
        Format::Parquet,
    ] {
        let options = QueryOptions {
            sql: "SELECT * FROM events".into(),
            format,
            windows: WindowSpec::default(),
            width: None,
            private: std::sync::Arc::default(),
        };
        run(&options, &snapshot, &mut Closed).unwrap();
    }
}

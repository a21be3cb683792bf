//! `check` over logs that others published, compared with counts taken by hand from the files.
//!
//! The logs are no part of the project (their licences differ): `FRONTLOG_REAL_LOGS` names their folder, else
//! `../shared/real-logs` beside the project is looked at; without either the test says that it skips.

use std::path::PathBuf;

use crate::program::{folder, root, run};

/// File, then lines = header + blank + unreadable + records.
type Counts = (&'static str, u64, [u64; 4]);

const COUNTS: &[Counts] = &[
    // Documentation examples; a row of a page that wraps it, or puts spaces for tabs, is read where its columns show.
    ("aws-docs/accesslogs-web-2017-12.log", 4, [2, 0, 0, 2]),
    ("aws-docs/accesslogs-web-2018-08.log", 4, [2, 0, 0, 2]),
    ("aws-docs/accesslogs-web-2019-12-12.log", 5, [2, 0, 0, 3]),
    ("aws-docs/accesslogs-web-2020-01-28.log", 8, [2, 0, 0, 6]),
    (
        "aws-docs-v2/s3-w3c-example-as-rendered.log",
        3,
        [1, 0, 2, 0],
    ),
    // One object over eleven lines is one line; each of two on lines of their own.
    ("aws-docs-v2/cloudwatch-example.json", 1, [0, 0, 0, 1]),
    ("aws-docs-v2/firehose-example.jsonl", 2, [0, 0, 0, 2]),
    // RTMP, 17 fields.
    ("aws-docs/accesslogs-rtmp-2017-12.log", 8, [2, 0, 0, 6]),
    ("aws-docs/accesslogs-rtmp-2019-12-12.log", 8, [2, 0, 0, 6]),
    ("node-cloudfront-log-parser/rtmp-1-0.txt", 8, [2, 0, 0, 6]),
    // Genuine CloudFront logs of 26, 33, 24 and 23 fields.
    (
        "aws-samples-log-analysis/sample-cloudfront-access-logs.gz",
        68,
        [2, 0, 0, 66],
    ),
    (
        "doist-process-cloudfront-logs/test_log.csv",
        4,
        [2, 0, 0, 2],
    ),
    (
        "node-cloudfront-log-parser/web-1-0-2019-12.txt",
        5,
        [2, 0, 0, 3],
    ),
    ("node-cloudfront-log-parser/web-1-0.txt", 4, [2, 0, 0, 2]),
    ("webreadr/log.aws", 4, [2, 0, 0, 2]),
    // Real-time, 40 fields under a header that somebody added.
    (
        "node-cloudfront-log-parser/kinesis-1-0.txt",
        3,
        [2, 0, 0, 1],
    ),
    // No header line: 19 columns are a list that CloudFront has written.
    (
        "mapbox-cloudfront-log-reader/AAAAAAAAAAAAAA.2015-10-19-17.e5b6526a",
        10,
        [0, 1, 0, 9],
    ),
    (
        "mapbox-cloudfront-log-reader/AAAAAAAAAAAAAA.2015-10-19-17.e5b6526a.gz",
        10,
        [0, 1, 0, 9],
    ),
    // No header line and spaces: lists of 12, 15, 18 and 23 fields; 15 and 17 of Snowplow's Clojure collector.
    (
        "snowplow-enrich-cloudfront-loader/cf-loader-lines.log",
        5,
        [0, 0, 0, 5],
    ),
    (
        "snowplow-clj-tomcat/clj-tomcat-lines.log",
        14,
        [0, 0, 0, 14],
    ),
    // Common and combined logs of web servers.
    ("request-log-analyzer/apache_combined.log", 5, [0, 0, 0, 5]),
    ("request-log-analyzer/apache_common.log", 10, [0, 0, 0, 10]),
    ("webreadr/combined_log.clf", 12, [0, 0, 0, 12]),
    ("webreadr/log.clf", 2, [0, 0, 0, 2]),
    // Other formats: nothing of them is taken for a record.
    (
        "aws-samples-log-analysis/sample-alb-logs.gz",
        1,
        [0, 0, 1, 0],
    ),
    (
        "aws-samples-log-analysis/sample-lambda-at-edge-viewer-request.gz",
        36,
        [0, 0, 36, 0],
    ),
    (
        "request-log-analyzer/s3_2012-10-05-16-18-11-F9AAC5D1A55AEBAD",
        5,
        [0, 0, 5, 0],
    ),
    ("webreadr/iis.log", 5, [4, 0, 1, 0]),
    ("webreadr/s3.log", 6, [0, 0, 6, 0]),
];

fn real_logs() -> Option<PathBuf> {
    let named = std::env::var_os("FRONTLOG_REAL_LOGS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/real-logs"));
    folder.is_dir().then(|| folder.canonicalize().unwrap())
}

#[test]
fn real_logs_count_as_they_do_by_hand() {
    let Some(logs) = real_logs() else {
        println!("skipped: no real logs here; FRONTLOG_REAL_LOGS names their folder");
        return;
    };
    let home = folder();
    let mut wrong = Vec::new();
    for (name, lines, parts) in COUNTS {
        let path = logs.join(name);
        let ran = run(
            home.path(),
            ["check", "--format", "json", path.to_str().unwrap()],
        );
        assert!(
            [0, 3].contains(&ran.status),
            "{name}: status {}\n{}",
            ran.status,
            ran.stderr
        );
        let counters = ran.json()["counters"].clone();
        let n = |field: &str| counters[field].as_u64().unwrap();
        let found = (
            n("lines"),
            ["header_lines", "blank_lines", "unreadable_lines", "records"].map(n),
        );
        println!("{name}: {found:?}");
        if found != (*lines, *parts) {
            wrong.push(format!(
                "{name}: found {found:?}, by hand {lines} {parts:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    println!("{} real logs count as they do by hand", COUNTS.len());
}

/// File, columns of its first record, and what they hold.
const VALUES: &[(&str, &str, &str)] = &[
    (
        "node-cloudfront-log-parser/kinesis-1-0.txt",
        "cs_uri_stem, x_host_header, c_country, cs_headers_count, time_taken, time_utc",
        r#"["/i","test.cloudfront.net","US",8,0.042,"2020-12-07 20:52:01.541000"]"#,
    ),
    (
        "aws-docs/accesslogs-rtmp-2017-12.log",
        "x_event, cs_uri_stem, cs_user_agent, sc_bytes",
        r#"["connect","rtmp://shqshne4jdp4b6.cloudfront.net/cfx/st","LNX 10,0,32,18",2014]"#,
    ),
    (
        "aws-docs-v2/firehose-example.jsonl",
        "asn, origin_fbl, cs_cookie, timestamp_ms, time_utc",
        r#"[16509,0.254,"examplecookie=value",1731699951183,"2024-11-15 19:45:51.000000"]"#,
    ),
    (
        "aws-docs-v2/cloudwatch-example.json",
        "x_edge_location, origin_lbl",
        r#"["SOF50-P2",0.251]"#,
    ),
    (
        "mapbox-cloudfront-log-reader/AAAAAAAAAAAAAA.2015-10-19-17.e5b6526a.gz",
        "cs_uri_stem, x_host_header, time_taken",
        r#"["/a.json","example.com",0.314]"#,
    ),
    (
        "request-log-analyzer/apache_combined.log",
        "time_utc, c_ip, cs_uri_stem, sc_status, cs_user_agent",
        r#"["2009-09-02 01:33:46.000000","125.76.230.10","/cart/install.txt",404,"Toata dragostea mea pentru diavola"]"#,
    ),
    (
        "webreadr/log.clf",
        "cs_uri_stem, cs_uri_query, sc_bytes",
        r#"["/scripts/iisadmin/ism.dll","http/serv",3401]"#,
    ),
    (
        "aws-docs/accesslogs-web-2018-08.log",
        "cs_user_agent, cs_cookie, fle_status, fle_encrypted_fields",
        r#"["Mozilla/4.0 (compatible; MSIE 5.0b1; Mac_PowerPC)","zip=98101","Processed",1]"#,
    ),
    (
        "snowplow-clj-tomcat/clj-tomcat-lines.log",
        "c_ip, cs_method, cs_uri_stem, sc_status",
        r#"["37.157.33.123","GET","/i",200]"#,
    ),
];

#[test]
fn real_logs_hold_what_they_say() {
    let Some(logs) = real_logs() else {
        println!("skipped: no real logs here; FRONTLOG_REAL_LOGS names their folder");
        return;
    };
    let home = folder();
    for (name, columns, expected) in VALUES {
        let sql = format!("SELECT {columns} FROM records ORDER BY record LIMIT 1");
        let path = logs.join(name);
        let ran = run(
            home.path(),
            ["query", &sql, path.to_str().unwrap(), "--format", "json"],
        )
        .exits(0);
        let row = ran.json()[0].as_object().unwrap().clone();
        let values: Vec<_> = row.into_iter().map(|(_, value)| value).collect();
        let expected: Vec<serde_json::Value> = serde_json::from_str(expected).unwrap();
        assert_eq!(values, expected, "{name}");
    }
}

/// File, and the events by name that its pixels are without a contract. POST bodies are no pixels.
const PIXELS: &[(&str, &str)] = &[
    (
        "snowplow-enrich-cloudfront-loader/cf-loader-lines.log",
        r#"[["page_ping",1],["page_view",3]]"#,
    ),
    (
        "snowplow-clj-tomcat/clj-tomcat-lines.log",
        r#"[["page_view",3],["signup_form_submitted",1]]"#,
    ),
    (
        "node-cloudfront-log-parser/kinesis-1-0.txt",
        r#"[["page_ping",1]]"#,
    ),
];

#[test]
fn real_pixels_are_the_events_that_their_tracker_sent() {
    let Some(logs) = real_logs() else {
        println!("skipped: no real logs here; FRONTLOG_REAL_LOGS names their folder");
        return;
    };
    let home = folder();
    for (name, expected) in PIXELS {
        let path = logs.join(name);
        let path = path.to_str().unwrap();
        let report = run(home.path(), ["check", "--format", "json", path])
            .exits(0)
            .json();
        assert_eq!(
            report["events_by"], "events by preset snowplow · no schemas",
            "{name}"
        );
        let rows = report["events"].as_array().unwrap().iter();
        let found: Vec<_> = rows
            .map(|row| serde_json::json!([row["event"], row["good"]]))
            .collect();
        let expected: Vec<serde_json::Value> = serde_json::from_str(expected).unwrap();
        assert_eq!(found, expected, "{name}");
    }
    // base64 of a self-describing event, its text Greek.
    let path = logs.join("snowplow-clj-tomcat/clj-tomcat-lines.log");
    let sql = "SELECT _rest_json FROM signup_form_submitted";
    let ran = run(
        home.path(),
        ["query", sql, path.to_str().unwrap(), "--format", "json"],
    );
    let rest: serde_json::Value =
        serde_json::from_str(ran.exits(0).json()[0]["_rest_json"].as_str().unwrap()).unwrap();
    assert_eq!(rest["name"], "Χαριτίνη NEW Unicode test");
    assert_eq!(
        (rest["e"].as_str(), rest["tv"].as_str()),
        (Some("pv"), Some("js-0.12.0"))
    );
}

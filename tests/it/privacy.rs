//! `[privacy]`: whatever leaves by `export` and `query --private` holds none of the bytes that were to stay.

use std::path::Path;

use crate::program::{command, file, folder, header, ran, record};

const ROUTING: &str = r#"
[match]
path = ["/i"]
[event]
name = { query = "e" }
id = { query = "uid" }
[privacy]
"c-ip" = "truncate"
"cs(User-Agent)" = "sha256:env:SALT"
email = "drop"
uid = "sha256:env:SALT"
"#;

const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["value"],
  "properties": {
    "value": {"type": "number"},
    "email": {"type": "string", "maxLength": 12},
    "uid": {"type": "integer"},
    "url": {"type": "string"},
    "cx": {"type": "string"}
  }
}"#;

/// Records that hold each secret in every place where one may turn up.
fn logs(home: &Path) {
    file(home, "frontlog.toml", ROUTING.as_bytes());
    file(home, "schemas/checkout.json", SCHEMA.as_bytes());
    let packed = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        r#"{"email":"secretmail","n":1}"#,
    );
    let queries = [
        // Good.
        "e=checkout&value=1&email=secretmail&uid=98765432101".to_owned(),
        // The secret is what fails (too long), and stands in a failed event.
        "e=checkout&value=x&email=secretmailsecretmail&uid=98765432102".to_owned(),
        // Inside of other values.
        "e=checkout&value=2&url=https://a/?email=secretmail&uid=98765432103".to_owned(),
        "e=checkout&value=3&url=https://a/%253Femail%253Dsecretmail%2526b%253D1".to_owned(),
        format!("e=checkout&value=4&cx={packed}"),
        "e=checkout&value=5&cx=%257B%2522email%2522:%2522secretmail%2522%257D".to_owned(),
        // The same, cut short.
        format!("e=checkout&value=4&cx={}&more={packed}%2", &packed[..30]),
        "e=checkout&value=5&cx=%257B%2522email%2522:%2522secretmail".to_owned(),
        // Nobody declared it: `_rest_json`, an unknown event, an event without a name, no event at all.
        "e=checkout&value=6&more=%257B%2522email%2522:%2522secretmail%2522%257D&user.email=secretmail".to_owned(),
        "e=unknown&email=secretmail&uid=98765432104".to_owned(),
        "email=secretmail&uid=98765432105".to_owned(),
        // The key came twice, and is badly encoded.
        "e=checkout&value=7&email=a&email=secretmail".to_owned(),
        "e=checkout&value=8&email=secretmail%25zz".to_owned(),
        // A copy, and another payload under the same id.
        "e=checkout&value=1&email=secretmail&uid=98765432101".to_owned(),
        "e=checkout&value=9&email=secretmail&uid=98765432101".to_owned(),
    ];
    let mut text = header();
    for (n, query) in queries.iter().enumerate() {
        let line = record(n, query, "secretagent/1.0");
        let mut values: Vec<&str> = line.trim_end().split('\t').collect();
        let at = |name: &str| frontlog::model::FIELDS.iter().position(|f| f.name == name);
        values[at("c-ip").unwrap()] = "203.0.113.199";
        values[at("x-forwarded-for").unwrap()] = "203.0.113.199,%20198.51.100.201";
        values[at("cs(Referer)").unwrap()] = "https://shop.example/p?email=secretmail";
        text += &(values.join("\t") + "\n");
    }
    // Unreadable: too few columns, and a bad number that quotes the value.
    text += "secretmail\t203.0.113.199\n";
    text += &record(99, "e=checkout", "secretagent/1.0").replacen("421", "203.0.113.199", 1);
    file(home, "logs/a.log", text.as_bytes());
}

const SECRETS: [&str; 8] = [
    "secretmail",
    "203.0.113.199",
    "198.51.100.201",
    "secretagent",
    "9876543210",
    // The secret mail in base64, as in `cx`.
    "c2VjcmV0bWFpb",
    "NlY3JldG1haW",
    "zZWNyZXRtYWls",
];

#[track_caller]
fn holds_no_secret(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {what}:\n{text}");
    }
}

/// The test itself sees a secret where nothing is treated.
#[test]
fn no_private_byte_leaves_by_an_export_of_any_format() {
    let home = folder();
    logs(home.path());
    for format in ["csv", "jsonl", "parquet"] {
        let arguments = ["export", "logs", "--to", format, "--format", format];
        let mut export = command(home.path());
        ran(export
            .args(arguments)
            .env("SALT", "pepper")
            .output()
            .unwrap())
        .exits(0);
        let mut files = 0;
        let mut all = String::new();
        for entry in walkdir::WalkDir::new(home.path().join(format)) {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                let bytes = std::fs::read(entry.path()).unwrap();
                holds_no_secret(&entry.path().display().to_string(), &bytes);
                all += &String::from_utf8_lossy(&bytes);
                files += 1;
            }
        }
        assert!(files > 5, "{files} files");
        // What may stay, stays; what was an integer is a hash now, the same for the same value.
        assert!(all.contains("https://a/"), "{format}");
        let hash = frontlog::contract::privacy::Treatment::hash("pepper")
            .apply("98765432101")
            .unwrap();
        assert!(all.contains(&hash), "{format}: {hash}");
        // The property's name stays in failures; its column and its members go.
        for column in ["\"email\":", "\"name\": \"email\""] {
            assert!(
                format == "csv" || !all.contains(column),
                "{format}: {column}"
            );
        }
    }
}

#[test]
fn no_private_byte_leaves_by_a_private_query() {
    let home = folder();
    logs(home.path());
    let query = |table: &str, private: bool| {
        let sql = format!("SELECT * FROM {table}");
        let mut arguments = vec!["query", sql.as_str(), "logs", "--format", "json"];
        arguments.extend(private.then_some("--private"));
        let mut query = command(home.path());
        let ended = ran(query
            .args(arguments)
            .env("SALT", "pepper")
            .output()
            .unwrap())
        .exits(0);
        assert!(ended.stdout.len() > 10, "{table} is empty");
        ended.stdout
    };
    for table in [
        "records", "events", "failures", "rejects", "checkout", "unknown",
    ] {
        holds_no_secret(table, query(table, true).as_bytes());
        assert!(
            SECRETS.iter().any(|s| query(table, false).contains(s)),
            "{table} holds no secret to begin with"
        );
    }
    let records = query("records", true);
    assert!(records.contains("\"c_ip\":\"203.0.113.0\""), "{records}");
    assert!(
        records.contains("\"203.0.113.0, 198.51.100.0\""),
        "{records}"
    );
    assert!(records.contains("\"https://shop.example/p\""), "{records}");
}

#[test]
fn a_missing_salt_is_told_before_anything_is_read() {
    let home = folder();
    logs(home.path());
    for arguments in [
        vec!["export", "logs", "--to", "out"],
        vec!["query", "SELECT 1", "logs", "--private"],
    ] {
        let mut run = command(home.path());
        let ended = ran(run.args(&arguments).output().unwrap()).exits(2);
        assert!(
            ended.stderr.contains("SALT is not set") && ended.stderr.contains("frontlog.toml:"),
            "{}",
            ended.stderr
        );
        assert!(!home.path().join("out").exists());
    }
}

#[test]
fn check_shows_no_private_value_as_an_example() {
    let home = folder();
    logs(home.path());
    for format in ["text", "json", "junit", "github"] {
        let mut check = command(home.path());
        let ended = ran(check
            .args(["check", "logs", "--format", format])
            .output()
            .unwrap())
        .exits(3);
        for secret in ["secretmail", "secretagent", "98765432"] {
            assert!(
                !ended.stdout.contains(secret),
                "{secret} in\n{}",
                ended.stdout
            );
        }
    }
}

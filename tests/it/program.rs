//! The real binary, and small inputs for it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a run left behind.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Panics with everything that was printed unless the status is `expected`.
    #[track_caller]
    pub fn exits(self, expected: i32) -> Self {
        assert_eq!(
            self.status, expected,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// The output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.stdout, self.stderr))
    }
}

/// The binary with a home of its own, no credentials and no network.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontlog"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"));
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .current_dir(home);
    command
}

/// Runs the binary in `home` to its end.
pub fn run<S: AsRef<std::ffi::OsStr>>(home: &Path, arguments: impl IntoIterator<Item = S>) -> Ran {
    ran(command(home).args(arguments).output().unwrap())
}

/// An output as text.
pub fn ran(output: Output) -> Ran {
    Ran {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder that goes away.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes a file and gives its path.
pub fn file(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path
}

/// One gzip member.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The two header lines of a standard log with 33 fields.
pub fn header() -> String {
    let names: Vec<&str> = frontlog::model::FIELDS[..33]
        .iter()
        .map(|f| f.name)
        .collect();
    format!("#Version: 1.0\n#Fields: {}\n", names.join(" "))
}

/// One record: a request for `/i` with that query, of that user agent; `n` makes its time and id its own.
pub fn record(n: usize, query: &str, user_agent: &str) -> String {
    let values: Vec<String> = frontlog::model::FIELDS[..33]
        .iter()
        .map(|field| match field.name {
            "date" => "2026-11-22".to_owned(),
            "time" => format!("14:{:02}:{:02}", n / 60 % 60, n % 60),
            "x-edge-location" => "FRA56-P1".to_owned(),
            "c-ip" => "203.0.113.7".to_owned(),
            "cs-method" => "GET".to_owned(),
            "cs(Host)" | "x-host-header" => "px.example.com".to_owned(),
            "cs-uri-stem" => "/i".to_owned(),
            "sc-status" => "200".to_owned(),
            "cs(User-Agent)" => user_agent.to_owned(),
            "cs-uri-query" => query.to_owned(),
            "x-edge-request-id" => format!("request-{n}=="),
            "cs-protocol" => "https".to_owned(),
            "sc-bytes" | "cs-bytes" => "421".to_owned(),
            "time-taken" | "time-to-first-byte" => "0.001".to_owned(),
            _ => "-".to_owned(),
        })
        .collect();
    values.join("\t") + "\n"
}

/// A contract with one event, `checkout`, whose `value` is a number and required.
pub fn contract(folder: &Path) {
    file(
        folder,
        "frontlog.toml",
        b"[match]\npath = [\"/i\"]\n\n[event]\nname = { query = \"e\" }\n",
    );
    let schema = br#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["value"],
  "properties": { "value": { "type": "number", "minimum": 0 }, "currency": { "enum": ["EUR", "USD"] } }
}
"#;
    file(folder, "schemas/checkout.json", schema);
}

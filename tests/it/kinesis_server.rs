//! A server that speaks Kinesis' protocol over HTTP on loopback, and a proxy in front of it that refuses.
//!
//! `kinesalite` closes shards as AWS does. (moto's closed shards never end, and its split loses records; kinesis-local
//! wants its TLS port and a file of its own in the working folder.) `.ci/run` installs it; `FRONTLOG_KINESALITE` names
//! another folder that holds `node_modules/kinesalite`.

use std::future::Future;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, Shard};
use frontlog::source::S3Options;

/// Access key id and secret; the server looks at neither.
pub const KEYS: (&str, &str) = ("AKIAFRONTLOGTEST", "a-secret-for-loopback");

/// A running server; it ends with this value.
pub struct KinesisServer {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    client: Client,
    runtime: tokio::runtime::Runtime,
    process: Child,
}

fn installed() -> Option<PathBuf> {
    let named = std::env::var_os("FRONTLOG_KINESALITE").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("kinesalite");
    [named, Some(beside)]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("node_modules/kinesalite"))
        .find(|module| module.join("index.js").is_file())
}

impl KinesisServer {
    /// Starts one; `None`, and a sentence on stderr, where there is none to start.
    pub fn start() -> Option<Self> {
        let skip = |why: &str| {
            // Not captured by the test harness: a test that did not run must not look like one that passed.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: a Kinesis test needs kinesalite, and {why}; .ci/run installs it"
            );
        };
        let Some(module) = installed() else {
            skip("it is not installed");
            return None;
        };
        let script = format!(
            "require({:?})({{createStreamMs: 0, updateStreamMs: 20, deleteStreamMs: 0, shardLimit: 1000}})\
             .listen(0, '127.0.0.1', function () {{ console.log(this.address().port) }})",
            module.to_str().unwrap()
        );
        let started = Command::new("node")
            .args(["-e", &script])
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn();
        let Ok(mut process) = started else {
            skip("there is no node to run it");
            return None;
        };
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        let endpoint = format!("http://127.0.0.1:{}", port.trim());
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::new(KEYS.0, KEYS.1, None, None, "test"))
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Some(Self {
            endpoint,
            client: Client::from_conf(config.build()),
            runtime,
            process,
        })
    }

    fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Creates a stream.
    pub fn stream(&self, name: &str, shards: i32) {
        let request = self.client.create_stream();
        self.wait(request.stream_name(name).shard_count(shards).send())
            .unwrap();
        self.settled(name);
    }

    /// Waits until the stream is not being changed.
    fn settled(&self, name: &str) {
        for _ in 0..500 {
            let request = self.client.describe_stream_summary().stream_name(name);
            let answer = self.wait(request.send()).unwrap();
            let status = answer.stream_description_summary.unwrap().stream_status;
            if status.as_str() == "ACTIVE" {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("stream {name} is never active");
    }

    /// All shards, closed ones too.
    pub fn shards(&self, name: &str) -> Vec<Shard> {
        let request = self.client.list_shards().stream_name(name);
        self.wait(request.send()).unwrap().shards.unwrap()
    }

    fn open_shards(&self, name: &str) -> Vec<Shard> {
        let is_open = |s: &Shard| {
            let range = s.sequence_number_range.as_ref().unwrap();
            range.ending_sequence_number.is_none()
        };
        let mut open = self.shards(name);
        open.retain(is_open);
        open.sort_by_key(start_of);
        open
    }

    /// Splits the first open shard in two halves.
    pub fn split(&self, name: &str) {
        let open = self.open_shards(name);
        let range = open[0].hash_key_range.as_ref().unwrap();
        let end: u128 = range.ending_hash_key.parse().unwrap();
        let middle = start_of(&open[0]) + (end - start_of(&open[0])) / 2;
        let request = self.client.split_shard().stream_name(name);
        let request = request.shard_to_split(&open[0].shard_id);
        self.wait(request.new_starting_hash_key(middle.to_string()).send())
            .unwrap();
        self.settled(name);
    }

    /// Merges the last two open shards.
    pub fn merge(&self, name: &str) {
        let open = self.open_shards(name);
        let [.., left, right] = &open[..] else {
            panic!("too few shards")
        };
        let request = self.client.merge_shards().stream_name(name);
        let request = request.shard_to_merge(&left.shard_id);
        self.wait(request.adjacent_shard_to_merge(&right.shard_id).send())
            .unwrap();
        self.settled(name);
    }

    /// Puts records, each under a key; the order of a key is kept.
    pub fn put(&self, name: &str, records: &[(&str, &[u8])]) {
        for some in records.chunks(200) {
            let entries = some.iter().map(|(key, data)| {
                PutRecordsRequestEntry::builder()
                    .partition_key(*key)
                    .data(Blob::new(*data))
                    .build()
                    .unwrap()
            });
            let request = self.client.put_records().stream_name(name);
            let answer = self
                .wait(request.set_records(Some(entries.collect())).send())
                .unwrap();
            assert_eq!(answer.failed_record_count.unwrap_or(0), 0);
        }
    }

    /// How to reach it, independent of the environment.
    pub fn options(&self) -> S3Options {
        reaching(&self.endpoint)
    }
}

/// How to reach an endpoint, independent of the environment.
pub fn reaching(endpoint: &str) -> S3Options {
    S3Options {
        endpoint_url: Some(endpoint.to_owned()),
        region: Some("us-east-1".into()),
        static_credentials: Some((KEYS.0.into(), KEYS.1.into())),
        ..S3Options::default()
    }
}

fn start_of(shard: &Shard) -> u128 {
    let range = shard.hash_key_range.as_ref().unwrap();
    range.starting_hash_key.parse().unwrap()
}

impl Drop for KinesisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Given an operation (`GetRecords`) and how often it was asked for before: the error to refuse it with.
pub type Refusal = dyn Fn(&str, usize) -> Option<&'static str> + Send + Sync;

/// Passes requests on to `endpoint`, except those that are refused; gives its own endpoint. It serves for the life of
/// the test process.
pub fn refusing(
    endpoint: &str,
    refusal: impl Fn(&str, usize) -> Option<&'static str> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = format!("http://{}", listener.local_addr().unwrap());
    let behind = endpoint.strip_prefix("http://").unwrap().to_owned();
    let refusal: Arc<Refusal> = Arc::new(refusal);
    let counts = Arc::new(std::sync::Mutex::new(std::collections::HashMap::new()));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (behind, refusal, counts) = (behind.clone(), refusal.clone(), counts.clone());
            std::thread::spawn(move || {
                let count = |operation: &str| {
                    let mut counts = counts.lock().unwrap();
                    let count: &mut usize = counts.entry(operation.to_owned()).or_default();
                    *count += 1;
                    *count - 1
                };
                let refuse = |operation: &str| refusal(operation, count(operation));
                // A client that goes away in the middle is no failure of the test.
                let _ = serve(stream, &behind, &refuse);
            });
        }
    });
    own
}

/// One request a connection.
fn serve(
    mut stream: TcpStream,
    behind: &str,
    refuse: &dyn Fn(&str) -> Option<&'static str>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length, mut operation) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if lower.starts_with("x-amz-target:") {
            line.trim()
                .rsplit('.')
                .next()
                .unwrap()
                .clone_into(&mut operation);
        }
        if line.trim().is_empty() {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if let Some(error) = refuse(&operation) {
        let status = if error == "InternalFailure" { 500 } else { 400 };
        let body = format!("{{\"__type\":\"{error}\",\"message\":\"refused by the test\"}}");
        return write!(
            stream,
            "HTTP/1.1 {status} Refused\r\nContent-Type: application/x-amz-json-1.1\r\nx-amzn-requestid: r\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
    }
    let mut server = TcpStream::connect(behind)?;
    write!(server, "{head}Connection: close\r\n\r\n")?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    stream.write_all(&answer)
}

//! What S3 costs beside the same files on disk, on a server on loopback.
//!
//! `cargo bench --bench s3` generates 10,000 objects of some 4 KB, serves them from a second process (s3s: real requests,
//! signatures checked, files read from disk) and prints the time of `frontlog check s3://…` as a multiple of
//! `frontlog check FOLDER`, best of five each, turn about; then lists 100,000 keys and prints the peak of resident
//! memory. The server works on the same cores, so its own time is in the figure.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};

use std::time::{Duration, Instant};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    ETag, GetObjectInput, GetObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
    StreamingBlob,
};
use s3s::service::S3ServiceBuilder;
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};

const OBJECTS: usize = 10_000;
/// Records that make an object of some 4 KB.
const RECORDS: usize = 19;
const KEYS: usize = 100_000;
const RUNS: usize = 5;
const KEY_ID: &str = "AKIAFRONTLOGBENCH";
const SECRET: &str = "a-secret-for-loopback";

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => serve(Path::new(&arguments[1])),
        Some("made-up") => serve_made_up(),
        _ => measure(),
    }
}

fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("px");
    let made = Command::new(env!("CARGO_BIN_EXE_frontlog"))
        .arg("generate")
        .arg(&logs)
        .args(["--records", &(OBJECTS * RECORDS).to_string()])
        .args([
            "--objects",
            &OBJECTS.to_string(),
            "--hours",
            "48",
            "--faults",
            "0",
        ])
        .stdout(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let server = Server::start(&["serve", logs.to_str().unwrap()]);
    let contract = logs.to_str().unwrap().to_owned();
    let (mut disk, mut bucket) = (Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        disk = disk.min(time(&mut server.check(&[&contract])));
        bucket = bucket.min(time(&mut server.check(&[
            "s3://logs/",
            "--contract",
            &contract,
        ])));
    }
    let bytes: u64 = std::fs::read_dir(&logs)
        .unwrap()
        .filter_map(|e| e.ok()?.metadata().ok())
        .map(|m| m.len())
        .sum();
    println!("{OBJECTS} objects of {} bytes", bytes / OBJECTS as u64);
    println!("check FOLDER   {:>6.0} ms", disk.as_secs_f64() * 1e3);
    println!(
        "check s3://    {:>6.0} ms   {:.2} x",
        bucket.as_secs_f64() * 1e3,
        bucket.as_secs_f64() / disk.as_secs_f64()
    );
    drop(server);
    let server = Server::start(&["made-up"]);
    let mut list = server.check(&["s3://logs/", "--dry-run"]);
    let start = Instant::now();
    let mut child = list.spawn().unwrap();
    let peak = peak_bytes(&mut child);
    println!(
        "{KEYS} keys listed in {:.0} ms, peak {:.0} MB",
        start.elapsed().as_secs_f64() * 1e3,
        peak as f64 / 1e6
    );
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.status().unwrap();
    let took = start.elapsed();
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    took
}

/// The largest resident memory of a process, as the kernel keeps it.
fn peak_bytes(child: &mut Child) -> u64 {
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let kib = status
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:"))
            .and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0) * 1024);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A server in a process of its own.
struct Server {
    child: Child,
    endpoint: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let endpoint = format!("http://127.0.0.1:{}", line.trim());
        Self { child, endpoint }
    }

    fn check(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontlog"));
        command
            .arg("check")
            .args(arguments)
            .args(["--endpoint-url", &self.endpoint, "--path-style"])
            .env("AWS_ACCESS_KEY_ID", KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_REGION", "us-east-1")
            .stdout(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Keys and sizes in order, and the folder they are in.
struct Store {
    folder: PathBuf,
    keys: Vec<(String, u64)>,
}

fn serve(folder: &Path) {
    let mut keys: Vec<(String, u64)> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let size = entry.metadata().ok()?.len();
            name.ends_with("gz").then_some((name, size))
        })
        .collect();
    keys.sort();
    run(Store {
        folder: folder.to_owned(),
        keys,
    });
}

fn serve_made_up() {
    let key = |n: usize| {
        let (day, hour) = (n / 24 / 20 % 28 + 1, n / 20 % 24);
        let month = n / 24 / 20 / 28 % 12 + 1;
        let name = format!("E2EXAMPLE.2026-{month:02}-{day:02}-{hour:02}.{n:08x}.gz");
        (name, 4_000)
    };
    let mut keys: Vec<_> = (0..KEYS).map(key).collect();
    keys.sort();
    run(Store {
        folder: PathBuf::new(),
        keys,
    });
}

fn run(store: Store) {
    let mut builder = S3ServiceBuilder::new(store);
    builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
    let service = builder.build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            socket.set_nodelay(true).unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                drop(server.serve_connection(TokioIo::new(socket), service).await);
            });
        }
    });
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = S3Result<S3Response<T>>> + Send + 'a>>;

impl Store {
    fn get(&self, input: &GetObjectInput) -> S3Result<S3Response<GetObjectOutput>> {
        let Ok(bytes) = std::fs::read(self.folder.join(&input.key)) else {
            return Err(s3_error!(NoSuchKey));
        };
        let output = GetObjectOutput {
            content_length: Some(bytes.len() as i64),
            e_tag: Some(etag(bytes.len() as u64)),
            body: Some(StreamingBlob::from(Body::from(bytes))),
            ..GetObjectOutput::default()
        };
        Ok(S3Response::new(output))
    }

    fn list(&self, input: ListObjectsV2Input) -> S3Response<ListObjectsV2Output> {
        let prefix = input.prefix.unwrap_or_default();
        let after = input
            .continuation_token
            .or(input.start_after)
            .unwrap_or_default();
        let start = self
            .keys
            .partition_point(|(key, _)| *key <= after || key.as_str() < prefix.as_str());
        let wanted = input.max_keys.unwrap_or(1000).max(0) as usize;
        let rest = &self.keys[start..];
        let count = rest.partition_point(|(key, _)| key.starts_with(&prefix));
        let page = &rest[..count.min(wanted)];
        let contents = page.iter().map(|(key, size)| Object {
            key: Some(key.clone()),
            size: Some(*size as i64),
            e_tag: Some(etag(*size)),
            ..Object::default()
        });
        S3Response::new(ListObjectsV2Output {
            contents: Some(contents.collect()),
            is_truncated: Some(count > wanted),
            next_continuation_token: page.last().map(|(key, _)| key.clone()),
            ..ListObjectsV2Output::default()
        })
    }
}

fn etag(size: u64) -> ETag {
    ETag::Strong(format!("{size:032x}"))
}

/// `S3` is written with `async_trait`; this is what it expands to.
impl S3 for Store {
    fn get_object<'a, 'b>(&'a self, req: S3Request<GetObjectInput>) -> Answer<'b, GetObjectOutput>
    where
        'a: 'b,
    {
        let answer = self.get(&req.input);
        Box::pin(async { answer })
    }

    fn list_objects_v2<'a, 'b>(
        &'a self,
        req: S3Request<ListObjectsV2Input>,
    ) -> Answer<'b, ListObjectsV2Output>
    where
        'a: 'b,
    {
        let answer = Ok(self.list(req.input));
        Box::pin(async { answer })
    }
}

//! A real S3 server on loopback, over a folder whose subfolders are its buckets.
//!
//! `s3s-fs` lists without `ETag`s and ignores `If-Match`; real S3 does neither, so both are added here.

use std::collections::HashSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use frontlog::source::S3Options;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput,
    PutObjectOutput,
};
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

/// Access key id that the server knows.
pub const KEY_ID: &str = "AKIAFRONTLOGTEST";
/// Its secret.
pub const SECRET: &str = "a-secret-for-loopback";

/// A running server; it ends with this value.
pub struct S3Server {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    state: Arc<State>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    requests: Mutex<Vec<String>>,
    denied: Mutex<HashSet<String>>,
    page: Mutex<Option<i32>>,
    /// One request in so many is refused; none where it is 0.
    busy: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
}

impl S3Server {
    /// Serves `dir`.
    pub fn start(dir: &Path) -> Self {
        let state = Arc::new(State::default());
        let store = Store {
            files: FileSystem::new(dir).unwrap(),
            root: dir.to_owned(),
            state: state.clone(),
        };
        let mut builder = S3ServiceBuilder::new(store);
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let service = builder.build();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (tell, port) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap().port()).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener, service) => {}
                }
            });
        });
        let endpoint = format!("http://127.0.0.1:{}", port.recv().unwrap());
        Self {
            endpoint,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// How to reach it, independent of the environment.
    pub fn options(&self) -> S3Options {
        S3Options {
            endpoint_url: Some(self.endpoint.clone()),
            path_style: true,
            region: Some("us-east-1".into()),
            static_credentials: Some((KEY_ID.into(), SECRET.into())),
            ..S3Options::default()
        }
    }

    /// Every request so far: `LIST bucket prefix`, `GET bucket/key`.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// GETs so far, as `bucket/key`.
    pub fn gets(&self) -> Vec<String> {
        self.requests()
            .iter()
            .filter_map(|r| r.strip_prefix("GET ").map(str::to_owned))
            .collect()
    }

    /// Refuses GETs of `bucket/key` from now on.
    pub fn deny(&self, object: &str) {
        self.state.denied.lock().unwrap().insert(object.to_owned());
    }

    /// Refuses nothing any more.
    pub fn allow_all(&self) {
        self.state.denied.lock().unwrap().clear();
    }

    /// Answers one request in `every` with 503 from now on.
    pub fn busy(&self, every: u64) {
        self.state.busy.store(every, Ordering::Relaxed);
    }

    /// Requests that were answered with 503 because the server was busy.
    pub fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::Relaxed)
    }

    /// Answers listings by pages of this many keys, though the client asks for more.
    pub fn page(&self, keys: i32) {
        *self.state.page.lock().unwrap() = Some(keys);
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn serve(listener: tokio::net::TcpListener, service: s3s::service::S3Service) {
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            return;
        };
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            drop(server.serve_connection(TokioIo::new(socket), service).await);
        });
    }
}

struct Store {
    files: FileSystem,
    root: PathBuf,
    state: Arc<State>,
}

impl Store {
    fn note(&self, request: String) {
        self.state.requests.lock().unwrap().push(request);
    }

    fn answer(&self) -> S3Result<()> {
        let every = self.state.busy.load(Ordering::Relaxed);
        let number = self.state.answered.fetch_add(1, Ordering::Relaxed) + 1;
        if every > 0 && number.is_multiple_of(every) {
            self.state.refused.fetch_add(1, Ordering::Relaxed);
            return Err(s3_error!(SlowDown));
        }
        Ok(())
    }

    /// Changes with content, as S3's does: from the time of writing and the length.
    fn etag(&self, bucket: &str, key: &str) -> Option<ETag> {
        let meta = std::fs::metadata(self.root.join(bucket).join(key)).ok()?;
        let written = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(ETag::Strong(format!(
            "{:x}-{:x}",
            written.as_nanos(),
            meta.len()
        )))
    }

    async fn get(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        self.note(format!("GET {bucket}/{key}"));
        self.answer()?;
        if self
            .state
            .denied
            .lock()
            .unwrap()
            .contains(&format!("{bucket}/{key}"))
        {
            return Err(s3_error!(AccessDenied));
        }
        let etag = self.etag(&bucket, &key);
        if let (Some(ETagCondition::ETag(wanted)), Some(etag)) = (&req.input.if_match, &etag)
            && !etag.strong_cmp(wanted)
        {
            return Err(s3_error!(PreconditionFailed));
        }
        let mut answer = self.files.get_object(req).await?;
        answer.output.e_tag = etag;
        Ok(answer)
    }

    async fn list(
        &self,
        mut req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let bucket = req.input.bucket.clone();
        self.note(format!(
            "LIST {bucket} {}",
            req.input.prefix.clone().unwrap_or_default()
        ));
        self.answer()?;
        if let Some(keys) = *self.state.page.lock().unwrap() {
            req.input.max_keys = Some(keys);
        }
        let mut answer = self.files.list_objects_v2(req).await?;
        for object in answer.output.contents.iter_mut().flatten() {
            object.e_tag = object
                .key
                .as_deref()
                .and_then(|key| self.etag(&bucket, key));
        }
        Ok(answer)
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = S3Result<S3Response<T>>> + Send + 'a>>;

/// `S3` is written with `async_trait`; this is what it expands to.
impl S3 for Store {
    fn get_object<'a, 'b>(&'a self, req: S3Request<GetObjectInput>) -> Answer<'b, GetObjectOutput>
    where
        'a: 'b,
    {
        Box::pin(self.get(req))
    }

    fn list_objects_v2<'a, 'b>(
        &'a self,
        req: S3Request<ListObjectsV2Input>,
    ) -> Answer<'b, ListObjectsV2Output>
    where
        'a: 'b,
    {
        Box::pin(self.list(req))
    }

    fn head_object<'a, 'b>(
        &'a self,
        req: S3Request<HeadObjectInput>,
    ) -> Answer<'b, HeadObjectOutput>
    where
        'a: 'b,
    {
        let etag = self.etag(&req.input.bucket, &req.input.key);
        let answer = self.files.head_object(req);
        Box::pin(async move {
            let mut answer = answer.await?;
            answer.output.e_tag = etag;
            Ok(answer)
        })
    }

    fn head_bucket<'a, 'b>(
        &'a self,
        req: S3Request<HeadBucketInput>,
    ) -> Answer<'b, HeadBucketOutput>
    where
        'a: 'b,
    {
        self.files.head_bucket(req)
    }

    fn put_object<'a, 'b>(&'a self, req: S3Request<PutObjectInput>) -> Answer<'b, PutObjectOutput>
    where
        'a: 'b,
    {
        self.files.put_object(req)
    }
}

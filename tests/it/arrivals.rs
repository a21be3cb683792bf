//! Reads a run of sources in tests: everything at once, or one arrival at a time with a limit.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use crossbeam_channel::Receiver;
use frontlog::error::{Error, Result};
use frontlog::source::{self, Arrival, Content, Options};
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes.
pub const LIMIT: Duration = Duration::from_secs(30);

/// All that a run brought.
#[derive(Debug, Default)]
pub struct Gathered {
    /// URIs by index.
    pub uris: Vec<String>,
    /// Contents by index, in order of arrival.
    pub contents: Vec<(u32, Vec<u8>)>,
    /// Code and sentence by index.
    pub unreadable: Vec<(u32, String, String)>,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// Options for some sources.
pub fn reading<S: AsRef<str>>(sources: &[S]) -> Options {
    Options {
        sources: sources.iter().map(|s| s.as_ref().to_owned()).collect(),
        ..Options::default()
    }
}

/// Options for a path.
pub fn reading_path(path: &Path) -> Options {
    reading(&[path.to_str().unwrap()])
}

/// Starts a run.
pub fn start(options: &Options) -> Result<(Receiver<Result<Arrival>>, CancellationToken)> {
    let cancel = CancellationToken::new();
    source::start(options.clone(), cancel.clone()).map(|receiver| (receiver, cancel))
}

/// The next arrival, leaving out how far sources were taken; fails the test if none comes in time.
pub fn next(receiver: &Receiver<Result<Arrival>>) -> Arrival {
    loop {
        let arrival = receiver.recv_timeout(LIMIT).expect("an arrival in time");
        match arrival.expect("no error") {
            Arrival::Mark(_) | Arrival::Floor(_) => {}
            arrival => return arrival,
        }
    }
}

/// As [`next`], leaving out the empty `Listed` of a followed run and its warnings.
pub fn next_news(receiver: &Receiver<Result<Arrival>>) -> Arrival {
    loop {
        match next(receiver) {
            Arrival::Listed(objects) if objects.is_empty() => {}
            Arrival::Warning(_) => {}
            arrival => return arrival,
        }
    }
}

/// The next warning, leaving out empty `Listed`.
pub fn next_warning(receiver: &Receiver<Result<Arrival>>) -> String {
    loop {
        match next(receiver) {
            Arrival::Listed(objects) if objects.is_empty() => {}
            Arrival::Warning(text) => return text,
            other => panic!("expected a warning, got {other:?}"),
        }
    }
}

/// The bytes of a content.
pub fn bytes(content: Content) -> Vec<u8> {
    match content {
        Content::Bytes(bytes) => bytes.to_vec(),
        Content::File(path) => std::fs::read(path).unwrap(),
        Content::Stream(mut reader) => {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            bytes
        }
    }
}

/// Reads a run to its end.
pub fn gather(options: &Options) -> Result<Gathered> {
    let (receiver, _cancel) = start(options)?;
    let mut all = Gathered::default();
    for arrival in receiver {
        match arrival? {
            Arrival::Listed(objects) => all.uris.extend(objects.iter().map(|o| o.uri.to_string())),
            Arrival::Content { index, content } => all.contents.push((index, bytes(content))),
            Arrival::Unreadable {
                index,
                code,
                message,
            } => all
                .unreadable
                .push((index, code.as_str().to_owned(), message)),
            Arrival::Warning(text) => all.warnings.push(text),
            other => panic!("without following: {other:?}"),
        }
    }
    Ok(all)
}

/// The sentence of the error that a run must end with.
pub fn error(options: &Options) -> Error {
    gather(options).expect_err("an error")
}

/// Last segments of URIs.
pub fn names(uris: &[String]) -> Vec<&str> {
    uris.iter().map(|u| u.rsplit('/').next().unwrap()).collect()
}

//! Whether one file holds what was read of another: a copy beside it, plain or compressed, or the file itself renamed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::model::Chapter;

use super::super::chapter::{self, Likeness};
use super::super::members;
use super::super::tail::{Compression, identity};
use super::Past;

/// Last bytes that tell a file that grew from one that was replaced.
const EDGE_BYTES: u64 = 256;

/// Compares a file, plain or gzip, with a chapter, unless too few bytes would have to tell.
pub fn like(chapter: &Chapter, path: &Path, kind: Option<Compression>) -> io::Result<Likeness> {
    let mut start = Vec::new();
    text(path, kind)?
        .take(u64::from(chapter.head_bytes))
        .read_to_end(&mut start)?;
    if (start.len() as u64) < u64::from(chapter.head_bytes) {
        return Ok(Likeness::Short);
    }
    if chapter::is_telling(chapter, &start) {
        compare(chapter, path, kind)
    } else {
        Ok(Likeness::Other)
    }
}

pub fn compare(chapter: &Chapter, path: &Path, kind: Option<Compression>) -> io::Result<Likeness> {
    if kind.is_some() {
        chapter::compare_text(chapter, &mut *text(path, kind)?)
    } else {
        chapter::compare_file(chapter, &mut File::open(path)?)
    }
}

fn text(path: &Path, kind: Option<Compression>) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    Ok(match kind {
        Some(Compression::Gzip) => Box::new(members::text(file)),
        _ => Box::new(file),
    })
}

/// `access.log.1.gz` and `access-20261122.log` beside `access.log`: a copy's name is its original's and more.
pub fn is_named_alike(original: &Path, copy: &Path) -> bool {
    let text = |path: &Path| {
        path.file_name()
            .map(OsStr::to_string_lossy)
            .map(std::borrow::Cow::into_owned)
    };
    let (Some(original), Some(copy)) = (text(original), text(copy)) else {
        return false;
    };
    let stem = original.split('.').next().unwrap_or_default();
    !stem.is_empty() && copy.starts_with(stem) && copy.len() > original.len()
}

/// Hash of the last bytes before `size`.
pub fn edge(path: &Path, size: u64) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let length = size.min(EDGE_BYTES);
    file.seek(SeekFrom::Start(size - length))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(xxh3_64(&bytes))
}

/// What a reader made of the first bytes of a gzip file: its whole lines, and its last one where the text was not cut.
pub fn text_of(path: &Path, size: u64) -> io::Result<(Chapter, String)> {
    let file = File::open(path)?.take(size);
    let mut text = flate2::bufread::MultiGzDecoder::new(io::BufReader::new(file));
    let mut margins = chapter::Margins::default();
    let mut pending: Vec<u8> = Vec::new();
    let mut step = vec![0; 256 << 10];
    let is_cut = loop {
        match text.read(&mut step) {
            Ok(0) => break false,
            Ok(n) => pending.extend_from_slice(&step[..n]),
            Err(_) => break true,
        }
        let whole = memchr::memrchr(b'\n', &pending).map_or(0, |at| at + 1);
        margins.take(&pending[..whole]);
        pending.drain(..whole);
    };
    if !is_cut && !pending.is_empty() {
        margins.take(&pending);
        margins.lines += 1;
    }
    let header = String::from_utf8_lossy(margins.header()).into_owned();
    Ok((margins.chapter(), header))
}

/// Where the file of a text is now, if it is still in its folder and holds more than was read.
pub(super) fn renamed(past: &Past) -> Option<(PathBuf, std::fs::Metadata)> {
    let folder = match past.path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return None,
    };
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() && identity(&meta) == past.file && meta.len() > past.chapter.offset {
            let path = entry.path();
            let mut file = File::open(&path).ok()?;
            return chapter::compare_file(&past.chapter, &mut file)
                .is_ok_and(|likeness| likeness == Likeness::Whole)
                .then_some((path, meta));
        }
    }
    None
}

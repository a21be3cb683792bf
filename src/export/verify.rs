//! Every finished file is read again before anything is published: rows, content hash, SHA-256.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::export::cell::RowHasher;
use crate::export::format::reread;
use crate::export::options::Options;
use crate::export::parts::WrittenFile;

/// A file that has been read again and is what was written.
#[derive(Debug, Clone)]
pub struct CheckedFile {
    /// As written, and as read again.
    pub file: WrittenFile,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// Reads all files again, on as many threads as asked (0: one a core). Same order out as in.
///
/// # Errors
/// When a file cannot be read, or holds other rows than were written: then the identity does not hold.
pub fn verify(
    folder: &Path,
    files: &[WrittenFile],
    options: &Options,
    threads: usize,
) -> Result<Vec<CheckedFile>> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n,
    };
    let next = AtomicUsize::new(0);
    let checked = Mutex::new(Vec::with_capacity(files.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.min(files.len()) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Relaxed)) {
                    let result = check(folder, file, options);
                    let failed = result.is_err();
                    checked
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push(result);
                    if failed {
                        next.store(files.len(), Relaxed);
                    }
                }
            });
        }
    });
    let checked = checked
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut checked = checked.into_iter().collect::<Result<Vec<_>>>()?;
    checked.sort_by(|a: &CheckedFile, b| a.file.path.cmp(&b.file.path));
    if checked.len() != files.len() {
        return Err(Error::Identity(format!(
            "{} files were written, but {} could be read again",
            files.len(),
            checked.len()
        )));
    }
    Ok(checked)
}

fn check(folder: &Path, file: &WrittenFile, options: &Options) -> Result<CheckedFile> {
    let path = folder.join(&file.path);
    let sha256 = sha256(&path)?;
    let mut rows = 0;
    let mut hasher = RowHasher::new(
        &file.schema.name,
        file.schema.columns.iter().map(|c| c.name.as_str()),
    );
    reread(&path, options, &file.schema, &mut |row| {
        rows += 1;
        hasher.add(row);
        Ok(())
    })?;
    if rows != file.rows {
        return Err(Error::Identity(format!(
            "{} rows were written to {}, but {rows} are in it",
            file.rows, file.path
        )));
    }
    if hasher.sum() != file.content_hash {
        return Err(Error::Identity(format!(
            "{} holds other values than were written to it",
            file.path
        )));
    }
    Ok(CheckedFile {
        file: file.clone(),
        sha256,
    })
}

/// SHA-256 of a file, hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|e| Error::file("read", path, e))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let n = file
            .read(&mut buffer)
            .map_err(|e| Error::file("read", path, e))?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
    }
    Ok(hasher
        .finalize()
        .iter()
        .fold(String::with_capacity(64), |mut out, byte| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        }))
}

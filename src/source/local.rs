//! Lists local sources: a file, a folder, a glob, standard input, a pipe.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use walkdir::WalkDir;

use crate::error::{Error, Result};
use crate::model::LogObject;

use super::Options;
use super::hour;
use super::listing::{Found, Listing, Place, window};
use super::location::{Location, STDIN};
use super::log_name;

/// Adds what one local source holds; does nothing for S3 and Kinesis.
///
/// # Errors
/// A missing path; a folder or pattern without logs (a warning instead while following).
pub fn list(location: &Location, options: &Options, listing: &mut Listing) -> Result<()> {
    match location {
        Location::S3(_) | Location::Stream(_) => Ok(()),
        Location::Stdin => {
            listing.found.push(stdin());
            Ok(())
        }
        Location::Path(path) => list_path(path, options, listing),
        Location::Glob {
            text,
            base,
            matcher,
        } => {
            let matches = |path: &Path| matcher.is_match(path.strip_prefix("./").unwrap_or(path));
            let seen = walk(base, matches, options, listing);
            if seen > 0 {
                return Ok(());
            }
            let looked = if base.as_os_str().is_empty() {
                Path::new(".")
            } else {
                base
            };
            let sentence = format!(
                "no file matches `{text}` (looked in {}; quote the pattern, or check its spelling)",
                looked.display()
            );
            listing.nothing_in(sentence, options.follow)
        }
    }
}

fn list_path(path: &Path, options: &Options, listing: &mut Listing) -> Result<()> {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(e) => {
            return if offer_broken_link(path, options, listing) {
                Ok(())
            } else {
                Err(Error::file("read", path, e))
            };
        }
    };
    if !meta.is_dir() {
        listing.offer(window(options), file(path.to_owned(), &meta));
        return Ok(());
    }
    // A folder that may not be looked into must not pass for an empty one.
    std::fs::read_dir(path).map_err(|e| Error::file("list", path, e))?;
    let is_log = |file: &Path| is_log_file(file.strip_prefix(path).unwrap_or(file));
    let seen = walk(path, is_log, options, listing);
    if seen > 0 {
        return Ok(());
    }
    let sentence = format!(
        "no log files in {} (looked in its subfolders too, for *.{} and CloudFront's own names)",
        path.display(),
        log_name::ENDINGS.join(", *.")
    );
    listing.nothing_in(sentence, options.follow)
}

/// Whether a file is taken for a log, by its path below the folder that is read.
fn is_log_file(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| log_name::is_log_name(&n.to_string_lossy()))
        && !log_name::is_schema(&path.to_string_lossy())
}

/// Offers a link to a file that is not there, which must not pass for nothing: an object that cannot be read, or, while
/// following, one that is waited for. False for anything else.
fn offer_broken_link(path: &Path, options: &Options, listing: &mut Listing) -> bool {
    let link = path.symlink_metadata().ok().filter(Metadata::is_symlink);
    let target = std::fs::metadata(path);
    let is_missing = target.is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    let Some(link) = link.filter(|_| is_missing) else {
        return false;
    };
    if options.follow {
        listing.warnings.push(format!(
            "{} is a link to a file that is not there; waiting for it to appear",
            path.display()
        ));
    } else {
        let mut found = file(path.to_owned(), &link);
        found.place = Place::File(path.to_owned());
        listing.offer(window(options), found);
    }
    true
}

/// Walks a folder and offers each file that `wanted` takes; how many it took.
fn walk(
    base: &Path,
    wanted: impl Fn(&Path) -> bool,
    options: &Options,
    listing: &mut Listing,
) -> usize {
    let root = if base.as_os_str().is_empty() {
        Path::new(".")
    } else {
        base
    };
    let visible = |e: &walkdir::DirEntry| {
        e.depth() == 0 || !log_name::is_hidden(&e.file_name().to_string_lossy())
    };
    let mut seen = 0;
    for entry in WalkDir::new(root)
        .follow_links(true)
        .into_iter()
        .filter_entry(visible)
    {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let path = e.path().map(|path| path.strip_prefix("./").unwrap_or(path));
                let named = path.filter(|path| wanted(path));
                if named.is_some_and(|path| offer_broken_link(path, options, listing)) {
                    seen += 1;
                    continue;
                }
                // The root itself missing is told by "no file matches"; a file that vanished meanwhile is nothing.
                // What is still there is a link that leads nowhere, and is named like no log.
                let is_gone = e
                    .io_error()
                    .is_some_and(|io| io.kind() == std::io::ErrorKind::NotFound)
                    && e.path().is_none_or(|path| path.symlink_metadata().is_err());
                if !is_gone {
                    listing
                        .warnings
                        .push(format!("left out while listing {}: {e}", root.display()));
                }
                continue;
            }
        };
        if entry.file_type().is_dir() || !wanted(entry.path()) {
            continue;
        }
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() {
            let path = entry
                .path()
                .strip_prefix("./")
                .unwrap_or(entry.path())
                .to_owned();
            listing.offer(window(options), file(path, &meta));
            seen += 1;
        }
    }
    seen
}

/// A path as the listing of a location writes it, and whether that takes it for a log; `None` outside of its folder.
pub fn as_listed(location: &Location, path: &Path) -> Option<(PathBuf, bool)> {
    let base = match location {
        Location::Path(folder) if folder.is_dir() => folder,
        Location::Path(file) => file.parent()?,
        Location::Glob { base, .. } => base,
        Location::Stdin | Location::S3(_) | Location::Stream(_) => return None,
    };
    let here = Path::new(".");
    let root = if base.as_os_str().is_empty() {
        here
    } else {
        base
    };
    // The kernel's watcher writes whole paths.
    let path = std::path::absolute(path).ok()?;
    let rest = path.strip_prefix(std::path::absolute(root).ok()?).ok()?;
    let joined = base.join(rest);
    let listed = joined.strip_prefix(here).unwrap_or(&joined).to_owned();
    let is_wanted = match location {
        Location::Glob { matcher, .. } => matcher.is_match(&listed),
        Location::Path(file) if base != file => Some(rest.as_os_str()) == file.file_name(),
        _ => {
            let visible = |part: std::path::Component| {
                !log_name::is_hidden(&part.as_os_str().to_string_lossy())
            };
            rest.components().all(visible) && is_log_file(rest)
        }
    };
    Some((listed, is_wanted))
}

/// A local file or pipe as an object.
pub fn file(path: PathBuf, meta: &Metadata) -> Found {
    let modified = meta
        .modified()
        .ok()
        .and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    let uri = path.to_string_lossy();
    let regular = meta.is_file();
    let size_bytes = if regular { meta.len() } else { 0 };
    let object = LogObject {
        hour: hour::hour_of(&uri),
        size_bytes,
        etag: format!("{}-{size_bytes}", modified.map_or(0, |t| t.as_nanos())).into(),
        last_modified_ms: modified.map(|t| t.as_millis() as i64),
        uri: uri.into(),
    };
    Found {
        object: Arc::new(object),
        place: if regular {
            Place::File(path)
        } else {
            Place::Pipe(path)
        },
    }
}

fn stdin() -> Found {
    let object = LogObject {
        uri: STDIN.into(),
        size_bytes: 0,
        etag: "".into(),
        hour: None,
        last_modified_ms: None,
    };
    Found {
        object: Arc::new(object),
        place: Place::Stdin,
    }
}

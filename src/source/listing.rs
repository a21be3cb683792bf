//! What all sources hold, narrowed by hour, in the order it is read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::model::LogObject;

use super::hour::Window;
use super::location::{Location, Prefix};
use super::{Options, local, s3};

/// How to get at an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Standard input.
    Stdin,
    /// A named pipe or a device: can be read once, in order.
    Pipe(PathBuf),
    /// A regular local file.
    File(PathBuf),
    /// Its URI says where.
    S3,
}

/// One object and how to get at it.
#[derive(Debug, Clone)]
pub struct Found {
    /// As listed.
    pub object: Arc<LogObject>,
    /// How to get at it.
    pub place: Place,
}

/// What was found so far.
#[derive(Debug, Default)]
pub struct Listing {
    /// Objects in the window of hours.
    pub found: Vec<Found>,
    /// How many more were seen outside of it; a listing that jumps does not see all of them.
    pub outside: usize,
    /// Sentences on what could not be looked into, and on sources that are still empty while following.
    pub warnings: Vec<String>,
}

impl Listing {
    /// Adds an object if the window holds its hour.
    pub fn offer(&mut self, window: Window, found: Found) {
        if window.holds(found.object.hour) {
            self.found.push(found);
        } else {
            self.outside += 1;
        }
    }

    /// Adds another listing.
    pub fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
        self.outside += other.outside;
        self.warnings.extend(other.warnings);
    }

    /// Sorts, leaves out what was found twice, and says so if nothing is left.
    ///
    /// # Errors
    /// Nothing is of the wanted hours (not while following: it may come).
    pub fn finish(mut self, options: &Options) -> Result<Self> {
        sort(&mut self.found, options.newest_first);
        drop_twins(&mut self.found, options.sources.len());
        if let Some(only) = &options.only {
            self.found.retain(|f| only.contains(&f.object.uri));
        }
        if self.found.is_empty() && !options.follow {
            return Err(Error::NoInput(format!(
                "nothing to read: no log object in {} is of the hours {} (check --since, --until and --last)",
                options.sources.join(", "),
                window(options).describe(),
            )));
        }
        Ok(self)
    }

    /// A source that holds nothing: an error, or while following a warning, since it may come.
    pub fn nothing_in(&mut self, sentence: String, follow: bool) -> Result<()> {
        if !follow {
            return Err(Error::NoInput(sentence));
        }
        self.warnings
            .push(format!("{sentence}; waiting for some to appear"));
        Ok(())
    }
}

/// The window of hours of a run.
pub fn window(options: &Options) -> Window {
    Window {
        since: options.since_hour,
        until: options.until_hour,
    }
}

/// Lists the local sources.
pub fn local(locations: &[Location], options: &Options) -> Result<Listing> {
    let mut listing = Listing::default();
    for location in locations {
        local::list(location, options, &mut listing)?;
    }
    Ok(listing)
}

/// Lists the S3 sources; blocks. Without any, no network thread is started.
pub fn remote(locations: &[Location], options: &Options) -> Result<Listing> {
    let prefixes: Vec<&Prefix> = prefixes(locations).collect();
    if prefixes.is_empty() {
        return Ok(Listing::default());
    }
    s3::runtime::wait(async {
        let mut listing = Listing::default();
        for prefix in prefixes {
            listing.extend(s3::list(prefix, options).await?);
        }
        Ok(listing)
    })?
}

/// The S3 sources.
pub fn prefixes(locations: &[Location]) -> impl Iterator<Item = &Prefix> {
    locations.iter().filter_map(|l| {
        if let Location::S3(prefix) = l {
            Some(prefix)
        } else {
            None
        }
    })
}

/// By hour, then by URI; objects without an hour come last when the newest is wanted first, else first.
pub fn sort(found: &mut [Found], newest_first: bool) {
    found.sort_by(|a, b| {
        let hours = a.object.hour.cmp(&b.object.hour);
        let hours = if newest_first { hours.reverse() } else { hours };
        hours.then_with(|| a.object.uri.cmp(&b.object.uri))
    });
}

/// The same file reached by two sources counts once, also through different spellings of its path.
fn drop_twins(found: &mut Vec<Found>, sources: usize) {
    if sources < 2 {
        return;
    }
    let mut seen = HashSet::new();
    found.retain(|f| {
        let identity = match &f.place {
            Place::File(path) | Place::Pipe(path) => identity(path, true),
            Place::Stdin | Place::S3 => PathBuf::from(&*f.object.uri),
        };
        seen.insert(identity)
    });
}

/// What tells a local file from others. With `several` sources two paths may mean one file.
pub fn identity(path: &Path, several: bool) -> PathBuf {
    if !several {
        return path.to_owned();
    }
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

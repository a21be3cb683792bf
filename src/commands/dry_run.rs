//! `--dry-run`: what a command would read, without fetching any of it.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::commands::table::{Table, bytes, thousands};
use crate::commands::{Outcome, stdout_error};
use crate::error::Result;
use crate::model::LogObject;
use crate::source;

/// Past so many hours the table for people is by day.
const MAX_HOURS: usize = 72;

/// What the sources hold, by hour.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct Listed {
    /// Version of this output.
    format: u8,
    /// As typed.
    sources: Vec<String>,
    objects: u64,
    /// Bytes as stored; standard input and pipes count as 0.
    bytes: u64,
    /// Hours that have an object.
    hours: u64,
    first_hour_utc: Option<String>,
    last_hour_utc: Option<String>,
    by_hour: Vec<Hour>,
}

/// Objects of one hour.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Hour {
    /// `2026-11-22T14`; null for objects whose name has no hour.
    #[serde(rename = "hour_utc")]
    name: Option<String>,
    objects: u64,
    bytes: u64,
}

/// Lists the sources and prints what would be read.
///
/// # Errors
/// As [`source::list`], and when `out` does not take it.
pub fn run(options: &source::Options, json: bool, out: &mut dyn Write) -> Result<Outcome> {
    let objects = source::list(options)?;
    let listed = listed(&options.sources, objects.iter().map(|o| &**o));
    let text = if json {
        // Plain numbers and texts always serialize.
        serde_json::to_string_pretty(&listed).unwrap_or_default() + "\n"
    } else {
        text(&listed)
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(stdout_error)?;
    Ok(Outcome::Clean)
}

fn listed<'a>(sources: &[String], objects: impl Iterator<Item = &'a LogObject>) -> Listed {
    let mut hours: BTreeMap<Option<i64>, (u64, u64)> = BTreeMap::new();
    for object in objects {
        let (objects, bytes) = hours.entry(object.hour).or_default();
        *objects += 1;
        *bytes += object.size_bytes;
    }
    let by_hour: Vec<Hour> = hours
        .into_iter()
        .map(|(hour, (objects, bytes))| Hour {
            name: hour.map(name),
            objects,
            bytes,
        })
        .collect();
    let named = || by_hour.iter().filter_map(|h| h.name.clone());
    Listed {
        format: 1,
        sources: sources.to_vec(),
        objects: by_hour.iter().map(|h| h.objects).sum(),
        bytes: by_hour.iter().map(|h| h.bytes).sum(),
        hours: named().count() as u64,
        first_hour_utc: named().next(),
        last_hour_utc: named().next_back(),
        by_hour,
    }
}

/// `2026-11-22T14`, as `--since` takes it.
fn name(hour: i64) -> String {
    chrono::DateTime::from_timestamp(hour.saturating_mul(3600), 0).map_or_else(
        || hour.to_string(),
        |time| time.format("%Y-%m-%dT%H").to_string(),
    )
}

fn text(listed: &Listed) -> String {
    let plural = |n: u64, noun: &str| {
        let s = if n == 1 { "" } else { "s" };
        format!("{} {noun}{s}", thousands(n))
    };
    let mut text = format!(
        "Would read {}, {} stored, of {}",
        plural(listed.objects, "object"),
        bytes(listed.bytes),
        plural(listed.hours, "hour")
    );
    if let (Some(first), Some(last)) = (&listed.first_hour_utc, &listed.last_hour_utc) {
        text += &format!(" from {first} to {last} (UTC)");
    }
    text += ". Nothing was fetched.\n\n";
    // Hours are in order, and those of one day share its ten characters.
    let by_day = listed.by_hour.len() > MAX_HOURS;
    let length = if by_day {
        "2026-11-22".len()
    } else {
        usize::MAX
    };
    let first = if by_day { "day (UTC)" } else { "hour (UTC)" };
    let mut table = Table::new(&[first, "#objects", "#bytes"]);
    let label = |h: &Hour| {
        h.name.as_deref().map_or_else(
            || "none in the name".to_owned(),
            |name| name.chars().take(length).collect(),
        )
    };
    for hours in listed.by_hour.chunk_by(|a, b| label(a) == label(b)) {
        let objects = hours.iter().map(|h| h.objects).sum();
        let size = hours.iter().map(|h| h.bytes).sum();
        table.row([label(&hours[0]), thousands(objects), bytes(size)]);
    }
    text + &table.to_string()
}

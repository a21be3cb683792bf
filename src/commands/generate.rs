//! `frontlog generate`: realistic `CloudFront` logs from a seed, the contract they are judged by, and the truth about them.
//!
//! The same options give the same bytes, whatever the number of threads: every object has random numbers of its own.
//! `truth.json` beside the objects says what a correct reader must count.

mod catalogue;
mod contract_files;
mod encode;
mod fault;
mod object;
mod pixel;
mod plan;
mod properties;
mod record;
mod rows;
mod seed;
mod store;
mod traffic;
mod truth;
mod user_agents;
mod viewer;
mod written;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::commands::table::thousands;
use crate::error::{Error, Result};
use crate::model::{Counters, time};

pub use written::{Written, parquet};

/// Name of the file that says what a correct reader must count.
pub const TRUTH_FILE: &str = "truth.json";

/// What to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOptions {
    /// Folder to write to; made when it is not there, else it must be empty but for a `README.md` and hidden files.
    pub dir: PathBuf,
    /// Lines of traffic: records and, where faults are planted, unreadable lines.
    pub records: u64,
    /// Number of objects.
    pub objects: u32,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Share of the lines that are planted faults, from 0 to 0.25.
    pub faults: f64,
    /// Number of hours that the objects are of.
    pub hours: u32,
    /// The first hour, counted from 1970-01-01T00 UTC; see [`parse_hour`].
    pub start_hour: i64,
    /// Threads; 0 for as many as there are cores.
    pub threads: usize,
    /// Format of the objects. Without faults the records are the same in each; with them, only rows of v1 and w3c
    /// have faults of the line.
    pub format: Written,
}

impl Default for GenerateOptions {
    /// A set that is made and read in a moment, of three hours from 2026-11-22T13.
    fn default() -> Self {
        Self {
            dir: PathBuf::new(),
            records: 20_000,
            objects: 12,
            seed: 1,
            faults: 0.01,
            hours: 3,
            start_hour: i64::from(time::parse_date(b"2026-11-22").unwrap_or(0)) * 24 + 13,
            threads: 0,
            format: Written::V1,
        }
    }
}

/// What was generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerateSummary {
    /// What a correct reader will count.
    pub counters: Counters,
}

impl std::fmt::Display for GenerateSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let c = &self.counters;
        writeln!(
            f,
            "{} objects, {} lines: {} header, {} blank, {} unreadable, {} records.",
            thousands(c.objects),
            thousands(c.lines),
            thousands(c.header_lines),
            thousands(c.blank_lines),
            thousands(c.unreadable_lines),
            thousands(c.records)
        )?;
        write!(
            f,
            "{} of the records are events: {} good, {} failed. {TRUTH_FILE} has the details.",
            thousands(c.events),
            thousands(c.good),
            thousands(c.failed)
        )
    }
}

/// The hour of `YYYY-MM-DDTHH`, counted from 1970-01-01T00 UTC.
///
/// # Errors
/// Any other text.
pub fn parse_hour(text: &str) -> Result<i64> {
    let parts = text.split_once('T').and_then(|(date, hour)| {
        let hour = hour
            .parse::<i64>()
            .ok()
            .filter(|h| (0..24).contains(h) && hour.len() == 2)?;
        Some(i64::from(time::parse_date(date.as_bytes())?) * 24 + hour)
    });
    parts.ok_or_else(|| {
        Error::Config(format!(
            "{text:?} is not an hour: write it as 2026-11-22T13 (UTC)"
        ))
    })
}

/// `YYYY-MM-DDTHH` of an hour counted from 1970-01-01T00 UTC.
pub fn hour_text(hour: i64) -> String {
    format!(
        "{}T{:02}",
        record::day_text(hour.div_euclid(24)),
        hour.rem_euclid(24)
    )
}

/// Writes the objects, the contract (`frontlog.toml`, `schemas/`) and, last, [`TRUTH_FILE`].
///
/// # Errors
/// [`Error::Config`] for options out of range, [`Error::Export`] when the folder is not empty, [`Error::File`] when
/// something cannot be written.
pub fn generate(options: &GenerateOptions) -> Result<GenerateSummary> {
    check(options)?;
    prepare(&options.dir)?;
    let plan = plan::Plan::new(options);
    let catalogue = catalogue::Catalogue::new(options.seed);
    let tally = write_objects(options, &plan, &catalogue)?;
    contract_files::write(&options.dir)?;
    let path = options.dir.join(TRUTH_FILE);
    let text = format!("{:#}\n", tally.json(options, &plan));
    fs::write(&path, text).map_err(|e| Error::file("write", &path, e))?;
    Ok(GenerateSummary {
        counters: tally.counters,
    })
}

fn check(options: &GenerateOptions) -> Result<()> {
    let problem = if options.objects == 0 {
        "the number of objects is 0: ask for at least one"
    } else if options.hours == 0 {
        "the number of hours is 0: ask for at least one"
    } else if !(0.0..=0.25).contains(&options.faults) {
        "the share of faults is out of range: give one from 0 to 0.25, such as 0.01"
    } else {
        return Ok(());
    };
    Err(Error::Config(problem.to_owned()))
}

/// Makes the folder, or sees that what is in it will not be mixed up with what is written.
fn prepare(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(|e| Error::file("create", dir, e))?;
    for entry in fs::read_dir(dir).map_err(|e| Error::file("list", dir, e))? {
        let entry = entry.map_err(|e| Error::file("list", dir, e))?;
        let name = entry.file_name();
        let harmless = name == "README.md" || name.to_string_lossy().starts_with('.');
        if !harmless {
            return Err(Error::Export(format!(
                "{} is not empty ({} is there): name another folder, or empty this one",
                dir.display(),
                name.to_string_lossy()
            )));
        }
    }
    Ok(())
}

fn write_objects(
    options: &GenerateOptions,
    plan: &plan::Plan,
    catalogue: &catalogue::Catalogue,
) -> Result<truth::Tally> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if options.threads == 0 {
        cores
    } else {
        options.threads
    }
    .min(plan.objects.len());
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || -> Result<truth::Tally> {
        let mut builder = object::Builder::new(plan, catalogue);
        let mut tally = truth::Tally::default();
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(object) = plan.objects.get(index) else {
                break;
            };
            let path = options.dir.join(&object.name);
            let written = builder.build(index, &mut tally).and_then(|bytes| {
                fs::write(&path, bytes).map_err(|e| Error::file("write", &path, e))
            });
            if let Err(error) = written {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(tally)
    };
    let results: Vec<Result<truth::Tally>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .map(|h| {
                h.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    let mut total = truth::Tally::default();
    for tally in results {
        total.add(&tally?);
    }
    Ok(total)
}

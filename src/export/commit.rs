//! The last step: everything is checked, then the batch is published.

use std::path::PathBuf;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::export::destination::Destination;
use crate::export::exporter::Receipt;
use crate::export::manifest::{self, InputState, ManifestInput};
use crate::export::options::Options;
use crate::export::parts::Class;
use crate::export::plan::{Input, Plan};
use crate::export::verify::{CheckedFile, verify};
use crate::model::{Counters, ObjectState, ObjectStatus};

/// What the run found, as the pipeline tells it.
#[derive(Debug, Clone, Copy)]
pub struct RunFacts<'a> {
    /// The final counts.
    pub counters: &'a Counters,
    /// Every object with its state.
    pub objects: &'a [ObjectState],
    /// Threads for reading the files again; 0: one a core.
    pub threads: usize,
    /// When the batch is published, in microseconds since 1970 UTC.
    pub now_us: i64,
}

/// Rows and bytes of one table in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableCount {
    /// Identifier.
    pub table: String,
    /// `good`, `rejected`, `failures` or `unreadable`.
    pub class: &'static str,
    /// Number of files.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Order-independent hash of the rows.
    pub content_hash: String,
}

/// A published batch.
#[derive(Debug, Clone, Serialize)]
pub struct Published {
    /// Its id, which is the plan's.
    pub batch: String,
    /// Its manifest.
    pub manifest: PathBuf,
    /// The counts after the proof of loadability.
    pub counts: Counters,
    /// Good events that the proof moved to `rejected`.
    pub moved: u64,
    /// By class and table.
    pub tables: Vec<TableCount>,
    /// The identity, line by line.
    pub identity: Vec<String>,
    /// Order-independent hash of all good and failed rows.
    pub content_hash: String,
    /// Rows of failures and unreadable lines, by code.
    pub failures_by_code: std::collections::BTreeMap<String, u64>,
    /// Objects that could not be read; the next run tries them again.
    pub unreadable: Vec<String>,
}

/// Checks every file and every sum, then publishes. `None` when no object could be read: there is nothing to publish.
///
/// # Errors
/// The identity does not hold, an input changed since the plan, or the destination fails. Nothing is published then.
pub fn commit(
    destination: &Destination,
    plan: &Plan,
    options: &Options,
    receipt: Receipt,
    facts: &RunFacts<'_>,
) -> Result<Option<Published>> {
    let inputs = inputs(plan, facts.objects)?;
    if inputs.iter().all(|i| i.state == InputState::Unreadable) {
        return Ok(None);
    }
    let files = verify(
        &destination.staging(&plan.id),
        &receipt.files,
        options,
        facts.threads,
    )?;
    let mut counts = *facts.counters;
    counts.good = counts.good.checked_sub(receipt.moved).ok_or_else(|| {
        Error::Identity(format!(
            "{} events were good, but {} good ones were moved to rejected",
            counts.good, receipt.moved
        ))
    })?;
    counts.repaired = counts.repaired.saturating_sub(receipt.moved_repaired);
    counts.failed += receipt.moved;
    counts.errors += receipt.misfits;
    check_identity(&counts, &files)?;
    let tables = tables(&files);
    let published = Published {
        batch: plan.id.clone(),
        manifest: destination.manifest(&plan.id),
        counts,
        moved: receipt.moved,
        identity: identity_lines(&counts, receipt.moved),
        content_hash: hex(content_hash(&files, |class| {
            matches!(class, Class::Good | Class::Rejected)
        })),
        tables,
        failures_by_code: receipt.by_code,
        unreadable: inputs
            .iter()
            .filter(|i| i.state == InputState::Unreadable)
            .map(|i| i.input.uri.clone())
            .collect(),
    };
    let batch = manifest::BatchFiles {
        root: destination.root(),
        plan,
        options,
        files: &files,
        tables: &receipt.tables,
    };
    let side_files = batch.side_files();
    let text = batch.manifest(&published, &inputs, facts.now_us);
    let data: Vec<String> = files.iter().map(|f| f.file.path.clone()).collect();
    destination.stage(&plan.id, &data, &side_files)?;
    destination.place(
        &plan.id,
        data.iter().chain(side_files.iter().map(|s| &s.path)),
    )?;
    destination.publish(&plan.id, &text)?;
    Ok(Some(published))
}

/// Every planned input with what became of it.
fn inputs(plan: &Plan, objects: &[ObjectState]) -> Result<Vec<ManifestInput>> {
    let mut found: Vec<ManifestInput> = Vec::with_capacity(objects.len());
    for state in objects {
        let input = Input::of(&state.object);
        let uri = &input.uri;
        match plan.input(uri) {
            Some(planned) if planned.etag == input.etag => {}
            Some(_) => {
                return Err(Error::Export(format!(
                    "{uri} changed while it was exported. Nothing was published; run the same command again"
                )));
            }
            None => {
                return Err(Error::Export(format!(
                    "{uri} was read, but is not in the plan. Nothing was published; run the same command again"
                )));
            }
        }
        let (outcome, reason) = match &state.status {
            ObjectStatus::Read => (InputState::Read, None),
            ObjectStatus::Corrupt(why) => (InputState::Corrupt, Some(why.clone())),
            ObjectStatus::Unreadable(why) => (InputState::Unreadable, Some(why.clone())),
            ObjectStatus::Waiting | ObjectStatus::Reading => {
                return Err(Error::Identity(format!(
                    "{uri} was not read to its end, and nobody said why"
                )));
            }
        };
        found.push(ManifestInput {
            input,
            state: outcome,
            reason,
            counters: state.counters,
        });
    }
    found.sort_by(|a, b| a.input.uri.cmp(&b.input.uri));
    if found.len() != plan.inputs.len() {
        return Err(Error::Identity(format!(
            "{} objects were planned, but {} were read",
            plan.inputs.len(),
            found.len()
        )));
    }
    Ok(found)
}

fn rows(files: &[CheckedFile], class: Class) -> u64 {
    files
        .iter()
        .filter(|f| f.file.key.class == class)
        .map(|f| f.file.rows)
        .sum()
}

fn check_identity(counts: &Counters, files: &[CheckedFile]) -> Result<()> {
    counts.identity().map_err(Error::Identity)?;
    let wanted = [
        ("good events", counts.good, Class::Good),
        ("failed events", counts.failed, Class::Rejected),
        (
            "unreadable lines",
            counts.unreadable_lines,
            Class::Unreadable,
        ),
    ];
    for (what, count, class) in wanted {
        let rows = rows(files, class);
        if rows != count {
            return Err(Error::Identity(format!(
                "{count} {what} were counted, but their files hold {rows} rows"
            )));
        }
    }
    Ok(())
}

/// The sum over the rows of the files that are asked for.
fn content_hash(files: &[CheckedFile], wanted: impl Fn(Class) -> bool) -> u128 {
    let wanted = files.iter().filter(|f| wanted(f.file.key.class));
    wanted.fold(0, |sum: u128, f| sum.wrapping_add(f.file.content_hash))
}

fn hex(hash: u128) -> String {
    format!("{hash:032x}")
}

fn tables(files: &[CheckedFile]) -> Vec<TableCount> {
    let mut by_table = std::collections::BTreeMap::new();
    for CheckedFile { file, .. } in files {
        let entry = by_table
            .entry((file.key.class, file.schema.name.clone()))
            .or_insert((0, 0, 0, 0u128));
        *entry = (
            entry.0 + 1,
            entry.1 + file.rows,
            entry.2 + file.bytes,
            entry.3.wrapping_add(file.content_hash),
        );
    }
    let count =
        |((class, table), (files, rows, bytes, hash)): ((Class, String), (u64, u64, u64, u128))| {
            TableCount {
                table,
                class: class.as_str(),
                files,
                rows,
                bytes,
                content_hash: hex(hash),
            }
        };
    by_table.into_iter().map(count).collect()
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The identity as lines of text, in the words of the manifest.
fn identity_lines(c: &Counters, moved: u64) -> Vec<String> {
    let g = grouped;
    let mut lines = vec![
        format!(
            "lines   {} = headers {} + blank {} + unreadable {} + records {}",
            g(c.lines),
            g(c.header_lines),
            g(c.blank_lines),
            g(c.unreadable_lines),
            g(c.records)
        ),
        format!(
            "records {} = not events {} + events {}",
            g(c.records),
            g(c.not_events),
            g(c.events)
        ),
        format!(
            "events  {} = good {} + failed {} + duplicates left out {} + filtered out {}",
            g(c.events),
            g(c.good),
            g(c.failed),
            g(c.duplicates),
            g(c.filtered)
        ),
        format!(
            "good    {} = rows of the good files, as written and as read again",
            g(c.good)
        ),
        format!(
            "failed  {} = rows of the rejected files, as written and as read again",
            g(c.failed)
        ),
    ];
    if c.repaired > 0 {
        lines.push(format!(
            "repaired {} of the good events, as [repair] of the contract accepts",
            g(c.repaired)
        ));
    }
    if moved > 0 {
        lines.push(format!(
            "moved   {} good events that would not load (W6xx) count as failed",
            g(moved)
        ));
    }
    lines
}

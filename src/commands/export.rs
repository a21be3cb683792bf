//! `frontlog export SOURCE… --to DIR`: plan, work and commit in one go.
//!
//! The explorer's Export dialog calls [`run`] too, with its own [`Progress`].

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::commands::stdout_error;
use crate::contract::Contract;
use crate::contract::privacy::Keyed;
use crate::error::Result;
use crate::export::commit::grouped;
use crate::export::{
    Destination, Exporter, Ledger, Options, Plan, Published, RunFacts, Tables, commit,
};
use crate::model::{EventTypes, LogObject, Progress};
use crate::pipeline::private::{Private, shown as shown_type};
use crate::pipeline::{self, Needs, RunOptions};
use crate::source;

/// What to export, where to, and in which form.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The destination: a local folder; made when it is not there.
    pub to: PathBuf,
    /// Form of the files.
    pub files: Options,
    /// The clock, in microseconds since 1970 UTC, for the manifest's `published_utc`.
    pub now_us: i64,
}

/// What an export did.
#[derive(Debug, Clone, Serialize)]
pub struct ExportSummary {
    /// The published batch; `None` where there was nothing new, or nothing could be read.
    pub published: Option<Published>,
    /// Inputs of this batch.
    pub inputs: usize,
    /// Inputs that an earlier batch already holds.
    pub already_published: usize,
    /// Inputs that changed since they were published and were left out, since their rows would be there twice.
    pub changed_since: Vec<String>,
    /// Inputs that could not be read.
    pub unreadable: Vec<String>,
    /// Sentences worth showing.
    pub warnings: Vec<String>,
}

impl ExportSummary {
    /// True when some input is not in a batch as it is now: exit status 4.
    pub fn is_incomplete(&self) -> bool {
        !self.unreadable.is_empty() || !self.changed_since.is_empty()
    }
}

/// Publishes what is new in the sources as one batch. Blocks; `progress` tells others how far it is.
///
/// # Errors
/// The sources, the contract's names (W606), the destination, or the identity. Nothing is published then.
pub fn run(
    run: RunOptions,
    options: &ExportOptions,
    progress: &Arc<Progress>,
    cancel: &CancellationToken,
) -> Result<ExportSummary> {
    options.files.check()?;
    let keyed = run
        .contract
        .privacy
        .keyed(|name| std::env::var(name).ok())?;
    let tables = tables(&run.contract, &keyed)?;
    let mut run = RunOptions {
        needs: NEEDS,
        ..run
    };
    (run.source.follow, run.source.newest_first) = (false, false);
    let objects = source::list(&run.source)?;
    let destination = Destination::open(&options.to)?;
    let listed: Vec<&LogObject> = objects.iter().map(|o| &**o).collect();
    let planned = Plan::make(
        &listed,
        &run.contract.digest,
        &options.files,
        &Ledger::read(destination.root())?,
    )?;
    let mut summary = ExportSummary {
        published: None,
        inputs: 0,
        already_published: planned.published,
        changed_since: planned.changed,
        unreadable: vec![],
        warnings: vec![],
    };
    let Some(plan) = planned.plan else {
        return Ok(summary);
    };
    summary.inputs = plan.inputs.len();
    // The plan is what is read, whatever appears in the sources meanwhile.
    run.source.only = Some(Arc::new(
        objects
            .iter()
            .filter(|o| {
                plan.input(&crate::export::plan::identity_uri(&o.uri))
                    .is_some()
            })
            .map(|o| o.uri.clone())
            .collect(),
    ));
    let done = publish(
        &run,
        options,
        &destination,
        &plan,
        (tables, Arc::new(keyed)),
        (progress, cancel),
        &mut summary,
    );
    if done.is_err() || summary.published.is_none() {
        destination.discard(&plan.id);
    }
    done.map(|()| summary)
}

/// The request id is a log field, and so are the values that a failed event without a type has.
const NEEDS: Needs = Needs {
    record_fields: true,
    event_columns: true,
    failed_raw: true,
    windows: false,
    judge: true,
    repairs: false,
};

/// The tables of a contract; the ids are those that its event types get in every run. What is private has no column, or
/// one of text.
fn tables(contract: &Contract, keyed: &Keyed) -> Result<Tables> {
    let types = EventTypes::default();
    contract.declare(&types);
    let shown = types.list();
    let shown: Vec<_> = shown
        .iter()
        .map(|t| Arc::new(shown_type(t, keyed)))
        .collect();
    Tables::new(&shown)
}

fn publish(
    run: &RunOptions,
    options: &ExportOptions,
    destination: &Destination,
    plan: &Plan,
    (tables, keyed): (Tables, Arc<Keyed>),
    (progress, cancel): (&Arc<Progress>, &CancellationToken),
    summary: &mut ExportSummary,
) -> Result<()> {
    let folder = destination.begin(&plan.id)?;
    let mut exporter = Exporter::new(options.files.clone(), tables, folder, &plan.id);
    let ran = if keyed.is_empty() {
        pipeline::run(run, &mut exporter, progress, cancel)?
    } else {
        let id_key = run.contract.routing.id_key.clone();
        let mut private = Private::new(&mut exporter, keyed, id_key);
        pipeline::run(run, &mut private, progress, cancel)?
    };
    let receipt = exporter.finish()?;
    let facts = RunFacts {
        counters: &ran.counters,
        objects: &ran.objects,
        threads: run.threads,
        now_us: options.now_us,
    };
    let published = commit(destination, plan, &options.files, receipt, &facts)?;
    summary.warnings = ran.warnings;
    summary.unreadable = match &published {
        Some(published) => published.unreadable.clone(),
        None => plan.inputs.iter().map(|i| i.uri.clone()).collect(),
    };
    summary.published = published;
    Ok(())
}

/// Writes the summary as JSON or as text for a person.
///
/// # Errors
/// When `out` does not take it.
pub fn print(summary: &ExportSummary, json: bool, out: &mut dyn Write) -> Result<()> {
    let text = if json {
        // Maps with text keys and plain numbers always serialize.
        serde_json::to_string_pretty(summary).unwrap_or_default() + "\n"
    } else {
        text(summary)
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(stdout_error)
}

fn text(summary: &ExportSummary) -> String {
    let mut lines = Vec::new();
    match &summary.published {
        Some(published) => batch_text(published, summary.inputs, &mut lines),
        None if summary.unreadable.is_empty() => lines.push(format!(
            "Nothing new to publish: {} in published batches already.",
            match summary.already_published {
                1 => "the 1 input is".to_owned(),
                n => format!("all {} inputs are", grouped(n as u64)),
            }
        )),
        None => lines.push("Nothing was published: no input could be read.".to_owned()),
    }
    if summary.published.is_some() && summary.already_published > 0 {
        lines.push(format!(
            "{} inputs are in earlier batches and were left out.",
            grouped(summary.already_published as u64)
        ));
    }
    let named = |what: &str, uris: &[String], lines: &mut Vec<String>| {
        lines.extend(uris.iter().map(|uri| {
            format!(
                "Incomplete: {} {what}",
                crate::commands::table::printable(uri)
            )
        }));
    };
    named(
        "changed since it was published and was left out; its rows would be there twice.",
        &summary.changed_since,
        &mut lines,
    );
    named(
        "could not be read; the next run tries it again.",
        &summary.unreadable,
        &mut lines,
    );
    lines.extend(
        summary
            .warnings
            .iter()
            .map(|w| format!("Note: {}", crate::commands::table::printable(w))),
    );
    lines.join("\n") + "\n"
}

fn batch_text(published: &Published, inputs: usize, lines: &mut Vec<String>) {
    lines.push(format!(
        "Batch {} of {} inputs:",
        published.batch,
        grouped(inputs as u64)
    ));
    lines.extend(published.identity.iter().map(|line| format!("  {line}")));
    lines.push(String::new());
    let width = published
        .tables
        .iter()
        .map(|t| t.table.len())
        .max()
        .unwrap_or(0)
        .max(5);
    lines.push(format!(
        "  {:<10}  {:<width$}  {:>13}  {:>6}  {:>15}",
        "class", "table", "rows", "files", "bytes"
    ));
    for table in &published.tables {
        lines.push(format!(
            "  {:<10}  {:<width$}  {:>13}  {:>6}  {:>15}",
            table.class,
            table.table,
            grouped(table.rows),
            grouped(table.files),
            grouped(table.bytes)
        ));
    }
    if published.tables.is_empty() {
        lines.push("  no event and no unreadable line: the batch has no files".to_owned());
    }
    lines.push(String::new());
    lines.push(format!("  content hash  {}", published.content_hash));
    lines.push(format!("  manifest      {}", published.manifest.display()));
}

//! `frontlog infer`: drafts the event schemas of what is there.

pub mod drafts;
pub mod grouping;
pub mod learning;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::commands::infer::drafts::{Drafted, Written, json_text};
use crate::commands::infer::grouping::{Group, group};
use crate::commands::infer::learning::Learning;
use crate::commands::progress_bar::Bar;
use crate::commands::table::{printable, thousands};
use crate::commands::{Outcome, stdout_error, unreadable};
use crate::contract::Contract;
use crate::contract::infer::Rules;
use crate::error::Result;
use crate::model::Progress;
use crate::pipeline::{self, Needs, RunOptions};

/// What `infer` was asked.
#[derive(Debug, Clone)]
pub struct InferOptions {
    /// What to read.
    pub run: RunOptions,
    /// Folder to write into; stdout where `None`.
    pub to: Option<PathBuf>,
    /// Only these events; all where empty.
    pub events: Vec<String>,
    /// How to draft.
    pub rules: Rules,
    /// JSON instead of text.
    pub json: bool,
}

/// What was found, in order, and how the command ends.
#[derive(Debug)]
struct Report {
    drafts: Vec<Drafted>,
    notes: Vec<String>,
    outcome: Outcome,
}

/// Reads, drafts, and writes to `out` or into files; sentences on what was left out are given back.
///
/// # Errors
/// The world fails, or the run is cancelled.
pub fn run(
    options: &InferOptions,
    out: &mut dyn Write,
    cancel: &CancellationToken,
) -> Result<(Outcome, Vec<String>)> {
    let contract = options.run.contract.clone();
    let (learning, mut notes) = learn(&options.run, cancel)?;
    let incomplete = !notes.is_empty();
    let (types, passed_over) = learning.learner.finish();
    let wanted = |name: &str| options.events.is_empty() || options.events.iter().any(|e| e == name);
    let types = types.into_iter().filter(|t| wanted(&t.name)).collect();
    let (mut groups, more) = group(types, &contract.routing.version.default, None);
    notes.extend(more);
    notes.extend(without_type(&mut groups, passed_over));
    let (drafts, more) = drafts::drafts(&groups, &contract, &options.rules);
    notes.extend(more);
    let mut report = Report {
        drafts,
        notes,
        outcome: if incomplete {
            Outcome::Incomplete
        } else {
            Outcome::Clean
        },
    };
    if report.drafts.is_empty() {
        report
            .notes
            .push("no event was read, so there is nothing to draft".to_owned());
    }
    if let Some(to) = options.to.as_ref().filter(|_| !report.drafts.is_empty()) {
        drafts::write(&mut report.drafts, &contract, to)?;
        let kept = report
            .drafts
            .iter()
            .any(|d| d.written == Some(Written::Kept));
        if kept && report.outcome == Outcome::Clean {
            report.outcome = Outcome::Findings;
        }
    }
    let text = if options.json {
        json_text(&as_json(&report))
    } else {
        as_text(&report)
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(stdout_error)?;
    let told = if options.json { vec![] } else { report.notes };
    Ok((report.outcome, told))
}

/// Reads everything; a sentence for each object that could not be read.
fn learn(run: &RunOptions, cancel: &CancellationToken) -> Result<(Learning, Vec<String>)> {
    let progress = Arc::new(Progress::default());
    let mut learning = Learning::default();
    let mut options = run.clone();
    options.contract = Arc::new(Contract::to_learn(&run.contract));
    options.needs = Needs {
        event_columns: true,
        judge: true,
        ..Needs::default()
    };
    let bar = Bar::start("learning", &progress);
    let ended = pipeline::run(&options, &mut learning, &progress, cancel);
    drop(bar);
    let sentences = unreadable(&ended?.objects);
    Ok((learning, sentences))
}

/// Takes out what stands for more names than could be followed, and says so.
fn without_type(groups: &mut Vec<Group>, passed_over: u64) -> Vec<String> {
    let is_other = |g: &Group| g.seen.name == "(other)";
    let others: u64 = groups
        .iter()
        .filter(|g| is_other(g))
        .map(|g| g.seen.events)
        .sum();
    groups.retain(|g| !is_other(g));
    match passed_over + others {
        0 => vec![],
        n => vec![format!(
            "{} events are of names past the first thousands, and are left out: is [event.name] right?",
            thousands(n)
        )],
    }
}

fn as_text(report: &Report) -> String {
    let mut out = String::new();
    for it in &report.drafts {
        let file = printable(&it.file);
        let properties = it.schema["properties"]
            .as_object()
            .map_or(0, serde_json::Map::len);
        let figures = format!(
            "{} from {}",
            counted(properties as u64, ["property", "properties"]),
            counted(it.events, ["event", "events"])
        );
        match it.written {
            Some(Written::New) => out.push_str(&format!("{file}  written: {figures}\n")),
            Some(Written::Same) => out.push_str(&format!("{file}  is there already, the same\n")),
            Some(Written::Kept) => out.push_str(&format!(
                "{file}  is there already and was left alone; infer --diff shows what would change\n"
            )),
            // One schema is a file as it stands; several need names.
            None if report.drafts.len() == 1 => out.push_str(&json_text(&it.schema)),
            None => out.push_str(&format!("==> {file} <==\n{}\n", json_text(&it.schema))),
        }
    }
    out
}

fn as_json(report: &Report) -> Json {
    let drafted = |it: &Drafted| {
        json!({
            "event": it.event,
            "version": it.version,
            "events": it.events,
            "file": it.file,
            "written": it.written.map(|w| match w {
                Written::New => "new",
                Written::Same => "same",
                Written::Kept => "kept",
            }),
            "schema": it.schema,
        })
    };
    json!({
        "format": 1,
        "exit_status": report.outcome.exit_code(),
        "schemas": report.drafts.iter().map(drafted).collect::<Vec<_>>(),
        "notes": report.notes,
    })
}

/// `1 event`, `1,204 events`.
fn counted(n: u64, noun: [&str; 2]) -> String {
    format!("{} {}", thousands(n), noun[usize::from(n != 1)])
}

//! `frontlog infer`: drafts the event schemas of what is there, or says what a contract's schemas should change.

pub mod diff;
pub mod drafts;
pub mod grouping;
pub mod learning;
pub mod rejudge;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::commands::infer::diff::Difference;
use crate::commands::infer::drafts::{Drafted, Written, json_text};
use crate::commands::infer::grouping::{Group, group};
use crate::commands::infer::learning::Learning;
use crate::commands::progress_bar::Bar;
use crate::commands::table::{printable, thousands};
use crate::commands::{Outcome, stdout_error, unreadable};
use crate::contract::compare::{Step, advise};
use crate::contract::infer::Rules;
use crate::contract::{Contract, SchemaVer};
use crate::error::{Error, Result};
use crate::model::Progress;
use crate::pipeline::{self, Needs, RunOptions};

/// What `infer` was asked.
#[derive(Debug, Clone)]
pub struct InferOptions {
    /// What to read.
    pub run: RunOptions,
    /// Compare with the contract instead of drafting.
    pub diff: bool,
    /// With `diff`: each change as a new file of the next version.
    pub new_version: bool,
    /// Folder to write into, with `diff` the file; stdout where `None`.
    pub to: Option<PathBuf>,
    /// Only these events; all where empty.
    pub events: Vec<String>,
    /// How to draft.
    pub rules: Rules,
    /// JSON instead of text.
    pub json: bool,
}

/// Reads, drafts or compares, and writes to `out` or into files; sentences on what was left out are given back.
///
/// # Errors
/// The world fails, or the run is cancelled; a comparison without a contract.
pub fn run(
    options: &InferOptions,
    out: &mut dyn Write,
    cancel: &CancellationToken,
) -> Result<(Outcome, Vec<String>)> {
    let contract = options.run.contract.clone();
    if options.diff && contract.schemas.is_empty() {
        return Err(Error::Config(
            "--diff compares with event schemas, and there are none: name a contract by --contract DIR, or draft one by --to DIR".to_owned(),
        ));
    }
    let (learning, mut notes) = learn(&options.run, options.diff, cancel)?;
    let incomplete = !notes.is_empty();
    let (types, passed_over) = learning.learner.finish();
    let wanted = |name: &str| options.events.is_empty() || options.events.iter().any(|e| e == name);
    let types = types.into_iter().filter(|t| wanted(&t.name)).collect();
    let declared = options.diff.then_some(&*contract);
    let (mut groups, more) = group(types, &contract.routing.version.default, declared);
    notes.extend(more);
    notes.extend(without_type(&mut groups, passed_over));
    if groups.is_empty() {
        notes.push("no event was read, so there is nothing to learn from".to_owned());
    }
    let (text, found) = if options.diff {
        differences(options, groups, &mut notes, cancel)?
    } else {
        drafted(options, &groups, &mut notes)?
    };
    let outcome = match (incomplete, found) {
        (true, _) => Outcome::Incomplete,
        (false, true) => Outcome::Findings,
        (false, false) => Outcome::Clean,
    };
    let text = match text {
        Printed::Text(text) => text,
        Printed::Json(key, list) => {
            let told = std::mem::take(&mut notes);
            let mut report = json!({ "format": 1, "exit_status": outcome.exit_code() });
            report[key] = list.into();
            report["notes"] = told.into();
            json_text(&report)
        }
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(stdout_error)?;
    Ok((outcome, notes))
}

/// What goes to stdout.
enum Printed {
    Text(String),
    /// A list of a JSON report, under its key.
    Json(&'static str, Vec<Json>),
}

/// Drafts, and writes them where they are to be written; true where a file stood in the way.
fn drafted(
    options: &InferOptions,
    groups: &[Group],
    notes: &mut Vec<String>,
) -> Result<(Printed, bool)> {
    let contract = &options.run.contract;
    let (mut drafts, more) = drafts::drafts(groups, contract, &options.rules);
    notes.extend(more);
    if let Some(to) = options.to.as_ref().filter(|_| !drafts.is_empty()) {
        drafts::write(&mut drafts, contract, to)?;
    }
    let kept = drafts.iter().any(|d| d.written == Some(Written::Kept));
    let printed = if options.json {
        Printed::Json("schemas", drafts.iter().map(as_json).collect())
    } else {
        Printed::Text(as_text(&drafts))
    };
    Ok((printed, kept))
}

/// Compares, and writes the patch where it is to be written; true where something differs.
fn differences(
    options: &InferOptions,
    groups: Vec<Group>,
    notes: &mut Vec<String>,
    cancel: &CancellationToken,
) -> Result<(Printed, bool)> {
    let (mut found, more) = diff::differences(groups, &options.run.contract, &options.rules)?;
    notes.extend(more);
    decide(&mut found, options, notes, cancel)?;
    if options.new_version {
        found = found
            .into_iter()
            .map(Difference::into_new_version)
            .collect();
    }
    let text: String = found.iter().map(Difference::text).collect();
    let written = match &options.to {
        Some(path) if !found.is_empty() => {
            let said = match drafts::write_new(path, &text)? {
                Written::New => "written",
                Written::Same => "is there already, the same",
                Written::Kept => "is there already and was left alone",
            };
            Some(format!("{}  {said}\n", printable(&path.to_string_lossy())))
        }
        _ => None,
    };
    let printed = if options.json {
        Printed::Json("differences", found.iter().map(Difference::json).collect())
    } else {
        Printed::Text(written.unwrap_or(text))
    };
    Ok((printed, !found.is_empty()))
}

/// Judges again what no proof decides, where the sources can be read twice.
fn decide(
    found: &mut [Difference],
    options: &InferOptions,
    notes: &mut Vec<String>,
    cancel: &CancellationToken,
) -> Result<()> {
    let is_open = |d: &Difference| d.advice.as_ref().is_some_and(|a| a.step.is_none());
    if !found.iter().any(is_open) {
        return Ok(());
    }
    let mut sources = options.run.source.sources.iter();
    if sources.any(|s| s == "-" || s.starts_with("kinesis:")) {
        notes.push(
            "what was read cannot be read again to judge it by the proposed schemas".to_owned(),
        );
        return Ok(());
    }
    let schemas: Vec<(String, String)> = found
        .iter()
        .map(|d| (d.file.clone(), d.new.clone()))
        .collect();
    let fates = rejudge::rejudge(&options.run, &schemas, cancel)?;
    for difference in found.iter_mut().filter(|d| is_open(d)) {
        let version = difference.version.map(|v| v.to_string());
        let key = (difference.event.clone(), version.unwrap_or_default());
        difference.advice = Some(fates.get(&key).copied().unwrap_or_default().advice());
    }
    Ok(())
}

/// Reads everything; a sentence for each object that could not be read.
fn learn(
    run: &RunOptions,
    beside: bool,
    cancel: &CancellationToken,
) -> Result<(Learning, Vec<String>)> {
    let progress = Arc::new(Progress::default());
    let mut learning = if beside {
        Learning::beside(run.contract.clone())
    } else {
        Learning::default()
    };
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

fn as_text(drafts: &[Drafted]) -> String {
    let mut out = String::new();
    for it in drafts {
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
            None if drafts.len() == 1 => out.push_str(&json_text(&it.schema)),
            None => out.push_str(&format!("==> {file} <==\n{}\n", json_text(&it.schema))),
        }
    }
    out
}

fn as_json(it: &Drafted) -> Json {
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
}

/// Compares two schema files, and prints what the change means: clean where nothing is lost.
///
/// # Errors
/// [`Error::File`] and [`Error::Config`] where one cannot be read.
pub fn compare(old: &Path, new: &Path, json: bool, out: &mut dyn Write) -> Result<Outcome> {
    let read = |path: &Path| -> Result<Json> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::file("read", path, e))?;
        serde_json::from_str(&text)
            .map_err(|e| Error::Config(format!("{}: this is not JSON: {e}", path.display())))
    };
    let (old, new) = (read(old)?, read(new)?);
    let advice = advise(&old, &new);
    let text_of = |json: &Json| json.as_str().and_then(SchemaVer::parse);
    let version = text_of(&old["version"]).or_else(|| text_of(&old["self"]["version"]));
    let next = version
        .zip(advice.step)
        .map(|(v, step)| step.from(v).to_string());
    let step = advice.step.map_or("undecided", |s| s.name());
    let text = if json {
        json_text(
            &json!({ "format": 1, "step": step, "decided": advice.why, "next_version": next }),
        )
    } else {
        let next = next.map_or_else(String::new, |v| format!(": version {v}"));
        format!("{step}{next} ({})\n", advice.why)
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(stdout_error)?;
    Ok(match advice.step {
        Some(Step::Same | Step::Addition) => Outcome::Clean,
        _ => Outcome::Findings,
    })
}

/// `1 event`, `1,204 events`.
fn counted(n: u64, noun: [&str; 2]) -> String {
    format!("{} {}", thousands(n), noun[usize::from(n != 1)])
}

//! `infer --diff`: what the schemas of a contract should change for what is logged, as a patch with its reasons.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::commands::infer::drafts::{drafts, json_text};
use crate::commands::infer::grouping::Group;
use crate::commands::table::printable;
use crate::contract::compare::advice::Step;
use crate::contract::compare::edit::{Edit, apply};
use crate::contract::compare::{Advice, advise, patch, propose};
use crate::contract::infer::{Rules, envelope_keys, file_name};
use crate::contract::{Contract, SchemaVer};
use crate::error::{Error, Result};

/// What one schema should change.
#[derive(Debug)]
pub struct Difference {
    /// The event's name.
    pub event: String,
    /// The version as declared; `None` where there is no schema yet.
    pub version: Option<SchemaVer>,
    /// The declared file, below the contract's folder, with its text.
    pub old: Option<(String, String)>,
    /// The file as it should be, below the contract's folder.
    pub file: String,
    /// Its text.
    pub new: String,
    /// What the change means; `None` for a new schema.
    pub advice: Option<Advice>,
    /// The changes, a sentence each.
    pub reasons: Vec<String>,
}

/// Compares every group with its schema. `as_version`: each change as a new file of the next version.
///
/// # Errors
/// [`Error::File`] where a schema cannot be read again.
pub fn differences(
    groups: Vec<Group>,
    contract: &Contract,
    rules: &Rules,
) -> Result<(Vec<Difference>, Vec<String>)> {
    let (mut out, mut notes) = (vec![], vec![]);
    let mut unknown = vec![];
    for group in groups {
        let Some(schema) = group.declared.and_then(|at| contract.schemas.get(at)) else {
            unknown.push(group);
            continue;
        };
        let text = std::fs::read_to_string(&schema.file)
            .map_err(|e| Error::file("read", &schema.file, e))?;
        let old: Json = serde_json::from_str(&text).unwrap_or_default();
        let skipped = envelope_keys(&contract.routing);
        let mut proposal = propose(&old, &group.seen, rules, &skipped);
        let new = proposal.applied(&text);
        let whose = format!("{} {}", schema.name, schema.version);
        notes.extend(proposal.notes.iter().map(|note| format!("{whose}: {note}")));
        if new == text {
            continue;
        }
        let dir = contract.dir.as_deref().unwrap_or(Path::new(""));
        let file = schema.file.strip_prefix(dir).unwrap_or(&schema.file);
        let file = file.to_string_lossy().into_owned();
        let proposed: Json = serde_json::from_str(&new).unwrap_or_default();
        out.push(Difference {
            event: schema.name.to_string(),
            version: Some(schema.schema_ver),
            old: Some((file.clone(), text)),
            file,
            new,
            advice: Some(advise(&old, &proposed)),
            reasons: proposal.changes.into_iter().map(|c| c.why).collect(),
        });
    }
    let (new, more) = drafts(&unknown, contract, rules);
    notes.extend(more);
    out.extend(new.into_iter().map(|drafted| Difference {
        reasons: vec![format!("{} events without a schema", drafted.events)],
        event: drafted.event,
        version: None,
        old: None,
        file: drafted.file,
        new: json_text(&drafted.schema),
        advice: None,
    }));
    Ok((out, notes))
}

impl Difference {
    /// The version that the change asks for, where that is decided.
    pub fn next_version(&self) -> Option<SchemaVer> {
        let step = self.advice.as_ref()?.step?;
        self.version.map(|v| step.from(v))
    }

    /// Makes the change a new file of the next version; the old file stays.
    pub fn into_new_version(self) -> Self {
        let Some(next) = self.next_version().filter(|n| Some(*n) != self.version) else {
            return self;
        };
        let Some((old, _)) = &self.old else {
            return self;
        };
        let folder = Path::new(old).parent().unwrap_or(Path::new(""));
        // An Iglu registry's files are named by the version alone.
        let is_bare = SchemaVer::parse(
            Path::new(old)
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default(),
        )
        .is_some();
        let name = if is_bare {
            next.to_string()
        } else {
            file_name(&self.event, next, true).unwrap_or_else(|_| format!("{next}.json"))
        };
        let version = json!(next.to_string());
        let own = || vec!["version".to_owned()];
        let edits = [
            Edit::Set(
                vec!["self".to_owned(), "version".to_owned()],
                version.clone(),
            ),
            Edit::Set(own(), version.clone()),
            Edit::Insert(vec![], "version".to_owned(), version),
        ];
        let edited = edits.iter().find_map(|edit| apply(&self.new, edit));
        Self {
            file: folder.join(name).to_string_lossy().into_owned(),
            new: edited.unwrap_or_else(|| self.new.clone()),
            old: None,
            ..self
        }
    }

    /// Reasons as comments, and the patch.
    pub fn text(&self) -> String {
        let mut out = format!("# {}\n", printable(&self.heading()));
        for reason in &self.reasons {
            out.push_str(&format!("#   {}\n", printable(reason)));
        }
        out + &self.patch()
    }

    /// `checkout 1-0-2 to 1-0-3, an addition (proved: …)`.
    fn heading(&self) -> String {
        let Some(version) = self.version else {
            return format!("{}: a new schema", self.event);
        };
        let advice = self.advice.as_ref();
        match advice.map(|a| (a, a.step)) {
            Some((advice, Some(step))) => {
                let next = step.from(version);
                format!(
                    "{} {version} to {next}: {} ({})",
                    self.event,
                    step.name(),
                    advice.why
                )
            }
            Some((advice, None)) => format!("{} {version}: {}", self.event, advice.why),
            None => format!("{} {version}", self.event),
        }
    }

    /// The unified diff.
    pub fn patch(&self) -> String {
        patch::unified(
            &self.file,
            self.old.as_ref().map(|(_, text)| text.as_str()),
            &self.new,
        )
    }

    /// For programs.
    pub fn json(&self) -> Json {
        json!({
            "event": self.event,
            "version": self.version.map(|v| v.to_string()),
            "file": self.file,
            "step": self.advice.as_ref().and_then(|a| a.step).map(Step::name),
            "decided": self.advice.as_ref().map(|a| a.why.clone()),
            "next_version": self.next_version().map(|v| v.to_string()),
            "changes": self.reasons,
            "patch": self.patch(),
        })
    }
}

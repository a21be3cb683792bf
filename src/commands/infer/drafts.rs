//! Drafted schemas: as files where there is none yet, or as text.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::commands::infer::grouping::Group;
use crate::contract::infer::{Rules, Setting, draft, file_name};
use crate::contract::{Contract, FILE_NAME};
use crate::error::{Error, Result};
use crate::model::harmless::is_hidden;
use crate::model::routing::UnknownProperty;

/// A drafted schema.
#[derive(Debug)]
pub struct Drafted {
    /// The event's name.
    pub event: String,
    /// The schema's version.
    pub version: String,
    /// Events it was drafted from.
    pub events: u64,
    /// Its file, below the contract's folder.
    pub file: String,
    /// The schema.
    pub schema: Json,
    /// What became of the file; `None` where none was asked for.
    pub written: Option<Written>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    New,
    /// It stood there with this very content.
    Same,
    /// It stands there with another content, and was left alone.
    Kept,
}

/// Drafts the schemas of groups, and says what has none.
pub fn drafts(groups: &[Group], contract: &Contract, rules: &Rules) -> (Vec<Drafted>, Vec<String>) {
    let forbids_unknown = contract.routing.policy.unknown_property == UnknownProperty::Forbid;
    let (mut out, mut notes) = (vec![], vec![]);
    for group in groups {
        let name = &group.seen.name;
        let others = groups.iter().filter(|g| g.seen.name == *name).count() > 1;
        let versioned = others || contract.schemas.iter().any(|s| *s.name == **name);
        let file = match file_name(name, group.version, versioned) {
            Ok(file) => format!("schemas/{file}"),
            Err(why) => {
                notes.push(format!(
                    "{name:?}: {} events have no schema: {why}",
                    group.seen.events
                ));
                continue;
            }
        };
        let setting = Setting {
            version: group.version,
            privacy: &contract.privacy,
            forbids_unknown,
        };
        let drafted = draft(&group.seen, &setting, rules);
        notes.extend(drafted.notes);
        out.push(Drafted {
            event: name.clone(),
            version: group.version.to_string(),
            events: group.seen.events,
            file,
            schema: drafted.schema,
            written: None,
        });
    }
    (out, notes)
}

/// Writes the drafts into the folder `to`, and `frontlog.toml` beside them where there is none. Never overwrites.
///
/// # Errors
/// [`Error::File`] where a folder or a file cannot be written.
pub fn write(drafted: &mut [Drafted], contract: &Contract, to: &Path) -> Result<Written> {
    let folder = to.join("schemas");
    std::fs::create_dir_all(&folder).map_err(|e| Error::file("create", &folder, e))?;
    for it in drafted {
        it.written = Some(write_new(&to.join(&it.file), &json_text(&it.schema))?);
    }
    let path = to.join(FILE_NAME);
    if path.exists() {
        return Ok(Written::Kept);
    }
    write_new(&path, &routing_text(contract)?)
}

/// Writes a file that is not there yet.
///
/// # Errors
/// [`Error::File`] where it cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<Written> {
    match File::create_new(path) {
        Ok(mut file) => file
            .write_all(text.as_bytes())
            .map(|()| Written::New)
            .map_err(|e| Error::file("write", path, e)),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            let same = std::fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes());
            Ok(if same { Written::Same } else { Written::Kept })
        }
        Err(e) => Err(Error::file("write", path, e)),
    }
}

/// The `frontlog.toml` by which the events were found.
fn routing_text(contract: &Contract) -> Result<String> {
    match &contract.dir {
        Some(dir) => {
            let path: PathBuf = dir.join(FILE_NAME);
            std::fs::read_to_string(&path).map_err(|e| Error::file("read", path, e))
        }
        // What holds without a contract.
        None => Ok("preset = \"any\"\n".to_owned()),
    }
}

/// Indented JSON with a newline at its end; what a terminal would obey is escaped.
pub fn json_text(json: &Json) -> String {
    let text = serde_json::to_string_pretty(json).unwrap_or_default() + "\n";
    if text
        .bytes()
        .all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\n'))
    {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c != '\n' && is_hidden(c) {
            // Outside of texts the pretty printer writes nothing but spaces and line ends.
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_reads_back() {
        let json = serde_json::json!({"a\u{202e}b": "\u{1b}[2J é \u{e0041}"});
        let text = json_text(&json);
        assert!(!text.chars().any(|c| c != '\n' && is_hidden(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), json);
    }

    #[test]
    fn a_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        assert_eq!(write_new(&path, "1\n").unwrap(), Written::New);
        assert_eq!(write_new(&path, "1\n").unwrap(), Written::Same);
        assert_eq!(write_new(&path, "2\n").unwrap(), Written::Kept);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n");
    }
}

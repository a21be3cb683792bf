//! An accepted repair written into `frontlog.toml`: the smallest edit that does it, comments and order untouched.

use std::io::Write as _;
use std::path::Path;

use crate::contract::repair::Repair;
use crate::contract::{FILE_NAME, repair_table};
use crate::error::{Error, Result};

/// The text of `frontlog.toml` with one more repair accepted for `event.property`; the text as it is where it is
/// accepted already.
///
/// # Errors
/// [`Error::Config`] where `[repair]` cannot be read, or is written in a way that this edit cannot keep (an inline
/// table, a dotted key): the message is the line to write by hand.
pub fn with_repair(path: &Path, text: &str, key: &str, repair: Repair) -> Result<String> {
    let entries = repair_table::read(path, text)?;
    let name = format!("\"{}\"", repair.name());
    let line = format!("{} = {name}", toml::Value::from(key));
    let mut out = text.to_owned();
    let known = entries.iter().find(|entry| entry.key == key);
    if let Some(entry) = known {
        if entry.repairs.iter().any(|w| w.repair == repair) {
            return Ok(out);
        }
        let is_list = text[entry.value_span.clone()].starts_with('[');
        match entry.repairs.last() {
            Some(last) if is_list => out.insert_str(last.span.end, &format!(", {name}")),
            Some(_) => {
                out.insert_str(entry.value_span.end, &format!(", {name}]"));
                out.insert(entry.value_span.start, '[');
            }
            None => out.replace_range(entry.value_span.clone(), &name),
        }
    } else if let Some(end) = header_end(text) {
        // Behind the last line of the table, so that a comment above its first line stays there.
        let end = entries
            .last()
            .map_or(end, |last| line_end(text, last.value_span.end));
        let start = if text[..end].ends_with('\n') {
            ""
        } else {
            "\n"
        };
        out.insert_str(end, &format!("{start}{line}\n"));
    } else {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        let gap = if out.is_empty() { "" } else { "\n" };
        out.push_str(&format!("{gap}[repair]\n{line}\n"));
    }
    let accepted = repair_table::read(path, &out).is_ok_and(|entries| {
        let entry = entries.into_iter().find(|entry| entry.key == key);
        entry.is_some_and(|e| e.repairs.iter().any(|w| w.repair == repair))
    });
    if accepted && toml::from_str::<toml::Table>(&out).is_ok() {
        Ok(out)
    } else {
        Err(Error::Config(format!(
            "{}: [repair] is written in a way that is left alone; add this line to it: {line}",
            path.display()
        )))
    }
}

/// Writes [`with_repair`] to the contract's `frontlog.toml`: a new file beside it takes its place, so that a reader
/// sees the old one or the new one.
///
/// # Errors
/// As [`with_repair`]; [`Error::File`] where the file cannot be read or written.
pub fn accept(dir: &Path, key: &str, repair: Repair) -> Result<()> {
    let path = dir.join(FILE_NAME);
    // A link stays a link.
    let path = path.canonicalize().unwrap_or(path);
    let text = std::fs::read_to_string(&path).map_err(|e| Error::file("read", &path, e))?;
    let edited = with_repair(&path, &text, key, repair)?;
    let error = |e| Error::file("write", &path, e);
    let beside = path.with_extension(format!("toml.{}", std::process::id()));
    let written = write_new(&beside, &path, &edited).and_then(|()| std::fs::rename(&beside, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(error)
}

fn write_new(beside: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(beside)?;
    file.set_permissions(std::fs::metadata(path)?.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Where the line of `[repair]` ends, line end included.
fn header_end(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.split('#').next().unwrap_or_default();
        let name = bare
            .trim()
            .strip_prefix('[')
            .and_then(|l| l.strip_suffix(']'));
        if name.is_some_and(|name| name.trim() == "repair") {
            return Some(at + line.len());
        }
        at += line.len();
    }
    None
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |i| from + i + 1)
}

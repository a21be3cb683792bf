//! `frontlog config check | themes | keys`: what is in force. The values come resolved; this only prints them.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

use crate::commands::Outcome;
use crate::commands::table::{Table, printable};
use crate::error::Result;

/// What `config check` found; reading it has already proved that it is right.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// Where the user's `config.toml` is or would be, and whether it is there; `None` where there is no home.
    pub user_file: Option<(bool, PathBuf)>,
    /// Path of the user's `keymap.toml`, where there is one.
    pub keymap: Option<String>,
    /// Name of the theme.
    pub theme: String,
    /// One line on the contract: `sample-logs: 5 event schemas`.
    pub contract: String,
    /// Keywords ignored and other things worth knowing.
    pub warnings: Vec<String>,
}

/// One line of `config themes` or `config keys`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Theme name, or key.
    pub name: String,
    /// What it is, or does.
    pub meaning: String,
}

/// Prints what is in force.
pub fn check(found: &InForce, out: &mut dyn Write) -> Result<Outcome> {
    let file = match &found.user_file {
        Some((true, path)) => path.display().to_string(),
        Some((false, path)) => format!("none ({} is not there)", path.display()),
        None => "none (there is no home folder)".to_owned(),
    };
    let keys = found
        .keymap
        .clone()
        .unwrap_or_else(|| "built in".to_owned());
    let mut lines = vec![
        ("configuration", file),
        ("keys", keys),
        ("theme", found.theme.clone()),
        ("contract", found.contract.clone()),
    ];
    lines.extend(found.warnings.iter().map(|w| ("warning", w.clone())));
    let mut text = String::new();
    for (name, value) in lines {
        let _ = writeln!(text, "{name:<13}  {}", printable(&value));
    }
    text += "No errors.\n";
    write(out, &text)
}

/// Prints themes or keys as a table.
pub fn list(columns: [&'static str; 2], entries: &[Entry], out: &mut dyn Write) -> Result<Outcome> {
    let mut table = Table::new(&columns);
    for entry in entries {
        table.row([entry.name.clone(), entry.meaning.clone()]);
    }
    write(out, &table.to_string())
}

fn write(out: &mut dyn Write, text: &str) -> Result<Outcome> {
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(super::stdout_error)?;
    Ok(Outcome::Clean)
}

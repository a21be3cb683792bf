//! The user's own files in the XDG configuration folder: `config.toml` (the theme) and `keymap.toml` (the keys).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};

/// What the user's configuration says; everything in it is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFiles {
    /// Path of `config.toml`; `None` when there is none.
    pub config: Option<PathBuf>,
    /// `theme = "NAME"`.
    pub theme: Option<String>,
    /// Path and text of `keymap.toml`, for the keymap to read; `None` when there is none.
    pub keymap: Option<(String, String)>,
}

/// Names that may stand in `config.toml`.
const KNOWN: [&str; 1] = ["theme"];

/// Reads `folder/config.toml` and `folder/keymap.toml`; a missing file says nothing.
///
/// # Errors
/// A file cannot be read, is no TOML, or has a key that is not known: with file, line, column and the nearest name.
pub fn read(folder: &Path) -> Result<UserFiles> {
    let mut files = UserFiles::default();
    if let Some((path, text)) = text_of(folder.join("config.toml"))? {
        files.theme = theme(&path, &text)?;
        files.config = Some(path);
    }
    files.keymap =
        text_of(folder.join("keymap.toml"))?.map(|(path, text)| (path.display().to_string(), text));
    Ok(files)
}

fn text_of(path: PathBuf) -> Result<Option<(PathBuf, String)>> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(Error::file("read", path, e)),
    }
}

fn theme(path: &Path, text: &str) -> Result<Option<String>> {
    let wrong = |at: usize, what: &str| {
        let (line, column) = line_and_column(text, at);
        Error::Config(format!("{}:{line}:{column}: {what}", path.display()))
    };
    let table = DeTable::parse(text)
        .map_err(|e| wrong(e.span().map_or(0, |s| s.start), e.message().trim_end()))?;
    let mut theme = None;
    for (key, value) in table.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("theme", DeValue::String(name)) => theme = Some(name.to_string()),
            ("theme", _) => {
                return Err(wrong(
                    value.span().start,
                    "theme must be a text: theme = \"NAME\"",
                ));
            }
            ("keys", _) => {
                return Err(wrong(
                    key.span().start,
                    "keys stand in a file of their own, keymap.toml beside this one",
                ));
            }
            (name, _) => return Err(wrong(key.span().start, &unknown_key(name))),
        }
    }
    Ok(theme)
}

fn unknown_key(name: &str) -> String {
    match nearest(name, &KNOWN) {
        Some(known) => format!("unknown key {name:?}; did you mean {known:?}?"),
        None => format!("unknown key {name:?}; known is {}", KNOWN.join(", ")),
    }
}

/// The known name that a misspelt one is likely meant to be; `None` when nothing is near.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), *k));
    scored
        .filter(|(distance, k)| *distance <= k.chars().count().div_ceil(3))
        .min()
        .map(|(_, k)| k)
}

/// Line and column (in characters), from 1, of a byte offset.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        theme(Path::new("config.toml"), text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn theme_and_keymap_are_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), UserFiles::default());
        std::fs::write(folder.path().join("config.toml"), "theme = \"light\"\n").unwrap();
        std::fs::write(folder.path().join("keymap.toml"), "[normal]\n").unwrap();
        let files = read(folder.path()).unwrap();
        assert_eq!(files.theme.as_deref(), Some("light"));
        assert!(files.keymap.unwrap().0.ends_with("keymap.toml"));
    }

    #[test]
    fn errors_name_file_line_column_and_the_nearest_key() {
        assert_eq!(
            error("\n  thme = \"x\""),
            "config.toml:2:3: unknown key \"thme\"; did you mean \"theme\"?"
        );
        assert_eq!(
            error("colour = 1"),
            "config.toml:1:1: unknown key \"colour\"; known is theme"
        );
        assert_eq!(
            error("theme = 3"),
            "config.toml:1:9: theme must be a text: theme = \"NAME\""
        );
        assert!(error("[keys]").contains("keymap.toml"));
        assert!(
            error("theme = \n").starts_with("config.toml:1:"),
            "{}",
            error("theme = \n")
        );
    }
}

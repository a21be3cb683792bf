//! Where in a file something is wrong, and what was probably meant.

use std::path::Path;

use crate::error::Error;

/// Line and column of a byte offset, both from 1, the column in characters.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// A configuration error at a byte offset: `frontlog.toml:7:3: sentence`.
pub fn error_at(file: &Path, text: &str, offset: usize, sentence: &str) -> Error {
    let (line, column) = line_column(text, offset);
    Error::Config(format!("{}:{line}:{column}: {sentence}", file.display()))
}

/// Byte offset of a key in JSON text: each element of `path` is sought after the one before it, as a quoted text
/// before a colon. Good enough to point at; the start of the text where a key is written with escapes.
pub fn find_json_key(text: &str, path: &[&str]) -> usize {
    let mut at = 0;
    for key in path {
        let quoted = format!("\"{key}\"");
        let found = text[at..]
            .match_indices(&quoted)
            .map(|(i, _)| at + i)
            .find(|i| text[i + quoted.len()..].trim_start().starts_with(':'));
        let Some(found) = found else { return at };
        at = found;
    }
    at
}

/// The known name that a misspelt one most resembles, if one is near enough to be worth a question.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|name| {
        (
            strsim::jaro_winkler(&wrong.to_lowercase(), &name.to_lowercase()),
            name,
        )
    });
    scored
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// ` (did you mean "x"?)`, or nothing.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known).map_or_else(String::new, |name| format!(" (did you mean \"{name}\"?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_columns_and_names() {
        assert_eq!(line_column("a\nbé\nc", 5), (2, 3));
        assert_eq!(line_column("", 9), (1, 1));
        let json = "{ \"b\": \"a\",\n  \"a\": {\"b\": 1} }";
        assert_eq!(line_column(json, find_json_key(json, &["a", "b"])), (2, 9));
        assert_eq!(
            nearest("metods", ["path", "methods", "status"]),
            Some("methods")
        );
        assert_eq!(nearest("zzz", ["path", "methods"]), None);
    }
}

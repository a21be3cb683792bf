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

/// Byte offset of a key in JSON text: each element of `path` is sought in the object or list that the one before it
/// holds. As far as the path goes; the start of the text where it goes nowhere.
pub fn find_json_key(text: &str, path: &[&str]) -> usize {
    let bytes = text.as_bytes();
    let (mut value, mut found) = (skip_space(bytes, 0), 0);
    for key in path {
        let Some((at, inner)) = enter(text, value, key) else {
            return found;
        };
        (found, value) = (at, inner);
    }
    found
}

/// Where the member `key` of the object or list at `at` begins, and where its value does.
fn enter(text: &str, at: usize, key: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_object = match bytes.get(at)? {
        b'{' => true,
        b'[' => false,
        _ => return None,
    };
    let (mut member, mut index) = (skip_space(bytes, at + 1), 0usize);
    while !matches!(bytes.get(member)?, b'}' | b']') {
        let mut value = member;
        let is_it = if is_object {
            let end = skip_value(bytes, member)?;
            let colon = skip_space(bytes, end);
            value = skip_space(bytes, colon + 1);
            serde_json::from_str::<String>(text.get(member..end)?).ok()? == key
        } else {
            key.parse() == Ok(index)
        };
        if is_it {
            return Some((member, value));
        }
        let end = skip_space(bytes, skip_value(bytes, value)?);
        member = if bytes.get(end)? == &b',' {
            skip_space(bytes, end + 1)
        } else {
            end
        };
        index += 1;
    }
    None
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    let space = bytes.get(at..).unwrap_or_default().iter();
    at + space.take_while(|b| b.is_ascii_whitespace()).count()
}

/// The end of the JSON value at `at`.
fn skip_value(bytes: &[u8], at: usize) -> Option<usize> {
    let (mut i, mut depth) = (at, 0usize);
    loop {
        match *bytes.get(i)? {
            b'"' => {
                i += 1;
                while *bytes.get(i)? != b'"' {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {
                let word = |b: &u8| !matches!(b, b',' | b':' | b'}' | b']' | b'"' | b'{' | b'[');
                if depth == 0 {
                    return Some(i + bytes[i..].iter().take_while(|b| word(b)).count());
                }
            }
        }
        i += 1;
        if depth == 0 {
            return Some(i);
        }
    }
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
        let json = r#"{"x": ["}", {"b": 1.5e3, "k\u0041": [1, {"y" : true}]}], "z": null, "w": 2}"#;
        let at = |path: &[&str]| &json[find_json_key(json, path)..];
        assert!(at(&["x", "1", "kA", "1", "y"]).starts_with("\"y\" : true"));
        assert!(at(&["w"]).starts_with("\"w\""));
        assert!(at(&["x", "1", "no"]).starts_with("{\"b\""));
        assert!(at(&["no"]).starts_with("{\"x\""));
        assert_eq!(
            nearest("metods", ["path", "methods", "status"]),
            Some("methods")
        );
        assert_eq!(nearest("zzz", ["path", "methods"]), None);
    }
}

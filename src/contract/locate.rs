//! Where in its file a rule of an event schema is written, for those who point at it.

use std::path::{Path, PathBuf};

use crate::contract::Contract;
use crate::contract::place::line_column;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePlace {
    /// The file as the contract's folder was named, below the working folder without it; with `/`.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// The event schemas of a contract as they are written.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    schemas: Vec<(String, String, PathBuf)>,
}

impl Rules {
    /// Of that contract; its files are read when a place is asked for.
    pub fn of(contract: &Contract) -> Self {
        let schema = |s: &crate::contract::EventSchema| {
            (s.name.to_string(), s.version.to_string(), s.file.clone())
        };
        Self {
            schemas: contract.schemas.iter().map(schema).collect(),
        }
    }

    /// The place of a keyword of a property (of the event itself where `path` is empty), or of what encloses it and can
    /// be found; `None` for an event without a schema, or whose file is gone.
    pub fn place(
        &self,
        event: &str,
        version: &str,
        path: &str,
        keyword: &str,
    ) -> Option<RulePlace> {
        if keyword.is_empty() {
            return None;
        }
        let schema = self
            .schemas
            .iter()
            .find(|s| s.0 == event && s.1 == version)?;
        let text = std::fs::read_to_string(&schema.2).ok()?;
        let (line, column) = line_column(&text, offset(&text, path, keyword));
        Some(RulePlace {
            file: shown(&schema.2),
            line,
            column,
        })
    }
}

fn shown(file: &Path) -> String {
    let below = std::env::current_dir().ok();
    let below = below.and_then(|here| file.strip_prefix(here).ok().map(Path::to_owned));
    let parts = below.as_deref().unwrap_or(file).components();
    let parts: Vec<_> = parts
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect();
    let path: PathBuf = parts.into_iter().collect();
    path.to_string_lossy().replace('\\', "/")
}

/// Byte offset of the keyword's key, or of the innermost thing around it that is there.
fn offset(text: &str, path: &str, keyword: &str) -> usize {
    let root = skip_space(text, 0);
    // A missing or a forbidden property breaks a rule of what encloses it.
    let of_parent = matches!(keyword, "required" | "additionalProperties");
    let mut at = Found {
        key: root,
        value: root,
    };
    let mut parent = at;
    let mut rest = path;
    while !rest.is_empty() {
        let Some(properties) = member(text, at.value, "properties") else {
            break;
        };
        let Some((found, used)) = longest(text, properties.value, rest) else {
            break;
        };
        (parent, at) = (at, found);
        rest = rest[used..].trim_start_matches(['.', '[', ']']);
    }
    let holder = if of_parent && rest.is_empty() && !path.is_empty() {
        parent
    } else {
        at
    };
    member(text, holder.value, keyword).map_or(at.key, |found| found.key)
}

/// The property that the path begins with, by the longest name, and the bytes of the path it takes.
fn longest(text: &str, properties: usize, path: &str) -> Option<(Found, usize)> {
    let ends = path
        .char_indices()
        .filter(|(_, c)| matches!(c, '.' | '[' | ']'));
    let mut ends: Vec<usize> = ends.map(|(at, _)| at).collect();
    ends.push(path.len());
    ends.into_iter().rev().find_map(|end| {
        let found = member(text, properties, &path[..end])?;
        Some((found, end))
    })
}

/// A member of an object: where its key begins, and its value.
#[derive(Debug, Clone, Copy)]
struct Found {
    key: usize,
    value: usize,
}

/// The member `name` of the object that begins at `at`; the last one, as JSON readers take it.
fn member(text: &str, at: usize, name: &str) -> Option<Found> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut found = None;
    let mut at = skip_space(text, at + 1);
    while bytes.get(at) == Some(&b'"') {
        let key = at;
        let end = skip_value(text, at);
        let is_it = serde_json::from_str::<String>(text.get(key..end)?).is_ok_and(|k| k == name);
        at = skip_space(text, end);
        if bytes.get(at) != Some(&b':') {
            return found;
        }
        let value = skip_space(text, at + 1);
        if is_it {
            found = Some(Found { key, value });
        }
        at = skip_space(text, skip_value(text, value));
        if bytes.get(at) != Some(&b',') {
            return found;
        }
        at = skip_space(text, at + 1);
    }
    found
}

fn skip_space(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// The end of the value that begins at `at`: brackets are counted, strings are skipped.
fn skip_value(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, at);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while let Some(inner) = bytes.get(at).filter(|b| **b != b'"') {
                    at += if *inner == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        let is_whole = depth == 0 && matches!(byte, b'"' | b'}' | b']');
        if is_whole {
            return at.min(bytes.len());
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{
  "title": "a \"properties\": { } ]",
  "required": ["value", "sku"],
  "properties": {
    "sku": {"type": "string", "enum": ["type", "x"]},
    "value": {
      "description": "type",
      "type": "number",
      "minimum": 0
    },
    "a.b": {"type": "integer"},
    "order": {
      "type": "object", "required": ["total"],
      "properties": {"total": {"type": "number"},
        "lines": {"items": {}}}
    }
  },
  "additionalProperties": false
}"#;

    #[test]
    fn rules_are_found_where_they_are_written() {
        for (path, keyword, expected) in [
            ("value", "type", "\"type\": \"number\",\n      \"minimum\""),
            ("value", "minimum", "\"minimum\""),
            ("value", "required", "\"required\": [\"value\""),
            ("sku", "enum", "\"enum\""),
            ("a.b", "type", "\"type\": \"integer\""),
            ("order.total", "type", "\"type\": \"number\"}"),
            ("order[total]", "type", "\"type\": \"number\"}"),
            ("order.total", "required", "\"required\": [\"total\"]"),
            ("order", "minimum", "\"order\""),
            ("order.lines[0].x", "type", "\"lines\""),
            (
                "unknown",
                "additionalProperties",
                "\"additionalProperties\"",
            ),
            ("", "additionalProperties", "\"additionalProperties\""),
            ("", "oneOf", "{\n  \"title\""),
        ] {
            let at = offset(SCHEMA, path, keyword);
            assert!(
                SCHEMA[at..].starts_with(expected),
                "{path} {keyword}: {:?}",
                &SCHEMA[at..]
            );
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        for cut in 0..SCHEMA.len() {
            if SCHEMA.is_char_boundary(cut) {
                offset(&SCHEMA[..cut], "order.total", "type");
                offset(&SCHEMA[cut..], "order.total", "type");
            }
        }
        assert_eq!(offset("", "a", "type"), 0);
    }
}

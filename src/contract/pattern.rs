//! `pattern`: JSON Schema writes ECMAScript's regular expressions, the `regex` crate reads its own.

use regex::Regex;

/// Why a pattern cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternProblem {
    /// It uses what a linear-time engine cannot do: look-around, backreferences.
    Unsupported(String),
    /// It is broken.
    Broken(String),
}

/// Compiles a pattern as ECMAScript means it: `\d` and `\w` are ASCII, not anchored.
pub fn compile(pattern: &str) -> Result<Regex, PatternProblem> {
    Regex::new(&translate(pattern)).map_err(|error| {
        let text = error.to_string();
        // The crate's message draws the pattern over several lines; its last line says what is wrong.
        let reason = text
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        if reason.contains("look-") || reason.contains("backreference") {
            PatternProblem::Unsupported(reason)
        } else {
            PatternProblem::Broken(reason)
        }
    })
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let (mut in_class, mut chars) = (false, pattern.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push_str(&escape(chars.next(), in_class)),
            // Within a class, `[` is itself for ECMAScript and the start of another class for the crate.
            '[' if in_class => out.push_str("\\["),
            '[' | ']' => {
                in_class = c == '[';
                out.push(c);
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            other => out.push(other),
        }
    }
    out
}

fn escape(c: Option<char>, in_class: bool) -> String {
    match (c, in_class) {
        (Some('d'), true) => "0-9".into(),
        (Some('d'), false) => "[0-9]".into(),
        (Some('D'), false) => "[^0-9]".into(),
        (Some('w'), true) => "0-9A-Za-z_".into(),
        (Some('w'), false) => "[0-9A-Za-z_]".into(),
        (Some('W'), false) => "[^0-9A-Za-z_]".into(),
        (Some('/'), _) => "/".into(),
        (Some(c), _) => format!("\\{c}"),
        (None, _) => "\\".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_ecmascript_means_it() {
        let matches = |p: &str, t: &str| compile(p).is_ok_and(|r| r.is_match(t));
        assert!(matches("^[a-z]{2}$", "en"));
        assert!(matches("b", "abc"));
        assert!(!matches(r"^\d+$", "١٢"));
        assert!(matches(r"^[\d-]+$", "1-2"));
        assert!(matches(r"^https:\/\/", "https://x"));
        assert!(matches(r"^[[&&]+$", "[&&"));
        assert!(matches!(
            compile("(?=a)"),
            Err(PatternProblem::Unsupported(_))
        ));
        assert!(matches!(compile("[a-"), Err(PatternProblem::Broken(_))));
    }
}

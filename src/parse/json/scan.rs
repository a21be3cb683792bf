//! One JSON object to the places of its keys and values: no tree, no copy.

/// Where a member stands, from the start of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// The key, without its quotes.
    pub key: (usize, usize),
    /// The value, a text without its quotes.
    pub value: (usize, usize),
    /// The value is a text with a backslash in it.
    pub escaped: bool,
    /// The value is a text.
    pub quoted: bool,
}

/// Why a text is no object, and where that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flaw {
    pub at: usize,
    pub what: &'static str,
}

const ENDS: Flaw = Flaw {
    at: usize::MAX,
    what: "the JSON object ends too early",
};

fn flaw<T>(at: usize, what: &'static str) -> Result<T, Flaw> {
    Err(Flaw { at, what })
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text
        .get(at)
        .is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
    {
        at += 1;
    }
    at
}

/// Reads the object that starts at `start` (a `{`) and gives where it ends. `members` is cleared first.
pub(super) fn object(text: &[u8], start: usize, members: &mut Vec<Member>) -> Result<usize, Flaw> {
    members.clear();
    let mut at = skip_space(text, start + 1);
    if text.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        match text.get(at) {
            Some(b'"') => {}
            Some(_) => return flaw(at, "a key in quotes is missing here"),
            None => return Err(ENDS),
        }
        let (key_end, _) = string(text, at + 1)?;
        let key = (at + 1, key_end);
        at = skip_space(text, key_end + 1);
        match text.get(at) {
            Some(b':') => {}
            Some(_) => return flaw(at, "a colon is missing here"),
            None => return Err(ENDS),
        }
        at = skip_space(text, at + 1);
        let (member, after) = value(text, at, key)?;
        members.push(member);
        at = skip_space(text, after);
        match text.get(at) {
            Some(b',') => at = skip_space(text, at + 1),
            Some(b'}') => return Ok(at + 1),
            Some(_) => return flaw(at, "a comma or a closing brace is missing here"),
            None => return Err(ENDS),
        }
    }
}

/// The value at `at`, and where the text goes on behind it.
fn value(text: &[u8], at: usize, key: (usize, usize)) -> Result<(Member, usize), Flaw> {
    let member = |value, escaped, quoted| Member {
        key,
        value,
        escaped,
        quoted,
    };
    match text.get(at) {
        Some(b'"') => {
            let (end, escaped) = string(text, at + 1)?;
            Ok((member((at + 1, end), escaped, true), end + 1))
        }
        Some(b'{' | b'[') => {
            let end = nested(text, at)?;
            Ok((member((at, end), false, false), end))
        }
        Some(_) => {
            let length = text[at..]
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'))
                .count();
            let word = &text[at..at + length];
            let is_number = word
                .first()
                .is_some_and(|b| b.is_ascii_digit() || *b == b'-');
            if !is_number && !matches!(word, b"true" | b"false" | b"null") {
                return flaw(at, "a value is missing here");
            }
            Ok((member((at, at + length), false, false), at + length))
        }
        None => Err(ENDS),
    }
}

/// Where the string ends whose first byte is at `at`, and whether it holds a backslash.
fn string(text: &[u8], mut at: usize) -> Result<(usize, bool), Flaw> {
    let mut escaped = false;
    loop {
        let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &text[at..]) else {
            return Err(ENDS);
        };
        at += found;
        match text[at] {
            b'"' => return Ok((at, escaped)),
            b'\\' if at + 1 < text.len() => {
                escaped = true;
                at += 2;
            }
            b'\\' => return Err(ENDS),
            _ => return flaw(at, "the line ends within a string"),
        }
        if at > text.len() {
            return Err(ENDS);
        }
    }
}

/// Where the object or array at `at` ends.
fn nested(text: &[u8], mut at: usize) -> Result<usize, Flaw> {
    let mut depth = 0usize;
    loop {
        match text.get(at) {
            Some(b'"') => at = string(text, at + 1)?.0,
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') => depth -= 1,
            Some(_) => {}
            None => return Err(ENDS),
        }
        at += 1;
        if depth == 0 {
            return Ok(at);
        }
    }
}

/// Appends a JSON string's text with its escapes undone. What is no escape stays as it is; a lone surrogate becomes
/// U+FFFD.
pub(super) fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let mut taken = 2;
        match rest.as_bytes().get(at + 1) {
            Some(b'n') => out.push('\n'),
            Some(b't') => out.push('\t'),
            Some(b'r') => out.push('\r'),
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b @ (b'"' | b'\\' | b'/')) => out.push(char::from(*b)),
            Some(b'u') => match unicode(&rest[at..]) {
                Some((c, length)) => {
                    out.push(c);
                    taken = length;
                }
                None => out.push_str("\\u"),
            },
            _ => {
                out.push('\\');
                taken = 1;
            }
        }
        rest = &rest[at + taken..];
    }
    out.push_str(rest);
}

/// The character of the `\uXXXX` (or the pair of them) that `text` starts with, and its length.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        digits
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then(|| u32::from_str_radix(digits, 16).ok())?
    };
    let first = unit(0)?;
    if (0xD800..0xDC00).contains(&first)
        && let Some(second) = unit(6).filter(|s| (0xDC00..0xE000).contains(s))
    {
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(code)?, 12));
    }
    Some((char::from_u32(first).unwrap_or('\u{FFFD}'), 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Result<Vec<(String, String)>, &'static str> {
        let mut found = Vec::new();
        let end = object(text.as_bytes(), 0, &mut found).map_err(|f| f.what)?;
        assert_eq!(end, text.len(), "{text}");
        Ok(found
            .into_iter()
            .map(|m| {
                let mut value = String::new();
                unescape(&text[m.value.0..m.value.1], &mut value);
                (text[m.key.0..m.key.1].to_owned(), value)
            })
            .collect())
    }

    /// Held against `serde_json` on objects of texts.
    #[test]
    fn objects_read_as_serde_reads_them() {
        for text in [
            "{}",
            r#"{"a":"b"}"#,
            "{ \"a\" : \"b\" ,\n\t\"c(ms)\":\"\" }",
            r#"{"a":"x\"y\\","b":"\/\n\t\u00e9\ud83d\ude00\\"}"#,
        ] {
            let expected: std::collections::BTreeMap<String, String> =
                serde_json::from_str(text).unwrap();
            let found: std::collections::BTreeMap<String, String> =
                members(text).unwrap().into_iter().collect();
            assert_eq!(found, expected, "{text}");
        }
        let other = members(r#"{"n":1.5e3,"t":true,"o":{"x":["}"]},"z":null}"#).unwrap();
        assert_eq!(other[2].1, r#"{"x":["}"]}"#);
    }

    #[test]
    fn what_is_no_object_says_why() {
        for (text, why) in [
            ("{", "ends too early"),
            (r#"{"a"#, "ends too early"),
            (r#"{"a":"b""#, "ends too early"),
            (r#"{"a":"b\"#, "ends too early"),
            ("{\"a\":\"b\n\"}", "within a string"),
            (r#"{"a" "b"}"#, "colon"),
            (r#"{"a":"b" "c":"d"}"#, "comma"),
            (r#"{a:"b"}"#, "key in quotes"),
            (r#"{"a":}"#, "value is missing"),
            (r#"{"a":[1,2}"#, "ends too early"),
        ] {
            let found = members(text).unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}

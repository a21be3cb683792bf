//! JSON texts looked into where they stand: is it JSON, where is a member, what does a string say. Builds no value.

use std::ops::Range;

use crate::model::property::ValueKind;

/// Arrays and objects may be nested this deep, as in `serde_json`; deeper ones are refused, so no stack overflows.
pub const MAX_DEPTH: usize = 127;

/// One value in a text: where it stands (with its quotes), and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// Byte where it starts.
    pub start: usize,
    /// Byte after its end.
    pub end: usize,
    /// What it is; never [`ValueKind::Text`].
    pub kind: ValueKind,
}

impl Value {
    /// Where the value's text stands: of a string without its quotes, of `null` nothing.
    pub fn text(&self) -> Range<usize> {
        match self.kind {
            ValueKind::String => self.start + 1..self.end - 1,
            ValueKind::Null => self.start..self.start,
            _ => self.start..self.end,
        }
    }
}

/// The whole text as a value; `None` where it is no JSON (RFC 8259), or nested deeper than [`MAX_DEPTH`].
pub fn read(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let value = value(bytes, blank(bytes, 0), 0)?;
    (blank(bytes, value.end) == bytes.len()).then_some(value)
}

/// The value at a JSON pointer (RFC 6901) inside `whole`, which [`read`] gave for this text.
pub fn find(text: &str, whole: Value, pointer: &str) -> Option<Value> {
    let mut found = whole;
    for token in pointer.split('/').skip(1) {
        let mut wanted = None;
        match found.kind {
            ValueKind::Object => members(text, found, |key, value| {
                if wanted.is_none() && is_key(&text[key], token) {
                    wanted = Some(value);
                }
            }),
            ValueKind::Array => {
                let index = token.parse::<usize>().ok()?;
                let mut at = 0;
                items(text, found, |value| {
                    if at == index {
                        wanted = Some(value);
                    }
                    at += 1;
                });
            }
            _ => {}
        }
        found = wanted?;
    }
    Some(found)
}

/// Calls `found` with every member of an object: the range of its key without quotes, and its value.
pub fn members(text: &str, object: Value, mut found: impl FnMut(Range<usize>, Value)) {
    let bytes = text.as_bytes();
    let mut at = blank(bytes, object.start + 1);
    while bytes.get(at) == Some(&b'"') {
        let Some(key_end) = string(bytes, at) else {
            return;
        };
        let colon = blank(bytes, key_end);
        let Some(value) = value(bytes, blank(bytes, colon + 1), 0) else {
            return;
        };
        found(at + 1..key_end - 1, value);
        at = blank(bytes, value.end);
        if bytes.get(at) != Some(&b',') {
            return;
        }
        at = blank(bytes, at + 1);
    }
}

/// Calls `found` with every item of an array.
pub fn items(text: &str, array: Value, mut found: impl FnMut(Value)) {
    let bytes = text.as_bytes();
    let mut at = blank(bytes, array.start + 1);
    while at + 1 < array.end {
        let Some(value) = value(bytes, at, 0) else {
            return;
        };
        found(value);
        at = blank(bytes, value.end);
        if bytes.get(at) != Some(&b',') {
            return;
        }
        at = blank(bytes, at + 1);
    }
}

/// A key as it stands in the text is the one of that pointer token.
fn is_key(key: &str, token: &str) -> bool {
    if !key.contains('\\') && !token.contains('~') {
        return key == token;
    }
    let mut said = String::new();
    unescape(key, &mut said);
    said == token.replace("~1", "/").replace("~0", "~")
}

/// Appends what a JSON string says; `inner` is the text between its quotes. Half of a surrogate pair is U+FFFD.
pub fn unescape(inner: &str, out: &mut String) {
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        let mut taken = at + 2;
        match escape {
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'r' => out.push('\r'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let (said, more) = unicode(&rest[at..]);
                out.push(said);
                taken = at + more;
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// The character of the `\uXXXX` that `text` starts with (of the pair, where two make one), and how long it is.
fn unicode(text: &str) -> (char, usize) {
    let unit = |at: usize| {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(hex, 16).ok()
    };
    let first = unit(0).unwrap_or(0xFFFD);
    if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, unit(6)) {
        let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(joined).unwrap_or('\u{FFFD}'), 12);
    }
    (char::from_u32(first).unwrap_or('\u{FFFD}'), 6)
}

fn blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

fn value(bytes: &[u8], start: usize, depth: usize) -> Option<Value> {
    let word = |word: &[u8]| bytes[start..].starts_with(word).then(|| start + word.len());
    let (end, kind) = match bytes.get(start)? {
        b'{' => (object(bytes, start, depth + 1)?, ValueKind::Object),
        b'[' => (array(bytes, start, depth + 1)?, ValueKind::Array),
        b'"' => (string(bytes, start)?, ValueKind::String),
        b't' => (word(b"true")?, ValueKind::Boolean),
        b'f' => (word(b"false")?, ValueKind::Boolean),
        b'n' => (word(b"null")?, ValueKind::Null),
        _ => (number(bytes, start)?, ValueKind::Number),
    };
    Some(Value { start, end, kind })
}

fn object(bytes: &[u8], start: usize, depth: usize) -> Option<usize> {
    let mut at = blank(bytes, start + 1);
    if depth > MAX_DEPTH {
        return None;
    }
    if bytes.get(at) == Some(&b'}') {
        return Some(at + 1);
    }
    loop {
        let colon = blank(bytes, string(bytes, at)?);
        if bytes.get(colon) != Some(&b':') {
            return None;
        }
        let value = value(bytes, blank(bytes, colon + 1), depth)?;
        at = blank(bytes, value.end);
        match bytes.get(at)? {
            b',' => at = blank(bytes, at + 1),
            b'}' => return Some(at + 1),
            _ => return None,
        }
    }
}

fn array(bytes: &[u8], start: usize, depth: usize) -> Option<usize> {
    let mut at = blank(bytes, start + 1);
    if depth > MAX_DEPTH {
        return None;
    }
    if bytes.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        let value = value(bytes, at, depth)?;
        at = blank(bytes, value.end);
        match bytes.get(at)? {
            b',' => at = blank(bytes, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// The byte after a string's closing quote.
fn string(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match bytes.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' if bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => at += 6,
                _ => return None,
            },
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

fn number(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |from: usize| {
        let count = bytes[from.min(bytes.len())..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        (count > 0).then_some(from + count)
    };
    let whole = start + usize::from(bytes.get(start) == Some(&b'-'));
    let mut at = digits(whole)?;
    if bytes[whole] == b'0' && at > whole + 1 {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        at = digits(at + 1 + usize::from(sign))?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pointer_finds_what_it_names() {
        let text = r#" {"a": {"b/c": [1, "x\u00e9\ud83d\ude00\n", null], "d": true}, "e~": {}} "#;
        let whole = read(text).unwrap();
        let at = |pointer: &str| {
            find(text, whole, pointer).map(|v| {
                let mut said = String::new();
                unescape(&text[v.text()], &mut said);
                (said, v.kind)
            })
        };
        assert_eq!(at("/a/b~1c/1"), Some(("xé😀\n".into(), ValueKind::String)));
        assert_eq!(at("/a/b~1c/2"), Some((String::new(), ValueKind::Null)));
        assert_eq!(at("/a/b~1c/0"), Some(("1".into(), ValueKind::Number)));
        assert_eq!(at("/a/d"), Some(("true".into(), ValueKind::Boolean)));
        assert_eq!(at("/e~0"), Some(("{}".into(), ValueKind::Object)));
        assert_eq!(
            (at("/a/x"), at("/a/d/x"), at("/a/b~1c/9")),
            (None, None, None)
        );
        assert_eq!(at("").unwrap().1, ValueKind::Object);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(MAX_DEPTH)).is_some());
        assert!(read(&nested(MAX_DEPTH + 1)).is_none());
        assert!(read(&nested(MAX_DEPTH + 1).replace('1', "")).is_none());
        assert!(read(&nested(10_000)).is_none());
        assert!(read(&"{\"a\":".repeat(100_000)).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn it_takes_what_serde_json_takes(
            text in r#"([\[\]{},: ]|"[a\\n"u0]{0,3}"|"a"|-?[0-9.eE+-]{1,5}|true|null|fals|"k":|\PC){0,14}"#
        ) {
            let ours = read(&text).is_some();
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(ours, theirs, "{}", text);
        }

        #[test]
        fn strings_say_what_serde_json_says(said in "\\PC{0,12}", unit in 0_u16..=0xFFFF) {
            let written = serde_json::to_string(&format!("{said}\t")).unwrap();
            let mut ours = String::new();
            unescape(&written[1..written.len() - 1], &mut ours);
            prop_assert_eq!(ours, format!("{said}\t"));
            let mut one = String::new();
            unescape(&format!("\\u{unit:04x}"), &mut one);
            prop_assert_eq!(one, char::from_u32(unit.into()).unwrap_or('\u{FFFD}').to_string());
        }
    }
}

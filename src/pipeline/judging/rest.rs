//! Properties without a column, as one JSON object: of texts, and of what came out of JSON payloads as it was there.

use crate::model::{Properties, ValueKind};

/// Writes the pairs at `positions` to `out` (cleared first) as a JSON object; nothing at all where there is none.
pub(super) fn write(
    properties: &Properties<'_>,
    positions: impl Iterator<Item = usize>,
    out: &mut String,
) {
    out.clear();
    for i in positions {
        out.push(if out.is_empty() { '{' } else { ',' });
        write_text(properties.key(i), out);
        out.push(':');
        match properties.get(i).kind {
            ValueKind::Text | ValueKind::String => write_text(properties.value(i), out),
            ValueKind::Null => out.push_str("null"),
            _ => out.push_str(properties.value(i)),
        }
    }
    if !out.is_empty() {
        out.push('}');
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, b) in text.bytes().enumerate() {
        if b >= 0x20 && b != b'"' && b != b'\\' {
            continue;
        }
        // Only ASCII is escaped, so both ends are character boundaries.
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        escape(b, out);
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

fn escape(b: u8, out: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    match b {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        other => {
            out.push_str("\\u00");
            out.push(DIGITS[usize::from(other >> 4)]);
            out.push(DIGITS[usize::from(other & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::split_query;
    use crate::model::PropertyScratch;

    #[test]
    fn is_json_whatever_the_text() {
        let query = "a=%2522x%255C%250A%2501&%22=%C3%A9&flag";
        let mut scratch = PropertyScratch::default();
        split_query(query, &mut scratch);
        let mut out = String::new();
        write(&scratch.view(query), 0..3, &mut out);
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"a": "\"x\\\n\u{1}", "\"": "é", "flag": ""})
        );
        write(&scratch.view(query), 0..0, &mut out);
        assert_eq!(out, "");
    }
}

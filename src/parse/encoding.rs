//! The log's own layer of percent-encoding, and one layer of URL-encoding.
//!
//! # Source
//! Every text value in a standard log carries one percent-encoding layer added by `CloudFront`, `%` itself becoming
//! `%25`. The rule that is right for every era of the logs works on the value, not on the date: `%25` followed by two hex digits loses its
//! `25`, once, without overlap; a lone `%25` stays (Snowplow's `singleEncodePcts`).

use crate::model::lanes;

/// Value of a hex digit.
const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Takes the log's layer off `raw`, appending to `out`.
pub fn undo_log_layer(raw: &str, out: &mut String) {
    let bytes = raw.as_bytes();
    let is_hex = |at: usize| bytes.get(at).copied().and_then(hex).is_some();
    let mut done = 0;
    lanes::each(bytes, b'%', |at| {
        // `done` is past the `25` of the escape before, whose `%` stays: no layer comes off twice.
        if at >= done && bytes[at + 1..].starts_with(b"25") && is_hex(at + 3) && is_hex(at + 4) {
            // Up to and with the `%`; the `25` is left out; the two digits follow with the next piece.
            out.push_str(&raw[done..=at]);
            done = at + 3;
        }
    });
    out.push_str(&raw[done..]);
}

/// Decodes one layer of percent-encoding; what is no escape stays as it is, bytes that are not UTF-8 become U+FFFD.
pub fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escape = match (
            bytes[i],
            bytes.get(i + 1).copied().and_then(hex),
            bytes.get(i + 2).copied().and_then(hex),
        ) {
            (b'%', Some(high), Some(low)) => Some(high << 4 | low),
            _ => None,
        };
        out.push(escape.unwrap_or(bytes[i]));
        i += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// What the viewer sent as a header: the log's layer off, then one percent-decode (facts of the user-agent column).
pub fn decode_header(raw: &str) -> String {
    let mut once = String::with_capacity(raw.len());
    undo_log_layer(raw, &mut once);
    percent_decode(&once)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(raw: &str) -> String {
        let mut out = String::new();
        undo_log_layer(raw, &mut out);
        out
    }

    #[test]
    fn the_log_layer_comes_off_once() {
        for (raw, sent) in [
            ("a%2520b", "a%20b"),
            ("a%20b", "a%20b"),
            ("70%25%20Complete", "70%25%20Complete"),
            ("%252520", "%2520"),
            ("Analytics%25", "Analytics%25"),
            ("%2588", "%88"),
            ("app=%257B%2522a%2522%257D", "app=%7B%22a%22%7D"),
            ("%25zz%25E", "%25zz%25E"),
            ("", ""),
            ("%", "%"),
        ] {
            assert_eq!(undone(raw), sent, "{raw}");
        }
    }

    #[test]
    fn a_user_agent_of_either_era_reads_the_same() {
        assert_eq!(decode_header("Mozilla/5.0%20(X11)"), "Mozilla/5.0 (X11)");
        assert_eq!(decode_header("Mozilla/5.0%2520(X11)"), "Mozilla/5.0 (X11)");
        assert_eq!(decode_header("%E2%80%AE%zz%"), "\u{202E}%zz%");
        assert_eq!(decode_header("%FF"), "\u{FFFD}");
    }
}

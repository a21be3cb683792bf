//! The query of one record, cut and decoded in one pass.
//!
//! `CloudFront` encodes what the viewer sent once more (its log layer). Undoing that layer, splitting on `&` and `=`,
//! and URL-decoding are three passes by definition; they are one here, because `&` and `=` are never encoded by
//! `CloudFront` and un-encoding never creates them: see [`decode_into`].

use memchr::memchr;

use crate::model::PropertyScratch;
use crate::model::lanes::{finds, gather, lanes, misses, word};
use crate::model::property::{Piece, Spare};

/// What decoding met on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flaws {
    /// A `%` that is no escape; it was kept (D301).
    pub bad_escape: bool,
    /// Bytes that are not UTF-8; U+FFFD stands for them (D302).
    pub bad_utf8: bool,
}

/// What a byte means to a query.
const PLAIN: u8 = 0;
/// `%` and `+`: the text has to be decoded.
const ENCODED: u8 = 1;
const EQUALS: u8 = 2;
const AMPERSAND: u8 = 3;

const MEANING: [u8; 256] = {
    let mut table = [PLAIN; 256];
    table[b'%' as usize] = ENCODED;
    table[b'+' as usize] = ENCODED;
    table[b'=' as usize] = EQUALS;
    table[b'&' as usize] = AMPERSAND;
    table
};

/// One part of a query while it is read.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    start: usize,
    /// Where the first `=` is.
    equals: Option<usize>,
    /// How many of the part's `%` and `+` stand before it.
    encoded_in_key: usize,
}

/// Cuts a query as logged into decoded properties: on `&` (empty parts are skipped) and on the first `=` of a part.
///
/// The scratch is cleared first. Texts without `%` and `+` are ranges of `query`, not copies. Never fails.
pub fn split_query(query: &str, scratch: &mut PropertyScratch) {
    scratch.clear();
    let mut spare = scratch.take_spare();
    spare.encoded.clear();
    let bytes = query.as_bytes();
    let mut part = Part::default();
    let mut meet = |at: usize, b: u8| match MEANING[usize::from(b)] {
        AMPERSAND => {
            push_part(query, part, at, &mut spare, scratch);
            part = Part {
                start: at + 1,
                ..Part::default()
            };
        }
        EQUALS if part.equals.is_none() => {
            part.equals = Some(at);
            part.encoded_in_key = spare.encoded.len();
        }
        ENCODED => spare.encoded.push(at as u32),
        _ => {}
    };
    // A mask of 64 bytes at a time: walking the delimiters of eight at a time mispredicts the end of every walk.
    let mut blocks = bytes.chunks_exact(64);
    let mut base = 0;
    for block in &mut blocks {
        let mut mask = 0;
        for (i, eight) in block.chunks_exact(8).enumerate() {
            mask |= delimiters(word(eight)) << (8 * i);
        }
        while mask != 0 {
            let at = base + mask.trailing_zeros() as usize;
            meet(at, bytes[at]);
            mask &= mask - 1;
        }
        base += 64;
    }
    let mut words = blocks.remainder().chunks_exact(8);
    for eight in &mut words {
        let mut mask = delimiters(word(eight));
        while mask != 0 {
            let at = base + mask.trailing_zeros() as usize;
            meet(at, bytes[at]);
            mask &= mask - 1;
        }
        base += 8;
    }
    for (i, b) in words.remainder().iter().enumerate() {
        meet(base + i, *b);
    }
    push_part(query, part, bytes.len(), &mut spare, scratch);
    scratch.give_spare(spare);
}

/// One bit for each of eight bytes that is none of [`PLAIN`], the first byte lowest.
#[inline]
fn delimiters(x: u64) -> u64 {
    let missed = misses(x ^ lanes(b'&'))
        & misses(x ^ lanes(b'='))
        & misses(x ^ lanes(b'%'))
        & misses(x ^ lanes(b'+'));
    gather(finds(missed))
}

#[inline]
fn push_part(
    query: &str,
    part: Part,
    end: usize,
    spare: &mut Spare,
    scratch: &mut PropertyScratch,
) {
    if end == part.start {
        return;
    }
    let (key_end, value_start) = part.equals.map_or((end, end), |at| (at, at + 1));
    let (key, value) = ((part.start, key_end), (value_start, end));
    if spare.encoded.is_empty() {
        scratch.push(
            Piece::Raw(key.0, key.1),
            Piece::Raw(value.0, value.1),
            value,
            false,
            false,
        );
        return;
    }
    push_encoded(query, part, (key, value), spare, scratch);
    spare.encoded.clear();
}

/// A part with something to decode.
fn push_encoded(
    query: &str,
    part: Part,
    (key, value): ((usize, usize), (usize, usize)),
    spare: &mut Spare,
    scratch: &mut PropertyScratch,
) {
    let mut flaws = Flaws::default();
    let in_key = part
        .equals
        .map_or(spare.encoded.len(), |_| part.encoded_in_key);
    let (of_key, of_value) = spare.encoded.split_at(in_key);
    let mut take = |range: (usize, usize), encoded: &[u32]| {
        if encoded.is_empty() {
            Piece::Raw(range.0, range.1)
        } else {
            decode(query, range, encoded, &mut spare.bytes, scratch, &mut flaws)
        }
    };
    let k = take(key, of_key);
    let v = take(value, of_value);
    scratch.push(k, v, value, flaws.bad_escape, flaws.bad_utf8);
}

/// Decodes a range of the query into the scratch; `encoded` are the positions of its `%` and `+`.
fn decode(
    query: &str,
    range: (usize, usize),
    encoded: &[u32],
    spare: &mut Vec<u8>,
    scratch: &mut PropertyScratch,
    flaws: &mut Flaws,
) -> Piece {
    let start = scratch.decoded().len();
    if let Some(bad_escape) = decode_text(query, range, encoded, scratch.decoded()) {
        flaws.bad_escape |= bad_escape;
        return Piece::Appended(start, scratch.decoded().len());
    }
    let out = scratch.decoded();
    out.truncate(start);
    spare.clear();
    flaws.bad_escape |= decode_into(&query.as_bytes()[range.0..range.1], spare);
    match std::str::from_utf8(spare) {
        Ok(text) => out.push_str(text),
        Err(_) => {
            flaws.bad_utf8 = true;
            out.push_str(&String::from_utf8_lossy(spare));
        }
    }
    Piece::Appended(start, out.len())
}

/// [`decode_into`] for the usual case that what the escapes give is UTF-8: nothing is copied twice. `None` where it is
/// not; `out` then holds a part.
fn decode_text(
    query: &str,
    (start, end): (usize, usize),
    encoded: &[u32],
    out: &mut String,
) -> Option<bool> {
    let bytes = &query.as_bytes()[..end];
    let mut bad_escape = false;
    let mut plain_from = start;
    out.reserve(end - start);
    for &at in encoded {
        let at = at as usize;
        // A character of several bytes takes several escapes at once.
        if at < plain_from {
            continue;
        }
        out.push_str(&query[plain_from..at]);
        let (byte, taken) = self::encoded(&bytes[at..], &mut bad_escape);
        plain_from = at
            + if byte.is_ascii() {
                out.push(char::from(byte));
                taken
            } else {
                push_char(&bytes[at..], out)?
            };
    }
    out.push_str(&query[plain_from..end]);
    Some(bad_escape)
}

/// Appends the character that the escapes at the start of `text` spell, and says how many bytes they took.
fn push_char(text: &[u8], out: &mut String) -> Option<usize> {
    let (first, mut taken) = escape(text)?;
    let length = match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let mut bytes = [first, 0, 0, 0];
    for byte in &mut bytes[1..length] {
        let rest = text
            .get(taken..)
            .filter(|rest| rest.first() == Some(&b'%'))?;
        let (next, more) = escape(rest)?;
        *byte = next;
        taken += more;
    }
    out.push_str(std::str::from_utf8(&bytes[..length]).ok()?);
    Some(taken)
}

/// The byte that a `+` or `%` at the start of `text` stands for, and how many bytes it took.
#[inline]
fn encoded(text: &[u8], bad_escape: &mut bool) -> (u8, usize) {
    if text[0] == b'+' {
        return (b' ', 1);
    }
    escape(text).unwrap_or_else(|| {
        *bad_escape = true;
        (b'%', 1)
    })
}

/// Undoes the log's layer and URL-encoding in one pass: appends to `out`, and says whether a `%` was no escape.
///
/// `%25` and two hex digits is the byte of those digits (the log layer gives `%` and the digits, URL-decoding the
/// byte); `%` and two hex digits is that byte; `+` is a space; any other `%` stays as it is.
///
/// # Source
/// Snowplow's `singleEncodePcts`, followed by `application/x-www-form-urlencoded`.
pub fn decode_into(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bad_escape = false;
    let (mut at, mut plain_from) = (0, 0);
    while at < text.len() {
        if MEANING[usize::from(text[at])] != ENCODED {
            at += 1;
            continue;
        }
        out.extend_from_slice(&text[plain_from..at]);
        let (byte, taken) = encoded(&text[at..], &mut bad_escape);
        out.push(byte);
        at += taken;
        plain_from = at;
    }
    out.extend_from_slice(&text[plain_from..]);
    bad_escape
}

/// The byte of the escape that `text` starts with, and how many bytes it took.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    if text.get(1..3) == Some(b"25")
        && let Some(byte) = hex_pair(text, 3)
    {
        return Some((byte, 5));
    }
    hex_pair(text, 1).map(|byte| (byte, 3))
}

fn hex_pair(text: &[u8], at: usize) -> Option<u8> {
    let pair = text.get(at..at + 2)?;
    Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?)
}

const fn hex_digit(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        b'A'..=b'F' => Some(b - b'A' + 10),
        _ => None,
    }
}

/// Bytes of a text once the log's layer is undone: what the viewer sent, which is what `CloudFront` limits.
pub fn undone_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut len, mut at) = (bytes.len(), 0);
    while let Some(found) = memchr(b'%', &bytes[at..]) {
        at += found + 1;
        if bytes.get(at..at + 2) == Some(b"25") && hex_pair(bytes, at + 2).is_some() {
            len -= 2;
            at += 4;
        }
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(query: &str) -> Vec<(String, String, bool, bool)> {
        let mut scratch = PropertyScratch::default();
        split_query(query, &mut scratch);
        let p = scratch.view(query);
        let row = |i: usize| {
            (
                p.key(i).to_owned(),
                p.value(i).to_owned(),
                p.get(i).bad_escape,
                p.get(i).bad_utf8,
            )
        };
        (0..p.len()).map(row).collect()
    }

    fn plain(pairs: &[(&str, &str)]) -> Vec<(String, String, bool, bool)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into(), false, false))
            .collect()
    }

    #[test]
    fn parts_and_first_equals() {
        assert_eq!(
            split("&e=pv&&u=a=b&flag&x="),
            plain(&[("e", "pv"), ("u", "a=b"), ("flag", ""), ("x", "")])
        );
        assert_eq!(split(""), vec![]);
    }

    #[test]
    fn both_layers_come_off_at_once() {
        assert_eq!(
            split("p=a%2520b+c&k%255B0%255D=1"),
            plain(&[("p", "a b c"), ("k[0]", "1")])
        );
        assert_eq!(split("a=1%2526b%253D2"), plain(&[("a", "1&b=2")]));
        assert_eq!(
            split("app=%257B%2522a%2522%257D"),
            plain(&[("app", "{\"a\"}")])
        );
        assert_eq!(
            split("t=Loading+-+70%25+Complete"),
            plain(&[("t", "Loading - 70% Complete")])
        );
        assert_eq!(
            split("page=Introduction%20-%20Snowplow%20Analytics%25"),
            plain(&[("page", "Introduction - Snowplow Analytics%")])
        );
    }

    #[test]
    fn flaws_are_told() {
        assert_eq!(
            split("x=100%&y=%zz"),
            vec![
                ("x".into(), "100%".into(), true, false),
                ("y".into(), "%zz".into(), true, false)
            ]
        );
        assert_eq!(
            split("x=%2588"),
            vec![("x".into(), "\u{FFFD}".into(), false, true)]
        );
    }

    #[test]
    fn length_of_what_the_viewer_sent() {
        assert_eq!(undone_len("a%2520b"), 5);
        assert_eq!(undone_len("a%25zz%20%"), 10);
    }
}

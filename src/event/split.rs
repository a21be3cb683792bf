//! The query of one record, cut and decoded in one pass.
//!
//! `CloudFront` encodes what the viewer sent once more (its log layer). Undoing that layer, splitting on `&` and `=`,
//! and URL-decoding are three passes by definition; they are one here, because `&` and `=` are never encoded by
//! `CloudFront` and un-encoding never creates them: see [`decode_into`].

use memchr::memchr;

use crate::model::PropertyScratch;
use crate::model::lanes::mask;
use crate::model::property::{Piece, Spare};

/// What decoding met on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flaws {
    /// A `%` that is no escape; it was kept (D301).
    pub bad_escape: bool,
    /// Bytes that are not UTF-8; U+FFFD stands for them (D302).
    pub bad_utf8: bool,
}

/// One part of a query while it is read.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    start: usize,
    /// Where the first `=` is.
    equals: Option<usize>,
}

/// Which of 64 bytes mean something to a query: a bit each.
#[derive(Debug, Clone, Copy)]
struct Marks {
    ampersands: u64,
    equals: u64,
    /// `%` and `+`: the text has to be decoded.
    encoded: u64,
}

impl Marks {
    fn of(block: &[u8; 64]) -> Self {
        Self {
            ampersands: mask(block, |b| b == b'&'),
            equals: mask(block, |b| b == b'='),
            encoded: mask(block, is_encoded),
        }
    }
}

#[inline]
const fn is_encoded(b: u8) -> bool {
    b == b'%' || b == b'+'
}

/// Cuts a query as logged into decoded properties: on `&` (empty parts are skipped) and on the first `=` of a part.
///
/// The scratch is cleared first. Texts without `%` and `+` are ranges of `query`, not copies. Never fails.
pub fn split_query(query: &str, scratch: &mut PropertyScratch) {
    scratch.clear();
    let mut spare = scratch.take_spare();
    spare.encoded.clear();
    let mut part = Part::default();
    let mut padded = [0; 64];
    let (mut rest, mut base, mut is_last) = (query.as_bytes(), 0, false);
    while !is_last {
        let block = if let Some((block, more)) = rest.split_first_chunk::<64>() {
            rest = more;
            block
        } else {
            // The end of the query ends its last part, as `&` does the others.
            padded[..rest.len()].copy_from_slice(rest);
            padded[rest.len()] = b'&';
            is_last = true;
            &padded
        };
        let mut marks = Marks::of(block);
        // From `&` to `&`; what stands between two is found in the masks at once.
        loop {
            let end = marks.ampersands & marks.ampersands.wrapping_neg();
            // All bits below the end of the part; all there are, where it does not end here.
            let within = end.wrapping_sub(1);
            let equals = marks.equals & within;
            if equals != 0 && part.equals.is_none() {
                part.equals = Some(base + equals.trailing_zeros() as usize);
            }
            let mut encoded = marks.encoded & within;
            while encoded != 0 {
                let at = base + encoded.trailing_zeros() as usize;
                spare.encoded.push(at as u32);
                encoded &= encoded - 1;
            }
            if end == 0 {
                break;
            }
            let at = base + end.trailing_zeros() as usize;
            push_part(query, part, at, &mut spare, scratch);
            part = Part {
                start: at + 1,
                equals: None,
            };
            marks.ampersands ^= end;
            marks.equals &= !within;
            marks.encoded &= !within;
        }
        base += 64;
    }
    scratch.give_spare(spare);
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
    push_encoded(query, (key, value), spare, scratch);
    spare.encoded.clear();
}

/// A part with something to decode.
fn push_encoded(
    query: &str,
    (key, value): ((usize, usize), (usize, usize)),
    spare: &mut Spare,
    scratch: &mut PropertyScratch,
) {
    let mut flaws = Flaws::default();
    let in_key = spare.encoded.partition_point(|at| (*at as usize) < key.1);
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
///
/// As long as every escape stands for an ASCII character, what comes out is text as what went in is.
fn decode(
    query: &str,
    (start, end): (usize, usize),
    encoded: &[u32],
    spare: &mut Vec<u8>,
    scratch: &mut PropertyScratch,
    flaws: &mut Flaws,
) -> Piece {
    let bytes = &query.as_bytes()[..end];
    let mut unlayered = false;
    let out = scratch.decoded();
    let out_start = out.len();
    let mut plain_from = start;
    for &at in encoded {
        let at = at as usize;
        let (byte, taken) = self::encoded(&bytes[at..], &mut flaws.bad_escape);
        if !byte.is_ascii() {
            out.truncate(out_start);
            return decode_bytes(query, (start, end), encoded, spare, scratch, flaws);
        }
        out.push_str(&query[plain_from..at]);
        out.push(char::from(byte));
        unlayered |= taken == UNLAYERED_BYTES;
        plain_from = at + taken;
    }
    out.push_str(&query[plain_from..end]);
    let out_end = out.len();
    if unlayered {
        scratch.set_unlayered();
    }
    Piece::Appended(out_start, out_end)
}

/// The same for escapes of any bytes, which may be no UTF-8 together.
fn decode_bytes(
    query: &str,
    (start, end): (usize, usize),
    encoded: &[u32],
    spare: &mut Vec<u8>,
    scratch: &mut PropertyScratch,
    flaws: &mut Flaws,
) -> Piece {
    spare.clear();
    let bytes = &query.as_bytes()[..end];
    let mut plain_from = start;
    let mut unlayered = false;
    for &at in encoded {
        let at = at as usize;
        spare.extend_from_slice(&bytes[plain_from..at]);
        let (byte, taken) = self::encoded(&bytes[at..], &mut flaws.bad_escape);
        spare.push(byte);
        unlayered |= taken == UNLAYERED_BYTES;
        plain_from = at + taken;
    }
    spare.extend_from_slice(&bytes[plain_from..]);
    if unlayered {
        scratch.set_unlayered();
    }
    let out = scratch.decoded();
    let start = out.len();
    match std::str::from_utf8(spare) {
        Ok(text) => out.push_str(text),
        Err(_) => {
            flaws.bad_utf8 = true;
            out.push_str(&String::from_utf8_lossy(spare));
        }
    }
    Piece::Appended(start, out.len())
}

/// Length of `%20`; `%2520` has five bytes, `+` and a `%` that is no escape one.
const UNLAYERED_BYTES: usize = 3;

/// The byte that a `+` or `%` at the start of `text` stands for, and how many bytes it took.
#[inline]
fn encoded(text: &[u8], bad_escape: &mut bool) -> (u8, usize) {
    // As a viewer's `%` is logged.
    if let Some([b'%', b'2', b'5', high, low]) = text.first_chunk::<5>()
        && let Some(byte) = hex(*high, *low)
    {
        return (byte, 5);
    }
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
        if !is_encoded(text[at]) {
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

#[inline]
fn hex_pair(text: &[u8], at: usize) -> Option<u8> {
    let pair = text.get(at..at + 2)?;
    hex(pair[0], pair[1])
}

#[inline]
fn hex(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (DIGITS[usize::from(high)], DIGITS[usize::from(low)]);
    ((high | low) < 16).then_some(high << 4 | low)
}

/// The value of each hex digit; 255 for every other byte.
const DIGITS: [u8; 256] = {
    let mut table = [255; 256];
    let mut n = 0;
    while n < 16 {
        table[b"0123456789abcdef"[n] as usize] = n as u8;
        table[b"0123456789ABCDEF"[n] as usize] = n as u8;
        n += 1;
    }
    table
};

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

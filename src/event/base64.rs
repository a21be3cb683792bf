//! base64 as pixels carry it: either alphabet, padded or not, and `+` that a query turned into a space.

const NO_DIGIT: u8 = 64;

const DIGITS: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut i = 0;
    while i < 26 {
        table[b'A' as usize + i] = i as u8;
        table[b'a' as usize + i] = 26 + i as u8;
        i += 1;
    }
    let mut i = 0;
    while i < 10 {
        table[b'0' as usize + i] = 52 + i as u8;
        i += 1;
    }
    table[b'+' as usize] = 62;
    table[b'-' as usize] = 62;
    table[b' ' as usize] = 62;
    table[b'/' as usize] = 63;
    table[b'_' as usize] = 63;
    table
};

/// Appends the bytes that `text` stands for to `out`; false where it is no base64 (`out` then holds a part).
///
/// `=` may stand at the end or not. Bits left over in the last digit are not looked at.
pub fn decode(text: &str, out: &mut Vec<u8>) -> bool {
    let digits = text.trim_end_matches('=').as_bytes();
    out.reserve(digits.len() / 4 * 3 + 2);
    let mut groups = digits.chunks_exact(4);
    for group in &mut groups {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| DIGITS[usize::from(group[i])]);
        if (a | b | c | d) & NO_DIGIT != 0 {
            return false;
        }
        out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
    }
    let rest = groups.remainder();
    let digit = |i: usize| rest.get(i).map_or(0, |b| DIGITS[usize::from(*b)]);
    let (a, b, c) = (digit(0), digit(1), digit(2));
    if rest.len() == 1 || (a | b | c) & NO_DIGIT != 0 {
        return false;
    }
    let bytes = [a << 2 | b >> 4, b << 4 | c >> 2];
    out.extend_from_slice(&bytes[..rest.len().saturating_sub(1)]);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut out = vec![];
        decode(text, &mut out).then_some(out)
    }

    #[test]
    fn every_way_of_writing_it_gives_the_same_bytes() {
        for len in 0..70_usize {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 37 + len * 101 + 190) as u8).collect();
            for text in [
                STANDARD.encode(&bytes),
                STANDARD_NO_PAD.encode(&bytes),
                URL_SAFE.encode(&bytes),
                URL_SAFE_NO_PAD.encode(&bytes),
                STANDARD.encode(&bytes).replace('+', " "),
            ] {
                assert_eq!(decoded(&text).as_ref(), Some(&bytes), "{text:?}");
            }
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["a", "abcde", "ab.c", "ab=c", "abc%", "é", "ab\ncd", "===="] {
            assert_eq!(
                decoded(text),
                if text == "====" { Some(vec![]) } else { None },
                "{text:?}"
            );
        }
    }
}

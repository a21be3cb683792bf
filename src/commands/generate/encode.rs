//! Text as it stands in a log: numbers, ids, and the two layers of percent-encoding.

use fastrand::Rng;

const HEX: &[u8; 16] = b"0123456789abcdef";
const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bytes that `CloudFront` writes as `%XX`, besides controls, space, 127 and everything above.
///
/// # Source
/// Amazon `CloudFront` Developer Guide, "Configure and use standard logs", on the encoding of values.
const CLOUDFRONT_SET: &[u8] = b"<>\"#%{}|\\^~[]`'";

/// Appends `text` as a browser sends it in a query (`encodeURIComponent`), then as `CloudFront` logs that:
/// `a b` becomes `a%2520b`.
pub fn query_value(out: &mut Vec<u8>, text: &str) {
    for &byte in text.as_bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'!'
            | b'*'
            | b'('
            | b')' => out.push(byte),
            b'~' | b'\'' => percent(out, byte),
            _ => {
                out.extend_from_slice(b"%25");
                out.extend_from_slice(&[
                    UPPER_HEX[(byte >> 4) as usize],
                    UPPER_HEX[(byte & 15) as usize],
                ]);
            }
        }
    }
}

/// As [`query_value`], with `+` for a space, as forms and `URLSearchParams` send it.
pub fn form_value(out: &mut Vec<u8>, text: &str) {
    for (i, word) in text.split(' ').enumerate() {
        if i > 0 {
            out.push(b'+');
        }
        query_value(out, word);
    }
}

/// Appends what a client sent as `CloudFront` logs it: `a b` becomes `a%20b`.
pub fn logged(out: &mut Vec<u8>, sent: &str) {
    for &byte in sent.as_bytes() {
        if byte <= 32 || byte >= 127 || CLOUDFRONT_SET.contains(&byte) {
            percent(out, byte);
        } else {
            out.push(byte);
        }
    }
}

fn percent(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&[
        b'%',
        UPPER_HEX[(byte >> 4) as usize],
        UPPER_HEX[(byte & 15) as usize],
    ]);
}

/// Appends a whole number.
pub fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends thousandths with three decimals: `12` becomes `0.012`.
pub fn thousandths(out: &mut Vec<u8>, value: u64) {
    number(out, value / 1000);
    let rest = value % 1000;
    out.extend_from_slice(&[
        b'.',
        b'0' + (rest / 100) as u8,
        b'0' + (rest / 10 % 10) as u8,
        b'0' + (rest % 10) as u8,
    ]);
}

/// Appends hundredths with two decimals: `1250` becomes `12.50`.
pub fn hundredths(out: &mut Vec<u8>, value: u64) {
    number(out, value / 100);
    out.push(b'.');
    two_digits(out, (value % 100) as u32);
}

/// Appends a number below 100 as two digits.
pub fn two_digits(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&[b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8]);
}

/// Appends the lowest `digits` hex digits of a value.
pub fn hex(out: &mut Vec<u8>, value: u64, digits: u32) {
    out.extend(
        (0..digits)
            .rev()
            .map(|i| HEX[(value >> (4 * i) & 15) as usize]),
    );
}

/// Appends a random UUID (version 4).
pub fn uuid(out: &mut Vec<u8>, rng: &mut Rng) {
    let (high, low) = (rng.u64(..), rng.u64(..));
    hex(out, high >> 32, 8);
    out.push(b'-');
    hex(out, high >> 16, 4);
    out.extend_from_slice(b"-4");
    hex(out, high, 3);
    out.push(b'-');
    hex(out, 0x8000 | (low >> 48 & 0x3FFF), 4);
    out.push(b'-');
    hex(out, low, 12);
}

/// Appends a request id as `CloudFront` makes them: forty bytes in base64url, so 54 characters and `==`.
pub fn request_id(out: &mut Vec<u8>, rng: &mut Rng) {
    let mut id = [b'='; 56];
    for nine in id[..54].chunks_exact_mut(9) {
        let mut bits = rng.u64(..);
        for character in nine {
            *character = BASE64_URL[(bits & 63) as usize];
            bits >>= 6;
        }
    }
    // Two bits are left for the last character.
    id[53] = b"AQgw"[rng.usize(..4)];
    out.extend_from_slice(&id);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = vec![];
        f(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_value_gets_the_browsers_layer_and_then_the_logs() {
        assert_eq!(
            written(|o| query_value(o, "a b/ü~'")),
            "a%2520b%252F%25C3%25BC%7E%27"
        );
        assert_eq!(written(|o| form_value(o, "a b+c")), "a+b%252Bc");
        assert_eq!(
            written(|o| logged(o, "Mozilla/5.0 (X)?a=%20")),
            "Mozilla/5.0%20(X)?a=%2520"
        );
    }

    #[test]
    fn numbers_keep_their_zeros() {
        assert_eq!(written(|o| number(o, 0)), "0");
        assert_eq!(written(|o| thousandths(o, 7)), "0.007");
        assert_eq!(written(|o| hundredths(o, 1205)), "12.05");
    }

    #[test]
    fn ids_have_their_shape() {
        let mut rng = Rng::with_seed(1);
        let uuid = written(|o| uuid(o, &mut rng));
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        let id = written(|o| request_id(o, &mut rng));
        assert!(id.len() == 56 && id.ends_with("=="));
    }
}

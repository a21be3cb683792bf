//! Texts that are numbers, by `contracts.md`'s grammar and JSON's.

/// An `integer`: `-?(0|[1-9][0-9]{0,18})` within i64.
pub fn parse_integer(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits = if bytes.first() == Some(&b'-') {
        &bytes[1..]
    } else {
        bytes
    };
    if digits.is_empty() || digits.len() > 19 || (digits[0] == b'0' && digits.len() > 1) {
        return None;
    }
    let mut value = 0u64;
    for b in digits {
        if !b.is_ascii_digit() {
            return None;
        }
        // 19 digits are below 10^19 < 2^64.
        value = value * 10 + u64::from(b - b'0');
    }
    if digits.len() == bytes.len() {
        i64::try_from(value).ok()
    } else {
        0i64.checked_sub_unsigned(value)
    }
}

/// A `number`: JSON's grammar, finite.
pub fn parse_number(text: &str) -> Option<f64> {
    let plain = read_plain(text.as_bytes())?;
    match plain {
        // Mantissa and power of ten are exact as f64, so their quotient is the nearest one.
        Plain::Short { mantissa, fraction } => Some(mantissa as f64 / POWERS_OF_TEN[fraction]),
        Plain::Long => text.parse::<f64>().ok().filter(|v| v.is_finite()),
    }
}

/// A text that is a number by JSON's grammar.
enum Plain {
    /// `-?digits(.digits)?` of at most 15 digits.
    Short { mantissa: i64, fraction: usize },
    /// Any other, for the slow way.
    Long,
}

const POWERS_OF_TEN: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

fn read_plain(text: &[u8]) -> Option<Plain> {
    let negative = text.first() == Some(&b'-');
    let (mut mantissa, mut at) = (0i64, usize::from(negative));
    let whole = take_digits(text, &mut at, &mut mantissa);
    if whole == 0 || (whole > 1 && text[at - whole] == b'0') {
        return None;
    }
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        at += 1;
        fraction = take_digits(text, &mut at, &mut mantissa);
        if fraction == 0 {
            return None;
        }
    }
    let exponent = matches!(text.get(at), Some(b'e' | b'E'));
    if exponent {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        if take_digits(text, &mut at, &mut 0) == 0 {
            return None;
        }
    }
    if at != text.len() {
        return None;
    }
    // `-0` is a float of its own.
    let long = exponent || whole + fraction > 15 || (negative && mantissa == 0);
    let mantissa = if negative { -mantissa } else { mantissa };
    Some(if long {
        Plain::Long
    } else {
        Plain::Short { mantissa, fraction }
    })
}

/// Reads digits at `at` into `value`, which stops meaning anything after 15 of them; how many there were.
#[inline]
fn take_digits(text: &[u8], at: &mut usize, value: &mut i64) -> usize {
    let start = *at;
    while let Some(b) = text.get(*at).filter(|b| b.is_ascii_digit()) {
        *value = value.wrapping_mul(10).wrapping_add(i64::from(b - b'0'));
        *at += 1;
    }
    *at - start
}

/// A decimal as mantissa and power of ten, exact; `None` where it is no plain decimal of up to 30 digits.
pub fn parse_decimal(text: &str) -> Option<(i128, i32)> {
    let (mantissa_text, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().ok().filter(|e| e.abs() <= 400)?),
        None => (text, 0),
    };
    let (mut mantissa, mut scale, mut digits, mut in_fraction) = (0i128, exponent, 0, false);
    for b in mantissa_text.trim_start_matches('-').bytes() {
        match b {
            b'.' if !in_fraction => in_fraction = true,
            b'0'..=b'9' if digits < 30 => {
                mantissa = mantissa * 10 + i128::from(b - b'0');
                digits += i32::from(mantissa != 0);
                scale -= i32::from(in_fraction);
            }
            _ => return None,
        }
    }
    Some((
        if mantissa_text.starts_with('-') {
            -mantissa
        } else {
            mantissa
        },
        scale,
    ))
}

/// True when `value` is a whole multiple of `step`; both exact decimals. `None` where the scales are too far apart.
pub fn is_multiple(value: (i128, i32), step: (i128, i32)) -> Option<bool> {
    if step.0 == 0 {
        return None;
    }
    let scale = value.1.min(step.1);
    let widen = |(m, s): (i128, i32)| {
        let power = u32::try_from(s - scale)
            .ok()
            .and_then(|p| 10i128.checked_pow(p))?;
        m.checked_mul(power)
    };
    Some(widen(value)? % widen(step)? == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_integer(text), Some(value), "{text}");
        }
        for bad in [
            "",
            "-",
            "+1",
            "01",
            "-01",
            "1.0",
            " 1",
            "1 ",
            "9223372036854775808",
            "-9223372036854775809",
            "1e3",
            "0x1",
            "99999999999999999999",
            "１",
        ] {
            assert_eq!(parse_integer(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers() {
        for (text, value) in [
            ("0", 0.0),
            ("-1.5", -1.5),
            ("1e3", 1000.0),
            ("1E-2", 0.01),
            ("123456789012345678", 123_456_789_012_345_680.0),
            ("0.1", 0.1),
        ] {
            assert_eq!(
                parse_number(text).map(f64::to_bits),
                Some(f64::to_bits(value)),
                "{text}"
            );
        }
        assert!(parse_number("-0").is_some_and(f64::is_sign_negative));
        for bad in [
            "", "-", "+1", "01", ".5", "5.", "1e", "1e+", "NaN", "inf", "1e999", "12,50", " 1",
            "1 ", "0x1", "1.5.2",
        ] {
            assert_eq!(parse_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn multiples_are_exact() {
        let multiple =
            |v: &str, s: &str| is_multiple(parse_decimal(v).unwrap(), parse_decimal(s).unwrap());
        assert_eq!(multiple("19.99", "0.01"), Some(true));
        assert_eq!(multiple("19.995", "0.01"), Some(false));
        assert_eq!(multiple("-1e2", "25"), Some(true));
        assert_eq!(multiple("0", "7"), Some(true));
        assert_eq!(multiple("1e300", "1e-300"), None);
    }
}

//! Numbers as the log writes them. `-` and the empty text mean "no value" and are the caller's to handle.

/// A whole number without sign; `None` for anything else, or past 18 digits (which no field reaches).
#[inline]
pub fn whole(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0i64, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'))
    })
}

/// Seconds with decimals: `0.002`, `12`, `1e-3` is none.
pub fn seconds(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 24 {
        return None;
    }
    let (mut n, mut scale, mut digits, mut point) = (0u64, 1u64, 0, false);
    for b in bytes {
        match b {
            b'0'..=b'9' if digits < 15 => {
                n = n * 10 + u64::from(b - b'0');
                scale *= if point { 10 } else { 1 };
                digits += 1;
            }
            b'0'..=b'9' if point => {}
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    (digits > 0).then(|| n as f64 / scale as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_log() {
        assert_eq!(whole("000"), Some(0));
        assert_eq!(whole("12345678901"), Some(12_345_678_901));
        for bad in ["", "-1", "+1", "1.0", "1e3", " 1", "9999999999999999999"] {
            assert_eq!(whole(bad), None, "{bad}");
        }
        assert_eq!(seconds("0.002"), Some(0.002));
        assert_eq!(seconds("12"), Some(12.0));
        for bad in ["", ".", "-0.1", "1e-3", "0.0.1", "1,5"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}

//! Values of a web server as `CloudFront` would have written them.

/// Appends microseconds as seconds with six decimals.
pub(super) fn push_seconds(us: u64, out: &mut String) {
    let mut digits = [b'0'; 20];
    let (mut rest, mut at) = (us, digits.len());
    while rest > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let (seconds, decimals) = digits.split_at(14);
    let seconds = &seconds[at.min(13)..];
    out.extend(seconds.iter().map(|b| char::from(*b)));
    out.push('.');
    out.extend(decimals.iter().map(|b| char::from(*b)));
}

/// Appends a value without the server's backslashes and with `CloudFront`'s layer: `layer` stands for the `%` of an
/// escape that the viewer sent. Appends nothing where the value has neither.
pub(super) fn layered(value: &str, layer: &str, out: &mut String) {
    let bytes = value.as_bytes();
    let is_hex = |at: usize| {
        bytes
            .get(at..at + 2)
            .is_some_and(|h| h[0].is_ascii_hexdigit() && h[1].is_ascii_hexdigit())
    };
    let Some(mut at) = memchr::memchr2(b'%', b'\\', bytes) else {
        return;
    };
    let mut done = 0;
    while let Some(byte) = bytes.get(at) {
        let (text, taken) = match byte {
            b'%' if is_hex(at + 1) => (layer, 1),
            b'\\' => match bytes.get(at + 1) {
                Some(b'x') if is_hex(at + 2) => {
                    out.push_str(&value[done..at]);
                    push_byte(&value[at + 2..at + 4], out);
                    at += 4;
                    done = at;
                    continue;
                }
                Some(b'"') => ("\"", 2),
                Some(b'\\') => ("\\", 2),
                Some(b'n') => ("%0A", 2),
                Some(b't') => ("%09", 2),
                Some(b'r') => ("%0D", 2),
                _ => ("\\", 1),
            },
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&value[done..at]);
        out.push_str(text);
        at += taken;
        done = at;
    }
    out.push_str(&value[done..]);
}

/// A byte that the server wrote as `\xHH`: as it is where it may stand so, else as an escape, which decoding undoes.
fn push_byte(hex: &str, out: &mut String) {
    match u8::from_str_radix(hex, 16) {
        Ok(b) if (b' '..0x7f).contains(&b) && b != b'%' => out.push(char::from(b)),
        _ => {
            out.push('%');
            out.push_str(hex);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::encoding::{decode_header, undo_log_layer};

    #[test]
    fn microseconds_become_seconds() {
        for (us, text) in [
            (0, "0.000000"),
            (42, "0.000042"),
            (1_234_567, "1.234567"),
            (98_765_432_100, "98765.432100"),
        ] {
            let mut out = String::new();
            push_seconds(us, &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn a_value_comes_back_as_the_viewer_sent_it() {
        for (logged, sent) in [
            ("a=%7B%22x%22%7D", "a=%7B%22x%22%7D"),
            ("p=100%", "p=100%"),
            ("p=%2525", "p=%2525"),
            ("q=\\\"", "q=\""),
        ] {
            let (mut layer, mut back) = (String::new(), String::new());
            layered(logged, "%25", &mut layer);
            // Nothing to write anew is nothing written.
            let layer = if layer.is_empty() { logged } else { &layer };
            undo_log_layer(layer, &mut back);
            assert_eq!(back, sent);
        }
        for (logged, sent) in [
            ("Mozilla (X; 100%)", "Mozilla (X; 100%)"),
            ("a%20b", "a%20b"),
            ("\\xc3\\xa9 \\\\", "é \\"),
        ] {
            let mut layer = String::new();
            layered(logged, "%2525", &mut layer);
            let layer = if layer.is_empty() { logged } else { &layer };
            assert_eq!(decode_header(layer), sent);
        }
    }
}

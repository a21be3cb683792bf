//! What a text could be read as, by the coercions that judging has.

use crate::contract::number::{parse_integer, parse_number};
use crate::model::TextKind;
use crate::model::time::parse_rfc3339_us;

/// The narrowest kind that a text fits. Never fails, allocates nothing.
pub fn kind_of(text: &str) -> TextKind {
    match text.as_bytes() {
        [] => TextKind::Empty,
        b"true" | b"false" => TextKind::Boolean,
        b"0" | b"1" => TextKind::Bit,
        [b'-' | b'0'..=b'9', rest @ ..] => number_or_time(text, rest),
        _ => TextKind::Text,
    }
}

fn number_or_time(text: &str, rest: &[u8]) -> TextKind {
    if parse_integer(text).is_some() {
        return TextKind::Integer;
    }
    // Digits only, and yet no integer: a leading zero or past `i64`, an id in either case.
    if rest.iter().all(u8::is_ascii_digit) {
        return TextKind::Text;
    }
    if text.len() >= 20 && parse_rfc3339_us(text.as_bytes()).is_some() {
        return TextKind::Time;
    }
    match parse_number(text) {
        Some(_) => TextKind::Number,
        None => TextKind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_kind() {
        for (text, kind) in [
            ("", TextKind::Empty),
            ("true", TextKind::Boolean),
            ("True", TextKind::Text),
            ("1", TextKind::Bit),
            ("-7", TextKind::Integer),
            ("007", TextKind::Text),
            ("9223372036854775807", TextKind::Integer),
            ("9223372036854775808", TextKind::Text),
            ("-", TextKind::Text),
            ("1.0", TextKind::Number),
            ("1e400", TextKind::Text),
            ("12,50", TextKind::Text),
            ("2026-11-22T14:02:11Z", TextKind::Time),
            ("2026-11-22", TextKind::Text),
        ] {
            assert_eq!(kind_of(text), kind, "{text}");
        }
    }
}

//! Numbers as typed in a filter, and the stretches they stand for.

use std::ops::RangeInclusive;

use super::Op;
use super::value_test::ValueTest;

/// A number as typed in a filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
    /// `4xx`: from and to, both included.
    Class(i64, i64),
}

impl Number {
    /// `400`, `12.5`, `-3`, `4xx`, `10k`, `1.5MiB`, `200ms` (as seconds).
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(digit) = text
            .strip_suffix("xx")
            .and_then(|d| d.parse::<i64>().ok())
            .filter(|d| (0..10).contains(d))
        {
            return Some(Self::Class(digit * 100, digit * 100 + 99));
        }
        if let Ok(int) = text.parse() {
            return Some(Self::Int(int));
        }
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor = match &text[digits.len()..] {
            "" | "s" | "B" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            "k" | "kB" => 1e3,
            "M" | "MB" => 1e6,
            "G" | "GB" => 1e9,
            "KiB" => 1024.0,
            "MiB" => 1_048_576.0,
            "GiB" => 1_073_741_824.0,
            _ => return None,
        };
        let value: f64 = digits.parse().ok().filter(|v: &f64| v.is_finite())?;
        Some(Self::Float(value * factor))
    }

    pub(super) fn float_test(self, op: Op) -> ValueTest {
        match self {
            Self::Int(v) => ValueTest::Float(op, v as f64),
            Self::Float(v) => ValueTest::Float(op, v),
            Self::Class(from, to) => ValueTest::Float(
                op,
                if op == Op::Gt || op == Op::Le {
                    to
                } else {
                    from
                } as f64,
            ),
        }
    }

    pub(super) fn int_range(self, op: Op) -> RangeInclusive<i64> {
        let (low, high) = match self {
            Self::Int(v) => (v, v),
            Self::Class(from, to) => (from, to),
            // No whole number equals a broken one: an empty stretch between its neighbours.
            Self::Float(v) => (v.ceil() as i64, v.floor() as i64),
        };
        span(op, low, high)
    }
}

/// The whole numbers that compare so with the stretch from `low` to `high` (included).
pub(super) fn span(op: Op, low: i64, high: i64) -> RangeInclusive<i64> {
    match op {
        Op::Lt => i64::MIN..=low.saturating_sub(1),
        Op::Le => i64::MIN..=high,
        Op::Gt => high.saturating_add(1)..=i64::MAX,
        Op::Ge => low..=i64::MAX,
        _ => low..=high,
    }
}

/// `true`, `false`, `1`, `0`.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_their_units() {
        let cases = [
            ("400", Some(Number::Int(400))),
            ("4xx", Some(Number::Class(400, 499))),
            ("200ms", Some(Number::Float(0.2))),
            ("1.5KiB", Some(Number::Float(1536.0))),
            ("10k", Some(Number::Float(10_000.0))),
            ("x", None),
            ("", None),
            ("1e400", None),
            ("nan", None),
            ("44xx", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(Number::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_broken_number_has_whole_neighbours() {
        let holds = |op, v: i64| Number::Float(400.5).int_range(op).contains(&v);
        assert!(
            holds(Op::Lt, 400) && !holds(Op::Lt, 401) && holds(Op::Gt, 401) && !holds(Op::Gt, 400)
        );
        assert!(
            holds(Op::Le, 400) && !holds(Op::Le, 401) && holds(Op::Ge, 401) && !holds(Op::Ge, 400)
        );
        assert!(!holds(Op::Eq, 400) && !holds(Op::Eq, 401));
    }
}

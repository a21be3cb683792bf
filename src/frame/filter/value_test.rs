//! Tests of single values, prepared once a filter.

use std::ops::RangeInclusive;

use super::Op;
use super::matcher::TextTest;

/// A test of one value. Never holds for null, except that it is asked for by [`Bound::Not`].
pub(super) enum ValueTest {
    /// The value is there.
    Present,
    /// By code of a categorical column, or by a small number.
    Lut(Vec<bool>),
    /// Whole numbers and times.
    Int(RangeInclusive<i64>),
    /// Numbers.
    Float(Op, f64),
    /// Truth values.
    Bool(bool),
    /// Texts.
    Text(TextTest),
    /// Texts in the order of their bytes.
    Order(Op, String),
    /// The value as it is shown.
    Shown(TextTest),
    /// A key of a JSON object of texts.
    Rest(String, Box<ValueTest>),
    /// Texts that are numbers.
    NumberText(Op, f64),
}

/// A test of texts.
pub(super) fn text_test(op: Op, value: &str) -> ValueTest {
    match op {
        Op::Eq => ValueTest::Text(TextTest::equal(value)),
        Op::Matches | Op::Contains => {
            pattern(op, value).map_or_else(|| ValueTest::Lut(vec![]), ValueTest::Text)
        }
        _ => ValueTest::Order(op, value.to_owned()),
    }
}

pub(super) fn pattern(op: Op, value: &str) -> Option<TextTest> {
    if op == Op::Contains {
        Some(TextTest::contains(value))
    } else {
        TextTest::search(value).ok()
    }
}

pub(super) fn text_holds(op: Op, value: &str, text: &str) -> bool {
    text_test(op, value).holds(text)
}

impl ValueTest {
    /// The test of a text.
    pub(super) fn holds(&self, text: &str) -> bool {
        match self {
            Self::Present => true,
            Self::Text(test) | Self::Shown(test) => test.test(text),
            Self::Order(op, value) => in_order(*op, text.cmp(value.as_str())),
            Self::NumberText(op, value) => text
                .parse::<f64>()
                .ok()
                .and_then(|v| v.partial_cmp(value))
                .is_some_and(|order| in_order(*op, order)),
            Self::Lut(_) | Self::Int(_) | Self::Float(..) | Self::Bool(_) => false,
            Self::Rest(name, test) => {
                crate::frame::cell::rest_value(text, name).is_some_and(|v| test.holds(&v))
            }
        }
    }

    /// Relative cost of one test.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::Text(test) => test.cost(),
            Self::Shown(_) | Self::Rest(..) => 60,
            Self::Order(..) | Self::NumberText(..) => 8,
            _ => 1,
        }
    }
}

/// Whether a comparison with that outcome holds.
pub(super) fn in_order(op: Op, order: std::cmp::Ordering) -> bool {
    match op {
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Ne => order.is_ne(),
        Op::Eq | Op::Matches | Op::Contains => order.is_eq(),
    }
}

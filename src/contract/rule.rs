//! What one property must be: coercion first, then the checks, each of which knows the cause it is broken for.
//!
//! Nothing here allocates, and nothing is built for an event: a rule reads a text and says what is wrong with it.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use regex::Regex;

use crate::contract::format::Format;
use crate::contract::number::{is_multiple, parse_decimal, parse_integer, parse_number};
use crate::contract::simple_pattern::SimplePattern;
use crate::model::ValueKind;
use crate::model::lanes::Mark;
use crate::model::routing::TimeFormat;

/// A text after coercion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Empty, where the type is a union with null.
    Null,
    /// `true`, `false`, `1`, `0`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A date-time in microseconds since 1970 UTC.
    Time(i64),
    /// A date in days since 1970.
    Date(i32),
    /// Any other text.
    Text(&'a str),
}

/// The scalar types that a property may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Types {
    /// `null`
    pub null: bool,
    /// `boolean`
    pub boolean: bool,
    /// `integer`
    pub integer: bool,
    /// `number`
    pub number: bool,
    /// `string`
    pub string: bool,
}

/// How a text becomes a value: what [`Types`] says, prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coercion {
    /// `string`
    Text,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `boolean`
    Boolean,
    /// Several, tried in the order boolean, integer, number, string.
    Union(Types),
}

/// The limit of `minimum` and its kin, as an integer too where it is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The limit.
    pub float: f64,
    /// The same, exact.
    pub integer: Option<i64>,
}

/// The values of `enum` and `const`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Allowed {
    /// Strings.
    pub texts: Vec<Box<str>>,
    /// What tells each of them apart, in the same order.
    pub marks: Vec<Mark>,
    /// The strings again where there are many.
    pub text_set: Option<HashSet<Box<str>, FixedState>>,
    /// Numbers.
    pub numbers: Vec<Bound>,
    /// `true` is allowed.
    pub yes: bool,
    /// `false` is allowed.
    pub no: bool,
    /// `null` is allowed.
    pub null: bool,
}

/// One keyword.
#[derive(Debug, Clone)]
pub enum Keyword {
    /// `enum`, `const`
    Allowed(Allowed),
    /// `minimum`
    Minimum(Bound),
    /// `exclusiveMinimum`
    Above(Bound),
    /// `maximum`
    Maximum(Bound),
    /// `exclusiveMaximum`
    Below(Bound),
    /// `multipleOf`, as an exact decimal
    MultipleOf((i128, i32)),
    /// `minLength`
    MinLength(u64),
    /// `maxLength`
    MaxLength(u64),
    /// `pattern`
    Pattern(Regex),
    /// `pattern`, a simple one
    Simple(Box<SimplePattern>),
}

/// A keyword and the number of its cause within the property.
#[derive(Debug, Clone)]
pub struct Check {
    /// What must hold.
    pub keyword: Keyword,
    /// Index into [`crate::contract::PropertySchema::causes`].
    pub cause: u8,
}

/// What one property must be.
#[derive(Debug, Clone)]
pub struct Rule {
    /// How its text becomes a value.
    pub coercion: Coercion,
    /// The type is a union with `null`.
    pub nullable: bool,
    /// `format`, asserted on strings; on integers where `x-format` says how a time is written.
    pub format: Option<Format>,
    /// The keywords, in the order in which they are checked.
    pub checks: Vec<Check>,
}

/// Index of the cause of V401 in every property.
pub const CAUSE_REQUIRED: u8 = 0;
/// Index of the cause of V402.
pub const CAUSE_TYPE: u8 = 1;
/// Index of the cause of V409.
pub const CAUSE_FORMAT: u8 = 2;

impl Rule {
    /// Coerces a decoded text and checks it. The causes of what is broken are appended to `broken`; the value is
    /// `None` where the text could not be coerced, and nothing else is checked then. Never fails.
    pub fn judge<'a>(&self, text: &'a str, broken: &mut Vec<u8>) -> Option<Value<'a>> {
        if self.nullable && text.is_empty() {
            for check in &self.checks {
                if matches!(&check.keyword, Keyword::Allowed(allowed) if !allowed.null) {
                    broken.push(check.cause);
                }
            }
            return Some(Value::Null);
        }
        let Some(value) = self.coercion.apply(text) else {
            broken.push(CAUSE_TYPE);
            return None;
        };
        let Some(value) = self.with_format(value, text) else {
            broken.push(CAUSE_FORMAT);
            return None;
        };
        for check in &self.checks {
            if !check.keyword.holds(text, value) {
                broken.push(check.cause);
            }
        }
        Some(value)
    }

    /// True where a text that was a value of that kind in a JSON payload may be read as if it stood in the query.
    pub fn reads(&self, kind: ValueKind, text: &str) -> bool {
        match (kind, self.coercion) {
            (ValueKind::String, Coercion::Text) => !(self.nullable && text.is_empty()),
            (ValueKind::Number, Coercion::Number) | (ValueKind::Boolean, Coercion::Boolean) => true,
            (ValueKind::Number, Coercion::Integer) => parse_integer(text).is_some(),
            (ValueKind::Null, _) => self.nullable,
            _ => false,
        }
    }

    #[inline]
    fn with_format<'a>(&self, value: Value<'a>, text: &str) -> Option<Value<'a>> {
        let Some(format) = &self.format else {
            return Some(value);
        };
        match (format, value) {
            (Format::DateTime(_) | Format::Written(_), Value::Text(_)) => {
                format.read(text).map(Value::Time)
            }
            (
                Format::DateTime(TimeFormat::EpochS | TimeFormat::EpochMs) | Format::Written(_),
                Value::Int(_),
            ) => format.read(text).map(Value::Time),
            (Format::Date, Value::Text(_)) => {
                format.read(text).map(|days| Value::Date(days as i32))
            }
            (_, Value::Text(_)) => format.read(text).map(|_| value),
            _ => Some(value),
        }
    }
}

impl Coercion {
    /// True where a text of digits becomes a number.
    pub const fn takes_integers(self) -> bool {
        match self {
            Self::Integer | Self::Number => true,
            Self::Text | Self::Boolean => false,
            Self::Union(types) => types.integer || types.number,
        }
    }

    #[inline]
    fn apply(self, text: &str) -> Option<Value<'_>> {
        match self {
            Self::Text => Some(Value::Text(text)),
            Self::Integer => parse_integer(text).map(Value::Int),
            Self::Number => parse_number(text).map(Value::Float),
            Self::Boolean => parse_boolean(text).map(Value::Bool),
            Self::Union(types) => types.apply(text),
        }
    }
}

impl Types {
    /// The coercion for these types; a lone `null` leaves no type that a text can have but the empty one.
    pub fn coercion(self) -> Coercion {
        match (self.boolean, self.integer, self.number, self.string) {
            (false, false, false, true) => Coercion::Text,
            (false, true, false, false) => Coercion::Integer,
            (false, _, true, false) => Coercion::Number,
            (true, false, false, false) => Coercion::Boolean,
            _ => Coercion::Union(self),
        }
    }

    fn apply(self, text: &str) -> Option<Value<'_>> {
        let boolean = || {
            self.boolean
                .then(|| parse_boolean(text))
                .flatten()
                .map(Value::Bool)
        };
        let integer = || {
            self.integer
                .then(|| parse_integer(text))
                .flatten()
                .map(Value::Int)
        };
        let number = || {
            self.number
                .then(|| parse_number(text))
                .flatten()
                .map(Value::Float)
        };
        let string = || self.string.then_some(Value::Text(text));
        boolean().or_else(integer).or_else(number).or_else(string)
    }
}

/// A `boolean`: `true`, `false`, `1`, `0`.
pub fn parse_boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

impl Keyword {
    #[inline]
    fn holds(&self, text: &str, value: Value<'_>) -> bool {
        match self {
            Self::Allowed(allowed) => allowed.holds(text, value),
            Self::Minimum(bound) => !bound.is_passed_by(value, text, |v, b| v < b, |v, b| v < b),
            Self::Above(bound) => !bound.is_passed_by(value, text, |v, b| v <= b, |v, b| v <= b),
            Self::Maximum(bound) => !bound.is_passed_by(value, text, |v, b| v > b, |v, b| v > b),
            Self::Below(bound) => !bound.is_passed_by(value, text, |v, b| v >= b, |v, b| v >= b),
            Self::MultipleOf(step) => !is_number(value) || is_multiple_of(text, *step),
            Self::MinLength(least) => !is_text(value) || !shorter_than(text, *least),
            Self::MaxLength(most) => !is_text(value) || !longer_than(text, *most),
            Self::Pattern(regex) => !is_text(value) || regex.is_match(text),
            Self::Simple(pattern) => !is_text(value) || pattern.is_match(text),
        }
    }
}

impl Bound {
    #[inline]
    /// True where the value is a number on the wrong side of the limit.
    fn is_passed_by(
        &self,
        value: Value<'_>,
        text: &str,
        integers: impl Fn(i64, i64) -> bool,
        floats: impl Fn(f64, f64) -> bool,
    ) -> bool {
        let value = match value {
            // A number written as an integer is compared as one, so that 2^53 + 1 is above 2^53.
            Value::Float(v) if v.abs() >= 9e15 => parse_integer(text).map_or(value, Value::Int),
            Value::Time(_) => parse_integer(text).map_or(Value::Null, Value::Int),
            other => other,
        };
        match (value, self.integer) {
            (Value::Int(v), Some(bound)) => integers(v, bound),
            (Value::Int(v), None) => floats(v as f64, self.float),
            (Value::Float(v), _) => floats(v, self.float),
            _ => false,
        }
    }
}

/// A time whose text is a count of seconds is a number to `minimum`, and a text to `maxLength`.
fn is_text(value: Value<'_>) -> bool {
    matches!(value, Value::Text(_) | Value::Date(_) | Value::Time(_))
}

fn is_number(value: Value<'_>) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_))
}

fn is_multiple_of(text: &str, step: (i128, i32)) -> bool {
    parse_decimal(text)
        .and_then(|value| is_multiple(value, step))
        .unwrap_or_else(|| {
            // Too far apart for exact decimals: as floating point sees it.
            let (mantissa, scale) = step;
            let quotient =
                text.parse::<f64>().unwrap_or(0.0) / (mantissa as f64 * 10f64.powi(scale));
            (quotient - quotient.round()).abs() < 1e-9
        })
}

/// Code points are counted only where the number of bytes leaves a doubt.
fn shorter_than(text: &str, least: u64) -> bool {
    (text.len() as u64) < least
        || ((text.len() as u64) < least.saturating_mul(4) && count(text) < least)
}

fn longer_than(text: &str, most: u64) -> bool {
    text.len() as u64 > most && count(text) > most
}

fn count(text: &str) -> u64 {
    text.chars().count() as u64
}

impl Allowed {
    fn holds(&self, text: &str, value: Value<'_>) -> bool {
        match value {
            Value::Null => self.null,
            Value::Bool(v) => {
                if v {
                    self.yes
                } else {
                    self.no
                }
            }
            Value::Int(v) => self.numbers.iter().any(|b| b.integer == Some(v)),
            // Adding 0 makes one of the two zeros.
            Value::Float(v) => {
                let bits = (v + 0.0).to_bits();
                self.numbers
                    .iter()
                    .any(|b| (b.float + 0.0).to_bits() == bits)
            }
            Value::Text(_) | Value::Time(_) | Value::Date(_) => match &self.text_set {
                Some(set) => set.contains(text),
                None => {
                    let mark = Mark::of_text(text);
                    let mut pairs = self.marks.iter().zip(&self.texts);
                    pairs.any(|(m, t)| *m == mark && (mark.is_all() || **t == *text))
                }
            },
        }
    }
}

//! What the values of one property have in common, as counts: nothing here grows with the number of values.

use std::sync::Arc;

use crate::contract::format::Format;
use crate::contract::infer::broken::Broken;
use crate::contract::infer::kind::kind_of;
use crate::contract::infer::shape::Looks;
use crate::contract::number::{parse_integer, parse_number};
use crate::contract::schema::PropertySchema;
use crate::model::{KindCounts, TextKind};

/// Formats that are looked for, the more telling first.
pub const FORMATS: [Format; 7] = [
    Format::Uuid,
    Format::Date,
    Format::Ipv4,
    Format::Ipv6,
    Format::Email,
    Format::Uri,
    Format::Hostname,
];

/// Lengths are counted by powers of two up to 2^13; the last place is for all above.
pub const LENGTH_CLASSES: usize = 15;
/// Sizes are counted by powers of ten up to 10^18; the last place is for all above.
pub const SIZE_CLASSES: usize = 20;

/// How far a time may be from its event's to be taken for one, in years: a count of seconds looks like many an id.
const YEARS_OFF: [i64; 2] = [1, 10];
const YEAR_US: i64 = 366 * 86_400_000_000;

/// Counts over the values of one property; a value that came n times counts n.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Values, empty ones too.
    pub values: u64,
    /// By kind.
    pub kinds: KindCounts,
    /// By [`FORMATS`].
    pub formats: [u64; FORMATS.len()],
    /// Integers that are a time near the event's, in seconds and in milliseconds since 1970.
    pub epochs: [u64; 2],
    /// Texts by length in characters: place k counts those of up to 2^k.
    pub lengths: [u64; LENGTH_CLASSES],
    /// Numbers under zero.
    pub negative: u64,
    /// Numbers by size: place k counts those under 10^k that are not under 10^(k-1).
    pub sizes: [u64; SIZE_CLASSES],
    /// Texts with a digit in them.
    pub with_digit: u64,
    /// What the texts look like.
    pub looks: Looks,
    /// How they fare under the declared rules, where there are some.
    pub broken: Option<Box<Broken>>,
}

impl Figures {
    /// Nothing yet, to be judged by a declaration.
    pub fn under(declared: Option<&Arc<PropertySchema>>) -> Self {
        Self {
            broken: declared.map(|d| Box::new(Broken::new(d.clone()))),
            ..Self::default()
        }
    }

    /// Takes a text that came `times` times, last with an event of `time_us`.
    pub fn add(&mut self, text: &str, times: u64, time_us: i64) {
        self.values += times;
        if let Some(broken) = &mut self.broken {
            broken.add(text, times);
        }
        let kind = kind_of(text);
        self.kinds[kind as usize] += times;
        let chars = if text.is_ascii() {
            text.len()
        } else {
            text.chars().count()
        };
        self.lengths[length_class(chars as u64)] += times;
        match kind {
            TextKind::Empty => return,
            TextKind::Bit | TextKind::Integer | TextKind::Number => {
                self.number(text, times, time_us);
            }
            TextKind::Text => self.formats(text, times),
            TextKind::Boolean | TextKind::Time => {}
        }
        let has_digit = text.bytes().any(|b| b.is_ascii_digit());
        self.with_digit += if has_digit { times } else { 0 };
        self.looks.add(text, times);
    }

    fn number(&mut self, text: &str, times: u64, time_us: i64) {
        let value = parse_number(text).unwrap_or(0.0);
        self.sizes[size_class(value)] += times;
        self.negative += if value < 0.0 { times } else { 0 };
        let Some(whole) = parse_integer(text).filter(|_| matches!(text.len(), 10 | 13)) else {
            return;
        };
        let (unit, scale) = if text.len() == 10 {
            (0, 1_000_000)
        } else {
            (1, 1_000)
        };
        let off = whole.saturating_mul(scale).saturating_sub(time_us);
        if off.saturating_abs() < YEARS_OFF[unit] * YEAR_US {
            self.epochs[unit] += times;
        }
    }

    fn formats(&mut self, text: &str, times: u64) {
        for (count, format) in self.formats.iter_mut().zip(FORMATS) {
            if may_be(&format, text) && format.read(text).is_some() {
                *count += times;
            }
        }
    }

    /// Values of some kinds.
    pub fn of(&self, kinds: &[TextKind]) -> u64 {
        kinds.iter().map(|k| self.kinds[*k as usize]).sum()
    }

    /// Takes what another one took.
    pub fn absorb(&mut self, other: &Self) {
        fn sum(mine: &mut [u64], theirs: &[u64]) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
        self.values += other.values;
        self.negative += other.negative;
        self.with_digit += other.with_digit;
        sum(&mut self.kinds, &other.kinds);
        sum(&mut self.formats, &other.formats);
        sum(&mut self.epochs, &other.epochs);
        sum(&mut self.lengths, &other.lengths);
        sum(&mut self.sizes, &other.sizes);
        self.looks.absorb(&other.looks);
        if let (Some(mine), Some(theirs)) = (&mut self.broken, &other.broken) {
            mine.absorb(theirs);
        }
    }
}

/// A cheap look before the kernel; and `a:b` is a URI, `1.2.3` a hostname only to the letter of the RFC.
fn may_be(format: &Format, text: &str) -> bool {
    let has = |sign: u8| memchr::memchr(sign, text.as_bytes()).is_some();
    match format {
        Format::Uuid => text.len() == 36,
        Format::Date => text.len() == 10,
        Format::Email => has(b'@'),
        Format::Ipv6 => has(b':') && text.len() <= 45,
        Format::Uri => text.contains("://"),
        Format::Ipv4 => has(b'.') && text.len() <= 15,
        Format::Hostname => text.rsplit_once('.').is_some_and(|(_, last)| {
            last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic())
        }),
        Format::DateTime(_) | Format::Written(_) => false,
    }
}

/// The smallest k with `chars` up to 2^k.
fn length_class(chars: u64) -> usize {
    let k = chars.max(1).next_power_of_two().trailing_zeros() as usize;
    k.min(LENGTH_CLASSES - 1)
}

/// The smallest k with a size under 10^k.
fn size_class(value: f64) -> usize {
    let size = value.abs();
    POWERS
        .iter()
        .position(|p| size < *p)
        .unwrap_or(SIZE_CLASSES - 1)
}

const POWERS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_their_names_say() {
        for (chars, class) in [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 3),
            (8_192, 13),
            (8_193, 14),
            (1 << 20, 14),
        ] {
            assert_eq!(length_class(chars), class, "{chars}");
        }
        for (value, class) in [
            (0.0, 0),
            (-0.5, 0),
            (1.0, 1),
            (9.99, 1),
            (10.0, 2),
            (-999.0, 3),
            (1e18, 19),
            (1e300, 19),
        ] {
            assert_eq!(size_class(value), class, "{value}");
        }
    }

    #[test]
    fn a_time_is_one_only_near_its_event() {
        let now = 1_795_000_000_000_000;
        let mut figures = Figures::default();
        figures.add("1795000000123", 1, now);
        figures.add("1795000000", 1, now);
        figures.add("1234567890", 1, now);
        figures.add("9999999999999", 1, now);
        assert_eq!(figures.epochs, [1, 1]);
    }
}

//! The values of one property: a few as they are, many as counts.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::contract::infer::distinct::{Estimate, Frequent, MAX_EXACT, hash_of};
use crate::contract::infer::figures::Figures;
use crate::contract::schema::PropertySchema;

/// Bytes of values that are kept as they are.
const MAX_EXACT_BYTES: usize = 4_096;

/// The values of one property.
#[derive(Debug, Clone)]
pub struct Sketch {
    present: u64,
    /// Event time of the last value.
    time_us: i64,
    values: Values,
    declared: Option<Arc<PropertySchema>>,
}

/// A value that is kept as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How often it came.
    pub times: u64,
    /// Number of the event that it came with first, from 0.
    pub first: u64,
}

#[derive(Debug, Clone)]
enum Values {
    Few {
        /// A repeat of a known value costs a look into this table, and nothing else.
        seen: HashMap<Box<str>, Seen, FixedState>,
        bytes: usize,
    },
    Many(Box<Many>),
}

#[derive(Debug, Clone, Default)]
struct Many {
    figures: Figures,
    distinct: Estimate,
    frequent: Frequent,
}

impl Many {
    fn add(&mut self, text: &str, times: u64, time_us: i64) {
        let hash = hash_of(text);
        self.figures.add(text, times, time_us);
        self.distinct.add(hash);
        self.frequent.add(text, hash, times);
    }
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            present: 0,
            time_us: 0,
            values: Values::Few {
                seen: HashMap::default(),
                bytes: 0,
            },
            declared: None,
        }
    }
}

impl Sketch {
    /// No value yet; they are to be judged by a declaration too.
    pub fn under(declared: Option<Arc<PropertySchema>>) -> Self {
        Self {
            declared,
            ..Self::default()
        }
    }

    /// Takes a text that came `times` times, first with the event of number `event`, last with one of `time_us`.
    pub fn add(&mut self, text: &str, times: u64, event: u64, time_us: i64) {
        self.present += times;
        self.time_us = time_us;
        match &mut self.values {
            Values::Many(many) => many.add(text, times, time_us),
            Values::Few { seen, bytes } => {
                if let Some(seen) = seen.get_mut(text) {
                    seen.times += times;
                    seen.first = seen.first.min(event);
                } else if seen.len() < MAX_EXACT && *bytes + text.len() <= MAX_EXACT_BYTES {
                    *bytes += text.len();
                    let first = Seen {
                        times,
                        first: event,
                    };
                    seen.insert(text.into(), first);
                } else {
                    self.spill().add(text, times, time_us);
                }
            }
        }
    }

    fn spill(&mut self) -> &mut Many {
        if let Values::Few { .. } = self.values {
            let mut many = Many {
                figures: Figures::under(self.declared.as_ref()),
                ..Many::default()
            };
            for (text, seen) in self.few().unwrap_or_default() {
                many.add(text, seen.times, self.time_us);
            }
            self.values = Values::Many(Box::new(many));
        }
        match &mut self.values {
            Values::Many(many) => many,
            Values::Few { .. } => unreachable!("spilled above"),
        }
    }

    /// Takes what another one took of events that came after the first `events`.
    pub fn absorb(&mut self, other: &Self, events: u64) {
        match &other.values {
            Values::Few { .. } => {
                for (text, seen) in other.few().unwrap_or_default() {
                    self.add(text, seen.times, seen.first + events, other.time_us);
                }
            }
            Values::Many(theirs) => {
                self.present += other.present;
                self.time_us = other.time_us;
                let mine = self.spill();
                mine.figures.absorb(&theirs.figures);
                mine.distinct.absorb(&theirs.distinct);
                mine.frequent.absorb(&theirs.frequent);
            }
        }
    }

    /// Events that have it.
    pub fn present(&self) -> u64 {
        self.present
    }

    /// Every value with its count, most frequent first, ties by text; `None` where there are too many.
    pub fn few(&self) -> Option<Vec<(&str, Seen)>> {
        let Values::Few { seen, .. } = &self.values else {
            return None;
        };
        let mut list: Vec<(&str, Seen)> = seen.iter().map(|(t, s)| (&**t, *s)).collect();
        list.sort_by(|a, b| b.1.times.cmp(&a.1.times).then_with(|| a.0.cmp(b.0)));
        Some(list)
    }

    /// Distinct values: exact up to [`MAX_EXACT`], an estimate past it.
    pub fn distinct(&self) -> u64 {
        match &self.values {
            Values::Few { seen, .. } => seen.len() as u64,
            Values::Many(many) => many.distinct.count().max(MAX_EXACT as u64),
        }
    }

    /// The most frequent values with their counts, which are estimates where there are many.
    pub fn top(&self, most: usize) -> Vec<(String, u64)> {
        match &self.values {
            Values::Many(many) => many.frequent.top(most),
            Values::Few { .. } => {
                let few = self.few().unwrap_or_default().into_iter().take(most);
                few.map(|(text, seen)| (text.to_owned(), seen.times))
                    .collect()
            }
        }
    }

    /// What the values have in common.
    pub fn figures(&self) -> Cow<'_, Figures> {
        match &self.values {
            Values::Many(many) => Cow::Borrowed(&many.figures),
            Values::Few { .. } => {
                let mut figures = Figures::under(self.declared.as_ref());
                for (text, seen) in self.few().unwrap_or_default() {
                    figures.add(text, seen.times, self.time_us);
                }
                Cow::Owned(figures)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_and_many_tell_the_same_figures() {
        let texts: Vec<String> = (0..500).map(|i| format!("ORD-{:04}", i % 70)).collect();
        let mut sketch = Sketch::default();
        let mut plain = Figures::default();
        for (i, text) in texts.iter().enumerate() {
            sketch.add(text, 1, i as u64, 0);
            plain.add(text, 1, 0);
        }
        assert!(sketch.few().is_none());
        assert!(sketch.distinct().abs_diff(70) <= 4, "{}", sketch.distinct());
        let figures = sketch.figures();
        assert_eq!(
            (figures.values, figures.kinds, figures.lengths),
            (500, plain.kinds, plain.lengths)
        );
        assert_eq!(figures.looks.pattern(0).as_deref(), Some("^ORD-[0-9]{4}$"));
    }

    #[test]
    fn halves_put_together_are_the_whole() {
        let (mut one, mut two, mut whole) =
            (Sketch::default(), Sketch::default(), Sketch::default());
        for i in 0..300u64 {
            let text = (i * i % 97).to_string();
            whole.add(&text, 1, i, 7);
            if i % 2 == 0 { &mut one } else { &mut two }.add(&text, 1, i, 7);
        }
        one.absorb(&two, 150);
        assert_eq!((one.present(), one.distinct()), (300, whole.distinct()));
        assert_eq!(one.figures().kinds, whole.figures().kinds);
        assert_eq!(one.figures().sizes, whole.figures().sizes);
    }
}

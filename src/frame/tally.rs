//! Counts of the values of one column.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use polars::prelude::{DataType, Series};

use crate::frame::cell::{format_date, format_time};
use crate::frame::chunks::{Numbers, Read, Texts, codes, dictionary, whole_numbers};

/// How often each value of a column occurs among the rows that are added.
pub(crate) struct Tally<'a> {
    column: Reader<'a>,
    /// Distinct values past this are only counted.
    limit: usize,
    /// Rows without a value.
    pub(crate) nulls: u64,
    /// Rows whose value came when there were `limit` distinct ones already.
    pub(crate) overflow: u64,
}

enum Reader<'a> {
    Codes(Read<'a, u32>, &'a Series, Vec<u64>),
    Texts(Texts<'a>, HashMap<&'a str, u64, FixedState>),
    Numbers(
        Read<'a, i64>,
        fn(i64) -> String,
        HashMap<i64, u64, FixedState>,
    ),
    Nothing,
}

/// What was counted.
pub(crate) struct Counted {
    /// Values as text with their rows, most frequent first, ties by text; at most as many as asked for.
    pub(crate) top: Vec<(String, u64)>,
    /// Distinct values.
    pub(crate) distinct: usize,
    /// Rows with a value.
    pub(crate) rows: u64,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(series: &'a Series, limit: usize) -> Self {
        Self {
            column: reader(series),
            limit,
            nulls: 0,
            overflow: 0,
        }
    }

    /// Counts the value of one row.
    pub(crate) fn add(&mut self, row: usize) {
        let counted = match &mut self.column {
            Reader::Codes(code, _, counts) => code(row).map(|code| {
                let code = code as usize;
                if counts.len() <= code {
                    counts.resize(code + 1, 0);
                }
                counts[code] += 1;
                true
            }),
            Reader::Texts(texts, counts) => {
                texts.get(row).map(|text| bump(counts, text, self.limit))
            }
            Reader::Numbers(get, _, counts) => get(row).map(|v| bump(counts, v, self.limit)),
            Reader::Nothing => None,
        };
        match counted {
            None => self.nulls += 1,
            Some(false) => self.overflow += 1,
            Some(true) => {}
        }
    }

    /// The most frequent `n` values.
    pub(crate) fn finish(self, n: usize) -> Counted {
        let overflow = self.overflow;
        let mut counted = match self.column {
            Reader::Codes(_, series, counts) => {
                let words = dictionary(series);
                let list = counts.into_iter().enumerate().filter(|(_, n)| *n > 0);
                let word = |code: usize| {
                    words
                        .and_then(|w| w.cat_to_str(code as u32))
                        .unwrap_or_default()
                        .to_owned()
                };
                rank(list.map(|(code, n)| (word(code), n)).collect(), n)
            }
            Reader::Texts(_, counts) => {
                let mut list: Vec<(&str, u64)> = counts.into_iter().collect();
                let (distinct, rows) = (list.len(), list.iter().map(|(_, n)| n).sum());
                keep_largest(&mut list, n);
                let top = list
                    .into_iter()
                    .map(|(text, n)| (text.to_owned(), n))
                    .collect();
                Counted {
                    top,
                    distinct,
                    rows,
                }
            }
            Reader::Numbers(_, show, counts) => {
                let mut list: Vec<(i64, u64)> = counts.into_iter().collect();
                let (distinct, rows) = (list.len(), list.iter().map(|(_, n)| n).sum());
                keep_largest(&mut list, n);
                Counted {
                    top: list.into_iter().map(|(v, n)| (show(v), n)).collect(),
                    distinct,
                    rows,
                }
            }
            Reader::Nothing => Counted {
                top: vec![],
                distinct: 0,
                rows: 0,
            },
        };
        counted.rows += overflow;
        counted
    }
}

fn bump<K: std::hash::Hash + Eq>(
    counts: &mut HashMap<K, u64, FixedState>,
    key: K,
    limit: usize,
) -> bool {
    if let Some(n) = counts.get_mut(&key) {
        *n += 1;
        return true;
    }
    let room = counts.len() < limit;
    if room {
        counts.insert(key, 1);
    }
    room
}

/// The `n` most frequent of a list of texts.
pub(crate) fn rank(mut list: Vec<(String, u64)>, n: usize) -> Counted {
    let (distinct, rows) = (list.len(), list.iter().map(|(_, n)| n).sum());
    keep_largest(&mut list, n);
    Counted {
        top: list,
        distinct,
        rows,
    }
}

fn keep_largest<K: Ord>(list: &mut Vec<(K, u64)>, n: usize) {
    let order = |a: &(K, u64), b: &(K, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if list.len() > n && n > 0 {
        list.select_nth_unstable_by(n - 1, order);
    }
    list.truncate(n);
    list.sort_by(order);
}

fn reader(series: &Series) -> Reader<'_> {
    if let Some(get) = whole_numbers(series) {
        return Reader::Numbers(get, |v| v.to_string(), HashMap::default());
    }
    match series.dtype() {
        DataType::Categorical(..) => {
            codes(series).map_or(Reader::Nothing, |code| Reader::Codes(code, series, vec![]))
        }
        DataType::String => series.try_str().map_or(Reader::Nothing, |c| {
            Reader::Texts(Texts::new(c), HashMap::default())
        }),
        DataType::Float64 => series.try_f64().map_or(Reader::Nothing, |c| {
            let numbers = Numbers::new(c);
            let show = |bits: i64| f64::from_bits(bits as u64).to_string();
            // -0.0 and 0.0 are one value.
            let get = move |row| numbers.get(row).map(|v: f64| (v + 0.0).to_bits() as i64);
            Reader::Numbers(Box::new(get), show, HashMap::default())
        }),
        DataType::Boolean => series.try_bool().map_or(Reader::Nothing, |c| {
            let show = |v| {
                if v == 0 {
                    "false".to_owned()
                } else {
                    "true".to_owned()
                }
            };
            Reader::Numbers(
                Box::new(move |row| c.get(row).map(i64::from)),
                show,
                HashMap::default(),
            )
        }),
        DataType::Datetime(..) => series.try_datetime().map_or(Reader::Nothing, |c| {
            let numbers = Numbers::new(c.physical());
            Reader::Numbers(
                Box::new(move |row| numbers.get(row)),
                crate::model::time::format_us,
                HashMap::default(),
            )
        }),
        DataType::Time => series.try_time().map_or(Reader::Nothing, |c| {
            let numbers = Numbers::new(c.physical());
            Reader::Numbers(
                Box::new(move |row| numbers.get(row)),
                format_time,
                HashMap::default(),
            )
        }),
        DataType::Date => series.try_date().map_or(Reader::Nothing, |c| {
            let numbers = Numbers::new(c.physical());
            let get = move |row| numbers.get(row).map(i64::from);
            Reader::Numbers(
                Box::new(get),
                |days| format_date(days as i32),
                HashMap::default(),
            )
        }),
        _ => Reader::Nothing,
    }
}

//! A filter bound to a snapshot: names become columns, values become tests, words become tables of yes and no.

use std::ops::{Range, RangeInclusive};

use polars::prelude::{DataType, Series};

use super::matcher::TextTest;
use super::when::{When, clock_of};
use super::{Node, Op, Term};
use crate::frame::columns::{ColumnRef, Virtual};
use crate::frame::failures::Failures;
use crate::frame::snapshot::column;
use crate::frame::{EventTable, Snapshot};
use crate::model::{Cause, Verdict};

/// A filter bound to a snapshot and a range of its records.
pub(super) enum Bound<'a> {
    /// All hold.
    All(Vec<Bound<'a>>),
    /// At least one holds.
    AnyOf(Vec<Bound<'a>>),
    /// Does not hold.
    Not(Box<Bound<'a>>),
    /// A record column.
    Column(SeriesTest<'a>),
    /// Columns of event tables.
    Tables(Vec<TableTest<'a>>),
    /// These records, ascending.
    Rows(Vec<u32>),
}

/// A test of one column.
pub(super) struct SeriesTest<'a> {
    pub(super) series: &'a Series,
    pub(super) test: ValueTest,
}

/// Tests of columns of one event table: one of them must hold.
pub(super) struct TableTest<'a> {
    pub(super) table: &'a EventTable,
    pub(super) any_of: Vec<SeriesTest<'a>>,
}

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
        if let Some(digit) = text.strip_suffix("xx").and_then(|d| d.parse::<i64>().ok()).filter(|d| (0..10).contains(d)) {
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

    fn float_test(self, op: Op) -> ValueTest {
        match self {
            Self::Int(v) => ValueTest::Float(op, v as f64),
            Self::Float(v) => ValueTest::Float(op, v),
            Self::Class(from, to) => ValueTest::Float(op, if op == Op::Gt || op == Op::Le { to } else { from } as f64),
        }
    }

    fn int_range(self, op: Op) -> RangeInclusive<i64> {
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
fn span(op: Op, low: i64, high: i64) -> RangeInclusive<i64> {
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

/// Binds filters to the records `rows` of a snapshot.
pub(super) struct Binder<'a> {
    snapshot: &'a Snapshot,
    rows: Range<usize>,
    newest_us: i64,
}

impl<'a> Binder<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, rows: Range<usize>) -> Self {
        let newest = snapshot.timeline.span().map_or(0, |(_, last)| last.saturating_mul(1_000_000));
        Self { snapshot, rows, newest_us: newest }
    }

    pub(super) fn node(&self, node: &Node) -> Bound<'a> {
        match node {
            Node::And(list) => {
                let mut list: Vec<_> = list.iter().map(|n| self.node(n)).collect();
                list.sort_by_key(Bound::cost);
                Bound::All(list)
            }
            Node::Or(list) => Bound::AnyOf(list.iter().map(|n| self.node(n)).collect()),
            Node::Not(inner) => Bound::Not(Box::new(self.node(inner))),
            Node::Term(term) => self.term(term),
        }
    }

    fn term(&self, term: &Term) -> Bound<'a> {
        match term {
            Term::Any(text) => self.any(&TextTest::contains(text)),
            Term::Present(column) => self.present(column),
            Term::Compare(column, Op::Ne, value) => Bound::Not(Box::new(self.compare(column, Op::Eq, value))),
            Term::Compare(column, op, value) => self.compare(column, *op, value),
            Term::Last(seconds) => {
                let from = self.newest_us.saturating_sub(seconds.saturating_mul(1_000_000));
                self.record(column::TIME_UTC, |_| Some(ValueTest::Int(from..=i64::MAX)))
            }
        }
    }

    /// Any text of the row. Decoded properties are looked at only where the raw query could hide the text.
    pub(super) fn any(&self, test: &TextTest) -> Bound<'a> {
        let mut list = vec![self.by_event(|table| test.test(&table.event_type.name))];
        let mut texts = vec![];
        for series in self.snapshot.records.materialized_column_iter() {
            match series.dtype() {
                DataType::Categorical(..) => list.push(Bound::Column(SeriesTest {
                    series,
                    test: ValueTest::Lut(words(series, |word| test.test(word))),
                })),
                DataType::String => texts.push(Bound::Column(SeriesTest { series, test: ValueTest::Text(test.clone()) })),
                _ => {}
            }
        }
        list.extend(texts);
        if !test.is_plain() || self.snapshot.records.column("cs_uri_query").is_err() {
            list.push(self.any_property(test));
            list.push(Bound::Rows(self.failures().rows(|_| true, |_, value| value.is_some_and(|v| test.test(v)))));
        }
        Bound::AnyOf(list)
    }

    fn any_property(&self, test: &TextTest) -> Bound<'a> {
        let tables = self.snapshot.events.iter().map(|table| {
            let columns = table.frame.materialized_column_iter();
            let any_of = columns.filter_map(|series| match series.dtype() {
                DataType::String => Some(SeriesTest { series, test: ValueTest::Text(test.clone()) }),
                DataType::Categorical(..) => {
                    Some(SeriesTest { series, test: ValueTest::Lut(words(series, |word| test.test(word))) })
                }
                _ => None,
            });
            TableTest { table, any_of: any_of.collect() }
        });
        Bound::Tables(tables.collect())
    }

    fn present(&self, column: &ColumnRef) -> Bound<'a> {
        match column {
            ColumnRef::Record(name) => self.record(name, |_| Some(ValueTest::Present)),
            ColumnRef::Property(name) => self.property(name, || ValueTest::Present, |_| true),
            ColumnRef::Virtual(Virtual::Event | Virtual::Version) => self.by_event(|_| true),
            ColumnRef::Virtual(Virtual::Verdict | Virtual::Object | Virtual::Failures) => Bound::All(vec![]),
            ColumnRef::Virtual(Virtual::Code | Virtual::Cause | Virtual::Message) => {
                Bound::Rows(self.failures().rows(|_| true, |_, _| true))
            }
            ColumnRef::Virtual(Virtual::EventId) => self.own(column::EVENT_ID, || Some(ValueTest::Present)),
            ColumnRef::Virtual(Virtual::EventTime) => self.own(column::EVENT_TIME_UTC, || Some(ValueTest::Present)),
        }
    }

    fn compare(&self, column: &ColumnRef, op: Op, value: &str) -> Bound<'a> {
        match column {
            ColumnRef::Record(name) => self.record(name, |series| self.value_test(series, op, value)),
            ColumnRef::Property(name) => self.compare_property(name, op, value),
            ColumnRef::Virtual(v) => self.compare_virtual(*v, op, value),
        }
    }

    fn compare_virtual(&self, v: Virtual, op: Op, value: &str) -> Bound<'a> {
        let text = |text: &str| text_holds(op, value, text);
        match v {
            Virtual::Event => self.by_event(|table| text(&table.event_type.name)),
            Virtual::Version => self.by_event(|table| text(&table.event_type.version)),
            Virtual::Verdict => {
                let lut = Verdict::ALL.iter().map(|v| text(v.as_str())).collect();
                self.record(column::VERDICT, |_| Some(ValueTest::Lut(lut)))
            }
            Virtual::Object => {
                let lut = self.snapshot.objects.iter().map(|o| text(&o.object.uri)).collect();
                self.record(column::OBJECT, |_| Some(ValueTest::Lut(lut)))
            }
            Virtual::Code => Bound::Rows(self.failures().rows(|(_, cause)| text(cause.code.as_str()), |_, _| true)),
            Virtual::Cause => {
                let range = Number::parse(value).map(|n| n.int_range(op));
                let wanted = |(id, _): (usize, &Cause)| range.as_ref().is_some_and(|r| r.contains(&(id as i64)));
                Bound::Rows(self.failures().rows(wanted, |_, _| true))
            }
            Virtual::Message => {
                Bound::Rows(self.failures().rows(|_| true, |cause, value| text(&cause.message(value))))
            }
            Virtual::Failures => self.failure_count(op, value),
            Virtual::EventId => self.own(column::EVENT_ID, || Some(text_test(op, value))),
            Virtual::EventTime => self.own(column::EVENT_TIME_UTC, || self.time_test(op, value)),
        }
    }

    /// `failures>1`. Zero failures is what is left when all with one or more are taken away.
    fn failure_count(&self, op: Op, value: &str) -> Bound<'a> {
        let Some(range) = Number::parse(value).map(|n| n.int_range(op)) else { return Bound::AnyOf(vec![]) };
        let counts = self.failures().counts();
        if range.contains(&0) {
            let outside = counts.into_iter().filter(|(_, n)| !range.contains(n)).map(|(row, _)| row).collect();
            return Bound::Not(Box::new(Bound::Rows(outside)));
        }
        Bound::Rows(counts.into_iter().filter(|(_, n)| range.contains(n)).map(|(row, _)| row).collect())
    }

    fn compare_property(&self, name: &str, op: Op, value: &str) -> Bound<'a> {
        let as_text = matches!(op, Op::Eq | Op::Matches | Op::Contains);
        let rest = || match (op, Number::parse(value)) {
            (Op::Lt | Op::Le | Op::Gt | Op::Ge, Some(Number::Int(v))) => ValueTest::NumberText(op, v as f64),
            (Op::Lt | Op::Le | Op::Gt | Op::Ge, Some(Number::Float(v))) => ValueTest::NumberText(op, v),
            _ => text_test(op, value),
        };
        let text = match text_test(op, value) {
            ValueTest::Text(test) => Some(test),
            _ => None,
        };
        let failed = |failed: &str| as_text && text.as_ref().is_some_and(|t| t.test(failed));
        let tables = self.tables(name, |series| self.value_test(series, op, value), rest);
        Bound::AnyOf(vec![tables, self.failed_values(name, failed)])
    }

    fn property(&self, name: &str, test: impl Fn() -> ValueTest, failed: impl Fn(&str) -> bool) -> Bound<'a> {
        let tables = self.tables(name, |_| Some(test()), &test);
        Bound::AnyOf(vec![tables, self.failed_values(name, failed)])
    }

    /// Records whose text for this property failed, and whose text is so.
    fn failed_values(&self, name: &str, wanted: impl Fn(&str) -> bool) -> Bound<'a> {
        Bound::Rows(self.failures().rows(|(_, cause)| *cause.path == *name, |_, value| value.is_some_and(&wanted)))
    }

    /// The column of that property in every event table; `_rest_json` in those that have no such column.
    fn tables(
        &self,
        name: &str,
        test: impl Fn(&'a Series) -> Option<ValueTest>,
        rest: impl Fn() -> ValueTest,
    ) -> Bound<'a> {
        let tables = self.snapshot.events.iter().filter_map(|table| {
            let declared = table.event_type.columns.iter().any(|c| *c.name == *name);
            let any_of = if declared {
                let series = table.frame.column(name).ok()?.as_materialized_series();
                SeriesTest { series, test: test(series)? }
            } else {
                let series = table.frame.column(column::REST_JSON).ok()?.as_materialized_series();
                if series.null_count() == series.len() {
                    return None;
                }
                SeriesTest { series, test: ValueTest::Rest(name.to_owned(), Box::new(rest())) }
            };
            Some(TableTest { table, any_of: vec![any_of] })
        });
        Bound::Tables(tables.collect())
    }

    /// One of our own columns in every event table.
    fn own(&self, name: &str, test: impl Fn() -> Option<ValueTest>) -> Bound<'a> {
        let tables = self.snapshot.events.iter().filter_map(|table| {
            let series = table.frame.column(name).ok()?.as_materialized_series();
            Some(TableTest { table, any_of: vec![SeriesTest { series, test: test()? }] })
        });
        Bound::Tables(tables.collect())
    }

    fn record(&self, name: &str, test: impl FnOnce(&'a Series) -> Option<ValueTest>) -> Bound<'a> {
        let series = self.snapshot.records.column(name).ok().map(polars::prelude::Column::as_materialized_series);
        match series.and_then(|series| Some(SeriesTest { series, test: test(series)? })) {
            Some(test) => Bound::Column(test),
            None => Bound::AnyOf(vec![]),
        }
    }

    fn by_event(&self, wanted: impl Fn(&EventTable) -> bool) -> Bound<'a> {
        let lut = std::iter::once(false).chain(self.snapshot.events.iter().map(wanted)).collect();
        self.record(column::EVENT_TYPE, |_| Some(ValueTest::Lut(lut)))
    }

    fn failures(&self) -> Failures<'a> {
        Failures::of(self.snapshot, self.rows.clone())
    }

    fn time_test(&self, op: Op, value: &str) -> Option<ValueTest> {
        if matches!(op, Op::Matches | Op::Contains) {
            return Some(ValueTest::Shown(pattern(op, value)?));
        }
        let (from, to) = When::parse(value)?.resolve(self.newest_us);
        Some(ValueTest::Int(span(op, from, to - 1)))
    }

    /// The test of a column by its dtype; `None` where the value cannot be one of that column's.
    fn value_test(&self, series: &Series, op: Op, value: &str) -> Option<ValueTest> {
        const DAY_US: i64 = 86_400_000_000;
        let by_text = matches!(op, Op::Matches | Op::Contains);
        match series.dtype() {
            DataType::Categorical(..) => {
                let test = text_test(op, value);
                Some(ValueTest::Lut(words(series, |word| test.holds(word))))
            }
            DataType::String => Some(text_test(op, value)),
            DataType::Datetime(..) => self.time_test(op, value),
            _ if by_text => Some(ValueTest::Shown(pattern(op, value)?)),
            DataType::Boolean => parse_bool(value).map(ValueTest::Bool),
            DataType::Float64 => Some(match (Number::parse(value)?, op) {
                (Number::Class(from, to), Op::Eq) => ValueTest::Int(from..=to),
                (number, _) => number.float_test(op),
            }),
            DataType::Date => {
                let (from, to) = When::parse(value)?.resolve(self.newest_us);
                Some(ValueTest::Int(span(op, from.div_euclid(DAY_US), (to - 1).div_euclid(DAY_US))))
            }
            DataType::Time => {
                let (from, to) = clock_of(value)?;
                Some(ValueTest::Int(span(op, from * 1000, to * 1000 - 1)))
            }
            _ => Some(ValueTest::Int(Number::parse(value)?.int_range(op))),
        }
    }
}

/// A test of texts.
fn text_test(op: Op, value: &str) -> ValueTest {
    match op {
        Op::Eq => ValueTest::Text(TextTest::equal(value)),
        Op::Matches | Op::Contains => {
            pattern(op, value).map_or_else(|| ValueTest::Lut(vec![]), ValueTest::Text)
        }
        _ => ValueTest::Order(op, value.to_owned()),
    }
}

fn pattern(op: Op, value: &str) -> Option<TextTest> {
    if op == Op::Contains { Some(TextTest::contains(value)) } else { TextTest::search(value).ok() }
}

fn text_holds(op: Op, value: &str, text: &str) -> bool {
    text_test(op, value).holds(text)
}

/// For each code of a categorical column, whether its word passes.
fn words(series: &Series, wanted: impl Fn(&str) -> bool) -> Vec<bool> {
    let Some(column) = series.try_cat32() else { return vec![] };
    let mapping = column.get_mapping();
    let codes = u32::try_from(mapping.num_cats_upper_bound()).unwrap_or(u32::MAX);
    (0..codes).map(|code| mapping.cat_to_str(code).is_some_and(&wanted)).collect()
}

impl ValueTest {
    /// The test of a text.
    pub(super) fn holds(&self, text: &str) -> bool {
        match self {
            Self::Present => true,
            Self::Text(test) | Self::Shown(test) => test.test(text),
            Self::Order(op, value) => in_order(*op, text.cmp(value.as_str())),
            Self::NumberText(op, value) => {
                text.parse::<f64>().ok().and_then(|v| v.partial_cmp(value)).is_some_and(|order| in_order(*op, order))
            }
            Self::Lut(_) | Self::Int(_) | Self::Float(..) | Self::Bool(_) => false,
            Self::Rest(name, test) => crate::frame::cell::rest_value(text, name).is_some_and(|v| test.holds(&v)),
        }
    }

    fn cost(&self) -> u32 {
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

impl Bound<'_> {
    /// Relative cost a row: cheap ones go first.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::All(list) | Self::AnyOf(list) => list.iter().map(Self::cost).sum(),
            Self::Not(inner) => inner.cost(),
            Self::Column(test) => test.test.cost(),
            Self::Tables(list) => {
                3 + list.iter().flat_map(|t| &t.any_of).map(|t| t.test.cost()).max().unwrap_or(0)
            }
            Self::Rows(_) => 1,
        }
    }
}

//! A filter bound to a snapshot: names become columns, values become tests, words become tables of yes and no.

use std::ops::Range;

use polars::prelude::{DataType, Series};

use super::matcher::TextTest;
use super::number::{Number, parse_bool, span};
use super::value_test::{ValueTest, pattern, text_holds, text_test};
use super::when::{When, clock_of};
use super::{Node, Op, Term};
use crate::frame::chunks;
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

/// Binds filters to the records `rows` of a snapshot.
pub(super) struct Binder<'a> {
    snapshot: &'a Snapshot,
    rows: Range<usize>,
    newest_us: i64,
}

impl<'a> Binder<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, rows: Range<usize>) -> Self {
        let newest = snapshot
            .timeline
            .span()
            .map_or(0, |(_, last)| last.saturating_mul(1_000_000));
        Self {
            snapshot,
            rows,
            newest_us: newest,
        }
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
            Term::Compare(column, Op::Ne, value) => {
                Bound::Not(Box::new(self.compare(column, Op::Eq, value)))
            }
            Term::Compare(column, op, value) => self.compare(column, *op, value),
            Term::Last(seconds) => {
                let from = self
                    .newest_us
                    .saturating_sub(seconds.saturating_mul(1_000_000));
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
                DataType::String => texts.push(Bound::Column(SeriesTest {
                    series,
                    test: ValueTest::Text(test.clone()),
                })),
                _ => {}
            }
        }
        list.extend(texts);
        if !test.is_plain() || self.snapshot.records.column("cs_uri_query").is_err() {
            list.push(self.any_property(test));
            list.push(Bound::Rows(
                self.failures()
                    .rows(|_| true, |_, value| value.is_some_and(|v| test.test(v))),
            ));
        }
        Bound::AnyOf(list)
    }

    fn any_property(&self, test: &TextTest) -> Bound<'a> {
        let tables = self.snapshot.events.iter().map(|table| {
            let columns = table.frame.materialized_column_iter();
            let any_of = columns.filter_map(|series| match series.dtype() {
                DataType::String => Some(SeriesTest {
                    series,
                    test: ValueTest::Text(test.clone()),
                }),
                DataType::Categorical(..) => Some(SeriesTest {
                    series,
                    test: ValueTest::Lut(words(series, |word| test.test(word))),
                }),
                _ => None,
            });
            TableTest {
                table,
                any_of: any_of.collect(),
            }
        });
        Bound::Tables(tables.collect())
    }

    fn present(&self, column: &ColumnRef) -> Bound<'a> {
        match column {
            ColumnRef::Record(name) => self.record(name, |_| Some(ValueTest::Present)),
            ColumnRef::Property(name) => self.property(name, || ValueTest::Present, |_| true),
            ColumnRef::Virtual(Virtual::Event | Virtual::Version) => self.by_event(|_| true),
            ColumnRef::Virtual(Virtual::Verdict | Virtual::Object | Virtual::Failures) => {
                Bound::All(vec![])
            }
            ColumnRef::Virtual(Virtual::Code | Virtual::Cause | Virtual::Message) => {
                Bound::Rows(self.failures().rows(|_| true, |_, _| true))
            }
            ColumnRef::Virtual(Virtual::EventId) => {
                self.own(column::EVENT_ID, || Some(ValueTest::Present))
            }
            ColumnRef::Virtual(Virtual::EventTime) => {
                self.own(column::EVENT_TIME_UTC, || Some(ValueTest::Present))
            }
        }
    }

    fn compare(&self, column: &ColumnRef, op: Op, value: &str) -> Bound<'a> {
        match column {
            ColumnRef::Record(name) => {
                self.record(name, |series| self.value_test(series, op, value))
            }
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
                let lut = self
                    .snapshot
                    .objects
                    .iter()
                    .map(|o| text(&o.object.uri))
                    .collect();
                self.record(column::OBJECT, |_| Some(ValueTest::Lut(lut)))
            }
            Virtual::Code => Bound::Rows(
                self.failures()
                    .rows(|(_, cause)| text(cause.code.as_str()), |_, _| true),
            ),
            Virtual::Cause => {
                let range = Number::parse(value).map(|n| n.int_range(op));
                let wanted = |(id, _): (usize, &Cause)| {
                    range.as_ref().is_some_and(|r| r.contains(&(id as i64)))
                };
                Bound::Rows(self.failures().rows(wanted, |_, _| true))
            }
            Virtual::Message => Bound::Rows(
                self.failures()
                    .rows(|_| true, |cause, value| text(&cause.message(value))),
            ),
            Virtual::Failures => self.failure_count(op, value),
            Virtual::EventId => self.own(column::EVENT_ID, || Some(text_test(op, value))),
            Virtual::EventTime => self.own(column::EVENT_TIME_UTC, || self.time_test(op, value)),
        }
    }

    /// `failures>1`. Zero failures is what is left when all with one or more are taken away.
    fn failure_count(&self, op: Op, value: &str) -> Bound<'a> {
        let Some(range) = Number::parse(value).map(|n| n.int_range(op)) else {
            return Bound::AnyOf(vec![]);
        };
        let counts = self.failures().counts();
        if range.contains(&0) {
            let outside = counts
                .into_iter()
                .filter(|(_, n)| !range.contains(n))
                .map(|(row, _)| row)
                .collect();
            return Bound::Not(Box::new(Bound::Rows(outside)));
        }
        Bound::Rows(
            counts
                .into_iter()
                .filter(|(_, n)| range.contains(n))
                .map(|(row, _)| row)
                .collect(),
        )
    }

    fn compare_property(&self, name: &str, op: Op, value: &str) -> Bound<'a> {
        let as_text = matches!(op, Op::Eq | Op::Matches | Op::Contains);
        let rest = || match (op, Number::parse(value)) {
            (Op::Lt | Op::Le | Op::Gt | Op::Ge, Some(Number::Int(v))) => {
                ValueTest::NumberText(op, v as f64)
            }
            (Op::Lt | Op::Le | Op::Gt | Op::Ge, Some(Number::Float(v))) => {
                ValueTest::NumberText(op, v)
            }
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

    fn property(
        &self,
        name: &str,
        test: impl Fn() -> ValueTest,
        failed: impl Fn(&str) -> bool,
    ) -> Bound<'a> {
        let tables = self.tables(name, |_| Some(test()), &test);
        Bound::AnyOf(vec![tables, self.failed_values(name, failed)])
    }

    /// Records whose text for this property failed, and whose text is so.
    fn failed_values(&self, name: &str, wanted: impl Fn(&str) -> bool) -> Bound<'a> {
        Bound::Rows(self.failures().rows(
            |(_, cause)| *cause.path == *name,
            |_, value| value.is_some_and(&wanted),
        ))
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
                SeriesTest {
                    series,
                    test: test(series)?,
                }
            } else {
                let series = table
                    .frame
                    .column(column::REST_JSON)
                    .ok()?
                    .as_materialized_series();
                if series.null_count() == series.len() {
                    return None;
                }
                SeriesTest {
                    series,
                    test: ValueTest::Rest(name.to_owned(), Box::new(rest())),
                }
            };
            Some(TableTest {
                table,
                any_of: vec![any_of],
            })
        });
        Bound::Tables(tables.collect())
    }

    /// One of our own columns in every event table.
    fn own(&self, name: &str, test: impl Fn() -> Option<ValueTest>) -> Bound<'a> {
        let tables = self.snapshot.events.iter().filter_map(|table| {
            let series = table.frame.column(name).ok()?.as_materialized_series();
            Some(TableTest {
                table,
                any_of: vec![SeriesTest {
                    series,
                    test: test()?,
                }],
            })
        });
        Bound::Tables(tables.collect())
    }

    fn record(&self, name: &str, test: impl FnOnce(&'a Series) -> Option<ValueTest>) -> Bound<'a> {
        let series = self
            .snapshot
            .records
            .column(name)
            .ok()
            .map(polars::prelude::Column::as_materialized_series);
        match series.and_then(|series| {
            Some(SeriesTest {
                series,
                test: test(series)?,
            })
        }) {
            Some(test) => Bound::Column(test),
            None => Bound::AnyOf(vec![]),
        }
    }

    fn by_event(&self, wanted: impl Fn(&EventTable) -> bool) -> Bound<'a> {
        let lut = std::iter::once(false)
            .chain(self.snapshot.events.iter().map(wanted))
            .collect();
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
                Some(ValueTest::Int(span(
                    op,
                    from.div_euclid(DAY_US),
                    (to - 1).div_euclid(DAY_US),
                )))
            }
            DataType::Time => {
                let (from, to) = clock_of(value)?;
                Some(ValueTest::Int(span(op, from * 1000, to * 1000 - 1)))
            }
            _ => Some(ValueTest::Int(Number::parse(value)?.int_range(op))),
        }
    }
}

/// For each code of a categorical column, whether its word passes.
fn words(series: &Series, wanted: impl Fn(&str) -> bool) -> Vec<bool> {
    let mapping = chunks::dictionary(series);
    let words = mapping.into_iter().flat_map(chunks::words);
    words.map(|word| word.is_some_and(&wanted)).collect()
}

impl Bound<'_> {
    /// Relative cost a row: cheap ones go first.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::All(list) | Self::AnyOf(list) => list.iter().map(Self::cost).sum(),
            Self::Not(inner) => inner.cost(),
            Self::Column(test) => test.test.cost(),
            Self::Tables(list) => {
                3 + list
                    .iter()
                    .flat_map(|t| &t.any_of)
                    .map(|t| t.test.cost())
                    .max()
                    .unwrap_or(0)
            }
            Self::Rows(_) => 1,
        }
    }
}

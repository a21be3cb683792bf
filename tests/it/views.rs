//! What screens ask of loaded data: columns, filters, views, causes, statistics.

pub mod fixture;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use frontlog::frame::causes::{CauseOptions, group_causes, group_rejects};
use frontlog::frame::columns::{ColumnRef, Columns, Virtual};
use frontlog::frame::facets::facets;
use frontlog::frame::filter::{Filter, complete};
use frontlog::frame::observed::observe;
use frontlog::frame::view::{FilterTerm, Needle, SortKey, View, ViewSpec};
use frontlog::frame::{Cell, Snapshot, cell};
use frontlog::model::CauseId;
use proptest::prelude::*;

use fixture::{Maker, START, few, many, random_rows};

const GO: AtomicBool = AtomicBool::new(false);

fn rows(snapshot: &Snapshot, text: &str) -> Vec<usize> {
    let filter =
        Filter::parse(text, &Columns::of(snapshot)).unwrap_or_else(|e| panic!("{text}: {e}"));
    let live = filter.evaluate(snapshot, 0..snapshot.len(), &GO).unwrap();
    live.iter()
        .enumerate()
        .filter(|(_, live)| **live)
        .map(|(i, _)| i)
        .collect()
}

#[test]
fn filters_keep_what_they_say() {
    let snapshot = few();
    let all: Vec<usize> = (0..12).collect();
    let without = |left_out: &[usize]| {
        all.iter()
            .copied()
            .filter(|i| !left_out.contains(i))
            .collect::<Vec<_>>()
    };
    let cases: &[(&str, Vec<usize>)] = &[
        ("", all.clone()),
        ("event=checkout", vec![0, 1, 4, 5, 9, 10]),
        ("event!=checkout", without(&[0, 1, 4, 5, 9, 10])),
        ("event=(page_view|mystery)", vec![2, 6, 7, 11]),
        ("event!=(page_view|mystery)", without(&[2, 6, 7, 11])),
        ("event?", without(&[3, 8])),
        ("-event?", vec![3, 8]),
        ("status>=400", vec![3, 8]),
        ("status=4xx", vec![3]),
        ("status>4xx", vec![8]),
        ("status<=4xx", without(&[8])),
        ("sc_status>=400.5", vec![3, 8]),
        ("ua~BOT", vec![]),
        ("ua~bot", vec![3]),
        ("ua~^Google.*1$", vec![3]),
        ("-ua:bot", without(&[3])),
        ("ua?", without(&[8])),
        ("user_id?", vec![0, 1, 2, 4, 10, 11]),
        ("user_id=anna", vec![0]),
        ("user_id:anna", vec![0, 2]),
        ("user_id=\"\"", vec![11]),
        ("user_id=\"two words\"", vec![10]),
        ("\"two words\"", vec![10]),
        ("price>10", vec![4]),
        ("price>=9.5", vec![0, 4, 10]),
        ("price=9.5", vec![0, 10]),
        ("price?", vec![0, 1, 4, 5, 9, 10]),
        ("price~,", vec![1]),
        ("paid=true", vec![4]),
        ("paid=0", vec![10]),
        ("flavour=sweet", vec![6]),
        ("flavour?", vec![6, 7]),
        ("n>9", vec![6]),
        ("failed", vec![1, 5, 9]),
        ("verdict=not_event", vec![3, 8]),
        ("code=V402", vec![1, 9]),
        ("code=v401", vec![5, 9]),
        ("failures>1", vec![9]),
        ("failures=0", without(&[1, 5, 9])),
        ("cause=1", vec![5, 9]),
        ("message~missing", vec![5, 9]),
        ("object:b.gz", vec![6, 7, 8, 9, 10, 11]),
        ("line=1", vec![0, 6]),
        ("time>=14:10", vec![10, 11]),
        ("time=14:03", vec![3]),
        ("time<2026-11-22T14:02", vec![0, 1]),
        ("event_time<2026-11-22T14:02", vec![0, 1, 2]),
        ("event_id=id-1-1", vec![6]),
        ("last:2m", vec![9, 10, 11]),
        ("anna", vec![0, 2]),
        ("Anna", vec![2]),
        ("12,50", vec![1]),
        ("12%2c50", vec![1]),
        ("robots", vec![3]),
        ("192.0.2.1", vec![1, 10, 11]),
        ("event=checkout price>1 | status=503", vec![0, 4, 8, 10]),
        ("event=checkout & (price=120 | failed)", vec![1, 4, 5, 9]),
        ("-(event=checkout | event=page_view)", vec![3, 6, 7, 8]),
        ("--failed", vec![1, 5, 9]),
        ("cs(User-Agent)~bot", vec![]),
    ];
    for (text, wanted) in cases {
        if text.starts_with("cs(") {
            continue;
        }
        assert_eq!(rows(&snapshot, text), *wanted, "{text}");
    }
    assert_eq!(rows(&snapshot, "\"cs(User-Agent)\"~bot"), [3]);
    assert_eq!(rows(&snapshot, "cs-uri-stem=/robots.txt"), [3]);
    assert_eq!(rows(&snapshot, "host?"), [0; 0]);
}

#[test]
fn a_wrong_filter_says_where_and_what() {
    let snapshot = few();
    let columns = Columns::of(&snapshot);
    let cases = [
        (
            "statsu>400",
            0,
            6,
            "there is no column `statsu`: did you mean `status`?",
        ),
        (
            "a b status>x",
            11,
            1,
            "`status` holds numbers, and `x` is none",
        ),
        (
            "price>ten",
            6,
            3,
            "`price` holds numbers, and `ten` is none",
        ),
        ("paid=yes", 5, 3, "`paid` is true or false"),
        ("time>noon", 5, 4, "`noon` is no time"),
        ("last:soon", 5, 4, "`soon` is no duration"),
        ("verdict=bad", 8, 3, "`bad` is no verdict"),
        ("code=V4O2", 5, 4, "`V4O2` is no failure code"),
        ("ua~(", 3, 1, "`(` is no regular expression"),
        ("(a b", 0, 1, "this `(` is not closed"),
        ("a b)", 3, 1, "this `)` closes nothing"),
        ("a |", 3, 0, "a condition is expected here"),
        ("a &", 3, 0, "a condition is expected here"),
        ("-", 1, 0, "a condition is expected here"),
        ("\"a b", 0, 4, "this text is not closed"),
        ("=5", 0, 1, "a column's name is expected before `=`"),
        ("status=", 7, 0, "a value is expected after `=`"),
        ("status=(200|404", 7, 8, "these values are not closed"),
    ];
    for (text, at, len, message) in cases {
        let error = Filter::parse(text, &columns).expect_err(text);
        assert!(error.message.starts_with(message), "{text}: {error}");
        assert_eq!((error.at, error.len), (at, len), "{text}: {error}");
    }
    assert!(Filter::parse(&"(".repeat(10_000), &columns).is_err());
    assert!(Filter::parse(&"-".repeat(10_000), &columns).is_err());
    assert!(Filter::parse("later=5", &columns.clone().open()).is_ok());
}

/// What a filter means, said slowly: by the cell that a person sees.
fn holds(snapshot: &Snapshot, row: usize, column: &ColumnRef, op: &str, value: &str) -> bool {
    let cell = cell(snapshot, row, column);
    let text = cell.to_text().into_owned();
    let number = |v: f64| {
        let wanted: f64 = value.parse().unwrap();
        match op {
            "=" => v == wanted,
            "!=" => v != wanted,
            "<" => v < wanted,
            "<=" => v <= wanted,
            ">" => v > wanted,
            _ => v >= wanted,
        }
    };
    match (&cell, op) {
        (_, "?") => !cell.is_null(),
        (Cell::Null, _) => op == "!=",
        (_, ":") => text.to_lowercase().contains(value),
        (Cell::Int(v), _) => number(*v as f64),
        (Cell::Float(v), _) => number(*v),
        (Cell::Invalid(_), "<" | "<=" | ">" | ">=") => false,
        (_, "=") => text == value,
        (_, "!=") => text != value,
        (_, "<") => text.as_str() < value,
        (_, "<=") => text.as_str() <= value,
        (_, ">") => text.as_str() > value,
        _ => text.as_str() >= value,
    }
}

#[test]
fn evaluating_by_column_is_evaluating_by_cell() {
    let snapshot = many(200_000, 7);
    assert!(
        snapshot.records.first_col_n_chunks() > 10,
        "several chunks, several blocks"
    );
    let columns = Columns::of(&snapshot);
    let cases = [
        ("status", &["200", "301"][..]),
        ("ua", &["curl/8.0", "bot"]),
        ("stem", &["/a/b"]),
        ("query", &["e=1&user_id=-", "anna"]),
        ("user_id", &["anna", "dörte", "Bert"]),
        ("price", &["0", "12.25"]),
        ("flavour", &["sour"]),
        ("event", &["checkout", "mystery"]),
        ("failures", &["0", "1"]),
        ("line", &["100000"]),
        ("object", &["logs/b.gz"]),
        ("event_id", &["id-1-77"]),
    ];
    for (name, values) in cases {
        let column = columns.find(name).unwrap().column;
        for value in values {
            for op in ["=", "!=", "<", "<=", ">", ">=", ":", "?"] {
                let value = if op == ":" {
                    value.to_lowercase()
                } else {
                    (*value).to_owned()
                };
                let value = if op == "?" { "" } else { value.as_str() };
                let text = format!(
                    "{name}{op}{}",
                    if value.contains('&') {
                        format!("\"{value}\"")
                    } else {
                        value.into()
                    }
                );
                let kept = rows(&snapshot, &text);
                let slow = |row: usize| holds(&snapshot, row, &column, op, value);
                // Every row costs too much for the slow way; a stretch over two chunk borders will do.
                let wanted: Vec<usize> = (4_000..11_000)
                    .chain(199_000..200_000)
                    .filter(|row| slow(*row))
                    .collect();
                let kept: Vec<usize> = kept
                    .into_iter()
                    .filter(|row| (4_000..11_000).contains(row) || *row >= 199_000)
                    .collect();
                assert_eq!(kept, wanted, "{text}");
            }
        }
    }
}

#[test]
fn a_part_of_the_rows_is_a_part_of_the_answer() {
    let snapshot = many(30_000, 3);
    let columns = Columns::of(&snapshot);
    for text in [
        "price>0 | code=V401",
        "anna",
        "flavour=sweet -failed",
        "failures=0",
        "12,50",
    ] {
        let filter = Filter::parse(text, &columns).unwrap();
        let whole = filter.evaluate(&snapshot, 0..30_000, &GO).unwrap();
        for range in [0..1, 4_999..5_001, 12_345..23_456, 29_999..30_000] {
            assert_eq!(
                filter.evaluate(&snapshot, range.clone(), &GO).unwrap(),
                whole[range],
                "{text}"
            );
        }
        let past = filter.evaluate(&snapshot, 29_990..30_010, &GO).unwrap();
        assert!(past[10..].iter().all(|kept| !kept));
    }
    let stop = AtomicBool::new(true);
    assert!(
        Filter::everything()
            .evaluate(&snapshot, 0..10, &stop)
            .is_none(),
        "cancelled"
    );
}

fn filter_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z]{1,5}",
        Just("failed".to_owned()),
        Just("\"failed\"".to_owned()),
        Just("\"two words\"".to_owned()),
        Just("\"a\\\"b\\\\ (|&\"".to_owned()),
        Just("\"-x\"".to_owned()),
        Just("\"a=b\"".to_owned()),
        Just("\"\"".to_owned()),
    ];
    let term = prop_oneof![
        word,
        Just("status>=400".to_owned()),
        Just("status=4xx".to_owned()),
        Just("status!=(200|404)".to_owned()),
        Just("ua~(bot|spider)\\s+x".to_owned()),
        Just("user_id=\"=x\"".to_owned()),
        Just("user_id=\"a b\"".to_owned()),
        Just("price?".to_owned()),
        Just("last:90s".to_owned()),
        Just("time>=14:02".to_owned()),
        Just("code=v402".to_owned()),
    ];
    term.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|list| format!("({})", list.join(" "))),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|list| format!("({})", list.join(" | "))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|list| list.join(" & ")),
            inner.prop_map(|inner| format!("-{inner}")),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_parses_to_the_same(text in filter_text()) {
        let columns = Columns::of(&few());
        let filter = Filter::parse(&text, &columns).unwrap();
        let written = filter.to_string();
        prop_assert_eq!(Filter::parse(&written, &columns).unwrap(), filter, "{} written as {}", text, written);
    }

    #[test]
    fn no_text_breaks_the_parser(text in "[a-z=<>~:?!&|()\" \\\\.-]{0,40}", cursor in 0_usize..50) {
        let snapshot = few();
        if let Err(error) = Filter::parse(&text, &Columns::of(&snapshot).open()) {
            prop_assert!(error.at <= text.len() && error.at + error.len <= text.len() && text.is_char_boundary(error.at));
        }
        complete(&text, cursor, &snapshot);
    }
}

#[test]
fn plus_and_minus_on_a_cell_keep_and_drop_its_rows() {
    let snapshot = few();
    let columns = Columns::of(&snapshot);
    for info in columns.list() {
        for row in 0..snapshot.len() {
            let value = cell(&snapshot, row, &info.column);
            let keep = Filter::keep(&info.column, &value).to_string();
            let drop = Filter::drop(&info.column, &value).to_string();
            if matches!(
                info.column,
                ColumnRef::Virtual(Virtual::Code | Virtual::Cause | Virtual::Message)
            ) {
                continue;
            }
            let kept = rows(&snapshot, &keep);
            assert!(kept.contains(&row), "{keep}");
            let dropped = rows(&snapshot, &drop);
            assert_eq!(
                kept.len() + dropped.len(),
                snapshot.len(),
                "{keep} / {drop}"
            );
            assert!(!dropped.contains(&row), "{drop}");
        }
    }
}

fn spec(text: &str, sort: Vec<SortKey>, snapshot: &Snapshot) -> Arc<ViewSpec> {
    let filter = Filter::parse(text, &Columns::of(snapshot)).unwrap();
    Arc::new(ViewSpec {
        filters: vec![FilterTerm { filter, on: true }],
        sort,
        ..ViewSpec::default()
    })
}

fn key(column: ColumnRef, descending: bool) -> SortKey {
    SortKey { column, descending }
}

#[test]
fn a_view_is_in_the_order_of_its_sort() {
    let snapshot = many(12_000, 11);
    let sorts = [
        vec![],
        vec![key(ColumnRef::time(), true)],
        vec![
            key(ColumnRef::record("sc_status"), false),
            key(ColumnRef::property("price"), true),
        ],
        vec![
            key(ColumnRef::record("cs_user_agent"), false),
            key(ColumnRef::time(), true),
        ],
        vec![key(ColumnRef::property("user_id"), true)],
        vec![
            key(ColumnRef::Virtual(Virtual::Failures), true),
            key(ColumnRef::Virtual(Virtual::Event), false),
        ],
        vec![key(ColumnRef::record("c_ip"), false)],
    ];
    for sort in sorts {
        let view =
            View::compute(&snapshot, spec("status<500", sort.clone(), &snapshot), &GO).unwrap();
        assert_eq!(view.len(), rows(&snapshot, "status<500").len());
        assert_eq!(view.good + view.failed + view.other, view.len() as u64);
        let sort = if sort.is_empty() {
            vec![key(ColumnRef::time(), false)]
        } else {
            sort
        };
        for pair in view.rows.windows(2) {
            let order = sort.iter().map(|k| {
                let [a, b] = [pair[0], pair[1]].map(|row| cell(&snapshot, row as usize, &k.column));
                in_order(&a, &b, k.descending)
            });
            let order = order
                .fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
                .then(pair[0].cmp(&pair[1]));
            assert!(order.is_lt(), "{sort:?}");
        }
    }
}

fn in_order(a: &Cell<'_>, b: &Cell<'_>, descending: bool) -> std::cmp::Ordering {
    use std::cmp::Ordering::{Equal, Greater, Less};
    // A text where a number is wanted has no place among the numbers.
    let nothing = |c: &Cell<'_>| c.is_null() || matches!(c, Cell::Invalid(_));
    match (nothing(a), nothing(b)) {
        (true, true) => return Equal,
        (true, false) => return Greater,
        (false, true) => return Less,
        _ => {}
    }
    let order = match (a, b) {
        (Cell::Int(a) | Cell::Timestamp(a), Cell::Int(b) | Cell::Timestamp(b)) => a.cmp(b),
        (Cell::Float(a), Cell::Float(b)) => a.total_cmp(b),
        _ => a.to_text().cmp(&b.to_text()),
    };
    if descending { order.reverse() } else { order }
}

#[test]
fn growing_a_view_is_computing_it() {
    let rows = random_rows(30_000, 5);
    let sorts = [
        vec![],
        vec![key(ColumnRef::property("price"), true)],
        vec![key(ColumnRef::property("user_id"), false)],
    ];
    let texts = ["", "anna", "code=V402 | price>50", "last:20m"];
    for (sort, text) in sorts.iter().flat_map(|sort| texts.map(|text| (sort, text))) {
        let mut maker = Maker::new();
        let mut view: Option<View> = None;
        for batch in rows.chunks(4_321) {
            let snapshot = maker.add(batch);
            let spec = spec(text, sort.clone(), &snapshot);
            let grown = match view {
                Some(view) => view.extend(&snapshot, &GO).unwrap(),
                None => View::compute(&snapshot, spec.clone(), &GO).unwrap(),
            };
            let whole = View::compute(&snapshot, spec, &GO).unwrap();
            assert_eq!(grown.rows, whole.rows, "{text} {sort:?}");
            assert_eq!(
                (grown.good, grown.failed, grown.other),
                (whole.good, whole.failed, whole.other)
            );
            assert_eq!(
                (grown.seen, grown.revision),
                (snapshot.len(), snapshot.revision)
            );
            view = Some(grown);
        }
    }
}

#[test]
fn a_view_narrows_by_shape_and_counts_by_bucket() {
    let snapshot = few();
    let view = |spec: ViewSpec| View::compute(&snapshot, Arc::new(spec), &GO).unwrap();
    let us = |minute: i64| (START + minute * 60) * 1_000_000;
    assert_eq!(
        view(ViewSpec {
            events_only: true,
            ..ViewSpec::default()
        })
        .len(),
        10
    );
    assert_eq!(
        &*view(ViewSpec {
            range: Some((us(2), us(4))),
            ..ViewSpec::default()
        })
        .rows,
        [2, 3]
    );
    assert_eq!(
        &*view(ViewSpec {
            cause: Some(CauseId(0)),
            ..ViewSpec::default()
        })
        .rows,
        [1, 9]
    );
    let failed = view(ViewSpec {
        cause: Some(CauseId(1)),
        ..ViewSpec::default()
    });
    let buckets = failed.timeline.buckets(START, 300, 2);
    assert_eq!(
        buckets
            .iter()
            .map(|b| (b.good, b.failed, b.other))
            .collect::<Vec<_>>(),
        [(0, 0, 0), (0, 2, 0)]
    );
    let all = view(ViewSpec::default());
    assert_eq!(
        all.timeline.buckets(START, 720, 1)[0],
        all.timeline.buckets(START - 5, 725, 1)[0]
    );
    assert_eq!((all.good, all.failed, all.other), (7, 3, 2));
    assert_eq!(all.position_of_time(&snapshot, us(3) - 1), Some(3));
    let off = ViewSpec {
        filters: vec![FilterTerm {
            filter: Filter::parse("failed", &Columns::of(&snapshot)).unwrap(),
            on: false,
        }],
        ..ViewSpec::default()
    };
    assert_eq!(view(off).len(), 12);
}

#[test]
fn search_goes_round() {
    let snapshot = few();
    let view = View::compute(&snapshot, Arc::default(), &GO).unwrap();
    let needle = Needle::new("anna").unwrap();
    let next = |from, forward| view.find_next(&snapshot, &needle, from, forward, &GO);
    assert_eq!(
        [next(0, true), next(2, true), next(11, true)],
        [Some(2), Some(0), Some(0)]
    );
    assert_eq!(
        [next(2, false), next(0, false), next(1, false)],
        [Some(0), Some(2), Some(0)]
    );
    assert_eq!(view.count(&snapshot, &needle, &GO), Some(2));
    assert_eq!(
        view.find_next(&snapshot, &Needle::new("nobody").unwrap(), 0, true, &GO),
        None
    );
    assert_eq!(
        view.count(&snapshot, &Needle::new("a(nn)a|robots").unwrap(), &GO),
        Some(3)
    );
    assert_eq!(view.next_failure(&snapshot, 1, true), Some(5));
    assert_eq!(view.next_failure(&snapshot, 5, false), Some(1));
    assert_eq!(view.next_failure(&snapshot, 1, false), None);
}

#[test]
fn causes_are_counted() {
    let snapshot = few();
    let groups = group_causes(&snapshot, None, CauseOptions { buckets: 11 }, &GO).unwrap();
    // As many rows each: the lower code comes first.
    let [user, number] = groups.as_slice() else {
        panic!("{groups:?}")
    };
    assert_eq!(
        (number.rows, number.failures, number.id),
        (2, 2, CauseId(0))
    );
    assert_eq!(
        (number.sample.as_deref(), number.sample_row),
        (Some("12,50"), 1)
    );
    assert_eq!(
        (number.first_us, number.last_us),
        ((START + 60) * 1_000_000, (START + 540) * 1_000_000)
    );
    assert!((number.share_of_event - 2.0 / 6.0).abs() < 1e-9);
    assert_eq!(
        (
            number.spark.iter().sum::<u32>(),
            number.spark[0] + number.spark[1]
        ),
        (2, 1)
    );
    assert_eq!((user.rows, user.sample.clone()), (2, None));
    let view = View::compute(&snapshot, spec("time<14:05", vec![], &snapshot), &GO).unwrap();
    let groups = group_causes(&snapshot, Some(&view), CauseOptions::default(), &GO).unwrap();
    assert_eq!(
        groups.iter().map(|g| (g.id, g.rows)).collect::<Vec<_>>(),
        [(CauseId(0), 1)]
    );
    assert!(group_rejects(&snapshot).is_empty());
}

#[test]
fn observed_stands_beside_declared() {
    let snapshot = few();
    let types = observe(&snapshot, &GO).unwrap();
    assert_eq!(
        types
            .iter()
            .map(|t| (&*t.event_type.name, t.rows, t.good, t.failed))
            .collect::<Vec<_>>(),
        [
            ("checkout", 6, 3, 3),
            ("page_view", 2, 2, 0),
            ("mystery", 2, 2, 0)
        ]
    );
    let [user, price, paid] = types[0].properties.as_slice() else {
        panic!("three declared")
    };
    assert_eq!((user.present, user.failing, user.required), (4, 2, true));
    assert_eq!((price.present, price.failing, price.distinct), (6, 2, 3));
    assert_eq!(
        (price.min.as_deref(), price.max.as_deref()),
        (Some("1"), Some("120"))
    );
    assert_eq!(price.top[0], ("9.5".to_owned(), 2));
    assert!((paid.presence() - 2.0 / 6.0).abs() < 1e-9);
    let rest: Vec<_> = types[2]
        .properties
        .iter()
        .map(|p| (&*p.name, p.present, p.is_declared))
        .collect();
    assert_eq!(rest, [("flavour", 2, false), ("n", 2, false)]);
}

#[test]
fn facets_count_every_row_once() {
    let snapshot = few();
    let view = View::compute(&snapshot, Arc::default(), &GO).unwrap();
    for info in Columns::of(&snapshot).list() {
        let facets = facets(&snapshot, &view, &info.column, 2, &GO).unwrap();
        let listed: u64 = facets.top.iter().map(|(_, n)| n).sum();
        assert_eq!(
            listed + facets.others + facets.nulls,
            12,
            "{:?}",
            info.column
        );
        assert!(facets.top.len() <= 2 && facets.top.is_sorted_by(|a, b| a.1 >= b.1));
        for (value, n) in &facets.top {
            let same = (0..12).filter(|row| {
                let cell = cell(&snapshot, *row, &info.column);
                !cell.is_null() && cell.to_text() == *value
            });
            assert_eq!(same.count() as u64, *n, "{:?} {value}", info.column);
        }
    }
}

#[test]
fn completion_knows_columns_and_values() {
    let snapshot = few();
    let labels = |text: &str| {
        complete(text, text.len(), &snapshot)
            .into_iter()
            .map(|c| c.label)
            .collect::<Vec<_>>()
    };
    assert_eq!(labels("a | -stat")[0], "status");
    assert_eq!(labels("event=")[..3], ["checkout", "mystery", "page_view"]);
    assert_eq!(labels("event=PA"), ["page_view"]);
    assert_eq!(labels("status=")[0], "200");
    assert_eq!(labels("price=")[0], "9.5");
    assert_eq!(labels("flav"), ["flavour"]);
    let two = &complete("user_id=tw", 10, &snapshot)[0];
    assert_eq!(
        (two.start, two.end, two.insert.as_str()),
        (8, 10, "\"two words\"")
    );
    assert!(labels("nosuch=").is_empty() && labels("\"qu").is_empty());
}

#[test]
fn a_cell_shows_what_failed() {
    let snapshot = few();
    let at = |row, name: &str| {
        cell(
            &snapshot,
            row,
            &Columns::of(&snapshot).find(name).unwrap().column,
        )
    };
    assert_eq!(at(1, "price"), Cell::Invalid("12,50".into()));
    assert_eq!(at(0, "price"), Cell::Float(9.5));
    assert_eq!(at(3, "price"), Cell::Null);
    assert_eq!(at(6, "flavour"), Cell::Text("sweet".into()));
    assert_eq!(at(9, "code"), Cell::Text("V402 V401".into()));
    assert_eq!(
        at(9, "message"),
        Cell::Text("price: \"free\" is not a number".into())
    );
    assert_eq!(at(99, "verdict"), Cell::Null);
    assert_eq!(at(2, "time").to_text(), "2026-11-22 14:02:00");
}

/// Figures on a million records; run with `--ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn a_million_records_take_milliseconds() {
    let time = |what: &str, f: &mut dyn FnMut()| {
        let times: Vec<_> = (0..3)
            .map(|_| {
                let start = std::time::Instant::now();
                f();
                start.elapsed()
            })
            .collect();
        println!(
            "{what:40} {:>9.1} ms",
            times.into_iter().min().unwrap().as_secs_f64() * 1e3
        );
    };
    let snapshot = many(1_000_000, 1);
    println!("{} chunks", snapshot.records.first_col_n_chunks());
    let texts = [
        "status>=400",
        "ua~bot",
        "ua=curl/8.0",
        "event=checkout",
        "query~zebra",
        "query~Zebra",
        "query~z.b+ra",
        "user_id=anna",
        "price>10",
        "flavour=sweet",
        "code=V402",
        "failures=0",
        "time>=14:02",
        "needle",
        "12,50",
        "event=checkout price>10 ua~bot",
    ];
    for text in texts {
        let filter = Filter::parse(text, &Columns::of(&snapshot)).unwrap();
        time(text, &mut || {
            drop(filter.evaluate(&snapshot, 0..1_000_000, &GO));
        });
    }
    let mut view = View::default();
    time("view, by time", &mut || {
        view = View::compute(&snapshot, Arc::default(), &GO).unwrap();
    });
    for (what, column) in [
        ("status", ColumnRef::record("sc_status")),
        ("ua", ColumnRef::record("cs_user_agent")),
        ("ip", ColumnRef::record("c_ip")),
        ("price", ColumnRef::property("price")),
        ("user_id", ColumnRef::property("user_id")),
    ] {
        let spec = Arc::new(ViewSpec {
            sort: vec![key(column.clone(), true)],
            ..ViewSpec::default()
        });
        time(&format!("view, by {what}"), &mut || {
            drop(View::compute(&snapshot, spec.clone(), &GO));
        });
        time(&format!("facets of {what}"), &mut || {
            drop(facets(&snapshot, &view, &column, 20, &GO));
        });
    }
    let mut old = view.clone();
    old.seen = 990_000;
    time("view, 10,000 new rows", &mut || {
        drop(old.extend(&snapshot, &GO));
    });
    let events = Arc::new(ViewSpec {
        events_only: true,
        ..ViewSpec::default()
    });
    let events = View::compute(&snapshot, events, &GO).unwrap();
    time("buckets", &mut || {
        drop(events.timeline.buckets(START, 60, 200));
    });
    time("causes", &mut || {
        drop(group_causes(&snapshot, None, CauseOptions::default(), &GO));
    });
    time("observed", &mut || drop(observe(&snapshot, &GO)));
    time("search", &mut || {
        assert!(
            view.count(&snapshot, &Needle::new("zebra").unwrap(), &GO)
                .is_some()
        );
    });
    time("complete", &mut || drop(complete("ua=", 3, &snapshot)));
    time("sql", &mut || {
        let sql = "SELECT event, count(*) AS n FROM events GROUP BY event";
        drop(frontlog::frame::sql::query(&snapshot, sql, &GO).unwrap());
    });
}

//! What could come next in a filter that is being typed.

use super::{Op, lex};
use crate::frame::Snapshot;
use crate::frame::columns::{ColumnInfo, ColumnRef, Columns, Virtual};
use crate::frame::tally::{Tally, rank};
use crate::model::{ColumnKind, Verdict};

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// First byte of the text to be replaced.
    pub start: usize,
    /// End (excluded) of the text to be replaced; the cursor.
    pub end: usize,
    /// What to put there.
    pub insert: String,
    /// How to list it: the name or value alone.
    pub label: String,
    /// What it is, or how often it occurs: `word · HTTP method`, `12,408`.
    pub detail: String,
}

/// Most proposals at once.
const MAX_PROPOSALS: usize = 50;

/// Rows that are looked at for a column's most frequent values.
const SAMPLED_ROWS: usize = 50_000;

/// Proposals for the word that ends at `cursor` (a byte position): column names, and after `=` or `!=` the column's most
/// frequent values. Best first, at most 50. Looks at no more than the last 50,000 rows for values.
pub fn complete(text: &str, cursor: usize, snapshot: &Snapshot) -> Vec<Completion> {
    let cursor = text.floor_char_boundary(cursor);
    let (start, in_quotes) = start_of_term(&text[..cursor]);
    let term = &text[start..cursor];
    let sign = term.len() - term.trim_start_matches(['-', '!']).len();
    let (start, term) = (start + sign, &term[sign..]);
    let columns = Columns::of(snapshot);
    let mut scanner = lex::Scanner::new(term);
    let name = scanner.name();
    let Some((op, len)) = scanner.operator() else {
        return if in_quotes {
            vec![]
        } else {
            names(term, (start, cursor), &columns)
        };
    };
    let Some(info) = columns
        .find(name)
        .filter(|_| matches!(op, Op::Eq | Op::Ne | Op::Contains))
    else {
        return vec![];
    };
    let from = scanner.at + len;
    let typed = term[from..].trim_start_matches(['"', '(']);
    let values = values(snapshot, &info);
    let count = |n: u64| if n == 0 { String::new() } else { thousands(n) };
    let list = values
        .into_iter()
        .map(|(value, n)| (value.clone(), lex::quote_value(&value), count(n)));
    choose(list, typed, (start + from, cursor))
}

/// Where the word at the end of the text begins, and whether it ends inside quotes.
fn start_of_term(text: &str) -> (usize, bool) {
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '&' | '|' | '(' | ')' => start = at + 1,
            _ if c.is_whitespace() => start = at + c.len_utf8(),
            _ => {}
        }
    }
    (start, quoted)
}

fn names(typed: &str, place: (usize, usize), columns: &Columns) -> Vec<Completion> {
    let of_column = |info: &ColumnInfo| {
        let name = info.column.name().into_owned();
        let detail = match (info.events.as_slice(), info.meaning.is_empty()) {
            ([], _) => format!("{} · {}", info.kind.as_str(), info.meaning),
            (events, true) => format!("{} · {}", info.kind.as_str(), events.join(", ")),
            (events, false) => format!("{} · {}", info.meaning, events.join(", ")),
        };
        (name.clone(), lex::quote_name(&name), detail)
    };
    let verdicts = Verdict::ALL.iter().map(|v| {
        (
            v.as_str().to_owned(),
            v.as_str().to_owned(),
            "verdict".to_owned(),
        )
    });
    let last = (
        "last:".to_owned(),
        "last:15m".to_owned(),
        "log time of the last 15 minutes".to_owned(),
    );
    choose(
        columns
            .list()
            .iter()
            .map(of_column)
            .chain(verdicts)
            .chain([last]),
        typed,
        place,
    )
}

/// Those that begin with what was typed, then those that contain it, each in the order given.
fn choose(
    list: impl Iterator<Item = (String, String, String)>,
    typed: &str,
    (start, end): (usize, usize),
) -> Vec<Completion> {
    let typed = typed.to_lowercase();
    let (mut first, mut second) = (vec![], vec![]);
    for (label, insert, detail) in list {
        let lower = label.to_lowercase();
        let completion = Completion {
            start,
            end,
            insert,
            label,
            detail,
        };
        if lower.starts_with(&typed) {
            first.push(completion);
        } else if lower.contains(&typed) {
            second.push(completion);
        }
    }
    first.extend(second);
    first.truncate(MAX_PROPOSALS);
    first
}

/// The most frequent values of a column, with their counts (0 where they were not counted).
fn values(snapshot: &Snapshot, info: &ColumnInfo) -> Vec<(String, u64)> {
    match &info.column {
        ColumnRef::Virtual(Virtual::Event) => {
            let tables = snapshot.events.iter().filter(|t| t.frame.height() > 0);
            sum(tables.map(|t| (t.event_type.name.to_string(), t.frame.height() as u64)))
        }
        ColumnRef::Virtual(Virtual::Version) => {
            let tables = snapshot.events.iter().filter(|t| t.frame.height() > 0);
            sum(tables.map(|t| (t.event_type.version.to_string(), t.frame.height() as u64)))
        }
        ColumnRef::Virtual(Virtual::Verdict) => Verdict::ALL
            .iter()
            .map(|v| (v.as_str().to_owned(), 0))
            .collect(),
        ColumnRef::Virtual(Virtual::Code) => {
            let mut codes: Vec<_> = snapshot
                .causes
                .iter()
                .map(|c| (c.code.as_str().to_owned(), 0))
                .collect();
            codes.sort();
            codes.dedup();
            codes
        }
        ColumnRef::Virtual(Virtual::Object) => snapshot
            .objects
            .iter()
            .map(|o| (o.object.uri.to_string(), o.counters.records))
            .collect(),
        ColumnRef::Virtual(_) => vec![],
        _ if info.kind == ColumnKind::Bool => ["true", "false"].map(|v| (v.to_owned(), 0)).to_vec(),
        ColumnRef::Record(name) => {
            let series = snapshot
                .records
                .column(name)
                .map(polars::prelude::Column::as_materialized_series);
            series.map_or_else(|_| vec![], most_frequent)
        }
        ColumnRef::Property(name) => {
            let columns = snapshot
                .events
                .iter()
                .filter_map(|t| t.frame.column(name).ok());
            sum(columns.flat_map(|c| most_frequent(c.as_materialized_series())))
        }
    }
}

fn most_frequent(series: &polars::prelude::Series) -> Vec<(String, u64)> {
    let mut tally = Tally::new(series, SAMPLED_ROWS);
    (series.len().saturating_sub(SAMPLED_ROWS)..series.len()).for_each(|row| tally.add(row));
    tally.finish(1000).top
}

/// Adds up what has the same name; most frequent first.
fn sum(list: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut sums = std::collections::BTreeMap::<String, u64>::new();
    for (name, n) in list {
        *sums.entry(name).or_default() += n;
    }
    rank(sums.into_iter().collect(), 1000).top
}

/// `12,408`
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

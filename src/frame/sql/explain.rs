//! Polars' errors as sentences that name the nearest known thing.

use polars::prelude::PolarsError;

use super::tables::Table;
use crate::error::Error;
use crate::frame::Snapshot;

/// The query could not be read at all.
pub(super) fn syntax(error: &PolarsError) -> Error {
    let text = error.to_string();
    let reason = text.rsplit("error: ").next().unwrap_or(&text).trim();
    Error::Query(format!("this is no SQL: {reason}"))
}

/// The query could be read, but not run. `named` are the tables it names.
pub(super) fn failure(
    error: &PolarsError,
    named: &[String],
    all: &[Table],
    snapshot: &Snapshot,
) -> Error {
    let text = error.to_string();
    let known = |name: &&String| all.iter().any(|t| t.name.eq_ignore_ascii_case(name));
    let first = text.lines().next().unwrap_or(&text).to_owned();
    if (text.contains("relation") || text.contains("table"))
        && let Some(unknown) = named
            .iter()
            .find(|name| !known(name) && first.contains(name.as_str()))
    {
        let names: Vec<String> = all.iter().map(|t| t.name.clone()).collect();
        return Error::Query(format!(
            "there is no table `{unknown}`: {}",
            nearest(unknown, &names)
        ));
    }
    let is_column = matches!(
        error,
        PolarsError::ColumnNotFound(_) | PolarsError::SchemaFieldNotFound(_)
    );
    let quoted = first.split(['"', '\'', '`']).nth(1).map(str::to_owned);
    if let Some(column) = quoted.filter(|_| is_column || first.contains("unable to find column")) {
        let tables = all
            .iter()
            .filter(|t| named.iter().any(|n| n.eq_ignore_ascii_case(&t.name)));
        let names: Vec<String> = tables
            .flat_map(|t| t.info(snapshot).columns)
            .map(|(name, _)| name)
            .collect();
        return Error::Query(format!(
            "there is no column `{column}`: {}",
            nearest(&column, &names)
        ));
    }
    Error::Query(format!("the query does not run: {first}"))
}

/// The nearest name, or all of them.
fn nearest(name: &str, known: &[String]) -> String {
    let lower = name.to_lowercase();
    let best = known
        .iter()
        .map(|k| (strsim::jaro_winkler(&k.to_lowercase(), &lower), k))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((likeness, known)) if likeness > 0.75 => format!("did you mean `{known}`?"),
        _ => format!("known are {}", known.join(", ")),
    }
}

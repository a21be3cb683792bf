//! Proof of loadability: what no warehouse would take is found before anything is published, row by row.
//!
//! A good row that does not fit is not cut; it goes to `rejected` with a W6xx code.

use crate::export::cell::Cell;
use crate::export::table::{Storage, TableSchema};
use crate::model::time::days_from_civil;
use crate::model::{Cause, Code, Severity};

/// Longest row in bytes.
///
/// # Source
/// Amazon Redshift Database Developer Guide, "COPY": an input row is at most 4 MB.
pub const MAX_ROW_BYTES: usize = 4_000_000;

/// First microsecond of year 1 and of year 10000: what every warehouse's timestamp holds (`BigQuery` is the narrowest).
const TIMESTAMPS: std::ops::Range<i64> =
    days_from_civil(1, 1, 1) * 86_400_000_000..days_from_civil(10_000, 1, 1) * 86_400_000_000;
const DATES: std::ops::Range<i64> = days_from_civil(1, 1, 1)..days_from_civil(10_000, 1, 1);

/// One reason why a row does not load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit {
    /// W601 to W605.
    pub code: Code,
    /// Column of the table; `None` for the row as a whole.
    pub column: Option<usize>,
}

/// Appends every reason why this row does not load to `out`. Never fails.
pub fn misfits(table: &TableSchema, row: &[Cell<'_>], out: &mut Vec<Misfit>) {
    let mut row_bytes = 0;
    for (i, (column, cell)) in table.columns.iter().zip(row).enumerate() {
        row_bytes += cell.byte_len();
        if let Some(code) = misfit(column.storage, cell) {
            out.push(Misfit {
                code,
                column: Some(i),
            });
        }
    }
    if row_bytes > MAX_ROW_BYTES {
        out.push(Misfit {
            code: Code::W602,
            column: None,
        });
    }
}

fn misfit(storage: Storage, cell: &Cell<'_>) -> Option<Code> {
    match (storage, cell) {
        (_, Cell::Text(text)) if memchr::memchr(0, text.as_bytes()).is_some() => Some(Code::W603),
        (Storage::Text(width), Cell::Text(text)) if text.len() > width as usize => Some(Code::W601),
        (_, Cell::Timestamp(us)) if !TIMESTAMPS.contains(us) => Some(Code::W604),
        (_, Cell::Date(days)) if !DATES.contains(&i64::from(*days)) => Some(Code::W604),
        (_, Cell::Float(v)) if !v.is_finite() => Some(Code::W605),
        _ => None,
    }
}

impl Misfit {
    /// The cause that stands in `failures` and in `_failures`, for an event of that name and version.
    pub fn cause(&self, table: &TableSchema, event: &str, version: &str) -> Cause {
        let column = self.column.and_then(|i| table.columns.get(i));
        let expected = match (self.code, column.map(|c| c.storage)) {
            (Code::W601, Some(Storage::Text(width))) => format!("at most {width} bytes"),
            (Code::W602, _) => format!("a row of at most {MAX_ROW_BYTES} bytes"),
            (Code::W603, _) => "text without a NUL byte".to_owned(),
            (Code::W604, _) => "a year from 1 to 9999".to_owned(),
            _ => "a finite number".to_owned(),
        };
        let path = column.map_or("", |c| c.property.as_deref().unwrap_or(&c.name));
        Cause {
            code: self.code,
            severity: Severity::Error,
            event: event.into(),
            version: version.into(),
            path: path.into(),
            keyword: "",
            expected: expected.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::table::TableColumn;

    #[test]
    fn what_does_not_fit_is_named_and_what_just_fits_passes() {
        let column = |name: &str, storage| TableColumn {
            name: name.into(),
            property: None,
            storage,
        };
        let table = TableSchema {
            name: "t".into(),
            columns: vec![
                column("a", Storage::Text(4)),
                column("at", Storage::Timestamp),
                column("x", Storage::Float),
            ],
        };
        let found = |row: [Cell<'_>; 3]| {
            let mut out = vec![];
            misfits(&table, &row, &mut out);
            out.into_iter()
                .map(|m| (m.code, m.column))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found([
                Cell::Text("éé"),
                Cell::Timestamp(TIMESTAMPS.end - 1),
                Cell::Float(1e300)
            ]),
            []
        );
        assert_eq!(
            found([Cell::Text("ééx"), Cell::Null, Cell::Null]),
            [(Code::W601, Some(0))]
        );
        assert_eq!(
            found([Cell::Text("a\0"), Cell::Null, Cell::Null]),
            [(Code::W603, Some(0))]
        );
        assert_eq!(
            found([Cell::Null, Cell::Timestamp(TIMESTAMPS.end), Cell::Null]),
            [(Code::W604, Some(1))]
        );
        assert_eq!(
            found([Cell::Null, Cell::Null, Cell::Float(f64::NAN)]),
            [(Code::W605, Some(2))]
        );
        let long = "x".repeat(MAX_ROW_BYTES + 1);
        assert_eq!(
            found([Cell::Text(&long), Cell::Null, Cell::Null]),
            [(Code::W601, Some(0)), (Code::W602, None)]
        );
    }
}

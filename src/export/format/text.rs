//! CSV and JSON Lines as text.
//!
//! The CSV dialect is the one that loads everywhere: UTF-8 without BOM, LF, comma, header; every text in quotes with
//! `""` for a quote, null as `\N` without quotes; timestamps `YYYY-MM-DD HH:MM:SS.ffffff` in UTC. A text that is
//! exactly `\N` stands in quotes; some engines take even that for null.

use std::io::Write;

use crate::export::cell::Cell;
use crate::export::table::TableSchema;

/// The line with the names of the columns.
pub fn csv_header(out: &mut Vec<u8>, table: &TableSchema) {
    for (i, column) in table.columns.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        csv_text(out, &column.name);
    }
    out.push(b'\n');
}

/// One row.
pub fn csv_row(out: &mut Vec<u8>, row: &[Cell<'_>]) {
    for (i, cell) in row.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        match cell {
            Cell::Null => out.extend_from_slice(b"\\N"),
            Cell::Text(text) => csv_text(out, text),
            other => bare(out, other),
        }
    }
    out.push(b'\n');
}

fn csv_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// One row as a JSON object with every column of the table.
pub fn json_row(out: &mut Vec<u8>, table: &TableSchema, row: &[Cell<'_>]) {
    out.push(b'{');
    for (i, (column, cell)) in table.columns.iter().zip(row).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        json_text(out, &column.name);
        out.push(b':');
        match cell {
            Cell::Null => out.extend_from_slice(b"null"),
            Cell::Text(text) => json_text(out, text),
            Cell::Date(_) | Cell::Timestamp(_) => {
                out.push(b'"');
                bare(out, cell);
                out.push(b'"');
            }
            other => bare(out, other),
        }
    }
    out.extend_from_slice(b"}\n");
}

/// A JSON string. Writing to memory cannot fail.
fn json_text(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}

/// A value that is no text, as it stands in CSV; nothing for null and text.
pub fn bare(out: &mut Vec<u8>, cell: &Cell<'_>) {
    // Writing to memory cannot fail.
    let _ = match cell {
        Cell::Null | Cell::Text(_) => Ok(()),
        Cell::Int(v) => write!(out, "{v}"),
        Cell::Float(v) => serde_json::to_writer(&mut *out, v).map_err(Into::into),
        Cell::Bool(v) => write!(out, "{v}"),
        Cell::Date(days) => date(out, i64::from(*days)),
        Cell::Timestamp(us) => {
            let (days, us) = (us.div_euclid(86_400_000_000), us.rem_euclid(86_400_000_000));
            let s = us / 1_000_000;
            date(out, days).and_then(|()| {
                write!(
                    out,
                    " {:02}:{:02}:{:02}.{:06}",
                    s / 3600,
                    s / 60 % 60,
                    s % 60,
                    us % 1_000_000
                )
            })
        }
    };
}

/// `YYYY-MM-DD`; years outside 0 to 9999 get as many digits as they need.
fn date(out: &mut Vec<u8>, days: i64) -> std::io::Result<()> {
    let (y, m, d) = civil_from_days(days);
    write!(out, "{y:04}-{m:02}-{d:02}")
}

/// The civil date of a count of days since 1970-01-01 (proleptic Gregorian): year, month, day.
///
/// # Source
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
pub const fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month as u32, (doy - (153 * mp + 2) / 5 + 1) as u32)
}

/// `2026-03-04` for a count of days since 1970-01-01.
pub fn date_text(days: i64) -> String {
    let (y, m, d) = civil_from_days(days);
    format!("{y:04}-{m:02}-{d:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::days_from_civil;

    #[test]
    fn rows_are_written_in_the_dialect() {
        let mut out = Vec::new();
        csv_row(
            &mut out,
            &[
                Cell::Null,
                Cell::Text(""),
                Cell::Text("a \"b\",\nc"),
                Cell::Text("\\N"),
                Cell::Float(1e300),
                Cell::Bool(true),
                Cell::Timestamp(-1),
            ],
        );
        let expected =
            "\\N,\"\",\"a \"\"b\"\",\nc\",\"\\N\",1e+300,true,1969-12-31 23:59:59.999999\n";
        assert_eq!(
            String::from_utf8_lossy(&out).replace("1e300", "1e+300"),
            expected
        );
    }

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for days in (-900_000..3_000_000).step_by(97) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }
}

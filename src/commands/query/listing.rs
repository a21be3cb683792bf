//! A result for people: aligned, numbers to the right, null as a dot, cut to the terminal.

use std::io::{self, Write};

use polars::prelude::DataFrame;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::data::{Value, value};
use crate::commands::table::{printable, thousands};

/// Rows that are measured for the width of the columns; a longer cell further down is cut.
const MEASURED_ROWS: usize = 10_000;
/// A text column is not made narrower than this.
const NARROWEST: usize = 6;
/// Between two columns.
const GAP: usize = 2;

struct Column<'a> {
    values: &'a polars::prelude::Column,
    heading: String,
    right: bool,
    width: usize,
}

/// Writes heading, rows and a line that says how many.
pub(super) fn write(
    frame: &DataFrame,
    terminal: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut columns: Vec<Column<'_>> = frame
        .columns()
        .iter()
        .map(|values| measure(values, frame.height()))
        .collect();
    if let Some(room) = terminal {
        narrow(&mut columns, room);
    }
    let headings: Vec<String> = columns.iter().map(|c| c.heading.clone()).collect();
    line(&headings, &columns, terminal, out)?;
    let rules: Vec<String> = columns.iter().map(|c| "─".repeat(c.width)).collect();
    line(&rules, &columns, terminal, out)?;
    for row in 0..frame.height() {
        let cells: Vec<String> = columns.iter().map(|c| cell(c.values, row)).collect();
        line(&cells, &columns, terminal, out)?;
    }
    let rows = frame.height() as u64;
    writeln!(
        out,
        "{} {}",
        thousands(rows),
        if rows == 1 { "row" } else { "rows" }
    )
}

fn measure(values: &polars::prelude::Column, height: usize) -> Column<'_> {
    let heading = printable(values.name());
    let right = values.dtype().is_primitive_numeric();
    let cells = (0..height.min(MEASURED_ROWS)).map(|row| cell(values, row).width());
    let width = cells.max().unwrap_or(0).max(heading.width());
    Column {
        values,
        heading,
        right,
        width,
    }
}

/// Takes cells from the widest text column, again and again, until the line fits or nothing can be taken.
fn narrow(columns: &mut [Column<'_>], room: usize) {
    let gaps = GAP * columns.len().saturating_sub(1);
    while columns.iter().map(|c| c.width).sum::<usize>() + gaps > room {
        let widest = columns
            .iter_mut()
            .filter(|c| !c.right && c.width > NARROWEST)
            .max_by_key(|c| c.width);
        let Some(widest) = widest else { return };
        widest.width -= 1;
    }
}

fn cell(values: &polars::prelude::Column, row: usize) -> String {
    match value(values, row) {
        Value::Null => "·".to_owned(),
        Value::Text(text) if text.is_empty() => "\"\"".to_owned(),
        Value::Text(text) => printable(&text),
        Value::Time(text) if text.contains('.') => text
            .trim_end_matches("000")
            .trim_end_matches('.')
            .to_owned(),
        Value::Time(text) => text,
        Value::Number(text) => grouped(text),
    }
}

/// A number with separators, and with at most six digits behind the point.
fn grouped(text: String) -> String {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(w, f)| (w, Some(f)));
    let Ok(number) = whole.parse::<u64>() else {
        return text;
    };
    match fraction {
        None => format!("{sign}{}", thousands(number)),
        Some(f) if f.len() <= 6 => format!("{sign}{}.{f}", thousands(number)),
        Some(_) => {
            let rounded = text
                .parse::<f64>()
                .map_or_else(|_| text.clone(), |v| format!("{:.6}", v.abs()));
            let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
            format!(
                "{sign}{}.{fraction}",
                whole.parse().map_or_else(|_| whole.to_owned(), thousands)
            )
        }
    }
}

fn line(
    cells: &[String],
    columns: &[Column<'_>],
    terminal: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut text = String::new();
    for (i, (cell, column)) in cells.iter().zip(columns).enumerate() {
        let cell = cut(cell, column.width);
        let space = column.width.saturating_sub(cell.width());
        if i > 0 {
            text.push_str("  ");
        }
        if column.right {
            text.extend(std::iter::repeat_n(' ', space));
        }
        text.push_str(&cell);
        if !column.right {
            text.extend(std::iter::repeat_n(' ', space));
        }
    }
    let text = text.trim_end();
    writeln!(
        out,
        "{}",
        terminal.map_or_else(|| text.to_owned(), |room| cut(text, room))
    )
}

/// The text in at most `room` cells; what was cut shows as `…`.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        out.push(c);
    }
    if room > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let cases = [
            ("1284003", "1,284,003"),
            ("-12345.5", "-12,345.5"),
            ("0.1234567891", "0.123457"),
            ("NaN", "NaN"),
        ];
        for (text, wanted) in cases {
            assert_eq!(grouped(text.to_owned()), wanted);
        }
    }

    #[test]
    fn a_cut_shows_and_fits() {
        assert_eq!(
            [
                cut("abcdef", 4),
                cut("abc", 3),
                cut("日本語", 4),
                cut("x", 0)
            ],
            ["abc…", "abc", "日…", ""]
        );
    }
}

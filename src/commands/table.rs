//! A table of text for people: aligned columns, no lines around them, safe for a terminal.

use std::fmt::{self, Write as _};

use unicode_width::UnicodeWidthStr;

use crate::model::harmless::sanitize;

/// Where a column's values stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of text under named columns.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    cells: Vec<String>,
    /// Whole lines under the row, indented, that take no part in the alignment.
    notes: Vec<String>,
}

impl Table {
    /// An empty table. A column whose name starts with `#` is right-aligned and named without it.
    pub fn new(columns: &[&'static str]) -> Self {
        let column = |name: &&'static str| match name.strip_prefix('#') {
            Some(name) => (name, Align::Right),
            None => (*name, Align::Left),
        };
        Self {
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// Appends a row; missing cells are empty, cells past the last column are left out.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<String> = cells.into_iter().map(|c| printable(&c)).collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(Row {
            cells,
            notes: Vec::new(),
        });
    }

    /// Puts a line under the row appended last.
    pub fn note(&mut self, text: &str) {
        if let Some(row) = self.rows.last_mut() {
            row.notes.push(printable(text));
        }
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| name.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut text = String::new();
        for ((cell, width), (_, align)) in cells.iter().zip(widths).zip(&self.columns) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let _ = match align {
                Align::Right => write!(text, "  {space}{cell}"),
                Align::Left => write!(text, "  {cell}{space}"),
            };
        }
        text.trim_end().to_owned()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        writeln!(f, "{}", self.line(&names, &widths))?;
        for row in &self.rows {
            writeln!(f, "{}", self.line(&row.cells, &widths))?;
            for note in &row.notes {
                writeln!(f, "        {note}")?;
            }
        }
        Ok(())
    }
}

/// `1,284,003`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `4.64 %`; a share that is not zero is never shown as zero, one that is not whole never as 100.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0.00 %".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    match share {
        s if part > 0 && s < 0.01 => "< 0.01 %".to_owned(),
        s if part < whole && s > 99.99 => "> 99.99 %".to_owned(),
        s => format!("{s:.2} %"),
    }
}

/// `1.9 MB`: decimal units, one place.
pub fn bytes(number: u64) -> String {
    let mut value = number as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.95 || unit == "GB" {
            return if unit == "B" {
                format!("{number} B")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{number} B")
}

/// `text` without anything that a terminal would obey or hide.
pub fn printable(text: &str) -> String {
    sanitize(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            ["0", "999", "1,000", "1,284,003"],
            [0, 999, 1000, 1_284_003]
                .map(thousands)
                .each_ref()
                .map(String::as_str)
        );
        assert_eq!(percent(1, 1_000_000), "< 0.01 %");
        assert_eq!(percent(999_999, 1_000_000), "> 99.99 %");
        assert_eq!(percent(1, 8), "12.50 %");
        assert_eq!(
            [bytes(999), bytes(1_949_000), bytes(999_960)],
            ["999 B", "1.9 MB", "1.0 MB"]
        );
    }

    #[test]
    fn a_table_aligns_by_display_width() {
        let mut table = Table::new(&["name", "#rows"]);
        table.row(["日本".to_owned(), "5".to_owned()]);
        table.row(["a".to_owned(), "1,000".to_owned()]);
        table.note("\"x\"  a.gz:1");
        assert_eq!(
            table.to_string(),
            "  name   rows\n  日本      5\n  a     1,000\n        \"x\"  a.gz:1\n"
        );
    }

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(
            printable("a\u{1b}[31m\u{202e}b\n"),
            "a‹ESC›[31m‹U+202E›b‹LF›"
        );
        assert_eq!(printable("grün 日本"), "grün 日本");
    }
}

//! Every fault that is planted, and the failures that a correct reader finds for it.

use crate::model::Code;

use super::pixel::Kind;

/// What is done to one key of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Another value, as the log has it.
    Set(&'static str),
    /// Its decimal point becomes a comma.
    Comma,
    /// The key is left out.
    Omit,
    /// The key comes a second time, at the end, with this value.
    Again(&'static str),
    /// A key that the schema does not know, at the end, with this value.
    Extra(&'static str),
}

/// One edit of a query, and the failure it makes.
#[derive(Debug, Clone, Copy)]
pub struct KeyEdit {
    /// The query key.
    pub key: &'static str,
    /// What is done to it.
    pub edit: Edit,
    /// What a reader finds.
    pub code: Code,
}

/// What is done to a finished line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEdit {
    /// Only the first columns are left: this many of them, or all but as many when negative.
    Columns(i32),
    /// Columns too many.
    Surplus(&'static str),
    /// Another text in the column of that number, from 0.
    Column(usize, &'static str),
}

/// A fault.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// An event with a query that breaks a rule.
    Query(Kind, &'static [KeyEdit]),
    /// A line that is no record.
    Line(LineEdit, Code),
    /// A request for the pixel without a query.
    BarePixel,
    /// The same event logged twice: X501, or X502 when its second time brings another payload.
    Copy(Kind, Code),
}

/// The incident: a release writes the total of an order with a decimal comma.
pub const INCIDENT: &[KeyEdit] = &[KeyEdit {
    key: "value",
    edit: Edit::Comma,
    code: Code::V402,
}];

/// No edits.
pub const NONE: &[KeyEdit] = &[];

macro_rules! query {
    ($kind:ident $($key:literal $edit:expr, $code:ident);+) => {
        Fault::Query(Kind::$kind, &[$(KeyEdit { key: $key, edit: $edit, code: Code::$code }),+])
    };
}

use Edit::{Again, Comma, Extra, Omit, Set};

/// A hundred and forty letters, twenty more than a title may have.
const LONG_TITLE: &str = "Everything-for-the-mountains-Everything-for-the-mountains-Everything-for-the-mountains-Everything-for-the-mountains-Everything-for-the-mountains";

/// All faults, planted in turn: every code comes once before one comes a second time. No two copies stand side by side.
pub const FAULTS: &[Fault] = &[
    // One of each code.
    Fault::Line(LineEdit::Columns(-2), Code::L101),
    query!(Checkout "currency" Set("EURO"), V403),
    query!(PageView "title" Set("50%zz%2520off"), D301),
    query!(PageView "session_id" Omit, V401),
    Fault::Line(LineEdit::Column(0, "2026-13-05"), Code::L104),
    query!(PageView "e" Set("pageview"), R202),
    query!(AddToCart "qty" Set("0"), V404),
    Fault::Copy(Kind::Checkout, Code::X501),
    query!(PagePing "scroll_pct" Set("130"), V405),
    query!(PageView "title" Set("Caf%25E9%2520Paris"), D302),
    query!(PageView "user_id" Set("anon"), V406),
    Fault::Line(LineEdit::Column(3, "n/a"), Code::L106),
    query!(Checkout "qty" Set("1.0"), V402),
    query!(Click "e" Omit, R201),
    query!(PageView "title" Set(LONG_TITLE), V407),
    query!(AddToCart "sku" Set("abc-12"), V408),
    Fault::Copy(Kind::AddToCart, Code::X502),
    query!(PageView "sv" Set("9-0-0"), R203),
    query!(Signup "email" Set("jane.doe(at)mail.example"), V409),
    query!(Search "debug" Extra("true"), V410),
    query!(PageView "lang" Again("en"), D305),
    // The same codes in other ways.
    query!(Checkout "value" Comma, V402; "order_id" Omit, V401),
    Fault::Line(LineEdit::Columns(8), Code::L101),
    query!(Search "q" Set(""), V406),
    query!(AddToCart "price" Set("-3.50"), V404),
    query!(AddToCart "price" Comma, V402),
    query!(AppError "at" Set("2026-11-22%252025%253A00"), V409),
    Fault::Copy(Kind::PageView, Code::X501),
    query!(PageView "load_ms" Set("NaN"), V402),
    query!(AddToCart "sku" Omit, V401),
    Fault::Line(LineEdit::Column(1, "25:61:07"), Code::L104),
    query!(Click "target_host" Set("shop..example"), V409),
    query!(Search "sort" Set("cheapest"), V403),
    query!(Checkout "order_id" Set("12345678"), V408),
    Fault::BarePixel,
    query!(PageView "session_id" Set("0000-guest"), V409),
    query!(Signup "utm_source" Extra("newsletter"), V410),
    Fault::Line(LineEdit::Column(18, "0,012"), Code::L106),
    query!(AppError "device_ip" Set("10.0.0.256"), V409),
    query!(Checkout "qty" Set("1000"), V405),
    Fault::Copy(Kind::Checkout, Code::X502),
    query!(Search "q" Set("100%"), D301),
    query!(Signup "newsletter" Set("yes"), V402),
    query!(Checkout "coupon" Set("THANKYOUFORBEINGACUSTOMER2026"), V407),
    query!(PageView "url" Set("shop%2520front"), V409),
    Fault::Line(LineEdit::Surplus("\t-\textra"), Code::L101),
    query!(Click "e" Set("undefined"), R202),
    query!(PagePing "seconds" Set("undefined"), V402),
    query!(Signup "birth_date" Set("1987-02-30"), V409),
    query!(Checkout "sv" Set("2-0-0"), R203),
    query!(AppError "level" Set("ERR"), V403),
    query!(AppError "message" Omit, V401),
    Fault::Line(LineEdit::Column(8, "2OO"), Code::L106),
    query!(Click "lang" Set("english"), V408),
];

/// The fault of a number; numbers count through the set.
pub fn fault(ordinal: u64) -> Fault {
    FAULTS[(ordinal % FAULTS.len() as u64) as usize]
}

/// The fault of a number where no copy is wanted: the next one in the list stands in.
pub fn fault_without_copy(ordinal: u64) -> Fault {
    match fault(ordinal) {
        Fault::Copy(..) => fault(ordinal + 1),
        other => other,
    }
}

/// Applies an edit to a line without its end.
pub fn edit_line(line: &mut Vec<u8>, edit: LineEdit) {
    match edit {
        LineEdit::Columns(count) => {
            let tabs: Vec<usize> = line
                .iter()
                .enumerate()
                .filter(|(_, b)| **b == b'\t')
                .map(|(i, _)| i)
                .collect();
            let keep = if count < 0 {
                tabs.len().saturating_add_signed(count as isize)
            } else {
                count.unsigned_abs() as usize - 1
            };
            if let Some(&end) = tabs.get(keep) {
                line.truncate(end);
            }
        }
        LineEdit::Surplus(text) => line.extend_from_slice(text.as_bytes()),
        LineEdit::Column(number, text) => {
            let columns: Vec<&[u8]> = line
                .split(|b| *b == b'\t')
                .enumerate()
                .map(|(i, c)| if i == number { text.as_bytes() } else { c })
                .collect();
            *line = columns.join(&b'\t');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(edit: LineEdit) -> String {
        let mut line = b"a\tb\tc\td".to_vec();
        edit_line(&mut line, edit);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn lines_lose_and_gain_columns() {
        assert_eq!(edited(LineEdit::Columns(-2)), "a\tb");
        assert_eq!(edited(LineEdit::Columns(3)), "a\tb\tc");
        assert_eq!(edited(LineEdit::Surplus("\tx")), "a\tb\tc\td\tx");
        assert_eq!(edited(LineEdit::Column(1, "?")), "a\t?\tc\td");
    }

    #[test]
    fn no_two_copies_stand_side_by_side() {
        let copies: Vec<bool> = FAULTS
            .iter()
            .map(|f| matches!(f, Fault::Copy(..)))
            .collect();
        assert!(copies.windows(2).all(|pair| pair != [true, true]) && !copies[0]);
    }
}

//! Text on its way to a cell: made harmless, measured and cut.
//!
//! Logs are written by strangers. ratatui drops ESC, but lets U+202E and U+200B through; here nothing that a terminal
//! obeys, reorders or hides passes unseen.

use std::borrow::Cow;

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

pub use crate::model::harmless::{is_hidden, sanitize, sanitize_bytes};

pub use super::number::{bytes, bytes_short, duration_ms, grouped, percent, rate};

/// Where a text that is too long loses its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// At its end: prose, values.
    #[default]
    End,
    /// In its middle: keys and URLs, whose end tells them apart.
    Middle,
}

/// Cells that a sanitized text takes, counted as the buffer counts them.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.len();
    }
    Span::raw(text)
        .styled_graphemes(Style::default())
        .map(|g| usize::from(g.symbol.cell_width()))
        .sum()
}

/// The longest start of `text` within `width` cells, and the cells it takes.
fn head(text: &str, width: usize) -> (&str, usize) {
    let (mut end, mut used) = (0, 0);
    let span = Span::raw(text);
    for grapheme in span.styled_graphemes(Style::default()) {
        let cells = usize::from(grapheme.symbol.cell_width());
        if used + cells > width {
            break;
        }
        used += cells;
        end += grapheme.symbol.len();
    }
    (&text[..text.floor_char_boundary(end)], used)
}

/// The longest end of `text` within `width` cells.
fn tail(text: &str, width: usize) -> &str {
    let span = Span::raw(text);
    let sizes: Vec<(usize, usize)> = span
        .styled_graphemes(Style::default())
        .map(|g| (g.symbol.len(), usize::from(g.symbol.cell_width())))
        .collect();
    let (mut start, mut used) = (text.len(), 0);
    for (len, cells) in sizes.into_iter().rev() {
        if used + cells > width {
            break;
        }
        used += cells;
        start -= len;
    }
    &text[text.ceil_char_boundary(start)..]
}

/// A sanitized text in at most `width` cells, with `…` where it was cut. A wide character never sticks out.
pub fn fit(text: &str, width: usize, cut: Cut) -> Cow<'_, str> {
    if text.len() <= width && text.is_ascii() || self::width(text) <= width {
        return Cow::Borrowed(text);
    }
    match (width, cut) {
        (0, _) => Cow::Borrowed(""),
        (_, Cut::End) => Cow::Owned(format!("{}…", head(text, width - 1).0)),
        (_, Cut::Middle) => {
            let (front, used) = head(text, (width - 1) * 2 / 5);
            Cow::Owned(format!("{front}…{}", tail(text, width - 1 - used)))
        }
    }
}

/// The longest start of a sanitized text within `width` cells; empty when not even one character fits.
pub fn start_of(text: &str, width: usize) -> &str {
    head(text, width).0
}

/// A sanitized text in pieces of at most `width` cells (4 at least), broken after a space where one is near; at least
/// one piece.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut first = start_of(rest, width.max(4));
        if first.len() < rest.len()
            && let Some(space) = first.rfind(' ').filter(|at| *at * 2 > first.len())
        {
            first = &first[..=space];
        }
        if first.is_empty() {
            break;
        }
        pieces.push(first.to_owned());
        rest = &rest[first.len()..];
    }
    if pieces.is_empty() {
        pieces.push(String::new());
    }
    pieces
}

/// Bytes looked at for each cell wanted: enough for any real text, and a 1 MiB value costs no more than a short one.
const BYTES_A_CELL: usize = 16;

/// Sanitizes and fits in one go; of a very long text only the part that can be seen is looked at.
pub fn cell(text: &str, width: usize, cut: Cut) -> Cow<'_, str> {
    let limit = (width + 2) * BYTES_A_CELL;
    if text.len() <= 2 * limit {
        return match sanitize(text) {
            Cow::Borrowed(same) => fit(same, width, cut),
            Cow::Owned(clean) => Cow::Owned(fit(&clean, width, cut).into_owned()),
        };
    }
    let start = &text[..text.floor_char_boundary(limit)];
    let short = match cut {
        Cut::End => format!("{}…", sanitize(start)),
        Cut::Middle => format!(
            "{}…{}",
            sanitize(start),
            sanitize(&text[text.ceil_char_boundary(text.len() - limit)..])
        ),
    };
    Cow::Owned(fit(&short, width, cut).into_owned())
}

/// Writes a text at `(x, y)` in at most `width` cells, sanitized, never outside the buffer; gives the next free column.
pub fn put(buf: &mut Buffer, (x, y): (u16, u16), width: u16, text: &str, style: Style) -> u16 {
    let area = buf.area;
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
    let room = width.min(area.right() - x);
    buf.set_stringn(x, y, sanitize(text), usize::from(room), style)
        .0
}

/// As [`put`], cut with `…` where it does not fit.
pub fn put_fit(
    buf: &mut Buffer,
    at: (u16, u16),
    width: u16,
    text: &str,
    cut: Cut,
    style: Style,
) -> u16 {
    put(buf, at, width, &cell(text, usize::from(width), cut), style)
}

/// Writes a text so that it ends at the right edge of `area`'s first row; gives the column it starts at.
pub fn put_right(buf: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    let text = cell(text, usize::from(area.width), Cut::End);
    let x = area.right() - (width(&text) as u16).min(area.width);
    put(buf, (x, area.y), area.width, &text, style);
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        assert_eq!(sanitize("plain é 日本"), "plain é 日本");
        assert_eq!(sanitize("a\x1b[31mb"), "a‹ESC›[31mb");
        assert_eq!(sanitize("a\tb\nc\r"), "a‹TAB›b‹LF›c‹CR›");
        assert_eq!(sanitize("x\u{202e}gpj.exe"), "x‹U+202E›gpj.exe");
        assert_eq!(
            sanitize("\u{200b}\u{feff}\u{9b}\u{7f}\0"),
            "‹U+200B›‹U+FEFF›‹U+009B›‹DEL›‹NUL›"
        );
        assert_eq!(
            sanitize("\u{2066}\u{2069}\u{2060}"),
            "‹U+2066›‹U+2069›‹U+2060›"
        );
        let once = sanitize("\u{202e}\x1b").into_owned();
        assert_eq!(sanitize(&once), once);
        assert_eq!(sanitize_bytes(b"a\xff\xfeb\x1b"), "a‹FF›‹FE›b‹ESC›");
    }

    #[test]
    fn a_cut_keeps_within_its_width_whatever_the_characters() {
        assert_eq!(fit("abcdef", 6, Cut::End), "abcdef");
        assert_eq!(fit("abcdef", 5, Cut::End), "abcd…");
        assert_eq!(fit("abcdefghijk", 6, Cut::Middle), "ab…ijk");
        assert_eq!(fit("日本語", 4, Cut::End), "日…");
        assert_eq!(fit("日本語", 5, Cut::End), "日本…");
        assert_eq!(fit("abc", 0, Cut::Middle), "");
        for text in [
            "日本語テキスト",
            "a日b本c",
            "👨‍👩‍👧 family",
            "é\u{301}\u{301}xyz",
            "plain",
        ] {
            for wide in 0..12 {
                for cut in [Cut::End, Cut::Middle] {
                    assert!(width(&cell(text, wide, cut)) <= wide, "{text} in {wide}");
                }
            }
        }
    }

    #[test]
    fn a_very_long_text_is_cut_without_reading_all_of_it() {
        let long = format!("s3://{}/end.gz", "k".repeat(1 << 20));
        assert_eq!(cell(&long, 12, Cut::Middle), "s3:/…/end.gz");
        assert_eq!(cell(&long, 6, Cut::End), "s3://…");
        assert_eq!(width(&cell(&"\u{301}".repeat(1 << 16), 4, Cut::End)), 1);
    }

    #[test]
    fn writing_outside_the_buffer_does_nothing() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        put(&mut buf, (9, 0), 5, "x", Style::default());
        put(&mut buf, (0, 9), 5, "x", Style::default());
        put(&mut buf, (2, 0), 50, "日本", Style::default());
        assert_eq!(buf[(2, 0)].symbol(), "日");
    }
}

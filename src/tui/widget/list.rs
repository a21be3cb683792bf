//! A list to choose from: palette, columns, completions, with what was typed lit up.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Painted;
use crate::tui::theme::Styles;
use crate::tui::widget::text::{self, Cut};

/// One line of a list.
#[derive(Debug, Clone, Default)]
pub struct Item<'a> {
    /// Left of the label: `●`, a number, nothing.
    pub lead: &'a str,
    /// What is chosen, and what is matched against.
    pub label: &'a str,
    /// After the label, dim: what it does.
    pub note: &'a str,
    /// At the right edge: a key, a count.
    pub right: &'a str,
    /// Characters of the label that were typed, by index.
    pub hits: &'a [u32],
}

/// Where the cursor of a list is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListState {
    /// Line of the cursor.
    pub selected: usize,
    /// First visible line.
    pub top: usize,
}

impl ListState {
    /// Moves the cursor, within `count`.
    pub fn move_by(&mut self, delta: isize, count: usize) {
        self.selected = self
            .selected
            .saturating_add_signed(delta)
            .min(count.saturating_sub(1));
    }

    /// Takes over what was drawn.
    pub fn keep(&mut self, painted: Painted) {
        self.top = painted.top;
    }
}

/// A label that matched, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its index in what was searched.
    pub index: usize,
    /// Characters of the label that were typed, by index, ascending.
    pub positions: Vec<u32>,
}

/// The labels that `query` matches, best first, ties in their order; with an empty query all, in their order.
/// Words are matched apart, `^` and `$` anchor, `!` excludes, an upper-case letter makes it exact in case.
pub fn fuzzy<'a>(query: &str, labels: impl Iterator<Item = &'a str>) -> Vec<Hit> {
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut hits: Vec<(u32, Hit)> = Vec::new();
    for (index, label) in labels.enumerate() {
        let mut positions = Vec::new();
        if let Some(score) = pattern.indices(
            Utf32Str::new(label, &mut buffer),
            &mut matcher,
            &mut positions,
        ) {
            positions.sort_unstable();
            positions.dedup();
            hits.push((score, Hit { index, positions }));
        }
    }
    hits.sort_by_key(|(score, hit)| (std::cmp::Reverse(*score), hit.index));
    hits.into_iter().map(|(_, hit)| hit).collect()
}

/// Draws the visible lines; `item` is asked for those only.
pub fn render<'a>(
    area: Rect,
    buf: &mut Buffer,
    (count, item): (usize, &dyn Fn(usize) -> Item<'a>),
    state: &ListState,
    styles: &Styles,
) -> Painted {
    let area = area.intersection(buf.area);
    let top = super::scroll(state.top, state.selected, count, usize::from(area.height));
    for (line, y) in (top..count).zip(area.top()..area.bottom()) {
        let row = Rect {
            y,
            height: 1,
            ..area
        };
        render_item(row, buf, &item(line), styles);
        if line == state.selected {
            buf.set_style(row, styles.selected);
            text::put(buf, (row.x, y), 1, "▸", styles.accent);
        }
    }
    Painted {
        top,
        height: usize::from(area.height),
    }
}

fn render_item(row: Rect, buf: &mut Buffer, item: &Item<'_>, styles: &Styles) {
    let mut x = row.x + 2.min(row.width);
    let right = text::width(&text::sanitize(item.right)) as u16;
    let end = if right > 0 && right + 8 < row.width {
        row.right() - right - 1
    } else {
        row.right()
    };
    if end < row.right() {
        text::put(buf, (end + 1, row.y), right, item.right, styles.key);
    }
    let room = |x: u16| end.saturating_sub(x);
    if !item.lead.is_empty() {
        x = text::put(buf, (x, row.y), room(x), item.lead, styles.accent) + 1;
    }
    x = render_matched(
        buf,
        (x, row.y),
        room(x),
        (item.label, item.hits),
        (styles.text, styles.accent),
    );
    if !item.note.is_empty() && room(x) > 4 {
        text::put_fit(
            buf,
            (x + 2, row.y),
            room(x + 2),
            item.note,
            Cut::End,
            styles.dim,
        );
    }
}

/// Writes a label whose `hits` (characters by index) are lit; gives the next free column.
fn render_matched(
    buf: &mut Buffer,
    (x, y): (u16, u16),
    room: u16,
    (label, hits): (&str, &[u32]),
    (style, lit): (Style, Style),
) -> u16 {
    if hits.is_empty() || text::width(&text::sanitize(label)) > usize::from(room) {
        return text::put_fit(buf, (x, y), room, label, Cut::Middle, style);
    }
    let (mut at, end) = (x, x + room);
    let mut letter = [0; 4];
    for (i, c) in (0u32..).zip(label.chars()) {
        let style = if hits.binary_search(&i).is_ok() {
            lit
        } else {
            style
        };
        at = text::put(
            buf,
            (at, y),
            end - at.min(end),
            c.encode_utf8(&mut letter),
            style,
        );
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzzy_finds_letters_in_order_and_says_where() {
        let labels = ["a long file list", "go to time", "filter by this cell"];
        let hits = fuzzy("filt", labels.into_iter());
        assert_eq!(hits.iter().map(|h| h.index).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(hits[0].positions, [0, 1, 2, 3]);
        assert_eq!(fuzzy("", labels.into_iter()).len(), 3);
        assert!(fuzzy("zzz", labels.into_iter()).is_empty());
    }

    #[test]
    fn a_list_shows_the_cursor_the_hits_and_what_stands_right() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 2));
        let item = |i: usize| Item {
            label: ["sort by column", "filter"][i],
            note: "a note",
            right: "s",
            hits: &[0, 1],
            ..Item::default()
        };
        let state = ListState {
            selected: 1,
            top: 0,
        };
        let painted = render(buf.area, &mut buf, (2, &item), &state, &Styles::dark());
        let row = |y| (0..40).map(|x| buf[(x, y)].symbol()).collect::<String>();
        assert_eq!(row(0), "  sort by column  a note               s");
        assert_eq!(row(1), "▸ filter  a note                       s");
        assert_eq!(Some(buf[(3, 0)].fg), Styles::dark().accent.fg);
        assert_eq!(Some(buf[(4, 0)].fg), Styles::dark().text.fg);
        assert_eq!(painted, Painted { top: 0, height: 2 });
    }
}

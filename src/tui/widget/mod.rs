//! The pieces screens are made of. Each draws plain data into a buffer: no I/O, and nothing is computed over rows.
//!
//! Every text that comes from a log passes [`text::sanitize`] on its way to a cell; [`text::put`] does it for the
//! caller, so that no widget can forget.

pub mod bar;
pub mod list;
pub mod number;
pub mod overlay;
pub mod prompt;
pub mod spark;
pub mod table;
pub mod text;
pub mod timeline;
pub mod tree;

/// What a scrolling widget drew; the caller keeps it for the next frame and for the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Painted {
    /// First row that was visible.
    pub top: usize,
    /// Rows that fitted.
    pub height: usize,
}

/// The first visible row that keeps `selected` on the screen, moved from `top` no further than needed.
pub fn scroll(top: usize, selected: usize, rows: usize, height: usize) -> usize {
    let last = rows.saturating_sub(height);
    let lowest = (selected + 1).saturating_sub(height);
    top.clamp(lowest, lowest.max(selected))
        .min(last.max(lowest))
}

#[cfg(test)]
mod tests {
    use super::scroll;

    #[test]
    fn the_selected_row_stays_visible_and_the_window_moves_no_further_than_needed() {
        assert_eq!(scroll(0, 5, 100, 10), 0);
        assert_eq!(scroll(0, 10, 100, 10), 1);
        assert_eq!(scroll(50, 20, 100, 10), 20);
        assert_eq!(scroll(95, 99, 100, 10), 90);
        assert_eq!(scroll(7, 0, 0, 10), 0);
        assert_eq!(scroll(0, 3, 5, 0), 4);
    }
}

//! Where the cursor of a table is. Rows and columns are numbers; what they mean is the screen's business.

use super::PaintedTable;

/// Cursor and window of a table, with the widths seen so far, so that columns do not dance while scrolling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableState {
    /// Row of the cursor.
    pub selected: usize,
    /// Column of the cursor.
    pub column: usize,
    /// First visible row.
    pub top: usize,
    /// First visible column right of the frozen ones.
    pub left: usize,
    /// Rows that fitted last time; a page.
    pub height: usize,
    /// Widest cell seen by column; see [`TableState::forget_widths`].
    pub(super) widths: Vec<u16>,
}

impl TableState {
    /// Moves the cursor by rows, within `rows`.
    pub fn move_by(&mut self, delta: isize, rows: usize) {
        self.selected = self
            .selected
            .saturating_add_signed(delta)
            .min(rows.saturating_sub(1));
    }

    /// Moves the cursor by half pages (`^D` is 1, `^U` is -1), within `rows`; the window goes along.
    pub fn half_page(&mut self, pages: isize, rows: usize) {
        let step = (self.height / 2).max(1) as isize * pages;
        self.top = self
            .top
            .saturating_add_signed(step)
            .min(rows.saturating_sub(self.height));
        self.move_by(step, rows);
    }

    /// Moves the cursor by whole pages, within `rows`.
    pub fn page(&mut self, pages: isize, rows: usize) {
        let step = self.height.max(1) as isize * pages;
        self.top = self
            .top
            .saturating_add_signed(step)
            .min(rows.saturating_sub(self.height));
        self.move_by(step, rows);
    }

    /// The first row.
    pub fn first(&mut self) {
        self.selected = 0;
    }

    /// The last row.
    pub fn last(&mut self, rows: usize) {
        self.selected = rows.saturating_sub(1);
    }

    /// Puts the cursor on a row, in the middle of the window where it was not visible.
    pub fn go_to(&mut self, row: usize, rows: usize) {
        self.selected = row.min(rows.saturating_sub(1));
        if self.selected < self.top || self.selected >= self.top + self.height {
            self.top = self.selected.saturating_sub(self.height / 2);
        }
    }

    /// Moves the cursor by columns, within `columns`.
    pub fn move_column(&mut self, delta: isize, columns: usize) {
        self.column = self
            .column
            .saturating_add_signed(delta)
            .min(columns.saturating_sub(1));
    }

    /// Keeps the cursor within a table that may have shrunk.
    pub fn clamp(&mut self, rows: usize, columns: usize) {
        self.selected = self.selected.min(rows.saturating_sub(1));
        self.column = self.column.min(columns.saturating_sub(1));
    }

    /// Takes over what was drawn; call it after each frame.
    pub fn keep(&mut self, painted: &PaintedTable) {
        self.top = painted.top;
        self.left = painted.left;
        self.height = usize::from(painted.body.height);
        for (index, _, width) in &painted.columns {
            if self.widths.len() <= *index {
                self.widths.resize(index + 1, 0);
            }
            self.widths[*index] = self.widths[*index].max(*width);
        }
    }

    /// Forgets the widths: when the columns or the rows are others now.
    pub fn forget_widths(&mut self) {
        self.widths.clear();
    }
}

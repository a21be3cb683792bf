//! Texts.

use polars_arrow::array::{Utf8ViewArray, View};
use polars_arrow::bitmap::MutableBitmap;
use polars_arrow::datatypes::ArrowDataType;
use polars_buffer::Buffer;

use super::fixed::{all_valid, take_exact};

/// Index of the buffer with the column's own bytes, and of the one that it borrows from.
const OWN: u32 = 0;
const LENT: u32 = 1;

/// A text that a column of this batch keeps, so that other columns may hold pieces of it as views, not as copies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lender<'a> {
    text: &'a str,
    /// Where the column keeps it.
    start: u32,
}

impl<'a> Lender<'a> {
    /// Of a text that stands at `start` in the bytes of its column.
    pub fn new(text: &'a str, start: usize) -> Self {
        Self {
            text,
            start: start as u32,
        }
    }

    /// Where the column keeps `piece`, if it is a piece of the text, by its address.
    #[inline]
    fn place(&self, piece: &str) -> Option<u32> {
        let at = (piece.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let fits = at <= self.text.len() && piece.len() <= self.text.len() - at;
        fits.then(|| self.start + at as u32)
    }
}

/// Texts with nulls: one buffer of bytes and a view a row, no more memory than they need.
#[derive(Debug, Default)]
pub struct Text {
    views: Vec<View>,
    bytes: Vec<u8>,
    /// The bytes, once they are lent.
    lent: Option<Buffer<u8>>,
    /// The bytes of the column that views borrow from.
    borrowed: Buffer<u8>,
    /// Some view borrows.
    borrows: bool,
    /// Nulls before `views` begins.
    leading_nulls: usize,
    validity: Option<MutableBitmap>,
}

impl Text {
    /// Appends a value.
    #[inline]
    pub fn push_value(&mut self, value: &str) {
        self.push_view(View::new_from_bytes(
            value.as_bytes(),
            OWN,
            self.bytes.len() as u32,
        ));
        if value.len() > View::MAX_INLINE_SIZE as usize {
            self.bytes.extend_from_slice(value.as_bytes());
        }
    }

    /// Appends a value that may be a piece of what another column keeps; see [`Text::borrow_from`].
    #[inline]
    pub fn push_piece(&mut self, value: &str, lender: Lender<'_>) {
        if value.len() > View::MAX_INLINE_SIZE as usize
            && let Some(at) = lender.place(value)
        {
            self.borrows = true;
            self.push_view(View::new_from_bytes(value.as_bytes(), LENT, at));
        } else {
            self.push_value(value);
        }
    }

    #[inline]
    fn push_view(&mut self, view: View) {
        if self.views.is_empty() && self.leading_nulls > 0 {
            self.begin();
        }
        self.views.push(view);
        if let Some(bits) = &mut self.validity {
            bits.push(true);
        }
    }

    /// The first value after nulls: now they take their place.
    fn begin(&mut self) {
        self.views.resize(self.leading_nulls, View::default());
        let mut bits = MutableBitmap::with_capacity(self.leading_nulls * 2);
        bits.extend_constant(self.leading_nulls, false);
        self.validity = Some(bits);
        self.leading_nulls = 0;
    }

    /// Appends a value or a null.
    #[inline]
    pub fn push(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.push_value(value),
            None => self.push_null(),
        }
    }

    /// The value of a row; `None` for null and past the end.
    pub fn get(&self, row: usize) -> Option<&str> {
        let valid = self.validity.as_ref().is_none_or(|bits| bits.get(row));
        let view = self.views.get(row).filter(|_| valid)?;
        let start = view.offset as usize;
        let bytes = match view.get_inlined_slice() {
            Some(inlined) => inlined,
            None => {
                let buffer = match (view.buffer_idx, &self.lent) {
                    (LENT, _) => self.borrowed.as_slice(),
                    (_, Some(lent)) => lent.as_slice(),
                    (_, None) => &self.bytes,
                };
                buffer.get(start..start + view.length as usize)?
            }
        };
        std::str::from_utf8(bytes).ok()
    }

    /// Appends a null.
    #[inline]
    pub fn push_null(&mut self) {
        if self.views.is_empty() {
            self.leading_nulls += 1;
            return;
        }
        self.views.push(View::default());
        self.validity
            .get_or_insert_with(|| all_valid(self.views.len() - 1))
            .push(false);
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.views.len() + self.leading_nulls
    }

    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True where no row has a value.
    pub fn is_all_null(&self) -> bool {
        self.views.is_empty()
    }

    /// Bytes so far of texts that do not fit their view.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// The rows so far in a column of their own size; this one is empty then, and keeps its memory.
    pub fn take_exact(&mut self) -> Self {
        Self {
            views: take_exact(&mut self.views),
            bytes: take_exact(&mut self.bytes),
            lent: None,
            borrowed: Buffer::default(),
            borrows: std::mem::take(&mut self.borrows),
            leading_nulls: std::mem::take(&mut self.leading_nulls),
            validity: self.validity.take(),
        }
    }

    /// The column's bytes, to be shared with those that borrow from it. No value may be pushed after that.
    pub fn lend(&mut self) -> Buffer<u8> {
        let bytes = &mut self.bytes;
        self.lent
            .get_or_insert_with(|| Buffer::from(std::mem::take(bytes)))
            .clone()
    }

    /// Gives the column the bytes that its pieces are of.
    pub fn borrow_from(&mut self, lender: &Buffer<u8>) {
        if self.borrows {
            self.borrowed = lender.clone();
        }
    }

    /// The finished array; all null should the views ever not fit the bytes, which they do by construction.
    pub fn freeze(self) -> Utf8ViewArray {
        let rows = self.len();
        if self.views.is_empty() {
            return Utf8ViewArray::new_null(ArrowDataType::Utf8View, rows);
        }
        let own = self.lent.unwrap_or_else(|| Buffer::from(self.bytes));
        let buffers = match (own.is_empty(), self.borrows) {
            (true, false) => vec![],
            (false, false) => vec![own],
            (_, true) => vec![own, self.borrowed],
        };
        let validity = self.validity.map(Into::into);
        let views = Buffer::from(self.views);
        Utf8ViewArray::try_new(
            ArrowDataType::Utf8View,
            views,
            Buffer::from(buffers),
            validity,
        )
        .unwrap_or_else(|_| Utf8ViewArray::new_null(ArrowDataType::Utf8View, rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces of a lent text, copies, short ones and nulls, read before and after freezing.
    #[test]
    fn pieces_are_views_into_the_lender() {
        let line = "skipped|0123456789abcdefghijklmnop|rest";
        let query = &line[8..34];
        let mut lender = Text::default();
        lender.push_value("something longer before it");
        let place = Lender::new(query, lender.bytes_len());
        lender.push_value(query);
        let other = String::from("0123456789abcdefghijklmnop");
        let pieces = [
            Some(&query[2..20]),
            Some(&query[0..5]),
            None,
            Some(other.as_str()),
            Some(&line[10..36]),
            Some(query),
        ];
        let mut column = Text::default();
        column.push_null();
        for piece in pieces {
            match piece {
                Some(piece) => column.push_piece(piece, place),
                None => column.push_null(),
            }
        }
        // Copied: the one that lies elsewhere, and the one that goes on past the text.
        assert_eq!(column.bytes_len(), 2 * 26);
        let mut lender = lender.take_exact();
        let mut column = column.take_exact();
        column.borrow_from(&lender.lend());
        assert_eq!(lender.get(1), Some(query));
        assert_eq!(column.get(0), None);
        for (i, piece) in pieces.iter().enumerate() {
            assert_eq!(column.get(i + 1), *piece, "{i}");
        }
        assert_eq!(lender.freeze().get(1), Some(query));
        let frozen = column.freeze();
        let values: Vec<_> = frozen.iter().skip(1).collect();
        assert_eq!(values, pieces);
    }
}

//! What parsing gives: a record borrowed from its line, and who takes it.

use crate::model::{Code, FieldId};
use crate::parse::Layout;

/// One record, borrowed from the block.
#[derive(Debug)]
pub struct LineView<'a> {
    /// The line without its line end; of JSON the whole object.
    pub line: &'a str,
    /// Where the columns stand: the line itself, or the line and behind it what had to be written anew.
    pub(super) text: &'a str,
    /// Start of each column in `text`; empty where each starts one past the end of the one before.
    pub(super) starts: &'a [u32],
    /// End of each column in `text`.
    pub(super) ends: &'a [u32],
    /// Where each field stands.
    pub layout: &'a Layout,
    /// Line number in the object, from 1.
    pub number: u64,
    /// Byte offset of the line in the object's text.
    pub offset: u64,
    /// Length of the line in the object, in bytes (differs from `line.len()` where that was not UTF-8).
    pub length: u32,
    /// The line was not UTF-8; U+FFFD stands for what was not.
    pub bad_utf8: bool,
    /// Log time in microseconds since 1970 UTC.
    pub time_us: i64,
}

impl<'a> LineView<'a> {
    /// The text of a column as logged.
    #[inline]
    pub fn column(&self, i: usize) -> &'a str {
        let start = match self.starts.get(i) {
            Some(start) => *start as usize,
            None if i == 0 => 0,
            None => self.ends[i - 1] as usize + 1,
        };
        &self.text[start..self.ends[i] as usize]
    }

    /// The text of a field as logged; `None` where the log has no such column, or the value is `-` or empty.
    #[inline]
    pub fn get(&self, field: FieldId) -> Option<&'a str> {
        self.layout.position(field).and_then(|i| self.value(i))
    }

    /// The text of a column as logged; `None` where it is `-` or empty.
    #[inline]
    pub fn value(&self, i: usize) -> Option<&'a str> {
        let text = self.column(i);
        let absent = text.is_empty() || (text.len() == 1 && text.as_bytes()[0] == b'-');
        (!absent).then_some(text)
    }

    /// Where a column stands in the line, in bytes; `None` where its text was written anew.
    pub fn place(&self, i: usize) -> Option<std::ops::Range<usize>> {
        let end = *self.ends.get(i)? as usize;
        let start = end - self.column(i).len();
        (end <= self.line.len()).then_some(start..end)
    }
}

/// Takes what a block holds, line by line, in order.
pub trait LineSink {
    /// A line that starts with `#`.
    fn header(&mut self);
    /// A line with nothing in it.
    fn blank(&mut self);
    /// A line that is no record. `raw` is the whole line as it is; `message` says what is wrong with it.
    fn reject(
        &mut self,
        code: Code,
        number: u64,
        offset: u64,
        raw: &[u8],
        message: &dyn std::fmt::Display,
    );
    /// A record whose columns, date, time and numbers are sound.
    fn record(&mut self, view: &LineView<'_>);
}

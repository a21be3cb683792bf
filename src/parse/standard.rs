//! Standard logs (v1), web distributions: tab-separated rows under `#Version` and `#Fields`.
//!
//! # Source
//! Amazon `CloudFront` Developer Guide, "Standard log file format". The `#Fields` line is the only reliable schema, and
//! it may change within a stream: files are concatenated, headers repeat.

use crate::model::time::{parse_date, parse_time};
use crate::model::{Code, FieldId, FieldKind};
use crate::parse::Layout;
use crate::parse::numbers::{seconds, whole};
use crate::parse::tabs::find_tabs;

/// What one object's parse carries from block to block.
#[derive(Debug, Clone, Default)]
pub struct ParseState {
    /// By the last `#Fields` line; `None` before the first.
    pub layout: Option<std::sync::Arc<Layout>>,
    /// Lines seen so far.
    pub lines: u64,
}

/// One record, borrowed from the block.
#[derive(Debug)]
pub struct LineView<'a> {
    /// The line without its line end.
    pub line: &'a str,
    /// End of each column in `line`; a column starts one past the end before it.
    ends: &'a [u32],
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
        let start = if i == 0 {
            0
        } else {
            self.ends[i - 1] as usize + 1
        };
        &self.line[start..self.ends[i] as usize]
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
}

/// Takes what a block holds, line by line, in order.
pub trait LineSink {
    /// A line that starts with `#`.
    fn header(&mut self);
    /// The records that follow may have other columns than those before.
    fn columns_changed(&mut self);
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

/// Buffers of a parse; one a thread.
#[derive(Debug, Default)]
pub struct ParseScratch {
    ends: Vec<u32>,
    date: [u8; 10],
    days: i32,
}

/// A line longer than this is a reject (L105).
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Parses a block of whole lines that starts at `offset` in its object's text. Never fails.
pub fn parse_block(
    text: &[u8],
    offset: u64,
    state: &mut ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) {
    // Validated once for the block: then every slice of it is a `&str` for free.
    let valid = std::str::from_utf8(text).ok();
    let mut start = 0;
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |i| start + i);
        let trimmed = if end > start && text[end - 1] == b'\r' {
            end - 1
        } else {
            end
        };
        state.lines += 1;
        let raw = &text[start..trimmed];
        let at = offset + start as u64;
        if let Some(valid) = valid {
            parse_line(
                &Line {
                    text: &valid[start..trimmed],
                    raw,
                    offset: at,
                    bad_utf8: false,
                },
                state,
                scratch,
                sink,
            );
        } else {
            let text = String::from_utf8_lossy(raw);
            let bad_utf8 = matches!(text, std::borrow::Cow::Owned(_));
            parse_line(
                &Line {
                    text: &text,
                    raw,
                    offset: at,
                    bad_utf8,
                },
                state,
                scratch,
                sink,
            );
        }
        start = end + 1;
    }
}

struct Line<'a> {
    text: &'a str,
    raw: &'a [u8],
    offset: u64,
    bad_utf8: bool,
}

fn parse_line(
    line: &Line<'_>,
    state: &mut ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) {
    let text = line.text;
    if text.starts_with('#') {
        sink.header();
        if let Some(names) = text.strip_prefix("#Fields:") {
            state.layout = Layout::from_directive(names).map(std::sync::Arc::new);
            sink.columns_changed();
        }
        return;
    }
    if text.trim_ascii().is_empty() {
        sink.blank();
        return;
    }
    let mut reject = |code, message: std::fmt::Arguments<'_>| {
        sink.reject(code, state.lines, line.offset, line.raw, &message);
    };
    if line.raw.len() > MAX_LINE_BYTES {
        return reject(
            Code::L105,
            format_args!("the line has {} bytes, more than 1 MiB", line.raw.len()),
        );
    }
    let Some(layout) = &state.layout else {
        return reject(
            Code::L102,
            format_args!("no #Fields line of a CloudFront log stands before this line"),
        );
    };
    if !layout.is_usable() {
        return reject(
            Code::L102,
            format_args!("the #Fields line names no date, time or cs-uri-stem"),
        );
    }
    scratch.ends.clear();
    find_tabs(text.as_bytes(), &mut scratch.ends);
    scratch.ends.push(text.len() as u32);
    // AWS' own example rows end with a spare tab: one empty column too many is no harm.
    if scratch.ends.len() == layout.width() + 1 && text.ends_with('\t') {
        scratch.ends.pop();
    }
    if scratch.ends.len() != layout.width() {
        return reject(
            Code::L101,
            format_args!(
                "{} columns, but #Fields names {}",
                scratch.ends.len(),
                layout.width()
            ),
        );
    }
    let mut view = LineView {
        line: text,
        ends: &scratch.ends,
        layout,
        number: state.lines,
        offset: line.offset,
        length: line.raw.len() as u32,
        bad_utf8: line.bad_utf8,
        time_us: 0,
    };
    let date = view.get(FieldId::DATE).unwrap_or_default();
    if date.as_bytes() != scratch.date {
        let Some(days) = parse_date(date.as_bytes()) else {
            return reject(
                Code::L104,
                format_args!("date {date:?} is no date (YYYY-MM-DD)"),
            );
        };
        scratch.date.copy_from_slice(date.as_bytes());
        scratch.days = days;
    }
    let time = view.get(FieldId::TIME).unwrap_or_default();
    let Some(seconds) = parse_time(time.as_bytes()) else {
        return reject(
            Code::L104,
            format_args!("time {time:?} is no time (HH:MM:SS)"),
        );
    };
    view.time_us = (i64::from(scratch.days) * 86_400 + i64::from(seconds)) * 1_000_000;
    if let Some((field, value)) = bad_number(&view) {
        return reject(
            Code::L106,
            format_args!("{} {value:?} is no number", field.field().name),
        );
    }
    sink.record(&view);
}

/// The first numeric field whose text is no number.
fn bad_number<'a>(view: &LineView<'a>) -> Option<(FieldId, &'a str)> {
    let is_bad = |value: &str, kind| match kind {
        _ if matches!(value, "-" | "") => false,
        FieldKind::Int => whole(value).is_none(),
        _ => seconds(value).is_none(),
    };
    let mut numbers = view
        .layout
        .numbers
        .iter()
        .map(|(i, field)| (*field, view.column(*i)));
    numbers.find(|(field, value)| is_bad(value, field.field().kind))
}

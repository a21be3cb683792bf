//! A block of whole lines in, records out, line by line: what a line is shows on its first byte, on the `#Fields` line
//! above it, or on the line itself.
//!
//! # Source
//! Amazon `CloudFront` Developer Guide, "Standard log file format". The `#Fields` line is the only reliable schema, and
//! it may change within a stream: files are concatenated, headers repeat.

use crate::model::time::parse_time;
use crate::model::{Code, FieldId, FieldKind, LogFormat};
use crate::parse::layout::TimeSource;
use crate::parse::line::{LineSink, LineView};
use crate::parse::numbers::{seconds, whole};
use crate::parse::state::{Dates, ParseScratch, ParseState};
use crate::parse::tabs::find_tabs;
use crate::parse::{Layout, json, loose};

/// A line longer than this is a reject (L105).
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// One line on its way to a record.
pub(super) struct Line<'a> {
    /// The line as text.
    pub text: &'a str,
    /// The line as it is.
    pub raw: &'a [u8],
    /// Where it starts in the object's text.
    pub offset: u64,
    /// Not all of `raw` was UTF-8.
    pub bad_utf8: bool,
}

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
    let reads_json = state.formats.reads(LogFormat::Json);
    let mut start = 0;
    if offset == 0 && text.starts_with(BYTE_ORDER_MARK) {
        start = BYTE_ORDER_MARK.len();
    }
    while start < text.len() {
        // No row of another format starts with a brace: all of them encode it.
        if text[start] == b'{' && reads_json {
            start = json::objects((text, valid), start, offset, state, scratch, sink);
            continue;
        }
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
            let line = Line {
                text: &valid[start..trimmed],
                raw,
                offset: at,
                bad_utf8: false,
            };
            parse_line(&line, state, scratch, sink);
        } else {
            let text = String::from_utf8_lossy(raw);
            let line = Line {
                text: &text,
                raw,
                offset: at,
                bad_utf8: matches!(text, std::borrow::Cow::Owned(_)),
            };
            parse_line(&line, state, scratch, sink);
        }
        start = end + 1;
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

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
            state.directive(names);
        }
        return;
    }
    if text.trim_ascii().is_empty() {
        sink.blank();
        return;
    }
    // The usual row: a layout that only names columns, and tabs between them. All else is for `loose`.
    let Some(layout) = state.layout.as_deref().filter(|l| {
        l.is_plain() && state.formats.delimiter.is_none() && text.len() <= MAX_LINE_BYTES
    }) else {
        return loose::line(line, state, scratch, sink);
    };
    scratch.ends.clear();
    find_tabs(text.as_bytes(), &mut scratch.ends);
    scratch.ends.push(text.len() as u32);
    if scratch.ends.len() != layout.width() || layout.foreign.is_some() {
        return loose::line(line, state, scratch, sink);
    }
    let mut view = LineView {
        line: text,
        text,
        starts: &[],
        ends: &scratch.ends,
        layout,
        number: state.lines,
        offset: line.offset,
        length: line.raw.len() as u32,
        bad_utf8: line.bad_utf8,
        time_us: 0,
    };
    emit(&mut view, line, state.hour, &mut scratch.dates, sink);
}

/// Finds a record's time, checks its numbers, and hands it on.
#[inline]
pub(super) fn emit(
    view: &mut LineView<'_>,
    line: &Line<'_>,
    hour: Option<i64>,
    dates: &mut Dates,
    sink: &mut impl LineSink,
) {
    match time_of(view, hour, dates) {
        Ok(time_us) => emit_at(view, time_us, line, sink),
        Err((code, message)) => sink.reject(code, view.number, line.offset, line.raw, &message),
    }
}

/// As [`emit`], where the time is known already.
#[inline]
pub(super) fn emit_at(
    view: &mut LineView<'_>,
    time_us: i64,
    line: &Line<'_>,
    sink: &mut impl LineSink,
) {
    view.time_us = time_us;
    if let Some((field, value)) = bad_number(view) {
        let message = format_args!("{} {value:?} is no number", field.field().name);
        return sink.reject(Code::L106, view.number, line.offset, line.raw, &message);
    }
    sink.record(view);
}

/// Log time in microseconds since 1970 UTC.
#[inline]
fn time_of(
    view: &LineView<'_>,
    hour: Option<i64>,
    dates: &mut Dates,
) -> Result<i64, (Code, String)> {
    let TimeSource::DateTime(date, time) = view.layout.time else {
        return stamp_of(view, hour);
    };
    let (date, time) = (view.column(date), view.column(time));
    let Some(days) = dates.days(date) else {
        return Err((Code::L104, format!("date {date:?} is no date (YYYY-MM-DD)")));
    };
    let Some(seconds) = parse_time(time.as_bytes()) else {
        return Err((Code::L104, format!("time {time:?} is no time (HH:MM:SS)")));
    };
    Ok((i64::from(days) * 86_400 + i64::from(seconds)) * 1_000_000)
}

/// The time of a record that has no `date` and `time`.
fn stamp_of(view: &LineView<'_>, hour: Option<i64>) -> Result<i64, (Code, String)> {
    let (name, text, time_us) = match view.layout.time {
        TimeSource::Milliseconds(i) => {
            let text = view.column(i);
            (
                "timestamp(ms)",
                text,
                whole(text).and_then(|ms| ms.checked_mul(1_000)),
            )
        }
        TimeSource::Seconds(i) => {
            let text = view.column(i);
            ("timestamp", text, microseconds(text))
        }
        TimeSource::DateTime(..) | TimeSource::ObjectName => ("", "-", None),
    };
    if let Some(time_us) = time_us.filter(|us| PLAUSIBLE_US.contains(us)) {
        return Ok(time_us);
    }
    if text == "-" || text.is_empty() {
        return hour.map(|hour| hour * 3_600_000_000).ok_or_else(|| {
            (
                Code::L104,
                "the record has no date and time and no timestamp, and no hour stands in the object's name".into(),
            )
        });
    }
    Err((Code::L104, format!("{name} {text:?} is no time since 1970")))
}

/// From 1970 to the year 2262: what nanoseconds in 64 bits can say.
const PLAUSIBLE_US: std::ops::Range<i64> = 0..9_223_372_036_000_000;

/// Seconds with up to six decimals, exactly.
fn microseconds(text: &str) -> Option<i64> {
    let (seconds, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = decimals.get(..decimals.len().min(6))?;
    let rest = decimals.get(digits.len()..)?;
    if !rest.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = match digits.len() {
        0 => 0,
        n => whole(digits)? * 10i64.pow(6 - n as u32),
    };
    whole(seconds)?.checked_mul(1_000_000)?.checked_add(part)
}

/// The first numeric field whose text is no number.
#[inline]
fn bad_number<'a>(view: &LineView<'a>) -> Option<(FieldId, &'a str)> {
    let is_bad = |value: &str, kind| match kind {
        _ if matches!(value, "-" | "") => false,
        FieldKind::Int => whole(value).is_none(),
        _ => seconds(value).is_none(),
    };
    let layout: &'a Layout = view.layout;
    let mut numbers = layout
        .numbers
        .iter()
        .map(|(i, field)| (*field, view.column(*i)));
    numbers.find(|(field, value)| is_bad(value, field.field().kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read_to_the_microsecond() {
        assert_eq!(microseconds("1607374321.541"), Some(1_607_374_321_541_000));
        assert_eq!(microseconds("1607374321"), Some(1_607_374_321_000_000));
        assert_eq!(microseconds("1.0000019"), Some(1_000_001));
        for bad in ["", ".", "-1", "1.x", "1e9", "1.5.5", "99999999999999999"] {
            assert_eq!(microseconds(bad), None, "{bad}");
        }
    }
}

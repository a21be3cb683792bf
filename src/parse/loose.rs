//! Rows that are more than tabs under a `#Fields` line: other delimiters, spaces, columns made from others, and rows of
//! files that say nothing of their columns.

use crate::model::{Code, LogFormat};
use crate::parse::block::{Line, MAX_LINE_BYTES, emit};
use crate::parse::cut::{part_query, split, trim};
use crate::parse::layout::{Dialect, Layout};
use crate::parse::line::{LineSink, LineView};
use crate::parse::state::{ParseScratch, ParseState};
use crate::parse::tabs::find_tabs;
use crate::parse::{access_log, known, neighbour};

/// Parses a line that is neither blank nor a directive nor the usual row.
pub(super) fn line(
    line: &Line<'_>,
    state: &mut ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) {
    let is_long = line.raw.len() > MAX_LINE_BYTES;
    if let Some(layout) = state.layout.clone().filter(|_| !is_long) {
        return row(line, &layout, false, state, scratch, sink);
    }
    if state.layout.is_none() && state.formats.format != LogFormat::Combined {
        match implied(line.text, state, scratch) {
            Implied::Row(layout) if !is_long => {
                return row(line, layout, true, state, scratch, sink);
            }
            Implied::Joined(starts) => return joined(line, &starts, state, scratch, sink),
            Implied::Row(_) | Implied::Nothing => {}
        }
    }
    if is_long {
        let message = format_args!("the line has {} bytes, more than 1 MiB", line.raw.len());
        return sink.reject(Code::L105, state.lines, line.offset, line.raw, &message);
    }
    if state.formats.reads(LogFormat::Combined) && access_log::record(line, state, scratch, sink) {
        return;
    }
    let refuse = |message: &dyn std::fmt::Display| (Code::L102, message.to_string());
    let (code, message) = match neighbour::of_line(line.text) {
        Some(what) => refuse(&neighbour::refusal(what)),
        None if state.formats.format == LogFormat::Combined => {
            refuse(&"this is no line of a common or combined log")
        }
        None if state.formats.format == LogFormat::Json => refuse(&"this is no JSON object"),
        None => {
            let columns = line.text.split('\t').count();
            refuse(&format_args!(
                "no #Fields line of a CloudFront log stands before this line, and {columns} {} no known field list: \
                 name the fields with --fields",
                if columns == 1 {
                    "column is"
                } else {
                    "columns are"
                }
            ))
        }
    };
    sink.reject(code, state.lines, line.offset, line.raw, &message);
}

/// What a line shows of its columns where nothing else has said.
enum Implied {
    /// A row of a known list; its tabs are in the scratch.
    Row(&'static Layout),
    /// Real-time records with nothing between them, each from its start.
    Joined(Vec<usize>),
    Nothing,
}

/// The field list that a row shows by its width and its first columns.
fn implied(text: &str, state: &ParseState, scratch: &mut ParseScratch) -> Implied {
    let bytes = text.trim_ascii_start().as_bytes();
    let is_realtime = state.formats.format == LogFormat::Realtime;
    let looks_stamped = bytes.get(10) == Some(&b'.') && bytes.get(14) == Some(&b'\t');
    let looks_dated = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    if state.formats.format == LogFormat::Json || !(is_realtime || looks_stamped || looks_dated) {
        return Implied::Nothing;
    }
    scratch.ends.clear();
    find_tabs(text.as_bytes(), &mut scratch.ends);
    let known = |layout: Option<&'static Layout>| layout.map_or(Implied::Nothing, Implied::Row);
    // A spare tab at the end is no column.
    let tabs = scratch.ends.len() - usize::from(text.ends_with('\t'));
    if tabs == 0 {
        let mut words = text.split_ascii_whitespace();
        if !(words.next().is_some_and(is_date) && words.next().is_some_and(is_clock)) {
            return Implied::Nothing;
        }
        let fourth = words.clone().nth(1).unwrap_or_default();
        return known(dated(2 + words.count(), fourth));
    }
    let first = &text[..scratch.ends[0] as usize];
    let is_stamped = stamp_start(first) == Some(0);
    if !is_stamped && !is_realtime {
        let fourth = text.split('\t').nth(3).unwrap_or_default();
        return known(dated(tabs + 1, fourth).filter(|_| is_date(first.trim())));
    }
    if let Some(layout) = known::realtime(tabs + 1) {
        return Implied::Row(layout);
    }
    known::realtime_widths()
        .find_map(|width| starts_of_joined(text, &scratch.ends, width))
        .map_or(Implied::Nothing, Implied::Joined)
}

/// The list of that many fields that starts with a date. Of 17, RTMP logs have the viewer's address in the fourth,
/// Snowplow's collector the bytes.
fn dated(width: usize, fourth: &str) -> Option<&'static Layout> {
    if fourth.contains(['.', ':']) {
        return known::standard(width);
    }
    known::collector(width).or_else(|| known::standard(width))
}

/// Ten characters such as `2026-11-22`; whether that day exists is for later.
fn is_date(word: &str) -> bool {
    word.len() == 10
        && word.bytes().enumerate().all(|(i, b)| {
            if matches!(i, 4 | 7) {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        })
}

fn is_clock(word: &str) -> bool {
    word.len() == 8 && word.as_bytes()[2] == b':' && word.as_bytes()[5] == b':'
}

/// Where the seconds since 1970 with three decimals start that a text ends with.
fn stamp_start(text: &str) -> Option<usize> {
    const LENGTH: usize = "1607374321.541".len();
    let start = text.len().checked_sub(LENGTH)?;
    let stamp = text.as_bytes().get(start..)?;
    stamp
        .iter()
        .enumerate()
        .all(|(i, b)| {
            if i == 10 {
                *b == b'.'
            } else {
                b.is_ascii_digit()
            }
        })
        .then_some(start)
}

/// Real-time records with nothing between them, as Firehose joins them: the last value of one and the timestamp of the
/// next stand in one column.
fn joined(
    line: &Line<'_>,
    starts: &[usize],
    state: &mut ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) {
    let text = line.text;
    for (i, start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(text.len());
        let part = &text[*start..end];
        // The first one has the number that the line has already.
        state.lines += u64::from(i > 0);
        let one = Line {
            text: part,
            raw: if line.bad_utf8 {
                line.raw
            } else {
                &line.raw[*start..end]
            },
            offset: line.offset + if line.bad_utf8 { 0 } else { *start as u64 },
            bad_utf8: line.bad_utf8 && part.contains('\u{FFFD}'),
        };
        self::line(&one, state, scratch, sink);
    }
}

/// Where each of several joined records of that width starts.
fn starts_of_joined(text: &str, tabs: &[u32], width: usize) -> Option<Vec<usize>> {
    let step = width - 1;
    if tabs.len() <= step || !tabs.len().is_multiple_of(step) {
        return None;
    }
    let mut starts = vec![0];
    for last in (step - 1..tabs.len() - 1).step_by(step) {
        let (from, to) = (tabs[last] as usize + 1, tabs[last + 1] as usize);
        starts.push(from + stamp_start(&text[from..to])?);
    }
    Some(starts)
}

/// A row of this layout; with `has_tabs` the places of its tabs are in the scratch already.
fn row(
    line: &Line<'_>,
    layout: &Layout,
    has_tabs: bool,
    state: &ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) {
    if let Some(what) = layout.foreign {
        let message = neighbour::refusal(what);
        return sink.reject(Code::L102, state.lines, line.offset, line.raw, &message);
    }
    let delimiter = state.formats.delimiter.as_deref();
    if !has_tabs {
        scratch.ends.clear();
        find_tabs(line.text.as_bytes(), &mut scratch.ends);
    }
    if !split(line.text, layout.width(), delimiter, scratch) {
        let found = columns(line.text, delimiter);
        let message = format_args!(
            "{found} {}, but {} {}",
            if found == 1 { "column" } else { "columns" },
            if state.is_named_by_header() {
                "#Fields names"
            } else {
                "the field list has"
            },
            layout.width()
        );
        return sink.reject(Code::L101, state.lines, line.offset, line.raw, &message);
    }
    let ParseScratch {
        starts,
        ends,
        dates,
        ..
    } = scratch;
    match layout.dialect {
        Dialect::Standard => {}
        Dialect::Rtmp => trim(line.text, starts, ends),
        Dialect::Realtime => part_query(line.text, layout, starts, ends),
    }
    // What is made from the time needs a text that is not empty: the line itself.
    while starts.len() < layout.columns.len() {
        starts.push(0);
        ends.push(line.text.len() as u32);
    }
    let mut view = LineView {
        line: line.text,
        text: line.text,
        starts,
        ends,
        layout,
        number: state.lines,
        offset: line.offset,
        length: line.raw.len() as u32,
        bad_utf8: line.bad_utf8,
        time_us: 0,
    };
    emit(&mut view, line, state.hour, dates, sink);
}

fn columns(text: &str, delimiter: Option<&str>) -> usize {
    match delimiter {
        Some("") => 1,
        Some(delimiter) => text.split(delimiter).count(),
        None => text.split('\t').count(),
    }
}

//! Rows that are more than tabs under a `#Fields` line: other delimiters, spaces, columns made from others, and rows of
//! files that say nothing of their columns.

use crate::model::{Code, FieldId, LogFormat};
use crate::parse::block::{Line, MAX_LINE_BYTES, emit};
use crate::parse::layout::{Dialect, Layout};
use crate::parse::line::{LineSink, LineView};
use crate::parse::state::{ParseScratch, ParseState};
use crate::parse::tabs::find_tabs;
use crate::parse::{access_log, known, neighbour};

/// Delimiters that are tried on rows without a tab, where none was named.
const USUAL_DELIMITERS: [&str; 4] = [",", "|", ";", "||"];

/// Parses a line that is neither blank nor a directive nor the usual row.
pub(super) fn line(
    line: &Line<'_>,
    state: &mut ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) {
    if state.layout.is_none() && joined(line, state, scratch, sink) {
        return;
    }
    if line.raw.len() > MAX_LINE_BYTES {
        let message = format_args!("the line has {} bytes, more than 1 MiB", line.raw.len());
        return sink.reject(Code::L105, state.lines, line.offset, line.raw, &message);
    }
    let layout = match &state.layout {
        Some(layout) => {
            let layout = layout.clone();
            return row(line, &layout, state, scratch, sink);
        }
        None if state.formats.format == LogFormat::Combined => None,
        None => implied(line.text, state, scratch),
    };
    if let Some(layout) = layout {
        return row(line, layout, state, scratch, sink);
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

/// The field list that a row shows by its width and its first columns.
fn implied(text: &str, state: &ParseState, scratch: &mut ParseScratch) -> Option<&'static Layout> {
    if !matches!(
        state.formats.format,
        LogFormat::Auto | LogFormat::Rows | LogFormat::Realtime | LogFormat::Parquet
    ) {
        return None;
    }
    scratch.ends.clear();
    find_tabs(text.as_bytes(), &mut scratch.ends);
    // A spare tab at the end is no column.
    let tabs = scratch.ends.len() - usize::from(text.ends_with('\t'));
    if tabs == 0 {
        let mut words = text.split_ascii_whitespace();
        let dated = words.next().is_some_and(is_date) && words.next().is_some_and(is_clock);
        let width = dated.then(|| 2 + words.count())?;
        return known::collector(width).or_else(|| known::standard(width));
    }
    let first = &text[..scratch.ends[0] as usize];
    let is_stamp = stamp_start(first) == Some(0);
    if is_stamp || state.formats.format == LogFormat::Realtime {
        return known::realtime(tabs + 1);
    }
    is_date(first.trim()).then(|| known::standard(tabs + 1))?
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
/// next stand in one column. True where the line was that.
fn joined(
    line: &Line<'_>,
    state: &mut ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) -> bool {
    let text = line.text;
    if !matches!(state.formats.format, LogFormat::Auto | LogFormat::Realtime)
        || text
            .split('\t')
            .next()
            .is_none_or(|first| stamp_start(first) != Some(0))
    {
        return false;
    }
    let mut tabs = Vec::new();
    find_tabs(text.as_bytes(), &mut tabs);
    let starts = known::realtime_widths().find_map(|width| starts_of_joined(text, &tabs, width));
    let Some(starts) = starts else { return false };
    for (i, start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(text.len());
        let part = &text[*start..end];
        // The first one has the number that the line has already.
        state.lines += u64::from(i > 0);
        let bad_utf8 = line.bad_utf8 && part.contains('\u{FFFD}');
        let one = Line {
            text: part,
            raw: if line.bad_utf8 {
                line.raw
            } else {
                &line.raw[*start..end]
            },
            offset: line.offset + if line.bad_utf8 { 0 } else { *start as u64 },
            bad_utf8,
        };
        self::line(&one, state, scratch, sink);
    }
    true
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

/// A row of this layout.
fn row(
    line: &Line<'_>,
    layout: &Layout,
    state: &ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) {
    if let Some(what) = layout.foreign {
        let message = neighbour::refusal(what);
        return sink.reject(Code::L102, state.lines, line.offset, line.raw, &message);
    }
    let delimiter = state.formats.delimiter.as_deref();
    if !split(line.text, layout.width(), delimiter, scratch) {
        let message = format_args!(
            "{} columns, but {} {}",
            columns(line.text, delimiter),
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

/// Cuts a row into `width` columns: on the delimiter, or else on tabs, or, where the row has none, on spaces or a usual
/// delimiter if that gives as many columns as there should be.
fn split(text: &str, width: usize, delimiter: Option<&str>, scratch: &mut ParseScratch) -> bool {
    let ParseScratch { starts, ends, .. } = scratch;
    if let Some(delimiter) = delimiter.filter(|d| *d != "\t") {
        return split_on(text, delimiter, width, starts, ends);
    }
    starts.clear();
    ends.clear();
    find_tabs(text.as_bytes(), ends);
    let has_tab = !ends.is_empty();
    ends.push(text.len() as u32);
    // AWS' own example rows end with a spare tab: one empty column too many is no harm.
    if ends.len() == width + 1 && text.ends_with('\t') {
        ends.pop();
    }
    if ends.len() == width {
        starts.push(0);
        starts.extend(ends[..width - 1].iter().map(|end| end + 1));
        return true;
    }
    if has_tab || delimiter.is_some() {
        return false;
    }
    [false, true]
        .into_iter()
        .any(|lists| split_on_spaces(text, width, lists, starts, ends))
        || USUAL_DELIMITERS
            .iter()
            .any(|delimiter| split_on(text, delimiter, width, starts, ends))
}

fn split_on(
    text: &str,
    delimiter: &str,
    width: usize,
    starts: &mut Vec<u32>,
    ends: &mut Vec<u32>,
) -> bool {
    starts.clear();
    ends.clear();
    starts.push(0);
    if !delimiter.is_empty() {
        for at in memchr::memmem::find_iter(text.as_bytes(), delimiter) {
            ends.push(at as u32);
            starts.push((at + delimiter.len()) as u32);
        }
    }
    ends.push(text.len() as u32);
    if starts.len() == width + 1 && starts.last() == ends.last() {
        starts.pop();
        ends.pop();
    }
    starts.len() == width
}

/// On runs of spaces; with `lists`, a word that ends with a comma goes on behind the space (`a, b`).
fn split_on_spaces(
    text: &str,
    width: usize,
    lists: bool,
    starts: &mut Vec<u32>,
    ends: &mut Vec<u32>,
) -> bool {
    starts.clear();
    ends.clear();
    for word in text.split_ascii_whitespace() {
        // `word` is a part of `text`, so this is its place in it.
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        let end = (start + word.len()) as u32;
        let goes_on = lists
            && ends
                .last()
                .is_some_and(|e| text.as_bytes()[*e as usize - 1] == b',');
        match ends.last_mut().filter(|_| goes_on) {
            Some(last) => *last = end,
            None => {
                starts.push(start as u32);
                ends.push(end);
            }
        }
    }
    starts.len() == width
}

/// RTMP: spaces and U+200B around values are no part of them.
fn trim(text: &str, starts: &mut [u32], ends: &mut [u32]) {
    let is_padding = |c: char| c == ' ' || c == '\u{200B}';
    for (start, end) in starts.iter_mut().zip(ends) {
        let value = &text[*start as usize..*end as usize];
        let kept = value.trim_start_matches(is_padding);
        *start += (value.len() - kept.len()) as u32;
        *end = *start + kept.trim_end_matches(is_padding).len() as u32;
    }
}

/// Real-time: what stands behind the `?` of the stem is the query, and stands in a column of its own where there is one.
fn part_query(text: &str, layout: &Layout, starts: &mut Vec<u32>, ends: &mut Vec<u32>) {
    let query = layout.position(FieldId::CS_URI_QUERY);
    let stem = layout
        .position(FieldId::CS_URI_STEM)
        .filter(|i| *i < starts.len());
    let (mut from, mut to) = (0, 0);
    if let Some(stem) = stem {
        let (start, end) = (starts[stem] as usize, ends[stem] as usize);
        if let Some(at) = memchr::memchr(b'?', &text.as_bytes()[start..end]) {
            (from, to) = ((start + at + 1) as u32, end as u32);
            ends[stem] = (start + at) as u32;
        }
    }
    match query {
        // One is made: behind date and time, in the order of the layout.
        Some(i) if i >= starts.len() => {
            while starts.len() < i {
                starts.push(0);
                ends.push(text.len() as u32);
            }
            starts.push(from);
            ends.push(to);
        }
        Some(i) if matches!(&text[starts[i] as usize..ends[i] as usize], "" | "-") => {
            starts[i] = from;
            ends[i] = to;
        }
        _ => {}
    }
}

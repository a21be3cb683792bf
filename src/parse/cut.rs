//! A row to the places of its columns, where more than tabs part them or a column holds more than one value.

use crate::model::FieldId;
use crate::parse::layout::Layout;
use crate::parse::state::ParseScratch;

/// Delimiters that are tried on rows without a tab, where none was named.
const USUAL_DELIMITERS: [&str; 4] = [",", "|", ";", "||"];

/// Cuts a row into `width` columns: on the delimiter, or else on tabs, or, where the row has none, on spaces or a usual
/// delimiter if that gives as many columns as there should be. The places of the tabs are in the scratch.
pub(super) fn split(
    text: &str,
    width: usize,
    delimiter: Option<&str>,
    scratch: &mut ParseScratch,
) -> bool {
    let ParseScratch { starts, ends, .. } = scratch;
    if let Some(delimiter) = delimiter.filter(|d| *d != "\t") {
        return split_on(text, delimiter, width, starts, ends);
    }
    starts.clear();
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
pub(super) fn trim(text: &str, starts: &mut [u32], ends: &mut [u32]) {
    let is_padding = |c: char| c == ' ' || c == '\u{200B}';
    for (start, end) in starts.iter_mut().zip(ends) {
        let value = &text[*start as usize..*end as usize];
        let kept = value.trim_start_matches(is_padding);
        *start += (value.len() - kept.len()) as u32;
        *end = *start + kept.trim_end_matches(is_padding).len() as u32;
    }
}

/// Real-time: what stands behind the `?` of the stem is the query, and stands in a column of its own where there is one.
pub(super) fn part_query(text: &str, layout: &Layout, starts: &mut Vec<u32>, ends: &mut Vec<u32>) {
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

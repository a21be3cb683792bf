//! Standard logs (v2) as JSON: flat objects of texts, one a line, wrapped over several lines, or with nothing between
//! them as Firehose joins records.
//!
//! The objects of a log have the same keys in the same order nearly always. So what stands between two values is learnt
//! from the first object ([`Template`]) and only compared in the next: a value is then found by one search for its
//! closing quote.

mod scan;

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::Code;
use crate::parse::MAX_LINE_BYTES;
use crate::parse::block::{Line, emit};
use crate::parse::layout::Layout;
use crate::parse::line::{LineSink, LineView};
use crate::parse::neighbour;
use crate::parse::state::{ParseScratch, ParseState};
use scan::{Flaw, Member};

/// What stands between the values of objects of one kind.
#[derive(Debug)]
struct Template {
    /// Before each value: `{"date":"`, `","time":"` …
    glue: Vec<Box<[u8]>>,
    /// Behind the last one: `"}`.
    end: Box<[u8]>,
    /// The columns; `None` where no key is a field of `CloudFront`'s.
    layout: Option<Layout>,
}

/// What one thread has learnt.
#[derive(Debug, Default)]
pub(super) struct Templates {
    last: Option<Arc<Template>>,
    /// By the keys and what stands between them.
    known: HashMap<Box<[u8]>, Arc<Template>, foldhash::fast::FixedState>,
    members: Vec<Member>,
    signature: Vec<u8>,
}

/// Kinds of objects that are remembered; a log with more of them is no log.
const MAX_TEMPLATES: usize = 256;

/// Parses the objects that start at `start` of a block, as long as one follows the other, to the end of the line of the
/// last one; gives where the next line starts.
pub(super) fn objects(
    block: (&[u8], Option<&str>),
    start: usize,
    offset: u64,
    state: &mut ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) -> usize {
    let (bytes, valid) = block;
    let mut at = start;
    loop {
        state.lines += 1;
        let end = match fast(bytes, at, scratch).map_or_else(|| slow(bytes, at, scratch), Ok) {
            Ok(end) => end,
            Err(flaw) => {
                let end = end_of_broken(bytes, at);
                let raw = trimmed(&bytes[at..end]);
                reject(
                    state,
                    sink,
                    Code::L103,
                    offset + at as u64,
                    raw,
                    &flaw_text(flaw, at),
                );
                return end;
            }
        };
        let raw = &bytes[at..end];
        let lossy;
        let text = if let Some(valid) = valid {
            &valid[at..end]
        } else {
            lossy = String::from_utf8_lossy(raw);
            if matches!(lossy, std::borrow::Cow::Owned(_)) {
                // The places found are those of the bytes; the text's are others.
                let again = slow(lossy.as_bytes(), 0, scratch);
                debug_assert!(again.is_ok());
            }
            &lossy
        };
        let line = Line {
            text,
            raw,
            offset: offset + at as u64,
            bad_utf8: valid.is_none() && std::str::from_utf8(raw).is_err(),
        };
        record(&line, state, scratch, sink);
        // Spaces and the commas of a list may follow; then the line's end, or the next object.
        let mut next = end;
        while bytes
            .get(next)
            .is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | b','))
        {
            next += 1;
        }
        match bytes.get(next) {
            None => return bytes.len(),
            Some(b'\n') => return next + 1,
            Some(b'{') => at = next,
            Some(_) => {
                let end =
                    memchr::memchr(b'\n', &bytes[next..]).map_or(bytes.len(), |i| next + i + 1);
                state.lines += 1;
                let raw = trimmed(&bytes[next..end]);
                let what = "something that is no JSON object stands behind one";
                reject(state, sink, Code::L103, offset + next as u64, raw, &what);
                return end;
            }
        }
    }
}

fn reject(
    state: &ParseState,
    sink: &mut impl LineSink,
    code: Code,
    offset: u64,
    raw: &[u8],
    message: &dyn std::fmt::Display,
) {
    sink.reject(code, state.lines, offset, raw, message);
}

fn flaw_text(flaw: Flaw, start: usize) -> String {
    if flaw.at == usize::MAX {
        flaw.what.to_owned()
    } else {
        format!(
            "damaged JSON at byte {}: {}",
            flaw.at - start + 1,
            flaw.what
        )
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Where the line after a broken object starts. What looks like the rest of one that is wrapped belongs to it.
fn end_of_broken(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    loop {
        end = memchr::memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |i| end + i + 1);
        match bytes.get(end) {
            Some(b' ' | b'\t' | b'"' | b'}' | b']' | b',') => {}
            _ => return end,
        }
    }
}

/// The object at `at` by the last template: places of its values in the scratch, from the object's start.
fn fast(bytes: &[u8], start: usize, scratch: &mut ParseScratch) -> Option<usize> {
    let template = scratch.templates.last.as_ref()?;
    scratch.starts.clear();
    scratch.ends.clear();
    let mut at = start;
    for glue in &template.glue {
        if !bytes[at..].starts_with(glue) {
            return None;
        }
        at += glue.len();
        let length = memchr::memchr3(b'"', b'\\', b'\n', &bytes[at..])?;
        if bytes[at + length] != b'"' {
            return None;
        }
        scratch.starts.push((at - start) as u32);
        at += length;
        scratch.ends.push((at - start) as u32);
    }
    bytes[at..]
        .starts_with(&template.end)
        .then_some(at + template.end.len())
}

/// Any object, member by member; learns its template. Values that hold escapes are told by an end before their start.
fn slow(bytes: &[u8], start: usize, scratch: &mut ParseScratch) -> Result<usize, Flaw> {
    let templates = &mut scratch.templates;
    let end = scan::object(bytes, start, &mut templates.members)?;
    let signature = &mut templates.signature;
    signature.clear();
    for member in &templates.members {
        signature.extend_from_slice(&bytes[member.key.0..member.key.1]);
        signature.push(if member.quoted { b'\n' } else { b'\t' });
    }
    // Spaces between them make another template of the same keys.
    let first = templates.members.first().map_or(0, |m| m.value.0 - start);
    signature.extend_from_slice(&first.to_le_bytes());
    let template = if let Some(known) = templates.known.get(&signature[..]) {
        known.clone()
    } else {
        let template = Arc::new(Template::new(bytes, start, end, &templates.members));
        if templates.known.len() >= MAX_TEMPLATES {
            templates.known.clear();
        }
        templates
            .known
            .insert(signature.as_slice().into(), template.clone());
        template
    };
    templates.last = Some(template);
    scratch.starts.clear();
    scratch.ends.clear();
    for member in &templates.members {
        let is_null = !member.quoted && &bytes[member.value.0..member.value.1] == b"null";
        let (from, to) = if is_null {
            (0, 0)
        } else {
            (member.value.0 - start, member.value.1 - start)
        };
        scratch.starts.push(from as u32);
        scratch.ends.push(to as u32);
    }
    Ok(end)
}

impl Template {
    fn new(bytes: &[u8], start: usize, end: usize, members: &[Member]) -> Self {
        let mut before = start;
        let mut glue: Vec<Box<[u8]>> = Vec::with_capacity(members.len());
        for member in members {
            glue.push(bytes[before..member.value.0].into());
            before = member.value.1;
        }
        // Only texts are found by their closing quote: without them nothing matches the first glue.
        if members.iter().any(|m| !m.quoted) || members.is_empty() {
            glue = vec![Box::from(&b"\n"[..])];
        }
        let keys: Vec<String> = members
            .iter()
            .map(|m| {
                let mut key = String::new();
                scan::unescape(&String::from_utf8_lossy(&bytes[m.key.0..m.key.1]), &mut key);
                key
            })
            .collect();
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut layout = Layout::new(&names, None);
        if let Some(what) = neighbour::of_keys(&names) {
            layout = Some(Layout::of_neighbour(what));
        }
        Self {
            glue,
            end: bytes[before..end].into(),
            layout,
        }
    }
}

/// A record from the object whose places are in the scratch.
fn record(
    line: &Line<'_>,
    state: &ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) {
    let mut reject = |code: Code, message: &dyn std::fmt::Display| {
        sink.reject(code, state.lines, line.offset, line.raw, message);
    };
    if line.raw.len() > MAX_LINE_BYTES {
        let bytes = line.raw.len();
        return reject(
            Code::L105,
            &format_args!("the JSON object has {bytes} bytes, more than 1 MiB"),
        );
    }
    let Some(template) = scratch.templates.last.clone() else {
        return;
    };
    let Some(layout) = &template.layout else {
        return reject(
            Code::L102,
            &"a JSON object without a field of CloudFront's logs",
        );
    };
    if let Some(what) = layout.foreign {
        return reject(Code::L102, &neighbour::refusal(what));
    }
    let mut text = line.text;
    let is_escaped =
        |from: u32, to: u32| line.text.as_bytes()[from as usize..to as usize].contains(&b'\\');
    // A look for a backslash in the whole object first: it is rare.
    if memchr::memchr(b'\\', line.text.as_bytes()).is_some() {
        scratch.text.clear();
        scratch.text.push_str(line.text);
        for (from, to) in scratch.starts.iter_mut().zip(&mut scratch.ends) {
            if is_escaped(*from, *to) {
                let start = scratch.text.len();
                scan::unescape(&line.text[*from as usize..*to as usize], &mut scratch.text);
                (*from, *to) = (start as u32, scratch.text.len() as u32);
            }
        }
        text = &scratch.text;
    }
    for _ in layout.width()..layout.columns.len() {
        scratch.starts.push(0);
        scratch.ends.push(line.text.len() as u32);
    }
    let mut view = LineView {
        line: line.text,
        text,
        starts: &scratch.starts,
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

/// True where each line of a block is an object and each object a line, as far as a glance shows.
pub(super) fn is_one_a_line(text: &[u8]) -> bool {
    let count = |what: &[u8]| memchr::memmem::find_iter(text, what).count();
    let lines = memchr::memchr_iter(b'\n', text).count();
    text.first() == Some(&b'{')
        && count(b"}\n") == lines
        && count(b"\n{") + usize::from(text.ends_with(b"\n")) == lines
        && count(b"}{") == 0
}
